//! An hour in which PayPal answers nobody.

use std::rc::Rc;

use paypal_standin::{FaultKind, On, Payer};

use super::{A_MINUTE, AN_HOUR, Scenario, tell, without_webhooks};
use crate::history::Kind;
use crate::laws::{self, BookingDelay};
use crate::world::{Function, Work, World};

/// Nothing but the sweep is left to settle what was approved.
pub(crate) const OUTAGES: [Scenario; 1] = [Scenario {
    name: "paypal-is-down-for-an-hour",
    prepare: |world| {
        without_webhooks(world);
        for number in 1..TICKETS {
            let driver = world.issue(&format!("KL-DOWN-{number:04}"));
            world.drivers.borrow_mut().push(driver);
        }
    },
    begin: |world| tell(world, vec![is_down(world)]),
}];

const TICKETS: u32 = 10;
/// V4: so soon after it is back everything is settled,
const MINUTES_MAX: u32 = 15;
/// and no minute has more calls of the sweep than this: 2 a second.
const CALLS_A_MINUTE_MAX: u64 = 120;

fn is_down(world: &Rc<World>) -> Work {
    let world = Rc::clone(world);
    Box::pin(async move {
        let drivers = world.drivers.borrow().clone();
        for driver in drivers {
            if let Some(sent) = driver.presses().await {
                driver.decides(&sent, Payer::ClosesWindow).await;
            }
        }
        // First it answers wrongly, then not at all.
        for kind in [FaultKind::ServerError, FaultKind::NoAnswer] {
            world.under(On::Any, kind, world.pause(AN_HOUR / 2)).await;
        }
        let captured = world.standin.in_books(|books| books.captures.len());
        let mut minutes = 0;
        let mut most = 0;
        while minutes <= MINUTES_MAX && laws::what_was_paid(&world) != BookingDelay::NoLonger {
            let calls = || {
                let history = world.history.borrow();
                history.calls(Function::ReconcilePayments, Kind::PayPal)
            };
            let before = calls();
            world.pause(A_MINUTE).await;
            most = most.max(calls() - before);
            minutes += 1;
        }
        let mut history = world.history.borrow_mut();
        history
            .tell(|| format!("            settled after {minutes} minutes, {most} calls in one"));
        history.law("V4", minutes <= MINUTES_MAX, || {
            format!("{minutes} minutes after PayPal is back not all is settled")
        });
        history.law("V4", most <= CALLS_A_MINUTE_MAX, || {
            format!("the sweep asked PayPal {most} times in a minute")
        });
        if captured == 0 && minutes > 0 {
            history.sometimes("PayPal was down for an hour, and all was settled when it was back");
        }
    })
}
