//! How far the nightly comparison of PayPal's books with the table has come:
//! each run goes on where the last one stopped.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::dynamo::client::{read, unavailable};
use crate::dynamo::keys::{self, n};
use crate::dynamo::write::item;
use crate::{Error, Store, Write};

/// The nights, with what was counted in a comparison of the kind `C`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nights<C> {
    /// Since when a night can be missed: nothing was compared before.
    pub since: Timestamp,
    /// The comparison that is under way.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub under_way: Option<Night<C>>,
    /// The last one that came to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<EndedNight>,
    /// Grows with each write: of two runs at once one stops.
    revision: i64,
}

/// A comparison that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Night<C> {
    /// When it was begun.
    pub begun_at: Timestamp,
    /// From when on PayPal's books are looked into.
    pub from: Timestamp,
    /// Until when PayPal's books are looked into.
    pub to: Timestamp,
    /// Until where they have been; `to` or later: what is left is the table.
    pub at: Timestamp,
    /// How much of the books is looked at together, in seconds.
    pub slice_s: u32,
    /// How often the slice at `at` was begun.
    pub tries: u32,
    /// Until when PayPal has shown everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete_until: Option<Timestamp>,
    /// Bookings of the table are looked at from here on.
    pub booked_from: Timestamp,
    /// Since when the books of this comparison, and of those that have left some of its
    /// bookings to it, were looked into; from `from` on where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub books_from: Option<Timestamp>,
    /// PayPal has said nothing of one of them: the next night begins there again.
    #[serde(default)]
    pub bookings_unanswered: bool,
    /// The shard of the export's queue that comes next.
    pub shard: u8,
    /// What was counted so far.
    pub comparison: C,
}

/// A comparison that came to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedNight {
    /// When it was begun.
    pub begun_at: Timestamp,
    /// From when on PayPal's books were looked into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Where bookings are left to the next one: since when their books were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_books_from: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Until when PayPal has shown everything; the next one begins no later.
    pub complete_until: Timestamp,
    /// Bookings of the table were looked at until here.
    pub booked_until: Timestamp,
    /// Whether books and table agreed.
    pub agreed: bool,
}

// Without this serde would ask that `C` has a default.
const fn none<C>() -> Option<Night<C>> {
    None
}

impl<C: Serialize + DeserializeOwned + Send + Sync> Nights<C> {
    /// No night yet: one can be missed from now on.
    #[must_use]
    pub const fn new(now: Timestamp) -> Self {
        Self {
            since: now,
            under_way: None,
            ended: None,
            revision: 0,
        }
    }
}

impl Store {
    /// The nights, once there were any.
    ///
    /// # Errors
    /// When the table does not answer or the item is unreadable.
    pub async fn nights<C: DeserializeOwned>(&self) -> Result<Option<Nights<C>>, Error> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(keys::nights().into_item()))
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable("read the nights"))?;
        found.item.map(|item| read("nights", item)).transpose()
    }

    /// Writes the nights as they stand now. Refused where somebody else has
    /// written since they were read.
    ///
    /// # Errors
    /// When the table does not answer: read them again.
    pub async fn put_nights<C: Serialize + Sync>(
        &self,
        nights: &mut Nights<C>,
    ) -> Result<Write, Error> {
        let seen = nights.revision;
        let mut item = item("nights", keys::nights(), &*nights)?;
        item.insert("revision".to_owned(), n(seen + 1));
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk) OR revision = :seen")
            .expression_attribute_values(":seen", AttributeValue::N(seen.to_string()))
            .send()
            .await;
        match put {
            Ok(_) => {
                nights.revision = seen + 1;
                Ok(Write::Done)
            }
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(aws_sdk_dynamodb::operation::put_item::PutItemError::is_conditional_check_failed_exception) =>
            {
                Ok(Write::Refused)
            }
            Err(error) => Err(unavailable("write the nights")(error)),
        }
    }
}
