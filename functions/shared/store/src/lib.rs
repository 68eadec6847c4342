//! The only crate that knows a table exists: one DynamoDB table, conditional
//! writes and transactions, no other truth.
//!
//! `infra/table.md` lists question → key → who asks. Every read that decides
//! about money or says "paid" is strongly consistent; only the index of open
//! attempts is not, and it only says where to look.
//!
//! | room | what is in it |
//! |---|---|
//! | `tickets` | issuing, reading, what the city does by hand; the city's configuration |
//! | `payments` | attempts and their index, the lock, booking, what is taken back, refunds, webhook events |
//! | `ledger` | the journal, the feed of changes, and the queue of the export |
//! | `comparison` | how far the nights are, foreign money, open refunds |
//! | `subscribers` | who is told of changes, how far each has heard, what could not be told |
//! | `lists` | what stands in a state, page by page |
//! | `administration` | what is asked of the whole table, by no function |
//! | `dynamo` | the client, every key, transactions |

#[cfg(feature = "administration")]
mod administration;
mod comparison;
mod dynamo;
mod error;
mod ledger;
mod lists;
mod payments;
mod subscribers;
mod tickets;

pub use comparison::nights::{EndedNight, Night, Nights};
pub use comparison::open_refunds::OpenRefund;
pub use dynamo::client::Store;
pub use dynamo::keys::SHARDS;
pub use error::{ConfigError, Error, Write};
pub use ledger::changes::{ChangePage, TicketChange};
pub use ledger::cursor::{ChangeCursor, NoChangeCursor, SETTLED_AFTER};
pub use ledger::export::{Booked, QueuePage, Queued};
pub use ledger::journal::{Act, JournalEntry, JournalEvent, Snapshot};
pub use lists::{ListPage, Place};
pub use payments::access_token::StoredToken;
pub use payments::awaiting::ticket_without_ended_mark;
pub use payments::booking::Booker;
pub use payments::events::{EventOutcome, StoredEvent};
pub use payments::lock::{Held, Released};
pub use payments::mending::parts::BookingParts;
pub use payments::open_work::{OpenWork, Queue, Shard};
pub use payments::records::{
    Attempt, AttemptEnd, AttemptState, DecidedRefund, Decline, PlacedOrder, TakenBack,
    TakenBackKind,
};
pub use payments::refunds::ORDERED;
pub use subscribers::messages::{Message, MessageState, Tries};
pub use subscribers::standing::{Redelivery, Subscriber, Trouble, Turn};
pub use tickets::case_file::CaseFile;
pub use tickets::issuing::Issued;
