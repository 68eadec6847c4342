//! When an open attempt is looked at next, and in which queue it waits till then.
//!
//! Most checkouts are abandoned, and each look costs a call; but whoever approves
//! and never comes back must not wait long (L2: a quarter of an hour, later half an
//! hour). Looks at a checkout of which nothing is known, in minutes of its age:
//!
//! ```text
//! 1 14 27 … 92 105 │ 133 161 … 357 385 │ 449 524 611 705 │ 750
//! every 13         │ every 28          │ + a sixth       │ its order's life is over
//! ```
//!
//! 24 looks in all, where an order lives for 12 hours. PayPal lets a payer approve
//! for 6 of them; what is approved later (by an account with a longer life) waits for
//! up to a sixth of its age.

use std::time::Duration;

use jiff::Timestamp;
use store::{Attempt, AttemptState, Queue};

use crate::awaiting::approval_shown_by;
use crate::limits::{
    APPROVAL_EARLY, APPROVAL_WINDOW, CHOOSING, LOOK_BEFORE_END, LOOK_EARLY, LOOK_LATER,
    LOOK_PENDING, LOOK_SHARE, LOOK_SOON_MAX, LOOK_SOON_SHARE, LOOK_YOUNG, ORDER_OVER_AFTER, age,
    later,
};
use crate::{Progress, Settled};

/// Where an open attempt waits, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    /// The queue.
    pub(super) queue: Queue,
    /// When it is due.
    pub(super) at: Timestamp,
}

/// Where an attempt waits that is about to be looked at: should the look never end,
/// this is when somebody tries again.
#[must_use]
pub(super) fn next_look(
    attempt: &Attempt,
    queue: Queue,
    now: Timestamp,
    order_life: Duration,
) -> Slot {
    let age = age(attempt, now);
    let (queue, wait) = match queue {
        Queue::Likely | Queue::New | Queue::Others | Queue::Refunds if is_held_back(attempt) => {
            (Queue::Likely, LOOK_PENDING)
        }
        Queue::Likely => (Queue::Likely, soon(age)),
        // Whoever was placing the order is done soon, or dead: no call is needed.
        Queue::New | Queue::Others | Queue::Refunds if attempt.order.is_none() => {
            (Queue::Others, soon(age))
        }
        Queue::New | Queue::Others | Queue::Refunds => (Queue::Others, patient(age, order_life)),
    };
    Slot {
        queue,
        at: later(now, wait),
    }
}

/// Where an attempt waits that was looked at; `None` where it stays as it was put off.
/// It came `from` this queue; there is nothing `settled` where the table did not answer
/// or the look took too long.
#[must_use]
pub(super) fn after_look(
    before: &Attempt,
    from: Queue,
    put_off: Slot,
    settled: Option<&Settled>,
    now: Timestamp,
    order_life: Duration,
) -> Option<Slot> {
    // The look that was due has brought nothing, and must not cost a payer the time
    // until the next one.
    let asked_again = Slot {
        queue: match from {
            Queue::New => from,
            Queue::Likely | Queue::Others | Queue::Refunds => put_off.queue,
        },
        at: later(now, soon(age(before, now))),
    };
    let Some(settled) = settled else {
        return Some(asked_again);
    };
    if settled.attempt.state.is_final() {
        return None;
    }
    // A card was refused, and another one may have been chosen since.
    if settled.progress != Progress::Unclear
        && let Some(at) = chosen_at(before, &settled.attempt, now)
    {
        return Some(Slot {
            queue: Queue::Likely,
            at,
        });
    }
    // An approval that is not shown yet must be by then.
    let asked_again = Slot {
        at: approval_shown_by(&settled.attempt, now)
            .map_or(asked_again.at, |shown_by| shown_by.min(asked_again.at)),
        ..asked_again
    };
    match settled.progress {
        Progress::Unclear => Some(match locked_until(settled, now) {
            // Approved perhaps, and kept out: its turn comes when the lock ends.
            Some(until) => Slot {
                queue: Queue::Likely,
                at: until,
            },
            // Approved, and nobody may capture just now: soon perhaps somebody may.
            None if awaits_money(settled) => Slot {
                queue: Queue::Likely,
                at: asked_again.at,
            },
            // Not asked for want of a token, not answered, or with something that
            // nobody can read.
            None => asked_again,
        }),
        // Nothing is on its way after all: it waits with the others.
        Progress::Known | Progress::NotApproved
            if put_off.queue == Queue::Likely && !is_held_back(&settled.attempt) =>
        {
            Some(next_look(&settled.attempt, Queue::Others, now, order_life))
        }
        Progress::Known | Progress::NotApproved => None,
    }
}

fn awaits_money(settled: &Settled) -> bool {
    let awaits = settled.ticket.awaits.as_ref();
    awaits.is_some_and(|awaits| awaits.attempt == settled.attempt.id)
}

fn locked_until(settled: &Settled, now: Timestamp) -> Option<Timestamp> {
    let until = settled.ticket.lock()?.until;
    (until > now).then_some(until)
}

/// When it is known whether the payer of a refused order has approved anew: once a
/// change that was seen now is still the same, or the time to choose is over.
fn chosen_at(before: &Attempt, after: &Attempt, now: Timestamp) -> Option<Timestamp> {
    let decline = after.decline.as_ref().filter(|_| !is_held_back(after))?;
    let seen_before = before.decline.as_ref().and_then(|it| it.changed_again_at);
    if decline.changed_again_at.is_some() && decline.changed_again_at != seen_before {
        return Some(later(now, soon(age(before, now))));
    }
    let chosen = later(decline.pressed_at?, CHOOSING);
    (chosen > now).then_some(chosen)
}

fn is_held_back(attempt: &Attempt) -> bool {
    matches!(attempt.state, AttemptState::Pending { .. })
}

/// How long an attempt of which nothing is known is left alone.
fn patient(age: Duration, order_life: Duration) -> Duration {
    let until_last = order_life.saturating_sub(LOOK_BEFORE_END + age);
    if until_last.is_zero() {
        // Whatever keeps it open then is over soon, however the look fails that ends it.
        let over = order_life + ORDER_OVER_AFTER;
        return over.saturating_sub(age).max(LOOK_SOON_MAX);
    }
    let wait = if age < APPROVAL_EARLY {
        LOOK_EARLY
    } else {
        LOOK_LATER
    };
    if age < APPROVAL_WINDOW {
        return wait.min(until_last);
    }
    let wait = wait.max(age / LOOK_SHARE);
    // No two looks close to each other at the end.
    if wait + wait / 2 > until_last {
        until_last
    } else {
        wait
    }
}

/// How long one is left alone whose money is, or may be, under way: a share of its
/// age, so that none that stays unanswered takes the others' turns for ever.
fn soon(age: Duration) -> Duration {
    (age / LOOK_SOON_SHARE).clamp(LOOK_YOUNG, LOOK_SOON_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);
    /// A sweep begins each minute, and no look begins more than 35 s later.
    const SWEEP: Duration = Duration::from_secs(60 + 35);
    const HOURS_12: Duration = Duration::from_hours(12);
    /// What ends an attempt without a call.
    const OVER: Duration = ORDER_OVER_AFTER;

    /// The ages at which an abandoned checkout is looked at, each look so late.
    fn looks(order_life: Duration, late: Duration) -> Vec<Duration> {
        let mut looks = Vec::new();
        let mut age = LOOK_YOUNG + late;
        while looks.len() < 1_000 {
            looks.push(age);
            if age >= order_life + OVER {
                return looks;
            }
            age += patient(age, order_life) + late;
        }
        panic!("an abandoned checkout is looked at for ever: {looks:?}");
    }

    #[test]
    fn an_abandoned_checkout_costs_at_most_25_looks_in_its_life() {
        for hours in 6..=12 {
            for late_s in 0..=95 {
                let order_life = Duration::from_hours(hours);
                let looks = looks(order_life, Duration::from_secs(late_s));
                assert!(looks.len() <= 25, "{hours} h: {}", looks.len());
            }
        }
        assert_eq!(looks(HOURS_12, Duration::ZERO).len(), 24);
        // On request: no more often, and so later.
        assert_eq!(looks(Duration::from_hours(72), Duration::ZERO).len(), 36);
    }

    #[test]
    fn who_approves_is_seen_within_a_quarter_of_an_hour_and_later_within_half_an_hour() {
        for hours in [6, 7, 12, 24, 72] {
            let order_life = Duration::from_hours(hours);
            for late in [Duration::ZERO, MINUTE / 2, MINUTE] {
                let looks = looks(order_life, late);
                let window = APPROVAL_WINDOW.min(order_life.saturating_sub(LOOK_BEFORE_END));
                let mut approved = Duration::ZERO;
                while approved < window {
                    // Just missed by one look, and the next is as late as it can be.
                    let next = looks.iter().position(|look| *look > approved).unwrap();
                    let seen = match next {
                        0 => LOOK_YOUNG + SWEEP,
                        next => looks[next - 1] + patient(looks[next - 1], order_life) + SWEEP,
                    };
                    // Pressed as late as an order is given out again.
                    let most = if approved < APPROVAL_EARLY { 15 } else { 30 };
                    assert!(
                        seen <= approved + most * MINUTE,
                        "{hours} h: approved at {approved:?}, seen at {seen:?}"
                    );
                    approved += Duration::from_secs(10);
                }
            }
        }
    }

    #[test]
    fn the_last_look_is_a_quarter_of_an_hour_before_the_order_ends() {
        for hours in [6, 7, 12, 24, 72] {
            let order_life = Duration::from_hours(hours);
            let looks = looks(order_life, Duration::ZERO);
            let [.., last, end] = looks[..] else {
                panic!("{looks:?}")
            };
            assert_eq!(last + LOOK_BEFORE_END, order_life);
            assert_eq!(end, order_life + OVER);
        }
    }

    #[test]
    fn what_stays_unanswered_waits_longer_each_time_but_for_ten_minutes_at_most() {
        let mut age = Duration::ZERO;
        let mut last = Duration::ZERO;
        let mut looks = 0;
        while age < HOURS_12 {
            let wait = soon(age);
            assert!(wait >= last && (MINUTE..=10 * MINUTE).contains(&wait));
            last = wait;
            age += wait;
            looks += 1;
        }
        assert_eq!(last, 10 * MINUTE);
        assert!(looks < 100, "{looks}");
    }
}
