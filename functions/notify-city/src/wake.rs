//! What brings a run: the clock, or the table's stream.

use serde_json::Value;

/// What brings a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// The schedule.
    Minute,
    /// Something is new in the feed. What, the feed itself says.
    Change,
}

impl Wake {
    /// What an event says; nothing where it is another one.
    #[must_use]
    pub fn of(event: &Value) -> Option<Self> {
        if event["source"] == "aws.events" {
            return Some(Self::Minute);
        }
        let record = event["Records"].get(0)?;
        (record["eventSource"] == "aws:dynamodb").then_some(Self::Change)
    }
}
