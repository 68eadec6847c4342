//! Booking money that left again or is claimed back.

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use ticket::{CaseNumber, State, Ticket};

use crate::dynamo::client::{read, unavailable};
use crate::dynamo::keys::{self, n, s};
use crate::dynamo::write::{Step, item};
use crate::ledger::export::export_entry;
use crate::ledger::journal::{JournalEntry, JournalEvent, entry_by_paypal};
use crate::ledger::telling::told;
use crate::payments::records::TakenBack;
use crate::payments::refund_item::{completed, completed_since};
use crate::{Error, Store, Write};

impl Store {
    /// Books money that left again or is claimed back: the ticket goes to
    /// review, a human decides; nothing re-opens by itself. Once for each id. A refund
    /// of surplus that was decided here leaves the ticket as it is. `taken_back.booked_at`
    /// is now.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn book_taken_back(
        &self,
        ticket: &Ticket,
        taken_back: &TakenBack,
    ) -> Result<Write, Error> {
        let after = taken_back.after(&ticket.state);
        let entry = taken_back_line(ticket, taken_back, &after);
        let update = becomes(ticket, &after);
        let mut steps = told(ticket, update, &entry, taken_back.booked_at)?;
        steps.extend(line(taken_back)?);
        steps.extend(completed(taken_back)?);
        match self.transact("book money taken back", steps).await? {
            Write::Done => Ok(Write::Done),
            Write::Refused => {
                if self.taken_back(ticket, &taken_back.id).await?.is_none() {
                    return Ok(Write::Refused);
                }
                let completed = completed_since(taken_back)?;
                if !completed.is_empty() {
                    match self.transact("complete a refund", completed).await? {
                        // It says so already: that is how it mostly stands.
                        Write::Done | Write::Refused => {}
                    }
                }
                Ok(Write::Done)
            }
        }
    }

    /// Money taken back, by the id of its refund, reversal or dispute.
    ///
    /// # Errors
    /// When the table does not answer or the item is unreadable.
    pub async fn taken_back(&self, ticket: &Ticket, id: &str) -> Result<Option<TakenBack>, Error> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(keys::taken_back(&ticket.case_number, id).into_item()))
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable("read money taken back"))?;
        let item = found.item;
        item.map(|item| read("money taken back", item)).transpose()
    }

    /// Every line of a ticket about money that left again or is claimed back.
    ///
    /// # Errors
    /// When the table does not answer or a line is unreadable.
    pub async fn lines_taken_back(
        &self,
        case_number: &CaseNumber,
    ) -> Result<Vec<TakenBack>, Error> {
        let items = self.ticket_partition(case_number, "TAKEN_BACK#").await?;
        let items = items.into_iter();
        items.map(|item| read("money taken back", item)).collect()
    }
}

/// The ticket as it was read goes to this state, review or its own.
pub(crate) fn becomes(ticket: &Ticket, review: &State) -> UpdateBuilder {
    let next = ticket.version + u32::from(ticket.state.name() != review.name());
    UpdateBuilder::default()
        .set_key(Some(keys::ticket(&ticket.case_number).into_item()))
        // sabotage: a refund changes no state
        .update_expression("SET #state = :review, version = :next")
        .condition_expression("version = :version")
        .expression_attribute_names("#state", "state")
        .expression_attribute_values(":review", s(review.name()))
        .expression_attribute_values(":version", n(ticket.version))
        .expression_attribute_values(":next", n(next))
}

/// The journal says why.
pub(crate) fn taken_back_line(
    ticket: &Ticket,
    taken_back: &TakenBack,
    after: &State,
) -> JournalEntry {
    let what = match taken_back.decided {
        Some(_) => JournalEvent::Refunded,
        None => JournalEvent::MoneyTakenBack,
    };
    entry_by_paypal(ticket, what, &taken_back.id, after, taken_back.booked_at)
}

/// The line itself, and its place in the export's queue.
pub(crate) fn line(taken_back: &TakenBack) -> Result<Vec<Step>, Error> {
    let case_number = &taken_back.case_number;
    let key = keys::taken_back(case_number, &taken_back.id);
    let mut steps = vec![Step::put_new(item("money taken back", key, taken_back)?)];
    // A dispute has moved no money yet: no line for the books.
    if taken_back.amount.is_some() {
        let (at, id) = (taken_back.booked_at, taken_back.id.as_str());
        steps.push(Step::put_new(export_entry(
            case_number,
            at,
            "taken_back",
            id,
        )));
    }
    Ok(steps)
}
