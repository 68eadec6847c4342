//! Whose a payment is that a row of PayPal's books shows.
//!
//! While captures are open the table is whole: an attempt that it does not know
//! was never ours, whatever a payment says that somebody has sent to the city's
//! account. While they are closed the table may be a restored one that has
//! forgotten attempts, and nothing that bears a mark of ours is called foreign.

use jiff::Timestamp;
use paypal::{Capture, Error as PayPalError, Order, SEARCH_LAG_MAX, Transaction};
use store::{Attempt, AttemptState, Error, PlacedOrder};
use ticket::{AttemptId, CaptureId, Captures, CaseNumber, Cents, Language, OrderId, Ticket};

use super::row::RowOutcome;
use crate::invoice_id::case_number;
use crate::{Moment, Settle};

/// The event code of what is paid through our orders.
///
/// Source: PayPal, "Transaction event codes", T0006: PayPal Checkout.
const CHECKOUT: &str = "T0006";

/// Whose a payment is.
pub(crate) enum PaymentOwner {
    Ours(Box<(Ticket, Attempt)>),
    Not(RowOutcome),
}

/// What PayPal says about a payment that no attempt of the table explains.
pub(crate) enum CaptureAsked {
    /// Both were read.
    Both(Box<(Capture, Order)>),
    /// The capture was read; it was made without an order, or for another one
    /// than PayPal lets us see.
    WithoutOrder(Box<Capture>),
    /// PayPal knows no such capture: money that came in some other way.
    NoCapture,
    /// Nothing is known; ask again later.
    Nothing,
}

/// Whose a payment is by what PayPal says about it.
#[derive(Debug, PartialEq, Eq)]
enum Marks {
    /// It was made for this attempt at paying this ticket.
    Ours(AttemptId, CaseNumber),
    /// It has no mark of ours.
    None,
    /// It has one that does not fit the rest.
    Doubtful,
}

impl Settle {
    /// Ticket and attempt of a payment, with its order; what of the attempt is
    /// not in the table any more is written anew, out of PayPal's answers.
    pub(crate) async fn owner_of(
        &self,
        row: &Transaction,
        id: &CaptureId,
        moment: Moment,
    ) -> Result<PaymentOwner, Error> {
        let named: Option<AttemptId> = row.custom_id.as_deref().and_then(|id| id.parse().ok());
        let mut is_known = false;
        if let Some(named) = &named
            && let Some((ticket, attempt)) = self.load(named).await?
        {
            if attempt.order.is_some() {
                return Ok(PaymentOwner::Ours(Box::new((ticket, attempt))));
            }
            is_known = true;
        }
        if self.store.is_foreign(id.as_str()).await? {
            return Ok(PaymentOwner::Not(RowOutcome::Foreign { asked: false }));
        }
        let (capture, order) = match self.ask_about(id, moment).await {
            CaptureAsked::Both(both) => *both,
            CaptureAsked::WithoutOrder(capture) => {
                return self
                    .owner_without_order(row, id, &capture, is_known, moment.now)
                    .await;
            }
            CaptureAsked::NoCapture => {
                return self
                    .owner_without_capture(row, id, is_known, moment.now)
                    .await;
            }
            CaptureAsked::Nothing => return Ok(PaymentOwner::Not(RowOutcome::Unclear)),
        };
        let (attempt_id, case_number) = match marks(&capture, &order) {
            Marks::Ours(attempt_id, case_number) => (attempt_id, case_number),
            Marks::None => {
                let invoice_id = capture
                    .invoice_id
                    .as_deref()
                    .or(order.invoice_id.as_deref());
                return self
                    .payment_not_ours(row, id, named.is_some(), invoice_id, moment.now)
                    .await;
            }
            Marks::Doubtful => return Ok(PaymentOwner::Not(RowOutcome::Unclear)),
        };
        let Some(ticket) = self.store.ticket(&case_number).await? else {
            return Ok(PaymentOwner::Not(RowOutcome::NoTicket));
        };
        let attempt = attempt_anew(&ticket, attempt_id, &capture, &order, self, moment.now);
        self.owner_in_the_table(attempt, id, moment.now).await
    }

    /// The attempt as the table has it; what of it is not there is written, as it must
    /// have been.
    async fn owner_in_the_table(
        &self,
        anew: Attempt,
        id: &CaptureId,
        now: Timestamp,
    ) -> Result<PaymentOwner, Error> {
        match self.store.attempt(&anew.id).await? {
            None => {
                tracing::warn!(case_number = %anew.case_number, attempt = %anew.id, capture = %id, "an attempt is written anew: was the table restored?");
                let _ = self.store.restore_attempt(&anew, now).await?;
            }
            Some(attempt) if attempt.case_number != anew.case_number => {
                return Ok(PaymentOwner::Not(RowOutcome::Unclear));
            }
            Some(attempt) => {
                if let (None, Some(order)) = (&attempt.order, &anew.order) {
                    let _ = self.store.restore_order(&anew.id, order).await?;
                }
            }
        }
        Ok(match self.load(&anew.id).await? {
            Some(ours) if ours.1.order.is_some() => PaymentOwner::Ours(Box::new(ours)),
            Some(_) | None => PaymentOwner::Not(RowOutcome::Unclear),
        })
    }

    /// A payment whose order PayPal does not show, or that has none; the attempt it
    /// names may be one that the table knows, without its order.
    async fn owner_without_order(
        &self,
        row: &Transaction,
        id: &CaptureId,
        capture: &Capture,
        is_known: bool,
        now: Timestamp,
    ) -> Result<PaymentOwner, Error> {
        let custom_id = capture.custom_id.as_deref().or(row.custom_id.as_deref());
        let names_an_attempt = is_attempt(custom_id);
        // The row itself need not say whose it is.
        if row.custom_id.is_none()
            && let Some(named) = custom_id.and_then(|id| id.parse().ok())
            && let Some((ticket, attempt)) = self.load(&named).await?
            && attempt.order.is_some()
        {
            return Ok(PaymentOwner::Ours(Box::new((ticket, attempt))));
        }
        let is_closed = self.captures == Captures::Closed;
        let may_be_ours = is_known || is_closed && capture.order_id.is_some();
        if names_an_attempt && may_be_ours {
            return Ok(PaymentOwner::Not(RowOutcome::Unclear));
        }
        let invoice_id = capture.invoice_id.as_deref().or(row.invoice_id.as_deref());
        self.payment_not_ours(row, id, names_an_attempt, invoice_id, now)
            .await
    }

    /// A payment that is no capture, as far as PayPal shows.
    async fn owner_without_capture(
        &self,
        row: &Transaction,
        id: &CaptureId,
        is_known: bool,
        now: Timestamp,
    ) -> Result<PaymentOwner, Error> {
        let names_an_attempt = is_attempt(row.custom_id.as_deref());
        let is_checkout = row.event_code == CHECKOUT;
        let is_closed = self.captures == Captures::Closed;
        if is_known || is_closed && (names_an_attempt || is_checkout) {
            return Ok(PaymentOwner::Not(RowOutcome::Unclear));
        }
        // A 404 may be one of a bad moment: another night asks again.
        if is_checkout && is_young(row, now) {
            return Ok(PaymentOwner::Not(RowOutcome::Foreign { asked: true }));
        }
        let invoice_id = row.invoice_id.as_deref();
        self.payment_not_ours(row, id, names_an_attempt, invoice_id, now)
            .await
    }

    /// A payment without an attempt of ours. By an order for a ticket's number it is
    /// most likely ours, and its attempt may be what a restore has forgotten.
    async fn payment_not_ours(
        &self,
        row: &Transaction,
        id: &CaptureId,
        names_an_attempt: bool,
        invoice_id: Option<&str>,
        now: Timestamp,
    ) -> Result<PaymentOwner, Error> {
        if self.captures == Captures::Closed
            && row.event_code == CHECKOUT
            && self.ticket_named(invoice_id).await?.is_some()
        {
            return Ok(PaymentOwner::Not(RowOutcome::Unclear));
        }
        let shown = self.not_ours(id.as_str(), names_an_attempt, invoice_id, now);
        shown.await.map(PaymentOwner::Not)
    }

    async fn ticket_named(&self, invoice_id: Option<&str>) -> Result<Option<Ticket>, Error> {
        match invoice_id.and_then(case_number) {
            Some(case_number) => self.store.ticket(&case_number).await,
            None => Ok(None),
        }
    }

    /// Money that is no ticket's, remembered so that it is asked about once in
    /// its life; unless it names an attempt, which a human must see each night. A case
    /// number anybody may write on it: it is told of once.
    pub(crate) async fn not_ours(
        &self,
        id: &str,
        names_an_attempt: bool,
        invoice_id: Option<&str>,
        now: Timestamp,
    ) -> Result<RowOutcome, Error> {
        let ticket = self.ticket_named(invoice_id).await?;
        if names_an_attempt || ticket.is_some() {
            tracing::error!(
                id,
                invoice_id,
                "money that bears a mark of ours and is none of ours: a human must look"
            );
        }
        // What a restore has forgotten may turn out to be a ticket's.
        if !names_an_attempt && self.captures == Captures::Open {
            self.store.remember_foreign(id, now).await?;
        }
        Ok(RowOutcome::Foreign { asked: true })
    }

    /// The capture itself, and the order it came from.
    pub(crate) async fn ask_about(&self, id: &CaptureId, moment: Moment) -> CaptureAsked {
        let capture = self.capture_at_paypal(id, moment).await;
        let capture = match capture {
            Ok(capture) => Box::new(capture),
            Err(PayPalError::NotFound { .. }) => return CaptureAsked::NoCapture,
            Err(error) => {
                tracing::warn!(%error, capture = %id, "PayPal did not say whose a payment is");
                return CaptureAsked::Nothing;
            }
        };
        let Some(order_id) = capture.order_id.clone() else {
            return CaptureAsked::WithoutOrder(capture);
        };
        let order_id: &OrderId = &order_id;
        let order = self.order_at_paypal(order_id, moment).await;
        match order {
            Ok(order) => CaptureAsked::Both(Box::new((*capture, order))),
            // Another app's order, or one of a former client id of ours.
            Err(PayPalError::NotFound { .. } | PayPalError::Refused { status: 403, .. }) => {
                CaptureAsked::WithoutOrder(capture)
            }
            Err(error) => {
                tracing::warn!(%error, capture = %id, "PayPal did not say whose a payment is");
                CaptureAsked::Nothing
            }
        }
    }

    pub(crate) fn placed(&self, order: &Order) -> PlacedOrder {
        PlacedOrder {
            id: order.id.clone(),
            approve_url: self.paypal.approve_url(&order.id),
        }
    }
}

/// The attempt and the case number that a payment was made for. Whose account
/// it went to is no mark: money of ours with another fact wrong is booked as what
/// it is, and keeps its ticket from being paid again.
fn marks(capture: &Capture, order: &Order) -> Marks {
    // sabotage: a forgotten payment of another payee is nobody's
    let custom_id = said(capture.custom_id.as_ref(), order.custom_id.as_ref());
    let invoice_id = said(capture.invoice_id.as_ref(), order.invoice_id.as_ref());
    let (Ok(custom_id), Ok(invoice_id)) = (custom_id, invoice_id) else {
        return Marks::Doubtful;
    };
    let Some(attempt_id) = custom_id.and_then(|it| it.parse().ok()) else {
        return Marks::None;
    };
    // An attempt of ours without its ticket's number is nothing that we made.
    match invoice_id.and_then(case_number) {
        Some(case_number) => Marks::Ours(attempt_id, case_number),
        None => Marks::Doubtful,
    }
}

/// Capture and order say each another thing: nothing may be concluded.
struct Contradiction;

/// What capture and order say.
fn said<'a>(
    capture: Option<&'a String>,
    order: Option<&'a String>,
) -> Result<Option<&'a str>, Contradiction> {
    match (capture, order) {
        (Some(one), Some(other)) if one != other => Err(Contradiction),
        (Some(said), _) | (None, Some(said)) => Ok(Some(said)),
        (None, None) => Ok(None),
    }
}

/// Whether PayPal has shown a row for no longer than it may lag.
fn is_young(row: &Transaction, now: Timestamp) -> bool {
    let seen_before = now.saturating_sub(SEARCH_LAG_MAX).unwrap_or(now);
    row.initiated_at.is_none_or(|at| at > seen_before)
}

fn is_attempt(custom_id: Option<&str>) -> bool {
    custom_id.is_some_and(|id| id.parse::<AttemptId>().is_ok())
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
    let fits = paid == Some(ticket.rest());
    Attempt {
        id,
        case_number: ticket.case_number.clone(),
        version: if fits { ticket.version } else { 0 },
        amount: paid.unwrap_or_else(|| ticket.rest()),
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
        returned_at: None,
        silent_since: None,
        decline: None,
        state: AttemptState::Live,
    }
}
