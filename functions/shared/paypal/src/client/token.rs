//! The access token. `PayPal` limits how often it may be fetched, so whoever
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
use crate::{Error, Issue, PayPal};

/// Renewed this long before it ends, so that none ends on its way to `PayPal`.
const MARGIN: Duration = Duration::from_mins(5);
/// No token is kept longer, whatever the answer says; the usual is nine hours.
const LIFETIME_MAX: Duration = Duration::from_hours(24);
/// The longest token we take; `PayPal`'s have about 100 characters.
const TOKEN_LEN_MAX: usize = 4_096;

/// What lets its holder act as our `PayPal` app, for some hours. `Debug` does
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
    /// Fetches an access token.
    ///
    /// # Errors
    /// As [`Error`] says. Wrong credentials are [`Error::Refused`] with
    /// [`Issue::OurAccount`], never [`Error::Unauthorized`]: there is no token
    /// to renew.
    ///
    /// Source: `POST /v1/oauth2/token`, `PayPal`'s authentication page.
    pub async fn fetch_token(
        &self,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<AccessToken, Error> {
        let credentials = BASE64.encode(
            format!(
                "{}:{}",
                self.config.client_id,
                self.config.client_secret.expose()
            )
            .as_bytes(),
        );
        let authorization = value(&format!("Basic {credentials}")).map(|mut value| {
            value.set_sensitive(true);
            value
        });
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, form)]);
        let body = Bytes::from_static(b"grant_type=client_credentials");
        let call = self.call("token", deadline);
        let path = "v1/oauth2/token";
        let request = call.request(Method::POST, path, authorization, headers, body);
        match call.send::<WireToken>(request).await {
            Ok(answer) => answer.read(|token| read(token, now)),
            Err(Error::Unauthorized { call, debug_id }) => Err(Error::Refused {
                call,
                status: 401,
                issue: Issue::OurAccount(String::from("INVALID_CLIENT")),
                debug_id,
                approve_url: None,
            }),
            Err(error) => Err(error),
        }
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
