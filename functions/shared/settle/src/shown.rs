//! One row of `PayPal`'s books: whose it is, and whether the table has it.
//!
//! While captures are open the table is whole: an attempt that it does not know
//! was never ours, whatever a payment says that somebody has sent to the city's
//! account. While they are closed the table may be a restored one that has
//! forgotten attempts, and nothing that bears a mark of ours is called foreign.

use jiff::Timestamp;
use paypal::{
    Capture, Error as PayPalError, Order, Reference, SEARCH_LAG_MAX, Transaction, TransactionStatus,
};
use store::{Attempt, AttemptState, Error, PlacedOrder, TakenBack, TakenBackKind};
use ticket::{AttemptId, CaptureId, CaseNumber, Cents, Language, OrderId, Ticket};
use tokio::time::Instant;

use crate::asking::Answer;
use crate::checkout::SECOND_INVOICE_SUFFIX;
use crate::mending::{Parts, line_cents};
use crate::taken_back::{Claim, Confirmation, Payer, TakingBack};
use crate::{Captures, Settle, Wake};

/// The event code of what is paid through our orders.
///
/// Source: `PayPal`, "Transaction event codes", T0006: `PayPal` Checkout.
const CHECKOUT: &str = "T0006";

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
    /// `PayPal` keeps it for a dispute that is on its ticket.
    Held,
    /// Money that was taken back is here again: nothing books it by itself.
    Returned,
    /// It is for a case number the table does not know.
    NoTicket,
    /// It is no ticket's.
    Foreign {
        /// `PayPal` was asked about it; else it was known.
        asked: bool,
    },
    /// `PayPal` or the table did not say enough, or contradict each other.
    Unclear,
}

/// Whose a payment is.
enum Whose {
    Ours(Box<(Ticket, Attempt)>),
    Not(Shown),
}

/// Whose money left.
enum Left {
    /// That of this capture, which was paid for this ticket.
    Ours(Box<Ticket>, CaptureId),
    Not(Shown),
}

/// What `PayPal` says about a payment that no attempt of the table explains.
enum Asked {
    /// Both were read.
    Both(Box<(Capture, Order)>),
    /// The capture was read; it was made without an order, or for another one
    /// than `PayPal` lets us see.
    WithoutOrder(Box<Capture>),
    /// `PayPal` knows no such capture: money that came in some other way.
    NoCapture,
    /// Nothing is known; ask again later.
    Nothing,
}

/// Whose a payment is by what `PayPal` says about it.
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
        if let Some(cents) = self.booked_and_shown(&parts, id, now).await? {
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
        Ok(match self.booked_and_shown(&parts, id, now).await? {
            Some(cents) => Shown::Booked { cents, found: true },
            None if parts.is_pending(id) => Shown::Pending,
            None => {
                self.under_another_order(row, &parts, id, now, deadline)
                    .await
            }
        })
    }

    async fn booked_and_shown(
        &self,
        parts: &Parts,
        id: &CaptureId,
        now: Timestamp,
    ) -> Result<Option<i64>, Error> {
        let booked = parts.booked_cents(id);
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
        parts: &Parts,
        id: &CaptureId,
        now: Timestamp,
        deadline: Instant,
    ) -> Shown {
        let Some(order) = &parts.attempt.order else {
            return Shown::Unclear;
        };
        if self.captures == Captures::Closed {
            return Shown::Unclear;
        }
        let (ticket, attempt) = (&parts.ticket, &parts.attempt);
        let answer = self.ask(&order.id, ticket, attempt, now, deadline).await;
        let is_known = match answer {
            Answer::Order(_) => true,
            // What our order brings is what it was made for.
            Answer::Unknown if row.amount.euro_cents() != Some(attempt.amount) => false,
            Answer::Unknown | Answer::Denied | Answer::None => return Shown::Unclear,
        };
        match self.ask_about(id, now, deadline).await {
            Asked::Both(both) if !is_known && both.1.id != order.id => {
                Shown::Foreign { asked: true }
            }
            Asked::WithoutOrder(capture) if capture.order_id.as_ref() != Some(&order.id) => {
                Shown::Foreign { asked: true }
            }
            Asked::NoCapture => Shown::Foreign { asked: true },
            Asked::Both(_) | Asked::WithoutOrder(_) | Asked::Nothing => Shown::Unclear,
        }
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
        let mut is_known = false;
        if let Some(named) = &named
            && let Some((ticket, attempt)) = self.load(named).await?
        {
            if attempt.order.is_some() {
                return Ok(Whose::Ours(Box::new((ticket, attempt))));
            }
            is_known = true;
        }
        if self.store.is_foreign(id.as_str()).await? {
            return Ok(Whose::Not(Shown::Foreign { asked: false }));
        }
        let is_closed = self.captures == Captures::Closed;
        let (capture, order) = match self.ask_about(id, now, deadline).await {
            Asked::Both(both) => *both,
            Asked::WithoutOrder(capture) => {
                let custom_id = capture.custom_id.as_deref().or(row.custom_id.as_deref());
                let names_an_attempt = is_attempt(custom_id);
                // The row itself need not say whose it is.
                if row.custom_id.is_none()
                    && let Some(named) = custom_id.and_then(|id| id.parse().ok())
                    && let Some((ticket, attempt)) = self.load(&named).await?
                    && attempt.order.is_some()
                {
                    return Ok(Whose::Ours(Box::new((ticket, attempt))));
                }
                let may_be_ours = is_known || is_closed && capture.order_id.is_some();
                if names_an_attempt && may_be_ours {
                    return Ok(Whose::Not(Shown::Unclear));
                }
                let invoice_id = capture.invoice_id.as_deref().or(row.invoice_id.as_deref());
                return self
                    .payment_not_ours(row, id, names_an_attempt, invoice_id, now)
                    .await;
            }
            Asked::NoCapture => {
                let names_an_attempt = named.is_some();
                let is_checkout = row.event_code == CHECKOUT;
                if is_known || is_closed && (names_an_attempt || is_checkout) {
                    return Ok(Whose::Not(Shown::Unclear));
                }
                // A 404 may be one of a bad moment: another night asks again.
                if is_checkout && is_young(row, now) {
                    return Ok(Whose::Not(Shown::Foreign { asked: true }));
                }
                let invoice_id = row.invoice_id.as_deref();
                return self
                    .payment_not_ours(row, id, names_an_attempt, invoice_id, now)
                    .await;
            }
            Asked::Nothing => return Ok(Whose::Not(Shown::Unclear)),
        };
        let (attempt_id, case_number) = match marks(&capture, &order) {
            Marks::Ours(attempt_id, case_number) => (attempt_id, case_number),
            Marks::None => {
                let invoice_id = capture
                    .invoice_id
                    .as_deref()
                    .or(order.invoice_id.as_deref());
                return self
                    .payment_not_ours(row, id, named.is_some(), invoice_id, now)
                    .await;
            }
            Marks::Doubtful => return Ok(Whose::Not(Shown::Unclear)),
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

    /// A payment without an attempt of ours. By an order for a ticket's number it is
    /// most likely ours, and its attempt may be what a restore has forgotten.
    async fn payment_not_ours(
        &self,
        row: &Transaction,
        id: &CaptureId,
        names_an_attempt: bool,
        invoice_id: Option<&str>,
        now: Timestamp,
    ) -> Result<Whose, Error> {
        if self.captures == Captures::Closed
            && row.event_code == CHECKOUT
            && self.ticket_named(invoice_id).await?.is_some()
        {
            return Ok(Whose::Not(Shown::Unclear));
        }
        let shown = self.not_ours(id.as_str(), names_an_attempt, invoice_id, now);
        shown.await.map(Whose::Not)
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
    async fn not_ours(
        &self,
        id: &str,
        names_an_attempt: bool,
        invoice_id: Option<&str>,
        now: Timestamp,
    ) -> Result<Shown, Error> {
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
        Ok(Shown::Foreign { asked: true })
    }

    /// The capture itself, and the order it came from.
    async fn ask_about(&self, id: &CaptureId, now: Timestamp, deadline: Instant) -> Asked {
        let capture = self
            .call(now, deadline, |token| async move {
                self.paypal.get_capture(&token, id, deadline).await
            })
            .await;
        let capture = match capture {
            Ok(capture) => Box::new(capture),
            Err(PayPalError::NotFound { .. }) => return Asked::NoCapture,
            Err(error) => {
                tracing::warn!(%error, capture = %id, "PayPal did not say whose a payment is");
                return Asked::Nothing;
            }
        };
        let Some(order_id) = capture.order_id.clone() else {
            return Asked::WithoutOrder(capture);
        };
        let order_id: &OrderId = &order_id;
        let order = self
            .call(now, deadline, |token| async move {
                self.paypal.get_order(&token, order_id, deadline).await
            })
            .await;
        match order {
            Ok(order) => Asked::Both(Box::new((*capture, order))),
            // Another app's order, or one of a former client id of ours.
            Err(PayPalError::NotFound { .. } | PayPalError::Refused { status: 403, .. }) => {
                Asked::WithoutOrder(capture)
            }
            Err(error) => {
                tracing::warn!(%error, capture = %id, "PayPal did not say whose a payment is");
                Asked::Nothing
            }
        }
    }

    pub(crate) fn placed(&self, order: &Order) -> PlacedOrder {
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
        (id, kind): (&str, TakenBackKind),
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Shown, Error> {
        if let Some(case_number) = row.invoice_id.as_deref().and_then(case_number)
            && let Some(cents) = self.line_shown(&case_number, id, now).await?
        {
            let found = false;
            return Ok(Shown::Booked { cents, found });
        }
        let (ticket, capture_id) = match self.whose_left(row, claim, id, now, deadline).await? {
            Left::Ours(ticket, capture_id) => (*ticket, capture_id),
            Left::Not(shown) => return Ok(shown),
        };
        if row.status == TransactionStatus::Pending {
            self.store.follow_refund(id, kind, now).await?;
            return Ok(Shown::Pending);
        }
        let case_number = ticket.case_number.clone();
        if let Some(cents) = self.line_shown(&case_number, id, now).await? {
            let found = false;
            return Ok(Shown::Booked { cents, found });
        }
        match self.taken_back(claim, now, deadline).await? {
            TakingBack::UnderWay => return Ok(Shown::Pending),
            TakingBack::Booked | TakingBack::Nothing => {}
            TakingBack::WithoutTicket | TakingBack::NotYet => {
                let line = match self.confirm(claim, now, deadline).await {
                    Ok(Confirmation::TakenBack(confirmed)) => {
                        confirmed.line(&ticket, &capture_id, now)
                    }
                    // A chargeback is no refund that could be asked about: its row
                    // is all that PayPal says, and it names capture and amount.
                    Err(PayPalError::NotFound { .. }) => {
                        let line = line_of_row(row, (id, kind), &ticket, &capture_id, now);
                        if let Some(cents) = self.under_another_id(&ticket, &line, now).await? {
                            let found = false;
                            return Ok(Shown::Booked { cents, found });
                        }
                        line
                    }
                    Ok(
                        Confirmation::UnderWay(_)
                        | Confirmation::Nothing
                        | Confirmation::SomethingNew,
                    )
                    | Err(_) => return Ok(Shown::Unclear),
                };
                let _ = self.book_line(ticket, &line).await?;
            }
        }
        if let Some(cents) = self.line_shown(&case_number, id, now).await? {
            let found = true;
            return Ok(Shown::Booked { cents, found });
        }
        self.mend_line(&case_number, claim, id, now, deadline)
            .await?;
        Ok(match self.line_shown(&case_number, id, now).await? {
            Some(cents) => Shown::Booked { cents, found: true },
            None => Shown::Unclear,
        })
    }

    /// A line that the table has under another id: a webhook told of the reversal,
    /// the books call the same money a chargeback. Only where both together would
    /// be more than the capture has brought, and the books have not shown the
    /// other one as well.
    async fn under_another_id(
        &self,
        ticket: &Ticket,
        line: &TakenBack,
        now: Timestamp,
    ) -> Result<Option<i64>, Error> {
        let id = (&line.capture_id).into();
        let Some(settlement) = self.store.settlement(ticket, &id).await? else {
            return Ok(None);
        };
        let came = paypal::Money {
            value: settlement.value,
            currency: settlement.currency,
        };
        let came = came.signed_euro_cents().unwrap_or_default();
        let lines = self.store.lines_taken_back(&ticket.case_number).await?;
        let of_capture = || {
            lines
                .iter()
                .filter(|other| other.capture_id == line.capture_id)
        };
        let left: i64 = of_capture().map(line_cents).sum();
        if came + left + line_cents(line) >= 0 {
            return Ok(None);
        }
        for other in of_capture() {
            if other.value != line.value {
                continue;
            }
            if let Some(queued) = self.store.queued(other.booked_at, &other.id).await?
                && queued.shown_as.as_ref().is_none_or(|id| *id == line.id)
            {
                self.store.note_shown(&queued, &line.id, now).await?;
                return Ok(Some(line_cents(other)));
            }
        }
        Ok(None)
    }

    /// Money that a dispute makes `PayPal` keep: its ticket must be in review,
    /// even where the dispute's own event was lost.
    pub(crate) async fn held(
        &self,
        row: &Transaction,
        claim: &Claim,
        id: &str,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Shown, Error> {
        let (ticket, capture_id) = match self.whose_left(row, claim, id, now, deadline).await? {
            Left::Ours(ticket, capture_id) => (*ticket, capture_id),
            Left::Not(shown) => return Ok(shown),
        };
        let lines = self.store.lines_taken_back(&ticket.case_number).await?;
        if lines.iter().any(|line| line.capture_id == capture_id) {
            return Ok(Shown::Held);
        }
        let kind = TakenBackKind::Dispute;
        let line = TakenBack {
            // A hold takes nothing for good.
            value: None,
            currency: None,
            ..line_of_row(row, (id, kind), &ticket, &capture_id, now)
        };
        Ok(match self.book_line(ticket, &line).await? {
            TakingBack::Booked => Shown::Held,
            TakingBack::Nothing
            | TakingBack::UnderWay
            | TakingBack::WithoutTicket
            | TakingBack::NotYet => Shown::Unclear,
        })
    }

    /// Money that had been taken back and came again.
    pub(crate) async fn returned(
        &self,
        row: &Transaction,
        claim: &Claim,
        id: &str,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Shown, Error> {
        Ok(
            match self.whose_left(row, claim, id, now, deadline).await? {
                Left::Ours(..) => Shown::Returned,
                Left::Not(shown) => shown,
            },
        )
    }

    /// The ticket of this number, where this capture is booked on it.
    async fn ticket_with(
        &self,
        case_number: &CaseNumber,
        capture_id: &CaptureId,
    ) -> Result<Option<Ticket>, Error> {
        let Some(ticket) = self.store.ticket(case_number).await? else {
            return Ok(None);
        };
        let booked = self.store.settlement(&ticket, &capture_id.into()).await?;
        Ok(booked.map(|_| ticket))
    }

    /// Whose the money of a row is that is no payment: by its own marks, by the
    /// capture it refers to, or by what `PayPal` says about its id.
    async fn whose_left(
        &self,
        row: &Transaction,
        claim: &Claim,
        id: &str,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Left, Error> {
        let referred = row.reference.as_ref().and_then(capture_referred_to);
        if let Some(named) = row.custom_id.as_deref().and_then(|id| id.parse().ok())
            && let Some((ticket, attempt)) = self.load(&named).await?
            && let Some(capture_id) = referred.clone().or_else(|| captured(&attempt))
            && captured(&attempt).is_none_or(|own| own == capture_id)
        {
            return Ok(Left::Ours(Box::new(ticket), capture_id));
        }
        if self.store.is_foreign(id).await? {
            return Ok(Left::Not(Shown::Foreign { asked: false }));
        }
        let capture_id = match referred {
            Some(capture_id) => capture_id,
            None => match self.confirm(claim, now, deadline).await {
                Ok(Confirmation::TakenBack(confirmed)) if confirmed.capture().is_some() => {
                    match confirmed.capture() {
                        Some(capture_id) => capture_id.clone(),
                        None => return Ok(Left::Not(Shown::Unclear)),
                    }
                }
                Ok(
                    Confirmation::TakenBack(_)
                    | Confirmation::UnderWay(_)
                    | Confirmation::Nothing
                    | Confirmation::SomethingNew,
                )
                | Err(_) => return Ok(Left::Not(Shown::Unclear)),
            },
        };
        let invoiced = row.invoice_id.as_deref().and_then(case_number);
        if let Some(case_number) = &invoiced
            && let Some(ticket) = self.ticket_with(case_number, &capture_id).await?
        {
            return Ok(Left::Ours(Box::new(ticket), capture_id));
        }
        // The payment itself was nobody's: so is what is given back of it.
        if self.store.is_foreign(capture_id.as_str()).await? {
            return Ok(Left::Not(Shown::Foreign { asked: false }));
        }
        let (ticket, is_marked) = match self.payer(&capture_id, now, deadline).await {
            Ok(Payer::Attempt(attempt)) => {
                let loaded = self.load(&attempt).await?;
                (loaded.map(|(ticket, _)| ticket), true)
            }
            Ok(Payer::Invoice(case_number)) => {
                (self.ticket_with(&case_number, &capture_id).await?, true)
            }
            Ok(Payer::Nobody | Payer::Unsaid) => (None, false),
            // A 404 among them: money that left must not be called nobody's for it.
            Err(error) => {
                tracing::warn!(%error, capture = %capture_id, "PayPal did not say whose money left");
                return Ok(Left::Not(Shown::Unclear));
            }
        };
        if let Some(ticket) = ticket {
            return Ok(Left::Ours(Box::new(ticket), capture_id));
        }
        // What a restore has taken may come back with PayPal's books.
        if is_marked && self.captures == Captures::Closed {
            return Ok(Left::Not(Shown::Unclear));
        }
        let invoice_id = row.invoice_id.as_deref();
        let not = self.not_ours(id, is_marked, invoice_id, now);
        Ok(Left::Not(not.await?))
    }
}

/// The capture that a row belongs to.
fn capture_referred_to(reference: &Reference) -> Option<CaptureId> {
    let is_transaction = reference.kind.as_deref().is_none_or(|kind| kind == "TXN");
    is_transaction.then(|| reference.id.parse().ok()).flatten()
}

/// What was captured for an attempt.
fn captured(attempt: &Attempt) -> Option<CaptureId> {
    match &attempt.state {
        AttemptState::Captured { capture_id } | AttemptState::Pending { capture_id } => {
            Some(capture_id.clone())
        }
        AttemptState::Live | AttemptState::Declined | AttemptState::Expired => None,
    }
}

/// What a row says about money that left, as a line of its ticket.
fn line_of_row(
    row: &Transaction,
    (id, kind): (&str, TakenBackKind),
    ticket: &Ticket,
    capture_id: &CaptureId,
    now: Timestamp,
) -> TakenBack {
    TakenBack {
        id: id.to_owned(),
        kind,
        case_number: ticket.case_number.clone(),
        capture_id: capture_id.clone(),
        value: Some(row.amount.value.trim_start_matches('-').to_owned()),
        currency: Some(row.amount.currency.clone()),
        booked_at: now,
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

/// Whether `PayPal` has shown a row for no longer than it may lag.
fn is_young(row: &Transaction, now: Timestamp) -> bool {
    let seen_before = now.saturating_sub(SEARCH_LAG_MAX).unwrap_or(now);
    row.initiated_at.is_none_or(|at| at > seen_before)
}

fn is_attempt(custom_id: Option<&str>) -> bool {
    custom_id.is_some_and(|id| id.parse::<AttemptId>().is_ok())
}

/// The case number that an invoice id was made of.
pub(crate) fn case_number(invoice_id: &str) -> Option<CaseNumber> {
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
        returned_at: None,
        silent_since: None,
        decline: None,
        state: AttemptState::Live,
    }
}
