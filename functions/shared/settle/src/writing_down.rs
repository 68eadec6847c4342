//! Writing down what became of money: booked, held back, or not moved.

use jiff::Timestamp;
use paypal::Capture;
use store::{Attempt, AttemptEnd, Booker, Error, Held, Released, Write};
use ticket::{CaptureId, Captured, Cents, Money, Role, Settlement, Source, State, Ticket};

use crate::decision::{Facts, role};
use crate::limits::DECISIONS_MAX;
use crate::{Progress, Settle};

impl Settle {
    /// Books money that came. What it is to the ticket follows from how the
    /// ticket stands at that moment; where that changes meanwhile, it is decided
    /// anew.
    pub(crate) async fn book(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        capture: &Capture,
        facts: Facts,
        held: Option<&Held>,
        now: Timestamp,
    ) -> Result<Progress, Error> {
        let (mut ticket, mut attempt) = (ticket.clone(), attempt.clone());
        for _ in 0..DECISIONS_MAX {
            // Read before somebody else's booking and after it: this very money
            // is booked, and no surplus.
            if self.is_booked(&ticket, capture).await? {
                return Ok(Progress::Known);
            }
            let role = role(&ticket, &attempt, facts);
            let settlement = settlement(&ticket, &attempt, capture, role, now);
            let booked = self
                .store
                .book(
                    &ticket,
                    &settlement,
                    Booker::Settle {
                        attempt: &attempt,
                        held,
                    },
                )
                .await?;
            if booked == Write::Done {
                report(&settlement, &attempt);
                return Ok(Progress::Known);
            }
            match self.load(&attempt.id).await? {
                Some(again) if again != (ticket, attempt) => (ticket, attempt) = again,
                // Somebody else's lock or mark: the next sweep books this.
                Some(_) | None => return Ok(Progress::Unclear),
            }
        }
        Ok(Progress::Unclear)
    }

    async fn is_booked(&self, ticket: &Ticket, capture: &Capture) -> Result<bool, Error> {
        match &ticket.state {
            State::Paid { settlement, .. } if *settlement == capture.id => Ok(true),
            State::Open(_) => Ok(false),
            // A second booking would be none, but reported as money too much.
            State::Paid { .. }
            | State::Objected
            | State::Withdrawn
            | State::HandedOver
            | State::Review(_) => {
                let booked = self.store.settlement(ticket, &(&capture.id).into()).await?;
                Ok(booked.is_some())
            }
        }
    }

    /// Marks a capture that PayPal holds back.
    pub(crate) async fn keep_pending(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        capture_id: &CaptureId,
        held: Option<&Held>,
        now: Timestamp,
    ) -> Result<Progress, Error> {
        let mut ticket = ticket.clone();
        for _ in 0..DECISIONS_MAX {
            let kept = self
                .store
                .book_pending(&ticket, attempt, capture_id, held, now)
                .await?;
            match (kept, self.told_of_since(&ticket, kept).await?) {
                (Write::Refused, Some(again)) => ticket = again,
                (kept, _) => return Ok(known_if_done(kept)),
            }
        }
        Ok(Progress::Unclear)
    }

    /// Gives the lock back.
    pub(crate) async fn release(
        &self,
        held: &Held,
        attempt: &Attempt,
        released: &Released,
    ) -> Result<Progress, Error> {
        let written = self.store.release_lock(held, attempt, released).await?;
        Ok(known_if_done(written))
    }

    /// Makes an attempt final that brought no money.
    pub(crate) async fn end(&self, attempt: &Attempt, end: AttemptEnd) -> Result<Progress, Error> {
        Ok(known_if_done(self.store.end_attempt(attempt, end).await?))
    }

    /// The same for one whose capture was held back.
    pub(crate) async fn end_pending(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        capture_id: &CaptureId,
        now: Timestamp,
    ) -> Result<Progress, Error> {
        let mut ticket = ticket.clone();
        for _ in 0..DECISIONS_MAX {
            let ended = self
                .store
                .end_pending(&ticket, attempt, capture_id, now)
                .await?;
            match (ended, self.told_of_since(&ticket, ended).await?) {
                (Write::Refused, Some(again)) => ticket = again,
                (ended, _) => return Ok(known_if_done(ended)),
            }
        }
        Ok(Progress::Unclear)
    }

    /// The ticket, where a write was refused because its journal has got a line that
    /// changes neither state nor amount: what was decided still holds, and whose lock
    /// there is the write asks for itself.
    async fn told_of_since(&self, before: &Ticket, write: Write) -> Result<Option<Ticket>, Error> {
        if write == Write::Done {
            return Ok(None);
        }
        let stands = self.store.ticket(&before.case_number).await?;
        Ok(stands.filter(|stands| stands.has_only_been_told_of(before)))
    }
}

pub(crate) fn known_if_done(write: Write) -> Progress {
    match write {
        Write::Done => Progress::Known,
        Write::Refused => Progress::Unclear,
    }
}

pub(crate) fn settlement(
    ticket: &Ticket,
    attempt: &Attempt,
    capture: &Capture,
    role: Role,
    now: Timestamp,
) -> Settlement {
    Settlement {
        case_number: ticket.case_number.clone(),
        source: Source::Paypal(Captured {
            capture_id: capture.id.clone(),
            attempt: attempt.id.clone(),
            fee: capture.fee.as_ref().map(|fee| fee.value.clone()),
            net: capture.net.as_ref().map(|net| net.value.clone()),
        }),
        amount: capture.amount.clone(),
        // A payer who approved in time is in time, whatever our delay.
        // sabotage: paid when we booked it
        paid_at: attempt
            .approved_at
            .or(capture.create_time)
            .or(capture.update_time)
            .unwrap_or(now),
        booked_at: ticket.booked_at(now),
        role,
        overpaid: None,
    }
}

pub(crate) fn report(settlement: &Settlement, attempt: &Attempt) {
    let (case_number, attempt, id) = (&settlement.case_number, &attempt.id, settlement.id());
    let Money { value, currency } = &settlement.amount;
    match settlement.role {
        Role::Main => {
            tracing::info!(%case_number, %attempt, capture_id = %id, value, "a ticket is paid");
        }
        Role::Part => {
            tracing::info!(%case_number, %attempt, capture_id = %id, value, "a part of a ticket is paid");
        }
        Role::Surplus(reason) => {
            tracing::error!(%case_number, %attempt, capture_id = %id, value, currency, ?reason, "money came that nothing was owed for");
        }
    }
    let cents = settlement.amount.euro_cents();
    tracing::info!(
        metric.captured = 1_u64,
        metric.captured_cents = cents.map_or(0, Cents::minor_units),
        "money came through PayPal"
    );
}
