//! What the table holds of one capture. A restore brings the items of one transaction
//! back as they were at slightly different moments: a booking may be there in part.

use jiff::Timestamp;
use ticket::{CaptureId, Role, Settlement, State, SurplusReason, Ticket};

use crate::ledger::export::Queued;
use crate::ledger::journal::JournalEvent;
use crate::payments::booking::Booker;
use crate::payments::lock::Held;
use crate::payments::records::{Attempt, AttemptState};
use crate::{Error, Store, Write};

/// What the table holds of one capture.
pub struct BookingParts {
    /// The ticket, as it was read.
    pub ticket: Ticket,
    /// The attempt, as it was read.
    pub attempt: Attempt,
    /// What is booked, where that is there.
    pub settlement: Option<Settlement>,
    /// Its place in the export's queue, where that is there.
    pub queued: Option<Queued>,
    capture: CaptureId,
    journaled: Vec<JournalEvent>,
}

impl BookingParts {
    /// What is booked for the capture, in euro cents; nothing where a part of
    /// the booking is missing.
    #[must_use]
    pub fn booked_cents(&self) -> Option<i64> {
        let settlement = self.settlement.as_ref()?;
        let captured = AttemptState::Captured {
            capture_id: self.capture.clone(),
        };
        let ticket_says_so = match (settlement.role, &self.ticket.state) {
            (Role::Main, State::Paid { .. } | State::Open(_))
            | (Role::Surplus(SurplusReason::FactsDiffer), State::Open(_)) => {
                settlement.is_counted_by(&self.ticket)
            }
            (Role::Main | Role::Part | Role::Surplus(_), _) => true,
        };
        let whole = ticket_says_so
            && self.attempt.state == captured
            && self.queued.is_some()
            && self.is_journaled()
            && !self.is_held();
        whole.then(|| settlement.amount.signed_euro_cents().unwrap_or_default())
    }

    /// Whether the capture is marked as one that PayPal holds back.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        let pending = AttemptState::Pending {
            capture_id: self.capture.clone(),
        };
        let mark = self.ticket.pending();
        let marked = mark.is_some_and(|mark| mark.attempt == self.attempt.id);
        let open = matches!(self.ticket.state, State::Open(_));
        let journaled = self.journaled.contains(&JournalEvent::CapturePending);
        self.attempt.state == pending && (marked && journaled || !open)
    }

    /// Since when the ticket is paid by this very capture, if it is.
    #[must_use]
    pub fn paid_at(&self) -> Option<Timestamp> {
        match &self.ticket.state {
            State::Paid {
                settlement,
                paid_at,
                ..
            } if *settlement == self.capture => Some(*paid_at),
            State::Paid { .. }
            | State::Open(_)
            | State::Objected
            | State::Withdrawn
            | State::HandedOver
            | State::Review(_) => None,
        }
    }

    /// Whether the journal has the line of the booking.
    fn is_journaled(&self) -> bool {
        self.journaled.iter().any(|what| what.is_booking())
    }

    /// Whether the ticket still waits for the attempt.
    fn is_held(&self) -> bool {
        let in_flight = self.ticket.state.in_flight();
        in_flight.is_some_and(|in_flight| *in_flight.attempt() == self.attempt.id)
    }
}

impl Store {
    /// Reads what the table holds of a capture.
    ///
    /// # Errors
    /// When the table does not answer or a part is unreadable.
    pub async fn parts(
        &self,
        ticket: Ticket,
        attempt: Attempt,
        capture: &CaptureId,
    ) -> Result<BookingParts, Error> {
        let settlement = self.settlement(&ticket, &capture.into()).await?;
        let queued = match &settlement {
            Some(settlement) => self.queued(settlement.booked_at, capture.as_str()).await?,
            None => None,
        };
        let journaled = self
            .journaled(&ticket.case_number, capture.as_str())
            .await?;
        Ok(BookingParts {
            ticket,
            attempt,
            settlement,
            queued,
            capture: capture.clone(),
            journaled,
        })
    }

    /// Writes the parts of a booking that are missing.
    ///
    /// # Errors
    /// As [`Store::book`].
    pub async fn mend_parts(
        &self,
        parts: &BookingParts,
        settlement: &Settlement,
        held: Option<&Held>,
        now: Timestamp,
    ) -> Result<Write, Error> {
        let booker = Booker::Settle {
            attempt: &parts.attempt,
            held,
        };
        let journaled = parts.is_journaled();
        self.mend_booking(&parts.ticket, settlement, booker, journaled, now)
            .await
    }
}
