//! The functions' built binaries, run as Lambda runs them: behind a Runtime
//! API, with the variables `template.yaml` gives them and no others.
//!
//! ```text
//! a test ─▶ Lambda::invoke ─▶ Runtime API ─▶ bootstrap ─┬─▶ table (embedded)
//!                                                       ├─▶ PayPal stand-in
//!                                                       └─▶ parameter store
//! ```
//!
//! Cargo does not build another package's binaries for a test: build them
//! first, with `tests/run` or with [`BUILD`].

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]
#![expect(
    clippy::missing_panics_doc,
    reason = "whatever goes wrong here fails the test"
)]

mod answer;
mod bootstrap;
mod city;
mod clock;
pub mod events;
mod lambda;
mod parameter_store;
mod runtime_api;
mod tls;

pub use answer::{Answer, query};
pub use bootstrap::{BUILD, FUNCTIONS};
pub use city::{City, OPTIONAL, OWN_VARIABLES_OF_A_TEST, SUBSCRIBER, Variables};
pub use clock::{clock, now};
pub use lambda::{Ended, Killed, Lambda, Output};
