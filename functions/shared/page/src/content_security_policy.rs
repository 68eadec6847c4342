//! What the browser may do with a page.

use http::{HeaderValue, Uri};

/// The content security policy: nothing but our own style, and a form that
/// may lead to PayPal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    payer_origin: String,
}

/// The variables do not say where a driver pays.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPolicy {
    /// `PAYPAL_ENVIRONMENT` is missing or not one of the three.
    #[error("PAYPAL_ENVIRONMENT: write live, sandbox or local")]
    Environment,
    /// `PAYPAL_BASE_URL` is missing or no URL, and the environment is `local`.
    #[error(
        "PAYPAL_BASE_URL: with PAYPAL_ENVIRONMENT=local write the stand-in's address, like http://127.0.0.1:8082"
    )]
    BaseUrl,
}

impl Policy {
    /// Reads `PAYPAL_ENVIRONMENT` and, where that is `local`,
    /// `PAYPAL_BASE_URL`.
    ///
    /// # Errors
    /// When one of them is missing or wrong.
    pub fn from_vars(vars: &dyn Fn(&str) -> Option<String>) -> Result<Self, InvalidPolicy> {
        // Browsers apply form-action to the redirect after a POST too: without
        // PayPal's origin here the pay button would do nothing.
        let payer_origin = match vars("PAYPAL_ENVIRONMENT").as_deref() {
            Some("live") => "https://www.paypal.com".to_owned(),
            Some("sandbox") => "https://www.sandbox.paypal.com".to_owned(),
            Some("local") => vars("PAYPAL_BASE_URL")
                .and_then(|url| origin(&url))
                .ok_or(InvalidPolicy::BaseUrl)?,
            Some(_) | None => return Err(InvalidPolicy::Environment),
        };
        Ok(Self { payer_origin })
    }

    /// The header's value for a page with a style of this hash (base64 of
    /// SHA-256).
    pub(crate) fn content_security_policy(&self, style_hash: &str) -> HeaderValue {
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{style_hash}'; img-src data:; \
             form-action 'self' {}; frame-ancestors 'none'; base-uri 'none'",
            self.payer_origin
        );
        // Every part is ASCII: base64, and an origin that was checked. Should
        // that break one day, the page allows nothing rather than everything.
        HeaderValue::from_str(&policy)
            .unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
    }
}

/// Scheme, host and port of a URL, as CSP writes a source; nothing that could
/// end the directive and begin another.
fn origin(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    let scheme = uri
        .scheme_str()
        .filter(|scheme| matches!(*scheme, "http" | "https"))?;
    let authority = uri.authority()?.as_str();
    let is_plain = authority.bytes().all(|byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']')
    });
    is_plain.then(|| format!("{scheme}://{authority}"))
}
