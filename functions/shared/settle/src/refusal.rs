//! What a refused capture means for its lock, when the order was read since and
//! shows no capture. Pure.
//!
//! | PayPal says | what follows |
//! |---|---|
//! | bank, payer, our account or our request | it counts: nothing moved |
//! | `MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED` | it counts |
//! | `ORDER_NOT_APPROVED` | tried again for two minutes: approvals lag; where a call was not answered, for ten: reads lag; then it counts |
//! | `DUPLICATE_INVOICE_ID` | ten minutes: this very order may have paid it, and reads lag; then it counts |
//! | `ORDER_ALREADY_CAPTURED`, `ORDER_COMPLETION_IN_PROGRESS` | money has moved or is about to: it waits until the order shows it |
//! | no such order (404) | the same try is made again: the order is shown, so it was a moment's |
//! | expired, completed or voided | it waits: which of them, the order will show |
//! | anything else, or nothing | it waits |
//!
//! Where an earlier call of the try was not answered, no refusal counts for ten minutes.
//! What waits does so until the order shows a capture, or its life is over; where it is
//! not shown any more, see `decision::ended_lock`.

use std::time::Duration;

use jiff::Timestamp;
use paypal::Issue;
use store::{Attempt, AttemptEnd, Decline, Released};
use ticket::Lock;

use crate::Wake;
use crate::limits::{APPROVAL_LAG, CAPTURE_ROUNDS_MAX, LOOK_YOUNG, READ_LAG, since};
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

/// What has been heard of the earlier calls of a try.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TryHistory {
    /// For how long each was refused in a way that proves nothing.
    pub waited: Duration,
    /// One was never answered: its effect may be there, whatever is said since.
    pub unanswered: bool,
}

impl TryHistory {
    /// What the lock of the try remembers, whose last call was answered or not.
    pub(crate) fn of(lock: &Lock, now: Timestamp) -> Self {
        let refused = lock.refused_as.is_some();
        let refused_since = lock.refused_since.filter(|_| refused);
        Self {
            waited: refused_since.map_or(Duration::ZERO, |then| since(then, now)),
            unanswered: lock.unanswered || !refused,
        }
    }
}

/// What follows from a refusal, while the order shows no capture.
pub(crate) fn verdict(issue: &Issue, heard: TryHistory) -> Verdict {
    let TryHistory { waited, unanswered } = heard;
    // sabotage: a refusal nobody knows gives the lock back
    // sabotage: an approval that lags is none
    match issue {
        Issue::OrderNotFound => Verdict::TryAgain,
        // Said of orders that were captured, too.
        Issue::OrderNotApproved if unanswered && waited < READ_LAG => Verdict::TryAgain,
        // It says nothing about the call before that was not answered: had that moved
        // money, the order shows it by then.
        _ if unanswered && waited < READ_LAG => Verdict::Waits,
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
/// since. `refused_at` is PayPal's clock: a change of the order before that moment is
/// no new approval, however late a read shows it.
pub(crate) fn released(
    issue: &Issue,
    attempt: &Attempt,
    order: &Reading,
    refused_at: Option<Timestamp>,
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
        | Issue::OrderNotFound
        | Issue::Other(_) => (false, false),
    };
    let is_last_round = attempt.refusals + 1 >= CAPTURE_ROUNDS_MAX;
    if !may_go_on || is_last_round {
        return Released::Ended(AttemptEnd::Declined);
    }
    Released::Refused(Decline {
        at: now,
        issue: issue.code().to_owned(),
        // An order that shows no approval now may not show it yet: a later look tells.
        retry_allowed: is_new_approval,
        order_changed_at: order
            .approved_at()
            .map(|at| refused_at.map_or(at, |it| it.max(at))),
        changed_again_at: None,
        change_seen_at: None,
        pressed_at: None,
    })
}

/// Whether an order that is approved and was refused may be captured again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    /// The payer has approved anew.
    Yes,
    /// The card is the refused one, as far as anybody can tell.
    No,
    /// The order has changed, by PayPal's clock, at this moment: that is a new
    /// approval if the next look finds the same.
    Perhaps(Timestamp),
}

/// Whether the payer has approved anew since the refusal; the order was changed
/// last at `changed_at`. PayPal's times are compared with PayPal's, ours with
/// ours.
pub(crate) fn again(
    decline: &Decline,
    changed_at: Option<Timestamp>,
    wake: Wake,
    now: Timestamp,
) -> Retry {
    if decline.retry_allowed {
        return Retry::Yes;
    }
    // A driver who has pressed comes back with a choice. A webhook may be late, and
    // about the refused approval; and whoever does not come back has agreed to nothing.
    if decline.pressed_at.is_some() && wake == Wake::Return {
        return Retry::Yes;
    }
    match (changed_at, decline.order_changed_at) {
        (Some(changed_at), Some(before)) if changed_at > before => {
            let is_another_look = decline
                .change_seen_at
                .is_none_or(|seen_at| since(seen_at, now) >= LOOK_YOUNG / 2);
            if decline.changed_again_at == Some(changed_at) && is_another_look {
                Retry::Yes
            } else {
                Retry::Perhaps(changed_at)
            }
        }
        (Some(_) | None, _) => Retry::No,
    }
}

#[cfg(test)]
mod tests;
