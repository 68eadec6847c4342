//! What Transaction Search shows: the account's own books, row by row.
//!
//! Source: PayPal Transaction Search v1 1.9
//! (`tests/contract/paypal/openapi/reporting_transactions_v1.json`).

use jiff::Timestamp;
use serde::Deserialize;
use ticket::{AttemptId, CaptureId, Money};

use crate::RefundId;
use crate::wire::{WireMoney, time};

/// One row of the account's books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// What moved, and the id under which PayPal's other calls know it.
    pub kind: TransactionKind,
    /// PayPal's own, finer word for it, `T0006`.
    pub event_code: String,
    /// How far it has come.
    pub status: TransactionStatus,
    /// How much came; negative where it left.
    pub amount: Money,
    /// What PayPal took for it, negative.
    pub fee: Option<Money>,
    /// Our attempt id, when it is ours.
    pub custom_id: Option<String>,
    /// Our invoice id, when it is ours.
    pub invoice_id: Option<String>,
    /// What it belongs to: `(TXN, the capture)` for a refund.
    pub reference: Option<Reference>,
    /// When work on it began; what the window of a search is about.
    pub initiated_at: Option<Timestamp>,
    /// When it changed last.
    pub updated_at: Option<Timestamp>,
}

/// Another thing of PayPal's that a row belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Its id.
    pub id: String,
    /// `TXN` a transaction, `ODR` an order, `SUB`, `PAP`.
    pub kind: Option<String>,
}

/// What a row is about, by its event code.
///
/// Source: PayPal, "Transaction event codes": T00xx payments, T1107 a refund,
/// T1106 a reversal, T1110 a hold for a dispute, the other T11xx reversals of other
/// kinds, T12xx chargebacks and their corrections.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TransactionKind {
    /// Somebody paid.
    Payment(CaptureId),
    /// Money was given back.
    Refund(RefundId),
    /// Money was taken back by force.
    Reversal(RefundId),
    /// A dispute makes PayPal keep money back; it has not left for good.
    Hold(RefundId),
    /// Money that had been taken back came again.
    Returned(RefundId),
    /// A transfer to the bank, a fee, the end of a hold, a payment of ours:
    /// nothing a ticket knows of.
    Other,
}

/// Source: schema `transaction_info`, field `transaction_status`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransactionStatus {
    /// `S`: done.
    Success,
    /// `P`: not yet.
    Pending,
    /// `D`: it will not come.
    Denied,
    /// `V`: it came and was all given back.
    Reversed,
    /// None, or a letter newer than this code.
    Other(String),
}

/// One page of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionPage {
    /// The rows that can be read.
    pub transactions: Vec<Transaction>,
    /// Rows that say too little to be told apart: a human must look.
    pub unreadable: u32,
    /// How many pages there are, this one included.
    pub pages: u32,
    /// How many rows all pages have together, as far as PayPal says.
    pub rows: Option<u32>,
    /// Where what is shown ends: earlier than asked for, the answer was cut.
    pub ends_at: Option<Timestamp>,
    /// Until when PayPal shows everything: what is younger may be missing.
    pub complete_until: Option<Timestamp>,
}

#[derive(Deserialize)]
pub(crate) struct WireSearch {
    transaction_details: Option<Vec<WireDetails>>,
    total_pages: Option<u32>,
    total_items: Option<u32>,
    end_date: Option<String>,
    last_refreshed_datetime: Option<String>,
}

#[derive(Deserialize)]
struct WireDetails {
    transaction_info: Option<WireTransaction>,
}

#[derive(Deserialize)]
struct WireTransaction {
    transaction_id: Option<String>,
    paypal_reference_id: Option<String>,
    paypal_reference_id_type: Option<String>,
    transaction_event_code: Option<String>,
    transaction_initiation_date: Option<String>,
    transaction_updated_date: Option<String>,
    transaction_amount: Option<WireMoney>,
    fee_amount: Option<WireMoney>,
    transaction_status: Option<String>,
    invoice_id: Option<String>,
    custom_field: Option<String>,
}

impl WireSearch {
    pub(crate) fn read(self) -> TransactionPage {
        let details = self.transaction_details.unwrap_or_default();
        let rows = details.len();
        let transactions: Vec<Transaction> = details
            .into_iter()
            .filter_map(|row| row.transaction_info?.read())
            .collect();
        let ends_at = time(self.end_date);
        let refreshed_at = time(self.last_refreshed_datetime);
        TransactionPage {
            unreadable: u32::try_from(rows - transactions.len()).unwrap_or(u32::MAX),
            transactions,
            pages: self.total_pages.unwrap_or(1),
            rows: self.total_items,
            ends_at,
            // The end may be earlier than asked for: the data is not there yet.
            complete_until: [ends_at, refreshed_at].into_iter().flatten().min(),
        }
    }
}

impl WireTransaction {
    /// Nothing when code, amount or a needed id is missing.
    fn read(self) -> Option<Transaction> {
        let event_code = self.transaction_event_code?;
        let amount = Money::from(self.transaction_amount?);
        let id = self.transaction_id.unwrap_or_default();
        let leaves = amount.value.starts_with('-');
        // Another shop's marks are its own.
        let names_ours = |id: &String| id.parse::<AttemptId>().is_ok();
        let says_whose = self.paypal_reference_id.is_some()
            || self.custom_field.as_ref().is_some_and(names_ours);
        let kind = match event_code.as_str() {
            "T1107" if leaves => TransactionKind::Refund(id.parse().ok()?),
            "T1106" if leaves => TransactionKind::Reversal(id.parse().ok()?),
            "T1106" | "T1107" => TransactionKind::Returned(id.parse().ok()?),
            "T1110" if leaves => TransactionKind::Hold(id.parse().ok()?),
            // A fee that is corrected, a hold that ends.
            "T1108" | "T1109" | "T1111" => TransactionKind::Other,
            // Of something that the row names: should that be a capture of ours, its
            // ticket must not stay paid.
            code if code.starts_with("T11") && leaves && says_whose => {
                TransactionKind::Reversal(id.parse().ok()?)
            }
            code if code.starts_with("T12") && leaves => {
                TransactionKind::Reversal(id.parse().ok()?)
            }
            code if code.starts_with("T12") => TransactionKind::Returned(id.parse().ok()?),
            // A payment of ours to somebody else has the same code.
            code if code.starts_with("T00") && !leaves => {
                TransactionKind::Payment(id.parse().ok()?)
            }
            _ => TransactionKind::Other,
        };
        let reference_kind = self.paypal_reference_id_type;
        Some(Transaction {
            kind,
            event_code,
            status: status(self.transaction_status.unwrap_or_default()),
            amount,
            fee: self.fee_amount.map(Money::from),
            custom_id: self.custom_field,
            invoice_id: self.invoice_id,
            reference: self.paypal_reference_id.map(|id| Reference {
                id,
                kind: reference_kind,
            }),
            initiated_at: time(self.transaction_initiation_date),
            updated_at: time(self.transaction_updated_date),
        })
    }
}

fn status(status: String) -> TransactionStatus {
    match status.as_str() {
        "S" => TransactionStatus::Success,
        "P" => TransactionStatus::Pending,
        "D" => TransactionStatus::Denied,
        "V" => TransactionStatus::Reversed,
        _ => TransactionStatus::Other(status),
    }
}
