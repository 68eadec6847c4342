//! The capture lock: exclusive, fenced, outliving whatever could still be
//! inside the capture call.

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use jiff::Timestamp;
use ticket::{AttemptId, CaseNumber, Lock, Ticket};

use crate::dynamo::keys::{self, n, s};
use crate::dynamo::write::{Step, value};
use crate::payments::attempts::end_update;
use crate::payments::open_work::{DUE, Queue, due};
use crate::payments::records::{Attempt, AttemptEnd, AttemptState, Decline};
use crate::{Error, Store, Write};

/// The right to call capture, and the proof of it for every write under it. Only the
/// table gives it: when the lock is taken, or to whoever resolves one that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The ticket that is locked.
    case_number: CaseNumber,
    /// Whose order may be captured.
    attempt: AttemptId,
    /// The fence of this very lock; a later one has a higher number.
    pub(crate) fence: u32,
}

impl Held {
    /// The right to write under a lock whose lease has ended, as it was read: it says
    /// nothing about who else resolves it, and a take-over since makes it worthless.
    #[must_use]
    pub fn of_ended(ticket: &Ticket, now: Timestamp) -> Option<Self> {
        let lock = ticket.lock().filter(|lock| lock.until <= now)?;
        Some(Self {
            case_number: ticket.case_number.clone(),
            attempt: lock.attempt.clone(),
            fence: ticket.fence,
        })
    }

    /// Whose order may be captured.
    #[must_use]
    pub const fn attempt(&self) -> &AttemptId {
        &self.attempt
    }
}

/// Why a lock is given back without money having moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Released {
    /// PayPal refused this try and the order may be tried again.
    Refused(Decline),
    /// PayPal refused for good, or the order is dead.
    Ended(AttemptEnd),
    /// PayPal refused the invoice id: for good, and for every order of the
    /// ticket that carries it.
    InvoiceRefused,
    /// PayPal says that nothing was captured.
    NothingCaptured,
}

impl Store {
    /// Takes the lock at `now`, in one transaction over ticket and attempt: the ticket
    /// is open, unlocked, nothing pending, of the version the attempt was made
    /// for; the attempt is live and nobody has tried since it was read. `None`
    /// when somebody else was first, or one of these is no longer so.
    ///
    /// # Errors
    /// When the table does not answer: the lock may have been taken, so nobody
    /// may capture before it has ended.
    pub async fn take_lock(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        now: Timestamp,
        until: Timestamp,
        approved_at: Option<Timestamp>,
    ) -> Result<Option<Held>, Error> {
        let lock = Lock::new(attempt.id.clone(), now, until);
        // sabotage: lock without its conditions
        // sabotage: re-entrant lock: at the table
        // sabotage: version not compared
        let free = "#state = :open AND attribute_not_exists(#lock) \
                    AND attribute_not_exists(pending) AND version = :version AND fence = :fence";
        let update = lock_update(ticket, attempt, &lock)?.condition_expression(free);
        self.lock(ticket, attempt, until, approved_at, update).await
    }

    /// Takes over a lock whose lease has ended, for the attempt it names, after
    /// PayPal was asked about that attempt's order. It is the same try: that a call
    /// of it went unanswered stays; what was heard of the last one says nothing about
    /// the next.
    ///
    /// # Errors
    /// As [`Store::take_lock`].
    pub async fn take_over_lock(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        until: Timestamp,
        approved_at: Option<Timestamp>,
    ) -> Result<Option<Held>, Error> {
        let Some(ended) = ticket.lock() else {
            return Ok(None);
        };
        let was_answered = ended.refused_as.is_some();
        let lock = Lock {
            until,
            refused_as: None,
            refused_at: None,
            refused_since: ended.refused_since.filter(|_| was_answered),
            unanswered: ended.unanswered || !was_answered,
            shown_uncaptured: false,
            ..ended.clone()
        };
        // The fence says that it is the very lock that was seen.
        // sabotage: fence not compared
        let same_lock = "#state = :open AND attribute_exists(#lock) \
                         AND attribute_not_exists(pending) AND version = :version AND fence = :fence";
        let update = lock_update(ticket, attempt, &lock)?.condition_expression(same_lock);
        self.lock(ticket, attempt, until, approved_at, update).await
    }

    async fn lock(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        until: Timestamp,
        approved_at: Option<Timestamp>,
        ticket_update: UpdateBuilder,
    ) -> Result<Option<Held>, Error> {
        let attempt_update = UpdateBuilder::default()
            .set_key(Some(keys::attempt(&attempt.id).into_item()))
            .condition_expression(
                "attempt_state = :live AND refusals = :refusals AND version = :version",
            )
            .expression_attribute_values(":live", s("live"))
            .expression_attribute_values(":refusals", n(attempt.refusals))
            .expression_attribute_values(":version", n(attempt.version));
        let attempt_update = match approved_at {
            // The first approval seen is the legal moment; a later one is not.
            Some(at) => attempt_update
                .update_expression(format!(
                    "SET approved_at = if_not_exists(approved_at, :approved_at), {DUE}"
                ))
                .expression_attribute_values(":approved_at", s(at.to_string())),
            None => attempt_update.update_expression(format!("SET {DUE}")),
        };
        // Should the answer be lost, the sweep asks as soon as it may.
        // sabotage: a lock makes nobody due when its lease ends
        let attempt_update = due(attempt_update, Queue::Likely, attempt.id.as_str(), until);
        let steps = vec![Step::Update(ticket_update), Step::Update(attempt_update)];
        Ok(match self.transact("take the lock", steps).await? {
            Write::Done => Some(Held {
                case_number: ticket.case_number.clone(),
                attempt: attempt.id.clone(),
                fence: ticket.fence + 1,
            }),
            Write::Refused => None,
        })
    }

    /// Gives the lock back after a definite answer; what that answer means for
    /// the attempt is written in the same transaction.
    ///
    /// # Errors
    /// When the table does not answer; the sweep asks PayPal again.
    pub async fn release_lock(
        &self,
        held: &Held,
        attempt: &Attempt,
        released: &Released,
    ) -> Result<Write, Error> {
        let ticket_update = under(held);
        let ticket_update = match released {
            Released::InvoiceRefused => ticket_update
                .update_expression("SET first_invoice_refused = :yes REMOVE #lock")
                .expression_attribute_values(":yes", AttributeValue::Bool(true)),
            Released::Refused(_) | Released::Ended(_) | Released::NothingCaptured => {
                ticket_update.update_expression("REMOVE #lock")
            }
        };
        let mut steps = vec![Step::Update(ticket_update)];
        match released {
            Released::Refused(decline) => {
                let update = UpdateBuilder::default()
                    .set_key(Some(keys::attempt(&attempt.id).into_item()))
                    .update_expression("SET refusals = :next, decline = :decline")
                    .condition_expression("attempt_state = :live AND refusals = :refusals")
                    .expression_attribute_values(":live", s("live"))
                    .expression_attribute_values(":refusals", n(attempt.refusals))
                    .expression_attribute_values(":next", n(attempt.refusals + 1))
                    .expression_attribute_values(":decline", value("decline", decline)?);
                steps.push(Step::Update(update));
            }
            Released::Ended(end) => {
                steps.push(Step::Update(end_update(attempt, &(*end).into())));
            }
            Released::InvoiceRefused => {
                steps.push(Step::Update(end_update(attempt, &AttemptState::Declined)));
            }
            Released::NothingCaptured => {}
        }
        self.transact("release the lock", steps).await
    }

    /// Remembers PayPal's code for a try that was refused at `refused_at`, by its
    /// clock, while it is not certain
    /// that nothing moved: the lock stays.
    ///
    /// # Errors
    /// When the table does not answer; the try is made again, and refused again.
    pub async fn note_refusal(
        &self,
        held: &Held,
        code: &str,
        refused_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Write, Error> {
        let mut update = under(held)
            .expression_attribute_values(":code", s(code))
            .expression_attribute_values(":now", s(now.to_string()));
        let mut set = String::from(
            "SET #lock.refused_as = :code, \
             #lock.refused_since = if_not_exists(#lock.refused_since, :now)",
        );
        if let Some(at) = refused_at {
            set.push_str(", #lock.refused_at = :at");
            update = update.expression_attribute_values(":at", s(at.to_string()));
        }
        let update = update.update_expression(set);
        self.transact("note a refusal", vec![Step::Update(update)])
            .await
    }

    /// Remembers that PayPal shows the order without a capture, long enough after the
    /// try for no read to lag: the lock stays.
    ///
    /// # Errors
    /// When the table does not answer; the next look finds the same.
    pub async fn note_uncaptured(&self, held: &Held) -> Result<Write, Error> {
        let update = under(held)
            .update_expression("SET #lock.shown_uncaptured = :yes")
            .expression_attribute_values(":yes", AttributeValue::Bool(true));
        self.transact(
            "note an order without a capture",
            vec![Step::Update(update)],
        )
        .await
    }

    /// Takes away a lock whose attempt the table does not know any more.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn release_forgotten_lock(&self, held: &Held) -> Result<Write, Error> {
        let update = under(held).update_expression("REMOVE #lock");
        self.transact("release a forgotten lock", vec![Step::Update(update)])
            .await
    }
}

/// The update of a ticket under this very lock.
fn under(held: &Held) -> UpdateBuilder {
    UpdateBuilder::default()
        .set_key(Some(keys::ticket(&held.case_number).into_item()))
        // Somebody may have taken over: their lock is not ours to release.
        .condition_expression("fence = :fence AND #lock.attempt = :attempt")
        .expression_attribute_names("#lock", "lock")
        .expression_attribute_values(":fence", n(held.fence))
        .expression_attribute_values(":attempt", s(held.attempt.as_str()))
}

fn lock_update(ticket: &Ticket, attempt: &Attempt, lock: &Lock) -> Result<UpdateBuilder, Error> {
    Ok(UpdateBuilder::default()
        .set_key(Some(keys::ticket(&ticket.case_number).into_item()))
        .update_expression("SET #lock = :lock, fence = :next_fence")
        .expression_attribute_names("#state", "state")
        .expression_attribute_names("#lock", "lock")
        .expression_attribute_values(":open", s("open"))
        .expression_attribute_values(":lock", value("lock", lock)?)
        .expression_attribute_values(":version", n(attempt.version))
        .expression_attribute_values(":fence", n(ticket.fence))
        .expression_attribute_values(":next_fence", n(ticket.fence + 1)))
}
