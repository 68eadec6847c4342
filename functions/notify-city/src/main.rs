//! Wires the telling of changes to its schedule, the table's stream and the office API.

use jiff::Timestamp;
use lambda_http::Error;
use lambda_http::lambda_runtime::{LambdaEvent, run, service_fn};
use notify_city::{App, RUN_TIME, answer};
use serde_json::Value;
use tokio::time::Instant;

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::disallowed_methods, reason = "the clock is read here")]
async fn main() -> Result<(), Error> {
    logs::start(&|name| std::env::var(name).ok(), Timestamp::now);
    let app = App::from_vars(&|name| std::env::var(name).ok()).await;
    let app = &app.map_err(|error| error.to_string())?;
    run(service_fn(move |event: LambdaEvent<Value>| async move {
        answer(app, event, &Timestamp::now, Instant::now() + RUN_TIME).await
    }))
    .await
}
