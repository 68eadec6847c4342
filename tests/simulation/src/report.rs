//! What a reader gets: figures, and for each broken law the way to see it again.

use std::fmt::Display;
use std::process::ExitCode;
use std::time::Duration;

use crate::laws::{self, CELL, EDGE};
use crate::levels::timed;
use crate::plan::Plan;
use crate::run::run;
use crate::tally::Tally;

/// What the simulation is blind to.
const CANNOT_SEE: &str = "It cannot see what AWS and PayPal do where they differ from the \
    embedded DynamoDB and the stand-in, what happens outside the process (a killed binary: \
    tests/binaries; a browser: tests/browser), two releases at once but for attributes that the \
    older does not know, and a bug for which no law is written.";

const CROWDS_HEAD: &str = "\
| open attempts | looks of the sweep | calls to PayPal | at most in a minute | seconds until the last payer is captured |
|---|---|---|---|---|";

/// The figures of a proof.
#[derive(Default)]
pub(crate) struct Report {
    took: Vec<(&'static str, Duration)>,
    interleavings: Vec<(&'static str, u64, bool)>,
    restores: Vec<(&'static str, u64, bool)>,
}

impl Report {
    /// Works on a level and notes how long it took.
    pub(crate) fn level(&mut self, name: &'static str, work: impl FnOnce()) {
        let took = timed(work);
        println!("{name}: {} s", took.as_secs());
        self.took.push((name, took));
    }

    pub(crate) fn interleavings(&mut self, counts: Vec<(&'static str, u64, bool)>) {
        self.interleavings = counts;
    }

    pub(crate) fn restores(&mut self, counts: Vec<(&'static str, u64, bool)>) {
        self.restores = counts;
    }

    /// Prints the figures. `whole`: every level has run, so every fault must have
    /// struck wherever it can, and everything that can be must have been.
    pub(crate) fn print(&self, tally: &Tally, whole: bool) -> ExitCode {
        let wanted = laws::must_be_seen();
        let (edges, facts): (Vec<&String>, Vec<&String>) =
            wanted.iter().partition(|what| what.starts_with(EDGE));
        let (cells, facts): (Vec<&String>, Vec<&String>) =
            facts.into_iter().partition(|what| what.starts_with(CELL));
        let seen =
            |wanted: &[&String]| wanted.iter().filter(|it| tally.seen.contains(**it)).count();
        let missing: Vec<&String> = wanted.difference(&tally.seen).collect();
        let (were, could) = tally.coverage();

        println!("\n| what | figure |\n|---|---|");
        for (level, runs) in &tally.runs {
            row(&format!("runs, {level}"), runs);
        }
        row("virtual days", &(tally.virtual_time.as_secs() / 86_400));
        if whole {
            row("boundaries × faults", &format!("{were} of {could}"));
            let edges = format!("{} of {}", seen(&edges), edges.len());
            row("edges of the state table", &edges);
            let cells = format!("{} of {}", seen(&cells), cells.len());
            row("what met a ticket in each standing", &cells);
            let facts = format!("{} of {}", seen(&facts), facts.len());
            row("what must happen sometimes", &facts);
        }
        for (pair, orders, all) in &self.interleavings {
            row(&format!("orders of {pair}"), &of_all(*orders, *all));
        }
        for (story, ways, all) in &self.restores {
            row(
                &format!("ways {story} comes back torn"),
                &of_all(*ways, *all),
            );
        }
        for (what, taken, of) in &tally.samples {
            row(what, &format!("{taken} of {of}"));
        }
        row("laws looked at", &tally.looked.values().sum::<u64>());
        for (law, times) in &tally.looked {
            row(&format!("law {law}"), times);
        }
        if !tally.crowds.is_empty() {
            println!("\n{CROWDS_HEAD}");
        }
        let mut crowds = tally.crowds.clone();
        crowds.sort_by_key(|crowd| crowd.open);
        for crowd in crowds {
            println!(
                "| {} | {} | {} | {} | {} |",
                crowd.open, crowd.looks, crowd.calls, crowd.calls_a_minute, crowd.last_captured_s
            );
        }
        println!("\n{CANNOT_SEE}\n");

        for missing in missing.iter().filter(|_| whole) {
            println!("never seen: {missing}");
        }
        if let Some((plan, _)) = tally.broken.first() {
            let _ = replay(plan);
        }
        for (plan, violation) in &tally.broken {
            println!("{}: {}", violation.law, violation.what);
            println!("  again: cargo run --release -p simulation -- --replay '{plan}'");
        }
        println!("violations: {}", tally.broken.len());
        let covered = were == could && missing.is_empty();
        if whole && !covered {
            println!("FAILED: not all was seen that must be, so the rest proves less than it says");
        }
        if tally.broken.is_empty() && (covered || !whole) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

fn row(what: &str, figure: &dyn Display) {
    println!("| {what} | {figure} |");
}

fn of_all(number: u64, all: bool) -> String {
    let all = if all { "all" } else { "not all" };
    format!("{number}, {all}")
}

/// Tells one run step by step.
pub(crate) fn replay(plan: &Plan) -> ExitCode {
    let outcome = run(plan, true, false);
    for line in &outcome.told {
        println!("{line}");
    }
    let decisions: Vec<String> = outcome
        .decisions
        .iter()
        .map(|decision| format!("{}/{}", decision.taken, decision.ways))
        .collect();
    println!("decisions: {}", decisions.join(" "));
    for seen in &outcome.seen {
        println!("seen: {seen}");
    }
    for violation in &outcome.violations {
        println!("{}: {}", violation.law, violation.what);
    }
    println!("violations: {}", outcome.violations.len());
    if outcome.violations.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
