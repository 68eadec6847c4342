//! A webhook is a wake-up call. Its signature is a gate, not a proof of what
//! it says: PayPal signs a CRC-32 of the body, and another body with the same
//! one is made in a millisecond. So what comes out of here is only whom to ask
//! PayPal about.
//!
//! ```text
//! size ▶ headers ▶ algorithm ▶ certificate URL ▶ [fetch] ▶ chain, use, name ▶ signature ▶ ids
//!                                                    └─ refused ▶ [postback], where switched on
//! ```
//!
//! Everything left of the fetch costs no call to anybody; fetches and postbacks of a
//! process share a budget, since whoever knows our address can make us want them.

mod anchors;
mod budget;
mod certificates;
mod config;
mod event;
mod headers;
mod postback;
mod trust;

#[cfg(test)]
mod tests;

use http::HeaderMap;
use jiff::Timestamp;
use tokio::time::Instant;

use budget::Budget;
use certificates::{CertificateUrl, Certificates};
pub use config::WebhookConfig;
#[cfg(feature = "administration")]
pub use config::trust_ends;
#[cfg(test)]
pub(crate) use event::read as read_event;
pub use event::{About, WebhookEvent};
use headers::SignatureHeaders;
pub use postback::Postback;
pub use trust::Distrust;

use crate::{Transport, TransportError};

/// The largest webhook we read; the largest recorded has 3 KB.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// What checks webhooks; keeps the certificates it has seen.
#[derive(Debug)]
pub struct Webhooks {
    config: WebhookConfig,
    certificates: Certificates,
    budget: Budget,
}

/// Why a webhook is not taken. After any of these nothing may be stored.
/// All but [`CertificateUnavailable`](Self::CertificateUnavailable) and
/// [`PostbackUnavailable`](Self::PostbackUnavailable) are final: answer 4xx.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The signing certificate cannot be fetched now: answer 5xx, PayPal repeats.
    #[error("the signing certificate cannot be fetched now")]
    CertificateUnavailable(#[source] CertificateFetch),
    /// More than any webhook has.
    #[error("the body is larger than {BODY_BYTES_MAX} bytes")]
    BodyTooLarge,
    /// A header the signature needs is not there.
    #[error("the header {name} is missing")]
    HeaderMissing {
        /// The header.
        name: &'static str,
    },
    /// A header that must say one thing says two.
    #[error("the header {name} comes more than once")]
    HeaderDoubled {
        /// The header.
        name: &'static str,
    },
    /// A header that is too long, or holds what its kind never holds.
    #[error("the header {name} is malformed")]
    HeaderMalformed {
        /// The header.
        name: &'static str,
    },
    /// Another algorithm than the one PayPal signs with. The sender does not
    /// get to choose.
    #[error("not signed with SHA256withRSA")]
    Algorithm,
    /// A certificate that does not lie at PayPal; it was not fetched.
    #[error("the certificate's address is not one of PayPal's")]
    CertificateUrl,
    /// A certificate that is never to be trusted, by configuration.
    #[error("the certificate is one of PAYPAL_CERTIFICATES_REVOKED")]
    CertificateRevoked,
    /// A certificate of PayPal's address that is not trusted. Either somebody plays
    /// with addresses, or PayPal signs with an authority we do not know: the second
    /// costs us every webhook, so tell somebody.
    #[error("the certificate is not trusted")]
    CertificateRefused(#[source] Box<RefusedCertificate>),
    /// PayPal cannot be asked now whether it sent this: answer 5xx, it repeats.
    #[error("PayPal does not say now whether it sent this")]
    PostbackUnavailable(#[source] Box<crate::Error>),
    /// PayPal says that it did not send this.
    #[error("PayPal says that it did not send this")]
    NotSent,
    /// The signature does not fit the body, the headers or our webhook ids.
    #[error("the signature does not fit")]
    Signature,
}

/// Why a certificate did not come.
#[derive(Debug, thiserror::Error)]
pub enum CertificateFetch {
    /// Nothing came back.
    #[error("no answer")]
    NoAnswer(#[source] TransportError),
    /// A status that may be another one in a minute.
    #[error("status {0}")]
    Status(u16),
    /// This process has asked PayPal as often as it may in a minute for deliveries
    /// that nobody had verified.
    #[error("asked too often in a minute")]
    AskedTooOften,
}

/// A certificate that is not trusted.
#[derive(Debug, thiserror::Error)]
#[error("{url}, issued by {issuer:?}")]
pub struct RefusedCertificate {
    /// Where it lies: at PayPal, or it would not have been fetched.
    pub url: String,
    /// Who has signed it, by its own word, where it could be read.
    pub issuer: Option<String>,
    /// The reason.
    #[source]
    pub distrust: Distrust,
    /// It was refused just now; otherwise it was within the last minute, by this
    /// process, and somebody has been told.
    pub is_new: bool,
}

impl Webhooks {
    /// Checks webhooks by `config`, fetching certificates through `transport`.
    #[must_use]
    pub const fn new(config: WebhookConfig, transport: Transport) -> Self {
        Self {
            config,
            certificates: Certificates::new(transport),
            budget: Budget::new(),
        }
    }

    /// When the first of the certificates ends that PayPal's must lead to: from then on what
    /// is signed under it is not believed.
    #[must_use]
    pub fn trust_ends(&self) -> Timestamp {
        self.config.anchors.ends()
    }

    /// Checks a delivery: headers, certificate, signature over the raw bytes as
    /// they came, before anything has parsed them.
    ///
    /// Its age is not checked: PayPal repeats for three days, and whether it
    /// signs anew then is not known. A repeat is harmless, since it only wakes.
    ///
    /// # Errors
    /// As [`WebhookError`] says; after an error nothing may be stored.
    pub async fn verify(
        &self,
        headers: &HeaderMap,
        raw_body: &[u8],
        now: Timestamp,
        deadline: Instant,
    ) -> Result<WebhookEvent, WebhookError> {
        if raw_body.len() > BODY_BYTES_MAX {
            return Err(WebhookError::BodyTooLarge);
        }
        let signed = SignatureHeaders::read(headers)?;
        let config = &self.config;
        let url = signed.unverified_cert_url;
        let url = CertificateUrl::read(url, config.environment, &config.base_url)?;
        if config.revoked.iter().any(|it| it.is_same_certificate(&url)) {
            return Err(WebhookError::CertificateRevoked);
        }
        let chain = self
            .certificates
            .trusted(&url, config, &self.budget, now, deadline)
            .await?;
        let fits = |webhook_id: &String| {
            let message = signed.message(webhook_id, raw_body);
            trust::has_signed(&chain, message.as_bytes(), &signed.signature)
        };
        // sabotage: signatures are not checked
        if !config.webhook_ids.iter().any(fits) {
            return Err(WebhookError::Signature);
        }
        let transmission = signed.transmission_id()?;
        Ok(event::read(raw_body).unwrap_or_else(|rest| rest.into_event(transmission)))
    }

    /// What to ask PayPal about a delivery that was `refused` for its certificate.
    /// Give it to [`PayPal::post_back`](crate::PayPal::post_back).
    ///
    /// # Errors
    /// `refused` itself where it is about something else, where this is not switched
    /// on, or where the body is nothing PayPal can be asked about; or that PayPal
    /// was asked too often.
    pub fn postback(
        &self,
        refused: WebhookError,
        headers: &HeaderMap,
        raw_body: &[u8],
        now: Timestamp,
    ) -> Result<Postback, WebhookError> {
        let is_about_trust = matches!(refused, WebhookError::CertificateRefused(_));
        if !is_about_trust || !self.config.postback {
            return Err(refused);
        }
        let signed = SignatureHeaders::read(headers)?;
        let webhook_ids = &self.config.webhook_ids;
        let Some(postback) = Postback::of(&signed, webhook_ids, raw_body) else {
            return Err(refused);
        };
        if self.budget.take(webhook_ids.len(), now) {
            Ok(postback)
        } else {
            let fetch = CertificateFetch::AskedTooOften;
            Err(WebhookError::CertificateUnavailable(fetch))
        }
    }
}
