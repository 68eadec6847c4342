//! The levels of proof, from every fault at every call to long runs by chance.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::choices::next_script;
use crate::engine;
use crate::fate::{Fate, Odd};
use crate::history::Violation;
use crate::plan::{Order, Plan};
use crate::run::run;
use crate::scenario::{BY_CHANCE, FORGERIES, ORDERS, OUTAGES, PAIRS, RESTORES, STORIES};
use crate::tally::{self, Shared};

/// Runs by chance are planned so many at a time.
const BATCH: u64 = 500;
/// How often new boundaries are looked for.
const ROUNDS_MAX: u32 = 6;

/// Ways in which the table of one story comes back torn, at most.
const TORN_MAX: u32 = 150;
/// One restore by chance for so many other runs.
const RESTORES_ONE_IN: u64 = 50;

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amount {
    /// Runs by chance.
    pub(crate) seeds: u64,
    /// Long runs by chance.
    pub(crate) towns: u64,
    /// Interleavings of each pair of handlers at most.
    pub(crate) interleavings_max: u64,
}

/// What was a bug once, and the plan that showed it.
const FOUND_BEFORE: [(&str, &str); 9] = [
    (
        "the journal's lines of one version were not in the order of their times",
        "pays-and-returns;seed=1;finish-checkout: paypal Capture#1=Pending",
    ),
    (
        "an event was answered with 200 though its end could not be noted",
        "pays-and-returns;seed=1;receive-webhook: table update event#2=Down",
    ),
    (
        "a refund of a status that nobody knows was forgotten",
        "refunded;seed=1;receive-webhook: paypal GetRefund#1=UnknownStatus",
    ),
    (
        "a forged event with a genuine one's id made a refund count as seen",
        "forgeries-of-refunded;seed=1;story=11.2",
    ),
    (
        "a lock came back without its attempt, and kept out what another had brought",
        "restore-by-chance;seed=30;faults=1/40;order=chance",
    ),
    (
        "a forgotten payment of another payee was taken for no ticket's",
        "restore-by-chance;seed=71;faults=1/15;order=chance",
    ),
    (
        "a lock came back that named an attempt which was over, and stayed",
        "restore-by-chance;seed=1343;faults=1/15;order=chance",
    ),
    (
        "who had read an attempt before its approval was noted booked another time",
        "chance;seed=87;faults=1/10;order=chance",
    ),
    (
        "an event was parked at its last delivery only, and that one failed",
        "refunded;seed=1;receive-webhook: paypal GetRefund#1-26=NoAnswer;\
         receive-webhook: table update event#30=Down;\
         receive-webhook: table update event#34=Down",
    ),
];

/// Every plan that showed a bug, again; and twice, since a plan that goes another
/// way the next time shows nothing to anybody.
pub(crate) fn found_before(shared: &Shared) {
    for (what, plan) in FOUND_BEFORE {
        let plan: Result<Plan, String> = plan.parse();
        let plan = plan.unwrap_or_else(|error| panic!("{what}: {error}"));
        let (mut outcome, again) = (run(&plan, true, false), run(&plan, true, false));
        *outcome.looked.entry("V0").or_default() += 1;
        if outcome.told != again.told {
            outcome.violations.push(Violation {
                law: "V0",
                what: "the same plan went another way when it was run again".to_owned(),
            });
        }
        shared.with(|tally| tally.add("found before", &plan, outcome));
    }
}

/// Every story without a fault.
pub(crate) fn calm(shared: &Shared) {
    let plans: Vec<Plan> = STORIES
        .iter()
        .chain(&PAIRS)
        .map(|story| Plan::calm(story.name))
        .collect();
    shared.run_all("calm", &plans, false);
}

/// Every fault at every call of every story.
pub(crate) fn every_fault(shared: &Shared) {
    let mut plans = Vec::new();
    for story in &STORIES {
        let calm = Plan::calm(story.name);
        let outcome = run(&calm, false, true);
        for point in &outcome.points {
            for fate in &point.fates {
                plans.push(calm.with(vec![(point.place.clone(), *fate)]));
            }
        }
        shared.with(|tally| tally.add("calm", &calm, outcome));
        // The same beside newer code.
        plans.push(Plan {
            seed: engine::NEWER_SEED,
            ..calm
        });
    }
    // Of the restores one way each; torn in other ways and with faults by chance
    // they have a level of their own.
    for story in &RESTORES {
        let calm = Plan::calm(story.name);
        let outcome = run(&calm, false, true);
        shared.with(|tally| tally.add("calm", &calm, outcome));
    }
    shared.run_all("every fault", &plans, true);
}

/// Every two faults on the way of a payment.
pub(crate) fn every_pair_of_faults(shared: &Shared) {
    let mut plans = Vec::new();
    for story in ["return-alone", "sweep-alone", "two-tabs-no-invoice-barrier"] {
        let calm = Plan::calm(story);
        let first = run(&calm, false, true);
        for point in &first.points {
            for fate in point.fates.iter().filter(|fate| is_grave(**fate)) {
                let once = calm.with(vec![(point.place.clone(), *fate)]);
                let second = run(&once, false, true);
                for later in second.points.iter().filter(|it| it.number > point.number) {
                    if !moves_money(&later.place.boundary) {
                        continue;
                    }
                    for next in later.fates.iter().filter(|fate| is_grave(**fate)) {
                        let faults =
                            vec![(point.place.clone(), *fate), (later.place.clone(), *next)];
                        plans.push(calm.with(faults));
                    }
                }
                shared.with(|tally| tally.add("pairs of faults", &once, second));
                if shared.is_broken() {
                    return;
                }
            }
        }
    }
    shared.run_all("pairs of faults", &plans, false);
}

/// Of each kind of fault the one that leaves most unsaid.
fn is_grave(fate: Fate) -> bool {
    matches!(
        fate,
        Fate::CrashBefore
            | Fate::CrashAfter
            | Fate::LostForGood
            | Fate::Lost
            | Fate::Down
            | Fate::NoAnswer
            | Fate::Late(40)
            | Fate::FalselyRefused
            | Fate::Conflicts
            | Fate::Frozen(25)
            | Fate::Standin(Odd::Decline | Odd::Pending | Odd::DeclinedIn201)
    )
}

fn moves_money(boundary: &str) -> bool {
    ["Capture", "GetOrder", "~ticket", "~attempt"]
        .iter()
        .any(|part| boundary.contains(part))
}

/// Every order in which the calls of two handlers can go, for every pair: how
/// many there were, and whether that was all.
pub(crate) fn every_interleaving(
    shared: &Shared,
    amount: Amount,
) -> Vec<(&'static str, u64, bool)> {
    let max = amount.interleavings_max;
    let next = AtomicUsize::new(0);
    let counts = Mutex::new(Vec::new());
    // Each search goes on from what its last run has shown: pairs go beside each
    // other.
    std::thread::scope(|scope| {
        for _ in 0..tally::workers() {
            scope.spawn(|| {
                while let Some(pair) = PAIRS.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (runs, all) = orders_of(shared, pair.name, max);
                    let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
                    counts.push((pair.name, runs, all));
                }
            });
        }
    });
    counts.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Every order of one pair's calls, depth first.
pub(crate) fn orders_of(shared: &Shared, pair: &str, max: u64) -> (u64, bool) {
    let mut script = Some(Vec::new());
    let mut runs = 0;
    while let Some(next) = script {
        if runs >= max || shared.is_broken() {
            return (runs, false);
        }
        let plan = Plan {
            order: Order::Script(next),
            ..Plan::calm(pair)
        };
        let outcome = run(&plan, false, runs == 0);
        script = next_script(&outcome.decisions);
        shared.with(|tally| tally.add("interleavings", &plan, outcome));
        runs += 1;
    }
    (runs, true)
}

/// V4: `PayPal` is away for an hour. One fault at each call of it would be
/// thousands of hours; what it is about is the hour.
pub(crate) fn outages(shared: &Shared) {
    let plans: Vec<Plan> = OUTAGES.iter().map(|story| Plan::calm(story.name)).collect();
    shared.run_all("outages", &plans, false);
}

/// W5, W6: every order of a case's events, and every lie in them, comes to the
/// same end as the first way.
pub(crate) fn every_permutation(shared: &Shared) {
    for (law, stories) in [("W5", &ORDERS), ("W6", &FORGERIES)] {
        for story in stories {
            let mut script = Some(Vec::new());
            let mut first: Option<String> = None;
            while let Some(next) = script {
                if shared.is_broken() {
                    return;
                }
                let plan = Plan {
                    order: Order::Story(next),
                    ..Plan::calm(story.name)
                };
                let mut outcome = run(&plan, false, false);
                script = next_script(&outcome.decisions);
                let end = outcome.end.take().unwrap_or_default();
                let first = first.get_or_insert_with(|| end.clone());
                *outcome.looked.entry(law).or_default() += 1;
                if *first != end && outcome.violations.is_empty() {
                    outcome.violations.push(Violation {
                        law,
                        what: format!("ends with {end}; the first way with {first}"),
                    });
                }
                shared.with(|tally| tally.add(law, &plan, outcome));
            }
        }
    }
}

/// One payer or three, one ticket, faults at any call.
pub(crate) fn by_chance(shared: &Shared, from: u64, seeds: u64) {
    // One call in so many meets a fault: none, a few, or a bad day.
    let rates = [0, 60, 25, 10];
    let mut seed = from;
    while seed < from + seeds && !shared.is_broken() {
        let plans: Vec<Plan> = (seed..(seed + BATCH).min(from + seeds))
            .map(|seed| {
                let rate = rates[usize::try_from(seed % 4).expect("small")];
                Plan::chance("chance", seed, rate)
            })
            .collect();
        // One in sixteen is looked at closely: the boundaries it meets count.
        let (close, rest): (Vec<Plan>, Vec<Plan>) =
            plans.into_iter().partition(|plan| plan.seed % 16 < 2);
        shared.run_all("by chance", &close, true);
        shared.run_all("by chance", &rest, false);
        seed += BATCH;
    }
}

/// Two weeks of a small town.
pub(crate) fn towns(shared: &Shared, towns: u64) {
    let plans: Vec<Plan> = (0..towns)
        .map(|seed| Plan::chance("town", seed, if seed % 2 == 0 { 0 } else { 200 }))
        .collect();
    shared.run_all("towns", &plans, false);
}

/// F12: each story's table comes back torn in every way, up to a limit; then
/// whatever seeds bring, with faults.
pub(crate) fn restores(shared: &Shared, seeds: u64) -> Vec<(&'static str, u64, bool)> {
    let counts = Mutex::new(Vec::new());
    let stories = Mutex::new(RESTORES.iter());
    std::thread::scope(|scope| {
        for _ in 0..tally::workers() {
            scope.spawn(|| {
                let next = || {
                    let mut stories = stories.lock().unwrap_or_else(PoisonError::into_inner);
                    stories.next()
                };
                while let Some(story) = next() {
                    let count = torn_in_every_way(shared, story.name);
                    let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
                    counts.push(count);
                }
            });
        }
    });
    let rates = [0, 100, 40, 15];
    let plans: Vec<Plan> = (0..seeds / RESTORES_ONE_IN)
        .map(|seed| {
            let rate = rates[usize::try_from(seed % 4).expect("small")];
            Plan::chance(BY_CHANCE.name, seed, rate)
        })
        .collect();
    shared.run_all("restores by chance", &plans, false);
    counts.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn torn_in_every_way(shared: &Shared, story: &'static str) -> (&'static str, u64, bool) {
    let (mut script, mut runs) = (Some(Vec::new()), 0);
    while let Some(next) = script.take_if(|_| runs < TORN_MAX && !shared.is_broken()) {
        let plan = Plan {
            order: Order::Story(next),
            ..Plan::calm(story)
        };
        let outcome = run(&plan, false, false);
        script = next_script(&outcome.decisions);
        shared.with(|tally| tally.add("torn restores", &plan, outcome));
        runs += 1;
    }
    (story, runs.into(), script.is_none())
}

/// The faults that have not struck where they could.
pub(crate) fn what_is_left(shared: &Shared) {
    for _ in 0..ROUNDS_MAX {
        let plans = shared.with(|tally| tally.uncovered());
        if plans.is_empty() || shared.is_broken() {
            return;
        }
        shared.run_all("what was left", &plans, true);
    }
}

/// How long something took, for the report.
pub(crate) fn timed(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}
