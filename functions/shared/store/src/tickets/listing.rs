//! Tickets of a state, by the end of their due date.

use jiff::Timestamp;
use jiff::civil::Date;
use ticket::{DueDate, Ticket};

use crate::dynamo::keys::{SHARDS, sortable, ticket_due_at, ticket_list};
use crate::lists::{ListPage, Place};
use crate::{Error, Store};

impl Store {
    /// Tickets that stand in a state, the one due first before all others; only those due
    /// before a day and changed after a moment, where these are given. A page may have
    /// fewer than there is room for.
    ///
    /// # Errors
    /// When the table does not answer or one is unreadable.
    pub async fn tickets_in(
        &self,
        state: &str,
        due_before: Option<Date>,
        changed_after: Option<Timestamp>,
        after: Option<&Place>,
        limit: usize,
    ) -> Result<ListPage<Ticket>, Error> {
        let partitions: Vec<String> = (0..SHARDS).map(|it| ticket_list(state, it)).collect();
        let until = due_before.map(last_place_before);
        let stands_so = |ticket: &Ticket| {
            ticket.state.name() == state
                && changed_after.is_none_or(|moment| ticket.last_change() > moment)
        };
        self.listed(
            "ticket",
            &partitions,
            after,
            until.as_deref(),
            limit,
            stands_so,
        )
        .await
    }
}

/// After every ticket that is due on the day before, and before all that are due on this one.
fn last_place_before(day: Date) -> String {
    let last = day.yesterday().unwrap_or(day);
    ticket_due_at(&sortable(DueDate::on(last).end()), "~")
}
