//! How long orders live, how they end, and what a decline leaves behind.

use jiff::SignedDuration;

use crate::testing::{Scene, approved, behaving};
use crate::{
    Behaviour, CaptureStatus, DeclineShape, ExpiredAs, Payer, RecaptureAfterDenied,
    StatusAfterDecline,
};

const BEHAVES: fn() -> Behaviour = Behaviour::default;

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

#[test]
fn an_order_lives_six_hours_and_six_more_unless_told_otherwise() {
    for (behaviour, hours) in [
        (BEHAVES(), 6),
        (
            Behaviour {
                expiry_payer_h: 3,
                expiry_capture_h: 3,
                ..BEHAVES()
            },
            3,
        ),
        (
            Behaviour {
                expiry_payer_h: 72,
                expiry_capture_h: 72,
                ..BEHAVES()
            },
            72,
        ),
    ] {
        let scene = behaving(behaviour);
        let unapproved = scene.order("A1", "2026-1").id();
        let order = scene.order("A2", "2026-2").id();
        scene.wait(minutes(60 * hours - 1));
        scene.log_in();
        scene.standin.approve(&order, Payer::Pays).unwrap();
        assert_eq!(scene.get_order(&unapproved).status, 200, "{hours} h");
        scene.wait(minutes(1));
        assert_eq!(scene.get_order(&unapproved).status, 404, "{hours} h");
        scene.wait(minutes(60 * hours - 2));
        scene.log_in();
        assert_eq!(scene.get_order(&order).body["status"], "APPROVED");
        scene.wait(minutes(1));
        assert_eq!(
            scene.capture(&order, "A2-capture-1").status,
            404,
            "{hours} h"
        );
    }
}

#[test]
fn an_approval_of_hour_five_is_captured_in_hour_eleven() {
    let scene = Scene::new();
    let order = scene.order("A1", "2026-1").id();
    scene.wait(minutes(5 * 60 + 30));
    scene.standin.approve(&order, Payer::Pays).unwrap();
    scene.wait(minutes(5 * 60 + 45));
    scene.log_in();
    assert_eq!(scene.capture(&order, "A1-capture-1").status, 201);
}

#[test]
fn an_order_that_has_expired_is_answered_in_one_of_four_ways() {
    for (expired_as, read, refused) in [
        (
            ExpiredAs::NotFound,
            (404, "INVALID_RESOURCE_ID"),
            (404, "INVALID_RESOURCE_ID"),
        ),
        (
            ExpiredAs::Expired,
            (422, "ORDER_EXPIRED"),
            (422, "ORDER_EXPIRED"),
        ),
        (ExpiredAs::Gone, (410, "none"), (410, "none")),
        (
            ExpiredAs::Voided,
            (200, "none"),
            (422, "ORDER_PREVIOUSLY_VOIDED"),
        ),
    ] {
        let scene = behaving(Behaviour {
            expired_as,
            ..BEHAVES()
        });
        let order = approved(&scene, "A1", "2026-1");
        assert_eq!(scene.get_order(&order).body["status"], "APPROVED");
        scene.wait(minutes(6 * 60));
        let told = scene.get_order(&order);
        assert_eq!((told.status.as_u16(), told.issue()), read);
        if told.status == 200 {
            assert_eq!(told.body["status"], "VOIDED");
        }
        let told = scene.capture(&order, "A1-capture-1");
        assert_eq!((told.status.as_u16(), told.issue()), refused);
        assert!(scene.standin.approve(&order, Payer::Pays).is_err());
        assert!(scene.standin.books().captures.is_empty());
    }
}

#[test]
fn another_apps_order_is_forbidden_while_its_payer_may_go_on() {
    let scene = behaving(Behaviour {
        foreign_order_403: true,
        ..BEHAVES()
    });
    let order = scene.standin.books().orders.len();
    assert_eq!(order, 0);
    scene.standin.set_behaviour(BEHAVES()).unwrap();
    let order = scene.order("A1", "2026-1").id();
    let foreign = Behaviour {
        foreign_order_403: true,
        ..BEHAVES()
    };
    scene.standin.set_behaviour(foreign).unwrap();
    scene.standin.approve(&order, Payer::Pays).unwrap();
    for told in [
        scene.get_order(&order),
        scene.capture(&order, "A1-capture-1"),
    ] {
        assert_eq!(
            (told.status.as_u16(), told.issue()),
            (403, "PERMISSION_DENIED")
        );
    }
    assert!(scene.standin.books().captures.is_empty());
}

#[test]
fn after_a_decline_an_order_may_stand_in_three_ways() {
    for (status_after_decline, status, again) in [
        (
            StatusAfterDecline::Approved,
            "APPROVED",
            "INSTRUMENT_DECLINED",
        ),
        (
            StatusAfterDecline::PayerActionRequired,
            "PAYER_ACTION_REQUIRED",
            "ORDER_NOT_APPROVED",
        ),
        (StatusAfterDecline::Created, "CREATED", "ORDER_NOT_APPROVED"),
    ] {
        let scene = behaving(Behaviour {
            status_after_decline,
            ..BEHAVES()
        });
        let order = scene.order("A1", "2026-1").id();
        scene.standin.approve(&order, Payer::Declines).unwrap();
        let declined = scene.capture(&order, "A1-capture-1");
        assert_eq!(declined.issue(), "INSTRUMENT_DECLINED");
        assert_eq!(scene.get_order(&order).body["status"], status);
        assert_eq!(scene.capture(&order, "A1-capture-2").issue(), again);
        scene.standin.approve(&order, Payer::Pays).unwrap();
        assert_eq!(scene.get_order(&order).body["status"], "APPROVED");
        assert_eq!(scene.capture(&order, "A1-capture-3").status, 201);
    }
}

#[test]
fn a_good_card_can_be_declined_so_many_times() {
    let scene = behaving(Behaviour {
        decline_n_times: 2,
        ..BEHAVES()
    });
    let order = scene.order("A1", "2026-1").id();
    let tries: Vec<u16> = (1..=3)
        .map(|attempt| {
            scene.standin.approve(&order, Payer::Pays).unwrap();
            scene
                .capture(&order, &format!("A1-capture-{attempt}"))
                .status
                .as_u16()
        })
        .collect();
    assert_eq!(tries, [422, 422, 201]);
}

#[test]
fn a_decline_may_come_as_a_capture_and_how_the_next_one_is_refused_differs() {
    for (recapture_after_denied, issue) in [
        (
            RecaptureAfterDenied::AlreadyCaptured,
            "ORDER_ALREADY_CAPTURED",
        ),
        (RecaptureAfterDenied::NotApproved, "ORDER_NOT_APPROVED"),
    ] {
        let scene = behaving(Behaviour {
            decline_shape: DeclineShape::DeclinedCapture,
            recapture_after_denied,
            ..BEHAVES()
        });
        let order = scene.order("A1", "2026-1").id();
        scene.standin.approve(&order, Payer::Declines).unwrap();
        let told = scene.capture(&order, "A1-capture-1");
        assert_eq!(
            (told.status.as_u16(), &told.body["status"]),
            (201, &"COMPLETED".into())
        );
        assert_eq!(told.capture()["status"], "DECLINED");
        assert_eq!(
            scene.standin.books().captures[0].status,
            CaptureStatus::Declined
        );
        assert_eq!(scene.capture(&order, "A1-capture-2").issue(), issue);
    }
}
