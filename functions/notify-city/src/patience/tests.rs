use super::*;

fn now() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

/// A minute's look finds what waits for so many minutes, if it was tried soon after one.
fn mins(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count) - EARLY
}

fn status(status: u16) -> Failure {
    busy(status, 0)
}

fn busy(status: u16, for_s: i64) -> Failure {
    Failure::Status {
        status: status.try_into().unwrap(),
        retry_after: SignedDuration::from_secs(for_s),
    }
}

#[test]
fn a_message_alone_is_refused_by_what_says_nothing_about_the_host() {
    for about_the_message in [400, 402, 405, 406, 409, 413, 415, 422, 451] {
        assert!(
            is_of_the_message(status(about_the_message)),
            "{about_the_message}"
        );
    }
    for about_the_host in [401, 403, 404, 408, 410, 425, 429, 500, 501, 502, 503, 504] {
        assert!(
            !is_of_the_message(status(about_the_host)),
            "{about_the_host}"
        );
    }
    assert!(!is_of_the_message(Failure::NoAnswer));
}

#[test]
fn a_message_waits_longer_each_time_and_is_parked_after_three_days_and_not_before() {
    let (mut at, mut tries, mut waited) = (now(), None, Vec::new());
    let parked_at = loop {
        match not_taken(tries.as_ref(), Failure::NoAnswer, 0, at) {
            MessageState::Failed {
                tries: so_far,
                next_try_at,
            } => {
                waited.push(next_try_at.duration_since(at));
                (at, tries) = (next_try_at, Some(so_far));
            }
            MessageState::Parked { parked_at, .. } => break parked_at,
            MessageState::Told { .. } => panic!("nobody was told"),
        }
        assert!(waited.len() < 100, "{waited:?}");
    };
    assert_eq!(parked_at.duration_since(now()), TRIED_FOR);
    // The last one ends where the three days do.
    let (_, but_the_last) = waited.split_last().unwrap();
    assert!(but_the_last.is_sorted(), "{waited:?}");
    assert_eq!(waited[0], mins(1));
    assert_eq!(but_the_last.last(), Some(&mins(6 * 60)));
    assert_eq!(waited.len(), 19);
    let tries = tries.unwrap();
    assert_eq!((tries.first_failed_at, tries.count), (now(), 19));
}

#[test]
fn a_message_that_was_looked_at_late_is_still_tried_once_before_it_is_parked() {
    let MessageState::Failed { tries, .. } = not_taken(None, Failure::NoAnswer, 0, now()) else {
        panic!("it is tried again");
    };
    let late = later(now(), TRIED_FOR - SignedDuration::from_secs(30));
    let MessageState::Failed { next_try_at, .. } =
        not_taken(Some(&tries), Failure::NoAnswer, 0, late)
    else {
        panic!("it is tried again");
    };
    assert_eq!(next_try_at.duration_since(now()), TRIED_FOR);
}

fn fails(before: Option<Trouble>, at: Timestamp) -> Trouble {
    trouble(before, status(500), at)
}

#[test]
fn three_failures_in_a_row_pause_a_subscriber_and_each_pause_is_longer() {
    let (mut at, mut stands, mut paused_for) = (now(), None, Vec::new());
    for _ in 0..7 {
        for _ in 1..IN_A_ROW_MAX {
            stands = Some(fails(stands, at));
            assert!(may_send(stands.as_ref(), Wake::Minute, at));
        }
        stands = Some(fails(stands, at));
        let until = stands.as_ref().unwrap().paused_until.unwrap();
        paused_for.push(until.duration_since(at));
        let before = later(until, SignedDuration::from_millis(-1));
        assert!(!may_send(stands.as_ref(), Wake::Minute, before));
        assert!(may_send(stands.as_ref(), Wake::Minute, until));
        at = until;
    }
    assert_eq!(paused_for, [1, 2, 5, 10, 15, 15, 15].map(mins));
    assert_eq!(stands.unwrap().since, now());
}

#[test]
fn no_change_wakes_anybody_for_a_subscriber_that_is_known_to_fail() {
    let mut stands = Some(fails(Some(fails(None, now())), now()));
    // Twice may be chance, and what is new is still sent at once.
    assert!(may_send(stands.as_ref(), Wake::Change, now()));
    stands = Some(fails(stands, now()));
    let much_later = later(now(), SignedDuration::from_hours(1));
    assert!(!may_send(stands.as_ref(), Wake::Change, much_later));
    assert!(may_send(stands.as_ref(), Wake::Minute, much_later));
    // Nor after the first try that fails then.
    stands = Some(fails(stands, much_later));
    assert!(!may_send(stands.as_ref(), Wake::Change, much_later));
    assert!(may_send(None, Wake::Change, much_later));
}

#[test]
fn what_was_sent_beside_those_that_have_brought_a_pause_brings_no_second_one() {
    let mut stands = None;
    for _ in 0..8 {
        stands = Some(fails(stands, now()));
    }
    let stands = stands.unwrap();
    assert_eq!((stands.pauses, stands.in_a_row), (1, 0));
}

#[test]
fn whoever_has_failed_is_sent_one_at_a_time() {
    for is_well in [false, true] {
        assert_eq!(at_once(Some(&fails(None, now())), is_well), 1);
    }
}

#[test]
fn many_are_sent_at_a_time_to_whoever_has_just_answered_and_few_to_others() {
    assert_eq!(at_once(None, false), 8);
    assert_eq!(at_once(None, true), 32);
}

#[test]
fn whoever_says_how_long_it_is_busy_is_left_alone_so_long_at_least_and_at_most_a_quarter_of_an_hour()
 {
    for (for_s, paused_for_s) in [(7, 7), (600, 600), (900, 900), (86_400, 900)] {
        let stands = trouble(None, busy(503, for_s), now());
        let paused_for = stands.paused_until.unwrap().duration_since(now());
        assert_eq!(paused_for.as_secs(), paused_for_s);
        assert!(!is_known_to_fail(&stands));
        for wake in [Wake::Change, Wake::Minute] {
            assert!(!may_send(Some(&stands), wake, now()));
            let over = later(now(), paused_for);
            assert!(may_send(Some(&stands), wake, over));
        }
        // Another one that was under way says longer.
        let longer = trouble(Some(stands), busy(503, for_s + 1), now());
        let paused_for = longer.paused_until.unwrap().duration_since(now());
        assert_eq!(paused_for.as_secs(), (for_s + 1).min(900));
    }
    // Its own pause is longer after three.
    let twice = fails(Some(fails(None, now())), now());
    let stands = trouble(Some(twice), busy(429, 7), now());
    assert_eq!(stands.paused_until.unwrap().duration_since(now()), mins(1));
}

#[test]
fn what_is_refused_keeps_its_time_until_somebody_asks_for_it() {
    let change = |state| Message {
        change: store::TicketChange {
            id: "KL-1.1.issued".to_owned(),
            at: now(),
            case_number: "KL-1".parse().unwrap(),
            what: "issued".to_owned(),
            reference: None,
            state: "open".to_owned(),
            owed: ticket::Cents::new(3_000),
        },
        state,
    };
    let refused = change(not_taken(None, status(422), 2, now()));
    assert!(keeps_its_time(&refused, 2, now()));
    assert!(!keeps_its_time(&refused, 2, later(now(), mins(1))));
    assert!(!keeps_its_time(&refused, 3, now()));
    let failed = change(not_taken(None, status(503), 2, now()));
    assert!(!keeps_its_time(&failed, 2, now()));
}
