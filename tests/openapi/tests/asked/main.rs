//! The office API as it runs on one machine is asked, and answers as it is described.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

mod asking;
mod bodies;
mod tokens;
