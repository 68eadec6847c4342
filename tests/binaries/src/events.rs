//! The events of `events/`, filled in.

use http::HeaderMap;
use paypal_standin::Delivery;
use serde_json::Value;

/// The event of this name, its placeholders replaced.
#[must_use]
pub fn event(name: &str, fill: &[(&str, &str)]) -> Value {
    let path = format!("{}/../../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let mut text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    for (placeholder, value) in fill {
        text = text.replace(&format!("__{placeholder}__"), value);
    }
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A webhook as it arrives: the event's frame around what the stand-in signed.
#[must_use]
pub fn webhook(delivery: &Delivery) -> Value {
    let header = |name: &str| text(&delivery.headers, name);
    let mut event = event(
        "paypal-reports-order-approved",
        &[
            ("CERT_URL", &header("paypal-cert-url")),
            ("TRANSMISSION_ID", &header("paypal-transmission-id")),
            ("TRANSMISSION_SIG", &header("paypal-transmission-sig")),
            ("TRANSMISSION_TIME", &header("paypal-transmission-time")),
        ],
    );
    event["body"] = String::from_utf8(delivery.body.to_vec()).unwrap().into();
    event
}

/// One header as text.
#[must_use]
pub fn text(headers: &HeaderMap, name: &str) -> String {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}
