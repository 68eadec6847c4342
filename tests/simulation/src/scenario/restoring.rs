//! F12: the table is restored to five minutes ago, torn, by the steps of
//! `infra/runbook.md`, while drivers, sweeps and webhooks go on.
//!
//! ```text
//! 0:00 issued … 1:00 ─ torn ─ 2:00 restore point … 5:00 closed … 7:00 restored
//! … 3:17 h PayPal's books, clerks' lists, the books again: nothing ─ opened
//! ```

use std::rc::Rc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use journeys::{event, open_ticket};
use paypal_standin::{Afterwards, Fault, FaultKind, On, Payer, WebhookMode};
use reconcile_payments::{Answer, SWEEP_TIME};
use settle::{Captures, Reconciled};
use tokio::time::Instant;

use super::{A_MINUTE, AN_HOUR, AT_PAYPAL, Scenario, chance, prepare, tell, without_webhooks};
use crate::actors::Driver;
use crate::laws;
use crate::office::{Wish, clerk, enters};
use crate::world::{Function, Work, World};

/// When ops close captures.
const CLOSES: Duration = Duration::from_mins(5);
/// The lease of a lock, and the longest that an old setting still runs.
const WAITED_OUT: Duration = Duration::from_mins(2);
/// How far back the table goes.
const BACK: Duration = Duration::from_mins(5);
/// How late `PayPal` shows its books, and five minutes of a wrong clock.
const LAG: Duration = Duration::from_mins(3 * 60 + 10);
/// How often a reconciliation is run again before ops give up.
const TRIES_MAX: u32 = 20;
/// After ops have opened captures again, at the latest.
const DAY_AFTER: Duration = Duration::from_hours(12);

/// A driver begins so many seconds after the beginning; pays 20 s later.
const BEFORE: u64 = 20;
const BOOKED_IN_IT: u64 = 45;
const BEGUN_IN_IT: u64 = 65;
const BOOKED_SINCE: u64 = 105;
const BEGUN_SINCE: u64 = 150;

/// Stories of a restore, each small enough for its table to come back torn in
/// most ways.
pub(crate) const RESTORES: [Scenario; 9] = [
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
        restored(world, actors);
    },
};

/// Tickets of the larger stories.
const TICKETS: usize = 6;

/// Of money that went back only an event tells before `PayPal`'s books do.
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
    actors.push(ops(world));
    tell(world, actors);
}

fn somebody(world: &Rc<World>, ticket: usize) -> Driver {
    world.drivers.borrow()[ticket].clone()
}

fn pays(world: &Rc<World>, ticket: usize, begins: u64, payer: Payer) -> Work {
    let (driver, world) = (somebody(world, ticket), Rc::clone(world));
    Box::pin(async move {
        world.pause(Duration::from_secs(begins)).await;
        let Some(sent) = driver.presses().await else {
            return;
        };
        world.pause(AT_PAYPAL).await;
        if let Some(back) = driver.decides(&sent, payer).await {
            driver.returns(&back).await;
        }
    })
}

/// `PayPal` does so to the capture.
fn meets(world: &Rc<World>, ticket: usize, begins: u64, kind: FaultKind) -> Work {
    let (work, world) = (pays(world, ticket, begins, Payer::Pays), Rc::clone(world));
    Box::pin(async move {
        world
            .standing_fault
            .set(Some(Fault::once(On::Capture, kind)));
        work.await;
        world.standing_fault.set(None);
    })
}

fn becomes(world: &Rc<World>, after: Duration, what: Afterwards) -> Work {
    let world = Rc::clone(world);
    Box::pin(async move {
        world.pause(after).await;
        world.afterwards(what).await;
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
        for after in [CLOSES + WAITED_OUT + A_MINUTE, DAY_AFTER] {
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

/// The runbook, step by step.
fn ops(world: &Rc<World>) -> Work {
    let world = Rc::clone(world);
    Box::pin(async move {
        world.pause(CLOSES).await;
        world.set_captures(Captures::Closed).await; // 1
        world.pause(WAITED_OUT).await; // 2
        let at = Instant::now()
            .checked_sub(BACK)
            .unwrap_or_else(Instant::now); // 3
        let point = world.now() - SignedDuration::from_secs(5 * 60);
        let closed_for_good = world.now();
        let torn = world.restore(at, Captures::Closed).await; // 4
        what_came_back(&world);
        issued_again(&world).await; // 5
        let from = point - SignedDuration::from_hours(24);
        let mut found = reconciled(&world, from)
            .await
            .map_or(0, |it| it.comparison.found); // 6
        world.pause(LAG).await; // 7
        for _ in 0..TRIES_MAX {
            let Some(all) = reconciled(&world, from).await else {
                return;
            };
            found += all.comparison.found;
            let five_minutes = SignedDuration::from_mins(5);
            if all
                .complete_until
                .is_some_and(|it| it > closed_for_good + five_minutes)
            {
                break;
            }
            world.pause(A_MINUTE * 10).await;
        }
        locks_taken_away(&world); // 8
        let list = world.history.borrow().clerks_list.clone();
        for (when, case_number, wish, receipt) in list {
            if when >= point {
                enters(Rc::clone(&world), case_number, wish, receipt).await; // 9
                let mut history = world.history.borrow_mut();
                history.sometimes("a clerk entered again what a restore forgot");
            }
        }
        let once_more = reconciled(&world, from).await; // 10
        let now = world.now();
        {
            let mut history = world.history.borrow_mut();
            let nothing = once_more
                .as_ref()
                .is_some_and(|it| it.comparison.found == 0);
            history.law("F12", nothing, || {
                format!("after a restore the books still hold something: {once_more:?}")
            });
            history.whole_at = Some(now);
            if found > 0 {
                history.sometimes("a restore forgot a payment that reconciliation found");
            }
            if found > 0 && torn {
                history.sometimes("a torn booking was made whole");
            }
        }
        laws::after_a_restore(&world);
        world.set_captures(Captures::Open).await; // 12
        world.pause(AN_HOUR).await;
    })
}

fn what_came_back(world: &World) {
    let engine = world.engine.borrow();
    let mut history = world.history.borrow_mut();
    history.restored_at = Some(world.now());
    for item in engine.all() {
        let pk = item["pk"]["S"].as_str().unwrap_or_default();
        if pk.starts_with("EVENT#") && item.get("outcome").is_none() {
            history.unfinished_events.insert(pk.to_owned());
        }
        if item.get("lock").is_some() {
            history.sometimes("a lock came back");
        }
    }
    history.tell(|| "            the table is restored".to_owned());
}

/// Step 5: the city sends all of its tickets again.
async fn issued_again(world: &Rc<World>) {
    let drivers: Vec<Driver> = world.drivers.borrow().clone();
    for driver in drivers {
        let began = world.issued_at();
        let ticket = open_ticket(driver.case_number().as_str(), began);
        let store = world.apps().reconcile_payments.settle.store.clone();
        for _ in 0..TRIES_MAX {
            let (store, ticket) = (store.clone(), ticket.clone());
            let issued = world
                .invoke(Function::Office, async move {
                    store.issue(&ticket, "simulation").await
                })
                .await;
            if matches!(issued, Some(Ok(_))) {
                break;
            }
            world.pause(A_MINUTE).await;
        }
    }
}

/// One answer for all of the window, that agrees.
async fn reconciled(world: &Rc<World>, first: Timestamp) -> Option<Reconciled> {
    let (mut from, mut found) = (first, 0);
    let mut last = None;
    let was_calm = world.calm.get();
    for tried in 0..TRIES_MAX {
        // What must end is a reconciliation that nothing goes wrong with any more:
        // one call of it is fifty of ours, and a bad enough day spoils each.
        if tried >= TRIES_MAX / 2 {
            world.calm.set(true);
        }
        if tried > 0 {
            world
                .history
                .borrow_mut()
                .sometimes("a reconciliation was repeated");
            world.pause(A_MINUTE * 2).await;
        }
        let Some(answer) = reconcile(world, from).await else {
            from = first;
            continue;
        };
        found += answer.comparison.found;
        match answer.stopped_at {
            Some(at) => from = at,
            None if from != first => from = first,
            None if agree(world, &answer) => {
                let mut answer = answer;
                let foreign = answer.comparison.foreign.count;
                world.history.borrow_mut().law("F12", foreign == 0, || {
                    format!("money of a ticket is called nobody's: {answer:?}")
                });
                answer.comparison.found = found;
                world.calm.set(was_calm);
                return Some(answer);
            }
            None => {}
        }
        last = Some(answer);
    }
    world.calm.set(was_calm);
    let mut history = world.history.borrow_mut();
    history.law("F12", false, || {
        format!("a reconciliation never came to its end: {last:?}")
    });
    None
}

/// Whether the books and the table say the same; where `PayPal` has told a cent
/// less than its own books show, that cent is no fault of ours.
fn agree(world: &World, answer: &Reconciled) -> bool {
    let contradicts_itself = !world.history.borrow().odd_orders.is_empty();
    let comparison = &answer.comparison;
    let same = comparison.agrees() && answer.difference_cents == 0;
    same || contradicts_itself && comparison.unclear == 0
}

async fn reconcile(world: &Rc<World>, from: Timestamp) -> Option<Reconciled> {
    let (from, to) = (from.to_string(), world.now().to_string());
    let event = event("table-is-restored", &[("FROM", &from), ("TO", &to)]);
    let event = serde_json::from_str(&event).expect("JSON");
    let (apps, clock) = (world.apps(), world.functions_clock());
    // It is no sweep, but its calls cannot be told from those of one.
    let (begun, ended) = world.sweeps.get();
    world.sweeps.set((begun + 1, ended));
    let answer = world
        .invoke(Function::ReconcilePayments, async move {
            let until = Instant::now() + SWEEP_TIME;
            reconcile_payments::answer(&apps.reconcile_payments, &event, &clock, until).await
        })
        .await;
    let (begun, ended) = world.sweeps.get();
    world.sweeps.set((begun, ended + 1));
    let answer = answer?;
    world
        .history
        .borrow_mut()
        .tell(|| format!("            ops read: {answer:?}"));
    match answer {
        Ok(Answer::Reconciled(reconciled)) => Some(reconciled),
        Ok(Answer::Swept(_)) | Err(_) => None,
    }
}

/// Step 8: whatever money there was is booked by now, captures have been closed
/// for longer than any lease, and a lock that still stands waits for nobody.
fn locks_taken_away(world: &World) {
    let mut engine = world.engine.borrow_mut();
    let locked: Vec<_> = engine
        .all()
        .filter(|item| item.get("lock").is_some())
        .cloned()
        .collect();
    for mut ticket in locked {
        if let Some(attributes) = ticket.as_object_mut() {
            attributes.remove("lock");
        }
        engine.restore(&crate::engine::key_of(&ticket), Some(&ticket));
        let mut history = world.history.borrow_mut();
        history.sometimes("a lock that came back was taken away by hand");
    }
}
