//! The sweep's own rules, over a street full of abandoned checkouts.

use std::time::Duration;

use jiff::Timestamp;
use paypal::Traffic;
use store::{Attempt, AttemptState, PlacedOrder, Queue};
use ticket::{AttemptId, Cents, Language};

use super::order::likely_first;
use super::pace::Pace;
use super::schedule::{Slot, next_look};

fn begun_at(created_at: Timestamp) -> Attempt {
    Attempt {
        id: AttemptId::from_random(1),
        case_number: "KL-2026-000123".parse().unwrap(),
        version: 1,
        amount: Cents::new(3_000),
        language: Language::De,
        invoice_id: String::new(),
        client_id: String::new(),
        created_at,
        order: Some(PlacedOrder {
            id: "5O190127TN364715T".parse().unwrap(),
            approve_url: String::new(),
        }),
        refusals: 0,
        approved_at: None,
        returned_at: None,
        silent_since: None,
        decline: None,
        state: AttemptState::Live,
    }
}

/// One that waits.
struct Waits {
    attempt: Attempt,
    next: Slot,
    looks: u32,
}

/// An hour and a half of sweeps, by their own rules for order, budget and time,
/// over a street full of abandoned checkouts; each look is one call.
#[test]
fn ten_thousand_are_all_looked_at_within_ninety_sweeps_and_none_twice_before() {
    let order_life = Duration::from_hours(12);
    let began: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
    let waits = |queue, second: u64| Waits {
        attempt: begun_at(began),
        next: Slot {
            queue,
            at: began + Duration::from_secs(second),
        },
        looks: 0,
    };
    let mut street: Vec<Waits> = (0..10_000)
        .map(|number| waits(Queue::Others, number % 60))
        .collect();
    // And one whose lock's lease ends after all of these were due, and one that is
    // new.
    let returned = street.len();
    street.push(waits(Queue::Likely, 60));
    street.push(waits(Queue::New, 60));
    let pace = Pace::from_vars(&|_| None).unwrap();
    let mut traffic = Traffic::default();
    for sweep in 1..=90_u32 {
        let now = began + Duration::from_mins(sweep.into());
        let turn = pace.begin(now, traffic).unwrap();
        let of = |queue| {
            let mut due: Vec<usize> = (0..street.len())
                .filter(|place| {
                    let next = street[*place].next;
                    next.queue == queue && next.at <= now
                })
                .collect();
            due.sort_by_key(|place| street[*place].next.at);
            due
        };
        let due = likely_first(of(Queue::Likely), of(Queue::New), of(Queue::Others));
        for place in due.into_iter().take_while(|_| {
            let may = turn.lets_in(traffic, 0);
            traffic.calls += u64::from(may);
            traffic.answered += u64::from(may);
            may
        }) {
            let one = &mut street[place];
            one.next = next_look(&one.attempt, Queue::Others, now, order_life);
            one.looks += 1;
        }
        pace.end(&turn, now, traffic);
        let first = &street[returned..];
        assert!(first.iter().all(|one| one.looks > 0), "sweep {sweep}");
        assert!(traffic.calls <= u64::from(sweep) * 120, "sweep {sweep}");
        let mut looks = street[..returned].iter().map(|one| one.looks);
        if looks.clone().any(|looks| looks > 1) {
            assert!(looks.all(|looks| looks > 0), "sweep {sweep}");
        }
    }
    assert!(street.iter().all(|one| one.looks > 0));
}
