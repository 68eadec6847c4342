//! Two handlers at once, in every order of their calls.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use paypal_standin::{Payer, WebhookMode};
use reconcile_payments::Which;
use ticket::Cents;

use super::{
    A_MINUTE, AT_PAYPAL, Scenario, by_hand, driver, no_barrier, tell, tokens, without_webhooks,
};
use crate::office::{Wish, clerk};
use crate::world::{Work, World};

/// Two handlers at once, in every order of their calls.
pub(crate) const PAIRS: [Scenario; 13] = [
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
