//! No answer and no webhook, however broken, stops the process or says what
//! does not stand in it.

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use serde_json::Value;

use super::trees::{change, changes, json, order};
use super::{block_on, now, paypal, sample, soon, token};
use ticket::Money;

use crate::webhook::read_event;
use crate::{Capture, CaptureStatus, Error, Order, Searched};

const ORDER: &str = "5O190127TN364715T";
const CAPTURE: &str = "3C679366HH908993F";

fn ask_everything(status: u16, body: &[u8]) -> TestCaseResult {
    block_on(async {
        let (paypal, _) = paypal(status, body).await;
        let token = token();
        let order = ORDER.parse().unwrap();
        let capture = CAPTURE.parse().unwrap();
        let refund = "1JU08902781691411".parse().unwrap();
        let dispute = "PP-000-042-663-135".parse().unwrap();
        let new_order = super::requests::new_order("25.00");
        // Nobody minds what bytes a field has that is not read.
        let answer: Value =
            serde_json::from_str(&String::from_utf8_lossy(body)).unwrap_or_default();
        let made = paypal.create_order(&token, &new_order, soon()).await;
        let read = paypal.get_order(&token, &order, soon()).await;
        let captured = paypal.capture_order(&token, &order, "id", soon()).await;
        let alone = paypal.get_capture(&token, &capture, soon()).await;
        let refund = paypal.get_refund(&token, &refund, soon()).await;
        let dispute = paypal.get_dispute(&token, &dispute, soon()).await;
        let found = paypal
            .search_transactions(&token, now(), now(), 1, soon())
            .await;
        let fetched = paypal.fetch_token(now(), soon()).await;
        if !(200..300).contains(&status) {
            prop_assert!(made.is_err() && read.is_err() && captured.is_err() && alone.is_err());
            prop_assert!(refund.is_err() && dispute.is_err() && fetched.is_err());
            prop_assert!(!matches!(found, Ok(Searched::Page(_))));
        }
        for page in [
            made.as_ref().ok().map(|made| made.approve_url.as_str()),
            page_in(made.as_ref().err()),
            page_in(captured.as_ref().err()),
        ] {
            let is_paypals = |page: &str| page.starts_with("https://www.sandbox.paypal.com/");
            prop_assert!(page.is_none_or(is_paypals), "{:?}", page);
        }
        for order in [read, captured].into_iter().flatten() {
            is_as_it_stands(&order, &answer)?;
        }
        if let Ok(capture) = alone {
            prop_assert_eq!(capture.id.as_str(), CAPTURE);
            says(&capture, &answer)?;
        }
        if let Ok(refund) = refund {
            prop_assert_eq!(answer["id"].as_str(), Some(refund.id.as_str()));
            prop_assert_eq!(
                answer["amount"]["value"].as_str(),
                Some(&*refund.amount.value)
            );
        }
        if let Ok(dispute) = dispute {
            prop_assert_eq!(answer["dispute_id"].as_str(), Some(dispute.id.as_str()));
        }
        if let Ok(Searched::Page(page)) = found {
            let rows = answer["transaction_details"].as_array().map_or(0, Vec::len);
            let unreadable = usize::try_from(page.unreadable).unwrap();
            prop_assert_eq!(page.transactions.len() + unreadable, rows);
        }
        Ok(())
    })
}

fn page_in(error: Option<&Error>) -> Option<&str> {
    match error? {
        Error::Refused { approve_url, .. } => approve_url.as_deref(),
        Error::NoAnswer { .. }
        | Error::Unclear { .. }
        | Error::Unauthorized { .. }
        | Error::NotFound { .. } => None,
    }
}

/// Each capture of the answer is in the order, each with its own unit's facts.
fn is_as_it_stands(order: &Order, answer: &Value) -> TestCaseResult {
    prop_assert_eq!(order.id.as_str(), ORDER);
    prop_assert_eq!(answer["id"].as_str(), Some(ORDER));
    let none = Vec::new();
    let items = |value: &Value| value.as_array().unwrap_or(&none).clone();
    let in_answer: Vec<(Value, Value)> = items(&answer["purchase_units"])
        .into_iter()
        .flat_map(|unit| {
            let captures = items(&unit["payments"]["captures"]);
            captures
                .into_iter()
                .map(move |capture| (unit.clone(), capture))
        })
        .collect();
    prop_assert_eq!(order.captures.len(), in_answer.len());
    for (read, (unit, mut capture)) in order.captures.iter().zip(in_answer) {
        for (field, inner) in [
            ("custom_id", ""),
            ("invoice_id", ""),
            ("payee", "/merchant_id"),
        ] {
            if capture
                .pointer(&format!("/{field}{inner}"))
                .unwrap_or(&Value::Null)
                .is_null()
            {
                capture[field] = unit[field].clone();
            }
        }
        says(read, &capture)?;
    }
    Ok(())
}

fn says(read: &Capture, capture: &Value) -> TestCaseResult {
    let text = |place: &str| capture.pointer(place).and_then(Value::as_str);
    prop_assert_eq!(text("/id"), Some(read.id.as_str()));
    prop_assert_eq!(text("/amount/value"), Some(&*read.amount.value));
    prop_assert_eq!(text("/amount/currency_code"), Some(&*read.amount.currency));
    prop_assert_eq!(text("/custom_id"), read.custom_id.as_deref());
    prop_assert_eq!(text("/invoice_id"), read.invoice_id.as_deref());
    prop_assert_eq!(
        text("/payee/merchant_id"),
        read.payee_merchant_id.as_deref()
    );
    let completed = read.status == CaptureStatus::Completed;
    prop_assert_eq!(completed, text("/status") == Some("COMPLETED"));
    Ok(())
}

const RECORDED: [&str; 9] = [
    "03_order_create_response_representation_201.json",
    "05_order_get_approved_200.json",
    "06_order_capture_completed_201.json",
    "07_order_capture_pending_echeck_201.json",
    "10_capture_get_completed_200.json",
    "11_refund_response_201.json",
    "20_err_422_instrument_declined.json",
    "70_transactions_search_200.json",
    "59_webhook_customer_dispute_created.json",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_under_any_status_are_an_outcome(
        status in 100_u16..600,
        body in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        ask_everything(status, &body)?;
        prop_assert!(read_event(&body).is_err());
    }

    /// Closer to the mark than random bytes: a right answer with one field's
    /// bytes overwritten or cut off.
    #[test]
    fn a_damaged_answer_is_an_outcome(
        file in prop::sample::select(&RECORDED[..]),
        at in any::<prop::sample::Index>(),
        end in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut body = sample(file);
        let place = at.index(body.len());
        body[place] = byte;
        ask_everything(200, &body)?;
        ask_everything(422, &body)?;
        let _ = read_event(&body);
        body.truncate(end.index(body.len()));
        ask_everything(200, &body)?;
        let _ = read_event(&body);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn no_json_is_read_as_more_than_it_says(
        status in prop_oneof![Just(200_u16), Just(422_u16), 100_u16..600],
        body in prop_oneof![1 => json(), 2 => order()],
    ) {
        ask_everything(status, body.to_string().as_bytes())?;
    }

    #[test]
    fn a_recorded_answer_with_other_parts_is_read_as_it_stands(
        file in prop::sample::select(&RECORDED[..]),
        status in prop_oneof![Just(200_u16), Just(422_u16)],
        changes in changes(),
    ) {
        let mut body: Value = serde_json::from_slice(&sample(file)).unwrap();
        change(&mut body, &changes, |_| true);
        ask_everything(status, body.to_string().as_bytes())?;
        // What a dispute's event holds is what is answered about it.
        ask_everything(status, body["resource"].to_string().as_bytes())?;
    }

    #[test]
    fn euro_cents_are_the_amount_as_written_in_euros_alone(
        value in "-{0,2}[0-9]{1,8}[.][0-9]{2}|[0-9]{0,3}[.,]?[0-9]{0,3}|[-+ 0-9.,e]{0,8}|\\PC{0,8}",
        currency in prop::sample::select(vec!["EUR", "EUR", "EUR", "USD", "eur", "EUR ", "EU", ""]),
    ) {
        let money = Money { value: value.clone(), currency: currency.to_owned() };
        let is_euro = currency == "EUR";
        let amount = money.euro_cents();
        prop_assert_eq!(amount.is_some(), is_euro && value.parse::<ticket::Cents>().is_ok());
        if let Some(amount) = amount {
            prop_assert_eq!(amount.to_string(), &*value);
        }
        let unsigned = value.strip_prefix('-').unwrap_or(&value);
        let signed = money.signed_euro_cents();
        prop_assert_eq!(signed.is_some(), is_euro && unsigned.parse::<ticket::Cents>().is_ok());
        if let Some(signed) = signed.filter(|signed| *signed != 0) {
            let (sign, cents) = (if signed < 0 { "-" } else { "" }, signed.abs());
            prop_assert_eq!(format!("{sign}{}.{:02}", cents / 100, cents % 100), value);
        }
    }
}
