//! F12: the table is restored to five minutes ago, torn, by the steps of
//! `infra/runbook.md`, while drivers, sweeps and webhooks go on.
//!
//! ```text
//! 0:00 issued … 1:00 ─ torn ─ 2:00 restore point … 5:00 closed … 7:00 restored
//! … 3:17 h PayPal's books, clerks' lists, the books again: nothing ─ opened
//! ```

use std::rc::Rc;
use std::time::Duration;

use paypal_standin::{Afterwards, FaultKind, Issue, On, Payer, WebhookMode};
use settle::limits::LEASE;
use ticket::Cents;

use super::{A_MINUTE, AT_PAYPAL, Scenario, chance, prepare, tell, without_webhooks};
use crate::actors::{Back, Driver};
use crate::office::{Wish, clerk};
use crate::world::{WAITED_OUT, Work, World};

mod runbook;

/// When ops close captures.
const CLOSES: Duration = Duration::from_mins(5);
/// When the table is back.
const RESTORED: Duration = CLOSES.saturating_add(WAITED_OUT);
/// After ops have opened captures again, at the latest.
const DAY_AFTER: Duration = Duration::from_hours(12);

/// A driver begins so many seconds after the beginning; pays 20 s later.
const BEFORE: u64 = 20;
const BOOKED_IN_IT: u64 = 45;
const BEGUN_IN_IT: u64 = 65;
const BOOKED_SINCE: u64 = 105;
const BEGUN_SINCE: u64 = 150;
/// A minute after the table is back; captures are closed for hours more.
const WHILE_CLOSED: u64 = RESTORED.as_secs() + 60;

/// Stories of a restore, each small enough for its table to come back torn in
/// most ways.
pub(crate) const RESTORES: [Scenario; 17] = [
    Scenario {
        name: "restore-booked",
        prepare: without_webhooks,
        begin: |world| restored(world, vec![pays(world, 0, BOOKED_IN_IT, Payer::Pays)]),
    },
    Scenario {
        name: "restore-begun",
        prepare: without_webhooks,
        begin: |world| restored(world, vec![pays(world, 0, BEGUN_IN_IT, Payer::Pays)]),
    },
    Scenario {
        name: "restore-booked-since",
        prepare: without_webhooks,
        begin: |world| restored(world, vec![pays(world, 0, BOOKED_SINCE, Payer::Pays)]),
    },
    Scenario {
        name: "restore-swept",
        prepare: without_webhooks,
        begin: |world| restored(world, vec![pays(world, 0, BEFORE, Payer::ClosesWindow)]),
    },
    Scenario {
        name: "restore-locked",
        prepare: without_webhooks,
        begin: |world| {
            let lost = FaultKind::NoAnswerAfterEffect;
            restored(world, vec![meets(world, 0, BOOKED_IN_IT, lost)]);
        },
    },
    Scenario {
        // The lock may come back without its attempt, and no books show any money of it.
        name: "restore-locked-by-another",
        prepare: without_webhooks,
        begin: |world| restored(world, vec![gives_up_and_pays_anew(world, 0, BEGUN_IN_IT)]),
    },
    Scenario {
        // The lock may come back beside an attempt that is over, which nothing looks at.
        name: "restore-refused",
        prepare: without_webhooks,
        begin: |world| {
            let for_good = Issue::named("PAYER_CANNOT_PAY").expect("a name of the specification");
            let refused = FaultKind::Refused(for_good);
            restored(world, vec![meets(world, 0, BOOKED_IN_IT, refused)]);
        },
    },
    Scenario {
        name: "restore-held-back",
        prepare: without_webhooks,
        begin: |world| {
            let held_back = meets(world, 0, BOOKED_IN_IT, FaultKind::Pending);
            let completes = becomes(world, DAY_AFTER, Afterwards::Completes);
            restored(world, vec![held_back, completes]);
        },
    },
    Scenario {
        name: "restore-refunded",
        prepare: with_every_webhook,
        begin: |world| {
            let refunded = becomes(world, Duration::from_secs(70), Afterwards::Refunded);
            restored(world, vec![pays(world, 0, BEFORE, Payer::Pays), refunded]);
        },
    },
    Scenario {
        // No books show a dispute: its event waits for what it is about.
        name: "restore-disputed",
        prepare: with_every_webhook,
        begin: |world| {
            let disputed = becomes(world, RESTORED + A_MINUTE, Afterwards::Disputed);
            let pays = pays(world, 0, BOOKED_SINCE, Payer::Pays);
            restored(world, vec![pays, disputed]);
        },
    },
    Scenario {
        // Asked and answered within the torn minute.
        name: "restore-given-back",
        prepare: with_every_webhook,
        begin: |world| {
            let given_back = want(world, 0, BOOKED_IN_IT, &[PART, Wish::Approve]);
            restored(world, vec![pays(world, 0, BEFORE, Payer::Pays), given_back]);
        },
    },
    Scenario {
        // Decided within it, and given back after it.
        name: "restore-given-back-since",
        prepare: with_every_webhook,
        begin: |world| {
            let given_back = want(world, 0, BEGUN_IN_IT, &[PART, Wish::Approve]);
            restored(world, vec![pays(world, 0, BEFORE, Payer::Pays), given_back]);
        },
    },
    Scenario {
        // Nothing is given back before captures are opened again.
        name: "restore-approved-while-closed",
        prepare: with_every_webhook,
        begin: |world| {
            let actors = vec![
                pays(world, 0, BEFORE, Payer::Pays),
                want(world, 0, BOOKED_IN_IT, &[PART]),
                want(world, 0, WHILE_CLOSED, &[Wish::Approve]),
            ];
            restored(world, actors);
        },
    },
    Scenario {
        // Cases are closed that look open, since what was paid is forgotten.
        name: "restore-decided-since",
        prepare: several,
        begin: |world| {
            let mut actors = Vec::new();
            let wishes: [&[Wish]; 3] = [&[Wish::Withdraw], &[Wish::Object], &[Wish::HandOver]];
            for (ticket, wish) in wishes.into_iter().enumerate() {
                actors.push(pays(world, ticket, BEGUN_SINCE, Payer::Pays));
                actors.push(want(world, ticket, WHILE_CLOSED, wish));
            }
            restored(world, actors);
        },
    },
    Scenario {
        name: "restore-cash",
        prepare: without_webhooks,
        begin: |world| restored(world, vec![cash(world, 0, BEGUN_IN_IT)]),
    },
    Scenario {
        name: "restore-cash-since",
        prepare: without_webhooks,
        begin: |world| {
            let closes_window = pays(world, 0, BEGUN_SINCE, Payer::ClosesWindow);
            restored(world, vec![closes_window, cash(world, 0, BEGUN_SINCE)]);
        },
    },
    Scenario {
        name: "restore",
        prepare: several,
        begin: |world| {
            let actors = vec![
                pays(world, 0, BEFORE, Payer::Pays),
                pays(world, 1, BEFORE, Payer::ClosesWindow),
                pays(world, 2, BOOKED_IN_IT, Payer::Pays),
                pays(world, 3, BOOKED_SINCE, Payer::Pays),
                pays(world, 4, BEGUN_SINCE, Payer::Pays),
                cash(world, 5, BEGUN_SINCE),
                becomes(world, Duration::from_mins(4), Afterwards::Refunded),
            ];
            world.strangers_pay();
            restored(world, actors);
        },
    },
];

/// A restore by chance, with faults.
pub(crate) const BY_CHANCE: Scenario = Scenario {
    name: "restore-by-chance",
    prepare: several,
    begin: |world| {
        let mut actors = chance::payers_of(world, TICKETS, 240);
        let what = [
            Afterwards::Completes,
            Afterwards::Denied,
            Afterwards::Refunded,
            Afterwards::Reversed,
        ];
        let taken = world.choices.borrow_mut().one_of(what.len());
        let seconds = world.choices.borrow_mut().one_of(600);
        let after = Duration::from_secs(seconds.try_into().expect("few"));
        actors.push(becomes(world, after, what[taken]));
        let ticket = world.choices.borrow_mut().one_of(TICKETS);
        // What clerks did within the torn minute is in no books but theirs.
        actors.push(cash(world, ticket, BEGUN_SINCE));
        if world.choices.borrow_mut().once_in(2) {
            world.strangers_pay();
        }
        restored(world, actors);
    },
};

/// Tickets of the larger stories.
const TICKETS: usize = 6;

/// Of money that went back only an event tells before PayPal's books do.
fn with_every_webhook(world: &Rc<World>) {
    prepare(world);
    world.standin.set_webhooks(WebhookMode::Normal);
}

fn several(world: &Rc<World>) {
    with_every_webhook(world);
    for number in 1..TICKETS {
        let driver = world.issue(&format!("KL-RES-{number:04}"));
        world.drivers.borrow_mut().push(driver);
    }
}

/// The story's people, those who come back when they should not, and ops.
fn restored(world: &Rc<World>, mut actors: Vec<Work>) {
    let drivers: Vec<Driver> = world.drivers.borrow().clone();
    actors.extend(drivers.into_iter().map(|driver| comes_back(world, driver)));
    actors.push(runbook::ops(world));
    tell(world, actors);
}

fn somebody(world: &Rc<World>, ticket: usize) -> Driver {
    world.drivers.borrow()[ticket].clone()
}

fn pays(world: &Rc<World>, ticket: usize, begins: u64, payer: Payer) -> Work {
    let (driver, world) = (somebody(world, ticket), Rc::clone(world));
    Box::pin(async move {
        if let Some(back) = decides(&world, &driver, begins, payer).await {
            driver.returns(&back).await;
        }
    })
}

/// Presses, and decides at PayPal.
async fn decides(world: &World, driver: &Driver, begins: u64, payer: Payer) -> Option<Back> {
    world.pause(Duration::from_secs(begins)).await;
    let sent = driver.presses().await?;
    world.pause(AT_PAYPAL).await;
    driver.decides(&sent, payer).await
}

/// PayPal does so to the capture.
fn meets(world: &Rc<World>, ticket: usize, begins: u64, kind: FaultKind) -> Work {
    let (work, world) = (pays(world, ticket, begins, Payer::Pays), Rc::clone(world));
    Box::pin(async move { world.under(On::Capture, kind, work).await })
}

/// PayPal says of a capture that it is too early; its lock is as old as its lease when
/// it is refused for good, and another order is paid.
fn gives_up_and_pays_anew(world: &Rc<World>, ticket: usize, begins: u64) -> Work {
    let (driver, world) = (somebody(world, ticket), Rc::clone(world));
    Box::pin(async move {
        let Some(back) = decides(&world, &driver, begins, Payer::Pays).await else {
            return;
        };
        let returns = driver.returns(&back);
        let not_yet = Issue::named("ORDER_NOT_APPROVED").expect("a name of the specification");
        let says_so = FaultKind::Refused(not_yet);
        world.under(On::Capture, says_so, returns).await;
        world.pause(LEASE + Duration::from_secs(5)).await;
        let for_good = Issue::named("PAYER_CANNOT_PAY").expect("a name of the specification");
        let returns = driver.returns(&back);
        world
            .under(On::Capture, FaultKind::Refused(for_good), returns)
            .await;
        driver.pays(Payer::Pays).await;
    })
}

fn becomes(world: &Rc<World>, after: Duration, what: Afterwards) -> Work {
    let world = Rc::clone(world);
    Box::pin(async move {
        world.pause(after).await;
        world.afterwards(what).await;
    })
}

/// Less than was paid.
const PART: Wish = Wish::Propose(Cents::new(1_000));

/// Clerks want this, one after the other.
fn want(world: &Rc<World>, ticket: usize, begins: u64, wishes: &'static [Wish]) -> Work {
    let (driver, world) = (somebody(world, ticket), Rc::clone(world));
    Box::pin(async move {
        world.pause(Duration::from_secs(begins)).await;
        for wish in wishes {
            clerk(Rc::clone(&world), driver.case_number().clone(), *wish).await;
        }
    })
}

fn cash(world: &Rc<World>, ticket: usize, begins: u64) -> Work {
    let (driver, world) = (somebody(world, ticket), Rc::clone(world));
    Box::pin(async move {
        world.pause(Duration::from_secs(begins)).await;
        clerk(world, driver.case_number().clone(), Wish::Cash).await;
    })
}

/// Looks at the page while the table is restored, and on the day after, and pays
/// again whenever the page lets it happen: without the closed captures twice.
fn comes_back(world: &Rc<World>, driver: Driver) -> Work {
    let world = Rc::clone(world);
    Box::pin(async move {
        for after in [RESTORED + A_MINUTE, DAY_AFTER] {
            world.pause(after).await;
            let page = driver.opens().await;
            if page.is_some_and(|page| page.has_pay_button())
                && driver
                    .pays(Payer::Pays)
                    .await
                    .is_some_and(|page| page.state == "paid")
            {
                let mut history = world.history.borrow_mut();
                history.sometimes("a driver paid after a restore for the first time");
            }
        }
    })
}
