//! Money is right only when every fact about it is.

use std::time::Duration;

use jiff::Timestamp;
use paypal::{AccessToken, Config, PayPal, Transport};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};
use store::AttemptState;
use ticket::{Cents, DueDate, Language};
use tokio::time::Instant;

use super::*;

const ORDER: &str = "5O190127TN364715T";
const OUR_ACCOUNT: &str = "8YTYX8DKLB5ZU";
const OUR_ATTEMPT: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaa";

fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

fn ticket(amount: Cents) -> Ticket {
    serde_json::from_value(json!({
        "case_number": "KL-2026-000123",
        "plate": "KL-XX 000",
        "offence": { "number": "112402", "text": "Sie parkten im Haltverbot." },
        "place": "Musterstraße 1",
        "occurred_at": now(),
        "amount": amount,
        "due_on": DueDate::on("2026-11-30".parse().unwrap()),
        "issued_at": now(),
        "issued_as": "",
        "state": "open",
        "version": 1,
        "fence": 0,
    }))
    .unwrap()
}

fn attempt(amount: Cents) -> Attempt {
    Attempt {
        id: OUR_ATTEMPT.parse().unwrap(),
        case_number: "KL-2026-000123".parse().unwrap(),
        version: 1,
        amount,
        language: Language::De,
        invoice_id: "KL-2026-000123".to_owned(),
        client_id: "client-id".to_owned(),
        created_at: now(),
        order: None,
        refusals: 0,
        approved_at: None,
        returned_at: None,
        silent_since: None,
        decline: None,
        state: AttemptState::Live,
    }
}

/// The order that `answer` is, when PayPal says it.
fn order_in(answer: &Value) -> Option<Order> {
    let body = answer.to_string();
    let transport = Transport::in_process(move |_| {
        std::future::ready(Ok(http::Response::new(body.clone().into())))
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(async {
        let vars = |variable: &str| {
            let value = match variable {
                "PAYPAL_ENVIRONMENT" => "sandbox",
                "PAYPAL_BASE_URL" => "https://api-m.sandbox.paypal.com",
                "PAYPAL_CLIENT_ID" | "PAYPAL_CLIENT_SECRET" => "made-for-this-test",
                "PAYPAL_MERCHANT_ID" => OUR_ACCOUNT,
                _ => return None,
            };
            Some(value.to_owned())
        };
        let paypal = PayPal::new(Config::from_vars(&vars).await.unwrap(), transport);
        let token = AccessToken {
            secret: parameters::Secret::new("made-for-this-test".to_owned()),
            expires_at: now(),
        };
        let soon = Instant::now() + Duration::from_mins(1);
        let id = ORDER.parse().unwrap();
        paypal.get_order(&token, &id, soon).await.ok()
    })
}

/// Mostly right; else missing, null or one of these.
fn fact(right: &'static str, others: &'static [&'static str]) -> BoxedStrategy<Option<Value>> {
    prop_oneof![
        12 => Just(Some(Value::from(right))),
        1 => Just(None),
        1 => Just(Some(Value::Null)),
        2 => select(others).prop_map(|other| Some(Value::from(other))),
    ]
    .boxed()
}

fn object(parts: Vec<(&'static str, BoxedStrategy<Option<Value>>)>) -> BoxedStrategy<Value> {
    let (names, values): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
    let with_names = move |values: Vec<Option<Value>>| {
        let parts = names.iter().zip(values);
        let there = parts.filter_map(|(name, value)| Some(((*name).to_owned(), value?)));
        Value::from(there.collect::<Map<_, _>>())
    };
    values.prop_map(with_names).boxed()
}

fn whole(value: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Option<Value>> {
    value.prop_map(Some).boxed()
}

fn payee() -> BoxedStrategy<Option<Value>> {
    let account = fact(
        OUR_ACCOUNT,
        &["EVIL", "8ytyx8dklb5zu", "", "8YTYX8DKLB5ZU "],
    );
    whole(object(vec![("merchant_id", account)]))
}

fn custom_id() -> BoxedStrategy<Option<Value>> {
    fact(
        OUR_ATTEMPT,
        &[
            "bbbbbbbbbbbbbbbbbbbbbbbbbb",
            "",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ],
    )
}

fn capture() -> impl Strategy<Value = Value> {
    let id = fact("3C679366HH908993F", &["4C679366HH908993F"]);
    let status = fact(
        "COMPLETED",
        &[
            "PENDING",
            "DECLINED",
            "FAILED",
            "REFUNDED",
            "PARTIALLY_REFUNDED",
            "completed",
            "NEW",
        ],
    );
    let value = fact(
        "25.00",
        &[
            "25", "2500", "25.01", "24.99", "-25.00", "025.00", "25.000", "0.25",
        ],
    );
    let currency = fact("EUR", &["USD", "eur", "HUF", ""]);
    let amount = object(vec![("value", value), ("currency_code", currency)]);
    object(vec![
        ("id", id),
        ("status", status),
        ("amount", whole(amount)),
        ("custom_id", custom_id()),
        ("payee", payee()),
    ])
}

fn captured_order() -> impl Strategy<Value = Value> {
    let captures = proptest::collection::vec(capture(), 0..3).prop_map(Value::from);
    let payments = object(vec![("captures", whole(captures))]);
    let unit = object(vec![
        ("custom_id", custom_id()),
        ("payee", payee()),
        ("payments", whole(payments)),
    ]);
    let units = proptest::collection::vec(unit, 0..3).prop_map(Value::from);
    object(vec![
        ("id", whole(Just(Value::from(ORDER)))),
        (
            "status",
            fact("COMPLETED", &["APPROVED", "CREATED", "VOIDED", "NEW"]),
        ),
        ("purchase_units", whole(units)),
    ])
}

/// What stands in `capture`, or in the unit it belongs to where it does not
/// say: nothing but these two can speak for it.
fn says(unit: &Value, capture: &Value, place: &str, right: &str) -> bool {
    let own = capture.pointer(place).filter(|value| !value.is_null());
    own.or(unit.pointer(place)).and_then(Value::as_str) == Some(right)
}

fn is_right(unit: &Value, capture: &Value) -> bool {
    capture["status"] == "COMPLETED"
        && capture["amount"] == json!({ "value": "25.00", "currency_code": "EUR" })
        && says(unit, capture, "/custom_id", OUR_ATTEMPT)
        && says(unit, capture, "/payee/merchant_id", OUR_ACCOUNT)
}

#[test]
fn another_units_facts_do_not_speak_for_a_capture() {
    for place in ["custom_id", "payee"] {
        let mut right = json!({
            "id": "3C679366HH908993F",
            "status": "COMPLETED",
            "amount": { "value": "25.00", "currency_code": "EUR" },
            "custom_id": OUR_ATTEMPT,
            "payee": { "merchant_id": OUR_ACCOUNT },
        });
        let mut other = json!({});
        other[place] = right[place].take();
        let order = |first: &Value, second: &Value| {
            let answer =
                json!({ "id": ORDER, "status": "COMPLETED", "purchase_units": [first, second] });
            order_in(&answer).unwrap()
        };
        let facts_of = |order: &Order| {
            let amount = Cents::new(2_500);
            let reading = read(order, &ticket(amount), &attempt(amount), OUR_ACCOUNT);
            let Reading::Captured(_, facts) = reading else {
                panic!("{reading:?}");
            };
            facts
        };
        let mut captured = json!({ "payments": { "captures": [right] } });
        assert_eq!(
            facts_of(&order(&other, &captured)),
            Facts::Missing,
            "{place}"
        );
        captured[place] = other[place].clone();
        assert_eq!(facts_of(&order(&other, &captured)), Facts::Right, "{place}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_048))]

    /// Right exactly where the capture that counts is completed, in euros, of
    /// the amount owed, to us, for our attempt; a fact that is missing is wrong.
    #[test]
    fn money_is_right_only_when_every_fact_of_its_capture_is(
        answer in captured_order(),
        asked in prop_oneof![9 => Just(2_500), 1 => Just(3_000)],
        owed in prop_oneof![9 => Just(2_500), 1 => Just(3_000)],
    ) {
        let Some(order) = order_in(&answer) else {
            return Ok(());
        };
        let (ticket, attempt) = (ticket(Cents::new(owed)), attempt(Cents::new(asked)));
        let reading = read(&order, &ticket, &attempt, OUR_ACCOUNT);
        let none = Vec::new();
        let units = answer["purchase_units"].as_array().unwrap_or(&none);
        let brought = units
            .iter()
            .flat_map(|unit| {
                let captures = unit["payments"]["captures"].as_array();
                captures.into_iter().flatten().map(move |capture| (unit, capture))
            })
            .find(|(_, capture)| {
                ["COMPLETED", "REFUNDED", "PARTIALLY_REFUNDED"].iter().any(|status| capture["status"] == *status)
            });
        let Some((unit, capture)) = brought else {
            prop_assert!(!matches!(reading, Reading::Captured(..)), "{:?}", reading);
            return Ok(());
        };
        let Reading::Captured(read, facts) = reading else {
            return Err(TestCaseError::fail(format!("{reading:?}")));
        };
        prop_assert_eq!(Some(read.id.as_str()), capture["id"].as_str());
        let right = asked == 2_500 && owed == 2_500 && is_right(unit, capture);
        prop_assert_eq!(facts == Facts::Right, right, "{:?}", read);
    }
}
