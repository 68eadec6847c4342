//! What the table holds of one capture, and making it whole: a restore brings
//! the items of one transaction back as they were at slightly different moments.

use jiff::Timestamp;
use store::{BookingParts, Error, Held, JournalEvent, TakenBack, Write};
use ticket::{CaptureId, CaseNumber, Role, Settlement, State, Ticket};

use crate::asking::Answer;
use crate::decision::role;
use crate::reading::Reading;
use crate::taken_back::{Claim, Confirmation};
use crate::writing_down::{report, settlement};
use crate::{Moment, Settle};

impl Settle {
    /// Writes the parts of a booking, or of a pending mark, that are missing.
    pub(crate) async fn mend(
        &self,
        parts: &BookingParts,
        id: &CaptureId,
        moment: Moment,
    ) -> Result<(), Error> {
        let BookingParts {
            ticket, attempt, ..
        } = parts;
        let Some(order) = &attempt.order else {
            return Ok(());
        };
        // A lock of its own has come back, and its lease has ended.
        let held = Held::of_ended(ticket, moment.now).filter(|held| *held.attempt() == attempt.id);
        let held = held.as_ref();
        let answer = self.ask(&order.id, ticket, attempt, moment).await;
        let mended = match answer {
            Answer::Order(Reading::Captured(capture, facts)) if capture.id == *id => {
                let settlement = parts.settlement.clone().unwrap_or_else(|| {
                    let role = match parts.paid_at() {
                        Some(_) => Role::Main,
                        None => role(ticket, attempt, facts),
                    };
                    let settlement = settlement(ticket, attempt, &capture, role, moment.now);
                    let paid_at = parts.paid_at().unwrap_or(settlement.paid_at);
                    Settlement {
                        paid_at,
                        ..settlement
                    }
                });
                let mended = self
                    .store
                    .mend_parts(parts, &settlement, held, moment.now)
                    .await?;
                if mended == Write::Done {
                    report(&settlement, attempt);
                }
                mended
            }
            Answer::Order(Reading::Pending(capture)) if capture.id == *id => {
                self.store
                    .mend_pending(ticket, attempt, id, held, moment.now)
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
        let seen_to = ticket.was_reviewed_since(line.booked_at)
            || line.after(&ticket.state).name() == ticket.state.name()
            || !matches!(ticket.state, State::Open(_) | State::Paid { .. });
        if !seen_to
            || !self.is_taking_back_journaled(case_number, id).await?
            || !self.store.is_carried_out(&line).await?
        {
            return Ok(None);
        }
        self.store.note_shown(&queued, id, now).await?;
        Ok(Some(line.cents()))
    }

    pub(crate) async fn is_taking_back_journaled(
        &self,
        case_number: &CaseNumber,
        id: &str,
    ) -> Result<bool, Error> {
        let journaled = self.store.journaled(case_number, id).await?;
        Ok(journaled.contains(&JournalEvent::MoneyTakenBack)
            || journaled.contains(&JournalEvent::Refunded))
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
        moment: Moment,
    ) -> Result<(), Error> {
        let Some((ticket, line)) = self.line(case_number, id).await? else {
            return Ok(());
        };
        let survived = line.is_some();
        let line = match line {
            Some(line) => line,
            None => match self.confirm(claim, moment).await {
                Ok(Confirmation::TakenBack(confirmed)) => match confirmed.capture() {
                    Some(capture_id) => {
                        self.line_of(&confirmed, &ticket, capture_id, moment.now)
                            .await?
                    }
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
            .settlement(&ticket, &line.settlement)
            .await?
            .is_some()
        {
            let journaled = self.is_taking_back_journaled(case_number, id).await?;
            let mended = self
                .store
                .mend_taken_back(&ticket, &line, survived, journaled, moment.now)
                .await?;
            tracing::warn!(%case_number, reference = id, ?mended, "money taken back was not booked whole: was the table restored?");
        }
        Ok(())
    }
}
