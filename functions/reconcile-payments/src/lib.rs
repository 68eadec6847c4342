//! The sweep, each minute; and the reconciliation by hand: holds PayPal's own books
//! against the table after a restore. `compare-books` does so each night.
//!
//! ```text
//! a minute has passed    each open attempt that is due ─▶ settle it
//! {"reconcile": {…}}     each row of PayPal's books ─▶ booked? ─▶ book it
//! ```

mod request;

use lambda_runtime::Error;
use paypal::{Config, PayPal, Transport};
pub use request::{Answer, InvalidEvent, Request, answer};
use settle::Settle;
use settle::sweep::Pace;
use store::Store;
use ticket::Captures;

/// What this function works with.
pub struct App {
    /// The one door for money.
    pub settle: Settle,
    /// How fast it may be used here.
    pub pace: Pace,
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
            pace: Pace::from_vars(vars)?,
        })
    }
}
