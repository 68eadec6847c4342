//! The sweep: asks about every open attempt that is due, so that a payment is
//! settled when the browser never came back and no webhook arrived. And the
//! reconciliation by hand: holds PayPal's own books against the table after a
//! restore. `compare-books` does so each night.
//!
//! ```text
//! a minute has passed    each shard of the index ─▶ put the attempt off ─▶ settle it
//! {"reconcile": {…}}     each row of PayPal's books ─▶ booked? ─▶ book it
//! ```

mod request;

use std::time::Duration;

use futures_util::stream::{self, FuturesUnordered, StreamExt};
use jiff::Timestamp;
use lambda_runtime::Error;
use paypal::{Config, PayPal, Transport};
pub use request::{Answer, InvalidEvent, Request, answer};
use settle::limits::{FUNCTION_TIMEOUT, LOOK_PENDING};
use settle::looks::{Next, after_look, next_look};
use settle::pace::{Pace, SIDE_BY_SIDE};
use settle::{Captures, Progress, Settle, Settled, Wake};
use store::{Attempt, OpenAttempt, Queue, Store};
use ticket::AttemptId;
use tokio::time::Instant;

/// How long a sweep takes at most; less than the function's own time-out, and
/// than the minute until the next one.
pub const SWEEP_TIME: Duration = Duration::from_secs(50);

/// Of so many looks one is for those that nobody has asked about yet and one for all
/// others, however many likelier ones are due: they must not wait for ever.
const TURNS: usize = 5;

/// What asks about all attempts reads no more of each shard.
const ALL_MAX: u32 = u32::MAX;

/// Who may bring money and has not been asked about for so long after it was due
/// is a matter for a human.
const WAITED_TOO_LONG: Duration = Duration::from_mins(10);

/// What this function works with.
pub struct App {
    /// The one door for money.
    pub settle: Settle,
    /// How fast it may be used here.
    pub pace: Pace,
}

/// Which open attempts to ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those whose time has come, as many as may be: the schedule.
    Due,
    /// All of them, however many calls that takes: by hand.
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
    /// That are due and were left to the next sweep, as far as they were read.
    pub left: u32,
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
            pace: Pace::from_vars(vars)?,
        })
    }
}

/// Sweeps until everything due was looked at, the budget of calls is spent, PayPal
/// wants silence or `until` has come; the rest waits for the next minute. `clock` is
/// read for each attempt, since a sweep is longer than a lock may be wrong.
pub async fn handle(
    app: &App,
    which: Which,
    clock: &(dyn Fn() -> Timestamp + Sync),
    until: Instant,
) -> Sweep {
    let traffic = || app.settle.paypal.traffic();
    let turn = match which {
        Which::All => None,
        Which::Due => match app.pace.begin(clock(), traffic()) {
            Ok(turn) => Some(turn),
            Err(silent_until) => {
                tracing::warn!(%silent_until, "nothing is asked: PayPal wants silence, or is silent itself");
                return Sweep::default();
            }
        },
    };
    let began = clock();
    let (due, unread) = due(app, which, began).await;
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
            looks.push(look_at(app, open, clock()));
        }
        let Some(look) = looks.next().await else {
            break;
        };
        // sabotage: the sweep stops at a poison item
        sweep.count(&look);
    }
    if let Some(turn) = &turn {
        app.pace.end(turn, clock(), traffic());
    }
    sweep.left = due.len().try_into().unwrap_or(u32::MAX);
    report(&sweep, due.as_slice(), began);
    sweep
}

/// Everything that is due, in the order in which to look at it, and how many shards
/// could not be read.
async fn due(app: &App, which: Which, now: Timestamp) -> (Vec<OpenAttempt>, u32) {
    // Of each shard as many as the sweep could look at: these hold the longest due
    // of all, however unevenly they are spread.
    let (horizon, most) = match which {
        Which::Due => (now, app.pace.calls_per_sweep()),
        Which::All => (Timestamp::MAX, ALL_MAX),
    };
    let store = &app.settle.store;
    let shards = stream::iter(Store::open_shards())
        .map(|shard| async move { (shard, store.due_attempts(shard, horizon, most).await) })
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

/// Who is likeliest to bring money goes first, and of each queue the longest due.
fn in_order(mut due: Vec<OpenAttempt>) -> Vec<OpenAttempt> {
    due.sort_by(|one, other| one.due_at().cmp(other.due_at()));
    let mut of = |queue| due.extract_if(.., |open| open.queue == queue).collect();
    likely_first(of(Queue::Likely), of(Queue::New), of(Queue::Others))
}

/// The likely ones, then the new ones, then the others; but every fourth is a new one,
/// and every fifth one of the others.
fn likely_first<T>(likely: Vec<T>, new: Vec<T>, others: Vec<T>) -> Vec<T> {
    let mut ordered = Vec::with_capacity(likely.len() + new.len() + others.len());
    let (mut likely, mut new, mut others) =
        (likely.into_iter(), new.into_iter(), others.into_iter());
    loop {
        let round = ordered.len();
        let room = |ordered: &Vec<T>, of: usize| of - (ordered.len() - round);
        ordered.extend(likely.by_ref().take(TURNS - 2));
        ordered.extend(new.by_ref().take(room(&ordered, TURNS - 1)));
        ordered.extend(likely.by_ref().take(room(&ordered, TURNS - 1)));
        ordered.extend(others.by_ref().take(room(&ordered, TURNS)));
        if ordered.len() == round {
            return ordered;
        }
    }
}

impl Sweep {
    fn count(&mut self, look: &Look) {
        match look {
            Look::Asked(Progress::Known | Progress::NotApproved) => {
                self.looked_at += 1;
                self.known += 1;
            }
            Look::Asked(Progress::Unclear) => {
                self.looked_at += 1;
                self.unclear += 1;
            }
            Look::NotOurs => {}
            Look::Failed => self.failed += 1,
        }
    }
}

fn report(sweep: &Sweep, left: &[OpenAttempt], began: Timestamp) {
    let waits_since = left
        .iter()
        .filter(|open| open.queue != Queue::Others)
        .filter_map(|open| open.due_at().parse::<Timestamp>().ok())
        .min();
    let too_long = began.saturating_sub(WAITED_TOO_LONG).unwrap_or(began);
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

/// What became of a look.
enum Look {
    /// PayPal was asked, or need not be.
    Asked(Progress),
    /// It is somebody else's by now, or gone.
    NotOurs,
    /// Neither.
    Failed,
}

async fn look_at(app: &App, open: OpenAttempt, now: Timestamp) -> Look {
    let mut begun = None;
    // The limit that every other function has from its own time-out: whoever
    // is inside the capture call longer than the lease could charge twice.
    let looked = tokio::time::timeout(FUNCTION_TIMEOUT, look(app, &open, now, &mut begun)).await;
    let (look, settled) = match looked {
        Ok(Ok(Some(settled))) => (Look::Asked(settled.progress), Some(settled)),
        Ok(Ok(None)) => return Look::NotOurs,
        Ok(Err(error)) => {
            tracing::error!(%error, attempt = open.id, "an open attempt could not be looked at");
            (Look::Failed, None)
        }
        Err(_) => {
            tracing::error!(attempt = open.id, "an open attempt took too long");
            (Look::Failed, None)
        }
    };
    if let Some(begun) = begun {
        wait_on(app, open.queue, begun, settled.as_ref(), now).await;
    }
    look
}

/// A look that has begun: the attempt as it was, and as it waits meanwhile.
struct Begun {
    attempt: Attempt,
    next: Next,
    waits: OpenAttempt,
}

async fn look(
    app: &App,
    open: &OpenAttempt,
    now: Timestamp,
    begun: &mut Option<Begun>,
) -> Result<Option<Settled>, store::Error> {
    let store = &app.settle.store;
    let put_off_unread = async || {
        let later = now.saturating_add(LOOK_PENDING).unwrap_or(now);
        store.put_off(open, open.queue, later).await
    };
    let id: AttemptId = match open.id.parse() {
        Ok(id) => id,
        Err(error) => {
            put_off_unread().await?;
            return Err(store::Error::Unreadable {
                item: "key of an open attempt",
                source: Box::new(error),
            });
        }
    };
    let attempt = match store.attempt(&id).await {
        Ok(Some(attempt)) => attempt,
        // The index lags behind the table.
        Ok(None) => return Ok(None),
        Err(error @ store::Error::Unreadable { .. }) => {
            // sabotage: the sweep stops at a poison item: it stays the first
            put_off_unread().await?;
            return Err(error);
        }
        Err(error) => return Err(error),
    };
    // Put off before it is looked at: one that makes the sweep die must not
    // be the first one again.
    let next = next_look(&attempt, open.queue, now, app.settle.paypal.order_life());
    let Some(waits) = store.put_off(open, next.queue, next.at).await? else {
        return Ok(None);
    };
    *begun = Some(Begun {
        attempt,
        next,
        waits,
    });
    app.settle
        .settle(&id, Wake::Sweep, now, settle::paypal_deadline())
        .await
}

/// Where the attempt waits now that it was looked at, where that changes anything.
async fn wait_on(app: &App, from: Queue, begun: Begun, settled: Option<&Settled>, now: Timestamp) {
    let Begun {
        attempt,
        next,
        waits,
    } = begun;
    let order_life = app.settle.paypal.order_life();
    let after = after_look(&attempt, from, next, settled, now, order_life);
    let Some(after) = after.filter(|after| *after != next) else {
        return;
    };
    // Refused where a lock that was taken meanwhile says when.
    let written = app.settle.store.put_off(&waits, after.queue, after.at);
    if let Err(error) = written.await {
        tracing::warn!(%error, attempt = %attempt.id, "an open attempt waits longer than it should");
    }
}

#[cfg(test)]
mod tests {
    use paypal::Traffic;
    use store::{AttemptState, PlacedOrder};
    use ticket::{Cents, Language};

    use super::*;

    #[test]
    fn likely_ones_go_first_and_every_fifth_look_is_for_the_others() {
        let likely = || (1..=10).collect::<Vec<_>>();
        let new = || (51..=56).collect::<Vec<_>>();
        let others = || (101..=104).collect::<Vec<_>>();
        assert_eq!(
            likely_first(likely(), Vec::new(), others()),
            [1, 2, 3, 4, 101, 5, 6, 7, 8, 102, 9, 10, 103, 104]
        );
        assert_eq!(
            likely_first(likely(), new(), others()),
            [
                1, 2, 3, 51, 101, 4, 5, 6, 52, 102, 7, 8, 9, 53, 103, 10, 54, 55, 56, 104
            ]
        );
        assert_eq!(
            likely_first(Vec::new(), new(), others()),
            [51, 52, 53, 54, 101, 55, 56, 102, 103, 104]
        );
        for only in 0..3 {
            let of = |queue: u32| (0..if queue == only { 9 } else { 0 }).collect();
            assert_eq!(likely_first(of(0), of(1), of(2)), of(only));
        }
    }

    fn begun_at(created_at: Timestamp) -> Attempt {
        Attempt {
            id: AttemptId::from_random(1),
            case_number: "KL-2026-000123".parse().unwrap(),
            version: 1,
            amount: Cents::new(3_000),
            language: Language::De,
            invoice_id: String::new(),
            client_id: String::new(),
            created_at,
            order: Some(PlacedOrder {
                id: "5O190127TN364715T".parse().unwrap(),
                approve_url: String::new(),
            }),
            refusals: 0,
            approved_at: None,
            returned_at: None,
            silent_since: None,
            decline: None,
            state: AttemptState::Live,
        }
    }

    /// One that waits.
    struct Waits {
        attempt: Attempt,
        next: Next,
        looks: u32,
    }

    /// An hour and a half of sweeps, by their own rules for order, budget and time,
    /// over a street full of abandoned checkouts; each look is one call.
    #[test]
    fn ten_thousand_are_all_looked_at_within_ninety_sweeps_and_none_twice_before() {
        let order_life = Duration::from_hours(12);
        let began: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let waits = |queue, second: u64| Waits {
            attempt: begun_at(began),
            next: Next {
                queue,
                at: began + Duration::from_secs(second),
            },
            looks: 0,
        };
        let mut street: Vec<Waits> = (0..10_000)
            .map(|number| waits(Queue::Others, number % 60))
            .collect();
        // And one whose lock's lease ends after all of these were due, and one that is
        // new.
        let returned = street.len();
        street.push(waits(Queue::Likely, 60));
        street.push(waits(Queue::New, 60));
        let pace = Pace::from_vars(&|_| None).unwrap();
        let mut traffic = Traffic::default();
        for sweep in 1..=90_u32 {
            let now = began + Duration::from_mins(sweep.into());
            let turn = pace.begin(now, traffic).unwrap();
            let of = |queue| {
                let mut due: Vec<usize> = (0..street.len())
                    .filter(|place| {
                        let next = street[*place].next;
                        next.queue == queue && next.at <= now
                    })
                    .collect();
                due.sort_by_key(|place| street[*place].next.at);
                due
            };
            let due = likely_first(of(Queue::Likely), of(Queue::New), of(Queue::Others));
            for place in due.into_iter().take_while(|_| {
                let may = turn.lets_in(traffic, 0);
                traffic.calls += u64::from(may);
                traffic.answered += u64::from(may);
                may
            }) {
                let one = &mut street[place];
                one.next = next_look(&one.attempt, Queue::Others, now, order_life);
                one.looks += 1;
            }
            pace.end(&turn, now, traffic);
            let first = &street[returned..];
            assert!(first.iter().all(|one| one.looks > 0), "sweep {sweep}");
            assert!(traffic.calls <= u64::from(sweep) * 120, "sweep {sweep}");
            let mut looks = street[..returned].iter().map(|one| one.looks);
            if looks.clone().any(|looks| looks > 1) {
                assert!(looks.all(|looks| looks > 0), "sweep {sweep}");
            }
        }
        assert!(street.iter().all(|one| one.looks > 0));
    }
}
