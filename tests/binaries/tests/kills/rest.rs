//! Until nothing is left to do: sweeps alone must finish what kills left.
//!
//! This waits for real time, about two minutes: the leases and due dates of
//! the deployed binaries are what is tested, and they read the machine's clock.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use binaries::{events, now};
use jiff::Timestamp;
use paypal_standin::{Books, Instrument, OrderState};
use store::{OpenWork, Queue, Store};
use ticket::{Lock, State};
use tokio::time::{Instant, interval};

use crate::history::of_invoice;
use crate::load::World;
use crate::tickets::Issued;

/// A try that was refused as not approved is waited on for two minutes, in leases of
/// one; an attempt that was put off just before its lock ended comes again a minute
/// later; and some time to work.
const REST_WITHIN: Duration = Duration::from_mins(5);

/// Deployed it is a minute; a second does not wait longer than it must.
const SWEEP_EACH: Duration = Duration::from_secs(1);

/// What is still to be done for a ticket, or for all of them: how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unfinished {
    pub(crate) locks: u32,
    unbooked: u32,
    uncaptured: u32,
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            locks,
            unbooked,
            uncaptured,
        } = self;
        write!(
            f,
            "{locks} locks, {unbooked} captures not booked, {uncaptured} approved orders not \
             captured"
        )
    }
}

impl Unfinished {
    /// What is to be done for all tickets.
    pub(crate) async fn of(world: &World) -> Self {
        let known = known(&world.city.standin.books());
        let mut all = Self::default();
        for issued in &world.tickets {
            let left = left(world, issued, &known, &BTreeSet::new()).await;
            all.locks += left.locks;
            all.unbooked += left.unbooked;
            all.uncaptured += left.uncaptured;
        }
        all
    }
}

/// Sweeps until nothing is left to do. What is left all the same is a
/// violation.
pub(crate) async fn reach(world: &World) {
    let deadline = Instant::now() + REST_WITHIN;
    let ends = now().checked_add(REST_WITHIN).unwrap();
    let mut restless: Vec<&Issued> = world.tickets.iter().collect();
    let mut each = interval(SWEEP_EACH);
    while !restless.is_empty() {
        each.tick().await;
        let event = events::event("minute-passes", &[]);
        let sweep = world.invoke("reconcile-payments", event, None).await;
        assert!(sweep.is_ok(), "killed after the load had ended");
        let known = known(&world.city.standin.books());
        let later = looked_at_later(world, ends).await;
        let mut still = Vec::new();
        for issued in restless {
            let left = left(world, issued, &known, &later).await;
            if left == Unfinished::default() {
                continue;
            }
            if Instant::now() < deadline {
                still.push(issued);
            } else {
                let ticket = issued.case_number.as_str();
                let how = format!("{left} {} s after the last kill", REST_WITHIN.as_secs());
                let invariant = if left.locks > 0 { "V1" } else { "L2" };
                world.history.violated(invariant, ticket, &how);
            }
        }
        restless = still;
    }
}

/// What PayPal knows of a ticket.
#[derive(Default)]
struct TicketAtPaypal {
    is_captured: bool,
    /// The attempts whose orders are approved and could be captured.
    approved: Vec<String>,
}

fn known(books: &Books) -> BTreeMap<String, TicketAtPaypal> {
    let mut all: BTreeMap<String, TicketAtPaypal> = BTreeMap::new();
    for order in &books.orders {
        let invoice_id = order.invoice_id.as_deref().unwrap();
        let known = all.entry(of_invoice(invoice_id).to_owned()).or_default();
        match &order.state {
            OrderState::Approved {
                instrument: Instrument::Good,
                ..
            } => known.approved.push(order.custom_id.clone().unwrap()),
            OrderState::Completed { capture_id } => {
                let capture = books.capture(capture_id).unwrap();
                known.is_captured |= capture.status.moves_money();
            }
            OrderState::AwaitingPayer | OrderState::Approved { .. } => {}
        }
    }
    all
}

/// The attempts that no sweep looks at before the end. An order that was looked at before
/// its payer came to it again and approved, of which every wake was killed, waits for a
/// quarter of an hour (L2), and how long the load takes is the machine's.
async fn looked_at_later(world: &World, ends: Timestamp) -> BTreeSet<String> {
    let mut later = BTreeSet::new();
    for shard in Store::open_shards() {
        let waits = world.city.store.due_work(shard, Timestamp::MAX, u32::MAX);
        let waits = waits.await.unwrap().into_iter();
        // What is likely to bring money is never put off for so long.
        let others = waits.filter(|open| open.queue == Queue::Others);
        let is_later = |open: &OpenWork| open.due_at().parse::<Timestamp>().unwrap() > ends;
        later.extend(others.filter(is_later).map(|open| open.id));
    }
    later
}

/// Whether nobody but PayPal can say what became of the try: it was refused by a
/// name that leaves that open, or after a call that nobody answered. It waits for ten
/// minutes, or for as long as its order lives, and nobody was charged.
pub(crate) fn waits_for_word(lock: &Lock) -> bool {
    lock.refused_as.is_some()
}

async fn left(
    world: &World,
    issued: &Issued,
    known: &BTreeMap<String, TicketAtPaypal>,
    later: &BTreeSet<String>,
) -> Unfinished {
    let store = &world.city.store;
    let ticket = store.ticket(&issued.case_number).await.unwrap().unwrap();
    let known = known.get(issued.case_number.as_str());
    let is_captured = known.is_some_and(|known| known.is_captured);
    let is_left = |lock: &Lock| is_captured || !waits_for_word(lock);
    let mut left = Unfinished {
        locks: ticket.lock().is_some_and(is_left).into(),
        ..Unfinished::default()
    };
    if left == Unfinished::default() && ticket.lock().is_some() {
        return left;
    }
    if let (State::Open(_), Some(known)) = (&ticket.state, known) {
        left.unbooked = known.is_captured.into();
        for attempt in known.approved.iter().filter(|id| !later.contains(*id)) {
            let attempt = store.attempt(&attempt.parse().unwrap()).await.unwrap();
            // One whose card was refused waits for its driver, not for a sweep.
            let waits = attempt.unwrap().decline.is_none();
            left.uncaptured += u32::from(waits);
        }
    }
    left
}
