//! How a request gets to PayPal and the answer back: the one seam. Tests put
//! a stand-in in its place, in process; everything above it is what is deployed.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use parameters::Vars;
use rustls::RootCertStore;
use tokio::time::Instant;

use crate::ConfigError;
use crate::config::Environment;

/// A connection that has been idle this long is not used again. Lambda freezes
/// between calls; behind a thawed function the other side has long hung up, and
/// a capture sent into a dead connection would cost its whole time limit.
const IDLE_CONNECTION_LIMIT: Duration = Duration::from_secs(20);
/// Connecting takes a fraction of this; the rest belongs to the answer.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);

type Answer = Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send>>;

/// What carries requests. Cheap to clone; all clones share their connections.
#[derive(Clone)]
pub struct Transport(Way);

#[derive(Clone)]
enum Way {
    Https(reqwest::Client),
    InProcess(Arc<dyn Fn(Request<Bytes>) -> Answer + Send + Sync>),
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Way::Https(_) => "Transport(https)",
            Way::InProcess(_) => "Transport(in process)",
        })
    }
}

/// Nothing usable came back.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The time given for it has passed.
    #[error("no answer in time")]
    TimedOut,
    /// The answer is larger than the call allows.
    #[error("the answer is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The largest body this call takes.
        limit_bytes: usize,
    },
    /// Connecting, sending or reading failed.
    #[error("the exchange failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Transport {
    /// The real way: HTTPS with the roots of webpki-roots, built once per process.
    ///
    /// # Errors
    /// When the TLS library refuses its own defaults.
    pub fn https() -> Result<Self, TransportError> {
        let roots =
            https::trusted(&|_| None).map_err(|error| TransportError::Failed(error.into()))?;
        Self::trusting(roots)
    }

    /// The same, but with `PAYPAL_ENVIRONMENT` `local` and `SSL_CERT_FILE` set, the
    /// certificates of that file are trusted instead: nobody vouches for a stand-in, which
    /// may be on this machine alone.
    ///
    /// # Errors
    /// When a variable is missing or wrong, when that file cannot be read, or when the TLS
    /// library refuses its own defaults.
    pub fn from_vars(vars: &Vars<'_>) -> Result<Self, ConfigError> {
        match crate::config::place(vars)? {
            (Environment::Local, _) => Ok(Self::trusting(https::trusted(vars)?)?),
            (Environment::Live | Environment::Sandbox, _) => Ok(Self::https()?),
        }
    }

    fn trusting(roots: RootCertStore) -> Result<Self, TransportError> {
        let tls = https::tls(roots).map_err(|error| TransportError::Failed(error.into()))?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            // A redirect could lead a bearer token, or the fetch of a
            // certificate, to a host nobody checked.
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_LIMIT)
            .pool_idle_timeout(IDLE_CONNECTION_LIMIT)
            .build()
            .map_err(failed)?;
        Ok(Self(Way::Https(client)))
    }

    /// Something in this process that answers in PayPal's place.
    pub fn in_process<A, F>(answer: A) -> Self
    where
        A: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Response<Bytes>, TransportError>> + Send + 'static,
    {
        Self(Way::InProcess(Arc::new(move |request| {
            Box::pin(answer(request))
        })))
    }

    /// Sends `request` and reads the whole answer, no later than `deadline`
    /// and no more than `limit_bytes`.
    pub(crate) async fn send(
        &self,
        request: Request<Bytes>,
        limit_bytes: usize,
        deadline: Instant,
    ) -> Result<Response<Bytes>, TransportError> {
        let answer = async {
            match &self.0 {
                Way::Https(client) => read(client, request, limit_bytes).await,
                Way::InProcess(answer) => answer(request).await,
            }
        };
        let response = tokio::time::timeout_at(deadline, answer)
            .await
            .map_err(|_elapsed| TransportError::TimedOut)??;
        if response.body().len() > limit_bytes {
            return Err(TransportError::TooLarge { limit_bytes });
        }
        Ok(response)
    }
}

async fn read(
    client: &reqwest::Client,
    request: Request<Bytes>,
    limit_bytes: usize,
) -> Result<Response<Bytes>, TransportError> {
    let request = request.try_into().map_err(failed)?;
    let mut answer = client.execute(request).await.map_err(failed)?;
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    let mut body = BytesMut::new();
    // Piece by piece: an endless body must not fill the memory first.
    while let Some(piece) = answer.chunk().await.map_err(failed)? {
        if body.len() + piece.len() > limit_bytes {
            return Err(TransportError::TooLarge { limit_bytes });
        }
        body.extend_from_slice(&piece);
    }
    *response.body_mut() = body.freeze();
    Ok(response)
}

fn failed(error: reqwest::Error) -> TransportError {
    // The URL may hold ids; who logs the error has said what was called.
    TransportError::Failed(Box::new(error.without_url()))
}
