//! What must hold when a call to PayPal starts.

use bytes::Bytes;
use http::{Method, Request, Response};
use jiff::Timestamp;
use journeys::{PLACE, PLATE};
use serde_json::Value;

use super::{case_of, moment, order_of, text};
use crate::world::World;

/// The ticket and the attempt of an order, as the table knows them.
fn ticket_and_attempt(world: &World, order: &str) -> Option<(Value, Value)> {
    let (case_number, attempt) = world.standin.in_books(|books| {
        let order = books.order(order)?;
        let case_number = case_of(order.invoice_id.as_deref());
        Some((case_number, order.custom_id.clone()?))
    })?;
    let engine = world.engine.borrow();
    let ticket = engine.item(&(format!("TICKET#{case_number}"), "TICKET".to_owned()))?;
    let attempt = engine.item(&(format!("ATTEMPT#{attempt}"), "ATTEMPT".to_owned()))?;
    Some((ticket, attempt))
}

/// Until when the ticket of an order is locked.
pub(super) fn lock_of(world: &World, order: &str) -> Option<Timestamp> {
    let (ticket, _) = ticket_and_attempt(world, order)?;
    moment(ticket["lock"]["M"]["until"]["S"].as_str()?)
}

/// A process is about to call PayPal, while these other calls are on their
/// way for processes that still live.
pub(crate) fn a_call_to_paypal_starts<'a>(
    world: &World,
    request: &Request<Bytes>,
    others: impl Iterator<Item = &'a Request<Bytes>>,
) {
    if request.method() != Method::POST {
        return;
    }
    nothing_secret_is_sent(world, request);
    if let Some(refund) = refund_of(request) {
        a_refund_starts(world, &refund, others);
        return;
    }
    let Some(order) = order_of(request) else {
        return;
    };
    let Some((ticket, attempt)) = ticket_and_attempt(world, &order) else {
        world.history.borrow_mut().law("M4", false, || {
            format!("order {order} is captured, and the table knows nothing of it")
        });
        return;
    };
    may_be_captured(world, &ticket, &attempt, "starts");
    let mut history = world.history.borrow_mut();
    let attempt_id = text(&attempt, "id");
    let request_id = request.headers().get("paypal-request-id");
    let request_id = request_id
        .and_then(|id| id.to_str().ok())
        .unwrap_or_default();
    let try_number = attempt["refusals"]["N"].as_str().unwrap_or_default();
    let tried = (attempt_id.clone(), try_number.to_owned());
    // Told so as soon as it is written down. The same try under its own id charges no
    // card anew: PayPal repeats what it said.
    let refused = history.refused_cards.contains(&order) && attempt.get("decline").is_some();
    let is_repeated = history.request_ids.contains_key(&tried);
    history.law("M11", !refused || is_repeated, || {
        format!("order {order} is captured again with a card that was refused; its driver has not come back")
    });
    let first = history
        .request_ids
        .entry(tried)
        .or_insert_with(|| request_id.to_owned());
    let same = first == request_id;
    history.law("M8", same, || {
        format!(
            "try {try_number} of {attempt_id} is repeated under another request id, {request_id}"
        )
    });
    let case_number = text(&ticket, "case_number");
    let other = others
        .filter(|other| other.method() == Method::POST)
        .filter_map(order_of)
        .find(|other| {
            ticket_and_attempt(world, other)
                .is_some_and(|(ticket, _)| text(&ticket, "case_number") == case_number)
        });
    history.law("M9", other.is_none(), || {
        format!("two processes capture for {case_number} at once: orders {order} and {other:?}")
    });
}

/// Our number of the refund that a call asks for.
fn refund_of(request: &Request<Bytes>) -> Option<String> {
    if !request.uri().path().ends_with("/refund") {
        return None;
    }
    let asked: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    Some(asked["custom_id"].as_str().unwrap_or_default().to_owned())
}

/// M9, F12: money is about to be given back.
fn a_refund_starts<'a>(
    world: &World,
    refund: &str,
    mut others: impl Iterator<Item = &'a Request<Bytes>>,
) {
    let is_twice = others.any(|other| refund_of(other).as_deref() == Some(refund));
    let is_closed = world.is_closed();
    let mut history = world.history.borrow_mut();
    history.law("M9", !is_twice, || {
        format!("two processes give {refund} back at once")
    });
    history.law("F12", !is_closed, || {
        format!("{refund} is given back while captures are closed")
    });
}

/// What PayPal said to a capture.
pub(super) fn a_capture_was_answered(world: &World, order: String, answer: &Response<Bytes>) {
    let said: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let mut history = world.history.borrow_mut();
    for detail in said["details"].as_array().into_iter().flatten() {
        let issue = detail["issue"].as_str().unwrap_or_default();
        if issue == REFUSED_CARD {
            history.refused_cards.insert(order.clone());
        }
        history.refused_as.insert((order.clone(), issue.to_owned()));
    }
    if !answer.status().is_success() && said["details"].as_array().is_none_or(Vec::is_empty) {
        history.refused_as.insert((order, String::new()));
    }
}

/// What an order reads. One that is not approved any more has lost the approval that
/// was refused: the next one is a new one, as far as anybody can tell.
pub(super) fn an_order_was_read(world: &World, order: &str, answer: &Response<Bytes>) {
    let said: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let waits = matches!(
        said["status"].as_str(),
        Some("CREATED" | "SAVED" | "PAYER_ACTION_REQUIRED")
    );
    if waits {
        world.history.borrow_mut().refused_cards.remove(order);
    }
}

/// PayPal's word for a card that will not do.
const REFUSED_CARD: &str = "INSTRUMENT_DECLINED";

/// A capture has its effect at PayPal now, however long it was on its way.
pub(super) fn a_capture_goes(world: &World, order: &str) {
    match ticket_and_attempt(world, order) {
        Some((ticket, attempt)) => may_be_captured(world, &ticket, &attempt, "goes"),
        None => world.history.borrow_mut().law("M4", false, || {
            format!("order {order} is captured, and the table knows nothing of it any more")
        }),
    }
}

/// M4, M5: a lock that still runs, an open ticket, the attempt's version.
fn may_be_captured(world: &World, ticket: &Value, attempt: &Value, does_what: &str) {
    let now = world.now();
    let mut history = world.history.borrow_mut();
    let case_number = text(ticket, "case_number");
    let attempt_id = text(attempt, "id");
    let lock = &ticket["lock"]["M"];
    let locked = lock["attempt"]["S"].as_str() == Some(&attempt_id)
        && moment(&text(lock, "until")).is_some_and(|until| until >= now);
    let open = ticket["state"]["S"] == "open" && ticket.get("pending").is_none();
    let same_version = ticket["version"]["N"] == attempt["version"]["N"];
    history.law("M4", open && locked && same_version, || {
        format!("a capture {does_what} for {case_number}, attempt {attempt_id}, at {now}: ticket {ticket}, attempt {attempt}")
    });
    let clerk = history.clerk_settled.contains_key(&case_number);
    let closed = world.is_closed();
    history.law("F12", !closed, || {
        format!("a capture {does_what} for {case_number} while captures are closed")
    });
    history.law("M5", !clerk, || {
        format!("a capture {does_what} for {case_number}, which is settled by a clerk")
    });
}

fn nothing_secret_is_sent(world: &World, request: &Request<Bytes>) {
    let sent = String::from_utf8_lossy(request.body());
    let secret = [PLATE, PLACE, "/t/"]
        .iter()
        .any(|secret| sent.contains(secret));
    world.history.borrow_mut().law("T4", !secret, || {
        format!("PayPal is told a plate, a place or a token: {sent}")
    });
}
