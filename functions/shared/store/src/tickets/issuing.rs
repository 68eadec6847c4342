//! Tickets: reading one, issuing one.

use jiff::Timestamp;
use ticket::{CaseNumber, Ticket};

use crate::dynamo::client::{read, unavailable};
use crate::dynamo::keys;
use crate::ledger::journal::{JournalEntry, JournalEvent, line_key, snapshot};
use crate::ledger::telling::{told_first, told_late};
use crate::{Error, Store, Write};

/// How often what a restore has lost is written again when the ticket changes meanwhile.
const MENDING_TRIES_MAX: usize = 4;

/// What became of issuing a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issued {
    /// It is there now.
    New,
    /// The very same had been issued before; here is how it stands.
    Same(Box<Ticket>),
    /// Another content stands under this number; nothing was changed.
    OtherContent,
}

impl Store {
    /// The ticket, read with strong consistency: page and money rest on it.
    ///
    /// # Errors
    /// When the table does not answer or the item is unreadable.
    pub async fn ticket(&self, case_number: &CaseNumber) -> Result<Option<Ticket>, Error> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(keys::ticket(case_number).into_item()))
            // sabotage: a stale read decides what is shown
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable("read the ticket"))?;
        found.item.map(|item| read("ticket", item)).transpose()
    }

    /// Issues a ticket, once: the same again changes nothing.
    ///
    /// # Errors
    /// When the table does not answer; the same call may be made again.
    pub async fn issue(&self, ticket: &Ticket, by: &str) -> Result<Issued, Error> {
        let line = JournalEntry {
            at: ticket.issued_at,
            by: by.to_owned(),
            what: JournalEvent::Issued,
            reference: String::new(),
            version: ticket.version,
            before: None,
            after: snapshot(&ticket.state, ticket.rest()),
            reason: None,
        };
        let steps = told_first(ticket, &line, ticket.issued_at)?;
        let call = "issue a ticket";
        if self.transact(call, steps.clone()).await? == Write::Done {
            return Ok(Issued::New);
        }
        for _ in 0..MENDING_TRIES_MAX {
            // From a restore the ticket may have come back without its line in the
            // journal, or that without the ticket.
            let Some(stands) = self.ticket(&ticket.case_number).await? else {
                if self.transact_missing(call, steps.clone()).await? == Write::Done {
                    return Ok(Issued::New);
                }
                continue;
            };
            if stands.issued_as != ticket.issued_as {
                return Ok(Issued::OtherContent);
            }
            if self.mend_issued(&stands, &line, ticket.issued_at).await? == Write::Done {
                return Ok(Issued::Same(Box::new(stands)));
            }
        }
        Err(Error::Unavailable {
            call,
            source: "the ticket is being changed by others".into(),
        })
    }

    /// Writes the first line of a ticket where that is missing. Refused where the ticket
    /// has changed since it was read.
    async fn mend_issued(
        &self,
        stands: &Ticket,
        line: &JournalEntry,
        now: Timestamp,
    ) -> Result<Write, Error> {
        let call = "mend the issue of a ticket";
        let key = line_key(stands, line).into_item();
        if self.is_there(call, key).await? {
            return Ok(Write::Done);
        }
        self.transact(call, told_late(stands, line, now)?).await
    }
}
