//! The functions under load, as Lambda runs them: an environment takes one
//! invocation at a time and is started by the first one that finds none free.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use binaries::{Answer, City, Killed, Lambda, Variables, now};
use fastrand::Rng;
use serde_json::Value;
use tokio::sync::Semaphore;

/// All that a driver, PayPal or the clock can call.
const UNDER_LOAD: [&str; 5] = [
    "show-ticket",
    "start-checkout",
    "finish-checkout",
    "receive-webhook",
    "reconcile-payments",
];

/// Processes of one function at the same time: two, so that each function
/// also meets itself.
const ENVIRONMENTS_MAX: usize = 2;

/// Of a hundred invocations, how many shall be killed.
const KILLED_PERCENT: u8 = 45;
/// Of as many kills one falls into a start, if the process is a new one.
const KILLS_PER_START: u8 = 10;

/// The latest moment of a kill, in percent of what the function takes on the
/// average: some invocations take longer, and a free process is killed as well.
const LATEST_PERCENT: u32 = 150;

/// What a function is taken to need before one has been measured.
const TAKES_AT_FIRST: Duration = Duration::from_millis(20);

/// A kill that awaits an invocation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fate {
    /// From when on the time counts: when the process has fetched the
    /// invocation, or already when it is handed over.
    is_from_fetching: bool,
    /// After how much of what the function takes on the average. Not a time: a
    /// machine twice as slow would only ever be killed in its first half.
    percent: u32,
}

impl Fate {
    /// What awaits an invocation.
    pub(crate) fn draw(choices: &mut Rng) -> Option<Self> {
        let fate = Self {
            is_from_fetching: choices.u8(..KILLS_PER_START) != 0,
            percent: choices.u32(..LATEST_PERCENT),
        };
        (choices.u8(..100) < KILLED_PERCENT).then_some(fate)
    }

    fn after(self, takes: Duration) -> Duration {
        takes * self.percent / 100
    }
}

/// The functions, and how often they were killed.
pub(crate) struct Functions {
    environments: BTreeMap<&'static str, Environments>,
    killer: Arc<Killer>,
    /// By function: how many invocations were never answered because of it.
    hits: Mutex<BTreeMap<&'static str, u32>>,
}

struct Environments {
    variables: Variables,
    places: Semaphore,
    free: Mutex<Vec<Arc<Lambda>>>,
    /// What an invocation takes on the average, from fetching to answering.
    takes: Mutex<Duration>,
}

struct Killer {
    wanted: u32,
    kills: Mutex<u32>,
}

impl Killer {
    async fn kill(&self, lambda: &Lambda, invocation: u32, fate: Fate, after: Duration) {
        if fate.is_from_fetching {
            lambda.has_fetched(invocation).await;
        }
        // Waits for nothing: this is the random moment.
        tokio::time::sleep(after).await;
        let mut kills = self.kills.lock().unwrap();
        if *kills < self.wanted && lambda.kill() {
            *kills += 1;
        }
    }
}

impl Functions {
    pub(crate) fn new(city: &City, kills_wanted: u32) -> Self {
        let environments = UNDER_LOAD.map(|function| {
            let none = Environments {
                variables: city.variables(function),
                places: Semaphore::new(ENVIRONMENTS_MAX),
                free: Mutex::default(),
                takes: Mutex::new(TAKES_AT_FIRST),
            };
            (function, none)
        });
        Self {
            environments: environments.into(),
            killer: Arc::new(Killer {
                wanted: kills_wanted,
                kills: Mutex::default(),
            }),
            hits: Mutex::default(),
        }
    }

    /// Invokes a function; what is killed meanwhile, or later, is its process.
    pub(crate) async fn invoke(
        &self,
        city: &City,
        function: &'static str,
        event: Value,
        fate: Option<Fate>,
    ) -> Result<Answer, Killed> {
        let environments = &self.environments[function];
        let _place = environments.places.acquire().await.unwrap();
        let lambda = match environments.free() {
            Some(lambda) => lambda,
            None => Arc::new(city.start_with(function, &environments.variables).await),
        };
        let invocation = lambda.invocations() + 1;
        if let Some(fate) = fate {
            let (killer, lambda) = (Arc::clone(&self.killer), Arc::clone(&lambda));
            let after = fate.after(*environments.takes.lock().unwrap());
            tokio::spawn(async move { killer.kill(&lambda, invocation, fate, after).await });
        }
        let (answer, fetched_at) = tokio::join!(lambda.invoke_unless_killed(event, now()), async {
            lambda.has_fetched(invocation).await;
            Instant::now()
        });
        if fate.is_none() {
            environments.note(fetched_at.elapsed());
        }
        if answer.is_ok() {
            environments.free.lock().unwrap().push(lambda);
        } else {
            *self.hits.lock().unwrap().entry(function).or_default() += 1;
            never_panicked(&lambda);
        }
        answer.map(Answer::from)
    }

    /// How many processes were killed.
    pub(crate) fn kills(&self) -> u32 {
        *self.killer.kills.lock().unwrap()
    }

    /// By function: how many invocations were never answered because of it.
    pub(crate) fn hits(&self) -> BTreeMap<&'static str, u32> {
        self.hits.lock().unwrap().clone()
    }

    /// Whether everybody has been killed who shall be.
    pub(crate) fn are_spared(&self) -> bool {
        self.kills() >= self.killer.wanted
    }
}

impl Environments {
    /// Only of invocations that nothing awaited: of the others, those that
    /// were short would count more often.
    fn note(&self, took: Duration) {
        let mut takes = self.takes.lock().unwrap();
        *takes = (*takes * 7 + took) / 8;
    }

    fn free(&self) -> Option<Arc<Lambda>> {
        let mut free = self.free.lock().unwrap();
        while let Some(lambda) = free.pop() {
            if !lambda.is_killed() {
                return Some(lambda);
            }
            never_panicked(&lambda);
        }
        None
    }
}

fn never_panicked(lambda: &Lambda) {
    let lines = lambda.printed();
    let panicked = lines.iter().any(|line| line.contains("panicked"));
    assert!(!panicked, "{lines:#?}");
}
