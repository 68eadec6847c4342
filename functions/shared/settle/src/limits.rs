//! The numbers on which "never twice" rests, in one place, checked against each
//! other when this is compiled.

use std::time::Duration;

use jiff::Timestamp;
use store::{Attempt, AttemptState};

/// How long a capture lock keeps everybody else out. It must outlive every
/// process that could still be inside the capture call, or two of them could
/// charge the same driver.
pub const LEASE: Duration = Duration::from_mins(1);

/// The longest that any function which may capture lives after it was called;
/// the sweep drops the future of each attempt after as long.
pub const FUNCTION_TIMEOUT: Duration = Duration::from_secs(15);

/// What all `PayPal` calls of one invocation may take together.
pub const PAYPAL_BUDGET: Duration = Duration::from_secs(10);

/// No capture starts with less of the budget left: its answer would be lost,
/// and the driver would wait out the lease.
pub const CAPTURE_NEEDS: Duration = Duration::from_secs(6);

/// A cold start must not wait for a `PayPal` that is down.
pub const PRIME_TIMEOUT: Duration = Duration::from_secs(1);

/// How far the clocks of two of our functions may differ.
pub const CLOCK_SKEW: Duration = Duration::from_secs(2);

/// Capture tries of one order; then a new order is needed.
pub const CAPTURE_ROUNDS_MAX: u32 = 3;

/// How long an order can still be approved and captured at `PayPal`: 3 hours to
/// send the payer there, 3 more to approve and capture, 1 for clocks and lag.
///
/// Source: `PayPal` Orders v2, schema `order`, field `links`.
pub const ORDER_LIFE: Duration = Duration::from_hours(7);

/// `PayPal` forgets no order before this: a 404 earlier means something else.
///
/// Source: `PayPal` Orders v2, schema `order`, field `links` (3 hours).
pub const ORDER_VISIBLE: Duration = Duration::from_hours(3);

/// For how long a payer may be sent to an order that is there already.
pub const ORDER_REUSE: Duration = Duration::from_mins(150);

/// An attempt without an order belongs to a process that has died: the driver
/// was never sent to `PayPal`.
pub const PLACING: Duration = Duration::from_mins(2);

/// For how long a new attempt is asked about each minute.
pub const YOUNG: Duration = Duration::from_mins(15);
/// The time between two looks at a young attempt.
pub const LOOK_YOUNG: Duration = Duration::from_mins(1);
/// The time between two looks at an older one.
pub const LOOK_OLD: Duration = Duration::from_mins(10);
/// The time between two looks at a pending capture.
pub const LOOK_PENDING: Duration = Duration::from_hours(1);

/// How often a booking is decided anew because the ticket changed under it.
pub const DECISIONS_MAX: usize = 4;

/// How much of `PayPal`'s books is read at once: what is not finished in the time
/// of one call is begun anew by the next.
pub const SEARCH_SLICE: Duration = Duration::from_hours(24);

/// When an attempt is to be looked at next.
#[must_use]
pub fn next_look(attempt: &Attempt, now: Timestamp) -> Timestamp {
    let age: Duration = now
        .duration_since(attempt.created_at)
        .try_into()
        .unwrap_or_default();
    let wait = match attempt.state {
        AttemptState::Pending { .. } => LOOK_PENDING,
        AttemptState::Live
        | AttemptState::Captured { .. }
        | AttemptState::Declined
        | AttemptState::Expired => {
            if age < YOUNG {
                LOOK_YOUNG
            } else {
                LOOK_OLD
            }
        }
    };
    now.saturating_add(wait).unwrap_or(now)
}

const _: () = {
    let lease = LEASE.as_secs();
    let live = FUNCTION_TIMEOUT.as_secs();
    assert!(
        lease > live + 2 * CLOCK_SKEW.as_secs(),
        "a lock could end while its owner is inside the capture call"
    );
    assert!(
        PAYPAL_BUDGET.as_secs() < live,
        "a function could die waiting for PayPal with its answer unbooked"
    );
    assert!(CAPTURE_NEEDS.as_secs() < PAYPAL_BUDGET.as_secs());
    assert!(ORDER_LIFE.as_secs() > 6 * 3_600);
};
