//! The sweep is fair, asks PayPal no more than it may, and lets nobody wait whose
//! money is under way.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use journeys::City;
use paypal_standin::{Fault, FaultKind, On, Payer, UpdateTime, WebhookMode};
use settle::sweep::SIDE_BY_SIDE;
use settle::sweep::Scope;
use store::{OpenWork, Queue, SHARDS, Store};
use ticket::Captures;
use ticket::State;

const CASE: &str = "KL-2026-000123";
const A_MINUTE: Duration = Duration::from_mins(1);
/// `PAYPAL_CALLS_PER_SECOND`, by default, for a minute.
const CALLS: u32 = 120;

/// A city that hears nothing from PayPal by itself.
async fn city() -> City {
    let city = City::new().await;
    city.standin.set_webhooks(WebhookMode::Off);
    city
}

/// All attempts that are due by then.
async fn open(city: &City, by: Timestamp) -> Vec<OpenWork> {
    let mut found = Vec::new();
    for shard in Store::open_shards() {
        found.extend(city.store.due_work(shard, by, 2_500).await.unwrap());
    }
    found
}

/// The one attempt that is open.
async fn the_open_one(city: &City) -> OpenWork {
    let [open] = <[_; 1]>::try_from(open(city, Timestamp::MAX).await).unwrap();
    open
}

fn due_at(open: &OpenWork) -> Timestamp {
    open.due_at().parse().unwrap()
}

fn asked(city: &City) -> u64 {
    city.standin.books().count("get_order")
}

fn calls(city: &City) -> u64 {
    city.standin.in_books(|books| books.calls.values().sum())
}

/// So many drivers press the button and are not seen again, `apart` from each other.
async fn abandon(city: &City, number: u32, apart: Duration) {
    for driver in 0..number {
        let token = city.issue(&format!("KL-AWAY-{driver:05}")).await;
        assert_eq!(city.press_pay(&token).await.status, 303);
        city.later(apart);
    }
}

/// The driver approves and is sent back; PayPal makes the capture and nobody hears
/// of it: the ticket stays locked.
async fn capture_unheard(city: &City, case: &str) {
    let token = city.issue(case).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    let lost = Fault::once(On::Capture, FaultKind::NoAnswerAfterEffect);
    city.standin.set_fault(lost).unwrap();
    assert_eq!(city.come_back(&back).await.state, "processing");
    assert!(city.case_file(case).await.ticket.lock().is_some());
}

async fn is_paid(city: &City, case: &str) -> bool {
    matches!(city.case_file(case).await.ticket.state, State::Paid { .. })
}

#[tokio::test]
async fn a_lock_makes_its_attempt_due_when_the_lease_ends() {
    let city = city().await;
    let began = city.now();
    // Asked about once: due again only in a quarter of an hour.
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    city.later(A_MINUTE);
    assert_eq!(city.sweep().await.looked_at, 1);
    assert!(due_at(&the_open_one(&city).await) > began + 10 * A_MINUTE);

    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    let lost = Fault::once(On::Capture, FaultKind::NoAnswerAfterEffect);
    city.standin.set_fault(lost).unwrap();
    assert_eq!(city.come_back(&back).await.state, "processing");
    let ticket = city.case_file(CASE).await.ticket;
    let lock = ticket.lock().unwrap();
    let open = the_open_one(&city).await;
    assert_eq!((open.queue, due_at(&open)), (Queue::Likely, lock.until));

    city.later(A_MINUTE);
    assert_eq!(city.sweep().await.looked_at, 1);
    assert!(is_paid(&city, CASE).await);
    assert_eq!(city.money_moved(), 1);
}

#[tokio::test]
async fn a_driver_who_came_back_while_paypal_was_silent_waits_behind_nobody_who_left() {
    let city = city().await;
    abandon(&city, CALLS + 20, Duration::ZERO).await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    let mut silent = Fault::once(On::GetOrder, FaultKind::NoAnswer);
    silent.times = 2;
    city.standin.set_fault(silent).unwrap();
    city.come_back(&back).await;
    let due = |open: &OpenWork| (open.queue == Queue::Likely).then(|| due_at(open));
    let all = open(&city, Timestamp::MAX).await;
    let likely: Vec<_> = all.iter().filter_map(due).collect();
    assert_eq!(likely, [city.now() + A_MINUTE]);
    // Somebody reloads the page: its turn comes no later for that.
    city.later(A_MINUTE / 2);
    city.come_back(&back).await;
    let all = open(&city, Timestamp::MAX).await;
    assert_eq!(all.iter().filter_map(due).collect::<Vec<_>>(), likely);

    city.standin.clear_faults();
    city.later(A_MINUTE / 2);
    let sweep = city.sweep().await;
    assert!(is_paid(&city, CASE).await);
    assert!(sweep.left >= 20, "{sweep:?}");
}

#[tokio::test]
async fn a_driver_who_came_back_without_approving_waits_with_the_others_again() {
    let city = city().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Cancels).unwrap();
    let order_id = city.standin.books().orders[0].id.clone();
    city.result(&back.attempt, "driver-returns-without-approving", &order_id)
        .await;
    assert_eq!(the_open_one(&city).await.queue, Queue::Likely);
    city.later(A_MINUTE);
    assert_eq!(city.sweep().await.looked_at, 1);
    let open = the_open_one(&city).await;
    assert_eq!(open.queue, Queue::Others);
    assert!(due_at(&open) > city.now() + 10 * A_MINUTE);
}

#[tokio::test]
async fn a_sweep_makes_no_more_calls_than_the_minute_has() {
    let city = City::with(|vars| {
        vars.insert("PAYPAL_CALLS_PER_SECOND", "1".to_owned());
    })
    .await;
    city.standin.set_webhooks(WebhookMode::Off);
    abandon(&city, 70, Duration::ZERO).await;
    city.later(A_MINUTE);
    let before = calls(&city);
    let sweep = city.sweep().await;
    assert_eq!((sweep.looked_at, sweep.left), (60, 10));
    assert_eq!(calls(&city) - before, 60);
    city.later(A_MINUTE);
    assert_eq!(city.sweep().await.looked_at, 10);
}

#[tokio::test]
async fn every_due_attempt_is_looked_at_before_any_is_looked_at_twice() {
    let city = City::with(|vars| {
        vars.insert("PAYPAL_CALLS_PER_SECOND", "1".to_owned());
    })
    .await;
    city.standin.set_webhooks(WebhookMode::Off);
    // More than a quarter of an hour's calls: the first are due again before the last
    // had their turn. And all of them in three shards.
    abandoned_alike(&city, 15 * 60, 3).await;
    let mut looked_at = BTreeSet::new();
    let mut before = waiting(&city).await;
    for minute in 1..=15 {
        city.later(A_MINUTE);
        let sweep = city.sweep().await;
        assert_eq!((sweep.looked_at, sweep.failed), (60, 0), "minute {minute}");
        let after = waiting(&city).await;
        for (id, due_at) in &after {
            if before[id] != *due_at {
                let is_new = looked_at.insert(id.clone());
                assert!(is_new, "minute {minute}: looked at twice");
            }
        }
        before = after;
    }
    assert_eq!(looked_at.len(), 15 * 60);
}

#[tokio::test]
async fn ten_thousand_open_attempts_cost_a_driver_nothing_whose_lease_has_ended() {
    let city = city().await;
    abandoned_alike(&city, 10_000, SHARDS.into()).await;
    city.later(A_MINUTE);
    capture_unheard(&city, CASE).await;
    city.later(A_MINUTE);
    let began = calls(&city);
    let sweep = city.sweep().await;
    assert!(is_paid(&city, CASE).await);
    assert_eq!(city.money_moved(), 1);
    assert_eq!(sweep.looked_at, CALLS);
    assert!(calls(&city) - began <= CALLS.into());
}

#[tokio::test]
async fn likely_ones_leave_every_fifth_look_to_the_others() {
    let city = City::with(|vars| {
        vars.insert("PAYPAL_CALLS_PER_SECOND", "1".to_owned());
    })
    .await;
    city.standin.set_webhooks(WebhookMode::Off);
    abandon(&city, 1, Duration::ZERO).await;
    let one = the_open_one(&city).await.id;
    let began = city.now();
    let in_queue = |number| if number < 80 { "LIKELY" } else { "OPEN" };
    city.copy_attempt(&one, 119, |number| {
        // The likely ones have waited longer, too.
        let due_at = began + Duration::from_secs(number.into()) / 2;
        (
            format!("{}#{:02}", in_queue(number), number % u32::from(SHARDS)),
            due_at,
        )
    })
    .await;
    let others = async |city: &City| {
        let due = open(city, began + A_MINUTE).await.into_iter();
        due.filter(|open| open.queue == Queue::Others).count()
    };
    assert_eq!(others(&city).await, 39);
    city.later(A_MINUTE);
    assert_eq!(city.sweep().await.looked_at, 60);
    assert_eq!(others(&city).await, 39 - 60 / 5);
}

#[tokio::test]
async fn a_429_stops_the_sweep_and_the_next_ones_are_silent_as_long_as_it_says() {
    let city = city().await;
    abandon(&city, 30, Duration::ZERO).await;
    city.later(A_MINUTE);
    let mut blocked = Fault::once(On::Any, FaultKind::RateLimit);
    blocked.times = 1_000;
    blocked.seconds = Some(150);
    city.standin.set_fault(blocked).unwrap();
    let sweep = city.sweep().await;
    assert_eq!((asked(&city), sweep.unclear, sweep.left), (1, 1, 29));
    city.standin.clear_faults();
    for minute in 1..=2 {
        city.later(A_MINUTE);
        city.sweep().await;
        assert_eq!(asked(&city), 1, "{minute} minutes later");
    }
    city.later(A_MINUTE);
    let sweep = city.sweep().await;
    // The one that was refused is due again by now, too.
    assert_eq!((asked(&city), sweep.looked_at, sweep.left), (31, 30, 0));
}

#[tokio::test]
async fn a_429_without_a_time_stops_the_sweep_until_the_next_one_tries_again() {
    let city = city().await;
    abandon(&city, 30, Duration::ZERO).await;
    city.later(A_MINUTE);
    assert_eq!(city.sweep().await.looked_at, 30);
    city.later(20 * A_MINUTE);
    city.standin
        .set_fault(Fault::once(On::GetOrder, FaultKind::RateLimit))
        .unwrap();
    let sweep = city.sweep().await;
    assert_eq!(sweep.unclear, 1);
    assert!(sweep.looked_at <= 4 && sweep.left >= 26, "{sweep:?}");
    city.later(A_MINUTE);
    assert_eq!(city.sweep().await.left, 0);
}

#[tokio::test]
async fn an_address_that_is_blocked_is_hardly_used_until_it_is_free_again() {
    let city = city().await;
    abandoned_alike(&city, 90, SHARDS.into()).await;
    city.behave(|it| {
        it.rate_per_min_ip = 50;
        it.block_s = 300;
    });
    city.later(A_MINUTE);
    let first = city.sweep().await;
    // Those that were under way when the first was refused may be refused as well.
    assert!((45..=50).contains(&first.known), "{first:?}");
    let side_by_side = u32::try_from(SIDE_BY_SIDE).unwrap();
    assert!((1..=side_by_side).contains(&first.unclear), "{first:?}");
    for minute in 1..=5 {
        let before = calls(&city);
        city.later(A_MINUTE);
        city.sweep().await;
        assert!(calls(&city) - before <= 1, "{minute} minutes later");
    }
    let mut left = first.left;
    for _ in 0..5 {
        city.later(A_MINUTE);
        left = city.sweep().await.left;
    }
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_driver_who_chose_another_card_and_left_is_captured_within_a_quarter_of_an_hour() {
    for (update_time, paid) in [
        // Where PayPal's clock tells nothing, nobody knows which card it is.
        (UpdateTime::Frozen, false),
        (UpdateTime::Absent, false),
        (UpdateTime::default(), true),
    ] {
        let city = city().await;
        city.behave(|it| it.update_time = update_time);
        let token = city.issue(CASE).await;
        let checkout = city.press_pay(&token).await;
        city.later(Duration::from_secs(20));
        let back = city.at_paypal(&checkout, Payer::Declines).unwrap();
        let declined = city.come_back(&back).await;
        assert_eq!(declined.attempt.as_deref(), Some("declined"));
        city.later(A_MINUTE);
        city.sweep().await;
        let again = city.try_again(&back.attempt).await;
        city.later(A_MINUTE);
        city.at_paypal(&again, Payer::ClosesWindow);
        for _ in 0..15 {
            city.later(A_MINUTE);
            city.sweep().await;
        }
        assert_eq!(is_paid(&city, CASE).await, paid, "{update_time:?}");
        assert_eq!(city.money_moved(), usize::from(paid), "{update_time:?}");
    }
}

#[tokio::test]
async fn an_outage_costs_a_sweep_one_call_and_afterwards_all_is_settled_within_a_quarter_of_an_hour()
 {
    let city = city().await;
    for driver in 0..6 {
        let token = city.issue(&format!("KL-DOWN-{driver:05}")).await;
        let checkout = city.press_pay(&token).await;
        city.at_paypal(&checkout, Payer::ClosesWindow);
    }
    let mut down = Fault::once(On::Any, FaultKind::NoAnswer);
    down.times = 1_000;
    city.standin.set_fault(down).unwrap();
    for minute in 1..=60 {
        let before = calls(&city);
        city.later(A_MINUTE);
        city.sweep().await;
        assert!(calls(&city) - before <= 1, "minute {minute}");
    }
    city.standin.clear_faults();
    for _ in 0..15 {
        city.later(A_MINUTE);
        city.sweep().await;
    }
    assert_eq!(city.money_moved(), 6);
    assert_eq!(open(&city, Timestamp::MAX).await, []);
}

#[tokio::test]
async fn credentials_that_are_refused_put_nobody_off_who_was_not_asked_about() {
    let city = city().await;
    for driver in 0..6 {
        let token = city.issue(&format!("KL-SHUT-{driver:05}")).await;
        let checkout = city.press_pay(&token).await;
        city.at_paypal(&checkout, Payer::ClosesWindow);
    }
    city.behave(|it| it.invalid_client = true);
    city.standin.revoke_tokens();
    for _ in 0..20 {
        city.later(A_MINUTE);
        assert!(city.sweep().await.looked_at <= 1);
    }
    city.behave(|it| it.invalid_client = false);
    for _ in 0..15 {
        city.later(A_MINUTE);
        city.sweep().await;
    }
    assert_eq!(city.money_moved(), 6);
}

#[tokio::test]
async fn who_has_approved_while_captures_were_closed_is_captured_soon_after_they_open() {
    let mut city = city().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    city.set_captures(Captures::Closed).await;
    city.at_paypal(&checkout, Payer::ClosesWindow);
    for _ in 0..15 {
        city.later(A_MINUTE);
        city.sweep().await;
    }
    assert_eq!(the_open_one(&city).await.queue, Queue::Likely);
    city.set_captures(Captures::Open).await;
    for _ in 0..4 {
        city.later(A_MINUTE);
        city.sweep().await;
    }
    assert!(is_paid(&city, CASE).await);
}

#[tokio::test]
async fn what_the_index_names_and_nobody_can_read_is_put_off_and_stops_nothing() {
    let city = city().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    city.at_paypal(&checkout, Payer::ClosesWindow);
    for id in ["aaaaaaaaaaaaaaaaaaaaaaaaaa", "not an id of ours"] {
        city.spoil_index(id, "OPEN#00", city.now()).await;
    }
    city.later(A_MINUTE);
    let sweep = city.sweep().await;
    assert_eq!((sweep.looked_at, sweep.failed), (1, 2));
    assert!(is_paid(&city, CASE).await);
    let left = open(&city, Timestamp::MAX).await;
    let due: Vec<_> = left.iter().map(due_at).collect();
    assert_eq!(due, [city.now() + 60 * A_MINUTE; 2]);
}

#[tokio::test]
async fn an_abandoned_checkout_is_asked_about_at_most_25_times_in_its_life() {
    let city = city().await;
    abandon(&city, 1, Duration::ZERO).await;
    let mut looks = 0;
    while let [open] = &open(&city, Timestamp::MAX).await[..] {
        let wait = due_at(open).duration_since(city.now());
        city.later(wait.try_into().unwrap());
        assert_eq!(city.sweep().await.looked_at, 1);
        looks += 1;
        assert!(looks <= 25);
    }
    assert!(asked(&city) <= 25);
}

#[tokio::test]
async fn by_hand_all_open_attempts_are_asked_about_whatever_the_minute_has() {
    let city = City::with(|vars| {
        vars.insert("PAYPAL_CALLS_PER_SECOND", "1".to_owned());
    })
    .await;
    abandoned_alike(&city, 150, 2).await;
    let sweep = city.sweep_over(Scope::All).await;
    assert_eq!((sweep.looked_at, sweep.left), (150, 0));
    assert_eq!(city.sweep_over(Scope::All).await.looked_at, 150);
}

/// Until when each waits.
async fn waiting(city: &City) -> BTreeMap<String, String> {
    let all = open(city, Timestamp::MAX).await.into_iter();
    all.map(|open| (open.id.clone(), open.due_at().to_owned()))
        .collect()
}

/// So many attempts like that of one driver who has pressed the button and left, in
/// so many shards, due within a minute.
async fn abandoned_alike(city: &City, number: u32, shards: u32) {
    abandon(city, 1, Duration::ZERO).await;
    let one = the_open_one(city).await.id;
    let began = city.now();
    city.copy_attempt(&one, number - 1, |number| {
        let due_at = began + Duration::from_secs((number % 60).into());
        (format!("OPEN#{:02}", number % shards), due_at)
    })
    .await;
}
