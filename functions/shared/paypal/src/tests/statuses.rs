//! Every status the specification lists is told apart, and one it does not
//! list is never taken for one it does.

use serde_json::{Value, json};

use super::{paypal, recorded, sample, soon, token};

/// The values the specification gives for the enumeration at `pointer`.
fn listed(specification: &str, pointer: &str) -> Vec<String> {
    let text = std::fs::read(recorded("openapi").join(specification)).unwrap();
    let specification: Value = serde_json::from_slice(&text).unwrap();
    let found = specification.pointer(pointer).unwrap().as_array().unwrap();
    let texts = found.iter().map(|value| value.as_str().unwrap().to_owned());
    texts.collect()
}

/// `PAYER_ACTION_REQUIRED` as the code writes it, `PayerActionRequired`.
fn in_code(status: &str) -> String {
    let word = |word: &str| word[..1].to_owned() + &word[1..].to_lowercase();
    let words: String = status.split('_').map(word).collect();
    // Who has to answer follows from whom it waits for.
    words.replace("Response", "")
}

/// What the code makes of `status` in this sample, as it writes it.
async fn read(sample: &mut Value, field: &str, kind: Kind, status: &str) -> String {
    *sample.pointer_mut(field).unwrap() = json!(status);
    let (paypal, _) = paypal(200, sample.to_string().as_bytes()).await;
    let token = token();
    match kind {
        Kind::Order => {
            let id = "5O190127TN364715T".parse().unwrap();
            let found = paypal.get_order(&token, &id, soon()).await;
            format!("{:?}", found.unwrap().status)
        }
        Kind::CaptureInOrder => {
            let id = "5O190127TN364715T".parse().unwrap();
            let found = paypal.get_order(&token, &id, soon()).await;
            format!("{:?}", found.unwrap().captures[0].status)
        }
        Kind::Refund => {
            let id = "1JU08902781691411".parse().unwrap();
            let found = paypal.get_refund(&token, &id, soon()).await;
            format!("{:?}", found.unwrap().status)
        }
        Kind::Dispute => {
            let id = "PP-000-042-663-135".parse().unwrap();
            let found = paypal.get_dispute(&token, &id, soon()).await;
            format!("{:?}", found.unwrap().status)
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Order,
    CaptureInOrder,
    Refund,
    Dispute,
}

#[tokio::test]
async fn each_listed_status_is_told_apart_and_no_other_is_taken_for_one() {
    let json = |file| -> Value { serde_json::from_slice(&sample(file)).unwrap() };
    let event = json("59_webhook_customer_dispute_created.json");
    let orders = "checkout_orders_v2.json";
    let payments = "payments_payment_v2.json";
    let capture = "/purchase_units/0/payments/captures/0/status";
    for (kind, field, mut body, listed) in [
        (
            Kind::Order,
            "/status",
            json("05_order_get_approved_200.json"),
            listed(orders, "/components/schemas/order_status/enum"),
        ),
        (
            Kind::CaptureInOrder,
            capture,
            json("06_order_capture_completed_201.json"),
            listed(
                payments,
                "/components/schemas/capture_status/properties/status/enum",
            ),
        ),
        (
            Kind::Refund,
            "/status",
            json("11_refund_response_201.json"),
            listed(
                payments,
                "/components/schemas/refund_status/properties/status/enum",
            ),
        ),
        (
            Kind::Dispute,
            "/status",
            event["resource"].clone(),
            listed(
                "customer_disputes_v1.json",
                "/components/schemas/status/enum",
            ),
        ),
    ] {
        assert!(listed.len() >= 4, "{listed:?}");
        for status in &listed {
            let read = read(&mut body, field, kind, status).await;
            // PayPal itself has an "other" among the statuses of disputes.
            let other = status == "OTHER" && read == "Other(\"OTHER\")";
            assert!(other || read == in_code(status), "{status}: {read}");
        }
        for status in [
            "",
            "NEW_IN_2027",
            "completed",
            "Completed",
            "APPROVED ",
            "PAID",
        ] {
            let read = read(&mut body, field, kind, status).await;
            assert_eq!(read, format!("Other({status:?})"));
        }
    }
}
