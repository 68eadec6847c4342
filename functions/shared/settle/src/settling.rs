//! Asking `PayPal` about an attempt and writing down what it says.

use jiff::Timestamp;
use paypal::{Capture, Error as PayPalError, Issue};
use store::{Attempt, AttemptState, Error, Held, Released, Write};
use ticket::{
    AttemptId, CaptureId, Channel, Effect, Event, LatePayment, OrderId, Role, Settlement, Standing,
    State, SurplusReason, Ticket, effect,
};
use tokio::time::Instant;

use crate::limits::{DECISIONS_MAX, LOOK_YOUNG, PLACING, READ_LAG, age, order_is_over, since};
use crate::looks::later;
use crate::reading::{Facts, Reading, read, read_capture};
use crate::refusal::{Again, Heard, again};
use crate::silence::is_said;
use crate::{Captures, Progress, Settle, Settled, Wake};

/// What `PayPal` says about an order.
pub(crate) enum Answer {
    /// It was read.
    Order(Reading),
    /// `PayPal` knows no such order, or says that it has expired.
    Unknown,
    /// `PayPal` does not let us read it.
    Denied,
    /// Nothing is known; ask again later.
    None,
}

/// What is answered; money booked as that of nobody we know needs a human, and what an
/// answer has left out the next one may say.
async fn whole<F: Future<Output = Answer>>(ask: impl Fn() -> F) -> Answer {
    let answer = ask().await;
    // sabotage: what an answer leaves out is wrong
    let Answer::Order(Reading::Captured(_, Facts::Missing)) = answer else {
        return answer;
    };
    match ask().await {
        again @ Answer::Order(Reading::Captured(..)) => again,
        Answer::Order(_) | Answer::Unknown | Answer::Denied | Answer::None => Answer::None,
    }
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
        // sabotage: re-entrant lock: at the look
        // sabotage: an attempt ends under a lock: at the look
        if ticket.lock.is_some() && !attempt.state.is_final() {
            // Somebody may be inside the capture call, and books what comes of it. Of
            // another order that says nothing: its payer's turn comes then.
            if let Some(lock) = &ticket.lock
                && lock.attempt != *id
                && matches!(wake, Wake::Return | Wake::Webhook)
            {
                let at = later(now, LOOK_YOUNG).max(lock.until);
                self.expect_money_at(id, at).await;
            }
            return Ok(Some(Settled {
                ticket,
                attempt,
                progress: Progress::Unclear,
            }));
        }
        let progress = match &attempt.order {
            Some(order) => {
                let answer = self.ask(&order.id, &ticket, &attempt, now, deadline).await;
                self.follow(&ticket, &attempt, answer, wake, now, deadline)
                    .await?
            }
            None => self.end_if_abandoned(&attempt, now).await?,
        };
        self.expect_money(id, wake, progress, now).await;
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

    /// Whose order this is: the attempt that `PayPal` says it was made for, if it is
    /// ours.
    ///
    /// # Errors
    /// When `PayPal` does not show the order, or not yet.
    pub async fn attempt_of(
        &self,
        order_id: &OrderId,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Option<AttemptId>, PayPalError> {
        let order = self
            .call(now, deadline, |token| async move {
                self.paypal.get_order(&token, order_id, deadline).await
            })
            .await?;
        Ok(order.custom_id.and_then(|id| id.parse().ok()))
    }

    pub(crate) async fn ask(
        &self,
        order_id: &OrderId,
        ticket: &Ticket,
        attempt: &Attempt,
        now: Timestamp,
        deadline: Instant,
    ) -> Answer {
        whole(move || async move {
            let order = self
                .call(now, deadline, |token| async move {
                    self.paypal.get_order(&token, order_id, deadline).await
                })
                .await;
            match order {
                Ok(order) => {
                    Answer::Order(read(&order, ticket, attempt, self.paypal.merchant_id()))
                }
                Err(error) => not_read(&error, ticket, attempt),
            }
        })
        .await
    }

    /// Asks about a capture itself, where its order no longer says what became of
    /// it.
    async fn ask_about_capture(
        &self,
        id: &CaptureId,
        ticket: &Ticket,
        attempt: &Attempt,
        now: Timestamp,
        deadline: Instant,
    ) -> Answer {
        whole(move || async move {
            let capture = self
                .call(now, deadline, |token| async move {
                    self.paypal.get_capture(&token, id, deadline).await
                })
                .await;
            match capture {
                Ok(capture) => {
                    let payee = self.paypal.merchant_id();
                    Answer::Order(read_capture(&capture, ticket, attempt, payee))
                }
                Err(error) => not_read(&error, ticket, attempt),
            }
        })
        .await
    }

    /// Does what the attempt's own order asks for, while no lock has ended.
    pub(crate) async fn follow(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        answer: Answer,
        wake: Wake,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Progress, Error> {
        let answer = match (&attempt.state, answer) {
            (
                AttemptState::Pending { capture_id },
                Answer::Order(
                    Reading::Approved { .. }
                    | Reading::NotApproved
                    | Reading::Dead
                    | Reading::Unknown(_),
                )
                | Answer::Unknown
                | Answer::Denied,
            ) => {
                self.ask_about_capture(capture_id, ticket, attempt, now, deadline)
                    .await
            }
            (_, answer) => answer,
        };
        let is_pending = matches!(attempt.state, AttemptState::Pending { .. });
        let is_said = is_said(&answer, ticket, attempt, now);
        self.note_whether_said(is_said, attempt, now).await;
        if is_pending && !is_said {
            return Ok(Progress::Unclear);
        }
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
            Answer::Unknown => self.not_known(ticket, attempt, now).await,
            Answer::Denied => {
                if order_is_over(attempt, self.paypal.order_life(), now) {
                    return self.end(attempt, &AttemptState::Expired).await;
                }
                Ok(Progress::Unclear)
            }
            Answer::Order(Reading::Unknown(said)) => {
                tracing::error!(case_number = %ticket.case_number, attempt = %attempt.id, said, "PayPal said something new about an order");
                if order_is_over(attempt, self.paypal.order_life(), now) {
                    return self.end(attempt, &AttemptState::Expired).await;
                }
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
        // sabotage: re-entrant lock
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
            // sabotage: a refused card is tried again by ourselves
            match again(decline, at, wake, now) {
                Again::Yes => {}
                // Otherwise every sweep would try the same refused card.
                Again::No => return Ok(Progress::Known),
                Again::Perhaps(changed_at) => {
                    // Seen again at once it is no older for that.
                    if decline.changed_again_at != Some(changed_at) {
                        let _ = self.store.note_change(attempt, changed_at, now).await?;
                    }
                    // Who is back has perhaps paid with another card: the next look
                    // knows, and until then "declined" may be wrong.
                    // One whose time has changed twice has a clock that runs on.
                    if wake != Wake::Return || decline.changed_again_at.is_some() {
                        return Ok(Progress::Known);
                    }
                    // The page behind the code must say the same.
                    self.mark_awaited(ticket, attempt, now).await;
                    return Ok(Progress::Unclear);
                }
            }
        }
        if self.came_too_late(ticket, attempt, at, now).await? {
            tracing::warn!(case_number = %ticket.case_number, attempt = %attempt.id, "an order was approved after the due date, and the city takes no late payments: it is not captured");
            return self.end(attempt, &AttemptState::Expired).await;
        }
        let Some(order) = attempt
            .order
            .as_ref()
            .filter(|_| self.may_capture(wake, deadline))
        else {
            self.mark_awaited(ticket, attempt, now).await;
            if let Some(at) = at.filter(|_| attempt.approved_at.is_none()) {
                // Captured later, it was still paid when the payer approved.
                let _ = self.store.note_approval(attempt, at).await?;
            }
            return Ok(Progress::Unclear);
        };
        // sabotage: short lease
        let until = now + crate::limits::LEASE;
        let taken = self
            .store
            .take_lock(ticket, attempt, now, until, at)
            .await?;
        let Some(held) = taken else {
            // Somebody was a moment ahead, with an order that may be refused: the turn
            // of this one comes when that lock has ended at the latest.
            self.expect_money_at(&attempt.id, until).await;
            return Ok(Progress::Unclear);
        };
        let heard = Heard::default();
        self.capture(ticket, attempt, &order.id, &held, heard, at, now, deadline)
            .await
    }

    /// Whether the payer approved after the due date in a city that takes no late
    /// payments. Whoever approved in time is in time, however late we look.
    async fn came_too_late(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        // Where PayPal says no time, nobody is called late.
        let Some(approved_at) = attempt.approved_at.or(at) else {
            return Ok(false);
        };
        if !ticket.due_on.has_passed(approved_at) {
            return Ok(false);
        }
        let municipality = self.store.municipality(now).await?;
        Ok(match municipality.late_payment {
            LatePayment::Refuse => true,
            LatePayment::AcceptUntilHandedOver => false,
        })
    }

    async fn not_approved(&self, attempt: &Attempt, now: Timestamp) -> Result<Progress, Error> {
        if attempt.state != AttemptState::Live {
            return Ok(Progress::Known);
        }
        if order_is_over(attempt, self.paypal.order_life(), now) {
            return self.end(attempt, &AttemptState::Expired).await;
        }
        if let Some(decline) = attempt.decline.as_ref().filter(|it| !it.retry_allowed) {
            // The approval that was refused is gone, and it is no read that does not
            // show it yet: the next one is a new one.
            if since(decline.at, now) >= READ_LAG {
                let _ = self.store.allow_retry(attempt).await?;
            }
            if decline.pressed_at.is_none() {
                return Ok(Progress::Known);
            }
        }
        Ok(Progress::NotApproved)
    }

    /// `PayPal` knows no such order. It may have expired, or cannot be read just
    /// now; but where nobody has a lock, nothing of it was captured.
    async fn not_known(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        now: Timestamp,
    ) -> Result<Progress, Error> {
        if order_is_over(attempt, self.paypal.order_life(), now) {
            return self.end(attempt, &AttemptState::Expired).await;
        }
        if ticket.lock.is_some() {
            return Ok(Progress::Unclear);
        }
        if attempt.client_id != self.paypal.client_id() {
            tracing::error!(case_number = %ticket.case_number, attempt = %attempt.id, "an order was made under another client id, and PayPal does not show it under this one");
        }
        Ok(match attempt.state {
            AttemptState::Live => Progress::NotApproved,
            AttemptState::Pending { .. }
            | AttemptState::Captured { .. }
            | AttemptState::Declined
            | AttemptState::Expired => Progress::Known,
        })
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
        match capture.reason.as_deref() {
            // Every payment hangs until somebody changes the account's settings.
            Some(reason @ ("UNILATERAL" | "RECEIVING_PREFERENCE_MANDATES_MANUAL_ACTION")) => {
                tracing::error!(alarm = "account-settings", case_number = %ticket.case_number, attempt = %attempt.id, capture = %capture.id, reason, "PayPal holds a capture back for a reason of our account: accept it there by hand");
            }
            reason => {
                tracing::info!(case_number = %ticket.case_number, attempt = %attempt.id, capture = %capture.id, reason, "PayPal holds a capture back");
            }
        }
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
    pub(crate) fn may_capture(&self, wake: Wake, deadline: Instant) -> bool {
        self.captures == Captures::Open
            && wake != Wake::Books
            && deadline.saturating_duration_since(Instant::now()) >= crate::limits::CAPTURE_NEEDS
    }
}

/// What money is to a ticket that stands so.
pub(crate) fn role(ticket: &Ticket, attempt: &Attempt, facts: Facts) -> Role {
    let event = match facts {
        Facts::Right if attempt.amount == ticket.amount => Event::CaptureCompleted,
        Facts::Right | Facts::Wrong | Facts::Missing => Event::CaptureDiffers,
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

/// Since when the payer has agreed, as far as the order says.
pub(crate) fn approved_at(reading: &Reading) -> Option<Timestamp> {
    match reading {
        Reading::Approved { at } => *at,
        Reading::Captured(..)
        | Reading::Pending(_)
        | Reading::Refused { .. }
        | Reading::NotApproved
        | Reading::Dead
        | Reading::Unknown(_) => None,
    }
}

/// What an order that was not read says.
fn not_read(error: &PayPalError, ticket: &Ticket, attempt: &Attempt) -> Answer {
    /// `PayPal`'s other way of saying that an order has expired.
    const GONE: u16 = 410;
    match error {
        PayPalError::NotFound { .. }
        | PayPalError::Refused { status: GONE, .. }
        | PayPalError::Refused {
            issue: Issue::OrderIsOver(_),
            ..
        } => Answer::Unknown,
        PayPalError::Refused { .. } => {
            tracing::error!(alarm = "order-not-readable", %error, case_number = %ticket.case_number, attempt = %attempt.id, "PayPal does not let us read an order: our credentials or its permissions");
            Answer::Denied
        }
        PayPalError::NoAnswer { .. }
        | PayPalError::Unclear { .. }
        | PayPalError::Unauthorized { .. } => {
            tracing::warn!(%error, case_number = %ticket.case_number, attempt = %attempt.id, "PayPal did not say how the order stands");
            Answer::None
        }
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
        capture_id: capture.id.clone(),
        attempt: attempt.id.clone(),
        channel: Channel::Paypal,
        value: capture.amount.value.clone(),
        currency: capture.amount.currency.clone(),
        fee: capture.fee.as_ref().map(|fee| fee.value.clone()),
        net: capture.net.as_ref().map(|net| net.value.clone()),
        // A payer who approved in time is in time, whatever our delay.
        // sabotage: paid when we booked it
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
