//! Lists: what stands in a state, sorted by time, page by page. The index of open work
//! holds them too; it lags, so each entry is read again from the table itself.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::DeserializeOwned;

use crate::dynamo::client::{read, unavailable};
use crate::dynamo::keys::{Item, OPEN_WORK, s};
use crate::{Error, Store};

/// Comes after every time that the index holds.
const AFTER_ALL: &str = "~";

/// The longest sort key. Source: DynamoDB, "Constraints".
const PLACE_BYTES_MAX: usize = 1_024;

/// A place in a list: everything after it comes next.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    due_at: String,
    pk: String,
    sk: String,
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct ListPage<T> {
    /// What is on it.
    pub entries: Vec<T>,
    /// Where the next one begins; nothing when this is the last.
    pub next: Option<Place>,
}

impl Place {
    /// The place as text; a vendor passes it back unread.
    #[must_use]
    pub fn text(&self) -> String {
        [&*self.due_at, &*self.pk, &*self.sk].join("|")
    }

    /// Reads what [`Place::text`] has written. What no list can hold is refused here: the
    /// table would answer it with an error that looks like its being down.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '|').map(str::to_owned);
        let (due_at, pk, sk) = (parts.next()?, parts.next()?, parts.next()?);
        let is_held = text.len() <= PLACE_BYTES_MAX && due_at.as_str() < AFTER_ALL;
        is_held.then_some(Self { due_at, pk, sk })
    }

    fn of(item: &Item) -> Option<Self> {
        let text = |name: &str| match item.get(name) {
            Some(AttributeValue::S(text)) => Some(text.clone()),
            _ => None,
        };
        Some(Self {
            due_at: text("due_at")?,
            pk: text("pk")?,
            sk: text("sk")?,
        })
    }

    fn key(&self) -> Item {
        [("pk", &self.pk), ("sk", &self.sk)]
            .map(|(name, text)| (name.to_owned(), s(text.as_str())))
            .into()
    }
}

impl Store {
    /// One page of a list, in order, after a place and before a moment. What no longer
    /// stands so is left out: the index has not heard of it yet.
    pub(crate) async fn listed<T: DeserializeOwned>(
        &self,
        item_name: &'static str,
        list: &str,
        after: Option<&Place>,
        before: Option<&str>,
        limit: usize,
        stands_so: impl Fn(&T) -> bool,
    ) -> Result<ListPage<T>, Error> {
        let mut places = self.places(list, after, before, limit + 1).await?;
        places.sort();
        let is_last = places.len() <= limit;
        places.truncate(limit);
        let mut entries = Vec::new();
        for place in &places {
            let found = self
                .client
                .get_item()
                .table_name(&self.table)
                .set_key(Some(place.key()))
                .consistent_read(true)
                .send()
                .await
                .map_err(unavailable("read an entry of a list"))?;
            let Some(item) = found.item else {
                continue;
            };
            let entry: T = read(item_name, item)?;
            if stands_so(&entry) {
                entries.push(entry);
            }
        }
        let next = places.pop().filter(|_| !is_last);
        Ok(ListPage { entries, next })
    }

    /// The first places of a partition after one; hardly more than so many.
    async fn places(
        &self,
        list: &str,
        after: Option<&Place>,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Place>, Error> {
        let (from, to) = (
            after.map_or("", |place| &place.due_at),
            before.unwrap_or(AFTER_ALL),
        );
        let mut places = Vec::new();
        let mut start = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(OPEN_WORK)
                .key_condition_expression("#shard = :shard AND due_at BETWEEN :from AND :to")
                .expression_attribute_names("#shard", "shard")
                .expression_attribute_values(":shard", s(list))
                // A sort key is never empty.
                .expression_attribute_values(":from", s(if from.is_empty() { " " } else { from }))
                .expression_attribute_values(":to", s(to))
                .limit(i32::try_from(limit).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(unavailable("read a list"))?;
            let found = page.items().iter().filter_map(Place::of);
            places.extend(found.filter(|place| after.is_none_or(|after| place > after)));
            start = page.last_evaluated_key;
            if places.len() >= limit || start.is_none() {
                return Ok(places);
            }
        }
    }
}
