//! Which sentences say what happened.

use ticket::{Captures, Ticket};

use crate::page_state::PageState;
use crate::text::Texts;
use crate::{Notice, Outcome};

/// Why a checkout led back.
pub(crate) fn notice_words(text: Texts, notice: Notice, ticket: &Ticket) -> String {
    match notice {
        Notice::PayPalUnreachable => text.paypal_unreachable().to_owned(),
        Notice::AmountChanged => text.amount_changed(&text.cents(ticket.rest())),
        Notice::NotCaptured => text.not_captured().to_owned(),
        Notice::Closed => text.closed().to_owned(),
        Notice::TooManyAttempts => text.too_many_attempts().to_owned(),
    }
}

/// Title and sentence of an attempt after which the ticket is still payable.
pub(crate) fn outcome_words(text: Texts, outcome: Option<Outcome>) -> (&'static str, &'static str) {
    match outcome {
        Some(Outcome::Declined) => (text.declined_title(), text.declined()),
        Some(Outcome::Cancelled) => (text.cancelled_title(), text.cancelled()),
        Some(Outcome::Expired) => (text.expired_title(), text.expired()),
        Some(Outcome::NotApproved) => (text.not_paid_title(), text.not_approved()),
        // An unclear one is never payable; should it be, this says least.
        Some(Outcome::Unclear) | None => (text.not_paid_title(), text.not_paid()),
    }
}

/// Title and two sentences of a state in which nothing is offered.
pub(crate) fn state_words(
    text: Texts,
    shown: &PageState<'_>,
    ticket: &Ticket,
    captures: Captures,
) -> (&'static str, String, &'static str) {
    match shown {
        PageState::Processing => (
            text.processing_title(),
            text.processing().to_owned(),
            text.processing_reload(),
        ),
        PageState::Awaited { since } => {
            let since = text.time(*since);
            let first = match captures {
                Captures::Open => text.awaited(&since),
                Captures::Closed => text.awaited_closed(&since),
            };
            (text.processing_title(), first, text.awaited_then())
        }
        PageState::Pending => (
            text.pending_title(),
            text.pending().to_owned(),
            text.pending_then(),
        ),
        PageState::Paid(_) => (
            text.paid_title(),
            text.paid_closed().to_owned(),
            text.receipt_elsewhere(),
        ),
        PageState::Objected => (
            text.objected_title(),
            text.objected().to_owned(),
            text.objected_then(),
        ),
        PageState::Withdrawn => (
            text.withdrawn_title(),
            text.withdrawn().to_owned(),
            text.withdrawn_then(),
        ),
        PageState::HandedOver => (
            text.handed_over_title(),
            text.handed_over().to_owned(),
            text.handed_over_then(),
        ),
        PageState::Review => (
            text.review_title(),
            text.review().to_owned(),
            text.review_then(),
        ),
        PageState::Payable { .. } | PageState::TooLate => (
            text.refused_title(),
            text.refused(&text.day(ticket.due_on.day())),
            text.refused_then(),
        ),
    }
}
