//! How a message gets to a subscriber, and what becomes of it there. Whoever is sent to
//! may be anybody: it gets no redirect, no second of our time beyond five, and of its
//! answer nothing is read but the status.

use std::error::Error as StdError;
use std::time::Duration;

use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use jiff::{SignedDuration, Timestamp};
use store::TicketChange;

use crate::resolver::{NoPublicAddress, PublicOnly};
use crate::signed;
use crate::subscriptions::Subscription;

/// How long all of it may take: the name, the connection, the answer's status.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// Connecting takes a fraction of this; the rest belongs to the answer.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// Lambda freezes between calls; behind a thawed function the other side has long hung up.
/// Many servers do after five seconds: what is sent over such a connection is lost, and
/// looks like the subscriber's failure.
const IDLE_CONNECTION_LIMIT: Duration = Duration::from_secs(4);
/// With these a host may say for how long it is busy.
const BUSY: [u16; 4] = [429, 502, 503, 504];

/// What carries messages.
#[derive(Clone, Debug)]
pub struct Sender {
    client: reqwest::Client,
    answer_limit: Duration,
}

/// There is no way to send anything.
#[derive(Debug, thiserror::Error)]
#[error("the TLS library refuses its own defaults")]
pub struct SenderError(#[source] Box<dyn StdError + Send + Sync>);

/// A message was not taken. The text says why in few words; it is shown to the city.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// The time for it has passed.
    #[error("no answer in time")]
    NoAnswer,
    /// The name leads nowhere that may be sent to.
    #[error("the host's name leads to no public address")]
    NoPublicAddress,
    /// No connection, no TLS, or the connection broke.
    #[error("the host was not reached")]
    NotReached,
    /// Its answer is none of HTTP.
    #[error("the answer was not HTTP")]
    NotHttp,
    /// It points somewhere else.
    #[error("answered {}: a redirect, which is not followed", .0.as_u16())]
    Redirect(StatusCode),
    /// It answered that it has not taken it.
    #[error("answered {}", .status.as_u16())]
    Status {
        /// With this.
        status: StatusCode,
        /// And that it is busy for so long; zero where it did not say so in seconds.
        retry_after: SignedDuration,
    },
    /// The change cannot be written down.
    #[error("the message cannot be written as JSON")]
    Unwritable,
}

impl Failure {
    /// For how long the host says that it is busy; zero where it does not.
    pub(crate) const fn retry_after(self) -> SignedDuration {
        match self {
            Self::Status { retry_after, .. } => retry_after,
            Self::NoAnswer
            | Self::NoPublicAddress
            | Self::NotReached
            | Self::NotHttp
            | Self::Redirect(_)
            | Self::Unwritable => SignedDuration::ZERO,
        }
    }

    /// Whether the host says that nobody takes messages there any more.
    pub(crate) fn is_gone(self) -> bool {
        matches!(self, Self::Status { status, .. } if status == StatusCode::GONE)
    }
}

impl Sender {
    /// The real way: HTTPS with the roots of webpki-roots; plain HTTP too, where
    /// subscribers may be on this machine.
    ///
    /// # Errors
    /// When the TLS library refuses its own defaults.
    pub fn new(on_loopback: bool) -> Result<Self, SenderError> {
        // Those compiled in, whatever a variable says: these servers are the city's own.
        let tls = https::trusted(&|_| None).and_then(https::tls);
        let tls = tls.map_err(|error| SenderError(error.into()))?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(!on_loopback)
            // A redirect could lead to a host that nobody has configured.
            .redirect(reqwest::redirect::Policy::none())
            // A proxy would look up the name itself.
            .no_proxy()
            .dns_resolver(PublicOnly)
            .connect_timeout(CONNECT_LIMIT)
            .pool_idle_timeout(IDLE_CONNECTION_LIMIT)
            .user_agent("knoellchen")
            .build()
            .map_err(|error| SenderError(error.into()))?;
        Ok(Self {
            client,
            answer_limit: ANSWER_LIMIT,
        })
    }

    /// The same with less patience, for those who test what hangs.
    #[must_use]
    pub fn answered_within(self, answer_limit: Duration) -> Self {
        Self {
            answer_limit,
            ..self
        }
    }

    /// Tells a subscriber of a change.
    ///
    /// # Errors
    /// When it was not taken, or nobody knows.
    pub(crate) async fn send(
        &self,
        to: &Subscription,
        change: &TicketChange,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let body = signed::body(change).map_err(|_| Failure::Unwritable)?;
        let sent_at_s = now.as_second();
        let signature = signed::signature(&to.secrets, &change.id, sent_at_s, &body);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("webhook-timestamp", sent_at_s.into());
        for (name, text) in [
            ("webhook-id", &change.id),
            ("webhook-signature", &signature),
        ] {
            let value = HeaderValue::from_str(text).map_err(|_| Failure::Unwritable)?;
            headers.insert(name, value);
        }
        let answer = self
            .client
            .post(to.url.clone())
            .timeout(self.answer_limit)
            .headers(headers)
            .body(body)
            .send()
            .await
            .map_err(|error| failure(&error))?;
        let status = answer.status();
        if status.is_success() {
            Ok(())
        } else if status.is_redirection() {
            Err(Failure::Redirect(status))
        } else {
            let retry_after = retry_after(status, answer.headers());
            Err(Failure::Status {
                status,
                retry_after,
            })
        }
    }
}

fn retry_after(status: StatusCode, headers: &HeaderMap) -> SignedDuration {
    let seconds = headers
        .get(RETRY_AFTER)
        .filter(|_| BUSY.contains(&status.as_u16()))
        .and_then(|value| value.to_str().ok()?.parse::<u32>().ok());
    SignedDuration::from_secs(seconds.unwrap_or_default().into())
}

fn failure(error: &reqwest::Error) -> Failure {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<NoPublicAddress>() {
            return Failure::NoPublicAddress;
        }
        cause = error.source();
    }
    if error.is_timeout() {
        Failure::NoAnswer
    } else if error.is_connect() {
        Failure::NotReached
    } else {
        Failure::NotHttp
    }
}

#[cfg(test)]
mod tests;
