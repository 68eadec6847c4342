//! The numbers on which "never twice" rests, in one place, checked against each
//! other when this is compiled.

use std::time::Duration;

use jiff::Timestamp;
use store::Attempt;

/// How long a capture lock keeps everybody else out. It must outlive every
/// process that could still be inside the capture call, or two of them could
/// charge the same driver.
pub const LEASE: Duration = Duration::from_mins(1);

/// The longest that any function which may capture lives after it was called;
/// the sweep drops the future of each attempt after as long.
pub const FUNCTION_TIMEOUT: Duration = Duration::from_secs(15);

/// What all PayPal calls of one invocation may take together.
pub const PAYPAL_BUDGET: Duration = Duration::from_secs(10);

/// No capture starts with less of the budget left: its answer would be lost,
/// and the driver would wait out the lease.
pub const CAPTURE_NEEDS: Duration = Duration::from_secs(6);

/// A cold start must not wait for a PayPal that is down.
pub const PRIME_TIMEOUT: Duration = Duration::from_secs(1);

/// How far the clocks of two of our functions may differ.
pub const CLOCK_SKEW: Duration = Duration::from_secs(2);

/// Capture tries of one order; then a new order is needed.
pub const CAPTURE_ROUNDS_MAX: u32 = 3;

/// How long after an order's life has ended nothing can come of it any more,
/// whatever the clocks of PayPal and of ours say.
pub const ORDER_OVER_AFTER: Duration = Duration::from_mins(30);

/// No order has expired sooner.
///
/// Source: PayPal's documentation of Orders v2, older than the six hours of today.
pub const ORDER_LIFE_MIN: Duration = Duration::from_hours(3);

/// For how long a payer may be sent to an order that is there already.
pub const ORDER_REUSE: Duration = Duration::from_hours(1);

/// Orders of one ticket that may still bring money; whoever wants one more is
/// told to wait, or one QR code could fill the sweep and PayPal's limits.
pub const LIVE_ATTEMPTS_MAX: usize = 5;

/// For how long PayPal may not know yet of an approval that was given.
///
/// Source: shopware/shopware#6213, #11695; paypal/paypal-checkout-components#1521.
pub const APPROVAL_LAG: Duration = Duration::from_mins(2);

/// After how long a read that shows no capture is believed: PayPal has said that
/// the invoice is paid, and if by this very order, the order shows it by now.
pub const READ_LAG: Duration = Duration::from_mins(10);

/// How long after a driver pressed "try again" the sweep looks whether the order has
/// changed since: another card is chosen by then.
pub const CHOOSING: Duration = Duration::from_mins(10);

/// For how long a refund may be asked for under the same request id; then PayPal may
/// have forgotten it, and would give the money back twice.
///
/// Source: PayPal Payments v2: request ids are kept for 45 days.
pub const REFUND_ASKED_MAX: Duration = Duration::from_hours(40 * 24);

/// For how long a refund is asked for again where the account's balance does not suffice:
/// there is none on a weekend, and on a Monday there may be.
pub const FUNDS_AWAITED: Duration = Duration::from_hours(7 * 24);

/// The time between two such calls. Not a day: a city that empties its balance each night
/// has none at the same hour of each morning.
pub const LOOK_FUNDS: Duration = Duration::from_hours(7);

/// Who waits longer for PayPal's answer is told of in an error.
pub const SILENCE_MAX: Duration = Duration::from_mins(10);

/// Who may bring money and has not been asked about for so long after it was due
/// is a matter for a human.
pub const SWEEP_BEHIND: Duration = Duration::from_mins(10);

/// An attempt without an order belongs to a process that has died: the driver
/// was never sent to PayPal.
pub const PLACING: Duration = Duration::from_mins(2);

/// The time until the first look at a new attempt; where money is, or may be, under
/// way, the shortest time between two.
pub const LOOK_YOUNG: Duration = Duration::from_mins(1);
/// Who approves within 45 minutes of pressing the button, be it the button of an order
/// that was there, is captured within a quarter of an hour (L2),
pub const APPROVAL_EARLY: Duration = Duration::from_mins(45 + ORDER_REUSE.as_secs() / 60);
/// so between looks there is a quarter of an hour, less a minute until the next sweep
/// and the sweep itself;
pub const LOOK_EARLY: Duration = Duration::from_mins(13);
/// later ones within half an hour, less the same,
pub const LOOK_LATER: Duration = Duration::from_mins(28);
/// for as long as a payer may approve.
///
/// Source: PayPal's server SDKs, `order`, field `links` (2024-11 to 2026-06).
pub const APPROVAL_WINDOW: Duration = Duration::from_hours(6);
/// From then on the next look is due after this share of an attempt's age, a sixth.
pub const LOOK_SHARE: u32 = 6;
/// The last look that can still bring money is so long before the order's life ends:
/// time for a capture, and for a second one.
pub const LOOK_BEFORE_END: Duration = Duration::from_mins(15);
/// Where money is, or may be, under way, and nothing is known: a fifth of its age,
pub const LOOK_SOON_SHARE: u32 = 5;
/// but after an outage all of these are through within a quarter of an hour (V4).
pub const LOOK_SOON_MAX: Duration = Duration::from_mins(10);
/// The time between two looks at a pending capture.
pub const LOOK_PENDING: Duration = Duration::from_hours(1);

/// How often a booking is decided anew because the ticket changed under it.
pub const DECISIONS_MAX: usize = 4;

/// How much of PayPal's books is read at once: what is not finished in the time
/// of one call is begun anew by the next.
pub const SEARCH_SLICE: Duration = Duration::from_hours(24);

/// Whether PayPal can neither take an approval for an order of this attempt nor
/// capture it any more.
#[must_use]
pub fn order_is_over(attempt: &Attempt, order_life: Duration, now: Timestamp) -> bool {
    // sabotage: an order is over after seven hours
    age(attempt, now) >= order_life + ORDER_OVER_AFTER
}

/// Calls of one sweep in PayPal's sandbox, whatever is configured: no minute meets
/// more than two sweeps, and more than 50 calls in one block our address for 5.
///
/// Source: PayPal's help page ts2115.
pub(crate) const SANDBOX_CALLS_PER_SWEEP: u32 = 24;

/// How long ago an attempt was begun.
#[must_use]
pub(crate) fn age(attempt: &Attempt, now: Timestamp) -> Duration {
    since(attempt.created_at, now)
}

/// How long ago `then` was; nothing where it is still to come.
#[must_use]
pub fn since(then: Timestamp, now: Timestamp) -> Duration {
    now.duration_since(then).try_into().unwrap_or_default()
}

pub(crate) fn later(now: Timestamp, wait: Duration) -> Timestamp {
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
    assert!(APPROVAL_LAG.as_secs() > lease);
};
