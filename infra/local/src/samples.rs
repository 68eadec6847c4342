//! A few invented tickets, so that there is something to look at.

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use store::Store;
use ticket::{CaseNumber, Ticket};

use crate::gateway::Gateway;

/// One ticket a line, as the office API takes them, with `hours_ago` in place
/// of `occurred_at`.
const SAMPLES: &str = include_str!("../sample-tickets.jsonl");

/// The samples cannot be issued.
#[derive(Debug, thiserror::Error)]
pub enum SamplesError {
    /// The file of samples is not what it must be.
    #[error("sample-tickets.jsonl, line {line}: not a JSON object with case_number and hours_ago")]
    Malformed {
        /// Counted from one.
        line: usize,
    },
    /// Whether they are there already cannot be read.
    #[error("cannot ask the table for the sample tickets")]
    Table(#[from] store::Error),
    /// The office API refused.
    #[error("the office API does not take the sample tickets: {status} {answer}")]
    Refused {
        /// The answer's status.
        status: StatusCode,
        /// The answer.
        answer: String,
    },
}

/// Issues the samples through the office API and answers the address of each; of
/// one that is there already as well, unless its number was given to another ticket.
pub(crate) async fn issue(
    office: &Gateway,
    office_token: &str,
    store: &Store,
    now: Timestamp,
) -> Result<Vec<String>, SamplesError> {
    let mut request = Request::new(Bytes::from(lines(store, now).await?));
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
    let mut urls = Vec::new();
    for line in text.lines() {
        let answered: Value = serde_json::from_str(line).map_err(|_| refused(line))?;
        match (&answered["url"], answered["status"].as_u64()) {
            (Value::String(url), _) => urls.push(url.clone()),
            (_, Some(409)) => {}
            (_, _) => return Err(refused(line)),
        }
    }
    Ok(urls)
}

/// What to send: the samples as of now, and those that the table has kept from an
/// earlier day as they were sent then. The same again is issued once, other content
/// under the same number is a conflict.
async fn lines(store: &Store, now: Timestamp) -> Result<String, SamplesError> {
    let mut lines = String::new();
    for (index, line) in SAMPLES.lines().enumerate() {
        let malformed = || SamplesError::Malformed { line: index + 1 };
        let sample: Value = serde_json::from_str(line).map_err(|_| malformed())?;
        let case_number: Option<CaseNumber> = sample["case_number"]
            .as_str()
            .and_then(|text| text.parse().ok());
        let kept = store.ticket(&case_number.ok_or_else(malformed)?).await?;
        let ticket = match kept {
            Some(ticket) => as_sent(&ticket),
            None => dated(sample, now).ok_or_else(malformed)?,
        };
        lines.push_str(&ticket.to_string());
        lines.push('\n');
    }
    Ok(lines)
}

/// A ticket as it must have been sent, if it was one of the samples and nothing
/// has changed its amount.
fn as_sent(ticket: &Ticket) -> Value {
    json!({
        "case_number": ticket.case_number,
        "plate": ticket.plate,
        "offence": ticket.offence,
        "place": ticket.place,
        "occurred_at": ticket.occurred_at,
        "amount": ticket.amount.to_string(),
        "booking_reference": ticket.booking_reference,
    })
}

/// A sample with the moment that lay so many hours ago.
fn dated(mut sample: Value, now: Timestamp) -> Option<Value> {
    let fields = sample.as_object_mut()?;
    let hours_ago = fields.remove("hours_ago")?.as_i64()?;
    let occurred_at = now
        .checked_sub(SignedDuration::from_hours(hours_ago))
        .ok()?;
    fields.insert("occurred_at".to_owned(), format!("{occurred_at:.0}").into());
    Some(sample)
}
