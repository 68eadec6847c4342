//! Carrying out what `decision` says, one step after the other: the one door for money.

use std::ops::ControlFlow;

use jiff::Timestamp;
use store::{Attempt, Error, Held};
use ticket::{AttemptId, Ticket};
use tokio::time::Instant;
use tracing::Instrument;

use crate::decision::{
    Answer, Answers, Decision, Note, Place, Question, Scene, Step, TryHistory, decide,
};
use crate::limits::{CAPTURE_NEEDS, LEASE};
use crate::{Comparison, Moment, Progress, Settle, Settled, Wake, trail};

/// A look at an attempt that is being carried out.
pub(crate) struct Looking<'a> {
    pub(crate) ticket: &'a Ticket,
    pub(crate) attempt: Attempt,
    pub(crate) place: Place<'a>,
    /// The right to write under the lock, wherever the place has one.
    pub(crate) held: Option<Held>,
    pub(crate) answers: Answers,
    pub(crate) wake: Wake,
    pub(crate) moment: Moment,
}

impl Settle {
    /// Finds out what became of an attempt's money, moves it if the payer has
    /// approved, and books what PayPal says. `None` when there is no such
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
        moment: Moment,
    ) -> Result<Option<Settled>, Error> {
        let Some((ticket, attempt)) = self.load(id).await? else {
            return Ok(None);
        };
        let before = attempt.clone();
        // In every caller's future otherwise: it is the largest of all.
        let found_out = Box::pin(self.find_out(ticket, attempt, wake, moment)).await?;
        Ok(match found_out {
            Some(settled) => Some(self.tell_awaited(&before, settled, wake, moment.now).await),
            None => None,
        })
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

    async fn find_out(
        &self,
        ticket: Ticket,
        attempt: Attempt,
        wake: Wake,
        moment: Moment,
    ) -> Result<Option<Settled>, Error> {
        let looking = Looking {
            ticket: &ticket,
            attempt,
            place: Place::Own,
            held: None,
            answers: Answers::default(),
            wake,
            moment,
        };
        let (Step::ResolveLock, Some(ended)) = (self.decide(&looking).step, ticket.lock()) else {
            return self.own(looking).await;
        };
        let progress = self.resolve(&ticket, ended, wake, moment).await?;
        let Some((stands, attempt)) = self.load(&looking.attempt.id).await? else {
            return Ok(None);
        };
        if ended.attempt == attempt.id {
            return Ok(Some(Settled {
                ticket: stands,
                attempt,
                progress,
            }));
        }
        let looking = Looking {
            ticket: &stands,
            attempt,
            answers: Answers {
                lock_was_asked_about: true,
                ..Answers::default()
            },
            ..looking
        };
        self.own(looking).await
    }

    /// Looks at the attempt's own order.
    async fn own(&self, looking: Looking<'_>) -> Result<Option<Settled>, Error> {
        let id = looking.attempt.id.clone();
        let step = self.decide(&looking).step;
        if let Step::StandBack { turn_at } = step {
            trail::of_attempt(&looking.attempt).in_scope(|| {
                trail::tell_looked(looking.wake, trail::name(&step), Progress::Unclear);
            });
            if let Some(at) = turn_at {
                self.expect_money_at(&id, at).await;
            }
            return Ok(Some(Settled {
                ticket: looking.ticket.clone(),
                attempt: looking.attempt,
                progress: Progress::Unclear,
            }));
        }
        let (wake, now) = (looking.wake, looking.moment.now);
        let progress = self.carry_out(looking).await?;
        self.expect_money(&id, wake, progress, now).await;
        Ok(self.load(&id).await?.map(|(ticket, attempt)| Settled {
            ticket,
            attempt,
            progress,
        }))
    }

    /// Does what the attempt's own order asks for, which was read just now.
    pub(crate) async fn follow(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        order: Answer,
        wake: Wake,
        moment: Moment,
    ) -> Result<Progress, Error> {
        self.carry_out(Looking {
            ticket,
            attempt: attempt.clone(),
            place: Place::Own,
            held: None,
            answers: Answers {
                order: Some(order),
                ..Answers::default()
            },
            wake,
            moment,
        })
        .await
    }

    fn decide(&self, looking: &Looking<'_>) -> Decision {
        let time_left = looking
            .moment
            .deadline
            .saturating_duration_since(Instant::now());
        let scene = Scene {
            ticket: looking.ticket,
            attempt: &looking.attempt,
            place: looking.place,
            wake: looking.wake,
            captures: self.captures,
            has_time: time_left >= CAPTURE_NEEDS,
            order_life: self.paypal.order_life(),
            client_id: self.paypal.client_id(),
            now: looking.moment.now,
        };
        decide(&scene, &looking.answers)
    }

    /// One step after the other, until it is known how far this look comes.
    pub(crate) async fn carry_out(&self, it: Looking<'_>) -> Result<Progress, Error> {
        let span = trail::of_attempt(&it.attempt);
        self.steps(it).instrument(span).await
    }

    async fn steps(&self, mut it: Looking<'_>) -> Result<Progress, Error> {
        let mut is_noted = false;
        loop {
            let decision = self.decide(&it);
            if let Some(is_said) = decision.is_said.filter(|_| !is_noted) {
                self.note_whether_said(is_said, &it.attempt, it.moment.now)
                    .await;
                is_noted = true;
                // That has taken time, and a capture needs some.
                continue;
            }
            if let Some(report) = decision.report {
                report.log(it.ticket, &it.attempt);
            }
            let step = trail::name(&decision.step);
            if let ControlFlow::Break(progress) = self.take(decision.step, &mut it).await? {
                trail::tell_looked(it.wake, step, progress);
                return Ok(progress);
            }
        }
    }

    /// One step; nothing more is to be done where it says how far one has come.
    async fn take(&self, step: Step, it: &mut Looking<'_>) -> Result<ControlFlow<Progress>, Error> {
        match step {
            Step::Ask(question) => self.learn(question, it).await?,
            Step::TakeLock { approved_at } => {
                // sabotage: short lease
                let until = it.moment.now + LEASE;
                let taken = self
                    .store
                    .take_lock(it.ticket, &it.attempt, it.moment.now, until, approved_at)
                    .await?;
                let Some(held) = taken else {
                    // Somebody was a moment ahead, with an order that may be refused:
                    // the turn of this one comes when that lock has ended at the latest.
                    self.expect_money_at(&it.attempt.id, until).await;
                    return Ok(ControlFlow::Break(Progress::Unclear));
                };
                it.stand_under(held, TryHistory::default(), approved_at);
            }
            Step::TakeOver { approved_at, heard } => {
                let until = it.moment.now + LEASE;
                let taken = self
                    .store
                    .take_over_lock(it.ticket, &it.attempt, until, approved_at)
                    .await?;
                let Some(held) = taken else {
                    return Ok(ControlFlow::Break(Progress::Unclear));
                };
                it.stand_under(held, heard, approved_at);
            }
            Step::Capture if matches!(it.place, Place::Try(_)) => {
                let called = self.capture(it.ticket, &it.attempt, it.moment);
                it.answers.called = Some(called.await);
            }
            last @ (Step::Book(..)
            | Step::KeepPending(_)
            | Step::Release(_)
            | Step::End(_)
            | Step::EndPending(_)
            | Step::Stop(..)
            | Step::Capture
            | Step::ResolveLock
            | Step::StandBack { .. }) => {
                return self.finish(last, it).await.map(ControlFlow::Break);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The last step of a look.
    async fn finish(&self, step: Step, it: &Looking<'_>) -> Result<Progress, Error> {
        let (ticket, attempt, now) = (it.ticket, &it.attempt, it.moment.now);
        let held = it.held.as_ref();
        match (step, held) {
            (Step::Book(capture, facts), _) => {
                self.book(ticket, attempt, &capture, facts, held, now).await
            }
            (Step::KeepPending(capture_id), _) => {
                self.keep_pending(ticket, attempt, &capture_id, held, now)
                    .await
            }
            (Step::Release(released), Some(held)) => self.release(held, attempt, &released).await,
            (Step::End(end), _) => self.end(attempt, end).await,
            (Step::EndPending(capture_id), _) => {
                self.end_pending(ticket, attempt, &capture_id, now).await
            }
            (Step::Stop(progress, notes), _) => {
                for note in notes {
                    self.write_down(note, ticket, attempt, held, now).await?;
                }
                Ok(progress)
            }
            // What needs a lock is decided only from under one, and who stands behind
            // one was turned away before.
            (step, _) => {
                tracing::error!(case_number = %ticket.case_number, attempt = %attempt.id, ?step, "a step does not fit its place: a bug");
                Ok(Progress::Unclear)
            }
        }
    }

    async fn learn(&self, question: Question, it: &mut Looking<'_>) -> Result<(), Error> {
        let (ticket, attempt) = (it.ticket, &it.attempt);
        match question {
            Question::Order => {
                let answer = match &attempt.order {
                    Some(order) => self.ask(&order.id, ticket, attempt, it.moment).await,
                    None => Answer::None,
                };
                it.answers.order = Some(answer);
            }
            Question::Capture(id) => {
                let answer = self
                    .ask_about_capture(&id, ticket, attempt, it.moment)
                    .await;
                it.answers.capture = Some(answer);
            }
            Question::LatePayment => {
                let municipality = self.store.municipality(it.moment.now).await?;
                it.answers.late_payment = Some(municipality.late_payment);
            }
            Question::Night => {
                let nights = self.store.nights::<Comparison>().await;
                let nights = nights.unwrap_or_else(|error| {
                    tracing::warn!(%error, "the nights cannot be read: a lock stays");
                    None
                });
                it.answers.night = Some(nights.and_then(|nights| nights.ended));
            }
        }
        Ok(())
    }

    async fn write_down(
        &self,
        note: Note,
        ticket: &Ticket,
        attempt: &Attempt,
        held: Option<&Held>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let store = &self.store;
        // Where something has changed meanwhile, somebody else has looked since.
        match (note, held) {
            (Note::Awaited, _) => {
                let _ = self.mark_awaited(ticket, attempt, now).await;
            }
            (Note::ApprovedAt(at), _) => {
                let _ = store.note_approval(attempt, at).await?;
            }
            (Note::RetryAllowed, _) => {
                let _ = store.allow_retry(attempt).await?;
            }
            (Note::OrderChangedAt(at), _) => {
                let _ = store.note_change(attempt, at, now).await?;
            }
            (Note::Refused { code, at }, Some(held)) => {
                let _ = store.note_refusal(held, &code, at, now).await?;
            }
            (Note::ShownUncaptured, Some(held)) => {
                let _ = store.note_uncaptured(held).await?;
            }
            (note @ (Note::Refused { .. } | Note::ShownUncaptured), None) => {
                tracing::error!(attempt = %attempt.id, ?note, "what is to be noted needs a lock: a bug");
            }
        }
        Ok(())
    }
}

impl Looking<'_> {
    /// The same attempt, from under a lock that was just taken.
    fn stand_under(&mut self, held: Held, heard: TryHistory, approved_at: Option<Timestamp>) {
        // What the lock has stored with it.
        self.attempt.approved_at = self.attempt.approved_at.or(approved_at);
        self.place = Place::Try(heard);
        self.held = Some(held);
        self.answers = Answers::default();
    }
}
