//! Wires sweep and reconciliation to their schedules, and to whoever calls by hand.

use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use reconcile_payments::{App, answer};
use serde_json::Value;
use settle::sweep::SWEEP_TIME;
use tokio::time::Instant;

#[tokio::main(flavor = "current_thread")]
#[expect(
    clippy::disallowed_methods,
    reason = "the clock is read here and handed in"
)]
async fn main() -> Result<(), Error> {
    logs::start(&|name| std::env::var(name).ok(), Timestamp::now);
    let app = &App::from_vars(&|name| std::env::var(name).ok())
        .await
        .map_err(|error| error.to_string())?;
    run(service_fn(move |event: LambdaEvent<Value>| async move {
        let until = Instant::now() + SWEEP_TIME;
        let answered = answer(app, &event.payload, &Timestamp::now, until).await;
        answered.map_err(Error::from)
    }))
    .await
}
