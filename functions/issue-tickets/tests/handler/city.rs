//! The function on a table of its own, and what is sent to it.

use crate::table::Table;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use issue_tickets::{App, handle};
use jiff::Timestamp;
use lambda_http::{Body, Request, Response};
use serde_json::{Value, json};
use token::{Keys, SigningKey};

/// Where the drivers' phones go.
pub(crate) const BASE_URL: &str = "https://pay.example.de";

/// A key made for this test: its `TOKEN_KEYS` and its `TOKEN_SIGNING_KEY`.
pub(crate) struct TestKey {
    pub(crate) jwks: String,
    pub(crate) pem: String,
}

pub(crate) fn test_key() -> TestKey {
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
    let x = data_encoding::BASE64URL_NOPAD.encode(pair.public_key().as_ref());
    TestKey {
        jwks: json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "2026", "x": x }] })
            .to_string(),
        pem: format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            data_encoding::BASE64.encode(document.as_ref())
        ),
    }
}

/// The function on a table of its own.
pub(crate) struct City {
    pub(crate) table: Table,
    pub(crate) keys: Keys,
    pub(crate) app: App,
}

impl City {
    pub(crate) async fn start() -> Self {
        let table = Table::start().await;
        let key = test_key();
        let vars = |name: &str| match name {
            "TOKEN_KEYS" => Some(key.jwks.clone()),
            "PUBLIC_BASE_URL" => Some(BASE_URL.to_owned()),
            _ => None,
        };
        let keys = Keys::from_vars(&vars).unwrap();
        let app = App {
            store: table.store(),
            signing_key: SigningKey::from_pem(&key.pem, &keys).unwrap(),
            public_base_url: token::PublicBaseUrl::from_vars(&vars).unwrap(),
        };
        Self { table, keys, app }
    }

    pub(crate) async fn send(&self, event: &Value) -> Answer {
        self.send_at(event, now()).await
    }

    pub(crate) async fn send_at(&self, event: &Value, now: Timestamp) -> Answer {
        Answer::of(handle(&self.app, request(event), now).await)
    }

    /// What the table holds.
    pub(crate) async fn case(&self, case_number: &str) -> Option<store::CaseFile> {
        self.app
            .store
            .case_file(&case_number.parse().unwrap())
            .await
            .unwrap()
    }
}

pub(crate) fn now() -> Timestamp {
    "2026-02-20T09:30:00Z".parse().unwrap()
}

/// One of `events/`, with this case number.
pub(crate) fn event(text: &str, case_number: &str) -> Value {
    serde_json::from_str(&text.replace("__CASE_NUMBER__", case_number)).unwrap()
}

pub(crate) fn put_event(case_number: &str) -> Value {
    event(
        include_str!("../../../../events/city-issues-ticket.json"),
        case_number,
    )
}

pub(crate) fn post_event() -> Value {
    event(
        include_str!("../../../../events/city-issues-tickets.json"),
        "",
    )
}

pub(crate) fn qr_event(case_number: &str, format: &str) -> Value {
    let mut event = event(
        include_str!("../../../../events/city-fetches-qr.json"),
        case_number,
    );
    event["rawQueryString"] = json!(format!("format={format}"));
    event["queryStringParameters"] = json!({ "format": format });
    event
}

/// The ticket in the event of `put_event`.
pub(crate) fn sent(event: &Value) -> Value {
    serde_json::from_str(event["body"].as_str().unwrap()).unwrap()
}

/// The event with another body, as API Gateway hands on what is no JSON.
pub(crate) fn with_body(mut event: Value, body: &[u8]) -> Value {
    event["body"] = json!(data_encoding::BASE64.encode(body));
    event["isBase64Encoded"] = json!(true);
    event
}

pub(crate) fn with_field(event: Value, field: &str, value: Value) -> Value {
    let mut ticket = sent(&event);
    ticket[field] = value;
    with_body(event, ticket.to_string().as_bytes())
}

pub(crate) fn request(event: &Value) -> Request {
    lambda_http::request::from_str(&event.to_string()).unwrap()
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn of(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        assert_eq!(parts.headers["cache-control"], "no-store");
        assert_eq!(parts.headers["x-content-type-options"], "nosniff");
        Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body.to_vec(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The problem document, with this status.
    pub(crate) fn problem(&self, status: u16) -> Value {
        assert_eq!(
            self.status,
            status,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        assert_eq!(self.headers["content-type"], "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|detail| !detail.is_empty())
        );
        problem
    }

    pub(crate) fn lines(&self) -> Vec<Value> {
        assert_eq!(self.status, 200);
        assert_eq!(self.headers["content-type"], "application/x-ndjson");
        let text = std::str::from_utf8(&self.body).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}
