//! What PayPal says of a refund, and what of it is believed.

use jiff::Timestamp;
use ticket::Asked;

use super::is_believed;
use crate::limits::{LEASE, READ_LAG, later};

#[test]
fn no_first_no_is_believed() {
    assert!(!is_believed(None, Timestamp::UNIX_EPOCH));
}

/// The first call had no effect and the last one may have had: whoever measures from the
/// first gives a refund up that PayPal has made.
#[test]
fn a_no_is_believed_ten_minutes_after_the_last_call() {
    let first = Timestamp::UNIX_EPOCH;
    let last = later(first, 3 * READ_LAG);
    let asked = Asked {
        since: first,
        until: later(last, LEASE),
    };
    let soon = later(last, READ_LAG.saturating_sub(LEASE));
    assert!(!is_believed(Some(asked), soon));
    assert!(is_believed(Some(asked), later(last, READ_LAG)));
}
