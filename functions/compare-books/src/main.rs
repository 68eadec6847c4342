//! Wires the nightly comparison to its schedule.

use compare_books::{App, RUN_TIME, handle};
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;
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
    run(service_fn(move |_: LambdaEvent<Value>| async move {
        let until = Instant::now() + RUN_TIME;
        handle(app, &Timestamp::now, until)
            .await
            .map_err(Error::from)
    }))
    .await
}
