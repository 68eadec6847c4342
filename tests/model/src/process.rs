//! One call of `settle`, one I/O a step: carrying out what `settle::decision` says, as
//! `settle::settling` does.

use crate::deciding::{Input, next};
use crate::paypal::Answer;
use crate::protocol::{Missing, Protocol};
use crate::state::{
    CaseState, Id, Learned, Lock, Order, Process, Released, Shown, State, Step, TryHistory, Where,
};

impl Process {
    /// Woken: reads ticket and attempt. One whose clock is `behind` does not see yet
    /// that a lease has ended.
    pub(crate) fn wake(protocol: &Protocol, state: &State, id: Id, behind: bool) -> Self {
        let mut view = state.read(id);
        if let Some(lock) = &mut view.ticket.lock {
            lock.ended &= !behind;
        }
        let woken = Self {
            woken_for: id,
            busy_with: id,
            resolving: false,
            place: Where::Own,
            fence_is_fresh: true,
            view,
            learned: Learned::default(),
            next: Step::Return,
        };
        let decided = woken.decided(protocol);
        match (decided, view.ticket.lock) {
            // Ticket and the lock's attempt, which is read once more with its order.
            (Step::Resolve, Some(lock)) => {
                let mut woken = Self {
                    busy_with: lock.attempt,
                    resolving: true,
                    place: Where::EndedLock,
                    view: state.read(lock.attempt),
                    ..woken
                };
                woken.next = woken.decided(protocol);
                woken
            }
            (Step::Resolve, None) => unreachable!("there is no lock to be resolved"),
            (next, _) => {
                let mut woken = Self { next, ..woken };
                woken.forget();
                woken
            }
        }
    }

    /// Does the next I/O. `None`: `settle` has returned. A GET that goes `astray` shows
    /// that.
    pub(crate) fn step(
        mut self,
        protocol: &Protocol,
        state: &mut State,
        astray: Option<Shown>,
    ) -> Option<Self> {
        let next = match self.next {
            Step::Ask => self.ask(protocol, state, astray),
            Step::AskAboutCapture => {
                let shown = Shown::As(state.orders[self.busy_with as usize]);
                self.learned.capture = Some(astray.unwrap_or(shown));
                self.decided(protocol)
            }
            Step::TakeLock => {
                let taken = state.take_lock(protocol, &self);
                self.lock(protocol, taken, TryHistory::default())
            }
            Step::TakeOver(heard) => {
                let taken = state.take_over_lock(protocol, &self, heard);
                self.lock(protocol, taken, heard)
            }
            Step::Call => self.call(state),
            Step::Hear | Step::Return | Step::Resolve => self.next,
            Step::Book => {
                if self.knows_it_is_booked() || state.book(protocol, &self) {
                    Step::Return
                } else {
                    Step::BookAnew
                }
            }
            Step::BookAnew => {
                let before = self.view;
                self.view = state.read(self.busy_with);
                self.view.forget_the_try();
                if self.view == before {
                    Step::Return
                } else {
                    Step::Book
                }
            }
            // From here on a refusal ends the call as well: the next one looks again.
            Step::KeepPending => {
                state.keep_pending(protocol, &self);
                Step::Return
            }
            Step::Release(released) => {
                state.release(protocol, &self, released);
                Step::Return
            }
            Step::NoteRefusal(refusal) => {
                state.note_refusal(&self, refusal);
                Step::Return
            }
            Step::End => {
                state.end(protocol, &self);
                Step::Return
            }
            Step::EndPending => {
                state.end_pending(&self);
                Step::Return
            }
            Step::Reload => {
                self.busy_with = self.woken_for;
                self.place = Where::Own;
                self.view = state.read(self.busy_with);
                self.fence_is_fresh = true;
                self.learned = Learned {
                    lock_was_asked_about: true,
                    ..Learned::default()
                };
                self.decided(protocol)
            }
        };
        self.goes_on_to(next)
    }

    /// PayPal answers the capture call.
    pub(crate) fn hear(mut self, protocol: &Protocol, answer: Answer) -> Option<Self> {
        self.learned.called = Some(answer);
        let next = self.decided(protocol);
        self.goes_on_to(next)
    }

    /// Where an ended lock was another attempt's, the own order comes next.
    fn goes_on_to(mut self, next: Step) -> Option<Self> {
        self.next = next;
        if next == Step::Return {
            if !self.resolving || self.busy_with == self.woken_for {
                return None;
            }
            self.next = Step::Reload;
            self.resolving = false;
            self.place = Where::Own;
        }
        self.forget();
        Some(self)
    }

    /// What no later step depends on: two states that differ in it are one.
    fn forget(&mut self) {
        let decides_again = match self.next {
            Step::Ask | Step::AskAboutCapture | Step::Call | Step::Hear => true,
            Step::Resolve
            | Step::TakeLock
            | Step::TakeOver(_)
            | Step::Book
            | Step::BookAnew
            | Step::KeepPending
            | Step::Release(_)
            | Step::NoteRefusal(_)
            | Step::End
            | Step::EndPending
            | Step::Reload
            | Step::Return => false,
        };
        if !decides_again {
            self.learned = Learned::default();
        }
        match (self.place, decides_again) {
            (Where::EndedLock, true) => {}
            (Where::Try(_), false) => {
                self.place = Where::Try(TryHistory::default());
                self.view.forget_the_try();
            }
            (Where::Own | Where::EndedLock | Where::Try(_), _) => self.view.forget_the_try(),
        }
    }

    /// The next step, by `settle`; what is missing is taken away from what it is told,
    /// or from what it says.
    fn decided(&self, protocol: &Protocol) -> Step {
        let mut ticket = self.view.ticket;
        let is_overlooked = |lock: Lock| {
            let is_looked_at = lock.ended && !self.learned.lock_was_asked_about;
            protocol.lacks(Missing::AskingBeforeTakeOver) && lock.ended
                || protocol.lacks(Missing::OwnLockAtBooking) && !is_looked_at
                || protocol.lacks(Missing::Exclusion)
                    && lock.attempt == self.busy_with
                    && !is_looked_at
        };
        if self.place == Where::Own && ticket.lock.is_some_and(is_overlooked) {
            ticket.lock = None;
        }
        let decided = next(Input {
            id: self.busy_with,
            ticket,
            attempt: self.view.attempt,
            of_this_version: self.view.of_this_version,
            place: self.place,
            learned: self.learned,
            rounds: protocol.rounds,
        });
        if protocol.lacks(Missing::LockAfterNoAnswer) && self.learned.called == Some(Answer::None) {
            return Step::Release(Released::NothingCaptured);
        }
        let Step::TakeOver(heard) = decided else {
            return decided;
        };
        if protocol.lacks(Missing::DoubtInReads)
            && self.learned.order == Some(Shown::As(Order::NotApproved))
        {
            return Step::Release(Released::NothingCaptured);
        }
        Step::TakeOver(TryHistory {
            unanswered: heard.unanswered && !protocol.lacks(Missing::MemoryOfSilence),
            ..heard
        })
    }

    fn knows_it_is_booked(&self) -> bool {
        self.view.ticket.state == CaseState::PaidByCapture(self.busy_with)
    }

    fn lock(&mut self, protocol: &Protocol, taken: bool, heard: TryHistory) -> Step {
        if !taken {
            return Step::Return;
        }
        self.place = Where::Try(heard);
        self.fence_is_fresh = true;
        self.learned = Learned::default();
        self.decided(protocol)
    }

    fn call(&self, state: &mut State) -> Step {
        let ticket = state.ticket;
        let lawful = ticket.is_locked()
            && ticket.lock_is(self.busy_with)
            && state.attempt(self.busy_with).of_this_version;
        state.seen.unlawful_call |= !lawful;
        state.seen.call_after_cash |= ticket.state == CaseState::PaidInCash;
        Step::Hear
    }

    fn ask(&mut self, protocol: &Protocol, state: &State, astray: Option<Shown>) -> Step {
        let mut asked = self.busy_with;
        if self.place == Where::EndedLock {
            // The lock's attempt is read after the ticket.
            self.view.attempt = state.read(self.busy_with).attempt;
            if protocol.lacks(Missing::AskingForTheLocksOrder) {
                asked = self.woken_for;
            }
        }
        let shown = Shown::As(state.orders[asked as usize]);
        self.learned.order = Some(astray.unwrap_or(shown));
        self.decided(protocol)
    }
}
