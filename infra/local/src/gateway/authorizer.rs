//! The JWT authorizer of an HTTP API.
//!
//! Source: Amazon API Gateway developer guide, "Controlling access to HTTP APIs
//! with JWT authorizers": RSA signature by the key that `kid` names, `iss`,
//! `aud` (or `client_id` where there is no `aud`), `exp`, `nbf`, `iat`, and one
//! of the route's scopes in `scope` or `scp`.

use std::collections::BTreeMap;

use http::{HeaderMap, header};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;

/// The claims as a function gets them: every value as text.
pub(super) type Claims = BTreeMap<String, String>;

/// Who may come in at the office's door.
pub struct Authorizer {
    issuer: String,
    audience: String,
    keys: BTreeMap<String, DecodingKey>,
}

/// Why somebody may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No token was sent.
    NoToken,
    /// The token is not valid here and now; says why.
    InvalidToken(&'static str),
    /// The token is valid but allows something else.
    MissingScope,
}

impl Authorizer {
    /// An authorizer for tokens of this issuer for this audience, signed with
    /// one of these RSA keys by `kid`.
    #[must_use]
    pub fn new(
        issuer: String,
        audience: String,
        keys: impl IntoIterator<Item = (String, DecodingKey)>,
    ) -> Self {
        Self {
            issuer,
            audience,
            keys: keys.into_iter().collect(),
        }
    }

    pub(super) fn check(
        &self,
        headers: &HeaderMap,
        scopes: &[String],
        now: Timestamp,
    ) -> Result<Claims, Refusal> {
        let unverified_token = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .ok_or(Refusal::NoToken)?;
        let unverified_token = unverified_token
            .strip_prefix("Bearer ")
            .or_else(|| unverified_token.strip_prefix("bearer "))
            .unwrap_or(unverified_token);
        let claims = self.signed_claims(unverified_token)?;
        self.check_claims(&claims, now)?;
        if !scopes.is_empty() && !granted(&claims).iter().any(|scope| scopes.contains(scope)) {
            return Err(Refusal::MissingScope);
        }
        Ok(as_text(&claims))
    }

    fn signed_claims(&self, unverified_token: &str) -> Result<BTreeMap<String, Value>, Refusal> {
        let header = jsonwebtoken::decode_header(unverified_token)
            .map_err(|_| Refusal::InvalidToken("the token is malformed"))?;
        let key = header
            .kid
            .and_then(|kid| self.keys.get(&kid))
            .ok_or(Refusal::InvalidToken("unknown key"))?;
        // Time and audience are checked below, on the clock handed in.
        let mut signature_only = Validation::new(Algorithm::RS256);
        signature_only.required_spec_claims.clear();
        signature_only.validate_exp = false;
        signature_only.validate_aud = false;
        jsonwebtoken::decode(unverified_token, key, &signature_only)
            .map(|token| token.claims)
            .map_err(|_| Refusal::InvalidToken("signature verification failed"))
    }

    fn check_claims(
        &self,
        claims: &BTreeMap<String, Value>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let texts = |name: &str| -> Vec<String> {
            match claims.get(name) {
                Some(Value::String(text)) => vec![text.clone()],
                Some(Value::Array(items)) => items
                    .iter()
                    .filter_map(|item| item.as_str().map(str::to_owned))
                    .collect(),
                _ => Vec::new(),
            }
        };
        if texts("iss") != [self.issuer.clone()] {
            return Err(Refusal::InvalidToken("the token has an invalid issuer"));
        }
        let audience = if claims.contains_key("aud") {
            texts("aud")
        } else {
            texts("client_id")
        };
        if !audience.contains(&self.audience) {
            return Err(Refusal::InvalidToken(
                "the token does not have a valid audience",
            ));
        }
        let second = |name: &str| claims.get(name).and_then(Value::as_i64);
        let is_later = |name: &str| second(name).is_some_and(|at| at > now.as_second());
        if second("exp").is_none() {
            return Err(Refusal::InvalidToken("the token has no expiry"));
        }
        if !is_later("exp") {
            return Err(Refusal::InvalidToken("the token has expired"));
        }
        if is_later("nbf") || is_later("iat") {
            return Err(Refusal::InvalidToken("the token is not valid yet"));
        }
        Ok(())
    }
}

fn granted(claims: &BTreeMap<String, Value>) -> Vec<String> {
    let mut granted = Vec::new();
    for name in ["scope", "scp"] {
        match claims.get(name) {
            Some(Value::String(text)) => {
                granted.extend(text.split(' ').map(str::to_owned));
            }
            Some(Value::Array(items)) => {
                granted.extend(items.iter().filter_map(|i| i.as_str().map(str::to_owned)));
            }
            _ => {}
        }
    }
    granted
}

/// A function gets every claim as text, lists as `[a b]`.
fn as_text(claims: &BTreeMap<String, Value>) -> Claims {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items
                .iter()
                .map(|item| {
                    item.as_str()
                        .map_or_else(|| item.to_string(), str::to_owned)
                })
                .collect();
            format!("[{}]", items.join(" "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    };
    claims
        .iter()
        .map(|(name, value)| (name.clone(), text(value)))
        .collect()
}
