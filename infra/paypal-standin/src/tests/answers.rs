//! Answers in PayPal's shapes.

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use crate::testing::{Scene, order_request};
use crate::{Payer, Standin};

#[test]
fn a_wrong_secret_gets_no_token() {
    let scene = Scene::new();
    let request = Request::post("/v1/oauth2/token")
        .header("authorization", "Basic d3Jvbmc6d3Jvbmc=")
        .body(Bytes::from("grant_type=client_credentials"))
        .unwrap();
    let told = scene.send(&request).unwrap();
    assert_eq!(
        (told.status.as_u16(), &told.body["error"]),
        (401, &json!("invalid_client"))
    );
}

#[test]
fn a_call_without_a_token_is_refused_and_books_nothing() {
    let scene = Scene::new();
    let request = Request::post("/v2/checkout/orders")
        .header("content-type", "application/json")
        .header("paypal-request-id", "A1-create")
        .body(Bytes::from(order_request("A1", "2026-1").to_string()))
        .unwrap();
    let told = scene.send(&request).unwrap();
    assert_eq!(
        (told.status.as_u16(), &told.body["name"]),
        (401, &json!("AUTHENTICATION_FAILURE"))
    );
    assert!(scene.standin.books().orders.is_empty());
    assert_eq!(scene.standin.books().count("create_order"), 1);
}

#[test]
fn every_answer_has_a_debug_id_and_an_error_repeats_it() {
    let scene = Scene::new();
    let told = scene.get_order("NOSUCHORDER");
    let header = told.response.headers()["paypal-debug-id"].to_str().unwrap();
    assert_eq!(told.body["debug_id"], json!(header));
    assert!(
        scene
            .order("A1", "2026-1")
            .response
            .headers()
            .contains_key("paypal-debug-id")
    );
}

#[test]
fn minimal_is_the_default_and_says_id_status_and_links() {
    let scene = Scene::new();
    let order = scene.order("A1", "2026-1");
    assert!(order.body.get("purchase_units").is_some());
    let request = Request::post("/v2/checkout/orders")
        .header("content-type", "application/json")
        .header("authorization", token(&scene.standin))
        .header("paypal-request-id", "A2-create")
        .body(Bytes::from(order_request("A2", "2026-2").to_string()))
        .unwrap();
    let told = scene.send(&request).unwrap();
    assert_eq!(told.body["status"], "PAYER_ACTION_REQUIRED");
    assert!(told.body.get("purchase_units").is_none());
    assert!(told.link("payer-action").is_some());
}

#[test]
fn without_a_payment_source_the_link_is_approve() {
    let scene = Scene::new();
    let mut request = order_request("A1", "2026-1");
    request.as_object_mut().unwrap().remove("payment_source");
    let told = scene.post("/v2/checkout/orders", "A1-create", &request);
    assert_eq!(told.body["status"], "CREATED");
    assert!(told.link("approve").is_some() && told.link("payer-action").is_none());
}

#[test]
fn an_order_that_paypal_refuses_is_refused_with_paypals_issue() {
    let scene = Scene::new();
    for (pointer, value, issue) in [
        (
            "/purchase_units/0/amount/value",
            json!("25,00"),
            "INVALID_PARAMETER_SYNTAX",
        ),
        (
            "/purchase_units/0/amount/currency_code",
            json!("XXX"),
            "INVALID_CURRENCY_CODE",
        ),
        (
            "/purchase_units/0/invoice_id",
            json!("x".repeat(128)),
            "INVALID_STRING_LENGTH",
        ),
        ("/purchase_units", json!([]), "INVALID_ARRAY_MIN_ITEMS"),
        ("/intent", json!("AUTHORIZE"), "NOT_SUPPORTED"),
        (
            "/payment_source/paypal/experience_context/user_action",
            json!("PAY_LATER"),
            "INVALID_PARAMETER_VALUE",
        ),
        (
            "/payment_source/paypal/experience_context/return_url",
            json!("javascript:alert(1)"),
            "INVALID_PARAMETER_SYNTAX",
        ),
    ] {
        let mut request = order_request("A1", "2026-1");
        *request.pointer_mut(pointer).unwrap() = value;
        let told = scene.post("/v2/checkout/orders", "A1-create", &request);
        assert_eq!(told.issue(), issue, "{pointer}");
    }
    assert!(scene.standin.books().orders.is_empty());
}

#[test]
fn a_payment_source_needs_a_request_id() {
    let scene = Scene::new();
    let request = Request::post("/v2/checkout/orders")
        .header("content-type", "application/json")
        .header("authorization", token(&scene.standin))
        .body(Bytes::from(order_request("A1", "2026-1").to_string()))
        .unwrap();
    assert_eq!(
        scene.send(&request).unwrap().issue(),
        "PAYPAL_REQUEST_ID_REQUIRED"
    );
}

#[test]
fn a_mock_response_is_given_and_nothing_is_booked() {
    let scene = Scene::new();
    let order = scene.order("A1", "2026-1").id();
    scene.standin.approve(&order, Payer::Pays).unwrap();
    let mock = json!({ "mock_application_codes": "TRANSACTION_REFUSED" }).to_string();
    let request = Request::post(format!("/v2/checkout/orders/{order}/capture"))
        .header("content-type", "application/json")
        .header("authorization", token(&scene.standin))
        .header("paypal-mock-response", mock)
        .body(Bytes::from("{}"))
        .unwrap();
    let told = scene.send(&request).unwrap();
    assert_eq!(
        (told.status.as_u16(), told.issue()),
        (422, "TRANSACTION_REFUSED")
    );
    assert!(scene.standin.books().captures.is_empty());
    assert_eq!(scene.capture(&order, "A1-capture-1").status, 201);
}

#[test]
fn the_books_can_be_read_and_count_the_calls() {
    let scene = Scene::new();
    let order = scene.order("A1", "2026-1").id();
    let path = format!("/_standin/orders/{order}/pay");
    assert_eq!(scene.lever("POST", &path, "").status, 200);
    scene.capture(&order, "A1-capture-1");
    let books = scene.lever("GET", "/_standin/books", "").body;
    assert_eq!(books["orders"][0]["custom_id"], "A1");
    assert_eq!(books["captures"][0]["amount"]["value"], "25.00");
    assert_eq!(books["captures"][0]["status"], "COMPLETED");
    assert_eq!(books["captures"][0]["request_id"], "A1-capture-1");
    assert_eq!(books["calls"]["capture_order"], 1);
}

#[test]
fn anchors_are_two_certificates() {
    let scene = Scene::new();
    let pem = scene.standin.anchors_pem();
    assert_eq!(pem.matches("BEGIN CERTIFICATE").count(), 2);
    let served = scene.lever("GET", "/_standin/anchors", "");
    assert_eq!(served.response.body(), &Bytes::from(pem));
}

/// A token of one's own.
fn token(standin: &Standin) -> String {
    let credentials = data_encoding::BASE64.encode(b"client-made-for-tests:secret-made-for-tests");
    let request = Request::post("/v1/oauth2/token")
        .header("authorization", format!("Basic {credentials}"))
        .body(Bytes::from("grant_type=client_credentials"))
        .unwrap();
    let answer = standin.exchange(&request).answer.unwrap();
    let body: Value = serde_json::from_slice(answer.body()).unwrap();
    format!("Bearer {}", body["access_token"].as_str().unwrap())
}
