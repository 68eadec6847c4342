//! The sparse, sharded index of open attempts: where the sweep looks. It lags;
//! what it names is read again from the table itself.

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use jiff::Timestamp;
use ticket::AttemptId;

use crate::client::unavailable;
use crate::keys::{OPEN_ATTEMPTS, SHARDS, open_shard_name, s, sortable};
use crate::write::Step;
use crate::{Error, Store, Write, keys};

/// How many attempts one shard hands to one sweep. More wait for the next one,
/// a minute later.
const PER_SHARD_MAX: i32 = 100;

/// An attempt that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenAttempt {
    /// Which; as text, since an unreadable one must not stop the sweep.
    pub id: String,
    /// Since when it is due, as the index writes it.
    due_at: String,
}

impl Store {
    /// The open attempts of a shard that are due at `now`, oldest first.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn due_attempts(&self, shard: u8, now: Timestamp) -> Result<Vec<OpenAttempt>, Error> {
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(OPEN_ATTEMPTS)
            .key_condition_expression("#shard = :shard AND due_at <= :now")
            .expression_attribute_names("#shard", "shard")
            .expression_attribute_values(":shard", s(open_shard_name(shard)))
            .expression_attribute_values(":now", s(sortable(now)))
            .limit(PER_SHARD_MAX)
            .send()
            .await
            .map_err(unavailable("look for open attempts"))?;
        let text = |value: Option<&AttributeValue>| match value {
            Some(AttributeValue::S(text)) => text.clone(),
            _ => String::new(),
        };
        Ok(page
            .items()
            .iter()
            .map(|item| OpenAttempt {
                id: text(item.get("pk"))
                    .trim_start_matches("ATTEMPT#")
                    .to_owned(),
                due_at: text(item.get("due_at")),
            })
            .collect())
    }

    /// Every shard of the index.
    pub fn shards() -> impl Iterator<Item = u8> {
        0..SHARDS
    }

    /// Puts an attempt off until `next`, before it is looked at: one that makes
    /// the sweep die must not be the first one again. Refused where another
    /// sweep was faster, or the attempt has become final.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn put_off(&self, open: &OpenAttempt, next: Timestamp) -> Result<Write, Error> {
        let Ok(id) = open.id.parse::<AttemptId>() else {
            return Ok(Write::Refused);
        };
        let update = UpdateBuilder::default()
            .set_key(Some(keys::attempt(&id).into_item()))
            .update_expression("SET due_at = :next")
            .condition_expression("due_at = :seen")
            .expression_attribute_values(":next", s(sortable(next)))
            .expression_attribute_values(":seen", s(open.due_at.as_str()));
        self.transact("put an attempt off", vec![Step::Update(update)])
            .await
    }
}
