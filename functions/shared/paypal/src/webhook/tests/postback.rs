//! What PayPal is asked about a delivery that cannot be verified here.

use serde_json::Value;

use super::super::CertificateFetch;
use super::super::budget::CALLS_PER_MINUTE;
use super::signer::{AUTHORITY, Authority, signed};
use super::{
    CERT_URL, Distrust, WEBHOOK_ID, WebhookConfig, WebhookError, Webhooks, config, distrust, verify,
};
use crate::tests::{SentRequests, answering, now, paypal, sample, soon, token};
use crate::{Error, Postback, WebhookEvent};

/// Checks webhooks whose certificates nobody here knows.
fn strangers(webhook_ids: &[&str], postback: bool) -> (Webhooks, SentRequests) {
    let foreign = Authority::new("Authority of somebody else");
    let (transport, asked) = answering(200, foreign.leaf(|_| ()).as_bytes());
    let config = WebhookConfig {
        webhook_ids: webhook_ids.iter().map(|id| (*id).to_owned()).collect(),
        postback,
        ..config(AUTHORITY.pem())
    };
    (Webhooks::new(config, transport), asked)
}

fn body() -> Vec<u8> {
    // With white space that a second writer would not keep.
    let text = String::from_utf8(sample("63_webhook_flow_capture_completed_eur.json")).unwrap();
    text.replace(':', " :  ").into_bytes()
}

async fn question(webhooks: &Webhooks, body: &[u8]) -> Result<Postback, WebhookError> {
    let headers = signed(body);
    let refused = verify(webhooks, &headers, body).await.unwrap_err();
    webhooks.postback(refused, &headers, body, now())
}

async fn ask(
    postback: &Postback,
    status: u16,
    answer: &str,
) -> (
    Result<Result<WebhookEvent, WebhookError>, Error>,
    SentRequests,
) {
    let (paypal, asked) = paypal(status, answer.as_bytes()).await;
    let said = paypal.post_back(&token(), postback, soon()).await;
    (said, asked)
}

#[tokio::test]
async fn paypal_is_asked_with_the_bytes_as_they_came() {
    let (webhooks, _) = strangers(&[WEBHOOK_ID], true);
    let body = body();
    let headers = signed(&body);
    let postback = question(&webhooks, &body).await.unwrap();
    let (said, asked) = ask(&postback, 200, r#"{"verification_status":"SUCCESS"}"#).await;
    let event = said.unwrap().unwrap();
    assert_eq!(event.event_type, "PAYMENT.CAPTURE.COMPLETED");
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 1);
    assert_eq!(
        asked[0].uri().path(),
        "/v1/notifications/verify-webhook-signature"
    );
    let text = std::str::from_utf8(asked[0].body()).unwrap();
    assert!(text.contains(std::str::from_utf8(&body).unwrap()));
    let question: Value = serde_json::from_str(text).unwrap();
    for (field, header) in [
        ("transmission_id", "paypal-transmission-id"),
        ("transmission_time", "paypal-transmission-time"),
        ("transmission_sig", "paypal-transmission-sig"),
        ("auth_algo", "paypal-auth-algo"),
    ] {
        assert_eq!(
            question[field],
            headers[header].to_str().unwrap(),
            "{field}"
        );
    }
    assert_eq!(question["cert_url"], CERT_URL);
    assert_eq!(question["webhook_id"], WEBHOOK_ID);
    assert_eq!(question.as_object().unwrap().len(), 7);
}

#[tokio::test]
async fn what_paypal_did_not_send_is_no_event_and_no_answer_is_no_no() {
    let (webhooks, _) = strangers(&[WEBHOOK_ID], true);
    let postback = question(&webhooks, &body()).await.unwrap();
    let (said, _) = ask(&postback, 200, r#"{"verification_status":"FAILURE"}"#).await;
    assert!(matches!(said, Ok(Err(WebhookError::NotSent))), "{said:?}");
    for (status, answer) in [
        (200, r#"{"verification_status":"PERHAPS"}"#),
        (200, "{}"),
        (200, "<html>"),
        (400, r#"{"name":"VALIDATION_ERROR"}"#),
        (401, ""),
        (403, r#"{"name":"NOT_AUTHORIZED"}"#),
        (429, ""),
        (500, ""),
    ] {
        let (said, _) = ask(&postback, status, answer).await;
        assert!(said.is_err(), "{status} {answer}: {said:?}");
    }
}

#[tokio::test]
async fn each_of_our_webhooks_may_have_been_meant() {
    let (webhooks, _) = strangers(&["1OLD", "2NEW"], true);
    let postback = question(&webhooks, &body()).await.unwrap();
    let (_, asked) = ask(&postback, 200, r#"{"verification_status":"FAILURE"}"#).await;
    let ids: Vec<Value> = asked
        .lock()
        .unwrap()
        .iter()
        .map(|asked| serde_json::from_slice::<Value>(asked.body()).unwrap()["webhook_id"].clone())
        .collect();
    assert_eq!(ids, ["1OLD", "2NEW"]);
}

#[tokio::test]
async fn nobody_is_asked_unless_it_is_switched_on_and_about_trust() {
    let (webhooks, _) = strangers(&[WEBHOOK_ID], false);
    let refused = question(&webhooks, &body()).await.unwrap_err();
    assert!(matches!(distrust(refused), Distrust::Chain(_)));

    let (webhooks, _) = strangers(&[WEBHOOK_ID], true);
    for other in [
        WebhookError::Signature,
        WebhookError::CertificateRevoked,
        WebhookError::CertificateUrl,
        WebhookError::Algorithm,
        WebhookError::CertificateUnavailable(CertificateFetch::Status(500)),
    ] {
        let shown = format!("{other:?}");
        let still = webhooks.postback(other, &signed(&body()), &body(), now());
        assert_eq!(format!("{:?}", still.unwrap_err()), shown);
    }
}

#[tokio::test]
async fn a_body_that_would_say_more_than_one_thing_is_never_part_of_a_question() {
    for body in [
        &br#"{}, "webhook_id": "OTHER""#[..],
        b"{} {}",
        b"{",
        b"",
        b"\xff",
        b"\"\xff\"",
    ] {
        let (webhooks, _) = strangers(&[WEBHOOK_ID], true);
        let refused = question(&webhooks, body).await.unwrap_err();
        assert!(matches!(distrust(refused), Distrust::Chain(_)), "{body:?}");
    }
}

#[tokio::test]
async fn fetches_and_postbacks_share_one_budget() {
    let (webhooks, asked) = strangers(&[WEBHOOK_ID], true);
    // One goes for the certificate.
    for _ in 1..CALLS_PER_MINUTE {
        question(&webhooks, &body()).await.unwrap();
    }
    let too_often = question(&webhooks, &body()).await.unwrap_err();
    assert!(
        matches!(
            too_often,
            WebhookError::CertificateUnavailable(CertificateFetch::AskedTooOften)
        ),
        "{too_often:?}"
    );
    assert_eq!(asked.lock().unwrap().len(), 1);
}
