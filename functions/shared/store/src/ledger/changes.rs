//! The feed of changes: each line of a journal is one, put in the same transaction. A
//! change carries the moment that its ticket had then; a ticket's moments grow with each
//! line, so that their order is that of the lines, whoever wrote them.
//!
//! A transaction may commit a while after the moment it carries, and before others that
//! carry earlier ones. Who reads must not take a change that is young for the last one:
//! [`ChangeCursor`] comes past nothing that is younger than [`SETTLED_AFTER`].

use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use ticket::{CaseNumber, Cents, Ticket};

use crate::dynamo::client::{read, unavailable};
use crate::dynamo::keys::{self, SHARDS, s, sortable_to_the_millisecond};
use crate::dynamo::write::{Step, item};
use crate::ledger::cursor::{ChangeCursor, Read, settled};
use crate::ledger::journal::{JournalEntry, Snapshot};
use crate::{Error, Store};

/// A change of a ticket: what happened, and how the ticket stands after it. No plate,
/// place or offence, and nobody who has acted: it leaves the house.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketChange {
    /// The same for the same line of the journal, even if that is written again after a
    /// restore.
    pub id: String,
    /// The ticket's moment: later than that of each change before.
    pub at: Timestamp,
    /// The ticket.
    pub case_number: CaseNumber,
    /// What happened: a name of [`crate::JournalEvent`]. As text, since a newer function
    /// may write one that this one does not know.
    pub what: String,
    /// The id of the thing that caused it: a capture, a receipt, a refund.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The name of the ticket's state after it.
    pub state: String,
    /// What is still to be paid after it.
    pub owed: Cents,
}

/// One page of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangePage {
    /// Changes, in the order of their moments.
    pub changes: Vec<TicketChange>,
    /// Where the next page begins.
    pub next: ChangeCursor,
    /// Whether there are more at this moment.
    pub more: bool,
}

impl Store {
    /// One page of the changes of all tickets after a place. What is younger than
    /// [`SETTLED_AFTER`](crate::SETTLED_AFTER) comes again.
    ///
    /// # Errors
    /// When the table does not answer or a change is unreadable.
    pub async fn changes(
        &self,
        after: &ChangeCursor,
        limit: usize,
        now: Timestamp,
    ) -> Result<ChangePage, Error> {
        let settled = sortable_to_the_millisecond(settled(now));
        let reading = after.reading(&settled);
        let from = reading.from().to_owned();
        let shards = (0..SHARDS).map(|shard| self.changes_of_shard(shard, &from, limit + 1));
        let mut found: Vec<(String, TicketChange)> =
            try_join_all(shards).await?.into_iter().flatten().collect();
        found.sort_by(|one, other| one.0.cmp(&other.0));
        let more = found.len() > limit;
        found.truncate(limit);
        let keys: Vec<&str> = found.iter().map(|(key, _)| &**key).collect();
        let next = reading.next(&Read { keys: &keys, more }, &settled);
        let changes = found.into_iter().map(|(_, change)| change).collect();
        Ok(ChangePage {
            changes,
            next,
            more,
        })
    }

    /// The first changes of a shard after a sort key, each with its own.
    async fn changes_of_shard(
        &self,
        shard: u8,
        after: &str,
        limit: usize,
    ) -> Result<Vec<(String, TicketChange)>, Error> {
        // A sort key is never empty.
        let after = if after.is_empty() { " " } else { after };
        let mut found = Vec::new();
        let mut start = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :pk AND sk > :after")
                .expression_attribute_values(":pk", s(keys::change_shard_name(shard)))
                .expression_attribute_values(":after", s(after))
                // An earlier change must not show up after a later one.
                .consistent_read(true)
                .limit(i32::try_from(limit).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(unavailable("read the changes"))?;
            for item in page.items.unwrap_or_default() {
                let key = item.get("sk").and_then(|sk| sk.as_s().ok()).cloned();
                found.push((key.unwrap_or_default(), read("change", item)?));
            }
            start = page.last_evaluated_key;
            if found.len() >= limit || start.is_none() {
                return Ok(found);
            }
        }
    }
}

/// The step that tells of a line, by which the ticket comes to stand so.
pub(crate) fn change_step(
    case_number: &CaseNumber,
    line: &JournalEntry,
    stands: &Snapshot,
    at: Timestamp,
) -> Result<Step, Error> {
    let id = id(case_number, line);
    let key = keys::change(case_number, at, &id);
    let is_open = stands.state == "open";
    let change = TicketChange {
        id,
        at,
        case_number: case_number.clone(),
        what: line.what.name().to_owned(),
        // A clerk's own change refers to the clerk.
        reference: Some(line.reference.clone())
            .filter(|reference| !reference.is_empty() && *reference != line.by),
        state: stands.state.clone(),
        owed: if is_open {
            stands.amount
        } else {
            Cents::new(0)
        },
    };
    Ok(Step::put_new(item("change", key, &change)?))
}

/// The moment of the next change of a ticket.
pub(crate) fn next_moment(ticket: &Ticket, now: Timestamp) -> Timestamp {
    let now = to_the_millisecond(now);
    let Some(last) = ticket.changed_at else {
        return now;
    };
    let later = last.checked_add(SignedDuration::from_millis(1));
    later.unwrap_or(last).max(now)
}

/// Out of the key of the line, and of nothing else. Of what caused it a hash: that may be
/// a clerk.
fn id(case_number: &CaseNumber, line: &JournalEntry) -> String {
    let (version, what) = (line.version, line.what.name());
    let reference = keys::hash(&line.reference);
    format!("{case_number}.{version}.{what}.{reference:016x}")
}

/// So much is written, and so much is read again.
pub(crate) fn to_the_millisecond(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}
