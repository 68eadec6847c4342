//! The schedule, which goes on when the people of a story have gone.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;
use reconcile_payments::Which;

use super::A_MINUTE;
use crate::laws::{self, Waits};
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
    settle_what_is_due(&world).await;
    for _ in 0..HOURS_MAX {
        if laws::attempts_left(&world) == 0 {
            break;
        }
        world.pause(ORDERS_ARE_DEAD).await;
        sweep(&world).await;
    }
    // What PayPal repeats must come to its end, too.
    let waiting = || world.standin.next_delivery_at().is_some() || world.on_the_way.get() > 0;
    while !world.no_postman.get() && waiting() {
        world.pause(A_MINUTE).await;
    }
    world.over.set(true);
}

/// How often the last attempts are waited for.
const HOURS_MAX: u32 = 4;
/// After this no order can be approved or captured any more.
const ORDERS_ARE_DEAD: Duration = Duration::from_hours(8);
/// L2: what was paid is settled within so many minutes,
const MINUTES_MAX: i64 = 15;
/// and what `PayPal` held back within an hour more, however the look fails that
/// comes first.
const HELD_BACK_MINUTES_MAX: i64 = 60 + MINUTES_MAX;

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

/// A minute has passed. Where nothing is due a sweep reads sixteen empty shards
/// and writes nothing: half of all calls, which would say nothing new.
async fn sweep(world: &World) {
    if world.engine.borrow().is_any_due(world.now()) {
        world.sweep(Which::Due).await;
    }
}

/// Whether nobody need wait any longer; L2 is looked at on the way.
fn settled_or_late(world: &World, ended: Timestamp) -> bool {
    let waits = laws::what_was_paid(world);
    let minutes_max = match waits {
        Waits::NoLonger => return true,
        Waits::Minutes => MINUTES_MAX,
        Waits::AnHour => HELD_BACK_MINUTES_MAX,
    };
    let mut history = world.history.borrow_mut();
    let quiet_since = history.last_fault_at.map_or(ended, |at| at.max(ended));
    let minutes = world.now().duration_since(quiet_since).as_mins();
    let late = minutes > minutes_max;
    history.law("L2", !late, || {
        let what = laws::locks_and_captures(world);
        format!("{minutes} minutes after the last fault not all that was paid is booked: {what}")
    });
    late
}
