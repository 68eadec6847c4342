//! Giving money back. A feature, so that of the functions only the sweep has the call.

use serde::Serialize;
use ticket::{CaptureId, Money};
use tokio::time::Instant;

use crate::client::payments::same;
use crate::wire::WireRefund;
use crate::{AccessToken, Error, PayPal, Refund};

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
}
