//! The calls of the API, as faults and refusals name them.

use serde::{Deserialize, Serialize};

/// The calls a fault can be set on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// Every call of the API.
    Any,
    /// `POST /v1/oauth2/token`
    Token,
    /// `POST /v2/checkout/orders`
    Create,
    /// `GET /v2/checkout/orders/{id}`
    GetOrder,
    /// `POST /v2/checkout/orders/{id}/capture`
    Capture,
    /// `GET /v2/payments/captures/{id}`
    GetCapture,
    /// `POST /v2/payments/captures/{id}/refund`
    Refund,
    /// `GET /v2/payments/refunds/{id}`
    GetRefund,
    /// `GET /v1/customer/disputes/{id}`
    GetDispute,
    /// `GET /v1/notifications/certs/…`
    Certificate,
    /// `GET /v1/reporting/transactions`
    Transactions,
}

impl On {
    /// Its name, as a fault is set on.
    pub(crate) fn name(self) -> String {
        let written = serde_json::to_value(self).unwrap_or_default();
        written.as_str().unwrap_or_default().to_owned()
    }
}
