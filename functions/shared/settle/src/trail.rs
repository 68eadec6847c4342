//! What ties the lines of one payment, refund or row of PayPal's books together: the span
//! they are written in, and the line that says what came of it.
//!
//! A sweep looks at dozens of attempts side by side under one request id. In these spans each
//! call to PayPal bears the attempt it was made for, and each line the debug id of the last
//! answer before it, on which it rests.
//!
//! A look is two lines or three, about a kilobyte, and an abandoned checkout takes up to 25
//! of them in its life: a thousand of those cost two US cents.

use std::fmt::Debug;

use paypal::TransactionKind;
use store::{Attempt, PlacedOrder};
use ticket::OrderId;
use tracing::Span;
use tracing::field::Empty;

use crate::decision::Step;
use crate::{Progress, Wake};

/// All that is done about an attempt.
pub(crate) fn of_attempt(attempt: &Attempt) -> Span {
    let order = attempt.order.as_ref();
    let order = order.map(|order| OrderId::as_str(&order.id));
    tracing::info_span!("attempt", case_number = %attempt.case_number, attempt = %attempt.id, order, debug_id = Empty)
}

/// All that is done about a refund that was decided.
#[cfg(feature = "sweep")]
pub(crate) fn of_refund(id: &ticket::RefundId) -> Span {
    tracing::info_span!("refund", refund = %id, debug_id = Empty)
}

/// All that is done about what a webhook says has left.
pub(crate) fn of_claim(claim: &impl Debug) -> Span {
    tracing::info_span!("claim", ?claim, debug_id = Empty)
}

/// All that is done about a row of PayPal's books.
pub(crate) fn of_row(kind: &TransactionKind) -> Span {
    tracing::info_span!("row", ?kind, debug_id = Empty)
}

/// A driver may be sent to this order.
pub(crate) fn tell_placed(order: &PlacedOrder) {
    tracing::info!(order = %order.id, "an order was made");
}

/// What a look at an attempt came to. One that dies before, or that the table does not let
/// through, has no such line; who called it has another.
pub(crate) fn tell_looked(wake: Wake, last: &'static str, progress: Progress) {
    tracing::info!(?wake, last, ?progress, "an attempt was looked at");
}

/// What a look at a refund came to.
#[cfg(feature = "sweep")]
pub(crate) fn tell_refund_looked_at(came_to: impl Debug) {
    tracing::info!(?came_to, "a refund was looked at");
}

/// A step's name; what it carries may be a whole capture.
pub(crate) const fn name(step: &Step) -> &'static str {
    match step {
        Step::ResolveLock => "resolve lock",
        Step::StandBack { .. } => "stand back",
        Step::Ask(_) => "ask",
        Step::TakeLock { .. } => "take lock",
        Step::TakeOver { .. } => "take over",
        Step::Capture => "capture",
        Step::Book(..) => "book",
        Step::KeepPending(_) => "keep pending",
        Step::Release(_) => "release",
        Step::End(_) => "end",
        Step::EndPending(_) => "end pending",
        Step::Stop(..) => "stop",
    }
}
