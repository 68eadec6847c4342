//! What PayPal's answers say, in types. Every enumeration has an arm for a
//! value nobody has seen yet: unknown is an outcome, never "paid" and never
//! "failed".

use jiff::Timestamp;
use ticket::{CaptureId, Money, OrderId};

use crate::{DisputeId, RefundId};

/// An order as PayPal shows it: what a payer was asked for, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its id; the one that was asked for.
    pub id: OrderId,
    /// How far the payer has come. `Completed` does not mean paid: see `captures`.
    pub status: OrderStatus,
    /// When it was made.
    pub create_time: Option<Timestamp>,
    /// When it changed last; of an approved one, when the payer approved.
    pub update_time: Option<Timestamp>,
    /// Where the payer goes on, when there is something left to do and the
    /// address is one of PayPal's own.
    pub approve_url: Option<String>,
    /// Our attempt id, when it is ours.
    pub custom_id: Option<String>,
    /// Our invoice id, when it is ours.
    pub invoice_id: Option<String>,
    /// What the payer approves.
    pub amount: Option<Money>,
    /// Whom the money goes to.
    pub payee_merchant_id: Option<String>,
    /// The money that moved or tried to; mostly none or one.
    pub captures: Vec<Capture>,
    /// What was given back of it, as far as it can be read.
    pub refunds: Vec<Refund>,
}

/// Source: Orders v2, schema `order_status`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderStatus {
    /// Made; the payer has not been there.
    Created,
    /// Kept for later; we never do that.
    Saved,
    /// The payer has to do something at PayPal.
    PayerActionRequired,
    /// The payer has agreed; nothing is captured.
    Approved,
    /// A capture was made; its own status says whether money came.
    Completed,
    /// Will never be captured.
    Voided,
    /// A status newer than this code.
    Other(String),
}

/// Money that moved from a payer to a payee, or tried to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// Its id.
    pub id: CaptureId,
    /// Whether the money came.
    pub status: CaptureStatus,
    /// How much, before fees.
    pub amount: Money,
    /// Our attempt id, when it is ours.
    pub custom_id: Option<String>,
    /// Our invoice id, when it is ours.
    pub invoice_id: Option<String>,
    /// Whom the money went to.
    pub payee_merchant_id: Option<String>,
    /// The order it came from.
    pub order_id: Option<OrderId>,
    /// When it was made.
    pub create_time: Option<Timestamp>,
    /// When it changed last.
    pub update_time: Option<Timestamp>,
    /// What PayPal keeps; not known while pending.
    pub fee: Option<Money>,
    /// What is left for us; not known while pending.
    pub net: Option<Money>,
    /// Why it is pending or declined, in PayPal's code.
    pub reason: Option<String>,
}

/// Source: Payments v2, schema `capture_status`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaptureStatus {
    /// The money is ours.
    Completed,
    /// Not yet; days may pass.
    Pending,
    /// It will not come.
    Declined,
    /// It could not be captured.
    Failed,
    /// It came and was all given back.
    Refunded,
    /// It came and a part was given back.
    PartiallyRefunded,
    /// A status newer than this code.
    Other(String),
}

/// Money given back, by us or by force (a reversal).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Its id.
    pub id: RefundId,
    /// Whether it has gone back.
    pub status: RefundStatus,
    /// The amount.
    pub amount: Money,
    /// The capture it takes back, from the answer's link `up`.
    pub capture_id: Option<CaptureId>,
    /// Our number of it, where we have made it; else our attempt id, when the capture
    /// is ours and PayPal repeats it.
    pub custom_id: Option<String>,
    /// When it was made.
    pub create_time: Option<Timestamp>,
    /// What has gone back of the capture in all, where PayPal says so.
    pub total: Option<Money>,
}

/// Source: Payments v2, schema `refund_status`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundStatus {
    /// The payer has the money.
    Completed,
    /// On its way.
    Pending,
    /// Called off.
    Cancelled,
    /// It could not be made.
    Failed,
    /// A status newer than this code.
    Other(String),
}

/// A payer contests a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// Its id.
    pub id: DisputeId,
    /// Whose turn it is.
    pub status: DisputeStatus,
    /// How much is contested.
    pub amount: Option<Money>,
    /// The payments it is about.
    pub transactions: Vec<Disputed>,
}

/// A payment that is contested. PayPal promises none of these ids.
///
/// Source: Disputes v1, schema `transaction_info`; no field is required.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disputed {
    /// The capture (`seller_transaction_id`).
    pub capture_id: Option<CaptureId>,
    /// Our invoice id, when it is ours (`invoice_number`).
    pub invoice_id: Option<String>,
    /// Our attempt id, when it is ours (`custom`).
    pub custom_id: Option<String>,
}

/// Source: Disputes v1, schema `status`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DisputeStatus {
    /// Just opened.
    Open,
    /// The payer has to answer.
    WaitingForBuyer,
    /// We have to answer.
    WaitingForSeller,
    /// PayPal decides.
    UnderReview,
    /// Over.
    Resolved,
    /// A status newer than this code, or PayPal's own `OTHER`.
    Other(String),
}
