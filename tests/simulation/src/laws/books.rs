//! What must hold when nothing is left to do.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use paypal_standin::{Books, CaptureStatus, DisputeNames, OrderState, Refund, RefundStatus};
use serde_json::Value;

use super::refunds;
use super::{case_of, cents, moment, standing, text};
use crate::history::History;
use crate::world::World;

/// A human is asked to look when PayPal has but few deliveries left.
const PARKED_FROM: u32 = 20;
/// After so many deliveries PayPal gives an event up.
const DELIVERIES_MAX: u32 = 25;

/// The table, sorted by what its items are.
pub(super) struct Table {
    tickets: BTreeMap<String, Value>,
    attempts: BTreeMap<String, Value>,
    pub(super) settlements: Vec<Value>,
    pub(super) by_clerks: Vec<Value>,
    taken_back: Vec<Value>,
    /// What the cash office pays out, of which PayPal knows nothing.
    ordered: Vec<Value>,
    pub(super) refunds: Vec<Value>,
    events: Vec<Value>,
    exports: Vec<Value>,
    journal: Vec<Value>,
}

impl Table {
    fn read(world: &World) -> Self {
        let mut table = Self {
            tickets: BTreeMap::new(),
            attempts: BTreeMap::new(),
            settlements: Vec::new(),
            by_clerks: Vec::new(),
            taken_back: Vec::new(),
            ordered: Vec::new(),
            refunds: Vec::new(),
            events: Vec::new(),
            exports: Vec::new(),
            journal: Vec::new(),
        };
        for item in world.engine.borrow().all() {
            let (pk, sk) = (text(item, "pk"), text(item, "sk"));
            let item = item.clone();
            match (pk.split('#').next(), sk.split('#').next()) {
                (Some("TICKET"), Some("TICKET")) => {
                    table.tickets.insert(text(&item, "case_number"), item);
                }
                (Some("TICKET"), Some("SETTLEMENT")) if text(&item, "channel") == "paypal" => {
                    table.settlements.push(item);
                }
                (Some("TICKET"), Some("SETTLEMENT")) => table.by_clerks.push(item),
                (Some("TICKET"), Some("JOURNAL")) => table.journal.push(item),
                (Some("TICKET"), Some("TAKEN_BACK")) if text(&item, "kind") == "payment_order" => {
                    table.ordered.push(item);
                }
                (Some("TICKET"), Some("TAKEN_BACK")) => table.taken_back.push(item),
                (Some("TICKET"), Some("REFUND")) => table.refunds.push(item),
                // What nobody can read is looked at by a human.
                (Some("ATTEMPT"), _) if item.get("case_number").is_none() => {}
                (Some("ATTEMPT"), _) => {
                    table.attempts.insert(text(&item, "id"), item);
                }
                (Some("EVENT"), _) => table.events.push(item),
                (Some("EXPORT"), _) => table.exports.push(item),
                _ => {}
            }
        }
        table
    }
}

/// How long what was paid may still wait to be booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum BookingDelay {
    /// All of it is booked.
    NoLonger,
    /// Minutes: it is asked about each minute.
    Minutes,
    /// Half an hour: the payer approved long after pressing, and who is that late is
    /// looked for less often.
    HalfAnHour,
    /// PayPal has held it back; it is asked about once an hour.
    AnHour,
    /// A share of its age: the payer approved later than PayPal lets one by default.
    AShareOfItsAge,
    /// PayPal has refused, and neither said what became of the money nor shown it:
    /// until it does, or the order's life is over.
    AnAnswer,
}

/// Names that say for certain that no money has moved.
const DEFINITE: [&str; 8] = [
    "INSTRUMENT_DECLINED",
    "PAYER_ACTION_REQUIRED",
    "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING",
    "TRANSACTION_REFUSED",
    "PAYER_CANNOT_PAY",
    "COMPLIANCE_VIOLATION",
    "PAYEE_BLOCKED_TRANSACTION",
    "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED",
];

/// L2: what was paid and is not booked by now; looked at minute by minute.
pub(crate) fn what_was_paid(world: &World) -> BookingDelay {
    let table = Table::read(world);
    let locks = table.tickets.values().filter_map(|it| it.get("lock"));
    let locks = locks.map(|lock| {
        if is_unsaid(world, &table, lock) {
            BookingDelay::AnAnswer
        } else {
            BookingDelay::Minutes
        }
    });
    let locked = locks.min();
    let booked: BTreeSet<String> = table
        .settlements
        .iter()
        .map(|settlement| text(settlement, "capture_id"))
        .collect();
    world.standin.in_books(|books| {
        let approved = waits_for_us(world, books, &table);
        if let Some(waits) = locked.into_iter().chain(approved).min() {
            return waits;
        }
        let came = books.captures.iter().filter(|capture| {
            !matches!(
                capture.status,
                CaptureStatus::Pending | CaptureStatus::Declined
            ) && !booked.contains(&capture.id)
        });
        let waits = came.filter_map(|capture| {
            let attempt = table.attempts.get(capture.custom_id.as_ref()?);
            let held_back = attempt.is_some_and(|it| text(it, "attempt_state") == "pending");
            Some(if held_back {
                BookingDelay::AnHour
            } else {
                BookingDelay::Minutes
            })
        });
        waits.min().unwrap_or(BookingDelay::NoLonger)
    })
}

/// Whether a lock waits for what PayPal alone can say.
fn is_unsaid(world: &World, table: &Table, lock: &Value) -> bool {
    let attempt = table.attempts.get(&text(&lock["M"], "attempt"));
    let order = attempt.map(|attempt| text(&attempt["order"]["M"], "id"));
    let was_refused = order.is_some_and(|order| was_refused_unclearly(world, &order));
    // After silence no refusal counts for ten minutes.
    let is_unanswered = lock["M"].get("unanswered").is_some();
    // An order that is over and was never shown says nothing any more: the books do.
    let created_at = attempt.and_then(|it| moment(&text(it, "created_at")));
    let is_over = created_at.is_some_and(|at| {
        let life = SignedDuration::try_from(world.order_life()).unwrap_or(SignedDuration::MAX);
        world.now().duration_since(at) > life
    });
    is_over || (was_refused || is_unanswered) && lock["M"].get("refused_as").is_some()
}

/// Whether a capture of this order was refused with a name that says nothing about the
/// money: it is waited for until the order is over, and given up with an alarm then.
fn was_refused_unclearly(world: &World, order: &str) -> bool {
    let refused_as = &world.history.borrow().refused_as;
    let mut names = refused_as.iter();
    names.any(|(of, name)| of == order && !DEFINITE.contains(&name.as_str()))
}

/// What [`what_was_paid`] is about, to be read by a human.
pub(crate) fn locks_and_captures(world: &World) -> String {
    let table = Table::read(world);
    let locks = table.tickets.values().filter_map(|ticket| {
        let lock = ticket.get("lock")?;
        Some(format!("{} {lock}", text(ticket, "case_number")))
    });
    let locks: Vec<String> = locks.collect();
    world.standin.in_books(|books| {
        let captures = books.captures.iter().map(|capture| {
            let case_number = case_of(capture.invoice_id.as_deref());
            format!("{case_number} {} {:?}", capture.id, capture.status)
        });
        let captures: Vec<String> = captures.collect();
        format!("locks {locks:?}, captures {captures:?}")
    })
}

/// Whether somebody has approved an order of a payable ticket, with means that
/// will do, and it is neither captured nor refused.
fn waits_for_us(world: &World, books: &Books, table: &Table) -> Option<BookingDelay> {
    let history = world.history.borrow();
    let plain = !history.was_strange && history.restored_at.is_none();
    drop(history);
    let life = SignedDuration::try_from(world.order_life()).unwrap_or(SignedDuration::MAX);
    let waiting = books.orders.iter().filter_map(|order| {
        let OrderState::Approved { at, .. } = order.state else {
            return None;
        };
        let attempt = order
            .custom_id
            .as_ref()
            .and_then(|id| table.attempts.get(id));
        let ticket = table.tickets.get(&case_of(order.invoice_id.as_deref()));
        let (attempt, ticket) = attempt.zip(ticket)?;
        // One that was given up while its payer could still approve is no less ours.
        let state = text(attempt, "attempt_state");
        let is_given_up = state == "expired"
            && plain
            && at.duration_since(order.created_at) < life
            && !was_refused_unclearly(world, &order.id);
        let is_ours = standing(ticket) == "open"
            && (state == "live" || is_given_up)
            && attempt.get("decline").is_none()
            && attempt.get("order").is_some()
            && attempt["version"]["N"] == ticket["version"]["N"];
        let after = at.duration_since(order.created_at);
        is_ours.then_some(if after > APPROVES_LATE {
            BookingDelay::AShareOfItsAge
        } else if after > APPROVES_EARLY {
            BookingDelay::HalfAnHour
        } else {
            BookingDelay::Minutes
        })
    });
    waiting.min()
}

/// L2: who approves so soon after pressing is captured first.
const APPROVES_EARLY: SignedDuration = SignedDuration::from_mins(45);
/// By default nobody can approve later.
const APPROVES_LATE: SignedDuration = SignedDuration::from_hours(6);

/// Whether an attempt may still bring money: the sweep is not done with it.
pub(crate) fn attempts_left(world: &World) -> usize {
    let table = Table::read(world);
    let left = |attempt: &&Value| attempt.get("shard").is_some();
    table.attempts.values().filter(left).count()
}

/// Tickets that nobody can pay, because a try at PayPal may still bring money.
pub(crate) fn locks_left(world: &World) -> usize {
    let table = Table::read(world);
    let locked = |ticket: &&Value| ticket.get("lock").is_some();
    table.tickets.values().filter(locked).count()
}

/// Refunds that PayPal is still to carry out.
pub(crate) fn refunds_left(world: &World) -> usize {
    let refunds = Table::read(world).refunds.into_iter();
    refunds
        .filter(|it| text(it, "refund_state") == "approved")
        .count()
}

/// V2: an hour after the life of every order nobody waits for any of them, but for
/// what PayPal holds back.
pub(crate) fn attempts_are_over(world: &World) {
    let table = Table::read(world);
    let mut history = world.history.borrow_mut();
    for (id, attempt) in &table.attempts {
        let state = text(attempt, "attempt_state");
        history.law("V2", state != "live", || {
            format!("attempt {id} is live an hour after its order's life: {attempt}")
        });
    }
}

/// Whether its money has left: a refund that has failed, or that is still under way,
/// took nothing.
fn has_gone(refund: &Refund) -> bool {
    refund.status == RefundStatus::Completed
}

/// L9: a night has passed.
pub(crate) fn what_left_is_booked(world: &World) {
    let table = Table::read(world);
    let known = ids_of_taken_back(&table);
    let mut history = world.history.borrow_mut();
    world.standin.in_books(|books| {
        for refund in books.refunds.iter().filter(|it| has_gone(it)) {
            history.law("L9", known.contains(&refund.id), || {
                format!(
                    "{} left PayPal's account, a night has passed, and no ticket knows of it",
                    refund.id
                )
            });
        }
    });
}

/// Whether a lock stands whose lease has ended.
pub(crate) fn note_locks(world: &World) {
    let now = world.now();
    let left = world.engine.borrow().all().any(|item| {
        let until = item["lock"]["M"]["until"]["S"].as_str();
        until.and_then(moment).is_some_and(|until| until < now)
    });
    if left {
        world.history.borrow_mut().left_locked = true;
    }
}

/// Nothing is left to do.
pub(crate) fn at_rest(world: &World, history: &mut History) {
    let table = Table::read(world);
    world.standin.in_books(|books| {
        every_capture_is_booked_once(books, &table, history);
        the_sums_agree(books, &table, history);
        what_was_taken_back_is_known(books, &table, history);
        attempts_are_final(books, &table, history);
        refunds::at_rest(books, &table, history);
        an_override_says_why(books, &table, history);
    });
    for (case_number, ticket) in &table.tickets {
        history.law("V1", ticket.get("lock").is_none(), || {
            format!("{case_number} is still locked: {ticket}")
        });
    }
    let engine = world.engine.borrow();
    let lost = engine.lost();
    history.law("F14", lost.is_empty(), || {
        format!("what newer code had written is gone: {lost:?}")
    });
    for event in &table.events {
        // Whoever forged it does not repeat it when its process has died.
        let forged = world.standin.in_books(|books| {
            !books
                .events
                .iter()
                .any(|it| text(event, "pk").ends_with(&it.id))
        });
        // Answered before the restore, so PayPal does not repeat it: what it led to
        // is found by the sweep and in PayPal's books.
        let came_back = history.unfinished_events.contains(&text(event, "pk"));
        let excused = forged || came_back || is_given_up(world, history, event);
        history.law("W2", excused || event.get("outcome").is_some(), || {
            format!("an event was stored and never finished: {event}")
        });
        let deliveries = event["deliveries"]["N"]
            .as_str()
            .and_then(|n| n.parse().ok());
        let early = deliveries.is_none_or(|it: u32| it < PARKED_FROM);
        let parked = text(event, "outcome") == "parked";
        // Nothing of it leads to a ticket, however often it comes.
        let nameless = text(event, "event_type").contains("DISPUTE")
            && world.standin.behaviour().dispute_names == DisputeNames::Nothing;
        history.law("W2", !(parked && early) || nameless, || {
            format!("an event is parked that PayPal would repeat: {event}")
        });
    }
    let mut receipts: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for payment in &table.by_clerks {
        let receipt = (text(payment, "channel"), text(payment, "receipt_number"));
        let paid = receipts.entry(receipt).or_default();
        paid.insert(text(payment, "case_number"));
        history.law("T5", paid.len() == 1, || {
            format!("one receipt has paid {paid:?}")
        });
        let told = ["clerk", "receipt_number", "value"]
            .iter()
            .all(|name| !text(payment, name).is_empty());
        history.law("T5", told, || {
            format!("who booked this, and why? {payment}")
        });
    }
    each_line_once(&table, history);
    world
        .standin
        .in_books(|books| each_effect_once(books, &table, history));
}

/// T5: who takes money while PayPal holds a capture back says why.
fn an_override_says_why(books: &Books, table: &Table, history: &mut History) {
    if history.restored_at.is_some() {
        return;
    }
    for payment in &table.by_clerks {
        let (case_number, booked_at) = (text(payment, "case_number"), text(payment, "booked_at"));
        let Some(booked_at) = moment(&booked_at) else {
            continue;
        };
        let beside = books.captures.iter().any(|capture| {
            case_of(capture.invoice_id.as_deref()) == case_number
                && capture.custom_id.is_some()
                && capture.status.moves_money()
                && capture.created_at < booked_at
        });
        if text(payment, "role") != "main" || !beside {
            continue;
        }
        let id = settlement_id(payment);
        let mut lines = table.journal.iter();
        let says_why =
            lines.any(|line| text(line, "reference") == id && !text(line, "reason").is_empty());
        history.law("T5", says_why, || {
            format!("cash was taken beside a capture that PayPal holds back: {payment}")
        });
    }
}

/// Whether PayPal has given an event up whose earlier deliveries a restore has
/// forgotten. In two of three days it would be parked; here they pass in minutes.
fn is_given_up(world: &World, history: &History, event: &Value) -> bool {
    let remembered: u32 = event["deliveries"]["N"]
        .as_str()
        .and_then(|n| n.parse().ok())
        .unwrap_or_default();
    history.restored_at.is_some()
        && world.standin.next_delivery_at().is_none()
        && world.standin.in_books(|books| {
            let sent = books
                .events
                .iter()
                .find(|it| text(event, "pk").ends_with(&it.id));
            sent.is_some_and(|it| it.deliveries >= DELIVERIES_MAX && remembered < it.deliveries)
        })
}

/// How many entries of the export's queue one booking may have: after a restore
/// one may have come back without its settlement. The line made of the two is the
/// same, since its id follows from the capture's.
fn lines_most(history: &History) -> usize {
    if history.restored_at.is_some() { 2 } else { 1 }
}

/// W1: however often an event came, what it is about is booked once: one item,
/// one line for the export, one entry of each kind in the journal.
fn each_effect_once(books: &Books, table: &Table, history: &mut History) {
    let refunds = books.refunds.iter().map(|refund| &refund.id);
    let disputes = books.disputes.iter().map(|dispute| &dispute.id);
    let captures = books.captures.iter().map(|capture| &capture.id);
    for id in refunds.chain(disputes).chain(captures) {
        let is_it = |name: &'static str| move |item: &&Value| text(item, name) == *id;
        let booked = table.settlements.iter().filter(is_it("capture_id")).count()
            + table.taken_back.iter().filter(is_it("id")).count();
        let lines = table.exports.iter().filter(is_it("settlement")).count()
            + table.exports.iter().filter(is_it("taken_back")).count();
        let mut entries: BTreeMap<String, usize> = BTreeMap::new();
        for entry in table.journal.iter().filter(is_it("reference")) {
            *entries.entry(text(entry, "what")).or_default() += 1;
        }
        let came_as: usize = ["paid", "surplus_booked", "facts_differed"]
            .iter()
            .filter_map(|what| entries.get(*what))
            .sum();
        let once = booked <= 1
            && came_as <= lines_most(history)
            && lines <= lines_most(history)
            && entries.values().all(|times| *times == 1);
        history.law("W1", once, || {
            format!("{id} is booked {booked} times, in {lines} lines and by {entries:?}")
        });
    }
    let again = |event: &paypal_standin::Event| event.deliveries > 1 && event.accepted > 0;
    if books.events.iter().any(again) {
        history.sometimes("an event came more than once");
    }
}

fn every_capture_is_booked_once(books: &Books, table: &Table, history: &mut History) {
    for capture in &books.captures {
        if capture.custom_id.is_none() {
            continue;
        }
        let booked = table
            .settlements
            .iter()
            .filter(|settlement| text(settlement, "capture_id") == capture.id)
            .count();
        let came = capture.status.moves_money() && capture.status != CaptureStatus::Pending;
        history.law("L1", booked == usize::from(came), || {
            format!(
                "capture {} is {:?} and booked {booked} times",
                capture.id, capture.status
            )
        });
    }
}

/// L7, to the cent, over everything but orders of which PayPal told other
/// facts than it had.
fn the_sums_agree(books: &Books, table: &Table, history: &mut History) {
    let odd = |capture_id: &str| {
        let capture = books.capture(capture_id);
        capture.is_none_or(|capture| history.odd_orders.contains(&capture.order_id))
    };
    let signed = |minor_units: u64| i64::try_from(minor_units).unwrap_or(i64::MAX);
    let captured: i64 = books
        .captures
        .iter()
        .filter(|capture| capture.custom_id.is_some() && !odd(&capture.id))
        .filter(|capture| capture.status.moves_money() && capture.status != CaptureStatus::Pending)
        .map(|capture| signed(capture.amount.minor_units))
        .sum();
    let known = ids_of_taken_back(table);
    let given_back: i64 = books
        .refunds
        .iter()
        .filter(|refund| has_gone(refund) && !odd(&refund.capture_id))
        .filter(|refund| known.contains(&refund.id) || was_told(books, table, &refund.id))
        .map(|refund| signed(refund.amount.minor_units))
        .sum();
    let settled: i64 = table
        .settlements
        .iter()
        .filter(|settlement| !odd(&text(settlement, "capture_id")))
        .map(|settlement| cents(&text(settlement, "value")))
        .sum();
    let taken: i64 = table
        .taken_back
        .iter()
        .filter(|line| !odd(&text(line, "settlement")))
        .map(|line| cents(&text(line, "value")))
        .sum();
    history.law("L7", captured - given_back == settled - taken, || {
        format!(
            "PayPal has {captured} cents for us less {given_back}, the table {settled} less {taken}"
        )
    });
}

fn what_was_taken_back_is_known(books: &Books, table: &Table, history: &mut History) {
    let known = ids_of_taken_back(table);
    let concerns = books
        .refunds
        .iter()
        .filter(|refund| has_gone(refund))
        .map(|refund| (&refund.id, &refund.capture_id))
        .chain(
            books
                .disputes
                .iter()
                .map(|dispute| (&dispute.id, &dispute.capture_id)),
        );
    let there: BTreeSet<(String, String)> = concerns
        .clone()
        .map(|(id, capture_id)| (id.clone(), capture_id.clone()))
        .collect();
    for line in &table.taken_back {
        let is_there = there.contains(&(text(line, "id"), text(line, "settlement")));
        history.law("L3", is_there, || {
            format!("PayPal knows nothing of what was taken back: {line}")
        });
    }
    for (id, capture_id) in concerns {
        let Some(capture) = books.capture(capture_id) else {
            continue;
        };
        if capture.custom_id.is_none() {
            continue;
        }
        if !was_told(books, table, id) {
            continue;
        }
        let case_number = case_of(capture.invoice_id.as_deref());
        let stands = table.tickets.get(&case_number).map(standing);
        let reviewed = matches!(
            stands,
            Some("review" | "withdrawn" | "objected" | "handed over")
        );
        let decided = table
            .taken_back
            .iter()
            .any(|line| text(line, "id") == *id && text(line, "gives_back") == "surplus");
        let ended = history.reviews_ended.contains_key(&case_number);
        history.law(
            "L8",
            known.contains(id) && (reviewed || decided || ended),
            || format!("{id} took money back from {case_number}, which is {stands:?}"),
        );
    }
}

/// The id of what a clerk has booked.
fn settlement_id(item: &Value) -> String {
    format!("{}-{}", text(item, "channel"), text(item, "receipt_number"))
}

fn ids_of_taken_back(table: &Table) -> BTreeSet<String> {
    table.taken_back.iter().map(|it| text(it, "id")).collect()
}

/// Whether PayPal has sent an event about this refund or dispute. No sweep
/// looks for what was taken back: of what PayPal never tells nobody knows
/// before the reconciliation with its books, and what is parked waits for a human.
fn was_told(books: &Books, table: &Table, id: &str) -> bool {
    let told = |event: &&paypal_standin::Event| {
        event.deliveries > 0 && String::from_utf8_lossy(&event.body).contains(id)
    };
    let parked = |event: &paypal_standin::Event| {
        let key = format!("EVENT#{}", event.id);
        let stored = table.events.iter().find(|it| text(it, "pk") == key);
        stored.is_some_and(|it| text(it, "outcome") == "parked")
    };
    books.events.iter().filter(told).any(|event| !parked(event))
}

fn attempts_are_final(books: &Books, table: &Table, history: &mut History) {
    for (id, attempt) in &table.attempts {
        let state = text(attempt, "attempt_state");
        let captures: Vec<CaptureStatus> = books
            .captures
            .iter()
            .filter(|capture| capture.custom_id.as_ref() == Some(id))
            .map(|capture| capture.status)
            .collect();
        let moved = captures.iter().any(|status| status.moves_money());
        let no_money = matches!(state.as_str(), "declined" | "expired");
        history.law("M7", !(no_money && moved), || {
            format!("attempt {id} is {state}, PayPal has {captures:?}")
        });
        let still_pending = captures.contains(&CaptureStatus::Pending);
        let live = matches!(state.as_str(), "live" | "pending");
        history.law("V2", !live || still_pending, || {
            format!("attempt {id} is {state} at the end, PayPal has {captures:?}")
        });
        history.law("V2", live == attempt.get("shard").is_some(), || {
            format!("attempt {id} is {state}, and its place in the index says otherwise: {attempt}")
        });
    }
}

/// X1, X2, X3: one line for the export for each settled cent, and for no other;
/// its id is that of the money, so that a line written anew is the same line.
fn each_line_once(table: &Table, history: &mut History) {
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    for line in &table.exports {
        let id = text(line, "settlement") + &text(line, "taken_back");
        let key = text(line, "sk");
        let follows = key
            .split_once('#')
            .is_some_and(|(at, named)| moment(at).is_some() && named == id);
        history.law("X3", follows, || {
            format!("the line for {id} is called {key}")
        });
        *lines.entry(id).or_default() += 1;
    }
    let settled = table
        .settlements
        .iter()
        .map(|item| text(item, "capture_id"));
    let negative = table
        .taken_back
        .iter()
        .chain(&table.ordered)
        .filter(|item| item.get("value").is_some())
        .map(|item| text(item, "id"));
    let by_clerks = table.by_clerks.iter().map(settlement_id);
    let wanted: BTreeSet<String> = settled.chain(negative).chain(by_clerks).collect();
    let most = lines_most(history);
    history.law(
        "X1",
        wanted.iter().all(|id| {
            lines
                .get(id)
                .is_some_and(|times| (1..=most).contains(times))
        }),
        || format!("settlements {wanted:?}, lines {lines:?}"),
    );
    history.law("X2", lines.keys().all(|id| wanted.contains(id)), || {
        format!("lines {lines:?} for settlements {wanted:?}")
    });
}
