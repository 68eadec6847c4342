//! Captures that PayPal holds back: marked on the ticket until they end.

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use jiff::Timestamp;
use ticket::{CaptureId, PendingCapture, Ticket};

use crate::dynamo::keys::{self, n, s};
use crate::dynamo::write::{Step, value};
use crate::ledger::journal::{JournalEvent, entry_by_paypal};
use crate::ledger::telling::{told, told_late};
use crate::payments::attempts::end_update;
use crate::payments::conditions::{AS_READ, UNLOCKED, under_fence};
use crate::payments::lock::Held;
use crate::payments::records::{Attempt, AttemptState};
use crate::{Error, Store, Write};

impl Store {
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
        let mut steps = pending_steps(ticket, attempt, capture_id, held, now)?;
        steps.push(Step::Update(end_update(attempt, &pending_attempt)));
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
        if ticket.pending().is_none() {
            // The attempt came back from a restore, and the ticket's mark did not.
            let mut steps = told_late(ticket, &entry, now)?;
            steps.push(ended);
            return self.transact_missing("end a pending attempt", steps).await;
        }
        let update = UpdateBuilder::default()
            .set_key(Some(keys::ticket(&ticket.case_number).into_item()))
            .update_expression("REMOVE pending")
            .condition_expression("pending.attempt = :attempt AND version = :version")
            .expression_attribute_values(":attempt", s(attempt.id.as_str()))
            .expression_attribute_values(":version", n(ticket.version));
        let mut steps = told(ticket, update, &entry, now)?;
        steps.push(ended);
        self.transact("end a pending capture", steps).await
    }
}

/// The ticket with its mark, and what is told of it.
pub(crate) fn pending_steps(
    ticket: &Ticket,
    attempt: &Attempt,
    capture_id: &CaptureId,
    held: Option<&Held>,
    now: Timestamp,
) -> Result<Vec<Step>, Error> {
    let what = JournalEvent::CapturePending;
    let entry = entry_by_paypal(ticket, what, capture_id.as_str(), &ticket.state, now);
    let update = pending_ticket(ticket, attempt, capture_id, held)?;
    told(ticket, update, &entry, now)
}

fn pending_ticket(
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
