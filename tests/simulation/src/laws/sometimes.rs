//! What must be seen sometimes: a proof over runs in which it never happens says
//! nothing about it.

use std::collections::BTreeSet;

use serde_json::Value;
use ticket::{CaseNumber, Cents, Change, RefundState, Role, Standing, SurplusReason, Wish};

use super::{standing, text};
use crate::engine::{Engine, Key};
use crate::history::History;
use crate::world::{Function, World};

/// Beside the edges of the state table.
const FACTS: [&str; 43] = [
    "two people ended a review",
    "settled by finish-checkout",
    "settled by receive-webhook",
    "settled by reconcile-payments",
    "a letter was on its way",
    "settled by record-payments",
    "declined, then paid",
    "held back, then paid",
    "held back, then denied",
    "settled by a clerk while an order was approved",
    "an invoice id was refused, and the second one paid",
    "surplus",
    "money with other facts",
    "a clerk was asked to wait for a payment under way",
    "a clerk was told that PayPal is checking",
    "a forged webhook had the right signature",
    "a process died",
    "the amount changed while a driver was at PayPal",
    "a clerk booked surplus",
    "a ticket was issued",
    "the same ticket was issued again",
    "a token that is not ours was refused",
    "a valid token had no ticket",
    "an event came more than once",
    "an event of the case was sent again",
    "PayPal was down for an hour, and all was settled when it was back",
    "a lock came back",
    "a lock that came back was taken away by hand",
    "a torn booking was made whole",
    "a restore forgot a payment that reconciliation found",
    "a reconciliation was repeated",
    "a clerk entered again what a restore forgot",
    "a driver paid after a restore for the first time",
    "who pressed again was sent to the same order",
    "as many orders were open as may be",
    "a night found what had been given back in silence",
    "a lock waited for PayPal's own books",
    "a refund was proposed",
    "a refund was approved",
    "a refund was completed",
    "a refund was failed",
    "a refund was rejected",
    "a refund was ordered",
];

/// How an edge of the state table begins.
pub(crate) const EDGE: &str = "edge ";

/// How a cell of the state table begins: something met a ticket that stood so.
pub(crate) const CELL: &str = "cell ";

/// A row in a column.
pub(super) fn cell(row: &str, standing: &str) -> String {
    format!("{CELL}{row} × {standing}")
}

/// What people ask: the rows of the state table that are about it.
const ASKED: [&str; 8] = [
    "checkout",
    "lease",
    "clerk's receipt",
    "short transfer",
    "withdraw",
    "object",
    "hand over",
    "change amount",
];

/// Somebody has asked for something, and has an answer: `stood` is how the ticket stood
/// before, and where it was not done it still stands so.
pub(crate) fn was_asked(
    world: &World,
    case_number: &CaseNumber,
    row: &str,
    stood: &'static str,
    is_done: bool,
) {
    if is_done || super::standing_of(world, case_number) == stood {
        world.history.borrow_mut().sometimes(cell(row, stood));
    }
}

/// Everything that a whole proof must have seen.
pub(crate) fn all() -> BTreeSet<String> {
    let mut all: BTreeSet<String> = FACTS.map(str::to_owned).into();
    // Beside the table: the lock comes and goes, a held-back capture ends.
    all.extend(["open", "open+pending"].map(|from| {
        let to = if from == "open" { "open+lock" } else { "open" };
        format!("edge {from} → {to}")
    }));
    all.insert("edge open+lock → open".to_owned());
    for from in Standing::ALL {
        all.extend(
            ends(from)
                .into_iter()
                .filter(|to| word(from) != *to)
                .map(|to| format!("{EDGE}{} → {to}", word(from))),
        );
        all.extend(ASKED.map(|row| cell(row, word(from))));
        all.extend(more_cells(from));
        if may(from, Change::Amount(Cents::new(500))) {
            all.insert(format!("{EDGE}{}: the amount changes", word(from)));
        }
    }
    all
}

/// What else meets tickets there: of an open one nothing is given back, and to one in
/// review money comes only where two of its orders were paid, which nothing lets happen.
fn more_cells(from: Standing) -> Vec<String> {
    let is_open = matches!(
        from,
        Standing::Open | Standing::OpenLocked | Standing::OpenPending
    );
    if is_open {
        return Vec::new();
    }
    let refunds = RefundState::NAMES.map(|state| cell(&format!("refund {state}"), word(from)));
    let money = (from != Standing::Review).then(|| cell("capture completed", word(from)));
    refunds.into_iter().chain(money).collect()
}

/// Where the rows of the state table lead from there. Left out are cells that only a
/// table which has forgotten something comes to: money moves under a lock, is booked
/// under it, and taken back after it.
fn ends(from: Standing) -> Vec<&'static str> {
    let mut ends = Vec::new();
    let is_paid = from.completed_capture() == Role::Main || from.receipt() == Ok(Role::Main);
    ends.extend(is_paid.then_some("paid"));
    let is_held_back = from != Standing::Open && from.keeps_pending();
    ends.extend(is_held_back.then_some("open+pending"));
    let differs = from != Standing::Open
        && from.differing_capture() == Role::Surplus(SurplusReason::FactsDiffer);
    let is_taken_back = !matches!(from, Standing::Open | Standing::OpenLocked);
    ends.extend((differs || is_taken_back).then_some("review"));
    ends.extend(may(from, Change::Withdraw).then_some("withdrawn"));
    ends.extend(may(from, Change::Object).then_some("objected"));
    ends.extend(may(from, Change::HandOver).then_some("handed over"));
    ends
}

fn may(from: Standing, change: Change) -> bool {
    from.wish(change) == Ok(Wish::Changes)
}

const fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Open => "open",
        Standing::OpenLocked => "open+lock",
        Standing::OpenPending => "open+pending",
        Standing::Paid => "paid",
        Standing::Objected => "objected",
        Standing::Withdrawn => "withdrawn",
        Standing::HandedOver => "handed over",
        Standing::Review => "review",
    }
}

/// A function has written these items.
pub(super) fn after_a_write(world: &World, by: Option<Function>, keys: &[Key]) {
    let settles = |key: &Key| key.1.starts_with("SETTLEMENT#");
    if let Some(by) = by
        && keys.iter().any(settles)
    {
        let mut history = world.history.borrow_mut();
        history.sometimes(format!("settled by {}", by.name()));
    }
    edges(world, keys);
}

/// Which edges of the state table were walked.
fn edges(world: &World, keys: &[Key]) {
    let engine = world.engine.borrow();
    for (key, before) in &engine.last_write(keys.len()) {
        if key.1 != "TICKET" {
            continue;
        }
        let (Some(before), Some(after)) = (before, engine.item(key)) else {
            continue;
        };
        let (from, to) = (standing(before), standing(&after));
        let is_money = |key: &&Key| key.1.starts_with("SETTLEMENT#");
        if keys
            .iter()
            .find(is_money)
            .is_some_and(|key| is_from_paypal(&engine, key))
        {
            let mut history = world.history.borrow_mut();
            history.sometimes(cell("capture completed", from));
        }
        let owed = before["amount"] != after["amount"];
        let mut history = world.history.borrow_mut();
        if from != to {
            history.sometimes(format!("edge {from} → {to}"));
        } else if owed {
            history.sometimes(format!("edge {from}: the amount changes"));
        }
    }
}

fn is_from_paypal(engine: &Engine, settlement: &Key) -> bool {
    let settlement = engine.item(settlement);
    settlement.is_some_and(|it| text(&it, "channel") == "paypal")
}

/// What the journals, the attempts and the settlements of all cases tell.
pub(super) fn at_rest(world: &World, history: &mut History) {
    let engine = world.engine.borrow();
    let items: Vec<&Value> = engine.all().collect();
    let attempts = |case: &str, wanted: &dyn Fn(&Value) -> bool| {
        items.iter().any(|item| {
            item.get("attempt_state").is_some() && text(item, "case_number") == case && wanted(item)
        })
    };
    let captured = |attempt: &Value| text(attempt, "attempt_state") == "captured";
    for ticket in items.iter().filter(|item| text(item, "sk") == "TICKET") {
        let case = text(ticket, "case_number");
        let journaled: BTreeSet<String> = engine
            .partition(&text(ticket, "pk"))
            .map(|item| text(item, "what"))
            .collect();
        let happened = |what: &str| journaled.contains(what);
        let mut saw = |what: &str, it_is_so: bool| {
            if it_is_so {
                history.sometimes(what);
            }
        };
        let declined = |attempt: &Value| captured(attempt) && attempt.get("decline").is_some();
        saw("declined, then paid", attempts(&case, &declined));
        let pending = happened("capture_pending");
        saw("held back, then paid", pending && happened("paid"));
        saw(
            "held back, then denied",
            happened("pending_capture_declined"),
        );
        saw("surplus", happened("surplus_booked"));
        saw("money with other facts", happened("facts_differed"));
        let second =
            |attempt: &Value| captured(attempt) && text(attempt, "invoice_id").ends_with("_2");
        saw(
            "an invoice id was refused, and the second one paid",
            attempts(&case, &second),
        );
        let late = |attempt: &Value| {
            attempt.get("order").is_some() && attempt["version"]["N"].as_str() == Some("1")
        };
        saw(
            "the amount changed while a driver was at PayPal",
            happened("amount_changed") && attempts(&case, &late),
        );
    }
}
