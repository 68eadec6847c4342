//! The laws, and when each is looked at. The stand-in's books are the truth.
//!
//! | law | says |
//! |---|---|
//! | M1 | a ticket is charged at most once |
//! | M2, M3 | what is charged is what was approved, and what the page showed |
//! | M4, M5 | no capture starts, or arrives, unless the ticket is open, of the attempt's version and under its lock, whose lease runs, and no clerk has settled it |
//! | M6, M7 | one main settlement; an attempt that brought nothing has no capture |
//! | M8 | a repeated try carries the same request id |
//! | M9 | no two processes are inside the capture call for one ticket, or inside the call that gives money back for one refund |
//! | M10 | nobody is sent to an order that the table does not know |
//! | M11 | a card that was refused is not charged unless its driver has come back |
//! | L1, L3, L7 | every capture is booked once, for its own ticket and attempt, nothing without a capture or a refund, the sums agree to the cent |
//! | L2 | who approves within 45 minutes of pressing is captured and booked within 15 minutes, later ones within 30; what PayPal held back, within an hour more; where it has refused without a definite answer, when it gives one |
//! | L4, L5 | paid is shown only when settled, and never taken back; pending is not paid |
//! | L9 | what has left PayPal's account is on a ticket when a night has passed |
//! | M12, M13 | what two people have decided goes back once, and nobody approves a proposal of their own |
//! | M14, M15 | nothing goes back that was not decided, nor what somebody has given back in PayPal's own pages since |
//! | M16 | what was decided about a refund stays decided |
//! | L11 | a refund is completed when PayPal has given it back, and not before; none is forgotten |
//! | R9 | surplus proposes its refund |
//! | L10 | nobody is asked to pay while PayPal has not said what became of a capture |
//! | L6 | the time of payment is PayPal's |
//! | L8 | money taken back leads to review |
//! | X1, X2, X3 | one line for the export for each settlement, none without, its id follows from it |
//! | W1 | an event has its effect once, however often it comes |
//! | W2, W3, W4 | an event ends (or PayPal gives it up whose deliveries a restore has forgotten), is stored before 2xx, and unverified writes nothing |
//! | W7 | whoever sends webhooks that are not PayPal's does not make us ask it ten times a minute |
//! | W5, W6 | the order of events, and what they say beside ids, changes nothing |
//! | H1 | the feed of changes tells each line of each journal once, and a ticket's in their order |
//! | H2 | whoever reads it and goes on from `next` hears each, the same each time, and a ticket's in their order |
//! | F12 | while captures are closed nobody is sent to PayPal, nothing is captured and nothing given back; a reconciliation after a restore comes to an end, agrees, and finds nothing a second time |
//! | F14 | what newer code has written of a ticket or an attempt stays |
//! | R1 | a return with a foreign order id moves nothing |
//! | T1 | whatever is wrong with a token: the same bytes, and no read |
//! | T2 | a number is issued once; other content under it is a conflict |
//! | T3, T4, T5 | the journal replays to the ticket; no secret leaves; clerks' bookings say who and why |
//! | V0, V1, V2, V5 | a run ends, and is the same when it is run again; no lock stays, and no live attempt one hour after its order's life; a table that is down is 503 |
//! | V3 | a sweep reads each shard once, and so much for each open attempt |
//! | V4 | an hour without PayPal is made up for in 15 minutes, at 2 calls a second |
//! | V6 | a ticket has five orders at most that may still bring money |
//! | V7 | in a crowd whoever pays is captured within two minutes, at 2 calls a second |

mod books;
mod ends;
mod feed;
mod pages;
mod refunds;
mod sometimes;
mod starts;
mod steps;
mod sweeps;

pub(crate) use sweeps::{a_sweep_begins, a_sweep_has_ended};

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use serde_json::Value;
use ticket::CaseNumber;

use crate::engine::Key;
use crate::history::History;
use crate::net::Call;
use crate::world::{Function, World};

pub(crate) use books::{
    BookingDelay, attempts_are_over, attempts_left, locks_and_captures, locks_left, note_locks,
    refunds_left, what_left_is_booked, what_was_paid,
};
pub(crate) use ends::end_of_the_case;
pub(crate) use pages::{a_page_was_shown, a_redirect_was_shown};
pub(crate) use sometimes::{CELL, EDGE, all as must_be_seen, was_asked};
pub(crate) use starts::a_call_to_paypal_starts;

/// The state of a ticket as the state table's columns name it.
pub(crate) fn standing(ticket: &Value) -> &'static str {
    match ticket["state"]["S"].as_str() {
        Some("open") if ticket.get("pending").is_some() => "open+pending",
        Some("open") if ticket.get("lock").is_some() => "open+lock",
        Some("open") => "open",
        Some("paid") => "paid",
        Some("objected") => "objected",
        Some("withdrawn") => "withdrawn",
        Some("handed_over") => "handed over",
        Some("review") => "review",
        Some(_) | None => "nothing",
    }
}

/// How a ticket stands now.
pub(crate) fn standing_of(world: &World, case_number: &CaseNumber) -> &'static str {
    let key = (format!("TICKET#{case_number}"), "TICKET".to_owned());
    let engine = world.engine.borrow();
    engine.item(&key).as_ref().map_or("nothing", standing)
}

/// The table has changed; by whom is not known where the write came late.
pub(crate) fn after_a_write(world: &World, by: Option<Function>, keys: &[Key]) {
    steps::after_a_write(world, keys);
    refunds::after_a_write(world, keys);
    sometimes::after_a_write(world, by, keys);
}

/// Nothing is left to do.
pub(crate) fn at_rest(world: &World, history: &mut History) {
    books::at_rest(world, history);
    feed::at_rest(world, history);
    sometimes::at_rest(world, history);
}

/// A restored table is whole again.
pub(crate) fn after_a_restore(world: &World) {
    steps::of_every_case(world);
}

/// Something has become of captures at PayPal without our doing.
pub(crate) fn after_paypal_changed(world: &World) {
    steps::at_most_one_capture(world);
}

/// PayPal was asked for something.
pub(crate) fn after_a_call_to_paypal(world: &World, request: &Request<Bytes>) {
    if request.method() == http::Method::POST {
        steps::at_most_one_capture(world);
        refunds::after_a_call_to_paypal(world);
    }
}

/// PayPal has answered, and it was heard.
pub(crate) fn paypal_has_answered(
    world: &World,
    request: &Request<Bytes>,
    answer: &Response<Bytes>,
) {
    let Some(order) = order_of(request) else {
        return;
    };
    if request.uri().path().ends_with("/capture") {
        starts::a_capture_was_answered(world, order, answer);
    } else {
        starts::an_order_was_read(world, &order, answer);
    }
}

/// A capture comes to PayPal, perhaps long after it was sent.
pub(crate) fn a_capture_goes(world: &World, request: &Request<Bytes>) {
    if let Some(order) = order_of(request) {
        starts::a_capture_goes(world, &order);
    }
}

/// PayPal tells, or makes, other facts of this order than were asked for.
pub(crate) fn other_facts_from_now_on(world: &World, request: &Request<Bytes>) {
    if let Some(order) = order_of(request) {
        world.history.borrow_mut().odd_orders.insert(order);
    }
}

/// What comes late comes before the lease ends (F4): what is later than that
/// has met a time-out somewhere.
pub(crate) fn no_later_than_the_lease(world: &World, call: &Call, delay: Duration) -> Duration {
    let Call::PayPal(request) = call else {
        return delay;
    };
    let left = order_of(request)
        .and_then(|order| starts::lock_of(world, &order))
        .and_then(|until| Duration::try_from(until.duration_since(world.now())).ok());
    match left {
        Some(left) => delay.min(left.saturating_sub(Duration::from_secs(1))),
        None => delay,
    }
}

/// The order a call is about.
fn order_of(request: &Request<Bytes>) -> Option<String> {
    let rest = request.uri().path().strip_prefix("/v2/checkout/orders/")?;
    Some(rest.trim_end_matches("/capture").to_owned())
}

fn text(item: &Value, name: &str) -> String {
    item[name]["S"].as_str().unwrap_or_default().to_owned()
}

fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// `30.00` in cents; money of another form is no money of ours.
fn cents(value: &str) -> i64 {
    let (euros, rest) = value.split_once('.').unwrap_or((value, "0"));
    let euros: i64 = euros.parse().unwrap_or_default();
    let rest: i64 = rest.parse().unwrap_or_default();
    euros * 100 + rest
}

/// The case number an invoice is for.
fn case_of(invoice_id: Option<&str>) -> String {
    let invoice_id = invoice_id.unwrap_or_default();
    invoice_id.split('_').next().unwrap_or_default().to_owned()
}
