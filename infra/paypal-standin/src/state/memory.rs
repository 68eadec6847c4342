//! What was done under which `PayPal-Request-Id`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What was done, by call, resource and id.
pub(crate) type Memory = BTreeMap<(Cow<'static, str>, String, String), Remembered>;

/// What was done under a request id.
#[derive(Serialize, Deserialize)]
pub(crate) struct Remembered {
    pub(crate) at: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) outcome: Outcome,
    /// The request's body.
    #[serde(with = "crate::text_bytes")]
    pub(crate) body: Bytes,
    /// Where in `books.request_ids` it is told of.
    pub(crate) entry: usize,
}

/// What a request id stands for when it comes again.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// This order, capture or refund was made.
    Made(String),
    /// It was made, and this is what was said of it.
    Said(Value),
    /// It was refused with this issue, for good.
    Refused(Cow<'static, str>),
}

/// The memory as a list: JSON has no keys but text.
pub(super) mod as_list {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Memory;

    pub(crate) fn serialize<S: Serializer>(
        memory: &Memory,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(memory)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Memory, D::Error> {
        Vec::deserialize(deserializer).map(Memory::from_iter)
    }
}
