//! What a call carries: the time, and until when PayPal may be asked.

use jiff::Timestamp;
use tokio::time::Instant;

use crate::limits::PAYPAL_BUDGET;

/// The moment at which an invocation began, or a part of a longer one.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// What time it was.
    pub now: Timestamp,
    /// Until when its PayPal calls may take, all together.
    pub deadline: Instant,
}

impl Moment {
    /// The budget of its PayPal calls begins now.
    #[must_use]
    pub fn begins(now: Timestamp) -> Self {
        Self {
            now,
            deadline: Instant::now() + PAYPAL_BUDGET,
        }
    }
}
