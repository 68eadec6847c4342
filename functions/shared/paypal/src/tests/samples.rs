//! What we make of every recorded answer, as one table. A sample without a
//! line here fails, and so does a line without a sample.

use std::fmt::Write;

use serde_json::Value;

use super::{now, paypal, recorded, sample, soon, token};
use ticket::Money;

use crate::webhook::read_event;
use crate::{
    Capture, Error, Order, PayPal, Searched, Transaction, TransactionKind, TransactionPage,
};

/// What was asked when the answer came.
#[derive(Clone, Copy, Debug)]
enum SampleCall {
    Token,
    Create,
    GetOrder(&'static str),
    Capture(&'static str),
    GetCapture(&'static str),
    GetRefund(&'static str),
    Search,
    Webhook,
    /// Part of PayPal's API we never ask; no call of ours may make anything of it.
    Never,
    /// A request: see `requests.rs`.
    Request,
    /// A table: see `issues.rs`.
    Table,
}
use SampleCall::{Capture as Cap, GetCapture, GetOrder, GetRefund, Never, Webhook};

const ORDER: &str = "5O190127TN364715T";
const APPROVE: &str = "https://www.sandbox.paypal.com/checkoutnow?token=5O190127TN364715T";

#[rustfmt::skip]
const EXPECTED: &[(&str, SampleCall, &str)] = &[
    ("00_oauth_token_200.json", SampleCall::Token, "token until 2026-11-22T18:55:00Z"),
    ("00_oauth_error_401.json", SampleCall::Token, "renew the token"),
    ("01_order_create_request.json", SampleCall::Request, ""),
    ("02_order_create_response_minimal_200.json", SampleCall::Create, "send payer of 5O190127TN364715T to APPROVE"),
    ("03_order_create_response_representation_201.json", SampleCall::Create, "send payer of 5O190127TN364715T to APPROVE"),
    ("04_order_create_response_legacy_approve_201.json", SampleCall::Create, "send payer of 5O190127TN364715T to APPROVE"),
    ("05_order_get_approved_200.json", GetOrder(ORDER), "Approved 25.00 EUR for fine-2026-000123 to 8YTYX8DKLB5ZU, changed 2026-11-22T10:03:10Z, captures: none"),
    ("06_order_capture_completed_201.json", Cap(ORDER), "Completed 25.00 EUR for fine-2026-000123 to 8YTYX8DKLB5ZU, changed 2026-11-22T10:03:10Z, captures: 3C679366HH908993F Completed 25.00 EUR (0.97 EUR fee, 24.03 EUR net) for fine-2026-000123 to 8YTYX8DKLB5ZU of 5O190127TN364715T"),
    ("07_order_capture_pending_echeck_201.json", Cap(ORDER), "Completed 25.00 EUR for fine-2026-000123 to 8YTYX8DKLB5ZU, changed 2026-11-22T10:03:10Z, captures: 3C679366HH908993F Pending because ECHECK 25.00 EUR for fine-2026-000123 to 8YTYX8DKLB5ZU of 5O190127TN364715T"),
    ("08_order_capture_pending_review_201.json", Cap(ORDER), "Completed 25.00 EUR for fine-2026-000123 to 8YTYX8DKLB5ZU, changed 2026-11-22T10:03:10Z, captures: 3C679366HH908993F Pending because PENDING_REVIEW 25.00 EUR for fine-2026-000123 to 8YTYX8DKLB5ZU of 5O190127TN364715T"),
    ("09_order_capture_declined_in_201.json", Cap(ORDER), "Completed 25.00 EUR for fine-2026-000123 to 8YTYX8DKLB5ZU, changed 2026-11-22T10:03:10Z, captures: 3C679366HH908993F Declined 25.00 EUR for fine-2026-000123 to 8YTYX8DKLB5ZU of 5O190127TN364715T"),
    ("10_capture_get_completed_200.json", GetCapture("3C679366HH908993F"), "3C679366HH908993F Completed 25.00 EUR (0.97 EUR fee, 24.03 EUR net) for fine-2026-000123 to 8YTYX8DKLB5ZU of 5O190127TN364715T"),
    ("11_refund_response_201.json", GetRefund("1JU08902781691411"), "1JU08902781691411 Completed 25.00 EUR of capture 3C679366HH908993F"),
    ("issues_from_spec.json", SampleCall::Table, ""),
    ("20_err_422_instrument_declined.json", Cap(ORDER), "refused InstrumentDeclined, payer may go to APPROVE"),
    ("21_err_422_duplicate_invoice_id.json", SampleCall::Create, "refused DuplicateInvoiceId"),
    ("22_err_422_order_already_captured.json", Cap(ORDER), "refused OrderAlreadyCaptured"),
    ("23_err_422_order_not_approved.json", Cap(ORDER), "refused OrderNotApproved, payer may go to APPROVE"),
    ("24_err_422_payer_action_required.json", Cap(ORDER), "refused PayerActionRequired, payer may go to APPROVE"),
    ("25_err_422_max_number_of_payment_attempts_exceeded.json", Cap(ORDER), "refused AttemptsExceeded"),
    ("26_err_422_transaction_refused.json", Cap(ORDER), "refused PayerCannotPay(\"TRANSACTION_REFUSED\")"),
    ("27_err_422_compliance_violation.json", Cap(ORDER), "refused PayerCannotPay(\"COMPLIANCE_VIOLATION\")"),
    ("28_err_422_payer_cannot_pay.json", Cap(ORDER), "refused PayerCannotPay(\"PAYER_CANNOT_PAY\")"),
    ("29_err_422_redirect_payer_for_alternate_funding.json", Cap(ORDER), "refused PayerActionRequired, payer may go to APPROVE"),
    ("40_err_404_invalid_resource_id.json", GetOrder(ORDER), "not found"),
    ("41_err_400_invalid_request.json", SampleCall::Create, "refused OurRequest(\"INVALID_PARAMETER_SYNTAX\")"),
    ("42_err_401_invalid_token.json", Cap(ORDER), "renew the token"),
    ("43_err_401_authentication_failure.json", Cap(ORDER), "renew the token"),
    ("44_err_403_permission_denied.json", Cap(ORDER), "refused OurAccount(\"PERMISSION_DENIED\")"),
    ("45_err_429_rate_limit_reached.json", Cap(ORDER), "may have happened, 429, f95d4cb4a9c21"),
    ("46_err_500_internal_server_error.json", Cap(ORDER), "may have happened, 500, 90957fca61718"),
    ("47_err_503_service_unavailable.json", Cap(ORDER), "may have happened, 503, 6b2c8f19e3d70"),
    ("52_webhook_payment_approval_reversed.json", Webhook, "Order { attempt: None, order_id: Some(OrderId(\"5O190127TN364715T\")) }"),
    ("53_webhook_payment_capture_completed.json", Webhook, "Order { attempt: None, order_id: Some(OrderId(\"1AB234567A1234567\")) }"),
    ("54_webhook_payment_capture_pending.json", Webhook, "Order { attempt: None, order_id: Some(OrderId(\"8PR65097T8571330M\")) }"),
    ("55_webhook_payment_capture_declined.json", Webhook, "Order { attempt: None, order_id: Some(OrderId(\"48R416400V564864N\")) }"),
    ("56_webhook_payment_capture_refunded.json", Webhook, "Refund { refund_id: RefundId(\"1Y107995YT783435V\"), capture_id: Some(CaptureId(\"0JF852973C016714D\")) }"),
    ("57_webhook_payment_capture_reversed.json", Webhook, "Reversal { refund_id: RefundId(\"09E71677NS257044M\"), capture_id: Some(CaptureId(\"4L335234718889942\")) }"),
    ("58_webhook_payment_capture_denied.json", Webhook, "Order { attempt: None, order_id: Some(OrderId(\"5O190127TN364715T\")) }"),
    ("59_webhook_customer_dispute_created.json", Webhook, "Dispute { dispute_id: DisputeId(\"PP-000-042-663-135\") }"),
    ("60_webhook_customer_dispute_resolved.json", Webhook, "Dispute { dispute_id: DisputeId(\"PP-000-042-663-135\") }"),
    ("61_webhook_customer_dispute_updated.json", Webhook, "Dispute { dispute_id: DisputeId(\"PP-000-042-663-135\") }"),
    ("62_webhook_flow_order_approved_eur.json", Webhook, "Order { attempt: None, order_id: Some(OrderId(\"5O190127TN364715T\")) }"),
    ("63_webhook_flow_capture_completed_eur.json", Webhook, "Order { attempt: None, order_id: Some(OrderId(\"5O190127TN364715T\")) }"),
    ("64_verify_webhook_signature_request.json", Never, ""),
    ("65_verify_webhook_signature_response.json", Never, ""),
    ("66_webhooks_events_list_200.json", Never, ""),
    ("70_transactions_search_200.json", SampleCall::Search, "1 page, complete until 2026-11-24T20:59:59Z, 0 unreadable: Payment 3C679366HH908993F Success 25.00 EUR for fine-2026-000123; Refund 1JU08902781691411 Success -25.00 EUR for fine-2026-000123; Other T0400 Success -900.00 EUR"),
    ("71_balances_200.json", Never, ""),
];

#[tokio::test]
async fn every_recorded_answer_means_what_the_table_says() {
    let index: Vec<Value> = serde_json::from_slice(&sample("_index.json")).unwrap();
    let mut files: Vec<&str> = index.iter().map(|e| e["file"].as_str().unwrap()).collect();
    for (file, asked, expected) in EXPECTED {
        let entry = index.iter().find(|entry| entry["file"] == *file);
        let entry = entry.unwrap_or_else(|| panic!("no sample for the line {file}"));
        let status = entry["http_status"].as_u64().unwrap_or(200);
        let made = make_of(*asked, u16::try_from(status).unwrap(), &sample(file)).await;
        assert_eq!(made.replace(APPROVE, "APPROVE"), *expected, "{file}");
        files.retain(|listed| listed != file);
    }
    assert_eq!(files, [""; 0], "samples nobody says anything about");
}

#[test]
fn the_index_lists_every_sample() {
    let index = String::from_utf8(sample("_index.json")).unwrap();
    for file in std::fs::read_dir(recorded("samples")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(
            name == "_index.json" || index.contains(&format!("\"{name}\"")),
            "{name}"
        );
    }
}

async fn make_of(asked: SampleCall, status: u16, body: &[u8]) -> String {
    let (paypal, _) = paypal(status, body).await;
    let token = token();
    match asked {
        SampleCall::Token => match paypal.fetch_token(now(), soon()).await {
            Ok(token) => format!("token until {}", token.expires_at),
            Err(error) => refusal(&error),
        },
        SampleCall::Create => {
            let order = super::requests::new_order("25.00");
            match paypal.create_order(&token, &order, soon()).await {
                Ok(made) => format!("send payer of {} to {}", made.id, made.approve_url),
                Err(error) => refusal(&error),
            }
        }
        SampleCall::GetOrder(id) => {
            let id = id.parse().unwrap();
            of_order(paypal.get_order(&token, &id, soon()).await)
        }
        SampleCall::Capture(id) => {
            let id = id.parse().unwrap();
            of_order(paypal.capture_order(&token, &id, "id", soon()).await)
        }
        SampleCall::GetCapture(id) => {
            let id = id.parse().unwrap();
            let capture = paypal.get_capture(&token, &id, soon()).await;
            capture.map_or_else(|error| refusal(&error), |capture| of_capture(&capture))
        }
        SampleCall::GetRefund(id) => {
            let id = id.parse().unwrap();
            let refund = paypal.get_refund(&token, &id, soon()).await.unwrap();
            let amount = of_money(&refund.amount);
            let capture = refund.capture_id.unwrap();
            format!(
                "{} {:?} {amount} of capture {capture}",
                refund.id, refund.status
            )
        }
        SampleCall::Search => {
            let page = paypal.search_transactions(&token, now(), now(), 1, soon());
            match page.await {
                Ok(Searched::Page(page)) => of_page(&page),
                Ok(refused @ (Searched::TooMany | Searched::NotTaken)) => format!("{refused:?}"),
                Err(error) => refusal(&error),
            }
        }
        SampleCall::Webhook => format!("{:?}", read_event(body).unwrap().about),
        SampleCall::Never => nothing_can_be_made_of_it(&paypal).await,
        SampleCall::Request | SampleCall::Table => String::new(),
    }
}

async fn nothing_can_be_made_of_it(paypal: &PayPal) -> String {
    let token = token();
    let order = ORDER.parse().unwrap();
    let capture = "3C679366HH908993F".parse().unwrap();
    let refund = "1JU08902781691411".parse().unwrap();
    let dispute = "PP-000-042-663-135".parse().unwrap();
    let new_order = super::requests::new_order("25.00");
    let errors = [
        paypal.fetch_token(now(), soon()).await.err(),
        paypal.create_order(&token, &new_order, soon()).await.err(),
        paypal.get_order(&token, &order, soon()).await.err(),
        paypal
            .capture_order(&token, &order, "id", soon())
            .await
            .err(),
        paypal.get_capture(&token, &capture, soon()).await.err(),
        paypal.get_refund(&token, &refund, soon()).await.err(),
        paypal.get_dispute(&token, &dispute, soon()).await.err(),
    ];
    for error in errors {
        assert!(matches!(error, Some(Error::Unclear { .. })), "{error:?}");
    }
    String::new()
}

fn of_order(order: Result<Order, Error>) -> String {
    let order = match order {
        Ok(order) => order,
        Err(error) => return refusal(&error),
    };
    let mut text = format!(
        "{:?} {} for {} to {}, changed {}, captures:",
        order.status,
        of_money(order.amount.as_ref().unwrap()),
        order.custom_id.unwrap(),
        order.payee_merchant_id.unwrap(),
        order.update_time.unwrap(),
    );
    if order.captures.is_empty() {
        text.push_str(" none");
    }
    for capture in &order.captures {
        write!(text, " {}", of_capture(capture)).unwrap();
    }
    text
}

fn of_capture(capture: &Capture) -> String {
    let mut text = format!("{} {:?}", capture.id, capture.status);
    if let Some(reason) = &capture.reason {
        write!(text, " because {reason}").unwrap();
    }
    write!(text, " {}", of_money(&capture.amount)).unwrap();
    if let (Some(fee), Some(net)) = (&capture.fee, &capture.net) {
        write!(text, " ({} fee, {} net)", of_money(fee), of_money(net)).unwrap();
    }
    let custom_id = capture.custom_id.as_ref().unwrap();
    let payee = capture.payee_merchant_id.as_ref().unwrap();
    let order = capture.order_id.as_ref().unwrap();
    write!(text, " for {custom_id} to {payee} of {order}").unwrap();
    text
}

fn of_page(page: &TransactionPage) -> String {
    let rows: Vec<String> = page.transactions.iter().map(of_row).collect();
    format!(
        "{} page, complete until {}, {} unreadable: {}",
        page.pages,
        page.complete_until.unwrap(),
        page.unreadable,
        rows.join("; ")
    )
}

fn of_row(row: &Transaction) -> String {
    let what = match &row.kind {
        TransactionKind::Payment(id) => format!("Payment {id}"),
        TransactionKind::Refund(id) => format!("Refund {id}"),
        TransactionKind::Reversal(id) => format!("Reversal {id}"),
        TransactionKind::Hold(id) => format!("Hold {id}"),
        TransactionKind::Returned(id) => format!("Returned {id}"),
        TransactionKind::Other => format!("Other {}", row.event_code),
    };
    let amount = of_money(&row.amount);
    let text = format!("{what} {:?} {amount}", row.status);
    match &row.custom_id {
        Some(custom_id) => format!("{text} for {custom_id}"),
        None => text,
    }
}

fn of_money(money: &Money) -> String {
    format!("{} {}", money.value, money.currency)
}

fn refusal(error: &Error) -> String {
    match error {
        Error::NoAnswer { .. } => String::from("no answer"),
        Error::Unclear {
            status, debug_id, ..
        } => {
            let debug_id = debug_id.as_deref().unwrap_or("no debug id");
            format!("may have happened, {status}, {debug_id}")
        }
        Error::Unauthorized { .. } => String::from("renew the token"),
        Error::NotFound { .. } => String::from("not found"),
        Error::Refused {
            issue, approve_url, ..
        } => approve_url.as_ref().map_or_else(
            || format!("refused {issue:?}"),
            |url| format!("refused {issue:?}, payer may go to {url}"),
        ),
    }
}
