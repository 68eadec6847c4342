//! What many runs came to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::fate::Fate;
use crate::history::{Figures, Violation};
use crate::plan::{Place, Plan};
use crate::points::Point;
use crate::run::{Outcome, run};

/// Plans whose laws were broken are kept up to here; more say no more.
const BROKEN_MAX: usize = 40;

/// The sum of many runs.
#[derive(Default)]
pub(crate) struct Tally {
    /// How many runs, by level.
    pub(crate) runs: BTreeMap<&'static str, u64>,
    /// How much time has passed in them.
    pub(crate) virtual_time: Duration,
    /// How often each law was looked at.
    pub(crate) looked: BTreeMap<&'static str, u64>,
    /// What was seen at least once.
    pub(crate) seen: BTreeSet<String>,
    /// Every boundary, the faults that may strike there, and a plan that comes
    /// there, with which of its calls.
    pub(crate) boundaries: BTreeMap<String, (BTreeSet<Fate>, Plan, u32)>,
    /// Which faults have struck where.
    pub(crate) struck: BTreeSet<(String, Fate)>,
    /// What crowds cost.
    pub(crate) crowds: Vec<Figures>,
    /// What was left out, and of how much: by what it is.
    pub(crate) samples: Vec<(&'static str, u64, u64)>,
    /// Laws that did not hold, and in which run.
    pub(crate) broken: Vec<(Plan, Violation)>,
}

impl Tally {
    /// Adds a run.
    pub(crate) fn add(&mut self, level: &'static str, plan: &Plan, outcome: Outcome) {
        *self.runs.entry(level).or_default() += 1;
        self.virtual_time += outcome.virtual_time;
        for (law, times) in outcome.looked {
            *self.looked.entry(law).or_default() += times;
        }
        self.seen.extend(outcome.seen);
        self.struck.extend(outcome.struck);
        for Point { place, fates, .. } in outcome.points {
            let (known, _, _) = self
                .boundaries
                .entry(place.boundary)
                .or_insert_with(|| (BTreeSet::new(), plan.clone(), place.nth));
            known.extend(fates);
        }
        self.crowds.extend(outcome.figures);
        for violation in outcome.violations {
            if self.broken.len() < BROKEN_MAX {
                self.broken.push((plan.clone(), violation));
            }
        }
    }

    /// The pairs of boundary and fault that could be, and those that were.
    pub(crate) fn coverage(&self) -> (usize, usize) {
        let could: usize = self
            .boundaries
            .values()
            .map(|(fates, _, _)| fates.len())
            .sum();
        let were = self
            .boundaries
            .iter()
            .map(|(name, (fates, _, _))| {
                let struck = |fate: &&Fate| self.struck.contains(&(name.clone(), **fate));
                fates.iter().filter(struck).count()
            })
            .sum();
        (were, could)
    }

    /// Plans for the faults that have not struck yet where they could.
    pub(crate) fn uncovered(&self) -> Vec<Plan> {
        let mut plans = Vec::new();
        for (boundary, (fates, plan, nth)) in &self.boundaries {
            for fate in fates {
                if !self.struck.contains(&(boundary.clone(), *fate)) {
                    let place = Place {
                        boundary: boundary.clone(),
                        nth: *nth,
                    };
                    let mut faults = plan.faults.clone();
                    faults.retain(|(struck, _)| *struck != place);
                    faults.push((place, *fate));
                    plans.push(plan.with(faults));
                }
            }
        }
        plans
    }
}

/// How many runs go at once.
pub(crate) fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The sum that several threads work on.
#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) tally: Mutex<Tally>,
    /// One broken law is no reason to stop looking for others.
    pub(crate) goes_on: bool,
}

impl Shared {
    /// Looks at the sum, or adds to it.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Tally) -> T) -> T {
        look(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether enough laws were broken: nobody need go on.
    pub(crate) fn is_broken(&self) -> bool {
        let enough = if self.goes_on { BROKEN_MAX } else { 1 };
        self.with(|tally| tally.broken.len() >= enough)
    }

    /// Runs every plan, on all processors; stops at the first broken law.
    pub(crate) fn run_all(&self, level: &'static str, plans: &[Plan], collect: bool) {
        self.run_each(level, plans, collect, &|_, _| {});
    }

    /// The same, and shows what each came to.
    pub(crate) fn run_each(
        &self,
        level: &'static str,
        plans: &[Plan],
        collect: bool,
        each: &(dyn Fn(usize, &Outcome) + Sync),
    ) {
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..workers() {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let Some(plan) = plans.get(number).filter(|_| !self.is_broken()) else {
                            return;
                        };
                        let outcome = run(plan, false, collect);
                        each(number, &outcome);
                        self.with(|tally| tally.add(level, plan, outcome));
                    }
                });
            }
        });
    }
}
