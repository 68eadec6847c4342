//! The table of the module's docs, and who may try a refused card again.

use std::time::Duration;

use jiff::Timestamp;
use paypal::Issue;
use store::Decline;

use super::{Again, Verdict, again, verdict};
use crate::Wake;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

#[test]
fn only_what_is_definite_gives_the_lock_back() {
    let soon = Duration::from_secs(1);
    let (two, ten, hours) = (
        Duration::from_mins(2),
        Duration::from_mins(10),
        Duration::from_hours(11),
    );
    for (code, waited, expected) in [
        ("INSTRUMENT_DECLINED", soon, Verdict::Counts),
        ("PAYER_ACTION_REQUIRED", soon, Verdict::Counts),
        ("PAYER_CANNOT_PAY", soon, Verdict::Counts),
        ("PAYEE_ACCOUNT_RESTRICTED", soon, Verdict::Counts),
        ("INVALID_PARAMETER_VALUE", soon, Verdict::Counts),
        (
            "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED",
            soon,
            Verdict::Counts,
        ),
        ("ORDER_NOT_APPROVED", soon, Verdict::TryAgain),
        ("ORDER_NOT_APPROVED", two, Verdict::Counts),
        ("DUPLICATE_INVOICE_ID", two, Verdict::Waits),
        ("DUPLICATE_INVOICE_ID", ten, Verdict::Counts),
        ("ORDER_ALREADY_CAPTURED", hours, Verdict::Waits),
        ("ORDER_COMPLETION_IN_PROGRESS", hours, Verdict::Waits),
        ("ORDER_EXPIRED", hours, Verdict::Waits),
        ("DUPLICATE_REQUEST_ID", hours, Verdict::Waits),
        ("NEVER_HEARD_OF", hours, Verdict::Waits),
        ("", hours, Verdict::Waits),
    ] {
        assert_eq!(
            verdict(&Issue::of(code), waited),
            expected,
            "{code} after {waited:?}"
        );
    }
}

#[test]
fn a_refused_card_is_tried_again_only_after_a_new_approval() {
    let refused = Decline {
        at: at(0),
        issue: "INSTRUMENT_DECLINED".to_owned(),
        retry_allowed: false,
        order_changed_at: Some(at(0)),
        changed_again_at: None,
        pressed_at: None,
    };
    let seen_not_approved = Decline {
        retry_allowed: true,
        ..refused.clone()
    };
    let pressed = Decline {
        pressed_at: Some(at(60)),
        ..refused.clone()
    };
    let changed = Decline {
        changed_again_at: Some(at(9)),
        ..refused.clone()
    };
    let without_time = Decline {
        order_changed_at: None,
        ..refused.clone()
    };
    let (before, same, later) = (Some(at(-1)), Some(at(0)), Some(at(9)));
    let soon = 70;
    for (what, decline, changed_at, wake, second, expected) in [
        ("a sweep", &refused, same, Wake::Sweep, soon, Again::No),
        ("a reload", &refused, same, Wake::Return, soon, Again::No),
        (
            "a late event",
            &refused,
            same,
            Wake::Webhook,
            soon,
            Again::No,
        ),
        (
            "an older read",
            &refused,
            before,
            Wake::Sweep,
            soon,
            Again::No,
        ),
        ("no time now", &refused, None, Wake::Return, soon, Again::No),
        (
            "no time then",
            &without_time,
            later,
            Wake::Return,
            soon,
            Again::No,
        ),
        (
            "not approved since",
            &seen_not_approved,
            same,
            Wake::Sweep,
            soon,
            Again::Yes,
        ),
        (
            "back in the same second",
            &pressed,
            same,
            Wake::Return,
            soon,
            Again::Yes,
        ),
        (
            "back, no time said",
            &pressed,
            None,
            Wake::Return,
            soon,
            Again::Yes,
        ),
        ("still away", &pressed, same, Wake::Sweep, soon, Again::No),
        (
            "still away, and told",
            &pressed,
            same,
            Wake::Webhook,
            soon,
            Again::No,
        ),
        (
            "window closed long ago",
            &pressed,
            same,
            Wake::Sweep,
            60 + 600,
            Again::Yes,
        ),
        (
            "changed once",
            &refused,
            later,
            Wake::Sweep,
            soon,
            Again::Perhaps(at(9)),
        ),
        (
            "changed and stays",
            &changed,
            later,
            Wake::Sweep,
            soon,
            Again::Yes,
        ),
        (
            "changes at each look",
            &changed,
            Some(at(10)),
            Wake::Sweep,
            soon,
            Again::Perhaps(at(10)),
        ),
    ] {
        assert_eq!(
            again(decline, changed_at, wake, at(second)),
            expected,
            "{what}"
        );
    }
}
