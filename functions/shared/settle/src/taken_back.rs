//! Money that leaves again: refunds, reversals, disputes. What a webhook says is
//! a hint; `PayPal` is asked, and only its answer brings a ticket to review.

use jiff::Timestamp;
use paypal::{DisputeId, Error as PayPalError, Money, RefundId, RefundStatus};
use store::{Error, TakenBack, TakenBackKind, Write};
use ticket::{AttemptId, CaptureId, Ticket};
use tokio::time::Instant;

use crate::limits::DECISIONS_MAX;
use crate::{Settle, Wake};

/// What a webhook says has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Money was given back.
    Refund(RefundId),
    /// Money was taken back by force.
    Reversal(RefundId),
    /// The payer contests.
    Dispute(DisputeId),
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakingBack {
    /// It is booked, the ticket is in review.
    Booked,
    /// `PayPal` knows of nothing that concerns us.
    Nothing,
    /// `PayPal` did not answer, or the money it concerns is not booked yet: the
    /// event must come again.
    NotYet,
}

/// What `PayPal` says about a claim.
pub(crate) enum Said {
    /// It is so.
    TakenBack(Confirmed),
    /// Nothing was taken back.
    Nothing,
    /// Something that this code does not know: nothing may be concluded from it.
    SomethingNew,
}

/// What was taken back, as `PayPal` says it.
pub(crate) struct Confirmed {
    id: String,
    kind: TakenBackKind,
    amount: Option<Money>,
    captures: Vec<CaptureId>,
}

impl Confirmed {
    /// The line it is for a ticket.
    pub(crate) fn of(&self, ticket: &Ticket, capture_id: &CaptureId, now: Timestamp) -> TakenBack {
        let amount = self.amount.as_ref();
        TakenBack {
            id: self.id.clone(),
            kind: self.kind,
            case_number: ticket.case_number.clone(),
            capture_id: capture_id.clone(),
            value: amount.map(|money| money.value.clone()),
            currency: amount.map(|money| money.currency.clone()),
            booked_at: now,
        }
    }

    /// The line of a refund or a reversal, which is about one capture.
    pub(crate) fn only_line(&self, ticket: &Ticket, now: Timestamp) -> Option<TakenBack> {
        let capture_id = self.captures.first()?;
        Some(self.of(ticket, capture_id, now))
    }
}

impl Settle {
    /// Asks `PayPal` about a claim and books what it confirms, once.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn taken_back(
        &self,
        claim: &Claim,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<TakingBack, Error> {
        let confirmed = match self.confirm(claim, now, deadline).await {
            Ok(Said::TakenBack(confirmed)) => confirmed,
            Ok(Said::Nothing) | Err(PayPalError::NotFound { .. }) => {
                return Ok(TakingBack::Nothing);
            }
            Ok(Said::SomethingNew) => return Ok(TakingBack::NotYet),
            Err(error) => {
                tracing::warn!(%error, ?claim, "PayPal did not say what was taken back");
                return Ok(TakingBack::NotYet);
            }
        };
        let mut came_to = TakingBack::Nothing;
        for capture_id in &confirmed.captures {
            match self
                .book_claim(&confirmed, capture_id, now, deadline)
                .await?
            {
                TakingBack::Booked => came_to = TakingBack::Booked,
                TakingBack::Nothing => {}
                TakingBack::NotYet => return Ok(TakingBack::NotYet),
            }
        }
        Ok(came_to)
    }

    pub(crate) async fn confirm(
        &self,
        claim: &Claim,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Said, PayPalError> {
        let (kind, refund_id) = match claim {
            Claim::Refund(id) => (TakenBackKind::Refund, id),
            Claim::Reversal(id) => (TakenBackKind::Reversal, id),
            Claim::Dispute(id) => {
                let dispute = self
                    .call(now, deadline, |token| async move {
                        self.paypal.get_dispute(&token, id, deadline).await
                    })
                    .await?;
                return Ok(Said::TakenBack(Confirmed {
                    id: id.to_string(),
                    kind: TakenBackKind::Dispute,
                    // A claim has moved no money yet.
                    amount: None,
                    captures: dispute.capture_ids,
                }));
            }
        };
        let refund = self
            .call(now, deadline, |token| async move {
                self.paypal.get_refund(&token, refund_id, deadline).await
            })
            .await?;
        Ok(match refund.status {
            RefundStatus::Completed => Said::TakenBack(Confirmed {
                id: refund_id.to_string(),
                kind,
                amount: Some(refund.amount),
                captures: refund.capture_id.into_iter().collect(),
            }),
            // A later event tells how it ended.
            RefundStatus::Pending => Said::Nothing,
            RefundStatus::Cancelled | RefundStatus::Failed => {
                tracing::error!(refund = %refund_id, "a refund was not made");
                Said::Nothing
            }
            RefundStatus::Other(status) => {
                tracing::error!(refund = %refund_id, status, "PayPal said something new about a refund");
                Said::SomethingNew
            }
        })
    }

    async fn book_claim(
        &self,
        confirmed: &Confirmed,
        capture_id: &CaptureId,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<TakingBack, Error> {
        let capture = self
            .call(now, deadline, |token| async move {
                self.paypal.get_capture(&token, capture_id, deadline).await
            })
            .await;
        let attempt = match capture {
            Ok(capture) => capture
                .custom_id
                .and_then(|id| id.parse::<AttemptId>().ok()),
            Err(PayPalError::NotFound { .. }) => None,
            Err(error) => {
                tracing::warn!(%error, capture = %capture_id, "PayPal did not say whose money was taken back");
                return Ok(TakingBack::NotYet);
            }
        };
        let Some(attempt) = attempt else {
            return Ok(TakingBack::Nothing);
        };
        // The event may be faster than the booking of the money it is about, and a
        // restored table knows the attempt only when PayPal's books were read.
        let Some(settled) = self.settle(&attempt, Wake::Books, now, deadline).await? else {
            // sabotage: a dispute about a forgotten payment is nobody's
            return Ok(TakingBack::NotYet);
        };
        let mut ticket = settled.ticket;
        if self
            .store
            .settlement(&ticket, &capture_id.into())
            .await?
            .is_none()
        {
            // sabotage: a refund of what is not booked yet is nobody's
            return Ok(TakingBack::NotYet);
        }
        let taken_back = confirmed.of(&ticket, capture_id, now);
        for _ in 0..DECISIONS_MAX {
            if self.store.book_taken_back(&ticket, &taken_back).await? == Write::Done {
                tracing::error!(case_number = %ticket.case_number, kind = ?taken_back.kind, reference = taken_back.id, "money was taken back: the ticket is in review");
                return Ok(TakingBack::Booked);
            }
            match self.store.ticket(&ticket.case_number).await? {
                Some(again) => ticket = again,
                None => return Ok(TakingBack::Nothing),
            }
        }
        Ok(TakingBack::NotYet)
    }
}
