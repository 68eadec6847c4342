//! Signing certificates: where they may lie, how they are fetched, how long
//! they are kept.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio::time::Instant;

use super::{CertificateFetch, WebhookConfig, WebhookError};
use crate::{Environment, Transport, TransportError};

/// The largest file taken for a certificate; `PayPal`'s have 2.7 KB.
const CERTIFICATE_BYTES_MAX: usize = 16 * 1024;
/// How long fetching one may take.
const FETCH_LIMIT: Duration = Duration::from_secs(3);
/// A leaf and what leads from it to an anchor.
const CHAIN_LEN_MAX: usize = 4;
/// How long one is kept. Its own end is checked each time it is used.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);
/// `PayPal` has one per environment and half year; room for a change, and no
/// more, or a flood of addresses would fill the memory.
const KEPT_MAX: usize = 4;
/// After `CERT-`; `PayPal`'s have 26 characters.
const NAME_LEN_MAX: usize = 64;

/// An address under which `PayPal` keeps signing certificates. Nothing else is
/// ever fetched: the header that names it is anybody's to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CertificateUrl(String);

impl CertificateUrl {
    /// The address is compared as text, from its first character on: no two
    /// parsers can then disagree on which host it names. It can hold no user,
    /// port, query, escape or `..`, since nothing of it is free but the
    /// hexadecimal name at its end.
    pub(super) fn read(unverified: &str, config: &WebhookConfig) -> Result<Self, WebhookError> {
        let live = ["https://api.paypal.com/", "https://api-m.paypal.com/"];
        let sandbox = [
            "https://api.sandbox.paypal.com/",
            "https://api-m.sandbox.paypal.com/",
        ];
        let local = [config.base_url.as_str()];
        let origins: &[&str] = match config.environment {
            Environment::Live => &live,
            Environment::Sandbox => &sandbox,
            Environment::Local => &local,
        };
        let name = origins
            .iter()
            .find_map(|origin| unverified.strip_prefix(origin))
            .and_then(|path| path.strip_prefix("v1/notifications/certs/CERT-"));
        let hexadecimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-');
        let fits =
            |name: &&str| (1..=NAME_LEN_MAX).contains(&name.len()) && name.bytes().all(hexadecimal);
        name.filter(fits)
            .map(|_| Self(unverified.to_owned()))
            .ok_or(WebhookError::CertificateUrl)
    }
}

/// A leaf, and whatever was served with it.
pub(super) type Chain = Arc<Vec<CertificateDer<'static>>>;

/// Fetches certificates, and keeps those that proved right.
pub(super) struct Certificates {
    transport: Transport,
    kept: Mutex<Vec<Kept>>,
}

struct Kept {
    url: CertificateUrl,
    chain: Chain,
    since: Timestamp,
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates").finish_non_exhaustive()
    }
}

impl Certificates {
    pub(super) const fn new(transport: Transport) -> Self {
        Self {
            transport,
            kept: Mutex::new(Vec::new()),
        }
    }

    /// The chain kept for this address, unless it is too old.
    pub(super) fn kept(&self, url: &CertificateUrl, now: Timestamp) -> Option<Chain> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|kept| now.duration_since(kept.since) < KEPT_FOR);
        let found = kept.iter().find(|kept| kept.url == *url)?;
        Some(Arc::clone(&found.chain))
    }

    /// Keeps a chain that has proved right.
    pub(super) fn keep(&self, url: &CertificateUrl, chain: Chain, now: Timestamp) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|kept| kept.url != *url);
        if kept.len() >= KEPT_MAX {
            kept.remove(0);
        }
        kept.push(Kept {
            url: url.clone(),
            chain,
            since: now,
        });
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.kept.lock().unwrap().len()
    }

    /// Asks `PayPal` for the certificate. Nothing is kept of a failure.
    pub(super) async fn fetch(
        &self,
        url: &CertificateUrl,
        deadline: Instant,
    ) -> Result<Chain, WebhookError> {
        let deadline = deadline.min(Instant::now() + FETCH_LIMIT);
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = url
            .0
            .parse()
            .map_err(|_: http::uri::InvalidUri| WebhookError::CertificateUrl)?;
        let answer = self
            .transport
            .send(request, CERTIFICATE_BYTES_MAX, deadline)
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(TransportError::TooLarge { .. }) => return Err(WebhookError::CertificateUnusable),
            Err(error @ (TransportError::TimedOut | TransportError::Failed(_))) => {
                let fetch = CertificateFetch::NoAnswer(error);
                return Err(WebhookError::CertificateUnavailable(fetch));
            }
        };
        let status = answer.status();
        let later = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
        if status.is_server_error() || later.contains(&status) {
            let fetch = CertificateFetch::Status(status.as_u16());
            return Err(WebhookError::CertificateUnavailable(fetch));
        }
        // A redirect among them: it would lead to a host nobody has checked.
        if status != StatusCode::OK {
            return Err(WebhookError::CertificateUnusable);
        }
        chain(answer.body()).ok_or(WebhookError::CertificateUnusable)
    }
}

/// The certificates of a PEM file, the leaf first.
pub(super) fn chain(pem: &[u8]) -> Option<Chain> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .take(CHAIN_LEN_MAX + 1)
        .collect::<Result<_, _>>()
        .ok()?;
    (1..=CHAIN_LEN_MAX)
        .contains(&chain.len())
        .then(|| Arc::new(chain))
}
