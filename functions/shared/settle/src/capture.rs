//! The one call that moves money, under a lock, and what its answer means.

use jiff::Timestamp;
use paypal::{Error as PayPalError, Issue};
use store::{Attempt, AttemptState, Error, Held, Released};
use ticket::{OrderId, Ticket};
use tokio::time::Instant;

use crate::reading::{Facts, Reading, read};
use crate::refusal::{Heard, Verdict, released, verdict};
use crate::settling::{Answer, known_if_done};
use crate::{Progress, Settle};

impl Settle {
    /// Captures an approved order. The caller holds the lock, for a try of whose
    /// earlier calls so much was `heard`; it is given back only after a definite
    /// answer, else it stays until its lease has ended and somebody has asked
    /// `PayPal`.
    #[expect(clippy::too_many_arguments, reason = "each is a fact of this one call")]
    pub(crate) async fn capture(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        order_id: &OrderId,
        held: &Held,
        heard: Heard,
        approved_at: Option<Timestamp>,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Progress, Error> {
        // What the lock has stored with it.
        let mut attempt = attempt.clone();
        attempt.approved_at = attempt.approved_at.or(approved_at);
        // sabotage: a new request id for the same try
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
            Err(PayPalError::Refused { issue, at, .. }) => {
                return self
                    .capture_refused(
                        ticket, &attempt, order_id, held, &issue, at, heard, now, deadline,
                    )
                    .await;
            }
            Err(PayPalError::NotFound { .. }) => {
                let issue = Issue::OrderNotFound;
                return self
                    .capture_refused(
                        ticket, &attempt, order_id, held, &issue, None, heard, now, deadline,
                    )
                    .await;
            }
            Err(
                error @ (PayPalError::NoAnswer { .. }
                | PayPalError::Unclear { .. }
                | PayPalError::Unauthorized { .. }),
            ) => {
                // sabotage: released after no answer
                tracing::warn!(%error, case_number = %ticket.case_number, attempt = %attempt.id, "the capture's answer is not known; the lock stays");
                return Ok(Progress::Unclear);
            }
        };
        // An answer that names no capture, or not whose it is, is asked about once.
        let answer = match answer {
            Reading::Captured(_, Facts::Right | Facts::Wrong)
            | Reading::Pending(_)
            | Reading::Refused { .. } => Answer::Order(answer),
            Reading::Captured(_, Facts::Missing)
            | Reading::Approved { .. }
            | Reading::NotApproved
            | Reading::Dead
            | Reading::Unknown(_) => self.ask(order_id, ticket, &attempt, now, deadline).await,
        };
        self.after_capture(ticket, &attempt, answer, held, now)
            .await
    }

    /// Writes down what an order says after the capture call was answered.
    async fn after_capture(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        answer: Answer,
        held: &Held,
        now: Timestamp,
    ) -> Result<Progress, Error> {
        match answer {
            Answer::Order(Reading::Captured(capture, facts)) => {
                self.book(ticket, attempt, &capture, facts, Some(held), now)
                    .await
            }
            Answer::Order(Reading::Pending(capture)) => {
                self.keep_pending(ticket, attempt, &capture, Some(held), now)
                    .await
            }
            Answer::Order(Reading::Refused { issue }) => {
                tracing::info!(case_number = %ticket.case_number, attempt = %attempt.id, issue, "the capture was declined");
                let released = Released::Ended(AttemptState::Declined);
                self.release(held, attempt, &released).await
            }
            // Voided: nothing moved, and nothing ever will.
            Answer::Order(Reading::Dead) => {
                let released = Released::Ended(AttemptState::Expired);
                self.release(held, attempt, &released).await
            }
            // An order that shows no capture proves nothing: reads lag.
            Answer::Order(
                Reading::Approved { .. } | Reading::NotApproved | Reading::Unknown(_),
            )
            | Answer::Unknown
            | Answer::Denied
            | Answer::None => {
                tracing::warn!(case_number = %ticket.case_number, attempt = %attempt.id, "a capture was answered, and its order shows none; the lock stays");
                Ok(Progress::Unclear)
            }
        }
    }

    /// A refusal is believed only when the order was read since, and shows no
    /// capture: money has been seen to move all the same.
    #[expect(clippy::too_many_arguments, reason = "each is a fact of this one call")]
    async fn capture_refused(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        order_id: &OrderId,
        held: &Held,
        issue: &Issue,
        refused_at: Option<Timestamp>,
        heard: Heard,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Progress, Error> {
        report_refusal(ticket, attempt, issue);
        let answer = self.ask(order_id, ticket, attempt, now, deadline).await;
        if let Answer::Order(order @ (Reading::Approved { .. } | Reading::NotApproved)) = &answer
            && verdict(issue, heard) == Verdict::Counts
        {
            let released = released(issue, attempt, order, refused_at, now);
            return self.release(held, attempt, &released).await;
        }
        if let Answer::Order(
            Reading::Captured(..) | Reading::Pending(_) | Reading::Refused { .. } | Reading::Dead,
        ) = &answer
        {
            return self.after_capture(ticket, attempt, answer, held, now).await;
        }
        // Whoever comes after the lease goes on from what was heard.
        let _ = self
            .store
            .note_refusal(held, issue.code(), refused_at, now)
            .await?;
        Ok(Progress::Unclear)
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

fn report_refusal(ticket: &Ticket, attempt: &Attempt, issue: &Issue) {
    let case_number = &ticket.case_number;
    match issue {
        Issue::Other(code) => {
            tracing::error!(%case_number, attempt = %attempt.id, code, "PayPal refused a capture for a reason not known");
        }
        Issue::DuplicateInvoiceId => {
            tracing::error!(%case_number, attempt = %attempt.id, "PayPal says the invoice is paid already: its money is looked for");
        }
        Issue::OurAccount(_) | Issue::OurRequest(_) => {
            tracing::error!(%case_number, attempt = %attempt.id, ?issue, "PayPal refused a capture for a reason of ours");
        }
        Issue::InstrumentDeclined
        | Issue::PayerActionRequired
        | Issue::OrderNotApproved
        | Issue::OrderAlreadyCaptured
        | Issue::OrderCompletionInProgress
        | Issue::OrderIsOver(_)
        | Issue::OrderNotFound
        | Issue::AttemptsExceeded
        | Issue::PayerCannotPay(_) => {
            tracing::info!(%case_number, attempt = %attempt.id, ?issue, "the capture was refused");
        }
    }
}
