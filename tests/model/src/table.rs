//! The transactions of `store::{lock, booking, attempts}` and the clerk's, each
//! with its condition: all or nothing, `false` when refused.

use crate::deciding;
use crate::protocol::{Missing, Protocol};
use crate::state::{
    AsRead, Attempt, CaseState, Id, Letter, Life, Lock, Process, Refusal, Released, Role, State,
    Ticket, TryHistory, View, Waited,
};

impl Ticket {
    /// `Standing::Open`.
    pub(crate) fn is_free(self) -> bool {
        self.state == CaseState::Open && self.lock.is_none() && self.pending.is_none()
    }

    /// `Standing::OpenLocked`.
    pub(crate) fn is_locked(self) -> bool {
        self.state == CaseState::Open && self.lock.is_some() && self.pending.is_none()
    }

    pub(crate) fn lock_is(self, id: Id) -> bool {
        self.lock.is_some_and(|lock| lock.attempt == id)
    }

    fn pending_is(self, id: Id) -> bool {
        self.pending == Some(id)
    }
}

impl Attempt {
    /// Whether its money may still come: one of another version is never captured.
    fn may_pay(self) -> bool {
        match self.state {
            Life::Live => self.of_this_version,
            Life::Pending => true,
            Life::NotBegun | Life::Captured | Life::Ended => false,
        }
    }
}

impl State {
    pub(crate) fn attempt(&self, id: Id) -> &Attempt {
        &self.attempts[id as usize]
    }

    fn attempt_mut(&mut self, id: Id) -> &mut Attempt {
        &mut self.attempts[id as usize]
    }

    /// Reads ticket and attempt, strongly consistent.
    pub(crate) fn read(&self, id: Id) -> View {
        let attempt = self.attempt(id);
        View {
            ticket: self.ticket,
            version_is_fresh: true,
            attempt: (attempt.state, attempt.refusals),
            of_this_version: attempt.of_this_version,
        }
    }

    /// `attempt_state = :was AND refusals = :refusals`.
    fn attempt_is_as_read(&self, process: &Process) -> bool {
        let attempt = self.attempt(process.busy_with);
        (attempt.state, attempt.refusals) == process.view.attempt
    }

    /// Every change of state or amount raises the version.
    fn raise_version(&mut self) {
        for attempt in &mut self.attempts {
            attempt.of_this_version = false;
        }
        for process in self.processes.iter_mut().flatten() {
            process.view.version_is_fresh = false;
        }
        if let Some(read) = self.letter.as_read() {
            read.version = false;
        }
    }

    /// Every lock raises the fence.
    fn raise_fence(&mut self) {
        for process in self.processes.iter_mut().flatten() {
            process.fence_is_fresh = false;
        }
    }

    /// `Store::begin_attempt` and `place_order`: dying between them costs
    /// nobody anything, since nobody was sent to the order.
    pub(crate) fn begin(&mut self, id: Id) -> bool {
        if !self.ticket.is_free() {
            return false;
        }
        let attempt = self.attempt_mut(id);
        attempt.state = Life::Live;
        attempt.of_this_version = true;
        if let Some(read) = self.letter.as_read() {
            read.attempts = false;
        }
        true
    }

    /// `Store::take_lock`; the taker's `process` is not among `self.processes`
    /// meanwhile.
    pub(crate) fn take_lock(&mut self, protocol: &Protocol, process: &Process) -> bool {
        let id = process.busy_with;
        let lock_allows = self.ticket.lock.is_none_or(|lock| {
            protocol.lacks(Missing::Exclusion) && lock.attempt == id
                || protocol.lacks(Missing::AskingBeforeTakeOver) && lock.ended
        });
        self.lock(protocol, process, lock_allows, TryHistory::default())
    }

    /// `Store::take_over_lock`: that the lock is the ended one which was read, the
    /// fence says.
    pub(crate) fn take_over_lock(
        &mut self,
        protocol: &Protocol,
        process: &Process,
        heard: TryHistory,
    ) -> bool {
        self.lock(protocol, process, self.ticket.lock.is_some(), heard)
    }

    fn lock(
        &mut self,
        protocol: &Protocol,
        process: &Process,
        lock_allows: bool,
        heard: TryHistory,
    ) -> bool {
        let id = process.busy_with;
        let attempt = self.attempt(id);
        let allowed = self.ticket.state == CaseState::Open
            && lock_allows
            && self.ticket.pending.is_none()
            && (attempt.of_this_version || protocol.lacks(Missing::VersionAtLock))
            && (process.fence_is_fresh || protocol.lacks(Missing::FenceAtLock))
            && attempt.state == Life::Live
            && (attempt.refusals == process.view.attempt.1 || protocol.lacks(Missing::Refusals));
        if allowed && !protocol.lacks(Missing::Lock) {
            self.ticket.lock = Some(Lock {
                attempt: id,
                ended: false,
                ended_long_ago: false,
                heard,
                refused: None,
            });
            self.raise_fence();
        }
        allowed
    }

    /// `Store::release_lock`.
    pub(crate) fn release(
        &mut self,
        protocol: &Protocol,
        process: &Process,
        released: Released,
    ) -> bool {
        let id = process.busy_with;
        let held = self.ticket.lock_is(id)
            && (process.fence_is_fresh || protocol.lacks(Missing::FenceAtRelease));
        if !held && !protocol.lacks(Missing::Lock) {
            return false;
        }
        match released {
            Released::NothingCaptured => {}
            Released::Refused => {
                if self.attempt(id).state != Life::Live || !self.attempt_is_as_read(process) {
                    return false;
                }
                self.attempt_mut(id).refusals += 1;
            }
            Released::Ended => {
                if !self.attempt_is_as_read(process) {
                    return false;
                }
                self.attempt_mut(id).state = Life::Ended;
            }
        }
        self.ticket.lock = None;
        true
    }

    /// `Store::note_refusal`.
    pub(crate) fn note_refusal(&mut self, process: &Process, refusal: Refusal) {
        let is_held = self.ticket.lock_is(process.busy_with) && process.fence_is_fresh;
        if let Some(lock) = self.ticket.lock.as_mut().filter(|_| is_held) {
            lock.refused = Some(refusal);
        }
    }

    /// Two minutes pass, or ten, longer than anybody is inside `settle`. After ten no
    /// read lags any more.
    pub(crate) fn pass(&mut self, time: Waited) -> bool {
        let before = *self;
        let nobody_is_inside = self.processes.iter().all(Option::is_none)
            && !self.under_way.contains(&true)
            && self.ticket.lock.is_none_or(|lock| lock.ended);
        if !nobody_is_inside {
            return false;
        }
        let for_long = time == Waited::ReadLag;
        self.lags = self.lags.map(|lags| lags && !for_long);
        if let Some(lock) = &mut self.ticket.lock {
            lock.ended_long_ago |= for_long;
            if lock.refused.is_some() {
                lock.heard.waited = lock.heard.waited.max(time);
            }
        }
        before != *self
    }

    /// `AS_READ`, but for the version, and `under_fence`.
    fn may_write(&self, protocol: &Protocol, process: &Process) -> bool {
        let id = process.busy_with;
        let pending = self.ticket.pending.is_none() || self.ticket.pending_is(id);
        let unlocked = process.holds() || self.ticket.lock.is_none();
        let alone = pending && unlocked || protocol.lacks(Missing::OwnLockAtBooking);
        alone && self.under_fence(protocol, process)
    }

    /// Under a lock only its owner writes.
    fn under_fence(&self, protocol: &Protocol, process: &Process) -> bool {
        !process.holds()
            || protocol.lacks(Missing::Lock)
            || self.ticket.lock.is_some()
                && (process.fence_is_fresh || protocol.lacks(Missing::FenceAtBooking))
    }

    /// `Settle::book` decides what the money is, `Store::book` writes it.
    pub(crate) fn book(&mut self, protocol: &Protocol, process: &Process) -> bool {
        let id = process.busy_with;
        let view = process.view;
        if self.attempt(id).booked.is_some() {
            // The settlement's id is the capture's.
            return true;
        }
        let version_is_right = view.version_is_fresh || protocol.lacks(Missing::VersionAtBooking);
        if !version_is_right
            || !self.attempt_is_as_read(process)
            || !self.under_fence(protocol, process)
        {
            return false;
        }
        let (role, after) = deciding::books_as(id, &view, protocol.rounds);
        if after == view.ticket.state {
            // `unchanged_state`: the lock it is booked under and its own mark go.
            let pending = view.ticket.pending_is(id);
            let foreign = process.holds() || !self.ticket.lock_is(id);
            if !foreign || pending && !self.ticket.pending_is(id) {
                return false;
            }
            if process.holds() {
                self.ticket.lock = None;
            }
            if pending {
                self.ticket.pending = None;
            }
        } else {
            if !self.may_write(protocol, process) {
                return false;
            }
            self.ticket = Ticket {
                state: after,
                lock: None,
                pending: None,
            };
            self.raise_version();
        }
        let attempt = self.attempt_mut(id);
        attempt.state = Life::Captured;
        attempt.booked = Some(role);
        self.seen.booked_for_another |= process.resolving;
        true
    }

    /// `Store::book_pending`.
    pub(crate) fn keep_pending(&mut self, protocol: &Protocol, process: &Process) -> bool {
        let id = process.busy_with;
        let allowed = process.view.version_is_fresh
            && self.may_write(protocol, process)
            && self.attempt_is_as_read(process);
        if allowed {
            self.ticket.lock = None;
            if !protocol.lacks(Missing::PendingMark) {
                self.ticket.pending = Some(id);
            }
            let attempt = self.attempt_mut(id);
            attempt.state = Life::Pending;
            attempt.was_pending = true;
        }
        allowed
    }

    /// `Store::end_pending`.
    pub(crate) fn end_pending(&mut self, process: &Process) -> bool {
        let id = process.busy_with;
        let allowed = self.ticket.pending_is(id)
            && process.view.version_is_fresh
            && self.attempt_is_as_read(process);
        if allowed {
            self.ticket.pending = None;
            self.attempt_mut(id).state = Life::Ended;
        }
        allowed
    }

    /// `Store::end_attempt`.
    pub(crate) fn end(&mut self, protocol: &Protocol, process: &Process) -> bool {
        let nobody_captures = self.ticket.lock.is_none() || protocol.lacks(Missing::LockAtEnd);
        let allowed = nobody_captures && self.attempt_is_as_read(process);
        if allowed {
            self.attempt_mut(process.busy_with).state = Life::Ended;
        }
        allowed
    }

    /// The clerk books cash: on an open ticket it pays, on a paid one it is
    /// surplus, under a lock or a mark it is refused.
    pub(crate) fn book_cash(&mut self, protocol: &Protocol) -> bool {
        let role = match self.ticket.state {
            _ if self.cash.is_some() => return false,
            CaseState::PaidByCapture(_) => Role::Surplus,
            CaseState::Open => Role::Main,
            CaseState::PaidInCash | CaseState::Withdrawn | CaseState::Review => return false,
        };
        if role == Role::Main {
            let ended = self.ticket.lock.is_some_and(|lock| lock.ended);
            if !(self.ticket.is_free() || protocol.lacks(Missing::CashWaits) && ended) {
                return false;
            }
            self.ticket.state = CaseState::PaidInCash;
            self.raise_version();
        }
        self.cash = Some(role);
        true
    }

    /// The city drops the case; refused under a lock or a mark.
    pub(crate) fn withdraw(&mut self, protocol: &Protocol) -> bool {
        let waits = !protocol.lacks(Missing::WithdrawalWaits);
        let allowed = self.ticket.is_free() || self.ticket.is_locked() && !waits;
        if allowed {
            self.ticket.state = CaseState::Withdrawn;
            self.raise_version();
        }
        allowed
    }

    /// `manage_tickets::lease::grant` reads the ticket, then its attempts;
    /// `Store::lease_letter` writes. Each is a step.
    pub(crate) fn ask_for_lease(&mut self, protocol: &Protocol) -> bool {
        let waits = !protocol.lacks(Missing::LeaseWaits);
        let nobody_captures =
            self.ticket.is_free() || self.ticket.state == CaseState::Open && !waits;
        let after = match self.letter {
            Letter::NotAsked | Letter::Refused if nobody_captures => Letter::TicketRead(AsRead {
                version: true,
                attempts: true,
            }),
            Letter::TicketRead(read) => {
                let nobody_pays = !self.attempts.into_iter().any(Attempt::may_pay);
                if nobody_pays || protocol.lacks(Missing::AttemptsBeforeLetter) {
                    Letter::NobodyPays(read)
                } else {
                    Letter::Refused
                }
            }
            Letter::NobodyPays(read) => {
                let as_read = (read.version || protocol.lacks(Missing::VersionAtLease))
                    && (read.attempts || protocol.lacks(Missing::CountAtLease));
                if as_read && nobody_captures {
                    Letter::Granted {
                        rightly: self.is_owed_and_nobody_pays(),
                    }
                } else {
                    Letter::NotAsked
                }
            }
            Letter::NotAsked | Letter::Refused | Letter::Granted { .. } => return false,
        };
        self.letter = after;
        true
    }

    /// Whether a letter is right, as one would say who knows PayPal's books.
    fn is_owed_and_nobody_pays(&self) -> bool {
        self.ticket.state == CaseState::Open
            && !self.attempts.into_iter().any(Attempt::may_pay)
            && !self.orders.iter().any(|order| order.holds_money())
    }

    /// The city changes what is owed; refused under a lock or a mark.
    pub(crate) fn change_amount(&mut self) -> bool {
        let allowed = self.ticket.is_free();
        if allowed {
            self.raise_version();
        }
        allowed
    }
}
