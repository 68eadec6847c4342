//! Payment attempts: from the first press of the button to their end.

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::builders::{ConditionCheckBuilder, UpdateBuilder};
use jiff::Timestamp;
use ticket::{AttemptId, Ticket};

use crate::dynamo::client::{read, unavailable};
use crate::dynamo::keys::{self, n, s, sortable};
use crate::dynamo::write::{Step, item, value};
use crate::payments::open_work::{Queue, queue_shard};
use crate::payments::records::{Attempt, AttemptEnd, AttemptState, PlacedOrder};
use crate::{Error, Store, Write};

impl Store {
    /// The attempt, read with strong consistency.
    ///
    /// # Errors
    /// When the table does not answer or the item is unreadable.
    pub async fn attempt(&self, id: &AttemptId) -> Result<Option<Attempt>, Error> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(keys::attempt(id).into_item()))
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable("read the attempt"))?;
        found.item.map(|item| read("attempt", item)).transpose()
    }

    /// Writes an attempt down before PayPal hears of it, into the index of
    /// open attempts, due at `due_at`.
    ///
    /// Refused when the ticket is not (or no longer) the open, unlocked one
    /// that the attempt was made for, or another attempt was begun since it was read:
    /// whoever makes a sixth order has not counted the fifth.
    ///
    /// # Errors
    /// When the table does not answer; no order may be made then.
    pub async fn begin_attempt(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        due_at: Timestamp,
    ) -> Result<Write, Error> {
        let mut new = item("attempt", keys::attempt(&attempt.id), attempt)?;
        // sabotage: who is new waits behind all others
        let shard = queue_shard(Queue::New, attempt.id.as_str());
        // sabotage: not in the sweep's index
        new.insert("shard".to_owned(), s(shard));
        new.insert("due_at".to_owned(), s(sortable(due_at)));
        let pointer = keys::attempt_of_ticket(&attempt.case_number, &attempt.id).into_item();
        // A ticket that was issued before attempts were counted has none.
        let counted = if ticket.attempts_begun == 0 {
            "(attribute_not_exists(attempts_begun) OR attempts_begun = :counted)"
        } else {
            "attempts_begun = :counted"
        };
        let counted_and_payable = UpdateBuilder::default()
            .set_key(Some(keys::ticket(&attempt.case_number).into_item()))
            .update_expression("SET attempts_begun = :begun")
            .condition_expression(format!(
                "#state = :open AND attribute_not_exists(#lock) \
                 AND attribute_not_exists(pending) AND version = :version AND {counted}"
            ))
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#lock", "lock")
            .expression_attribute_values(":open", s("open"))
            .expression_attribute_values(":version", n(attempt.version))
            .expression_attribute_values(":counted", n(ticket.attempts_begun))
            .expression_attribute_values(":begun", n(ticket.attempts_begun + 1));
        let steps = vec![
            Step::Update(counted_and_payable),
            Step::put_new(new),
            Step::put_new(pointer),
        ];
        match self.transact("begin an attempt", steps).await? {
            Write::Done => Ok(Write::Done),
            // The answer to an earlier copy of this very call may be lost.
            Write::Refused => Ok(match self.attempt(&attempt.id).await? {
                Some(_) => Write::Done,
                None => Write::Refused,
            }),
        }
    }

    /// Stores the order PayPal made. The driver may be sent there only after
    /// this: an order whose id is lost could be paid without our knowing.
    ///
    /// # Errors
    /// When the table does not answer; the driver must not be sent then.
    pub async fn place_order(&self, id: &AttemptId, order: &PlacedOrder) -> Result<Write, Error> {
        let update = UpdateBuilder::default()
            .set_key(Some(keys::attempt(id).into_item()))
            .update_expression("SET #order = :order")
            .condition_expression(
                "attempt_state = :live AND (attribute_not_exists(#order) OR #order = :order)",
            )
            .expression_attribute_names("#order", "order")
            .expression_attribute_values(":order", value("order", order)?)
            .expression_attribute_values(":live", s("live"));
        self.transact("place an order", vec![Step::Update(update)])
            .await
    }

    /// Remembers that an approval found from now on is a new one, so that a
    /// refused order may be captured again.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn allow_retry(&self, attempt: &Attempt) -> Result<Write, Error> {
        let allowed = [("retry_allowed", AttributeValue::Bool(true))];
        self.mark_decline(attempt, &allowed).await
    }

    /// Remembers when the driver was sent to PayPal once more: who comes back then
    /// has a new word.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn note_try_again(&self, attempt: &Attempt, now: Timestamp) -> Result<Write, Error> {
        let update = UpdateBuilder::default()
            .set_key(Some(keys::attempt(&attempt.id).into_item()))
            .update_expression("SET decline.pressed_at = :now REMOVE returned_at")
            .condition_expression(
                "attempt_state = :live AND refusals = :refusals AND attribute_exists(decline)",
            )
            .expression_attribute_values(":live", s("live"))
            .expression_attribute_values(":refusals", n(attempt.refusals))
            .expression_attribute_values(":now", s(now.to_string()));
        self.transact("note a second try", vec![Step::Update(update)])
            .await
    }

    /// Remembers that the order has changed at `at` after it was refused, by PayPal's
    /// clock, and that this was seen now.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn note_change(
        &self,
        attempt: &Attempt,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<Write, Error> {
        let seen = [("changed_again_at", at), ("change_seen_at", now)];
        let seen = seen.map(|(mark, at)| (mark, s(at.to_string())));
        self.mark_decline(attempt, &seen).await
    }

    /// Remembers that the driver has cancelled at PayPal: coming back means nothing
    /// any more.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn forget_try_again(&self, attempt: &Attempt) -> Result<Write, Error> {
        let update = UpdateBuilder::default()
            .set_key(Some(keys::attempt(&attempt.id).into_item()))
            .update_expression("REMOVE decline.pressed_at")
            .condition_expression("attempt_state = :live AND attribute_exists(decline)")
            .expression_attribute_values(":live", s("live"));
        self.transact("forget a try again", vec![Step::Update(update)])
            .await
    }

    /// Remembers when the payer approved, where the order cannot be captured yet: the
    /// first time that PayPal says is the legal moment.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn note_approval(&self, attempt: &Attempt, at: Timestamp) -> Result<Write, Error> {
        self.note_once(attempt, "approved_at", at).await
    }

    /// Remembers when the payer came back with the word that the order is approved,
    /// where PayPal has not shown that.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn note_return(&self, attempt: &Attempt, at: Timestamp) -> Result<Write, Error> {
        self.note_once(attempt, "returned_at", at).await
    }

    /// Remembers since when PayPal does not say how the order stands.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn note_silence(&self, attempt: &Attempt, at: Timestamp) -> Result<Write, Error> {
        let update = UpdateBuilder::default()
            .set_key(Some(keys::attempt(&attempt.id).into_item()))
            .update_expression("SET silent_since = :at")
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(silent_since)")
            .expression_attribute_values(":at", s(at.to_string()));
        self.transact("note a silence", vec![Step::Update(update)])
            .await
    }

    /// Remembers that PayPal has said how the order stands.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn end_silence(&self, attempt: &Attempt) -> Result<Write, Error> {
        let update = UpdateBuilder::default()
            .set_key(Some(keys::attempt(&attempt.id).into_item()))
            .update_expression("REMOVE silent_since")
            .condition_expression("attribute_exists(pk)");
        self.transact("end a silence", vec![Step::Update(update)])
            .await
    }

    async fn note_once(
        &self,
        attempt: &Attempt,
        moment: &'static str,
        at: Timestamp,
    ) -> Result<Write, Error> {
        let update = UpdateBuilder::default()
            .set_key(Some(keys::attempt(&attempt.id).into_item()))
            .update_expression(format!("SET {moment} = :at"))
            .condition_expression(format!(
                "attempt_state = :live AND attribute_not_exists({moment})"
            ))
            .expression_attribute_values(":live", s("live"))
            .expression_attribute_values(":at", s(at.to_string()));
        self.transact("note a moment", vec![Step::Update(update)])
            .await
    }

    async fn mark_decline(
        &self,
        attempt: &Attempt,
        marks: &[(&str, AttributeValue)],
    ) -> Result<Write, Error> {
        let set = |(mark, _): &(&str, _)| format!("decline.{mark} = :{mark}");
        let set: Vec<String> = marks.iter().map(set).collect();
        let mut update = UpdateBuilder::default()
            .set_key(Some(keys::attempt(&attempt.id).into_item()))
            .update_expression(format!("SET {}", set.join(", ")))
            .condition_expression(
                "attempt_state = :live AND refusals = :refusals AND attribute_exists(decline)",
            );
        for (mark, said) in marks {
            update = update.expression_attribute_values(format!(":{mark}"), said.clone());
        }
        let update = update
            .expression_attribute_values(":live", s("live"))
            .expression_attribute_values(":refusals", n(attempt.refusals));
        self.transact("mark a decline", vec![Step::Update(update)])
            .await
    }

    /// Ends an attempt that brought no money.
    ///
    /// Refused while any lock exists on the ticket: an attempt made final under
    /// its own lock would leave the lock for ever.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn end_attempt(&self, attempt: &Attempt, end: AttemptEnd) -> Result<Write, Error> {
        let nobody_is_capturing = ConditionCheckBuilder::default()
            .set_key(Some(keys::ticket(&attempt.case_number).into_item()))
            // sabotage: an attempt ends under a lock
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(#lock)")
            .expression_attribute_names("#lock", "lock");
        let steps = vec![
            Step::Check(nobody_is_capturing),
            Step::Update(end_update(attempt, &end.into())),
        ];
        self.transact("end an attempt", steps).await
    }
}

/// The update that makes an attempt final, or pending, from where it was read.
pub(crate) fn end_update(attempt: &Attempt, end: &AttemptState) -> UpdateBuilder {
    let update = UpdateBuilder::default()
        .set_key(Some(keys::attempt(&attempt.id).into_item()))
        .condition_expression("attempt_state = :was AND refusals = :refusals")
        .expression_attribute_values(":was", s(attempt.state.name()))
        .expression_attribute_values(":refusals", n(attempt.refusals))
        .expression_attribute_values(":state", s(end.name()));
    let (update, leave_index) = if end.is_final() {
        let update = update.expression_attribute_names("#shard", "shard");
        (update, " REMOVE #shard, due_at")
    } else {
        (update, "")
    };
    match end {
        AttemptState::Captured { capture_id } | AttemptState::Pending { capture_id } => update
            .update_expression(format!(
                "SET attempt_state = :state, capture_id = :capture{leave_index}"
            ))
            .expression_attribute_values(":capture", s(capture_id.as_str())),
        AttemptState::Live | AttemptState::Declined | AttemptState::Expired => {
            update.update_expression(format!("SET attempt_state = :state{leave_index}"))
        }
    }
}

/// Whether the ticket's pending mark is this attempt's.
pub(crate) fn holds_pending(ticket: &Ticket, id: &AttemptId) -> bool {
    let pending = ticket.pending();
    pending.is_some_and(|pending| pending.attempt == *id)
}
