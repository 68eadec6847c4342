//! How webhooks are checked, from the environment.

use parameters::Vars;
use url::Url;

use super::anchors::Anchors;
use super::certificates::CertificateUrl;
use crate::config::{place, required};
use crate::{ConfigError, Environment};

const WRITE_WEBHOOK_ID: &str = "the id PayPal shows for our registered webhook, two with a space between them while it is registered anew, never the text WEBHOOK_ID (with that one PayPal's simulator signs for everybody),";
const WRITE_REVOKED: &str = "the addresses of this environment's certificates that are never to be trusted, as the log shows them, with spaces between them, or none,";
const WRITE_POSTBACK: &str = "on or off, or leave it out for off,";
const WRITE_ANCHORS: &str = "the path of a PEM file with the roots and intermediates of PayPal's signing certificates, at least one root and at most 16 certificates,";
const WRITE_ANCHORS_PARAMETER: &str = "the name of a parameter that holds compiled-in, or PEM text with the roots and intermediates of PayPal's signing certificates, at least one root and at most 16 certificates,";

/// The longest webhook id; PayPal's have 17 characters.
/// Source: Webhooks v1, `webhook_id`.
const WEBHOOK_ID_LEN_MAX: usize = 50;
/// The old one and the new one.
const WEBHOOK_IDS_MAX: usize = 2;
/// More certificates than PayPal is known to have had.
const REVOKED_MAX: usize = 32;
/// The largest file of anchors we read.
const ANCHORS_BYTES_MAX: usize = 64 * 1024;

/// How to check a webhook.
#[derive(Debug)]
pub struct WebhookConfig {
    pub(super) environment: Environment,
    pub(super) base_url: Url,
    /// One, or two while the webhook is registered anew: deliveries to the old one
    /// still come for three days.
    pub(super) webhook_ids: Vec<String>,
    pub(super) anchors: Anchors,
    /// Certificates that are not trusted, whatever they lead to.
    pub(super) revoked: Vec<CertificateUrl>,
    /// Whether PayPal itself is asked about a delivery whose certificate is refused.
    pub(super) postback: bool,
}

impl WebhookConfig {
    /// Reads `PAYPAL_ENVIRONMENT`, `PAYPAL_BASE_URL`, `PAYPAL_WEBHOOK_ID` and,
    /// where set, `PAYPAL_WEBHOOK_ANCHORS` or `PAYPAL_WEBHOOK_ANCHORS_PARAMETER`,
    /// `PAYPAL_CERTIFICATES_REVOKED` and `PAYPAL_WEBHOOK_POSTBACK`.
    ///
    /// # Errors
    /// When one is missing or wrong, or the certificates cannot be read.
    pub async fn from_vars(vars: &Vars<'_>) -> Result<Self, ConfigError> {
        let (environment, base_url) = place(vars)?;
        let webhook_ids = webhook_ids(vars)?;
        let revoked = revoked(vars, environment, &base_url)?;
        let postback = match vars("PAYPAL_WEBHOOK_POSTBACK").as_deref() {
            None | Some("" | "off") => false,
            Some("on") => true,
            Some(_) => {
                return Err(ConfigError::Wrong {
                    variable: "PAYPAL_WEBHOOK_POSTBACK",
                    write: WRITE_POSTBACK,
                });
            }
        };
        Ok(Self {
            environment,
            base_url,
            webhook_ids,
            anchors: anchors(vars).await?,
            revoked,
            postback,
        })
    }
}

/// Until when the certificates of the configuration parameter lead anywhere; nothing where
/// no function would start with them.
#[cfg(feature = "administration")]
#[must_use]
pub fn trust_ends(anchors: &str) -> Option<jiff::Timestamp> {
    Anchors::from_parameter(anchors).map(|anchors| anchors.ends())
}

/// What a variable lists: `aws` takes a comma for its own, so a space will do as well.
fn each(list: &str) -> impl Iterator<Item = &str> {
    list.split([' ', ',']).filter(|value| !value.is_empty())
}

fn webhook_ids(vars: &Vars<'_>) -> Result<Vec<String>, ConfigError> {
    let variable = "PAYPAL_WEBHOOK_ID";
    let ids = required(vars, variable, WRITE_WEBHOOK_ID)?;
    let ids: Vec<String> = each(&ids).map(str::to_owned).collect();
    // The alphabet has no underscore, which keeps the simulator's id out, and no bar,
    // which would move the borders of the signed text.
    let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    let fits =
        |id: &String| (1..=WEBHOOK_ID_LEN_MAX).contains(&id.len()) && id.bytes().all(allowed);
    if (1..=WEBHOOK_IDS_MAX).contains(&ids.len()) && ids.iter().all(fits) {
        Ok(ids)
    } else {
        Err(ConfigError::Wrong {
            variable,
            write: WRITE_WEBHOOK_ID,
        })
    }
}

fn revoked(
    vars: &Vars<'_>,
    environment: Environment,
    base_url: &Url,
) -> Result<Vec<CertificateUrl>, ConfigError> {
    let variable = "PAYPAL_CERTIFICATES_REVOKED";
    // The parameter store holds no empty value.
    let set = |value: &String| !value.is_empty() && value != "none";
    let Some(urls) = vars(variable).filter(set) else {
        return Ok(Vec::new());
    };
    let read = |url: &str| CertificateUrl::read(url, environment, base_url).ok();
    // One that cannot be read would be trusted on.
    let revoked: Option<Vec<CertificateUrl>> = each(&urls).map(read).collect();
    revoked
        .filter(|revoked| revoked.len() <= REVOKED_MAX)
        .ok_or(ConfigError::Wrong {
            variable,
            write: WRITE_REVOKED,
        })
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
        let anchors = Anchors::from_parameter(pem.expose());
        let variable = "PAYPAL_WEBHOOK_ANCHORS_PARAMETER";
        (variable, WRITE_ANCHORS_PARAMETER, anchors)
    } else {
        let anchors = Anchors::compiled_in();
        ("PAYPAL_WEBHOOK_ANCHORS", WRITE_ANCHORS, anchors)
    };
    found.ok_or(ConfigError::Wrong { variable, write })
}
