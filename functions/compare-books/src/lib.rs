//! The nightly comparison: holds PayPal's own books against the table, both
//! ways, each minute of the night a part of it, until it is through.
//!
//! ```text
//! a minute of the night ─▶ where did the last run stop? ─▶ go on there
//! ```
//!
//! A function of its own, beside the sweep: ten thousand rows must keep no driver
//! waiting, and a minute with much to sweep must not cost the night.

use std::time::Duration;

use jiff::Timestamp;
use lambda_runtime::Error;
use paypal::{Config, PayPal, Transport};
pub use settle::NightRun;
use settle::Settle;
use store::Store;
use ticket::Captures;
use tokio::time::Instant;

/// How long a run works at most; less than the function's own time-out, and than
/// the minute until the next one.
pub const RUN_TIME: Duration = Duration::from_secs(50);

/// What this function works with.
pub struct App {
    /// The one door for money.
    pub settle: Settle,
}

impl App {
    /// Out of the environment.
    ///
    /// # Errors
    /// When a variable is missing or wrong; the error names it.
    pub async fn from_vars(vars: &dyn Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let paypal = PayPal::new(Config::from_vars(vars).await?, Transport::from_vars(vars)?);
        let store = Store::from_vars(vars)?;
        Ok(Self {
            settle: Settle::new(store, paypal, Captures::from_vars(vars)?),
        })
    }
}

/// Goes on with the night's comparison until it is through or `until` has come;
/// the next minute goes on with the rest.
///
/// # Errors
/// When the table does not answer: the next minute tries again.
pub async fn handle(
    app: &App,
    clock: &(dyn Fn() -> Timestamp + Sync),
    until: Instant,
) -> Result<NightRun, store::Error> {
    let run = app.settle.compare(clock, until).await;
    match &run {
        // The others have said what they came to.
        Ok(NightRun::UnderWay { .. } | NightRun::Ended(_)) => {}
        Ok(NightRun::Resting) => tracing::info!("the nightly comparison is through already"),
        Err(error) => tracing::error!(%error, "the nightly comparison could not go on"),
    }
    run
}
