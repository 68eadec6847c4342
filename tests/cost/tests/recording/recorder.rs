//! Counts what the functions ask of the table, of PayPal and of the log.

use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_dynamodb::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents, SharedInterceptor};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use bytes::Bytes;
use cost::{Asked, Door};
use http::{HeaderMap, Request};
use jiff::Timestamp;
use journeys::City;
use paypal::{Transport, TransportError};
use serde_json::Value;
use tracing::subscriber::DefaultGuard;
use tracing::{Instrument, info_span};
use tracing_subscriber::fmt::MakeWriter;

/// What Lambda hands to a request, and every line of the request repeats.
const REQUEST_ID: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";
const TRACE_ID: &str = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0";

/// Listens to the functions of one city.
pub(crate) struct Recorder {
    seen: Seen,
    _writes: DefaultGuard,
}

/// What was seen since somebody asked.
#[derive(Clone, Debug, Default)]
struct Seen(Arc<Mutex<Asked>>);

impl Recorder {
    /// From now on it sees what the functions of `city` do, and they are new ones.
    pub(crate) async fn listens_to(city: &mut City) -> Self {
        let seen = Seen::default();
        let standin = Arc::clone(&city.standin);
        let counts = seen.clone();
        let paypal = Transport::in_process(move |request: Request<Bytes>| {
            let standin = Arc::clone(&standin);
            let mut asked = counts.now();
            asked.paypal += 1;
            asked.sent_bytes += size(request.headers(), request.body().len())
                + count(request.uri().to_string().len());
            drop(asked);
            async move {
                let answer = standin.call(request).await;
                answer.map_err(|error| TransportError::Failed(error.into()))
            }
        });
        city.watched(SharedInterceptor::new(seen.clone()), paypal)
            .await;
        let vars = |name: &str| match name {
            "AWS_LAMBDA_LOG_FORMAT" => Some("JSON".to_owned()),
            "METRICS_NAMESPACE" => Some("knoellchen/knoellchen".to_owned()),
            _ => None,
        };
        let writer = logs::writer(&vars, || Timestamp::UNIX_EPOCH, seen.clone());
        Self {
            seen,
            _writes: tracing::subscriber::set_default(writer),
        }
    }

    /// What one invocation of a function asks for, and what it comes to.
    pub(crate) async fn call<T>(
        &self,
        by: &str,
        door: Door,
        invocation: impl Future<Output = T>,
    ) -> (Asked, T) {
        let before = std::mem::take(&mut *self.seen.now());
        assert_eq!(before, Asked::default(), "somebody was not counted");
        // As the Lambda runtime opens it.
        let span = info_span!(
            "Lambda runtime invoke",
            requestId = REQUEST_ID,
            xrayTraceId = TRACE_ID
        );
        // On the heap: a whole function's future is more than a test's stack takes.
        let came = Box::pin(invocation).instrument(span).await;
        let seen = std::mem::take(&mut *self.seen.now());
        let asked = Asked {
            by: by.to_owned(),
            door,
            invocations: 1,
            ..seen
        };
        (asked, came)
    }
}

/// How much an answer or a request is, on the wire.
pub(crate) fn size(headers: &HeaderMap, body: usize) -> u64 {
    // ": " and the end of the line.
    let each = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4);
    count(each.sum::<usize>() + body)
}

pub(crate) fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap()
}

impl Seen {
    fn now(&self) -> MutexGuard<'_, Asked> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for Seen {
    fn name(&self) -> &'static str {
        "Seen"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        let mut body: Value = serde_json::from_slice(request.body().bytes().unwrap())?;
        body["ReturnConsumedCapacity"] = "TOTAL".into();
        let body = body.to_string();
        let headers = request.headers_mut();
        headers.insert("content-length", body.len().to_string());
        *request.body_mut() = body.into();
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let kind = config.load::<Metadata>().unwrap().name().to_owned();
        let answer: Value = serde_json::from_slice(context.response().body().bytes().unwrap())?;
        // A write that is refused is billed, too, and DynamoDB does not say by how much.
        assert!(
            context.response().status().is_success(),
            "{kind} was refused: {answer}"
        );
        let consumed = &answer["ConsumedCapacity"];
        // A transaction says it for each of its tables.
        let each = consumed
            .as_array()
            .map_or(std::slice::from_ref(consumed), Vec::as_slice);
        let halves = each.iter().map(|table| halves(&table["CapacityUnits"]));
        let halves: u64 = halves.sum();
        let mut asked = self.now();
        match kind.as_str() {
            "GetItem" | "Query" => asked.read_half_units += halves,
            _ => asked.write_units += halves / 2,
        }
        *asked.table.entry(kind).or_default() += 1;
        Ok(())
    }
}

/// Units as `DynamoDB` writes them: `6.5` are thirteen halves.
fn halves(units: &Value) -> u64 {
    let units = units.to_string();
    let (whole, rest) = units.split_once('.').unwrap_or((&units, "0"));
    let whole: u64 = whole.parse().unwrap();
    whole * 2
        + match rest {
            "0" => 0,
            "5" => 1,
            other => panic!("{other} is no half of a unit"),
        }
}

impl MakeWriter<'_> for Seen {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Write for Seen {
    /// Both who write here write whole lines.
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let mut asked = self.now();
        asked.log_lines += 1;
        asked.log_bytes += count(line.len());
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
