//! Invented tickets, one in each state that lasts, so that there is something to look
//! at. They are made as a city and its drivers would: through the office API, the pages
//! and PayPal's.

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use paypal_standin::FaultKind::{Pending, WrongAmount};
use serde_json::{Value, json};
use ticket::Captures;

use crate::visitor::{NotAnswered, Visitor};

/// One ticket a line, as the office API takes them, with `hours_ago` in place of
/// `occurred_at`; `becomes` says what is done with it.
const SAMPLES: &str = include_str!("../sample-tickets.jsonl");

/// For how long the letter of the sample may be printed.
const LETTER: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What becomes of a ticket by paying it.
const PAID_AT_PAYPAL: [&str; 3] = ["paid", "held_back", "review"];

/// A sample ticket, as it stands when the stack is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Its number.
    pub case_number: String,
    /// How it stands, in words: `open, lapsed`.
    pub standing: String,
    /// Its page, as the QR code says it.
    pub url: String,
}

/// The samples cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SamplesError {
    /// The file of samples is not what it must be.
    #[error("sample-tickets.jsonl, line {line}: not a ticket with case_number, hours_ago, amount")]
    Malformed {
        /// Counted from one.
        line: usize,
    },
    /// One of the APIs, or PayPal, said something else than it must.
    #[error("the sample tickets cannot be made")]
    NotAnswered(#[from] NotAnswered),
}

/// Makes those of the samples that are not there yet, and says how each stands. One that
/// is there is left as it is, whoever has changed it since; one that is to be paid stays
/// open where captures are closed.
pub(crate) async fn make(
    visitor: &Visitor<'_>,
    captures: Captures,
    now: Timestamp,
) -> Result<Vec<Sample>, SamplesError> {
    let mut samples = Vec::new();
    for (index, line) in SAMPLES.lines().enumerate() {
        let malformed = || SamplesError::Malformed { line: index + 1 };
        let mut sample: Value = serde_json::from_str(line).map_err(|_| malformed())?;
        let becomes = take(&mut sample, "becomes");
        let becomes = becomes.as_ref().and_then(Value::as_str);
        let is_payable = captures == Captures::Open;
        let becomes = becomes.filter(|it| is_payable || !PAID_AT_PAYPAL.contains(it));
        let path = case_path(&sample).ok_or_else(malformed)?;
        let amount = sample["amount"].as_str().ok_or_else(malformed)?.to_owned();
        let kept = visitor.case(&path).await?;
        let ticket = as_sent(sample, kept.as_ref(), now).ok_or_else(malformed)?;
        // The same again is answered with its address, signed with the key of today.
        let Some((status, issued)) = visitor.issue(&path, &ticket).await? else {
            // Its number was given to another ticket.
            continue;
        };
        let url = issued["url"].as_str().ok_or_else(malformed)?;
        if status == StatusCode::CREATED {
            turn(visitor, becomes, &path, url, &amount, now).await?;
        }
        let case = visitor.case(&path).await?;
        let standing = case.as_ref().and_then(standing).ok_or_else(malformed)?;
        samples.push(Sample {
            case_number: path.trim_start_matches("/tickets/").to_owned(),
            standing,
            url: url.to_owned(),
        });
    }
    Ok(samples)
}

/// Does with a new ticket what makes it the sample that it is to be.
async fn turn(
    visitor: &Visitor<'_>,
    becomes: Option<&str>,
    path: &str,
    url: &str,
    amount: &str,
    now: Timestamp,
) -> Result<(), NotAnswered> {
    let reason = json!({ "reason": "Muster" });
    let (what, body) = match becomes {
        Some("paid") => return visitor.pay(url, amount, None).await,
        Some("held_back") => return visitor.pay(url, amount, Some(Pending)).await,
        Some("review") => return visitor.pay(url, amount, Some(WrongAmount)).await,
        Some("part_paid") => (
            "payments",
            json!({
                "channel": "cash",
                "amount": "15.00",
                "paid_at": format!("{now:.0}"),
                "receipt_number": format!("MUSTER-{}", now.as_second()),
            }),
        ),
        Some("letter") => {
            let until = now.saturating_add(LETTER).unwrap_or(now);
            ("lease", json!({ "until": format!("{until:.0}") }))
        }
        Some("objected") => ("objection", reason),
        Some("withdrawn") => ("withdrawal", reason),
        Some("handed_over") => ("hand-over", reason),
        Some(_) | None => return Ok(()),
    };
    let path = format!("{path}/{what}");
    visitor.change(&path, &body).await
}

fn case_path(sent: &Value) -> Option<String> {
    Some(format!("/tickets/{}", sent["case_number"].as_str()?))
}

fn take(sent: &mut Value, field: &str) -> Option<Value> {
    sent.as_object_mut()?.remove(field)
}

/// A sample as it is sent: with the moment that lay so many hours ago, or with that of
/// the ticket which is there from an earlier start.
fn as_sent(mut sample: Value, kept: Option<&Value>, now: Timestamp) -> Option<Value> {
    let hours_ago = take(&mut sample, "hours_ago")?.as_i64()?;
    let ago = now
        .checked_sub(SignedDuration::from_hours(hours_ago))
        .ok()?;
    let occurred_at = match kept {
        Some(case) => case["issued"]["occurred_at"].clone(),
        None => format!("{ago:.0}").into(),
    };
    let fields = sample.as_object_mut()?;
    fields.insert("occurred_at".to_owned(), occurred_at);
    Some(sample)
}

/// How the office API says that a case stands, in a few words.
fn standing(case: &Value) -> Option<String> {
    let state = case["state"].as_str()?;
    let mut words = vec![state.replace('_', " ")];
    if state == "open" {
        let is_part_paid = !case["settlements"].as_array()?.is_empty();
        for (is_so, word) in [
            (case["payment_pending"] == true, "PayPal holds money back"),
            (is_part_paid, "part paid"),
            (case["lapsed"] == true, "lapsed"),
            (!case["letter_until"].is_null(), "a letter is on its way"),
        ] {
            words.extend(is_so.then(|| word.to_owned()));
        }
    }
    Some(words.join(", "))
}
