//! One run: every call of every handler waits for the scheduler, which decides
//! who goes next and what becomes of it. Time passes only when it says so.

mod strike;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tokio::time::Instant;

use crate::choices::{Choices, Decision};
use crate::fate::Fate;
use crate::habits::{self, Habit};
use crate::history::{Figures, Violation};
use crate::laws;
use crate::net::{Call, Sender, TaskId, Waiting};
use crate::plan::{Order, Plan};
use crate::points::Point;
use crate::scenario::scenario;
use crate::touched::Touched;
use crate::world::{Function, Spawned, Work, World};

/// What one call takes.
const CALL_TAKES: Duration = Duration::from_millis(15);
/// Nothing in here waits for longer than this; if it does, it waits for ever.
const STUCK: Duration = Duration::from_hours(24 * 60);
/// A run of more calls than this does not end by itself.
const CALLS_MAX: u32 = 2_000_000;

/// What a run came to.
pub(crate) struct Outcome {
    pub(crate) violations: Vec<Violation>,
    pub(crate) points: Vec<Point>,
    pub(crate) struck: Vec<(String, Fate)>,
    pub(crate) decisions: Vec<Decision>,
    pub(crate) seen: BTreeSet<String>,
    pub(crate) looked: BTreeMap<&'static str, u64>,
    pub(crate) told: Vec<String>,
    pub(crate) virtual_time: Duration,
    /// Whether a lock stood longer than its lease.
    pub(crate) left_locked: bool,
    /// What was counted for the report.
    pub(crate) figures: Vec<Figures>,
    /// How the case stands at the end, where a story's ends are compared.
    pub(crate) end: Option<String>,
}

/// Wakes the scheduler and says which task it was.
struct Flag {
    woken: AtomicBool,
    root: Arc<Mutex<Option<Waker>>>,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Relaxed);
        let root = self.root.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(root) = &*root {
            root.wake_by_ref();
        }
    }
}

struct Task {
    work: Work,
    function: Option<Function>,
    dies_at: Option<Instant>,
    thaws_at: Option<Instant>,
    flag: Arc<Flag>,
}

/// An effect that comes later.
struct Deferred {
    at: Instant,
    call: Call,
    /// Kept open: the caller is still waiting, for nothing.
    answer: Sender,
}

struct Run {
    world: Rc<World>,
    plan: Plan,
    tasks: Vec<Option<Task>>,
    waiting: Vec<Waiting>,
    deferred: Vec<Deferred>,
    /// Calls whose every try ends the same way.
    doomed: BTreeMap<String, Fate>,
    conflicts_left: BTreeMap<TaskId, u32>,
    root: Arc<Mutex<Option<Waker>>>,
    prepared: bool,
    calls: u32,
    /// How often each boundary was come to.
    come_to: BTreeMap<String, u32>,
    collect: bool,
    points: Vec<Point>,
    struck: Vec<(String, Fate)>,
    /// The task that went last, the call it made, and who could have gone
    /// instead: for the search over interleavings.
    last: Option<Last>,
    /// Another order has shown already what would come now.
    seen_already: bool,
}

struct Last {
    task: TaskId,
    touched: Touched,
    /// Calls that could have gone before it.
    passed_over: BTreeSet<u64>,
}

/// Runs a plan from its beginning to rest.
pub(crate) fn run(plan: &Plan, tell: bool, collect: bool) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(tokio::task::unconstrained(simulate(
        plan.clone(),
        tell,
        collect,
    )))
}

async fn simulate(plan: Plan, tell: bool, collect: bool) -> Outcome {
    let began = Instant::now();
    let choices = match &plan.order {
        Order::InTurn => Choices::script(Vec::new()),
        Order::Script(script) | Order::Story(script) => Choices::script(script.clone()),
        Order::Chance => Choices::seed(plan.seed),
    };
    let habits = habits_of(&plan);
    let world = World::new(plan.seed, choices, &habits).await;
    if tell {
        let names: Vec<&str> = habits.iter().map(|habit| habit.name).collect();
        let line = format!("            PayPal's habits: {}", names.join(", "));
        world.history.borrow_mut().told = Some(vec![line]);
    }
    let scenario = scenario(&plan.scenario);
    (scenario.prepare)(&world);
    world.take_on(&habits);
    let mut run = Run {
        world: Rc::clone(&world),
        plan,
        tasks: Vec::new(),
        waiting: Vec::new(),
        deferred: Vec::new(),
        doomed: BTreeMap::new(),
        conflicts_left: BTreeMap::new(),
        root: Arc::default(),
        prepared: false,
        calls: 0,
        come_to: BTreeMap::new(),
        collect,
        points: Vec::new(),
        struck: Vec::new(),
        last: None,
        seen_already: false,
    };
    let before: Vec<Work> = world.before.borrow_mut().drain(..).collect();
    for work in before {
        world.spawn(work);
        let _ = run.until_rest().await;
    }
    run.prepared = true;
    (scenario.begin)(&world);
    let ended = run.until_rest().await;
    let mut history = world.history.borrow_mut();
    if let Err(why) = ended {
        history.violations.push(Violation {
            law: "V0",
            what: why,
        });
    } else if history.violations.is_empty() && !run.seen_already {
        laws::at_rest(&world, &mut history);
    }
    let end = matches!(run.plan.order, Order::Story(_)).then(|| laws::end_of_the_case(&world));
    // Drivers know their world, and it knows them: half a megabyte for each run.
    world.drivers.borrow_mut().clear();
    Outcome {
        violations: std::mem::take(&mut history.violations),
        points: run.points,
        struck: run.struck,
        decisions: world.choices.borrow().made().to_vec(),
        seen: std::mem::take(&mut history.seen),
        looked: std::mem::take(&mut history.looked),
        told: history.told.take().unwrap_or_default(),
        virtual_time: began.elapsed(),
        left_locked: history.left_locked,
        figures: std::mem::take(&mut history.figures),
        end,
    }
}

/// One run by chance in two meets a habit, one in six another one beside it.
const HABITUAL_ONE_IN: u64 = 2;
const TWICE_HABITUAL_ONE_IN: u64 = 3;

/// The habits of a plan: those it names, and where it leaves all to chance those of
/// its seed. They are no decisions of the run: its odometer must not turn them.
fn habits_of(plan: &Plan) -> Vec<Habit> {
    let mut habits = plan.habits.clone();
    if plan.order == Order::Chance && habits.is_empty() && plan.seed.is_multiple_of(HABITUAL_ONE_IN)
    {
        let mut dice = fastrand::Rng::with_seed(plan.seed);
        habits.extend(dice.choice(habits::ALL).copied());
        if dice.u64(..TWICE_HABITUAL_ONE_IN) == 0 {
            habits.extend(dice.choice(habits::ALL).copied());
        }
    }
    habits
}

impl Run {
    async fn until_rest(&mut self) -> Result<(), String> {
        loop {
            self.poll_woken();
            if !self.world.history.borrow().violations.is_empty() {
                return Ok(());
            }
            self.waiting.retain(|waiting| !waiting.answer.is_closed());
            if self.waiting.is_empty() {
                if self.tasks.iter().all(Option::is_none) && self.deferred.is_empty() {
                    return Ok(());
                }
                self.let_time_pass().await?;
                continue;
            }
            let Some(place) = self.next() else {
                self.seen_already = true;
                return Ok(());
            };
            let waiting = self.waiting.remove(place);
            self.go(waiting).await;
            if self.calls > CALLS_MAX {
                return Err(format!("the run did not end within {CALLS_MAX} calls"));
            }
        }
    }

    /// Polls every task that something has happened to, until all wait.
    fn poll_woken(&mut self) {
        loop {
            let now = Instant::now();
            for spawned in self.world.spawned.borrow_mut().drain(..) {
                let Spawned {
                    work,
                    function,
                    dies_at,
                } = spawned;
                let flag = Arc::new(Flag {
                    woken: AtomicBool::new(true),
                    root: Arc::clone(&self.root),
                });
                self.tasks.push(Some(Task {
                    work,
                    function,
                    dies_at,
                    thaws_at: None,
                    flag,
                }));
            }
            let mut polled = false;
            for id in 0..self.tasks.len() {
                let Some(task) = &mut self.tasks[id] else {
                    continue;
                };
                // Lambda ends what has lived too long, frozen or not.
                if task.dies_at.is_some_and(|dies_at| dies_at <= now) {
                    self.kill(id, "its time-out");
                    polled = true;
                    continue;
                }
                if task.thaws_at.is_some_and(|thaws_at| thaws_at > now) {
                    continue;
                }
                task.thaws_at = None;
                if !task.flag.woken.swap(false, Ordering::Relaxed) {
                    continue;
                }
                polled = true;
                self.world.net.now_polled(id);
                let waker = Waker::from(Arc::clone(&task.flag));
                let poll = task.work.as_mut().poll(&mut Context::from_waker(&waker));
                if poll.is_ready() {
                    self.tasks[id] = None;
                }
                for waiting in self.world.net.take() {
                    self.begin(waiting);
                }
            }
            if !polled && self.world.spawned.borrow().is_empty() {
                return;
            }
        }
    }

    /// A call was made; it is not sent yet.
    fn begin(&mut self, waiting: Waiting) {
        let task = self.tasks.get(waiting.task).and_then(Option::as_ref);
        if let Some(function) = task.and_then(|task| task.function) {
            let mut history = self.world.history.borrow_mut();
            history.count(function, &waiting.call);
        }
        if let Call::PayPal(request) = &waiting.call {
            let waiting = self
                .waiting
                .iter()
                .filter(|other| !other.answer.is_closed());
            let late = self.deferred.iter().filter(|late| !late.answer.is_closed());
            let others = waiting
                .map(|other| &other.call)
                .chain(late.map(|late| &late.call))
                .filter_map(|call| match call {
                    Call::PayPal(request) => Some(request),
                    Call::Table(_) | Call::Turn(_) => None,
                });
            laws::a_call_to_paypal_starts(&self.world, request, others);
        }
        self.waiting.push(waiting);
    }

    /// Which call goes next; `None` where every order of those that wait was
    /// seen already.
    fn next(&mut self) -> Option<usize> {
        match self.plan.order {
            Order::InTurn | Order::Story(_) => Some(0),
            Order::Chance | Order::Script(_) if !self.prepared => Some(0),
            Order::Chance => {
                let ways = self.waiting.len();
                Some(self.world.choices.borrow_mut().one_of(ways))
            }
            Order::Script(_) => {
                let mut tasks = BTreeSet::new();
                let open: Vec<usize> = (0..self.waiting.len())
                    // Of one task's own calls the first goes first.
                    .filter(|place| tasks.insert(self.waiting[*place].task))
                    .filter(|place| !self.was_seen(&self.waiting[*place]))
                    .collect();
                if open.is_empty() {
                    return None;
                }
                let taken = self.world.choices.borrow_mut().one_of(open.len());
                open.get(taken).copied()
            }
        }
    }

    /// Of two calls that can change places only one order is looked at: the one
    /// in which the task with the smaller number goes first.
    fn was_seen(&self, waiting: &Waiting) -> bool {
        self.last.as_ref().is_some_and(|last| {
            waiting.task < last.task
                && last.passed_over.contains(&waiting.number)
                && last
                    .touched
                    .can_change_places_with(&Touched::by(&waiting.call))
        })
    }

    async fn go(&mut self, waiting: Waiting) {
        let Waiting {
            number: _,
            task,
            call,
            answer,
        } = waiting;
        if matches!(self.plan.order, Order::Script(_)) {
            self.last = Some(Last {
                task,
                touched: Touched::by(&call),
                passed_over: self.waiting.iter().map(|other| other.number).collect(),
            });
        }
        match (call, answer) {
            (Call::Turn(what), Sender::Turn(turn)) => {
                self.tell(|| format!("            {what}"));
                let _ = turn.send(());
            }
            (call @ (Call::Table(_) | Call::PayPal(_)), answer) => {
                tokio::time::advance(CALL_TAKES).await;
                let fate = self.fate(task, &call);
                self.strike(task, call, answer, fate);
            }
            (Call::Turn(_), Sender::Table(_) | Sender::PayPal(_)) => {}
        }
    }

    /// Nobody can go on: lets time pass until somebody can.
    async fn let_time_pass(&mut self) -> Result<(), String> {
        let now = Instant::now();
        let deferred = self.deferred.iter().map(|deferred| deferred.at);
        let thawed = self.tasks.iter().flatten().filter_map(|task| {
            let thaws_at = task.thaws_at?;
            Some(
                task.dies_at
                    .map_or(thaws_at, |dies_at| dies_at.min(thaws_at)),
            )
        });
        let dead = self.tasks.iter().flatten().filter_map(|task| task.dies_at);
        let ours = deferred.chain(thawed).chain(dead).min();
        let until = ours.unwrap_or(now + STUCK);
        tokio::select! {
            biased;
            () = self.somebody_wakes() => {}
            () = tokio::time::sleep_until(until) => {
                if ours.is_none() {
                    return Err("everybody waits for ever".to_owned());
                }
            }
        }
        let now = Instant::now();
        while let Some(place) = self.deferred.iter().position(|late| late.at <= now) {
            let late = self.deferred.remove(place);
            match &late.call {
                Call::Table(call) => {
                    self.tell(|| format!("            {} has its effect now", call.operation));
                    self.execute(None, call);
                }
                Call::PayPal(request) => {
                    self.tell(|| {
                        format!("            {} has its effect now", request.uri().path())
                    });
                    self.at_paypal(request, Fate::Goes);
                }
                Call::Turn(_) => {}
            }
        }
        Ok(())
    }

    async fn somebody_wakes(&self) {
        std::future::poll_fn(|context| {
            let mut root = self.root.lock().unwrap_or_else(PoisonError::into_inner);
            *root = Some(context.waker().clone());
            drop(root);
            let now = Instant::now();
            let woken = self.tasks.iter().flatten().any(|task| {
                task.flag.woken.load(Ordering::Relaxed)
                    && task.thaws_at.is_none_or(|thaws_at| thaws_at <= now)
            });
            if woken {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    fn tell(&self, line: impl FnOnce() -> String) {
        self.world.history.borrow_mut().tell(line);
    }
}
