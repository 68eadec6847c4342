//! The sweep: asks about every open attempt that is due, so that a payment is
//! settled when the browser never came back and no webhook arrived. And the
//! reconciliation by hand: holds `PayPal`'s own books against the table after a
//! restore. `compare-books` does so each night.
//!
//! ```text
//! a minute has passed    each shard of the index ─▶ put the attempt off ─▶ settle it
//! {"reconcile": {…}}     each row of PayPal's books ─▶ booked? ─▶ book it
//! ```

mod asked;

use std::time::Duration;

pub use asked::{Answer, Asked, InvalidEvent, answer};
use jiff::Timestamp;
use lambda_runtime::Error;
use paypal::{Config, PayPal, Transport};
use settle::limits::{FUNCTION_TIMEOUT, LOOK_PENDING, next_look};
use settle::{Captures, Progress, Settle, Wake};
use store::{OpenAttempt, Store, Write};
use tokio::time::Instant;

/// How long a sweep takes at most; less than the function's own time-out, and
/// than the minute until the next one.
pub const SWEEP_TIME: Duration = Duration::from_secs(50);

/// What this function works with.
pub struct App {
    /// The one door for money.
    pub settle: Settle,
}

/// Which open attempts to ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those whose time has come: the schedule.
    Due,
    /// All of them: by hand.
    All,
}

/// What a sweep has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Sweep {
    /// Attempts asked about.
    pub looked_at: u32,
    /// Of which the money is known now.
    pub known: u32,
    /// Of which it is not: they come again.
    pub unclear: u32,
    /// That could not be looked at.
    pub failed: u32,
}

impl App {
    /// Out of the environment.
    ///
    /// # Errors
    /// When a variable is missing or wrong; the error names it.
    pub async fn from_vars(vars: &dyn Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let paypal = PayPal::new(Config::from_vars(vars).await?, Transport::https()?);
        let store = Store::from_vars(vars)?;
        Ok(Self {
            settle: Settle::new(store, paypal, Captures::from_vars(vars)?),
        })
    }
}

/// Sweeps until everything due was looked at or `until` has come; the rest
/// waits for the next minute. `clock` is read for each attempt, since a sweep
/// is longer than a lock may be wrong.
pub async fn handle(
    app: &App,
    which: Which,
    clock: &(dyn Fn() -> Timestamp + Sync),
    until: Instant,
) -> Sweep {
    let mut sweep = Sweep::default();
    for shard in Store::shards() {
        let horizon = match which {
            Which::Due => clock(),
            Which::All => Timestamp::MAX,
        };
        let due = match app.settle.store.due_attempts(shard, horizon).await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, shard, "a shard of open attempts could not be read");
                sweep.failed += 1;
                continue;
            }
        };
        for open in due {
            // An attempt that is begun must have its whole time.
            if Instant::now() + FUNCTION_TIMEOUT > until {
                tracing::warn!(?sweep, "the sweep has more to do than time");
                return sweep;
            }
            look_at(app, &open, clock(), &mut sweep).await;
        }
    }
    if sweep == Sweep::default() {
        tracing::debug!("no open attempt was due");
    } else {
        tracing::info!(?sweep, "open attempts were swept");
    }
    sweep
}

async fn look_at(app: &App, open: &OpenAttempt, now: Timestamp, sweep: &mut Sweep) {
    let looked = async {
        let store = &app.settle.store;
        let Ok(id) = open.id.parse() else {
            tracing::error!(
                attempt = open.id,
                "the index names no attempt: a human must look"
            );
            return Ok(None);
        };
        let attempt = match store.attempt(&id).await {
            Ok(Some(attempt)) => attempt,
            // The index lags behind the table.
            Ok(None) => return Ok(None),
            Err(error @ store::Error::Unreadable { .. }) => {
                let later = now.saturating_add(LOOK_PENDING).unwrap_or(now);
                let _ = store.put_off(open, later).await?;
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        // Put off before it is looked at: one that makes the sweep die must not
        // be the first one again.
        if store.put_off(open, next_look(&attempt, now)).await? == Write::Refused {
            return Ok(None);
        }
        app.settle
            .settle(&id, Wake::Sweep, now, settle::paypal_deadline())
            .await
    };
    // The limit that every other function has from its own time-out: whoever
    // is inside the capture call longer than the lease could charge twice.
    match tokio::time::timeout(FUNCTION_TIMEOUT, looked).await {
        Ok(Ok(None)) => {}
        Ok(Ok(Some(settled))) => {
            sweep.looked_at += 1;
            match settled.progress {
                Progress::Known | Progress::NotApproved => sweep.known += 1,
                Progress::Unclear => sweep.unclear += 1,
            }
        }
        Ok(Err(error)) => {
            sweep.failed += 1;
            tracing::error!(%error, attempt = open.id, "an open attempt could not be looked at");
        }
        Err(_) => {
            sweep.failed += 1;
            tracing::error!(attempt = open.id, "an open attempt took too long");
        }
    }
}
