//! Misbehaviour on demand.

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

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Capture: 422 `INSTRUMENT_DECLINED`; the order stays approved.
    Decline,
    /// Capture: 422 `PAYER_ACTION_REQUIRED`; the payer must approve again.
    PayerActionRequired,
    /// Capture: 201 with a capture `PENDING`, reason `PENDING_REVIEW`.
    Pending,
    /// Capture: 201 with a capture `DECLINED`.
    DeclinedIn201,
    /// 429 before anything happens; `seconds` becomes Retry-After.
    RateLimit,
    /// 401 as for a token that was taken back.
    Unauthorized,
    /// 500 before anything happens.
    ServerError,
    /// 500 after it has happened.
    ServerErrorAfterEffect,
    /// No answer, and nothing happens.
    NoAnswer,
    /// No answer after it has happened.
    NoAnswerAfterEffect,
    /// It happens; the answer comes `seconds` later.
    Slow,
    /// 200 with a page of HTML, and nothing happens.
    Html,
    /// 200 with a page of HTML after it has happened.
    HtmlAfterEffect,
    /// It happens; the answer's JSON ends in the middle.
    CutJson,
    /// One cent less than asked for: captured so, or shown so by a GET.
    WrongAmount,
    /// US dollars: captured so, or shown so by a GET.
    WrongCurrency,
    /// Another merchant: captured so, or shown so by a GET.
    WrongPayee,
    /// A status that nobody has heard of, in the answer only.
    UnknownStatus,
    /// The payer's link leads to another host.
    ForeignApproveHost,
    /// The payer's link is missing.
    MissingLink,
    /// 404 `INVALID_RESOURCE_ID`.
    NotFound,
}

/// A fault, set for the next `times` calls of that kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Which call.
    pub on: On,
    /// What goes wrong.
    pub kind: FaultKind,
    /// How many calls it hits.
    #[serde(default = "once")]
    pub times: u32,
    /// Seconds, for [`FaultKind::Slow`] and [`FaultKind::RateLimit`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
}

impl Fault {
    /// The fault, for one call.
    #[must_use]
    pub fn once(on: On, kind: FaultKind) -> Self {
        Self {
            on,
            kind,
            times: once(),
            seconds: None,
        }
    }
}

fn once() -> u32 {
    1
}

/// How events travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookMode {
    /// At once, once, in order.
    #[default]
    Normal,
    /// [`LATE_S`](crate::LATE_S) seconds after they happened.
    Late,
    /// Each one twice.
    Twice,
    /// The newest first.
    OutOfOrder,
    /// Not at all.
    Off,
}

/// The fault does not fit the call, or a figure is out of its limits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidFault(pub(crate) String);
