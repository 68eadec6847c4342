//! The payer, who decides on a page of `PayPal`'s.

/// What the payer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payer {
    /// Approves and returns.
    Pays,
    /// Approves with a card that the bank will refuse, and returns.
    Declines,
    /// Cancels and returns.
    Cancels,
    /// Approves and never returns.
    ClosesWindow,
}

/// Where the payer's browser goes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leads {
    /// To this address of the merchant's.
    To(String),
    /// Nowhere: the window is closed, or the order names no address.
    Nowhere,
}

/// The payer cannot do this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayerError {
    /// No such order, or it has expired.
    #[error("the order does not exist or has expired")]
    NoSuchOrder,
}
