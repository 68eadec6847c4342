//! What the calculation is given: the files beside it, and the templates.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::asked::Recorded;
use crate::prices::Prices;
use crate::usd::Usd;

/// How long things take.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Durations {
    /// Who says so.
    pub origin: String,
    /// Until the table has answered.
    pub table_call_ms: u64,
    /// Until PayPal has.
    pub paypal_call_ms: u64,
    /// Until one of the city's systems has.
    pub message_ms: u64,
    /// The memory at which a function has a whole core.
    pub whole_cpu_mb: u64,
    /// What a request takes of a whole core, by function.
    pub request_cpu_us: BTreeMap<String, u64>,
    /// INIT, with a whole core, but for its calls.
    pub init_ms: BTreeMap<String, u64>,
}

/// What nobody has measured.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumptions {
    /// What a thousand payments should cost.
    pub target: Target,
    /// About one payment.
    pub payment: OfAPayment,
    /// What AWS adds.
    pub bytes: Bytes,
    /// How much of a log is left once it is compressed.
    pub log_kept_percent: u128,
    /// Where it may run.
    pub places: Vec<Place>,
    /// About a year.
    pub year: OfAYear,
    /// Backups of the whole table that are there at any time.
    pub backups_kept: u128,
    /// About a stack.
    pub stack: OfAStack,
    /// Somebody asks for nothing but trouble.
    pub flood: Flood,
}

/// What a thousand payments should cost.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// No more than this.
    pub usd_per_1000_payments: Usd,
    /// Above this it is failed.
    pub fails_above: Usd,
    /// What it may cost before a test says so.
    pub no_more_than: Usd,
    /// Who says so.
    pub why: String,
}

/// About one payment.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfAPayment {
    /// Checkouts that nobody finishes, for a hundred that are paid.
    pub abandoned_percent: u128,
    /// Invocations that begin with a new process.
    pub cold_percent: u128,
    /// Who says so.
    pub why: String,
}

/// What AWS adds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bytes {
    /// To the access log, with each request.
    pub access_log: u128,
    /// To a function's log, with each request.
    pub platform_lines_of_a_request: u128,
    /// To the head of an answer.
    pub answer_head: u128,
    /// To the size of an item.
    pub item_overhead: u128,
    /// To the web ACL's log, with each request that it refuses.
    pub waf_log: u128,
    /// Its answer, or API Gateway's, to whoever is refused.
    pub refused_answer: u128,
    /// Who says so.
    pub why: String,
}

/// Where it may run.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// Tickets a year.
    pub tickets: u128,
    /// How often the stack is deployed.
    pub stacks: u128,
    /// Who says so.
    pub why: String,
}

/// About a year.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfAYear {
    /// Tickets whose page is opened by somebody.
    pub scanned_percent: u128,
    /// Tickets that are paid by PayPal.
    pub paid_percent: u128,
    /// For how long everything stays in the table.
    pub kept_years: u128,
    /// Invocations that begin with a new process.
    pub cold_percent: u128,
    /// Who says so.
    pub why: String,
}

/// About a stack.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfAStack {
    /// Of its key.
    pub key_versions: u128,
    /// Those that are written each hour, whatever happens.
    pub idle_metrics: u128,
    /// Those that are written when somebody pays.
    pub metrics_in_use: u128,
    /// Of API Gateway's.
    pub metrics_of_a_rest_method: u128,
    /// Of API Gateway's.
    pub metrics_of_an_http_route: u128,
    /// Hours in which somebody is at a page, of a hundred.
    pub public_hours_percent: u128,
    /// Hours in which each of the office's routes is asked, of a hundred.
    pub office_hours_percent: u128,
    /// `DynamoDB` asks the key again, for each function that is at work.
    pub table_key_requests_an_hour: u128,
    /// Who says so.
    pub why: String,
}

/// Somebody asks for nothing but trouble.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flood {
    /// How much.
    pub requests_a_second: u128,
    /// For how long.
    pub hours: u128,
}

/// What the templates say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Templates {
    /// The functions' memory.
    pub memory_mb: u64,
    /// Requests a second that the public API lets through.
    pub public_rate: u128,
    /// Methods of the public API.
    pub rest_methods: u128,
    /// Routes of the office's.
    pub http_routes: u128,
    /// Metrics that alarms look at: AWS bills each of them.
    pub alarm_metrics: u128,
    /// Of the web ACL.
    pub waf_rules: u128,
    /// Minutes of a night.
    pub night_minutes: u128,
    /// Parameters that a new process has decrypted, by function.
    pub secrets: BTreeMap<String, u128>,
}

const TEMPLATE: &str = include_str!("../../../template.yaml");
const ALARMS: &str = include_str!("../../../infra/alarms.yaml");
const ROLLBACK: &str = include_str!("../../../infra/rollback.yaml");
const WAF: &str = include_str!("../../../infra/waf.yaml");

/// A template does not say what it must.
#[derive(Debug, thiserror::Error)]
#[error("no template says {0}")]
pub struct NotSaid(&'static str);

impl Templates {
    /// Reads them.
    ///
    /// # Errors
    /// When one of them is written in another way than this looks for.
    pub fn read() -> Result<Self, NotSaid> {
        let numbers = |what| numbers(TEMPLATE, what).ok_or(NotSaid(what));
        let memory = numbers("MemorySize: ")?;
        let [memory_mb] = memory[..] else {
            // A function with a memory of its own would be billed by another's.
            return Err(NotSaid("one MemorySize for all"));
        };
        // The first one is that of all methods.
        let rate = numbers("ThrottlingRateLimit: ")?[0];
        if !TEMPLATE.contains("Schedule: cron(* 1-5 * * ? *)") {
            return Err(NotSaid("a night of five hours"));
        }
        Ok(Self {
            memory_mb,
            public_rate: rate.into(),
            rest_methods: lines(TEMPLATE, "Type: Api"),
            http_routes: lines(TEMPLATE, "Type: HttpApi"),
            alarm_metrics: [ALARMS, ROLLBACK]
                .map(|text| count(text.matches("MetricName:").count()))
                .iter()
                .sum(),
            waf_rules: count(WAF.matches("\n          Priority:").count()),
            night_minutes: 5 * 60,
            secrets: secrets(),
        })
    }
}

fn secrets() -> BTreeMap<String, u128> {
    let mut secrets = BTreeMap::new();
    let mut function = "";
    for line in TEMPLATE.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("CodeUri: functions/") {
            function = name.trim_end_matches('/');
        } else if line.contains("_PARAMETER: !Sub") {
            *secrets.entry(function.to_owned()).or_default() += 1;
        }
    }
    secrets
}

/// The numbers that stand behind this, at the end of a line.
fn numbers(text: &str, what: &str) -> Option<Vec<u64>> {
    let behind = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix(what));
    let numbers: Vec<u64> = behind.filter_map(|it| it.parse().ok()).collect();
    (!numbers.is_empty()).then_some(numbers)
}

/// How many lines are this.
fn lines(text: &str, what: &str) -> u128 {
    count(text.lines().filter(|line| line.trim() == what).count())
}

fn count(number: usize) -> u128 {
    number as u128
}

/// All of it.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// `prices.json`.
    pub prices: Prices,
    /// `assumptions.json`.
    pub assumptions: Assumptions,
    /// `durations.json`.
    pub durations: Durations,
    /// `recorded.json`.
    pub recorded: Recorded,
    /// What the templates say.
    pub templates: Templates,
}

/// A file is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum InvalidInputs {
    /// One of ours.
    #[error("{file}")]
    File {
        /// Which.
        file: &'static str,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A template.
    #[error(transparent)]
    Template(#[from] NotSaid),
}

impl Inputs {
    /// Reads the files beside this crate.
    ///
    /// # Errors
    /// When one of them is not what it should be.
    pub fn read() -> Result<Self, InvalidInputs> {
        macro_rules! read {
            ($file:literal) => {
                serde_json::from_str(include_str!(concat!("../", $file))).map_err(|source| {
                    InvalidInputs::File {
                        file: $file,
                        source,
                    }
                })?
            };
        }
        Ok(Self {
            prices: read!("prices.json"),
            assumptions: read!("assumptions.json"),
            durations: read!("durations.json"),
            recorded: read!("recorded.json"),
            templates: Templates::read()?,
        })
    }
}
