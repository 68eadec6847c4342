//! Asking `PayPal` about an attempt and writing down what it says.

use jiff::Timestamp;
use paypal::{Capture, Error as PayPalError};
use store::{Attempt, AttemptState, Error, Held, Released, Write};
use ticket::{
    AttemptId, Channel, Effect, Event, Lock, OrderId, Role, Settlement, Standing, State,
    SurplusReason, Ticket, effect,
};
use tokio::time::Instant;

use crate::limits::{CAPTURE_ROUNDS_MAX, DECISIONS_MAX, ORDER_LIFE, ORDER_VISIBLE, PLACING};
use crate::reading::{Facts, Reading, read};
use crate::{Captures, Progress, Settle, Settled, Wake};

/// What `PayPal` says about an order.
pub(crate) enum Answer {
    /// It was read.
    Order(Reading),
    /// `PayPal` knows no such order.
    Unknown,
    /// Nothing is known; ask again later.
    None,
}

impl Settle {
    /// Finds out what became of an attempt's money, moves it if the payer has
    /// approved, and books what `PayPal` says. `None` when there is no such
    /// attempt.
    ///
    /// May be called at any time, by anyone, any number of times, by several at
    /// once, and may die at any point: the next call goes on from there.
    ///
    /// # Errors
    /// When the table does not answer: nothing may be shown as fact then.
    pub async fn settle(
        &self,
        id: &AttemptId,
        wake: Wake,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Option<Settled>, Error> {
        let Some((ticket, attempt)) = self.load(id).await? else {
            return Ok(None);
        };
        let before = attempt.clone();
        // In every caller's future otherwise: it is the largest of all.
        let found_out = Box::pin(self.find_out(ticket, attempt, wake, now, deadline)).await?;
        Ok(match found_out {
            Some(settled) => Some(self.tell_awaited(&before, settled, wake, now).await),
            None => None,
        })
    }

    async fn find_out(
        &self,
        ticket: Ticket,
        attempt: Attempt,
        wake: Wake,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Option<Settled>, Error> {
        let id = &attempt.id.clone();
        let ended = ticket.lock.clone().filter(|lock| lock.until <= now);
        let (ticket, attempt) = match ended {
            None => (ticket, attempt),
            Some(ended) => {
                let resolved = self.resolve(&ticket, &ended, wake, now, deadline).await?;
                let Some((ticket, attempt)) = self.load(id).await? else {
                    return Ok(None);
                };
                if ended.attempt == *id {
                    return Ok(Some(Settled {
                        ticket,
                        attempt,
                        progress: resolved,
                    }));
                }
                (ticket, attempt)
            }
        };
        let progress = match &attempt.order {
            Some(order) => {
                let answer = self.ask(&order.id, &ticket, &attempt, now, deadline).await;
                self.follow(&ticket, &attempt, answer, wake, now, deadline)
                    .await?
            }
            None => self.end_if_abandoned(&attempt, now).await?,
        };
        Ok(self.load(id).await?.map(|(ticket, attempt)| Settled {
            ticket,
            attempt,
            progress,
        }))
    }

    /// How an attempt and its ticket stand, without asking anybody.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn load(&self, id: &AttemptId) -> Result<Option<(Ticket, Attempt)>, Error> {
        let Some(attempt) = self.store.attempt(id).await? else {
            return Ok(None);
        };
        let ticket = self.store.ticket(&attempt.case_number).await?;
        Ok(ticket.map(|ticket| (ticket, attempt)))
    }

    /// Whose order this is: the attempt that `PayPal` says it was made for.
    pub async fn attempt_of(
        &self,
        order_id: &OrderId,
        now: Timestamp,
        deadline: Instant,
    ) -> Option<AttemptId> {
        let order = self
            .call(now, deadline, |token| async move {
                self.paypal.get_order(&token, order_id, deadline).await
            })
            .await;
        order.ok()?.custom_id?.parse().ok()
    }

    pub(crate) async fn ask(
        &self,
        order_id: &OrderId,
        ticket: &Ticket,
        attempt: &Attempt,
        now: Timestamp,
        deadline: Instant,
    ) -> Answer {
        let order = self
            .call(now, deadline, |token| async move {
                self.paypal.get_order(&token, order_id, deadline).await
            })
            .await;
        match order {
            Ok(order) => Answer::Order(read(&order, ticket, attempt, self.paypal.merchant_id())),
            Err(PayPalError::NotFound { .. }) => Answer::Unknown,
            Err(error) => {
                tracing::warn!(%error, case_number = %ticket.case_number, attempt = %attempt.id, "PayPal did not say how the order stands");
                Answer::None
            }
        }
    }

    /// A lock whose lease has ended: nobody may capture for this ticket before
    /// `PayPal` has said what became of the order the lock names. Another
    /// attempt's own order says nothing about it.
    async fn resolve(
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
        match self.ask(&order.id, ticket, &owner, now, deadline).await {
            Answer::Order(Reading::Captured(capture, facts)) => {
                self.book(ticket, &owner, &capture, facts, Some(&held), now)
                    .await
            }
            Answer::Order(Reading::Pending(capture)) => {
                self.keep_pending(ticket, &owner, &capture, Some(&held), now)
                    .await
            }
            Answer::Order(Reading::Approved { at }) => {
                // Where captures are closed, nobody can take it over, and money
                // found in PayPal's books could not be booked under it.
                if self.captures == Captures::Closed
                    || ticket.standing() != Standing::OpenLocked
                    || owner.version != ticket.version
                {
                    return self
                        .release(&held, &owner, &Released::NothingCaptured)
                        .await;
                }
                if !self.may_capture(wake, deadline) {
                    return Ok(Progress::Unclear);
                }
                let until = now + crate::limits::LEASE;
                let held = self.store.take_over_lock(ticket, &owner, until, at).await?;
                match held {
                    Some(held) => {
                        self.capture(ticket, &owner, &order.id, &held, at, now, deadline)
                            .await
                    }
                    None => Ok(Progress::Unclear),
                }
            }
            Answer::Order(Reading::NotApproved) => {
                self.release(&held, &owner, &Released::NothingCaptured)
                    .await
            }
            Answer::Order(Reading::Refused { .. }) => {
                self.release(&held, &owner, &Released::Ended(AttemptState::Declined))
                    .await
            }
            Answer::Order(Reading::Dead) => {
                self.release(&held, &owner, &Released::Ended(AttemptState::Expired))
                    .await
            }
            Answer::Unknown if self.has_expired(&owner, now) => {
                self.release(&held, &owner, &Released::Ended(AttemptState::Expired))
                    .await
            }
            Answer::Unknown => {
                tracing::error!(case_number = %ticket.case_number, attempt = %owner.id, "PayPal does not know a locked order that cannot have expired: ask by hand");
                Ok(Progress::Unclear)
            }
            Answer::Order(Reading::Unknown(said)) => {
                tracing::error!(case_number = %ticket.case_number, attempt = %owner.id, said, "PayPal said something new about a locked order");
                Ok(Progress::Unclear)
            }
            Answer::None => Ok(Progress::Unclear),
        }
    }

    /// A lock whose order nobody knows any more: a restore has brought the lock
    /// back and its attempt not. While captures are closed nobody can be inside
    /// the capture call, and it must not keep out what another attempt has brought;
    /// its own money, if there is any, stands in `PayPal`'s books, and captures are
    /// opened when those were looked through.
    async fn resolve_forgotten(&self, ticket: &Ticket, ended: &Lock) -> Result<Progress, Error> {
        let case_number = &ticket.case_number;
        if self.captures == Captures::Open {
            tracing::error!(%case_number, attempt = %ended.attempt, "a lock names an attempt without an order");
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

    /// Does what the attempt's own order asks for, while no lock has ended.
    async fn follow(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        answer: Answer,
        wake: Wake,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Progress, Error> {
        match answer {
            Answer::Order(Reading::Captured(capture, facts)) => {
                self.book(ticket, attempt, &capture, facts, None, now).await
            }
            Answer::Order(Reading::Pending(capture)) => {
                self.keep_pending(ticket, attempt, &capture, None, now)
                    .await
            }
            Answer::Order(Reading::Refused { .. }) => match &attempt.state {
                AttemptState::Live => self.end(attempt, &AttemptState::Declined).await,
                AttemptState::Pending { capture_id } => {
                    let ended = self
                        .store
                        .end_pending(ticket, attempt, capture_id, now)
                        .await?;
                    Ok(known_if_done(ended))
                }
                AttemptState::Captured { .. } | AttemptState::Declined | AttemptState::Expired => {
                    Ok(Progress::Known)
                }
            },
            Answer::Order(Reading::Approved { at }) => {
                self.approved(ticket, attempt, at, wake, now, deadline)
                    .await
            }
            Answer::Order(Reading::NotApproved) => self.not_approved(attempt, now).await,
            Answer::Order(Reading::Dead) => self.end(attempt, &AttemptState::Expired).await,
            Answer::Unknown => {
                let is_held_back = matches!(attempt.state, AttemptState::Pending { .. });
                let over = self.has_expired(attempt, now) || age(attempt, now) >= ORDER_LIFE;
                if is_held_back || !over {
                    tracing::error!(case_number = %ticket.case_number, attempt = %attempt.id, is_held_back, "PayPal does not know an order that cannot have expired");
                    return Ok(Progress::Unclear);
                }
                self.end(attempt, &AttemptState::Expired).await
            }
            Answer::Order(Reading::Unknown(said)) => {
                tracing::error!(case_number = %ticket.case_number, attempt = %attempt.id, said, "PayPal said something new about an order");
                Ok(Progress::Unclear)
            }
            Answer::None => Ok(Progress::Unclear),
        }
    }

    /// The payer has agreed: capture, if this attempt may.
    async fn approved(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        at: Option<Timestamp>,
        wake: Wake,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Progress, Error> {
        if attempt.state != AttemptState::Live {
            return Ok(Progress::Known);
        }
        if attempt.version != ticket.version {
            // Versions only grow: this order can never be captured any more.
            return self.end(attempt, &AttemptState::Expired).await;
        }
        match ticket.standing() {
            Standing::Open => {}
            Standing::OpenLocked => return Ok(Progress::Unclear),
            Standing::OpenPending
            | Standing::Paid
            | Standing::Objected
            | Standing::Withdrawn
            | Standing::HandedOver
            | Standing::Review => return Ok(Progress::Known),
        }
        if let Some(decline) = &attempt.decline {
            let approved_again = at.is_some_and(|at| at > decline.at);
            let came_back = decline.pressed && matches!(wake, Wake::Return | Wake::Webhook);
            // Otherwise every sweep would try the same refused card.
            if !decline.retry_allowed && !approved_again && !came_back {
                return Ok(Progress::Known);
            }
        }
        let Some(order) = attempt
            .order
            .as_ref()
            .filter(|_| self.may_capture(wake, deadline))
        else {
            self.mark_awaited(ticket, attempt, now).await;
            return Ok(Progress::Unclear);
        };
        let until = now + crate::limits::LEASE;
        match self.store.take_lock(ticket, attempt, until, at).await? {
            Some(held) => {
                self.capture(ticket, attempt, &order.id, &held, at, now, deadline)
                    .await
            }
            None => Ok(Progress::Unclear),
        }
    }

    /// Whether `PayPal`'s 404 can mean that the order has expired: not before it
    /// may forget one, and never where another client id had made it.
    fn has_expired(&self, attempt: &Attempt, now: Timestamp) -> bool {
        attempt.client_id == self.paypal.client_id() && age(attempt, now) >= ORDER_VISIBLE
    }

    async fn not_approved(&self, attempt: &Attempt, now: Timestamp) -> Result<Progress, Error> {
        if attempt.state != AttemptState::Live {
            return Ok(Progress::Known);
        }
        if age(attempt, now) > ORDER_LIFE {
            return self.end(attempt, &AttemptState::Expired).await;
        }
        let refused = attempt.decline.as_ref();
        if refused.is_some_and(|decline| !decline.retry_allowed) {
            // The approval that was refused is gone: the next one is a new one.
            let _ = self.store.allow_retry(attempt).await?;
            return Ok(Progress::Known);
        }
        Ok(Progress::NotApproved)
    }

    async fn end_if_abandoned(&self, attempt: &Attempt, now: Timestamp) -> Result<Progress, Error> {
        if attempt.state == AttemptState::Live && age(attempt, now) > PLACING {
            return self.end(attempt, &AttemptState::Expired).await;
        }
        Ok(Progress::NotApproved)
    }

    async fn end(&self, attempt: &Attempt, end: &AttemptState) -> Result<Progress, Error> {
        if attempt.state != AttemptState::Live {
            return Ok(Progress::Known);
        }
        Ok(known_if_done(self.store.end_attempt(attempt, end).await?))
    }

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
                .book(&ticket, &attempt, &settlement, held)
                .await?;
            if booked == Write::Done {
                report(&settlement);
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
            State::Open => Ok(false),
            // A second booking would be none, but reported as money too much.
            State::Paid { .. }
            | State::Objected
            | State::Withdrawn
            | State::HandedOver
            | State::Review => {
                let booked = self.store.settlement(ticket, &(&capture.id).into()).await?;
                Ok(booked.is_some())
            }
        }
    }

    pub(crate) async fn keep_pending(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        capture: &Capture,
        held: Option<&Held>,
        now: Timestamp,
    ) -> Result<Progress, Error> {
        tracing::info!(case_number = %ticket.case_number, attempt = %attempt.id, capture = %capture.id, reason = capture.reason, "PayPal holds a capture back");
        if attempt.state != AttemptState::Live
            || effect(ticket.standing(), Event::CapturePending) != Effect::KeepsPending
        {
            // Nothing to mark: it becomes surplus when it completes. The lock
            // has done its work.
            return match held {
                Some(held) => {
                    self.release(held, attempt, &Released::NothingCaptured)
                        .await
                }
                None => Ok(Progress::Known),
            };
        }
        let kept = self
            .store
            .book_pending(ticket, attempt, &capture.id, held, now)
            .await?;
        Ok(known_if_done(kept))
    }

    /// Whether a capture may start: captures are open, it is not `PayPal`'s books
    /// that are looked into, and enough of the budget is left to hear the answer.
    fn may_capture(&self, wake: Wake, deadline: Instant) -> bool {
        self.captures == Captures::Open
            && wake != Wake::Books
            && deadline.saturating_duration_since(Instant::now()) >= crate::limits::CAPTURE_NEEDS
    }
}

/// What money is to a ticket that stands so.
pub(crate) fn role(ticket: &Ticket, attempt: &Attempt, facts: Facts) -> Role {
    let event = match facts {
        Facts::Right if attempt.amount == ticket.amount => Event::CaptureCompleted,
        Facts::Right | Facts::Wrong => Event::CaptureDiffers,
    };
    match effect(ticket.standing(), event) {
        Effect::BecomesPaid => Role::Main,
        Effect::ReviewAndSurplus => Role::Surplus(SurplusReason::FactsDiffer),
        // The table has no other effect for money that came; whatever
        // it said, the money must not be lost.
        Effect::Surplus
        | Effect::NewAttempt
        | Effect::KeepsPending
        | Effect::StaysOpen
        | Effect::NoEffect
        | Effect::SurplusWhenCompleted
        | Effect::Review
        | Effect::RestIsOwed
        | Effect::Waits
        | Effect::BecomesWithdrawn
        | Effect::BecomesObjected
        | Effect::BecomesHandedOver
        | Effect::AmountChanges
        | Effect::LeaseGranted
        | Effect::AlreadyDone
        | Effect::Refused(_) => Role::Surplus(SurplusReason::TicketNotOpen),
    }
}

pub(crate) fn known_if_done(write: Write) -> Progress {
    match write {
        Write::Done => Progress::Known,
        Write::Refused => Progress::Unclear,
    }
}

/// Whether one more refusal ends the attempt.
pub(crate) fn is_last_round(attempt: &Attempt) -> bool {
    attempt.refusals + 1 >= CAPTURE_ROUNDS_MAX
}

fn age(attempt: &Attempt, now: Timestamp) -> std::time::Duration {
    now.duration_since(attempt.created_at)
        .try_into()
        .unwrap_or_default()
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
        capture_id: capture.id.clone(),
        attempt: attempt.id.clone(),
        channel: Channel::Paypal,
        value: capture.amount.value.clone(),
        currency: capture.amount.currency.clone(),
        fee: capture.fee.as_ref().map(|fee| fee.value.clone()),
        net: capture.net.as_ref().map(|net| net.value.clone()),
        // A payer who approved in time is in time, whatever our delay.
        paid_at: attempt
            .approved_at
            .or(capture.create_time)
            .or(capture.update_time)
            .unwrap_or(now),
        booked_at: now,
        role,
    }
}

pub(crate) fn report(settlement: &Settlement) {
    let Settlement {
        case_number,
        capture_id,
        attempt,
        value,
        currency,
        ..
    } = settlement;
    match settlement.role {
        Role::Main => {
            tracing::info!(%case_number, %attempt, %capture_id, value, "a ticket is paid");
        }
        Role::Surplus(reason) => {
            tracing::error!(%case_number, %attempt, %capture_id, value, currency, ?reason, "money came that nothing was owed for");
        }
    }
}
