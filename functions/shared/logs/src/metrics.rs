//! The embedded metric format.
//!
//! Source: Amazon `CloudWatch`, "Specification: Embedded metric format".

use std::fmt::Debug;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// What stands before the name of a number.
const METRIC: &str = "metric.";

/// Writes the numbers of each event.
pub(crate) struct Metrics<P> {
    namespace: String,
    now: fn() -> Timestamp,
    print: P,
}

impl<P> Metrics<P> {
    pub(crate) fn new(namespace: String, now: fn() -> Timestamp, print: P) -> Self {
        Self {
            namespace,
            now,
            print,
        }
    }

    fn line(&self, numbers: Map<String, Value>) -> String {
        let names: Vec<Value> = numbers.keys().map(|name| json!({ "Name": name })).collect();
        let mut line = numbers;
        line.insert(
            "_aws".to_owned(),
            json!({
                "Timestamp": (self.now)().as_millisecond(),
                "CloudWatchMetrics": [{
                    "Namespace": self.namespace,
                    "Dimensions": [[]],
                    "Metrics": names,
                }],
            }),
        );
        Value::Object(line).to_string()
    }
}

impl<S: Subscriber, P: Fn(&str) + 'static> Layer<S> for Metrics<P> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut numbers = Numbers::default();
        event.record(&mut numbers);
        if !numbers.0.is_empty() {
            (self.print)(&self.line(numbers.0));
        }
    }
}

/// Those of one event.
#[derive(Default)]
struct Numbers(Map<String, Value>);

impl Numbers {
    fn count(&mut self, field: &Field, value: Value) {
        if let Some(name) = field.name().strip_prefix(METRIC) {
            self.0.insert(name.to_owned(), value);
        }
    }
}

impl Visit for Numbers {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.count(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.count(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "alarm" {
            self.0.insert(value.to_owned(), 1.into());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use tracing::subscriber::with_default;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    thread_local! {
        static PRINTED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }

    /// The lines that these events bring.
    fn printed(events: impl FnOnce()) -> Vec<Value> {
        let metrics = Metrics::new(
            "knoellchen/test".to_owned(),
            || Timestamp::UNIX_EPOCH,
            |line: &str| PRINTED.with_borrow_mut(|lines| lines.push(line.to_owned())),
        );
        with_default(tracing_subscriber::registry().with(metrics), events);
        let lines = PRINTED.take();
        let read = |line: &String| serde_json::from_str(line).unwrap();
        lines.iter().map(read).collect()
    }

    #[test]
    fn an_alarm_counts_one_under_its_name_and_says_nothing_else() {
        let lines = printed(|| {
            tracing::error!(alarm = "lock-waits", case_number = "KL-1", "it waits");
        });
        let expected = json!({
            "_aws": {
                "Timestamp": 0,
                "CloudWatchMetrics": [{
                    "Namespace": "knoellchen/test",
                    "Dimensions": [[]],
                    "Metrics": [{ "Name": "lock-waits" }],
                }],
            },
            "lock-waits": 1,
        });
        assert_eq!(lines, [expected]);
    }

    #[test]
    fn numbers_of_one_event_are_one_line_and_an_event_without_any_is_none() {
        let lines = printed(|| {
            tracing::info!(
                metric.captured = 1_u64,
                metric.captured_cents = 3_000_i64,
                value = 7,
                "paid"
            );
            tracing::info!(value = 7, name = "lock-waits", "nothing to count");
        });
        let [line] = &lines[..] else {
            panic!("{lines:?}");
        };
        assert_eq!(line["captured"], 1);
        assert_eq!(line["captured_cents"], 3_000);
        assert_eq!(line["value"], Value::Null);
        let metrics = &line["_aws"]["CloudWatchMetrics"][0]["Metrics"];
        assert_eq!(
            *metrics,
            json!([{ "Name": "captured" }, { "Name": "captured_cents" }])
        );
    }
}
