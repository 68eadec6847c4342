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
use url::Url;

use super::budget::Budget;
use super::trust::{self, Distrust};
use super::{CertificateFetch, RefusedCertificate, WebhookConfig, WebhookError};
use crate::{Environment, Transport, TransportError};

/// The largest file taken for a certificate; PayPal's have 2.7 KB.
const CERTIFICATE_BYTES_MAX: usize = 16 * 1024;
/// How long fetching one may take.
const FETCH_LIMIT: Duration = Duration::from_secs(3);
/// A leaf and what leads from it to an anchor.
const CHAIN_LEN_MAX: usize = 4;
/// How long a trusted one is kept. Its own end is checked each time it is used.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);
/// How long one that is not trusted is remembered, so that nobody makes us fetch it
/// again and again. No longer: it may be trusted as soon as it lies there.
const REFUSED_FOR: SignedDuration = SignedDuration::from_mins(1);
/// How many trusted ones are kept. PayPal has one per environment and half year;
/// room for a change, and no more, or a flood of addresses would fill the memory.
const KEPT_MAX: usize = 4;
/// After `CERT-`; PayPal's have 26 characters.
const NAME_LEN_MAX: usize = 64;

/// An address under which PayPal keeps signing certificates. Nothing else is
/// ever fetched: the header that names it is anybody's to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CertificateUrl(String);

impl CertificateUrl {
    /// The address is compared as text, from its first character on: no two
    /// parsers can then disagree on which host it names. It can hold no user,
    /// port, query, escape or `..`, since nothing of it is free but the
    /// hexadecimal name at its end.
    pub(super) fn read(
        unverified: &str,
        environment: Environment,
        base_url: &Url,
    ) -> Result<Self, WebhookError> {
        let live = ["https://api.paypal.com/", "https://api-m.paypal.com/"];
        let sandbox = [
            "https://api.sandbox.paypal.com/",
            "https://api-m.sandbox.paypal.com/",
        ];
        let local = [base_url.as_str()];
        let origins: &[&str] = match environment {
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

    /// Whether both are one certificate: each lies under all of PayPal's hosts.
    pub(super) fn is_same_certificate(&self, other: &Self) -> bool {
        self.name() == other.name()
    }

    fn name(&self) -> Option<&str> {
        self.0.rsplit('/').next()
    }
}

/// A leaf, and whatever was served with it.
pub(super) type Chain = Arc<Vec<CertificateDer<'static>>>;

/// Fetches certificates and keeps what is known of them.
pub(super) struct Certificates {
    transport: Transport,
    known: Mutex<Vec<KnownCertificate>>,
}

struct KnownCertificate {
    url: CertificateUrl,
    found: ChainOrRefusal,
    since: Timestamp,
}

/// A chain that is trusted, or why not. A trusted one is right whatever it was named
/// for; what it has not signed is refused by its signature.
type ChainOrRefusal = Result<Chain, Refused>;

/// Why a certificate is not trusted, and who has signed it by its own word.
#[derive(Clone)]
struct Refused {
    distrust: Distrust,
    issuer: Option<String>,
}

impl KnownCertificate {
    fn counts_at(&self, now: Timestamp) -> bool {
        let kept_for = match &self.found {
            Ok(_) => KEPT_FOR,
            Err(_) => REFUSED_FOR,
        };
        now.duration_since(self.since) < kept_for
    }
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
            known: Mutex::new(Vec::new()),
        }
    }

    /// The chain at this address, which leads to an anchor now.
    pub(super) async fn trusted(
        &self,
        url: &CertificateUrl,
        config: &WebhookConfig,
        budget: &Budget,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Chain, WebhookError> {
        let (found, mut is_new) = match self.known(url, now) {
            Some(found) => (found, false),
            None => (self.fetch(url, budget, now, deadline).await?, true),
        };
        let judged = found.and_then(|chain| match trust::check(&chain, config, now) {
            Ok(()) => Ok(chain),
            Err(distrust) => {
                // One that was kept has ended: that is news, too.
                is_new = true;
                let issuer = trust::issuer(&chain);
                Err(Refused { distrust, issuer })
            }
        });
        if is_new {
            self.keep(url, judged.clone(), now);
        }
        judged.map_err(|refused| {
            WebhookError::CertificateRefused(Box::new(RefusedCertificate {
                url: url.0.clone(),
                issuer: refused.issuer,
                distrust: refused.distrust,
                is_new,
            }))
        })
    }

    /// What is known of this address, unless it is too old.
    fn known(&self, url: &CertificateUrl, now: Timestamp) -> Option<ChainOrRefusal> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|known| known.counts_at(now));
        let found = known.iter().find(|known| known.url == *url)?;
        Some(found.found.clone())
    }

    fn keep(&self, url: &CertificateUrl, found: ChainOrRefusal, now: Timestamp) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|known| known.url != *url);
        // Of refused ones there are no more than may be fetched in a minute, and they
        // take no room from a trusted one.
        let is_trusted = |known: &KnownCertificate| known.found.is_ok();
        if found.is_ok()
            && known.iter().filter(|known| is_trusted(known)).count() >= KEPT_MAX
            && let Some(oldest) = known.iter().position(is_trusted)
        {
            known.remove(oldest);
        }
        known.push(KnownCertificate {
            url: url.clone(),
            found,
            since: now,
        });
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.known.lock().unwrap().len()
    }

    /// Asks PayPal for the certificate, if it may be asked. An answer that may be
    /// another one in a minute is an error, and nothing is kept of it.
    async fn fetch(
        &self,
        url: &CertificateUrl,
        budget: &Budget,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<ChainOrRefusal, WebhookError> {
        // sabotage: strangers may let us ask as often as they like
        if !budget.take(1, now) {
            let fetch = CertificateFetch::AskedTooOften;
            return Err(WebhookError::CertificateUnavailable(fetch));
        }
        let unusable = Ok(Err(Refused {
            distrust: Distrust::Unusable,
            issuer: None,
        }));
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
            Err(TransportError::TooLarge { .. }) => return unusable,
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
            return unusable;
        }
        chain(answer.body()).map_or(unusable, |chain| Ok(Ok(chain)))
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
