//! The events made here have the shape of those in `events/`, which is that of
//! the real ones.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use http::{HeaderMap, Method, header};
use serde_json::Value;

use super::Routed;
use crate::template::{PathPattern, Route};

/// Every key with the kind of its value; what is below `headers` and the claims
/// is the sender's to choose.
fn shape(event: &Value) -> BTreeSet<String> {
    let mut shape = BTreeSet::new();
    walk("", event, &mut shape);
    shape
}

fn walk(at: &str, value: &Value, shape: &mut BTreeSet<String>) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    shape.insert(format!("{at}: {kind}"));
    let is_the_senders = ["/headers", "/multiValueHeaders", "/claims"]
        .iter()
        .any(|key| at.ends_with(key));
    if let (Value::Object(map), false) = (value, is_the_senders) {
        for (key, value) in map {
            walk(&format!("{at}/{key}"), value, shape);
        }
    }
}

fn headers(content_type: Option<&'static str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, "pay.example.de".parse().unwrap());
    headers.insert(header::USER_AGENT, "a browser".parse().unwrap());
    if let Some(content_type) = content_type {
        headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
    }
    headers
}

struct Case {
    file: &'static str,
    method: Method,
    route: &'static str,
    path: &'static str,
    query: &'static str,
    content_type: Option<&'static str>,
    body: &'static str,
}

impl Case {
    fn check(&self, event: impl Fn(&Routed<'_>) -> Value) {
        let route = Route {
            method: self.method.clone(),
            path: PathPattern::parse(self.route).unwrap(),
        };
        let routed = Routed {
            parameters: route.path.matches(self.path).unwrap(),
            route: &route,
            method: &self.method,
            path: self.path,
            query: self.query,
            headers: &headers(self.content_type),
            body: &Bytes::from_static(self.body.as_bytes()),
            now: "2026-02-20T09:30:00Z".parse().unwrap(),
        };
        let path = format!("{}/../../events/{}", env!("CARGO_MANIFEST_DIR"), self.file);
        let real: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert_eq!(shape(&event(&routed)), shape(&real), "{}", self.file);
    }
}

#[test]
fn a_public_request_becomes_an_event_of_the_real_shape() {
    for case in [
        Case {
            file: "driver-opens-ticket.json",
            method: Method::GET,
            route: "/t/{token}",
            path: "/t/abc",
            query: "",
            content_type: None,
            body: "",
        },
        Case {
            file: "driver-presses-pay.json",
            method: Method::POST,
            route: "/t/{token}/checkout",
            path: "/t/abc/checkout",
            query: "",
            content_type: Some("application/x-www-form-urlencoded"),
            body: "amount=30.00",
        },
        Case {
            file: "driver-returns-from-paypal.json",
            method: Method::GET,
            route: "/r/{attempt}",
            path: "/r/abc",
            query: "token=X&PayerID=Y",
            content_type: None,
            body: "",
        },
        Case {
            file: "paypal-reports-capture-completed.json",
            method: Method::POST,
            route: "/paypal/webhook",
            path: "/paypal/webhook",
            query: "",
            content_type: Some("application/json"),
            body: "{}",
        },
    ] {
        case.check(|routed| super::rest_api::event(routed, "live"));
    }
}

#[test]
fn an_office_request_becomes_an_event_of_the_real_shape() {
    let claims = BTreeMap::from([("sub".to_owned(), "clerk-17".to_owned())]);
    let scopes = ["tickets:issue".to_owned()];
    for case in [
        Case {
            file: "city-issues-ticket.json",
            method: Method::PUT,
            route: "/tickets/{case_number}",
            path: "/tickets/KL-1",
            query: "",
            content_type: Some("application/json"),
            body: "{}",
        },
        Case {
            file: "city-issues-tickets.json",
            method: Method::POST,
            route: "/tickets",
            path: "/tickets",
            query: "",
            content_type: Some("application/x-ndjson"),
            body: "{}",
        },
        Case {
            file: "city-fetches-qr.json",
            method: Method::GET,
            route: "/tickets/{case_number}/qr",
            path: "/tickets/KL-1/qr",
            query: "format=svg",
            content_type: None,
            body: "",
        },
    ] {
        case.check(|routed| super::http_api::event(routed, Some((&claims, &scopes))));
    }
    let for_anyone = Case {
        file: "vendor-reads-description.json",
        method: Method::GET,
        route: "/openapi.json",
        path: "/openapi.json",
        query: "",
        content_type: None,
        body: "",
    };
    for_anyone.check(|routed| super::http_api::event(routed, None));
}
