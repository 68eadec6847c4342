//! Ids are looked for where PayPal has been seen to put them, and nothing
//! else of a body is looked at.

use serde_json::{Value, json};

use super::super::event::{Unreadable, read};
use crate::About;
use crate::tests::sample;

fn about(event_type: &str, resource: &Value) -> Result<About, Unreadable> {
    let body = json!({ "id": "WH-1", "event_type": event_type, "resource": resource });
    read(body.to_string().as_bytes()).map(|event| event.about)
}

#[test]
fn an_event_nobody_knows_is_about_nothing() {
    for event_type in [
        "BILLING.PLAN.CREATED",
        "PAYMENT.SALE.REFUNDED",
        "CHECKOUT.ORDER.NEW",
    ] {
        let found = about(event_type, &json!({ "id": "5O190127TN364715T" }));
        assert_eq!(found.unwrap(), About::Nothing, "{event_type}");
    }
}

#[test]
fn an_order_event_without_ids_is_left_to_the_sweep() {
    let nothing = About::Order {
        attempt: None,
        order_id: None,
    };
    for resource in [
        json!(null),
        json!({}),
        json!([]),
        json!({ "id": 5 }),
        json!({ "id": "../x", "custom_id": "x", "purchase_units": "x", "links": [{}] }),
        json!({ "supplementary_data": { "related_ids": null }, "links": "x" }),
    ] {
        for event_type in [
            "CHECKOUT.ORDER.APPROVED",
            "CHECKOUT.ORDER.COMPLETED",
            "CHECKOUT.PAYMENT-APPROVAL.REVERSED",
            "PAYMENT.CAPTURE.COMPLETED",
            "PAYMENT.CAPTURE.PENDING",
            "PAYMENT.CAPTURE.DECLINED",
            "PAYMENT.CAPTURE.DENIED",
        ] {
            let found = about(event_type, &resource).unwrap();
            assert_eq!(found, nothing, "{event_type} {resource}");
        }
    }
}

#[test]
fn our_attempt_is_found_in_the_capture_and_in_the_order() {
    let attempt = "abcdefghijklmnopqrstuvwxyz";
    let in_capture = json!({ "custom_id": attempt });
    let in_order = json!({ "purchase_units": [{ "custom_id": attempt }] });
    for (event_type, resource) in [
        ("PAYMENT.CAPTURE.COMPLETED", in_capture),
        ("CHECKOUT.ORDER.APPROVED", in_order),
    ] {
        let found = about(event_type, &resource).unwrap();
        let expected = About::Order {
            attempt: Some(attempt.parse().unwrap()),
            order_id: None,
        };
        assert_eq!(found, expected);
    }
}

#[test]
fn a_refund_or_dispute_without_its_id_does_not_pass_as_done() {
    for event_type in [
        "PAYMENT.CAPTURE.REFUNDED",
        "PAYMENT.CAPTURE.REVERSED",
        "PAYMENT.REFUND.PENDING",
        "PAYMENT.REFUND.FAILED",
        "CUSTOMER.DISPUTE.CREATED",
        "CUSTOMER.DISPUTE.UPDATED",
        "CUSTOMER.DISPUTE.RESOLVED",
        "RISK.DISPUTE.CREATED",
    ] {
        for resource in [json!({}), json!({ "id": "a/b", "dispute_id": "a b" })] {
            assert!(about(event_type, &resource).is_err(), "{event_type}");
        }
    }
}

#[test]
fn each_refund_and_dispute_event_is_told_apart() {
    let resource = json!({ "id": "1Y107995YT783435V", "dispute_id": "PP-1" });
    let kind = |event_type| {
        let found = format!("{:?}", about(event_type, &resource).unwrap());
        found.split(' ').next().unwrap().to_owned()
    };
    assert_eq!(kind("PAYMENT.CAPTURE.REFUNDED"), "Refund");
    assert_eq!(kind("PAYMENT.REFUND.PENDING"), "Refund");
    assert_eq!(kind("PAYMENT.REFUND.FAILED"), "Refund");
    assert_eq!(kind("PAYMENT.CAPTURE.REVERSED"), "Reversal");
    assert_eq!(kind("CUSTOMER.DISPUTE.UPDATED"), "Dispute");
    assert_eq!(kind("RISK.DISPUTE.CREATED"), "Dispute");
}

#[test]
fn an_envelope_without_sound_ids_cannot_be_read() {
    for body in [
        "",
        "null",
        "[]",
        "{",
        r#"{"event_type":"A"}"#,
        r#"{"id":"WH-1"}"#,
        r#"{"id":"WH 1","event_type":"A"}"#,
        r#"{"id":"WH#1","event_type":"A"}"#,
        r#"{"id":"WH-1","event_type":""}"#,
        r#"{"id":"WH-1","event_type":"a\nb"}"#,
        r#"{"id":"WH-1","id":"WH-2","event_type":"A"}"#,
    ] {
        assert!(read(body.as_bytes()).is_err(), "{body}");
    }
}

#[test]
fn what_cannot_be_read_keeps_what_can_and_else_the_transmissions_id() {
    let transmission: crate::EventId = "69cd13f0-d67a-11e5-baa3-778b53f4ae55".parse().unwrap();
    for (body, id, event_type) in [
        ("<html>", transmission.as_str(), "UNREADABLE"),
        (r#"{"id":7,"event_type":"A"}"#, transmission.as_str(), "A"),
        (r#"{"id":"WH-1"}"#, "WH-1", "UNREADABLE"),
        (
            r#"{"id":"WH-1","event_type":"CUSTOMER.DISPUTE.CREATED","resource":{}}"#,
            "WH-1",
            "CUSTOMER.DISPUTE.CREATED",
        ),
    ] {
        let event = read(body.as_bytes()).unwrap_err();
        let event = event.into_event(transmission.clone());
        assert_eq!((event.id.as_str(), &*event.event_type), (id, event_type));
        assert_eq!(event.about, About::Unreadable);
    }
}

#[test]
fn nothing_but_ids_is_looked_at() {
    let text = sample("63_webhook_flow_capture_completed_eur.json");
    let before = read(&text).unwrap();
    let mut body: Value = serde_json::from_slice(&text).unwrap();
    body["summary"] = json!("Zahlung von 0,01 € abgelehnt");
    body["create_time"] = json!(7);
    body["resource"]["status"] = json!("DECLINED");
    body["resource"]["amount"] = json!({ "currency_code": "USD", "value": "0.01" });
    body["resource"]["payee"] = json!({ "merchant_id": "EVIL" });
    body["resource"]["seller_receivable_breakdown"] = json!(null);
    let after = read(body.to_string().as_bytes()).unwrap();
    assert_eq!(after, before);
}
