//! What goes out, byte for byte.

use serde_json::{Value, json};
use ticket::AttemptId;

use super::{CLIENT_SECRET, MERCHANT_ID, TOKEN, now, paypal, sample, soon, token};
use crate::{Error, Issue, NewOrder};

pub(super) fn new_order(amount: &str) -> NewOrder {
    NewOrder {
        attempt: AttemptId::from_random(7),
        case_number: "KL-2026-000123".parse().unwrap(),
        invoice_id: String::from("KL-2026-000123_2"),
        amount: amount.parse().unwrap(),
        brand_name: String::from("Stadt Musterstadt"),
        locale: String::from("de-DE"),
        return_url: String::from("https://pay.example.de/r/a"),
        cancel_url: String::from("https://pay.example.de/r/a/cancel"),
    }
}

#[tokio::test]
async fn an_order_tells_paypal_case_number_attempt_amount_and_city_and_nothing_else() {
    let (paypal, asked) = paypal(201, b"").await;
    let order = new_order("30.00");
    let _ = paypal.create_order(&token(), &order, soon()).await;
    let asked = asked.lock().unwrap();
    let body: Value = serde_json::from_slice(asked[0].body()).unwrap();
    assert_eq!(
        body,
        json!({
            "intent": "CAPTURE",
            "purchase_units": [{
                "reference_id": "KL-2026-000123",
                "custom_id": order.attempt.as_str(),
                "invoice_id": "KL-2026-000123_2",
                "description": "Stadt Musterstadt KL-2026-000123",
                "amount": { "currency_code": "EUR", "value": "30.00" },
            }],
            "payment_source": { "paypal": { "experience_context": {
                "brand_name": "Stadt Musterstadt",
                "locale": "de-DE",
                "landing_page": "GUEST_CHECKOUT",
                "shipping_preference": "NO_SHIPPING",
                "user_action": "PAY_NOW",
                "payment_method_preference": "IMMEDIATE_PAYMENT_REQUIRED",
                "return_url": "https://pay.example.de/r/a",
                "cancel_url": "https://pay.example.de/r/a/cancel",
            }}},
        })
    );
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].method(), "POST");
    assert_eq!(
        asked[0].uri(),
        "https://api-m.sandbox.paypal.com/v2/checkout/orders"
    );
    let header = |name| asked[0].headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("authorization"), format!("Bearer {TOKEN}"));
    assert!(asked[0].headers()["authorization"].is_sensitive());
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(
        header("paypal-request-id"),
        format!("{}-create", order.attempt)
    );
    assert_eq!(header("prefer"), "return=representation");
}

#[tokio::test]
async fn an_order_has_the_fields_of_the_recorded_request() {
    let (paypal, asked) = paypal(201, b"").await;
    let _ = paypal
        .create_order(&token(), &new_order("30.00"), soon())
        .await;
    let ours: Value = serde_json::from_slice(asked.lock().unwrap()[0].body()).unwrap();
    let recorded = serde_json::from_slice(&sample("01_order_create_request.json")).unwrap();
    assert_eq!(fields(&ours), fields(&recorded));
}

fn fields(value: &Value) -> Vec<String> {
    let mut fields = Vec::new();
    let children: Vec<(String, &Value)> = match value {
        Value::Object(object) => object.iter().map(|(k, v)| (k.clone(), v)).collect(),
        Value::Array(array) => array.iter().map(|v| (String::from("[]"), v)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    for (name, child) in children {
        fields.push(name.clone());
        fields.extend(fields_below(&name, child));
    }
    fields.sort();
    fields
}

fn fields_below(name: &str, child: &Value) -> Vec<String> {
    let below = fields(child).into_iter();
    below.map(|field| format!("{name}/{field}")).collect()
}

#[tokio::test]
async fn a_city_with_a_long_name_can_still_be_paid() {
    let (paypal, asked) = paypal(201, b"").await;
    let mut order = new_order("30.00");
    order.brand_name = "Ü".repeat(200);
    order.case_number = "1".repeat(27).parse().unwrap();
    let _ = paypal.create_order(&token(), &order, soon()).await;
    let body: Value = serde_json::from_slice(asked.lock().unwrap()[0].body()).unwrap();
    let description = body["purchase_units"][0]["description"].as_str().unwrap();
    assert_eq!(description.chars().count(), 127);
    assert!(description.ends_with(&format!("Ü {}", "1".repeat(27))));
    let context = &body["payment_source"]["paypal"]["experience_context"];
    assert_eq!(context["brand_name"].as_str().unwrap(), "Ü".repeat(127));
}

#[tokio::test]
async fn each_call_asks_for_what_it_is_named_after() {
    let (paypal, asked) = paypal(500, b"").await;
    let token = token();
    let order = "5O190127TN364715T".parse().unwrap();
    let capture = "3C679366HH908993F".parse().unwrap();
    let refund = "1JU08902781691411".parse().unwrap();
    let dispute = "PP-000-042-663-135".parse().unwrap();
    let _ = paypal.get_order(&token, &order, soon()).await;
    let _ = paypal.get_capture(&token, &capture, soon()).await;
    let _ = paypal.get_refund(&token, &refund, soon()).await;
    let _ = paypal.get_dispute(&token, &dispute, soon()).await;
    let _ = paypal
        .capture_order(&token, &order, "a-capture-2", soon())
        .await;
    let asked = asked.lock().unwrap();
    let lines: Vec<String> = asked
        .iter()
        .map(|request| format!("{} {}", request.method(), request.uri().path()))
        .collect();
    assert_eq!(
        lines,
        [
            "GET /v2/checkout/orders/5O190127TN364715T",
            "GET /v2/payments/captures/3C679366HH908993F",
            "GET /v2/payments/refunds/1JU08902781691411",
            "GET /v1/customer/disputes/PP-000-042-663-135",
            "POST /v2/checkout/orders/5O190127TN364715T/capture",
        ]
    );
    for request in asked.iter() {
        let authorization = &request.headers()["authorization"];
        assert_eq!(authorization, &format!("Bearer {TOKEN}"));
    }
    assert_eq!(asked[4].headers()["paypal-request-id"], "a-capture-2");
    assert_eq!(asked[4].headers()["prefer"], "return=representation");
    assert_eq!(asked[4].body(), "{}");
}

#[tokio::test]
async fn the_token_is_asked_for_with_our_credentials() {
    let (paypal, asked) = paypal(500, b"").await;
    let _ = paypal.fetch_token(now(), soon()).await;
    let asked = asked.lock().unwrap();
    assert_eq!(asked[0].method(), "POST");
    assert_eq!(asked[0].uri().path(), "/v1/oauth2/token");
    assert_eq!(asked[0].body(), "grant_type=client_credentials");
    let header = &asked[0].headers()["authorization"];
    assert!(header.is_sensitive());
    let encoded = header.to_str().unwrap().strip_prefix("Basic ").unwrap();
    let credentials = data_encoding::BASE64.decode(encoded.as_bytes()).unwrap();
    let expected = format!("client-id:{CLIENT_SECRET}");
    assert_eq!(credentials, expected.as_bytes());
    let form = "application/x-www-form-urlencoded";
    assert_eq!(asked[0].headers()["content-type"], form);
}

#[tokio::test]
async fn an_order_whose_money_would_go_elsewhere_is_shown_to_no_payer() {
    let body = sample("03_order_create_response_representation_201.json");
    let elsewhere = String::from_utf8(body).unwrap();
    let elsewhere = elsewhere.replace(MERCHANT_ID, "9ZZZX8DKLB5ZU");
    let (paypal, _) = paypal(201, elsewhere.as_bytes()).await;
    let made = paypal
        .create_order(&token(), &new_order("25.00"), soon())
        .await;
    let Err(Error::Refused { issue, .. }) = made else {
        panic!("{made:?}");
    };
    let expected = String::from("PAYEE_IS_NOT_OUR_MERCHANT_ID");
    assert_eq!(issue, Issue::OurAccount(expected));
}

#[tokio::test]
async fn an_order_of_another_amount_is_shown_to_no_payer() {
    let body = sample("03_order_create_response_representation_201.json");
    let (paypal, _) = paypal(201, &body).await;
    let made = paypal
        .create_order(&token(), &new_order("30.00"), soon())
        .await;
    assert!(
        matches!(made, Err(Error::Unclear { status: 201, .. })),
        "{made:?}"
    );
}

#[tokio::test]
async fn an_order_that_leads_elsewhere_is_shown_to_no_payer() {
    let body = sample("03_order_create_response_representation_201.json");
    let elsewhere = String::from_utf8(body).unwrap();
    let elsewhere = elsewhere.replace("www.sandbox.paypal.com", "www.paypal.com.evil.example");
    let (paypal, _) = paypal(201, elsewhere.as_bytes()).await;
    let made = paypal
        .create_order(&token(), &new_order("25.00"), soon())
        .await;
    assert!(
        matches!(made, Err(Error::Unclear { status: 201, .. })),
        "{made:?}"
    );
}

#[tokio::test]
async fn priming_opens_the_connection_and_says_nothing_of_us() {
    for status in [200, 404, 500] {
        let (paypal, asked) = paypal(status, b"").await;
        paypal.prime(soon()).await;
        let asked = asked.lock().unwrap();
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].method(), "HEAD");
        assert_eq!(asked[0].uri(), "https://api-m.sandbox.paypal.com/");
        assert!(asked[0].headers().is_empty());
        assert!(asked[0].body().is_empty());
    }
}
