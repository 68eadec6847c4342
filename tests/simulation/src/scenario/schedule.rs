//! The schedule, which goes on when the people of a story have gone.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;
use settle::sweep::Scope;

use super::{A_MINUTE, AN_HOUR};
use crate::laws::{self, BookingDelay};
use crate::world::World;

/// The schedule: a sweep a minute; after the story a few more, then one when
/// every order has expired.
pub(super) async fn schedule(world: Rc<World>, actors_left: Rc<Cell<usize>>) {
    while actors_left.get() > 0 {
        // By chance it is late.
        let late = world.choices.borrow_mut().one_of_by_chance(6);
        world.pause(A_MINUTE * (1 + late)).await;
        sweep(&world).await;
    }
    world.calm.set(true);
    // Where nothing can be settled nobody is asked to.
    if world.is_out_of_its_senses() {
        for _ in 0..MINUTES_OUT_OF_ITS_SENSES {
            world.pause(A_MINUTE).await;
            sweep(&world).await;
        }
        world.comes_to_its_senses();
    }
    settle_what_is_due(&world).await;
    let ended = world.now();
    // Of a try that nobody knows the end of, a read says more once none lags any more.
    for _ in 0..LOOKS_AT_LOCKS {
        if laws::locks_left(&world) > 0 {
            world.pause(LAST_LOOKS).await;
            sweep(&world).await;
        }
    }
    world.pause(world.order_life()).await;
    let in_time = world.order_life()
        + AN_HOUR
        + CALLS_TAKE * u32::try_from(laws::attempts_left(&world)).unwrap_or(u32::MAX);
    let has_just_failed = || {
        let fault = world.history.borrow().last_fault_at;
        fault.is_some_and(|at| is_within(&world, at, AN_HOUR / 2))
    };
    let is_in_time = || is_within(&world, ended, in_time) || has_just_failed();
    while laws::attempts_left(&world) > 0 && is_in_time() {
        sweep(&world).await;
        // Where there are many, each sweep looks at a few.
        let are_many = laws::attempts_left(&world) > MANY;
        world
            .pause(if are_many { A_MINUTE } else { LAST_LOOKS })
            .await;
    }
    for _ in 0..NIGHTS {
        if laws::locks_left(&world) == 0 {
            break;
        }
        world.pause(AN_HOUR * 24).await;
        world.night().await;
        sweep(&world).await;
        // Who stood behind such a lock is looked at once more where that has failed.
        while laws::attempts_left(&world) > 0 && has_just_failed() {
            world.pause(LAST_LOOKS).await;
            sweep(&world).await;
        }
    }
    laws::attempts_are_over(&world);
    // What is to be given back is asked for every ten minutes.
    for _ in 0..LOOKS_AT_REFUNDS {
        if laws::refunds_left(&world) == 0 {
            break;
        }
        world.pause(LAST_LOOKS + A_MINUTE).await;
        sweep(&world).await;
    }
    // Nothing is settled by whom PayPal holds back: it is asked about each hour.
    for _ in 0..HELD_BACK_HOURS_MAX {
        if laws::attempts_left(&world) + laws::refunds_left(&world) == 0 {
            break;
        }
        world.pause(AN_HOUR * 8).await;
        sweep(&world).await;
    }
    // What PayPal repeats must come to its end, too.
    let waiting = || world.standin.next_delivery_at().is_some() || world.on_the_way.get() > 0;
    while !world.no_postman.get() && waiting() {
        world.pause(A_MINUTE).await;
    }
    world.over.set(true);
}

/// For so long nothing can be settled, after everybody has gone.
const MINUTES_OUT_OF_ITS_SENSES: u32 = 30;
/// How often a lock that still stands is looked at, before its order's life is over.
const LOOKS_AT_LOCKS: u32 = 3;
/// How often a refund is looked at that PayPal has not said anything about.
const LOOKS_AT_REFUNDS: u32 = 12;
/// How long a lock waits for PayPal's own books: those of two days later.
const NIGHTS: u32 = 3;
/// How often what is over by now is looked at.
const LAST_LOOKS: Duration = Duration::from_mins(10);
const MANY: usize = 20;
/// At 2 calls a second.
const CALLS_TAKE: Duration = Duration::from_millis(500);
/// How often what PayPal holds back is waited for.
const HELD_BACK_HOURS_MAX: u32 = 4;

fn is_within(world: &World, since: Timestamp, most: Duration) -> bool {
    Duration::try_from(world.now().duration_since(since)).is_ok_and(|it| it <= most)
}

/// L2: what was paid is settled within so many minutes,
const MINUTES_MAX: i64 = 15;
/// where the payer approved long after pressing, within so many,
const LATE_MINUTES_MAX: i64 = 30;
/// after six hours, where the account allows it, within a sixth of the order's age, or
/// half as much again before the last look,
const VERY_LATE_MINUTES_MAX: i64 = 130;
/// and what PayPal held back within an hour more, however the look fails that
/// comes first.
const HELD_BACK_MINUTES_MAX: i64 = 60 + MINUTES_MAX;
/// How late PayPal itself may be by habit.
const LAG_MINUTES_MAX: i64 = 10;

/// L2: sweeps each minute, until all that was paid is booked.
async fn settle_what_is_due(world: &Rc<World>) {
    let ended = world.now();
    loop {
        if settled_or_late(world, ended) {
            return;
        }
        world.pause(A_MINUTE).await;
        sweep(world).await;
    }
}

/// A minute has passed. Where nothing is due a sweep reads empty partitions
/// and writes nothing: many calls, which would say nothing new.
async fn sweep(world: &World) {
    laws::note_locks(world);
    if !world.no_schedule.get() && world.engine.borrow().is_any_due(world.now()) {
        world.sweep(Scope::Due).await;
    }
}

/// Whether nobody need wait any longer; L2 is looked at on the way.
fn settled_or_late(world: &World, ended: Timestamp) -> bool {
    let waits = laws::what_was_paid(world);
    let minutes_max = match waits {
        // What PayPal alone can say comes in its own time.
        BookingDelay::NoLonger | BookingDelay::AnAnswer => return true,
        BookingDelay::Minutes => MINUTES_MAX,
        BookingDelay::HalfAnHour => LATE_MINUTES_MAX,
        BookingDelay::AShareOfItsAge => VERY_LATE_MINUTES_MAX,
        BookingDelay::AnHour => HELD_BACK_MINUTES_MAX,
    };
    let mut history = world.history.borrow_mut();
    let quiet_since = history.last_fault_at.map_or(ended, |at| at.max(ended));
    let minutes = world.now().duration_since(quiet_since).as_mins();
    // What PayPal has said or shown late is settled late.
    let lag = i64::from(!world.habits.borrow().is_empty()) * LAG_MINUTES_MAX;
    let late = minutes > minutes_max + lag;
    history.law("L2", !late, || {
        let what = laws::locks_and_captures(world);
        format!("{minutes} minutes after the last fault not all that was paid is booked: {what}")
    });
    late
}
