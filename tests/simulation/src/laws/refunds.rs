//! Money that two people have decided to give back.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use paypal_standin::{Books, Refund, RefundKind, RefundStatus};
use serde_json::Value;

use super::books::Table;
use super::sometimes::cell;
use super::{moment, standing, text};
use crate::engine::Key;
use crate::history::History;
use crate::world::World;

/// Nobody can look and ask in no time: what somebody gives back meanwhile, nobody sees.
const LOOKED_AND_ASKED_WITHIN: SignedDuration = SignedDuration::from_secs(90);

/// Our number of a refund, where we have asked for it: no attempt's id has a point.
fn number(refund: &Refund) -> Option<&str> {
    let custom_id = refund.custom_id.as_deref()?;
    custom_id.contains('.').then_some(custom_id)
}

fn has_gone(refund: &Refund) -> bool {
    refund.status != RefundStatus::Failed
}

/// What the table has of a refund, by its number.
fn item_of(world: &World, number: &str) -> Option<Value> {
    let case_number = number.split('.').next()?;
    let key = (format!("TICKET#{case_number}"), format!("REFUND#{number}"));
    world.engine.borrow().item(&key)
}

/// M12, M14, M15: what PayPal's books may hold.
pub(super) fn after_a_call_to_paypal(world: &World) {
    let mut history = world.history.borrow_mut();
    let history = &mut *history;
    world.standin.in_books(|books| {
        let mut times: BTreeMap<&str, u32> = BTreeMap::new();
        for refund in books.refunds.iter().filter(|it| has_gone(it)) {
            let Some(number) = number(refund) else {
                continue;
            };
            *times.entry(number).or_default() += 1;
            was_decided(world, history, refund, number);
            nobody_else_gave_it_back(world, books, history, refund, number);
        }
        for (number, times) in times {
            history.law("M12", times == 1, || {
                format!("{number} was given back {times} times")
            });
        }
    });
}

fn was_decided(world: &World, history: &mut History, refund: &Refund, number: &str) {
    // A restore forgets decisions, not refunds.
    if history.restored_at.is_some() {
        return;
    }
    let item = item_of(world, number);
    let right = item.as_ref().is_some_and(|item| {
        item.get("decision").is_some()
            && !matches!(text(item, "refund_state").as_str(), "proposed" | "rejected")
            && text(item, "value") == refund.amount.to_string()
    });
    history.law("M14", right, || {
        format!("PayPal gave {refund:?} back, and decided is {item:?}")
    });
}

/// M15: given back in PayPal's own pages after it was proposed, and before it was asked.
fn nobody_else_gave_it_back(
    world: &World,
    books: &Books,
    history: &mut History,
    refund: &Refund,
    number: &str,
) {
    if history.restored_at.is_some() {
        return;
    }
    let item = item_of(world, number);
    let proposed_at = item.and_then(|item| moment(&text(&item, "proposed_at")));
    let by_hand = books.refunds.iter().find(|other| {
        other.capture_id == refund.capture_id
            && other.kind == RefundKind::Refund
            && self::number(other).is_none()
            && has_gone(other)
            && proposed_at.is_some_and(|at| at < other.created_at)
            && refund.created_at.duration_since(other.created_at) > LOOKED_AND_ASKED_WITHIN
    });
    history.law("M15", by_hand.is_none(), || {
        format!("{number} was given back after {by_hand:?}")
    });
}

/// M13, M16: whoever has proposed a refund has not approved it, and what was decided stays.
pub(super) fn after_a_write(world: &World, keys: &[Key]) {
    let before = world.engine.borrow().last_write(keys.len());
    for (key, before) in &before {
        if !key.1.starts_with("REFUND#") {
            continue;
        }
        let Some(item) = world.engine.borrow().item(key) else {
            continue;
        };
        let mut history = world.history.borrow_mut();
        let before = before.as_ref();
        let decision = before.and_then(|before| before.get("decision"));
        let state = text(&item, "refund_state");
        // Somebody may call off what PayPal was not asked for yet.
        let called_off = state == "rejected"
            && before.is_some_and(|before| {
                text(before, "refund_state") == "approved"
                    && before.get("asked").is_none()
                    && before.get("paypal_id").is_none()
            });
        let stays = decision.is_none_or(|it| *it == item["decision"]);
        history.law("M16", stays || called_off, || {
            format!("what was decided by {decision:?} was decided again: {item}")
        });
        history.sometimes(format!("a refund was {state}"));
        let ticket = (key.0.clone(), "TICKET".to_owned());
        if let Some(ticket) = world.engine.borrow().item(&ticket) {
            history.sometimes(cell(&format!("refund {state}"), standing(&ticket)));
        }
        let proposed_by = text(&item, "proposed_by");
        let decided_by = item["decision"]["M"]["by"]["S"].as_str();
        let own = decided_by.is_some_and(|by| by == proposed_by) && state != "rejected";
        history.law("M13", !own, || {
            format!("who proposed it approved it: {item}")
        });
    }
}

/// L11, R9: nothing is left to do.
pub(super) fn at_rest(books: &Books, table: &Table, history: &mut History) {
    for refund in &books.refunds {
        let Some(number) = number(refund) else {
            continue;
        };
        let item = table.refunds.iter().find(|item| text(item, "id") == number);
        let state = item.map(|item| text(item, "refund_state"));
        let right = match refund.status {
            RefundStatus::Completed => state.as_deref() == Some("completed"),
            RefundStatus::Pending => state.as_deref() == Some("approved"),
            RefundStatus::Failed => state.as_deref() != Some("completed"),
        };
        history.law("L11", right, || {
            format!(
                "{number} is {:?} at PayPal and {state:?} here",
                refund.status
            )
        });
    }
    for item in &table.refunds {
        let (number_of, state) = (text(item, "id"), text(item, "refund_state"));
        let at_paypal = books
            .refunds
            .iter()
            .any(|refund| number(refund) == Some(&number_of) && has_gone(refund));
        let waits = matches!(state.as_str(), "approved" | "completed");
        history.law("L11", at_paypal || !waits, || {
            format!("{number_of} is {state}, and PayPal has given nothing back")
        });
    }
    for settlement in table.settlements.iter().chain(&table.by_clerks) {
        let is_surplus = text(settlement, "role") == "surplus";
        if !is_surplus && settlement.get("overpaid").is_none() {
            continue;
        }
        let id = match text(settlement, "capture_id") {
            none if none.is_empty() => format!(
                "{}-{}",
                text(settlement, "channel"),
                text(settlement, "receipt_number")
            ),
            capture => capture,
        };
        let wanted = format!("{}.{id}.1", text(settlement, "case_number"));
        let is_there = table.refunds.iter().any(|it| text(it, "id") == wanted);
        history.law("R9", is_there, || {
            format!("nobody is told to give {wanted} back")
        });
    }
}
