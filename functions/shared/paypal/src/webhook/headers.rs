//! The headers a webhook is signed with. Whoever calls our address writes
//! them, so each is read once, short and in its own alphabet.

use data_encoding::BASE64;
use http::HeaderMap;
use jiff::Timestamp;

use super::WebhookError;
use crate::EventId;

const TRANSMISSION_ID: &str = "paypal-transmission-id";
const TRANSMISSION_TIME: &str = "paypal-transmission-time";
const TRANSMISSION_SIG: &str = "paypal-transmission-sig";
const CERT_URL: &str = "paypal-cert-url";
const AUTH_ALGO: &str = "paypal-auth-algo";

/// A UUID has 36 characters.
const TRANSMISSION_ID_LEN_MAX: usize = 64;
/// RFC 3339 with nanoseconds and offset has 35 characters.
const TRANSMISSION_TIME_LEN_MAX: usize = 40;
/// RSA-2048 has 344 characters, RSA-8192, the largest we check, 1,368.
const TRANSMISSION_SIG_LEN_MAX: usize = 1_368;
/// The longest of PayPal's has 87 characters.
const CERT_URL_LEN_MAX: usize = 256;
/// The only algorithm, written as PayPal writes it.
pub(super) const ALGORITHM: &str = "SHA256withRSA";

/// What the headers say, none of it verified but the algorithm.
pub(super) struct SignatureHeaders<'a> {
    pub(super) unverified_id: &'a str,
    pub(super) unverified_time: &'a str,
    /// The signature's bytes.
    pub(super) signature: Vec<u8>,
    /// The signature as it was sent.
    pub(super) unverified_signature: &'a str,
    pub(super) unverified_cert_url: &'a str,
}

impl<'a> SignatureHeaders<'a> {
    pub(super) fn read(headers: &'a HeaderMap) -> Result<Self, WebhookError> {
        // A bar in here could move the borders of the signed text.
        let is_id = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let is_time = |text: &str| text.is_ascii() && text.parse::<Timestamp>().is_ok();
        let any = |_: &str| true;
        let id = one(headers, TRANSMISSION_ID, TRANSMISSION_ID_LEN_MAX, is_id)?;
        let time = one(
            headers,
            TRANSMISSION_TIME,
            TRANSMISSION_TIME_LEN_MAX,
            is_time,
        )?;
        let signature = one(headers, TRANSMISSION_SIG, TRANSMISSION_SIG_LEN_MAX, any)?;
        let cert_url = one(headers, CERT_URL, CERT_URL_LEN_MAX, any)?;
        let algorithm = one(headers, AUTH_ALGO, CERT_URL_LEN_MAX, any)?;
        if algorithm != ALGORITHM {
            return Err(WebhookError::Algorithm);
        }
        let decoded =
            BASE64
                .decode(signature.as_bytes())
                .map_err(|_| WebhookError::HeaderMalformed {
                    name: TRANSMISSION_SIG,
                })?;
        Ok(Self {
            unverified_id: id,
            unverified_time: time,
            signature: decoded,
            unverified_signature: signature,
            unverified_cert_url: cert_url,
        })
    }

    /// The transmission's own id, in case that the body has none that can be read.
    pub(super) fn transmission_id(&self) -> Result<EventId, WebhookError> {
        let id = self.unverified_id.parse();
        id.map_err(|_| WebhookError::HeaderMalformed {
            name: TRANSMISSION_ID,
        })
    }

    /// The text PayPal signs: the body is in it only as its CRC-32, in
    /// unsigned decimal.
    pub(super) fn message(&self, webhook_id: &str, raw_body: &[u8]) -> String {
        let crc32 = crc32fast::hash(raw_body);
        format!(
            "{}|{}|{webhook_id}|{crc32}",
            self.unverified_id, self.unverified_time
        )
    }
}

/// The header's one value.
fn one<'a>(
    headers: &'a HeaderMap,
    name: &'static str,
    len_max: usize,
    allowed: impl FnOnce(&str) -> bool,
) -> Result<&'a str, WebhookError> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or(WebhookError::HeaderMissing { name })?;
    // Two values, and two programs may each choose another one.
    if values.next().is_some() {
        return Err(WebhookError::HeaderDoubled { name });
    }
    let text = value.to_str().ok();
    text.filter(|text| (1..=len_max).contains(&text.len()) && allowed(text))
        .ok_or(WebhookError::HeaderMalformed { name })
}
