//! The access token: kept in the process, shared through the table, fetched
//! only when neither has one that still counts.

use std::sync::PoisonError;

use jiff::Timestamp;
use parameters::Secret;
use paypal::{AccessToken, Error};
use store::StoredToken;
use tokio::time::Instant;

use crate::Settle;

impl Settle {
    /// Makes a call; where `PayPal` does not take the token (any more), once
    /// more with a new one. The call must carry the same request id both times.
    pub(crate) async fn call<T, F>(
        &self,
        now: Timestamp,
        deadline: Instant,
        call: impl Fn(AccessToken) -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let token = self.access_token(now, deadline).await?;
        match call(token).await {
            Err(Error::Unauthorized { .. }) => {
                let token = self.fetch_access_token(now, deadline).await?;
                call(token).await
            }
            other => other,
        }
    }

    pub(crate) async fn access_token(
        &self,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<AccessToken, Error> {
        let kept = self.kept_token();
        if let Some(token) = kept.filter(|token| now < token.expires_at) {
            return Ok(token);
        }
        // A table that does not answer here costs a token, not a payment.
        if let Ok(Some(shared)) = self.store.access_token(self.paypal.client_id()).await
            && now < shared.valid_until
        {
            let token = AccessToken {
                secret: Secret::new(shared.secret),
                expires_at: shared.valid_until,
            };
            self.keep_token(token.clone());
            return Ok(token);
        }
        self.fetch_access_token(now, deadline).await
    }

    async fn fetch_access_token(
        &self,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<AccessToken, Error> {
        let token = self.paypal.fetch_token(now, deadline).await?;
        self.keep_token(token.clone());
        let shared = StoredToken {
            secret: token.secret.expose().to_owned(),
            valid_until: token.expires_at,
        };
        let client_id = self.paypal.client_id();
        if let Err(error) = self.store.share_access_token(client_id, &shared).await {
            tracing::warn!(%error, "the access token could not be shared");
        }
        Ok(token)
    }

    fn kept_token(&self) -> Option<AccessToken> {
        self.token
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn keep_token(&self, token: AccessToken) {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token);
    }
}
