//! The events of `events/`, filled in.

use lambda_http::Request;
use serde_json::Value;

/// The event of this name, its placeholders replaced, as the function gets it.
pub(crate) fn event(name: &str, fill: &[(&str, &str)]) -> Value {
    let path = format!("{}/../../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let mut text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    for (placeholder, value) in fill {
        text = text.replace(&format!("__{placeholder}__"), value);
    }
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The request that `lambda_http` makes of an event.
pub(crate) fn request(event: &Value) -> Request {
    lambda_http::request::from_str(&event.to_string()).expect("an event of API Gateway")
}
