//! Everything the stand-in remembers, behind one lock.

mod credentials;
mod memory;
mod past;
mod schedule;
mod traffic;
mod webhooks;

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::answers::Refusal;
use crate::behaviour::Behaviour;
use crate::books::Books;
use crate::calls::On;
use crate::delivery_queue::Queued;
use crate::faults::{Fault, FaultKind};
use crate::ids::Ids;
use crate::settings::Settings;
use crate::shapes::Shapes;

pub(crate) use self::credentials::{Credentials, Token};
pub(crate) use self::memory::{Memory, Outcome, Remembered};
pub(crate) use self::past::{Before, Past};
pub use self::schedule::{Afterwards, RefundEnds};
pub(crate) use self::schedule::{Schedule, What};
pub(crate) use self::traffic::Traffic;
pub(crate) use self::webhooks::{Webhook, Webhooks};

/// The longest `PayPal-Request-Id`.
///
/// Source: PayPal Orders v2, parameter `paypal_request_id`.
const REQUEST_ID_LENGTH_MAX: usize = 108;

/// Everything the stand-in remembers. What is skipped is not kept when it ends: who it
/// plays, how it behaves, and the calls of the last minute.
#[derive(Serialize, Deserialize)]
pub(crate) struct State {
    #[serde(skip, default = "nobodys")]
    pub(crate) settings: Settings,
    pub(crate) books: Books,
    pub(crate) ids: Ids,
    #[serde(skip)]
    pub(crate) faults: VecDeque<Fault>,
    #[serde(skip)]
    pub(crate) behaviour: Behaviour,
    /// Books of before there was more than one lack the list.
    #[serde(default = "Webhooks::not_kept")]
    pub(crate) webhooks: Webhooks,
    pub(crate) queue: Vec<Queued>,
    /// How many events were told.
    pub(crate) told: u64,
    /// What becomes of captures by itself, and when.
    pub(crate) schedule: Schedule,
    /// What orders were, for reads that lag.
    pub(crate) past: Past,
    /// Invoice numbers that were used up without money, and by which order.
    pub(crate) burned: BTreeMap<String, String>,
    #[serde(with = "memory::as_list")]
    pub(crate) remembered: Memory,
    pub(crate) credentials: Credentials,
    #[serde(skip)]
    pub(crate) traffic: Traffic,
}

/// A request as the handlers see it.
pub(crate) struct ApiRequest<'a> {
    pub(crate) now: Timestamp,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) query: &'a str,
    pub(crate) body: &'a Bytes,
}

impl ApiRequest<'_> {
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
            credentials: Credentials::new(&settings.client_secret),
            traffic: Traffic::default(),
            webhooks: Webhooks::of(&settings),
            settings,
            books: Books::default(),
            ids: Ids::new(seed),
            faults: VecDeque::new(),
            behaviour: Behaviour::default(),
            queue: Vec::new(),
            told: 0,
            schedule: Schedule::default(),
            past: Past::default(),
            burned: BTreeMap::new(),
            remembered: Memory::new(),
        }
    }

    /// What was kept, for who it plays now.
    pub(crate) fn kept(text: &[u8], settings: Settings) -> serde_json::Result<Self> {
        let mut kept: Self = serde_json::from_slice(text)?;
        kept.credentials.secrets = vec![settings.client_secret.clone()];
        kept.webhooks.started(&settings);
        for queued in &mut kept.queue {
            if queued.webhook_id.is_empty() {
                queued.webhook_id.clone_from(&settings.webhook_id);
            }
        }
        kept.settings = settings;
        Ok(kept)
    }

    pub(crate) fn shapes(&self) -> Shapes<'_> {
        Shapes {
            origin: &self.settings.public_origin,
            behaviour: &self.behaviour,
        }
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

/// What stands in for the settings until [`State::kept`] has put them there.
fn nobodys() -> Settings {
    Settings::of_nobody(String::new())
}

/// `now + duration`, or the end of time.
pub(crate) fn later(now: Timestamp, duration: SignedDuration) -> Timestamp {
    now.checked_add(duration).unwrap_or(Timestamp::MAX)
}
