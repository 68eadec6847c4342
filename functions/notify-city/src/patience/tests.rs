use super::*;

fn now() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

fn mins(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

#[test]
fn a_message_waits_longer_each_time_and_is_parked_after_three_days_and_not_before() {
    let (mut at, mut tries, mut waited) = (now(), None, Vec::new());
    let parked_at = loop {
        match not_taken(tries.as_ref(), "no answer in time".to_owned(), at) {
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
    assert_eq!(but_the_last.last(), Some(&SignedDuration::from_hours(6)));
    assert_eq!(waited.len(), 19);
    let tries = tries.unwrap();
    assert_eq!((tries.first_failed_at, tries.count), (now(), 19));
}

#[test]
fn a_message_that_was_looked_at_late_is_still_tried_once_before_it_is_parked() {
    let MessageState::Failed { tries, .. } = not_taken(None, String::new(), now()) else {
        panic!("it is tried again");
    };
    let late = later(now(), TRIED_FOR - SignedDuration::from_secs(30));
    let MessageState::Failed { next_try_at, .. } = not_taken(Some(&tries), String::new(), late)
    else {
        panic!("it is tried again");
    };
    assert_eq!(next_try_at.duration_since(now()), TRIED_FOR);
}

fn fails(before: Option<Trouble>, at: Timestamp) -> Trouble {
    trouble(before, "answered 500".to_owned(), at)
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
        paused_for.push(until.duration_since(at).as_mins());
        let before = later(until, SignedDuration::from_millis(-1));
        assert!(!may_send(stands.as_ref(), Wake::Minute, before));
        assert!(may_send(stands.as_ref(), Wake::Minute, until));
        at = until;
    }
    assert_eq!(paused_for, [1, 2, 5, 10, 15, 15, 15]);
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
    assert_eq!(at_once(None), 8);
    assert_eq!(at_once(Some(&fails(None, now()))), 1);
}
