//! The built bootstraps, killed with SIGKILL at random moments while drivers
//! pay, webhooks come, sweeps run and PayPal is strange; afterwards the table is
//! held against the books of the stand-in.
//!
//! ```text
//! load: payers, webhooks, sweeps ─▶ invocation ─▶ bootstrap ◀─ SIGKILL
//! rest: sweeps alone, nobody is killed, until nothing is left to do
//! verdict: tickets, settlements, journal, events, pages against the books
//! ```
//!
//! `KILLS` says how many (1,000 where it is not set), `KILLS_SEED` repeats the
//! choices of a run: what each payer does, which invocations are killed and
//! after how long. How fast processes run, and so what a kill interrupts,
//! cannot be repeated: a seed makes a failure likely again, not certain.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

mod functions;
mod history;
mod load;
mod payer;
mod rest;
mod strange;
mod tickets;
mod verdict;

use std::io::Write;
use std::str::FromStr;
use std::sync::Arc;

use binaries::{City, clock, now};

use crate::functions::Functions;
use crate::history::History;
use crate::load::World;

const KILLS: u32 = 1_000;

/// One ticket for so many kills: with fewer tickets, all of them would be paid
/// or locked before the last kill.
const KILLS_PER_TICKET: u32 = 2;
const TICKETS_MIN: u32 = 20;

fn variable<T: FromStr>(name: &str) -> Option<T> {
    let value = std::env::var(name).ok()?;
    let number = value.parse();
    Some(number.unwrap_or_else(|_| panic!("{name} is no number: {value}")))
}

/// Past the test harness, which would keep it for a failure.
fn say(line: &str) {
    let line = format!("{line}\n");
    std::io::stdout().write_all(line.as_bytes()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: tests/run --only kills"]
async fn bootstraps_killed_at_random_moments_lose_and_invent_no_payment() {
    let kills = variable("KILLS").unwrap_or(KILLS);
    let nanoseconds = now().as_nanosecond().unsigned_abs();
    let seed = variable("KILLS_SEED")
        .unwrap_or_else(|| u64::try_from(nanoseconds % u128::from(u64::MAX)).unwrap());
    say(&format!("KILLS={kills} KILLS_SEED={seed}"));

    let city = City::new(clock()).await;
    strange::behave(&city.standin);
    let tickets = tickets::issue(&city, (kills / KILLS_PER_TICKET).max(TICKETS_MIN)).await;
    let world = Arc::new(World {
        functions: Functions::new(&city, kills),
        history: History::new(seed),
        city,
        tickets,
        seed,
    });

    let left = load::run(&world).await;
    world.city.standin.clear_faults();
    rest::reach(&world).await;
    let figures = verdict::verdict(&world).await;
    if kills >= KILLS && figures.rescued == 0 && left.locks == 0 {
        let how = "no lock was left, every capture booked by its own invocation";
        world.history.violated("sometimes", "all", how);
    }

    let violations = world.history.violations();
    let hits = world.functions.hits();
    say(&format!(
        "{} kills, {} of them hit a running invocation {hits:?}; {} payments begun; when the load ended \
         {left}; {figures}; {} violations; KILLS_SEED={seed}",
        world.functions.kills(),
        hits.values().sum::<u32>(),
        world.city.standin.books().orders.len(),
        violations.len(),
    ));
    assert!(violations.is_empty(), "{violations:#?}");
}
