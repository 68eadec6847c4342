//! What a function writes: a line for what happens, and numbers that `CloudWatch` counts.
//!
//! Each line is written inside the span that the Lambda runtime opens for a request, and
//! bears its `requestId`: by that a request's lines are found again among all others. The
//! last one of a request says what was asked and answered, and how long it took.
//!
//! A line has some 350 bytes, a payment some thirty of them in all its requests, and Lambda
//! writes two more for each. A gigabyte of lines costs about 60 US cents: a thousand payments
//! one cent.
//!
//! A line with a field `alarm` counts one under the alarm's name, and a field `metric.…` its
//! value under the rest of its name: `infra/alarms.yaml` rings by them. Each is one more line
//! in the embedded metric format, under the namespace that `METRICS_NAMESPACE` names, without
//! dimensions. No number names a case, a person or a token.

mod answering;
mod metrics;

use std::io::Write;

use jiff::Timestamp;
use tracing::Subscriber;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

pub use answering::Answering;
use metrics::Metrics;

/// Begins to write, as Lambda says: JSON where `AWS_LAMBDA_LOG_FORMAT` asks for it, from the
/// level of `AWS_LAMBDA_LOG_LEVEL` on, but never below INFO. Without `METRICS_NAMESPACE` no
/// numbers are written.
pub fn start(vars: &dyn Fn(&str) -> Option<String>, now: fn() -> Timestamp) {
    writer(vars, now, std::io::stdout).init();
}

/// What `start` begins with, writing elsewhere: how much is written can be measured.
pub fn writer<W>(
    vars: &dyn Fn(&str) -> Option<String>,
    now: fn() -> Timestamp,
    to: W,
) -> impl Subscriber + Send + Sync + use<W>
where
    W: for<'w> MakeWriter<'w> + Clone + Send + Sync + 'static,
{
    let set = |name: &str| vars(name).filter(|value| !value.is_empty());
    let level = set("AWS_LAMBDA_LOG_LEVEL").map_or(LevelFilter::INFO, |level| read(&level));
    let is_json = set("AWS_LAMBDA_LOG_FORMAT").is_some_and(|it| it.eq_ignore_ascii_case("json"));
    let lines = fmt::layer()
        .with_writer(to.clone())
        .with_target(false)
        .without_time();
    let lines = if is_json {
        // The innermost span is the last of the list: twice in a line it would cost twice.
        lines.json().with_current_span(false).boxed()
    } else {
        lines.boxed()
    };
    // A whole line at once: half of one would count nothing. Where nobody reads any more,
    // nobody counts either.
    let print = move |line: &str| drop(to.make_writer().write_all(format!("{line}\n").as_bytes()));
    let metrics = set("METRICS_NAMESPACE").map(|namespace| Metrics::new(namespace, now, print));
    tracing_subscriber::registry()
        .with(level)
        .with(lines)
        .with(metrics)
}

/// Source: AWS Lambda, "Configuring advanced logging controls".
fn read(level: &str) -> LevelFilter {
    match level.to_ascii_uppercase().as_str() {
        "WARN" => LevelFilter::WARN,
        "ERROR" | "FATAL" => LevelFilter::ERROR,
        // Below it the AWS SDK, hyper and the Lambda runtime write whole requests: tokens,
        // plates and places. Whoever looks for a fault must not be able to let them out.
        _ => LevelFilter::INFO,
    }
}
