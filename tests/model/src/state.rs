//! What there is: the ticket and its attempts in the table, the orders at
//! PayPal, and who is inside `settle`.
//!
//! `version` and `fence` are numbers that only grow and are only ever compared
//! with what was read before. Here they are therefore no numbers: whoever has
//! read one remembers whether it still is what it was. That keeps the states
//! few, and no bound on them has to be guessed.

use crate::paypal::Answer;

/// One of the ticket's two attempts, and its order at PayPal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Id {
    First,
    Second,
}

impl Id {
    /// Both.
    pub const ALL: [Self; 2] = [Self::First, Self::Second];
}

/// The table, PayPal and the processes, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The ticket's item.
    pub ticket: Ticket,
    /// Its attempts' items.
    pub attempts: [Attempt; 2],
    /// The orders, as PayPal's own books have them.
    pub orders: [Order; 2],
    /// An order was captured less than ten minutes ago: a read may show it as it was
    /// before.
    pub lags: [bool; 2],
    /// An order's capture call was sent, whoever sent it is dead, and PayPal
    /// has not carried it out yet.
    pub under_way: [bool; 2],
    /// Cash that the clerk has booked.
    pub cash: Option<Role>,
    /// How far the back office is with a lease for a letter.
    pub letter: Letter,
    /// Who is inside `settle`, sorted: they differ in nothing but where they are.
    pub processes: [Option<Process>; Process::MAX],
    /// What no later state shows any more.
    pub seen: Sightings,
}

/// What is remembered for the properties alone; no step depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sightings {
    /// A capture call started without the right to it (M4).
    pub unlawful_call: bool,
    /// A capture call started after cash had settled the ticket (M5).
    pub call_after_cash: bool,
    /// Money was booked by one who found it under an ended lock.
    pub booked_for_another: bool,
}

/// How far the back office is with the lease it asks for before a letter is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Letter {
    /// It has not asked, or must ask again.
    #[default]
    NotAsked,
    /// It was refused: somebody may be paying.
    Refused,
    /// The ticket was read; whether it still has that version, and counts as many attempts.
    TicketRead(AsRead),
    /// The attempts, too: none of them may pay.
    NobodyPays(AsRead),
    /// It was granted; whether rightly.
    Granted {
        /// Nobody could have paid at that moment.
        rightly: bool,
    },
}

/// What of a ticket is as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AsRead {
    /// No state or amount has changed.
    pub version: bool,
    /// No attempt was begun.
    pub attempts: bool,
}

impl Letter {
    /// What was read, while it is not granted.
    pub(crate) const fn as_read(&mut self) -> Option<&mut AsRead> {
        match self {
            Self::TicketRead(read) | Self::NobodyPays(read) => Some(read),
            Self::NotAsked | Self::Refused | Self::Granted { .. } => None,
        }
    }
}

/// The ticket's item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket {
    /// Where the case stands.
    pub state: CaseState,
    /// Who alone may capture.
    pub lock: Option<Lock>,
    /// Whose capture PayPal holds back.
    pub pending: Option<Id>,
}

/// Where the case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the state table of `ticket` says it")]
pub enum CaseState {
    Open,
    PaidByCapture(Id),
    PaidInCash,
    Withdrawn,
    Review,
}

/// A capture lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lock {
    /// Whose order may be captured.
    pub attempt: Id,
    /// Whether its lease is over.
    pub ended: bool,
    /// Whether it has been for ten minutes.
    pub ended_long_ago: bool,
    /// What was heard of the earlier calls of its try.
    pub heard: TryHistory,
    /// As what the last one was refused, in a way that proves nothing yet.
    pub refused: Option<Refusal>,
}

/// `settle::decision::TryHistory`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TryHistory {
    /// One call was never answered.
    pub unanswered: bool,
    /// For how long each was refused.
    pub waited: Waited,
}

/// A time, as far as it makes a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Waited {
    /// Less than two minutes.
    #[default]
    NotLong,
    /// `APPROVAL_LAG`, two minutes.
    ApprovalLag,
    /// `READ_LAG`, ten minutes.
    ReadLag,
}

/// How PayPal refuses a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Refusal {
    /// The bank has refused it.
    Declined,
    /// The order is not approved.
    NotApproved,
    /// It was captured already.
    AlreadyCaptured,
}

/// An attempt's item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Attempt {
    /// Where it stands.
    pub state: Life,
    /// Definite refusals so far, `n`.
    pub refusals: u8,
    /// Whether the ticket still has the version it was made for.
    pub of_this_version: bool,
    /// Whether PayPal has ever held its capture back, as far as we know.
    pub was_pending: bool,
    /// Its money, once booked.
    pub booked: Option<Role>,
}

/// Where an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Life {
    /// Nobody has pressed the button.
    NotBegun,
    /// May still be approved and captured.
    Live,
    /// PayPal holds the capture back.
    Pending,
    /// Captured and booked. Final.
    Captured,
    /// Declined or expired. Final.
    Ended,
}

impl Life {
    /// Whether the sweep still finds it.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Live | Self::Pending => true,
            Self::NotBegun | Self::Captured | Self::Ended => false,
        }
    }
}

/// What booked money is to its ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Role {
    Main,
    Surplus,
}

/// An order, as a GET would show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Order {
    /// The payer has not agreed, or no longer does.
    NotApproved,
    /// The payer has agreed.
    Approved,
    /// Captured, and held back.
    Pending,
    /// Captured: the money has moved.
    Completed,
    /// Declined for good, or dead: it never brings money.
    Dead,
}

impl Order {
    /// Whether the payer's money is gone or blocked (M1).
    #[must_use]
    pub const fn holds_money(self) -> bool {
        match self {
            Self::Completed | Self::Pending => true,
            Self::NotApproved | Self::Approved | Self::Dead => false,
        }
    }
}

/// One call of `settle`: return, webhook and sweep are the same function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Process {
    /// The attempt it was woken for.
    pub woken_for: Id,
    /// The attempt it is busy with: the lock's, while an ended lock is resolved.
    pub busy_with: Id,
    /// Whether it is resolving an ended lock.
    pub resolving: bool,
    /// From where it looks at the attempt.
    pub place: Where,
    /// Whether nobody has taken a lock since it read the fence, or took its own.
    pub fence_is_fresh: bool,
    /// What it has read.
    pub view: View,
    /// What it has learned since.
    pub learned: Learned,
    /// What it does next.
    pub next: Step,
}

/// `settle::decision::Place`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Where {
    /// No lock is its own.
    Own,
    /// A lock has ended.
    EndedLock,
    /// Under a lock of its own.
    Try(TryHistory),
}

/// What a GET has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shown {
    /// It was answered.
    As(Order),
    /// It was not.
    NotAtAll,
}

/// `settle::decision::Answers`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Learned {
    /// The ended lock was asked about.
    pub lock_was_asked_about: bool,
    /// What the order was read as.
    pub order: Option<Shown>,
    /// What its capture was read as.
    pub capture: Option<Shown>,
    /// What the capture call was answered.
    pub called: Option<Answer>,
}

impl Process {
    /// As many as any model here has at once.
    pub const MAX: usize = 3;

    /// Whether it writes under a lock.
    #[must_use]
    pub const fn holds(&self) -> bool {
        match self.place {
            Where::Own => false,
            Where::EndedLock | Where::Try(_) => true,
        }
    }
}

/// What a process has read of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct View {
    /// The ticket's item.
    pub ticket: Ticket,
    /// Whether the ticket's version still is what was read.
    pub version_is_fresh: bool,
    /// The state and `n` of the attempt it is busy with.
    pub attempt: (Life, u8),
    /// Whether ticket and attempt were of one version.
    pub of_this_version: bool,
}

impl View {
    /// What was heard of the try matters only to whoever resolves its lock.
    pub(crate) fn forget_the_try(&mut self) {
        if let Some(lock) = &mut self.ticket.lock {
            lock.heard = TryHistory::default();
            lock.refused = None;
        }
    }
}

/// The next I/O of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// GET the order.
    Ask,
    /// GET its capture.
    AskAboutCapture,
    /// Turn to the order of an ended lock.
    Resolve,
    /// Take the lock.
    TakeLock,
    /// Take over the one that has ended, of whose try so much was heard.
    TakeOver(TryHistory),
    /// Send the capture call.
    Call,
    /// The call is sent; only PayPal can go on.
    Hear,
    /// Book completed money.
    Book,
    /// Booking was refused: read again and decide anew.
    BookAnew,
    /// Mark held-back money.
    KeepPending,
    /// Give the lock back.
    Release(Released),
    /// Leave the lock, with what was heard.
    NoteRefusal(Refusal),
    /// Make an attempt without money final.
    End,
    /// Take away the mark of held-back money that was denied.
    EndPending,
    /// The ended lock is resolved as far as it went: read again for the own order.
    Reload,
    /// None is left.
    Return,
}

/// Why a lock is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Released {
    /// This try was refused, another one may come.
    Refused,
    /// The attempt is final.
    Ended,
    /// Nothing was captured.
    NothingCaptured,
}
