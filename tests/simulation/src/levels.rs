//! The levels of proof, from every fault at every call to long runs by chance.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::choices::next_script;
use crate::engine;
use crate::fate::{Consequence, Fate};
use crate::habits;
use crate::history::Violation;
use crate::plan::{Order, Plan};
use crate::points::Point;
use crate::run::run;
use crate::scenario::{
    BAD_DAYS, BY_CHANCE, CROWDS, DAYS, FORGERIES, LONG, ORDERS, OUTAGES, PAIRS, RESTORES,
    STANDINGS, STORIES,
};
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
const FOUND_BEFORE: [(&str, &str); 16] = [
    (
        "a mark that could not be taken away told one page, and not the other",
        "chance;seed=55955;faults=1/10;order=chance",
    ),
    (
        "two reads that left out another part each made money that of nobody we know",
        "sweep-alone;seed=1;\
         reconcile-payments: table ~ticket(unlock) ~attempt +settlement +export +journal#1=CrashBefore;\
         reconcile-payments: paypal GetOrder#2=OmitsPayee;\
         reconcile-payments: paypal GetOrder#3=OmitsCustomId",
    ),
    (
        "a refusal nobody knows, and an order that says nothing, gave the lock back",
        "two-tabs-no-invoice-barrier;seed=1;finish-checkout: paypal Capture#1=UnknownIssue;\
         finish-checkout: paypal GetOrder#3=UnknownStatus",
    ),
    (
        "a definite refusal was believed about an earlier call that nobody had answered",
        "two-tabs-no-invoice-barrier;seed=1;habits=stale-reads-for-minutes;\
         reconcile-payments: paypal Capture#1=Lost;\
         reconcile-payments: paypal Capture#2=Refused-PAYER_CANNOT_PAY",
    ),
    (
        "a refund whose capture hid its mark, of an order that was not shown, was nobody's",
        "refunded;seed=1;habits=no-order-after-its-capture;\
         receive-webhook: paypal GetCapture#1=OmitsCustomId",
    ),
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
        "restore-locked-by-another;seed=1;story=2",
    ),
    (
        "a forgotten payment of another payee was taken for no ticket's",
        "restore-booked-since;seed=1;story=1;\
         finish-checkout: paypal Capture#1=WrongPayee",
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
        "a refund came back without what PayPal had said, and its line with it",
        "restore-given-back;seed=1;story=0.0.0.0.1",
    ),
    (
        "a refund that was entered again after a restore waited for ever",
        "restore-given-back-since;seed=1;story=0.0.0.0.2",
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
        .chain(&LONG)
        .chain(&DAYS)
        .chain(&STANDINGS)
        .chain(&PAIRS)
        .map(|story| Plan::calm(story.name))
        .collect();
    shared.run_all("calm", &plans, false);
}

/// Names under which one call is refused, beside those that its boundary has met
/// in another story already.
const NAMES_EACH: usize = 6;
/// Of a story of hours so many calls of each boundary meet every fault.
const CALLS_EACH: u32 = 2;

/// Every fault at every boundary, at so many of the calls of all stories that come there
/// at most; of a refusal's hundred names each at each boundary, and some at every call.
pub(crate) fn every_fault(shared: &Shared, calls_max: usize) {
    let mut plans = Vec::new();
    let mut places: BTreeMap<(String, Fate), Vec<Plan>> = BTreeMap::new();
    let mut named: BTreeSet<(String, Fate)> = BTreeSet::new();
    let (mut taken, mut of) = (0, 0);
    let mut dice = Rng::with_seed(0);
    for (story, is_long) in STORIES
        .iter()
        .map(|story| (story, false))
        .chain(LONG.iter().map(|story| (story, true)))
    {
        let calm = Plan::calm(story.name);
        let outcome = run(&calm, false, true);
        for point in &outcome.points {
            if is_long && point.place.nth > CALLS_EACH {
                continue;
            }
            let (refusals, others): (Vec<Fate>, Vec<Fate>) =
                point.fates.iter().partition(|fate| fate.is_named());
            of += count(refusals.len());
            let (new, known): (Vec<Fate>, Vec<Fate>) = refusals
                .into_iter()
                .partition(|fate| named.insert((point.place.boundary.clone(), *fate)));
            let some = dice.choose_multiple(known, NAMES_EACH);
            taken += count(new.len() + some.len());
            let once = |fate| calm.with(vec![(point.place.clone(), fate)]);
            plans.extend(new.into_iter().chain(some).map(once));
            for fate in others {
                let place = (point.place.boundary.clone(), fate);
                places.entry(place).or_default().push(once(fate));
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
    // they have a level of their own. What takes days is told once.
    for story in RESTORES.iter().chain(&DAYS).chain(&STANDINGS) {
        let calm = Plan::calm(story.name);
        let outcome = run(&calm, false, true);
        shared.with(|tally| tally.add("calm", &calm, outcome));
    }
    shared.with(|tally| tally.samples.push(("names of refusals × calls", taken, of)));
    let (mut taken, mut of) = (0, 0);
    for calls in places.into_values() {
        of += count(calls.len());
        let some = dice.choose_multiple(calls, calls_max);
        taken += count(some.len());
        plans.extend(some);
    }
    shared.with(|tally| tally.samples.push(("other faults × calls", taken, of)));
    shared.run_all("every fault", &plans, true);
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Habits of PayPal's: each in every story, every two on the way of a payment,
/// and each beside each kind of fault at each boundary.
pub(crate) fn every_habit(shared: &Shared) {
    let mut plans = Vec::new();
    for story in STORIES.iter().chain(&LONG) {
        for habit in habits::ALL {
            plans.push(Plan::calm(story.name).at(&[*habit]));
        }
    }
    shared.run_all("habits", &plans, false);
    let mut plans = Vec::new();
    for story in ["two-tabs-no-invoice-barrier", "pays-and-returns"] {
        for (number, habit) in habits::ALL.iter().enumerate() {
            for other in &habits::ALL[number + 1..] {
                plans.push(Plan::calm(story).at(&[*habit, *other]));
            }
        }
    }
    shared.run_all("pairs of habits", &plans, false);
    let mut dice = Rng::with_seed(0);
    let mut met = BTreeSet::new();
    let mut plans = Vec::new();
    let mut of = 0;
    for story in [
        "return-alone",
        "two-tabs-no-invoice-barrier",
        "declined-then-pays",
        "refunded",
    ] {
        for habit in habits::ALL {
            if shared.is_broken() {
                return;
            }
            let calm = Plan::calm(story).at(&[*habit]);
            for point in run(&calm, false, true).points {
                of += count(point.fates.len());
                let mut point = point;
                point.fates.retain(|fate| !fate.lies());
                for fate in one_of_each(&mut dice, &point) {
                    let boundary = point.place.boundary.clone();
                    if met.insert((habit.name, boundary, fate.leaves())) {
                        plans.push(calm.with(vec![(point.place.clone(), fate)]));
                    }
                }
            }
        }
    }
    let taken = count(plans.len());
    shared.with(|tally| tally.samples.push(("faults beside habits", taken, of)));
    shared.run_all("faults beside habits", &plans, false);
}

/// Of the faults that may strike a call one that leaves it so, for each way to be left.
fn one_of_each(dice: &mut Rng, point: &Point) -> Vec<Fate> {
    let mut ways: BTreeMap<Consequence, Vec<Fate>> = BTreeMap::new();
    for fate in &point.fates {
        ways.entry(fate.leaves()).or_default().push(*fate);
    }
    ways.values()
        .filter_map(|fates| dice.choice(fates).copied())
        .collect()
}

/// The stories of which two faults are looked at.
const PAYMENTS: [&str; 3] = ["return-alone", "sweep-alone", "two-tabs-no-invoice-barrier"];

/// Two faults on the way of a payment: every kind of fault, every name of a refusal,
/// at every boundary, with every way in which another fault leaves its caller at
/// every boundary that comes later; and of the rest as many as there is time for.
/// Where two leave a lock that outlives its lease, a third.
pub(crate) fn every_pair_of_faults(shared: &Shared, pairs_max: u64) {
    let mut firsts = Vec::new();
    for story in PAYMENTS {
        let calm = Plan::calm(story);
        for point in run(&calm, false, true).points {
            for fate in &point.fates {
                let once = calm.with(vec![(point.place.clone(), *fate)]);
                firsts.push((once, point.number));
            }
        }
    }
    let once: Vec<Plan> = firsts.iter().map(|(once, _)| once.clone()).collect();
    let later = Mutex::new(vec![Vec::new(); firsts.len()]);
    shared.run_each("pairs of faults", &once, true, &|number, outcome| {
        let after =
            |point: &&Point| point.number > firsts[number].1 && moves_money(&point.place.boundary);
        let points = outcome.points.iter().filter(after).cloned().collect();
        later.lock().unwrap_or_else(PoisonError::into_inner)[number] = points;
    });
    if shared.is_broken() {
        return;
    }
    let later = later.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut sample = Sample::default();
    for (once, points) in once.iter().zip(&later) {
        sample.offer(once, points);
    }
    let (plans, of) = sample.taken(pairs_max);
    shared.with(|tally| {
        tally
            .samples
            .push(("pairs of faults", count(plans.len()), of));
    });
    let locked = Mutex::new(Vec::new());
    shared.run_each("pairs of faults", &plans, false, &|number, outcome| {
        if outcome.left_locked {
            locked
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(number);
        }
    });
    let mut locked = locked.into_inner().unwrap_or_else(PoisonError::into_inner);
    locked.sort_unstable();
    a_third_fault(shared, &plans, &locked, pairs_max / TRIPLES_ONE_IN);
}

/// One third fault for so many second ones.
const TRIPLES_ONE_IN: u64 = 4;
/// Third faults beside the same two, at most.
const THIRDS_EACH: u64 = 8;

/// A third fault where two have left a lock.
fn a_third_fault(shared: &Shared, pairs: &[Plan], locked: &[usize], most: u64) {
    let mut dice = Rng::with_seed(0);
    let wanted = usize::try_from(most / THIRDS_EACH).unwrap_or(usize::MAX);
    let some = dice.choose_multiple(locked.iter().copied(), wanted);
    let twice: Vec<Plan> = some
        .into_iter()
        .map(|number| pairs[number].clone())
        .collect();
    let triples = Mutex::new(Vec::new());
    shared.run_each("pairs of faults", &twice, true, &|number, outcome| {
        let plan = &twice[number];
        let second = plan.faults.last().map(|(place, _)| place);
        let struck = outcome
            .points
            .iter()
            .find(|point| Some(&point.place) == second);
        let Some(struck) = struck else { return };
        let later = outcome
            .points
            .iter()
            .filter(|point| point.number > struck.number && moves_money(&point.place.boundary));
        let mut dice = Rng::with_seed(count(number));
        let mut thirds = Vec::new();
        for point in later {
            for fate in one_of_each(&mut dice, point) {
                thirds.push((point.place.clone(), fate));
            }
        }
        let each = usize::try_from(THIRDS_EACH).unwrap_or(usize::MAX);
        for third in dice.choose_multiple(thirds, each) {
            let mut faults = plan.faults.clone();
            faults.push(third);
            let mut triples = triples.lock().unwrap_or_else(PoisonError::into_inner);
            triples.push((number, plan.with(faults)));
        }
    });
    let mut triples = triples.into_inner().unwrap_or_else(PoisonError::into_inner);
    triples.sort_by_key(|(number, _)| *number);
    let triples: Vec<Plan> = triples.into_iter().map(|(_, plan)| plan).collect();
    shared.with(|tally| {
        let with = (
            "pairs that left a lock, with a third fault",
            count(twice.len()),
            count(locked.len()),
        );
        tally.samples.push(with);
    });
    shared.run_all("three faults", &triples, false);
}

/// Which pairs are run: of what must be one each, of the rest some by chance.
struct Sample {
    dice: Rng,
    classes: BTreeSet<(String, Either, String, Either)>,
    must: Vec<Plan>,
    /// The rest, thinned out evenly.
    rest: Vec<Plan>,
    of: u64,
}

/// A fault by what it is, or by how it leaves its caller.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Either {
    Is(Fate),
    Leaves(Consequence),
    Any,
}

/// More of the rest are never kept.
const REST_MAX: usize = 100_000;

impl Default for Sample {
    fn default() -> Self {
        Self {
            dice: Rng::with_seed(0),
            classes: BTreeSet::new(),
            must: Vec::new(),
            rest: Vec::new(),
            of: 0,
        }
    }
}

impl Sample {
    /// Every later fault beside the one of this plan.
    fn offer(&mut self, once: &Plan, later: &[Point]) {
        let Some((place, first)) = once.faults.first() else {
            return;
        };
        for point in later {
            let mut fates = point.fates.clone();
            self.dice.shuffle(&mut fates);
            for next in fates {
                self.of += 1;
                let pair = || {
                    let faults = vec![(place.clone(), *first), (point.place.clone(), next)];
                    once.with(faults)
                };
                let classes = [
                    (
                        Either::Leaves(first.leaves()),
                        Either::Leaves(next.leaves()),
                    ),
                    (Either::Is(*first), Either::Any),
                    (Either::Any, Either::Is(next)),
                ];
                let mut is_new = false;
                for (one, other) in classes {
                    let boundaries = (place.boundary.clone(), point.place.boundary.clone());
                    is_new |= self
                        .classes
                        .insert((boundaries.0, one, boundaries.1, other));
                }
                if is_new {
                    self.must.push(pair());
                } else if self.rest.len() < REST_MAX {
                    self.rest.push(pair());
                } else {
                    // Each has the same chance to be kept.
                    let seen = self.of - count(self.must.len());
                    let at = usize::try_from(self.dice.u64(..seen)).unwrap_or(usize::MAX);
                    if let Some(kept) = self.rest.get_mut(at) {
                        *kept = pair();
                    }
                }
            }
        }
    }

    /// At most so many, but whatever must be; and out of how many.
    fn taken(mut self, most: u64) -> (Vec<Plan>, u64) {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let more = most.saturating_sub(self.must.len());
        self.must.extend(self.dice.choose_multiple(self.rest, more));
        (self.must, self.of)
    }
}

/// V7: so many attempts are open, and some pay.
pub(crate) fn crowds(shared: &Shared, largest: u64) {
    let wanted = |name: &str| {
        let open = name
            .strip_prefix("crowd-")
            .and_then(|open| open.parse().ok());
        open.is_some_and(|open: u64| open <= largest)
    };
    let plans: Vec<Plan> = CROWDS
        .iter()
        .filter(|crowd| wanted(crowd.name))
        .chain(&BAD_DAYS)
        .map(|crowd| Plan::calm(crowd.name))
        .collect();
    shared.run_all("crowds", &plans, false);
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

/// V4: PayPal is away for an hour. One fault at each call of it would be
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
