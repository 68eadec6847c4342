//! Secrets and tokens: who may ask.

use data_encoding::BASE64;
use http::StatusCode;
use http::header::AUTHORIZATION;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;

use crate::answers::{Answer, Refusal};
use crate::behaviour::seconds;
use crate::state::{ApiRequest, State, Token, later};

/// How long an access token lives, in seconds.
///
/// Source: PayPal documentation "rate limiting": about nine hours.
pub(crate) const TOKEN_LIFE_S: i32 = 32_400;

/// What becomes of the secret there was, when another one is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OldSecret {
    /// Both are good, as during a rotation.
    StaysValid,
    /// Only the new one is.
    IsGone,
}

impl State {
    /// `POST /v1/oauth2/token`
    pub(crate) fn token(&mut self, asked: &ApiRequest<'_>) -> Answer {
        let given = asked
            .header(AUTHORIZATION.as_str())
            .and_then(|value| value.strip_prefix("Basic "));
        let is_client = self.credentials.secrets.iter().any(|secret| {
            let expected = format!("{}:{secret}", self.settings.client_id);
            given == Some(BASE64.encode(expected.as_bytes()).as_str())
        });
        if !is_client || self.behaviour.invalid_client {
            return Answer::json(
                StatusCode::UNAUTHORIZED,
                json!({
                    "error": "invalid_client",
                    "error_description": "Client Authentication failed",
                }),
            );
        }
        if asked.form_field("grant_type").as_deref() != Some("client_credentials") {
            return Answer::json(
                StatusCode::BAD_REQUEST,
                json!({
                    "error": "unsupported_grant_type",
                    "error_description": "Grant Type is NULL",
                }),
            );
        }
        let token = self.ids.token();
        let life = SignedDuration::from_secs(i64::from(TOKEN_LIFE_S));
        let searches = !self.behaviour.scope_missing;
        let known = Token {
            known_from: later(asked.now, seconds(self.behaviour.token_unknown_for_s)),
            expires_at: later(asked.now, life),
            searches,
        };
        self.credentials.tokens.insert(token.clone(), known);
        let mut scope = vec![
            "https://uri.paypal.com/services/payments/payment",
            "https://uri.paypal.com/services/payments/refund",
            "https://uri.paypal.com/services/applications/webhooks",
            "https://uri.paypal.com/services/disputes/read-seller",
            "openid",
        ];
        if searches {
            scope.push("https://uri.paypal.com/services/reporting/search/read");
        }
        Answer::json(
            StatusCode::OK,
            json!({
                "scope": scope.join(" "),
                "access_token": token,
                "token_type": "Bearer",
                "app_id": "APP-80W284485P519543T",
                "expires_in": TOKEN_LIFE_S,
                "nonce": format!("{}{}", crate::signing::shown(asked.now), self.ids.debug()),
            }),
        )
    }

    /// Whether the caller may: `None`, or the refusal.
    pub(crate) fn unauthorized(&self, asked: &ApiRequest<'_>, debug_id: &str) -> Option<Answer> {
        let Some(token) = bearer(asked) else {
            let refusal = Refusal::issue("AUTHENTICATION_FAILURE");
            return Some(Answer::json(refusal.status(), refusal.body(debug_id)));
        };
        match self.credentials.tokens.get(token) {
            Some(known) if asked.now < known.known_from => {
                Some(invalid_token("Access Token not found in cache"))
            }
            Some(known) if asked.now < known.expires_at => None,
            Some(_) | None => Some(invalid_token("Token signature verification failed")),
        }
    }

    /// Whether the caller's token may search transactions.
    pub(crate) fn may_search(&self, asked: &ApiRequest<'_>) -> bool {
        let known = bearer(asked).and_then(|token| self.credentials.tokens.get(token));
        known.is_some_and(|known| known.searches)
    }

    /// Takes back every token there is.
    pub(crate) fn revoke_all(&mut self) {
        self.credentials.tokens.clear();
    }

    /// Another secret from now on.
    pub(crate) fn rotate_secret(&mut self, secret: &str, old: OldSecret) {
        let secrets = &mut self.credentials.secrets;
        match old {
            OldSecret::StaysValid => {}
            OldSecret::IsGone => secrets.clear(),
        }
        secrets.push(secret.to_owned());
    }

    /// Takes back the token a call came with, so that only a fresh one helps.
    pub(crate) fn revoke(&mut self, asked: &ApiRequest<'_>) -> Answer {
        if let Some(token) = bearer(asked) {
            self.credentials.tokens.remove(token);
        }
        invalid_token("Token signature verification failed")
    }
}

fn bearer<'a>(asked: &'a ApiRequest<'_>) -> Option<&'a str> {
    asked
        .header(AUTHORIZATION.as_str())?
        .strip_prefix("Bearer ")
}

fn invalid_token(description: &str) -> Answer {
    Answer::json(
        StatusCode::UNAUTHORIZED,
        json!({
            "error": "invalid_token",
            "error_description": description,
        }),
    )
}
