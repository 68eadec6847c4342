//! The access token. PayPal limits how often it may be fetched, so whoever
//! calls keeps it, in the process and shared between processes.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use jiff::Timestamp;
use parameters::Secret;
use tokio::time::Instant;

use super::call::value;
use crate::wire::{Unreadable, WireToken};
use crate::{Error, PayPal};

/// How errors and lines of the log call this call.
const NAME: &str = "token";
/// Renewed this long before it ends, so that none ends on its way to PayPal.
const MARGIN: Duration = Duration::from_mins(5);
/// No token is kept longer, whatever the answer says; the usual is nine hours.
const LIFETIME_MAX: Duration = Duration::from_hours(24);
/// The longest token we take; PayPal's have about 100 characters.
const TOKEN_LEN_MAX: usize = 4_096;

/// What lets its holder act as our PayPal app, for some hours. `Debug` does
/// not show it.
#[derive(Clone)]
pub struct AccessToken {
    /// Goes into the Authorization header.
    pub secret: Secret,
    /// Fetch a new one from here on; already less a margin.
    pub expires_at: Timestamp,
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl PayPal {
    /// Fetches an access token with the secret that was taken last, else with the
    /// other one, and when PayPal takes neither, with what the credentials'
    /// parameter says now.
    ///
    /// Asks the parameter store each time nothing is taken: who calls must not go on
    /// calling then.
    ///
    /// # Errors
    /// A refusal is always [`Error::Unauthorized`]: it is about who we are, and says
    /// nothing about the order or capture the token was for. Otherwise as [`Error`]
    /// says.
    ///
    /// Source: `POST /v1/oauth2/token`, PayPal's authentication page.
    pub async fn fetch_token(
        &self,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<AccessToken, Error> {
        let credentials = &self.config.credentials;
        let known = credentials.secrets();
        let fetched = self.fetch_token_with_any(&known, now, deadline).await;
        if !matches!(fetched, Err(Error::Unauthorized { .. })) {
            return fetched;
        }
        let mut unknown = credentials.read_anew(deadline).await;
        unknown.retain(|secret| !known.contains(secret));
        if unknown.is_empty() {
            return fetched;
        }
        self.fetch_token_with_any(&unknown, now, deadline).await
    }

    /// Which of the secrets PayPal refuses, as the parameter calls them: one that is right
    /// hides one that is not for as long as both are there.
    ///
    /// # Errors
    /// When PayPal does not say of each; otherwise as [`Error`] says.
    #[cfg(feature = "administration")]
    pub async fn refused_secrets(
        &self,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Vec<&'static str>, Error> {
        let mut refused = Vec::new();
        // In the order of the parameter, until a token was fetched.
        let secrets = self.config.credentials.secrets();
        for (name, secret) in ["client_secret", "next_client_secret"]
            .into_iter()
            .zip(&secrets)
        {
            match self
                .fetch_token_with_any(std::slice::from_ref(secret), now, deadline)
                .await
            {
                Ok(_) => {}
                Err(Error::Unauthorized { .. }) => refused.push(name),
                Err(error) => return Err(error),
            }
        }
        Ok(refused)
    }

    async fn fetch_token_with_any(
        &self,
        secrets: &[Secret],
        now: Timestamp,
        deadline: Instant,
    ) -> Result<AccessToken, Error> {
        let mut refused = Error::Unauthorized {
            call: NAME,
            debug_id: None,
        };
        for secret in secrets {
            match self.fetch_token_with(secret, now, deadline).await {
                Ok(token) => {
                    self.config.credentials.taken(secret);
                    return Ok(token);
                }
                // As `INVALID_CLIENT`, or under another status: never the refusal of
                // whatever the token is for. "Not found" would end an order.
                Err(
                    Error::Unauthorized { debug_id, .. }
                    | Error::Refused { debug_id, .. }
                    | Error::NotFound { debug_id, .. },
                ) => {
                    refused = Error::Unauthorized {
                        call: NAME,
                        debug_id,
                    };
                }
                Err(error @ (Error::NoAnswer { .. } | Error::Unclear { .. })) => return Err(error),
            }
        }
        Err(refused)
    }

    async fn fetch_token_with(
        &self,
        secret: &Secret,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<AccessToken, Error> {
        let client_id = self.config.credentials.client_id();
        let credentials = BASE64.encode(format!("{client_id}:{}", secret.expose()).as_bytes());
        let authorization = value(&format!("Basic {credentials}")).map(|mut value| {
            value.set_sensitive(true);
            value
        });
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, form)]);
        let body = Bytes::from_static(b"grant_type=client_credentials");
        let call = self.call(NAME, deadline);
        let path = "v1/oauth2/token";
        let request = call.request(Method::POST, path, authorization, headers, body);
        let answer = call.send::<WireToken>(request).await?;
        answer.read(|token| read(token, now))
    }
}

fn read(token: WireToken, now: Timestamp) -> Result<AccessToken, Unreadable> {
    let text = token.access_token;
    if !(1..=TOKEN_LEN_MAX).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Unreadable);
    }
    let lifetime = Duration::from_secs(token.expires_in).min(LIFETIME_MAX);
    let expires_at = now
        .checked_add(lifetime.saturating_sub(MARGIN))
        .map_err(|_| Unreadable)?;
    Ok(AccessToken {
        secret: Secret::new(text),
        expires_at,
    })
}
