//! Captures after the fact: shown, given back, taken back, disputed, ended.

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};

use crate::answers::{Answer, Refusal};
use crate::behaviour::seconds;
use crate::books::{Capture, CaptureStatus, Dispute, Refund, RefundKind};
use crate::events::EventType;
use crate::money::Money;
use crate::request_ids::Outcome;
use crate::requests::money;
use crate::state::{Asked, State, later};

/// How long a capture can be given back.
///
/// Source: `PayPal` refund guide: 180 days by default.
const REFUND_WITHIN: SignedDuration = SignedDuration::from_hours(180 * 24);
/// How long refunds keep a `PayPal-Request-Id`.
///
/// Source: `PayPal` Payments v2, parameter `paypal_request_id`: 45 days.
const REQUEST_ID_KEPT: SignedDuration = SignedDuration::from_hours(45 * 24);

/// What becomes of a capture without the merchant's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afterwards {
    /// A pending one ends well.
    Completes,
    /// A pending one ends badly.
    Denied,
    /// The merchant gives the rest back, in `PayPal`'s own web pages.
    Refunded,
    /// The bank takes the rest back.
    Reversed,
    /// The payer complains.
    Disputed,
}

/// That cannot become of the capture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPossible {
    /// No such capture.
    #[error("there is no capture {0}; the books at /_standin/books list them")]
    NoSuchCapture(String),
    /// It stands otherwise.
    #[error("the capture is {is}; this takes one that is {wanted}")]
    StandsOtherwise {
        /// Where it stands.
        is: &'static str,
        /// Where it would have to stand.
        wanted: &'static str,
    },
}

impl State {
    /// `GET /v2/payments/captures/{id}`
    pub(crate) fn get_capture(&self, id: &str, now: Timestamp) -> Result<Answer, Refusal> {
        let capture = self.books.capture(id).ok_or_else(unknown)?;
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
        let merchant_id = &self.settings.merchant_id;
        let body = self.shapes().dispute(dispute, merchant_id);
        Ok(Answer::json(StatusCode::OK, body))
    }

    /// `POST /v2/payments/captures/{id}/refund`
    pub(crate) fn refund(&mut self, id: &str, asked: &Asked<'_>) -> Result<Answer, Refusal> {
        let request = asked.json()?;
        let request_id = asked.request_id()?;
        let capture = self.books.capture(id).ok_or_else(unknown)?.clone();
        let of = ("refund_capture", id);
        match self.recall(of, request_id.as_deref(), asked)? {
            Some(Outcome::Made(made)) => return self.show_refund(&made, asked, StatusCode::OK),
            Some(Outcome::Said(body)) => return Ok(Answer::json(StatusCode::OK, body)),
            Some(Outcome::Refused(_)) | None => {}
        }
        let rest = rest(&capture);
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
        if amount.currency != rest.currency {
            return Err(Refusal::issue("REFUND_CAPTURE_CURRENCY_MISMATCH"));
        }
        if amount.minor_units > rest.minor_units {
            return Err(Refusal::issue("REFUND_AMOUNT_EXCEEDED"));
        }
        if asked.now >= later(capture.created_at, REFUND_WITHIN) {
            return Err(Refusal::issue("REFUND_TIME_LIMIT_EXCEEDED"));
        }
        let refund_id = self.take_back(&capture, RefundKind::Refund, amount, asked.now);
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
            Afterwards::Refunded | Afterwards::Reversed | Afterwards::Disputed if !has_money => {
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
            Afterwards::Refunded => {
                self.take_back(&capture, RefundKind::Refund, rest(&capture), now);
                Ok(())
            }
            Afterwards::Reversed => {
                self.take_back(&capture, RefundKind::Reversal, rest(&capture), now);
                Ok(())
            }
            Afterwards::Disputed => {
                self.open_dispute(&capture, now);
                Ok(())
            }
        }
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
        kind: RefundKind,
        amount: Money,
        now: Timestamp,
    ) -> String {
        let given_back = capture.given_back.minor_units + amount.minor_units;
        let refund = Refund {
            id: self.ids.resource(),
            capture_id: capture.id.clone(),
            kind,
            amount,
            total: amount.same(given_back),
            created_at: now,
        };
        if let Some(capture) = self.capture_mut(&capture.id) {
            capture.given_back = amount.same(given_back);
            capture.updated_at = now;
            capture.status = if given_back >= capture.amount.minor_units {
                CaptureStatus::Refunded
            } else {
                CaptureStatus::PartiallyRefunded
            };
        }
        let event = match kind {
            RefundKind::Refund => EventType::CaptureRefunded,
            RefundKind::Reversal => EventType::CaptureReversed,
        };
        let id = refund.id.clone();
        self.books.refunds.push(refund.clone());
        self.tell_of_refund(event, &refund, now);
        id
    }

    fn open_dispute(&mut self, capture: &Capture, now: Timestamp) {
        let dispute = Dispute {
            id: format!("PP-D-{}", 10_000 + self.books.disputes.len()),
            capture_id: capture.id.clone(),
            amount: rest(capture),
            created_at: now,
        };
        let merchant_id = self.settings.merchant_id.clone();
        let resource = self.shapes().dispute(&dispute, &merchant_id);
        let amount = dispute.amount;
        self.books.disputes.push(dispute);
        self.tell(EventType::DisputeCreated, &resource, amount, now);
    }

    fn show_refund(
        &self,
        id: &str,
        asked: &Asked<'_>,
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

/// What has not gone back yet.
fn rest(capture: &Capture) -> Money {
    let given_back = capture.given_back.minor_units;
    capture
        .amount
        .same(capture.amount.minor_units.saturating_sub(given_back))
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
