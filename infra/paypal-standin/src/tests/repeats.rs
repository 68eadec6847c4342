//! Repeats with the same `PayPal-Request-Id`, and invoice numbers used twice.

use jiff::SignedDuration;

use crate::testing::{approved, behaving, order_request};
use crate::{
    Afterwards, Behaviour, BurnOn, DupInvoiceAt, Fault, FaultKind, On, Payer, SameIdOtherBody,
};

const BEHAVES: fn() -> Behaviour = Behaviour::default;

#[test]
fn a_refusal_is_replayed_or_the_same_id_tries_anew() {
    for (replay_422, status) in [(true, 422), (false, 201)] {
        let scene = behaving(Behaviour {
            replay_422,
            ..BEHAVES()
        });
        let order = scene.order("A1", "2026-1").id();
        scene.standin.approve(&order, Payer::Declines).unwrap();
        assert_eq!(scene.capture(&order, "A1-capture-1").status, 422);
        scene.standin.approve(&order, Payer::Pays).unwrap();
        assert_eq!(scene.capture(&order, "A1-capture-1").status, status);
    }
}

#[test]
fn a_repeat_shows_what_is_now_or_what_was_said_first() {
    for (replay_latest_state, shown) in [(true, "COMPLETED"), (false, "PENDING")] {
        let scene = behaving(Behaviour {
            replay_latest_state,
            ..BEHAVES()
        });
        let order = approved(&scene, "A1", "2026-1");
        let pending = Fault::once(On::Capture, FaultKind::Pending);
        scene.standin.set_fault(pending).unwrap();
        scene.capture(&order, "A1-capture-1");
        let capture = scene.standin.books().captures[0].id.clone();
        scene
            .standin
            .afterwards(&capture, Afterwards::Completes)
            .unwrap();
        let again = scene.capture(&order, "A1-capture-1");
        assert_eq!(again.status, 200);
        assert_eq!(again.capture()["status"], shown);
        assert_eq!(scene.standin.books().captures.len(), 1);
    }
}

#[test]
fn a_known_id_with_another_body_is_the_old_order_or_refused() {
    for (same_id_other_body, status) in [
        (SameIdOtherBody::Replay, 200),
        (SameIdOtherBody::Refused, 400),
    ] {
        let scene = behaving(Behaviour {
            same_id_other_body,
            ..BEHAVES()
        });
        scene.order("A1", "2026-1");
        let other = order_request("A1", "2026-1_2");
        let told = scene.post("/v2/checkout/orders", "A1-create", &other);
        assert_eq!(told.status, status);
        if status == 400 {
            assert_eq!(told.issue(), "DUPLICATE_REQUEST_ID");
        }
        assert_eq!(scene.standin.books().orders.len(), 1);
        assert_eq!(scene.order("A1", "2026-1").status, 200);
    }
}

#[test]
fn a_twin_that_comes_too_soon_is_refused_and_captures_nothing() {
    let scene = behaving(Behaviour {
        twin_call_fails_s: 5,
        ..BEHAVES()
    });
    let order = approved(&scene, "A1", "2026-1");
    scene.capture(&order, "A1-capture-1");
    let twin = scene.capture(&order, "A1-capture-1");
    assert_eq!(
        (twin.status.as_u16(), twin.issue()),
        (409, "PREVIOUS_REQUEST_IN_PROGRESS")
    );
    scene.wait(SignedDuration::from_secs(5));
    assert_eq!(scene.capture(&order, "A1-capture-1").status, 200);
    assert_eq!(scene.standin.books().captures.len(), 1);
}

#[test]
fn an_id_that_was_forgotten_captures_anew_only_by_the_order() {
    let scene = behaving(Behaviour {
        request_id_ttl_h: 1,
        ..BEHAVES()
    });
    let order = approved(&scene, "A1", "2026-1");
    scene.capture(&order, "A1-capture-1");
    scene.wait(SignedDuration::from_mins(59));
    assert_eq!(scene.capture(&order, "A1-capture-1").status, 200);
    scene.wait(SignedDuration::from_mins(1));
    assert_eq!(
        scene.capture(&order, "A1-capture-1").issue(),
        "ORDER_ALREADY_CAPTURED"
    );
    assert_eq!(scene.standin.books().captures.len(), 1);
}

#[test]
fn a_used_invoice_number_is_refused_only_where_the_behaviour_says() {
    for (dup_invoice_at, create, capture) in [
        (DupInvoiceAt::Both, 422, 422),
        (DupInvoiceAt::Create, 422, 201),
        (DupInvoiceAt::Capture, 201, 422),
    ] {
        let scene = behaving(Behaviour {
            dup_invoice_at,
            ..BEHAVES()
        });
        let late = approved(&scene, "A1", "2026-1");
        let paid = approved(&scene, "A2", "2026-1");
        scene.capture(&paid, "A2-capture-1");
        assert_eq!(
            scene.order("A3", "2026-1").status,
            create,
            "{dup_invoice_at:?}"
        );
        assert_eq!(
            scene.capture(&late, "A1-capture-1").status,
            capture,
            "{dup_invoice_at:?}"
        );
    }
}

#[test]
fn a_number_may_be_used_up_by_a_decline_or_a_cancelled_order() {
    for (burn_on, after_decline, after_cancel) in [
        (BurnOn::Paid, 201, 201),
        (BurnOn::Declined, 422, 201),
        (BurnOn::Cancelled, 422, 422),
    ] {
        let scene = behaving(Behaviour {
            burn_on,
            ..BEHAVES()
        });
        let declined = scene.order("A1", "2026-1").id();
        scene.standin.approve(&declined, Payer::Declines).unwrap();
        scene.capture(&declined, "A1-capture-1");
        let cancelled = scene.order("B1", "2026-2").id();
        scene.standin.approve(&cancelled, Payer::Cancels).unwrap();
        assert_eq!(
            scene.order("A2", "2026-1").status,
            after_decline,
            "{burn_on:?}"
        );
        assert_eq!(
            scene.order("B2", "2026-2").status,
            after_cancel,
            "{burn_on:?}"
        );
        // The order itself can still be paid.
        scene.standin.approve(&declined, Payer::Pays).unwrap();
        assert_eq!(scene.capture(&declined, "A1-capture-2").status, 201);
    }
}
