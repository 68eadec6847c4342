//! What a reader gets: figures, and for each broken law the way to see it again.

use std::process::ExitCode;
use std::time::Duration;

use crate::laws;
use crate::levels::timed;
use crate::plan::Plan;
use crate::run::run;
use crate::tally::Tally;

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
    /// struck wherever it can.
    pub(crate) fn print(&self, tally: &Tally, whole: bool) -> ExitCode {
        println!();
        for (level, runs) in &tally.runs {
            println!("runs, {level}: {runs}");
        }
        for (pair, orders, all) in &self.interleavings {
            let all = if *all { "all" } else { "not all" };
            println!("orders of {pair}: {orders}, {all}");
        }
        for (story, ways, all) in &self.restores {
            let all = if *all { "all" } else { "not all" };
            println!("ways in which {story} comes back torn: {ways}, {all}");
        }
        let (were, could) = tally.coverage();
        println!("virtual days: {}", tally.virtual_time.as_secs() / 86_400);
        println!("boundaries × faults: {were} of {could}");
        let looks: u64 = tally.looked.values().sum();
        println!("laws looked at: {looks} times");
        for (law, times) in &tally.looked {
            println!("  {law}: {times}");
        }
        let wanted = laws::must_be_seen();
        let missing: Vec<&String> = wanted.difference(&tally.seen).collect();
        println!(
            "sometimes: {} of {} seen, edges of the state table among them",
            wanted.len() - missing.len(),
            wanted.len()
        );
        for missing in &missing {
            println!("  never seen: {missing}");
        }
        for (plan, violation) in &tally.broken {
            println!("{}: {}", violation.law, violation.what);
            println!("  again: cargo run --release -p simulation -- --replay '{plan}'");
        }
        println!("violations: {}", tally.broken.len());
        let covered = were == could;
        if tally.broken.is_empty() && (!whole || covered && missing.is_empty()) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
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
