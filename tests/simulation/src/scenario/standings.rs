//! Every row of the state table in every column: of tickets in each standing is asked
//! whatever may be asked, and money is given back of them in each way.

use std::rc::Rc;

use paypal_standin::{Afterwards, FaultKind, Issue, On, Payer};
use settle::limits::READ_LAG;
use ticket::{Cents, Standing};

use super::stories::pays_and_is_held_back;
use super::{A_MINUTE, Scenario, tell, with_webhooks};
use crate::actors::Driver;
use crate::office::{Wish, clerk};
use crate::world::{Work, World};

/// A story for each column.
pub(crate) const STANDINGS: [Scenario; 8] = [
    Scenario {
        name: "asked-while-open",
        prepare: tickets,
        begin: |world| tell(world, vec![asked(world, Standing::Open)]),
    },
    Scenario {
        name: "asked-while-locked",
        prepare: tickets,
        begin: |world| tell(world, vec![asked(world, Standing::OpenLocked)]),
    },
    Scenario {
        name: "asked-while-held-back",
        prepare: tickets,
        begin: |world| tell(world, vec![asked(world, Standing::OpenPending)]),
    },
    Scenario {
        name: "asked-while-paid",
        prepare: tickets,
        begin: |world| tell(world, vec![asked(world, Standing::Paid)]),
    },
    Scenario {
        name: "asked-while-objected",
        prepare: tickets,
        begin: |world| tell(world, vec![asked(world, Standing::Objected)]),
    },
    Scenario {
        name: "asked-while-withdrawn",
        prepare: tickets,
        begin: |world| tell(world, vec![asked(world, Standing::Withdrawn)]),
    },
    Scenario {
        name: "asked-while-handed-over",
        prepare: tickets,
        begin: |world| tell(world, vec![asked(world, Standing::HandedOver)]),
    },
    Scenario {
        name: "asked-while-in-review",
        prepare: tickets,
        begin: |world| tell(world, vec![asked(world, Standing::Review)]),
    },
];

/// What is asked, each of a ticket of its own: nothing is a driver who presses.
const ASKED: [Option<Wish>; 8] = [
    None,
    Some(Wish::Cash),
    Some(Wish::Short(PART)),
    Some(Wish::Withdraw),
    Some(Wish::Object),
    Some(Wish::HandOver),
    Some(Wish::Amount(Cents::new(2_000))),
    Some(Wish::Lease),
];

/// Less than is owed, and than was paid.
const PART: Cents = Cents::new(500);
const PART_AT_PAYPAL: Afterwards = Afterwards::RefundedInPart(500);

/// How money is given back, each of a ticket of its own.
const GIVEN_BACK: [&[Wish]; 4] = [
    &[Wish::Propose(PART), Wish::Approve],
    &[Wish::Propose(PART), Wish::Reject],
    // Surplus proposes itself; what came by a transfer the cash office pays out. Of a ticket
    // that was withdrawn or handed over PayPal's money is proposed before it.
    &[Wish::Short(PART), Wish::Approve, Wish::Approve],
    // PayPal refuses this one.
    &[Wish::Propose(PART), Wish::Approve],
];
const REFUSED: usize = 3;

fn tickets(world: &Rc<World>) {
    with_webhooks(world);
    for number in 1..ASKED.len() + GIVEN_BACK.len() {
        let driver = world.issue(&format!("KL-ALL-{number:04}"));
        world.drivers.borrow_mut().push(driver);
    }
}

fn asked(world: &Rc<World>, standing: Standing) -> Work {
    let (drivers, world) = (world.drivers.borrow().clone(), Rc::clone(world));
    Box::pin(async move {
        let (to_be_asked, to_give_back) = drivers.split_at(ASKED.len());
        for (driver, wish) in to_be_asked.iter().zip(ASKED) {
            comes_to(&world, driver, standing).await;
            match wish {
                None => drop(driver.in_english().presses().await),
                Some(wish) => clerk(Rc::clone(&world), driver.case_number().clone(), wish).await,
            }
            world.pause(A_MINUTE * 3).await;
        }
        world.afterwards(Afterwards::Completes).await;
        world.pause(A_MINUTE * 3).await;
        let is_closed = !matches!(
            standing,
            Standing::Open | Standing::OpenLocked | Standing::OpenPending
        );
        if is_closed {
            for (place, (driver, wishes)) in to_give_back.iter().zip(GIVEN_BACK).enumerate() {
                gives_back(&world, driver, standing, wishes, place == REFUSED).await;
            }
        }
    })
}

/// A paid ticket that stands so now, of whose money clerks want this.
async fn gives_back(
    world: &Rc<World>,
    driver: &Driver,
    standing: Standing,
    wishes: &[Wish],
    is_refused: bool,
) {
    if standing == Standing::Paid {
        driver.pays(Payer::Pays).await;
    } else {
        comes_to(world, driver, Standing::Review).await;
    }
    let decided = match standing {
        Standing::Objected => Some(Wish::Object),
        Standing::Withdrawn => Some(Wish::Withdraw),
        Standing::HandedOver => Some(Wish::HandOver),
        Standing::Open
        | Standing::OpenLocked
        | Standing::OpenPending
        | Standing::Paid
        | Standing::Review => None,
    };
    // Once it is open again, what PayPal has of it pays a part, and is not proposed.
    let is_proposed_first = standing == Standing::Objected && matches!(wishes[0], Wish::Propose(_));
    let (before, after) = wishes.split_at(usize::from(is_proposed_first));
    for wish in before.iter().chain(&decided).chain(after) {
        clerk(Rc::clone(world), driver.case_number().clone(), *wish).await;
    }
    if is_refused {
        // A no is believed when it is said again, once no read can lag.
        let not_allowed = Issue::named("REFUND_NOT_ALLOWED").expect("a name of the specification");
        let waits = world.pause(READ_LAG * 3);
        world
            .under(On::Refund, FaultKind::Refused(not_allowed), waits)
            .await;
    } else {
        world.pause(A_MINUTE * 3).await;
    }
}

/// Brings an open ticket there.
async fn comes_to(world: &Rc<World>, driver: &Driver, standing: Standing) {
    let wants = |wish| clerk(Rc::clone(world), driver.case_number().clone(), wish);
    match standing {
        Standing::Open => {}
        Standing::OpenLocked => {
            let Some(sent) = driver.presses().await else {
                return;
            };
            if let Some(back) = driver.decides(&sent, Payer::Pays).await {
                let returns = driver.returns(&back);
                world
                    .under(On::Capture, FaultKind::ServerError, returns)
                    .await;
            }
        }
        Standing::OpenPending => drop(pays_and_is_held_back(world, driver).await),
        Standing::Paid => drop(driver.pays(Payer::Pays).await),
        Standing::Objected => wants(Wish::Object).await,
        Standing::Withdrawn => wants(Wish::Withdraw).await,
        Standing::HandedOver => wants(Wish::HandOver).await,
        Standing::Review => {
            driver.pays(Payer::Pays).await;
            world
                .afterwards_of(driver.case_number(), PART_AT_PAYPAL)
                .await;
            world.pause(A_MINUTE).await;
        }
    }
}
