//! What a read shows where that is not what is so: orders that lag behind
//! themselves, and parts, times and statuses that are missing or odd.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::answers::Refusal;
use crate::behaviour::{ExpiredAs, Omitted, StatusAfterDecline, UpdateTime, seconds};
use crate::books::{Capture, Order, OrderState, Refund, RefundKind};
use crate::signing::shown;
use crate::state::{Before, State, later};

impl State {
    /// Lets an order stand otherwise from now on. Every change goes through
    /// here, or a read that lags would have nothing to show.
    pub(crate) fn change_order(&mut self, id: &str, state: OrderState, now: Timestamp) {
        let Some(order) = self.books.orders.iter_mut().find(|order| order.id == id) else {
            return;
        };
        let captured = matches!(state, OrderState::Completed { .. });
        let before = Before {
            until: now,
            state: std::mem::replace(&mut order.state, state),
            updated_at: std::mem::replace(&mut order.updated_at, now),
            captured,
        };
        let past = self.past.before.entry(id.to_owned()).or_default();
        past.push(before);
    }

    /// The order as a read shows it, which may be what it was.
    pub(crate) fn read_order(
        &mut self,
        id: &str,
        now: Timestamp,
    ) -> Result<(Order, Option<Capture>), Refusal> {
        let mut order = self.asked_order(id, now)?.clone();
        let is_captured = matches!(order.state, OrderState::Completed { .. });
        let unreadable = seconds(self.behaviour.get_404_order_s);
        if is_captured && now < later(order.updated_at, unreadable) {
            return Err(Refusal::issue("INVALID_RESOURCE_ID"));
        }
        if let Some((state, updated_at)) = self.lagging(id, now) {
            order.state = state;
            order.updated_at = updated_at;
        }
        let capture = match order.state {
            OrderState::Completed { .. } => self.capture_of(&order).cloned(),
            OrderState::AwaitingPayer | OrderState::Approved { .. } => None,
        };
        Ok((order, capture))
    }

    /// What the order was, if its last change is not to be seen yet.
    fn lagging(&mut self, id: &str, now: Timestamp) -> Option<(OrderState, Timestamp)> {
        let any_change = seconds(self.behaviour.stale_reads_s);
        let its_capture = any_change.max(seconds(self.behaviour.already_captured_while_approved_s));
        let unseen = |before: &&Before| {
            let lag: SignedDuration = if before.captured {
                its_capture
            } else {
                any_change
            };
            now < later(before.until, lag)
        };
        let before = self.past.before.get(id)?.iter().find(unseen)?;
        if self.behaviour.stale_reads_flap {
            let reads = self.past.reads.entry(id.to_owned()).or_default();
            *reads += 1;
            if reads.is_multiple_of(2) {
                return None;
            }
        }
        Some((before.state.clone(), before.updated_at))
    }

    /// An order's JSON as the behaviour has it, in any answer.
    pub(crate) fn as_told(&self, mut body: Value, order: &Order, now: Timestamp) -> Value {
        let declined = order.declined_captures > 0 && order.state == OrderState::AwaitingPayer;
        if declined && self.behaviour.status_after_decline == StatusAfterDecline::Created {
            body["status"] = json!("CREATED");
        }
        if let Some(fields) = body.as_object_mut() {
            let made_at = fields.get("create_time").cloned();
            // A minimal answer has neither time.
            match (self.behaviour.update_time, made_at) {
                (UpdateTime::Changes, _) | (_, None) => {}
                (UpdateTime::Absent, Some(_)) => {
                    fields.remove("update_time");
                }
                (UpdateTime::Frozen, Some(made_at)) => {
                    fields.insert("update_time".to_owned(), made_at);
                }
                (UpdateTime::Moves, Some(_)) => {
                    fields.insert("update_time".to_owned(), json!(shown(now)));
                }
            }
        }
        self.behaviour.omit_parts.leave_out(&mut body);
        body
    }

    /// The refunds that a read of an order shows: those that the merchant has made.
    pub(crate) fn refunds_shown(&self, order: &Order, now: Timestamp) -> Vec<&Refund> {
        let Some(capture) = self.capture_of(order) else {
            return Vec::new();
        };
        let unreadable = seconds(self.behaviour.get_404_after_refund_s);
        let refunds = self.books.refunds.iter();
        refunds
            .filter(|refund| refund.capture_id == capture.id && refund.kind == RefundKind::Refund)
            .filter(|refund| now >= later(refund.created_at, unreadable))
            .collect()
    }

    /// The order as it reads after its end, where it still reads.
    pub(crate) fn voided(&self, id: &str, now: Timestamp) -> Option<Value> {
        let order = self.books.order(id)?;
        let voided = self.behaviour.expired_as == ExpiredAs::Voided
            && !self.behaviour.foreign_order_403
            && self.has_expired(order, now);
        voided.then(|| {
            let mut body = self.as_told(self.shapes().order(order, None, &[]), order, now);
            body["status"] = json!("VOIDED");
            body
        })
    }
}

impl Omitted {
    /// Leaves the parts out, wherever they stand.
    pub(crate) fn leave_out(self, body: &mut Value) {
        let Self {
            payments,
            payee,
            custom_id,
            invoice_id,
            amount,
        } = self;
        let parts = [
            ("payments", payments),
            ("payee", payee),
            ("custom_id", custom_id),
            ("invoice_id", invoice_id),
            ("amount", amount),
        ];
        for (part, left_out) in parts {
            if left_out {
                leave_out(body, part);
            }
        }
    }
}

fn leave_out(body: &mut Value, part: &str) {
    match body {
        Value::Array(items) => items.iter_mut().for_each(|item| leave_out(item, part)),
        Value::Object(fields) => {
            fields.remove(part);
            fields.values_mut().for_each(|field| leave_out(field, part));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
