//! Wires the pay button.

use std::convert::Infallible;

use gateway::Answer;
use jiff::Timestamp;
use lambda_http::{Error, Request, run, service_fn};
use start_checkout::{App, handle, random};

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
    app.prime(Timestamp::now()).await;
    run(service_fn(move |request: Request| async move {
        Ok::<_, Infallible>(Answer(
            handle(app, request, &random, Timestamp::now()).await,
        ))
    }))
    .await
}
