//! The events of `events/`, filled in.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use lambda_http::Request;

/// The files, each read once.
static FILES: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());

/// The event of this name, its placeholders replaced, as the function gets it.
#[must_use]
pub fn event(name: &str, fill: &[(&str, &str)]) -> String {
    let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    let text = files.entry(name.to_owned()).or_insert_with(|| {
        let path = format!("{}/../../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path);
        text.unwrap_or_else(|error| panic!("{path}: {error}"))
    });
    let mut text = text.clone();
    for (placeholder, value) in fill {
        text = text.replace(&format!("__{placeholder}__"), value);
    }
    text
}

/// The request that `lambda_http` makes of an event.
#[must_use]
pub fn request(event: &str) -> Request {
    lambda_http::request::from_str(event).expect("an event of API Gateway")
}
