//! Asking `PayPal` about an attempt and writing down what it says.

use jiff::Timestamp;
use paypal::{Capture, Error as PayPalError, Issue};
use store::{Attempt, AttemptState, Error, Held, Released, Write};
use ticket::{
    AttemptId, Awaited, CaptureId, Channel, Effect, Event, LatePayment, Lock, OrderId, Role,
    Settlement, Standing, State, SurplusReason, Ticket, effect,
};
use tokio::time::Instant;

use crate::capture::NOT_FOUND;
use crate::limits::{
    DECISIONS_MAX, LOOK_YOUNG, ORDER_LIFE_MIN, PLACING, READ_LAG, SILENCE_MAX, age, order_is_over,
    since,
};
use crate::looks::later;
use crate::reading::{Facts, Reading, read, read_capture};
use crate::reconciling::BOOKING_SHOWN_AFTER;
use crate::refusal::{Again, Heard, Verdict, again, released, verdict};
use crate::{Captures, Comparison, Progress, Settle, Settled, Wake};

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
                // PayPal knows it after all: the same try may be made again.
                Verdict::Waits
                    if code == NOT_FOUND && matches!(reading, Reading::Approved { .. }) => {}
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
        let until = now + crate::limits::LEASE;
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

    /// Remembers since when nothing is said of an attempt, and tells of it where that
    /// lasts. Where it cannot be written down, the next look does.
    async fn note_whether_said(&self, is_said: bool, attempt: &Attempt, now: Timestamp) {
        // Whoever asks about one that is over asks for another reason.
        if attempt.state.is_final() {
            return;
        }
        let (id, case_number) = (&attempt.id, &attempt.case_number);
        let noted = match (is_said, attempt.silent_since) {
            (true, None) => return,
            (true, Some(_)) => self.store.end_silence(attempt).await,
            (false, None) => self.store.note_silence(attempt, now).await,
            (false, Some(then)) => {
                if since(then, now) > SILENCE_MAX {
                    match attempt.state {
                        AttemptState::Pending { .. } => {
                            tracing::error!(alarm = "pending-waits", %case_number, attempt = %id, since = %then, "a capture that PayPal holds back cannot be read");
                        }
                        AttemptState::Live
                        | AttemptState::Captured { .. }
                        | AttemptState::Declined
                        | AttemptState::Expired => {
                            tracing::error!(alarm = "attempt-waits", %case_number, attempt = %id, since = %then, "an attempt waits: PayPal does not say how its order stands");
                        }
                    }
                }
                return;
            }
        };
        if let Err(error) = noted {
            tracing::warn!(%error, attempt = %id, "it is not written down since when PayPal says nothing of an attempt");
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

/// Whether it is known that the tries of a lock have moved nothing, though its order is
/// not shown any more: it was shown without a capture when no read lagged; or it had
/// expired before the one call was made.
fn was_seen_without_money(owner: &Attempt, ended: &Lock) -> bool {
    // A take-over moves the end of the lease and not the beginning of the try.
    let is_one_call = ended.until <= ended.since + crate::limits::LEASE;
    let refused_as = ended.refused_as.as_deref();
    let had_expired = matches!(refused_as, Some(NOT_FOUND | "ORDER_EXPIRED"))
        && since(owner.created_at, ended.since) >= ORDER_LIFE_MIN;
    ended.shown_uncaptured || is_one_call && !ended.unanswered && had_expired
}

/// Whether an answer says how the attempt stands: of money that is held back, what
/// became of it; of an order whose payer was at `PayPal`, more than that there is none.
fn is_said(answer: &Answer, ticket: &Ticket, attempt: &Attempt, now: Timestamp) -> bool {
    let is_pending = matches!(attempt.state, AttemptState::Pending { .. });
    // A payer whose card was refused may have left for good.
    let is_awaited = || {
        let names_it = |awaited: &Awaited| awaited.attempt == attempt.id && awaited.until > now;
        let was_there = attempt.approved_at.is_some() || attempt.returned_at.is_some();
        was_there && attempt.decline.is_none() || ticket.awaits.as_ref().is_some_and(names_it)
    };
    match answer {
        Answer::Order(Reading::Captured(..) | Reading::Pending(_) | Reading::Refused { .. }) => {
            true
        }
        Answer::Order(Reading::Approved { .. } | Reading::NotApproved | Reading::Dead) => {
            !is_pending
        }
        Answer::Unknown => !is_pending && !is_awaited(),
        Answer::Order(Reading::Unknown(_)) | Answer::Denied | Answer::None => false,
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
