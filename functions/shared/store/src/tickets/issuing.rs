//! Tickets: reading one, issuing one.

use ticket::{CaseNumber, Ticket};

use crate::dynamo::client::{read, unavailable};
use crate::dynamo::keys;
use crate::dynamo::write::{Step, item};
use crate::ledger::journal::{JournalEntry, JournalEvent, journal_step, snapshot};
use crate::{Error, Store, Write};

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
        let steps = vec![
            Step::put_new(item("ticket", keys::ticket(&ticket.case_number), ticket)?),
            journal_step(
                ticket,
                &JournalEntry {
                    at: ticket.issued_at,
                    by: by.to_owned(),
                    what: JournalEvent::Issued,
                    reference: String::new(),
                    version: ticket.version,
                    before: None,
                    after: snapshot(&ticket.state, ticket.rest()),
                    reason: None,
                },
            )?,
        ];
        let call = "issue a ticket";
        if self.transact(call, steps.clone()).await? == Write::Done {
            return Ok(Issued::New);
        }
        match self.ticket(&ticket.case_number).await? {
            Some(stands) if stands.issued_as != ticket.issued_as => Ok(Issued::OtherContent),
            // From a restore the ticket may have come back without its line in the
            // journal, or that without the ticket.
            stands => match self.transact_missing(call, steps).await? {
                Write::Done => Ok(stands.map_or(Issued::New, |it| Issued::Same(Box::new(it)))),
                Write::Refused => Ok(Issued::OtherContent),
            },
        }
    }
}
