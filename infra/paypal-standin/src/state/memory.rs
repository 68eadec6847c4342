//! What was done under which `PayPal-Request-Id`.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

/// What was done, by call, resource and id.
pub(crate) type Memory = BTreeMap<(&'static str, String, String), Remembered>;

/// What was done under a request id.
pub(crate) struct Remembered {
    pub(crate) at: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) outcome: Outcome,
    /// The request's body.
    pub(crate) body: Bytes,
    /// Where in `books.request_ids` it is told of.
    pub(crate) entry: usize,
}

/// What a request id stands for when it comes again.
#[derive(Clone)]
pub(crate) enum Outcome {
    /// This order, capture or refund was made.
    Made(String),
    /// It was made, and this is what was said of it.
    Said(Value),
    /// It was refused with this issue, for good.
    Refused(&'static str),
}
