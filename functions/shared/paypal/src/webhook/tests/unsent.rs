//! Deliveries that are refused before anybody is asked for anything.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::signer::{AUTHORITY, signed};
use super::{CERT_URL, WebhookError, Webhooks, config, verify, webhooks};
use crate::tests::{SentRequests, answering, sample};
use crate::webhook::BODY_BYTES_MAX;
use crate::{Environment, WebhookConfig};

const NAMES: [&str; 5] = [
    "paypal-transmission-id",
    "paypal-transmission-time",
    "paypal-transmission-sig",
    "paypal-cert-url",
    "paypal-auth-algo",
];

fn delivery() -> (Vec<u8>, HeaderMap, Webhooks, SentRequests) {
    let body = sample("63_webhook_flow_capture_completed_eur.json");
    let headers = signed(&body);
    let (webhooks, asked) = webhooks(&AUTHORITY.leaf(|_| ()));
    (body, headers, webhooks, asked)
}

fn calls(asked: &SentRequests) -> usize {
    asked.lock().unwrap().len()
}

#[tokio::test]
async fn each_header_is_needed() {
    for name in NAMES {
        let (body, mut headers, webhooks, asked) = delivery();
        headers.remove(name);
        let refused = verify(&webhooks, &headers, &body).await.unwrap_err();
        let WebhookError::HeaderMissing { name: named } = refused else {
            panic!("{name}: {refused}");
        };
        assert_eq!(named, name);
        assert_eq!(calls(&asked), 0, "{name}");
    }
}

#[tokio::test]
async fn each_header_says_one_thing() {
    for name in NAMES {
        let (body, mut headers, webhooks, asked) = delivery();
        let again = headers[name].clone();
        headers.append(HeaderName::from_static(name), again);
        let refused = verify(&webhooks, &headers, &body).await.unwrap_err();
        let WebhookError::HeaderDoubled { name: named } = refused else {
            panic!("{name}: {refused}");
        };
        assert_eq!(named, name);
        assert_eq!(calls(&asked), 0, "{name}");
    }
}

#[tokio::test]
async fn a_huge_empty_or_strange_header_is_refused() {
    for name in NAMES {
        let huge = "a".repeat(60_000);
        for value in [huge.as_bytes(), b"", b"\xff\xfe"] {
            let (body, mut headers, webhooks, asked) = delivery();
            headers.insert(name, HeaderValue::from_bytes(value).unwrap());
            let refused = verify(&webhooks, &headers, &body).await.unwrap_err();
            let malformed =
                matches!(refused, WebhookError::HeaderMalformed { name: named } if named == name);
            assert!(malformed, "{name}: {refused}");
            assert_eq!(calls(&asked), 0, "{name}");
        }
    }
}

#[tokio::test]
async fn headers_keep_to_their_alphabets() {
    for (name, value) in [
        ("paypal-transmission-id", "a|2026-11-22T09:59:58Z"),
        ("paypal-transmission-id", "a b"),
        ("paypal-transmission-time", "yesterday"),
        ("paypal-transmission-time", "2026-11-22T09:59:58"),
        ("paypal-transmission-time", "2026-11-22T09:59:58Z|X"),
        ("paypal-transmission-sig", "not base64!"),
        ("paypal-transmission-sig", "QUJD\tQUJD"),
    ] {
        let (body, mut headers, webhooks, asked) = delivery();
        headers.insert(name, HeaderValue::from_static(value));
        let refused = verify(&webhooks, &headers, &body).await.unwrap_err();
        let malformed =
            matches!(refused, WebhookError::HeaderMalformed { name: named } if named == name);
        assert!(malformed, "{name} {value}: {refused}");
        assert_eq!(calls(&asked), 0, "{name} {value}");
    }
}

#[tokio::test]
async fn the_sender_does_not_choose_the_algorithm() {
    for algorithm in [
        "SHA1withRSA",
        "sha256withrsa",
        "SHA256withRSA ",
        "SHA256withECDSA",
        "none",
        "SHA256withRSA,none",
    ] {
        let (body, mut headers, webhooks, asked) = delivery();
        headers.insert("paypal-auth-algo", HeaderValue::from_static(algorithm));
        let refused = verify(&webhooks, &headers, &body).await.unwrap_err();
        assert!(
            matches!(refused, WebhookError::Algorithm),
            "{algorithm}: {refused}"
        );
        assert_eq!(calls(&asked), 0, "{algorithm}");
    }
}

#[tokio::test]
async fn a_body_no_webhook_has_is_refused() {
    let (_, _, webhooks, asked) = delivery();
    let body = vec![b' '; BODY_BYTES_MAX + 1];
    let refused = verify(&webhooks, &signed(&body), &body).await.unwrap_err();
    assert!(matches!(refused, WebhookError::BodyTooLarge), "{refused}");
    assert_eq!(calls(&asked), 0);
}

#[tokio::test]
async fn an_address_that_is_not_paypals_is_never_asked() {
    for url in [
        "http://api.sandbox.paypal.com/v1/notifications/certs/CERT-aa",
        "https://api.paypal.com/v1/notifications/certs/CERT-aa",
        "https://api-m.paypal.com/v1/notifications/certs/CERT-aa",
        "https://evil.example/v1/notifications/certs/CERT-aa",
        "https://evilapi.sandbox.paypal.com/v1/notifications/certs/CERT-aa",
        "https://evilpaypal.com/v1/notifications/certs/CERT-aa",
        "https://www.sandbox.paypal.com/v1/notifications/certs/CERT-aa",
        "https://api.sandbox.paypal.com.evil.example/v1/notifications/certs/CERT-aa",
        "https://api.sandbox.paypal.com@evil.example/v1/notifications/certs/CERT-aa",
        "https://user@api.sandbox.paypal.com/v1/notifications/certs/CERT-aa",
        "https://user:word@api.sandbox.paypal.com/v1/notifications/certs/CERT-aa",
        "https://api.sandbox.paypal.com:443/v1/notifications/certs/CERT-aa",
        "https://api.sandbox.paypal.com:8443/v1/notifications/certs/CERT-aa",
        "https://api.sandbox.paypal.com./v1/notifications/certs/CERT-aa",
        "https://api.sandbox.paypal.com\\@evil.example/v1/notifications/certs/CERT-aa",
        "https://API.sandbox.paypal.com/v1/notifications/certs/CERT-aa",
        "https://api.sandbox.paypal.com/v1/notifications/test",
        "https://api.sandbox.paypal.com/v1/notifications/certs/",
        "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-",
        "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-aa/../../x",
        "https://api.sandbox.paypal.com/v1/notifications/certs/../certs/CERT-aa",
        "https://api.sandbox.paypal.com//v1/notifications/certs/CERT-aa",
        "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-aa%2e",
        "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-aa?x=y",
        "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-aa#x",
        "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-AA",
        "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-zz",
        "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-aa ",
        " https://api.sandbox.paypal.com/v1/notifications/certs/CERT-aa",
        "https://169.254.169.254/v1/notifications/certs/CERT-aa",
        "https://127.0.0.1/v1/notifications/certs/CERT-aa",
        "https://[::1]/v1/notifications/certs/CERT-aa",
        "http://127.0.0.1:8082/v1/notifications/certs/CERT-aa",
        "file:///etc/passwd",
        "ftp://api.sandbox.paypal.com/v1/notifications/certs/CERT-aa",
        "//api.sandbox.paypal.com/v1/notifications/certs/CERT-aa",
        "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ] {
        let (body, mut headers, webhooks, asked) = delivery();
        headers.insert("paypal-cert-url", HeaderValue::from_static(url));
        let refused = verify(&webhooks, &headers, &body).await.unwrap_err();
        assert!(
            matches!(refused, WebhookError::CertificateUrl),
            "{url}: {refused}"
        );
        assert_eq!(calls(&asked), 0, "{url}");
    }
}

#[tokio::test]
async fn both_of_the_environments_hosts_are_asked() {
    for url in [
        CERT_URL,
        "https://api-m.sandbox.paypal.com/v1/notifications/certs/CERT-aa",
    ] {
        let (body, mut headers, webhooks, asked) = delivery();
        headers.insert("paypal-cert-url", HeaderValue::from_static(url));
        verify(&webhooks, &headers, &body).await.unwrap();
        assert_eq!(asked.lock().unwrap()[0].uri(), url);
    }
}

#[tokio::test]
async fn locally_only_the_stand_ins_own_origin_is_asked() {
    let local = "http://127.0.0.1:8082/v1/notifications/certs/CERT-aa";
    for (url, taken) in [
        (local, true),
        (
            "http://127.0.0.1:8083/v1/notifications/certs/CERT-aa",
            false,
        ),
        (
            "https://127.0.0.1:8082/v1/notifications/certs/CERT-aa",
            false,
        ),
        (
            "http://localhost:8082/v1/notifications/certs/CERT-aa",
            false,
        ),
        (
            "http://127.0.0.1:80820/v1/notifications/certs/CERT-aa",
            false,
        ),
        (CERT_URL, false),
    ] {
        let (body, mut headers, _, _) = delivery();
        let (transport, asked) = answering(200, AUTHORITY.leaf(|_| ()).as_bytes());
        let config = WebhookConfig {
            environment: Environment::Local,
            base_url: "http://127.0.0.1:8082".parse().unwrap(),
            ..config(AUTHORITY.pem())
        };
        let webhooks = Webhooks::new(config, transport);
        headers.insert("paypal-cert-url", HeaderValue::from_static(url));
        let verified = verify(&webhooks, &headers, &body).await;
        assert_eq!(verified.is_ok(), taken, "{url}");
        assert_eq!(calls(&asked), usize::from(taken), "{url}");
    }
}
