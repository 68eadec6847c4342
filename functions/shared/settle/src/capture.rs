//! The one call that moves money; whoever makes it holds the lock.

use paypal::{Error as PayPalError, Issue};
use store::Attempt;
use ticket::Ticket;

use crate::decision::CaptureReply;
use crate::reading::read;
use crate::{Moment, Settle};

impl Settle {
    /// Captures an approved order.
    pub(crate) async fn capture(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        moment: Moment,
    ) -> CaptureReply {
        let Some(order) = &attempt.order else {
            return CaptureReply::NotAnswered;
        };
        let order_id = &order.id;
        // sabotage: a new request id for the same try
        let request_id = &attempt.capture_request_id();
        let captured = self
            .call(moment, |token| async move {
                self.paypal
                    .capture_order(&token, order_id, request_id, moment.deadline)
                    .await
            })
            .await;
        let (issue, at) = match captured {
            Ok(order) => {
                let payee = self.paypal.merchant_id();
                return CaptureReply::Answered(read(&order, ticket, attempt, payee));
            }
            Err(PayPalError::Refused { issue, at, .. }) => (issue, at),
            Err(PayPalError::NotFound { .. }) => (Issue::OrderNotFound, None),
            Err(
                error @ (PayPalError::NoAnswer { .. }
                | PayPalError::Unclear { .. }
                | PayPalError::Unauthorized { .. }),
            ) => {
                tracing::warn!(%error, case_number = %ticket.case_number, attempt = %attempt.id, "the capture's answer is not known; the lock stays");
                return CaptureReply::NotAnswered;
            }
        };
        report_refusal(ticket, attempt, &issue);
        CaptureReply::Refused { issue, at }
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
