//! Which secrets and tokens are good.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// The secrets that are good, and the tokens that were made with them.
pub(crate) struct Credentials {
    pub(crate) secrets: Vec<String>,
    pub(crate) tokens: BTreeMap<String, Token>,
}

pub(crate) struct Token {
    pub(crate) known_from: Timestamp,
    pub(crate) expires_at: Timestamp,
    /// Whether it may search transactions.
    pub(crate) searches: bool,
}

impl Credentials {
    pub(crate) fn new(secret: &str) -> Self {
        Self {
            secrets: vec![secret.to_owned()],
            tokens: BTreeMap::new(),
        }
    }
}
