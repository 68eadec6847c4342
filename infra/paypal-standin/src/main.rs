//! The stand-in on a port of its own: `paypal-standin --port 8082`.

mod command_line;

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use command_line::{CommandLine, HELP};
use jiff::Timestamp;
use paypal_standin::Standin;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Err(error) = run().await else {
        return ExitCode::SUCCESS;
    };
    // The sentence says what to do; `Debug`, which Rust prints of an error that `main`
    // returns, would hide it.
    let _ = writeln!(std::io::stderr(), "{error}");
    ExitCode::FAILURE
}

async fn run() -> Result<(), Box<dyn Error>> {
    let Some(command_line) = CommandLine::read(lexopt::Parser::from_env())? else {
        return Ok(std::io::stdout().write_all(HELP.as_bytes())?);
    };
    let address = ("127.0.0.1", command_line.port);
    let listener = tokio::net::TcpListener::bind(address).await;
    let listener = listener.map_err(|error| {
        let port = command_line.port;
        format!("cannot listen on 127.0.0.1:{port}: {error}; --port 0 takes any free one")
    })?;
    let origin = listener.local_addr()?;
    let settings = command_line.settings(origin.port());
    #[expect(clippy::disallowed_methods, reason = "here the clock is read")]
    let clock = Arc::new(Timestamp::now);
    let standin = Arc::new(Standin::new(settings, clock, command_line.seed)?);
    writeln!(std::io::stdout(), "ready paypal=http://{origin}")?;
    tokio::spawn(Arc::clone(&standin).deliver());
    Ok(axum::serve(listener, standin.router()).await?)
}
