//! Wires `issue-tickets` to its Lambda.

use gateway::Answer;
use issue_tickets::{App, handle};
use jiff::Timestamp;
use lambda_http::{Error, Request, run, service_fn};

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where this function reads the clock"
)]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logs::start(&|name| std::env::var(name).ok(), Timestamp::now);
    let app = &App::from_vars(&|name| std::env::var(name).ok())
        .await
        .map_err(|error| error.to_string())?;
    app.prime(Timestamp::now()).await;
    run(service_fn(move |request: Request| async move {
        Ok::<_, Error>(Answer(handle(app, request, Timestamp::now()).await))
    }))
    .await
}
