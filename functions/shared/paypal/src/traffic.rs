//! What this process has asked PayPal, and how it was answered. Counted where
//! every call is sent, so that whoever paces calls can forget none, not even one
//! for a token.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, Response, StatusCode};
use jiff::Timestamp;
use jiff::fmt::rfc2822;

use crate::TransportError;

/// All calls since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Calls made.
    pub calls: u64,
    /// Calls that PayPal has answered, whatever it said.
    pub answered: u64,
    /// Calls that came to nothing: no answer, a 5xx, a token that is not taken, or
    /// none to make the call with.
    pub unanswered: u64,
    /// How many of these since the last answer.
    pub unanswered_in_a_row: u32,
    /// Calls answered with 429: too many of them.
    pub too_many: u64,
    /// For how long the last 429 told us to be silent, where it did.
    pub retry_after: Option<RetryAfter>,
}

/// When PayPal wants to be called again.
///
/// Source: RFC 9110, section 10.2.3. PayPal does not document it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// After so long.
    For(Duration),
    /// Not before then.
    Until(Timestamp),
}

impl RetryAfter {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Self::For(Duration::from_secs(seconds)));
        }
        let parser = rfc2822::DateTimeParser::new();
        parser.parse_timestamp(text).ok().map(Self::Until)
    }
}

/// Counts.
#[derive(Debug)]
pub(crate) struct Meter(Mutex<Traffic>);

impl Meter {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Traffic {
            calls: 0,
            answered: 0,
            unanswered: 0,
            unanswered_in_a_row: 0,
            too_many: 0,
            retry_after: None,
        }))
    }

    fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn so_far(&self) -> Traffic {
        *self.traffic()
    }

    /// A call is sent; counted before its answer, which may never be waited for.
    pub(crate) fn sent(&self) {
        self.traffic().calls += 1;
    }

    /// And this came back.
    pub(crate) fn came_back(&self, answer: &Result<Response<Bytes>, TransportError>) {
        let mut traffic = self.traffic();
        match answer {
            Ok(answer) if answer.status() == StatusCode::TOO_MANY_REQUESTS => {
                traffic.too_many += 1;
                traffic.retry_after = RetryAfter::of(answer.headers());
            }
            Ok(answer) if says_something(answer.status()) => {
                traffic.answered += 1;
                traffic.unanswered_in_a_row = 0;
            }
            Ok(_) | Err(_) => {
                drop(traffic);
                self.came_to_nothing();
            }
        }
    }

    /// A call came to nothing.
    pub(crate) fn came_to_nothing(&self) {
        let mut traffic = self.traffic();
        traffic.unanswered += 1;
        traffic.unanswered_in_a_row += 1;
    }
}

fn says_something(status: StatusCode) -> bool {
    !status.is_server_error() && status != StatusCode::UNAUTHORIZED
}
