//! The office API as it runs on one machine: every function, behind its gateway.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, header};
use jiff::Timestamp;
use local::identity::{AUDIENCE, ISSUER};
use local::{Options, Stack};
use openapi::{Operation, description};
use serde_json::{Value, json};

/// When everything here happens.
pub(crate) const NOW: &str = "2026-02-20T09:30:00Z";

/// What was answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

/// A stack, of whose office API is asked.
pub(crate) struct Office {
    stack: Stack,
}

impl Office {
    pub(crate) async fn opens() -> Self {
        let options = Options::for_tests(Arc::new(|| NOW.parse::<Timestamp>().unwrap()));
        Self {
            stack: Stack::start(options).await.unwrap(),
        }
    }

    /// A token with these claims changed.
    pub(crate) fn token(&self, change: &Value) -> String {
        let now = NOW.parse::<Timestamp>().unwrap().as_second();
        let mut claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": "clerk-17", "iat": now, "exp": now + 60,
        });
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        self.stack.identity.sign(&claims).unwrap()
    }

    /// Asks, with a token that opens every route.
    pub(crate) async fn ask(&self, operation: &Operation, path: &str, body: Vec<u8>) -> Answer {
        let token = self.stack.office_token.clone();
        self.ask_with(operation, path, body, Some(&token)).await
    }

    /// Asks; whatever is answered must be described.
    pub(crate) async fn ask_with(
        &self,
        operation: &Operation,
        path: &str,
        body: Vec<u8>,
        token: Option<&str>,
    ) -> Answer {
        let (method, _) = operation.method_and_path();
        let media_type = operation.body().map_or("application/json", |(it, _)| it);
        let mut request = Request::builder()
            .method(method.parse::<Method>().unwrap())
            .uri(path)
            .header(header::CONTENT_TYPE, media_type);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(Bytes::from(body)).unwrap();
        let answer = self.stack.office.answer(request).await;
        let status = answer.status().as_u16();
        let content_type = answer.headers()[header::CONTENT_TYPE].to_str().unwrap();
        let faults = operation.faults(status, content_type, answer.body());
        assert!(faults.is_empty(), "{faults:#?}");
        Answer {
            status,
            text: String::from_utf8_lossy(answer.body()).into_owned(),
        }
    }
}

/// The operations that ask for a token.
pub(crate) fn with_token() -> impl Iterator<Item = &'static Operation> {
    let all = description().operations.iter();
    all.filter(|operation| !operation.scopes().is_empty())
}

/// The path with the parameters' own examples, and those of the query that must be there.
pub(crate) fn path(operation: &Operation) -> String {
    let (_, path) = operation.method_and_path();
    let parameters = operation.described["parameters"].as_array();
    let mut path = path.to_owned();
    let mut query = Vec::new();
    for parameter in parameters.into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap();
        match parameter["in"].as_str() {
            Some("path") => {
                let example = parameter["example"].as_str().unwrap();
                path = path.replace(&format!("{{{name}}}"), example);
            }
            Some("query") if parameter["required"] == true => {
                query.push(format!("{name}={}", parameter["example"].as_str().unwrap()));
            }
            _ => {}
        }
    }
    if query.is_empty() {
        path
    } else {
        format!("{path}?{}", query.join("&"))
    }
}

/// The examples of what is sent.
pub(crate) fn bodies(operation: &Operation) -> Vec<Value> {
    let Some((_, media)) = operation.body() else {
        return Vec::new();
    };
    let several = media["examples"].as_object().into_iter().flatten();
    let several = several.map(|(_, example)| example["value"].clone());
    media
        .get("example")
        .cloned()
        .into_iter()
        .chain(several)
        .collect()
}

/// An example as bytes: JSON, or lines of it.
pub(crate) fn bytes(body: &Value) -> Vec<u8> {
    body.as_str()
        .map_or_else(|| body.to_string(), str::to_owned)
        .into_bytes()
}
