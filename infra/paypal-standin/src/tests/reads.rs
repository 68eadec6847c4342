//! Reads that lag, and answers that leave something out.

use jiff::SignedDuration;
use serde_json::json;

use crate::testing::{Scene, approved, behaving};
use crate::{Afterwards, Behaviour, Fault, FaultKind, OddStatus, Omitted, On, Payer, UpdateTime};

const BEHAVES: fn() -> Behaviour = Behaviour::default;

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

#[test]
fn a_captured_order_reads_approved_for_as_long_as_reads_lag() {
    let scene = behaving(Behaviour {
        stale_reads_s: 30,
        ..BEHAVES()
    });
    let order = approved(&scene, "A1", "2026-1");
    scene.wait(seconds(31));
    assert_eq!(scene.capture(&order, "A1-capture-1").status, 201);
    scene.wait(seconds(29));
    let read = scene.get_order(&order);
    assert_eq!(read.body["status"], "APPROVED");
    assert!(read.capture().is_null(), "no payment is shown");
    assert_eq!(scene.standin.books().captures.len(), 1);
    scene.wait(seconds(1));
    let read = scene.get_order(&order);
    assert_eq!(read.body["status"], "COMPLETED");
    assert_eq!(read.capture()["status"], "COMPLETED");
}

#[test]
fn an_approved_order_reads_unapproved_for_as_long_as_reads_lag() {
    let scene = behaving(Behaviour {
        stale_reads_s: 30,
        ..BEHAVES()
    });
    let order = approved(&scene, "A1", "2026-1");
    let read = scene.get_order(&order);
    assert_eq!(read.body["status"], "PAYER_ACTION_REQUIRED");
    assert!(
        read.body.get("update_time").is_none(),
        "nor is it said to have changed"
    );
    assert_eq!(scene.capture(&order, "A1-capture-1").status, 201);
}

#[test]
fn reads_that_flap_show_old_and_new_in_turn() {
    let scene = behaving(Behaviour {
        stale_reads_s: 30,
        stale_reads_flap: true,
        ..BEHAVES()
    });
    let order = approved(&scene, "A1", "2026-1");
    scene.wait(seconds(31));
    scene.capture(&order, "A1-capture-1");
    let read: Vec<_> = (0..4)
        .map(|_| scene.get_order(&order).body["status"].clone())
        .collect();
    assert_eq!(read, ["APPROVED", "COMPLETED", "APPROVED", "COMPLETED"]);
}

#[test]
fn what_was_just_made_can_be_unknown_to_a_read() {
    let scene = behaving(Behaviour {
        get_404_order_s: 10,
        get_404_after_capture_s: 20,
        get_404_after_refund_s: 30,
        get_404_dispute_s: 40,
        ..BEHAVES()
    });
    let order = approved(&scene, "A1", "2026-1");
    assert_eq!(scene.get_order(&order).status, 200);
    scene.capture(&order, "A1-capture-1");
    let capture = scene.standin.books().captures[0].id.clone();
    scene
        .standin
        .afterwards(&capture, Afterwards::Disputed)
        .unwrap();
    scene
        .standin
        .afterwards(&capture, Afterwards::Refunded)
        .unwrap();
    let books = scene.standin.books();
    let paths = [
        format!("/v2/checkout/orders/{order}"),
        format!("/v2/payments/captures/{capture}"),
        format!("/v2/payments/refunds/{}", books.refunds[0].id),
        format!("/v1/customer/disputes/{}", books.disputes[0].id),
    ];
    let read = || paths.each_ref().map(|path| scene.get(path).status.as_u16());
    assert_eq!(read(), [404; 4]);
    for known in [
        [200, 404, 404, 404],
        [200, 200, 404, 404],
        [200, 200, 200, 404],
        [200; 4],
    ] {
        scene.wait(seconds(10));
        assert_eq!(read(), known);
    }
}

#[test]
fn parts_are_left_out_of_whatever_shows_them_and_stay_in_the_books() {
    let scene = behaving(Behaviour {
        omit_parts: Omitted {
            payments: true,
            payee: true,
            custom_id: true,
            ..Omitted::default()
        },
        ..BEHAVES()
    });
    let order = approved(&scene, "A1", "2026-1");
    let captured = scene.capture(&order, "A1-capture-1");
    let read = scene.get_order(&order);
    for told in [&captured, &read] {
        let unit = &told.body["purchase_units"][0];
        assert_eq!(unit["invoice_id"], "2026-1");
        for part in ["payments", "payee", "custom_id"] {
            assert!(unit.get(part).is_none(), "{part} in {unit}");
        }
    }
    let capture = scene.standin.books().captures[0].clone();
    assert_eq!(capture.custom_id.as_deref(), Some("A1"));
    let read = scene.get(&format!("/v2/payments/captures/{}", capture.id));
    assert_eq!(
        (read.body.get("payee"), read.body.get("custom_id")),
        (None, None)
    );
}

#[test]
fn a_part_can_be_left_out_once() {
    for (kind, part) in [
        (FaultKind::OmitsPayments, "payments"),
        (FaultKind::OmitsPayee, "payee"),
        (FaultKind::OmitsCustomId, "custom_id"),
    ] {
        let scene = Scene::new();
        let order = approved(&scene, "A1", "2026-1");
        scene.capture(&order, "A1-capture-1");
        scene
            .standin
            .set_fault(Fault::once(On::GetOrder, kind))
            .unwrap();
        let has = || {
            scene.get_order(&order).body["purchase_units"][0]
                .get(part)
                .is_some()
        };
        assert_eq!([has(), has()], [false, true], "{part}");
    }
}

#[test]
fn update_time_may_be_absent_or_frozen_or_move_with_the_clock() {
    let times = |update_time| {
        let scene = behaving(Behaviour {
            update_time,
            ..BEHAVES()
        });
        let order = approved(&scene, "A1", "2026-1");
        scene.wait(seconds(5));
        let first = scene.get_order(&order).body["update_time"].clone();
        scene.wait(seconds(5));
        [first, scene.get_order(&order).body["update_time"].clone()]
    };
    let [made, after_5, after_10] =
        ["10:00:00", "10:00:05", "10:00:10"].map(|time| json!(format!("2026-11-22T{time}Z")));
    assert_eq!(times(UpdateTime::Absent), [json!(null), json!(null)]);
    assert_eq!(times(UpdateTime::Frozen), [made.clone(), made]);
    assert_eq!(times(UpdateTime::Moves), [after_5, after_10]);
}

#[test]
fn a_read_order_can_have_a_status_that_no_specification_lists() {
    for (status, word) in [
        (OddStatus::PendingApproval, "PENDING_APPROVAL"),
        (OddStatus::PartiallyCompleted, "PARTIALLY_COMPLETED"),
        (OddStatus::NeverHeardOf, "NEVER_HEARD_OF"),
    ] {
        let scene = behaving(Behaviour {
            unknown_status: Some(status),
            ..BEHAVES()
        });
        let order = scene.order("A1", "2026-1");
        assert_eq!(order.body["status"], "PAYER_ACTION_REQUIRED");
        assert_eq!(scene.get_order(&order.id()).body["status"], word);
    }
}

#[test]
fn an_approval_that_lags_is_refused_at_first_and_told_when_it_can_be_captured() {
    let scene = behaving(Behaviour {
        approval_lag_s: 60,
        ..BEHAVES()
    });
    let order = approved(&scene, "A1", "2026-1");
    assert_eq!(scene.get_order(&order).body["status"], "APPROVED");
    scene.wait(seconds(59));
    assert_eq!(
        scene.capture(&order, "A1-capture-1").issue(),
        "ORDER_NOT_APPROVED"
    );
    assert!(scene.standin.take_deliveries().is_empty());
    scene.wait(seconds(1));
    assert_eq!(scene.standin.take_deliveries().len(), 1);
    assert_eq!(scene.capture(&order, "A1-capture-1").status, 201);
}

#[test]
fn the_event_of_an_approval_may_come_too_early_and_again_in_time() {
    let scene = behaving(Behaviour {
        approval_lag_s: 60,
        approved_event_early: true,
        approved_event_twice: true,
        ..BEHAVES()
    });
    let order = approved(&scene, "A1", "2026-1");
    let early = scene.standin.take_deliveries();
    assert_eq!(
        scene.capture(&order, "A1-capture-1").issue(),
        "ORDER_NOT_APPROVED"
    );
    scene.wait(seconds(60));
    let late = scene.standin.take_deliveries();
    assert_eq!([early.len(), late.len()], [1, 1]);
    assert_ne!(early[0].event_id, late[0].event_id);
    assert_eq!(late[0].event_type, "CHECKOUT.ORDER.APPROVED");
}

#[test]
fn money_can_have_come_although_the_order_is_called_not_approved() {
    let scene = behaving(Behaviour {
        not_approved_but_captured: true,
        ..BEHAVES()
    });
    let order = approved(&scene, "A1", "2026-1");
    let told = scene.capture(&order, "A1-capture-1");
    assert_eq!(
        (told.status.as_u16(), told.issue()),
        (422, "ORDER_NOT_APPROVED")
    );
    assert_eq!(scene.standin.books().captures.len(), 1);
    assert_eq!(scene.get_order(&order).body["status"], "COMPLETED");
}

#[test]
fn a_captured_order_can_read_approved_while_a_second_capture_says_it_is_captured() {
    let scene = behaving(Behaviour {
        already_captured_while_approved_s: 600,
        ..BEHAVES()
    });
    let order = approved(&scene, "A1", "2026-1");
    assert_eq!(
        scene.get_order(&order).body["status"],
        "APPROVED",
        "approvals do not lag"
    );
    scene.capture(&order, "A1-capture-1");
    scene.wait(seconds(599));
    assert_eq!(
        scene.capture(&order, "A1-capture-2").issue(),
        "ORDER_ALREADY_CAPTURED"
    );
    assert_eq!(scene.get_order(&order).body["status"], "APPROVED");
    scene.wait(seconds(1));
    assert_eq!(scene.get_order(&order).body["status"], "COMPLETED");
    assert_eq!(scene.standin.books().captures.len(), 1);
}

#[test]
fn an_answer_without_a_body_does_not_say_that_the_money_moved() {
    let scene = Scene::new();
    let order = approved(&scene, "A1", "2026-1");
    let fault = Fault::once(On::Capture, FaultKind::EmptyAfterEffect);
    scene.standin.set_fault(fault).unwrap();
    let told = scene.capture(&order, "A1-capture-1");
    assert_eq!((told.status.as_u16(), told.response.body().len()), (201, 0));
    assert_eq!(scene.standin.books().captures.len(), 1);
}

#[test]
fn payers_are_not_kept_from_approving_by_reads_that_lag() {
    let scene = behaving(Behaviour {
        stale_reads_s: 600,
        ..BEHAVES()
    });
    let order = approved(&scene, "A1", "2026-1");
    scene.standin.approve(&order, Payer::Pays).unwrap();
    assert_eq!(scene.standin.books().events.len(), 1);
}

#[test]
fn a_filter_of_fields_loses_what_was_not_asked_for() {
    let scene = Scene::new();
    let order = approved(&scene, "A1", "2026-1");
    let unit = |fields: &str| {
        let read = scene.get(&format!("/v2/checkout/orders/{order}{fields}"));
        read.body["purchase_units"][0].clone()
    };
    for (fields, whole) in [
        ("", true),
        ("?fields=payment_source", true),
        ("?fields=id", false),
    ] {
        assert_eq!(unit(fields).get("amount").is_some(), whole, "{fields}");
        assert_eq!(unit(fields).get("invoice_id").is_some(), whole, "{fields}");
    }
}
