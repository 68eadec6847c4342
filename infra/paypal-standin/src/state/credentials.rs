//! Which secrets and tokens are good.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The secrets that are good, and the tokens that were made with them.
#[derive(Serialize, Deserialize)]
pub(crate) struct Credentials {
    /// Not kept: whoever starts again is told the secret again.
    #[serde(skip)]
    pub(crate) secrets: Vec<String>,
    pub(crate) tokens: BTreeMap<String, Token>,
}

#[derive(Serialize, Deserialize)]
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
