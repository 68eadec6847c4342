//! A city in a test: the functions' own handlers on the events of `events/`,
//! the real SDK on an embedded table of its own, and a PayPal that keeps
//! books. Nothing of ours is replaced but the way to PayPal, which does not
//! leave the process.
//!
//! `DYNAMODB_URL` names another engine for the same journeys; each city then
//! gets a table of its own name there.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "support for tests: what fails here is a failed test"
)]

mod alarms;
mod between;
mod browser;
mod city;
mod engine;
mod events;
mod functions;
mod lines;
mod night;
mod office;
mod restore;
mod role;
mod subscriber;

pub use alarms::Alarms;
pub use between::RequestLine;
pub use browser::Page;
pub use city::{City, OFFENCE_NUMBER, PLACE, PLATE, Return, open_ticket};
pub use events::{event, request};
pub use functions::Functions;
pub use lines::{Lines, read};
pub use night::MINUTES;
pub use office::{Answered, Payment};
pub use restore::Backup;
pub use subscriber::{Answers, Heard, SECRETS, Subscriber};
