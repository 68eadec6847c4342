//! Deliveries that wait, and for how long.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How late events are in [`WebhookMode::Late`](crate::WebhookMode::Late), in
/// seconds.
pub const LATE_S: u32 = 60;
/// How long an event is held back in
/// [`WebhookMode::OutOfOrder`](crate::WebhookMode::OutOfOrder) for the next one
/// to overtake it, in seconds.
pub const HELD_S: u32 = 3;
/// How often a delivery that was not taken is repeated.
///
/// Source: PayPal webhooks guide: up to 25 times over 3 days.
pub const REPEATS_MAX: u32 = 25;

/// The longest pause before a repeat, in seconds: PayPal takes hours, nobody
/// at a desk has them.
const REPEAT_AFTER_MAX_S: u32 = 30;

/// A delivery that waits.
#[derive(Serialize, Deserialize)]
pub(crate) struct Queued {
    /// Where it goes. Empty in books of before there was more than one webhook, until
    /// they are read.
    #[serde(default)]
    pub(crate) webhook_id: String,
    pub(crate) event_id: String,
    pub(crate) transmission_id: String,
    pub(crate) transmission_time: Timestamp,
    pub(crate) due_at: Timestamp,
    pub(crate) attempt: u32,
}

/// Who takes deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taker {
    /// A driver, who takes all of them.
    Driver,
    /// The poster, who takes those that have an address.
    Poster,
}

/// The pause before the repeat after this attempt.
pub(crate) fn repeat_after(attempt: u32) -> SignedDuration {
    SignedDuration::from_secs(i64::from(attempt.min(REPEAT_AFTER_MAX_S)))
}
