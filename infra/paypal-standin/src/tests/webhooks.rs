//! Which events are told, and how they travel.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::testing::Scene;
use crate::{Afterwards, Fault, FaultKind, On, Payer, REPEATS_MAX, WebhookMode};

/// Approves and captures one order.
fn paid(scene: &Scene) -> String {
    let order = scene.order("A1", "2026-1").id();
    scene.standin.approve(&order, Payer::Pays).unwrap();
    scene.capture(&order, "A1-capture-1");
    order
}

fn taken(scene: &Scene) -> Vec<String> {
    let deliveries = scene.standin.take_deliveries();
    deliveries
        .into_iter()
        .map(|delivery| delivery.event_type)
        .collect()
}

#[test]
fn a_payment_is_told_by_approval_and_completion() {
    let scene = Scene::new();
    let order = paid(&scene);
    let deliveries = scene.standin.take_deliveries();
    let bodies: Vec<Value> = deliveries
        .iter()
        .map(|delivery| serde_json::from_slice(&delivery.body).unwrap())
        .collect();
    assert_eq!(bodies[0]["event_type"], "CHECKOUT.ORDER.APPROVED");
    assert_eq!(bodies[0]["resource"]["id"], json!(order));
    assert_eq!(bodies[0]["resource"]["status"], "APPROVED");
    assert_eq!(bodies[1]["event_type"], "PAYMENT.CAPTURE.COMPLETED");
    let related = &bodies[1]["resource"]["supplementary_data"]["related_ids"];
    assert_eq!(related["order_id"], json!(order));
    assert!(scene.standin.take_deliveries().is_empty());
}

#[test]
fn what_becomes_of_a_capture_is_told() {
    for (kind, what, event) in [
        (None, Afterwards::Refunded, "PAYMENT.CAPTURE.REFUNDED"),
        (None, Afterwards::Reversed, "PAYMENT.CAPTURE.REVERSED"),
        (None, Afterwards::Disputed, "CUSTOMER.DISPUTE.CREATED"),
        (
            Some(FaultKind::Pending),
            Afterwards::Completes,
            "PAYMENT.CAPTURE.COMPLETED",
        ),
        (
            Some(FaultKind::Pending),
            Afterwards::Denied,
            "PAYMENT.CAPTURE.DENIED",
        ),
    ] {
        let scene = Scene::new();
        if let Some(kind) = kind {
            scene
                .standin
                .set_fault(Fault::once(On::Capture, kind))
                .unwrap();
        }
        paid(&scene);
        scene.standin.take_deliveries().clear();
        let id = scene.standin.books().captures[0].id.clone();
        scene.standin.afterwards(&id, what).unwrap();
        assert_eq!(taken(&scene), [event]);
    }
}

#[test]
fn captures_that_bring_no_money_are_told_as_what_they_are() {
    for (kind, event) in [
        (FaultKind::Pending, "PAYMENT.CAPTURE.PENDING"),
        (FaultKind::DeclinedIn201, "PAYMENT.CAPTURE.DECLINED"),
    ] {
        let scene = Scene::new();
        scene
            .standin
            .set_fault(Fault::once(On::Capture, kind))
            .unwrap();
        paid(&scene);
        assert_eq!(taken(&scene)[1], event);
    }
}

#[test]
fn the_event_of_a_refund_carries_the_capture_only_in_its_link() {
    let scene = Scene::new();
    paid(&scene);
    scene.standin.take_deliveries().clear();
    let id = scene.standin.books().captures[0].id.clone();
    scene.standin.afterwards(&id, Afterwards::Refunded).unwrap();
    let delivery = &scene.standin.take_deliveries()[0];
    let body: Value = serde_json::from_slice(&delivery.body).unwrap();
    assert_eq!(body["resource_type"], "refund");
    let up = format!("http://127.0.0.1:8082/v2/payments/captures/{id}");
    let links = body["resource"]["links"].as_array().unwrap();
    assert!(
        links
            .iter()
            .any(|link| link["rel"] == "up" && link["href"] == up)
    );
}

#[test]
fn late_events_come_a_minute_later() {
    let scene = Scene::new();
    scene.standin.set_webhooks(WebhookMode::Late);
    paid(&scene);
    scene.wait(SignedDuration::from_secs(59));
    assert!(taken(&scene).is_empty());
    scene.wait(SignedDuration::from_secs(1));
    assert_eq!(taken(&scene).len(), 2);
}

#[test]
fn events_sent_twice_have_one_id_and_two_transmissions() {
    let scene = Scene::new();
    scene.standin.set_webhooks(WebhookMode::Twice);
    let order = scene.order("A1", "2026-1").id();
    scene.standin.approve(&order, Payer::Pays).unwrap();
    let deliveries = scene.standin.take_deliveries();
    assert_eq!(deliveries[0].event_id, deliveries[1].event_id);
    assert_eq!(deliveries[0].body, deliveries[1].body);
    let id = "paypal-transmission-id";
    assert_ne!(deliveries[0].headers[id], deliveries[1].headers[id]);
}

#[test]
fn out_of_order_the_second_event_overtakes_the_first() {
    let scene = Scene::new();
    scene.standin.set_webhooks(WebhookMode::OutOfOrder);
    paid(&scene);
    assert_eq!(taken(&scene), ["PAYMENT.CAPTURE.COMPLETED"]);
    scene.wait(SignedDuration::from_secs(3));
    assert_eq!(taken(&scene), ["CHECKOUT.ORDER.APPROVED"]);
}

#[test]
fn with_webhooks_off_nothing_travels_until_it_is_redelivered() {
    let scene = Scene::new();
    scene.standin.set_webhooks(WebhookMode::Off);
    paid(&scene);
    assert!(taken(&scene).is_empty());
    let event = scene.standin.books().events[1].id.clone();
    let path = format!("/_standin/webhooks/redeliver/{event}");
    assert_eq!(scene.lever("POST", &path, "").status, 202);
    assert_eq!(taken(&scene), ["PAYMENT.CAPTURE.COMPLETED"]);
    assert!(scene.standin.redeliver("WH-UNKNOWN").is_err());
}

#[test]
fn a_delivery_that_was_not_taken_is_repeated_25_times_and_then_given_up() {
    let scene = Scene::new();
    let order = scene.order("A1", "2026-1").id();
    scene.standin.approve(&order, Payer::Pays).unwrap();
    let mut attempts = 0;
    while scene.standin.next_delivery_at().is_some() {
        scene.wait(SignedDuration::from_secs(30));
        for delivery in scene.standin.take_deliveries() {
            attempts += 1;
            assert_eq!(delivery.attempt, attempts);
            scene.standin.delivered(&delivery, Some(503));
        }
    }
    assert_eq!(attempts, 1 + REPEATS_MAX);
    let event = &scene.standin.books().events[0];
    assert_eq!((event.deliveries, event.accepted), (26, 0));
}

#[test]
fn a_delivery_that_was_taken_is_not_repeated() {
    let scene = Scene::new();
    let order = scene.order("A1", "2026-1").id();
    scene.standin.approve(&order, Payer::Pays).unwrap();
    let delivery = scene.standin.take_deliveries().remove(0);
    scene.standin.delivered(&delivery, Some(200));
    assert_eq!(scene.standin.next_delivery_at(), None);
    assert_eq!(scene.standin.books().events[0].accepted, 1);
}
