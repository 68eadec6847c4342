//! Everything that may happen next, and what it does.

use stateright::{Model, Property};

use crate::paypal::{Answer, Outcome};
use crate::properties;
use crate::state::{
    Attempt, CaseState, Id, Letter, Life, Order, Process, Shown, Sightings, State, Step, Ticket,
    Waited,
};

/// The protocol, and what is let happen to it. What holds in a world holds in
/// every smaller one.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is something that may happen or not, beside any other"
)]
pub struct Protocol {
    /// How often the driver presses the button, 1 or 2.
    pub attempts: usize,
    /// How many calls of `settle` run at once, up to [`Process::MAX`].
    pub processes: usize,
    /// Capture tries of an order, `CAPTURE_ROUNDS_MAX`.
    pub rounds: u8,
    /// Whether PayPal declines and refuses.
    pub declines: bool,
    /// Whether PayPal holds captures back.
    pub holds_back: bool,
    /// Whether a read may show an order as it was before its capture.
    pub reads_lag: bool,
    /// Whether clerks take cash, change the amount and withdraw.
    pub clerk: bool,
    /// Whether the back office asks for a lease, to print a letter.
    pub letters: bool,
    /// What is broken; nothing, for the protocol itself.
    pub missing: &'static [Missing],
}

/// A safeguard that can be taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// There is no lock at all.
    Lock,
    /// The lease does not outlive whoever is inside the capture call.
    LongLease,
    /// An ended lock is as good as none.
    AskingBeforeTakeOver,
    /// PayPal is asked about the own order, whosever the lock is.
    AskingForTheLocksOrder,
    /// An order that is read as not approved gives an ended lock back.
    DoubtInReads,
    /// It is forgotten that a call was never answered.
    MemoryOfSilence,
    /// The same attempt may enter its own lock again.
    Exclusion,
    /// The lock is given back after no answer.
    LockAfterNoAnswer,
    /// Taking the lock does not compare the fence.
    FenceAtLock,
    /// Giving the lock back does not compare the fence.
    FenceAtRelease,
    /// Booking under a lock does not compare the fence.
    FenceAtBooking,
    /// Taking the lock does not compare the number of refusals.
    Refusals,
    /// Taking the lock does not compare the version.
    VersionAtLock,
    /// Money is booked whatever became of the ticket meanwhile.
    VersionAtBooking,
    /// Money is booked under another attempt's mark, or under a lock by one who
    /// does not hold it.
    OwnLockAtBooking,
    /// A capture held back leaves no mark on the ticket.
    PendingMark,
    /// An attempt may be made final under a lock.
    LockAtEnd,
    /// Cash is taken under a lock whose lease has ended.
    CashWaits,
    /// A ticket is withdrawn under a lock.
    WithdrawalWaits,
    /// A letter is printed whoever may be paying.
    AttemptsBeforeLetter,
    /// Granting a lease does not compare how many attempts were begun.
    CountAtLease,
    /// Granting a lease does not compare the version.
    VersionAtLease,
    /// A lease is granted under a lock or a mark.
    LeaseWaits,
}

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The driver presses the button.
    Begin(Id),
    /// The driver approves at PayPal.
    Approve(Id),
    /// Return, webhook or sweep.
    Wake(Id),
    /// The same, by a clock on which a lease has not ended yet.
    WakeBehind(Id),
    /// A process does its next I/O.
    Go(usize),
    /// A process asks, and reads an order as it was before its capture, or nothing.
    GoAstray(usize, Shown),
    /// PayPal carries out a capture call and answers it.
    Answer(usize, Outcome),
    /// A capture call is not answered. It may still be carried out.
    Lose(usize),
    /// A process dies. What it has sent may still be carried out.
    Die(usize),
    /// PayPal carries out the call of one who is dead.
    CarryOut(Id, Outcome),
    /// PayPal ends what it held back: with the money, or without.
    EndHeldBack(Id, Order),
    /// The lock's lease ends.
    EndLease,
    /// So much time passes.
    Pass(Waited),
    /// A clerk takes cash.
    TakeCash,
    /// A clerk withdraws the ticket.
    Withdraw,
    /// A clerk changes the amount.
    ChangeAmount,
    /// The back office asks for a lease, or goes on with it.
    AskForLease,
}

impl Protocol {
    pub(crate) fn lacks(&self, missing: Missing) -> bool {
        self.missing.contains(&missing)
    }

    /// An open ticket, and nobody has pressed the button.
    fn start() -> State {
        let attempt = Attempt {
            state: Life::NotBegun,
            refusals: 0,
            of_this_version: false,
            was_pending: false,
            booked: None,
        };
        State {
            ticket: Ticket {
                state: CaseState::Open,
                lock: None,
                pending: None,
            },
            attempts: [attempt; 2],
            orders: [Order::NotApproved; 2],
            lags: [false; 2],
            under_way: [false; 2],
            cash: None,
            letter: Letter::NotAsked,
            processes: [None; Process::MAX],
            seen: Sightings::default(),
        }
    }

    /// Whether the lease may end now: it outlives its owner, and so the owner's
    /// call at PayPal.
    fn lease_may_end(&self, state: &State) -> bool {
        let owner_lives = || {
            let mut processes = state.processes.iter().flatten();
            processes.any(|process| process.holds() && process.fence_is_fresh)
        };
        state.ticket.lock.is_some_and(|lock| !lock.ended)
            && (self.lacks(Missing::LongLease) || !owner_lives())
    }

    fn wake(&self, state: &mut State, id: Id, behind: bool) -> bool {
        let Some(slot) = state.processes.iter().position(Option::is_none) else {
            return false;
        };
        state.processes[slot] = Some(Process::wake(self, state, id, behind));
        true
    }

    fn go(&self, state: &mut State, slot: usize, astray: Option<Shown>) -> bool {
        let Some(process) = state.processes[slot].take() else {
            return false;
        };
        let after = process.step(self, state, astray);
        state.processes[slot] = after;
        true
    }

    fn die(state: &mut State, slot: usize) -> bool {
        let Some(process) = state.processes[slot].take() else {
            return false;
        };
        if process.next == Step::Hear {
            state.under_way[process.busy_with as usize] = true;
        }
        true
    }

    /// Does what is to be done; `false` when it was refused.
    pub(crate) fn act(&self, state: &mut State, action: Action) -> bool {
        match action {
            Action::Begin(id) => state.begin(id),
            Action::Approve(id) => {
                state.orders[id as usize] = Order::Approved;
                true
            }
            Action::Wake(id) => self.wake(state, id, false),
            Action::WakeBehind(id) => self.wake(state, id, true),
            Action::Go(slot) => self.go(state, slot, None),
            Action::GoAstray(slot, shown) => self.go(state, slot, Some(shown)),
            Action::Answer(slot, outcome) => {
                let Some(process) = state.processes[slot].take() else {
                    return false;
                };
                let answer = state.capture(process.busy_with, outcome);
                state.processes[slot] = process.hear(self, answer);
                true
            }
            Action::Lose(slot) => {
                let Some(process) = state.processes[slot].take() else {
                    return false;
                };
                state.under_way[process.busy_with as usize] = true;
                state.processes[slot] = process.hear(self, Answer::None);
                true
            }
            Action::Die(slot) => Self::die(state, slot),
            Action::CarryOut(id, outcome) => {
                let _ = state.capture(id, outcome);
                state.under_way[id as usize] = false;
                true
            }
            Action::EndHeldBack(id, order) => {
                state.orders[id as usize] = order;
                true
            }
            Action::EndLease => {
                let Some(lock) = &mut state.ticket.lock else {
                    return false;
                };
                lock.ended = true;
                if !self.lacks(Missing::LongLease) {
                    state.under_way[lock.attempt as usize] = false;
                }
                true
            }
            Action::Pass(time) => state.pass(time),
            Action::TakeCash => state.book_cash(self),
            Action::Withdraw => state.withdraw(self),
            Action::ChangeAmount => state.change_amount(),
            Action::AskForLease => state.ask_for_lease(self),
        }
    }

    fn of_processes(&self, state: &State, actions: &mut Vec<Action>) {
        for (slot, process) in state.processes.iter().enumerate() {
            let Some(process) = process else { continue };
            if process.next == Step::Hear {
                let order = state.orders[process.busy_with as usize];
                actions.extend(Outcome::of(self, order).map(|it| Action::Answer(slot, it)));
                actions.push(Action::Lose(slot));
            } else {
                actions.push(Action::Go(slot));
            }
            let lags = state.lags[process.busy_with as usize];
            if self.reads_lag && process.next == Step::Ask && lags {
                let before = [Order::NotApproved, Order::Approved];
                actions.extend(before.map(|it| Action::GoAstray(slot, Shown::As(it))));
            }
            if matches!(process.next, Step::Ask | Step::AskAboutCapture) {
                actions.push(Action::GoAstray(slot, Shown::NotAtAll));
            }
            actions.push(Action::Die(slot));
        }
    }

    fn of_attempts(&self, state: &State, actions: &mut Vec<Action>) {
        let running = state.processes.iter().flatten().count();
        for id in Id::ALL.into_iter().take(self.attempts) {
            if state.attempt(id).state == Life::NotBegun {
                actions.push(Action::Begin(id));
                // Nothing tells the attempts apart but who was first.
                return;
            }
            let order = state.orders[id as usize];
            match order {
                Order::NotApproved => actions.push(Action::Approve(id)),
                Order::Pending => {
                    actions.push(Action::EndHeldBack(id, Order::Completed));
                    actions.push(Action::EndHeldBack(id, Order::Dead));
                }
                Order::Approved | Order::Completed | Order::Dead => {}
            }
            if state.under_way[id as usize] {
                actions.extend(Outcome::of(self, order).map(|it| Action::CarryOut(id, it)));
            }
            if running < self.processes {
                actions.push(Action::Wake(id));
                if state.ticket.lock.is_some_and(|lock| lock.ended) {
                    actions.push(Action::WakeBehind(id));
                }
            }
        }
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![Self::start()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.of_attempts(state, actions);
        self.of_processes(state, actions);
        if self.lease_may_end(state) {
            actions.push(Action::EndLease);
        }
        actions.extend([Waited::ApprovalLag, Waited::ReadLag].map(Action::Pass));
        if self.clerk {
            actions.extend([Action::TakeCash, Action::Withdraw, Action::ChangeAmount]);
        }
        if self.letters {
            actions.push(Action::AskForLease);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = *last;
        let happened = self.act(&mut state, action);
        state.processes.sort_unstable();
        happened.then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all(self)
    }
}
