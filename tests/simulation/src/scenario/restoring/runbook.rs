//! `infra/runbook.md`, "Restoring the table", step by step.

use std::rc::Rc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use journeys::{event, open_ticket};
use reconcile_payments::Answer;
use serde_json::Value;
use settle::Reconciled;
use settle::sweep::SWEEP_TIME;
use store::Issued;
use ticket::Captures;
use tokio::time::Instant;

use super::CLOSES;
use crate::actors::Driver;
use crate::engine::key_of;
use crate::laws;
use crate::office::enters;
use crate::scenario::{A_MINUTE, AN_HOUR};
use crate::world::{Function, WAITED_OUT, Work, World};

/// How far back the table goes.
const BACK: Duration = Duration::from_mins(5);
/// How late PayPal shows its books, and five minutes of a wrong clock.
const LAG: Duration = Duration::from_mins(3 * 60 + 10);
/// How often a reconciliation is run again before ops give up.
const TRIES_MAX: u32 = 20;

/// The runbook, step by step.
pub(super) fn ops(world: &Rc<World>) -> Work {
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
        let five_minutes = SignedDuration::from_mins(5);
        let mut complete = false;
        for _ in 0..TRIES_MAX {
            let Some(all) = reconciled(&world, from).await else {
                return;
            };
            found += all.comparison.found;
            complete = all
                .complete_until
                .is_some_and(|it| it > closed_for_good + five_minutes);
            if complete {
                break;
            }
            world.pause(A_MINUTE * 10).await;
        }
        if !complete {
            let mut history = world.history.borrow_mut();
            history.law("F12", false, || "PayPal never shows all".to_owned());
            return;
        }
        locks_taken_away(&world); // 8
        let list = world.history.borrow().clerks_list.clone();
        for (when, case_number, wish, receipt) in list {
            // What was done shortly before may have come back in parts.
            if when >= point - five_minutes {
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
        let store = world.functions().start_checkout.store.clone();
        for _ in 0..TRIES_MAX {
            let (store, ticket) = (store.clone(), ticket.clone());
            let issued = world
                .invoke(Function::IssueTickets, async move {
                    store.issue(&ticket, "simulation").await
                })
                .await;
            if let Some(Ok(issued)) = issued {
                let theirs = issued != Issued::OtherContent;
                world.history.borrow_mut().law("F12", theirs, || {
                    format!("{} cannot be issued again", driver.case_number())
                });
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
            world.comes_to_its_senses();
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
            // Ops look at each foreign payment by hand, and wait where one is a ticket's.
            None if is_ours_called_foreign(world, &answer) && world.hides_whose_it_is() => {}
            None if agree(world, &answer) => {
                let mut answer = answer;
                let is_right = !is_ours_called_foreign(world, &answer);
                world.history.borrow_mut().law("F12", is_right, || {
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

/// Whether the books and the table say the same; where PayPal has told a cent
/// less than its own books show, that cent is no fault of ours.
fn agree(world: &World, answer: &Reconciled) -> bool {
    let contradicts_itself = !world.history.borrow().odd_orders.is_empty();
    let comparison = &answer.comparison;
    let same = comparison.agrees() && answer.difference_cents == 0;
    let counts = comparison.shown.count == comparison.booked.count
        && comparison.taken_back_shown.count == comparison.taken_back_booked.count
        && comparison.without_ticket.count == 0;
    same || contradicts_itself && counts && comparison.unclear == 0
}

fn is_ours_called_foreign(world: &World, answer: &Reconciled) -> bool {
    answer.comparison.foreign.count > world.strangers.get()
}

async fn reconcile(world: &Rc<World>, from: Timestamp) -> Option<Reconciled> {
    let (from, to) = (from.to_string(), world.now().to_string());
    let event = event("table-is-restored", &[("FROM", &from), ("TO", &to)]);
    let event = serde_json::from_str(&event).expect("JSON");
    let (functions, clock) = (world.functions(), world.functions_clock());
    // It is no sweep, but its calls cannot be told from those of one.
    let (begun, ended) = world.sweeps.get();
    world.sweeps.set((begun + 1, ended));
    let answer = world
        .invoke(Function::ReconcilePayments, async move {
            let until = Instant::now() + SWEEP_TIME;
            reconcile_payments::answer(&functions.reconcile_payments, &event, &clock, until).await
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
/// for longer than any lease, and a lock that still stands waits for nobody, but where
/// its attempt goes on: the sweep asks PayPal about that.
fn locks_taken_away(world: &World) {
    let mut engine = world.engine.borrow_mut();
    let goes_on = |lock: &Value| {
        let attempt = lock["M"]["attempt"]["S"].as_str().unwrap_or_default();
        let attempt = engine
            .all()
            .find(|item| item["sk"]["S"] == format!("ATTEMPT#{attempt}"));
        let state = attempt.and_then(|attempt| attempt["attempt_state"]["S"].as_str());
        matches!(state, Some("live" | "pending"))
    };
    let locked: Vec<_> = engine
        .all()
        .filter(|item| item.get("lock").is_some_and(|lock| !goes_on(lock)))
        .cloned()
        .collect();
    for mut ticket in locked {
        if let Some(attributes) = ticket.as_object_mut() {
            attributes.remove("lock");
        }
        engine.restore(&key_of(&ticket), Some(&ticket));
        let mut history = world.history.borrow_mut();
        history.sometimes("a lock that came back was taken away by hand");
    }
}
