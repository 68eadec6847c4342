//! Six genuine webhooks, the clock set to when they were sent.

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;

use super::super::headers::SignatureHeaders;
use super::super::trust;
use super::{Distrust, WebhookConfig, WebhookError, Webhooks};
use crate::Environment;
use crate::tests::{answering, recorded, soon};
use crate::webhook::anchors::Anchors;

#[derive(Deserialize)]
struct Vector {
    name: String,
    kind: String,
    webhook_id: String,
    headers: std::collections::BTreeMap<String, String>,
    body_file: String,
    signed_message: String,
    cert_file: String,
}

impl Vector {
    fn all() -> Vec<Self> {
        let text = std::fs::read(recorded("vectors/vectors.json")).unwrap();
        let vectors: Vec<Self> = serde_json::from_slice(&text).unwrap();
        assert_eq!(vectors.len(), 6);
        vectors
    }

    fn file(name: &str) -> Vec<u8> {
        std::fs::read(recorded("vectors").join(name)).unwrap()
    }

    /// With the anchors compiled in, and the webhook id it was signed for: that
    /// of the simulator, too, which configuration refuses.
    fn config(&self) -> WebhookConfig {
        let (environment, base_url) = if self.kind == "sandbox" {
            (Environment::Sandbox, "https://api-m.sandbox.paypal.com")
        } else {
            (Environment::Live, "https://api-m.paypal.com")
        };
        WebhookConfig {
            environment,
            base_url: base_url.parse().unwrap(),
            webhook_ids: vec![self.webhook_id.clone()],
            anchors: Anchors::compiled_in().unwrap(),
            revoked: Vec::new(),
            postback: false,
        }
    }

    fn headers(&self) -> HeaderMap {
        let pair = |(name, value): (&String, &String)| {
            let name: HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        };
        self.headers.iter().map(pair).collect()
    }

    fn sent_at(&self) -> Timestamp {
        self.headers["paypal-transmission-time"].parse().unwrap()
    }

    /// Whether the signature fits, or why the certificate is not trusted.
    fn check(&self, body: &[u8], now: Timestamp) -> Result<bool, Distrust> {
        let headers = self.headers();
        let signed = SignatureHeaders::read(&headers).unwrap();
        let message = signed.message(&self.webhook_id, body);
        let leaf = CertificateDer::from_pem_slice(&Self::file(&self.cert_file)).unwrap();
        trust::check(std::slice::from_ref(&leaf), &self.config(), now)?;
        Ok(trust::has_signed(
            &[leaf],
            message.as_bytes(),
            &signed.signature,
        ))
    }
}

#[test]
fn chain_and_signature_of_all_six_are_right() {
    for vector in Vector::all() {
        let body = Vector::file(&vector.body_file);
        let headers = vector.headers();
        let signed = SignatureHeaders::read(&headers).unwrap();
        let message = signed.message(&vector.webhook_id, &body);
        assert_eq!(message, vector.signed_message, "{}", vector.name);
        assert!(vector.check(&body, vector.sent_at()).unwrap());
    }
}

#[test]
fn one_space_more_and_none_of_them_is_right() {
    for vector in Vector::all() {
        let mut body = Vector::file(&vector.body_file);
        body.push(b' ');
        let checked = vector.check(&body, vector.sent_at());
        assert_eq!(checked, Ok(false), "{}", vector.name);
    }
}

#[test]
fn years_later_none_of_them_is_right() {
    for vector in Vector::all() {
        let body = Vector::file(&vector.body_file);
        let later = "2026-11-22T10:00:00Z".parse().unwrap();
        let checked = vector.check(&body, later);
        let Err(Distrust::Chain(error)) = checked else {
            panic!("{}: {checked:?}", vector.name);
        };
        assert!(
            matches!(error, webpki::Error::CertExpired { .. }),
            "{error}"
        );
    }
}

#[test]
fn a_live_signature_is_nothing_in_the_sandbox_and_the_other_way_round() {
    for vector in Vector::all() {
        let body = Vector::file(&vector.body_file);
        let other = Vector {
            kind: String::from(if vector.kind == "sandbox" {
                "live"
            } else {
                "sandbox"
            }),
            ..vector
        };
        let checked = other.check(&body, other.sent_at());
        assert_eq!(checked, Err(Distrust::Name), "{}", other.name);
    }
}

#[tokio::test]
async fn five_pass_from_header_to_event_and_the_old_path_is_never_fetched() {
    for vector in Vector::all() {
        let body = Vector::file(&vector.body_file);
        let (transport, asked) = answering(200, &Vector::file(&vector.cert_file));
        let webhooks = Webhooks::new(vector.config(), transport);
        let checked = webhooks
            .verify(&vector.headers(), &body, vector.sent_at(), soon())
            .await;
        if vector.name == "java-sdk-2017-billing-plan" {
            assert!(
                matches!(checked, Err(WebhookError::CertificateUrl)),
                "{checked:?}"
            );
            assert_eq!(asked.lock().unwrap().len(), 0);
            continue;
        }
        let event = checked.unwrap_or_else(|error| panic!("{}: {error}", vector.name));
        assert!(event.id.as_str().starts_with("WH-"), "{}", vector.name);
        let asked = asked.lock().unwrap();
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].uri(), vector.headers["paypal-cert-url"].as_str());
        assert!(!asked[0].headers().contains_key("authorization"));
    }
}
