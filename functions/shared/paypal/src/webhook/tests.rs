//! What several tests of webhooks need.

mod events;
mod forgery;
mod postback;
mod properties;
mod signer;
mod trust;
mod unsent;
mod vectors;

use http::HeaderMap;

use super::anchors::Anchors;
use super::certificates::CertificateUrl;
use super::{Distrust, WebhookConfig, WebhookError, WebhookEvent, Webhooks};
use crate::Environment;
use crate::tests::{SentRequests, answering, now, soon};

pub(super) const WEBHOOK_ID: &str = "3TR748995U920805P";
pub(super) const CERT_URL: &str =
    "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-a5cafa77";

/// The sandbox, trusting `anchors`.
pub(super) fn config(anchors: &str) -> WebhookConfig {
    WebhookConfig {
        environment: Environment::Sandbox,
        base_url: "https://api-m.sandbox.paypal.com".parse().unwrap(),
        webhook_ids: vec![WEBHOOK_ID.to_owned()],
        anchors: Anchors::from_pem(anchors.as_bytes()).unwrap(),
        revoked: Vec::new(),
        postback: false,
    }
}

/// Checks webhooks against the signer's authority; PayPal serves `certificate`.
pub(super) fn webhooks(certificate: &str) -> (Webhooks, SentRequests) {
    let (transport, asked) = answering(200, certificate.as_bytes());
    let config = config(signer::AUTHORITY.pem());
    (Webhooks::new(config, transport), asked)
}

pub(super) async fn verify(
    webhooks: &Webhooks,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<WebhookEvent, WebhookError> {
    webhooks.verify(headers, body, now(), soon()).await
}

/// Why the certificate was refused.
pub(super) fn distrust(refused: WebhookError) -> Distrust {
    let WebhookError::CertificateRefused(refused) = refused else {
        panic!("{refused}");
    };
    refused.distrust
}

/// An address of a certificate in the sandbox.
pub(super) fn certificate_url(text: &str) -> Result<CertificateUrl, WebhookError> {
    let config = config(signer::AUTHORITY.pem());
    CertificateUrl::read(text, config.environment, &config.base_url)
}
