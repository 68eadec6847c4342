//! The only crate that knows PayPal's wire: the handful of calls this project
//! makes, and the verification of webhooks.
//!
//! ```text
//! Config ──▶ PayPal ──▶ Transport ──▶ an answer: Order, Capture, Refund, Dispute,
//!                                     TransactionPage,
//!                                     or an Error, which says what the caller may do
//! raw webhook ──▶ Webhooks::verify ──▶ WebhookEvent: whom to ask about, never a fact
//! ```
//!
//! Access tokens are handed in; who calls keeps them. Nothing here decides
//! whether a ticket is paid, and nothing here is stored.
//!
//! Sources: PayPal's published specification (`tests/contract/paypal/openapi`) and
//! the recorded answers beside it, which are the data of this crate's tests.

mod answer;
mod approve_url;
mod client;
mod config;
mod credentials;
mod error;
mod identifiers;
mod order_request;
mod traffic;
mod transaction;
mod transport;
mod webhook;
mod wire;

pub use answer::{
    Capture, CaptureStatus, Dispute, DisputeStatus, Disputed, Order, OrderStatus, Refund,
    RefundStatus,
};
#[cfg(feature = "administration")]
pub use client::administration::{WEBHOOK_EVENTS, Webhook};
#[cfg(feature = "refunds")]
pub use client::refunds::NewRefund;
pub use client::{
    AccessToken, CreatedOrder, PayPal, SEARCH_LAG, SEARCH_LAG_MAX, SEARCH_PAGE_ROWS,
    SEARCH_WINDOW_MAX, Searched,
};
pub use config::{Config, ConfigError, Environment};
#[cfg(feature = "administration")]
pub use credentials::check_credentials;
pub use error::{Error, Issue};
pub use identifiers::{DisputeId, EventId, InvalidPayPalId, RefundId};
pub use order_request::NewOrder;
pub use traffic::{RetryAfter, Traffic};
pub use transaction::{
    Reference, Transaction, TransactionKind, TransactionPage, TransactionStatus,
};
pub use transport::{Transport, TransportError};
#[cfg(feature = "administration")]
pub use webhook::trust_ends;
pub use webhook::{
    About, CertificateFetch, Distrust, Postback, RefusedCertificate, WebhookConfig, WebhookError,
    WebhookEvent, Webhooks,
};

#[cfg(test)]
mod tests;
