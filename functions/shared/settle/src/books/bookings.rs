//! The other direction of the comparison: what the table has booked and
//! PayPal's books have never shown. The export's queue has an entry for each
//! booking, and each entry is marked when the books show it.

use jiff::Timestamp;
use paypal::{Error as PayPalError, RefundId, RefundStatus};
use store::{Booked, Error, Queued, Store};
use ticket::{SettlementId, Ticket};

use super::pages::Budget;
use crate::reading::brought_money;
use crate::{Comparison, Moment, Settle, Window};

/// What an entry of the queue has come to.
enum EntryOutcome {
    /// PayPal's books have shown it, now or before.
    Shown,
    /// PayPal has not answered.
    Unanswered,
    /// Only the table has it, in euro cents.
    OnlyBooked(i64),
    /// The table or PayPal did not say enough.
    Unclear,
}

/// One question to PayPal.
#[derive(Clone, Copy)]
struct BookingQuery {
    /// From when on the books were looked into.
    books_from: Timestamp,
    moment: Moment,
}

/// What the bookings of a shard have come to.
pub(crate) struct Bookings {
    pub(crate) comparison: Comparison,
    /// Whether PayPal has said something of each that it was asked about.
    pub(crate) is_answered: bool,
}

impl Bookings {
    /// Counts an entry, and tells of one that the books have not shown.
    fn count(&mut self, entry: &Queued, came_to: &EntryOutcome) {
        let (case_number, booked) = (&entry.case_number, &entry.booked);
        match came_to {
            EntryOutcome::Shown => {}
            EntryOutcome::OnlyBooked(cents) => {
                tracing::error!(alarm = "money-only-booked", %case_number, ?booked, cents, "money is booked that PayPal's books do not show: a human must look");
                self.comparison.only_booked.add(*cents);
            }
            EntryOutcome::Unanswered => {
                tracing::warn!(%case_number, ?booked, "PayPal did not say what it shows of a booking");
                self.comparison.unclear += 1;
                self.is_answered = false;
            }
            EntryOutcome::Unclear => {
                tracing::error!(%case_number, ?booked, "a booking cannot be found again: a human must look");
                self.comparison.unclear += 1;
            }
        }
    }
}

impl Settle {
    /// All bookings of a window that the books should have shown; nothing where
    /// the run may do no more, or the table did not answer.
    pub(crate) async fn all_bookings(
        &self,
        window: Window,
        books_from: Timestamp,
        clock: &(dyn Fn() -> Timestamp + Sync),
        budget: &mut Budget,
    ) -> Option<Comparison> {
        let mut all = Comparison::default();
        for shard in Store::shards() {
            let found = self.bookings(shard, window, books_from, clock, budget);
            match found.await {
                Ok(Some(found)) => all = all.plus(found.comparison),
                Ok(None) => return None,
                Err(error) => {
                    tracing::error!(%error, "the table does not show its bookings");
                    return None;
                }
            }
        }
        Some(all)
    }

    /// The same for one shard of the export's queue.
    pub(crate) async fn bookings(
        &self,
        shard: u8,
        window: Window,
        books_from: Timestamp,
        clock: &(dyn Fn() -> Timestamp + Sync),
        budget: &mut Budget,
    ) -> Result<Option<Bookings>, Error> {
        let mut bookings = Bookings {
            comparison: Comparison::default(),
            is_answered: true,
        };
        let mut last: Option<Queued> = None;
        if window.from >= window.to {
            return Ok(Some(bookings));
        }
        loop {
            let span = (window.from, window.to);
            let page = self.store.queue(shard, span, last.as_ref()).await?;
            let unreadable = u32::try_from(page.unreadable).unwrap_or(u32::MAX);
            if unreadable > 0 {
                tracing::error!(
                    unreadable,
                    "entries of the export's queue cannot be read: a human must look"
                );
                let unclear = &mut bookings.comparison.unclear;
                *unclear = unclear.saturating_add(unreadable);
            }
            for entry in page.entries.iter().filter(|entry| entry.shown_as.is_none()) {
                let Some(id) = entry.booked.paypal_id() else {
                    continue;
                };
                if !budget.allows_more() {
                    return Ok(None);
                }
                let question = BookingQuery {
                    books_from,
                    moment: Moment::begins(clock()),
                };
                let came_to = self.unshown(entry, question, budget).await?;
                if let EntryOutcome::Shown = came_to {
                    self.store
                        .note_shown(entry, id, question.moment.now)
                        .await?;
                }
                bookings.count(entry, &came_to);
            }
            if page.is_last {
                return Ok(Some(bookings));
            }
            match page.entries.last() {
                Some(entry) => last = Some(entry.clone()),
                None => return Ok(Some(bookings)),
            }
        }
    }

    async fn unshown(
        &self,
        entry: &Queued,
        question: BookingQuery,
        budget: &mut Budget,
    ) -> Result<EntryOutcome, Error> {
        let Some(ticket) = self.store.ticket(&entry.case_number).await? else {
            return Ok(EntryOutcome::Unclear);
        };
        match &entry.booked {
            Booked::Settlement(id) => self.unshown_settlement(id, &ticket, question, budget).await,
            Booked::TakenBack(id) => self.unshown_line(id, &ticket, question, budget).await,
        }
    }

    async fn unshown_settlement(
        &self,
        id: &SettlementId,
        ticket: &Ticket,
        question: BookingQuery,
        budget: &mut Budget,
    ) -> Result<EntryOutcome, Error> {
        let Some(settlement) = self.store.settlement(ticket, id).await? else {
            return Ok(EntryOutcome::Unclear);
        };
        let Some(captured) = settlement.source.captured() else {
            return Ok(EntryOutcome::Unclear);
        };
        if self.other_entry(settlement.booked_at, id.as_str()).await? {
            return Ok(EntryOutcome::Shown);
        }
        let booked = &settlement.amount;
        let only_booked = EntryOutcome::OnlyBooked(booked.signed_euro_cents().unwrap_or_default());
        let attempt = self.store.attempt(&captured.attempt).await?;
        // A capture that was held back stands in the books under its own day,
        // weeks before its booking: it is asked about itself.
        if attempt.is_none_or(|attempt| attempt.created_at >= question.books_from) {
            return Ok(only_booked);
        }
        budget.spend(1);
        let (moment, id) = (question.moment, &captured.capture_id);
        let capture = self.capture_at_paypal(id, moment).await;
        Ok(match capture {
            Ok(capture)
                if brought_money(&capture.status)
                    && capture.amount == *booked
                    && capture
                        .create_time
                        .is_some_and(|at| at < question.books_from) =>
            {
                EntryOutcome::Shown
            }
            Ok(_) | Err(PayPalError::NotFound { .. }) => only_booked,
            // Who may not read it need not be asked again.
            Err(PayPalError::Refused { .. }) => EntryOutcome::Unclear,
            Err(_) => EntryOutcome::Unanswered,
        })
    }

    async fn unshown_line(
        &self,
        id: &str,
        ticket: &Ticket,
        question: BookingQuery,
        budget: &mut Budget,
    ) -> Result<EntryOutcome, Error> {
        let Some(line) = self.store.taken_back(ticket, id).await? else {
            return Ok(EntryOutcome::Unclear);
        };
        if self.other_entry(line.booked_at, id).await? {
            return Ok(EntryOutcome::Shown);
        }
        let only_booked = EntryOutcome::OnlyBooked(line.cents());
        let Ok(id) = id.parse::<RefundId>() else {
            return Ok(only_booked);
        };
        budget.spend(1);
        let refund = self.refund(&id, question.moment).await;
        Ok(match refund {
            Ok(refund)
                if refund.status == RefundStatus::Completed
                    && Some(&refund.amount) == line.amount.as_ref()
                    && refund
                        .create_time
                        .is_some_and(|at| at < question.books_from) =>
            {
                EntryOutcome::Shown
            }
            Ok(_) | Err(PayPalError::NotFound { .. }) => only_booked,
            // Who may not read it need not be asked again.
            Err(PayPalError::Refused { .. }) => EntryOutcome::Unclear,
            Err(_) => EntryOutcome::Unanswered,
        })
    }

    /// Whether the same booking has another entry, which the books have shown: of
    /// one that a restore has torn apart two may stand in the queue.
    async fn other_entry(&self, booked_at: Timestamp, id: &str) -> Result<bool, Error> {
        let own = self.store.queued(booked_at, id).await?;
        Ok(own.is_some_and(|own| own.shown_as.is_some()))
    }
}
