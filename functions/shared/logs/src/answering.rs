//! The last line of a request.

use std::time::Instant;

/// A request that is being answered.
#[derive(Clone, Copy, Debug)]
pub struct Answering {
    since: Instant,
}

impl Answering {
    /// A request has come in.
    #[must_use]
    pub fn begins() -> Self {
        Self {
            since: Instant::now(),
        }
    }

    /// How long it has taken until now.
    #[must_use]
    pub fn ms(self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// It is answered. `route` is a literal of whoever answers, like `/t/{token}`: the
    /// address that was asked for holds the token, and does not fit in here.
    ///
    /// A function that dies before has no such line; Lambda writes one that says so.
    pub fn ends(self, method: &str, route: &'static str, status: u16) {
        tracing::info!(
            method,
            route,
            status,
            ms = self.ms(),
            "a request was answered"
        );
    }
}
