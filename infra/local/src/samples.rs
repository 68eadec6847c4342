//! A few invented tickets, so that there is something to look at.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::gateway::Gateway;

/// One ticket a line, as the office API takes them, with `hours_ago` in place
/// of `occurred_at`.
const SAMPLES: &str = include_str!("../sample-tickets.jsonl");

/// The file in `--data DIR` that keeps what was sent: the same again is issued
/// once, other content under the same number is a conflict.
const FILE: &str = "sample-tickets.jsonl";

/// The samples cannot be issued.
#[derive(Debug, thiserror::Error)]
pub enum SamplesError {
    /// The file of samples is not what it must be.
    #[error("sample-tickets.jsonl, line {line}: not a JSON object with hours_ago")]
    Malformed {
        /// Counted from one.
        line: usize,
    },
    /// What was sent cannot be kept or read.
    #[error("cannot keep the sample tickets in {path}")]
    File {
        /// Where.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The office API refused.
    #[error("the office API does not take the sample tickets: {status} {answer}")]
    Refused {
        /// The answer's status.
        status: StatusCode,
        /// The answer.
        answer: String,
    },
}

/// Issues the samples through the office API and answers the address of each.
pub(crate) async fn issue(
    office: &Gateway,
    office_token: &str,
    directory: Option<&Path>,
    now: Timestamp,
) -> Result<Vec<String>, SamplesError> {
    let mut request = Request::new(Bytes::from(lines(directory, now)?));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = http::Uri::from_static("/tickets");
    let headers = request.headers_mut();
    let credentials = http::HeaderValue::try_from(format!("Bearer {office_token}"));
    headers.extend(credentials.ok().map(|value| (header::AUTHORIZATION, value)));
    headers.insert(
        header::CONTENT_TYPE,
        http::HeaderValue::from_static("application/x-ndjson"),
    );
    let answer = office.answer(request).await;
    let refused = |answer: &str| SamplesError::Refused {
        status: StatusCode::OK,
        answer: answer.to_owned(),
    };
    let text = String::from_utf8_lossy(answer.body());
    if answer.status() != StatusCode::OK {
        return Err(SamplesError::Refused {
            status: answer.status(),
            answer: text.into_owned(),
        });
    }
    text.lines()
        .map(|line| {
            let answered: Value = serde_json::from_str(line).map_err(|_| refused(line))?;
            let url = answered.get("url").and_then(Value::as_str);
            url.map(str::to_owned).ok_or_else(|| refused(line))
        })
        .collect()
}

/// What to send: what was sent before, or the samples as of now.
fn lines(directory: Option<&Path>, now: Timestamp) -> Result<String, SamplesError> {
    let Some(path) = directory.map(|directory| directory.join(FILE)) else {
        return dated(now);
    };
    let failed = |source| SamplesError::File {
        path: path.display().to_string(),
        source,
    };
    if path.exists() {
        return fs::read_to_string(&path).map_err(failed);
    }
    let lines = dated(now)?;
    fs::write(&path, &lines).map_err(failed)?;
    Ok(lines)
}

fn dated(now: Timestamp) -> Result<String, SamplesError> {
    let mut lines = String::new();
    for (index, line) in SAMPLES.lines().enumerate() {
        let malformed = || SamplesError::Malformed { line: index + 1 };
        let mut ticket: Value = serde_json::from_str(line).map_err(|_| malformed())?;
        let fields = ticket.as_object_mut().ok_or_else(malformed)?;
        let hours_ago = fields
            .remove("hours_ago")
            .and_then(|hours| hours.as_i64())
            .ok_or_else(malformed)?;
        let occurred_at = now
            .checked_sub(SignedDuration::from_hours(hours_ago))
            .map_err(|_| malformed())?;
        fields.insert("occurred_at".to_owned(), format!("{occurred_at:.0}").into());
        lines.push_str(&ticket.to_string());
        lines.push('\n');
    }
    Ok(lines)
}
