//! The books: what may be charged, how often, and what goes back.

use jiff::SignedDuration;
use serde_json::json;

use crate::testing::{Scene, approved, order_request};
use crate::{Afterwards, CaptureStatus, NotPossible, Payer};

#[test]
fn an_order_that_nobody_approved_is_not_captured() {
    let scene = Scene::new();
    let order = scene.order("A1", "2026-1").id();
    let refused = scene.capture(&order, "A1-capture-1");
    assert_eq!(refused.issue(), "ORDER_NOT_APPROVED");
    assert!(scene.standin.books().captures.is_empty());
}

#[test]
fn an_approved_order_is_captured_once() {
    let scene = Scene::new();
    let order = approved(&scene, "A1", "2026-1");
    let captured = scene.capture(&order, "A1-capture-1");
    assert_eq!(captured.status, 201);
    assert_eq!(captured.capture()["status"], "COMPLETED");
    let again = scene.capture(&order, "A1-capture-2");
    assert_eq!(
        (again.status.as_u16(), again.issue()),
        (422, "ORDER_ALREADY_CAPTURED")
    );
    assert_eq!(scene.standin.books().captures.len(), 1);
}

#[test]
fn the_same_request_id_gives_the_same_capture_with_200() {
    let scene = Scene::new();
    let order = approved(&scene, "A1", "2026-1");
    let first = scene.capture(&order, "A1-capture-1");
    let second = scene.capture(&order, "A1-capture-1");
    assert_eq!(second.status, 200);
    assert_eq!(second.capture()["id"], first.capture()["id"]);
    assert_eq!(scene.standin.books().captures.len(), 1);
}

#[test]
fn the_same_request_id_gives_the_same_order_with_200_for_six_hours() {
    let scene = Scene::new();
    let first = scene.order("A1", "2026-1");
    scene.wait(SignedDuration::from_mins(179));
    let second = scene.order("A1", "2026-1");
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (201, 200));
    assert_eq!(second.id(), first.id());
    scene.wait(SignedDuration::from_mins(181));
    let third = scene.order("A1", "2026-1");
    assert_eq!(third.status, 201);
    assert_ne!(third.id(), first.id());
}

#[test]
fn a_paid_invoice_is_refused_at_create_and_at_capture() {
    let scene = Scene::new();
    let first = approved(&scene, "A1", "2026-1");
    let second = approved(&scene, "A2", "2026-1");
    scene.capture(&first, "A1-capture-1");
    let captured = scene.capture(&second, "A2-capture-1");
    assert_eq!(captured.issue(), "DUPLICATE_INVOICE_ID");
    assert_eq!(scene.order("A3", "2026-1").issue(), "DUPLICATE_INVOICE_ID");
    assert_eq!(scene.order("A4", "2026-2").status, 201);
    assert_eq!(scene.standin.books().captures.len(), 1);
}

#[test]
fn without_unique_invoices_nothing_but_ourselves_guards_against_paying_twice() {
    let scene = Scene::new();
    scene.standin.set_unique_invoices(false);
    for attempt in ["A1", "A2"] {
        let order = approved(&scene, attempt, "2026-1");
        assert_eq!(scene.capture(&order, attempt).status, 201);
    }
    assert_eq!(scene.standin.books().captures.len(), 2);
}

#[test]
fn an_order_nobody_approves_is_gone_after_six_hours() {
    let scene = Scene::new();
    let order = scene.order("A1", "2026-1").id();
    scene.wait(SignedDuration::from_mins(359));
    assert_eq!(scene.get_order(&order).status, 200);
    scene.wait(SignedDuration::from_mins(1));
    let gone = scene.get_order(&order);
    assert_eq!(
        (gone.status.as_u16(), gone.issue()),
        (404, "INVALID_RESOURCE_ID")
    );
    assert!(scene.standin.approve(&order, Payer::Pays).is_err());
}

#[test]
fn an_approval_nobody_captures_is_gone_after_six_hours_more() {
    let scene = Scene::new();
    let order = scene.order("A1", "2026-1").id();
    scene.wait(SignedDuration::from_hours(2));
    scene.standin.approve(&order, Payer::Pays).unwrap();
    scene.wait(SignedDuration::from_mins(359));
    assert_eq!(scene.get_order(&order).body["status"], "APPROVED");
    scene.wait(SignedDuration::from_mins(1));
    assert_eq!(scene.capture(&order, "A1-capture-1").status, 404);
}

#[test]
fn a_captured_order_never_expires() {
    let scene = Scene::new();
    let order = approved(&scene, "A1", "2026-1");
    scene.capture(&order, "A1-capture-1");
    scene.wait(SignedDuration::from_hours(24 * 90));
    scene.log_in();
    assert_eq!(scene.get_order(&order).body["status"], "COMPLETED");
}

#[test]
fn a_declined_card_stays_declined_until_the_payer_chooses_another() {
    let scene = Scene::new();
    let order = scene.order("A1", "2026-1").id();
    scene.standin.approve(&order, Payer::Declines).unwrap();
    let declined = scene.capture(&order, "A1-capture-1");
    assert_eq!(
        (declined.status.as_u16(), declined.issue()),
        (422, "INSTRUMENT_DECLINED")
    );
    let page = format!("http://127.0.0.1:8082/checkoutnow?token={order}");
    assert_eq!(declined.link("redirect"), Some(page.as_str()));
    assert_eq!(
        scene.capture(&order, "A1-capture-2").issue(),
        "INSTRUMENT_DECLINED"
    );
    let before = scene.get_order(&order).body["update_time"].clone();
    scene.wait(SignedDuration::from_secs(30));
    scene.standin.approve(&order, Payer::Pays).unwrap();
    assert_ne!(scene.get_order(&order).body["update_time"], before);
    // The old request id still stands for the old refusal.
    assert_eq!(
        scene.capture(&order, "A1-capture-1").issue(),
        "INSTRUMENT_DECLINED"
    );
    assert_eq!(scene.capture(&order, "A1-capture-3").status, 201);
}

#[test]
fn a_capture_shows_fee_and_net_and_whose_it_is() {
    let scene = Scene::new();
    let order = approved(&scene, "A1", "2026-1");
    let id = scene.capture(&order, "A1-capture-1").capture()["id"].clone();
    let id = id.as_str().unwrap();
    let body = scene.get(&format!("/v2/payments/captures/{id}")).body;
    let breakdown = &body["seller_receivable_breakdown"];
    assert_eq!(breakdown["paypal_fee"]["value"], "0.97");
    assert_eq!(breakdown["net_amount"]["value"], "24.03");
    assert_eq!(body["payee"]["merchant_id"], "8YTYX8DKLB5ZU");
    assert_eq!(body["custom_id"], "A1");
    assert_eq!(body["supplementary_data"]["related_ids"]["order_id"], order);
}

#[test]
fn refunds_never_exceed_the_capture() {
    let scene = Scene::new();
    let order = approved(&scene, "A1", "2026-1");
    scene.capture(&order, "A1-capture-1");
    let id = scene.standin.books().captures[0].id.clone();
    let path = format!("/v2/payments/captures/{id}/refund");
    let part = |value: &str| json!({ "amount": { "currency_code": "EUR", "value": value } });
    let first = scene.post(&path, "r1", &part("10.00"));
    assert_eq!(
        (first.status.as_u16(), &first.body["status"]),
        (201, &json!("COMPLETED"))
    );
    assert_eq!(scene.post(&path, "r1", &part("10.00")).status, 200);
    assert_eq!(
        scene.post(&path, "r2", &part("15.01")).issue(),
        "REFUND_AMOUNT_EXCEEDED"
    );
    assert_eq!(
        scene.standin.books().captures[0].status,
        CaptureStatus::PartiallyRefunded
    );
    let rest = scene.post(&path, "r3", &json!({}));
    assert_eq!(rest.body["amount"]["value"], "15.00");
    assert_eq!(
        scene.post(&path, "r4", &json!({})).issue(),
        "CAPTURE_FULLY_REFUNDED"
    );
    let given_back: u64 = scene
        .standin
        .books()
        .refunds
        .iter()
        .map(|refund| refund.amount.minor_units)
        .sum();
    assert_eq!(given_back, 2_500);
    let shown = scene.get(&format!("/v2/payments/refunds/{}", first.id()));
    let up = format!("http://127.0.0.1:8082/v2/payments/captures/{id}");
    assert_eq!(shown.link("up"), Some(up.as_str()));
}

#[test]
fn a_dispute_names_the_capture_it_is_about() {
    let scene = Scene::new();
    let order = approved(&scene, "A1", "2026-1");
    scene.capture(&order, "A1-capture-1");
    let id = scene.standin.books().captures[0].id.clone();
    scene.standin.afterwards(&id, Afterwards::Disputed).unwrap();
    let dispute = scene.standin.books().disputes[0].id.clone();
    let shown = scene.get(&format!("/v1/customer/disputes/{dispute}"));
    assert_eq!(
        shown.body["disputed_transactions"][0]["seller_transaction_id"],
        json!(id)
    );
    assert_eq!(shown.body["dispute_amount"]["value"], "25.00");
}

#[test]
fn only_a_pending_capture_ends_and_only_money_that_came_goes_back() {
    let scene = Scene::new();
    let order = approved(&scene, "A1", "2026-1");
    scene.capture(&order, "A1-capture-1");
    let id = scene.standin.books().captures[0].id.clone();
    let refused = scene.standin.afterwards(&id, Afterwards::Denied);
    assert!(matches!(refused, Err(NotPossible::StandsOtherwise { .. })));
    scene.standin.afterwards(&id, Afterwards::Reversed).unwrap();
    assert_eq!(
        scene.standin.books().captures[0].status,
        CaptureStatus::Refunded
    );
    assert!(scene.standin.afterwards(&id, Afterwards::Refunded).is_err());
}

#[test]
fn transactions_are_shown_three_hours_later() {
    let scene = Scene::new();
    let order = approved(&scene, "A1", "2026-1");
    scene.capture(&order, "A1-capture-1");
    let path = "/v1/reporting/transactions?start_date=2026-11-22T00:00:00Z\
                &end_date=2026-11-23T00:00:00Z&fields=all";
    assert_eq!(scene.get(path).body["total_items"], 0);
    scene.wait(SignedDuration::from_hours(3));
    let row = scene.get(path).body["transaction_details"][0]["transaction_info"].clone();
    assert_eq!(
        row["transaction_id"],
        json!(scene.standin.books().captures[0].id)
    );
    assert_eq!(row["invoice_id"], "2026-1");
    assert_eq!(row["fee_amount"]["value"], "-0.97");
    let wide = "/v1/reporting/transactions?start_date=2026-10-01T00:00:00Z\
                &end_date=2026-11-23T00:00:00Z";
    assert_eq!(scene.get(wide).status, 400);
}

#[test]
fn the_same_seed_clock_and_calls_make_the_same_books() {
    let books = || {
        let scene = Scene::new();
        let order = approved(&scene, "A1", "2026-1");
        scene.capture(&order, "A1-capture-1");
        scene.standin.books()
    };
    assert_eq!(books(), books());
}

#[test]
fn the_request_is_kept_as_it_came() {
    let scene = Scene::new();
    scene.order("A1", "2026-1");
    assert_eq!(
        scene.standin.books().orders[0].request,
        order_request("A1", "2026-1")
    );
}
