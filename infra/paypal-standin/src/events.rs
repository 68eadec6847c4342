//! Events: what they say, and the queue they wait in.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::behaviour::{Redelivery, seconds};
use crate::books::{Capture, CaptureStatus, Event, Refund};
use crate::delivery_queue::{HELD_S, LATE_S, Queued, REPEATS_MAX, Taker, repeat_after};
use crate::faults::WebhookMode;
use crate::money::Money;
use crate::state::{State, later};

/// The events the stand-in sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventType {
    OrderApproved,
    CaptureCompleted,
    CapturePending,
    CaptureDeclined,
    CaptureDenied,
    CaptureRefunded,
    CaptureReversed,
    DisputeCreated,
    SaleCompleted,
}

impl EventType {
    /// PayPal's name, and the type and version of the resource.
    fn words(self) -> (&'static str, &'static str, Option<&'static str>) {
        match self {
            Self::OrderApproved => ("CHECKOUT.ORDER.APPROVED", "checkout-order", Some("2.0")),
            Self::CaptureCompleted => ("PAYMENT.CAPTURE.COMPLETED", "capture", Some("2.0")),
            Self::CapturePending => ("PAYMENT.CAPTURE.PENDING", "capture", Some("2.0")),
            Self::CaptureDeclined => ("PAYMENT.CAPTURE.DECLINED", "capture", Some("2.0")),
            Self::CaptureDenied => ("PAYMENT.CAPTURE.DENIED", "capture", Some("2.0")),
            Self::CaptureRefunded => ("PAYMENT.CAPTURE.REFUNDED", "refund", Some("2.0")),
            Self::CaptureReversed => ("PAYMENT.CAPTURE.REVERSED", "refund", Some("2.0")),
            Self::SaleCompleted => ("PAYMENT.SALE.COMPLETED", "sale", Some("1.0")),
            // Disputes carry no version.
            Self::DisputeCreated => ("CUSTOMER.DISPUTE.CREATED", "dispute", None),
        }
    }

    fn summary(self, amount: Money) -> String {
        let money = format!("€ {amount} {}", amount.currency.code());
        match self {
            Self::OrderApproved => "An order has been approved by buyer".to_owned(),
            Self::CaptureCompleted | Self::SaleCompleted => {
                format!("Payment completed for {money}")
            }
            Self::CapturePending => format!("Payment pending for {money}"),
            Self::CaptureDeclined => format!("A payment capture for {money} was declined."),
            Self::CaptureDenied => format!("Payment denied for {money}"),
            Self::CaptureRefunded => format!("A {money} capture payment was refunded"),
            Self::CaptureReversed => format!("A {money} capture payment was reversed"),
            Self::DisputeCreated => "A new dispute opened".to_owned(),
        }
    }
}

impl State {
    /// Tells of an approval: when it can be captured, or before, or twice.
    pub(crate) fn tell_of_approval(&mut self, order_id: &str, now: Timestamp) {
        let Some(order) = self.books.order(order_id) else {
            return;
        };
        let (resource, amount) = (self.shapes().order(order, None, &[]), order.amount);
        let capturable_at = later(now, seconds(self.behaviour.approval_lag_s));
        let early = self.behaviour.approved_event_early;
        let first_at = if early { now } else { capturable_at };
        let approved = EventType::OrderApproved;
        self.tell_from(first_at, approved, &resource, amount, now);
        if self.behaviour.approved_event_twice {
            self.tell_from(capturable_at, approved, &resource, amount, now);
        }
    }

    pub(crate) fn tell_of_capture(&mut self, event: EventType, capture_id: &str, now: Timestamp) {
        let Some(capture) = self.books.capture(capture_id) else {
            return;
        };
        let amount = capture.amount;
        let resource = self.shapes().capture_alone(capture);
        let sale = self.shapes().sale(capture);
        self.tell(event, &resource, amount, now);
        if event == EventType::CaptureCompleted && self.behaviour.sale_event_v1 {
            self.tell(EventType::SaleCompleted, &sale, amount, now);
        }
    }

    /// Tells that a capture was denied, which is not so.
    pub(crate) fn tell_falsely_of_denial(&mut self, capture: &Capture, now: Timestamp) {
        let mut denied = capture.clone();
        denied.status = CaptureStatus::Declined;
        let resource = self.shapes().capture_alone(&denied);
        self.tell(EventType::CaptureDenied, &resource, denied.amount, now);
    }

    pub(crate) fn tell_of_refund(&mut self, event: EventType, refund: &Refund, now: Timestamp) {
        let capture = self.books.capture(&refund.capture_id);
        let marked = capture.filter(|_| !self.behaviour.refund_event_without_custom_id);
        let resource = self.shapes().refund(refund, marked);
        self.tell(event, &resource, refund.amount, now);
    }

    /// Writes the event into the books and, unless webhooks are off, queues it.
    pub(crate) fn tell(
        &mut self,
        event: EventType,
        resource: &Value,
        amount: Money,
        now: Timestamp,
    ) {
        self.tell_from(now, event, resource, amount, now);
    }

    /// The same, for an event that sets out later.
    fn tell_from(
        &mut self,
        from: Timestamp,
        event: EventType,
        resource: &Value,
        amount: Money,
        now: Timestamp,
    ) {
        let (event_type, resource_type, version) = event.words();
        let id = self.ids.event();
        let own = format!(
            "{}/v1/notifications/webhooks-events/{id}",
            self.settings.public_origin
        );
        let mut body = json!({
            "id": id,
            "event_version": "1.0",
            "create_time": now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
            "resource_type": resource_type,
            "event_type": event_type,
            "summary": event.summary(amount),
            "resource": resource,
            "links": [
                { "href": own, "rel": "self", "method": "GET" },
                { "href": format!("{own}/resend"), "rel": "resend", "method": "POST" },
            ],
        });
        if let Some(version) = version {
            body["resource_version"] = json!(version);
        }
        self.books.events.push(Event {
            id: id.clone(),
            event_type: event_type.to_owned(),
            created_at: now,
            body: Bytes::from(body.to_string()),
            deliveries: 0,
            accepted: 0,
        });
        self.told += 1;
        let every = u64::from(self.behaviour.webhook_drop_every);
        if every > 0 && self.told.is_multiple_of(every) {
            return;
        }
        let mut late_s = self.behaviour.webhook_delay_s;
        if self.behaviour.webhook_shuffle_s > 0 {
            late_s += self.ids.up_to(self.behaviour.webhook_shuffle_s);
        }
        let from = later(from, seconds(late_s));
        match self.behaviour.webhooks {
            WebhookMode::Normal => self.enqueue(&id, now, from),
            WebhookMode::Late => self.enqueue(&id, now, later(from, seconds(LATE_S))),
            WebhookMode::Twice => {
                self.enqueue(&id, now, from);
                self.enqueue(&id, now, from);
            }
            WebhookMode::OutOfOrder => {
                // One is held back until the next has overtaken it.
                let someone_is_held = self
                    .queue
                    .iter()
                    .any(|queued| queued.attempt == 1 && queued.due_at > now);
                let due_at = if someone_is_held {
                    from
                } else {
                    later(from, seconds(HELD_S))
                };
                self.enqueue(&id, now, due_at);
            }
            WebhookMode::Off => {}
        }
    }

    /// Queues an event for its first delivery, to each webhook that subscribes it.
    pub(crate) fn enqueue(&mut self, event_id: &str, now: Timestamp, due_at: Timestamp) {
        // From the end: it has mostly been told of just now.
        let mut events = self.books.events.iter().rev();
        let Some(event) = events.find(|event| event.id == event_id) else {
            return;
        };
        for webhook_id in self.webhooks.subscribers(&event.event_type) {
            self.enqueue_for(webhook_id, event_id, now, due_at);
        }
    }

    /// The same, to this webhook.
    pub(crate) fn enqueue_for(
        &mut self,
        webhook_id: String,
        event_id: &str,
        now: Timestamp,
        due_at: Timestamp,
    ) {
        let transmission_id = self.ids.transmission();
        self.queue.push(Queued {
            webhook_id,
            event_id: event_id.to_owned(),
            transmission_id,
            transmission_time: now,
            due_at,
            attempt: 1,
        });
    }

    /// Whether a delivery is this taker's.
    fn is_for(&self, taker: Taker, queued: &Queued) -> bool {
        let webhook = self.webhooks.with_id(&queued.webhook_id);
        match taker {
            Taker::Driver => true,
            Taker::Poster => webhook.is_some_and(|webhook| webhook.url.is_some()),
        }
    }

    /// Takes what is due out of the queue, the earliest due first.
    pub(crate) fn take_due(&mut self, taker: Taker, now: Timestamp) -> Vec<(Queued, Event)> {
        let (mut due, waiting): (Vec<_>, Vec<_>) = std::mem::take(&mut self.queue)
            .into_iter()
            .partition(|queued| queued.due_at <= now && self.is_for(taker, queued));
        self.queue = waiting;
        due.sort_by_key(|queued| queued.due_at);
        due.into_iter()
            .filter_map(|queued| {
                let event = self
                    .books
                    .events
                    .iter_mut()
                    .find(|event| event.id == queued.event_id)?;
                event.deliveries += 1;
                let event = event.clone();
                Some((queued, event))
            })
            .collect()
    }

    /// When the next delivery is due.
    pub(crate) fn next_due(&self, taker: Taker) -> Option<Timestamp> {
        let queued = self.queue.iter().filter(|it| self.is_for(taker, it));
        let queued = queued.map(|queued| queued.due_at).min();
        // What happens by itself tells of itself.
        queued.into_iter().chain(self.schedule.next()).min()
    }

    /// Notes what came of a delivery; queues it again where it was not taken.
    pub(crate) fn note(&mut self, queued: Queued, accepted: bool, now: Timestamp) {
        if accepted {
            let event = self
                .books
                .events
                .iter_mut()
                .find(|event| event.id == queued.event_id);
            if let Some(event) = event {
                event.accepted += 1;
            }
        } else if queued.attempt <= REPEATS_MAX
            // A webhook that was deleted meanwhile is told no more.
            && self.webhooks.with_id(&queued.webhook_id).is_some()
        {
            let pause = match self.behaviour.redelivery_pause_s {
                0 => repeat_after(queued.attempt),
                pause_s => seconds(pause_s),
            };
            let (transmission_id, transmission_time) = match self.behaviour.redelivery {
                Redelivery::SameHeaders => (queued.transmission_id, queued.transmission_time),
                Redelivery::Resigned => (self.ids.transmission(), later(now, pause)),
            };
            self.queue.push(Queued {
                webhook_id: queued.webhook_id,
                event_id: queued.event_id,
                transmission_id,
                transmission_time,
                due_at: later(now, pause),
                attempt: queued.attempt + 1,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_types;

    #[test]
    fn whatever_is_told_can_be_subscribed() {
        for event in [
            EventType::OrderApproved,
            EventType::CaptureCompleted,
            EventType::CapturePending,
            EventType::CaptureDeclined,
            EventType::CaptureDenied,
            EventType::CaptureRefunded,
            EventType::CaptureReversed,
            EventType::DisputeCreated,
            EventType::SaleCompleted,
        ] {
            let (name, _, _) = event.words();
            assert!(event_types::description(name).is_some(), "{name}");
        }
    }
}
