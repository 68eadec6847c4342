//! What PayPal says about an order or a capture, asked now.

use paypal::{Capture, Error as PayPalError, Issue, Order};
use store::Attempt;
use ticket::{AttemptId, CaptureId, OrderId, Ticket};

use crate::reading::{Facts, Reading, read, read_capture};
use crate::{Moment, Settle};

/// What PayPal says about an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was read.
    Order(Reading),
    /// PayPal knows no such order, or says that it has expired.
    Unknown,
    /// PayPal does not let us read it.
    Denied,
    /// Nothing is known; ask again later.
    None,
}

impl Settle {
    /// Whose order this is: the attempt that PayPal says it was made for, if it is
    /// ours.
    ///
    /// # Errors
    /// When PayPal does not show the order, or not yet.
    pub async fn attempt_of(
        &self,
        order_id: &OrderId,
        moment: Moment,
    ) -> Result<Option<AttemptId>, PayPalError> {
        let order = self.order_at_paypal(order_id, moment).await?;
        Ok(order.custom_id.and_then(|id| id.parse().ok()))
    }

    /// An order, as PayPal shows it.
    pub(crate) async fn order_at_paypal(
        &self,
        id: &OrderId,
        moment: Moment,
    ) -> Result<Order, PayPalError> {
        self.call(moment, |token| async move {
            self.paypal.get_order(&token, id, moment.deadline).await
        })
        .await
    }

    /// A capture, as PayPal shows it.
    pub(crate) async fn capture_at_paypal(
        &self,
        id: &CaptureId,
        moment: Moment,
    ) -> Result<Capture, PayPalError> {
        self.call(moment, |token| async move {
            self.paypal.get_capture(&token, id, moment.deadline).await
        })
        .await
    }

    pub(crate) async fn ask(
        &self,
        order_id: &OrderId,
        ticket: &Ticket,
        attempt: &Attempt,
        moment: Moment,
    ) -> Answer {
        let payee = self.paypal.merchant_id();
        let order = move || async move {
            let order = self.order_at_paypal(order_id, moment).await?;
            Ok(read(&order, ticket, attempt, payee))
        };
        self.whole(order, ticket, attempt).await
    }

    /// Asks about a capture itself, where its order no longer says what became of
    /// it.
    pub(crate) async fn ask_about_capture(
        &self,
        id: &CaptureId,
        ticket: &Ticket,
        attempt: &Attempt,
        moment: Moment,
    ) -> Answer {
        let payee = self.paypal.merchant_id();
        let capture = move || async move {
            let capture = self.capture_at_paypal(id, moment).await?;
            Ok(read_capture(&capture, ticket, attempt, payee))
        };
        self.whole(capture, ticket, attempt).await
    }

    /// What is answered; money booked as that of nobody we know needs a human, and what
    /// an answer has left out the next one may say.
    async fn whole<F: Future<Output = Result<Reading, PayPalError>>>(
        &self,
        ask: impl Fn() -> F,
        ticket: &Ticket,
        attempt: &Attempt,
    ) -> Answer {
        let asked = || async {
            match ask().await {
                Ok(reading) => Answer::Order(reading),
                Err(error) => not_read(&error, ticket, attempt),
            }
        };
        let answer = asked().await;
        // sabotage: what an answer leaves out is wrong
        let Answer::Order(Reading::Captured(first, Facts::Missing)) = answer else {
            return answer;
        };
        match asked().await {
            Answer::Order(Reading::Captured(again, Facts::Missing)) if again.id == first.id => {
                let both = Capture {
                    custom_id: again.custom_id.or(first.custom_id),
                    payee_merchant_id: again.payee_merchant_id.or(first.payee_merchant_id),
                    ..*again
                };
                let payee = self.paypal.merchant_id();
                Answer::Order(read_capture(&both, ticket, attempt, payee))
            }
            again @ Answer::Order(Reading::Captured(..)) => again,
            Answer::Order(_) | Answer::Unknown | Answer::Denied | Answer::None => Answer::None,
        }
    }
}

/// What an order that was not read says.
fn not_read(error: &PayPalError, ticket: &Ticket, attempt: &Attempt) -> Answer {
    /// PayPal's other way of saying that an order has expired.
    const GONE: u16 = 410;
    match error {
        PayPalError::NotFound { .. }
        | PayPalError::Refused { status: GONE, .. }
        | PayPalError::Refused {
            issue: Issue::OrderIsOver(_),
            ..
        } => Answer::Unknown,
        PayPalError::Refused { .. } => {
            tracing::error!(alarm = "order-not-readable", %error, case_number = %ticket.case_number, attempt = %attempt.id, "PayPal does not let us read an order: our credentials or its permissions");
            Answer::Denied
        }
        PayPalError::NoAnswer { .. }
        | PayPalError::Unclear { .. }
        | PayPalError::Unauthorized { .. } => {
            tracing::warn!(%error, case_number = %ticket.case_number, attempt = %attempt.id, "PayPal did not say how the order stands");
            Answer::None
        }
    }
}
