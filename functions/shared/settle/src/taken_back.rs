//! Money that leaves again: refunds, reversals, disputes. What a webhook says is
//! a hint; PayPal is asked, and only its answer brings a ticket to review.
//!
//! PayPal's 404 for what it has just told us about means "later", and money
//! whose ticket cannot be told is a human's case: neither may pass as done.

use jiff::Timestamp;
use paypal::{DisputeId, Error as PayPalError, Refund, RefundId, RefundStatus};
use store::{AttemptState, DecidedRefund, Error, TakenBack, TakenBackKind, Write};
use ticket::{AttemptId, CaptureId, Captures, CaseNumber, Money, RefundState, Role, Ticket};
use tracing::Instrument;

use crate::invoice_id::case_number;
use crate::limits::DECISIONS_MAX;
use crate::{Moment, Settle, Wake, trail};

/// What a webhook says has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Money was given back.
    Refund(RefundId),
    /// Money was taken back by force.
    Reversal(RefundId),
    /// The payer contests.
    Dispute(DisputeId),
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakingBack {
    /// It is booked, the ticket is in review.
    Booked,
    /// Nothing was taken back, or nothing of ours.
    Nothing,
    /// The refund is on its way; the nightly comparison follows it to its end.
    UnderWay,
    /// PayPal names neither a payment nor a ticket of ours: a human must look.
    WithoutTicket,
    /// PayPal did not answer, does not show it yet, or the money it concerns is
    /// not booked yet: the event must come again.
    NotYet,
}

/// What PayPal says about a claim.
pub(crate) enum Confirmation {
    /// It is so.
    TakenBack(Confirmed),
    /// It will be so, or not.
    UnderWay(TakenBackKind),
    /// Nothing was taken back.
    Nothing,
    /// Something that this code does not know: nothing may be concluded from it.
    SomethingNew,
}

/// What was taken back, as PayPal says it.
pub(crate) struct Confirmed {
    pub(crate) id: String,
    pub(crate) kind: TakenBackKind,
    pub(crate) amount: Option<Money>,
    /// What PayPal repeats of what its maker has called it.
    custom_id: Option<String>,
    /// The payments it is about.
    concerned: Vec<Concerned>,
}

/// Whose money is taken back, as far as PayPal says.
enum Concerned {
    /// That of this capture.
    Capture(CaptureId),
    /// PayPal names no capture, but repeats what we had given it.
    Marks {
        attempt: Option<AttemptId>,
        invoice_id: Option<String>,
    },
}

impl Concerned {
    /// Nothing where all of it is missing.
    fn of(
        capture_id: Option<CaptureId>,
        custom_id: Option<&str>,
        invoice_id: Option<String>,
    ) -> Option<Self> {
        if let Some(id) = capture_id {
            return Some(Self::Capture(id));
        }
        let attempt = custom_id.and_then(|id| id.parse().ok());
        let there_is_one = attempt.is_some() || invoice_id.is_some();
        there_is_one.then_some(Self::Marks {
            attempt,
            invoice_id,
        })
    }
}

impl Confirmed {
    /// The capture that a refund or a reversal is about, where it is named.
    pub(crate) fn capture(&self) -> Option<&CaptureId> {
        self.concerned.iter().find_map(|concerned| match concerned {
            Concerned::Capture(id) => Some(id),
            Concerned::Marks { .. } => None,
        })
    }
}

/// Whose capture it is.
pub(crate) enum CaptureOwner {
    /// It was made for this attempt.
    Attempt(AttemptId),
    /// It was made for this ticket; for which attempt is not said.
    Invoice(CaseNumber),
    /// It bears somebody else's mark.
    Nobody,
    /// Neither it nor its order bears any.
    Unsaid,
}

impl Settle {
    /// Asks PayPal about a claim and books what it confirms, once.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn taken_back(&self, claim: &Claim, moment: Moment) -> Result<TakingBack, Error> {
        let span = trail::of_claim(claim);
        self.book_what_left(claim, moment).instrument(span).await
    }

    async fn book_what_left(&self, claim: &Claim, moment: Moment) -> Result<TakingBack, Error> {
        // sabotage: what PayPal does not show yet is nothing
        let confirmed = match self.confirm(claim, moment).await {
            Ok(Confirmation::TakenBack(confirmed)) => confirmed,
            Ok(Confirmation::UnderWay(kind)) => {
                let (Claim::Refund(id) | Claim::Reversal(id)) = claim else {
                    return Ok(TakingBack::NotYet);
                };
                // A webhook comes once, the end of it in a week: it must not be
                // forgotten where the later event is lost.
                self.store
                    .follow_refund(id.as_str(), kind, moment.now)
                    .await?;
                return Ok(TakingBack::UnderWay);
            }
            Ok(Confirmation::Nothing) => return Ok(TakingBack::Nothing),
            Ok(Confirmation::SomethingNew) => return Ok(TakingBack::NotYet),
            // A 404 among them: what was told a moment ago may not be shown yet.
            Err(error) => {
                tracing::warn!(%error, ?claim, "PayPal did not say what was taken back");
                return Ok(TakingBack::NotYet);
            }
        };
        let mut came_to = None;
        for concerned in &confirmed.concerned {
            let one = self.book_claim(&confirmed, concerned, moment).await?;
            came_to = match (came_to, one) {
                (_, TakingBack::NotYet) => return Ok(TakingBack::NotYet),
                (Some(TakingBack::Booked), _) => Some(TakingBack::Booked),
                (Some(TakingBack::WithoutTicket), TakingBack::Nothing) => came_to,
                (_, one) => Some(one),
            };
        }
        Ok(came_to.unwrap_or(TakingBack::WithoutTicket))
    }

    pub(crate) async fn confirm(
        &self,
        claim: &Claim,
        moment: Moment,
    ) -> Result<Confirmation, PayPalError> {
        let (kind, refund_id) = match claim {
            Claim::Refund(id) => (TakenBackKind::Refund, id),
            Claim::Reversal(id) => (TakenBackKind::Reversal, id),
            Claim::Dispute(id) => {
                let dispute = self
                    .call(moment, |token| async move {
                        self.paypal.get_dispute(&token, id, moment.deadline).await
                    })
                    .await?;
                let concerned = dispute.transactions.into_iter().filter_map(|disputed| {
                    let custom_id = disputed.custom_id.as_deref();
                    Concerned::of(disputed.capture_id, custom_id, disputed.invoice_id)
                });
                return Ok(Confirmation::TakenBack(Confirmed {
                    id: id.to_string(),
                    kind: TakenBackKind::Dispute,
                    // A claim has moved no money yet.
                    amount: None,
                    custom_id: None,
                    concerned: concerned.collect(),
                }));
            }
        };
        let refund = self.refund(refund_id, moment).await?;
        let concerned = Concerned::of(refund.capture_id, refund.custom_id.as_deref(), None);
        Ok(match refund.status {
            RefundStatus::Completed => Confirmation::TakenBack(Confirmed {
                id: refund_id.to_string(),
                kind,
                amount: Some(refund.amount),
                custom_id: refund.custom_id,
                concerned: concerned.into_iter().collect(),
            }),
            RefundStatus::Pending => Confirmation::UnderWay(kind),
            RefundStatus::Cancelled | RefundStatus::Failed => {
                tracing::error!(refund = %refund_id, "a refund was not made");
                Confirmation::Nothing
            }
            RefundStatus::Other(status) => {
                tracing::error!(refund = %refund_id, status, "PayPal said something new about a refund");
                Confirmation::SomethingNew
            }
        })
    }

    pub(crate) async fn refund(
        &self,
        id: &RefundId,
        moment: Moment,
    ) -> Result<Refund, PayPalError> {
        self.call(moment, |token| async move {
            self.paypal.get_refund(&token, id, moment.deadline).await
        })
        .await
    }

    async fn book_claim(
        &self,
        confirmed: &Confirmed,
        concerned: &Concerned,
        moment: Moment,
    ) -> Result<TakingBack, Error> {
        let (ticket, capture_id) = match concerned {
            Concerned::Capture(id) => {
                if self.store.is_foreign(id.as_str()).await? {
                    return Ok(TakingBack::Nothing);
                }
                let ticket = match self.payer(id, moment).await {
                    // The event may be faster than the booking of the money it is
                    // about, and a restored table knows the attempt only when
                    // PayPal's books were read.
                    Ok(CaptureOwner::Attempt(attempt)) => {
                        let settled = self.settle(&attempt, Wake::Books, moment).await?;
                        settled.map(|settled| settled.ticket)
                    }
                    Ok(CaptureOwner::Invoice(case_number)) => {
                        let ticket = self.store.ticket(&case_number).await?;
                        // Other shops number their invoices, too.
                        if ticket.is_none() && self.captures == Captures::Open {
                            return Ok(TakingBack::Nothing);
                        }
                        ticket
                    }
                    Ok(CaptureOwner::Nobody) => return Ok(TakingBack::Nothing),
                    // What an answer leaves out is unknown: the next one may say it.
                    Ok(CaptureOwner::Unsaid) => return Ok(TakingBack::NotYet),
                    // A 404 among them: see above.
                    Err(error) => {
                        tracing::warn!(%error, capture = %id, "PayPal did not say whose money was taken back");
                        return Ok(TakingBack::NotYet);
                    }
                };
                let Some(ticket) = ticket else {
                    // sabotage: a dispute about a forgotten payment is nobody's
                    return Ok(TakingBack::NotYet);
                };
                (ticket, id.clone())
            }
            Concerned::Marks {
                attempt,
                invoice_id,
            } => {
                let marked = self
                    .marked(attempt.as_ref(), invoice_id.as_deref(), moment)
                    .await?;
                match marked {
                    Ok(marked) => marked,
                    Err(came_to) => return Ok(came_to),
                }
            }
        };
        let line = self.line_of(confirmed, &ticket, &capture_id, moment.now);
        let line = line.await?;
        self.book_line(ticket, &line).await
    }

    /// The line that something taken back is for a ticket.
    pub(crate) async fn line_of(
        &self,
        confirmed: &Confirmed,
        ticket: &Ticket,
        capture_id: &CaptureId,
        now: Timestamp,
    ) -> Result<TakenBack, Error> {
        let custom_id = confirmed.custom_id.as_deref();
        Ok(TakenBack {
            id: confirmed.id.clone(),
            kind: confirmed.kind,
            case_number: ticket.case_number.clone(),
            settlement: capture_id.into(),
            amount: confirmed.amount.clone(),
            decided: self.decided(&confirmed.id, custom_id).await?,
            booked_at: now,
        })
    }

    /// The refund of ours that PayPal has carried out with this one, if it is one.
    pub(crate) async fn decided(
        &self,
        paypal_id: &str,
        custom_id: Option<&str>,
    ) -> Result<Option<DecidedRefund>, Error> {
        let Some(id) = custom_id.and_then(|id| id.parse().ok()) else {
            return Ok(None);
        };
        let Some(refund) = self.store.refund(&id).await? else {
            return Ok(None);
        };
        let is_anothers = matches!(
            &refund.state,
            RefundState::Completed { paypal_id: done, .. } if done != paypal_id
        );
        if is_anothers {
            tracing::error!(alarm = "refunded-twice", refund = %id, paypal_id, "PayPal has carried one refund out twice");
            return Ok(None);
        }
        Ok(Some(DecidedRefund {
            refund: refund.id,
            gives_back: refund.gives_back,
        }))
    }

    /// Ticket and capture that our own marks lead to, or what that leaves.
    async fn marked(
        &self,
        attempt: Option<&AttemptId>,
        invoice_id: Option<&str>,
        moment: Moment,
    ) -> Result<Result<(Ticket, CaptureId), TakingBack>, Error> {
        // The attempt names the capture itself, the invoice only the ticket.
        if let Some(attempt) = attempt
            && let Some(settled) = self.settle(attempt, Wake::Books, moment).await?
        {
            return Ok(match settled.attempt.state {
                AttemptState::Captured { capture_id } => Ok((settled.ticket, capture_id)),
                AttemptState::Live
                | AttemptState::Pending { .. }
                | AttemptState::Declined
                | AttemptState::Expired => Err(TakingBack::NotYet),
            });
        }
        let Some(case_number) = invoice_id.and_then(case_number) else {
            return Ok(Err(TakingBack::WithoutTicket));
        };
        let Some(file) = self.store.case_file(&case_number).await? else {
            return Ok(Err(TakingBack::WithoutTicket));
        };
        // Cash that was taken for the same ticket is nothing PayPal can give back.
        let (main, others): (Vec<_>, Vec<_>) = file
            .settlements
            .iter()
            .partition(|settlement| settlement.role == Role::Main);
        let capture_id = main
            .into_iter()
            .chain(others)
            .find_map(|settlement| settlement.source.captured())
            .map(|captured| captured.capture_id.clone());
        Ok(capture_id
            .map(|id| (file.ticket, id))
            .ok_or(TakingBack::NotYet))
    }

    /// Whose a capture is. A mark that is missing in one answer is looked for in
    /// the other: PayPal does not promise it in each.
    pub(crate) async fn payer(
        &self,
        id: &CaptureId,
        moment: Moment,
    ) -> Result<CaptureOwner, PayPalError> {
        let capture = self.capture_at_paypal(id, moment).await?;
        let invoice_id = capture.invoice_id;
        let (custom_id, invoice_id) = match (capture.custom_id, &capture.order_id) {
            (Some(custom_id), _) => (Some(custom_id), invoice_id),
            (None, None) => (None, invoice_id),
            (None, Some(order_id)) => {
                let order = self.order_at_paypal(order_id, moment).await;
                match order {
                    Ok(order) => (order.custom_id, invoice_id.or(order.invoice_id)),
                    Err(_) if invoice_id.is_some() => (None, invoice_id),
                    // An order that cannot be read may bear our mark.
                    Err(error) => return Err(error),
                }
            }
        };
        let invoiced = invoice_id.as_deref().and_then(case_number);
        Ok(match (custom_id, invoiced) {
            (Some(custom_id), _) => custom_id
                .parse()
                .map_or(CaptureOwner::Nobody, CaptureOwner::Attempt),
            (None, Some(case_number)) => CaptureOwner::Invoice(case_number),
            (None, None) => CaptureOwner::Unsaid,
        })
    }

    /// Books a line on a ticket whose money is booked; the ticket comes to review, unless
    /// two people have decided to give surplus back.
    pub(crate) async fn book_line(
        &self,
        mut ticket: Ticket,
        line: &TakenBack,
    ) -> Result<TakingBack, Error> {
        // A line whose money is not booked would be a negative sum.
        if self
            .store
            .settlement(&ticket, &line.settlement)
            .await?
            .is_none()
        {
            // sabotage: a refund of what is not booked yet is nobody's
            return Ok(TakingBack::NotYet);
        }
        for _ in 0..DECISIONS_MAX {
            if self.write_line(&ticket, line).await? == Write::Done {
                match &line.decided {
                    Some(decided) => {
                        tracing::info!(case_number = %ticket.case_number, refund = %decided.refund, reference = line.id, "money was given back as decided");
                    }
                    None => {
                        tracing::error!(case_number = %ticket.case_number, kind = ?line.kind, reference = line.id, "money was taken back: the ticket is in review");
                    }
                }
                return Ok(TakingBack::Booked);
            }
            match self.store.ticket(&ticket.case_number).await? {
                Some(again) => ticket = again,
                None => return Ok(TakingBack::WithoutTicket),
            }
        }
        Ok(TakingBack::NotYet)
    }

    async fn write_line(&self, ticket: &Ticket, line: &TakenBack) -> Result<Write, Error> {
        // A restore may have brought the journal's entry back alone: the auditor must
        // not read of one refund twice.
        let journaled = self
            .is_taking_back_journaled(&ticket.case_number, &line.id)
            .await?;
        if journaled && self.store.taken_back(ticket, &line.id).await?.is_none() {
            let mended = self
                .store
                .mend_taken_back(ticket, line, false, true, line.booked_at);
            return mended.await;
        }
        self.store.book_taken_back(ticket, line).await
    }
}
