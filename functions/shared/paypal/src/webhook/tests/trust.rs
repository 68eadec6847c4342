//! Whom a signature may come from, and what is kept of a certificate.

use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use rcgen::{ExtendedKeyUsagePurpose, date_time_ymd};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::super::budget::CALLS_PER_MINUTE;
use super::super::{CertificateFetch, WebhookConfig};
use super::signer::{AUTHORITY, Authority, NAME, headers, signed, signed_for};
use super::{
    CERT_URL, Distrust, WEBHOOK_ID, WebhookError, WebhookEvent, Webhooks, certificate_url, config,
    distrust, verify, webhooks,
};
use crate::tests::{answering, now, sample, soon};
use crate::{Transport, TransportError};

fn body() -> Vec<u8> {
    sample("63_webhook_flow_capture_completed_eur.json")
}

/// A rightly signed delivery, the certificate being `certificate`.
async fn served(certificate: &str) -> Result<WebhookEvent, WebhookError> {
    let (webhooks, _) = webhooks(certificate);
    verify(&webhooks, &signed(&body()), &body()).await
}

#[tokio::test]
async fn a_right_one_passes() {
    let event = served(&AUTHORITY.leaf(|_| ())).await.unwrap();
    assert_eq!(event.event_type, "PAYMENT.CAPTURE.COMPLETED");
}

#[tokio::test]
async fn another_body_or_another_webhook_does_not_pass() {
    let body = body();
    let (webhooks, _) = webhooks(&AUTHORITY.leaf(|_| ()));
    let spaced = [&body[..], b" "].concat();
    let other_body = verify(&webhooks, &signed(&body), &spaced).await;
    assert!(
        matches!(other_body, Err(WebhookError::Signature)),
        "{other_body:?}"
    );
    let headers = signed_for("WEBHOOK_ID", &body);
    let other_id = verify(&webhooks, &headers, &body).await;
    assert!(
        matches!(other_id, Err(WebhookError::Signature)),
        "{other_id:?}"
    );
    let mut headers = signed(&body);
    let later = HeaderValue::from_static("2026-11-22T09:59:59Z");
    headers.insert("paypal-transmission-time", later);
    let other_time = verify(&webhooks, &headers, &body).await;
    assert!(
        matches!(other_time, Err(WebhookError::Signature)),
        "{other_time:?}"
    );
}

#[tokio::test]
async fn a_foreign_certificate_under_paypals_host_does_not_pass() {
    let foreign = Authority::new("Authority of somebody else");
    let refused = served(&foreign.leaf(|_| ())).await.unwrap_err();
    let unknown = Distrust::Chain(webpki::Error::UnknownIssuer);
    assert_eq!(distrust(refused), unknown);
    // With the name of the right authority, but not its key.
    let namesake = Authority::new("Authority made for tests");
    let refused = served(&namesake.leaf(|_| ())).await.unwrap_err();
    assert!(matches!(distrust(refused), Distrust::Chain(_)));
}

#[tokio::test]
async fn a_certificate_before_or_after_its_time_does_not_pass() {
    let early = AUTHORITY.leaf(|leaf| leaf.not_before = date_time_ymd(2026, 11, 23));
    let late = AUTHORITY.leaf(|leaf| leaf.not_after = date_time_ymd(2026, 11, 21));
    for certificate in [early, late] {
        let refused = served(&certificate).await.unwrap_err();
        let refused = distrust(refused);
        let out_of_time = matches!(
            refused,
            Distrust::Chain(
                webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. }
            )
        );
        assert!(out_of_time, "{refused:?}");
    }
}

#[tokio::test]
async fn only_the_signers_own_name_passes() {
    for names in [
        vec!["messageverificationcerts.paypal.com"],
        vec!["www.sandbox.paypal.com"],
        vec!["*.sandbox.paypal.com"],
        vec!["messageverificationcerts.sandbox.paypal.com.evil.example"],
        vec![],
    ] {
        let certificate = AUTHORITY.leaf(|leaf| {
            let names = names.iter().map(|name| (*name).to_owned());
            let names: Vec<String> = names.collect();
            let params = rcgen::CertificateParams::new(names).unwrap();
            leaf.subject_alt_names = params.subject_alt_names;
            // In the subject it counts for nothing.
            let common_name = rcgen::DnType::CommonName;
            leaf.distinguished_name.push(common_name, NAME);
        });
        let refused = served(&certificate).await.unwrap_err();
        assert_eq!(distrust(refused), Distrust::Name, "{names:?}");
    }
}

#[tokio::test]
async fn a_certificate_not_made_for_servers_does_not_pass() {
    let without = AUTHORITY.leaf(|leaf| leaf.extended_key_usages = vec![]);
    let client = AUTHORITY.leaf(|leaf| {
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    for certificate in [without, client] {
        let refused = served(&certificate).await.unwrap_err();
        assert!(is_wrong_use(&distrust(refused)));
    }
}

/// Whether a certificate was refused for what it was made for.
fn is_wrong_use(refused: &Distrust) -> bool {
    matches!(
        refused,
        Distrust::Chain(webpki::Error::RequiredEkuNotFoundContext(_))
    )
}

#[tokio::test]
async fn an_intermediate_need_not_say_what_it_signs_for_but_may_not_leave_servers_out() {
    let server = ExtendedKeyUsagePurpose::ServerAuth;
    let client = ExtendedKeyUsagePurpose::ClientAuth;
    for (usages, passes) in [
        (vec![], true),
        (vec![server.clone()], true),
        (vec![client.clone(), server], true),
        (vec![client], false),
    ] {
        let intermediate = AUTHORITY.intermediate_for(usages.clone());
        let leaf = intermediate.leaf(|_| ());
        let passed = served(&format!("{leaf}{}", intermediate.pem())).await;
        match passed {
            Ok(_) => assert!(passes, "{usages:?}"),
            Err(refused) => {
                assert!(!passes && is_wrong_use(&distrust(refused)), "{usages:?}");
            }
        }
        // Whatever the intermediate says, the leaf must say it itself.
        let silent = intermediate.leaf(|leaf| leaf.extended_key_usages = vec![]);
        let refused = served(&format!("{silent}{}", intermediate.pem())).await;
        assert!(is_wrong_use(&distrust(refused.unwrap_err())), "{usages:?}");
    }
}

#[tokio::test]
async fn a_key_of_another_kind_does_not_pass() {
    let (certificate, key) = AUTHORITY.leaf_of_other_key();
    let (webhooks, _) = webhooks(&certificate);
    let headers = headers(&key, WEBHOOK_ID, &body());
    let refused = verify(&webhooks, &headers, &body()).await.unwrap_err();
    assert!(matches!(refused, WebhookError::Signature), "{refused}");
}

#[tokio::test]
async fn an_intermediate_may_be_configured_or_served_but_not_missing() {
    let intermediate = AUTHORITY.intermediate();
    let leaf = intermediate.leaf(|_| ());
    let missing = served(&leaf).await.unwrap_err();
    assert!(matches!(distrust(missing), Distrust::Chain(_)));
    served(&format!("{leaf}{}", intermediate.pem()))
        .await
        .unwrap();
    let (transport, _) = answering(200, leaf.as_bytes());
    let both = format!("{}{}", AUTHORITY.pem(), intermediate.pem());
    let webhooks = Webhooks::new(config(&both), transport);
    verify(&webhooks, &signed(&body()), &body()).await.unwrap();
}

#[tokio::test]
async fn what_is_no_certificate_is_not_taken_for_one() {
    let leaf = AUTHORITY.leaf(|_| ());
    let der = CertificateDer::from_pem_slice(leaf.as_bytes()).unwrap();
    let huge = [leaf.as_bytes(), &[b'\n'; 16 * 1024]].concat();
    let many = leaf.repeat(5);
    for (status, certificate) in [
        (200, &b""[..]),
        (200, b"<html>"),
        (200, der.as_ref()),
        (200, b"-----BEGIN CERTIFICATE-----\nAAAA"),
        (200, &huge),
        (200, many.as_bytes()),
        (204, leaf.as_bytes()),
        (301, leaf.as_bytes()),
        (302, leaf.as_bytes()),
        (404, leaf.as_bytes()),
    ] {
        let (transport, asked) = answering(status, certificate);
        let webhooks = Webhooks::new(config(AUTHORITY.pem()), transport);
        let refused = verify(&webhooks, &signed(&body()), &body())
            .await
            .unwrap_err();
        assert_eq!(distrust(refused), Distrust::Unusable, "{status}");
        assert_eq!(asked.lock().unwrap().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_certificate_that_cannot_be_fetched_now_is_asked_for_again() {
    for status in [408, 429, 500, 503] {
        let (transport, asked) = answering(status, b"");
        let webhooks = Webhooks::new(config(AUTHORITY.pem()), transport);
        for calls in 1..=2 {
            let refused = verify(&webhooks, &signed(&body()), &body())
                .await
                .unwrap_err();
            let later = matches!(refused, WebhookError::CertificateUnavailable(_));
            assert!(later, "{status}: {refused}");
            assert_eq!(asked.lock().unwrap().len(), calls, "{status}");
        }
    }
    let silent = Transport::in_process(|_| std::future::pending());
    let webhooks = Webhooks::new(config(AUTHORITY.pem()), silent);
    let at_once = tokio::time::Instant::now();
    let refused = webhooks
        .verify(&signed(&body()), &body(), now(), at_once)
        .await;
    assert!(
        matches!(refused, Err(WebhookError::CertificateUnavailable(_))),
        "{refused:?}"
    );
    let broken =
        Transport::in_process(|_| async { Err(TransportError::Failed("made for tests".into())) });
    let webhooks = Webhooks::new(config(AUTHORITY.pem()), broken);
    let refused = verify(&webhooks, &signed(&body()), &body()).await;
    assert!(
        matches!(refused, Err(WebhookError::CertificateUnavailable(_))),
        "{refused:?}"
    );
}

/// How often the certificate was fetched for deliveries at these times.
async fn fetches(certificate: &str, times: &[Timestamp]) -> usize {
    let (webhooks, asked) = webhooks(certificate);
    for time in times {
        let _ = webhooks
            .verify(&signed(&body()), &body(), *time, soon())
            .await;
    }
    asked.lock().unwrap().len()
}

#[tokio::test]
async fn a_right_certificate_is_fetched_once_a_day() {
    let leaf = AUTHORITY.leaf(|_| ());
    let day = SignedDuration::from_hours(24);
    let second = SignedDuration::from_secs(1);
    assert_eq!(
        fetches(&leaf, &[now(), now(), now() + day - second]).await,
        1
    );
    assert_eq!(fetches(&leaf, &[now(), now() + day]).await, 2);
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_fetched_once_a_minute() {
    let foreign = Authority::new("Authority of somebody else").leaf(|_| ());
    let minute = SignedDuration::from_mins(1);
    let second = SignedDuration::from_secs(1);
    for refused in [foreign.as_str(), "<html>"] {
        assert_eq!(
            fetches(refused, &[now(), now(), now() + minute - second]).await,
            1
        );
        assert_eq!(fetches(refused, &[now(), now() + minute]).await, 2);
    }
}

#[tokio::test]
async fn a_refused_certificate_says_where_it_lies_who_signed_it_and_whether_that_is_news() {
    let foreign = Authority::new("Authority of somebody else");
    let (webhooks, _) = webhooks(&foreign.leaf(|_| ()));
    for is_new in [true, false] {
        let refused = verify(&webhooks, &signed(&body()), &body()).await;
        let Err(WebhookError::CertificateRefused(refused)) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(refused.url, CERT_URL);
        assert_eq!(
            refused.issuer.as_deref(),
            Some("Authority of somebody else")
        );
        assert_eq!(refused.is_new, is_new);
    }
}

#[tokio::test]
async fn a_forged_signature_makes_us_fetch_a_right_certificate_once() {
    let (webhooks, asked) = webhooks(&AUTHORITY.leaf(|_| ()));
    for body in [&b"{}"[..], b"{} ", b"[]"] {
        let refused = verify(&webhooks, &signed(b"signed"), body).await;
        assert!(matches!(refused, Err(WebhookError::Signature)));
    }
    verify(&webhooks, &signed(&body()), &body()).await.unwrap();
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn nobody_makes_us_fetch_more_than_so_often_a_minute() {
    let (webhooks, asked) = webhooks("<html>");
    let at = |name: usize, now: Timestamp| {
        let mut headers = signed(&body());
        let url = format!("https://api.sandbox.paypal.com/v1/notifications/certs/CERT-{name}");
        headers.insert("paypal-cert-url", HeaderValue::from_str(&url).unwrap());
        let webhooks = &webhooks;
        async move { webhooks.verify(&headers, &body(), now, soon()).await }
    };
    for name in 0..CALLS_PER_MINUTE {
        assert_eq!(
            distrust(at(name, now()).await.unwrap_err()),
            Distrust::Unusable
        );
    }
    let too_often = at(CALLS_PER_MINUTE, now()).await;
    assert!(
        matches!(
            too_often,
            Err(WebhookError::CertificateUnavailable(
                CertificateFetch::AskedTooOften
            ))
        ),
        "{too_often:?}"
    );
    assert_eq!(asked.lock().unwrap().len(), CALLS_PER_MINUTE);
    let later = now() + SignedDuration::from_mins(1);
    let refused = at(CALLS_PER_MINUTE, later).await.unwrap_err();
    assert_eq!(distrust(refused), Distrust::Unusable);
}

#[tokio::test]
async fn a_known_certificate_counts_however_often_others_are_asked_for() {
    let (webhooks, asked) = webhooks(&AUTHORITY.leaf(|_| ()));
    verify(&webhooks, &signed(&body()), &body()).await.unwrap();
    for name in 0..40 {
        let mut headers = signed(&body());
        let url = format!("https://api.sandbox.paypal.com/v1/notifications/certs/CERT-{name}");
        headers.insert("paypal-cert-url", HeaderValue::from_str(&url).unwrap());
        let _ = verify(&webhooks, &headers, b"unsigned").await;
    }
    assert_eq!(asked.lock().unwrap().len(), CALLS_PER_MINUTE);
    assert!(webhooks.certificates.count() <= 4);
}

#[tokio::test]
async fn a_revoked_certificate_is_never_trusted_under_any_of_paypals_hosts() {
    let name = CERT_URL
        .strip_prefix("https://api.sandbox.paypal.com")
        .unwrap();
    let other_host = format!("https://api-m.sandbox.paypal.com{name}");
    let (transport, asked) = answering(200, AUTHORITY.leaf(|_| ()).as_bytes());
    let config = WebhookConfig {
        revoked: vec![certificate_url(&other_host).unwrap()],
        postback: true,
        ..config(AUTHORITY.pem())
    };
    let webhooks = Webhooks::new(config, transport);
    for url in [CERT_URL, &other_host] {
        let mut headers = signed(&body());
        headers.insert("paypal-cert-url", HeaderValue::from_str(url).unwrap());
        let refused = verify(&webhooks, &headers, &body()).await.unwrap_err();
        assert!(matches!(refused, WebhookError::CertificateRevoked), "{url}");
        // Nor is PayPal asked, which may know it yet.
        let still = webhooks.postback(refused, &headers, &body(), now());
        assert!(matches!(still, Err(WebhookError::CertificateRevoked)));
    }
    assert_eq!(asked.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn while_a_webhook_is_registered_anew_both_ids_are_ours() {
    let (transport, _) = answering(200, AUTHORITY.leaf(|_| ()).as_bytes());
    let config = WebhookConfig {
        webhook_ids: vec!["1OLD".to_owned(), WEBHOOK_ID.to_owned()],
        ..config(AUTHORITY.pem())
    };
    let webhooks = Webhooks::new(config, transport);
    for (id, is_ours) in [("1OLD", true), (WEBHOOK_ID, true), ("1OTHER", false)] {
        let headers = signed_for(id, &body());
        let verified = verify(&webhooks, &headers, &body()).await;
        assert_eq!(verified.is_ok(), is_ours, "{id}");
    }
}

#[tokio::test]
async fn a_kept_certificate_ends_when_it_says() {
    let leaf = AUTHORITY.leaf(|leaf| leaf.not_after = date_time_ymd(2026, 11, 23));
    let (webhooks, _) = webhooks(&leaf);
    verify(&webhooks, &signed(&body()), &body()).await.unwrap();
    let ended = "2026-11-23T00:00:01Z".parse().unwrap();
    let refused = webhooks
        .verify(&signed(&body()), &body(), ended, soon())
        .await;
    assert!(matches!(distrust(refused.unwrap_err()), Distrust::Chain(_)));
}
