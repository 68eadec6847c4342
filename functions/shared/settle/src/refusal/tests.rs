//! The table of the module's docs, and who may try a refused card again.

use std::time::Duration;

use jiff::Timestamp;
use paypal::Issue;
use serde_json::json;
use store::{Attempt, Decline, Released};
use ticket::Lock;

use super::{Retry, TryHistory, Verdict, again, released, verdict};
use crate::Wake;
use crate::reading::Reading;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn attempt() -> Attempt {
    serde_json::from_value(json!({
        "id": "aaaaaaaaaaaaaaaaaaaaaaaaaa",
        "case_number": "KL-2026-000123",
        "version": 1,
        "amount": 3000,
        "language": "de",
        "invoice_id": "KL-2026-000123",
        "client_id": "client-id",
        "created_at": at(-60),
        "refusals": 0,
        "attempt_state": "live",
    }))
    .unwrap()
}

fn heard(waited: Duration) -> TryHistory {
    TryHistory {
        waited,
        unanswered: false,
    }
}

#[test]
fn what_is_said_of_our_account_says_nothing_about_a_call_that_was_not_answered() {
    let account = Issue::of("PERMISSION_DENIED");
    for (waited, expected) in [
        (Duration::from_secs(1), Verdict::Waits),
        (Duration::from_mins(10), Verdict::Counts),
    ] {
        let heard = TryHistory {
            waited,
            unanswered: true,
        };
        assert_eq!(verdict(&account, heard), expected);
    }
}

#[test]
fn a_clock_of_refusals_begins_anew_after_silence() {
    let lock = Lock {
        attempt: "aaaaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap(),
        until: at(60),
        since: at(0),
        refused_as: Some("ORDER_NOT_APPROVED".to_owned()),
        refused_at: None,
        refused_since: Some(at(30)),
        unanswered: false,
        shown_uncaptured: false,
    };
    let said = TryHistory::of(&lock, at(150));
    assert_eq!(said, heard(Duration::from_mins(2)));
    let silent = Lock {
        refused_as: None,
        ..lock
    };
    let silence = TryHistory::of(&silent, at(150));
    assert_eq!(silence.waited, Duration::ZERO);
    assert!(silence.unanswered);
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
            verdict(&Issue::of(code), heard(waited)),
            expected,
            "{code} after {waited:?}"
        );
    }
}

#[test]
fn an_approval_of_before_the_refusal_that_a_read_shows_late_is_no_new_one() {
    let card = Issue::of("INSTRUMENT_DECLINED");
    // The read of after the refusal did not show yet that the payer had chosen anew.
    let read = Reading::Approved { at: Some(at(0)) };
    for (refused_at, shown_later, expected) in [
        (Some(at(30)), at(20), Retry::No),
        (Some(at(30)), at(31), Retry::Perhaps(at(31))),
        (None, at(20), Retry::Perhaps(at(20))),
    ] {
        let released = released(&card, &attempt(), &read, refused_at, at(31));
        let Released::Refused(decline) = released else {
            panic!("{released:?}");
        };
        let again = again(&decline, Some(shown_later), Wake::Sweep, at(60));
        assert_eq!(again, expected, "{refused_at:?} {shown_later}");
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
        change_seen_at: None,
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
    let at_once = Decline {
        change_seen_at: Some(at(59)),
        ..changed.clone()
    };
    let without_time = Decline {
        order_changed_at: None,
        ..refused.clone()
    };
    let (before, same, later) = (Some(at(-1)), Some(at(0)), Some(at(9)));
    #[rustfmt::skip]
    let table = [
        ("a sweep", &refused, same, Wake::Sweep, Retry::No),
        ("a reload", &refused, same, Wake::Return, Retry::No),
        ("a late event", &refused, same, Wake::Webhook, Retry::No),
        ("an older read", &refused, before, Wake::Sweep, Retry::No),
        ("no time now", &refused, None, Wake::Return, Retry::No),
        ("no time then", &without_time, later, Wake::Return, Retry::No),
        ("not approved since", &seen_not_approved, same, Wake::Sweep, Retry::Yes),
        ("back in the same second", &pressed, same, Wake::Return, Retry::Yes),
        ("back, no time said", &pressed, None, Wake::Return, Retry::Yes),
        ("still away", &pressed, same, Wake::Sweep, Retry::No),
        ("still away, and told", &pressed, same, Wake::Webhook, Retry::No),
        ("away for long", &pressed, same, Wake::Sweep, Retry::No),
        ("changed once", &refused, later, Wake::Sweep, Retry::Perhaps(at(9))),
        ("changed and stays", &changed, later, Wake::Sweep, Retry::Yes),
        ("changed, twice at once", &at_once, later, Wake::Sweep, Retry::Perhaps(at(9))),
        ("changes at each look", &changed, Some(at(10)), Wake::Sweep, Retry::Perhaps(at(10))),
    ];
    for (what, decline, changed_at, wake, expected) in table {
        assert_eq!(again(decline, changed_at, wake, at(60)), expected, "{what}");
    }
}
