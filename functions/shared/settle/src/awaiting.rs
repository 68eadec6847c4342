//! Telling that money may still come: page, result page and the city's systems
//! read one mark on the ticket, and say the same.

use std::time::Duration;

use jiff::Timestamp;
use store::{Attempt, AttemptState, Write};
use ticket::{Awaited, Standing, Ticket};

use crate::{Captures, Progress, Settle, Settled, Wake};

/// How long after its order's life at `PayPal` an attempt is final.
const FINAL_AFTER_LIFE: Duration = Duration::from_hours(1);

/// What an attempt that was just asked about means for the mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    /// It may bring money.
    Set,
    /// It brings none, as things are.
    TakeAway,
    /// Nothing new is known.
    Keep,
}

impl Settle {
    /// Writes down, and shows in the answer, whether money may still come of this
    /// attempt.
    pub(crate) async fn tell_awaited(
        &self,
        mut settled: Settled,
        wake: Wake,
        now: Timestamp,
    ) -> Settled {
        let names_it = |awaited: &Awaited| awaited.attempt == settled.attempt.id;
        let is_marked = settled.ticket.awaits.as_ref().is_some_and(names_it);
        match mark(&settled, wake, self.captures) {
            Mark::Set if !is_marked => {
                let (ticket, attempt) = (&settled.ticket, &settled.attempt);
                if let Some(awaited) = self.mark_awaited(ticket, attempt, now).await {
                    settled.ticket.awaits = Some(awaited);
                }
            }
            Mark::TakeAway if is_marked => {
                let (case_number, attempt) = (&settled.ticket.case_number, &settled.attempt.id);
                let taken = self.store.unmark_awaited(case_number, attempt).await;
                if let Err(error) = taken {
                    tracing::warn!(%error, %case_number, %attempt, "a mark of awaited money stays until the next look");
                }
                settled.ticket.awaits = None;
            }
            Mark::Set | Mark::TakeAway | Mark::Keep => {}
        }
        settled
    }

    /// The mark, once it is written. Where it cannot be, that keeps nobody from
    /// being told how the attempt stands, and no money from being booked.
    pub(crate) async fn mark_awaited(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        now: Timestamp,
    ) -> Option<Awaited> {
        let life = self.paypal.order_life() + FINAL_AFTER_LIFE;
        let until = attempt.created_at.saturating_add(life).ok()?;
        if until <= now {
            return None;
        }
        let earlier = ticket.awaits.as_ref().filter(|mark| mark.until > now);
        if earlier.is_some_and(|mark| mark.attempt == attempt.id) {
            return None;
        }
        let awaited = Awaited {
            attempt: attempt.id.clone(),
            since: earlier.map_or(now, |mark| mark.since),
            until,
        };
        match self.store.mark_awaited(ticket, &awaited).await {
            Ok(Write::Done) => Some(awaited),
            Ok(Write::Refused) => None,
            Err(error) => {
                tracing::warn!(%error, case_number = %ticket.case_number, attempt = %attempt.id, "awaited money could not be marked");
                None
            }
        }
    }
}

fn mark(settled: &Settled, wake: Wake, captures: Captures) -> Mark {
    let Settled {
        ticket,
        attempt,
        progress,
    } = settled;
    let can_bring_money = attempt.state == AttemptState::Live && attempt.version == ticket.version;
    if !can_bring_money {
        return Mark::TakeAway;
    }
    match progress {
        Progress::Unclear => match wake {
            // The payer was at PayPal. A sweep asks about abandoned orders too: were
            // their tickets marked, an hour without PayPal would keep everybody who
            // ever pressed the button from paying.
            Wake::Return | Wake::Webhook if ticket.standing() == Standing::Open => Mark::Set,
            Wake::Return | Wake::Webhook | Wake::Sweep | Wake::Books => Mark::Keep,
        },
        // It was approved, and the lock under which it was to be captured was given
        // back because captures are closed.
        Progress::Known
            if captures == Captures::Closed
                && attempt.approved_at.is_some()
                && attempt.decline.is_none() =>
        {
            Mark::Keep
        }
        Progress::Known | Progress::NotApproved => Mark::TakeAway,
    }
}
