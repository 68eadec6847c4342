//! Booking money, each in one transaction: ticket, attempt, settlement, journal
//! and the export's queue, all or nothing.

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use jiff::Timestamp;
use ticket::{
    CaptureId, PendingCapture, Role, Settlement, SettlementId, State, SurplusReason, Ticket,
};

use crate::dynamo::client::{read, unavailable};
use crate::dynamo::keys::{self, n, s};
use crate::dynamo::write::{Step, item, value};
use crate::ledger::export::export_entry;
use crate::ledger::journal::{JournalEvent, entry_by_paypal, journal_step};
use crate::payments::attempts::{end_update, holds_pending};
use crate::payments::lock::Held;
use crate::payments::records::{Attempt, AttemptState};
use crate::{Error, Store, Write};

impl Store {
    /// Books a completed capture as what `settlement.role` says: the main
    /// settlement of an open ticket, or surplus.
    ///
    /// The condition is that the ticket has not changed its state or amount
    /// since it was read, and that no lock and no other attempt's pending mark is
    /// on it; the owner of a lock books under its fence. Lock and pending mark go
    /// away.
    ///
    /// # Errors
    /// When the table does not answer: it may have been booked; booking again
    /// is one booking.
    pub async fn book(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        settlement: &Settlement,
        held: Option<&Held>,
    ) -> Result<Write, Error> {
        let after = after(ticket, settlement);
        let mut steps = money_steps(ticket, attempt, settlement, &after, held)?;
        steps.push(booking_journal(ticket, settlement, &after)?);
        match self.transact("book a settlement", steps).await? {
            Write::Done => Ok(Write::Done),
            // The settlement's id is the capture's: where it stands already, an
            // earlier call has booked this money and its answer was lost.
            Write::Refused => {
                let booked = self
                    .settlement(ticket, &(&settlement.capture_id).into())
                    .await?
                    .is_some();
                Ok(if booked { Write::Done } else { Write::Refused })
            }
        }
    }

    /// A settlement that came through PayPal.
    ///
    /// # Errors
    /// When the table does not answer or the item is unreadable.
    pub async fn settlement(
        &self,
        ticket: &Ticket,
        id: &SettlementId,
    ) -> Result<Option<Settlement>, Error> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(keys::settlement(&ticket.case_number, id).into_item()))
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable("read the settlement"))?;
        found.item.map(|item| read("settlement", item)).transpose()
    }

    /// Marks a capture that PayPal holds back: not paid, but no second
    /// payment either. The lock goes away, the attempt stays open.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn book_pending(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        capture_id: &CaptureId,
        held: Option<&Held>,
        now: Timestamp,
    ) -> Result<Write, Error> {
        let pending_attempt = AttemptState::Pending {
            capture_id: capture_id.clone(),
        };
        let steps = vec![
            Step::Update(pending_ticket(ticket, attempt, capture_id, held)?),
            Step::Update(end_update(attempt, &pending_attempt)),
            pending_journal(ticket, capture_id, now)?,
        ];
        self.transact("mark a pending capture", steps).await
    }

    /// A pending capture ended without money: the mark goes, the ticket is
    /// payable again, the attempt is final.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn end_pending(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        capture_id: &CaptureId,
        now: Timestamp,
    ) -> Result<Write, Error> {
        let entry = entry_by_paypal(
            ticket,
            JournalEvent::PendingCaptureDeclined,
            capture_id.as_str(),
            &ticket.state,
            now,
        );
        let ended = Step::Update(end_update(attempt, &AttemptState::Declined));
        let journal = journal_step(ticket, &entry)?;
        if ticket.pending.is_none() {
            // The attempt came back from a restore, and the ticket's mark did not.
            let steps = vec![ended, journal];
            return self.transact_missing("end a pending attempt", steps).await;
        }
        let update = UpdateBuilder::default()
            .set_key(Some(keys::ticket(&ticket.case_number).into_item()))
            .update_expression("REMOVE pending")
            .condition_expression("pending.attempt = :attempt AND version = :version")
            .expression_attribute_values(":attempt", s(attempt.id.as_str()))
            .expression_attribute_values(":version", n(ticket.version));
        let steps = vec![Step::Update(update), ended, journal];
        self.transact("end a pending capture", steps).await
    }
}

/// What the ticket becomes by a settlement.
pub(crate) fn after(ticket: &Ticket, settlement: &Settlement) -> State {
    match settlement.role {
        Role::Main => State::Paid {
            settlement: (&settlement.capture_id).into(),
            paid_at: settlement.paid_at,
            by: settlement.channel,
        },
        Role::Surplus(SurplusReason::FactsDiffer) if matches!(ticket.state, State::Open) => {
            State::Review
        }
        Role::Surplus(SurplusReason::FactsDiffer | SurplusReason::TicketNotOpen) => {
            ticket.state.clone()
        }
    }
}

/// Ticket, attempt, settlement and the export's queue; all of a booking but its
/// journal line.
pub(crate) fn money_steps(
    ticket: &Ticket,
    attempt: &Attempt,
    settlement: &Settlement,
    after: &State,
    held: Option<&Held>,
) -> Result<Vec<Step>, Error> {
    let captured = AttemptState::Captured {
        capture_id: settlement.capture_id.clone(),
    };
    let capture_id = settlement.capture_id.as_str();
    let queued = export_entry(
        &ticket.case_number,
        settlement.booked_at,
        "settlement",
        capture_id,
    );
    Ok(vec![
        Step::Update(booked_ticket(ticket, attempt, after, held)),
        Step::Update(approved_as_read(end_update(attempt, &captured), attempt)),
        Step::put_new(item(
            "settlement",
            keys::settlement(&ticket.case_number, &(&settlement.capture_id).into()),
            settlement,
        )?),
        // sabotage: no line for the export
        Step::put_new(queued),
    ])
}

/// The time of payment is when the payer approved: an attempt that was read before
/// that was noted would book another one.
fn approved_as_read(update: UpdateBuilder, attempt: &Attempt) -> UpdateBuilder {
    let condition = update.get_condition_expression().clone();
    let condition = condition.unwrap_or_default();
    match attempt.approved_at {
        Some(at) => update
            .condition_expression(format!("{condition} AND approved_at = :approved_at"))
            .expression_attribute_values(":approved_at", s(at.to_string())),
        None => update
            .condition_expression(format!("{condition} AND attribute_not_exists(approved_at)")),
    }
}

/// The journal line of a booking on a ticket that stands so before it.
pub(crate) fn booking_journal(
    before: &Ticket,
    settlement: &Settlement,
    after: &State,
) -> Result<Step, Error> {
    let what = match settlement.role {
        Role::Main => JournalEvent::Paid,
        Role::Surplus(SurplusReason::FactsDiffer) if matches!(before.state, State::Open) => {
            JournalEvent::FactsDiffered
        }
        Role::Surplus(SurplusReason::FactsDiffer | SurplusReason::TicketNotOpen) => {
            JournalEvent::SurplusBooked
        }
    };
    let capture_id = settlement.capture_id.as_str();
    let entry = entry_by_paypal(before, what, capture_id, after, settlement.booked_at);
    journal_step(before, &entry)
}

/// The ticket has the state and amount it was read with, and who waits for
/// PayPal is this attempt or nobody.
const AS_READ: &str = "version = :version \
     AND (attribute_not_exists(pending) OR pending.attempt = :attempt)";
/// Nobody is inside the capture call: whoever is books what comes of it.
const UNLOCKED: &str = "attribute_not_exists(#lock)";

pub(crate) fn pending_ticket(
    ticket: &Ticket,
    attempt: &Attempt,
    capture_id: &CaptureId,
    held: Option<&Held>,
) -> Result<UpdateBuilder, Error> {
    let pending = PendingCapture {
        attempt: attempt.id.clone(),
        capture_id: capture_id.clone(),
    };
    let update = UpdateBuilder::default()
        .set_key(Some(keys::ticket(&ticket.case_number).into_item()))
        // sabotage: pending without a mark
        .update_expression("SET pending = :pending REMOVE #lock")
        .expression_attribute_names("#lock", "lock")
        .expression_attribute_values(":pending", value("pending capture", &pending)?)
        .expression_attribute_values(":version", n(ticket.version))
        .expression_attribute_values(":attempt", s(attempt.id.as_str()));
    Ok(under_fence(update, AS_READ, UNLOCKED, held))
}

pub(crate) fn pending_journal(
    ticket: &Ticket,
    capture_id: &CaptureId,
    now: Timestamp,
) -> Result<Step, Error> {
    let what = JournalEvent::CapturePending;
    let entry = entry_by_paypal(ticket, what, capture_id.as_str(), &ticket.state, now);
    journal_step(ticket, &entry)
}

fn booked_ticket(
    ticket: &Ticket,
    attempt: &Attempt,
    after: &State,
    held: Option<&Held>,
) -> UpdateBuilder {
    let update = UpdateBuilder::default()
        .set_key(Some(keys::ticket(&ticket.case_number).into_item()))
        .expression_attribute_names("#lock", "lock")
        .expression_attribute_values(":version", n(ticket.version))
        .expression_attribute_values(":attempt", s(attempt.id.as_str()));
    if after.name() == ticket.state.name() {
        unchanged_state(ticket, attempt, update, held)
    } else {
        let update = changed_state(ticket, after, update);
        under_fence(update, AS_READ, UNLOCKED, held)
    }
}

/// Under a lock only its owner writes, and only under its very fence: a lock taken
/// since is somebody else's, who may be about to capture. Without one, `otherwise`
/// says which locks there may be.
fn under_fence(
    update: UpdateBuilder,
    condition: &str,
    otherwise: &str,
    held: Option<&Held>,
) -> UpdateBuilder {
    match held {
        Some(held) => update
            .condition_expression(format!(
                "{condition} AND fence = :fence AND #lock.attempt = :attempt"
            ))
            .expression_attribute_values(":fence", n(held.fence)),
        None => update.condition_expression(format!("{condition} AND {otherwise}")),
    }
}

fn changed_state(ticket: &Ticket, after: &State, update: UpdateBuilder) -> UpdateBuilder {
    let update = update
        .expression_attribute_names("#state", "state")
        .expression_attribute_values(":state", s(after.name()))
        .expression_attribute_values(":next", n(ticket.version + 1));
    match after {
        State::Paid {
            settlement,
            paid_at,
            by,
        } => update
            .update_expression(
                "SET #state = :state, settlement = :settlement, paid_at = :paid_at, #by = :by, \
                 version = :next REMOVE #lock, pending",
            )
            .expression_attribute_names("#by", "by")
            .expression_attribute_values(":settlement", s(settlement.as_str()))
            .expression_attribute_values(":paid_at", s(paid_at.to_string()))
            .expression_attribute_values(":by", s(by.name())),
        State::Open | State::Objected | State::Withdrawn | State::HandedOver | State::Review => {
            update.update_expression("SET #state = :state, version = :next REMOVE #lock, pending")
        }
    }
}

/// Surplus changes neither state nor amount; it takes the lock it is booked under
/// and this attempt's own pending mark away, and leaves everybody else's.
fn unchanged_state(
    ticket: &Ticket,
    attempt: &Attempt,
    update: UpdateBuilder,
    held: Option<&Held>,
) -> UpdateBuilder {
    let mut condition = "version = :version".to_owned();
    let mut mine = Vec::new();
    if held.is_some() {
        mine.push("#lock");
    }
    if holds_pending(ticket, &attempt.id) {
        condition.push_str(" AND pending.attempt = :attempt");
        mine.push("pending");
    }
    let expression = if mine.is_empty() {
        "SET version = :version".to_owned()
    } else {
        format!("REMOVE {}", mine.join(", "))
    };
    let not_its_own = "(attribute_not_exists(#lock) OR #lock.attempt <> :attempt)";
    under_fence(
        update.update_expression(expression),
        &condition,
        not_its_own,
        held,
    )
}
