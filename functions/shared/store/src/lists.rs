//! Lists: what stands in a state, sorted by time, page by page. The index of open work
//! holds them too; it lags, so each entry is read again from the table itself.

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::try_join_all;
use serde::de::DeserializeOwned;

use crate::dynamo::client::{read, unavailable};
use crate::dynamo::keys::{Item, OPEN_WORK, s};
use crate::{Error, Store};

/// How many entries are read at once: a page must not open a hundred connections.
const READS_AT_ONCE: usize = 16;

/// Comes after every time that the index holds.
const AFTER_ALL: &str = "~";

/// The longest sort key, in bytes. Source: `DynamoDB`, *Quotas*.
const KEY_LEN_MAX: usize = 1_024;

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
    /// Where it ends, and what comes next begins: after what there is now, too.
    pub end: Option<Place>,
    /// Whether there is more at this moment.
    pub more: bool,
}

impl<T> ListPage<T> {
    /// Where the next one begins; nothing when this is the last.
    #[must_use]
    pub fn next(&self) -> Option<&Place> {
        self.end.as_ref().filter(|_| self.more)
    }
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
        // The table refuses to look for one that is none.
        let is_key = (1..=KEY_LEN_MAX).contains(&due_at.len()) && due_at.as_str() < AFTER_ALL;
        is_key.then_some(Self { due_at, pk, sk })
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
    /// One page of a list, in order, after a place and up to a time in the index. What no
    /// longer stands so is left out: the index has not heard of it yet. A list may be
    /// spread over several partitions.
    pub(crate) async fn listed<T: DeserializeOwned>(
        &self,
        item_name: &'static str,
        partitions: &[String],
        after: Option<&Place>,
        until: Option<&str>,
        limit: usize,
        stands_so: impl Fn(&T) -> bool,
    ) -> Result<ListPage<T>, Error> {
        let each = partitions.iter();
        let each = each.map(|partition| self.places(partition, after, until, limit + 1));
        let mut places: Vec<Place> = try_join_all(each).await?.into_iter().flatten().collect();
        places.sort();
        let more = places.len() > limit;
        places.truncate(limit);
        let mut entries = Vec::new();
        for some in places.chunks(READS_AT_ONCE) {
            let found = try_join_all(some.iter().map(|place| self.entry(place))).await?;
            for item in found.into_iter().flatten() {
                let entry: T = read(item_name, item)?;
                if stands_so(&entry) {
                    entries.push(entry);
                }
            }
        }
        Ok(ListPage {
            entries,
            end: places.pop().or_else(|| after.cloned()),
            more,
        })
    }

    /// What stands at a place, strongly consistent; nothing where it is gone.
    async fn entry(&self, place: &Place) -> Result<Option<Item>, Error> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(place.key()))
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable("read an entry of a list"))?;
        Ok(found.item)
    }

    /// The first places of a partition after one; hardly more than so many.
    async fn places(
        &self,
        partition: &str,
        after: Option<&Place>,
        until: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Place>, Error> {
        let (from, to) = (
            after.map_or(" ", |place| &place.due_at),
            until.unwrap_or(AFTER_ALL),
        );
        // The table refuses a range that ends before it begins.
        if from > to {
            return Ok(Vec::new());
        }
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
                .expression_attribute_values(":shard", s(partition))
                .expression_attribute_values(":from", s(from))
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
