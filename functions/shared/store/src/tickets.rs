//! Tickets: reading one, issuing one.

use jiff::Timestamp;
use ticket::{CaseNumber, State, Ticket};

use crate::client::{read, unavailable};
use crate::records::{JournalEntry, JournalEvent, Snapshot};
use crate::write::{Step, item};
use crate::{Error, Store, Write, keys};

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
                    after: snapshot(ticket, &ticket.state),
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

/// The line that goes into the journal with the change itself, or not at all.
pub(crate) fn journal_step(ticket: &Ticket, entry: &JournalEntry) -> Result<Step, Error> {
    let key = keys::journal(
        &ticket.case_number,
        entry.version,
        entry.what.name(),
        &entry.reference,
    );
    Ok(Step::put_new(item("journal entry", key, entry)?))
}

/// A journal line of what `PayPal` said.
pub(crate) fn entry_by_paypal(
    ticket: &Ticket,
    what: JournalEvent,
    reference: &str,
    after: &State,
    now: Timestamp,
) -> JournalEntry {
    let changed = state_name(after) != state_name(&ticket.state);
    JournalEntry {
        at: now,
        by: "paypal".to_owned(),
        what,
        reference: reference.to_owned(),
        version: ticket.version + u32::from(changed),
        before: Some(snapshot(ticket, &ticket.state)),
        after: snapshot(ticket, after),
    }
}

fn snapshot(ticket: &Ticket, state: &State) -> Snapshot {
    Snapshot {
        state: state_name(state).to_owned(),
        amount: ticket.amount,
    }
}

/// The state as the table's `state` attribute writes it.
pub(crate) const fn state_name(state: &State) -> &'static str {
    match state {
        State::Open => "open",
        State::Paid { .. } => "paid",
        State::Objected => "objected",
        State::Withdrawn => "withdrawn",
        State::HandedOver => "handed_over",
        State::Review => "review",
    }
}
