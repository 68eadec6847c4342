//! The functions' own clock is the machine's: everybody else's must be too.

use std::sync::Arc;

use jiff::Timestamp;

/// What the functions take for now.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the binaries read this very clock"
)]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// The same clock, for the stand-in.
#[must_use]
pub fn clock() -> paypal_standin::Clock {
    Arc::new(now)
}
