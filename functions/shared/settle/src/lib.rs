//! The one door for money. The driver's return, PayPal's webhook and the sweep
//! are three wake-up calls for the same function:
//!
//! ```text
//! settle(attempt):  ask PayPal about the order of an ended lock, if there is one
//!                   ask PayPal about the attempt's own order
//!                     approved ─▶ take the lock ─▶ capture ─▶ book what PayPal answers
//!                     captured ─▶ book
//! ```
//!
//! | file | what is in it |
//! |---|---|
//! | `decision` | what follows from what is known; it does nothing |
//! | `settling`, `resolving` | doing it: for an attempt's own order, for a lock that has ended |
//! | `capture`, `asking` | the calls: the one that moves money, and those that ask |
//! | `reading`, `refusal` | what an answer is worth, and what a refusal means |
//! | `writing_down` | booking, marking, releasing, ending |
//! | `checkout`, `invoice_id` | making an order, and by which number |
//! | `awaiting`, `silence` | money that may still come, and who is told that it does not |
//! | `taken_back` | refunds, reversals, disputes: what PayPal says has left |
//! | `refunding` | having PayPal give back what was decided |
//! | `sweep` | what is open, minute by minute |
//! | `books` | PayPal's own books against the table, and back |
//! | `trail` | which lines of the log belong together, and what came of a look |
//! | `paypal_token`, `budget_per_ticket`, `limits`, `moment` | what each of these needs |
//!
//! Only the capture call moves money; it is made under a lock on the *ticket*,
//! exclusive, fenced, whose lease outlives every process that could be inside
//! the call. PayPal's API is the truth: no webhook body and no redirect is
//! believed. After no answer nothing is assumed: the lock stays and the sweep
//! asks. `reconcile` looks the other way round: what PayPal's own books show
//! and the table does not know is booked. Why it is so, and what breaks without each
//! part: README, "invariants".

mod asking;
mod awaiting;
mod books;
mod budget_per_ticket;
mod capture;
mod checkout;
pub mod decision;
mod invoice_id;
pub mod limits;
mod moment;
mod paypal_token;
mod reading;
#[cfg(feature = "sweep")]
mod refunding;
mod refusal;
mod resolving;
mod settling;
mod silence;
#[cfg(feature = "sweep")]
pub mod sweep;
mod taken_back;
mod trail;
mod writing_down;

use std::sync::Mutex;

use jiff::Timestamp;
use paypal::PayPal;
use store::{Attempt, Store};
use ticket::{Captures, Ticket};
use tokio::time::Instant;

pub use books::{Comparison, NIGHT_MISSING_AFTER, NIGHT_REACH, NightRun, Reconciled, Sum, Window};
pub use checkout::{Checkout, Payer};
pub use moment::Moment;
pub use taken_back::{Claim, TakingBack};

/// What settles payments: a table and a PayPal.
pub struct Settle {
    store: Store,
    paypal: PayPal,
    captures: Captures,
    access: Mutex<paypal_token::Access>,
    asks: budget_per_ticket::Asks,
}

/// How a payment attempt stands after it was settled.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The ticket, as read last.
    pub ticket: Ticket,
    /// The attempt, as read last.
    pub attempt: Attempt,
    /// What is known about the money.
    pub progress: Progress,
}

/// Who wakes `settle` up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// The driver, back from PayPal.
    Return,
    /// PayPal, by a webhook.
    Webhook,
    /// Nobody: time has passed, or another question led here.
    Sweep,
    /// PayPal's books: they show money, so nothing is captured here; what is
    /// left to capture for the same ticket could be a second payment.
    Books,
}

/// What is known about an attempt's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Ticket and attempt say all there is.
    Known,
    /// The payer has not approved at PayPal, or no longer does.
    NotApproved,
    /// The money may have moved, or is about to: nobody may be asked to pay.
    Unclear,
}

impl Settle {
    /// Settles through this table and this PayPal.
    #[must_use]
    pub fn new(store: Store, paypal: PayPal, captures: Captures) -> Self {
        Self {
            store,
            paypal,
            captures,
            access: Mutex::default(),
            asks: budget_per_ticket::Asks::default(),
        }
    }

    /// At INIT, where a Lambda has a whole CPU: gets hold of an access token, which opens the
    /// connection to the table, and opens that to PayPal. A failure says nothing; the first
    /// request tries again.
    pub async fn prime(&self, now: Timestamp) {
        let deadline = Instant::now() + limits::PRIME_TIMEOUT;
        let token = tokio::time::timeout_at(deadline, self.access_token(Moment { now, deadline }));
        let (token, ()) = tokio::join!(token, self.paypal.prime(deadline));
        if !matches!(token, Ok(Ok(_))) {
            tracing::warn!("no access token could be had at start");
        }
    }
}
