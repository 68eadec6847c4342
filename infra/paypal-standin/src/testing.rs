//! What the tests of this crate share: a stand-in with a clock of its own, and
//! a merchant who calls it.

use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use data_encoding::BASE64;
use http::{Request, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{Behaviour, Clock, Delivery, Payer, Settings, Standin, StartError};

/// Settings that only tests use.
pub(crate) fn settings() -> Settings {
    Settings {
        public_origin: "http://127.0.0.1:8082".to_owned(),
        client_id: "client-made-for-tests".to_owned(),
        client_secret: "secret-made-for-tests".to_owned(),
        merchant_id: "8YTYX8DKLB5ZU".to_owned(),
        webhook_id: "4MU12345AB678901C".to_owned(),
        webhook_url: None,
        webhook_events: vec!["*".to_owned()],
    }
}

/// A stand-in, a clock, and a merchant with a token.
pub(crate) struct Scene {
    pub(crate) standin: Arc<Standin>,
    now: Arc<Mutex<Timestamp>>,
    token: Mutex<String>,
}

/// An answer taken apart.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
    pub(crate) response: Response<Bytes>,
}

impl Reply {
    /// The one issue of a refusal.
    pub(crate) fn issue(&self) -> &str {
        self.body["details"][0]["issue"].as_str().unwrap_or("none")
    }

    /// The address of the link with this relation.
    pub(crate) fn link(&self, relation: &str) -> Option<&str> {
        self.body["links"]
            .as_array()?
            .iter()
            .find(|link| link["rel"] == relation)?["href"]
            .as_str()
    }

    pub(crate) fn id(&self) -> String {
        self.body["id"].as_str().unwrap().to_owned()
    }

    /// The one capture in an order.
    pub(crate) fn capture(&self) -> &Value {
        &self.body["purchase_units"][0]["payments"]["captures"][0]
    }
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::with(settings())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        Self::of(|clock| Standin::new(settings, clock, 1))
    }

    /// A scene whose books are in this file.
    pub(crate) fn kept_in(path: &Path) -> Self {
        Self::kept_with(settings(), path)
    }

    pub(crate) fn kept_with(settings: Settings, path: &Path) -> Self {
        Self::of(|clock| Standin::kept_in(path.to_owned(), settings, clock, 1))
    }

    fn of(standin: impl FnOnce(Clock) -> Result<Standin, StartError>) -> Self {
        let now = Arc::new(Mutex::new("2026-11-22T10:00:00Z".parse().unwrap()));
        let read = Arc::clone(&now);
        let clock = Arc::new(move || *read.lock().unwrap());
        let scene = Self {
            standin: Arc::new(standin(clock).unwrap()),
            now,
            token: Mutex::new(String::new()),
        };
        scene.log_in();
        scene
    }

    pub(crate) fn token(&self) -> String {
        self.token.lock().unwrap().clone()
    }

    /// Goes on with a token of before.
    pub(crate) fn use_token(&self, token: String) {
        *self.token.lock().unwrap() = token;
    }

    pub(crate) fn wait(&self, duration: SignedDuration) {
        let mut now = self.now.lock().unwrap();
        *now += duration;
    }

    pub(crate) fn log_in(&self) {
        let credentials = BASE64.encode(b"client-made-for-tests:secret-made-for-tests");
        let request = Request::post("/v1/oauth2/token")
            .header("authorization", format!("Basic {credentials}"))
            .body(Bytes::from("grant_type=client_credentials"))
            .unwrap();
        if let Some(token) = self.send(&request).unwrap().body["access_token"].as_str() {
            token.clone_into(&mut self.token.lock().unwrap());
        }
    }

    /// Sends a request as it is; `None` when no answer comes.
    pub(crate) fn send(&self, request: &Request<Bytes>) -> Option<Reply> {
        let response = self.standin.exchange(request).answer?;
        Some(Reply {
            status: response.status(),
            body: serde_json::from_slice(response.body()).unwrap_or(Value::Null),
            response,
        })
    }

    fn api(&self, method: &str, path: &str, id: Option<&str>, body: String) -> Option<Reply> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .header("prefer", "return=representation")
            .header(
                "authorization",
                format!("Bearer {}", self.token.lock().unwrap()),
            );
        if let Some(id) = id {
            request = request.header("paypal-request-id", id);
        }
        self.send(&request.body(Bytes::from(body)).unwrap())
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.api("GET", path, None, String::new()).unwrap()
    }

    pub(crate) fn post(&self, path: &str, id: &str, body: &Value) -> Reply {
        self.try_post(path, id, body).unwrap()
    }

    pub(crate) fn try_post(&self, path: &str, id: &str, body: &Value) -> Option<Reply> {
        self.api("POST", path, Some(id), body.to_string())
    }

    pub(crate) fn lever(&self, method: &str, path: &str, body: &str) -> Reply {
        self.api(method, path, None, body.to_owned()).unwrap()
    }

    /// Registers a webhook for these event types; gives its id.
    pub(crate) fn webhook(&self, url: &str, event_types: &[&str]) -> String {
        let told = self.lever("POST", WEBHOOKS, &webhook_request(url, event_types));
        assert_eq!(told.status, StatusCode::CREATED, "{}", told.body);
        told.id()
    }

    /// What PayPal says about this event under the headers of the delivery.
    pub(crate) fn postback(&self, delivery: &Delivery, webhook_id: &str, event: &str) -> Value {
        let header = |name: &str| delivery.headers[name].to_str().unwrap();
        let question = json!({
            "auth_algo": header("paypal-auth-algo"),
            "cert_url": header("paypal-cert-url"),
            "transmission_id": header("paypal-transmission-id"),
            "transmission_sig": header("paypal-transmission-sig"),
            "transmission_time": header("paypal-transmission-time"),
            "webhook_id": webhook_id,
        });
        let question = question.to_string();
        let head = question.strip_suffix('}').unwrap();
        let path = "/v1/notifications/verify-webhook-signature";
        let question = format!("{head},\"webhook_event\":{event}}}");
        let told = self.lever("POST", path, &question);
        assert_eq!(told.status, StatusCode::OK, "{}", told.body);
        told.body["verification_status"].clone()
    }

    /// An order of 25.00 for this attempt and invoice.
    pub(crate) fn order(&self, attempt: &str, invoice: &str) -> Reply {
        let id = format!("{attempt}-create");
        self.post("/v2/checkout/orders", &id, &order_request(attempt, invoice))
    }

    pub(crate) fn capture(&self, order_id: &str, request_id: &str) -> Reply {
        let path = format!("/v2/checkout/orders/{order_id}/capture");
        self.post(&path, request_id, &json!({}))
    }

    pub(crate) fn get_order(&self, order_id: &str) -> Reply {
        self.get(&format!("/v2/checkout/orders/{order_id}"))
    }
}

/// Where webhooks are registered.
pub(crate) const WEBHOOKS: &str = "/v1/notifications/webhooks";

pub(crate) fn webhook_request(url: &str, event_types: &[&str]) -> String {
    let event_types: Vec<Value> = event_types
        .iter()
        .map(|name| json!({ "name": name }))
        .collect();
    json!({ "url": url, "event_types": event_types }).to_string()
}

pub(crate) fn order_request(attempt: &str, invoice: &str) -> Value {
    json!({
        "intent": "CAPTURE",
        "purchase_units": [{
            "custom_id": attempt,
            "invoice_id": invoice,
            "amount": { "currency_code": "EUR", "value": "25.00" },
        }],
        "payment_source": { "paypal": { "experience_context": {
            "brand_name": "Stadt <Musterstadt>",
            "locale": "de-DE",
            "shipping_preference": "NO_SHIPPING",
            "user_action": "PAY_NOW",
            "payment_method_preference": "IMMEDIATE_PAYMENT_REQUIRED",
            "return_url": "https://pay.example.de/r/A1?lang=de",
            "cancel_url": "https://pay.example.de/r/A1/cancel",
        } } },
    })
}

/// A scene in which the stand-in behaves so.
pub(crate) fn behaving(behaviour: Behaviour) -> Scene {
    let scene = Scene::new();
    scene.standin.set_behaviour(behaviour).unwrap();
    scene
}

/// An order for this attempt and invoice, approved.
pub(crate) fn approved(scene: &Scene, attempt: &str, invoice: &str) -> String {
    let id = scene.order(attempt, invoice).id();
    scene.standin.approve(&id, Payer::Pays).unwrap();
    id
}
