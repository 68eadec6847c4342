//! The sweep: asks about every open attempt that is due, so that a payment is
//! settled when the browser never came back and no webhook arrived.
//!
//! ```text
//! a minute has passed    each shard of the index ─▶ put the attempt off ─▶ settle it
//! ```
//!
//! `schedule` says when an attempt is due, `order` what goes first, `pace` how fast
//! PayPal may be asked, `look` is one look.

mod look;
mod order;
mod pace;
mod schedule;

use std::time::Duration;

use futures_util::stream::{self, FuturesUnordered, StreamExt};
use jiff::Timestamp;
use serde::Serialize;
use store::{OpenWork, Queue, Store};
use tokio::time::Instant;

use self::look::LookOutcome;
use self::order::in_order;
pub use self::pace::{InvalidCallsPerSecond, Pace, SIDE_BY_SIDE};
use crate::limits::{FUNCTION_TIMEOUT, SWEEP_BEHIND};
use crate::{Progress, Settle};

/// How long a sweep takes at most; less than the function's own time-out, and
/// than the minute until the next one.
pub const SWEEP_TIME: Duration = Duration::from_secs(50);

/// What asks about all attempts reads no more of each shard.
const ALL_MAX: u32 = u32::MAX;

/// Which open attempts to ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those whose time has come, as many as may be: the schedule.
    Due,
    /// All of them, however many calls that takes: by hand.
    All,
}

/// What a sweep has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sweep {
    /// Attempts asked about.
    pub looked_at: u32,
    /// Of which the money is known now.
    pub known: u32,
    /// Of which it is not: they come again.
    pub unclear: u32,
    /// That could not be looked at.
    pub failed: u32,
    /// That are due and were left to the next sweep, as far as they were read.
    pub left: u32,
}

impl Settle {
    /// Sweeps until everything due was looked at, the budget of calls is spent, PayPal
    /// wants silence or `until` has come; the rest waits for the next minute. `clock` is
    /// read for each attempt, since a sweep is longer than a lock may be wrong.
    pub async fn sweep(
        &self,
        pace: &Pace,
        scope: Scope,
        clock: &(dyn Fn() -> Timestamp + Sync),
        until: Instant,
    ) -> Sweep {
        let traffic = || self.paypal.traffic();
        let turn = match scope {
            Scope::All => None,
            Scope::Due => match pace.begin(clock(), traffic()) {
                Ok(turn) => Some(turn),
                Err(silent_until) => {
                    tracing::warn!(%silent_until, "nothing is asked: PayPal wants silence, or is silent itself");
                    return Sweep::default();
                }
            },
        };
        let began = clock();
        let (due, unread) = self.due(scope, pace, began).await;
        let mut due = due.into_iter();
        let mut sweep = Sweep {
            failed: unread,
            ..Sweep::default()
        };
        let may_begin = |beside: usize| {
            // An attempt that is begun must have its whole time.
            Instant::now() + FUNCTION_TIMEOUT <= until
            && beside < SIDE_BY_SIDE
            // sabotage: the sweep asks as often as it likes
            && turn.is_none_or(|turn| turn.lets_in(traffic(), beside))
        };
        let mut looks = FuturesUnordered::new();
        loop {
            while may_begin(looks.len())
                && let Some(open) = due.next()
            {
                looks.push(self.look_at(open, clock()));
            }
            let Some(look) = looks.next().await else {
                break;
            };
            // sabotage: the sweep stops at a poison item
            sweep.count(&look);
        }
        if let Some(turn) = &turn {
            pace.end(turn, clock(), traffic());
        }
        sweep.left = due.len().try_into().unwrap_or(u32::MAX);
        report(&sweep, unread, due.as_slice(), began);
        sweep
    }

    /// Everything that is due, in the order in which to look at it, and how many shards
    /// could not be read.
    async fn due(&self, scope: Scope, pace: &Pace, now: Timestamp) -> (Vec<OpenWork>, u32) {
        // Of each shard as many as the sweep could look at: these hold the longest due
        // of all, however unevenly they are spread.
        let (horizon, most) = match scope {
            Scope::Due => (now, pace.calls_per_sweep()),
            Scope::All => (Timestamp::MAX, ALL_MAX),
        };
        let store = &self.store;
        let shards = stream::iter(Store::open_shards())
            .map(|shard| async move { (shard, store.due_work(shard, horizon, most).await) })
            .buffered(SIDE_BY_SIDE)
            .collect::<Vec<_>>()
            .await;
        let (mut found, mut unread) = (Vec::new(), 0);
        for (shard, read) in shards {
            match read {
                Ok(due) => found.extend(due),
                Err(error) => {
                    tracing::error!(%error, %shard, "a shard of open attempts could not be read");
                    unread += 1;
                }
            }
        }
        (in_order(found), unread)
    }
}

impl Sweep {
    fn count(&mut self, look: &LookOutcome) {
        match look {
            LookOutcome::Asked(Progress::Known | Progress::NotApproved) => {
                self.looked_at += 1;
                self.known += 1;
            }
            LookOutcome::Asked(Progress::Unclear) => {
                self.looked_at += 1;
                self.unclear += 1;
            }
            LookOutcome::NotOurs => {}
            LookOutcome::Failed => self.failed += 1,
        }
    }
}

fn report(sweep: &Sweep, unread: u32, left: &[OpenWork], began: Timestamp) {
    let waits_since = left
        .iter()
        .filter(|open| matches!(open.queue, Queue::Likely | Queue::New))
        .filter_map(|open| open.due_at().parse::<Timestamp>().ok())
        .min();
    let waits_s = waits_since.map_or(0, |since| began.duration_since(since).as_secs().max(0));
    // One that could not read what is due has not looked, and must be missed.
    if unread == 0 {
        tracing::info!(
            metric.sweep_ended = 1_u64,
            metric.oldest_due_s = waits_s,
            "a sweep has ended"
        );
    }
    let too_long = began.saturating_sub(SWEEP_BEHIND).unwrap_or(began);
    if let Some(since) = waits_since.filter(|since| *since < too_long) {
        tracing::error!(alarm = "sweep-behind", ?sweep, %since, "what may bring money waits too long: the sweeps do not keep up");
    } else if sweep.left > 0 {
        tracing::warn!(?sweep, "the sweep has more to do than time or calls");
    } else if *sweep == Sweep::default() {
        tracing::debug!("no open attempt was due");
    } else {
        tracing::info!(?sweep, "open attempts were swept");
    }
}

#[cfg(test)]
mod tests;
