//! What the city is told of a case: what was issued, how it stands and how it came so.

use jiff::Timestamp;
use jiff::civil::Date;
use office::fields::euros;
use serde::Serialize;
use store::{Attempt, AttemptState, CaseFile, JournalEntry, JournalEvent, Snapshot, TakenBack};
use ticket::{
    AttemptId, CaseNumber, Cents, Offence, OrderId, Refund, ReviewProposal, Settlement, State,
    Ticket, TicketText, UnderWay,
};
use token::PublicBaseUrl;

/// A case, as `GET /tickets/{case_number}` answers it. Amounts are in euros:
/// `"30.00"`.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    case_number: CaseNumber,
    /// `state`, and for a paid one its evidence.
    #[serde(flatten)]
    state: State,
    /// The due date has passed without full payment.
    lapsed: bool,
    /// A payment is under way: no letter may be printed, and no other money taken.
    payment_running: bool,
    /// Since when, where it is not a matter of seconds.
    payment_running_since: Option<Timestamp>,
    /// PayPal is checking a capture: no letter may be printed.
    payment_pending: bool,
    /// Until when a letter may be printed, where a lease was asked for.
    letter_until: Option<Timestamp>,
    /// How somebody wants its review to end: somebody else must say the same.
    review_proposal: Option<ReviewProposal>,
    /// The fine.
    #[serde(serialize_with = "euros")]
    amount: Cents,
    /// What is still to be paid.
    #[serde(serialize_with = "euros")]
    owed: Cents,
    due_on: Date,
    issued_at: Timestamp,
    issued: Issued,
    settlements: Vec<Settlement>,
    attempts: Vec<PaymentAttempt>,
    taken_back: Vec<TakenBack>,
    refunds: Vec<Refund>,
    journal: Vec<Line>,
}

/// What was issued: enough to print the notice again.
#[derive(Debug, Serialize)]
struct Issued {
    plate: String,
    offence: Offence,
    place: TicketText,
    occurred_at: Timestamp,
    booking_reference: Option<TicketText>,
    /// What the QR code leads to, and the word beside it.
    #[serde(flatten)]
    code: Option<Code>,
}

/// A QR code, in words.
#[derive(Debug, Serialize)]
struct Code {
    url: String,
    check_word: String,
}

/// A payment attempt, without the address at which it can be approved.
#[derive(Debug, Serialize)]
struct PaymentAttempt {
    id: AttemptId,
    /// `attempt_state`, and the capture where there is one.
    #[serde(flatten)]
    state: AttemptState,
    #[serde(serialize_with = "euros")]
    amount: Cents,
    created_at: Timestamp,
    order: Option<OrderId>,
    approved_at: Option<Timestamp>,
    /// PayPal's word for the last refusal.
    refused_as: Option<String>,
}

/// A line of the journal.
#[derive(Debug, Serialize)]
struct Line {
    at: Timestamp,
    by: String,
    what: JournalEvent,
    reference: String,
    before: Option<Stood>,
    after: Stood,
    /// Why, where somebody gave a reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<TicketText>,
}

/// How a case stood.
#[derive(Debug, Serialize)]
struct Stood {
    state: String,
    #[serde(serialize_with = "euros")]
    amount: Cents,
}

impl Answer {
    /// The case as it stands at `now`.
    pub(crate) fn of(file: CaseFile, base: &PublicBaseUrl, now: Timestamp) -> Self {
        let awaited = file.ticket.awaits.as_ref().map(|awaited| &awaited.attempt);
        let named = file
            .attempts
            .iter()
            .find(|attempt| Some(&attempt.id) == awaited);
        let ticket = store::ticket_without_ended_mark(file.ticket, named);
        let under_way = ticket.under_way(now);
        Self {
            lapsed: ticket.has_lapsed(now),
            owed: ticket.owed(),
            payment_running: ticket.payment_runs(now),
            payment_running_since: match under_way {
                Some(UnderWay::Awaited { since }) => Some(since),
                Some(UnderWay::Capturing) | None => None,
            },
            payment_pending: ticket.pending().is_some(),
            letter_until: ticket.letter_until(now),
            review_proposal: ticket.standing_proposal().cloned(),
            issued: Issued::of(&ticket, base),
            case_number: ticket.case_number,
            state: ticket.state.at_rest(),
            amount: ticket.amount,
            due_on: ticket.due_on.day(),
            issued_at: ticket.issued_at,
            settlements: file.settlements,
            attempts: file
                .attempts
                .into_iter()
                .map(PaymentAttempt::from)
                .collect(),
            taken_back: file.taken_back,
            refunds: file.refunds,
            journal: file.journal.into_iter().map(Line::from).collect(),
        }
    }
}

impl Issued {
    fn of(ticket: &Ticket, base: &PublicBaseUrl) -> Self {
        let code = ticket.qr_token.as_ref().map(|token| Code {
            url: token::url(base.as_str(), token.as_str()),
            check_word: token::check_word(token.as_str()),
        });
        Self {
            plate: ticket.plate.in_full().to_owned(),
            offence: ticket.offence.clone(),
            place: ticket.place.clone(),
            occurred_at: ticket.occurred_at,
            booking_reference: ticket.booking_reference.clone(),
            code,
        }
    }
}

impl From<Attempt> for PaymentAttempt {
    fn from(attempt: Attempt) -> Self {
        Self {
            id: attempt.id,
            state: attempt.state,
            amount: attempt.amount,
            created_at: attempt.created_at,
            order: attempt.order.map(|order| order.id),
            approved_at: attempt.approved_at,
            refused_as: attempt.decline.map(|decline| decline.issue),
        }
    }
}

impl From<JournalEntry> for Line {
    fn from(entry: JournalEntry) -> Self {
        Self {
            at: entry.at,
            by: entry.by,
            what: entry.what,
            reference: entry.reference,
            before: entry.before.map(Stood::from),
            after: entry.after.into(),
            reason: entry.reason,
        }
    }
}

impl From<Snapshot> for Stood {
    fn from(snapshot: Snapshot) -> Self {
        Self {
            state: snapshot.state,
            amount: snapshot.amount,
        }
    }
}

#[cfg(test)]
mod tests;
