//! What must hold after each step.

use std::collections::BTreeMap;

use paypal_standin::CaptureStatus;
use serde_json::Value;

use super::{case_of, cents, moment, text};
use crate::engine::{Key, key_of};
use crate::history::History;
use crate::world::{MERCHANT, World};

/// M1, M2, M3: what PayPal's books may hold.
pub(super) fn at_most_one_capture(world: &World) {
    let mut history = world.history.borrow_mut();
    let history = &mut *history;
    world.standin.in_books(|books| {
        let mut captures: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for capture in &books.captures {
            let Some(attempt) = capture.custom_id.as_deref() else {
                continue;
            };
            if !capture.status.moves_money() {
                continue;
            }
            let case_number = case_of(capture.invoice_id.as_deref());
            captures.entry(case_number).or_default().push(&capture.id);
            let Some(order) = books.order(&capture.order_id) else {
                continue;
            };
            let odd = history.odd_orders.contains(&capture.order_id);
            let right = capture.amount == order.amount
                && capture.amount.currency.code() == "EUR"
                && capture.payee_merchant_id == MERCHANT
                && order.custom_id.as_deref() == Some(attempt);
            history.law("M2", odd || right, || {
                format!(
                    "capture {} is not what was approved: {capture:?}",
                    capture.id
                )
            });
            let shown = history.shown_amounts.get(&capture.order_id).cloned();
            let charged = capture.amount.to_string();
            history.law(
                "M3",
                odd || shown.is_none_or(|shown| shown == charged),
                || format!("capture {} is not over what the page showed", capture.id),
            );
        }
        for (case_number, of_case) in captures {
            // Once more for each time that two people have decided so: the money of before
            // is gone.
            let ended = history.reviews_ended.get(&case_number).copied();
            let most = 1 + ended.unwrap_or_default();
            history.law("M1", of_case.len() <= most, || {
                format!("{case_number} was charged by {of_case:?}")
            });
        }
    });
}

/// M6, M17, M18, L3, L5, L6, T3: what the table may hold of the tickets just written.
pub(super) fn after_a_write(world: &World, keys: &[Key]) {
    let mut partitions: Vec<&str> = keys
        .iter()
        .map(|(pk, _)| pk.as_str())
        .filter(|pk| pk.starts_with("TICKET#"))
        .collect();
    partitions.dedup();
    for pk in partitions {
        let items: Vec<Value> = world.engine.borrow().partition(pk).cloned().collect();
        look_at_a_case(world, &items);
    }
}

/// The same of every ticket: a restored table is made whole.
pub(super) fn of_every_case(world: &World) {
    let keys: Vec<Key> = world.engine.borrow().all().map(key_of).collect();
    let mut partitions: Vec<String> = keys.into_iter().map(|(pk, _)| pk).collect();
    partitions.dedup();
    for pk in partitions.iter().filter(|pk| pk.starts_with("TICKET#")) {
        let items: Vec<Value> = world.engine.borrow().partition(pk).cloned().collect();
        look_at_a_case(world, &items);
    }
}

/// R13: the moment a lease is given, nobody may be paying who has begun in time.
fn no_letter_to_who_is_paying(
    world: &World,
    history: &mut History,
    ticket: &Value,
    items: &[Value],
) {
    let (case_number, until) = (
        text(ticket, "case_number"),
        ticket["letter_lease"]["M"]["until"]["S"].clone(),
    );
    let Some(until) = until.as_str() else {
        return;
    };
    let before = history
        .letters
        .insert(case_number.clone(), until.to_owned());
    if before.as_deref() == Some(until) {
        return;
    }
    history.sometimes("a letter was on its way");
    let engine = world.engine.borrow();
    for pointer in items {
        let sort = text(pointer, "sk");
        if !sort.starts_with("ATTEMPT#") {
            continue;
        }
        let is_alive = |attempt: &Value| {
            let state = text(attempt, "attempt_state");
            let begun_in_time =
                text(attempt, "created_at").get(..10) <= Some(&text(ticket, "due_on"));
            matches!(state.as_str(), "live" | "pending") && begun_in_time
        };
        let alive = engine.partition(&sort).any(is_alive);
        history.law("R13", !alive, || {
            format!("{case_number} has a letter while {sort} may still be paid")
        });
    }
}

/// M17: whoever has ended a review where it is about money was not who had proposed it, and
/// what was proposed last is what came of it.
fn two_people_have_ended_it(history: &mut History, case_number: &str, items: &[Value]) {
    let lines = |what: &'static str| {
        let of_journal = |item: &&Value| text(item, "sk").starts_with("JOURNAL#");
        let lines = items.iter().filter(of_journal);
        lines.filter(move |item| text(item, "what") == what)
    };
    let at = |line: &Value| moment(&text(line, "at"));
    for ended in lines("review_ended") {
        let before = lines("review_proposed").filter(|line| at(line) < at(ended));
        let last = before.max_by_key(|line| at(line));
        let by_two = last.is_some_and(|last| {
            let became = ended["after"]["M"]["state"]["S"].as_str();
            let decision = match became {
                Some("open") => "payable_again",
                other => other.unwrap_or_default(),
            };
            text(last, "by") != text(ended, "by") && text(last, "reference").starts_with(decision)
        });
        history.sometimes("two people ended a review");
        let count = lines("review_ended").count();
        history.reviews_ended.insert(case_number.to_owned(), count);
        history.law("M17", by_two, || {
            format!("a review ended so: {ended}, after {last:?}")
        });
    }
}

/// M18: of what pays a ticket not all has left again.
fn pays_with_what_is_there(history: &mut History, ticket: &Value, items: &[Value]) {
    let (case_number, pays) = (text(ticket, "case_number"), text(ticket, "settlement"));
    let sum = |kind: &str, of_it: &str| {
        let lines = items
            .iter()
            .filter(|item| text(item, "sk").starts_with(kind));
        let of_it = lines.filter(|item| text(item, of_it) == pays);
        of_it.map(|item| cents(&text(item, "value"))).sum::<i64>()
    };
    // Cash and transfers are given back by payment orders, which end no state.
    let came = sum("SETTLEMENT#", "capture_id");
    let left = sum("TAKEN_BACK#", "settlement");
    history.law("M18", came == 0 || left < came, || {
        format!("{case_number} is paid by {pays}, which has left again: {left} of {came}")
    });
}

/// Whether a review has ended since that was booked.
pub(super) fn was_reviewed(ticket: &Value, booked: &Value) -> bool {
    let (ended, booked) = (text(ticket, "reviewed_at"), text(booked, "booked_at"));
    moment(&ended).is_some_and(|ended| moment(&booked).is_some_and(|booked| booked < ended))
}

#[expect(
    clippy::too_many_lines,
    reason = "one law after the other, each a few lines about the same case"
)]
fn look_at_a_case(world: &World, items: &[Value]) {
    let Some(ticket) = items.iter().find(|item| text(item, "sk") == "TICKET") else {
        return;
    };
    let of_kind = |kind: &str| {
        let kind = format!("{kind}#");
        items
            .iter()
            .filter(move |item| text(item, "sk").starts_with(&kind))
    };
    let mut history = world.history.borrow_mut();
    let history = &mut *history;
    let case_number = text(ticket, "case_number");
    no_letter_to_who_is_paying(world, history, ticket, items);
    two_people_have_ended_it(history, &case_number, items);
    let paid = ticket["state"]["S"] == "paid";
    // What a review has set aside counts no more, unless it is what pays the ticket.
    let counts = |item: &Value| {
        let id = match text(item, "channel").as_str() {
            "paypal" => text(item, "capture_id"),
            channel => format!("{channel}-{}", text(item, "receipt_number")),
        };
        let pays = paid && id == text(ticket, "settlement");
        text(item, "role") == "main" && (pays || !was_reviewed(ticket, item))
    };
    let main = of_kind("SETTLEMENT").filter(|item| counts(item)).count();
    // A ticket may come back paid without its settlement, and the journal in
    // parts, until step 10 of the runbook: then both are looked at in each case.
    let torn = history.not_whole(world.now());
    // "The lines of the bookings are written anew": beside one that came back
    // without its ticket, or from review to review where the ticket came without
    // its line. Where the last one leads must still be where the ticket is.
    let in_pieces = history.torn_tickets.contains(&text(ticket, "pk"));
    history.law("M6", main <= 1 && (!paid || main == 1 || torn), || {
        format!("{case_number} has {main} main settlements: {ticket}")
    });
    if paid && !torn {
        pays_with_what_is_there(history, ticket, items);
    }
    for settlement in of_kind("SETTLEMENT").filter(|it| text(it, "channel") == "paypal") {
        let capture_id = text(settlement, "capture_id");
        world.standin.in_books(|books| {
            let capture = books.capture(&capture_id);
            let came = capture.is_some_and(|capture| {
                capture.status.moves_money() && capture.status != CaptureStatus::Pending
            });
            history.law("L3", came, || {
                format!("{capture_id} is booked for {case_number}, PayPal has {capture:?}")
            });
            let pending = capture.is_some_and(|capture| capture.status == CaptureStatus::Pending);
            history.law("L5", !pending, || {
                format!("{capture_id} is pending and booked for {case_number}")
            });
            let Some(capture) = capture else { return };
            // Where PayPal had told other facts than it has, those were booked.
            let odd = history.odd_orders.contains(&capture.order_id);
            let its_own = case_of(capture.invoice_id.as_deref()) == case_number
                && capture.custom_id.as_deref() == Some(text(settlement, "attempt").as_str())
                && (odd || i64::try_from(capture.amount.minor_units) == Ok(cents(&text(settlement, "value"))));
            history.law("L3", its_own, || {
                format!("{case_number} has {settlement}, PayPal has {capture:?}")
            });
            let order = books.order(&capture.order_id);
            let as_asked = capture.amount.currency.code() == "EUR"
                && order.is_some_and(|order| order.amount == capture.amount)
                && capture.payee_merchant_id == MERCHANT;
            let is_right = as_asked || was_reviewed(ticket, settlement);
            history.law("L3", is_right || text(settlement, "role") != "main", || {
                format!("{case_number} is settled by other money than was asked for: {capture:?}")
            });
            let misjudged = text(settlement, "surplus_reason") == "facts_differ"
                && as_asked
                && its_own
                && capture.status == CaptureStatus::Completed
                && !odd
                && !history.was_strange;
            history.law("L3", !misjudged, || {
                format!("{case_number} is not settled by the money that was asked for: {capture:?}")
            });
            let paid_at = moment(&text(settlement, "paid_at"));
            let approved = history.approved_at.get(&capture.order_id).cloned();
            // "The moment of approval of a payment the table had forgotten: it counts
            // from the moment PayPal captured it."
            let forgotten = history.restored_at.is_some();
            // Where PayPal gives another time for it, or none, or the one before
            // its approval was to be seen, nobody can do better than this.
            let dim = !world.habits.borrow().is_empty()
                && paid_at.is_some_and(|at| {
                    let order = books.order(&capture.order_id);
                    order.is_some_and(|order| {
                        (order.created_at.as_second()..=capture.created_at.as_second())
                            .contains(&at.as_second())
                    })
                });
            let as_paypal_says = dim || paid_at.is_some_and(|paid_at| {
                forgotten && paid_at.as_second() == capture.created_at.as_second()
                    || approved.iter().flatten().any(|at| at.as_second() == paid_at.as_second())
            });
            history.law("L6", as_paypal_says, || {
                format!("{capture_id} was paid at {paid_at:?}, PayPal says approved {approved:?}, captured {}", capture.created_at)
            });
        });
    }
    let mut journal: Vec<&Value> = of_kind("JOURNAL").collect();
    // As the city is shown it.
    journal.sort_by_key(|entry| {
        let version: u32 = entry["version"]["N"]
            .as_str()
            .and_then(|n| n.parse().ok())
            .unwrap_or(0);
        let changes_nothing = entry["before"] == entry["after"];
        (version, changes_nothing, moment(&text(entry, "at")))
    });
    let snapshot = |entry: &Value, name: &str| {
        let snapshot = &entry[name]["M"];
        (
            text(snapshot, "state"),
            number(&snapshot["amount"]).to_string(),
        )
    };
    let mut stands = None;
    let mut in_order = true;
    for entry in &journal {
        in_order &= match &stands {
            None => entry.get("before").is_none(),
            Some(stands) => snapshot(entry, "before") == *stands,
        };
        in_order &= !text(entry, "by").is_empty() && !text(entry, "at").is_empty();
        stands = Some(snapshot(entry, "after"));
    }
    let is = (text(ticket, "state"), owed(ticket).to_string());
    history.law("T3", torn || (in_order || in_pieces) && stands.as_ref() == Some(&is), || {
        format!(
            "the journal of {case_number} comes to {stands:?}, the ticket is {is:?}: {journal:?}"
        )
    });
}

fn number(value: &Value) -> i64 {
    let digits = value["N"].as_str().unwrap_or_default();
    digits.parse().unwrap_or_default()
}

/// The fine less what has paid parts of it.
pub(super) fn owed(ticket: &Value) -> i64 {
    let parts = ticket["part_payments"]["L"].as_array();
    let paid = parts.into_iter().flatten();
    let paid: i64 = paid.map(|part| number(&part["M"]["amount"])).sum();
    number(&ticket["amount"]) - paid
}
