//! One row of `PayPal`'s books: whose it is, and whether the table has it.

use jiff::Timestamp;
use paypal::{Capture, Error as PayPalError, Order, Transaction, TransactionStatus};
use store::{Attempt, AttemptState, Error, PlacedOrder};
use ticket::{AttemptId, CaptureId, CaseNumber, Cents, Language, OrderId, Ticket};
use tokio::time::Instant;

use crate::checkout::SECOND_INVOICE_SUFFIX;
use crate::mending::Parts;
use crate::taken_back::{Claim, TakingBack};
use crate::{Settle, Wake};

/// What a row has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// The table has it.
    Booked {
        /// What the table has, in euro cents.
        cents: i64,
        /// Since just now.
        found: bool,
    },
    /// `PayPal` holds it back.
    Pending,
    /// It is for a case number the table does not know.
    NoTicket,
    /// It is no ticket's.
    Foreign,
    /// `PayPal` or the table did not say enough, or contradict each other.
    Unclear,
}

/// Whose a payment is.
enum Whose {
    Ours(Box<(Ticket, Attempt)>),
    Not(Shown),
}

impl Settle {
    /// Books a payment that `PayPal` shows, unless the table has all of it.
    pub(crate) async fn payment(
        &self,
        row: &Transaction,
        id: &CaptureId,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Shown, Error> {
        let (ticket, attempt) = match self.whose(row, id, now, deadline).await? {
            Whose::Ours(ours) => *ours,
            Whose::Not(shown) => return Ok(shown),
        };
        let parts = self.parts(ticket, attempt, id).await?;
        if let Some(cents) = parts.booked_cents(id) {
            let found = false;
            return Ok(Shown::Booked { cents, found });
        }
        if row.status == TransactionStatus::Pending && parts.is_pending(id) {
            return Ok(Shown::Pending);
        }
        let attempt_id = parts.attempt.id;
        self.settle(&attempt_id, Wake::Books, now, deadline).await?;
        let Some(parts) = self.reload(&attempt_id, id).await? else {
            return Ok(Shown::Unclear);
        };
        let parts = if parts.booked_cents(id).is_some() || parts.is_pending(id) {
            parts
        } else {
            // sabotage: a booking that came back torn is not mended
            self.mend(&parts, id, now, deadline).await?;
            let Some(parts) = self.reload(&attempt_id, id).await? else {
                return Ok(Shown::Unclear);
            };
            parts
        };
        Ok(match parts.booked_cents(id) {
            Some(cents) => Shown::Booked { cents, found: true },
            None if parts.is_pending(id) => Shown::Pending,
            None => Shown::Unclear,
        })
    }

    async fn reload(&self, attempt: &AttemptId, id: &CaptureId) -> Result<Option<Parts>, Error> {
        match self.load(attempt).await? {
            Some((ticket, attempt)) => Ok(Some(self.parts(ticket, attempt, id).await?)),
            None => Ok(None),
        }
    }

    /// Ticket and attempt of a payment, with its order; what of the attempt is
    /// not in the table any more is written anew, out of `PayPal`'s answers.
    async fn whose(
        &self,
        row: &Transaction,
        id: &CaptureId,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Whose, Error> {
        let named: Option<AttemptId> = row.custom_id.as_deref().and_then(|id| id.parse().ok());
        if let Some(named) = &named
            && let Some((ticket, attempt)) = self.load(named).await?
            && attempt.order.is_some()
        {
            return Ok(Whose::Ours(Box::new((ticket, attempt))));
        }
        let (capture, order) = match self.ask_about(id, now, deadline).await {
            Ok(Some(answers)) => answers,
            // A payment that was made without an order is none of ours.
            Ok(None) => return Ok(Whose::Not(Shown::Foreign)),
            Err(error) => {
                tracing::warn!(%error, capture = %id, "PayPal did not say whose a payment is");
                return Ok(Whose::Not(Shown::Unclear));
            }
        };
        let (attempt_id, case_number) = match marks(&capture, &order) {
            Ok(marks) => marks,
            Err(not) => return Ok(Whose::Not(not)),
        };
        let Some(ticket) = self.store.ticket(&case_number).await? else {
            return Ok(Whose::Not(Shown::NoTicket));
        };
        match self.store.attempt(&attempt_id).await? {
            None => {
                let attempt =
                    attempt_anew(&ticket, attempt_id.clone(), &capture, &order, self, now);
                tracing::warn!(%case_number, attempt = %attempt_id, capture = %id, "an attempt is written anew: was the table restored?");
                let _ = self.store.restore_attempt(&attempt, now).await?;
            }
            Some(attempt) if attempt.case_number != case_number => {
                return Ok(Whose::Not(Shown::Unclear));
            }
            Some(attempt) => {
                if attempt.order.is_none() {
                    let placed = self.placed(&order);
                    let _ = self.store.restore_order(&attempt_id, &placed).await?;
                }
            }
        }
        Ok(match self.load(&attempt_id).await? {
            Some(ours) if ours.1.order.is_some() => Whose::Ours(Box::new(ours)),
            Some(_) | None => Whose::Not(Shown::Unclear),
        })
    }

    /// The capture itself, and the order it came from.
    async fn ask_about(
        &self,
        id: &CaptureId,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Option<(Capture, Order)>, PayPalError> {
        let capture = self
            .call(now, deadline, |token| async move {
                self.paypal.get_capture(&token, id, deadline).await
            })
            .await?;
        let Some(order_id) = capture.order_id.clone() else {
            return Ok(None);
        };
        let order_id: &OrderId = &order_id;
        let order = self
            .call(now, deadline, |token| async move {
                self.paypal.get_order(&token, order_id, deadline).await
            })
            .await?;
        Ok(Some((capture, order)))
    }

    fn placed(&self, order: &Order) -> PlacedOrder {
        PlacedOrder {
            id: order.id.clone(),
            approve_url: self.paypal.approve_url(&order.id),
        }
    }

    /// Books a refund or a reversal that `PayPal` shows, unless the table has
    /// all of it.
    pub(crate) async fn left_again(
        &self,
        row: &Transaction,
        claim: &Claim,
        id: &str,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Shown, Error> {
        if row.status == TransactionStatus::Pending {
            return Ok(Shown::Pending);
        }
        let case_number = row.invoice_id.as_deref().and_then(case_number);
        if let Some(case_number) = &case_number
            && let Some(cents) = self.line_cents(case_number, id).await?
        {
            let found = false;
            return Ok(Shown::Booked { cents, found });
        }
        let came_to = self.taken_back(claim, now, deadline).await?;
        let Some(case_number) = case_number.filter(|_| came_to != TakingBack::Nothing) else {
            return Ok(Shown::Foreign);
        };
        if self.line_cents(&case_number, id).await?.is_none() {
            self.mend_line(&case_number, claim, id, now, deadline)
                .await?;
        }
        Ok(match self.line_cents(&case_number, id).await? {
            Some(cents) => Shown::Booked { cents, found: true },
            None => Shown::Unclear,
        })
    }
}

/// The attempt and the case number that a payment was made for. Whose account
/// it went to is no mark: money of ours with another fact wrong is booked as what
/// it is, and keeps its ticket from being paid again.
fn marks(capture: &Capture, order: &Order) -> Result<(AttemptId, CaseNumber), Shown> {
    // sabotage: a forgotten payment of another payee is nobody's
    let attempt_id = said(capture.custom_id.as_ref(), order.custom_id.as_ref())?;
    let invoice_id = said(capture.invoice_id.as_ref(), order.invoice_id.as_ref())?;
    let attempt_id = attempt_id
        .and_then(|it| it.parse().ok())
        .ok_or(Shown::Foreign)?;
    // An attempt of ours without its ticket's number is nothing that we made.
    let case_number = invoice_id.and_then(case_number).ok_or(Shown::Unclear)?;
    Ok((attempt_id, case_number))
}

/// What capture and order say; nothing may be concluded where each says another.
fn said<'a>(
    capture: Option<&'a String>,
    order: Option<&'a String>,
) -> Result<Option<&'a str>, Shown> {
    match (capture, order) {
        (Some(one), Some(other)) if one != other => Err(Shown::Unclear),
        (Some(said), _) | (None, Some(said)) => Ok(Some(said)),
        (None, None) => Ok(None),
    }
}

/// The case number that an invoice id was made of.
fn case_number(invoice_id: &str) -> Option<CaseNumber> {
    let first = invoice_id
        .strip_suffix(SECOND_INVOICE_SUFFIX)
        .unwrap_or(invoice_id);
    first.parse().ok()
}

/// The attempt as it must have been. What it was made for is what was paid; an
/// amount that is not the ticket's belongs to no version of it, and is surplus.
fn attempt_anew(
    ticket: &Ticket,
    id: AttemptId,
    capture: &Capture,
    order: &Order,
    settle: &Settle,
    now: Timestamp,
) -> Attempt {
    let paid: Option<Cents> = capture.amount.euro_cents();
    let fits = paid == Some(ticket.amount);
    Attempt {
        id,
        case_number: ticket.case_number.clone(),
        version: if fits { ticket.version } else { 0 },
        amount: paid.unwrap_or(ticket.amount),
        // Nobody knows which one the driver had chosen.
        language: Language::De,
        invoice_id: capture
            .invoice_id
            .clone()
            .unwrap_or_else(|| ticket.case_number.to_string()),
        // Today's client id has just shown the order.
        client_id: settle.paypal.client_id().to_owned(),
        created_at: order.create_time.or(capture.create_time).unwrap_or(now),
        order: Some(settle.placed(order)),
        refusals: 0,
        approved_at: None,
        decline: None,
        state: AttemptState::Live,
    }
}
