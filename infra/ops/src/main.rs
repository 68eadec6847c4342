//! `cargo run -p ops -- …`: what whoever deploys does to a stack.

use std::process::ExitCode;

use jiff::Timestamp;

#[tokio::main(flavor = "current_thread")]
#[expect(
    clippy::disallowed_methods,
    reason = "the clock is read here and handed in"
)]
async fn main() -> ExitCode {
    let vars = |name: &str| std::env::var(name).ok();
    let arguments = std::env::args_os().skip(1);
    ops::run(arguments, &vars, Timestamp::now()).await.print()
}
