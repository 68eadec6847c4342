//! `cargo run`: the whole stack on this machine.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;

use aws_lc_rs::rand;
use jiff::Timestamp;
use local::{Arguments, Asked, Stack, USAGE};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
#[expect(
    clippy::disallowed_methods,
    reason = "the clock is read here and handed in"
)]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let mut stdout = std::io::stdout();
    let arguments = match Arguments::parse(std::env::args_os().skip(1))? {
        Asked::Help => return Ok(stdout.write_all(USAGE.as_bytes())?),
        Asked::Start(arguments) => arguments,
    };
    let mut seed = [0; 8];
    rand::fill(&mut seed)?;
    let stack = Stack::start(arguments.with(
        Arc::new(|name| std::env::var(name).ok()),
        Arc::new(Timestamp::now),
        u64::from_ne_bytes(seed),
    ))
    .await?;
    let code = QrCode::new(stack.ticket_url())?;
    // Blocks are drawn in the terminal's foreground, which is the light colour
    // on most of them: a code with light and dark exchanged is not read by
    // every camera.
    let code = code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .build();
    writeln!(stdout, "{code}\n{}", stack.ready_line())?;
    stdout.flush()?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    stack.stop().await;
    Ok(())
}
