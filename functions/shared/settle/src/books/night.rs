//! The nightly comparison: PayPal's books of the last days against the table,
//! both ways, and the refunds that have not come to their end. It is more than
//! one run can do: where it stands is in the table, and each run goes on there.
//!
//! ```text
//! begin ─▶ slice after slice of PayPal's books ─▶ open refunds ─▶ the table's own
//!          bookings, shard after shard ─▶ end, with the sums of all of it
//! ```

use std::time::Duration;

use jiff::Timestamp;
use paypal::SEARCH_LAG;
use serde::Serialize;
use store::{EndedNight, Error, Night, Nights, SHARDS, TakenBackKind, Write};
use tokio::time::Instant;

use super::bookings::Bookings;
use super::pages::Budget;
use super::reconciling::{Slice, report};
use super::window::{longer, next_slice, old_enough, shorter, whole_seconds};
use crate::limits::{SANDBOX_CALLS_PER_SWEEP, SEARCH_SLICE, since};
use crate::{Claim, Comparison, Moment, Reconciled, Settle, TakingBack, Window};

/// How far back each night looks: what PayPal shows 36 hours late, and a night
/// that was missed; for a lock that waits for the books, since its first try.
pub const NIGHT_REACH: Duration = Duration::from_hours(4 * 24);

/// A comparison is begun no sooner after the one before.
const NIGHTS_APART: Duration = Duration::from_hours(12);

/// When a night has not come to its end for so long, one is missing: a day, and
/// the hours that a night has.
pub const NIGHT_MISSING_AFTER: Duration = Duration::from_hours(30);

/// The most calls of PayPal that a run begins. A run a minute: together with the
/// sweep's on average less than the 50 a minute at which its sandbox shuts an address
/// out.
const NIGHT_CALLS_MAX: u32 = 24;

/// How often a slice is begun in which something stays unclear; then it counts
/// as it is, and a human must look.
const NIGHT_TRIES_MAX: u32 = 3;

/// A refund that is under way for longer is a human's case.
const REFUND_LATE: Duration = Duration::from_hours(30 * 24);

/// What a run of the nightly comparison has come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NightRun {
    /// The night is through, and the next one not due.
    Resting,
    /// The next run goes on.
    UnderWay {
        /// PayPal's books were looked into until here.
        at: Timestamp,
    },
    /// It has come to its end.
    Ended(Box<Reconciled>),
}

/// How one step of a night has ended.
enum StepOutcome {
    Done,
    /// The run may do no more, or can do nothing now.
    Stopped,
}

impl Settle {
    /// Goes on with the night's comparison, or begins one; until `until` at most.
    /// Whatever it came to stands in the table.
    ///
    /// # Errors
    /// When the table does not answer: the next run goes on.
    pub async fn compare(
        &self,
        clock: &(dyn Fn() -> Timestamp + Sync),
        until: Instant,
    ) -> Result<NightRun, Error> {
        let nights = self.store.nights::<Comparison>().await?;
        let mut nights = nights.unwrap_or_else(|| Nights::new(clock()));
        let mut night = match nights.under_way.take() {
            Some(night) => night,
            None => match begun(&nights, clock()) {
                Some(night) => night,
                None => return Ok(NightRun::Resting),
            },
        };
        let mut budget = Budget {
            until,
            calls_left: NIGHT_CALLS_MAX,
        };
        loop {
            let step = self.step(&mut night, clock, &mut budget).await?;
            let is_through = night.shard >= SHARDS;
            nights.under_way = (!is_through).then(|| night.clone());
            let mut reconciled = None;
            if is_through {
                let ended = ended(&night);
                nights.ended = Some(EndedNight {
                    begun_at: night.begun_at,
                    from: Some(night.from),
                    left_books_from: night.bookings_unanswered.then(|| books_from(&night)),
                    ended_at: clock(),
                    complete_until: ended.complete_until.unwrap_or(night.from),
                    // What PayPal said nothing of is asked about again.
                    booked_until: if night.bookings_unanswered {
                        night.booked_from
                    } else {
                        bookings(&night).to
                    },
                    agreed: ended.comparison.agrees(),
                });
                reconciled = Some(ended);
            }
            if self.store.put_nights(&mut nights).await? == Write::Refused {
                tracing::warn!("another run of the nightly comparison is under way");
                return Ok(NightRun::UnderWay { at: night.at });
            }
            if let Some(reconciled) = reconciled {
                tracing::info!(
                    metric.night_ended = 1_u64,
                    "the nightly comparison is through"
                );
                report(&reconciled);
                return Ok(NightRun::Ended(Box::new(reconciled)));
            }
            if matches!(step, StepOutcome::Stopped) {
                tracing::info!(at = %night.at, shard = night.shard, "the nightly comparison is under way");
                return Ok(NightRun::UnderWay { at: night.at });
            }
        }
    }

    /// Whether the last comparison that came to its end is so long ago that one
    /// is missing. For something that runs anyway: who is missing cannot say so.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn is_night_missing(&self, now: Timestamp) -> Result<bool, Error> {
        let Some(nights) = self.store.nights::<Comparison>().await? else {
            // From here on one can be missed.
            let _ = self
                .store
                .put_nights(&mut Nights::<Comparison>::new(now))
                .await?;
            return Ok(false);
        };
        let last = nights.ended.map_or(nights.since, |ended| ended.ended_at);
        Ok(since(last, now) > NIGHT_MISSING_AFTER)
    }

    async fn step(
        &self,
        night: &mut Night<Comparison>,
        clock: &(dyn Fn() -> Timestamp + Sync),
        budget: &mut Budget,
    ) -> Result<StepOutcome, Error> {
        if night.at < night.to {
            return Ok(self.next_part(night, clock, budget).await);
        }
        if night.shard == 0
            && let StepOutcome::Stopped = self.follow_refunds(night.begun_at, clock, budget).await?
        {
            return Ok(StepOutcome::Stopped);
        }
        let window = bookings(night);
        let found = self
            .bookings(night.shard, window, books_from(night), clock, budget)
            .await?;
        Ok(match found {
            Some(Bookings {
                comparison,
                is_answered,
            }) => {
                night.comparison = night.comparison.plus(comparison);
                night.bookings_unanswered |= !is_answered;
                night.shard += 1;
                StepOutcome::Done
            }
            None => StepOutcome::Stopped,
        })
    }

    /// The next slice of PayPal's books.
    async fn next_part(
        &self,
        night: &mut Night<Comparison>,
        clock: &(dyn Fn() -> Timestamp + Sync),
        budget: &mut Budget,
    ) -> StepOutcome {
        let length = Duration::from_secs(night.slice_s.into());
        let slice = next_slice(night.at, night.to, length);
        let had_all = budget.calls_left == NIGHT_CALLS_MAX;
        let (next_length, step) = match self.slice(slice, night.to, clock, budget).await {
            Slice::Done { comparison, .. }
                if comparison.unclear > 0 && night.tries + 1 < NIGHT_TRIES_MAX =>
            {
                night.tries += 1;
                return StepOutcome::Stopped;
            }
            Slice::Done {
                comparison,
                to,
                complete_until,
            } => {
                night.comparison = night.comparison.plus(*comparison);
                let next = longer(length, night.at, to);
                night.at = to;
                night.complete_until = complete_until;
                (next, StepOutcome::Done)
            }
            Slice::NotYet => {
                // The next night looks at it again; nothing of it is concluded.
                tracing::warn!(until = %night.at, "PayPal does not show the rest of its books yet");
                night.complete_until = Some(night.at);
                night.at = night.to;
                (length, StepOutcome::Done)
            }
            Slice::TooMuch => match shorter(length) {
                Some(half) => (half, StepOutcome::Done),
                None => (length, StepOutcome::Stopped),
            },
            // Even a whole run was not enough for it: the next one is for half.
            Slice::Nothing if had_all && !budget.allows_more() => {
                (shorter(length).unwrap_or(length), StepOutcome::Stopped)
            }
            Slice::Nothing => (length, StepOutcome::Stopped),
        };
        night.slice_s = u32::try_from(next_length.as_secs()).unwrap_or(u32::MAX);
        night.tries = 0;
        step
    }

    /// Asks about each refund that was under way, once a night.
    async fn follow_refunds(
        &self,
        begun_at: Timestamp,
        clock: &(dyn Fn() -> Timestamp + Sync),
        budget: &mut Budget,
    ) -> Result<StepOutcome, Error> {
        for open in self.store.open_refunds().await? {
            if open.asked_at >= begun_at {
                continue;
            }
            if !budget.allows_more() {
                return Ok(StepOutcome::Stopped);
            }
            budget.spend(2);
            let moment = Moment::begins(clock());
            let Ok(id) = open.id.parse() else {
                tracing::error!(refund = open.id, "the list of open refunds names none");
                continue;
            };
            let claim = match open.kind {
                TakenBackKind::Refund => Claim::Refund(id),
                TakenBackKind::Reversal | TakenBackKind::Dispute | TakenBackKind::PaymentOrder => {
                    Claim::Reversal(id)
                }
            };
            match self.taken_back(&claim, moment).await? {
                TakingBack::Booked | TakingBack::Nothing => {
                    self.store.stop_following(&open.id).await?;
                }
                TakingBack::UnderWay | TakingBack::WithoutTicket | TakingBack::NotYet => {
                    self.store
                        .follow_refund(&open.id, open.kind, moment.now)
                        .await?;
                    if since(open.since, moment.now) > REFUND_LATE {
                        tracing::error!(
                            refund = open.id,
                            since = %open.since,
                            alarm = "refund-late",
                            "a refund does not come to its end: a human must look"
                        );
                    }
                }
            }
        }
        Ok(StepOutcome::Done)
    }
}

/// The next night, once it is due.
fn begun(nights: &Nights<Comparison>, now: Timestamp) -> Option<Night<Comparison>> {
    let last = nights.ended.as_ref();
    if last.is_some_and(|last| since(last.begun_at, now) < NIGHTS_APART) {
        return None;
    }
    let now = whole_seconds(now);
    let earlier = |by: Duration| now.saturating_sub(by).unwrap_or(now);
    let reach = earlier(NIGHT_REACH);
    // A night that was missed leaves no gap.
    let from = last.map_or(reach, |last| reach.min(whole_seconds(last.complete_until)));
    Some(Night {
        begun_at: now,
        from,
        to: earlier(SEARCH_LAG),
        at: from,
        slice_s: u32::try_from(SEARCH_SLICE.as_secs()).unwrap_or(u32::MAX),
        tries: 0,
        complete_until: None,
        booked_from: last.map_or(from, |last| last.booked_until),
        books_from: last.and_then(|last| last.left_books_from),
        bookings_unanswered: false,
        shard: 0,
        comparison: Comparison::default(),
    })
}

/// Since when the books were looked into in which its bookings must be.
fn books_from(night: &Night<Comparison>) -> Timestamp {
    night
        .books_from
        .map_or(night.from, |earlier| earlier.min(night.from))
}

/// The bookings that a night is about: old enough for PayPal to have shown them
/// by when it began.
fn bookings(night: &Night<Comparison>) -> Window {
    let shown = night.complete_until.unwrap_or(night.from);
    let to = old_enough(night.begun_at).min(shown).max(night.booked_from);
    Window {
        from: night.booked_from,
        to,
    }
}

fn ended(night: &Night<Comparison>) -> Reconciled {
    Reconciled {
        comparison: night.comparison,
        difference_cents: night.comparison.difference_cents(),
        complete_until: night.complete_until,
        stopped_at: None,
    }
}

/// What a night looks at must have been shown by its end, whatever the lag, and
/// must overlap with the night before; in one minute there may be a run and a sweep.
const _: () = assert!(
    NIGHT_REACH.as_secs() > 24 * 3_600 + paypal::SEARCH_LAG_MAX.as_secs()
        && NIGHT_MISSING_AFTER.as_secs() > 24 * 3_600
        && NIGHTS_APART.as_secs() < 24 * 3_600
        && NIGHT_CALLS_MAX + SANDBOX_CALLS_PER_SWEEP < 50
);
