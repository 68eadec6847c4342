//! What `PayPal` does: its own books are the truth.

use crate::protocol::Protocol;
use crate::state::Order;

/// What a capture call does to an approved order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The money moves.
    Completes,
    /// The capture is made and held back.
    IsHeldBack,
    /// The capture is made and declined; the order is used up.
    IsDeclined,
    /// 422, and the order stays approved.
    IsRefused,
    /// 422, and the payer must approve again.
    IsRefusedAndUnapproved,
}

/// What the caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// COMPLETED.
    Completed,
    /// PENDING.
    Pending,
    /// DECLINED, or the order is gone.
    Dead,
    /// A definite 4xx.
    Refused,
}

impl Outcome {
    const ALL: [Self; 5] = [
        Self::Completes,
        Self::IsHeldBack,
        Self::IsDeclined,
        Self::IsRefused,
        Self::IsRefusedAndUnapproved,
    ];

    /// What may come of a capture call for an order that stands so.
    pub(crate) fn of(protocol: &Protocol, order: Order) -> impl Iterator<Item = Self> + use<'_> {
        Self::ALL.into_iter().filter(move |outcome| match outcome {
            // An order that is not approved has one answer, and so has a second
            // call for one that is captured already.
            Self::Completes => true,
            Self::IsHeldBack => order == Order::Approved && protocol.holds_back,
            Self::IsDeclined | Self::IsRefused | Self::IsRefusedAndUnapproved => {
                order == Order::Approved && protocol.declines
            }
        })
    }

    /// What becomes of the order, and what the caller is told.
    pub(crate) fn happens_to(self, order: Order) -> (Order, Answer) {
        match (order, self) {
            (Order::NotApproved, _) => (order, Answer::Refused),
            // The answer of the first call again, or ORDER_ALREADY_CAPTURED and
            // a GET: it comes to the same.
            (Order::Completed, _) => (order, Answer::Completed),
            (Order::Pending, _) => (order, Answer::Pending),
            (Order::Dead, _) => (order, Answer::Dead),
            (Order::Approved, Self::Completes) => (Order::Completed, Answer::Completed),
            (Order::Approved, Self::IsHeldBack) => (Order::Pending, Answer::Pending),
            (Order::Approved, Self::IsDeclined) => (Order::Dead, Answer::Dead),
            (Order::Approved, Self::IsRefused) => (Order::Approved, Answer::Refused),
            (Order::Approved, Self::IsRefusedAndUnapproved) => {
                (Order::NotApproved, Answer::Refused)
            }
        }
    }
}
