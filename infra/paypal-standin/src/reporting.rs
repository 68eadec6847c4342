//! Transaction Search: the account's rows, three hours late.
//!
//! Source: `PayPal` Transaction Search v1 1.9.

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::answers::{Answer, Refusal};
use crate::behaviour::seconds;
use crate::books::{Capture, CaptureStatus, RefundKind};
use crate::signing::shown;
use crate::state::{Asked, State};

/// The longest window.
const WINDOW_MAX: SignedDuration = SignedDuration::from_hours(31 * 24);
/// Rows on a page: as asked, or 100, at most 500.
const PAGE_SIZE: usize = 100;
const PAGE_SIZE_MAX: usize = 500;

impl State {
    /// `GET /v1/reporting/transactions`
    pub(crate) fn transactions(&self, asked: &Asked<'_>) -> Result<Answer, Refusal> {
        let start = moment(asked, "start_date")?;
        let end = moment(asked, "end_date")?;
        if end < start || end.duration_since(start) > WINDOW_MAX {
            return Err(Refusal::issue("INVALID_PARAMETER_VALUE").field("end_date", shown(end)));
        }
        let page_size = number(asked, "page_size", PAGE_SIZE)?;
        let page = number(asked, "page", 1)?;
        if !(1..=PAGE_SIZE_MAX).contains(&page_size) || page == 0 {
            return Err(Refusal::issue("INVALID_PARAMETER_VALUE").field("page_size", ""));
        }
        let visible_until = asked
            .now
            .checked_sub(seconds(self.behaviour.report_lag_s))
            .unwrap_or(Timestamp::MIN);
        let rows = self.rows(start, end.min(visible_until));
        let shown_rows: Vec<&Value> = rows
            .iter()
            .skip((page - 1) * page_size)
            .take(page_size)
            .collect();
        let own = format!(
            "{}/v1/reporting/transactions?{}",
            self.settings.public_origin, asked.query
        );
        Ok(Answer::json(
            StatusCode::OK,
            json!({
                "transaction_details": shown_rows,
                "account_number": self.settings.merchant_id,
                "start_date": shown(start),
                "end_date": shown(end),
                "last_refreshed_datetime": shown(visible_until),
                "page": page,
                "total_items": rows.len(),
                "total_pages": rows.len().div_ceil(page_size),
                "links": [{ "href": own, "rel": "self", "method": "GET" }],
            }),
        ))
    }

    /// The rows of a window, the oldest first.
    fn rows(&self, start: Timestamp, end: Timestamp) -> Vec<Value> {
        let captures = self
            .books
            .captures
            .iter()
            .filter_map(|capture| Some((capture.created_at, capture_row(capture)?)));
        let refunds = self.books.refunds.iter().map(|refund| {
            let code = match refund.kind {
                RefundKind::Refund => "T1107",
                RefundKind::Reversal => "T1106",
            };
            let mut row = json!({
                "transaction_id": refund.id,
                "paypal_reference_id": refund.capture_id,
                "paypal_reference_id_type": "TXN",
                "transaction_event_code": code,
                "transaction_initiation_date": shown(refund.created_at),
                "transaction_updated_date": shown(refund.created_at),
                "transaction_amount": signed(&refund.amount),
                "transaction_status": "S",
                "protection_eligibility": "02",
            });
            if let Some(capture) = self.books.capture(&refund.capture_id) {
                marks(&mut row, capture);
            }
            (refund.created_at, row)
        });
        let mut rows: Vec<(Timestamp, Value)> = captures
            .chain(refunds)
            .filter(|(at, _)| (start..=end).contains(at))
            .collect();
        rows.sort_by_key(|(at, _)| *at);
        rows.into_iter()
            .map(|(_, row)| json!({ "transaction_info": row }))
            .collect()
    }
}

/// The row of a capture; a declined one moved nothing and has none.
fn capture_row(capture: &Capture) -> Option<Value> {
    let status = match capture.status {
        CaptureStatus::Completed | CaptureStatus::PartiallyRefunded => "S",
        CaptureStatus::Refunded => "V",
        CaptureStatus::Pending => "P",
        CaptureStatus::Declined => return None,
    };
    let mut row = json!({
        "paypal_account_id": crate::shapes::PAYER_ID,
        "transaction_id": capture.id,
        "transaction_event_code": "T0006",
        "transaction_initiation_date": shown(capture.created_at),
        "transaction_updated_date": shown(capture.updated_at),
        "transaction_amount": capture.amount,
        "fee_amount": signed(&capture.fee),
        "transaction_status": status,
        "protection_eligibility": "01",
    });
    marks(&mut row, capture);
    Some(row)
}

fn marks(row: &mut Value, capture: &Capture) {
    if let Some(invoice_id) = &capture.invoice_id {
        row["invoice_id"] = json!(invoice_id);
    }
    if let Some(custom_id) = &capture.custom_id {
        row["custom_field"] = json!(custom_id);
    }
}

/// Money that leaves the account.
fn signed(amount: &crate::Money) -> Value {
    json!({ "currency_code": amount.currency.code(), "value": format!("-{amount}") })
}

fn moment(asked: &Asked<'_>, name: &'static str) -> Result<Timestamp, Refusal> {
    let text = asked
        .parameter(name)
        .ok_or_else(|| Refusal::issue("MISSING_REQUIRED_PARAMETER").field(name, ""))?;
    text.parse()
        .map_err(|_| Refusal::issue("INVALID_PARAMETER_SYNTAX").field(name, text.clone()))
}

fn number(asked: &Asked<'_>, name: &'static str, default: usize) -> Result<usize, Refusal> {
    match asked.parameter(name) {
        None => Ok(default),
        Some(text) => text
            .parse()
            .map_err(|_| Refusal::issue("INVALID_PARAMETER_SYNTAX").field(name, text.clone())),
    }
}
