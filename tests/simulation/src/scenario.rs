//! The stories: who does what, until nothing is left to do.

mod chance;
mod hostile;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use paypal_standin::{Afterwards, Fault, FaultKind, On, Payer, WebhookMode};
use reconcile_payments::Which;
use ticket::Cents;

use crate::actors::{Driver, postman};
use crate::laws;
use crate::office::{Wish, clerk};
use crate::world::{Work, World};

/// A story.
pub(crate) struct Scenario {
    /// Its name in plans.
    pub(crate) name: &'static str,
    /// Before anything may go wrong.
    pub(crate) prepare: fn(&Rc<World>),
    /// From then on.
    pub(crate) begin: fn(&Rc<World>),
}

/// What every story is about.
const CASE: &str = "KL-SIM-0001";

/// A driver reads and presses for about this long at `PayPal`.
const AT_PAYPAL: Duration = Duration::from_secs(20);
const A_MINUTE: Duration = Duration::from_mins(1);
const AN_HOUR: Duration = Duration::from_hours(1);

/// The stories of one ticket, each small enough for every fault at every call.
pub(crate) const STORIES: [Scenario; 22] = [
    Scenario {
        name: "pays-and-returns",
        prepare: with_webhooks,
        begin: |world| tell(world, vec![pays(world, Payer::Pays)]),
    },
    Scenario {
        name: "closes-the-window",
        prepare: with_webhooks,
        begin: |world| tell(world, vec![pays(world, Payer::ClosesWindow)]),
    },
    Scenario {
        name: "sweep-alone",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![pays(world, Payer::ClosesWindow)]),
    },
    Scenario {
        name: "return-alone",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![pays(world, Payer::Pays)]),
    },
    Scenario {
        name: "two-tabs",
        prepare: without_webhooks,
        begin: |world| {
            tell(
                world,
                vec![pays(world, Payer::Pays), pays(world, Payer::Pays)],
            );
        },
    },
    Scenario {
        name: "two-tabs-no-invoice-barrier",
        prepare: no_barrier,
        begin: |world| {
            tell(
                world,
                vec![pays(world, Payer::Pays), pays(world, Payer::Pays)],
            );
        },
    },
    Scenario {
        name: "declined-then-pays",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![declined_then_pays(world)]),
    },
    Scenario {
        name: "declined-for-good",
        prepare: with_webhooks,
        begin: |world| tell(world, vec![pays(world, Payer::Declines)]),
    },
    Scenario {
        name: "cancels-then-pays",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![cancels_then_pays(world)]),
    },
    Scenario {
        name: "abandons",
        prepare: with_webhooks,
        begin: |world| tell(world, vec![abandons(world)]),
    },
    Scenario {
        name: "reloads",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![reloads(world)]),
    },
    Scenario {
        name: "cash-while-paying",
        prepare: no_barrier,
        begin: |world| {
            tell(
                world,
                vec![pays(world, Payer::Pays), later(world, Wish::Cash)],
            );
        },
    },
    Scenario {
        name: "cash-while-approved",
        prepare: no_barrier,
        begin: |world| {
            tell(
                world,
                vec![pays(world, Payer::ClosesWindow), later(world, Wish::Cash)],
            );
        },
    },
    Scenario {
        name: "withdrawn-while-approved",
        prepare: without_webhooks,
        begin: |world| {
            tell(
                world,
                vec![
                    pays(world, Payer::ClosesWindow),
                    later(world, Wish::Withdraw),
                ],
            );
        },
    },
    Scenario {
        name: "amount-changes-while-approved",
        prepare: without_webhooks,
        begin: |world| {
            let less = Wish::Amount(Cents::new(2_000));
            tell(
                world,
                vec![pays(world, Payer::ClosesWindow), later(world, less)],
            );
        },
    },
    Scenario {
        name: "held-back-then-paid",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![held_back(world, Afterwards::Completes)]),
    },
    Scenario {
        name: "foreign-return",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![hostile::returns_with_a_foreign_order(world)]),
    },
    Scenario {
        name: "forged-webhook",
        prepare: by_hand,
        begin: |world| tell(world, vec![hostile::forges_a_webhook(world)]),
    },
    Scenario {
        name: "poison-in-the-index",
        prepare: |world| {
            without_webhooks(world);
            hostile::poison(world);
        },
        begin: |world| tell(world, vec![pays(world, Payer::ClosesWindow)]),
    },
    Scenario {
        name: "refunded",
        prepare: with_webhooks,
        begin: |world| tell(world, vec![then(world, Afterwards::Refunded)]),
    },
    Scenario {
        name: "reversed",
        prepare: with_webhooks,
        begin: |world| tell(world, vec![then(world, Afterwards::Reversed)]),
    },
    Scenario {
        name: "disputed",
        prepare: with_webhooks,
        begin: |world| tell(world, vec![then(world, Afterwards::Disputed)]),
    },
];

/// Stories that a seed makes up.
pub(crate) const CHANCES: [Scenario; 2] = [
    Scenario {
        name: "chance",
        prepare: by_chance,
        begin: |world| tell(world, chance::payers(world)),
    },
    Scenario {
        name: "town",
        prepare: chance::town,
        begin: |world| tell(world, chance::townspeople(world)),
    },
];

/// Two handlers at once, in every order of their calls.
pub(crate) const PAIRS: [Scenario; 11] = [
    Scenario {
        name: "return×return",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![pair(world, Of::Return, Of::Return)]),
    },
    Scenario {
        name: "return×return-of-other-tab",
        prepare: no_barrier,
        begin: |world| tell(world, vec![pair(world, Of::Return, Of::OtherReturn)]),
    },
    Scenario {
        name: "return×webhook",
        prepare: by_hand,
        begin: |world| tell(world, vec![pair(world, Of::Return, Of::Webhook)]),
    },
    Scenario {
        name: "return×sweep",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![pair(world, Of::Return, Of::Sweep)]),
    },
    Scenario {
        name: "webhook×sweep",
        prepare: by_hand,
        begin: |world| tell(world, vec![pair(world, Of::Webhook, Of::Sweep)]),
    },
    Scenario {
        name: "checkout×return",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![pair(world, Of::Checkout, Of::Return)]),
    },
    Scenario {
        name: "return×cash",
        prepare: no_barrier,
        begin: |world| tell(world, vec![pair(world, Of::Return, Of::Cash)]),
    },
    Scenario {
        name: "checkout×cash",
        prepare: no_barrier,
        begin: |world| tell(world, vec![pair(world, Of::Checkout, Of::Cash)]),
    },
    Scenario {
        name: "return×withdrawal",
        prepare: no_barrier,
        begin: |world| tell(world, vec![pair(world, Of::Return, Of::Withdrawal)]),
    },
    Scenario {
        name: "return×amount",
        prepare: no_barrier,
        begin: |world| tell(world, vec![pair(world, Of::Return, Of::Amount)]),
    },
    Scenario {
        name: "show×return",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![pair(world, Of::Show, Of::Return)]),
    },
];

/// One of two handlers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Return,
    OtherReturn,
    Webhook,
    Sweep,
    Checkout,
    Show,
    Cash,
    Withdrawal,
    Amount,
}

/// The story of this name.
pub(crate) fn scenario(name: &str) -> &'static Scenario {
    STORIES
        .iter()
        .chain(&PAIRS)
        .chain(&CHANCES)
        .find(|scenario| scenario.name == name)
        .unwrap_or_else(|| panic!("there is no story {name}"))
}

fn with_webhooks(world: &Rc<World>) {
    prepare(world);
    let mode = [
        WebhookMode::Normal,
        WebhookMode::Twice,
        WebhookMode::Late,
        WebhookMode::OutOfOrder,
    ];
    // Where nothing is left to chance the first one.
    let taken = world.choices.borrow_mut().one_of(mode.len());
    world.standin.set_webhooks(mode[taken]);
}

fn without_webhooks(world: &Rc<World>) {
    prepare(world);
    world.standin.set_webhooks(WebhookMode::Off);
}

fn no_barrier(world: &Rc<World>) {
    without_webhooks(world);
    world.standin.set_unique_invoices(false);
}

/// Webhooks wait until the story fetches them.
fn by_hand(world: &Rc<World>) {
    prepare(world);
    world.standin.set_webhooks(WebhookMode::Normal);
    world.no_postman.set(true);
}

/// Webhooks come in any way, or not at all; the barrier may be off.
fn by_chance(world: &Rc<World>) {
    with_webhooks(world);
    let mut choices = world.choices.borrow_mut();
    if choices.once_in(4) {
        world.standin.set_webhooks(WebhookMode::Off);
    }
    if choices.once_in(2) {
        world.standin.set_unique_invoices(false);
    }
}

pub(crate) fn prepare(world: &Rc<World>) {
    world.standin.set_report_lag(SignedDuration::from_hours(3));
    let driver = world.issue(CASE);
    world.drivers.borrow_mut().push(driver);
}

fn driver(world: &Rc<World>) -> Driver {
    world.drivers.borrow()[0].clone()
}

/// A driver with patience: what does not come is asked for once more.
fn pays(world: &Rc<World>, payer: Payer) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        if driver.opens().await.is_none() {
            driver.opens().await;
        }
        let sent = match driver.presses().await {
            Some(sent) => sent,
            None => match driver.presses().await {
                Some(sent) => sent,
                None => return,
            },
        };
        world.pause(AT_PAYPAL).await;
        let Some(back) = driver.decides(&sent, payer).await else {
            return;
        };
        if driver.returns(&back).await.is_none() {
            driver.returns(&back).await;
        }
        world.pause(AT_PAYPAL).await;
        driver.opens().await;
    })
}

fn declined_then_pays(world: &Rc<World>) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        let Some(sent) = driver.presses().await else {
            return;
        };
        world.pause(AT_PAYPAL).await;
        let Some(back) = driver.decides(&sent, Payer::Declines).await else {
            return;
        };
        driver.returns(&back).await;
        world.pause(AT_PAYPAL).await;
        let Some(sent) = driver.tries_again(&back.attempt).await else {
            return;
        };
        world.pause(AT_PAYPAL).await;
        let Some(back) = driver.decides(&sent, Payer::Pays).await else {
            return;
        };
        driver.returns(&back).await;
        world
            .history
            .borrow_mut()
            .sometimes("a driver was declined and came with another card");
    })
}

fn cancels_then_pays(world: &Rc<World>) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        let Some(sent) = driver.presses().await else {
            return;
        };
        let Some(back) = driver.decides(&sent, Payer::Cancels).await else {
            return;
        };
        driver.returns_cancelled(&back).await;
        world.pause(AT_PAYPAL).await;
        let Some(sent) = driver.tries_again(&back.attempt).await else {
            return;
        };
        let Some(back) = driver.decides(&sent, Payer::Pays).await else {
            return;
        };
        driver.returns(&back).await;
    })
}

fn abandons(world: &Rc<World>) -> Work {
    let driver = driver(world);
    Box::pin(async move {
        driver.opens().await;
        driver.presses().await;
    })
}

fn reloads(world: &Rc<World>) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        let Some(sent) = driver.presses().await else {
            return;
        };
        let Some(back) = driver.decides(&sent, Payer::Pays).await else {
            return;
        };
        let again = (driver.clone(), back.clone());
        world.spawn(async move {
            again.0.returns(&again.1).await;
        });
        driver.returns(&back).await;
        world.pause(Duration::from_secs(10)).await;
        driver.returns(&back).await;
    })
}

/// A clerk acts while the driver is at `PayPal` or on the way back.
fn later(world: &Rc<World>, wish: Wish) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        world.pause(AT_PAYPAL).await;
        clerk(Rc::clone(&world), driver.case_number().clone(), wish).await;
    })
}

/// `PayPal` holds the capture back and decides an hour later.
fn held_back(world: &Rc<World>, what: Afterwards) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        let Some(sent) = driver.presses().await else {
            return;
        };
        let Some(back) = driver.decides(&sent, Payer::Pays).await else {
            return;
        };
        let fault = Fault::once(On::Capture, FaultKind::Pending);
        world.standing_fault.set(Some(fault));
        driver.returns(&back).await;
        world.standing_fault.set(None);
        driver.opens().await;
        world.pause(AN_HOUR).await;
        world.afterwards(what).await;
    })
}

fn then(world: &Rc<World>, what: Afterwards) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        driver.pays(Payer::Pays).await;
        world.pause(A_MINUTE).await;
        world.afterwards(what).await;
        world.pause(A_MINUTE).await;
        driver.opens().await;
    })
}

/// Everything up to the moment in which two handlers begin at once.
fn pair(world: &Rc<World>, one: Of, other: Of) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        let Some(sent) = driver.presses().await else {
            return;
        };
        let second = if other == Of::OtherReturn {
            driver.presses().await
        } else {
            None
        };
        world.pause(A_MINUTE + AT_PAYPAL).await;
        let Some(back) = driver.decides(&sent, Payer::Pays).await else {
            return;
        };
        let other_back = match second {
            Some(second) => driver.decides(&second, Payer::Pays).await,
            None => None,
        };
        let ended = Rc::new(Cell::new(0));
        for which in [one, other] {
            let (driver, world, ended) = (driver.clone(), Rc::clone(&world), Rc::clone(&ended));
            let (back, other_back) = (back.clone(), other_back.clone());
            Rc::clone(&world).spawn(async move {
                match which {
                    Of::Return => drop(driver.returns(&back).await),
                    Of::OtherReturn => {
                        if let Some(back) = other_back {
                            driver.returns(&back).await;
                        }
                    }
                    Of::Webhook => {
                        for delivery in world.standin.take_deliveries() {
                            world.post(&delivery).await;
                        }
                    }
                    Of::Sweep => drop(world.sweep(Which::Due).await),
                    Of::Checkout => drop(driver.presses().await),
                    Of::Show => drop(driver.opens().await),
                    Of::Cash => {
                        clerk(Rc::clone(&world), driver.case_number().clone(), Wish::Cash).await;
                    }
                    Of::Amount => {
                        let less = Wish::Amount(Cents::new(2_000));
                        clerk(Rc::clone(&world), driver.case_number().clone(), less).await;
                    }
                    Of::Withdrawal => {
                        clerk(
                            Rc::clone(&world),
                            driver.case_number().clone(),
                            Wish::Withdraw,
                        )
                        .await;
                    }
                }
                ended.set(ended.get() + 1);
            });
        }
        while ended.get() < 2 {
            world.pause(Duration::from_secs(1)).await;
        }
        world.standin.set_webhooks(WebhookMode::Off);
        drop(world.standin.take_deliveries());
        driver.opens().await;
    })
}

/// Tells a story: its actors, `PayPal`'s postman and the schedule at once, then
/// what is left to the schedule alone.
fn tell(world: &Rc<World>, actors: Vec<Work>) {
    let left = Rc::new(Cell::new(actors.len()));
    for actor in actors {
        let left = Rc::clone(&left);
        world.spawn(async move {
            actor.await;
            left.set(left.get() - 1);
        });
    }
    if !world.no_postman.get() {
        world.spawn(postman(Rc::clone(world)));
    }
    world.spawn(schedule(Rc::clone(world), left));
}

/// The schedule: a sweep a minute; after the story a few more, then one when
/// every order has expired.
async fn schedule(world: Rc<World>, actors_left: Rc<Cell<usize>>) {
    while actors_left.get() > 0 {
        // By chance it is late.
        let late = world.choices.borrow_mut().one_of_by_chance(6);
        world.pause(A_MINUTE * (1 + late)).await;
        world.sweep(Which::Due).await;
    }
    world.calm.set(true);
    settle_what_is_due(&world).await;
    for _ in 0..HOURS_MAX {
        if laws::attempts_left(&world) == 0 {
            break;
        }
        world.pause(ORDERS_ARE_DEAD).await;
        world.sweep(Which::Due).await;
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
/// L2: what was paid is settled within so many minutes.
const MINUTES_MAX: i64 = 15;

/// L2: sweeps each minute, until all that was paid is booked.
async fn settle_what_is_due(world: &Rc<World>) {
    let ended = world.now();
    loop {
        if settled_or_late(world, ended) {
            return;
        }
        world.pause(A_MINUTE).await;
        world.sweep(Which::Due).await;
    }
}

/// Whether nobody need wait any longer; L2 is looked at on the way.
fn settled_or_late(world: &World, ended: Timestamp) -> bool {
    let settled = laws::settled_in_time(world);
    let mut history = world.history.borrow_mut();
    let quiet_since = history.last_fault_at.map_or(ended, |at| at.max(ended));
    let minutes = world.now().duration_since(quiet_since).as_mins();
    let late = minutes > MINUTES_MAX;
    history.law("L2", settled || !late, || {
        format!("{minutes} minutes after the last fault not all that was paid is booked")
    });
    settled || late
}
