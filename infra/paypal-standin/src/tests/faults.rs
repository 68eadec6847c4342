//! Each kind of misbehaviour does what it says, and no more.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use jiff::SignedDuration;
use serde_json::json;

use crate::testing::{Reply, Scene, approved, order_request};
use crate::{Afterwards, CaptureStatus, Fault, FaultKind, Issue, On, Payer};

/// Captures an approved order under one fault.
fn captured(kind: FaultKind) -> (Scene, String, Reply) {
    let scene = Scene::new();
    let order = approved(&scene, "A1", "2026-1");
    scene
        .standin
        .set_fault(Fault::once(On::Capture, kind))
        .unwrap();
    let told = scene.capture(&order, "A1-capture-1");
    (scene, order, told)
}

#[test]
fn decline_refuses_and_leaves_the_order_approved() {
    let (scene, order, told) = captured(FaultKind::Decline);
    assert_eq!(told.issue(), "INSTRUMENT_DECLINED");
    assert_eq!(scene.get_order(&order).body["status"], "APPROVED");
    assert!(scene.standin.books().captures.is_empty());
}

#[test]
fn payer_action_required_sends_the_payer_back() {
    let (scene, order, told) = captured(FaultKind::PayerActionRequired);
    assert_eq!(told.issue(), "PAYER_ACTION_REQUIRED");
    assert!(told.link("payer-action").is_some());
    assert_eq!(
        scene.get_order(&order).body["status"],
        "PAYER_ACTION_REQUIRED"
    );
    assert_eq!(
        scene.capture(&order, "A1-capture-2").issue(),
        "ORDER_NOT_APPROVED"
    );
    scene.standin.approve(&order, Payer::Pays).unwrap();
    assert_eq!(scene.capture(&order, "A1-capture-3").status, 201);
}

#[test]
fn pending_is_pending_until_it_ends() {
    for (end, status) in [
        (Afterwards::Completes, CaptureStatus::Completed),
        (Afterwards::Denied, CaptureStatus::Declined),
    ] {
        let (scene, _, told) = captured(FaultKind::Pending);
        assert_eq!(told.status, 201);
        assert_eq!(told.capture()["status"], "PENDING");
        assert_eq!(told.capture()["status_details"]["reason"], "PENDING_REVIEW");
        assert!(told.capture().get("seller_receivable_breakdown").is_none());
        let id = scene.standin.books().captures[0].id.clone();
        scene.standin.afterwards(&id, end).unwrap();
        assert_eq!(scene.standin.books().captures[0].status, status);
    }
}

#[test]
fn declined_in_201_completes_the_order_without_money() {
    let (_, _, told) = captured(FaultKind::DeclinedIn201);
    assert_eq!(told.status, 201);
    assert_eq!(told.body["status"], "COMPLETED");
    assert_eq!(told.capture()["status"], "DECLINED");
}

#[test]
fn a_wrong_capture_is_booked_as_it_is_shown() {
    let (scene, order, told) = captured(FaultKind::WrongAmount);
    assert_eq!(told.capture()["amount"]["value"], "24.99");
    assert_eq!(scene.standin.books().captures[0].amount.minor_units, 2_499);
    assert_eq!(
        scene.get_order(&order).capture()["amount"]["value"],
        "24.99"
    );
    let (_, _, told) = captured(FaultKind::WrongCurrency);
    assert_eq!(told.capture()["amount"]["currency_code"], "USD");
    let (scene, _, _) = captured(FaultKind::WrongPayee);
    let captures = scene.standin.books().captures;
    assert_ne!(captures[0].payee_merchant_id, "8YTYX8DKLB5ZU");
}

#[test]
fn before_its_effect_nothing_is_booked() {
    for (kind, status) in [
        (FaultKind::ServerError, 500),
        (FaultKind::RateLimit, 429),
        (FaultKind::NotFound, 404),
        (FaultKind::Html, 200),
        (FaultKind::Unauthorized, 401),
    ] {
        let (scene, _, told) = captured(kind);
        assert_eq!(told.status.as_u16(), status, "{kind:?}");
        assert!(scene.standin.books().captures.is_empty(), "{kind:?}");
    }
}

#[test]
fn after_its_effect_the_capture_is_in_the_books() {
    for (kind, status) in [
        (FaultKind::ServerErrorAfterEffect, 500),
        (FaultKind::HtmlAfterEffect, 200),
        (FaultKind::CutJson, 201),
    ] {
        let (scene, order, told) = captured(kind);
        assert_eq!(told.status.as_u16(), status, "{kind:?}");
        assert!(told.body["id"].is_null(), "{kind:?} does not say so");
        assert_eq!(scene.standin.books().captures.len(), 1, "{kind:?}");
        assert_eq!(scene.capture(&order, "A1-capture-1").status, 200);
    }
}

#[test]
fn no_answer_may_mean_that_it_happened_or_not() {
    for (kind, captures) in [
        (FaultKind::NoAnswer, 0),
        (FaultKind::NoAnswerAfterEffect, 1),
    ] {
        let scene = Scene::new();
        let order = approved(&scene, "A1", "2026-1");
        scene
            .standin
            .set_fault(Fault::once(On::Capture, kind))
            .unwrap();
        let path = format!("/v2/checkout/orders/{order}/capture");
        assert!(scene.try_post(&path, "A1-capture-1", &json!({})).is_none());
        assert_eq!(scene.standin.books().captures.len(), captures);
    }
}

#[test]
fn a_slow_answer_has_its_effect_at_once() {
    let scene = Scene::new();
    let slow = Fault {
        seconds: Some(20),
        ..Fault::once(On::Create, FaultKind::Slow)
    };
    scene.standin.set_fault(slow).unwrap();
    assert_eq!(scene.order("A1", "2026-1").status, 201);
    assert_eq!(scene.standin.books().orders.len(), 1);
    scene
        .standin
        .set_fault(Fault {
            on: On::GetOrder,
            ..slow
        })
        .unwrap();
    let request = Request::get("/v2/checkout/orders/X").body(Bytes::new());
    let exchange = scene.standin.exchange(&request.unwrap());
    assert_eq!(exchange.after, Duration::from_secs(20));
}

#[test]
fn a_token_taken_back_is_refused_until_a_fresh_one_comes() {
    let scene = Scene::new();
    scene
        .standin
        .set_fault(Fault::once(On::Any, FaultKind::Unauthorized))
        .unwrap();
    for _ in 0..2 {
        assert_eq!(scene.order("A1", "2026-1").status, 401);
    }
    scene.log_in();
    assert_eq!(scene.order("A1", "2026-1").status, 201);
}

#[test]
fn a_token_expires_after_nine_hours() {
    let scene = Scene::new();
    scene.wait(SignedDuration::from_secs(32_399));
    assert_eq!(scene.order("A1", "2026-1").status, 201);
    scene.wait(SignedDuration::from_secs(1));
    assert_eq!(scene.order("A2", "2026-2").status, 401);
}

#[test]
fn the_payers_link_can_be_foreign_or_missing() {
    for (kind, foreign) in [
        (FaultKind::ForeignApproveHost, true),
        (FaultKind::MissingLink, false),
    ] {
        let scene = Scene::new();
        scene
            .standin
            .set_fault(Fault::once(On::Create, kind))
            .unwrap();
        let told = scene.order("A1", "2026-1");
        let link = told.link("payer-action");
        assert_eq!(
            link.is_some_and(|link| link.contains("example.net")),
            foreign
        );
        assert_eq!(link.is_some(), foreign);
    }
}

#[test]
fn a_get_can_show_what_is_not_in_the_books() {
    for (kind, pointer, wrong) in [
        (
            FaultKind::WrongAmount,
            "/purchase_units/0/amount/value",
            "24.99",
        ),
        (
            FaultKind::WrongCurrency,
            "/purchase_units/0/amount/currency_code",
            "USD",
        ),
        (FaultKind::UnknownStatus, "/status", "NEVER_HEARD_OF"),
    ] {
        let scene = Scene::new();
        let order = approved(&scene, "A1", "2026-1");
        scene
            .standin
            .set_fault(Fault::once(On::GetOrder, kind))
            .unwrap();
        let right = order_request("A1", "2026-1");
        let told = scene.get_order(&order);
        assert_eq!(told.body.pointer(pointer), Some(&json!(wrong)), "{kind:?}");
        let told = scene.get_order(&order);
        assert_ne!(told.body.pointer(pointer), Some(&json!(wrong)), "{kind:?}");
        assert_eq!(scene.standin.books().orders[0].request, right);
    }
}

#[test]
fn a_fault_strikes_as_often_as_it_says() {
    let scene = Scene::new();
    let told = scene.lever(
        "POST",
        "/_standin/faults",
        r#"{"on":"create","kind":"server_error","times":2}"#,
    );
    assert_eq!(told.status, 200);
    let statuses: Vec<u16> = (0..3)
        .map(|_| scene.order("A1", "2026-1").status.as_u16())
        .collect();
    assert_eq!(statuses, [500, 500, 201]);
}

#[test]
fn a_wrong_lever_says_what_to_do_and_sets_nothing() {
    let scene = Scene::new();
    for body in [
        r#"{"on":"capture","kind":"decline","tiems":1}"#,
        r#"{"on":"token","kind":"decline"}"#,
        r#"{"on":"capture"}"#,
        r#"{"on":"capture","kind":"slow"}"#,
        r#"{"on":"capture","kind":"decline","times":0}"#,
        r#"{"webhooks":"sometimes"}"#,
        "not json",
    ] {
        let told = scene.lever("POST", "/_standin/faults", body);
        assert_eq!(told.status, 400, "{body}");
        assert!(told.body["what_to_do"].is_string(), "{body}");
    }
    let set = scene.lever("GET", "/_standin/faults", "");
    assert_eq!(set.body["faults"], json!([]));
}

#[test]
fn deleting_the_faults_takes_them_all_back() {
    let scene = Scene::new();
    let body = r#"{"on":"any","kind":"server_error","times":9,"webhooks":"off"}"#;
    scene.lever("POST", "/_standin/faults", body);
    let set = scene.lever("DELETE", "/_standin/faults", "");
    assert_eq!(
        (&set.body["faults"], &set.body["webhooks"]),
        (&json!([]), &json!("normal"))
    );
    assert_eq!(scene.order("A1", "2026-1").status, 201);
}

#[test]
fn every_refusal_by_name_can_come_before_anything_has_happened() {
    for issue in Issue::of(On::Capture) {
        let (scene, order, told) = captured(FaultKind::Refused(issue));
        assert!(told.status.is_client_error(), "{issue}: {}", told.status);
        assert_eq!(named(&told), issue.name());
        assert!(scene.standin.books().captures.is_empty(), "{issue}");
        assert_eq!(scene.capture(&order, "A1-capture-2").status, 201, "{issue}");
    }
}

#[test]
fn every_refusal_by_name_can_come_although_the_money_has_moved() {
    for issue in Issue::of(On::Capture) {
        let (scene, order, told) = captured(FaultKind::RefusedAfterEffect(issue));
        assert!(told.status.is_client_error(), "{issue}: {}", told.status);
        assert_eq!(named(&told), issue.name());
        assert_eq!(scene.standin.books().captures.len(), 1, "{issue}");
        assert_eq!(scene.capture(&order, "A1-capture-1").status, 200, "{issue}");
    }
}

#[test]
fn orders_and_refunds_can_be_refused_by_name_before_and_after() {
    for issue in Issue::of(On::Create) {
        let scene = Scene::new();
        for (kind, orders) in [
            (FaultKind::Refused(issue), 0),
            (FaultKind::RefusedAfterEffect(issue), 1),
        ] {
            let fault = Fault::once(On::Create, kind);
            scene.standin.set_fault(fault).unwrap();
            assert_eq!(named(&scene.order("A1", "2026-1")), issue.name());
            assert_eq!(scene.standin.books().orders.len(), orders, "{kind:?}");
        }
    }
    for issue in Issue::of(On::Refund) {
        let scene = Scene::new();
        let order = approved(&scene, "A1", "2026-1");
        scene.capture(&order, "A1-capture-1");
        let id = scene.standin.books().captures[0].id.clone();
        for (kind, refunds) in [
            (FaultKind::Refused(issue), 0),
            (FaultKind::RefusedAfterEffect(issue), 1),
        ] {
            let fault = Fault::once(On::Refund, kind);
            scene.standin.set_fault(fault).unwrap();
            let path = format!("/v2/payments/captures/{id}/refund");
            let told = scene.post(&path, "r1", &json!({}));
            assert_eq!(named(&told), issue.name());
            assert_eq!(scene.standin.books().refunds.len(), refunds, "{kind:?}");
        }
    }
}

#[test]
fn a_refusal_that_sends_the_payer_back_says_where_to() {
    let issue = Issue::named("REDIRECT_PAYER_FOR_ALTERNATE_FUNDING").unwrap();
    let (_, _, told) = captured(FaultKind::Refused(issue));
    assert!(told.link("redirect").is_some());
    let (_, _, told) = captured(FaultKind::Refused(Issue::UNHEARD_OF));
    assert!(told.link("redirect").is_none());
}

#[test]
fn a_refusal_by_name_can_be_set_from_outside_and_is_listed() {
    let scene = Scene::new();
    let order = approved(&scene, "A1", "2026-1");
    let fault = json!({ "on": "capture", "kind": "refused_after_effect", "times": 1,
        "issue": "PAYMENT_DENIED" });
    let set = scene.lever("POST", "/_standin/faults", &fault.to_string());
    assert_eq!(set.body["faults"], json!([fault]));
    assert_eq!(
        scene.capture(&order, "A1-capture-1").issue(),
        "PAYMENT_DENIED"
    );
    assert_eq!(scene.standin.books().captures.len(), 1);
    for wrong in [
        r#"{"on":"capture","kind":"refused","issue":"PAYER_CANOT_PAY"}"#,
        r#"{"on":"capture","kind":"refused"}"#,
        r#"{"on":"capture","kind":"decline","issue":"PAYMENT_DENIED"}"#,
        r#"{"issue":"PAYMENT_DENIED"}"#,
        r#"{"on":"token","kind":"refused","issue":"PAYMENT_DENIED"}"#,
    ] {
        assert_eq!(
            scene.lever("POST", "/_standin/faults", wrong).status,
            400,
            "{wrong}"
        );
    }
}

/// The issue of a refusal, as [`Issue`] names it.
fn named(told: &Reply) -> &str {
    if told.body["details"] == json!([]) {
        return Issue::NO_DETAILS.name();
    }
    match told.issue() {
        "none" => told.body["name"].as_str().unwrap(),
        issue => issue,
    }
}
