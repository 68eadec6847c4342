//! Captures after the fact: shown, given back, taken back, disputed, ended.

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::answers::{Answer, Refusal};
use crate::behaviour::{RefundThen, hours, seconds};
use crate::books::{Capture, CaptureStatus, Dispute, Refund, RefundKind, RefundStatus};
use crate::events::EventType;
use crate::money::Money;
use crate::requests::{money, text};
use crate::state::{Afterwards, ApiRequest, Outcome, RefundEnds, State, What, later};

/// How long a capture can be given back.
///
/// Source: PayPal refund guide: 180 days by default.
const REFUND_WITHIN: SignedDuration = SignedDuration::from_hours(180 * 24);
/// How long refunds keep a `PayPal-Request-Id`.
///
/// Source: PayPal Payments v2, parameter `paypal_request_id`: 45 days.
const REQUEST_ID_KEPT: SignedDuration = SignedDuration::from_hours(45 * 24);

/// That cannot become of the capture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPossible {
    /// No such capture.
    #[error("there is no capture {0}; the books at /_standin/books list them")]
    NoSuchCapture(String),
    /// No such refund.
    #[error("there is no refund {0}; the books at /_standin/books list them")]
    NoSuchRefund(String),
    /// Nothing, or less than that, is left to go back.
    #[error("there are {left} minor units left; so much and not nothing can go back")]
    MoreThanIsLeft {
        /// How much could go back.
        left: u64,
    },
    /// Nothing of the kind was ever taken or opened.
    #[error("there is nothing to undo or release")]
    NothingToUndo,
    /// It stands otherwise.
    #[error("it is {is}; this takes one that is {wanted}")]
    StandsOtherwise {
        /// Where it stands.
        is: &'static str,
        /// Where it would have to stand.
        wanted: &'static str,
    },
}

impl State {
    /// Lets happen what is due by now, each at its own time.
    pub(crate) fn pass_time(&mut self, now: Timestamp) {
        while let Some(due) = self.schedule.take(now) {
            let done = match due.what {
                What::Capture(what) => self.afterwards(&due.id, what, due.at),
                What::Refund(ends) => self.end_refund(&due.id, ends, due.at),
            };
            if let Err(reason) = done {
                // A lever was faster.
                tracing::info!(%reason, "what was due did not happen");
            }
        }
    }
}

impl State {
    /// `GET /v2/payments/captures/{id}`
    pub(crate) fn get_capture(&self, id: &str, now: Timestamp) -> Result<Answer, Refusal> {
        let foreign = self.foreign_capture(id);
        let capture = self.books.capture(id).or(foreign.as_ref());
        let capture = capture.ok_or_else(unknown)?;
        readable(
            capture.created_at,
            self.behaviour.get_404_after_capture_s,
            now,
        )?;
        let mut body = self.shapes().capture_alone(capture);
        self.behaviour.omit_parts.leave_out(&mut body);
        Ok(Answer::json(StatusCode::OK, body))
    }

    /// `GET /v2/payments/refunds/{id}`
    pub(crate) fn get_refund(&self, id: &str, now: Timestamp) -> Result<Answer, Refusal> {
        let refund = self.refund_of(id).ok_or_else(unknown)?;
        readable(
            refund.created_at,
            self.behaviour.get_404_after_refund_s,
            now,
        )?;
        let capture = self.books.capture(&refund.capture_id);
        let body = self.shapes().refund(refund, capture);
        Ok(Answer::json(StatusCode::OK, body))
    }

    /// `GET /v1/customer/disputes/{id}`
    pub(crate) fn get_dispute(&self, id: &str, now: Timestamp) -> Result<Answer, Refusal> {
        let dispute = self
            .books
            .disputes
            .iter()
            .find(|dispute| dispute.id == id)
            .ok_or_else(unknown)?;
        readable(dispute.created_at, self.behaviour.get_404_dispute_s, now)?;
        let body = self.dispute_shape(dispute);
        Ok(Answer::json(StatusCode::OK, body))
    }

    /// `POST /v2/payments/captures/{id}/refund`
    pub(crate) fn refund(&mut self, id: &str, asked: &ApiRequest<'_>) -> Result<Answer, Refusal> {
        let request = asked.json()?;
        let request_id = asked.request_id()?;
        let capture = self.books.capture(id).ok_or_else(unknown)?.clone();
        let of = ("refund_capture", id);
        match self.recall(of, request_id.as_deref(), asked)? {
            Some(Outcome::Made(made)) => return self.show_refund(&made, asked, StatusCode::OK),
            Some(Outcome::Said(body)) => return Ok(Answer::json(StatusCode::OK, body)),
            Some(Outcome::Refused(_)) | None => {}
        }
        let rest = self.rest(&capture);
        let amount = request
            .get("amount")
            .map(money)
            .transpose()?
            .unwrap_or(rest);
        match capture.status {
            CaptureStatus::Pending => return Err(Refusal::issue("PENDING_CAPTURE")),
            CaptureStatus::Declined => return Err(Refusal::issue("REFUND_NOT_ALLOWED")),
            CaptureStatus::Refunded => return Err(Refusal::issue("CAPTURE_FULLY_REFUNDED")),
            CaptureStatus::Completed | CaptureStatus::PartiallyRefunded => {}
        }
        if rest.minor_units == 0 {
            return Err(Refusal::issue("CAPTURE_FULLY_REFUNDED"));
        }
        if amount.currency != rest.currency {
            return Err(Refusal::issue("REFUND_CAPTURE_CURRENCY_MISMATCH"));
        }
        if amount.minor_units > rest.minor_units {
            return Err(Refusal::issue("REFUND_AMOUNT_EXCEEDED"));
        }
        if asked.now >= later(capture.created_at, REFUND_WITHIN) {
            return Err(Refusal::issue("REFUND_TIME_LIMIT_EXCEEDED"));
        }
        let custom_id = text(&request, "custom_id", "/custom_id")?;
        text(&request, "note_to_payer", "/note_to_payer")?;
        let kind = RefundKind::Refund;
        let refund_id = self.take_back(&capture, (kind, custom_id), amount, asked.now);
        let made = Outcome::Made(refund_id.clone());
        self.remember(of, request_id.as_deref(), asked, REQUEST_ID_KEPT, made);
        let answer = self.show_refund(&refund_id, asked, StatusCode::CREATED)?;
        self.remember_answer(of, request_id.as_deref(), &answer);
        Ok(answer)
    }

    /// What becomes of a capture without the merchant's doing.
    pub(crate) fn afterwards(
        &mut self,
        id: &str,
        what: Afterwards,
        now: Timestamp,
    ) -> Result<(), NotPossible> {
        let capture = self
            .books
            .capture(id)
            .ok_or_else(|| NotPossible::NoSuchCapture(id.to_owned()))?
            .clone();
        let pending = capture.status == CaptureStatus::Pending;
        let has_money = match capture.status {
            CaptureStatus::Completed | CaptureStatus::PartiallyRefunded => true,
            CaptureStatus::Pending | CaptureStatus::Declined | CaptureStatus::Refunded => false,
        };
        let otherwise = |wanted| NotPossible::StandsOtherwise {
            is: capture.status.word(),
            wanted,
        };
        match what {
            Afterwards::Completes | Afterwards::Denied if !pending => Err(otherwise("PENDING")),
            Afterwards::Refunded
            | Afterwards::RefundedInPart(_)
            | Afterwards::Reversed
            | Afterwards::ReversedInPart(_)
            | Afterwards::ChargedBack
            | Afterwards::Disputed
                if !has_money =>
            {
                Err(otherwise("COMPLETED or PARTIALLY_REFUNDED"))
            }
            Afterwards::Completes => {
                self.end(id, CaptureStatus::Completed, now);
                self.tell_of_capture(EventType::CaptureCompleted, id, now);
                Ok(())
            }
            Afterwards::Denied => {
                self.end(id, CaptureStatus::Declined, now);
                self.tell_of_capture(EventType::CaptureDenied, id, now);
                Ok(())
            }
            Afterwards::FalselyDenied => {
                self.tell_falsely_of_denial(&capture, now);
                Ok(())
            }
            Afterwards::Refunded => self.part(&capture, None, RefundKind::Refund, now),
            Afterwards::RefundedInPart(part) => {
                self.part(&capture, Some(part), RefundKind::Refund, now)
            }
            Afterwards::Reversed => self.part(&capture, None, RefundKind::Reversal, now),
            Afterwards::ReversedInPart(part) => {
                self.part(&capture, Some(part), RefundKind::Reversal, now)
            }
            Afterwards::ChargedBack => self.part(&capture, None, RefundKind::Chargeback, now),
            Afterwards::ReversalUndone => self.undo(id, now),
            Afterwards::Disputed => {
                let amount = self.rest(&capture);
                self.open_dispute(id, amount, now);
                Ok(())
            }
            Afterwards::HoldReleased => {
                let dispute = self
                    .books
                    .disputes
                    .iter_mut()
                    .rev()
                    .find(|dispute| dispute.capture_id == id && dispute.released_at.is_none());
                let dispute = dispute.ok_or(NotPossible::NothingToUndo)?;
                dispute.released_at = Some(now);
                Ok(())
            }
        }
    }

    /// Lets so much of a capture go back, or all that is left.
    fn part(
        &mut self,
        capture: &Capture,
        part: Option<u32>,
        kind: RefundKind,
        now: Timestamp,
    ) -> Result<(), NotPossible> {
        let rest = self.rest(capture);
        let amount = part.map_or(rest, |part| rest.same(part.into()));
        if !(1..=rest.minor_units).contains(&amount.minor_units) {
            let left = rest.minor_units;
            return Err(NotPossible::MoreThanIsLeft { left });
        }
        self.take_back(capture, (kind, None), amount, now);
        Ok(())
    }

    /// What was taken back last returns.
    fn undo(&mut self, id: &str, now: Timestamp) -> Result<(), NotPossible> {
        let row_id = self.transaction_id();
        let taken = self.books.refunds.iter_mut().rev().find(|refund| {
            refund.capture_id == id && refund.kind != RefundKind::Refund && refund.undone.is_none()
        });
        let taken = taken.ok_or(NotPossible::NothingToUndo)?;
        taken.undone = Some((now, row_id));
        let amount = taken.amount.minor_units;
        self.count_back(id, |given_back| given_back.saturating_sub(amount), now);
        Ok(())
    }

    /// Ends a refund that is pending.
    pub(crate) fn end_refund(
        &mut self,
        id: &str,
        ends: RefundEnds,
        now: Timestamp,
    ) -> Result<(), NotPossible> {
        let refund = self.books.refunds.iter_mut().find(|refund| refund.id == id);
        let refund = refund.ok_or_else(|| NotPossible::NoSuchRefund(id.to_owned()))?;
        if refund.status != RefundStatus::Pending {
            return Err(NotPossible::StandsOtherwise {
                is: refund.status.word(),
                wanted: "PENDING",
            });
        }
        refund.updated_at = now;
        match ends {
            RefundEnds::Failed => refund.status = RefundStatus::Failed,
            RefundEnds::Completed => {
                refund.status = RefundStatus::Completed;
                let refund = refund.clone();
                let amount = refund.amount.minor_units;
                self.count_back(&refund.capture_id, |given_back| given_back + amount, now);
                self.tell_of_refund(EventType::CaptureRefunded, &refund, now);
            }
        }
        Ok(())
    }

    /// Writes down how much of a capture has gone back, and what that makes it.
    fn count_back(&mut self, id: &str, change: impl Fn(u64) -> u64, now: Timestamp) {
        let Some(capture) = self.capture_mut(id) else {
            return;
        };
        let given_back = change(capture.given_back.minor_units);
        capture.given_back.minor_units = given_back;
        capture.updated_at = now;
        capture.status = if given_back == 0 {
            CaptureStatus::Completed
        } else if given_back >= capture.amount.minor_units {
            CaptureStatus::Refunded
        } else {
            CaptureStatus::PartiallyRefunded
        };
    }

    /// What can still go back: neither what has gone nor what is on its way.
    fn rest(&self, capture: &Capture) -> Money {
        let on_its_way: u64 = self
            .books
            .refunds
            .iter()
            .filter(|refund| refund.capture_id == capture.id)
            .filter(|refund| refund.status == RefundStatus::Pending)
            .map(|refund| refund.amount.minor_units)
            .sum();
        let gone = capture.given_back.minor_units + on_its_way;
        let rest = capture.amount.minor_units.saturating_sub(gone);
        capture.amount.same(rest)
    }

    fn end(&mut self, id: &str, status: CaptureStatus, now: Timestamp) {
        if let Some(capture) = self.capture_mut(id) {
            capture.status = status;
            capture.updated_at = now;
        }
    }

    fn take_back(
        &mut self,
        capture: &Capture,
        (kind, custom_id): (RefundKind, Option<String>),
        amount: Money,
        now: Timestamp,
    ) -> String {
        let then = match kind {
            RefundKind::Refund => self.behaviour.refund_pending_then,
            RefundKind::Reversal | RefundKind::Chargeback => None,
        };
        let status = match then {
            None => RefundStatus::Completed,
            Some(_) => RefundStatus::Pending,
        };
        let given_back = capture.given_back.minor_units + amount.minor_units;
        let refund = Refund {
            id: self.transaction_id(),
            capture_id: capture.id.clone(),
            custom_id,
            kind,
            status,
            amount,
            total: amount.same(given_back),
            created_at: now,
            updated_at: now,
            undone: None,
        };
        if status == RefundStatus::Completed {
            self.count_back(&capture.id, |_| given_back, now);
        }
        let ends_at = later(now, hours(self.behaviour.refund_pending_h));
        match then {
            None | Some(RefundThen::Never) => {}
            Some(RefundThen::Completed) => {
                self.schedule
                    .refund(ends_at, &refund.id, RefundEnds::Completed);
            }
            Some(RefundThen::Failed) => {
                self.schedule
                    .refund(ends_at, &refund.id, RefundEnds::Failed);
            }
        }
        let event = match kind {
            RefundKind::Refund => EventType::CaptureRefunded,
            RefundKind::Reversal | RefundKind::Chargeback => EventType::CaptureReversed,
        };
        let id = refund.id.clone();
        self.books.refunds.push(refund.clone());
        self.tell_of_refund(event, &refund, now);
        id
    }

    /// A dispute about a payment that is not in these books (8.7).
    pub(crate) fn dispute_about_nothing(&mut self, amount: Money, now: Timestamp) -> String {
        let capture_id = self.ids.resource();
        self.open_dispute(&capture_id, amount, now)
    }

    fn open_dispute(&mut self, capture_id: &str, amount: Money, now: Timestamp) -> String {
        let dispute = Dispute {
            id: format!("PP-D-{}", 10_000 + self.books.disputes.len()),
            capture_id: capture_id.to_owned(),
            names: self.behaviour.dispute_names,
            amount,
            created_at: now,
            released_at: None,
        };
        let id = dispute.id.clone();
        let resource = self.dispute_shape(&dispute);
        self.books.disputes.push(dispute);
        self.tell(EventType::DisputeCreated, &resource, amount, now);
        id
    }

    fn dispute_shape(&self, dispute: &Dispute) -> Value {
        let capture = self.books.capture(&dispute.capture_id);
        self.shapes()
            .dispute(dispute, capture, &self.settings.merchant_id)
    }

    fn show_refund(
        &self,
        id: &str,
        asked: &ApiRequest<'_>,
        status: StatusCode,
    ) -> Result<Answer, Refusal> {
        let refund = self.refund_of(id).ok_or_else(unknown)?;
        let body = if asked.wants_representation() {
            let capture = self.books.capture(&refund.capture_id);
            self.shapes().refund(refund, capture)
        } else {
            self.shapes().refund_minimal(refund)
        };
        Ok(Answer::json(status, body))
    }

    fn refund_of(&self, id: &str) -> Option<&Refund> {
        self.books.refunds.iter().find(|refund| refund.id == id)
    }

    fn capture_mut(&mut self, id: &str) -> Option<&mut Capture> {
        self.books
            .captures
            .iter_mut()
            .find(|capture| capture.id == id)
    }
}

/// Whether what was made then can be read already.
fn readable(made_at: Timestamp, after_s: u32, now: Timestamp) -> Result<(), Refusal> {
    if now < later(made_at, seconds(after_s)) {
        return Err(unknown());
    }
    Ok(())
}

fn unknown() -> Refusal {
    Refusal::issue("INVALID_RESOURCE_ID")
}
