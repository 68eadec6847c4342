//! What became of money: captures, refunds, disputes.

use ticket::CaptureId;
use tokio::time::Instant;

use crate::wire::{Unreadable, WireCapture, WireDispute, WireRefund};
use crate::{AccessToken, Capture, Dispute, DisputeId, Error, PayPal, Refund, RefundId};

impl PayPal {
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
pub(super) fn same<T>(found: T, is_it: impl FnOnce(&T) -> bool) -> Result<T, Unreadable> {
    if is_it(&found) {
        Ok(found)
    } else {
        Err(Unreadable)
    }
}
