//! What became of the changes that a subscriber was sent. One that was told leaves a mark,
//! since a young change comes again when the feed is read again; one that was not is open
//! work until it is told or parked.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ticket::SubscriberId;

use crate::dynamo::client::unavailable;
use crate::dynamo::keys::{self, n, s, sortable, sortable_not_before};
use crate::dynamo::write::item;
use crate::ledger::changes::TicketChange;
use crate::{Error, ListPage, Store};

/// A mark is tidied up long after the feed has been read past it. A subscriber that takes
/// nothing for so long hears some of it again, under the same id.
const MARK_KEPT: Duration = Duration::from_hours(24 * 90);

/// What became of a change on its way to a subscriber.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The change.
    pub change: TicketChange,
    /// How its telling stands.
    #[serde(flatten)]
    pub state: MessageState,
}

/// How the telling of a change stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "message_state", rename_all = "snake_case")]
pub enum MessageState {
    /// The subscriber has taken it.
    Told {
        /// When.
        told_at: Timestamp,
    },
    /// It is tried again.
    Failed {
        /// The tries so far.
        tries: Tries,
        /// When it is tried again.
        next_try_at: Timestamp,
    },
    /// It is not tried any more, until somebody asks for it.
    Parked {
        /// The tries so far.
        tries: Tries,
        /// Since when.
        parked_at: Timestamp,
    },
}

/// Tries that have failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tries {
    /// When the first one did.
    pub first_failed_at: Timestamp,
    /// How many.
    pub count: u32,
    /// What became of the last one.
    pub outcome: String,
    /// After how many redeliveries it was refused for what it says, if that is what became
    /// of it.
    #[serde(default)]
    pub refused_after: Option<u32>,
}

impl MessageState {
    const FAILED: &str = "failed";
    const PARKED: &str = "parked";

    /// The list, and the place in it, while it is work for somebody.
    fn listed_at(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Told { .. } => None,
            Self::Failed { next_try_at, .. } => {
                Some((Self::FAILED, sortable_not_before(*next_try_at)))
            }
            Self::Parked { parked_at, .. } => Some((Self::PARKED, sortable(*parked_at))),
        }
    }
}

impl Store {
    /// Those of a page of the feed that were neither told in this round nor became open
    /// work in it.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn not_sent_yet(
        &self,
        id: &SubscriberId,
        round: u32,
        page: Vec<TicketChange>,
    ) -> Result<Vec<TicketChange>, Error> {
        let (Some(first), Some(last)) = (page.first(), page.last()) else {
            return Ok(page);
        };
        let (first, last) = (place(first), place(last));
        let mut sent = BTreeSet::new();
        let mut start = None;
        loop {
            let found = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
                .filter_expression("#round = :round")
                .projection_expression("sk")
                .expression_attribute_names("#round", "round")
                .expression_attribute_values(":pk", s(keys::subscriber_partition(id)))
                .expression_attribute_values(":first", s(&first))
                .expression_attribute_values(":last", s(&last))
                .expression_attribute_values(":round", n(round))
                // What was told a moment ago would be told again.
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(unavailable("read what was sent"))?;
            let places = found.items.unwrap_or_default().into_iter();
            sent.extend(places.filter_map(|item| item.get("sk")?.as_s().ok().cloned()));
            start = found.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        let is_new = |change: &TicketChange| !sent.contains(&place(change));
        Ok(page.into_iter().filter(is_new).collect())
    }

    /// Writes down how the telling of a change stands, in this round. Only who has the
    /// subscriber's turn does.
    ///
    /// # Errors
    /// When the table does not answer: the change is sent again.
    pub async fn put_message(
        &self,
        id: &SubscriberId,
        round: u32,
        message: &Message,
    ) -> Result<(), Error> {
        let key = keys::message(id, place(&message.change));
        let mut written = item("message", key, message)?;
        written.insert("round".to_owned(), n(round));
        if let Some((list, due_at)) = message.state.listed_at() {
            written.insert("shard".to_owned(), s(keys::message_list(list, id)));
            written.insert("due_at".to_owned(), s(due_at));
        }
        if let MessageState::Told { told_at } = message.state {
            let kept = MARK_KEPT.as_secs();
            let expires_at = told_at.as_second().saturating_add_unsigned(kept);
            written.insert("expires_at".to_owned(), n(expires_at));
        }
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(written))
            .send()
            .await
            .map_err(unavailable("write what became of a message"))?;
        Ok(())
    }

    /// The first so many messages that are tried again, the longest due first; only those
    /// that are due, where a moment is given.
    ///
    /// # Errors
    /// When the table does not answer, or a message is unreadable.
    pub async fn failed_messages(
        &self,
        id: &SubscriberId,
        due_at: Option<Timestamp>,
        limit: usize,
    ) -> Result<ListPage<Message>, Error> {
        let until = due_at.map(sortable);
        self.messages_in(MessageState::FAILED, id, until.as_deref(), limit)
            .await
    }

    /// The first so many messages that are parked, the longest there first.
    ///
    /// # Errors
    /// When the table does not answer, or a message is unreadable.
    pub async fn parked_messages(
        &self,
        id: &SubscriberId,
        limit: usize,
    ) -> Result<ListPage<Message>, Error> {
        self.messages_in(MessageState::PARKED, id, None, limit)
            .await
    }

    async fn messages_in(
        &self,
        list: &str,
        id: &SubscriberId,
        until: Option<&str>,
        limit: usize,
    ) -> Result<ListPage<Message>, Error> {
        let partition = [keys::message_list(list, id)];
        // The index lags: what was told since is left out.
        let stands_so = |message: &Message| {
            let listed_at = message.state.listed_at();
            listed_at.is_some_and(|(stands_in, _)| stands_in == list)
        };
        self.listed("message", &partition, None, until, limit, stands_so)
            .await
    }
}

/// The sort key of what became of a change.
fn place(change: &TicketChange) -> String {
    keys::message_place(change.at, &change.id)
}
