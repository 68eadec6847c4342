//! The stand-in on a port of its own: `paypal-standin --port 8082`.

mod command_line;

use std::io::Write as _;
use std::sync::Arc;

use command_line::{CommandLine, Failed};
use jiff::Timestamp;
use paypal_standin::Standin;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failed> {
    let command_line = CommandLine::read(lexopt::Parser::from_env())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", command_line.port)).await?;
    let settings = command_line.settings(listener.local_addr()?.port());
    #[expect(clippy::disallowed_methods, reason = "here the clock is read")]
    let clock = Arc::new(Timestamp::now);
    let standin = Arc::new(Standin::new(settings, clock, command_line.seed)?);
    let origin = listener.local_addr()?;
    writeln!(std::io::stdout(), "ready paypal=http://{origin}")?;
    tokio::spawn(Arc::clone(&standin).deliver());
    Ok(axum::serve(listener, standin.router()).await?)
}
