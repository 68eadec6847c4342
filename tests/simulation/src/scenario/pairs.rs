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
use crate::office::{Wish, clerk};
use crate::world::{Work, World};

/// Two handlers at once, in every order of their calls.
pub(crate) const PAIRS: [Scenario; 16] = [
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
}

/// Both begin when the driver has approved.
fn pair(world: &Rc<World>, one: Of, other: Of) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        if let Some(back) = until_approved(&world, &driver, other).await {
            at_once(&world, &driver, back, [one, other]).await;
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
        at_once(&world, &driver, back, [one, other]).await;
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

async fn at_once(world: &Rc<World>, driver: &Driver, back: Approved, handlers: [Of; 2]) {
    let ended = Rc::new(Cell::new(0));
    for which in handlers {
        let (driver, world, ended) = (driver.clone(), Rc::clone(world), Rc::clone(&ended));
        let (own, other) = (back.own.clone(), back.other.clone());
        Rc::clone(&world).spawn(async move {
            let wish = |wish| clerk(Rc::clone(&world), driver.case_number().clone(), wish);
            match which {
                Of::Return => drop(driver.returns(&own).await),
                Of::OtherReturn => {
                    if let Some(other) = other {
                        driver.returns(&other).await;
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
