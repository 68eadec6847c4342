//! Telling that money may still come: page, result page and the city's systems
//! read one mark on the ticket, and say the same.

use std::time::Duration;

use jiff::Timestamp;
use store::{Attempt, AttemptState, Error, Write};
use ticket::{AttemptId, Awaited, Captures, Standing, Ticket};

use crate::limits::{APPROVAL_LAG, LOOK_YOUNG, later};
use crate::{Progress, Settle, Settled, Wake};

/// How long after its order's life at PayPal an attempt is final.
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
    /// A payer who has come back, or whom PayPal has called about, has most likely
    /// approved, whatever a read says that lags: asked about again in a minute.
    pub(crate) async fn expect_money(
        &self,
        id: &AttemptId,
        wake: Wake,
        progress: Progress,
        now: Timestamp,
    ) {
        match (wake, progress) {
            (Wake::Return | Wake::Webhook, Progress::NotApproved | Progress::Unclear) => {}
            (Wake::Return | Wake::Webhook, Progress::Known) | (Wake::Sweep | Wake::Books, _) => {
                return;
            }
        }
        self.expect_money_at(id, later(now, LOOK_YOUNG)).await;
    }

    pub(crate) async fn expect_money_at(&self, id: &AttemptId, at: Timestamp) {
        if let Err(error) = self.store.expect_money(id, at).await {
            tracing::warn!(%error, attempt = %id, "an attempt whose payer has most likely approved waits longer than it should");
        }
    }

    /// Writes down, and shows in the answer, whether money may still come of this
    /// attempt, which stood so before it was asked about.
    pub(crate) async fn tell_awaited(
        &self,
        before: &Attempt,
        mut settled: Settled,
        wake: Wake,
        now: Timestamp,
    ) -> Settled {
        let names_it = |awaited: &Awaited| awaited.attempt == settled.attempt.id;
        let is_marked = settled.ticket.awaits.as_ref().is_some_and(names_it);
        match mark(before, &settled, wake, self.captures, now) {
            Mark::Set => {
                let (ticket, attempt) = (&settled.ticket, &settled.attempt);
                if let Some(awaited) = self.mark_awaited(ticket, attempt, now).await {
                    settled.ticket.awaits = Some(awaited);
                }
            }
            Mark::TakeAway if is_marked => {
                let case_number = &settled.ticket.case_number;
                if let Some(awaited) = &settled.ticket.awaits {
                    match self.store.unmark_awaited(case_number, awaited).await {
                        Ok(_) => settled.ticket.awaits = None,
                        // The page behind the code says what the mark says: so does
                        // this answer.
                        Err(error) => {
                            let attempt = &awaited.attempt;
                            tracing::warn!(%error, %case_number, %attempt, "a mark of awaited money stays until the next look");
                        }
                    }
                }
            }
            Mark::TakeAway | Mark::Keep => {}
        }
        settled.progress = not_shown_yet(settled.progress, &settled.attempt, now);
        settled
    }

    /// The payer is back from PayPal with its word that the order is approved, which
    /// a read need not show yet. The word is no proof of anything, but until the
    /// approval must be seen nobody may be told that nothing was paid.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn said_to_be_approved(
        &self,
        mut settled: Settled,
        now: Timestamp,
    ) -> Result<Settled, Error> {
        let Settled {
            ticket,
            attempt,
            progress,
        } = &settled;
        // Under a lock the page says enough; afterwards the same word is news still.
        let is_news = *progress != Progress::Known
            && attempt.state == AttemptState::Live
            && attempt.version == ticket.version
            && attempt.returned_at.is_none()
            && ticket.standing() == Standing::Open;
        if !is_news {
            return Ok(settled);
        }
        // The mark first: without it the page behind the code would ask for payment. It
        // outlasts the look that takes it away.
        if *progress == Progress::NotApproved {
            let ticket = self.store.without_ended_mark(ticket.clone()).await?;
            let shown_by = later(now, APPROVAL_LAG);
            let is_told = ticket.awaits.is_some_and(|it| it.until >= shown_by);
            let until = later(shown_by, 2 * LOOK_YOUNG);
            if !is_told
                && let Some(awaited) = self
                    .mark_awaited_until(&settled.ticket, attempt, until, now)
                    .await
            {
                settled.ticket.awaits = Some(awaited);
            }
        }
        if self.store.note_return(&settled.attempt, now).await? == Write::Refused {
            // The same return came twice, or the attempt has ended meanwhile.
            let Some((ticket, attempt)) = self.load(&settled.attempt.id).await? else {
                return Ok(settled);
            };
            let progress = if attempt.state.is_final() {
                Progress::Known
            } else {
                settled.progress
            };
            settled = Settled {
                ticket,
                attempt,
                progress,
            };
        } else {
            settled.attempt.returned_at = Some(now);
        }
        settled.progress = not_shown_yet(settled.progress, &settled.attempt, now);
        Ok(settled)
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
        self.mark_awaited_until(ticket, attempt, until, now).await
    }

    async fn mark_awaited_until(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        until: Timestamp,
        now: Timestamp,
    ) -> Option<Awaited> {
        if until <= now {
            return None;
        }
        let earlier = ticket.awaits.as_ref().filter(|mark| mark.until > now);
        if earlier.is_some_and(|mark| mark.attempt == attempt.id && mark.until >= until) {
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

/// By when an approval must be shown that the payer has spoken of.
pub(crate) fn approval_shown_by(attempt: &Attempt, now: Timestamp) -> Option<Timestamp> {
    let shown_by = later(attempt.returned_at?, APPROVAL_LAG);
    (attempt.state == AttemptState::Live && shown_by > now).then_some(shown_by)
}

/// What it means that an order is not approved: nothing, as long as PayPal may not
/// show what its own page has let the payer do.
pub(crate) fn not_shown_yet(progress: Progress, attempt: &Attempt, now: Timestamp) -> Progress {
    match progress {
        Progress::NotApproved if approval_shown_by(attempt, now).is_some() => Progress::Unclear,
        Progress::Known | Progress::NotApproved | Progress::Unclear => progress,
    }
}

fn has_changed(before: &Attempt, attempt: &Attempt) -> bool {
    let before = Attempt {
        silent_since: attempt.silent_since,
        ..before.clone()
    };
    before != *attempt
}

fn mark(
    before: &Attempt,
    settled: &Settled,
    wake: Wake,
    captures: Captures,
    now: Timestamp,
) -> Mark {
    let Settled {
        ticket,
        attempt,
        progress,
    } = settled;
    let can_bring_money = attempt.state == AttemptState::Live && attempt.version == ticket.version;
    if !can_bring_money {
        return Mark::TakeAway;
    }
    let is_marked = ticket
        .awaits
        .as_ref()
        .is_some_and(|mark| mark.attempt == attempt.id && mark.until > now);
    match progress {
        // Somebody else has found something out meanwhile, a refusal perhaps.
        Progress::Unclear if has_changed(before, attempt) => Mark::Keep,
        Progress::Unclear => match wake {
            // The payer was at PayPal. A sweep asks about abandoned orders too: were
            // their tickets marked, an hour without PayPal would keep everybody who
            // ever pressed the button from paying.
            Wake::Return | Wake::Webhook if ticket.standing() == Standing::Open => Mark::Set,
            // One that is waited for is so for as long as nothing is known.
            Wake::Sweep | Wake::Books if is_marked => Mark::Set,
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
        // The payer is back with the word that it is approved.
        Progress::NotApproved if approval_shown_by(attempt, now).is_some() => Mark::Keep,
        Progress::Known | Progress::NotApproved => Mark::TakeAway,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use store::Decline;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }

    fn ticket(lock: &Value) -> Ticket {
        serde_json::from_value(json!({
            "case_number": "KL-2026-000123",
            "plate": "KL-XX 000",
            "offence": { "number": "112402", "text": "Sie parkten im Haltverbot." },
            "place": "Musterstraße 1",
            "occurred_at": now(),
            "amount": 3_000,
            "due_on": "2026-11-30",
            "issued_at": now(),
            "issued_as": "",
            "state": "open",
            "version": 1,
            "fence": 0,
            "lock": lock,
        }))
        .unwrap()
    }

    fn attempt() -> Attempt {
        serde_json::from_value(json!({
            "id": "aaaaaaaaaaaaaaaaaaaaaaaaaa",
            "case_number": "KL-2026-000123",
            "version": 1,
            "amount": 3_000,
            "language": "de",
            "invoice_id": "KL-2026-000123",
            "client_id": "client-id",
            "created_at": now(),
            "refusals": 0,
            "attempt_state": "live",
        }))
        .unwrap()
    }

    fn declined(attempt: Attempt) -> Attempt {
        Attempt {
            refusals: attempt.refusals + 1,
            decline: Some(Decline {
                at: now(),
                issue: "INSTRUMENT_DECLINED".to_owned(),
                retry_allowed: false,
                order_changed_at: None,
                changed_again_at: None,
                change_seen_at: None,
                pressed_at: None,
            }),
            ..attempt
        }
    }

    fn settled(attempt: Attempt, progress: Progress) -> Settled {
        Settled {
            ticket: ticket(&Value::Null),
            attempt,
            progress,
        }
    }

    #[test]
    fn only_who_was_at_paypal_is_waited_for_where_it_says_nothing() {
        for (wake, expected) in [
            (Wake::Return, Mark::Set),
            (Wake::Webhook, Mark::Set),
            (Wake::Sweep, Mark::Keep),
            (Wake::Books, Mark::Keep),
        ] {
            let settled = settled(attempt(), Progress::Unclear);
            let mark = mark(&attempt(), &settled, wake, Captures::Open, now());
            assert_eq!(mark, expected, "{wake:?}");
        }
    }

    #[test]
    fn what_a_lock_tells_is_not_told_twice() {
        let lock = json!({ "attempt": attempt().id, "until": now(), "since": now() });
        let settled = Settled {
            ticket: ticket(&lock),
            ..settled(attempt(), Progress::Unclear)
        };
        let mark = mark(&attempt(), &settled, Wake::Return, Captures::Open, now());
        assert_eq!(mark, Mark::Keep);
    }

    #[test]
    fn a_refusal_that_somebody_else_has_just_found_is_no_money_that_may_come() {
        let settled = settled(declined(attempt()), Progress::Unclear);
        let mark = mark(&attempt(), &settled, Wake::Return, Captures::Open, now());
        assert_eq!(mark, Mark::Keep);
    }

    #[test]
    fn a_definite_answer_ends_the_waiting() {
        let another_version = Attempt {
            version: 2,
            ..attempt()
        };
        let ended = Attempt {
            state: AttemptState::Expired,
            ..attempt()
        };
        for (attempt, progress) in [
            (attempt(), Progress::NotApproved),
            (attempt(), Progress::Known),
            (declined(attempt()), Progress::Known),
            (another_version, Progress::Unclear),
            (ended, Progress::Unclear),
        ] {
            let settled = settled(attempt.clone(), progress);
            let mark = mark(&attempt, &settled, Wake::Return, Captures::Open, now());
            assert_eq!(mark, Mark::TakeAway, "{settled:?}");
        }
    }

    #[test]
    fn a_payer_who_said_that_it_is_approved_is_waited_for_until_that_must_be_shown() {
        let said_at = |seconds: i64| Attempt {
            returned_at: Some(now() - jiff::SignedDuration::from_secs(seconds)),
            ..attempt()
        };
        for (seconds, expected, told) in [
            (0, Mark::Keep, Progress::Unclear),
            (119, Mark::Keep, Progress::Unclear),
            (120, Mark::TakeAway, Progress::NotApproved),
        ] {
            let settled = settled(said_at(seconds), Progress::NotApproved);
            for wake in [Wake::Return, Wake::Sweep] {
                // Whoever asked before the payer was back has not seen that.
                let mark = mark(&attempt(), &settled, wake, Captures::Open, now());
                assert_eq!(mark, expected, "{seconds}");
            }
            let progress = not_shown_yet(settled.progress, &settled.attempt, now());
            assert_eq!(progress, told, "{seconds}");
        }
    }

    #[test]
    fn an_approved_payment_is_waited_for_while_captures_are_closed() {
        let approved = Attempt {
            approved_at: Some(now()),
            ..attempt()
        };
        for (attempt, captures, expected) in [
            (approved.clone(), Captures::Closed, Mark::Keep),
            (declined(approved.clone()), Captures::Closed, Mark::TakeAway),
            (approved, Captures::Open, Mark::TakeAway),
        ] {
            let settled = settled(attempt.clone(), Progress::Known);
            let mark = mark(&attempt, &settled, Wake::Sweep, captures, now());
            assert_eq!(mark, expected, "{captures:?} {settled:?}");
        }
    }
}
