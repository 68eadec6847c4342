//! What the table holds of one capture, and making it whole: a restore brings
//! the items of one transaction back as they were at slightly different moments.

use jiff::Timestamp;
use paypal::Money;
use store::{Attempt, AttemptState, Error, Held, JournalEvent, Queued, TakenBack, Write};
use ticket::{CaptureId, CaseNumber, Role, Settlement, State, SurplusReason, Ticket};
use tokio::time::Instant;

use crate::Settle;
use crate::asking::Answer;
use crate::booking::{report, settlement};
use crate::decision::role;
use crate::reading::Reading;
use crate::taken_back::{Claim, Confirmation};

/// What the table holds of one capture.
pub(crate) struct BookingParts {
    pub(crate) ticket: Ticket,
    pub(crate) attempt: Attempt,
    settlement: Option<Settlement>,
    pub(crate) queued: Option<Queued>,
    journaled: Vec<JournalEvent>,
}

impl BookingParts {
    /// What is booked for the capture, in euro cents; nothing where a part of
    /// the booking is missing.
    pub(crate) fn booked_cents(&self, id: &CaptureId) -> Option<i64> {
        let settlement = self.settlement.as_ref()?;
        let captured = AttemptState::Captured {
            capture_id: id.clone(),
        };
        let ticket_says_so = match (settlement.role, &self.ticket.state) {
            (Role::Main, State::Paid { settlement, .. }) => settlement == id,
            (Role::Main | Role::Surplus(SurplusReason::FactsDiffer), State::Open) => false,
            (Role::Main | Role::Surplus(_), _) => true,
        };
        let whole = ticket_says_so
            && self.attempt.state == captured
            && self.queued.is_some()
            && self.is_journaled()
            && !self.is_held();
        let booked = Money {
            value: settlement.value.clone(),
            currency: settlement.currency.clone(),
        };
        whole.then(|| booked.signed_euro_cents().unwrap_or_default())
    }

    /// Whether the capture is marked as one that PayPal holds back.
    pub(crate) fn is_pending(&self, id: &CaptureId) -> bool {
        let pending = AttemptState::Pending {
            capture_id: id.clone(),
        };
        let mark = self.ticket.pending.as_ref();
        let marked = mark.is_some_and(|mark| mark.attempt == self.attempt.id);
        let open = matches!(self.ticket.state, State::Open);
        let journaled = self.journaled.contains(&JournalEvent::CapturePending);
        self.attempt.state == pending && (marked && journaled || !open)
    }

    /// Whether the journal has the line of the booking.
    fn is_journaled(&self) -> bool {
        self.journaled.iter().any(|what| match what {
            JournalEvent::Paid | JournalEvent::SurplusBooked | JournalEvent::FactsDiffered => true,
            JournalEvent::Issued
            | JournalEvent::CapturePending
            | JournalEvent::PendingCaptureDeclined
            | JournalEvent::MoneyTakenBack
            | JournalEvent::Withdrawn
            | JournalEvent::Objected
            | JournalEvent::HandedOver
            | JournalEvent::AmountChanged => false,
        })
    }

    /// Whether the ticket still waits for the attempt.
    fn is_held(&self) -> bool {
        let (lock, pending) = (&self.ticket.lock, &self.ticket.pending);
        lock.as_ref()
            .is_some_and(|lock| lock.attempt == self.attempt.id)
            || pending
                .as_ref()
                .is_some_and(|pending| pending.attempt == self.attempt.id)
    }
}

impl Settle {
    /// Reads what the table holds of a capture.
    pub(crate) async fn parts(
        &self,
        ticket: Ticket,
        attempt: Attempt,
        id: &CaptureId,
    ) -> Result<BookingParts, Error> {
        let settlement = self.store.settlement(&ticket, &id.into()).await?;
        let queued = match &settlement {
            Some(settlement) => self.store.queued(settlement.booked_at, id.as_str()).await?,
            None => None,
        };
        let case_number = &ticket.case_number;
        let journaled = self.store.journaled(case_number, id.as_str()).await?;
        Ok(BookingParts {
            ticket,
            attempt,
            settlement,
            queued,
            journaled,
        })
    }

    /// Writes the parts of a booking, or of a pending mark, that are missing.
    pub(crate) async fn mend(
        &self,
        parts: &BookingParts,
        id: &CaptureId,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<(), Error> {
        let BookingParts {
            ticket, attempt, ..
        } = parts;
        let Some(order) = &attempt.order else {
            return Ok(());
        };
        // A lock of its own has come back, and its lease has ended.
        let held = Held::of_ended(ticket, now).filter(|held| *held.attempt() == attempt.id);
        let held = held.as_ref();
        let answer = self.ask(&order.id, ticket, attempt, now, deadline).await;
        let mended = match answer {
            Answer::Order(Reading::Captured(capture, facts)) if capture.id == *id => {
                let settlement = parts.settlement.clone().unwrap_or_else(|| {
                    let role = match paid_by(ticket, id) {
                        Some(_) => Role::Main,
                        None => role(ticket, attempt, facts),
                    };
                    let settlement = settlement(ticket, attempt, &capture, role, now);
                    let paid_at = paid_by(ticket, id).unwrap_or(settlement.paid_at);
                    Settlement {
                        paid_at,
                        ..settlement
                    }
                });
                let mended = self
                    .store
                    .mend_booking(ticket, attempt, &settlement, parts.is_journaled(), held)
                    .await?;
                if mended == Write::Done {
                    report(&settlement);
                }
                mended
            }
            Answer::Order(Reading::Pending(capture)) if capture.id == *id => {
                self.store
                    .mend_pending(ticket, attempt, id, held, now)
                    .await?
            }
            Answer::Order(_) | Answer::Unknown | Answer::Denied | Answer::None => Write::Refused,
        };
        tracing::warn!(case_number = %ticket.case_number, attempt = %attempt.id, capture = %id, ?mended, "a booking was not whole: was the table restored?");
        Ok(())
    }

    /// What is booked for money that left again and that PayPal's books have
    /// just shown, in euro cents, negative; nothing where a part of it is missing.
    pub(crate) async fn line_shown(
        &self,
        case_number: &CaseNumber,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<i64>, Error> {
        let Some((ticket, Some(line))) = self.line(case_number, id).await? else {
            return Ok(None);
        };
        let Some(queued) = self.store.queued(line.booked_at, id).await? else {
            return Ok(None);
        };
        let seen_to = !matches!(ticket.state, State::Open | State::Paid { .. });
        if !seen_to || !self.is_taking_back_journaled(case_number, id).await? {
            return Ok(None);
        }
        self.store.note_shown(&queued, id, now).await?;
        Ok(Some(line_cents(&line)))
    }

    pub(crate) async fn is_taking_back_journaled(
        &self,
        case_number: &CaseNumber,
        id: &str,
    ) -> Result<bool, Error> {
        let journaled = self.store.journaled(case_number, id).await?;
        Ok(journaled.contains(&JournalEvent::MoneyTakenBack))
    }

    async fn line(
        &self,
        case_number: &CaseNumber,
        id: &str,
    ) -> Result<Option<(Ticket, Option<TakenBack>)>, Error> {
        let Some(ticket) = self.store.ticket(case_number).await? else {
            return Ok(None);
        };
        let line = self.store.taken_back(&ticket, id).await?;
        Ok(Some((ticket, line)))
    }

    /// Writes the parts of a line of money taken back that are missing.
    pub(crate) async fn mend_line(
        &self,
        case_number: &CaseNumber,
        claim: &Claim,
        id: &str,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<(), Error> {
        let Some((ticket, line)) = self.line(case_number, id).await? else {
            return Ok(());
        };
        let survived = line.is_some();
        let line = match line {
            Some(line) => line,
            None => match self.confirm(claim, now, deadline).await {
                Ok(Confirmation::TakenBack(confirmed)) => match confirmed.capture() {
                    Some(capture_id) => confirmed.line(&ticket, capture_id, now),
                    None => return Ok(()),
                },
                Ok(
                    Confirmation::UnderWay(_) | Confirmation::Nothing | Confirmation::SomethingNew,
                )
                | Err(_) => return Ok(()),
            },
        };
        // A line whose money is not booked would be a negative sum.
        if self
            .store
            .settlement(&ticket, &(&line.capture_id).into())
            .await?
            .is_some()
        {
            let journaled = self.is_taking_back_journaled(case_number, id).await?;
            let mended = self
                .store
                .mend_taken_back(&ticket, &line, survived, journaled)
                .await?;
            tracing::warn!(%case_number, reference = id, ?mended, "money taken back was not booked whole: was the table restored?");
        }
        Ok(())
    }
}

/// What a line is in the books, in euro cents: negative.
pub(crate) fn line_cents(line: &TakenBack) -> i64 {
    let booked = Money {
        value: line.value.clone().unwrap_or_default(),
        currency: line.currency.clone().unwrap_or_default(),
    };
    -booked.signed_euro_cents().unwrap_or_default()
}

/// Since when the ticket is paid by this very capture.
fn paid_by(ticket: &Ticket, id: &CaptureId) -> Option<Timestamp> {
    match &ticket.state {
        State::Paid {
            settlement,
            paid_at,
            ..
        } if settlement == id => Some(*paid_at),
        State::Paid { .. }
        | State::Open
        | State::Objected
        | State::Withdrawn
        | State::HandedOver
        | State::Review => None,
    }
}
