//! What this stack is told, for the tool that looks after stacks: `GET
//! /_local/configuration` on the office's port.

use std::collections::BTreeMap;

use axum::Router;
use axum::response::Json;
use axum::routing::get;

use crate::Vars;
use crate::city_variables::Variables;

/// No secret is among them: any program on this machine may ask.
const SHOWN: [&str; 15] = [
    "AWS_ENDPOINT_URL_DYNAMODB",
    "CAPTURES",
    "MUNICIPALITY",
    "PAYPAL_BASE_URL",
    "PAYPAL_CALLS_PER_SECOND",
    "PAYPAL_CERTIFICATES_REVOKED",
    "PAYPAL_CLIENT_ID",
    "PAYPAL_ENVIRONMENT",
    "PAYPAL_MERCHANT_ID",
    "PAYPAL_WEBHOOK_ANCHORS",
    "PAYPAL_WEBHOOK_ID",
    "PAYPAL_WEBHOOK_POSTBACK",
    "PUBLIC_BASE_URL",
    "TABLE_NAME",
    "TOKEN_KEYS",
];

/// The credentials of the stand-in are nobody's.
const OF_THE_STANDIN: &str = "PAYPAL_CLIENT_SECRET";

/// The route; `local` is what the stack says itself, `process` what it was told.
pub(crate) fn route(local: &Variables, process: &Vars, has_standin: bool) -> Router {
    let known = |name: &&'static str| {
        let value = process(name).or_else(|| local.get(name).cloned());
        value.map(|value| (*name, value))
    };
    // One that somebody has set may be a real app's.
    let is_nobodys = has_standin && process(OF_THE_STANDIN).is_none();
    let secret = is_nobodys.then_some(&OF_THE_STANDIN);
    let shown: BTreeMap<&str, String> = SHOWN.iter().chain(secret).filter_map(known).collect();
    Router::new().route("/_local/configuration", get(async move || Json(shown)))
}
