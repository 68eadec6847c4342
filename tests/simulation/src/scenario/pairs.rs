//! Two handlers at once, in every order of their calls.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use paypal_standin::{FaultKind, On, Payer, WebhookMode};
use settle::sweep::Scope;
use ticket::Cents;

use super::{
    A_MINUTE, AT_PAYPAL, Scenario, by_hand, driver, no_barrier, tell, tokens, without_webhooks,
};
use crate::actors::{Back, Driver};
use crate::office::{Receipt, Wish, clerk, enters};
use crate::world::{Work, World};

/// Two handlers at once, in every order of their calls.
pub(crate) const PAIRS: [Scenario; 20] = [
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
        name: "return×short-transfer",
        prepare: no_barrier,
        begin: |world| tell(world, vec![pair(world, Of::Return, Of::ShortTransfer)]),
    },
    Scenario {
        name: "checkout×lease",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![untouched(world, Of::Checkout, Of::Lease)]),
    },
    Scenario {
        name: "cash×cash-of-other-ticket",
        prepare: two_tickets,
        begin: |world| {
            let receipt = Receipt::of_now(world);
            let of = |place: usize| {
                let case_number = world.drivers.borrow()[place].case_number().clone();
                let entered = enters(Rc::clone(world), case_number, Wish::Cash, receipt);
                Box::pin(entered) as Work
            };
            tell(world, vec![of(0), of(1)]);
        },
    },
    Scenario {
        name: "cash×short-transfer",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![untouched(world, Of::Cash, Of::ShortTransfer)]),
    },
    Scenario {
        name: "issue×issue",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![tokens::two_issue(world, true)]),
    },
    Scenario {
        name: "issue×issue-of-other-content",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![tokens::two_issue(world, false)]),
    },
    Scenario {
        name: "show×return",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![pair(world, Of::Show, Of::Return)]),
    },
    Scenario {
        name: "return×return-on-an-ended-lock",
        prepare: no_barrier,
        begin: |world| tell(world, vec![on_an_ended_lock(world, Of::Return, Of::Return)]),
    },
    Scenario {
        name: "return-of-other-tab×return-on-an-ended-lock",
        prepare: no_barrier,
        begin: |world| {
            tell(
                world,
                vec![on_an_ended_lock(world, Of::Return, Of::OtherReturn)],
            );
        },
    },
    Scenario {
        name: "return×sweep-on-an-ended-lock",
        prepare: no_barrier,
        begin: |world| tell(world, vec![on_an_ended_lock(world, Of::Return, Of::Sweep)]),
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
    Lease,
    ShortTransfer,
}

/// The same receipt may be entered for another ticket.
fn two_tickets(world: &Rc<World>) {
    without_webhooks(world);
    let other = world.issue("KL-2026-000124");
    world.drivers.borrow_mut().push(other);
}

/// Both begin before anything else has happened.
fn untouched(world: &Rc<World>, one: Of, other: Of) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move { at_once(&world, &driver, None, [one, other]).await })
}

/// Both begin when the driver has approved.
fn pair(world: &Rc<World>, one: Of, other: Of) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        if let Some(back) = until_approved(&world, &driver, other).await {
            at_once(&world, &driver, Some(back), [one, other]).await;
        }
    })
}

/// Both begin when somebody's capture was not answered, nothing was captured,
/// and the lease has ended.
fn on_an_ended_lock(world: &Rc<World>, one: Of, other: Of) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        let Some(back) = until_approved(&world, &driver, other).await else {
            return;
        };
        let returns = driver.returns(&back.own);
        world
            .under(On::Capture, FaultKind::ServerError, returns)
            .await;
        world.pause(settle::limits::LEASE).await;
        at_once(&world, &driver, Some(back), [one, other]).await;
    })
}

/// The ways back from PayPal.
struct Approved {
    own: Back,
    other: Option<Back>,
}

async fn until_approved(world: &Rc<World>, driver: &Driver, other: Of) -> Option<Approved> {
    let sent = driver.presses().await?;
    let second = if other == Of::OtherReturn {
        driver.in_english().presses().await
    } else {
        None
    };
    world.pause(A_MINUTE + AT_PAYPAL).await;
    let own = driver.decides(&sent, Payer::Pays).await?;
    let other = match second {
        Some(second) => driver.decides(&second, Payer::Pays).await,
        None => None,
    };
    Some(Approved { own, other })
}

async fn at_once(world: &Rc<World>, driver: &Driver, back: Option<Approved>, handlers: [Of; 2]) {
    let ended = Rc::new(Cell::new(0));
    for which in handlers {
        let (driver, world, ended) = (driver.clone(), Rc::clone(world), Rc::clone(&ended));
        let own = back.as_ref().map(|back| back.own.clone());
        let other = back.as_ref().and_then(|back| back.other.clone());
        Rc::clone(&world).spawn(async move {
            let wish = |wish| clerk(Rc::clone(&world), driver.case_number().clone(), wish);
            match which {
                Of::Return | Of::OtherReturn => {
                    let back = if which == Of::Return { own } else { other };
                    if let Some(back) = back {
                        driver.returns(&back).await;
                    }
                }
                Of::Webhook => {
                    for delivery in world.standin.take_deliveries() {
                        world.post(&delivery).await;
                    }
                }
                Of::Sweep => drop(world.sweep(Scope::Due).await),
                Of::Checkout => drop(driver.presses().await),
                Of::Show => drop(driver.opens().await),
                Of::Cash => wish(Wish::Cash).await,
                Of::Amount => wish(Wish::Amount(Cents::new(2_000))).await,
                Of::Withdrawal => wish(Wish::Withdraw).await,
                Of::Lease => wish(Wish::Lease).await,
                Of::ShortTransfer => wish(Wish::Short(Cents::new(1_000))).await,
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
}
