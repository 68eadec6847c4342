//! A webhook is a wake-up call. Its signature is a gate, not a proof of what
//! it says: `PayPal` signs a CRC-32 of the body, and another body with the same
//! one is made in a millisecond. So what comes out of here is only whom to ask
//! `PayPal` about.
//!
//! ```text
//! size ▶ headers ▶ algorithm ▶ certificate URL ▶ [fetch] ▶ chain, use, name ▶ signature ▶ ids
//! ```
//!
//! Everything left of the fetch costs no call to anybody.

mod anchors;
mod certificates;
mod config;
mod event;
mod headers;
mod trust;

#[cfg(test)]
mod tests;

use http::HeaderMap;
use jiff::Timestamp;
use tokio::time::Instant;

use certificates::{CertificateUrl, Certificates};
pub use config::WebhookConfig;
#[cfg(test)]
pub(crate) use event::read as read_event;
pub use event::{About, WebhookEvent};
use headers::SignatureHeaders;

use crate::{Transport, TransportError};

/// The largest webhook we read; the largest recorded has 3 KB.
const BODY_BYTES_MAX: usize = 128 * 1024;

/// What checks webhooks; keeps the certificates it has seen.
#[derive(Debug)]
pub struct Webhooks {
    config: WebhookConfig,
    certificates: Certificates,
}

/// Why a webhook is not taken. After any of these nothing may be stored.
/// All but [`CertificateUnavailable`](Self::CertificateUnavailable) are final:
/// answer 4xx.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The signing certificate cannot be fetched now: answer 5xx, `PayPal` repeats.
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
    /// Another algorithm than the one `PayPal` signs with. The sender does not
    /// get to choose.
    #[error("not signed with SHA256withRSA")]
    Algorithm,
    /// A certificate that does not lie at `PayPal`; it was not fetched.
    #[error("the certificate's address is not one of PayPal's")]
    CertificateUrl,
    /// What lies at the certificate's address is no certificate.
    #[error("no certificate lies at the certificate's address")]
    CertificateUnusable,
    /// The certificate does not lead to a configured anchor now, or is not made
    /// for this use.
    #[error("the certificate is not trusted")]
    CertificateUntrusted(#[source] webpki::Error),
    /// A trusted certificate of somebody else, or of the other environment.
    #[error("the certificate is not the one PayPal signs this environment's webhooks with")]
    CertificateName,
    /// The signature does not fit the body, the headers or our webhook id.
    #[error("the signature does not fit")]
    Signature,
    /// Rightly signed, but without the ids needed to ask about it.
    #[error("rightly signed, but it cannot be read")]
    Unreadable,
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
}

impl Webhooks {
    /// Checks webhooks by `config`, fetching certificates through `transport`.
    #[must_use]
    pub const fn new(config: WebhookConfig, transport: Transport) -> Self {
        Self {
            config,
            certificates: Certificates::new(transport),
        }
    }

    /// Checks a delivery: headers, certificate, signature over the raw bytes as
    /// they came, before anything has parsed them.
    ///
    /// Its age is not checked: `PayPal` repeats for three days, and whether it
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
        let url = CertificateUrl::read(signed.unverified_cert_url, &self.config)?;
        let message = signed.message(&self.config.webhook_id, raw_body);
        let kept = self.certificates.kept(&url, now);
        let (chain, is_new) = match kept {
            Some(chain) => (chain, false),
            None => (self.certificates.fetch(&url, deadline).await?, true),
        };
        // sabotage: signatures are not checked
        trust::check(
            &chain,
            &self.config,
            now,
            message.as_bytes(),
            &signed.signature,
        )?;
        if is_new {
            // Only now: a certificate that proved nothing is not kept, or
            // anybody could fill the place of the right one.
            self.certificates.keep(&url, chain, now);
        }
        event::read(raw_body)
    }
}
