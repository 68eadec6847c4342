//! What the functions of a city are told by variables, wherever they run: in this stack,
//! in the simulation, behind a Runtime API. In the cloud the template says it.

use std::collections::BTreeMap;
use std::path::Path;

use paypal_standin::Settings;

use crate::token_keys::TokenKeys;

/// Variables by name.
pub type Variables = BTreeMap<&'static str, String>;

/// The city's own: its table, its address, its keys.
#[must_use]
pub fn city(
    table_name: &str,
    municipality: &str,
    public_base_url: &str,
    keys: &TokenKeys,
) -> Variables {
    [
        ("TABLE_NAME", table_name),
        ("MUNICIPALITY", municipality),
        ("PUBLIC_BASE_URL", public_base_url),
        ("TOKEN_KEYS", &keys.jwks),
        ("TOKEN_SIGNING_KEY", &keys.signing_key_pem),
        // What lies in the parameter store in the cloud, as it is there at first.
        ("CAPTURES", "open"),
        ("PAYPAL_WEBHOOK_POSTBACK", "off"),
        ("PAYPAL_CERTIFICATES_REVOKED", "none"),
        ("PAYPAL_CALLS_PER_SECOND", "2"),
        // Whoever is told of changes may be a program on this machine: never in the cloud.
        ("SUBSCRIBERS_ON_LOOPBACK", "allowed"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

/// Those of a PayPal that the stand-in plays; `anchors` is the file with the
/// certificates that its webhooks are trusted by.
#[must_use]
pub fn paypal(settings: &Settings, anchors: &Path) -> Variables {
    [
        ("PAYPAL_ENVIRONMENT", "local".to_owned()),
        ("PAYPAL_BASE_URL", settings.public_origin.clone()),
        ("PAYPAL_CLIENT_ID", settings.client_id.clone()),
        ("PAYPAL_CLIENT_SECRET", settings.client_secret.clone()),
        ("PAYPAL_MERCHANT_ID", settings.merchant_id.clone()),
        ("PAYPAL_WEBHOOK_ID", settings.webhook_id.clone()),
        ("PAYPAL_WEBHOOK_ANCHORS", anchors.display().to_string()),
    ]
    .into()
}

/// What Lambda gives every function by itself, for a table at this address.
#[must_use]
pub fn platform(dynamodb_url: &str) -> Variables {
    [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb_url),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}
