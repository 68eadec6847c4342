//! Nothing lost, never twice: the functions' own handlers in a world where every
//! call may fail in every way, in every order, and a PayPal whose books are the
//! truth.
//!
//! ```text
//! plan ─▶ run: handlers wait at the seams ─▶ scheduler: who goes next, what becomes of it
//!                                            └▶ laws, after each step and at rest
//! ```
//!
//! The project's README says what is proven by it, and what is not.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "a program for engineers that prints a report; what fails here is a failed proof, and most faults need no word of their own"
)]

mod actors;
mod choices;
mod engine;
mod fate;
mod habits;
mod history;
mod laws;
mod levels;
mod net;
mod office;
mod options;
mod plan;
mod points;
mod report;
mod run;
mod sabotage;
mod scenario;
mod tally;
mod touched;
mod world;

use std::process::ExitCode;

use levels::Amount;
use options::{Command, First, Options};
use sabotage::Hunt;
use tally::Shared;

/// A run makes and drops millions of small values: a third of its time otherwise.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let options = match Options::read() {
        Ok(options) => options,
        Err(problem) => {
            println!("{problem}");
            return ExitCode::FAILURE;
        }
    };
    match options.command {
        Command::Replay(plan) => report::replay(&plan),
        Command::Prove => prove(&options),
        Command::Hunt(first) => hunt(&first),
        Command::Sabotage(only) => sabotaged(only.as_deref()),
    }
}

/// Of the calls at a boundary one more meets each fault for so many runs by chance.
const SEEDS_EACH_CALL: u64 = 500;

/// One pair of faults, beyond those that must be, for so many runs by chance.
const PAIRS_ONE_IN: u64 = 1;

/// Looks for a broken law where one was seen before, then everywhere.
fn hunt(first: &First) -> ExitCode {
    let shared = Shared::default();
    let amount = Amount {
        seeds: 1_500,
        towns: 0,
        interleavings_max: 20_000,
    };
    match first {
        First::Plan(plan) => shared.run_all("first", std::slice::from_ref(plan), false),
        First::Orders(pair) => {
            levels::orders_of(&shared, pair, amount.interleavings_max);
        }
        First::Anywhere => {}
    }
    let levels: [&dyn Fn(); 7] = [
        &|| levels::calm(&shared),
        &|| levels::every_permutation(&shared),
        &|| drop(levels::every_interleaving(&shared, amount)),
        &|| drop(levels::restores(&shared, amount.seeds)),
        &|| levels::every_fault(&shared, usize::MAX),
        &|| levels::every_habit(&shared),
        &|| levels::by_chance(&shared, 0, amount.seeds),
    ];
    for level in levels {
        if !shared.is_broken() {
            level();
        }
    }
    shared.with(|tally| {
        if let Some((plan, violation)) = tally.broken.first() {
            println!("found {} by {plan}", violation.law);
            ExitCode::SUCCESS
        } else {
            println!("nothing found");
            ExitCode::FAILURE
        }
    })
}

/// Puts every deliberate bug into a copy and hunts it.
fn sabotaged(only: Option<&str>) -> ExitCode {
    let hunted = sabotage::hunt_all(only, |name, hunt| match hunt {
        Hunt::Found { law, plan } => println!("  {name}: {law}, by '{plan}'"),
        Hunt::NotFound => println!("  {name}: NOT FOUND"),
    });
    match hunted {
        Ok((found, all)) => {
            println!("sabotages: {found}/{all}");
            if found == all {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(problem) => {
            println!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn prove(options: &Options) -> ExitCode {
    let amount = Amount {
        seeds: options.seeds,
        towns: options.towns,
        interleavings_max: options.interleavings_max,
    };
    let shared = Shared {
        goes_on: options.goes_on,
        ..Shared::default()
    };
    let mut report = report::Report::default();
    let wanted = |level: &str| options.level.as_deref().is_none_or(|only| only == level);
    if options.level.is_none() {
        report.level("found before", || levels::found_before(&shared));
    }
    if wanted("faults") {
        let calls_max = usize::try_from(amount.seeds / SEEDS_EACH_CALL).unwrap_or(usize::MAX);
        report.level("every fault at every boundary", || {
            levels::every_fault(&shared, calls_max);
        });
    }
    if wanted("pairs") {
        let pairs = amount.seeds / PAIRS_ONE_IN;
        report.level("pairs of faults", || {
            levels::every_pair_of_faults(&shared, pairs);
        });
    }
    if wanted("habits") {
        report.level("habits", || levels::every_habit(&shared));
    }
    if wanted("interleavings") {
        let mut counts = Vec::new();
        report.level("interleavings", || {
            counts = levels::every_interleaving(&shared, amount);
        });
        report.interleavings(counts);
    }
    if wanted("permutations") {
        report.level("permutations of events", || {
            levels::every_permutation(&shared);
        });
    }
    if wanted("outages") {
        report.level("outages", || levels::outages(&shared));
    }
    if wanted("crowds") {
        report.level("crowds", || levels::crowds(&shared, options.crowd));
    }
    if wanted("chance") {
        report.level("by chance", || {
            levels::by_chance(&shared, options.from, amount.seeds);
        });
    }
    if wanted("restores") {
        let mut counts = Vec::new();
        report.level("restores", || {
            counts = levels::restores(&shared, amount.seeds);
        });
        report.restores(counts);
    }
    if wanted("towns") {
        report.level("towns", || levels::towns(&shared, amount.towns));
    }
    if options.level.is_none() {
        report.level("what was left", || levels::what_is_left(&shared));
    }
    let proven = shared.with(|tally| report.print(tally, options.level.is_none()));
    if options.level.is_some() {
        return proven;
    }
    let hunted = sabotaged(None);
    if proven == ExitCode::SUCCESS {
        hunted
    } else {
        proven
    }
}
