//! What a sweep may cost.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use crate::history::Kind;
use crate::world::{Function, World};

/// One look into the index each: three queues of four, and one of refunds. A refund
/// is looked for in its ticket's partition, up to so often.
const SHARDS: u64 = 13;
const QUERIES_PER_REFUND_MAX: u64 = 12;
/// What one attempt may cost: itself, put off, it and its ticket, the token,
/// the lock, and the booking, decided up to four times, each of them written up
/// to six times against other transactions and read back.
const PER_ATTEMPT_MAX: u64 = 64;
/// The index may show what was a minute ago.
const INDEX_LAG: Duration = Duration::from_mins(1);

/// What there was when a sweep began.
pub(crate) struct Sweeping {
    open: BTreeSet<String>,
    counts: (u64, u64),
    alone: bool,
    begun: u64,
}

fn counts(world: &World) -> (u64, u64) {
    let history = world.history.borrow();
    let of = |kind| history.calls(Function::ReconcilePayments, kind);
    (of(Kind::Index), of(Kind::Table))
}

fn open(world: &World, since: Duration) -> BTreeSet<String> {
    let now = Instant::now();
    let then = now.checked_sub(since).unwrap_or(now);
    world.engine.borrow().open_attempts_since(then)
}

/// A sweep begins.
pub(crate) fn a_sweep_begins(world: &World) -> Sweeping {
    let (begun, ended) = world.sweeps.get();
    world.sweeps.set((begun + 1, ended));
    Sweeping {
        open: open(world, INDEX_LAG),
        counts: counts(world),
        alone: begun == ended,
        begun: begun + 1,
    }
}

/// V3: it has read no more than it had to.
pub(crate) fn a_sweep_has_ended(world: &World, sweeping: Sweeping) {
    let (begun, ended) = world.sweeps.get();
    world.sweeps.set((begun, ended + 1));
    // Calls of two sweeps at once cannot be told apart.
    if !sweeping.alone || begun != sweeping.begun {
        return;
    }
    let (index, table) = counts(world);
    let (index, table) = (index - sweeping.counts.0, table - sweeping.counts.1);
    let mut attempts = sweeping.open;
    attempts.extend(open(world, Duration::ZERO));
    let open = u64::try_from(attempts.len()).unwrap_or(u64::MAX);
    let refunds = attempts
        .iter()
        .filter(|key| key.contains("REFUND#"))
        .count();
    let refunds = u64::try_from(refunds).unwrap_or(u64::MAX);
    let queries = SHARDS + QUERIES_PER_REFUND_MAX.saturating_mul(refunds);
    let few = index <= queries && table <= PER_ATTEMPT_MAX.saturating_mul(open);
    let mut history = world.history.borrow_mut();
    history.law("V3", few, || {
        format!("a sweep over {open} open attempts looked {index} times into the index and asked the table {table} times")
    });
}
