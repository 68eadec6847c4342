//! What `settle::decision` is given, and what it says: the real function, on real
//! tickets and attempts that stand as those of the model.

use std::cell::RefCell;
use std::collections::HashMap;
use std::str::FromStr;
use std::sync::LazyLock;
use std::time::Duration;

use jiff::Timestamp;
use paypal::{Capture, CaptureStatus, Issue};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use settle::decision::{
    Answer, Answers, CaptureReply, Decision, Facts, Note, Place, Question, Reading, Scene, Step,
    decide, role,
};
use settle::limits::{APPROVAL_LAG, CAPTURE_ROUNDS_MAX, LEASE, READ_LAG};
use settle::{Progress, Wake};
use store::{Attempt, AttemptState, Released};
use ticket::{
    AttemptId, CaptureId, Captures, Channel, InFlight, Lock, Money, PendingCapture, Role,
    SurplusReason, Ticket,
};

use crate::state::{
    self, CaseState, Id, Learned, Life, Refusal, Shown, TryHistory, View, Waited, Where,
};

/// All that a decision rests on here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Input {
    pub(crate) id: Id,
    pub(crate) ticket: state::Ticket,
    /// The state and `n` of the attempt.
    pub(crate) attempt: (Life, u8),
    pub(crate) of_this_version: bool,
    pub(crate) place: Where,
    pub(crate) learned: Learned,
    /// Capture tries of an order.
    pub(crate) rounds: u8,
}

/// The next step, by `settle`.
pub(crate) fn next(input: Input) -> state::Step {
    // A few thousand inputs, millions of states.
    thread_local! {
        static DECIDED: RefCell<HashMap<Input, state::Step>> = RefCell::default();
    }
    DECIDED.with_borrow_mut(|decided| *decided.entry(input).or_insert_with(|| anew(input)))
}

/// What money is to its ticket, by `settle`; and what the ticket becomes by it.
pub(crate) fn books_as(id: Id, view: &View, rounds: u8) -> (state::Role, CaseState) {
    let (ticket, attempt) = items(id, view.ticket, view.attempt, view.of_this_version, rounds);
    let role = role(&ticket, &attempt, Facts::Right);
    // What each does to the ticket: `ticket::Settlement::after`.
    match (role, view.ticket.state) {
        (Role::Main, _) => (state::Role::Main, CaseState::PaidByCapture(id)),
        (Role::Surplus(SurplusReason::FactsDiffer), CaseState::Open) => {
            (state::Role::Surplus, CaseState::Review)
        }
        // PayPal captures what is owed, or what nothing is owed for.
        (Role::Surplus(_) | Role::Part, as_it_is) => (state::Role::Surplus, as_it_is),
    }
}

fn anew(input: Input) -> state::Step {
    let Input {
        id,
        ticket,
        attempt,
        of_this_version,
        rounds,
        ..
    } = input;
    let (ticket, attempt) = items(id, ticket, attempt, of_this_version, rounds);
    let place = match (input.place, ticket.lock()) {
        (Where::EndedLock, Some(lock)) => Place::EndedLock(lock),
        (Where::EndedLock, None) => unreachable!("no lock has ended"),
        (Where::Own, _) => Place::Own,
        (Where::Try(heard), _) => Place::Try(settle::decision::TryHistory {
            waited: waited(heard.waited),
            unanswered: heard.unanswered,
        }),
    };
    let shown = |shown| match shown {
        Shown::As(order) => Answer::Order(reading(id, order)),
        Shown::NotAtAll => Answer::None,
    };
    let answers = Answers {
        lock_was_asked_about: input.learned.lock_was_asked_about,
        order: input.learned.order.map(shown),
        capture: input.learned.capture.map(shown),
        called: input.learned.called.map(|answer| called(id, answer)),
        late_payment: None,
        night: None,
    };
    let scene = Scene {
        ticket: &ticket,
        attempt: &attempt,
        place,
        // Whose coming makes no difference here: no card was refused before, and when
        // it is anybody's turn the model does not ask.
        wake: Wake::Webhook,
        captures: Captures::Open,
        has_time: true,
        order_life: Duration::from_hours(12),
        client_id: "client-id",
        now: now(),
    };
    step(decide(&scene, &answers), &ticket)
}

/// The model's word for a step.
///
/// # Panics
/// Where `settle` decides what cannot be reached here: the model lacks it then.
fn step(decision: Decision, ticket: &Ticket) -> state::Step {
    match decision.step {
        Step::ResolveLock => state::Step::Resolve,
        Step::StandBack { .. } => state::Step::Return,
        Step::Ask(Question::Order) => state::Step::Ask,
        Step::Ask(Question::Capture(_)) => state::Step::AskAboutCapture,
        Step::TakeLock { .. } => state::Step::TakeLock,
        Step::TakeOver { heard, .. } => state::Step::TakeOver(TryHistory {
            unanswered: heard.unanswered,
            waited: as_waited(heard.waited),
        }),
        Step::Capture => state::Step::Call,
        Step::Book(_, Facts::Right) => state::Step::Book,
        Step::KeepPending(_) => state::Step::KeepPending,
        Step::Release(Released::Refused(_)) => state::Step::Release(state::Released::Refused),
        Step::Release(Released::Ended(_)) => state::Step::Release(state::Released::Ended),
        Step::Release(Released::NothingCaptured) => {
            state::Step::Release(state::Released::NothingCaptured)
        }
        Step::End(_) => state::Step::End,
        Step::EndPending(_) => state::Step::EndPending,
        Step::Stop(Progress::Unclear, notes) => match notes.as_slice() {
            // The second counts only for an order that is over.
            [] | [Note::ShownUncaptured] => state::Step::Return,
            [Note::Refused { code, .. }] => state::Step::NoteRefusal(refusal(code)),
            notes => unreachable!("the model knows nothing of {notes:?}: {ticket:?}"),
        },
        Step::Stop(Progress::Known | Progress::NotApproved, notes) if notes.is_empty() => {
            state::Step::Return
        }
        step @ (Step::Ask(Question::LatePayment | Question::Night)
        | Step::Book(..)
        | Step::Release(Released::InvoiceRefused)
        | Step::Stop(..)) => unreachable!("the model knows nothing of {step:?}: {ticket:?}"),
    }
}

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH + Duration::from_hours(500_000)
}

fn waited(waited: Waited) -> Duration {
    match waited {
        Waited::NotLong => Duration::ZERO,
        Waited::ApprovalLag => APPROVAL_LAG,
        Waited::ReadLag => READ_LAG,
    }
}

fn as_waited(time: Duration) -> Waited {
    let longest_first = [Waited::ReadLag, Waited::ApprovalLag];
    let reached = longest_first.into_iter().find(|it| time >= waited(*it));
    reached.unwrap_or_default()
}

fn attempt_id(id: Id) -> AttemptId {
    AttemptId::from_random(id as u128)
}

/// The capture of an attempt's order: it has one at most.
fn capture_id(id: Id) -> CaptureId {
    named(match id {
        Id::First => "CAPTURE0000000001",
        Id::Second => "CAPTURE0000000002",
    })
}

fn named<T: FromStr>(text: &str) -> T {
    text.parse()
        .unwrap_or_else(|_| unreachable!("{text} is an identifier"))
}

fn code(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Declined => "INSTRUMENT_DECLINED",
        Refusal::NotApproved => "ORDER_NOT_APPROVED",
        Refusal::AlreadyCaptured => "ORDER_ALREADY_CAPTURED",
    }
}

fn refusal(said: &str) -> Refusal {
    let all = [
        Refusal::Declined,
        Refusal::NotApproved,
        Refusal::AlreadyCaptured,
    ];
    let named = all.into_iter().find(|refusal| code(*refusal) == said);
    named.unwrap_or_else(|| unreachable!("{said} is refused nowhere here"))
}

fn capture(id: Id) -> Box<Capture> {
    Box::new(Capture {
        id: capture_id(id),
        status: CaptureStatus::Completed,
        amount: Money {
            value: "30.00".to_owned(),
            currency: "EUR".to_owned(),
        },
        custom_id: None,
        invoice_id: None,
        payee_merchant_id: None,
        order_id: None,
        create_time: None,
        update_time: None,
        fee: None,
        net: None,
        reason: None,
    })
}

/// What an order is read as; `settle::reading` is tested beside itself.
fn reading(id: Id, order: state::Order) -> Reading {
    match order {
        state::Order::NotApproved => Reading::NotApproved,
        state::Order::Approved => Reading::Approved { at: Some(now()) },
        state::Order::Pending => Reading::Pending(capture(id)),
        state::Order::Completed => Reading::Captured(capture(id), Facts::Right),
        state::Order::Dead => Reading::Refused {
            issue: code(Refusal::Declined).to_owned(),
        },
    }
}

fn called(id: Id, answer: crate::paypal::Answer) -> CaptureReply {
    use crate::paypal::Answer;

    let refused = |refusal| CaptureReply::Refused {
        issue: Issue::of(code(refusal)),
        at: None,
    };
    match answer {
        Answer::Completed => CaptureReply::Answered(reading(id, state::Order::Completed)),
        Answer::Pending => CaptureReply::Answered(reading(id, state::Order::Pending)),
        Answer::Dead => CaptureReply::Answered(reading(id, state::Order::Dead)),
        Answer::Declined => refused(Refusal::Declined),
        Answer::NotApproved => refused(Refusal::NotApproved),
        Answer::AlreadyCaptured => refused(Refusal::AlreadyCaptured),
        Answer::None => CaptureReply::NotAnswered,
    }
}

/// Ticket and attempt as items that stand so.
fn items(
    id: Id,
    stands: state::Ticket,
    (life, refusals): (Life, u8),
    of_this_version: bool,
    rounds: u8,
) -> (Ticket, Attempt) {
    let in_flight = match (stands.lock, stands.pending) {
        (Some(_), Some(_)) => unreachable!("a lock beside a pending capture"),
        (Some(holder), None) => Some(InFlight::Locked(lock(holder))),
        (None, pending) => pending.map(|id| {
            InFlight::Pending(PendingCapture {
                attempt: attempt_id(id),
                capture_id: capture_id(id),
            })
        }),
    };
    let ticket = Ticket {
        state: match stands.state {
            CaseState::Open => ticket::State::Open(in_flight),
            CaseState::PaidByCapture(id) => paid(&capture_id(id), Channel::Paypal),
            CaseState::PaidInCash => paid(&named("CASH0000000000000"), Channel::Cash),
            CaseState::Withdrawn => ticket::State::Withdrawn,
            CaseState::Review => ticket::State::Review(in_flight),
        },
        ..TICKET.clone()
    };
    let (version, amount) = if of_this_version {
        (ticket.version, ticket.amount)
    } else {
        // Another state, or another amount: of an open ticket only the latter.
        (ticket.version - 1, ATTEMPT.amount)
    };
    let attempt = Attempt {
        id: attempt_id(id),
        version,
        amount,
        // The last of so many rounds is the last of the real ones.
        refusals: u32::from(refusals) + CAPTURE_ROUNDS_MAX - u32::from(rounds),
        state: match life {
            Life::NotBegun | Life::Live => AttemptState::Live,
            Life::Pending => AttemptState::Pending {
                capture_id: capture_id(id),
            },
            Life::Captured => AttemptState::Captured {
                capture_id: capture_id(id),
            },
            Life::Ended => AttemptState::Declined,
        },
        ..ATTEMPT.clone()
    };
    (ticket, attempt)
}

fn paid(by_what: &CaptureId, by: Channel) -> ticket::State {
    ticket::State::Paid {
        settlement: by_what.into(),
        paid_at: now(),
        by,
    }
}

fn lock(lock: state::Lock) -> Lock {
    let refused_since = lock.refused.is_some() || lock.heard.waited > Waited::NotLong;
    let until = match (lock.ended, lock.ended_long_ago) {
        (false, _) => now() + LEASE,
        (true, false) => now(),
        (true, true) => now() - READ_LAG,
    };
    Lock {
        attempt: attempt_id(lock.attempt),
        until,
        since: until - LEASE,
        refused_as: lock.refused.map(|refusal| code(refusal).to_owned()),
        refused_at: None,
        refused_since: refused_since.then(|| now() - waited(lock.heard.waited)),
        unanswered: lock.heard.unanswered,
        shown_uncaptured: false,
    }
}

/// An open ticket whose due date is far away.
static TICKET: LazyLock<Ticket> = LazyLock::new(|| {
    read(json!({
        "case_number": "KL-2026-000123",
        "plate": "KL-XX 000",
        "offence": { "number": "112402", "text": "Sie parkten im Haltverbot." },
        "place": "Musterstraße 1",
        "occurred_at": now(),
        "amount": 3_000,
        "due_on": "2099-12-31",
        "issued_at": now(),
        "issued_as": "",
        "state": "open",
        "version": 2,
        "fence": 1,
    }))
});

/// An attempt that was begun a moment ago, for another amount.
static ATTEMPT: LazyLock<Attempt> = LazyLock::new(|| {
    read(json!({
        "id": attempt_id(Id::First),
        "case_number": "KL-2026-000123",
        "version": 1,
        "amount": 2_500,
        "language": "de",
        "invoice_id": "KL-2026-000123",
        "client_id": "client-id",
        "created_at": now(),
        "order": { "id": "5O190127TN364715T", "approve_url": "https://example.com" },
        "refusals": 0,
        "attempt_state": "live",
    }))
});

fn read<T: DeserializeOwned>(item: Value) -> T {
    serde_json::from_value(item).unwrap_or_else(|error| unreachable!("an item is read: {error}"))
}
