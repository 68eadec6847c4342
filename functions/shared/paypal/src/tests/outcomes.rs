//! What a caller may do after each kind of answer.

use super::{CLIENT_SECRET, answering, now, paypal, sample, sandbox, soon, token};
use ticket::Money;

use crate::{Config, Error, Issue, PayPal, Transport, TransportError};

const ORDER: &str = "5O190127TN364715T";

/// One word for what a capture that was answered so has come to.
async fn captured(status: u16, body: &[u8]) -> &'static str {
    let (paypal, _) = paypal(status, body).await;
    let order = ORDER.parse().unwrap();
    match paypal.capture_order(&token(), &order, "id", soon()).await {
        Ok(_) => "done",
        Err(Error::NoAnswer { .. }) => "no answer",
        Err(Error::Unclear { .. }) => "unclear",
        Err(Error::Unauthorized { .. }) => "renew",
        Err(Error::NotFound { .. }) => "not found",
        Err(Error::Refused { .. }) => "refused",
    }
}

#[tokio::test]
async fn after_an_unclear_answer_nobody_may_believe_that_nothing_happened() {
    let html = b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>";
    let json = sample("22_err_422_order_already_captured.json");
    let whole = sample("06_order_capture_completed_201.json");
    for (status, body) in [
        (200, &b""[..]),
        (200, html),
        (200, b"{}"),
        (200, b"null"),
        (201, &whole[..whole.len() / 2]),
        (202, b""),
        (204, b""),
        (301, b""),
        (302, html),
        (304, b""),
        // In front of PayPal, not PayPal: a definite no would free the lock
        // while a capture may be under way behind it.
        (400, html),
        (403, html),
        (404, html),
        (404, b""),
        (404, b"{}"),
        (413, html),
        (422, b""),
        (422, &json[..json.len() / 2]),
        (408, &json),
        (409, &json),
        (429, &json),
        (500, &json),
        (502, html),
        (503, b""),
        (504, html),
        (599, &json),
    ] {
        assert_eq!(captured(status, body).await, "unclear", "{status} {body:?}");
    }
}

#[tokio::test]
async fn a_definite_no_is_one_that_paypal_itself_says() {
    let json = sample("26_err_422_transaction_refused.json");
    for status in [400, 402, 403, 405, 406, 410, 415, 422] {
        assert_eq!(captured(status, &json).await, "refused", "{status}");
    }
    assert_eq!(captured(401, b"").await, "renew");
    assert_eq!(captured(401, b"<html>").await, "renew");
    let json = sample("40_err_404_invalid_resource_id.json");
    assert_eq!(captured(404, &json).await, "not found");
}

#[tokio::test]
async fn a_refusal_without_details_is_named_by_what_it_has() {
    let refused = |status, body: &'static str| async move {
        let (paypal, _) = paypal(status, body.as_bytes()).await;
        let order = ORDER.parse().unwrap();
        match paypal.capture_order(&token(), &order, "id", soon()).await {
            Err(Error::Refused { issue, .. }) => issue,
            other => panic!("{other:?}"),
        }
    };
    let name = String::from("NEW_NAME");
    let body = r#"{"name":"NEW_NAME","details":null,"links":null}"#;
    // Whatever the status: a name that nobody knows proves nothing.
    for status in [400, 403, 422] {
        assert_eq!(refused(status, body).await, Issue::Other(name.clone()));
    }
    let hostile = r#"{"name":"a\nlevel=error","details":[{}]}"#;
    let unreadable = Issue::Other(String::from("UNREADABLE"));
    assert_eq!(refused(422, hostile).await, unreadable);
}

#[tokio::test]
async fn no_answer_in_time_is_said_to_be_one() {
    let config = Config::from_vars(&sandbox).await.unwrap();
    let silent = Transport::in_process(|_| std::future::pending());
    let paypal = PayPal::new(config, silent);
    let order = ORDER.parse().unwrap();
    let at_once = tokio::time::Instant::now();
    let captured = paypal.capture_order(&token(), &order, "id", at_once).await;
    let Err(Error::NoAnswer { source, .. }) = captured else {
        panic!("{captured:?}");
    };
    assert!(matches!(source, TransportError::TimedOut), "{source}");
}

#[tokio::test]
async fn an_answer_larger_than_any_of_paypals_is_not_read() {
    let mut body = sample("06_order_capture_completed_201.json");
    body.resize(256 * 1024, b' ');
    assert_eq!(captured(201, &body).await, "done");
    body.push(b' ');
    assert_eq!(captured(201, &body).await, "no answer");
}

#[tokio::test]
async fn an_answer_about_something_else_is_no_answer() {
    let order = sample("06_order_capture_completed_201.json");
    let capture = sample("10_capture_get_completed_200.json");
    let refund = sample("11_refund_response_201.json");
    let dispute = br#"{"dispute_id":"PP-2","status":"OPEN"}"#;
    let token = token();
    let (paypal_order, _) = paypal(200, &order).await;
    let other = "6O190127TN364715T".parse().unwrap();
    let found = paypal_order.get_order(&token, &other, soon()).await;
    assert!(matches!(found, Err(Error::Unclear { .. })), "{found:?}");
    let found = paypal_order
        .capture_order(&token, &other, "id", soon())
        .await;
    assert!(matches!(found, Err(Error::Unclear { .. })), "{found:?}");
    let (paypal_capture, _) = paypal(200, &capture).await;
    let other = "4C679366HH908993F".parse().unwrap();
    let found = paypal_capture.get_capture(&token, &other, soon()).await;
    assert!(matches!(found, Err(Error::Unclear { .. })), "{found:?}");
    let (paypal_refund, _) = paypal(200, &refund).await;
    let other = "2JU08902781691411".parse().unwrap();
    let found = paypal_refund.get_refund(&token, &other, soon()).await;
    assert!(matches!(found, Err(Error::Unclear { .. })), "{found:?}");
    let (paypal_dispute, _) = paypal(200, dispute).await;
    let other = "PP-1".parse().unwrap();
    let found = paypal_dispute.get_dispute(&token, &other, soon()).await;
    assert!(matches!(found, Err(Error::Unclear { .. })), "{found:?}");
}

#[tokio::test]
async fn a_capture_that_cannot_be_read_makes_the_whole_order_unclear() {
    let text = String::from_utf8(sample("06_order_capture_completed_201.json")).unwrap();
    for (found, instead) in [
        (
            "3C679366HH908993F\",\n            \"status",
            "3c/..\",\n            \"status",
        ),
        (
            "\"status\": \"COMPLETED\",\n            \"amount\"",
            "\"amount\"",
        ),
    ] {
        assert!(text.contains(found));
        let body = text.replacen(found, instead, 1);
        assert_eq!(captured(201, body.as_bytes()).await, "unclear", "{instead}");
    }
}

#[tokio::test]
async fn what_a_thing_was_made_from_is_read_from_a_link_of_the_right_kind() {
    let mut capture: serde_json::Value =
        serde_json::from_slice(&sample("10_capture_get_completed_200.json")).unwrap();
    capture
        .as_object_mut()
        .unwrap()
        .remove("supplementary_data");
    let capture = capture.to_string();
    let refund = String::from_utf8(sample("11_refund_response_201.json")).unwrap();
    let order_of = |body: String| async move {
        let (paypal, _) = paypal(200, body.as_bytes()).await;
        let id = "3C679366HH908993F".parse().unwrap();
        let capture = paypal.get_capture(&token(), &id, soon()).await.unwrap();
        capture.order_id.map(String::from)
    };
    let capture_of = |body: String| async move {
        let (paypal, _) = paypal(200, body.as_bytes()).await;
        let id = "1JU08902781691411".parse().unwrap();
        let refund = paypal.get_refund(&token(), &id, soon()).await.unwrap();
        refund.capture_id.map(String::from)
    };
    assert_eq!(order_of(capture.clone()).await.as_deref(), Some(ORDER));
    let authorized = capture.replace("/v2/checkout/orders/", "/v2/payments/authorizations/");
    assert_eq!(order_of(authorized).await, None);
    let captured = Some("3C679366HH908993F");
    assert_eq!(capture_of(refund.clone()).await.as_deref(), captured);
    let elsewhere = refund.replace("/v2/payments/captures/", "/v2/payments/authorizations/");
    assert_eq!(capture_of(elsewhere).await, None);
}

#[tokio::test]
async fn a_dispute_names_the_captures_it_is_about() {
    let event: serde_json::Value =
        serde_json::from_slice(&sample("59_webhook_customer_dispute_created.json")).unwrap();
    let (paypal, _) = paypal(200, event["resource"].to_string().as_bytes()).await;
    let id = "PP-000-042-663-135".parse().unwrap();
    let dispute = paypal.get_dispute(&token(), &id, soon()).await.unwrap();
    assert_eq!(dispute.status, crate::DisputeStatus::Open);
    let captures: Vec<_> = dispute
        .transactions
        .into_iter()
        .map(|t| t.capture_id)
        .collect();
    assert_eq!(captures, ["00D10444LD479031K".parse().ok()]);
    assert_eq!(dispute.amount.unwrap().value, "3.00");
}

#[tokio::test]
async fn a_payer_who_can_mend_it_is_told_where_even_without_a_link() {
    for (issue, shown) in [
        ("INSTRUMENT_DECLINED", true),
        ("PAYER_ACTION_REQUIRED", true),
        ("ORDER_NOT_APPROVED", true),
        ("TRANSACTION_REFUSED", false),
        ("ORDER_ALREADY_CAPTURED", false),
    ] {
        let evil = r#"{"rel":"redirect","href":"https://evil.example/"}"#;
        for links in ["", evil] {
            let body = format!(
                r#"{{"name":"UNPROCESSABLE_ENTITY","details":[{{"issue":"{issue}"}}],"links":[{links}]}}"#
            );
            let (paypal, _) = paypal(422, body.as_bytes()).await;
            let id = ORDER.parse().unwrap();
            let refused = paypal.capture_order(&token(), &id, "id", soon()).await;
            let Err(Error::Refused { approve_url, .. }) = refused else {
                panic!("{refused:?}");
            };
            let page = format!("https://www.sandbox.paypal.com/checkoutnow?token={ORDER}");
            assert_eq!(approve_url, shown.then_some(page), "{issue} {links}");
        }
    }
}

#[tokio::test]
async fn a_token_ends_before_paypal_ends_it() {
    let until = |expires_in: &'static str| async move {
        let body = format!(r#"{{"access_token":"a","expires_in":{expires_in}}}"#);
        let (paypal, _) = paypal(200, body.as_bytes()).await;
        let token = paypal.fetch_token(now(), soon()).await;
        token.map(|token| token.expires_at.to_string()).ok()
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(until("32400").await, text("2026-11-22T18:55:00Z"));
    assert_eq!(until("301").await, text("2026-11-22T10:00:01Z"));
    assert_eq!(until("10").await, text("2026-11-22T10:00:00Z"));
    assert_eq!(
        until("18446744073709551615").await,
        text("2026-11-23T09:55:00Z")
    );
    assert_eq!(until("-1").await, None);
    assert_eq!(until("\"1\"").await, None);
}

#[tokio::test]
async fn a_token_that_could_not_be_sent_is_none() {
    for bad in ["", "a b", "a\\nb", "ü"] {
        let body = format!(r#"{{"access_token":"{bad}","expires_in":9}}"#);
        let (paypal, _) = paypal(200, body.as_bytes()).await;
        let token = paypal.fetch_token(now(), soon()).await;
        assert!(
            matches!(token, Err(Error::Unclear { .. })),
            "{bad}: {token:?}"
        );
    }
}

#[test]
fn only_euros_with_two_decimals_are_euro_cents() {
    let cents = |value: &str, currency: &str| {
        let money = Money {
            value: value.to_owned(),
            currency: currency.to_owned(),
        };
        money.euro_cents().map(ticket::Cents::minor_units)
    };
    assert_eq!(cents("30.00", "EUR"), Some(3_000));
    for (value, currency) in [
        ("30.00", "USD"),
        ("30.00", "eur"),
        ("30.00", ""),
        ("-30.00", "EUR"),
        ("30", "EUR"),
        ("30.000", "EUR"),
        ("", "EUR"),
    ] {
        assert_eq!(cents(value, currency), None, "{value} {currency}");
    }
}

#[tokio::test]
async fn debug_shows_no_secret() {
    let (paypal, _) = paypal(200, b"").await;
    let shown = format!("{paypal:?} {:?} {:?}", token(), answering(200, b"").0);
    assert!(!shown.contains(CLIENT_SECRET), "{shown}");
    assert!(!shown.contains(super::TOKEN), "{shown}");
    assert!(!shown.contains("client-id"), "{shown}");
}
