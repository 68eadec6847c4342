//! What became of money: captures, refunds, disputes; and giving it back.

use serde::Serialize;
use ticket::{CaptureId, Money};
use tokio::time::Instant;

use crate::wire::{Unreadable, WireCapture, WireDispute, WireRefund};
use crate::{AccessToken, Capture, Dispute, DisputeId, Error, PayPal, Refund, RefundId};

/// What is to be given back of a capture.
#[derive(Clone, Copy, Debug)]
pub struct NewRefund<'a> {
    /// How much; never more than is left.
    pub amount: &'a Money,
    /// Our number of it, which PayPal repeats.
    pub custom_id: &'a str,
    /// What the payer reads.
    pub note_to_payer: &'a str,
}

#[derive(Serialize)]
struct WireNewRefund<'a> {
    amount: WireAmount<'a>,
    custom_id: &'a str,
    note_to_payer: &'a str,
}

#[derive(Serialize)]
struct WireAmount<'a> {
    currency_code: &'a str,
    value: &'a str,
}

impl PayPal {
    /// Gives money of a capture back. PayPal keeps the request id for 45 days and gives
    /// it back once; a 2xx does not say that it has gone: see the status.
    ///
    /// # Errors
    /// As [`Error`] says.
    ///
    /// Source: Payments v2, `captures.refund`.
    pub async fn refund_capture(
        &self,
        token: &AccessToken,
        id: &CaptureId,
        request_id: &str,
        refund: NewRefund<'_>,
        deadline: Instant,
    ) -> Result<Refund, Error> {
        let call = self.call("refund capture", deadline);
        let path = format!("v2/payments/captures/{id}/refund");
        let body = WireNewRefund {
            amount: WireAmount {
                currency_code: &refund.amount.currency,
                value: &refund.amount.value,
            },
            custom_id: refund.custom_id,
            note_to_payer: refund.note_to_payer,
        };
        let made = call.post(token, &path, request_id, &body).await?;
        made.read(|made: WireRefund| {
            let is_of_it = |refund: &Refund| refund.capture_id.as_ref().is_none_or(|of| of == id);
            same(made.read()?, is_of_it)
        })
    }

    /// Reads a capture.
    ///
    /// # Errors
    /// As [`Error`] says.
    ///
    /// Source: Payments v2, `captures.get`.
    pub async fn get_capture(
        &self,
        token: &AccessToken,
        id: &CaptureId,
        deadline: Instant,
    ) -> Result<Capture, Error> {
        let call = self.call("get capture", deadline);
        let path = format!("v2/payments/captures/{id}");
        let capture = call.get(token, &path).await?;
        capture.read(|capture: WireCapture| same(capture.read()?, |found| found.id == *id))
    }

    /// Reads a refund or a reversal.
    ///
    /// # Errors
    /// As [`Error`] says.
    ///
    /// Source: Payments v2, `refunds.get`.
    pub async fn get_refund(
        &self,
        token: &AccessToken,
        id: &RefundId,
        deadline: Instant,
    ) -> Result<Refund, Error> {
        let call = self.call("get refund", deadline);
        let path = format!("v2/payments/refunds/{id}");
        let refund = call.get(token, &path).await?;
        refund.read(|refund: WireRefund| same(refund.read()?, |found| found.id == *id))
    }

    /// Reads a dispute.
    ///
    /// # Errors
    /// As [`Error`] says.
    ///
    /// Source: Disputes v1, `disputes.get`.
    pub async fn get_dispute(
        &self,
        token: &AccessToken,
        id: &DisputeId,
        deadline: Instant,
    ) -> Result<Dispute, Error> {
        let call = self.call("get dispute", deadline);
        let path = format!("v1/customer/disputes/{id}");
        let dispute = call.get(token, &path).await?;
        dispute.read(|dispute: WireDispute| same(dispute.read()?, |found| found.id == *id))
    }
}

/// An answer about something else than was asked is no answer.
fn same<T>(found: T, is_it: impl FnOnce(&T) -> bool) -> Result<T, Unreadable> {
    if is_it(&found) {
        Ok(found)
    } else {
        Err(Unreadable)
    }
}
