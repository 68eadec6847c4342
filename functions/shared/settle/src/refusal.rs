//! What a refused capture means for its lock, when the order was read since and
//! shows no capture. Pure.
//!
//! | `PayPal` says | what follows |
//! |---|---|
//! | bank, payer, our account or our request | it counts: nothing moved |
//! | `MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED` | it counts |
//! | `ORDER_NOT_APPROVED` | tried again for two minutes: approvals lag; then it counts |
//! | `DUPLICATE_INVOICE_ID` | ten minutes: this very order may have paid it, and reads lag; then it counts |
//! | `ORDER_ALREADY_CAPTURED`, `ORDER_COMPLETION_IN_PROGRESS` | money has moved or is about to: it waits until the order shows it |
//! | expired, completed or voided | it waits: which of them, the order will show |
//! | anything else, or nothing | it waits |
//!
//! What waits does so until the order shows a capture, or its life is over.

use std::time::Duration;

use jiff::Timestamp;
use paypal::Issue;
use store::{Attempt, AttemptState, Decline, Released};

use crate::Wake;
use crate::limits::{APPROVAL_LAG, CAPTURE_ROUNDS_MAX, CHOOSING, READ_LAG, since};
use crate::reading::Reading;

/// What follows from a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing moved: the lock is given back.
    Counts,
    /// The same try is made again.
    TryAgain,
    /// The lock stays.
    Waits,
}

/// What follows from a refusal that has been waited on for so long, while the order
/// shows no capture.
pub(crate) fn verdict(issue: &Issue, waited: Duration) -> Verdict {
    // sabotage: a refusal nobody knows gives the lock back
    // sabotage: an approval that lags is none
    match issue {
        Issue::InstrumentDeclined
        | Issue::PayerActionRequired
        | Issue::AttemptsExceeded
        | Issue::PayerCannotPay(_)
        | Issue::OurAccount(_)
        | Issue::OurRequest(_) => Verdict::Counts,
        Issue::OrderNotApproved if waited >= APPROVAL_LAG => Verdict::Counts,
        Issue::OrderNotApproved => Verdict::TryAgain,
        Issue::DuplicateInvoiceId if waited >= READ_LAG => Verdict::Counts,
        Issue::DuplicateInvoiceId
        | Issue::OrderAlreadyCaptured
        | Issue::OrderCompletionInProgress
        | Issue::OrderIsOver(_)
        | Issue::Other(_) => Verdict::Waits,
    }
}

/// How the lock is given back after a refusal that counts, by what the order said
/// since.
pub(crate) fn released(
    issue: &Issue,
    attempt: &Attempt,
    order: &Reading,
    now: Timestamp,
) -> Released {
    let (may_go_on, is_new_approval) = match issue {
        Issue::InstrumentDeclined | Issue::PayerActionRequired => (true, false),
        // Nobody refused a card: an approval that is seen at last may be captured.
        Issue::OrderNotApproved => (true, true),
        Issue::DuplicateInvoiceId => return Released::InvoiceRefused,
        Issue::AttemptsExceeded
        | Issue::PayerCannotPay(_)
        | Issue::OurAccount(_)
        | Issue::OurRequest(_)
        | Issue::OrderAlreadyCaptured
        | Issue::OrderCompletionInProgress
        | Issue::OrderIsOver(_)
        | Issue::Other(_) => (false, false),
    };
    let is_last_round = attempt.refusals + 1 >= CAPTURE_ROUNDS_MAX;
    if !may_go_on || is_last_round {
        return Released::Ended(AttemptState::Declined);
    }
    let (is_approved, order_changed_at) = match order {
        Reading::Approved { at } => (true, *at),
        Reading::Captured(..)
        | Reading::Pending(_)
        | Reading::Refused { .. }
        | Reading::NotApproved
        | Reading::Dead
        | Reading::Unknown(_) => (false, None),
    };
    Released::Refused(Decline {
        at: now,
        issue: issue.code().to_owned(),
        retry_allowed: is_new_approval || !is_approved,
        order_changed_at,
        changed_again_at: None,
        pressed_at: None,
    })
}

/// Whether an order that is approved and was refused may be captured again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// The payer has approved anew.
    Yes,
    /// The card is the refused one, as far as anybody can tell.
    No,
    /// The order has changed, by `PayPal`'s clock, at this moment: that is a new
    /// approval if the next look finds the same.
    Perhaps(Timestamp),
}

/// Whether the payer has approved anew since the refusal; the order was changed
/// last at `changed_at`. `PayPal`'s times are compared with `PayPal`'s, ours with
/// ours.
pub(crate) fn again(
    decline: &Decline,
    changed_at: Option<Timestamp>,
    wake: Wake,
    now: Timestamp,
) -> Again {
    if decline.retry_allowed {
        return Again::Yes;
    }
    // A driver who has pressed comes back with a choice, or has closed the window
    // long ago. A webhook may be late, and about the refused approval.
    if let Some(pressed_at) = decline.pressed_at
        && (wake == Wake::Return || since(pressed_at, now) >= CHOOSING)
    {
        return Again::Yes;
    }
    match (changed_at, decline.order_changed_at) {
        (Some(changed_at), Some(before)) if changed_at > before => {
            if decline.changed_again_at == Some(changed_at) {
                Again::Yes
            } else {
                Again::Perhaps(changed_at)
            }
        }
        (Some(_) | None, _) => Again::No,
    }
}

#[cfg(test)]
mod tests;
