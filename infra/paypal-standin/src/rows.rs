//! The rows of Transaction Search.
//!
//! Source: PayPal Transaction Search v1 1.9 and its list of transaction event
//! codes.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::books::{Capture, CaptureStatus, Foreign, Refund, RefundKind, RefundStatus};
use crate::money::{Currency, Money};
use crate::signing::shown;
use crate::state::State;

impl State {
    /// The rows of a window, the oldest first.
    pub(crate) fn rows(&self, start: Timestamp, end: Timestamp) -> Vec<Value> {
        let mut rows: Vec<(Timestamp, Value)> = Vec::new();
        for capture in &self.books.captures {
            rows.extend(self.capture_row(capture));
        }
        for refund in &self.books.refunds {
            self.refund_rows(refund, &mut rows);
        }
        for payment in &self.books.foreign {
            let code = match payment.kind {
                Foreign::OtherShop => "T0006",
                Foreign::SentByHand => "T0000",
            };
            let row = row(
                &payment.id,
                code,
                payment.created_at,
                &payment.amount.to_string(),
            );
            rows.push((payment.created_at, row));
        }
        if self.behaviour.hold_rows {
            self.hold_rows(&mut rows);
        }
        rows.retain(|(at, _)| (start..=end).contains(at));
        rows.sort_by_key(|(at, _)| *at);
        if self.behaviour.duplicate_row
            && let Some(first) = rows.first().cloned()
        {
            rows.insert(0, first);
        }
        rows.into_iter()
            .map(|(_, row)| json!({ "transaction_info": row }))
            .collect()
    }

    /// The row of a capture; a declined one moved nothing and has none.
    fn capture_row(&self, capture: &Capture) -> Option<(Timestamp, Value)> {
        let status = match capture.status {
            CaptureStatus::Completed | CaptureStatus::PartiallyRefunded => "S",
            CaptureStatus::Refunded => "V",
            CaptureStatus::Pending => "P",
            CaptureStatus::Declined => return None,
        };
        let at = capture.created_at;
        let mut row = row(&capture.id, "T0006", at, &capture.amount.to_string());
        row["transaction_amount"] = json!(capture.amount);
        row["transaction_status"] = json!(status);
        row["transaction_updated_date"] = json!(shown(capture.updated_at));
        row["paypal_account_id"] = json!(crate::shapes::PAYER_ID);
        row["fee_amount"] = leaves(&capture.fee);
        row["protection_eligibility"] = json!("01");
        self.marks(&mut row, Some(capture));
        Some((at, row))
    }

    /// The row of a refund, and of its coming back; one that failed has none.
    fn refund_rows(&self, refund: &Refund, rows: &mut Vec<(Timestamp, Value)>) {
        let status = match refund.status {
            RefundStatus::Completed => "S",
            RefundStatus::Pending => "P",
            RefundStatus::Failed => return,
        };
        let code = match refund.kind {
            RefundKind::Refund => "T1107",
            RefundKind::Reversal => "T1106",
            RefundKind::Chargeback => "T1201",
        };
        let capture = self.books.capture(&refund.capture_id);
        let mut taken = row(&refund.id, code, refund.created_at, "");
        taken["transaction_amount"] = leaves(&refund.amount);
        taken["transaction_status"] = json!(status);
        refers(&mut taken, &refund.capture_id);
        self.marks(&mut taken, capture);
        rows.push((refund.created_at, taken));
        if let Some((at, id)) = &refund.undone {
            // The reimbursement of a chargeback.
            let mut back = row(id, "T1205", *at, &refund.amount.to_string());
            refers(&mut back, &refund.capture_id);
            self.marks(&mut back, capture);
            rows.push((*at, back));
        }
    }

    /// What PayPal holds back while it looks into disputes, and lets go of.
    fn hold_rows(&self, rows: &mut Vec<(Timestamp, Value)>) {
        for dispute in &self.books.disputes {
            let capture = self.books.capture(&dispute.capture_id);
            let rest = dispute.capture_id.get(1..).unwrap_or_default();
            let mut held = row(&format!("H{rest}"), "T1110", dispute.created_at, "");
            held["transaction_amount"] = leaves(&dispute.amount);
            refers(&mut held, &dispute.capture_id);
            self.marks(&mut held, capture);
            rows.push((dispute.created_at, held));
            if let Some(at) = dispute.released_at {
                let amount = dispute.amount.to_string();
                let mut released = row(&format!("R{rest}"), "T1111", at, &amount);
                refers(&mut released, &dispute.capture_id);
                self.marks(&mut released, capture);
                rows.push((at, released));
            }
        }
    }

    /// The numbers that the merchant gave, where rows have them.
    fn marks(&self, row: &mut Value, capture: Option<&Capture>) {
        let Some(capture) = capture.filter(|_| !self.behaviour.row_without_ids) else {
            return;
        };
        if let Some(invoice_id) = &capture.invoice_id {
            row["invoice_id"] = json!(invoice_id);
        }
        if let Some(custom_id) = &capture.custom_id {
            row["custom_field"] = json!(custom_id);
        }
    }
}

/// A row that came between two pages: a cent from somebody.
pub(crate) fn late_row(at: Timestamp) -> Value {
    json!({ "transaction_info": row("0LATE0000000000R0", "T0000", at, "0.01") })
}

/// A row of euros that came.
fn row(id: &str, code: &str, at: Timestamp, value: &str) -> Value {
    json!({
        "transaction_id": id,
        "transaction_event_code": code,
        "transaction_initiation_date": shown(at),
        "transaction_updated_date": shown(at),
        "transaction_amount": { "currency_code": Currency::Eur.code(), "value": value },
        "transaction_status": "S",
        "protection_eligibility": "02",
    })
}

/// The capture that a row is about.
fn refers(row: &mut Value, capture_id: &str) {
    row["paypal_reference_id"] = json!(capture_id);
    row["paypal_reference_id_type"] = json!("TXN");
}

/// Money that leaves the account.
fn leaves(amount: &Money) -> Value {
    json!({ "currency_code": amount.currency.code(), "value": format!("-{amount}") })
}
