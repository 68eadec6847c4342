//! Making whole what a restored table holds in part only: DynamoDB restores the
//! items of one transaction at slightly different moments, and knows nothing of
//! what came after. Only the reconciliation writes so, and only what PayPal
//! has said; what is there already stays as it is.

pub(crate) mod parts;

use aws_sdk_dynamodb::types::builders::{ConditionCheckBuilder, UpdateBuilder};
use jiff::Timestamp;
use ticket::{AttemptId, CaptureId, State, Ticket};

use crate::dynamo::keys::{self, n, s, sortable};
use crate::dynamo::write::{Step, item, value};
use crate::ledger::telling::{told, told_without_line};
use crate::payments::lock::Held;
use crate::payments::open_work::{Queue, queue_shard};
use crate::payments::pending::pending_steps;
use crate::payments::records::{Attempt, AttemptState, PlacedOrder, TakenBack};
use crate::payments::refund_item::completed;
use crate::payments::taken_back::{becomes, line, taken_back_line};
use crate::{Error, Store, Write};

impl Store {
    /// Writes down an attempt that the table does not know any more, into the
    /// index of open work: should nobody book its money at once, the sweep
    /// does. Refused where there is no such ticket.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn restore_attempt(&self, attempt: &Attempt, now: Timestamp) -> Result<Write, Error> {
        let mut new = item("attempt", keys::attempt(&attempt.id), attempt)?;
        let shard = queue_shard(Queue::Likely, attempt.id.as_str());
        new.insert("shard".to_owned(), s(shard));
        new.insert("due_at".to_owned(), s(sortable(now)));
        let pointer = keys::attempt_of_ticket(&attempt.case_number, &attempt.id).into_item();
        let there_is_a_ticket = ConditionCheckBuilder::default()
            .set_key(Some(keys::ticket(&attempt.case_number).into_item()))
            .condition_expression("attribute_exists(pk)");
        let steps = vec![
            Step::Check(there_is_a_ticket),
            Step::put_new(new),
            Step::put_new(pointer),
        ];
        self.transact_missing("restore an attempt", steps).await
    }

    /// Writes down the order of an attempt that has none, whatever its state:
    /// PayPal has named it.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn restore_order(&self, id: &AttemptId, order: &PlacedOrder) -> Result<Write, Error> {
        let update = UpdateBuilder::default()
            .set_key(Some(keys::attempt(id).into_item()))
            .update_expression("SET #order = :order")
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(#order)")
            .expression_attribute_names("#order", "order")
            .expression_attribute_values(":order", value("order", order)?);
        self.transact("restore an order", vec![Step::Update(update)])
            .await
    }

    /// Marks a pending capture on ticket and attempt where one of them, or the
    /// journal line alone, has come back; the sweep looks at it again at once.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn mend_pending(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        capture_id: &CaptureId,
        held: Option<&Held>,
        now: Timestamp,
    ) -> Result<Write, Error> {
        let pending = AttemptState::Pending {
            capture_id: capture_id.clone(),
        };
        let asked_about_again = UpdateBuilder::default()
            .set_key(Some(keys::attempt(&attempt.id).into_item()))
            .update_expression(
                "SET attempt_state = :state, capture_id = :capture, #shard = :shard, due_at = :now",
            )
            .condition_expression("attempt_state = :was AND refusals = :refusals")
            .expression_attribute_names("#shard", "shard")
            .expression_attribute_values(":state", s(pending.name()))
            .expression_attribute_values(":capture", s(capture_id.as_str()))
            .expression_attribute_values(
                ":shard",
                s(queue_shard(Queue::Likely, attempt.id.as_str())),
            )
            .expression_attribute_values(":now", s(sortable(now)))
            .expression_attribute_values(":was", s(attempt.state.name()))
            .expression_attribute_values(":refusals", n(attempt.refusals));
        let mut steps = vec![Step::Update(asked_about_again)];
        if matches!(ticket.state, State::Open(_)) {
            steps.extend(pending_steps(ticket, attempt, capture_id, held, now)?);
        }
        self.transact_missing("mend a pending capture", steps).await
    }

    /// Books money taken back of which parts may be there already: `survived`
    /// says that the line itself is one of them, `journaled` that its journal
    /// line is.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn mend_taken_back(
        &self,
        ticket: &Ticket,
        taken_back: &TakenBack,
        survived: bool,
        journaled: bool,
        now: Timestamp,
    ) -> Result<Write, Error> {
        let after = match &ticket.state {
            stands if ticket.was_reviewed_since(taken_back.booked_at) => stands.clone(),
            // A clerk has dealt with a line that is there since.
            State::Objected | State::Withdrawn | State::HandedOver if survived => {
                ticket.state.clone()
            }
            State::Open(_)
            | State::Paid { .. }
            | State::Objected
            | State::Withdrawn
            | State::HandedOver
            | State::Review(_) => taken_back.after(&ticket.state),
        };
        let entry = taken_back_line(ticket, taken_back, &after);
        let update = becomes(ticket, &after);
        let mut steps = match journaled {
            false => told(ticket, update, &entry, now)?,
            true if after.name() != ticket.state.name() => {
                told_without_line(ticket, update, &entry, &entry.after, now)?
            }
            // The city has heard of it, and how it stands has come back.
            true => Vec::new(),
        };
        steps.extend(line(taken_back)?);
        // One that is forgotten refuses all of it.
        if !self.is_carried_out(taken_back).await? {
            steps.extend(completed(taken_back)?);
        }
        self.transact_missing("mend money taken back", steps).await
    }
}
