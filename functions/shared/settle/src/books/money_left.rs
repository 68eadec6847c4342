//! A row about money that left again, or that PayPal keeps: a refund, a reversal, a
//! hold; and what came back of it.

use jiff::Timestamp;
use paypal::{Error as PayPalError, Reference, Transaction, TransactionStatus};
use store::{Attempt, AttemptState, Error, TakenBack, TakenBackKind};
use ticket::{CaptureId, Captures, CaseNumber, Money, Ticket};

use super::row::RowOutcome;
use crate::invoice_id::case_number;
use crate::taken_back::{CaptureOwner, Claim, Confirmation, TakingBack};
use crate::{Moment, Settle};

/// Whose money left.
enum MoneyOwner {
    /// That of this capture, which was paid for this ticket.
    Ours(Box<Ticket>, CaptureId),
    Not(RowOutcome),
}

impl Settle {
    /// Books a refund or a reversal that PayPal shows, unless the table has
    /// all of it.
    pub(crate) async fn left_again(
        &self,
        row: &Transaction,
        claim: &Claim,
        (id, kind): (&str, TakenBackKind),
        moment: Moment,
    ) -> Result<RowOutcome, Error> {
        if let Some(case_number) = row.invoice_id.as_deref().and_then(case_number)
            && let Some(cents) = self.line_shown(&case_number, id, moment.now).await?
        {
            let found = false;
            return Ok(RowOutcome::Booked { cents, found });
        }
        let (ticket, capture_id) = match self.owner_of_money_left(row, claim, id, moment).await? {
            MoneyOwner::Ours(ticket, capture_id) => (*ticket, capture_id),
            MoneyOwner::Not(shown) => return Ok(shown),
        };
        if row.status == TransactionStatus::Pending {
            self.store.follow_refund(id, kind, moment.now).await?;
            return Ok(RowOutcome::Pending);
        }
        let case_number = ticket.case_number.clone();
        if let Some(cents) = self.line_shown(&case_number, id, moment.now).await? {
            let found = false;
            return Ok(RowOutcome::Booked { cents, found });
        }
        match self.taken_back(claim, moment).await? {
            TakingBack::UnderWay => return Ok(RowOutcome::Pending),
            TakingBack::Booked | TakingBack::Nothing => {}
            TakingBack::WithoutTicket | TakingBack::NotYet => {
                let line = match self.confirm(claim, moment).await {
                    Ok(Confirmation::TakenBack(confirmed)) => {
                        self.line_of(&confirmed, &ticket, &capture_id, moment.now)
                            .await?
                    }
                    // A chargeback is no refund that could be asked about: its row
                    // is all that PayPal says, and it names capture and amount.
                    Err(PayPalError::NotFound { .. }) => {
                        let line = line_of_row(row, (id, kind), &ticket, &capture_id, moment.now);
                        if let Some(cents) =
                            self.under_another_id(&ticket, &line, moment.now).await?
                        {
                            let found = false;
                            return Ok(RowOutcome::Booked { cents, found });
                        }
                        line
                    }
                    Ok(
                        Confirmation::UnderWay(_)
                        | Confirmation::Nothing
                        | Confirmation::SomethingNew,
                    )
                    | Err(_) => return Ok(RowOutcome::Unclear),
                };
                let _ = self.book_line(ticket, &line).await?;
            }
        }
        if let Some(cents) = self.line_shown(&case_number, id, moment.now).await? {
            let found = true;
            return Ok(RowOutcome::Booked { cents, found });
        }
        self.mend_line(&case_number, claim, id, moment).await?;
        Ok(match self.line_shown(&case_number, id, moment.now).await? {
            Some(cents) => RowOutcome::Booked { cents, found: true },
            None => RowOutcome::Unclear,
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
        let settlement = self.store.settlement(ticket, &line.settlement).await?;
        let Some(settlement) = settlement else {
            return Ok(None);
        };
        let came = settlement.amount.signed_euro_cents().unwrap_or_default();
        let lines = self.store.lines_taken_back(&ticket.case_number).await?;
        let of_capture = || {
            lines
                .iter()
                .filter(|other| other.settlement == line.settlement)
        };
        let left: i64 = of_capture().map(TakenBack::cents).sum();
        if came + left + line.cents() >= 0 {
            return Ok(None);
        }
        for other in of_capture() {
            // What was given back by us, or by somebody in PayPal's own pages, is not what
            // a bank takes: money would be missing that is on no ticket.
            let is_reversal = other.kind == TakenBackKind::Reversal && other.decided.is_none();
            if other.amount != line.amount || !is_reversal {
                continue;
            }
            if let Some(queued) = self.store.queued(other.booked_at, &other.id).await?
                && queued.shown_as.as_ref().is_none_or(|id| *id == line.id)
            {
                self.store.note_shown(&queued, &line.id, now).await?;
                return Ok(Some(other.cents()));
            }
        }
        Ok(None)
    }

    /// Money that a dispute makes PayPal keep: its ticket must be in review,
    /// even where the dispute's own event was lost.
    pub(crate) async fn held(
        &self,
        row: &Transaction,
        claim: &Claim,
        id: &str,
        moment: Moment,
    ) -> Result<RowOutcome, Error> {
        let (ticket, capture_id) = match self.owner_of_money_left(row, claim, id, moment).await? {
            MoneyOwner::Ours(ticket, capture_id) => (*ticket, capture_id),
            MoneyOwner::Not(shown) => return Ok(shown),
        };
        let lines = self.store.lines_taken_back(&ticket.case_number).await?;
        if lines.iter().any(|line| line.settlement == capture_id) {
            return Ok(RowOutcome::Held);
        }
        let kind = TakenBackKind::Dispute;
        let line = TakenBack {
            // A hold takes nothing for good.
            amount: None,
            ..line_of_row(row, (id, kind), &ticket, &capture_id, moment.now)
        };
        Ok(match self.book_line(ticket, &line).await? {
            TakingBack::Booked => RowOutcome::Held,
            TakingBack::Nothing
            | TakingBack::UnderWay
            | TakingBack::WithoutTicket
            | TakingBack::NotYet => RowOutcome::Unclear,
        })
    }

    /// Money that had been taken back and came again.
    pub(crate) async fn returned(
        &self,
        row: &Transaction,
        claim: &Claim,
        id: &str,
        moment: Moment,
    ) -> Result<RowOutcome, Error> {
        Ok(
            match self.owner_of_money_left(row, claim, id, moment).await? {
                MoneyOwner::Ours(..) => RowOutcome::Returned,
                MoneyOwner::Not(shown) => shown,
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

    /// The capture that PayPal names where it is asked about a claim.
    async fn capture_claimed(&self, claim: &Claim, moment: Moment) -> Option<CaptureId> {
        match self.confirm(claim, moment).await {
            Ok(Confirmation::TakenBack(confirmed)) => confirmed.capture().cloned(),
            Ok(Confirmation::UnderWay(_) | Confirmation::Nothing | Confirmation::SomethingNew)
            | Err(_) => None,
        }
    }

    /// Whose the money of a row is that is no payment: by its own marks, by the
    /// capture it refers to, or by what PayPal says about its id.
    async fn owner_of_money_left(
        &self,
        row: &Transaction,
        claim: &Claim,
        id: &str,
        moment: Moment,
    ) -> Result<MoneyOwner, Error> {
        let referred = row.reference.as_ref().and_then(capture_referred_to);
        if let Some(named) = row.custom_id.as_deref().and_then(|id| id.parse().ok())
            && let Some((ticket, attempt)) = self.load(&named).await?
            && let Some(capture_id) = referred.clone().or_else(|| captured(&attempt))
            && captured(&attempt).is_none_or(|own| own == capture_id)
        {
            return Ok(MoneyOwner::Ours(Box::new(ticket), capture_id));
        }
        if self.store.is_foreign(id).await? {
            return Ok(MoneyOwner::Not(RowOutcome::Foreign { asked: false }));
        }
        let capture_id = match referred {
            Some(capture_id) => Some(capture_id),
            None => self.capture_claimed(claim, moment).await,
        };
        let Some(capture_id) = capture_id else {
            return Ok(MoneyOwner::Not(RowOutcome::Unclear));
        };
        let invoiced = row.invoice_id.as_deref().and_then(case_number);
        if let Some(case_number) = &invoiced
            && let Some(ticket) = self.ticket_with(case_number, &capture_id).await?
        {
            return Ok(MoneyOwner::Ours(Box::new(ticket), capture_id));
        }
        // The payment itself was nobody's: so is what is given back of it.
        if self.store.is_foreign(capture_id.as_str()).await? {
            return Ok(MoneyOwner::Not(RowOutcome::Foreign { asked: false }));
        }
        let (ticket, is_marked) = match self.payer(&capture_id, moment).await {
            Ok(CaptureOwner::Attempt(attempt)) => {
                let loaded = self.load(&attempt).await?;
                (loaded.map(|(ticket, _)| ticket), true)
            }
            Ok(CaptureOwner::Invoice(case_number)) => {
                (self.ticket_with(&case_number, &capture_id).await?, true)
            }
            Ok(CaptureOwner::Nobody | CaptureOwner::Unsaid) => (None, false),
            // A 404 among them: money that left must not be called nobody's for it.
            Err(error) => {
                tracing::warn!(%error, capture = %capture_id, "PayPal did not say whose money left");
                return Ok(MoneyOwner::Not(RowOutcome::Unclear));
            }
        };
        if let Some(ticket) = ticket {
            return Ok(MoneyOwner::Ours(Box::new(ticket), capture_id));
        }
        // What a restore has taken may come back with PayPal's books.
        if is_marked && self.captures == Captures::Closed {
            return Ok(MoneyOwner::Not(RowOutcome::Unclear));
        }
        let invoice_id = row.invoice_id.as_deref();
        let not = self.not_ours(id, is_marked, invoice_id, moment.now);
        Ok(MoneyOwner::Not(not.await?))
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
        settlement: capture_id.into(),
        decided: None,
        amount: Some(Money {
            value: row.amount.value.trim_start_matches('-').to_owned(),
            currency: row.amount.currency.clone(),
        }),
        booked_at: now,
    }
}
