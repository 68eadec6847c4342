//! A row about a payment: whether the table has it, and booking it where not.

use jiff::Timestamp;
use paypal::{Transaction, TransactionStatus};
use store::{BookingParts, Error};
use ticket::{AttemptId, CaptureId, Captures};

use super::owner::{CaptureAsked, PaymentOwner};
use super::row::RowOutcome;
use crate::asking::Answer;
use crate::{Moment, Settle, Wake};

impl Settle {
    /// Books a payment that PayPal shows, unless the table has all of it.
    pub(crate) async fn payment(
        &self,
        row: &Transaction,
        id: &CaptureId,
        moment: Moment,
    ) -> Result<RowOutcome, Error> {
        let (ticket, attempt) = match self.owner_of(row, id, moment).await? {
            PaymentOwner::Ours(ours) => *ours,
            PaymentOwner::Not(shown) => return Ok(shown),
        };
        let parts = self.store.parts(ticket, attempt, id).await?;
        if let Some(cents) = self.booked_and_shown(&parts, id, moment.now).await? {
            let found = false;
            return Ok(RowOutcome::Booked { cents, found });
        }
        if row.status == TransactionStatus::Pending && parts.is_pending() {
            return Ok(RowOutcome::Pending);
        }
        let attempt_id = parts.attempt.id;
        self.settle(&attempt_id, Wake::Books, moment).await?;
        let Some(parts) = self.reload(&attempt_id, id).await? else {
            return Ok(RowOutcome::Unclear);
        };
        let parts = if parts.booked_cents().is_some() || parts.is_pending() {
            parts
        } else {
            // sabotage: a booking that came back torn is not mended
            self.mend(&parts, id, moment).await?;
            let Some(parts) = self.reload(&attempt_id, id).await? else {
                return Ok(RowOutcome::Unclear);
            };
            parts
        };
        Ok(match self.booked_and_shown(&parts, id, moment.now).await? {
            Some(cents) => RowOutcome::Booked { cents, found: true },
            None if parts.is_pending() => RowOutcome::Pending,
            None => self.under_another_order(row, &parts, id, moment).await,
        })
    }

    async fn booked_and_shown(
        &self,
        parts: &BookingParts,
        id: &CaptureId,
        now: Timestamp,
    ) -> Result<Option<i64>, Error> {
        let booked = parts.booked_cents();
        if let (Some(_), Some(queued)) = (booked, &parts.queued) {
            self.store.note_shown(queued, id.as_str(), now).await?;
        }
        Ok(booked)
    }

    /// A payment that names an attempt of ours, whose order did not bring it.
    /// Whoever has paid knows the attempt's id, and may write it on a cent.
    async fn under_another_order(
        &self,
        row: &Transaction,
        parts: &BookingParts,
        id: &CaptureId,
        moment: Moment,
    ) -> RowOutcome {
        let Some(order) = &parts.attempt.order else {
            return RowOutcome::Unclear;
        };
        if self.captures == Captures::Closed {
            return RowOutcome::Unclear;
        }
        let (ticket, attempt) = (&parts.ticket, &parts.attempt);
        let answer = self.ask(&order.id, ticket, attempt, moment).await;
        let is_known = match answer {
            Answer::Order(_) => true,
            // What our order brings is what it was made for.
            Answer::Unknown if row.amount.euro_cents() != Some(attempt.amount) => false,
            Answer::Unknown | Answer::Denied | Answer::None => return RowOutcome::Unclear,
        };
        match self.ask_about(id, moment).await {
            CaptureAsked::Both(both) if !is_known && both.1.id != order.id => {
                RowOutcome::Foreign { asked: true }
            }
            CaptureAsked::WithoutOrder(capture) if capture.order_id.as_ref() != Some(&order.id) => {
                RowOutcome::Foreign { asked: true }
            }
            CaptureAsked::NoCapture => RowOutcome::Foreign { asked: true },
            CaptureAsked::Both(_) | CaptureAsked::WithoutOrder(_) | CaptureAsked::Nothing => {
                RowOutcome::Unclear
            }
        }
    }

    async fn reload(
        &self,
        attempt: &AttemptId,
        id: &CaptureId,
    ) -> Result<Option<BookingParts>, Error> {
        match self.load(attempt).await? {
            Some((ticket, attempt)) => Ok(Some(self.store.parts(ticket, attempt, id).await?)),
            None => Ok(None),
        }
    }
}
