//! V7: a street full of open attempts. Within an hour, or 2,000 an hour, so many
//! drivers press and go away; then one in a hundred comes, pays, and closes the window.
//! Nothing but the sweep is left to capture what they have approved.
//!
//! Beside it, in `crowd-on-a-bad-day`, PayPal lets calls hang and says that they
//! are too many, and one driver presses the button for the whole hour.

use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;
use paypal_standin::{FaultKind, On, Payer};
use settle::sweep::Scope;

use super::{A_MINUTE, AN_HOUR, Scenario, driver, tell, without_webhooks};
use crate::history::{Figures, Kind};
use crate::laws;
use crate::world::{Function, Work, World};

/// The crowds, by how many attempts are open.
pub(crate) const CROWDS: [Scenario; 5] = [
    crowd("crowd-10", prepare::<10>, begin::<10>),
    crowd("crowd-100", prepare::<100>, begin::<100>),
    crowd("crowd-1000", prepare::<1_000>, begin::<1_000>),
    crowd("crowd-2000", prepare::<2_000>, begin::<2_000>),
    crowd("crowd-10000", prepare::<10_000>, begin::<10_000>),
];

/// Crowds on a bad day.
pub(crate) const BAD_DAYS: [Scenario; 2] = [
    crowd("crowd-on-a-bad-day", prepare::<100>, |world| {
        tell(world, bad_day(world, MINUTES_MAX));
    }),
    crowd("crowd-2000-on-a-bad-day", prepare::<2_000>, |world| {
        tell(world, bad_day(world, MINUTES_MAX_OF_2000));
    }),
];

const fn crowd(name: &'static str, prepare: fn(&Rc<World>), begin: fn(&Rc<World>)) -> Scenario {
    Scenario {
        name,
        prepare,
        begin,
    }
}

/// One in so many comes to pay,
const PAYERS_ONE_IN: usize = 100;
/// but no more at one moment: these alone are 2 calls each, of a minute's 120.
const PAYERS_MAX: usize = 20;
/// V7: so soon every one of them is captured; what one sweep has begun, the next
/// goes on with.
const CAPTURED_WITHIN_S: i64 = 150;
/// V4: on a bad day so soon, after it,
const MINUTES_MAX: u32 = 15;
/// and where nobody has heard of 2,000, of whom a tenth has paid and closed the window,
/// as soon as 120 calls a minute come to their first looks.
const MINUTES_MAX_OF_2000: u32 = 30;
/// 2 calls a second, and what four looks that are under way may still ask: the next
/// sweep has so many less.
const CALLS_A_MINUTE_MAX: u64 = 120 + 4;
/// Who presses all the time does it so often.
const PRESSES_EACH: Duration = Duration::from_secs(8);

fn prepare<const OPEN: usize>(world: &Rc<World>) {
    without_webhooks(world);
    world.no_schedule.set(true);
    for number in 1..OPEN + OPEN.div_ceil(PAYERS_ONE_IN).min(PAYERS_MAX) {
        let driver = world.issue(&format!("KL-CROWD-{number:05}"));
        world.drivers.borrow_mut().push(driver);
    }
}

fn begin<const OPEN: usize>(world: &Rc<World>) {
    let world_of_it = Rc::clone(world);
    let come: Work = Box::pin(async move {
        let world = world_of_it;
        sweeps_each_minute(&world);
        everybody_presses(&world, OPEN).await;
        some_pay(&world, OPEN).await;
    });
    tell(world, vec![come]);
}

/// The schedule of `EventBridge`: a minute is a minute, whatever the last sweep does.
fn sweeps_each_minute(world: &Rc<World>) {
    let world = Rc::clone(world);
    Rc::clone(&world).spawn(async move {
        while world.no_schedule.get() {
            let its_world = Rc::clone(&world);
            world.spawn(async move {
                its_world.sweep(Scope::Due).await;
            });
            world.pause(A_MINUTE).await;
        }
    });
}

/// So many press in an hour at most: 2 calls a second are 7,200, one look each and a
/// fifth for those that were looked at before.
const AN_HOUR_MAX: usize = 2_000;

/// So many press, and go away.
async fn everybody_presses(world: &Rc<World>, open: usize) {
    let began = world.now();
    let drivers: Vec<_> = world.drivers.borrow().iter().take(open).cloned().collect();
    let hours = u32::try_from(open.div_ceil(AN_HOUR_MAX)).unwrap_or(1);
    for (number, driver) in drivers.into_iter().enumerate() {
        let at = (AN_HOUR * hours).mul_f64(share(number, open));
        let passed = Duration::try_from(world.now().duration_since(began)).unwrap_or_default();
        world.pause(at.saturating_sub(passed)).await;
        driver.presses().await;
    }
}

#[expect(clippy::float_arithmetic, reason = "a place in some hours, no money")]
fn share(number: usize, of: usize) -> f64 {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    let of = u32::try_from(of).unwrap_or(u32::MAX);
    f64::from(number) / f64::from(of)
}

/// The others come, pay and close the window; how long the last one waits.
async fn some_pay(world: &Rc<World>, open: usize) {
    let drivers: Vec<_> = world.drivers.borrow().iter().skip(open).cloned().collect();
    let payers = drivers.len();
    let calls = || {
        let history = world.history.borrow();
        history.calls(Function::ReconcilePayments, Kind::PayPal)
    };
    let looks = || world.looks.get();
    let (calls_before, looks_before) = (calls(), looks());
    let mut approved_at: Option<Timestamp> = None;
    for driver in drivers {
        if let Some(sent) = driver.presses().await {
            driver.decides(&sent, Payer::ClosesWindow).await;
            approved_at.get_or_insert_with(|| world.now());
        }
    }
    let (mut minutes, mut most, mut counted) = (0, 0, calls());
    let captured = || world.standin.in_books(|books| books.captures.len());
    let mut seconds = 0;
    while captured() < payers && minutes <= MINUTES_MAX * 4 {
        world.pause(Duration::from_secs(1)).await;
        seconds += 1;
        if seconds == 60 {
            (seconds, minutes) = (0, minutes + 1);
            most = most.max(calls() - counted);
            counted = calls();
        }
    }
    most = most.max(calls() - counted);
    let waited = approved_at.map_or(0, |at| world.now().duration_since(at).as_secs());
    let figures = Figures {
        open,
        looks: looks() - looks_before,
        calls: calls() - calls_before,
        calls_a_minute: most,
        last_captured_s: waited,
    };
    world.no_schedule.set(false);
    let mut history = world.history.borrow_mut();
    history.tell(|| format!("            {figures:?}"));
    history.figures.push(figures);
    history.law("V7", waited <= CAPTURED_WITHIN_S, || {
        format!("with {open} open attempts a payer waited for {waited} s")
    });
    history.law("V7", most <= CALLS_A_MINUTE_MAX, || {
        format!("the sweep asked PayPal {most} times in a minute")
    });
}

/// An hour in which PayPal lets calls hang, then calls them too many, and one
/// driver presses all the time.
fn bad_day(world: &Rc<World>, minutes_max: u32) -> Vec<Work> {
    let (restless, its_world) = (driver(world), Rc::clone(world));
    let presses: Work = Box::pin(async move {
        let began = its_world.now();
        let an_hour_on =
            |world: &World| world.now().duration_since(began) > jiff::SignedDuration::from_hours(1);
        while !an_hour_on(&its_world) {
            restless.presses().await;
            its_world.pause(PRESSES_EACH).await;
        }
    });
    let its_world = Rc::clone(world);
    let pays: Work = Box::pin(async move {
        let world = its_world;
        sweeps_each_minute(&world);
        let drivers: Vec<_> = world.drivers.borrow().iter().skip(1).cloned().collect();
        let mut sent = Vec::new();
        for driver in drivers {
            sent.push((driver.presses().await, driver));
        }
        for (number, (sent, driver)) in sent.into_iter().enumerate() {
            if let (0, Some(sent)) = (number % 10, sent) {
                driver.decides(&sent, Payer::ClosesWindow).await;
            }
        }
        for kind in [FaultKind::NoAnswer, FaultKind::RateLimit] {
            world.under(On::Any, kind, world.pause(A_MINUTE * 10)).await;
        }
        let mut minutes = 0;
        while minutes <= minutes_max && laws::what_was_paid(&world) != laws::BookingDelay::NoLonger
        {
            world.pause(A_MINUTE).await;
            minutes += 1;
        }
        world.no_schedule.set(false);
        let mut history = world.history.borrow_mut();
        history.law("V4", minutes <= minutes_max, || {
            format!("{minutes} minutes after a bad day not all is settled")
        });
    });
    vec![presses, pays]
}
