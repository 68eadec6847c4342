//! Events of one case, delivered by hand: in every order, and with other things
//! in their bodies than PayPal wrote. All ways must come to the same end.

use std::cell::Cell;
use std::rc::Rc;

use paypal_standin::{Afterwards, Delivery, FaultKind, On, Payer};
use serde_json::Value;

use super::hostile::with_the_checksum_of;
use super::{A_MINUTE, Scenario, by_hand, driver, schedule};
use crate::world::World;

/// Every order of a case's events.
pub(crate) const ORDERS: [Scenario; 7] = [
    orders("orders-of-paid", |world| tell(world, PAID, in_any_order)),
    orders("orders-of-refunded", |world| {
        tell(world, REFUNDED, in_any_order);
    }),
    orders("orders-of-reversed", |world| {
        tell(world, REVERSED, in_any_order);
    }),
    orders("orders-of-disputed", |world| {
        tell(world, DISPUTED, in_any_order);
    }),
    orders("orders-of-disputed-then-reversed", |world| {
        tell(world, LOST, in_any_order);
    }),
    orders("orders-of-held-back-then-paid", |world| {
        tell(world, HELD_BACK, in_any_order);
    }),
    orders("orders-of-held-back-then-denied", |world| {
        tell(world, DENIED, in_any_order);
    }),
];

/// Every field but ids of each of a case's events.
pub(crate) const FORGERIES: [Scenario; 7] = [
    orders("forgeries-of-paid", |world| tell(world, PAID, one_forged)),
    orders("forgeries-of-refunded", |world| {
        tell(world, REFUNDED, one_forged);
    }),
    orders("forgeries-of-reversed", |world| {
        tell(world, REVERSED, one_forged);
    }),
    orders("forgeries-of-disputed", |world| {
        tell(world, DISPUTED, one_forged);
    }),
    orders("forgeries-of-disputed-then-reversed", |world| {
        tell(world, LOST, one_forged);
    }),
    orders("forgeries-of-held-back-then-paid", |world| {
        tell(world, HELD_BACK, one_forged);
    }),
    orders("forgeries-of-held-back-then-denied", |world| {
        tell(world, DENIED, one_forged);
    }),
];

const fn orders(name: &'static str, begin: fn(&Rc<World>)) -> Scenario {
    Scenario {
        name,
        prepare: by_hand,
        begin,
    }
}

/// What becomes of a payment before we hear of it.
#[derive(Clone, Copy)]
struct Case {
    capture: FaultKind,
    afterwards: &'static [Afterwards],
}

const fn captured(afterwards: &'static [Afterwards]) -> Case {
    // The answer is lost: the events are the first to tell us of the money.
    Case {
        capture: FaultKind::ServerErrorAfterEffect,
        afterwards,
    }
}

const PAID: Case = captured(&[]);
const REFUNDED: Case = captured(&[Afterwards::Refunded]);
const REVERSED: Case = captured(&[Afterwards::Reversed]);
const DISPUTED: Case = captured(&[Afterwards::Disputed]);
const LOST: Case = captured(&[Afterwards::Disputed, Afterwards::Reversed]);
const HELD_BACK: Case = Case {
    capture: FaultKind::Pending,
    afterwards: &[Afterwards::Completes],
};
const DENIED: Case = Case {
    capture: FaultKind::Pending,
    afterwards: &[Afterwards::Denied],
};

/// So many deliveries of a case are put in order: 120 ways.
const DELIVERIES_MAX: usize = 5;
/// How often what was not taken is looked for; PayPal repeats for three days.
const ROUNDS_MAX: u32 = 40;

/// The events of a case are made, then come as `arranged`; no sweep before, or
/// it would have settled what they tell of.
fn tell(world: &Rc<World>, case: Case, arranged: fn(&World, Vec<Delivery>) -> Vec<Delivery>) {
    let (driver, world) = (driver(world), Rc::clone(world));
    Rc::clone(&world).spawn(async move {
        let Some(sent) = driver.presses().await else {
            return;
        };
        let Some(back) = driver.decides(&sent, Payer::Pays).await else {
            return;
        };
        let returns = driver.returns(&back);
        world.under(On::Capture, case.capture, returns).await;
        // The lease of whoever captured must end, or nobody else looks.
        world.pause(A_MINUTE * 2).await;
        for what in case.afterwards {
            world.afterwards(*what).await;
            world.pause(A_MINUTE).await;
        }
        let made = world.standin.take_deliveries();
        for delivery in arranged(&world, made) {
            world.post(&delivery).await;
        }
        for _ in 0..ROUNDS_MAX {
            if world.standin.next_delivery_at().is_none() {
                break;
            }
            world
                .history
                .borrow_mut()
                .sometimes("an event of the case was sent again");
            world.pause(A_MINUTE).await;
            for delivery in world.standin.take_deliveries() {
                world.post(&delivery).await;
            }
        }
        schedule::schedule(Rc::clone(&world), Rc::new(Cell::new(0))).await;
    });
}

/// The newest events are given twice, then all of them are put in any order.
fn in_any_order(world: &World, made: Vec<Delivery>) -> Vec<Delivery> {
    let twice = made.iter().rev().cycle().cloned();
    let more = DELIVERIES_MAX.saturating_sub(made.len()).min(made.len());
    let mut left: Vec<Delivery> = twice.take(more).collect();
    left.splice(0..0, made);
    let mut choices = world.choices.borrow_mut();
    let mut order = Vec::new();
    while !left.is_empty() {
        order.push(left.remove(choices.one_of(left.len())));
    }
    order
}

/// What is changed in a body, and whether its own comes after it.
#[derive(Clone, Copy)]
enum Change {
    Nothing,
    /// Every text under a name that ends so.
    Texts(&'static str, &'static str),
    /// Its type: whoever asks about something else by it must still hear it.
    Type(&'static str),
}

const CHANGES: [Change; 14] = [
    Change::Nothing,
    Change::Texts("value", "0.01"),
    Change::Texts("currency_code", "USD"),
    Change::Texts("status", "COMPLETED"),
    Change::Texts("status", "DECLINED"),
    Change::Texts("status", "REFUNDED"),
    Change::Texts("merchant_id", "S0ME0NEELSE13"),
    Change::Texts("email_address", "else@example.com"),
    Change::Texts("_time", "2001-01-01T00:00:00Z"),
    Change::Texts("summary", "Everything is well"),
    Change::Texts("intent", "AUTHORIZE"),
    Change::Type("PAYMENT.CAPTURE.COMPLETED"),
    Change::Type("PAYMENT.CAPTURE.REFUNDED"),
    Change::Type("SOMETHING.ELSE"),
];

/// One of the events says something else; as PayPal signs it that is right.
fn one_forged(world: &World, made: Vec<Delivery>) -> Vec<Delivery> {
    let mut choices = world.choices.borrow_mut();
    let change = CHANGES[choices.one_of(CHANGES.len())];
    let which = choices.one_of(made.len());
    let mut arranged = Vec::new();
    for (place, delivery) in made.into_iter().enumerate() {
        if place != which {
            arranged.push(delivery);
            continue;
        }
        let mut history = world.history.borrow_mut();
        match change {
            Change::Nothing => arranged.push(delivery),
            Change::Texts(name, to) => {
                history.sometimes(format!("a forged webhook lied about {name}"));
                let lie = forged(&delivery, |body| replace(body, name, to));
                arranged.push(lie);
            }
            Change::Type(to) => {
                history.sometimes("a forged webhook lied about its type");
                let lie = forged(&delivery, |body| body["event_type"] = to.into());
                arranged.extend([lie, delivery]);
            }
        }
    }
    arranged
}

fn forged(genuine: &Delivery, change: impl FnOnce(&mut Value)) -> Delivery {
    let mut body: Value = serde_json::from_slice(&genuine.body).expect("JSON of PayPal's");
    change(&mut body);
    let mut forged = genuine.clone();
    forged.body = with_the_checksum_of(&genuine.body, &body.to_string());
    forged
}

fn replace(body: &mut Value, name: &str, to: &str) {
    match body {
        Value::Object(fields) => {
            for (its_name, field) in fields {
                if field.is_string() && its_name.ends_with(name) {
                    *field = to.into();
                } else {
                    replace(field, name, to);
                }
            }
        }
        Value::Array(elements) => {
            for element in elements {
                replace(element, name, to);
            }
        }
        _ => {}
    }
}
