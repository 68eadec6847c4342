//! What is to be done about a payment attempt: decided here, done elsewhere. Pure: no
//! table, no PayPal, no clock. `settling` carries out one step after the other and
//! comes back with what it has learned; `tests/model` searches this very function.
//!
//! What a read of the attempt's own order leads to; *over* is past the order's life at
//! PayPal, and of held-back money the capture says more than the order:
//!
//! | the order is | live | live, over | another version | withdrawn | pending | pending, its capture | final |
//! |---|---|---|---|---|---|---|---|
//! | captured | book | book | book | book | book | book | book |
//! | held back | keep pending | keep pending | keep pending | known | known | known | known |
//! | declined | end: declined | end: declined | end: declined | end: declined | end: declined | end: declined | known |
//! | approved | take the lock | take the lock | end: expired | end: expired | ask about the capture | unclear | known |
//! | not approved | not approved | end: expired | not approved | not approved | ask about the capture | unclear | known |
//! | voided | end: expired | end: expired | end: expired | end: expired | ask about the capture | unclear | known |
//! | not known | not approved | end: expired | not approved | not approved | ask about the capture | unclear | known |
//! | not readable | unclear | end: expired | unclear | unclear | ask about the capture | unclear | unclear |
//! | something new | unclear | end: expired | unclear | unclear | ask about the capture | unclear | unclear |
//! | not answered | unclear | unclear | unclear | unclear | unclear | unclear | unclear |
//!
//! And of an order under a lock, be it one that has ended or our own, after the capture call
//! was answered: without naming a capture, with a refusal that counts, or with one that
//! nobody has heard of:
//!
//! | the order is | ended lock | ended lock, over | ended lock, captures closed | try answered | try declined | try refused, never heard of |
//! |---|---|---|---|---|---|---|
//! | captured | book | book | book | book | book | book |
//! | held back | keep pending | keep pending | keep pending | keep pending | keep pending | keep pending |
//! | declined | release: declined | release: declined | release: declined | release: declined | release: declined | release: declined |
//! | approved | take over | release: expired | release: nothing captured | unclear | release: refused | unclear, noted |
//! | not approved | take over | release: expired | release: nothing captured | unclear | release: refused | unclear, noted |
//! | voided | release: expired | release: expired | release: expired | release: expired | release: expired | release: expired |
//! | not known | unclear | ask the night | unclear | unclear | unclear, noted | unclear, noted |
//! | not readable | unclear | ask the night | unclear | unclear | unclear, noted | unclear, noted |
//! | something new | unclear | ask the night | unclear | unclear | unclear, noted | unclear, noted |
//! | not answered | unclear | unclear | unclear | unclear | unclear, noted | unclear, noted |
//!
//! What a refusal means: `refusal`. *Known*, *not approved* and *unclear* are how far one
//! has come without anything to do; *noted*: something is written down for the next one.

mod ended_lock;
mod own;
mod report;
mod tried;

use std::time::Duration;

use jiff::Timestamp;
use paypal::{Capture, Issue};
use store::{Attempt, AttemptEnd, AttemptState, EndedNight, Released};
use ticket::{CaptureId, Captures, LatePayment, Lock, Role, Ticket};

pub use crate::asking::Answer;
pub use crate::reading::{Facts, Reading};
pub use crate::refusal::TryHistory;

use crate::limits::order_is_over;
use crate::{Progress, Wake};

/// An attempt that is looked at, and all that is known without asking PayPal.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The ticket, as read last: under a lock of our own, before that was taken.
    pub ticket: &'a Ticket,
    /// The attempt, as read last: the one that is asked about, or the ended lock's.
    /// Under a lock of our own, with what the lock has stored.
    pub attempt: &'a Attempt,
    /// From where it is looked at.
    pub place: Place<'a>,
    /// Who has woken us.
    pub wake: Wake,
    /// Whether captures are made at all.
    pub captures: Captures,
    /// Whether enough of the budget is left to hear a capture's answer.
    pub has_time: bool,
    /// How long an order lives at PayPal.
    pub order_life: Duration,
    /// Our client id at PayPal: another one may be another account.
    pub client_id: &'a str,
    /// The time.
    pub now: Timestamp,
}

/// From where an attempt is looked at.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// On its own: no lock is ours.
    Own,
    /// The lease of this lock has ended, and it names the attempt.
    EndedLock(&'a Lock),
    /// We hold the lock, for a try of whose earlier calls so much was heard.
    Try(TryHistory),
}

/// What was learned during the look.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// An ended lock was looked at, and the ticket was read again.
    pub lock_was_asked_about: bool,
    /// What PayPal says about the order; after a call, since then.
    pub order: Option<Answer>,
    /// What it says about the capture that it holds back.
    pub capture: Option<Answer>,
    /// What it has answered to the capture call.
    pub called: Option<CaptureReply>,
    /// Whether the city takes late payments.
    pub late_payment: Option<LatePayment>,
    /// The last night whose comparison has come to its end; nothing in it where there
    /// was none, or it cannot be read.
    pub night: Option<Option<EndedNight>>,
}

/// What PayPal has answered to a capture call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaptureReply {
    /// An order.
    Answered(Reading),
    /// A refusal.
    Refused {
        /// The reason that PayPal gives.
        issue: Issue,
        /// The time of the refusal, by PayPal's clock.
        at: Option<Timestamp>,
    },
    /// Nothing that could be read.
    NotAnswered,
}

/// What must be known first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// How the attempt's order stands.
    Order,
    /// How this capture stands.
    Capture(CaptureId),
    /// Whether the city takes late payments.
    LatePayment,
    /// What the last night has read in PayPal's own books.
    Night,
}

/// The one next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Find out what came of the try of the ticket's ended lock, then look again.
    ResolveLock,
    /// Leave it: somebody may be inside the capture call, and books what comes of it.
    StandBack {
        /// When it is this attempt's turn, where its payer is there and the lock is
        /// another's: of this order that says nothing.
        turn_at: Option<Timestamp>,
    },
    /// Ask, then look again.
    Ask(Question),
    /// Take the lock, then look again from under it.
    TakeLock {
        /// When the payer approved, where PayPal says so.
        approved_at: Option<Timestamp>,
    },
    /// Take the ended lock over, for the same try, then look again from under it.
    TakeOver {
        /// When the payer approved, where PayPal says so.
        approved_at: Option<Timestamp>,
        /// What was heard of the try so far.
        heard: TryHistory,
    },
    /// Make the capture call, then look again.
    Capture,
    /// Book this money, as whatever [`role`] says at that moment.
    Book(Box<Capture>, Facts),
    /// Mark the capture that PayPal holds back.
    KeepPending(CaptureId),
    /// Give the lock back.
    Release(Released),
    /// Make an attempt final that brought no money.
    End(AttemptEnd),
    /// The same for one whose capture was held back.
    EndPending(CaptureId),
    /// Go, with so much known and these things written down for whoever comes next.
    Stop(Progress, Vec<Note>),
}

/// What whoever comes next must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Money may still come of this order.
    Awaited,
    /// Since when the payer has approved.
    ApprovedAt(Timestamp),
    /// The approval that was refused is gone.
    RetryAllowed,
    /// An order that was refused has changed since, by PayPal's clock.
    OrderChangedAt(Timestamp),
    /// The try was refused in a way that leaves open whether the money moved.
    Refused {
        /// PayPal's code.
        code: String,
        /// When, by PayPal's clock.
        at: Option<Timestamp>,
    },
    /// The order shows no capture, and no read lags any more.
    ShownUncaptured,
}

/// What somebody must hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// PayPal said something that this code does not know.
    SomethingNew(String),
    /// The order was made under another client id, and is not shown under ours.
    AnotherClient,
    /// The payer approved after the due date, and the city takes no late payments.
    ApprovedTooLate,
    /// PayPal holds a capture back.
    HeldBack {
        /// The capture.
        capture: CaptureId,
        /// PayPal's code for why.
        reason: Option<String>,
    },
    /// The capture was made, and declined.
    Declined {
        /// PayPal's code for why.
        issue: String,
    },
    /// The capture call was answered, and the order shows none.
    NothingShown,
    /// A refusal has proved by now that nothing moved.
    RefusalCounts {
        /// PayPal's code.
        code: String,
    },
    /// The order is over, and nothing was ever said of a capture.
    NeverAnswered,
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What is done.
    pub step: Step,
    /// What is reported before it.
    pub report: Option<Report>,
    /// Whether PayPal has said how the attempt stands, where it was asked: who gets
    /// no answer for long is told of.
    pub is_said: Option<bool>,
}

/// The next step for an attempt.
#[must_use]
pub fn decide(scene: &Scene<'_>, answers: &Answers) -> Decision {
    match scene.place {
        Place::Own => own::decide(scene, answers),
        Place::EndedLock(lock) => ended_lock::decide(scene, lock, answers),
        Place::Try(heard) => tried::decide(scene, heard, answers),
    }
}

/// What captured money is to a ticket that stands so.
#[must_use]
pub fn role(ticket: &Ticket, attempt: &Attempt, facts: Facts) -> Role {
    let standing = ticket.standing();
    match facts {
        Facts::Right if attempt.amount == ticket.rest() => standing.completed_capture(),
        Facts::Right | Facts::Wrong | Facts::Missing => standing.differing_capture(),
    }
}

impl Scene<'_> {
    /// Whether a capture may start: captures are open, it is not PayPal's books
    /// that are looked into, and its answer can be heard.
    fn may_capture(&self) -> bool {
        self.captures == Captures::Open
            && self.wake != Wake::Books
            && self.has_time
            && self.attempt.order.is_some()
    }

    fn is_live(&self) -> bool {
        self.attempt.state == AttemptState::Live
    }

    fn order_is_over(&self) -> bool {
        order_is_over(self.attempt, self.order_life, self.now)
    }

    /// Versions only grow: an order of another one can never be captured any more.
    fn is_of_this_version(&self) -> bool {
        self.attempt.version == self.ticket.version
    }

    /// What is done about a capture that PayPal holds back.
    fn held_back(&self, capture: &Capture) -> Decision {
        let can_be_marked = self.is_live() && self.ticket.standing().keeps_pending();
        let step = if can_be_marked {
            Step::KeepPending(capture.id.clone())
        } else {
            // Nothing to mark: it becomes surplus when it completes.
            match self.place {
                Place::Own => Step::known(),
                // The lock has done its work.
                Place::EndedLock(_) | Place::Try(_) => Step::Release(Released::NothingCaptured),
            }
        };
        step.reported(Report::HeldBack {
            capture: capture.id.clone(),
            reason: capture.reason.clone(),
        })
    }
}

impl Step {
    fn known() -> Self {
        Self::Stop(Progress::Known, Vec::new())
    }

    fn not_approved() -> Self {
        Self::Stop(Progress::NotApproved, Vec::new())
    }

    fn unclear() -> Self {
        Self::Stop(Progress::Unclear, Vec::new())
    }

    fn reported(self, report: Report) -> Decision {
        Decision {
            report: Some(report),
            ..self.into()
        }
    }
}

impl From<Step> for Decision {
    fn from(step: Step) -> Self {
        Self {
            step,
            report: None,
            is_said: None,
        }
    }
}

#[cfg(test)]
mod tests;
