//! Giving money back: what two people have decided is asked of PayPal, by the sweep alone.
//!
//! ```text
//! approved ─▶ what does PayPal show? ─▶ written down that it is asked ─▶ asked
//!               ours: booked                                              completed: booked
//!               somebody else's: not asked                                pending: followed
//!                                                                         refused twice: for a human
//! ```
//!
//! The same discipline as for a capture: no answer is no answer, and the same request
//! goes again under the same id; but never before PayPal was asked what it shows.

use jiff::Timestamp;
use paypal::{CaptureStatus, Error as PayPalError, Issue, NewRefund, RefundId, RefundStatus};
use store::{DecidedRefund, Error, JournalEvent, TakenBack, TakenBackKind, Write};
use ticket::{Asked, Captured, Captures, Refund, RefundState, Settlement, Ticket};
use tracing::Instrument;

use crate::limits::{
    CAPTURE_NEEDS, FUNDS_AWAITED, LEASE, READ_LAG, REFUND_ASKED_MAX, SILENCE_MAX, later, since,
};
use crate::taken_back::{Claim, TakingBack};
use crate::{Moment, Progress, Settle, trail};

/// What became of a look at a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GivingBack {
    /// It has come to its end, or is nobody's any more.
    Ended,
    /// PayPal has it on its way.
    UnderWay,
    /// PayPal has said no, and it is not known whether for good: again later.
    Refused,
    /// The account's balance does not suffice: again when it may.
    AwaitsFunds,
    /// Nothing may be asked now: again later.
    NotAsked,
    /// PayPal has not said how it stands: again later, and who waits long is told of.
    Unsaid,
}

impl GivingBack {
    /// What a sweep counts it as.
    pub(crate) const fn progress(self) -> Progress {
        match self {
            Self::Ended | Self::UnderWay => Progress::Known,
            Self::Refused | Self::AwaitsFunds | Self::NotAsked | Self::Unsaid => Progress::Unclear,
        }
    }
}

/// What stands in the way of asking, as PayPal shows it.
enum Shown {
    /// Nothing.
    Nothing,
    /// It is made already.
    Ours(Box<paypal::Refund>),
    /// It is made, and booked: a restore has brought the line back without the rest.
    Booked(Box<TakenBack>),
    /// Somebody has given money of this capture back since it was proposed.
    Others,
    /// It cannot be told.
    Unclear,
}

/// A refund about to be asked for, with what it is of.
struct Due<'a> {
    refund: &'a Refund,
    ticket: &'a Ticket,
    settlement: &'a Settlement,
    captured: &'a Captured,
}

/// Refusals after which a human must look, and nothing has gone.
///
/// Source: PayPal Payments v2, `captures.refund-422`; and, missing there,
/// `solidusio/solidus_paypal_commerce_platform#214`.
const DEFINITE: [&str; 14] = [
    "CAPTURE_FULLY_REFUNDED",
    "REFUND_AMOUNT_EXCEEDED",
    "REFUND_AMOUNT_TOO_LOW",
    "REFUND_TIME_LIMIT_EXCEEDED",
    "REFUND_NOT_ALLOWED",
    "REFUND_IS_RESTRICTED",
    "REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK",
    NO_FUNDS,
    "REFUND_CAPTURE_CURRENCY_MISMATCH",
    "PARTIAL_REFUND_NOT_ALLOWED",
    "CAPTURE_DISPUTED_PARTIAL_REFUND_NOT_ALLOWED",
    "TRANSACTION_DISPUTED",
    "MAX_NUMBER_OF_REFUNDS_EXCEEDED",
    "PAYER_ACCOUNT_LOCKED_OR_CLOSED",
];

/// PayPal's word where our balance does not suffice: money comes in every day.
const NO_FUNDS: &str = "REFUND_FAILED_INSUFFICIENT_FUNDS";

/// Our word for a refund that was not asked for, since the money has gone another way.
const GIVEN_BACK_AT_PAYPAL: &str = "GIVEN_BACK_AT_PAYPAL";

impl Settle {
    /// Has PayPal give back what was decided, or asks what became of it.
    ///
    /// # Errors
    /// When the table does not answer.
    pub(crate) async fn give_back(
        &self,
        id: &ticket::RefundId,
        moment: Moment,
    ) -> Result<GivingBack, Error> {
        let Some(refund) = self.store.refund(id).await? else {
            return Ok(GivingBack::Ended);
        };
        let look = async {
            let came_to = self.look_at_approved(&refund, moment).await?;
            self.note_whether_refund_is_said(came_to, &refund, moment.now)
                .await;
            trail::tell_refund_looked_at(came_to);
            Ok(came_to)
        };
        look.instrument(trail::of_refund(id)).await
    }

    /// Remembers since when PayPal says nothing, and tells of it where that lasts: one that
    /// was never asked for would wait for ever, and nobody would hear of it.
    async fn note_whether_refund_is_said(
        &self,
        came_to: GivingBack,
        refund: &Refund,
        now: Timestamp,
    ) {
        let noted = match (came_to, refund.state.silent_since()) {
            // It is over, or nobody was asked.
            (GivingBack::Ended | GivingBack::NotAsked, _)
            | (GivingBack::UnderWay | GivingBack::Refused | GivingBack::AwaitsFunds, None) => {
                return;
            }
            (GivingBack::UnderWay | GivingBack::Refused | GivingBack::AwaitsFunds, Some(_)) => {
                self.store.end_refund_silence(refund).await
            }
            (GivingBack::Unsaid, None) => self.store.note_refund_silence(refund, now).await,
            (GivingBack::Unsaid, Some(then)) => {
                // Looks are ten minutes apart: the second one tells.
                if since(then, now) >= SILENCE_MAX {
                    tracing::error!(alarm = "refund-unclear", refund = %refund.id, since = %then, "a refund waits: PayPal does not say how it stands");
                }
                return;
            }
        };
        if let Err(error) = noted {
            tracing::warn!(%error, refund = %refund.id, "it is not written down since when PayPal says nothing of a refund");
        }
    }

    async fn look_at_approved(&self, refund: &Refund, moment: Moment) -> Result<GivingBack, Error> {
        let RefundState::Approved {
            asked, paypal_id, ..
        } = &refund.state
        else {
            return Ok(GivingBack::Ended);
        };
        let Some(ticket) = self.store.ticket(&refund.case_number).await? else {
            return Ok(GivingBack::Unsaid);
        };
        let settlement = self.store.settlement(&ticket, &refund.settlement).await?;
        let captured = settlement.as_ref().and_then(|it| it.source.captured());
        let (Some(settlement), Some(captured)) = (&settlement, captured) else {
            tracing::error!(refund = %refund.id, "the money that is to be given back is not in the books: was the table restored?");
            return Ok(GivingBack::Unsaid);
        };
        let due = Due {
            refund,
            ticket: &ticket,
            settlement,
            captured,
        };
        if let Some(paypal_id) = paypal_id {
            return self.follow_ours(&due, paypal_id, moment).await;
        }
        let waits = asked.is_some_and(|asked| asked.until > moment.now);
        // While the table is being restored, PayPal's books may show it any moment.
        // sabotage: money is given back while captures are closed
        let is_closed = self.captures == Captures::Closed;
        if waits || is_closed {
            return Ok(GivingBack::NotAsked);
        }
        match self.shown(&due, moment).await? {
            Shown::Ours(made) => self.heard(&due, &made, moment.now).await,
            Shown::Booked(line) => self.complete(&due, &line).await,
            Shown::Others => self.give_up(&due, GIVEN_BACK_AT_PAYPAL, moment.now).await,
            Shown::Unclear => Ok(GivingBack::Unsaid),
            Shown::Nothing => self.ask_for_it(&due, *asked, moment).await,
        }
    }

    /// What PayPal shows of the capture. What somebody has given back in PayPal's own
    /// pages is booked first: the same money must not go twice. Other refunds of ours do
    /// not stand in its way, but for one that had come to nothing here and was made after
    /// all: this one may have been proposed in its place.
    async fn shown(&self, due: &Due<'_>, moment: Moment) -> Result<Shown, Error> {
        // sabotage: a refund without its request id: and without a look
        let (status, refunds) = match self.read_refunds(due.captured, moment).await? {
            Ok(read) => read,
            Err(error) => {
                tracing::warn!(%error, refund = %due.refund.id, "PayPal did not say what was given back");
                return Ok(Shown::Unclear);
            }
        };
        let id = due.refund.id.as_str();
        let ours = refunds
            .iter()
            .find(|made| made.custom_id.as_deref() == Some(id));
        if let Some(ours) = ours {
            return Ok(Shown::Ours(Box::new(ours.clone())));
        }
        let is_counted = |status: &RefundStatus| match status {
            RefundStatus::Completed | RefundStatus::Pending | RefundStatus::Other(_) => true,
            RefundStatus::Cancelled | RefundStatus::Failed => false,
        };
        let mut is_on_its_way = false;
        for other in refunds.iter().filter(|other| is_counted(&other.status)) {
            if self
                .store
                .taken_back(due.ticket, other.id.as_str())
                .await?
                .is_some()
            {
                continue;
            }
            // Its own look follows it, and its sum is counted.
            if other.status != RefundStatus::Completed
                && self.is_counted_here(due.refund, other).await?
            {
                continue;
            }
            match self
                .taken_back(&Claim::Refund(other.id.clone()), moment)
                .await?
            {
                TakingBack::Booked | TakingBack::Nothing => {}
                TakingBack::UnderWay => is_on_its_way = true,
                TakingBack::WithoutTicket | TakingBack::NotYet => return Ok(Shown::Unclear),
            }
        }
        let lines = self.store.lines_taken_back(&due.ticket.case_number).await?;
        let of_it = || {
            lines
                .iter()
                .filter(|line| line.settlement == due.refund.settlement && line.amount.is_some())
        };
        let mut has_gone_otherwise = is_on_its_way;
        for line in of_it() {
            has_gone_otherwise |= match &line.decided {
                Some(decided) if decided.refund == due.refund.id => {
                    let is_it = line.kind == TakenBackKind::Refund
                        && line.amount.as_ref() == Some(&due.refund.amount);
                    if is_it {
                        return Ok(Shown::Booked(Box::new(line.clone())));
                    }
                    true
                }
                _ if line.booked_at < due.refund.proposed_at => false,
                Some(decided) => {
                    self.had_come_to_nothing(due.ticket, &decided.refund)
                        .await?
                }
                None => true,
            };
        }
        // sabotage: what is given back in PayPal's pages is given back again
        if has_gone_otherwise {
            return Ok(Shown::Others);
        }
        let has_left = matches!(
            status,
            CaptureStatus::Refunded | CaptureStatus::PartiallyRefunded
        );
        // What the cash office pays out is nothing that PayPal shows.
        let is_paypals = |line: &TakenBack| line.kind != TakenBackKind::PaymentOrder;
        if has_left && !of_it().any(is_paypals) {
            tracing::warn!(refund = %due.refund.id, "PayPal says that money of the capture was given back, and shows no refund");
            return Ok(Shown::Unclear);
        }
        Ok(Shown::Nothing)
    }

    /// Whether what PayPal shows is another refund of ours, whose sum was no longer free
    /// when this one was proposed.
    async fn is_counted_here(
        &self,
        refund: &Refund,
        shown: &paypal::Refund,
    ) -> Result<bool, Error> {
        let Some(id) = shown.custom_id.as_deref().and_then(|id| id.parse().ok()) else {
            return Ok(false);
        };
        let other = self.store.refund(&id).await?;
        Ok(other.is_some_and(|it| it.settlement == refund.settlement && it.holds_money()))
    }

    /// Whether a refund was rejected here, or was taken for failed: its sum was free again.
    /// Its state no longer says so once PayPal has made it after all; the journal does.
    async fn had_come_to_nothing(
        &self,
        ticket: &Ticket,
        id: &ticket::RefundId,
    ) -> Result<bool, Error> {
        let case_number = &ticket.case_number;
        let journaled = self.store.journaled(case_number, id.as_str()).await?;
        Ok(journaled.contains(&JournalEvent::RefundFailed)
            || journaled.contains(&JournalEvent::RefundRejected))
    }

    /// How the capture stands, and what was given back of it. The order shows both; where
    /// it is gone, the capture alone must do.
    async fn read_refunds(
        &self,
        captured: &Captured,
        moment: Moment,
    ) -> Result<Result<(CaptureStatus, Vec<paypal::Refund>), PayPalError>, Error> {
        let attempt = self.store.attempt(&captured.attempt).await?;
        let order_id = attempt
            .and_then(|attempt| attempt.order)
            .map(|order| order.id);
        if let Some(order_id) = &order_id {
            let order = self.order_at_paypal(order_id, moment).await;
            match order {
                Ok(order) => {
                    let of_it = |capture: &paypal::Capture| capture.id == captured.capture_id;
                    // One that shows no capture shows no refunds of it, either.
                    if let Some(capture) = order.captures.into_iter().find(of_it) {
                        return Ok(Ok((capture.status, order.refunds)));
                    }
                }
                Err(PayPalError::NotFound { .. }) => {}
                Err(error) => return Ok(Err(error)),
            }
        }
        let id = &captured.capture_id;
        let capture = self.capture_at_paypal(id, moment).await;
        Ok(capture.map(|capture| (capture.status, Vec::new())))
    }

    async fn ask_for_it(
        &self,
        due: &Due<'_>,
        before: Option<Asked>,
        moment: Moment,
    ) -> Result<GivingBack, Error> {
        let asked = Asked {
            since: before.map_or(moment.now, |asked| asked.since),
            until: later(moment.now, LEASE),
        };
        let asked_for = since(asked.since, moment.now);
        if asked_for > REFUND_ASKED_MAX {
            // PayPal forgets request ids: the same one would be a second refund.
            tracing::error!(alarm = "refund-unclear", refund = %due.refund.id, "PayPal was asked to give money back long ago and has not said what became of it");
            return Ok(GivingBack::NotAsked);
        }
        let in_time = tokio::time::Instant::now() + CAPTURE_NEEDS <= moment.deadline;
        if !in_time || self.store.ask_for_refund(due.refund, asked).await? == Write::Refused {
            return Ok(GivingBack::NotAsked);
        }
        let id = &due.captured.capture_id;
        // sabotage: a refund without its request id
        let request_id = &due.refund.request_id();
        let note = format!("Erstattung / refund {}", due.refund.case_number);
        let new = NewRefund {
            amount: &due.refund.amount,
            custom_id: due.refund.id.as_str(),
            note_to_payer: &note,
        };
        let answer = self
            .call(moment, |token| async move {
                self.paypal
                    .refund_capture(&token, id, request_id, new, moment.deadline)
                    .await
            })
            .await;
        let refund = &due.refund.id;
        match answer {
            Ok(made) => self.heard(due, &made, moment.now).await,
            Err(PayPalError::Refused { issue, .. })
                if issue.code() == NO_FUNDS && asked_for < FUNDS_AWAITED =>
            {
                tracing::warn!(%refund, "the account's balance does not suffice for a refund");
                Ok(GivingBack::AwaitsFunds)
            }
            Err(PayPalError::Refused { issue, .. }) if DEFINITE.contains(&issue.code()) => {
                // sabotage: the first no to a refund is believed
                if !is_believed(before, moment.now) {
                    return Ok(GivingBack::Refused);
                }
                self.give_up(due, issue.code(), moment.now).await
            }
            Err(PayPalError::Refused { issue, .. }) => {
                report_refusal(refund, &issue);
                Ok(GivingBack::Refused)
            }
            Err(
                error @ (PayPalError::NoAnswer { .. }
                | PayPalError::Unclear { .. }
                | PayPalError::Unauthorized { .. }
                | PayPalError::NotFound { .. }),
            ) => {
                tracing::warn!(%error, %refund, "PayPal has not said whether it has given the money back: it is asked again");
                Ok(GivingBack::Unsaid)
            }
        }
    }

    /// Asks about a refund that PayPal has on its way.
    async fn follow_ours(
        &self,
        due: &Due<'_>,
        paypal_id: &str,
        moment: Moment,
    ) -> Result<GivingBack, Error> {
        let Ok(id) = paypal_id.parse::<RefundId>() else {
            return Ok(GivingBack::Unsaid);
        };
        match self.refund(&id, moment).await {
            Ok(made) => self.heard(due, &made, moment.now).await,
            Err(error) => {
                tracing::warn!(%error, refund = %due.refund.id, "PayPal did not say how a refund stands");
                Ok(GivingBack::Unsaid)
            }
        }
    }

    /// Writes down what PayPal has said of our refund.
    async fn heard(
        &self,
        due: &Due<'_>,
        made: &paypal::Refund,
        now: Timestamp,
    ) -> Result<GivingBack, Error> {
        match &made.status {
            RefundStatus::Completed => self.book_refund(due, made, now).await,
            RefundStatus::Pending | RefundStatus::Other(_) => {
                if let RefundStatus::Other(status) = &made.status {
                    tracing::error!(refund = %due.refund.id, status, "PayPal said something new about a refund");
                }
                let under_way = self.store.refund_is_under_way(due.refund, made.id.as_str());
                Ok(match under_way.await? {
                    Write::Done => GivingBack::UnderWay,
                    Write::Refused => GivingBack::Ended,
                })
            }
            RefundStatus::Failed => self.give_up(due, "FAILED", now).await,
            RefundStatus::Cancelled => self.give_up(due, "CANCELLED", now).await,
        }
    }

    async fn book_refund(
        &self,
        due: &Due<'_>,
        made: &paypal::Refund,
        now: Timestamp,
    ) -> Result<GivingBack, Error> {
        let line = TakenBack {
            id: made.id.to_string(),
            kind: TakenBackKind::Refund,
            case_number: due.ticket.case_number.clone(),
            settlement: due.settlement.id(),
            amount: Some(made.amount.clone()),
            decided: Some(DecidedRefund {
                refund: due.refund.id.clone(),
                gives_back: due.refund.gives_back,
            }),
            booked_at: now,
        };
        if made.amount != due.refund.amount {
            tracing::error!(refund = %due.refund.id, "PayPal gave back another amount than was decided");
            // The table had forgotten the first refund of this number, and has given it out
            // again: what went then was booked out of PayPal's books, and this has not gone.
            if self.store.taken_back(due.ticket, &line.id).await?.is_some() {
                return self.give_up(due, GIVEN_BACK_AT_PAYPAL, now).await;
            }
        }
        self.complete(due, &line).await
    }

    /// Books the line of a refund, and with it its end.
    async fn complete(&self, due: &Due<'_>, line: &TakenBack) -> Result<GivingBack, Error> {
        Ok(match self.book_line(due.ticket.clone(), line).await? {
            TakingBack::Booked | TakingBack::Nothing => GivingBack::Ended,
            TakingBack::UnderWay | TakingBack::WithoutTicket | TakingBack::NotYet => {
                GivingBack::Unsaid
            }
        })
    }

    async fn give_up(
        &self,
        due: &Due<'_>,
        issue: &str,
        now: Timestamp,
    ) -> Result<GivingBack, Error> {
        tracing::error!(alarm = "refund-failed", refund = %due.refund.id, issue, "money was not given back: a human must look");
        let failed = self.store.fail_refund(due.ticket, due.refund, issue, now);
        Ok(match failed.await? {
            Write::Done => GivingBack::Ended,
            Write::Refused => GivingBack::NotAsked,
        })
    }
}

/// Whether a no is one. It may be a call of ours that has had its effect, and a read does
/// not show it for `READ_LAG`: then the look before this call was in vain. Measured from
/// the last call and not from the first, which may have had none.
fn is_believed(last: Option<Asked>, now: Timestamp) -> bool {
    last.is_some_and(|last| since(last.until, now) + LEASE >= READ_LAG)
}

fn report_refusal(refund: &ticket::RefundId, issue: &Issue) {
    match issue.code() {
        // Source: PayPal Payments v2, `captures.refund-422`: asked again later.
        code @ ("PENDING_CAPTURE" | "CANNOT_PROCESS_REFUNDS") => {
            tracing::warn!(%refund, code, "PayPal cannot give the money back yet");
        }
        code => {
            tracing::error!(alarm = "refund-unclear", %refund, code, "PayPal refused to give money back, and it is not known whether for good");
        }
    }
}

#[cfg(test)]
mod tests;
