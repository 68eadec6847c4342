//! Captures that are held back.

use jiff::SignedDuration;
use serde_json::json;

use crate::testing::{Scene, approved, behaving};
use crate::{
    Afterwards, Behaviour, CaptureStatus, Fault, FaultKind, On, PendingReason, PendingThen,
};

const BEHAVES: fn() -> Behaviour = Behaviour::default;

#[test]
fn every_capture_can_hang_for_a_reason_of_our_accounts_making() {
    for (reason, word) in [
        (PendingReason::Unilateral, "UNILATERAL"),
        (
            PendingReason::ReceivingPreferenceMandatesManualAction,
            "RECEIVING_PREFERENCE_MANDATES_MANUAL_ACTION",
        ),
    ] {
        let scene = behaving(Behaviour {
            pending_reason: Some(reason),
            ..BEHAVES()
        });
        for invoice in ["2026-1", "2026-2"] {
            let order = approved(&scene, invoice, invoice);
            let told = scene.capture(&order, invoice);
            assert_eq!(
                told.body["status"], "COMPLETED",
                "the order, not the capture"
            );
            assert_eq!(told.capture()["status"], "PENDING");
            assert_eq!(told.capture()["status_details"]["reason"], word);
        }
    }
}

#[test]
fn a_pending_capture_ends_by_itself_when_its_time_has_come() {
    for (pending_then, status, event) in [
        (
            PendingThen::Completed,
            CaptureStatus::Completed,
            "PAYMENT.CAPTURE.COMPLETED",
        ),
        (
            PendingThen::Denied,
            CaptureStatus::Declined,
            "PAYMENT.CAPTURE.DENIED",
        ),
    ] {
        let scene = behaving(Behaviour {
            pending_reason: Some(PendingReason::Echeck),
            pending_then,
            pending_h: 72,
            ..BEHAVES()
        });
        let order = approved(&scene, "A1", "2026-1");
        scene.capture(&order, "A1-capture-1");
        scene.standin.take_deliveries().clear();
        let beginning = scene.standin.books().captures[0].created_at;
        let ends_at = beginning + SignedDuration::from_hours(72);
        assert_eq!(scene.standin.next_delivery_at(), Some(ends_at));
        scene.wait(SignedDuration::from_hours(72) - SignedDuration::from_secs(1));
        assert_eq!(
            scene.standin.books().captures[0].status,
            CaptureStatus::Pending
        );
        scene.wait(SignedDuration::from_hours(1));
        let capture = scene.standin.books().captures[0].clone();
        assert_eq!((capture.status, capture.updated_at), (status, ends_at));
        assert_eq!(scene.standin.take_deliveries()[0].event_type, event);
    }
}

#[test]
fn a_pending_capture_ends_once_even_if_a_lever_was_faster() {
    let scene = behaving(Behaviour {
        pending_reason: Some(PendingReason::Other),
        pending_then: PendingThen::Denied,
        ..BEHAVES()
    });
    let order = approved(&scene, "A1", "2026-1");
    scene.capture(&order, "A1-capture-1");
    let id = scene.standin.books().captures[0].id.clone();
    scene
        .standin
        .afterwards(&id, Afterwards::Completes)
        .unwrap();
    scene.wait(SignedDuration::from_hours(25));
    assert_eq!(
        scene.standin.books().captures[0].status,
        CaptureStatus::Completed
    );
}

#[test]
fn a_pending_capture_may_give_no_reason() {
    let scene = behaving(Behaviour {
        no_status_details: true,
        ..BEHAVES()
    });
    let order = approved(&scene, "A1", "2026-1");
    let pending = Fault::once(On::Capture, FaultKind::Pending);
    scene.standin.set_fault(pending).unwrap();
    let told = scene.capture(&order, "A1-capture-1");
    assert_eq!(told.capture()["status"], "PENDING");
    assert!(told.capture().get("status_details").is_none());
}

#[test]
fn the_reason_is_in_the_books_from_outside_too() {
    let scene = Scene::new();
    let pulled =
        json!({ "pending_reason": "ECHECK", "pending_then": "completed", "pending_h": 24 });
    assert_eq!(
        scene
            .lever("POST", "/_standin/faults", &pulled.to_string())
            .status,
        200
    );
    let order = approved(&scene, "A1", "2026-1");
    scene.capture(&order, "A1-capture-1");
    let books = scene.lever("GET", "/_standin/books", "").body;
    assert_eq!(books["captures"][0]["pending_reason"], "ECHECK");
}
