//! A ticket's journal: who, what, when, before, after. A line is written with the change
//! itself, or not at all, and so is its place in the feed of changes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ticket::{CaseNumber, Cents, State, Ticket, TicketText};

use crate::dynamo::client::read;
use crate::dynamo::keys;
use crate::dynamo::write::{Step, item};
use crate::{Error, Store};

/// One line of a ticket's journal: who, what, when, before, after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// When it was written.
    pub at: Timestamp,
    /// Who: the `sub` of a clerk or system, or `paypal`.
    pub by: String,
    /// What happened.
    pub what: JournalEvent,
    /// The id of the thing that caused it: a capture, a refund.
    pub reference: String,
    /// The ticket's version after it; the journal's order.
    pub version: u32,
    /// State and amount before; none for the first entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Snapshot>,
    /// State and amount after.
    pub after: Snapshot,
    /// Why, where a clerk has given a reason, or PayPal has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<TicketText>,
}

/// Who acts by hand, why and when: what the journal keeps of it.
#[derive(Clone, Copy, Debug)]
pub struct Act<'a> {
    /// The `sub` of the clerk or of the city's system.
    pub by: &'a str,
    /// Why.
    pub reason: &'a TicketText,
    /// When.
    pub at: Timestamp,
}

/// What a journal replays to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The state's name.
    pub state: String,
    /// What is owed.
    pub amount: Cents,
}

/// What a journal line says happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum JournalEvent {
    Issued,
    Paid,
    PartPaid,
    SurplusBooked,
    FactsDiffered,
    CapturePending,
    PendingCaptureDeclined,
    MoneyTakenBack,
    Withdrawn,
    Objected,
    HandedOver,
    AmountChanged,
    LetterLeased,
    ReviewProposed,
    ReviewEnded,
    RefundProposed,
    RefundApproved,
    RefundRejected,
    RefundFailed,
    Refunded,
}

impl JournalEvent {
    /// Whether it is the line of money that was booked.
    pub(crate) const fn is_booking(self) -> bool {
        match self {
            Self::Paid | Self::PartPaid | Self::SurplusBooked | Self::FactsDiffered => true,
            Self::Issued
            | Self::CapturePending
            | Self::PendingCaptureDeclined
            | Self::MoneyTakenBack
            | Self::Withdrawn
            | Self::Objected
            | Self::HandedOver
            | Self::AmountChanged
            | Self::LetterLeased
            | Self::ReviewProposed
            | Self::ReviewEnded
            | Self::RefundProposed
            | Self::RefundApproved
            | Self::RefundRejected
            | Self::RefundFailed
            | Self::Refunded => false,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Paid => "paid",
            Self::PartPaid => "part_paid",
            Self::SurplusBooked => "surplus_booked",
            Self::FactsDiffered => "facts_differed",
            Self::CapturePending => "capture_pending",
            Self::PendingCaptureDeclined => "pending_capture_declined",
            Self::MoneyTakenBack => "money_taken_back",
            Self::Withdrawn => "withdrawn",
            Self::Objected => "objected",
            Self::HandedOver => "handed_over",
            Self::AmountChanged => "amount_changed",
            Self::LetterLeased => "letter_leased",
            Self::ReviewProposed => "review_proposed",
            Self::ReviewEnded => "review_ended",
            Self::RefundProposed => "refund_proposed",
            Self::RefundApproved => "refund_approved",
            Self::RefundRejected => "refund_rejected",
            Self::RefundFailed => "refund_failed",
            Self::Refunded => "refunded",
        }
    }
}

impl Store {
    /// What the journal of a ticket says about a capture, a refund, a dispute.
    ///
    /// # Errors
    /// When the table does not answer or a line is unreadable.
    pub async fn journaled(
        &self,
        case_number: &CaseNumber,
        reference: &str,
    ) -> Result<Vec<JournalEvent>, Error> {
        let mut found = Vec::new();
        for item in self.ticket_partition(case_number, "JOURNAL#").await? {
            let entry: JournalEntry = read("journal entry", item)?;
            if entry.reference == reference {
                found.push(entry.what);
            }
        }
        Ok(found)
    }
}

/// Lines that change neither state nor amount share the version of the one that does,
/// and come after it even where the clocks of two functions say otherwise.
pub(crate) fn in_order(journal: &mut [JournalEntry]) {
    journal.sort_by_key(|entry| {
        let changes_nothing = entry.before.as_ref() == Some(&entry.after);
        (entry.version, changes_nothing, entry.at)
    });
}

/// Who is named where it was PayPal that said something.
pub(crate) const PAYPAL: &str = "paypal";

/// The line of what has happened to a ticket that stood so before.
pub(crate) fn journal_line(
    before: &Ticket,
    by: &str,
    what: JournalEvent,
    reference: &str,
    (state, amount): (&State, Cents),
    at: Timestamp,
) -> JournalEntry {
    // The version grows with each change of state or amount and with nothing else.
    let changed = state.name() != before.state.name() || amount != before.rest();
    JournalEntry {
        at,
        by: by.to_owned(),
        what,
        reference: reference.to_owned(),
        version: before.version + u32::from(changed),
        before: Some(snapshot(&before.state, before.rest())),
        after: snapshot(state, amount),
        reason: None,
    }
}

/// The line of what PayPal said.
pub(crate) fn entry_by_paypal(
    ticket: &Ticket,
    what: JournalEvent,
    reference: &str,
    after: &State,
    now: Timestamp,
) -> JournalEntry {
    journal_line(ticket, PAYPAL, what, reference, (after, ticket.rest()), now)
}

pub(crate) fn snapshot(state: &State, amount: Cents) -> Snapshot {
    Snapshot {
        state: state.name().to_owned(),
        amount,
    }
}

/// The key of a line.
pub(crate) fn line_key(ticket: &Ticket, entry: &JournalEntry) -> keys::Key {
    keys::journal(
        &ticket.case_number,
        entry.version,
        entry.what.name(),
        &entry.reference,
    )
}

/// The step that writes a line; for `telling`, which puts it into the feed, too.
pub(super) fn line_step(ticket: &Ticket, entry: &JournalEntry) -> Result<Step, Error> {
    let key = line_key(ticket, entry);
    Ok(Step::put_new(item("journal entry", key, entry)?))
}
