//! How a function comes to AWS and to PayPal: one way to trust, and one small client.
//!
//! Whom to trust is compiled in. The system's own list would be read and parsed at every start,
//! which costs as much as a handshake; it is Mozilla's in both places.

mod client;
mod endpoint;
mod roots;

pub use client::Https;
pub use endpoint::endpoint;
pub use roots::{RootsError, tls, trusted};

#[cfg(test)]
mod tests;
