//! A webhook is a wake-up call. Its signature is a gate, not a proof of what
//! it says: `PayPal` signs a CRC-32 of the body, and another body with the same
//! one is made in a millisecond. So what comes out of here is only whom to ask
//! `PayPal` about.

use http::HeaderMap;
use jiff::Timestamp;
use parameters::Vars;
use ticket::{AttemptId, CaptureId, OrderId};
use tokio::time::Instant;

use crate::{ConfigError, DisputeId, EventId, RefundId, Transport};

/// How to check a webhook.
#[derive(Debug)]
pub struct WebhookConfig {}

impl WebhookConfig {
    /// Reads `PAYPAL_ENVIRONMENT`, `PAYPAL_BASE_URL`, `PAYPAL_WEBHOOK_ID` and,
    /// where set, `PAYPAL_WEBHOOK_ANCHORS` or `PAYPAL_WEBHOOK_ANCHORS_PARAMETER`.
    ///
    /// # Errors
    /// When one is missing or wrong, or the certificates cannot be read.
    pub async fn from_vars(vars: &Vars<'_>) -> Result<Self, ConfigError> {
        parameters::value(vars, "PAYPAL_WEBHOOK_ID").await?;
        Ok(Self {})
    }
}

/// What checks webhooks; keeps the certificates it has seen.
#[derive(Debug)]
pub struct Webhooks {}

/// A webhook whose signature fits. Its ids are hints whom to ask about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookEvent {
    /// The same for each delivery of one event.
    pub id: EventId,
    /// `PAYMENT.CAPTURE.COMPLETED`; letters, digits, dots, hyphens, at most 64.
    pub event_type: String,
    /// What to ask `PayPal` about.
    pub about: About,
}

/// What an event is about: where to look, never what to believe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// An order or a capture of one: settle it.
    Order {
        /// The attempt its `custom_id` names.
        attempt: Option<AttemptId>,
        /// The order it names.
        order_id: Option<OrderId>,
    },
    /// A refund.
    Refund {
        /// The refund to ask about.
        refund_id: RefundId,
        /// The capture it takes back, by its own word.
        capture_id: Option<CaptureId>,
    },
    /// A capture taken back by force; `PayPal` keeps it as a refund.
    Reversal {
        /// The refund to ask about.
        refund_id: RefundId,
        /// The capture it takes back, by its own word.
        capture_id: Option<CaptureId>,
    },
    /// A dispute.
    Dispute {
        /// The dispute to ask about.
        dispute_id: DisputeId,
    },
    /// Nothing we act on.
    Nothing,
}

/// Why a webhook is not taken. All but one are the sender's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// The signing certificate cannot be fetched now: answer 5xx, `PayPal` repeats.
    #[error("the signing certificate cannot be fetched now")]
    CertificateUnavailable,
}

impl Webhooks {
    /// Checks webhooks by `config`, fetching certificates through `transport`.
    #[must_use]
    pub fn new(_config: WebhookConfig, _transport: Transport) -> Self {
        Self {}
    }

    /// Checks a delivery: headers, certificate, signature over the raw bytes.
    ///
    /// # Errors
    /// As [`WebhookError`] says; after an error nothing may be stored.
    pub async fn verify(
        &self,
        _headers: &HeaderMap,
        _raw_body: &[u8],
        _now: Timestamp,
        deadline: Instant,
    ) -> Result<WebhookEvent, WebhookError> {
        tokio::time::timeout_at(deadline, std::future::ready(()))
            .await
            .map_err(|_elapsed| WebhookError::CertificateUnavailable)?;
        Err(WebhookError::CertificateUnavailable)
    }
}
