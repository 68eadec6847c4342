//! The sparse, sharded index of open work: where the sweep looks. It lags; what it
//! names is read again from the table itself. An item is in it while it has a shard
//! and is due at some time, whatever kind of item it is: an attempt, or a refund.
//!
//! An attempt waits in one of three queues, a refund in one of its own. Most checkouts are abandoned, and nobody
//! whose money is under way, or who has paid at once, may wait behind those.

use std::fmt;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use jiff::Timestamp;
use ticket::{AttemptId, RefundId};

use crate::dynamo::client::unavailable;
use crate::dynamo::keys::{self, Item, OPEN_WORK, SHARDS, s, sortable, sortable_not_before};
use crate::dynamo::write::Step;
use crate::payments::refund_item::{REFUND, refund_list};
use crate::{Error, Store, Write};

/// The most that one look into a shard reads; twice as many fit into one answer of
/// DynamoDB's.
const PER_SHARD_MAX: u32 = 2_500;

/// Where some work waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Queue {
    /// Money is under way, or may be: the payer has come back or approved, the
    /// ticket is locked, or PayPal holds a capture back.
    Likely,
    /// Nobody has asked about it yet: most payers pay at once, or never.
    New,
    /// All others: the payer is at PayPal, or has given up.
    Others,
    /// Refunds that PayPal is to carry out.
    Refunds,
}

/// The partition of a queue that an item with this id waits in.
pub(crate) fn queue_shard(queue: Queue, id: &str) -> String {
    queue_shard_name(queue, keys::shard(id))
}

pub(crate) fn queue_shard_name(queue: Queue, shard: u8) -> String {
    match queue {
        Queue::Likely => format!("LIKELY#{shard:02}"),
        Queue::New => format!("NEW#{shard:02}"),
        Queue::Others => format!("OPEN#{shard:02}"),
        Queue::Refunds => refund_list("approved"),
    }
}

/// A partition of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    queue: Queue,
    number: u8,
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&queue_shard_name(self.queue, self.number))
    }
}

/// Work that is due.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenWork {
    /// What kind of item it is, as its key says: an unknown kind must not stop the sweep.
    kind: String,
    /// Which; as text, since an unreadable one must not stop the sweep, either.
    pub id: String,
    /// Where it waits.
    pub queue: Queue,
    /// The item's key, as the index writes it.
    key: Item,
    /// Since when it is due, as the index writes it.
    due_at: String,
}

impl OpenWork {
    /// Whether it is an attempt.
    #[must_use]
    pub fn is_attempt(&self) -> bool {
        self.kind == keys::ATTEMPT
    }

    /// The refund that it is, if it is one.
    #[must_use]
    pub fn refund(&self) -> Option<RefundId> {
        (self.kind == REFUND)
            .then(|| self.id.parse().ok())
            .flatten()
    }

    /// Since when it is due; texts sort like the moments.
    #[must_use]
    pub fn due_at(&self) -> &str {
        &self.due_at
    }
}

impl Store {
    /// The work of a shard that is due at `now`, the longest due first,
    /// `limit` at most.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn due_work(
        &self,
        shard: Shard,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<OpenWork>, Error> {
        let limit = i32::try_from(limit.clamp(1, PER_SHARD_MAX)).unwrap_or(i32::MAX);
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(OPEN_WORK)
            .key_condition_expression("#shard = :shard AND due_at <= :now")
            .expression_attribute_names("#shard", "shard")
            .expression_attribute_values(":shard", s(shard.to_string()))
            .expression_attribute_values(":now", s(sortable(now)))
            .limit(limit)
            .send()
            .await
            .map_err(unavailable("look for open work"))?;
        Ok(page
            .items()
            .iter()
            .map(|item| open_work(shard.queue, item))
            .collect())
    }

    /// Every shard of a queue.
    pub fn shards() -> impl Iterator<Item = u8> {
        0..SHARDS
    }

    /// Every shard of the index.
    pub fn open_shards() -> impl Iterator<Item = Shard> {
        let refunds = Shard {
            queue: Queue::Refunds,
            number: 0,
        };
        [Queue::Likely, Queue::New, Queue::Others]
            .into_iter()
            .flat_map(|queue| Self::shards().map(move |number| Shard { queue, number }))
            .chain([refunds])
    }

    /// Puts work off until `next`, into that queue, before it is looked at:
    /// one that makes the sweep die must not be the first one again. Gives it as
    /// it waits now; nothing where another sweep was faster, the work is done, or somebody has made it due at another time since.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn put_off(
        &self,
        open: &OpenWork,
        queue: Queue,
        next: Timestamp,
    ) -> Result<Option<OpenWork>, Error> {
        let update = UpdateBuilder::default()
            .set_key(Some(open.key.clone()))
            .update_expression(format!("SET {DUE}"))
            // sabotage: two give one refund back at once: and look at it at once
            .condition_expression("due_at = :seen")
            .expression_attribute_values(":seen", s(open.due_at.as_str()));
        let update = due(update, queue, &open.id, next);
        let written = self
            .transact("put work off", vec![Step::Update(update)])
            .await?;
        Ok(match written {
            Write::Done => Some(OpenWork {
                queue,
                due_at: sortable_not_before(next),
                ..open.clone()
            }),
            Write::Refused => None,
        })
    }

    /// Moves an attempt into the queue of the likely ones, due at `at`: its payer
    /// has come back, or PayPal has called. Refused where it is due there sooner,
    /// or is final.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn expect_money(&self, id: &AttemptId, at: Timestamp) -> Result<Write, Error> {
        let update = UpdateBuilder::default()
            .set_key(Some(keys::attempt(id).into_item()))
            .update_expression(format!("SET {DUE}"))
            // Never later than it is: pages that reload would put it off for ever.
            .condition_expression(
                "#shard IN (:new, :others) OR (#shard = :shard AND due_at > :due_at)",
            )
            .expression_attribute_values(":new", s(queue_shard(Queue::New, id.as_str())))
            .expression_attribute_values(":others", s(queue_shard(Queue::Others, id.as_str())));
        let update = due(update, Queue::Likely, id.as_str(), at);
        self.transact("expect money", vec![Step::Update(update)])
            .await
    }
}

/// What an update sets when it says where and until when an attempt waits.
pub(crate) const DUE: &str = "#shard = :shard, due_at = :due_at";

/// Names and values of [`DUE`].
pub(crate) fn due(update: UpdateBuilder, queue: Queue, id: &str, at: Timestamp) -> UpdateBuilder {
    update
        .expression_attribute_names("#shard", "shard")
        .expression_attribute_values(":shard", s(queue_shard(queue, id)))
        .expression_attribute_values(":due_at", s(sortable_not_before(at)))
}

fn open_work(queue: Queue, item: &Item) -> OpenWork {
    let text = |name: &str| match item.get(name) {
        Some(AttributeValue::S(text)) => text.clone(),
        _ => String::new(),
    };
    let (pk, sk) = (text("pk"), text("sk"));
    // A refund stands beside its ticket. A key of no kind that we know is told of as a
    // whole.
    let (kind, id) = match sk.split_once('#') {
        Some((REFUND, id)) => (REFUND, id),
        Some(_) | None => pk.split_once('#').unwrap_or(("", &pk)),
    };
    OpenWork {
        kind: kind.to_owned(),
        id: id.to_owned(),
        queue,
        key: ["pk", "sk"]
            .map(|name| (name.to_owned(), s(text(name))))
            .into(),
        due_at: text("due_at"),
    }
}
