//! Which ticket a request is about: the path says so, or a line of many.

use lambda_http::{Request, RequestExt};
use ticket::{CaseNumber, InvalidCaseNumber};

use crate::problem::Problem;

/// The field, in a path and in a body.
const FIELD: &str = "case_number";

/// The case number in the path, where the route has one.
///
/// # Errors
/// When it is none.
pub fn in_path(request: &Request) -> Result<Option<CaseNumber>, Problem> {
    let path = request.path_parameters();
    let read = path.first(FIELD).map(str::parse);
    read.transpose()
        .map_err(|error: InvalidCaseNumber| Problem::with_field(FIELD, error.to_string()))
}

/// The case number of a line of many.
///
/// # Errors
/// When it is missing.
pub fn on_line(sent: Option<&CaseNumber>) -> Result<CaseNumber, Problem> {
    sent.cloned()
        .ok_or_else(|| Problem::with_field(FIELD, "is missing: on a line it stands with the rest"))
}

/// Whether a body names no other ticket than its path.
///
/// # Errors
/// When it does.
pub fn is_that_of_path(sent: Option<&CaseNumber>, in_path: &CaseNumber) -> Result<(), Problem> {
    if sent.is_none_or(|sent| sent == in_path) {
        return Ok(());
    }
    Err(Problem::with_field(
        FIELD,
        "is not the one in the path: leave it out, or write the same",
    ))
}
