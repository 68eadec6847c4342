//! One simulated city: the functions' own handlers over the two seams, a table,
//! a PayPal with books, and a clock that only the scheduler moves.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_sdk_dynamodb::config::Region;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use jiff::{SignedDuration, Timestamp};
use journeys::Functions;
use local::city_variables::{self, Variables};
use local::template::{TEXT, Template};
use local::token_keys::TokenKeys;
use paypal_standin::{Behaviour, Currency, Fault, Foreign, Money, Settings, SignedBy, Standin};
use store::Store;
use tempfile::NamedTempFile;
use ticket::Captures;
use ticket::{CaseNumber, Municipality};
use token::{Keys, SigningKey};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::actors::Driver;
use crate::choices::Choices;
use crate::engine::{Engine, Key, NEWER_SEED, RESTORED_TABLE, TABLE};
use crate::habits::{Habit, LIVES_LONG, LONG_LIFE_H};
use crate::history::History;
use crate::net::{Call, Net, Sender};

/// A Monday morning; the runs of a seed may begin elsewhere.
const BEGINNING: &str = "2026-11-23T08:00:00Z";
/// Hours in which the clocks are changed while payments run.
const BEGINNINGS: [&str; 4] = [
    BEGINNING,
    "2026-10-25T00:45:00Z",
    "2027-03-28T00:45:00Z",
    "2026-12-31T22:50:00Z",
];

pub(crate) const PAYPAL_ORIGIN: &str = "http://127.0.0.1:8082";
const PUBLIC_ORIGIN: &str = "http://127.0.0.1:8080";
/// Our account at PayPal.
pub(crate) const MERCHANT: &str = "STNDNMERCHANT";

/// The lease of a lock, and the longest that a function with an old setting still
/// runs: step 2 of the runbook.
pub(crate) const WAITED_OUT: Duration = Duration::from_mins(2);

/// How long PayPal keeps an order by default: 6 hours for the payer, 6 for us.
const ORDER_HOURS: u32 = 12;

/// A Lambda of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Function {
    ShowTicket,
    StartCheckout,
    FinishCheckout,
    ReceiveWebhook,
    ReconcilePayments,
    CompareBooks,
    IssueTickets,
    ManageTickets,
    RecordPayments,
}

impl Function {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ShowTicket => "show-ticket",
            Self::StartCheckout => "start-checkout",
            Self::FinishCheckout => "finish-checkout",
            Self::ReceiveWebhook => "receive-webhook",
            Self::ReconcilePayments => "reconcile-payments",
            Self::CompareBooks => "compare-books",
            Self::IssueTickets => "issue-tickets",
            Self::ManageTickets => "manage-tickets",
            Self::RecordPayments => "record-payments",
        }
    }

    /// How long Lambda lets it live, as `template.yaml` says.
    fn timeout(self) -> Duration {
        static TIMEOUTS: OnceLock<BTreeMap<String, Duration>> = OnceLock::new();
        let timeouts = TIMEOUTS.get_or_init(|| {
            let template = Template::parse(TEXT).expect("template.yaml");
            let functions = template.functions.into_iter();
            functions
                .map(|function| (function.name, function.timeout))
                .collect()
        });
        timeouts
            .get(self.name())
            .copied()
            .unwrap_or(settle::limits::FUNCTION_TIMEOUT)
    }
}

/// A future that the scheduler drives.
pub(crate) type Work = std::pin::Pin<Box<dyn Future<Output = ()>>>;

/// Something new to drive.
pub(crate) struct Spawned {
    pub(crate) work: Work,
    pub(crate) function: Option<Function>,
    pub(crate) dies_at: Option<Instant>,
}

/// A city.
pub(crate) struct World {
    pub(crate) net: Net,
    pub(crate) standin: Arc<Standin>,
    pub(crate) engine: RefCell<Engine>,
    /// The table of before a restore: who was called then still asks it.
    pub(crate) engine_before: RefCell<Option<Engine>>,
    functions: RefCell<Rc<Functions>>,
    pub(crate) choices: RefCell<Choices>,
    pub(crate) history: RefCell<History>,
    pub(crate) spawned: RefCell<Vec<Spawned>>,
    /// Those who found a ticket.
    pub(crate) drivers: RefCell<Vec<Driver>>,
    /// What is done before anything may go wrong.
    pub(crate) before: RefCell<Vec<Work>>,
    /// Nothing goes wrong by chance any more.
    pub(crate) calm: Cell<bool>,
    /// How PayPal is all through the run.
    pub(crate) habits: RefCell<Vec<Habit>>,
    /// What it was without them.
    plain: Cell<Behaviour>,
    /// What the functions are told of how long an order lives.
    order_hours: u32,
    /// What PayPal does by its own decision, until it is taken back.
    pub(crate) standing_fault: Cell<Option<Fault>>,
    /// Webhooks that are posted and not answered.
    pub(crate) on_the_way: Cell<u32>,
    /// Webhooks are fetched by the story itself.
    pub(crate) no_postman: Cell<bool>,
    /// Sweeps are begun by the story itself.
    pub(crate) no_schedule: Cell<bool>,
    /// Payments into the account that are no ticket's.
    pub(crate) strangers: Cell<u32>,
    /// How many attempts the sweeps have looked at.
    pub(crate) looks: Cell<u64>,
    /// How many sweeps have begun and ended.
    pub(crate) sweeps: Cell<(u64, u64)>,
    /// The story has ended: who waits for more to do need not.
    pub(crate) over: Cell<bool>,
    /// Whether the functions' clocks differ from each other.
    pub(crate) skewed: Cell<bool>,
    /// When captures were closed.
    closed_at: Cell<Option<Instant>>,
    beginning: Timestamp,
    started: Instant,
    paypal_is_ahead: SignedDuration,
    dice: Cell<u64>,
    signing: SigningKey,
}

/// What is the same in every run and takes long to make.
struct SharedSetup {
    variables: Variables,
    municipality: Municipality,
    _anchors: NamedTempFile,
}

fn once() -> &'static SharedSetup {
    static ONCE: OnceLock<SharedSetup> = OnceLock::new();
    ONCE.get_or_init(|| {
        let anchors = NamedTempFile::new().expect("a file");
        let clock = Arc::new(|| Timestamp::UNIX_EPOCH);
        let standin = Standin::new(settings(), clock, 0).expect("a stand-in");
        // All that may sign but a stranger.
        let mut trusted = standin.anchors_pem();
        let another = Behaviour {
            signed_by: SignedBy::IntermediateWithoutUsage,
            ..standin.behaviour()
        };
        standin.set_behaviour(another).expect("within the limits");
        trusted += &standin.anchors_pem();
        std::fs::write(anchors.path(), trusted).expect("a file");
        let sample = include_str!("../../../infra/local/kaiserslautern.json");
        let municipality: Municipality = serde_json::from_str(sample).expect("a municipality");
        let keys = TokenKeys::of(None).expect("keys");
        let mut variables = city_variables::city(TABLE, &municipality.id, PUBLIC_ORIGIN, &keys);
        variables.extend(city_variables::paypal(&settings(), anchors.path()));
        SharedSetup {
            variables,
            municipality,
            _anchors: anchors,
        }
    })
}

pub(crate) fn settings() -> Settings {
    Settings::of_nobody(PAYPAL_ORIGIN.to_owned())
}

fn variable(name: &str) -> Option<String> {
    once().variables.get(name).cloned()
}

fn store(net: &Net, table: &str) -> Store {
    let config = Store::config(&|_| None).expect("TLS");
    // The pause before a retry is random in the SDK; a run must be the same
    // when it is run again, and so must the quota of retries.
    let retries = config.clone().build().retry_config().cloned();
    let retries = retries
        .unwrap_or_else(RetryConfig::standard)
        .with_initial_backoff(Duration::ZERO);
    let partition = RetryPartition::custom("simulation")
        .token_bucket(TokenBucket::unlimited())
        .build();
    let config = config
        .retry_config(retries)
        .retry_partition(partition)
        .region(Region::new("eu-central-1"))
        // Signing costs as much as the table does, and nobody checks it here.
        .allow_no_auth()
        .endpoint_url("http://127.0.0.1:1")
        .http_client(net.http_client())
        .build();
    let client = aws_sdk_dynamodb::Client::from_conf(config);
    Store::new(client, table.to_owned(), once().municipality.id.clone())
}

/// The functions, as deployed over this table.
async fn functions(net: &Net, captures: Captures, table: &str, order_hours: u32) -> Rc<Functions> {
    let store = store(net, table);
    let variables = |name: &str| match name {
        "PAYPAL_ORDER_HOURS" => Some(order_hours.to_string()),
        "CAPTURES" if captures == Captures::Closed => Some("closed".to_owned()),
        other => variable(other),
    };
    Rc::new(Functions::new(&variables, &|_| store.clone(), &net.transport()).await)
}

impl World {
    /// A city whose ids follow from `seed` and whose decisions from `choices`, with a
    /// PayPal that will have these habits.
    pub(crate) async fn new(seed: u64, mut choices: Choices, habits: &[Habit]) -> Rc<Self> {
        let lives_long = habits.iter().any(|habit| habit.name == LIVES_LONG);
        let order_hours = if lives_long { LONG_LIFE_H } else { ORDER_HOURS };
        let net = Net::default();
        let started = Instant::now();
        let mut beginning: Timestamp = BEGINNING.parse().expect("a moment");
        let mut paypal_is_ahead = SignedDuration::ZERO;
        if choices.once_in(4) {
            let place = choices.one_of(BEGINNINGS.len());
            beginning = BEGINNINGS[place].parse().expect("a moment");
        }
        // Everybody else's clock is up to five minutes wrong.
        if choices.once_in(4) {
            let off = i64::try_from(choices.one_of(601)).expect("few") - 300;
            paypal_is_ahead = SignedDuration::from_secs(off);
        }
        let paypals_clock = move || beginning + started.elapsed() + paypal_is_ahead;
        let standin = Standin::new(settings(), Arc::new(paypals_clock), seed).expect("a stand-in");
        let engine = Engine::new(seed % 8 == NEWER_SEED);
        let functions = functions(&net, Captures::Open, TABLE, order_hours).await;
        let store = functions.start_checkout.store.clone();
        let configured: Work = Box::pin(async move {
            let written = store
                .put_municipality(&once().municipality, "ops", beginning)
                .await;
            written.expect("a table");
        });
        let signing = SigningKey::from_vars(&variable, &Keys::from_vars(&variable).expect("keys"))
            .await
            .expect("a signing key");
        let skewed = choices.once_in(4);
        Rc::new(Self {
            net,
            standin: Arc::new(standin),
            engine: RefCell::new(engine),
            engine_before: RefCell::default(),
            functions: RefCell::new(functions),
            choices: RefCell::new(choices),
            history: RefCell::default(),
            spawned: RefCell::default(),
            drivers: RefCell::default(),
            before: RefCell::new(vec![configured]),
            calm: Cell::new(false),
            habits: RefCell::default(),
            plain: Cell::default(),
            order_hours,
            standing_fault: Cell::new(None),
            on_the_way: Cell::new(0),
            no_postman: Cell::new(false),
            no_schedule: Cell::new(false),
            strangers: Cell::new(0),
            looks: Cell::new(0),
            sweeps: Cell::new((0, 0)),
            over: Cell::new(false),
            closed_at: Cell::new(None),
            paypal_is_ahead,
            skewed: Cell::new(skewed),
            beginning,
            started,
            dice: Cell::new(1),
            signing,
        })
    }

    /// PayPal has these habits from now on.
    pub(crate) fn take_on(&self, habits: &[Habit]) {
        self.plain.set(self.standin.behaviour());
        *self.habits.borrow_mut() = habits.to_vec();
        self.history.borrow_mut().was_strange |= !habits.is_empty();
        self.behave();
    }

    /// Whether PayPal has a habit under which nothing can be settled; and that it
    /// is over now.
    pub(crate) fn comes_to_its_senses(&self) -> bool {
        let before = self.habits.borrow().len();
        self.habits.borrow_mut().retain(Habit::stays);
        if self.habits.borrow().len() == before {
            return false;
        }
        self.behave();
        self.history.borrow_mut().last_fault_at = Some(self.now());
        true
    }

    /// Another shop sells through the account, and somebody sends it money.
    pub(crate) fn strangers_pay(&self) {
        let amount = Money {
            currency: Currency::Eur,
            minor_units: 1_234,
        };
        for (count, kind) in [(2, Foreign::OtherShop), (1, Foreign::SentByHand)] {
            self.standin.foreign_payments(count, amount, kind);
            self.strangers.set(self.strangers.get() + count);
        }
    }

    /// Whether nothing can be settled just now.
    pub(crate) fn is_out_of_its_senses(&self) -> bool {
        self.habits.borrow().iter().any(|habit| !habit.stays())
    }

    /// Whether PayPal says of no payment whose it is: neither mark is shown.
    pub(crate) fn hides_whose_it_is(&self) -> bool {
        let omitted = self.standin.behaviour().omit_parts;
        omitted.custom_id && omitted.invoice_id
    }

    fn behave(&self) {
        let mut behaviour = Behaviour {
            webhooks: self.standin.behaviour().webhooks,
            ..self.plain.get()
        };
        for habit in self.habits.borrow().iter() {
            habit.take_on(&mut behaviour);
        }
        self.standin
            .set_behaviour(behaviour)
            .expect("habits within the limits");
    }

    /// How long an order may be approved and captured, as far as the functions know.
    pub(crate) fn order_life(&self) -> Duration {
        Duration::from_hours(self.order_hours.into())
    }

    /// The functions as they are deployed now.
    pub(crate) fn functions(&self) -> Rc<Functions> {
        Rc::clone(&self.functions.borrow())
    }

    /// The functions are deployed anew; a call that runs already runs on with
    /// the old setting, and with the old table.
    pub(crate) async fn set_captures(&self, captures: Captures) {
        let closed_at = self.closed_at.get();
        self.closed_at.set(match captures {
            Captures::Open => None,
            Captures::Closed => closed_at.or_else(|| Some(Instant::now())),
        });
        let restored = self.engine_before.borrow().is_some();
        let table = if restored { RESTORED_TABLE } else { TABLE };
        let functions = functions(&self.net, captures, table, self.order_hours).await;
        self.functions.replace(functions);
    }

    /// Whether captures have been closed for so long that nobody with the old
    /// setting is left.
    pub(crate) fn is_closed(&self) -> bool {
        let closed_at = self.closed_at.get();
        closed_at.is_some_and(|at| at.elapsed() >= WAITED_OUT)
    }

    /// A torn image of the table as it was `at` a moment becomes the table; says
    /// whether parts of the last minute came and others did not.
    pub(crate) async fn restore(&self, at: Instant, captures: Captures) -> bool {
        let (mut whole, mut torn) = (false, false);
        let restored = self.engine.borrow().restored(at, &mut |key, ways| {
            if ways > 1 {
                self.history.borrow_mut().torn_tickets.insert(key.0.clone());
            }
            let taken = self.choices.borrow_mut().one_of(ways);
            whole |= ways > 1 && taken == 0;
            torn |= taken > 0;
            taken
        });
        let before = self.engine.replace(restored);
        *self.engine_before.borrow_mut() = Some(before);
        self.set_captures(captures).await;
        whole && torn
    }

    /// Whether an item is in the table, or in that of before a restore.
    pub(crate) fn is_there(&self, key: &Key) -> bool {
        let before = self.engine_before.borrow();
        let was = before.as_ref().is_some_and(|it| it.item(key).is_some());
        was || self.engine.borrow().item(key).is_some()
    }

    /// The true time.
    pub(crate) fn now(&self) -> Timestamp {
        self.beginning + self.started.elapsed()
    }

    /// When the tickets were issued: at the beginning.
    pub(crate) fn issued_at(&self) -> Timestamp {
        self.beginning
    }

    /// The time as a function's own clock shows it.
    pub(crate) fn functions_now(&self) -> Timestamp {
        if !self.skewed.get() {
            return self.now();
        }
        let off = i64::try_from(self.choices.borrow_mut().one_of(5)).expect("few") - 2;
        self.now() + SignedDuration::from_secs(off)
    }

    /// A function's clock, for one that reads it more than once.
    pub(crate) fn functions_clock(&self) -> impl Fn() -> Timestamp + Sync + 'static {
        let ahead = self.functions_now().duration_since(self.now());
        let (beginning, started) = (self.beginning, self.started);
        move || beginning + started.elapsed() + ahead
    }

    /// The time by PayPal's clock.
    pub(crate) fn paypals_now(&self) -> Timestamp {
        self.now() + self.paypal_is_ahead
    }

    /// The token of a QR code.
    pub(crate) fn sign(&self, case_number: &CaseNumber) -> String {
        self.signing.sign(case_number)
    }

    /// Random bits for an attempt's id.
    pub(crate) fn random(&self) -> u128 {
        let dice = self.dice.get();
        self.dice.set(dice + 1);
        u128::from(dice) << 64 | u128::from(dice.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// Drives a future beside all others.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + 'static) {
        self.spawned.borrow_mut().push(Spawned {
            work: Box::pin(work),
            function: None,
            dies_at: None,
        });
    }

    /// Calls a function of ours; `None` when it dies before it has answered.
    pub(crate) async fn invoke<T: 'static>(
        &self,
        function: Function,
        handler: impl Future<Output = T> + 'static,
    ) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        let work = async move {
            let _ = answer.send(handler.await);
        };
        self.spawned.borrow_mut().push(Spawned {
            work: Box::pin(work),
            function: Some(function),
            dies_at: Some(Instant::now() + function.timeout()),
        });
        answered.await.ok()
    }

    /// Waits until the scheduler lets this actor do its next thing.
    pub(crate) async fn turn(&self, what: &'static str) {
        let (sender, turn) = oneshot::channel();
        self.net.send(Call::Turn(what), Sender::Turn(sender));
        let _ = turn.await;
    }

    /// Lets time pass for this actor.
    pub(crate) async fn pause(&self, by: Duration) {
        tokio::time::sleep(by).await;
    }
}
