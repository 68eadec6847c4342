//! Which ticket a request is about: the path says so, or a line of many.

use lambda_http::{Request, RequestExt};
use ticket::CaseNumber;

use crate::problem::Problem;

/// The field, in a path and in a body.
pub(crate) const FIELD: &str = "case_number";

/// So much of what was found is said again.
pub(crate) const FOUND_CHARS_MAX: usize = 40;

/// The case number in the path, where the route has one.
///
/// # Errors
/// When it is none.
pub fn in_path(request: &Request) -> Result<Option<CaseNumber>, Problem> {
    let path = request.path_parameters();
    path.first(FIELD).map(read).transpose()
}

/// A case number as somebody wrote it.
///
/// # Errors
/// When it is none: what was found, and what becomes of a number with the signs that
/// cities write, like `32.1-123/26`.
pub(crate) fn read(text: &str) -> Result<CaseNumber, Problem> {
    text.parse().map_err(|_| {
        let found: String = text.chars().take(FOUND_CHARS_MAX).collect();
        // One rule for every city: two of them would write one number in two ways.
        let hyphen = |it: char| if it.is_ascii_alphanumeric() { it } else { '-' };
        let ours: String = text.chars().map(hyphen).collect();
        let what_to_send = match ours.parse::<CaseNumber>() {
            Ok(ours) => format!("send a hyphen for every other character, like {ours}"),
            Err(_) => "send one like 32-1-123-26 for 32.1-123/26".to_owned(),
        };
        Problem::with_field(
            FIELD,
            format!(
                "is {found:?}, and must be 1 to 27 letters A-Z and a-z, digits and hyphens: \
                 {what_to_send}"
            ),
        )
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn detail(text: &str) -> String {
        let document = read(text).unwrap_err().document();
        document.detail.unwrap_or_default()
    }

    #[test]
    fn a_number_as_cities_write_it_is_answered_with_how_to_send_it() {
        for (found, ours) in [
            ("32.1-123/26", "32-1-123-26"),
            ("KL 2026_17", "KL-2026-17"),
            ("Ä-17", "--17"),
        ] {
            let detail = detail(found);
            assert!(detail.starts_with(&format!("is {found:?}, and must be 1 to 27")));
            assert!(detail.ends_with(&format!("like {ours}")), "{detail}");
            assert!(read(ours).is_ok(), "{ours}");
        }
    }

    #[test]
    fn one_that_no_hyphens_help_is_answered_with_an_example() {
        for found in [String::new(), "1".repeat(28), "x/".repeat(5_000)] {
            let detail = detail(&found);
            assert!(detail.ends_with("32-1-123-26 for 32.1-123/26"), "{detail}");
            assert!(detail.len() < 200, "{detail}");
        }
    }
}
