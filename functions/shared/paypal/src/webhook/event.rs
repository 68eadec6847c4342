//! What a webhook is about: ids, and nothing but ids.

use serde::Deserialize;
use serde_json::Value;
use ticket::{AttemptId, CaptureId, OrderId};

use super::WebhookError;
use crate::wire::{Link, id_above};
use crate::{DisputeId, EventId, RefundId};

/// The longest event type; `PayPal`'s longest has 38 characters.
const EVENT_TYPE_LEN_MAX: usize = 64;

/// A webhook whose signature fits. Its ids are hints whom to ask about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookEvent {
    /// The same for each delivery of one event.
    pub id: EventId,
    /// `PAYMENT.CAPTURE.COMPLETED`; capital letters, digits, dots, hyphens and
    /// underscores, at most 64.
    pub event_type: String,
    /// What to ask `PayPal` about.
    pub about: About,
}

/// What an event is about: where to look, never what to believe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// An order or a capture of one: settle it. Without any id the sweep finds it.
    Order {
        /// The attempt its `custom_id` names.
        attempt: Option<AttemptId>,
        /// The order it names.
        order_id: Option<OrderId>,
    },
    /// A refund.
    Refund {
        /// The refund to ask about.
        refund_id: RefundId,
        /// The capture it takes back, by its own word.
        capture_id: Option<CaptureId>,
    },
    /// A capture taken back by force; `PayPal` keeps it as a refund.
    Reversal {
        /// The refund to ask about.
        refund_id: RefundId,
        /// The capture it takes back, by its own word.
        capture_id: Option<CaptureId>,
    },
    /// A dispute.
    Dispute {
        /// The dispute to ask about.
        dispute_id: DisputeId,
    },
    /// Nothing we act on.
    Nothing,
}

#[derive(Deserialize)]
struct Envelope {
    id: String,
    event_type: String,
    #[serde(default)]
    resource: Value,
}

/// Reads the ids of a verified body. A refund or dispute without its id is an
/// error: no sweep would find it, so it must not pass as done.
pub(crate) fn read(raw_body: &[u8]) -> Result<WebhookEvent, WebhookError> {
    let envelope: Envelope =
        serde_json::from_slice(raw_body).map_err(|_| WebhookError::Unreadable)?;
    let id: EventId = envelope.id.parse().map_err(|_| WebhookError::Unreadable)?;
    let event_type = envelope.event_type;
    let allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b".-_".contains(&b);
    if !(1..=EVENT_TYPE_LEN_MAX).contains(&event_type.len()) || !event_type.bytes().all(allowed) {
        return Err(WebhookError::Unreadable);
    }
    let resource = envelope.resource;
    let about = match event_type.as_str() {
        "CHECKOUT.ORDER.APPROVED" | "CHECKOUT.ORDER.COMPLETED" => {
            order(&resource, text(&resource, "/id"))
        }
        "CHECKOUT.PAYMENT-APPROVAL.REVERSED" => order(&resource, text(&resource, "/order_id")),
        "PAYMENT.CAPTURE.COMPLETED"
        | "PAYMENT.CAPTURE.PENDING"
        | "PAYMENT.CAPTURE.DECLINED"
        | "PAYMENT.CAPTURE.DENIED" => {
            let related = text(&resource, "/supplementary_data/related_ids/order_id");
            let above = above(&resource, "orders");
            order(&resource, related.or(above.as_deref()))
        }
        "PAYMENT.CAPTURE.REFUNDED" | "PAYMENT.REFUND.PENDING" | "PAYMENT.REFUND.FAILED" => {
            let (refund_id, capture_id) = refund(&resource)?;
            About::Refund {
                refund_id,
                capture_id,
            }
        }
        "PAYMENT.CAPTURE.REVERSED" => {
            let (refund_id, capture_id) = refund(&resource)?;
            About::Reversal {
                refund_id,
                capture_id,
            }
        }
        "CUSTOMER.DISPUTE.CREATED"
        | "CUSTOMER.DISPUTE.UPDATED"
        | "CUSTOMER.DISPUTE.RESOLVED"
        | "RISK.DISPUTE.CREATED" => {
            let dispute_id = text(&resource, "/dispute_id").and_then(|id| id.parse().ok());
            let dispute_id = dispute_id.ok_or(WebhookError::Unreadable)?;
            About::Dispute { dispute_id }
        }
        _ => About::Nothing,
    };
    Ok(WebhookEvent {
        id,
        event_type,
        about,
    })
}

fn order(resource: &Value, order_id: Option<&str>) -> About {
    let custom_id = text(resource, "/custom_id");
    let in_unit = text(resource, "/purchase_units/0/custom_id");
    About::Order {
        attempt: custom_id.or(in_unit).and_then(|id| id.parse().ok()),
        order_id: order_id.and_then(|id| id.parse().ok()),
    }
}

fn refund(resource: &Value) -> Result<(RefundId, Option<CaptureId>), WebhookError> {
    let refund_id = text(resource, "/id").and_then(|id| id.parse().ok());
    let capture_id = above(resource, "captures").and_then(|id| id.parse().ok());
    Ok((refund_id.ok_or(WebhookError::Unreadable)?, capture_id))
}

fn text<'a>(resource: &'a Value, pointer: &str) -> Option<&'a str> {
    resource.pointer(pointer)?.as_str()
}

fn above(resource: &Value, collection: &str) -> Option<String> {
    let links: Vec<Link> = serde_json::from_value(resource.get("links")?.clone()).ok()?;
    id_above(Some(&links), collection).map(str::to_owned)
}
