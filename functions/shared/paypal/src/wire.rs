//! PayPal's JSON, and what we make of it. Fields we do not need are not
//! read; a field that is missing where we need it makes the answer unreadable,
//! never a guess.

use jiff::Timestamp;
use serde::Deserialize;
use ticket::{CaptureId, Money, OrderId};

use crate::answer::{
    Capture, CaptureStatus, Dispute, DisputeStatus, Disputed, Order, OrderStatus, Refund,
    RefundStatus,
};

/// The JSON is not what the call's schema promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

#[derive(Deserialize)]
pub(crate) struct WireToken {
    pub(crate) access_token: String,
    /// Seconds.
    pub(crate) expires_in: u64,
}

/// Both shapes of PayPal's errors: that of its API and that of OAuth.
#[derive(Deserialize)]
pub(crate) struct WireError {
    pub(crate) name: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) debug_id: Option<String>,
    pub(crate) details: Option<Vec<WireDetail>>,
    pub(crate) links: Option<Vec<Link>>,
}

#[derive(Deserialize)]
pub(crate) struct WireDetail {
    pub(crate) issue: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Link {
    pub(crate) href: String,
    pub(crate) rel: String,
}

#[derive(Deserialize)]
pub(crate) struct WireMoney {
    currency_code: String,
    value: String,
}

impl From<WireMoney> for Money {
    fn from(money: WireMoney) -> Self {
        Self {
            value: money.value,
            currency: money.currency_code,
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct WireOrder {
    id: String,
    status: String,
    create_time: Option<String>,
    update_time: Option<String>,
    purchase_units: Option<Vec<WireUnit>>,
    pub(crate) links: Option<Vec<Link>>,
}

#[derive(Default, Deserialize)]
struct WireUnit {
    custom_id: Option<String>,
    invoice_id: Option<String>,
    amount: Option<WireMoney>,
    payee: Option<WirePayee>,
    payments: Option<WirePayments>,
}

#[derive(Deserialize)]
struct WirePayee {
    merchant_id: Option<String>,
}

#[derive(Deserialize)]
struct WirePayments {
    captures: Option<Vec<WireCapture>>,
    // One that cannot be read must not hide the captures beside it.
    refunds: Option<Vec<serde_json::Value>>,
}

#[derive(Deserialize)]
pub(crate) struct WireCapture {
    id: String,
    status: String,
    status_details: Option<WireStatusDetails>,
    amount: WireMoney,
    custom_id: Option<String>,
    invoice_id: Option<String>,
    payee: Option<WirePayee>,
    supplementary_data: Option<WireSupplementary>,
    seller_receivable_breakdown: Option<WireBreakdown>,
    create_time: Option<String>,
    update_time: Option<String>,
    links: Option<Vec<Link>>,
}

#[derive(Deserialize)]
struct WireStatusDetails {
    reason: Option<String>,
}

#[derive(Deserialize)]
struct WireSupplementary {
    related_ids: Option<WireRelated>,
}

#[derive(Deserialize)]
struct WireRelated {
    order_id: Option<String>,
}

#[derive(Deserialize)]
struct WireBreakdown {
    paypal_fee: Option<WireMoney>,
    net_amount: Option<WireMoney>,
}

#[derive(Deserialize)]
pub(crate) struct WireRefund {
    id: String,
    status: String,
    amount: WireMoney,
    create_time: Option<String>,
    custom_id: Option<String>,
    seller_payable_breakdown: Option<WirePayable>,
    links: Option<Vec<Link>>,
}

#[derive(Deserialize)]
struct WirePayable {
    total_refunded_amount: Option<WireMoney>,
}

#[derive(Deserialize)]
pub(crate) struct WireDispute {
    dispute_id: String,
    status: String,
    dispute_amount: Option<WireMoney>,
    disputed_transactions: Option<Vec<WireDisputed>>,
}

#[derive(Deserialize)]
struct WireDisputed {
    seller_transaction_id: Option<String>,
    invoice_number: Option<String>,
    custom: Option<String>,
}

impl WireOrder {
    /// The order, whose next page for the payer is `approve_url`.
    pub(crate) fn read(self, approve_url: Option<String>) -> Result<Order, Unreadable> {
        let id: OrderId = self.id.parse().map_err(|_| Unreadable)?;
        let (mut captures, mut refunds) = (Vec::new(), Vec::new());
        let mut first = None;
        for unit in self.purchase_units.unwrap_or_default() {
            let payee = unit.payee.and_then(|payee| payee.merchant_id);
            let (made, given_back) = unit.payments.map_or((None, None), |payments| {
                (payments.captures, payments.refunds)
            });
            refunds.extend(
                given_back
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(refund),
            );
            for capture in made.unwrap_or_default() {
                let mut capture = capture.read()?;
                // Inside an order PayPal says these once, in the unit.
                capture.payee_merchant_id = capture.payee_merchant_id.or(payee.clone());
                capture.custom_id = capture.custom_id.or(unit.custom_id.clone());
                capture.invoice_id = capture.invoice_id.or(unit.invoice_id.clone());
                capture.order_id = Some(id.clone());
                captures.push(capture);
            }
            // We make orders of one unit; a second one could only add captures.
            first.get_or_insert((unit.custom_id, unit.invoice_id, unit.amount, payee));
        }
        let (custom_id, invoice_id, amount, payee_merchant_id) = first.unwrap_or_default();
        Ok(Order {
            id,
            status: order_status(self.status),
            create_time: time(self.create_time),
            update_time: time(self.update_time),
            approve_url,
            custom_id,
            invoice_id,
            amount: amount.map(Money::from),
            payee_merchant_id,
            captures,
            refunds,
        })
    }
}

impl WireCapture {
    pub(crate) fn read(self) -> Result<Capture, Unreadable> {
        let related = self.supplementary_data.and_then(|more| more.related_ids);
        let order_id = related
            .and_then(|ids| ids.order_id)
            .and_then(|id| id.parse().ok())
            .or_else(|| id_above(self.links.as_deref(), "orders")?.parse().ok());
        let (fee, net) = self
            .seller_receivable_breakdown
            .map_or((None, None), |parts| (parts.paypal_fee, parts.net_amount));
        Ok(Capture {
            id: self.id.parse().map_err(|_| Unreadable)?,
            status: capture_status(self.status),
            amount: self.amount.into(),
            custom_id: self.custom_id,
            invoice_id: self.invoice_id,
            payee_merchant_id: self.payee.and_then(|payee| payee.merchant_id),
            order_id,
            create_time: time(self.create_time),
            update_time: time(self.update_time),
            fee: fee.map(Money::from),
            net: net.map(Money::from),
            reason: self.status_details.and_then(|details| details.reason),
        })
    }
}

impl WireRefund {
    pub(crate) fn read(self) -> Result<Refund, Unreadable> {
        let capture_id = id_above(self.links.as_deref(), "captures");
        Ok(Refund {
            id: self.id.parse().map_err(|_| Unreadable)?,
            status: refund_status(self.status),
            amount: self.amount.into(),
            capture_id: capture_id.and_then(|id| id.parse().ok()),
            custom_id: self.custom_id,
            create_time: time(self.create_time),
            total: self
                .seller_payable_breakdown
                .and_then(|parts| parts.total_refunded_amount)
                .map(Money::from),
        })
    }
}

fn refund(value: serde_json::Value) -> Option<Refund> {
    let refund: WireRefund = serde_json::from_value(value).ok()?;
    refund.read().ok()
}

impl WireDispute {
    pub(crate) fn read(self) -> Result<Dispute, Unreadable> {
        let transactions = self.disputed_transactions.unwrap_or_default();
        let transactions = transactions.into_iter().map(|disputed| {
            let capture_id = disputed.seller_transaction_id;
            Disputed {
                capture_id: capture_id.and_then(|id| CaptureId::try_from(id).ok()),
                invoice_id: disputed.invoice_number,
                custom_id: disputed.custom,
            }
        });
        Ok(Dispute {
            id: self.dispute_id.parse().map_err(|_| Unreadable)?,
            status: dispute_status(self.status),
            amount: self.dispute_amount.map(Money::from),
            transactions: transactions.collect(),
        })
    }
}

/// The id of what a thing was made from, out of its link `up`:
/// `…/v2/payments/captures/{id}` where `collection` is `captures`.
pub(crate) fn id_above<'a>(links: Option<&'a [Link]>, collection: &str) -> Option<&'a str> {
    links?
        .iter()
        .filter(|link| link.rel == "up")
        .find_map(|link| {
            let (above, id) = link.href.rsplit_once('/')?;
            let (_, found) = above.rsplit_once('/')?;
            (found == collection).then_some(id)
        })
}

/// Source: Orders v2, schema `date_time`, RFC 3339 with seconds. One that
/// cannot be read counts as not stated: who needs it has a second one.
pub(crate) fn time(text: Option<String>) -> Option<Timestamp> {
    text?.parse().ok()
}

fn order_status(status: String) -> OrderStatus {
    match status.as_str() {
        "CREATED" => OrderStatus::Created,
        "SAVED" => OrderStatus::Saved,
        "PAYER_ACTION_REQUIRED" => OrderStatus::PayerActionRequired,
        "APPROVED" => OrderStatus::Approved,
        "COMPLETED" => OrderStatus::Completed,
        "VOIDED" => OrderStatus::Voided,
        _ => OrderStatus::Other(status),
    }
}

fn capture_status(status: String) -> CaptureStatus {
    match status.as_str() {
        "COMPLETED" => CaptureStatus::Completed,
        "PENDING" => CaptureStatus::Pending,
        "DECLINED" => CaptureStatus::Declined,
        "FAILED" => CaptureStatus::Failed,
        "REFUNDED" => CaptureStatus::Refunded,
        "PARTIALLY_REFUNDED" => CaptureStatus::PartiallyRefunded,
        _ => CaptureStatus::Other(status),
    }
}

fn refund_status(status: String) -> RefundStatus {
    match status.as_str() {
        "COMPLETED" => RefundStatus::Completed,
        "PENDING" => RefundStatus::Pending,
        "CANCELLED" => RefundStatus::Cancelled,
        "FAILED" => RefundStatus::Failed,
        _ => RefundStatus::Other(status),
    }
}

fn dispute_status(status: String) -> DisputeStatus {
    match status.as_str() {
        "OPEN" => DisputeStatus::Open,
        "WAITING_FOR_BUYER_RESPONSE" => DisputeStatus::WaitingForBuyer,
        "WAITING_FOR_SELLER_RESPONSE" => DisputeStatus::WaitingForSeller,
        "UNDER_REVIEW" => DisputeStatus::UnderReview,
        "RESOLVED" => DisputeStatus::Resolved,
        _ => DisputeStatus::Other(status),
    }
}
