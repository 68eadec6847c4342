//! What is in the books, in PayPal's JSON.

use serde_json::{Value, json};

use crate::behaviour::{Behaviour, DisputeNames};
use crate::books::{
    Capture, CaptureStatus, Dispute, Order, OrderState, Refund, RefundKind, RefundStatus,
};
use crate::signing::shown;

/// Who approves every order; nobody real. It is in the answers so that a test
/// can show that none of it is kept.
pub(crate) const PAYER_ID: &str = "QYR5Z8XDVJNXQ";

/// Where the links lead, and to whom the money goes.
#[derive(Clone, Copy)]
pub(crate) struct Shapes<'a> {
    pub(crate) origin: &'a str,
    pub(crate) behaviour: &'a Behaviour,
}

impl Shapes<'_> {
    /// The payer's page for an order.
    pub(crate) fn payers_page(self, order_id: &str) -> String {
        format!("{}/checkoutnow?token={order_id}", self.origin)
    }

    fn link(self, relation: &str, method: &str, path: &str) -> Value {
        json!({ "href": format!("{}{path}", self.origin), "rel": relation, "method": method })
    }

    /// An order without its details, for `Prefer: return=minimal`.
    pub(crate) fn order_minimal(self, order: &Order) -> Value {
        let mut body = json!({
            "id": order.id,
            "status": status(order),
            "links": self.order_links(order),
        });
        if order.has_payment_source {
            body["payment_source"] = payment_source(order);
        }
        body
    }

    /// An order with all details.
    pub(crate) fn order(
        self,
        order: &Order,
        capture: Option<&Capture>,
        refunds: &[&Refund],
    ) -> Value {
        // Once captured, the unit names whom the money really went to.
        let payee = capture.map_or(&order.payee_merchant_id, |capture| {
            &capture.payee_merchant_id
        });
        let mut unit = json!({
            "reference_id": "default",
            "amount": order.amount,
            "payee": { "merchant_id": payee },
        });
        ids(
            &mut unit,
            order.custom_id.as_ref(),
            order.invoice_id.as_ref(),
        );
        if let Some(capture) = capture {
            unit["payments"] = json!({ "captures": [self.capture(capture)] });
            if !refunds.is_empty() {
                let refunds = refunds
                    .iter()
                    .map(|refund| self.refund(refund, Some(capture)));
                unit["payments"]["refunds"] = refunds.collect();
            }
        }
        let mut body = self.order_minimal(order);
        body["intent"] = json!("CAPTURE");
        body["purchase_units"] = json!([unit]);
        body["create_time"] = json!(shown(order.created_at));
        if order.updated_at != order.created_at {
            body["update_time"] = json!(shown(order.updated_at));
        }
        match order.state {
            OrderState::AwaitingPayer => {}
            OrderState::Approved { .. } | OrderState::Completed { .. } => {
                body["payment_source"] = payment_source(order);
                body["payer"] = json!({
                    "name": { "given_name": "Erika", "surname": "Mustermann" },
                    "email_address": "payer@example.com",
                    "payer_id": PAYER_ID,
                    "address": { "country_code": "DE" },
                });
            }
        }
        body
    }

    fn order_links(self, order: &Order) -> Vec<Value> {
        let own = format!("/v2/checkout/orders/{}", order.id);
        let mut links = vec![self.link("self", "GET", &own)];
        let page = format!("/checkoutnow?token={}", order.id);
        match order.state {
            OrderState::AwaitingPayer if order.has_payment_source => {
                links.push(self.link("payer-action", "GET", &page));
            }
            OrderState::AwaitingPayer => {
                links.push(self.link("approve", "GET", &page));
                links.push(self.link("update", "PATCH", &own));
                links.push(self.link("capture", "POST", &format!("{own}/capture")));
            }
            OrderState::Approved { .. } => {
                links.push(self.link("update", "PATCH", &own));
                links.push(self.link("capture", "POST", &format!("{own}/capture")));
            }
            OrderState::Completed { .. } => {}
        }
        links
    }

    /// A capture as it stands inside its order.
    pub(crate) fn capture(self, capture: &Capture) -> Value {
        let own = format!("/v2/payments/captures/{}", capture.id);
        let mut body = json!({
            "id": capture.id,
            "status": capture.status.word(),
            "amount": capture.amount,
            "final_capture": true,
            "disbursement_mode": "INSTANT",
            "seller_protection": {
                "status": "ELIGIBLE",
                "dispute_categories": ["ITEM_NOT_RECEIVED", "UNAUTHORIZED_TRANSACTION"],
            },
            "create_time": shown(capture.created_at),
            "update_time": shown(capture.updated_at),
            "links": [
                self.link("self", "GET", &own),
                self.link("refund", "POST", &format!("{own}/refund")),
                self.link("up", "GET", &format!("/v2/checkout/orders/{}", capture.order_id)),
            ],
        });
        ids(
            &mut body,
            capture.custom_id.as_ref(),
            capture.invoice_id.as_ref(),
        );
        match capture.status {
            CaptureStatus::Completed
            | CaptureStatus::PartiallyRefunded
            | CaptureStatus::Refunded => {
                let net = capture
                    .amount
                    .minor_units
                    .saturating_sub(capture.fee.minor_units);
                body["seller_receivable_breakdown"] = json!({
                    "gross_amount": capture.amount,
                    "paypal_fee": capture.fee,
                    "net_amount": capture.amount.same(net),
                });
            }
            CaptureStatus::Pending if self.behaviour.no_status_details => {}
            CaptureStatus::Pending => {
                body["status_details"] = json!({ "reason": capture.pending_reason });
            }
            CaptureStatus::Declined => {}
        }
        body
    }

    /// A capture on its own: also says whose it is and which order it is of.
    pub(crate) fn capture_alone(self, capture: &Capture) -> Value {
        let mut body = self.capture(capture);
        body["payee"] = json!({ "merchant_id": capture.payee_merchant_id });
        body["supplementary_data"] = json!({ "related_ids": { "order_id": capture.order_id } });
        body
    }

    /// A payment in the words of the old API.
    pub(crate) fn sale(self, capture: &Capture) -> Value {
        json!({
            "id": capture.id,
            "state": "completed",
            "amount": {
                "total": capture.amount.to_string(),
                "currency": capture.amount.currency.code(),
                "details": {},
            },
            "payment_mode": "INSTANT_TRANSFER",
            "parent_payment": format!("PAYID-{}", capture.order_id),
            "custom": capture.custom_id,
            "invoice_number": capture.invoice_id,
            "create_time": shown(capture.created_at),
            "update_time": shown(capture.updated_at),
            "links": [self.link("self", "GET", &format!("/v1/payments/sale/{}", capture.id))],
        })
    }

    /// A refund without its details.
    pub(crate) fn refund_minimal(self, refund: &Refund) -> Value {
        json!({ "id": refund.id, "status": refund.status.word(), "links": self.refund_links(refund) })
    }

    fn refund_links(self, refund: &Refund) -> Value {
        json!([
            self.link(
                "self",
                "GET",
                &format!("/v2/payments/refunds/{}", refund.id)
            ),
            self.link(
                "up",
                "GET",
                &format!("/v2/payments/captures/{}", refund.capture_id)
            ),
        ])
    }

    /// A refund or reversal.
    pub(crate) fn refund(self, refund: &Refund, capture: Option<&Capture>) -> Value {
        let mut body = self.refund_minimal(refund);
        body["amount"] = json!(refund.amount);
        body["seller_payable_breakdown"] = json!({
            "gross_amount": refund.amount,
            // PayPal keeps its fee when money goes back.
            "paypal_fee": refund.amount.same(0),
            "net_amount": refund.amount,
            "total_refunded_amount": refund.total,
        });
        body["create_time"] = json!(shown(refund.created_at));
        body["update_time"] = json!(shown(refund.updated_at));
        if refund.status == RefundStatus::Pending {
            // The one reason that is documented.
            body["status_details"] = json!({ "reason": "ECHECK" });
        }
        match refund.kind {
            RefundKind::Refund => {}
            RefundKind::Reversal | RefundKind::Chargeback => {
                body["note_to_payer"] = json!("Payment reversed");
            }
        }
        if let Some(capture) = capture {
            ids(
                &mut body,
                refund.custom_id.as_ref().or(capture.custom_id.as_ref()),
                capture.invoice_id.as_ref(),
            );
        }
        body
    }

    /// A dispute.
    pub(crate) fn dispute(
        self,
        dispute: &Dispute,
        capture: Option<&Capture>,
        merchant_id: &str,
    ) -> Value {
        let mut transaction = json!({
            // The payer's own number for it, which is never ours.
            "buyer_transaction_id": dispute.capture_id.chars().rev().collect::<String>(),
            "seller": { "merchant_id": merchant_id, "name": "Stadt" },
        });
        match dispute.names {
            DisputeNames::SellerId => {
                transaction["seller_transaction_id"] = json!(dispute.capture_id);
            }
            DisputeNames::InvoiceNumber => {
                let number = capture.and_then(|capture| capture.invoice_id.as_ref());
                transaction["invoice_number"] = json!(number.map_or("", String::as_str));
            }
            DisputeNames::Custom => {
                let custom = capture.and_then(|capture| capture.custom_id.as_ref());
                transaction["custom"] = json!(custom.map_or("", String::as_str));
            }
            DisputeNames::Nothing => {}
        }
        json!({
            "dispute_id": dispute.id,
            "create_time": shown(dispute.created_at),
            "update_time": shown(dispute.created_at),
            "disputed_transactions": [transaction],
            "reason": "UNAUTHORISED",
            "status": "OPEN",
            "dispute_amount": dispute.amount,
            "dispute_life_cycle_stage": "CHARGEBACK",
            "dispute_channel": "INTERNAL",
            "links": [self.link("self", "GET", &format!("/v1/customer/disputes/{}", dispute.id))],
        })
    }
}

/// PayPal's word for where an order stands.
fn status(order: &Order) -> &'static str {
    match order.state {
        OrderState::AwaitingPayer if order.has_payment_source => "PAYER_ACTION_REQUIRED",
        OrderState::AwaitingPayer => "CREATED",
        OrderState::Approved { .. } => "APPROVED",
        OrderState::Completed { .. } => "COMPLETED",
    }
}

fn payment_source(order: &Order) -> Value {
    match order.state {
        OrderState::AwaitingPayer => json!({ "paypal": {} }),
        OrderState::Approved { .. } | OrderState::Completed { .. } => json!({ "paypal": {
            "email_address": "payer@example.com",
            "account_id": PAYER_ID,
            "account_status": "VERIFIED",
            "name": { "given_name": "Erika", "surname": "Mustermann" },
            "address": { "country_code": "DE" },
        } }),
    }
}

fn ids(body: &mut Value, custom_id: Option<&String>, invoice_id: Option<&String>) {
    if let Some(custom_id) = custom_id {
        body["custom_id"] = json!(custom_id);
    }
    if let Some(invoice_id) = invoice_id {
        body["invoice_id"] = json!(invoice_id);
    }
}
