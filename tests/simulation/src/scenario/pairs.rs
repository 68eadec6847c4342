//! Two handlers at once, in every order of their calls.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use paypal_standin::{Afterwards, FaultKind, On, Payer, WebhookMode};
use settle::sweep::Scope;
use ticket::Cents;

use super::{
    A_MINUTE, AT_PAYPAL, Scenario, by_hand, driver, no_barrier, tell, tokens, without_webhooks,
};
use crate::actors::{Back, Driver};
use crate::office::{Receipt, Wish, clerk, enters};
use crate::world::{Work, World};

/// Two handlers at once, in every order of their calls.
pub(crate) const PAIRS: [Scenario; 27] = [
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
        name: "return×objection",
        prepare: no_barrier,
        begin: |world| tell(world, vec![pair(world, Of::Return, Of::Objection)]),
    },
    Scenario {
        name: "return×hand-over",
        prepare: no_barrier,
        begin: |world| tell(world, vec![pair(world, Of::Return, Of::HandOver)]),
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
    Scenario {
        name: "approval×approval",
        prepare: without_webhooks,
        begin: |world| {
            tell(
                world,
                vec![on_a_proposal(world, Of::Approval, Of::ThirdsApproval)],
            );
        },
    },
    Scenario {
        name: "approval×rejection",
        prepare: without_webhooks,
        begin: |world| {
            tell(
                world,
                vec![on_a_proposal(world, Of::Approval, Of::Rejection)],
            );
        },
    },
    Scenario {
        name: "refund×refund",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![on_an_approved_refund(world, Of::Sweep)]),
    },
    Scenario {
        name: "refund×refund-by-hand",
        prepare: by_hand,
        begin: |world| tell(world, vec![on_an_approved_refund(world, Of::RefundByHand)]),
    },
    Scenario {
        name: "refund×reversal",
        prepare: by_hand,
        begin: |world| tell(world, vec![on_an_approved_refund(world, Of::Reversal)]),
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
    Objection,
    HandOver,
    Amount,
    Lease,
    ShortTransfer,
    Approval,
    /// Another clerk's.
    ThirdsApproval,
    Rejection,
    /// Somebody gives a part back in PayPal's own pages.
    RefundByHand,
    /// PayPal takes all of it back.
    Reversal,
}

/// Less than was paid: what others take beside it is still there.
const GIVEN_BACK: Wish = Wish::Propose(Cents::new(1_000));
/// How often what PayPal tells is fetched when both have ended: what it does not show at
/// once it tells again.
const FETCHES: u32 = 3;

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

/// Both begin when a clerk has proposed to give money back. No sweep comes in between.
fn on_a_proposal(world: &Rc<World>, one: Of, other: Of) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        world.no_schedule.set(true);
        driver.pays(Payer::Pays).await;
        clerk(Rc::clone(&world), driver.case_number().clone(), GIVEN_BACK).await;
        at_once(&world, &driver, None, [one, other]).await;
        world.no_schedule.set(false);
    })
}

/// A sweep and something else begin when it was approved, too. What PayPal tells of them
/// comes when both have ended.
fn on_an_approved_refund(world: &Rc<World>, other: Of) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        world.no_schedule.set(true);
        driver.pays(Payer::Pays).await;
        for wish in [GIVEN_BACK, Wish::Approve] {
            clerk(Rc::clone(&world), driver.case_number().clone(), wish).await;
        }
        both(&world, &driver, None, [Of::Sweep, other]).await;
        for _ in 0..FETCHES {
            for delivery in world.standin.take_deliveries() {
                world.post(&delivery).await;
            }
            world.pause(A_MINUTE).await;
        }
        world.no_schedule.set(false);
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
    both(world, driver, back, handlers).await;
    world.standin.set_webhooks(WebhookMode::Off);
    drop(world.standin.take_deliveries());
    driver.opens().await;
}

async fn both(world: &Rc<World>, driver: &Driver, back: Option<Approved>, handlers: [Of; 2]) {
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
                Of::Objection => wish(Wish::Object).await,
                Of::HandOver => wish(Wish::HandOver).await,
                Of::Lease => wish(Wish::Lease).await,
                Of::ShortTransfer => wish(Wish::Short(Cents::new(1_000))).await,
                Of::Approval => wish(Wish::Approve).await,
                Of::ThirdsApproval => wish(Wish::ApproveToo).await,
                Of::Rejection => wish(Wish::Reject).await,
                Of::RefundByHand => world.afterwards(Afterwards::RefundedInPart(500)).await,
                Of::Reversal => world.afterwards(Afterwards::Reversed).await,
            }
            ended.set(ended.get() + 1);
        });
    }
    while ended.get() < 2 {
        world.pause(Duration::from_secs(1)).await;
    }
}
