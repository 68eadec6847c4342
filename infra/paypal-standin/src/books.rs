//! The books: every order, every cent, every call. Tests hold the functions'
//! table against them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::behaviour::{DisputeNames, PendingReason};
use crate::money::Money;

/// A copy of the books at one moment, in the order things were made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Books {
    /// Every order ever made, expired ones too.
    pub orders: Vec<Order>,
    /// Every capture, declined ones too.
    pub captures: Vec<Capture>,
    /// Every refund and every reversal.
    pub refunds: Vec<Refund>,
    /// Every dispute.
    pub disputes: Vec<Dispute>,
    /// Every payment into the account that was none of these orders'.
    pub foreign: Vec<ForeignPayment>,
    /// Every event, delivered or not.
    pub events: Vec<Event>,
    /// What was asked under which `PayPal-Request-Id`.
    pub request_ids: Vec<RequestId>,
    /// How often each call came in, by its name (`capture_order`, …),
    /// refused ones too.
    pub calls: BTreeMap<Cow<'static, str>, u64>,
}

/// An order and where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Seventeen capital letters and digits.
    pub id: String,
    /// Where it stands.
    pub state: OrderState,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed; shown as `update_time`.
    pub updated_at: Timestamp,
    /// What is to be paid.
    pub amount: Money,
    /// Whose money it will be.
    pub payee_merchant_id: String,
    /// The caller's own id, not shown to the payer.
    pub custom_id: Option<String>,
    /// The number shown to the payer; unique among paid ones.
    pub invoice_id: Option<String>,
    /// The text over the payer's page.
    pub brand_name: Option<String>,
    /// The language the payer's page was asked for in.
    pub locale: Option<String>,
    /// Where the payer goes after approving.
    pub return_url: Option<String>,
    /// Where the payer goes after cancelling.
    pub cancel_url: Option<String>,
    /// Whether the request named a payment source: decides between the link
    /// `payer-action` and the older `approve`.
    pub has_payment_source: bool,
    /// How many captures were refused for the instrument's sake.
    pub declined_captures: u32,
    /// The request as it came, for tests about what may be sent to PayPal.
    pub request: Value,
}

/// Where an order stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum OrderState {
    /// The payer has not approved yet, or must do so again.
    AwaitingPayer,
    /// The payer has approved; a capture may follow.
    Approved {
        /// When.
        at: Timestamp,
        /// What the payer chose to pay with.
        instrument: Instrument,
    },
    /// A capture was made; look there for what became of it.
    Completed {
        /// The capture's id.
        capture_id: String,
    },
}

/// What the payer chose to pay with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Instrument {
    /// The bank says yes.
    Good,
    /// The bank says no, until the payer chooses another one.
    Refused,
}

/// A capture: the one thing that moves money.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Capture {
    /// Seventeen capital letters and digits.
    pub id: String,
    /// The order it belongs to.
    pub order_id: String,
    /// Whether the money came.
    pub status: CaptureStatus,
    /// Why it is, or was, held back.
    pub pending_reason: Option<PendingReason>,
    /// What was taken.
    pub amount: Money,
    /// What PayPal keeps.
    pub fee: Money,
    /// What has gone back by refund or reversal.
    pub given_back: Money,
    /// Whose money it is.
    pub payee_merchant_id: String,
    /// Copied from the order.
    pub custom_id: Option<String>,
    /// Copied from the order.
    pub invoice_id: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The `PayPal-Request-Id` it was made with.
    pub request_id: Option<String>,
}

/// PayPal's words for what became of a capture.
///
/// Source: PayPal Payments v2, schema `capture_status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CaptureStatus {
    /// The money is there.
    Completed,
    /// PayPal looks into it; the money may come.
    Pending,
    /// It never came.
    Declined,
    /// A part has gone back.
    PartiallyRefunded,
    /// All of it has gone back.
    Refunded,
}

impl CaptureStatus {
    /// Whether money came, or may still come, by this capture: what makes an
    /// invoice *paid*.
    #[must_use]
    pub fn moves_money(self) -> bool {
        match self {
            Self::Completed | Self::Pending | Self::PartiallyRefunded | Self::Refunded => true,
            Self::Declined => false,
        }
    }

    /// PayPal's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Completed => "COMPLETED",
            Self::Pending => "PENDING",
            Self::Declined => "DECLINED",
            Self::PartiallyRefunded => "PARTIALLY_REFUNDED",
            Self::Refunded => "REFUNDED",
        }
    }
}

/// Money that went back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refund {
    /// Seventeen capital letters and digits.
    pub id: String,
    /// The capture it was taken from.
    pub capture_id: String,
    /// The caller's own id, where the caller gave it one.
    pub custom_id: Option<String>,
    /// Who took it.
    pub kind: RefundKind,
    /// Whether it has gone.
    pub status: RefundStatus,
    /// How much.
    pub amount: Money,
    /// What had gone back in all, with this one.
    pub total: Money,
    /// When.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it came back, and the id of the row that says so.
    pub undone: Option<(Timestamp, String)>,
}

/// PayPal's words for where a refund stands.
///
/// Source: PayPal Payments v2, schema `refund_status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RefundStatus {
    /// The money has gone.
    Completed,
    /// It is on its way, or waits for ours.
    Pending,
    /// It has stayed.
    Failed,
}

impl RefundStatus {
    /// PayPal's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Completed => "COMPLETED",
            Self::Pending => "PENDING",
            Self::Failed => "FAILED",
        }
    }
}

/// Who took the money back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundKind {
    /// The merchant gave it back.
    Refund,
    /// PayPal or the bank took it back.
    Reversal,
    /// The payer's card took it back.
    Chargeback,
}

/// A payer who complains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dispute {
    /// `PP-D-` and digits.
    pub id: String,
    /// The capture in dispute; one that is not in these books when the payment
    /// was another's.
    pub capture_id: String,
    /// By what it names the capture.
    pub names: DisputeNames,
    /// The amount in dispute.
    pub amount: Money,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When PayPal let go of the money in dispute.
    pub released_at: Option<Timestamp>,
}

/// A payment into the account that was none of these orders'.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForeignPayment {
    /// Seventeen capital letters and digits.
    pub id: String,
    /// Where it came from.
    pub kind: Foreign,
    /// How much.
    pub amount: Money,
    /// When.
    pub created_at: Timestamp,
}

/// Where a foreign payment came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Foreign {
    /// Another shop with the same account: T0006, and a capture that can be read.
    OtherShop,
    /// Somebody who sent it to the account's address: T0000, and no capture.
    SentByHand,
}

/// An event and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// `WH-…`.
    pub id: String,
    /// `PAYMENT.CAPTURE.COMPLETED` and the like.
    pub event_type: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The body, byte for byte as it is sent.
    #[serde(with = "crate::text_bytes")]
    pub body: bytes::Bytes,
    /// How often it was handed to a driver or posted.
    pub deliveries: u32,
    /// How often the other side answered with 2xx.
    pub accepted: u32,
}

/// What was asked under a `PayPal-Request-Id`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RequestId {
    /// The call (`create_order`, `capture_order`, `refund_capture`).
    pub call: Cow<'static, str>,
    /// The id the caller chose.
    pub id: String,
    /// When it was first seen.
    pub first_seen_at: Timestamp,
    /// How often it came again.
    pub repeats: u32,
}

impl Books {
    /// The order with this id.
    #[must_use]
    pub fn order(&self, id: &str) -> Option<&Order> {
        self.orders.iter().find(|order| order.id == id)
    }

    /// The capture with this id.
    #[must_use]
    pub fn capture(&self, id: &str) -> Option<&Capture> {
        self.captures.iter().find(|capture| capture.id == id)
    }

    /// How often this call came in; 0 for a name that no call has.
    #[must_use]
    pub fn count(&self, call: &str) -> u64 {
        self.calls.get(call).copied().unwrap_or(0)
    }
}
