//! A Lambda as the gateway calls it: an event goes in, an answer comes out.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body, Context, LambdaEvent, Request, Response, Service, service_fn};
use serde_json::Value;

type Invocation = Pin<Box<dyn Future<Output = Result<Value, Crashed>> + Send>>;

/// A function behind one of the APIs.
#[derive(Clone)]
pub struct Function {
    name: String,
    timeout: Duration,
    call: Arc<dyn Fn(LambdaEvent<LambdaRequest>) -> Invocation + Send + Sync>,
}

/// The function gave no answer: what Lambda calls a function error.
#[derive(Debug, thiserror::Error)]
pub enum Crashed {
    /// It panicked, or its answer cannot be written down.
    #[error("{name} panicked or gave no answer")]
    Panicked {
        /// The function's name.
        name: String,
    },
    /// It ran longer than the template allows.
    #[error("{name} timed out after {timeout:?}")]
    TimedOut {
        /// The function's name.
        name: String,
        /// The template's `Timeout`.
        timeout: Duration,
    },
    /// The event is none that `lambda_http` reads.
    #[error("the gateway made an event that lambda_http does not read")]
    Unreadable(#[source] serde_json::Error),
}

impl Function {
    /// A function out of its crate's own `handle`.
    ///
    /// Events and answers take the way they take on Lambda: through
    /// `lambda_http`'s own types on both sides.
    pub fn new<H, F>(name: &str, timeout: Duration, handle: H) -> Self
    where
        H: Fn(Request) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let call = move |event: LambdaEvent<LambdaRequest>| -> Invocation {
            let handle = handle.clone();
            Box::pin(async move {
                let answering = service_fn(move |request: Request| {
                    let answer = handle(request);
                    async move { Ok::<_, Infallible>(answer.await) }
                });
                let Ok(answer) = Adapter::from(answering).call(event).await;
                serde_json::to_value(answer).map_err(Crashed::Unreadable)
            })
        };
        Self {
            name: name.to_owned(),
            timeout,
            call: Arc::new(call),
        }
    }

    /// The function's name, `show-ticket`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs the function once and waits for its answer.
    ///
    /// # Errors
    /// When it panics, takes too long, or cannot read the event.
    pub async fn invoke(&self, event: &Value, now: Timestamp) -> Result<Value, Crashed> {
        // By way of the text, as on Lambda: what would not survive being
        // written down must not arrive here either.
        let request = serde_json::from_str(&event.to_string()).map_err(Crashed::Unreadable)?;
        let mut context = Context::default();
        "local".clone_into(&mut context.request_id);
        let deadline_ms = now
            .as_millisecond()
            .saturating_add(i64::try_from(self.timeout.as_millis()).unwrap_or(i64::MAX));
        context.deadline = u64::try_from(deadline_ms).unwrap_or_default();
        // A task of its own, since on Lambda an invocation goes on when the
        // browser has left; a panic stays inside it.
        let mut running = tokio::spawn((self.call)(LambdaEvent::new(request, context)));
        match tokio::time::timeout(self.timeout, &mut running).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Crashed::Panicked {
                name: self.name.clone(),
            }),
            Err(_) => {
                running.abort();
                Err(Crashed::TimedOut {
                    name: self.name.clone(),
                    timeout: self.timeout,
                })
            }
        }
    }
}
