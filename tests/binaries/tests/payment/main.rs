//! One payment through the built binaries, and what they say about it.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

mod canaries;
mod walk;

use std::sync::Arc;

use jiff::Timestamp;

/// The functions' own clock is the machine's: everybody else's must be too.
#[expect(
    clippy::disallowed_methods,
    reason = "the binaries read this very clock"
)]
fn now() -> Timestamp {
    Timestamp::now()
}

fn clock() -> paypal_standin::Clock {
    Arc::new(now)
}
