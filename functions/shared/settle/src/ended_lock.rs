//! A lock whose lease has ended: nobody may capture for its ticket before it is known
//! what came of the try it was taken for.
//!
//! | its order | what follows |
//! |---|---|
//! | shows a capture | it is booked |
//! | shows none | what was heard of the try decides (`refusal`), or it is made again |
//! | is over, and was shown without one once no read lagged | the lock goes |
//! | is over, and is not shown | the lock waits for `PayPal`'s own books, read by a night |
//! | is forgotten by the table | the lock goes while captures are closed |

use jiff::Timestamp;
use paypal::Issue;
use store::{Attempt, AttemptState, Error, Held, Released};
use ticket::{Lock, Standing, Ticket};
use tokio::time::Instant;

use crate::limits::{LEASE, ORDER_LIFE_MIN, READ_LAG, SILENCE_MAX, order_is_over, since};
use crate::reading::Reading;
use crate::reconciling::BOOKING_SHOWN_AFTER;
use crate::refusal::{Heard, Verdict, released, verdict};
use crate::settling::{Answer, approved_at, known_if_done};
use crate::{Captures, Comparison, Progress, Settle, Wake};

impl Settle {
    /// A lock whose lease has ended: nobody may capture for this ticket before
    /// `PayPal` has said what became of the order the lock names. Another
    /// attempt's own order says nothing about it.
    pub(crate) async fn resolve(
        &self,
        ticket: &Ticket,
        ended: &Lock,
        wake: Wake,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Progress, Error> {
        let owner = self.store.attempt(&ended.attempt).await?;
        let Some((owner, order)) = owner.and_then(|owner| {
            let order = owner.order.clone()?;
            Some((owner, order))
        }) else {
            return self.resolve_forgotten(ticket, ended).await;
        };
        let held = Held {
            case_number: ticket.case_number.clone(),
            attempt: owner.id.clone(),
            fence: ticket.fence,
        };
        // sabotage: take-over without asking
        let progress = match self.ask(&order.id, ticket, &owner, now, deadline).await {
            Answer::Order(Reading::Captured(capture, facts)) => {
                self.book(ticket, &owner, &capture, facts, Some(&held), now)
                    .await?
            }
            Answer::Order(Reading::Pending(capture)) => {
                self.keep_pending(ticket, &owner, &capture, Some(&held), now)
                    .await?
            }
            Answer::Order(Reading::Refused { .. }) => {
                self.release(&held, &owner, &Released::Ended(AttemptState::Declined))
                    .await?
            }
            Answer::Order(Reading::Dead) => {
                self.release(&held, &owner, &Released::Ended(AttemptState::Expired))
                    .await?
            }
            Answer::Order(reading @ (Reading::Approved { .. } | Reading::NotApproved)) => {
                self.resolve_uncaptured(ticket, &owner, &held, ended, &reading, wake, now, deadline)
                    .await?
            }
            Answer::Unknown | Answer::Denied
                if was_seen_without_money(&owner, ended) && self.is_over_for_us(&owner, now)
                    || self.books_have_shown(&owner, ended, now).await =>
            {
                self.release_over(&held, &owner).await?
            }
            Answer::Order(Reading::Unknown(_))
                if self.books_have_shown(&owner, ended, now).await =>
            {
                self.release_over(&held, &owner).await?
            }
            Answer::Unknown | Answer::Denied | Answer::None => Progress::Unclear,
            Answer::Order(Reading::Unknown(said)) => {
                tracing::error!(case_number = %ticket.case_number, attempt = %owner.id, said, "PayPal said something new about a locked order");
                Progress::Unclear
            }
        };
        if progress == Progress::Unclear && since(ended.since, now) > SILENCE_MAX {
            tracing::error!(alarm = "lock-waits", case_number = %ticket.case_number, attempt = %owner.id, order = %order.id, since = %ended.since, refused_as = ended.refused_as, "a lock waits: PayPal has not said whether the money moved");
        }
        Ok(progress)
    }

    /// The order of an ended lock shows no capture. That proves nothing yet: reads
    /// lag, and what was sent may have had its effect. Only the answer to the try
    /// itself, or the end of the order's life, gives the lock back.
    #[expect(clippy::too_many_arguments, reason = "each is a fact of this one look")]
    async fn resolve_uncaptured(
        &self,
        ticket: &Ticket,
        owner: &Attempt,
        held: &Held,
        ended: &Lock,
        reading: &Reading,
        wake: Wake,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Progress, Error> {
        // Where captures are closed, nobody can take it over, and money found in
        // PayPal's books could not be booked under it. It goes when no read lags any
        // more: somebody may pay in cash then.
        if self.captures == Captures::Closed
            || ticket.standing() != Standing::OpenLocked
            || owner.version != ticket.version
        {
            let may_have_moved = |code: &String| {
                verdict(&Issue::of(code), Heard::of(ended, now)) == Verdict::Waits
                    && !order_is_over(owner, self.paypal.order_life(), now)
            };
            if since(ended.until, now) < READ_LAG
                || ended.refused_as.as_ref().is_some_and(may_have_moved)
            {
                return Ok(Progress::Unclear);
            }
            return self.release(held, owner, &Released::NothingCaptured).await;
        }
        let mut is_said_to_be_captured = false;
        if let Some(code) = &ended.refused_as {
            let issue = Issue::of(code);
            is_said_to_be_captured = matches!(
                issue,
                Issue::OrderAlreadyCaptured | Issue::OrderCompletionInProgress
            );
            match verdict(&issue, Heard::of(ended, now)) {
                // Another try must say so, too.
                Verdict::Counts if issue == Issue::OrderNotApproved => {}
                Verdict::Counts => {
                    tracing::warn!(case_number = %ticket.case_number, attempt = %owner.id, code, "a refused capture has moved nothing");
                    let released = released(&issue, owner, reading, ended.refused_at, now);
                    return self.release(held, owner, &released).await;
                }
                Verdict::Waits if !order_is_over(owner, self.paypal.order_life(), now) => {
                    if !ended.shown_uncaptured
                        && !is_said_to_be_captured
                        && since(ended.until, now) >= READ_LAG
                    {
                        let _ = self.store.note_uncaptured(held).await?;
                    }
                    return Ok(Progress::Unclear);
                }
                Verdict::Waits | Verdict::TryAgain => {}
            }
        }
        if order_is_over(owner, self.paypal.order_life(), now) {
            // PayPal contradicts itself: its books tell.
            if is_said_to_be_captured && !self.books_have_shown(owner, ended, now).await {
                return Ok(Progress::Unclear);
            }
            return self.release_over(held, owner).await;
        }
        let Some(order) = owner
            .order
            .as_ref()
            .filter(|_| self.may_capture(wake, deadline))
        else {
            return Ok(Progress::Unclear);
        };
        let at = approved_at(reading);
        let until = now + LEASE;
        match self.store.take_over_lock(ticket, owner, until, at).await? {
            Some(held) => {
                let heard = Heard::of(ended, now);
                self.capture(ticket, owner, &order.id, &held, heard, at, now, deadline)
                    .await
            }
            None => Ok(Progress::Unclear),
        }
    }

    /// Whether the order can no longer be captured, and `PayPal` would show it to us:
    /// another client may be another account.
    fn is_over_for_us(&self, owner: &Attempt, now: Timestamp) -> bool {
        order_is_over(owner, self.paypal.order_life(), now)
            && owner.client_id == self.paypal.client_id()
    }

    /// Whether `PayPal`'s own books would have shown by now what came of the tries of
    /// this lock, whose order is over and says nothing: a night has read them whole
    /// since they must be complete, and found no money that is not booked.
    async fn books_have_shown(&self, owner: &Attempt, ended: &Lock, now: Timestamp) -> bool {
        if !self.is_over_for_us(owner, now) {
            return false;
        }
        // sabotage: a lock goes with its order
        let nights = match self.store.nights::<Comparison>().await {
            Ok(nights) => nights,
            Err(error) => {
                tracing::warn!(%error, "the nights cannot be read: a lock stays");
                return false;
            }
        };
        nights.and_then(|it| it.ended).is_some_and(|night| {
            night.agreed
                && night.complete_until > ended.until
                && since(ended.until, night.begun_at) >= BOOKING_SHOWN_AFTER
                && night.from.is_some_and(|from| from <= ended.since)
        })
    }

    /// The order can neither be captured any more nor does it show a capture.
    async fn release_over(&self, held: &Held, owner: &Attempt) -> Result<Progress, Error> {
        tracing::error!(alarm = "capture-never-answered", case_number = %owner.case_number, attempt = %owner.id, "PayPal never said what became of a capture, and the order is over: look into PayPal's books");
        let expired = Released::Ended(AttemptState::Expired);
        self.release(held, owner, &expired).await
    }

    /// A lock whose order nobody knows any more: a restore has brought the lock
    /// back and its attempt not. While captures are closed nobody can be inside
    /// the capture call, and it must not keep out what another attempt has brought;
    /// its own money, if there is any, stands in `PayPal`'s books, and captures are
    /// opened when those were looked through.
    async fn resolve_forgotten(&self, ticket: &Ticket, ended: &Lock) -> Result<Progress, Error> {
        let case_number = &ticket.case_number;
        // sabotage: a lock whose attempt is forgotten keeps everybody out
        if self.captures == Captures::Open {
            tracing::error!(alarm = "lock-waits", %case_number, attempt = %ended.attempt, "a lock names an attempt without an order");
            return Ok(Progress::Unclear);
        }
        tracing::warn!(%case_number, attempt = %ended.attempt, "a lock whose attempt is forgotten is taken away: was the table restored?");
        let held = Held {
            case_number: case_number.clone(),
            attempt: ended.attempt.clone(),
            fence: ticket.fence,
        };
        Ok(known_if_done(
            self.store.release_forgotten_lock(&held).await?,
        ))
    }
}

/// Whether it is known that the tries of a lock have moved nothing, though its order is
/// not shown any more: it was shown without a capture when no read lagged; or it had
/// expired before the one call was made.
fn was_seen_without_money(owner: &Attempt, ended: &Lock) -> bool {
    // A take-over moves the end of the lease and not the beginning of the try.
    let is_one_call = ended.until <= ended.since + LEASE;
    let refused_as = ended.refused_as.as_deref().map(Issue::of);
    let had_expired = refused_as.is_some_and(|it| it == Issue::OrderNotFound || is_expired(&it))
        && since(owner.created_at, ended.since) >= ORDER_LIFE_MIN;
    ended.shown_uncaptured || is_one_call && !ended.unanswered && had_expired
}

fn is_expired(issue: &Issue) -> bool {
    matches!(issue, Issue::OrderIsOver(code) if code == "ORDER_EXPIRED")
}
