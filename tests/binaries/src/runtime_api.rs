//! The Lambda Runtime API, as far as one process of one function needs it.
//!
//! Source: AWS Lambda developer guide, "Using the Lambda runtime API":
//! paths, headers, and that `/response`, `/error` and `/init/error` are
//! answered with 202.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

/// How the function ended an invocation.
pub(crate) type Outcome = Result<Value, Value>;

/// One function's Runtime API.
pub(crate) struct RuntimeApi {
    /// `AWS_LAMBDA_RUNTIME_API`: host and port.
    pub(crate) address: String,
    queue: mpsc::UnboundedSender<Invocation>,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

struct Invocation {
    id: String,
    event: Value,
    deadline: Timestamp,
}

struct Shared {
    /// What waits to be fetched by `/next`.
    waiting: tokio::sync::Mutex<mpsc::UnboundedReceiver<Invocation>>,
    /// Who waits for which answer.
    asked: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
    /// How many `/next` has handed out.
    handed_out: watch::Sender<u32>,
}

impl RuntimeApi {
    pub(crate) async fn start() -> Self {
        let (queue, waiting) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            waiting: tokio::sync::Mutex::new(waiting),
            asked: Mutex::default(),
            handed_out: watch::Sender::new(0),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let invocation = "/2018-06-01/runtime/invocation";
        let router = Router::new()
            .route(&format!("{invocation}/next"), get(next))
            .route(&format!("{invocation}/{{id}}/response"), post(response))
            .route(&format!("{invocation}/{{id}}/error"), post(error))
            .route(
                "/2018-06-01/runtime/init/error",
                post(async || StatusCode::ACCEPTED),
            )
            .with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            address,
            queue,
            shared,
            serving,
        }
    }

    /// Hands an event to the function; its answer comes out of the receiver.
    pub(crate) fn invoke(
        &self,
        id: &str,
        event: Value,
        now: Timestamp,
        timeout: Duration,
    ) -> oneshot::Receiver<Outcome> {
        let (sender, receiver) = oneshot::channel();
        self.shared
            .asked
            .lock()
            .unwrap()
            .insert(id.to_owned(), sender);
        let invocation = Invocation {
            id: id.to_owned(),
            event,
            deadline: now + timeout,
        };
        assert!(
            self.queue.send(invocation).is_ok(),
            "the Runtime API is gone"
        );
        receiver
    }

    /// Waits until the process has fetched this many invocations.
    pub(crate) async fn has_handed_out(&self, invocations: u32) {
        let mut handed_out = self.shared.handed_out.subscribe();
        let enough = handed_out.wait_for(|count| *count >= invocations).await;
        assert!(enough.is_ok(), "the Runtime API is gone");
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    let Some(invocation) = shared.waiting.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    shared.handed_out.send_modify(|count| *count += 1);
    let headers = [
        ("lambda-runtime-aws-request-id", invocation.id),
        (
            "lambda-runtime-deadline-ms",
            invocation.deadline.as_millisecond().to_string(),
        ),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:eu-central-1:111122223333:function:test".to_owned(),
        ),
        (
            "lambda-runtime-trace-id",
            "Root=1-69500000-000000000000000000000001;Sampled=0".to_owned(),
        ),
    ];
    (
        axum::response::AppendHeaders(headers),
        invocation.event.to_string(),
    )
        .into_response()
}

async fn response(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> StatusCode {
    shared.answer(&id, Ok(read(&body)))
}

async fn error(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> StatusCode {
    shared.answer(&id, Err(read(&body)))
}

fn read(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into())
}

impl Shared {
    fn answer(&self, id: &str, outcome: Outcome) -> StatusCode {
        // Nobody waits any more when the test has given up already.
        if let Some(asked) = self.asked.lock().unwrap().remove(id) {
            let _ = asked.send(outcome);
        }
        StatusCode::ACCEPTED
    }
}
