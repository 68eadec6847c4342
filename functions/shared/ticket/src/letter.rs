//! The right to print a letter about a ticket, or to go on to a fine order, until a
//! moment: while it runs, the driver is told, and it ends by itself.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Ticket;

/// A lease for a letter: who asked for it, and until when it runs. Paying stays possible,
/// and the city hears of it at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterLease {
    /// Until when.
    pub until: Timestamp,
    /// Who asked for it.
    pub by: String,
}

impl Ticket {
    /// Until when a letter about it is on its way, if one is.
    #[must_use]
    pub fn letter_until(&self, at: Timestamp) -> Option<Timestamp> {
        let lease = self.letter_lease.as_ref()?;
        Some(lease.until).filter(|until| *until > at)
    }
}
