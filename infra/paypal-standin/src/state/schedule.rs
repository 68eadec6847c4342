//! What happens by itself when its time has come.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What becomes of a capture without the merchant's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Afterwards {
    /// A pending one ends well.
    Completes,
    /// A pending one ends badly.
    Denied,
    /// An event says that it ended badly; nothing of it is true (7.5).
    FalselyDenied,
    /// The merchant gives the rest back, in PayPal's own web pages.
    Refunded,
    /// The merchant gives so many minor units back there.
    RefundedInPart(u32),
    /// The bank takes the rest back.
    Reversed,
    /// A dispute ends with so many minor units taken back; the event does not
    /// say that it is a part (8.4).
    ReversedInPart(u32),
    /// What was taken back last returns, and nobody is told (8.5).
    ReversalUndone,
    /// The payer's card takes the rest back: T1201 (11.5).
    ChargedBack,
    /// The payer complains.
    Disputed,
    /// PayPal lets go of the money in dispute: T1111 (11.5).
    HoldReleased,
}

/// How a pending refund ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefundEnds {
    /// The money goes.
    Completed,
    /// It stays; nobody is told.
    Failed,
}

/// What is still to happen, in the order it was decided.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Schedule(Vec<Due>);

#[derive(Serialize, Deserialize)]
pub(crate) struct Due {
    pub(crate) at: Timestamp,
    pub(crate) id: String,
    pub(crate) what: What,
}

#[derive(Serialize, Deserialize)]
pub(crate) enum What {
    Capture(Afterwards),
    Refund(RefundEnds),
}

impl Schedule {
    /// Lets something become of a capture at a time.
    pub(crate) fn capture(&mut self, at: Timestamp, id: &str, what: Afterwards) {
        let (id, what) = (id.to_owned(), What::Capture(what));
        self.0.push(Due { at, id, what });
    }

    /// Lets a refund end at a time.
    pub(crate) fn refund(&mut self, at: Timestamp, id: &str, ends: RefundEnds) {
        let (id, what) = (id.to_owned(), What::Refund(ends));
        self.0.push(Due { at, id, what });
    }

    /// When the next thing happens.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.0.iter().map(|due| due.at).min()
    }

    /// The earliest that is due, taken out.
    pub(crate) fn take(&mut self, now: Timestamp) -> Option<Due> {
        let next = self.next().filter(|at| *at <= now)?;
        let place = self.0.iter().position(|due| due.at == next)?;
        Some(self.0.remove(place))
    }
}
