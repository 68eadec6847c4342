//! What happens to a ticket is one thing in three places: on the ticket, in its journal,
//! in the feed of changes. Nobody writes one of them alone.

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use jiff::Timestamp;
use ticket::Ticket;

use crate::Error;
use crate::dynamo::keys::{self, Item, n, s, sortable};
use crate::dynamo::write::{Step, item};
use crate::ledger::changes::{change_step, next_moment};
use crate::ledger::journal::{JournalEntry, Snapshot, line_step, snapshot};

/// What happens to a ticket, as it was read: its own update, the line of the journal, and
/// the change in the feed, in this order. `now` is when it is written, which a line that
/// is written again does not say.
pub(crate) fn told(
    ticket: &Ticket,
    update: UpdateBuilder,
    entry: &JournalEntry,
    now: Timestamp,
) -> Result<Vec<Step>, Error> {
    let mut steps = told_without_line(ticket, update, entry, &entry.after, now)?;
    steps.insert(1, line_step(ticket, entry)?);
    Ok(steps)
}

/// The same where the ticket has come to stand otherwise since, or the journal has the
/// line already.
pub(crate) fn told_without_line(
    ticket: &Ticket,
    update: UpdateBuilder,
    entry: &JournalEntry,
    stands: &Snapshot,
    now: Timestamp,
) -> Result<Vec<Step>, Error> {
    let at = next_moment(ticket, now);
    Ok(vec![
        Step::Update(moved_on(ticket, update, &stands.state, at)),
        change_step(&ticket.case_number, entry, stands, at)?,
    ])
}

/// A line that a restore has lost, of a ticket that stands otherwise since: the change
/// says how it stands.
pub(crate) fn told_late(
    ticket: &Ticket,
    entry: &JournalEntry,
    now: Timestamp,
) -> Result<Vec<Step>, Error> {
    let update = UpdateBuilder::default()
        .set_key(Some(keys::ticket(&ticket.case_number).into_item()))
        .condition_expression("version = :version")
        .expression_attribute_values(":version", n(ticket.version));
    let stands = snapshot(&ticket.state, ticket.rest());
    let mut steps = told_without_line(ticket, update, entry, &stands, now)?;
    steps.insert(1, line_step(ticket, entry)?);
    Ok(steps)
}

/// A new ticket's first line.
pub(crate) fn told_first(
    ticket: &Ticket,
    entry: &JournalEntry,
    now: Timestamp,
) -> Result<Vec<Step>, Error> {
    let at = next_moment(ticket, now);
    let new = Ticket {
        changed_at: Some(at),
        ..ticket.clone()
    };
    let mut new = item("ticket", keys::ticket(&ticket.case_number), &new)?;
    new.extend(listed_at(ticket, ticket.state.name()));
    Ok(vec![
        Step::put_new(new),
        line_step(ticket, entry)?,
        change_step(&ticket.case_number, entry, &entry.after, at)?,
    ])
}

/// An update of a ticket whose journal gets a line: its moment moves on, and it is listed
/// where it stands then. Refused where another line was written since it was read, even
/// if that has changed nothing else: the moments would not be in the order of the lines.
fn moved_on(ticket: &Ticket, update: UpdateBuilder, state: &str, at: Timestamp) -> UpdateBuilder {
    let set = "SET changed_at = :changed_at, #shard = :listed_in, due_at = :listed_at";
    let expression = update.get_update_expression().clone().unwrap_or_default();
    let expression = match expression.strip_prefix("SET ") {
        Some(more) => format!("{set}, {more}"),
        None => format!("{set} {expression}"),
    };
    let seen = match ticket.changed_at {
        Some(_) => "changed_at = :changed_before",
        None => "attribute_not_exists(changed_at)",
    };
    let condition = update.get_condition_expression().clone();
    let condition = condition.map_or_else(
        || seen.to_owned(),
        |condition| format!("({condition}) AND {seen}"),
    );
    let mut place = listed_at(ticket, state);
    let mut listed = |name: &str| place.remove(name).unwrap_or_else(|| s(""));
    let update = update
        .update_expression(expression)
        .condition_expression(condition)
        .expression_attribute_names("#shard", "shard")
        .expression_attribute_values(":listed_in", listed("shard"))
        .expression_attribute_values(":listed_at", listed("due_at"))
        .expression_attribute_values(":changed_at", s(at.to_string()));
    match ticket.changed_at {
        Some(seen) => update.expression_attribute_values(":changed_before", s(seen.to_string())),
        None => update,
    }
}

/// Where the index lists a ticket of a state: by the end of its due date. Thousands have
/// the same, and an index gives those in no order; the case number makes one.
fn listed_at(ticket: &Ticket, state: &str) -> Item {
    let shard = keys::shard(ticket.case_number.as_str());
    let due_at = keys::ticket_due_at(&sortable(ticket.due_on.end()), ticket.case_number.as_str());
    [
        ("shard", keys::ticket_list(state, shard)),
        ("due_at", due_at),
    ]
    .map(|(name, text)| (name.to_owned(), s(text)))
    .into()
}
