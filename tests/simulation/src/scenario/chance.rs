//! People who do whatever the seed says.

use std::rc::Rc;
use std::time::Duration;

use paypal_standin::{Afterwards, Payer};
use ticket::Cents;

use super::{driver, with_webhooks};
use crate::actors::{Back, Driver};
use crate::office::{Wish, clerk};
use crate::world::{Work, World};

/// What a driver may do at most; then the phone's battery is empty.
const STEPS_MAX: u32 = 8;
/// The town of the long runs.
const TICKETS: usize = 50;
const PAYERS: usize = 200;
const CLERKS: usize = 3;
const DAYS: usize = 14;

/// One to three drivers with the same ticket, and what becomes of their money.
pub(super) fn payers(world: &Rc<World>) -> Vec<Work> {
    let payers = 1 + world.choices.borrow_mut().one_of(3);
    let mut actors: Vec<Work> = (0..payers)
        .map(|number| {
            let driver = driver(world);
            let driver = if number % 2 == 1 {
                driver.in_english()
            } else {
                driver
            };
            somebody(world, driver, Duration::ZERO)
        })
        .collect();
    if world.choices.borrow_mut().once_in(3) {
        actors.push(fate_of_captures(world));
    }
    if world.choices.borrow_mut().once_in(3) {
        actors.push(some_clerk(world, driver(world), Duration::ZERO));
    }
    actors
}

/// One or two drivers with each of so many tickets, who begin within seconds.
pub(super) fn payers_of(world: &Rc<World>, tickets: usize, within: usize) -> Vec<Work> {
    let mut actors = Vec::new();
    for ticket in 0..tickets {
        let more = world.choices.borrow_mut().one_of(2);
        for _ in 0..=more {
            let begins = some_seconds(world, within);
            let driver = world.drivers.borrow()[ticket].clone();
            actors.push(somebody(world, driver, begins));
        }
    }
    actors
}

/// Many tickets.
pub(super) fn town(world: &Rc<World>) {
    with_webhooks(world);
    for number in 1..TICKETS {
        let driver = world.issue(&format!("KL-TOWN-{number:04}"));
        world.drivers.borrow_mut().push(driver);
    }
}

/// Two weeks of them.
pub(super) fn townspeople(world: &Rc<World>) -> Vec<Work> {
    let mut actors: Vec<Work> = (0..PAYERS)
        .map(|_| {
            let ticket = world.choices.borrow_mut().one_of(TICKETS);
            let hours = world.choices.borrow_mut().one_of(DAYS * 24);
            let driver = world.drivers.borrow()[ticket].clone();
            let begins = Duration::from_hours(hours.try_into().expect("few"));
            somebody(world, driver, begins)
        })
        .collect();
    actors.extend((0..DAYS).map(|_| fate_of_captures(world)));
    actors.extend((0..CLERKS * DAYS).map(|number| {
        let ticket = world.choices.borrow_mut().one_of(TICKETS);
        let driver = world.drivers.borrow()[ticket].clone();
        let day = u64::try_from(number / CLERKS).expect("few");
        some_clerk(world, driver, Duration::from_hours(24 * day + 3))
    }));
    actors
}

/// A clerk wants something of the ticket.
fn some_clerk(world: &Rc<World>, driver: Driver, begins: Duration) -> Work {
    let world = Rc::clone(world);
    Box::pin(async move {
        world.pause(begins + some_seconds(&world, 200)).await;
        let wishes = [
            Wish::Cash,
            Wish::Cash,
            Wish::Transfer,
            Wish::Withdraw,
            Wish::Object,
            Wish::HandOver,
            Wish::Amount(Cents::new(2_500)),
        ];
        let taken = world.choices.borrow_mut().one_of(wishes.len());
        clerk(
            Rc::clone(&world),
            driver.case_number().clone(),
            wishes[taken],
        )
        .await;
    })
}

fn some_seconds(world: &World, most: usize) -> Duration {
    let seconds = world.choices.borrow_mut().one_of(most);
    Duration::from_secs(seconds.try_into().expect("few"))
}

fn somebody(world: &Rc<World>, driver: Driver, begins: Duration) -> Work {
    let world = Rc::clone(world);
    Box::pin(async move {
        world.pause(begins + some_seconds(&world, 90)).await;
        let mut back: Option<Back> = None;
        let mut sent = None;
        for _ in 0..STEPS_MAX {
            let step = world.choices.borrow_mut().one_of(9);
            match step {
                0 => drop(driver.opens().await),
                1 | 2 => sent = driver.presses().await.or(sent),
                3..=6 => {
                    let payer = match world.choices.borrow_mut().one_of(8) {
                        0 | 1 => Payer::Declines,
                        2 => Payer::Cancels,
                        3 => Payer::ClosesWindow,
                        _ => Payer::Pays,
                    };
                    if let Some(sent) = &sent
                        && let Some(leads) = driver.decides(sent, payer).await
                    {
                        if payer == Payer::Cancels {
                            driver.returns_cancelled(&leads).await;
                        } else {
                            driver.returns(&leads).await;
                        }
                        back = Some(leads);
                    }
                }
                7 => {
                    if let Some(back) = &back {
                        driver.returns(back).await;
                    }
                }
                _ => {
                    if let Some(back) = &back {
                        sent = driver.tries_again(&back.attempt).await.or(sent);
                    }
                }
            }
            let most = if world.choices.borrow_mut().once_in(10) {
                400
            } else {
                30
            };
            world.pause(some_seconds(&world, most)).await;
        }
    })
}

/// What a bank, a merchant or PayPal does with captures that were made.
fn fate_of_captures(world: &Rc<World>) -> Work {
    let world = Rc::clone(world);
    Box::pin(async move {
        world.pause(some_seconds(&world, 900)).await;
        let what = [
            Afterwards::Completes,
            Afterwards::Denied,
            Afterwards::Refunded,
            Afterwards::Reversed,
            Afterwards::Disputed,
            Afterwards::RefundedInPart(1_000),
            Afterwards::ReversedInPart(1_000),
            Afterwards::ChargedBack,
        ];
        let taken = world.choices.borrow_mut().one_of(what.len());
        world.afterwards(what[taken]).await;
    })
}
