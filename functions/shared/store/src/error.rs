use std::error::Error as StdError;

/// What a caller may do now.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Throttled, down, or no answer in time. A read says nothing; a write may
    /// or may not have happened. Ask again later; show nothing as fact.
    #[error("{call}: the table did not answer: {}", chain(&**source))]
    Unavailable {
        /// What was asked.
        call: &'static str,
        /// The cause, as the SDK states it.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// An item does not read as what its key says it is. Asking again will not
    /// help; park it for a human.
    #[error("{item}: the item is unreadable: {}", chain(&**source))]
    Unreadable {
        /// What was read.
        item: &'static str,
        /// The cause.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The municipality's configuration is not in the table.
    #[error("the table holds no configuration for MUNICIPALITY {id}: write it from its JSON file")]
    NotConfigured {
        /// The municipality asked for.
        id: String,
    },
}

/// The environment does not say what the store needs.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A variable is missing.
    #[error("{variable} is not set: {what}")]
    Missing {
        /// The variable.
        variable: &'static str,
        /// What to write there.
        what: &'static str,
    },
    /// Nobody can be trusted.
    #[error(transparent)]
    Roots(#[from] https::RootsError),
}

/// What became of a conditional write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Write {
    /// It happened, just now or by an earlier copy of the same call.
    Done,
    /// Its condition did not hold: somebody else was first. Read again.
    Refused,
}

/// An error with its causes, in one line: the SDK says little in the first.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
