//! What a row of PayPal's books has come to.

/// What a row has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowOutcome {
    /// The table has it.
    Booked {
        /// What the table has, in euro cents.
        cents: i64,
        /// Since just now.
        found: bool,
    },
    /// PayPal holds it back.
    Pending,
    /// PayPal keeps it for a dispute that is on its ticket.
    Held,
    /// Money that was taken back is here again: nothing books it by itself.
    Returned,
    /// It is for a case number the table does not know.
    NoTicket,
    /// It is no ticket's.
    Foreign {
        /// PayPal was asked about it; else it was known.
        asked: bool,
    },
    /// PayPal or the table did not say enough, or contradict each other.
    Unclear,
}
