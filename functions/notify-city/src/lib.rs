//! Tells the city's systems of every change of every ticket: signed webhooks, in the form
//! of the Standard Webhooks specification.
//!
//! ```text
//! a change is in the feed ─▶ the table's stream ─┐
//! a minute passes ───────────────────────────────┼─▶ a subscriber's turn ─▶ what is new in
//!                                                │     the feed ─▶ what has failed and is due
//! GET  /subscribers/{id}               how far it has heard, what could not be told
//! POST /subscribers/{id}/redeliveries  { "since"? }   again, by the next run
//! ```
//!
//! The feed is the queue: nothing is lost by not being sent now. What was sent and not
//! written down is sent again, under the same id: a subscriber drops the ids that it
//! knows, and goes by `data.at` of each ticket.

mod patience;
mod resolver;
mod routes;
mod sender;
mod signed;
mod subscriptions;
mod telling;
mod wake;

use std::convert::Infallible;
use std::time::Duration;

use gateway::Answer;
use jiff::Timestamp;
use lambda_http::lambda_runtime::LambdaEvent;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Error, Request, Service, service_fn};
use serde_json::Value;
use store::Store;
use tokio::time::Instant;

pub use patience::{PAUSES, TRIED_FOR, WAITS};
pub use routes::handle;
pub use sender::{Sender, SenderError};
pub use subscriptions::{InvalidSubscribers, Subscription, Subscriptions};
pub use telling::{Told, tell};
pub use wake::Wake;

/// How long a run works at most: the template gives it ten seconds more, in which what
/// is being sent is answered or given up, and written down.
pub const RUN_TIME: Duration = Duration::from_secs(45);

/// What this function works with.
pub struct App {
    /// The feed, and how far everybody has heard.
    pub store: Store,
    /// Who is told.
    pub subscriptions: Subscriptions,
    /// The way to them.
    pub sender: Sender,
}

/// The environment does not say what this function needs; refuse to start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A variable of the table.
    #[error(transparent)]
    Store(#[from] store::ConfigError),
    /// `SUBSCRIBERS`.
    #[error(transparent)]
    Subscribers(#[from] InvalidSubscribers),
    /// The TLS library refuses its own defaults.
    #[error(transparent)]
    Sender(#[from] SenderError),
}

impl App {
    /// Reads the environment.
    ///
    /// # Errors
    /// When a variable is missing or wrong; the error names it.
    pub async fn from_vars(vars: &dyn Fn(&str) -> Option<String>) -> Result<Self, StartError> {
        let subscriptions = Subscriptions::from_vars(vars).await?;
        Ok(Self {
            store: Store::from_vars(vars)?,
            sender: Sender::new(subscriptions.on_loopback)?,
            subscriptions,
        })
    }
}

/// The event is none that any trigger of this function brings.
#[derive(Debug, thiserror::Error)]
#[error("this function knows a minute, records of the table's stream, and requests")]
pub struct UnknownEvent;

/// Does what an event asks for: answers a request, or tells what there is to tell.
///
/// # Errors
/// When the event is unknown, or the table does not answer: the next minute tries again.
pub async fn answer(
    app: &App,
    event: LambdaEvent<Value>,
    clock: &(dyn Fn() -> Timestamp + Sync),
    until: Instant,
) -> Result<Value, Error> {
    let payload = event.payload;
    if payload["requestContext"].is_object() {
        let request: LambdaRequest = serde_json::from_value(payload)?;
        let answers = service_fn(|request: Request| async {
            Ok::<_, Infallible>(Answer(handle(app, request, clock()).await))
        });
        let request = LambdaEvent::new(request, event.context);
        let Ok(answer) = Adapter::from(answers).call(request).await;
        return Ok(serde_json::to_value(answer)?);
    }
    let wake = Wake::of(&payload).ok_or(UnknownEvent)?;
    let told = tell(app, wake, clock, until).await?;
    // Not in `tell`, which a desk calls each second.
    if told == Told::default() {
        tracing::info!("there was nothing to tell the city");
    }
    Ok(serde_json::to_value(told)?)
}
