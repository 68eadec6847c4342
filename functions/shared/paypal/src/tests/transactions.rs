//! The rows of Transaction Search, and what goes out to get them.

use serde_json::{Value, json};

use super::{now, paypal, soon, token};
use ticket::Money;

use crate::{Error, Searched, Transaction, TransactionKind, TransactionPage, TransactionStatus};

async fn searched(body: &Value) -> TransactionPage {
    let (paypal, _) = paypal(200, body.to_string().as_bytes()).await;
    let token = token();
    let found = paypal.search_transactions(&token, now(), now(), 1, soon());
    match found.await.unwrap() {
        Searched::Page(page) => page,
        refused @ (Searched::TooMany | Searched::NotTaken) => panic!("{refused:?}"),
    }
}

fn row(code: &str, value: &str) -> Value {
    json!({ "transaction_info": {
        "transaction_id": "3C679366HH908993F",
        "transaction_event_code": code,
        "transaction_amount": { "currency_code": "EUR", "value": value },
        "transaction_status": "S",
    }})
}

async fn the_row(row: Value) -> Transaction {
    let mut page = searched(&json!({ "transaction_details": [row] })).await;
    page.transactions.remove(0)
}

#[tokio::test]
async fn a_search_asks_for_a_window_page_by_page_and_for_what_is_held_back_too() {
    let (paypal, asked) = paypal(500, b"").await;
    let to = "2026-11-23T10:00:00.25Z".parse().unwrap();
    let _ = paypal
        .search_transactions(&token(), now(), to, 3, soon())
        .await;
    let asked = asked.lock().unwrap();
    assert_eq!(asked[0].method(), "GET");
    assert_eq!(
        asked[0].uri().path_and_query().unwrap(),
        "/v1/reporting/transactions?start_date=2026-11-22T10:00:00Z&end_date=2026-11-23T10:00:00Z\
         &fields=transaction_info&balance_affecting_records_only=N&page_size=100&page=3"
    );
}

#[tokio::test]
async fn the_code_says_what_a_row_is_about() {
    let capture = || "3C679366HH908993F".parse().unwrap();
    let refund = || "3C679366HH908993F".parse().unwrap();
    for (code, value, kind) in [
        ("T0006", "25.00", TransactionKind::Payment(capture())),
        ("T0000", "25.00", TransactionKind::Payment(capture())),
        ("T0001", "-25.00", TransactionKind::Other),
        ("T1107", "-25.00", TransactionKind::Refund(refund())),
        ("T1106", "-25.00", TransactionKind::Reversal(refund())),
        ("T1201", "-25.00", TransactionKind::Reversal(refund())),
        ("T1106", "25.00", TransactionKind::Returned(refund())),
        ("T1110", "-25.00", TransactionKind::Hold(refund())),
        ("T1111", "25.00", TransactionKind::Other),
        ("T1202", "25.00", TransactionKind::Returned(refund())),
        ("T1108", "-0.10", TransactionKind::Other),
        ("T0400", "-900.00", TransactionKind::Other),
        ("T9999", "25.00", TransactionKind::Other),
    ] {
        assert_eq!(the_row(row(code, value)).await.kind, kind, "{code} {value}");
    }
}

#[tokio::test]
async fn whatever_is_reversed_that_a_row_names_is_a_reversal_and_a_fee_is_none() {
    for (code, value, is_reversal) in [
        ("T1100", "-25.00", true),
        ("T1117", "-25.00", true),
        ("T1100", "25.00", false),
        ("T1108", "-0.10", false),
        ("T1111", "-25.00", false),
        ("T1500", "-25.00", false),
    ] {
        let mut row = row(code, value);
        row["transaction_info"]["paypal_reference_id"] = json!("5O190127TN364715T");
        row["transaction_info"]["paypal_reference_id_type"] = json!("TXN");
        let kind = the_row(row).await.kind;
        let reversal = matches!(kind, TransactionKind::Reversal(_));
        assert_eq!(reversal, is_reversal, "{code} {value}: {kind:?}");
    }
}

#[tokio::test]
async fn every_letter_of_the_status_is_known_and_a_new_one_is_nothing_yet() {
    for (letter, status) in [
        ("S", TransactionStatus::Success),
        ("P", TransactionStatus::Pending),
        ("D", TransactionStatus::Denied),
        ("V", TransactionStatus::Reversed),
        ("Z", TransactionStatus::Other("Z".to_owned())),
    ] {
        let mut row = row("T0006", "25.00");
        row["transaction_info"]["transaction_status"] = json!(letter);
        assert_eq!(the_row(row).await.status, status);
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_counted_and_hides_no_other() {
    let mut nameless = row("T0006", "25.00");
    nameless["transaction_info"]["transaction_id"] = json!("../x");
    let empty = json!({});
    let whole = row("T0006", "25.00");
    let page = searched(&json!({ "transaction_details": [nameless, empty, whole] })).await;
    assert_eq!((page.transactions.len(), page.unreadable), (1, 2));
}

#[tokio::test]
async fn an_account_without_rows_has_none() {
    let page = searched(&json!({ "total_pages": 0 })).await;
    assert_eq!((page.transactions.len(), page.pages), (0, 0));
}

#[tokio::test]
async fn what_paypal_does_not_show_yet_is_not_taken_for_all_there_is() {
    let until = |end: &'static str, refreshed: &'static str| async move {
        let body = json!({ "end_date": end, "last_refreshed_datetime": refreshed });
        searched(&body).await.complete_until.unwrap().to_string()
    };
    let (early, late) = ("2026-11-22T07:00:00Z", "2026-11-22T10:00:00Z");
    assert_eq!(until(early, late).await, early);
    assert_eq!(until(late, early).await, early);
}

#[tokio::test]
async fn a_window_that_paypal_does_not_show_is_no_window_without_rows() {
    for (body, expected) in [
        (json!({ "name": "RESULTSET_TOO_LARGE" }), Searched::TooMany),
        (
            json!({ "name": "INVALID_REQUEST", "details": [{ "issue": "RESULTSET_TOO_LARGE" }] }),
            Searched::TooMany,
        ),
        (
            json!({ "name": "INVALID_REQUEST", "details": [],
                "message": "Data for the given start date is not available." }),
            Searched::NotTaken,
        ),
        (
            json!({ "name": "INVALID_REQUEST", "details": [
                { "issue": "Data for the given start date is not available." }] }),
            Searched::NotTaken,
        ),
    ] {
        let (paypal, _) = paypal(400, body.to_string().as_bytes()).await;
        let token = token();
        let found = paypal.search_transactions(&token, now(), now(), 1, soon());
        assert_eq!(found.await.unwrap(), expected, "{body}");
    }
}

#[tokio::test]
async fn a_search_that_paypal_does_not_allow_says_so() {
    let body = super::sample("44_err_403_permission_denied.json");
    let (paypal, _) = paypal(403, &body).await;
    let refused = paypal
        .search_transactions(&token(), now(), now(), 1, soon())
        .await;
    assert!(
        matches!(refused, Err(Error::Refused { status: 403, .. })),
        "{refused:?}"
    );
}

#[test]
fn money_that_left_is_negative_and_other_money_is_no_euro() {
    let cents = |value: &str, currency: &str| {
        let money = Money {
            value: value.to_owned(),
            currency: currency.to_owned(),
        };
        money.signed_euro_cents()
    };
    assert_eq!(cents("25.00", "EUR"), Some(2_500));
    assert_eq!(cents("-0.97", "EUR"), Some(-97));
    for (value, currency) in [
        ("25.00", "USD"),
        ("25", "EUR"),
        ("--1.00", "EUR"),
        ("", "EUR"),
    ] {
        assert_eq!(cents(value, currency), None, "{value} {currency}");
    }
}
