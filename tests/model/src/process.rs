//! `settle::{settling, ended_lock, capture}` as a machine of one I/O a step.

use crate::paypal::Answer;
use crate::protocol::{Missing, Protocol};
use crate::state::{Id, Life, Order, Process, Released, Stands, State, Step};

impl Process {
    /// Woken: reads ticket and attempt. One whose clock is `behind` does not
    /// see yet that a lease has ended.
    pub(crate) fn wake(protocol: &Protocol, state: &State, id: Id, behind: bool) -> Self {
        let ended = state.ticket.lock.filter(|lock| lock.ended && !behind);
        let ended = ended.filter(|_| !protocol.lacks(Missing::AskingBeforeTakeOver));
        let busy_with = ended.map_or(id, |lock| lock.attempt);
        Self {
            woken_for: id,
            busy_with,
            resolving: ended.is_some(),
            holds: ended.is_some(),
            fence_is_fresh: true,
            view: state.read(busy_with),
            next: Step::Ask,
        }
    }

    /// Does the next I/O. `None`: `settle` has returned. A read of an order that
    /// lags shows what is `outdated`.
    pub(crate) fn step(
        mut self,
        protocol: &Protocol,
        state: &mut State,
        outdated: Option<Order>,
    ) -> Option<Self> {
        let next = match self.next {
            Step::Ask => self.ask(protocol, state, outdated),
            Step::Lock => self.lock(protocol, state),
            Step::Call => self.call(state),
            Step::Hear | Step::Return => self.next,
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
                self.view = state.read(self.busy_with);
                self.fence_is_fresh = true;
                Step::Ask
            }
        };
        self.goes_on_to(next)
    }

    /// `PayPal` answers the capture call; see `Settle::capture`.
    pub(crate) fn hear(self, protocol: &Protocol, answer: Answer) -> Option<Self> {
        let is_last_round = self.view.attempt.1 + 1 >= protocol.rounds;
        let next = match answer {
            Answer::Completed => Step::Book,
            Answer::Pending => self.keep_pending(),
            Answer::Refused if !is_last_round => Step::Release(Released::Refused),
            Answer::Dead | Answer::Refused => Step::Release(Released::Ended),
        };
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
            self.holds = false;
        }
        Some(self)
    }

    fn knows_it_is_booked(&self) -> bool {
        self.view.ticket.state == Stands::PaidByCapture(self.busy_with)
    }

    fn lock(&mut self, protocol: &Protocol, state: &mut State) -> Step {
        if !state.take_lock(protocol, self) {
            return Step::Return;
        }
        self.holds = true;
        self.fence_is_fresh = true;
        Step::Call
    }

    fn call(&self, state: &mut State) -> Step {
        let ticket = state.ticket;
        let lawful = ticket.is_locked()
            && ticket.lock_is(self.busy_with)
            && state.attempt(self.busy_with).of_this_version;
        state.seen.unlawful_call |= !lawful;
        state.seen.call_after_cash |= ticket.state == Stands::PaidInCash;
        Step::Hear
    }

    /// `resolve` for an ended lock's order, `follow` for the own.
    fn ask(&mut self, protocol: &Protocol, state: &State, outdated: Option<Order>) -> Step {
        let is_final = match self.view.attempt.0 {
            Life::Live | Life::Pending => false,
            Life::NotBegun | Life::Captured | Life::Ended => true,
        };
        let enters_all_the_same = protocol.lacks(Missing::Exclusion)
            || protocol.lacks(Missing::AskingBeforeTakeOver)
            || protocol.lacks(Missing::OwnLockAtBooking);
        // Somebody may be inside the capture call, and books what comes of it.
        if !self.resolving && self.view.ticket.lock.is_some() && !is_final && !enters_all_the_same {
            return Step::Return;
        }
        let mut asked = self.busy_with;
        if self.resolving {
            // The lock's attempt is read after the ticket.
            self.view.attempt = state.read(self.busy_with).attempt;
            if protocol.lacks(Missing::AskingForTheLocksOrder) {
                asked = self.woken_for;
            }
        }
        let shown = outdated.unwrap_or(state.orders[asked as usize]);
        match (shown, self.resolving) {
            (Order::Completed, _) => Step::Book,
            (Order::Pending, _) => self.keep_pending(),
            // A read that shows no capture proves nothing: the same try again.
            (Order::NotApproved, true) if protocol.lacks(Missing::DoubtInReads) => {
                Step::Release(Released::NothingCaptured)
            }
            (Order::Approved | Order::NotApproved, true) => {
                if self.view.ticket.is_locked() && self.view.of_this_version {
                    Step::Lock
                } else {
                    Step::Release(Released::NothingCaptured)
                }
            }
            (Order::Approved, false) => self.approved(protocol),
            (Order::NotApproved, false) => Step::Return,
            (Order::Dead, true) => Step::Release(Released::Ended),
            (Order::Dead, false) => match self.view.attempt.0 {
                Life::Live => Step::End,
                Life::Pending => Step::EndPending,
                Life::NotBegun | Life::Captured | Life::Ended => Step::Return,
            },
        }
    }

    fn approved(&self, protocol: &Protocol) -> Step {
        let ticket = self.view.ticket;
        if self.view.attempt.0 != Life::Live {
            return Step::Return;
        }
        if !self.view.of_this_version {
            return Step::End;
        }
        let own = ticket.lock_is(self.busy_with);
        let ended = ticket.lock.is_some_and(|lock| lock.ended);
        let may_enter = ticket.is_free()
            || ticket.is_locked()
                && (protocol.lacks(Missing::Exclusion) && own
                    || protocol.lacks(Missing::AskingBeforeTakeOver) && ended);
        if may_enter { Step::Lock } else { Step::Return }
    }

    fn keep_pending(&self) -> Step {
        if self.view.attempt.0 == Life::Live && self.view.ticket.state == Stands::Open {
            Step::KeepPending
        } else if self.holds {
            Step::Release(Released::NothingCaptured)
        } else {
            Step::Return
        }
    }
}
