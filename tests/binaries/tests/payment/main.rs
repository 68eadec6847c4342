//! One payment through the built binaries, and what they say about it.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

mod astray;
mod canaries;
mod functions;
mod requests;
mod walk;
