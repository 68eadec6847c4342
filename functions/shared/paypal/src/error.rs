//! What may go wrong in a call: each variant says what the caller may do now.

use crate::TransportError;

/// A call that did not give what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing came back in time, or nothing could be sent: what was asked for
    /// may have happened. Ask again later, with the same request id.
    #[error("{call}: no answer")]
    NoAnswer {
        /// The call, as this crate names it.
        call: &'static str,
        /// What the transport saw.
        source: TransportError,
    },
    /// An answer that does not say whether it happened: 5xx, 408, 409, 429, a
    /// 2xx that cannot be read or is about something else, a web page. Ask
    /// again later, with the same request id.
    #[error("{call}: unclear answer, status {status}")]
    Unclear {
        /// The call, as this crate names it.
        call: &'static str,
        /// The HTTP status.
        status: u16,
        /// `PayPal`'s handle for its support.
        debug_id: Option<String>,
    },
    /// The access token is not taken (any more): fetch a new one once, repeat
    /// with the same request id.
    #[error("{call}: the access token is not taken")]
    Unauthorized {
        /// The call, as this crate names it.
        call: &'static str,
        /// `PayPal`'s handle for its support.
        debug_id: Option<String>,
    },
    /// `PayPal` knows no such thing: an order that has expired, or one of
    /// another account.
    #[error("{call}: not found")]
    NotFound {
        /// The call, as this crate names it.
        call: &'static str,
        /// `PayPal`'s handle for its support.
        debug_id: Option<String>,
    },
    /// A definite no: it did not happen, except where the issue says that it
    /// already has ([`Issue::OrderAlreadyCaptured`],
    /// [`Issue::OrderCompletionInProgress`]).
    #[error("{call}: refused with {status}, {issue:?}")]
    Refused {
        /// The call, as this crate names it.
        call: &'static str,
        /// The HTTP status.
        status: u16,
        /// Why.
        issue: Issue,
        /// `PayPal`'s handle for its support.
        debug_id: Option<String>,
        /// Where the payer can mend it, when the payer can; checked to be
        /// `PayPal`'s own.
        approve_url: Option<String>,
    },
}

/// Why `PayPal` refused. Only `details[].issue` decides; texts may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issue {
    /// Bank or card said no: the payer may choose another at `PayPal`; the next
    /// capture needs a new request id.
    InstrumentDeclined,
    /// The payer has to go to `PayPal` once more.
    PayerActionRequired,
    /// Too early, or the approval is gone.
    OrderNotApproved,
    /// Somebody else's call, or our own lost one, was faster: read the order.
    OrderAlreadyCaptured,
    /// It is being captured right now: read the order later.
    OrderCompletionInProgress,
    /// This order takes no more tries: make a new one.
    AttemptsExceeded,
    /// The invoice id was used before: look for its money first.
    DuplicateInvoiceId,
    /// `PayPal` will not take this payer's money; another way to pay is needed.
    PayerCannotPay(String),
    /// Something about our own account or its settings: alarm.
    OurAccount(String),
    /// Our request is wrong: a bug, alarm.
    OurRequest(String),
    /// An issue newer than this code, or one that cannot come of our requests:
    /// read the order first, then alarm.
    Other(String),
}
