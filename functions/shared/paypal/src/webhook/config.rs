//! How webhooks are checked, from the environment.

use parameters::Vars;
use url::Url;

use super::anchors::Anchors;
use crate::config::{place, required};
use crate::{ConfigError, Environment};

const WRITE_WEBHOOK_ID: &str = "the id PayPal shows for our registered webhook, never the text WEBHOOK_ID (with that one PayPal's simulator signs for everybody),";
const WRITE_ANCHORS: &str = "the path of a PEM file with the roots and intermediates of PayPal's signing certificates, at least one root and at most 16 certificates,";
const WRITE_ANCHORS_PARAMETER: &str = "the name of a parameter that holds PEM text with the roots and intermediates of PayPal's signing certificates, at least one root and at most 16 certificates,";

/// The longest webhook id; `PayPal`'s have 17 characters.
/// Source: Webhooks v1, `webhook_id`.
const WEBHOOK_ID_LEN_MAX: usize = 50;
/// The largest file of anchors we read.
const ANCHORS_BYTES_MAX: usize = 64 * 1024;

/// How to check a webhook.
#[derive(Debug)]
pub struct WebhookConfig {
    pub(super) environment: Environment,
    pub(super) base_url: Url,
    pub(super) webhook_id: String,
    pub(super) anchors: Anchors,
}

impl WebhookConfig {
    /// Reads `PAYPAL_ENVIRONMENT`, `PAYPAL_BASE_URL`, `PAYPAL_WEBHOOK_ID` and,
    /// where set, `PAYPAL_WEBHOOK_ANCHORS` or `PAYPAL_WEBHOOK_ANCHORS_PARAMETER`.
    ///
    /// # Errors
    /// When one is missing or wrong, or the certificates cannot be read.
    pub async fn from_vars(vars: &Vars<'_>) -> Result<Self, ConfigError> {
        let (environment, base_url) = place(vars)?;
        let variable = "PAYPAL_WEBHOOK_ID";
        let webhook_id = required(vars, variable, WRITE_WEBHOOK_ID)?;
        let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        // The alphabet has no underscore, which keeps the simulator's id out,
        // and no bar, which would move the borders of the signed text.
        if webhook_id.len() > WEBHOOK_ID_LEN_MAX || !webhook_id.bytes().all(allowed) {
            return Err(ConfigError::Wrong {
                variable,
                write: WRITE_WEBHOOK_ID,
            });
        }
        Ok(Self {
            environment,
            base_url,
            webhook_id,
            anchors: anchors(vars).await?,
        })
    }
}

async fn anchors(vars: &Vars<'_>) -> Result<Anchors, ConfigError> {
    let set = |variable: &str| vars(variable).filter(|value| !value.is_empty());
    let (variable, write, found) = if let Some(path) = set("PAYPAL_WEBHOOK_ANCHORS") {
        // Read once, at start; nothing else runs in this process yet.
        let pem = std::fs::read(&path)
            .map_err(|source| ConfigError::AnchorsUnreadable { path, source })?;
        let pem = (pem.len() <= ANCHORS_BYTES_MAX).then_some(pem);
        let anchors = pem.and_then(|pem| Anchors::from_pem(&pem));
        ("PAYPAL_WEBHOOK_ANCHORS", WRITE_ANCHORS, anchors)
    } else if set("PAYPAL_WEBHOOK_ANCHORS_PARAMETER").is_some() {
        let pem = parameters::parameter(vars, "PAYPAL_WEBHOOK_ANCHORS").await?;
        let anchors = Anchors::from_pem(pem.expose().as_bytes());
        let variable = "PAYPAL_WEBHOOK_ANCHORS_PARAMETER";
        (variable, WRITE_ANCHORS_PARAMETER, anchors)
    } else {
        let anchors = Anchors::compiled_in();
        ("PAYPAL_WEBHOOK_ANCHORS", WRITE_ANCHORS, anchors)
    };
    found.ok_or(ConfigError::Wrong { variable, write })
}
