//! What may be said about a ticket: the one place where its state becomes a
//! page.

use jiff::Timestamp;
use ticket::{Channel, InFlight, Municipality, SettlementId, State, Ticket, UnderWay};

use crate::Outcome;

/// What a page shows of a ticket.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PageState<'a> {
    /// Waiting to be paid.
    Payable {
        /// Whether the due date has passed and the city takes it all the same.
        is_late: bool,
    },
    /// The due date has passed and the city takes no payment after it.
    TooLate,
    /// Somebody may be inside the capture call.
    Processing,
    /// Nobody knows yet what becomes of a payment.
    Awaited {
        /// The first moment we know of.
        since: Timestamp,
    },
    /// PayPal holds the money back.
    Pending,
    /// Paid, with the evidence.
    Paid(Payment<'a>),
    /// The driver contests.
    Objected,
    /// The city has dropped the case.
    Withdrawn,
    /// The city goes on with a fine order.
    HandedOver,
    /// A human looks into it.
    Review,
}

/// The payment that closed a case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Payment<'a> {
    pub(crate) settlement: &'a SettlementId,
    pub(crate) paid_at: Timestamp,
    pub(crate) by: Channel,
}

impl<'a> PageState<'a> {
    pub(crate) fn of(
        ticket: &'a Ticket,
        municipality: &Municipality,
        outcome: Option<Outcome>,
        now: Timestamp,
    ) -> Self {
        match &ticket.state {
            State::Open(Some(InFlight::Pending(_))) => Self::Pending,
            // After no answer the money may have moved: asking for it again
            // could charge a driver twice.
            State::Open(Some(InFlight::Locked(_)) | None) => match ticket.under_way(now) {
                Some(UnderWay::Capturing) => Self::Processing,
                Some(UnderWay::Awaited { since }) => Self::Awaited { since },
                None if outcome == Some(Outcome::Unclear) => Self::Processing,
                None if municipality.late_payment.refuses(ticket.due_on, now) => Self::TooLate,
                None => Self::Payable {
                    is_late: ticket.has_lapsed(now),
                },
            },
            State::Paid {
                settlement,
                paid_at,
                by,
            } => Self::Paid(Payment {
                settlement,
                paid_at: *paid_at,
                by: *by,
            }),
            State::Objected => Self::Objected,
            State::Withdrawn => Self::Withdrawn,
            State::HandedOver => Self::HandedOver,
            State::Review(_) => Self::Review,
        }
    }

    /// The value of `data-state`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Payable { .. } | Self::TooLate => "open",
            Self::Processing | Self::Awaited { .. } => "processing",
            Self::Pending => "pending",
            Self::Paid(_) => "paid",
            Self::Objected => "objected",
            Self::Withdrawn => "withdrawn",
            Self::HandedOver => "handed-over",
            Self::Review => "review",
        }
    }
}

/// The value of `data-attempt`.
pub(crate) const fn attempt_name(outcome: Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Unclear | Outcome::NotApproved => None,
        Outcome::Declined => Some("declined"),
        Outcome::Cancelled => Some("cancelled"),
        Outcome::Expired => Some("expired"),
    }
}
