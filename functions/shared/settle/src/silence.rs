//! Since when PayPal has not said how an attempt stands: who waits for more than ten
//! minutes is told of.

use jiff::Timestamp;
use store::{Attempt, AttemptState};
use ticket::{Awaited, Ticket};

use crate::Settle;
use crate::asking::Answer;
use crate::limits::{SILENCE_MAX, since};
use crate::reading::Reading;

impl Settle {
    /// Remembers since when nothing is said of an attempt, and tells of it where that
    /// lasts. Where it cannot be written down, the next look does.
    pub(crate) async fn note_whether_said(&self, is_said: bool, attempt: &Attempt, now: Timestamp) {
        // Whoever asks about one that is over asks for another reason.
        if attempt.state.is_final() {
            return;
        }
        let (id, case_number) = (&attempt.id, &attempt.case_number);
        let noted = match (is_said, attempt.silent_since) {
            (true, None) => return,
            (true, Some(_)) => self.store.end_silence(attempt).await,
            (false, None) => self.store.note_silence(attempt, now).await,
            (false, Some(then)) => {
                if since(then, now) > SILENCE_MAX {
                    match attempt.state {
                        AttemptState::Pending { .. } => {
                            tracing::error!(alarm = "pending-waits", %case_number, attempt = %id, since = %then, "a capture that PayPal holds back cannot be read");
                        }
                        AttemptState::Live
                        | AttemptState::Captured { .. }
                        | AttemptState::Declined
                        | AttemptState::Expired => {
                            tracing::error!(alarm = "attempt-waits", %case_number, attempt = %id, since = %then, "an attempt waits: PayPal does not say how its order stands");
                        }
                    }
                }
                return;
            }
        };
        if let Err(error) = noted {
            tracing::warn!(%error, attempt = %id, "it is not written down since when PayPal says nothing of an attempt");
        }
    }
}

/// Whether an answer says how the attempt stands: of money that is held back, what
/// became of it; of an order whose payer was at PayPal, more than a 404.
pub(crate) fn is_said(answer: &Answer, ticket: &Ticket, attempt: &Attempt, now: Timestamp) -> bool {
    let is_pending = matches!(attempt.state, AttemptState::Pending { .. });
    // A payer whose card was refused may have left for good.
    let is_awaited = || {
        let names_it = |awaited: &Awaited| awaited.attempt == attempt.id && awaited.until > now;
        let was_there = attempt.approved_at.is_some() || attempt.returned_at.is_some();
        was_there && attempt.decline.is_none() || ticket.awaits.as_ref().is_some_and(names_it)
    };
    match answer {
        Answer::Order(Reading::Captured(..) | Reading::Pending(_) | Reading::Refused { .. }) => {
            true
        }
        Answer::Order(Reading::Approved { .. } | Reading::NotApproved | Reading::Dead) => {
            !is_pending
        }
        Answer::Unknown => !is_pending && !is_awaited(),
        Answer::Order(Reading::Unknown(_)) | Answer::Denied | Answer::None => false,
    }
}
