//! The only crate that knows a table exists: one DynamoDB table, conditional
//! writes and transactions, no other truth.
//!
//! `infra/table.md` lists question → key → who asks. Every read that decides
//! about money or says "paid" is strongly consistent; only the index of open
//! attempts is not, and it only says where to look.

mod access_token;
mod attempts;
mod awaiting;
mod booking;
mod books;
mod case_file;
mod clerk;
mod client;
mod error;
mod events;
mod keys;
mod lock;
mod mending;
mod municipality;
mod nights;
mod open_attempts;
mod records;
mod taken_back;
mod tickets;
mod write;

pub use access_token::StoredToken;
pub use awaiting::ticket_without_ended_mark;
pub use books::{Booked, OpenRefund, QueuePage, Queued};
pub use case_file::CaseFile;
pub use clerk::{Change, ClerkPayment};
pub use client::Store;
pub use error::{ConfigError, Error, Write};
pub use events::{EventOutcome, StoredEvent};
pub use keys::SHARDS;
pub use lock::{Held, Released};
pub use nights::{EndedNight, Night, Nights};
pub use open_attempts::{OpenAttempt, Queue, Shard};
pub use records::{
    Attempt, AttemptState, Decline, JournalEntry, JournalEvent, PlacedOrder, Snapshot, TakenBack,
    TakenBackKind,
};
pub use tickets::Issued;
