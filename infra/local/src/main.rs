//! `cargo run`: the whole stack on this machine.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use aws_lc_rs::rand;
use jiff::Timestamp;
use local::{Arguments, Invocation, Logs, Stack, USAGE};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    let Err(error) = run().await else {
        return ExitCode::SUCCESS;
    };
    // The sentences say what to do; `Debug`, which Rust prints of an error that
    // `main` returns, would hide them.
    let mut sentences = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        sentences = format!("{sentences}: {error}");
        source = error.source();
    }
    let _ = writeln!(std::io::stderr(), "{sentences}");
    ExitCode::FAILURE
}

#[expect(
    clippy::disallowed_methods,
    reason = "the clock is read here and handed in"
)]
async fn run() -> Result<(), Box<dyn Error>> {
    let mut stdout = std::io::stdout();
    let arguments = match Arguments::parse(std::env::args_os().skip(1))? {
        Invocation::Help => return Ok(stdout.write_all(USAGE.as_bytes())?),
        Invocation::Start(arguments) => arguments,
    };
    let logs = Logs::start(std::env::var("RUST_LOG").ok().as_deref())?;
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
    let (introduction, ready) = (stack.introduction(), stack.ready_line());
    writeln!(stdout, "{code}\n\n{introduction}{ready}")?;
    stdout.flush()?;
    logs.ready();
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    stack.stop().await;
    Ok(())
}
