//! What is asked of the office API, with a token of the city's login.

use std::path::Path;

use http::Method;
use serde_json::Value;

use crate::place::Place;
use crate::report::Report;
use crate::{Problem, Vars, http as asked};

/// Issues the ticket of a file: the content of `PUT /tickets/{case_number}`, and its
/// `case_number`.
pub(crate) async fn issue(
    place: &Place,
    office: Option<&str>,
    file: &Path,
    vars: &Vars<'_>,
) -> Result<Report, Problem> {
    let shown = file.display();
    let text =
        std::fs::read_to_string(file).map_err(|error| Problem::new(format!("{shown}: {error}")))?;
    let mut ticket: Value =
        serde_json::from_str(&text).map_err(|error| Problem::new(format!("{shown}: {error}")))?;
    let number = ticket
        .as_object_mut()
        .and_then(|it| it.remove("case_number"));
    let Some(number) = number.as_ref().and_then(Value::as_str) else {
        return Err(Problem::new(format!("{shown}: it has no case_number")));
    };
    let Some(token) = vars("OFFICE_TOKEN").filter(|token| !token.is_empty()) else {
        return Err(Problem::new(
            "who issues it? Set OFFICE_TOKEN to a token of the city's login with the scope \
             tickets:issue; `cargo run` prints one",
        ));
    };
    let office = match office {
        Some(office) => office.to_owned(),
        None => place.office_url().await?,
    };
    let url = format!("{office}/tickets/{number}");
    let answer = asked::ask(Method::PUT, &url, Some(&token), Some(&ticket)).await?;
    let status = answer.status();
    let said: Value = answer.json().await.unwrap_or_default();
    let Some(url) = said["url"].as_str().filter(|_| status.is_success()) else {
        let detail = said["detail"].as_str().or(said["message"].as_str());
        let detail = detail.unwrap_or("no reason was given");
        let field = said["field"].as_str().map(|field| format!("{field} "));
        let field = field.unwrap_or_default();
        return Err(Problem::new(format!("{status}: {field}{detail}")));
    };
    Ok(Report::new(vec![format!("{number}  {url}")], said.clone()))
}
