//! Everything the stand-in remembers, behind one lock.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use data_encoding::BASE64;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::answers::{Answer, Refusal};
use crate::behaviour::Behaviour;
use crate::books::Books;
use crate::events::Queued;
use crate::faults::{Fault, FaultKind, On};
use crate::ids::Ids;
use crate::reads::Past;
use crate::request_ids::Memory;
use crate::schedule::Schedule;
use crate::settings::Settings;
use crate::shapes::Shapes;

/// How long an access token lives, in seconds.
///
/// Source: `PayPal` documentation "rate limiting": about nine hours.
pub(crate) const TOKEN_LIFE_S: i32 = 32_400;

/// The longest `PayPal-Request-Id`.
///
/// Source: `PayPal` Orders v2, parameter `paypal_request_id`.
const REQUEST_ID_LENGTH_MAX: usize = 108;

/// Everything the stand-in remembers.
pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) books: Books,
    pub(crate) ids: Ids,
    pub(crate) faults: VecDeque<Fault>,
    pub(crate) behaviour: Behaviour,
    pub(crate) queue: Vec<Queued>,
    /// What becomes of captures by itself, and when.
    pub(crate) schedule: Schedule,
    /// What orders were, for reads that lag.
    pub(crate) past: Past,
    /// Invoice numbers that were used up without money, and by which order.
    pub(crate) burned: BTreeMap<String, String>,
    pub(crate) remembered: Memory,
    tokens: BTreeMap<String, Timestamp>,
}

/// A request as the handlers see it.
pub(crate) struct Asked<'a> {
    pub(crate) now: Timestamp,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) query: &'a str,
    pub(crate) body: &'a Bytes,
}

impl Asked<'_> {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON; an empty one is `{}`.
    pub(crate) fn json(&self) -> Result<Value, Refusal> {
        let is_json = self
            .header(CONTENT_TYPE.as_str())
            .is_some_and(|kind| kind.starts_with("application/json"));
        if !is_json {
            return Err(Refusal::issue("UNSUPPORTED_MEDIA_TYPE"));
        }
        if self.body.is_empty() {
            return Ok(json!({}));
        }
        serde_json::from_slice(self.body).map_err(|_| Refusal::issue("MALFORMED_REQUEST_JSON"))
    }

    /// One parameter of the query.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// One field of a form.
    pub(crate) fn form_field(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.body)
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// Whether the caller wants the whole resource, not only its id.
    pub(crate) fn wants_representation(&self) -> bool {
        self.header("prefer")
            .is_some_and(|prefer| prefer.trim() == "return=representation")
    }

    /// The caller's id for this request.
    pub(crate) fn request_id(&self) -> Result<Option<String>, Refusal> {
        match self.header("paypal-request-id") {
            None => Ok(None),
            Some(id) if (1..=REQUEST_ID_LENGTH_MAX).contains(&id.len()) => Ok(Some(id.to_owned())),
            Some(id) => Err(Refusal::issue("INVALID_STRING_LENGTH").field("PayPal-Request-Id", id)),
        }
    }
}

impl State {
    pub(crate) fn new(settings: Settings, seed: u64) -> Self {
        Self {
            settings,
            books: Books::default(),
            ids: Ids::new(seed),
            faults: VecDeque::new(),
            behaviour: Behaviour::default(),
            queue: Vec::new(),
            schedule: Schedule::default(),
            past: Past::default(),
            burned: BTreeMap::new(),
            remembered: Memory::new(),
            tokens: BTreeMap::new(),
        }
    }

    pub(crate) fn shapes(&self) -> Shapes<'_> {
        Shapes {
            origin: &self.settings.public_origin,
            behaviour: &self.behaviour,
        }
    }

    /// `POST /v1/oauth2/token`
    pub(crate) fn token(&mut self, asked: &Asked<'_>) -> Answer {
        let expected = BASE64.encode(
            format!(
                "{}:{}",
                self.settings.client_id, self.settings.client_secret
            )
            .as_bytes(),
        );
        let is_client = asked
            .header(AUTHORIZATION.as_str())
            .and_then(|value| value.strip_prefix("Basic "))
            .is_some_and(|given| given == expected);
        if !is_client {
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
        self.tokens.insert(token.clone(), later(asked.now, life));
        Answer::json(
            StatusCode::OK,
            json!({
                "scope": "https://uri.paypal.com/services/payments/payment \
                          https://uri.paypal.com/services/payments/refund \
                          https://uri.paypal.com/services/reporting/search/read \
                          https://uri.paypal.com/services/disputes/read-seller openid",
                "access_token": token,
                "token_type": "Bearer",
                "app_id": "APP-80W284485P519543T",
                "expires_in": TOKEN_LIFE_S,
                "nonce": format!("{}{}", crate::signing::shown(asked.now), self.ids.debug()),
            }),
        )
    }

    /// Whether the caller may: `None`, or the refusal.
    pub(crate) fn unauthorized(&self, asked: &Asked<'_>, debug_id: &str) -> Option<Answer> {
        let Some(token) = bearer(asked) else {
            let refusal = Refusal::issue("AUTHENTICATION_FAILURE");
            return Some(Answer::json(refusal.status(), refusal.body(debug_id)));
        };
        match self.tokens.get(token) {
            Some(expires_at) if asked.now < *expires_at => None,
            Some(_) | None => Some(invalid_token()),
        }
    }

    /// Takes back the token a call came with, so that only a fresh one helps.
    pub(crate) fn revoke(&mut self, asked: &Asked<'_>) -> Answer {
        if let Some(token) = bearer(asked) {
            self.tokens.remove(token);
        }
        invalid_token()
    }

    /// Takes the first fault set on this call that `fits`.
    pub(crate) fn strike(&mut self, on: On, fits: impl Fn(FaultKind) -> bool) -> Option<Fault> {
        let at = self
            .faults
            .iter()
            .position(|fault| (fault.on == on || fault.on == On::Any) && fits(fault.kind))?;
        let fault = self.faults.get_mut(at)?;
        let struck = *fault;
        fault.times -= 1;
        if fault.times == 0 {
            self.faults.remove(at);
        }
        Some(struck)
    }
}

/// `now + duration`, or the end of time.
pub(crate) fn later(now: Timestamp, duration: SignedDuration) -> Timestamp {
    now.checked_add(duration).unwrap_or(Timestamp::MAX)
}

fn bearer<'a>(asked: &'a Asked<'_>) -> Option<&'a str> {
    asked
        .header(AUTHORIZATION.as_str())?
        .strip_prefix("Bearer ")
}

fn invalid_token() -> Answer {
    Answer::json(
        StatusCode::UNAUTHORIZED,
        json!({
            "error": "invalid_token",
            "error_description": "Token signature verification failed",
        }),
    )
}
