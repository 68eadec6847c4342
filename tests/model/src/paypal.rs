//! What PayPal does: its own books are the truth.

use crate::protocol::Protocol;
use crate::state::{Id, Order, State};

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
    /// 422 as for a card that is refused, though an earlier call has captured it.
    IsDenied,
    /// 422, since an earlier call has captured it.
    WasCaptured,
}

/// What the caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Answer {
    /// COMPLETED.
    Completed,
    /// PENDING.
    Pending,
    /// DECLINED, or the order is gone.
    Dead,
    /// The bank has refused.
    Declined,
    /// The order is not approved.
    NotApproved,
    /// It was captured already.
    AlreadyCaptured,
    /// Nothing.
    None,
}

impl Outcome {
    const ALL: [Self; 7] = [
        Self::Completes,
        Self::IsHeldBack,
        Self::IsDeclined,
        Self::IsRefused,
        Self::IsRefusedAndUnapproved,
        Self::IsDenied,
        Self::WasCaptured,
    ];

    /// What may come of a capture call for an order that stands so.
    pub(crate) fn of(protocol: &Protocol, order: Order) -> impl Iterator<Item = Self> + use<'_> {
        Self::ALL.into_iter().filter(move |outcome| match outcome {
            // An order that is not approved has one answer.
            Self::Completes => true,
            Self::IsDenied | Self::WasCaptured => {
                matches!(order, Order::Completed | Order::Pending) && protocol.declines
            }
            Self::IsHeldBack => order == Order::Approved && protocol.holds_back,
            Self::IsDeclined | Self::IsRefused | Self::IsRefusedAndUnapproved => {
                order == Order::Approved && protocol.declines
            }
        })
    }

    /// What becomes of the order, and what the caller is told.
    pub(crate) fn happens_to(self, order: Order) -> (Order, Answer) {
        match (order, self) {
            (Order::NotApproved, _) => (order, Answer::NotApproved),
            (Order::Completed | Order::Pending, Self::IsDenied)
            | (Order::Approved, Self::IsRefused | Self::IsDenied | Self::WasCaptured) => {
                (order, Answer::Declined)
            }
            (Order::Completed | Order::Pending, Self::WasCaptured) => {
                (order, Answer::AlreadyCaptured)
            }
            // The answer of the first call again.
            (Order::Completed, _) => (order, Answer::Completed),
            (Order::Pending, _) => (order, Answer::Pending),
            (Order::Dead, _) => (order, Answer::Dead),
            (Order::Approved, Self::Completes) => (Order::Completed, Answer::Completed),
            (Order::Approved, Self::IsHeldBack) => (Order::Pending, Answer::Pending),
            (Order::Approved, Self::IsDeclined) => (Order::Dead, Answer::Dead),
            (Order::Approved, Self::IsRefusedAndUnapproved) => {
                (Order::NotApproved, Answer::Declined)
            }
        }
    }
}

impl State {
    /// A capture call is carried out.
    pub(crate) fn capture(&mut self, id: Id, outcome: Outcome) -> Answer {
        let order = &mut self.orders[id as usize];
        let before = *order;
        let (after, answer) = outcome.happens_to(before);
        *order = after;
        let is_captured = match after {
            Order::Completed | Order::Pending | Order::Dead => true,
            Order::NotApproved | Order::Approved => false,
        };
        self.lags[id as usize] |= is_captured && after != before;
        answer
    }
}
