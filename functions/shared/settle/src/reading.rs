//! What an order, as PayPal shows it, says about the money. Pure.

use jiff::Timestamp;
use paypal::{Capture, CaptureStatus, Order, OrderStatus};
use store::Attempt;
use ticket::Ticket;

/// What an order says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The money came; whether it is the money we asked for is in the facts.
    Captured(Box<Capture>, Facts),
    /// PayPal holds the capture back.
    Pending(Box<Capture>),
    /// A capture was made and brought nothing; the order is used up.
    Refused {
        /// PayPal's code for why.
        issue: String,
    },
    /// The payer has agreed; nothing is captured.
    Approved {
        /// Since when, as far as PayPal says.
        at: Option<Timestamp>,
    },
    /// The payer has not agreed, or no longer does.
    NotApproved,
    /// The order will never be captured.
    Dead,
    /// Something newer than this code: nothing may be concluded from it.
    Unknown(String),
}

impl Reading {
    /// Since when the payer has agreed, as far as the order says.
    pub(crate) fn approved_at(&self) -> Option<Timestamp> {
        match self {
            Self::Approved { at } => *at,
            Self::Captured(..)
            | Self::Pending(_)
            | Self::Refused { .. }
            | Self::NotApproved
            | Self::Dead
            | Self::Unknown(_) => None,
        }
    }
}

/// Whether captured money is what we asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Facts {
    /// Amount, currency, payee and attempt are right.
    Right,
    /// One of them is not.
    Wrong,
    /// One of them was not said; the others are right.
    Missing,
}

/// Reads an order. The most that any capture says counts: one that brought
/// money before one that may still, before one that did not.
pub(crate) fn read(order: &Order, ticket: &Ticket, attempt: &Attempt, payee: &str) -> Reading {
    let with = |wanted: fn(&CaptureStatus) -> bool| {
        order
            .captures
            .iter()
            .find(|capture| wanted(&capture.status))
            .cloned()
            .map(Box::new)
    };
    if let Some(capture) = with(brought_money) {
        let facts = facts(&capture, ticket, attempt, payee);
        return Reading::Captured(capture, facts);
    }
    if let Some(capture) = with(|status| matches!(status, CaptureStatus::Pending)) {
        return Reading::Pending(capture);
    }
    if let Some(capture) = with(|status| matches!(status, CaptureStatus::Other(_))) {
        // sabotage: something new means no
        return Reading::Unknown(format!("capture {:?}", capture.status));
    }
    match &order.status {
        OrderStatus::Approved => Reading::Approved {
            at: order.update_time,
        },
        OrderStatus::Created | OrderStatus::Saved | OrderStatus::PayerActionRequired => {
            Reading::NotApproved
        }
        OrderStatus::Voided => Reading::Dead,
        OrderStatus::Completed => match order.captures.last() {
            Some(refused) => Reading::Refused {
                issue: refused_as(refused),
            },
            None => Reading::Unknown("completed without a capture".to_owned()),
        },
        OrderStatus::Other(status) => Reading::Unknown(format!("order {status}")),
    }
}

/// Reads a capture that was asked for by itself.
pub(crate) fn read_capture(
    capture: &Capture,
    ticket: &Ticket,
    attempt: &Attempt,
    payee: &str,
) -> Reading {
    match &capture.status {
        CaptureStatus::Completed | CaptureStatus::Refunded | CaptureStatus::PartiallyRefunded => {
            let facts = facts(capture, ticket, attempt, payee);
            Reading::Captured(Box::new(capture.clone()), facts)
        }
        CaptureStatus::Pending => Reading::Pending(Box::new(capture.clone())),
        CaptureStatus::Declined | CaptureStatus::Failed => Reading::Refused {
            issue: refused_as(capture),
        },
        CaptureStatus::Other(status) => Reading::Unknown(format!("capture {status}")),
    }
}

fn refused_as(capture: &Capture) -> String {
    let reason = capture.reason.clone();
    reason.unwrap_or_else(|| "CAPTURE_DECLINED".to_owned())
}

/// Money came, even where it was given back since: it must be booked once.
pub(crate) fn brought_money(status: &CaptureStatus) -> bool {
    // sabotage: pending means paid
    // sabotage: declined in a 201 is taken for paid
    match status {
        CaptureStatus::Completed | CaptureStatus::Refunded | CaptureStatus::PartiallyRefunded => {
            true
        }
        CaptureStatus::Pending
        | CaptureStatus::Declined
        | CaptureStatus::Failed
        | CaptureStatus::Other(_) => false,
    }
}

/// Compares each fact with what we asked for. A capture inside an order already has
/// those its unit says for it: another unit's are another payment's.
fn facts(capture: &Capture, ticket: &Ticket, attempt: &Attempt, our_account: &str) -> Facts {
    let money_is_right = capture.status == CaptureStatus::Completed
        // sabotage: any currency will do
        && capture.amount.euro_cents() == Some(attempt.amount)
        && attempt.amount == ticket.rest();
    let said = [
        (capture.custom_id.as_deref(), attempt.id.as_str()),
        // sabotage: any account will do
        (capture.payee_merchant_id.as_deref(), our_account),
    ];
    let is_another = |(said, ours): &(Option<&str>, &str)| said.is_some_and(|it| it != *ours);
    if !money_is_right || said.iter().any(is_another) {
        Facts::Wrong
    } else if said.iter().any(|(said, _)| said.is_none()) {
        Facts::Missing
    } else {
        Facts::Right
    }
}

#[cfg(test)]
mod tests;
