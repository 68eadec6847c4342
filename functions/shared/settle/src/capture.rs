//! The one call that moves money, under a lock, and what its answer means.

use jiff::Timestamp;
use paypal::{Error as PayPalError, Issue};
use store::{Attempt, AttemptState, Decline, Error, Held, Released};
use ticket::{OrderId, Ticket};
use tokio::time::Instant;

use crate::reading::{Reading, read};
use crate::settling::{Answer, is_last_round, known_if_done};
use crate::{Progress, Settle};

impl Settle {
    /// Captures an approved order. The caller holds the lock; it is given back
    /// only after a definite answer, else it stays until its lease has ended
    /// and somebody has asked `PayPal`.
    #[expect(clippy::too_many_arguments, reason = "each is a fact of this one call")]
    pub(crate) async fn capture(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        order_id: &OrderId,
        held: &Held,
        approved_at: Option<Timestamp>,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Progress, Error> {
        // What the lock has stored with it.
        let mut attempt = attempt.clone();
        attempt.approved_at = attempt.approved_at.or(approved_at);
        let request_id = &attempt.capture_request_id();
        let captured = self
            .call(now, deadline, |token| async move {
                self.paypal
                    .capture_order(&token, order_id, request_id, deadline)
                    .await
            })
            .await;
        let answer = match captured {
            Ok(order) => read(&order, ticket, &attempt, self.paypal.merchant_id()),
            Err(PayPalError::Refused { issue, .. }) => {
                return self
                    .capture_refused(ticket, &attempt, order_id, held, &issue, now, deadline)
                    .await;
            }
            Err(PayPalError::NotFound { .. }) => {
                let released = Released::Ended(AttemptState::Expired);
                return self.release(held, &attempt, &released).await;
            }
            Err(
                error @ (PayPalError::NoAnswer { .. }
                | PayPalError::Unclear { .. }
                | PayPalError::Unauthorized { .. }),
            ) => {
                tracing::warn!(%error, case_number = %ticket.case_number, attempt = %attempt.id, "the capture's answer is not known; the lock stays");
                return Ok(Progress::Unclear);
            }
        };
        self.after_capture(ticket, &attempt, answer, held, now)
            .await
    }

    /// Writes down what an order says after the capture call was answered.
    async fn after_capture(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        answer: Reading,
        held: &Held,
        now: Timestamp,
    ) -> Result<Progress, Error> {
        match answer {
            Reading::Captured(capture, facts) => {
                self.book(ticket, attempt, &capture, facts, Some(held), now)
                    .await
            }
            Reading::Pending(capture) => {
                self.keep_pending(ticket, attempt, &capture, Some(held), now)
                    .await
            }
            Reading::Refused { issue } => {
                tracing::info!(case_number = %ticket.case_number, attempt = %attempt.id, issue, "the capture was declined");
                let released = Released::Ended(AttemptState::Declined);
                self.release(held, attempt, &released).await
            }
            // A 2xx that names no capture proves nothing: ask again later.
            Reading::Approved { .. }
            | Reading::NotApproved
            | Reading::Dead
            | Reading::Unknown(_) => {
                tracing::error!(case_number = %ticket.case_number, attempt = %attempt.id, ?answer, "a capture was answered without a capture; the lock stays");
                Ok(Progress::Unclear)
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "each is a fact of this one call")]
    async fn capture_refused(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        order_id: &OrderId,
        held: &Held,
        issue: &Issue,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Progress, Error> {
        let decline = |retry_allowed: bool| Decline {
            at: now,
            issue: issue_name(issue),
            retry_allowed,
            pressed: false,
        };
        let case_number = &ticket.case_number;
        let ended = Released::Ended(AttemptState::Declined);
        let released = match issue {
            // Somebody's answer was lost, ours perhaps: the order knows.
            Issue::OrderAlreadyCaptured | Issue::OrderCompletionInProgress => {
                return match self.ask(order_id, ticket, attempt, now, deadline).await {
                    Answer::Order(reading @ (Reading::Captured(..) | Reading::Pending(_))) => {
                        self.after_capture(ticket, attempt, reading, held, now)
                            .await
                    }
                    Answer::Order(_) | Answer::Unknown | Answer::None => Ok(Progress::Unclear),
                };
            }
            // It may be a new word for the same.
            Issue::Other(code) => {
                tracing::error!(%case_number, attempt = %attempt.id, code, "PayPal refused a capture for a reason not known");
                match self.ask(order_id, ticket, attempt, now, deadline).await {
                    Answer::Order(reading @ (Reading::Captured(..) | Reading::Pending(_))) => {
                        return self
                            .after_capture(ticket, attempt, reading, held, now)
                            .await;
                    }
                    Answer::Order(_) => ended,
                    Answer::Unknown | Answer::None => return Ok(Progress::Unclear),
                }
            }
            Issue::InstrumentDeclined if !is_last_round(attempt) => {
                Released::Refused(decline(false))
            }
            // The order is not approved (any more): a later approval is a new one.
            Issue::PayerActionRequired | Issue::OrderNotApproved if !is_last_round(attempt) => {
                Released::Refused(decline(true))
            }
            Issue::InstrumentDeclined
            | Issue::PayerActionRequired
            | Issue::OrderNotApproved
            | Issue::AttemptsExceeded
            | Issue::PayerCannotPay(_) => ended,
            Issue::DuplicateInvoiceId => {
                tracing::error!(%case_number, attempt = %attempt.id, "PayPal says the invoice is paid already: its money is looked for at the next checkout");
                Released::InvoiceRefused
            }
            Issue::OurAccount(_) | Issue::OurRequest(_) => {
                tracing::error!(%case_number, attempt = %attempt.id, ?issue, "PayPal refused a capture for a reason of ours");
                ended
            }
        };
        tracing::info!(%case_number, attempt = %attempt.id, ?issue, "the capture was refused");
        self.release(held, attempt, &released).await
    }

    pub(crate) async fn release(
        &self,
        held: &Held,
        attempt: &Attempt,
        released: &Released,
    ) -> Result<Progress, Error> {
        let written = self.store.release_lock(held, attempt, released).await?;
        Ok(known_if_done(written))
    }
}

fn issue_name(issue: &Issue) -> String {
    match issue {
        Issue::InstrumentDeclined => "INSTRUMENT_DECLINED".to_owned(),
        Issue::PayerActionRequired => "PAYER_ACTION_REQUIRED".to_owned(),
        Issue::OrderNotApproved => "ORDER_NOT_APPROVED".to_owned(),
        Issue::OrderAlreadyCaptured => "ORDER_ALREADY_CAPTURED".to_owned(),
        Issue::OrderCompletionInProgress => "ORDER_COMPLETION_IN_PROGRESS".to_owned(),
        Issue::AttemptsExceeded => "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED".to_owned(),
        Issue::DuplicateInvoiceId => "DUPLICATE_INVOICE_ID".to_owned(),
        Issue::PayerCannotPay(code)
        | Issue::OurAccount(code)
        | Issue::OurRequest(code)
        | Issue::Other(code) => code.clone(),
    }
}
