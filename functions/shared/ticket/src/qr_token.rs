//! What the QR code on the notice says.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The signed token of a ticket's QR code, as it was printed: whoever has it sees the
/// case. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct QrToken(String);

impl QrToken {
    /// The token.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for QrToken {
    fn from(token: String) -> Self {
        Self(token)
    }
}

impl fmt::Debug for QrToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QrToken(…)")
    }
}
