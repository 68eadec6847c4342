//! Telling what somebody must hear of.

use store::Attempt;
use ticket::Ticket;

use super::Report;

impl Report {
    /// Logs it.
    pub(crate) fn log(&self, ticket: &Ticket, attempt: &Attempt) {
        let (case_number, attempt) = (&ticket.case_number, &attempt.id);
        match self {
            Self::SomethingNew(said) => {
                tracing::error!(%case_number, %attempt, said, "PayPal said something new about an order");
            }
            Self::AnotherClient => {
                tracing::error!(%case_number, %attempt, "an order was made under another client id, and PayPal does not show it under this one");
            }
            Self::ApprovedTooLate => {
                tracing::warn!(%case_number, %attempt, "an order was approved after the due date, and the city takes no late payments: it is not captured");
            }
            Self::HeldBack { capture, reason } => match reason.as_deref() {
                // Every payment hangs until somebody changes the account's settings.
                Some(reason @ ("UNILATERAL" | "RECEIVING_PREFERENCE_MANDATES_MANUAL_ACTION")) => {
                    tracing::error!(alarm = "account-settings", %case_number, %attempt, %capture, reason, "PayPal holds a capture back for a reason of our account: accept it there by hand");
                }
                reason => {
                    tracing::info!(%case_number, %attempt, %capture, reason, "PayPal holds a capture back");
                }
            },
            Self::Declined { issue } => {
                tracing::info!(%case_number, %attempt, issue, "the capture was declined");
            }
            Self::NothingShown => {
                tracing::warn!(%case_number, %attempt, "a capture was answered, and its order shows none; the lock stays");
            }
            Self::RefusalCounts { code } => {
                tracing::warn!(%case_number, %attempt, code, "a refused capture has moved nothing");
            }
            Self::NeverAnswered => {
                tracing::error!(alarm = "capture-never-answered", %case_number, %attempt, "PayPal never said what became of a capture, and the order is over: look into PayPal's books");
            }
        }
    }
}
