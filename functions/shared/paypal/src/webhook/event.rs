//! What a webhook is about: ids, and nothing but ids.

use serde::Deserialize;
use serde_json::Value;
use ticket::{AttemptId, CaptureId, OrderId};

use crate::wire::{Link, id_above};
use crate::{DisputeId, EventId, RefundId};

/// The longest event type; PayPal's longest has 38 characters.
const EVENT_TYPE_LEN_MAX: usize = 64;

/// The type that says that a capture has brought its money.
const CAPTURE_COMPLETED: &str = "PAYMENT.CAPTURE.COMPLETED";

/// A webhook whose signature fits. Its ids are hints whom to ask about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookEvent {
    /// The same for each delivery of one event.
    pub id: EventId,
    /// `PAYMENT.CAPTURE.COMPLETED`; capital letters, digits, dots, hyphens and
    /// underscores, at most 64.
    pub event_type: String,
    /// What to ask PayPal about.
    pub about: About,
}

impl WebhookEvent {
    /// Whether it says that money came. No read may show that yet.
    #[must_use]
    pub fn says_money_came(&self) -> bool {
        self.event_type == CAPTURE_COMPLETED
    }
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
    /// A capture taken back by force; PayPal keeps it as a refund.
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
    /// Something that cannot be read, or a refund or dispute without its id: no
    /// sweep would find it, so it must not pass as done. A human must look.
    Unreadable,
}

/// A verified body that does not say whom to ask about; what of it can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unreadable {
    id: Option<EventId>,
    event_type: Option<String>,
}

impl Unreadable {
    /// The event all the same, by its own id or else that of its transmission:
    /// PayPal must hear 2xx, or it gives the event up, and nobody has seen it.
    pub(super) fn into_event(self, transmission: EventId) -> WebhookEvent {
        WebhookEvent {
            id: self.id.unwrap_or(transmission),
            event_type: self.event_type.unwrap_or_else(|| "UNREADABLE".to_owned()),
            about: About::Unreadable,
        }
    }
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    id: Value,
    #[serde(default)]
    event_type: Value,
    #[serde(default)]
    resource: Value,
}

/// Reads the ids of a verified body.
pub(crate) fn read(raw_body: &[u8]) -> Result<WebhookEvent, Unreadable> {
    let envelope: Envelope = serde_json::from_slice(raw_body).map_err(|_| Unreadable::default())?;
    let id = envelope.id.as_str().and_then(|id| id.parse().ok());
    let event_type = envelope.event_type.as_str().filter(|text| is_type(text));
    let unreadable = || Unreadable {
        id: id.clone(),
        event_type: event_type.map(str::to_owned),
    };
    let (Some(event_id), Some(event_type)) = (&id, event_type) else {
        return Err(unreadable());
    };
    let about = about(event_type, &envelope.resource).ok_or_else(unreadable)?;
    Ok(WebhookEvent {
        id: EventId::clone(event_id),
        event_type: event_type.to_owned(),
        about,
    })
}

fn is_type(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b".-_".contains(&b);
    (1..=EVENT_TYPE_LEN_MAX).contains(&text.len()) && text.bytes().all(allowed)
}

/// What an event of this type is about; nothing where it lacks the one id that
/// it needs.
fn about(event_type: &str, resource: &Value) -> Option<About> {
    Some(match event_type {
        "CHECKOUT.ORDER.APPROVED" | "CHECKOUT.ORDER.COMPLETED" => {
            order(resource, text(resource, "/id"))
        }
        "CHECKOUT.PAYMENT-APPROVAL.REVERSED" => order(resource, text(resource, "/order_id")),
        CAPTURE_COMPLETED
        | "PAYMENT.CAPTURE.PENDING"
        | "PAYMENT.CAPTURE.DECLINED"
        | "PAYMENT.CAPTURE.DENIED" => {
            let related = text(resource, "/supplementary_data/related_ids/order_id");
            let above = above(resource, "orders");
            order(resource, related.or(above.as_deref()))
        }
        "PAYMENT.CAPTURE.REFUNDED" | "PAYMENT.REFUND.PENDING" | "PAYMENT.REFUND.FAILED" => {
            let (refund_id, capture_id) = refund(resource)?;
            About::Refund {
                refund_id,
                capture_id,
            }
        }
        "PAYMENT.CAPTURE.REVERSED" => {
            let (refund_id, capture_id) = refund(resource)?;
            About::Reversal {
                refund_id,
                capture_id,
            }
        }
        "CUSTOMER.DISPUTE.CREATED"
        | "CUSTOMER.DISPUTE.UPDATED"
        | "CUSTOMER.DISPUTE.RESOLVED"
        | "RISK.DISPUTE.CREATED" => {
            let dispute_id = text(resource, "/dispute_id")?.parse().ok()?;
            About::Dispute { dispute_id }
        }
        _ => About::Nothing,
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

fn refund(resource: &Value) -> Option<(RefundId, Option<CaptureId>)> {
    let refund_id = text(resource, "/id")?.parse().ok()?;
    let capture_id = above(resource, "captures").and_then(|id| id.parse().ok());
    Some((refund_id, capture_id))
}

fn text<'a>(resource: &'a Value, pointer: &str) -> Option<&'a str> {
    resource.pointer(pointer)?.as_str()
}

fn above(resource: &Value, collection: &str) -> Option<String> {
    let links: Vec<Link> = serde_json::from_value(resource.get("links")?.clone()).ok()?;
    id_above(Some(&links), collection).map(str::to_owned)
}
