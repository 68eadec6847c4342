//! What becomes of money that came: refunds, reversals, disputes.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::testing::{Scene, approved, behaving};
use crate::{
    Afterwards, Behaviour, CaptureStatus, Currency, Delivery, DisputeNames, Money, RefundEnds,
    RefundKind, RefundStatus, RefundThen,
};

const BEHAVES: fn() -> Behaviour = Behaviour::default;

/// A capture of 25.00, with nothing left to deliver.
fn captured(scene: &Scene) -> String {
    let order = approved(scene, "A1", "2026-1");
    scene.capture(&order, "A1-capture-1");
    scene.standin.take_deliveries().clear();
    scene.standin.books().captures[0].id.clone()
}

fn resource(delivery: &Delivery) -> Value {
    let body: Value = serde_json::from_slice(&delivery.body).unwrap();
    body["resource"].clone()
}

#[test]
fn a_part_goes_back_in_paypals_pages_and_the_rest_later() {
    let scene = Scene::new();
    let id = captured(&scene);
    let goes = |part| {
        scene
            .standin
            .afterwards(&id, Afterwards::RefundedInPart(part))
    };
    goes(1_000).unwrap();
    assert_eq!(
        scene.standin.books().captures[0].status,
        CaptureStatus::PartiallyRefunded
    );
    assert!(goes(1_501).is_err());
    assert!(goes(0).is_err());
    goes(1_500).unwrap();
    assert_eq!(
        scene.standin.books().captures[0].status,
        CaptureStatus::Refunded
    );
    let told: Vec<Value> = scene
        .standin
        .take_deliveries()
        .iter()
        .map(resource)
        .collect();
    let sums = told.iter().map(|refund| {
        let total = &refund["seller_payable_breakdown"]["total_refunded_amount"]["value"];
        (refund["amount"]["value"].clone(), total.clone())
    });
    let expected = [("10.00", "10.00"), ("15.00", "25.00")];
    assert!(sums.eq(expected.map(|(amount, total)| (json!(amount), json!(total)))));
}

#[test]
fn a_reversal_may_be_a_part_and_does_not_say_so() {
    let scene = Scene::new();
    let id = captured(&scene);
    scene
        .standin
        .afterwards(&id, Afterwards::ReversedInPart(700))
        .unwrap();
    let delivery = scene.standin.take_deliveries().remove(0);
    assert_eq!(delivery.event_type, "PAYMENT.CAPTURE.REVERSED");
    let refund = scene.standin.books().refunds[0].clone();
    assert_eq!(
        (refund.kind, refund.amount.minor_units),
        (RefundKind::Reversal, 700)
    );
    let read = scene.get(&format!("/v2/payments/refunds/{}", refund.id));
    assert_eq!(read.body["amount"]["value"], "7.00");
    let capture = scene.get(&format!("/v2/payments/captures/{id}"));
    assert_eq!(capture.body["status"], "PARTIALLY_REFUNDED");
}

#[test]
fn a_part_can_be_taken_from_outside() {
    let scene = Scene::new();
    let id = captured(&scene);
    let lever = |what: &str, body: &str| {
        let path = format!("/_standin/captures/{id}/{what}");
        scene.lever("POST", &path, body).status.as_u16()
    };
    assert_eq!(lever("reverse", r#"{"minor_units":700}"#), 200);
    assert_eq!(lever("refund", r#"{"minor_units":300}"#), 200);
    assert_eq!(
        scene.standin.books().captures[0].given_back.minor_units,
        1_000
    );
    assert_eq!(lever("undo_reversal", ""), 200);
    assert_eq!(
        scene.standin.books().captures[0].given_back.minor_units,
        300
    );
    assert_eq!(lever("dispute", r#"{"minor_units":300}"#), 400);
    assert_eq!(lever("refund", r#"{"minor_units":-3}"#), 400);
    assert_eq!(lever("charge_back", ""), 200);
    assert_eq!(
        scene.standin.books().captures[0].status,
        CaptureStatus::Refunded
    );
}

#[test]
fn reversed_money_comes_back_without_a_word() {
    let scene = Scene::new();
    let id = captured(&scene);
    scene.standin.afterwards(&id, Afterwards::Reversed).unwrap();
    assert_eq!(scene.standin.take_deliveries().len(), 1);
    scene
        .standin
        .afterwards(&id, Afterwards::ReversalUndone)
        .unwrap();
    assert!(scene.standin.take_deliveries().is_empty());
    let capture = scene.standin.books().captures[0].clone();
    assert_eq!(
        (capture.status, capture.given_back.minor_units),
        (CaptureStatus::Completed, 0)
    );
    assert!(
        scene
            .standin
            .afterwards(&id, Afterwards::ReversalUndone)
            .is_err()
    );
}

#[test]
fn the_event_of_a_refund_may_name_nothing_but_its_capture() {
    let scene = behaving(Behaviour {
        refund_event_without_custom_id: true,
        ..BEHAVES()
    });
    let id = captured(&scene);
    scene.standin.afterwards(&id, Afterwards::Refunded).unwrap();
    let told = resource(&scene.standin.take_deliveries()[0]);
    assert_eq!(
        (told.get("custom_id"), told.get("invoice_id")),
        (None, None)
    );
    assert!(told["links"].to_string().contains(&id));
    let refund = scene.standin.books().refunds[0].id.clone();
    let read = scene.get(&format!("/v2/payments/refunds/{refund}"));
    assert_eq!(read.body["custom_id"], "A1");
}

#[test]
fn a_refund_may_wait_a_week_and_then_go_or_stay() {
    for (then, status, given_back, events) in [
        (RefundThen::Completed, RefundStatus::Completed, 2_500, 2),
        (RefundThen::Failed, RefundStatus::Failed, 0, 1),
        (RefundThen::Never, RefundStatus::Pending, 0, 1),
    ] {
        let scene = behaving(Behaviour {
            refund_pending_then: Some(then),
            refund_pending_h: 168,
            ..BEHAVES()
        });
        let id = captured(&scene);
        let path = format!("/v2/payments/captures/{id}/refund");
        let told = scene.post(&path, "r1", &json!({}));
        assert_eq!(
            (told.status.as_u16(), &told.body["status"]),
            (201, &json!("PENDING"))
        );
        assert_eq!(told.body["status_details"]["reason"], "ECHECK");
        // What is on its way cannot go a second time.
        assert_eq!(
            scene.post(&path, "r2", &json!({})).issue(),
            "CAPTURE_FULLY_REFUNDED"
        );
        scene.wait(SignedDuration::from_hours(167));
        assert_eq!(scene.standin.books().captures[0].given_back.minor_units, 0);
        scene.wait(SignedDuration::from_hours(1));
        let books = scene.standin.books();
        assert_eq!(books.refunds[0].status, status, "{then:?}");
        assert_eq!(
            books.captures[0].given_back.minor_units, given_back,
            "{then:?}"
        );
        assert_eq!(scene.standin.take_deliveries().len(), events, "{then:?}");
        scene.log_in();
        let read = scene.get(&format!("/v2/payments/refunds/{}", books.refunds[0].id));
        assert_eq!(read.body["status"], status.word());
    }
}

#[test]
fn a_refund_that_waits_is_ended_by_a_lever() {
    let scene = behaving(Behaviour {
        refund_pending_then: Some(RefundThen::Never),
        ..BEHAVES()
    });
    let id = captured(&scene);
    scene
        .standin
        .afterwards(&id, Afterwards::RefundedInPart(500))
        .unwrap();
    let refund = scene.standin.books().refunds[0].id.clone();
    let path = format!("/_standin/refunds/{refund}/fail");
    assert_eq!(scene.lever("POST", &path, "").status, 200);
    assert_eq!(
        scene.standin.books().refunds[0].status,
        RefundStatus::Failed
    );
    assert!(
        scene
            .standin
            .end_refund(&refund, RefundEnds::Completed)
            .is_err()
    );
    assert!(
        scene
            .standin
            .end_refund("NOSUCHREFUND", RefundEnds::Failed)
            .is_err()
    );
}

#[test]
fn a_dispute_may_name_its_payment_by_anything_or_nothing() {
    for (names, field, value) in [
        (DisputeNames::SellerId, "seller_transaction_id", None),
        (
            DisputeNames::InvoiceNumber,
            "invoice_number",
            Some("2026-1"),
        ),
        (DisputeNames::Custom, "custom", Some("A1")),
        (DisputeNames::Nothing, "", None),
    ] {
        let scene = behaving(Behaviour {
            dispute_names: names,
            ..BEHAVES()
        });
        let id = captured(&scene);
        scene.standin.afterwards(&id, Afterwards::Disputed).unwrap();
        // How it names it stays, whatever the next one does.
        scene.standin.set_behaviour(BEHAVES()).unwrap();
        let dispute = scene.standin.books().disputes[0].id.clone();
        let told = resource(&scene.standin.take_deliveries()[0]);
        let read = scene.get(&format!("/v1/customer/disputes/{dispute}")).body;
        for body in [told, read] {
            let transaction = &body["disputed_transactions"][0];
            for other in ["seller_transaction_id", "invoice_number", "custom"] {
                assert_eq!(
                    transaction.get(other).is_some(),
                    other == field,
                    "{names:?}"
                );
            }
            assert_ne!(transaction["buyer_transaction_id"], json!(id));
            if let Some(value) = value {
                assert_eq!(transaction[field], value);
            }
        }
    }
}

#[test]
fn a_dispute_may_be_about_a_payment_that_nobody_here_knows() {
    let scene = Scene::new();
    let amount = Money {
        currency: Currency::Eur,
        minor_units: 1_900,
    };
    let dispute = scene.standin.dispute_about_nothing(amount);
    let read = scene.get(&format!("/v1/customer/disputes/{dispute}"));
    let capture = read.body["disputed_transactions"][0]["seller_transaction_id"].clone();
    let path = format!("/v2/payments/captures/{}", capture.as_str().unwrap());
    assert_eq!(scene.get(&path).status, 404);
    assert_eq!(
        scene.standin.take_deliveries()[0].event_type,
        "CUSTOMER.DISPUTE.CREATED"
    );
    let lever = scene.lever("POST", "/_standin/disputes/unknown", "");
    assert!(lever.body["dispute"].is_string());
    assert_eq!(scene.standin.books().disputes.len(), 2);
}

#[test]
fn a_denial_may_be_told_of_a_payment_that_is_there() {
    let scene = Scene::new();
    let id = captured(&scene);
    scene
        .standin
        .afterwards(&id, Afterwards::FalselyDenied)
        .unwrap();
    let delivery = scene.standin.take_deliveries().remove(0);
    assert_eq!(delivery.event_type, "PAYMENT.CAPTURE.DENIED");
    assert_eq!(resource(&delivery)["status"], "DECLINED");
    assert_eq!(
        scene.standin.books().captures[0].status,
        CaptureStatus::Completed
    );
    let read = scene.get(&format!("/v2/payments/captures/{id}"));
    assert_eq!(read.body["status"], "COMPLETED");
}
