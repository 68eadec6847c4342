//! `PayPal`'s books against the table: what of the queue they have shown, whose
//! money is nobody's, and which refunds have not come to their end.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ticket::CaseNumber;

use crate::client::{read, unavailable};
use crate::keys::{Item, n, s, sortable};
use crate::records::{TakenBack, TakenBackKind};
use crate::write::item;
use crate::{Error, Store, keys};

/// Foreign money is remembered for longer than any comparison looks back, and
/// for as long as it can be given back (180 days): its refund is foreign too.
const FOREIGN_KEPT: Duration = Duration::from_hours(24 * 200);

/// How many bookings one read of the queue gives.
const QUEUE_PAGE: i32 = 200;

/// An entry of the export's queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// The ticket.
    pub case_number: CaseNumber,
    /// The capture, refund or reversal that was booked.
    pub booked: Booked,
    /// Under which id `PayPal`'s books have shown it, once they have.
    pub shown_as: Option<String>,
    pub(crate) sort_key: String,
    shard: u8,
}

/// A part of the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuePage {
    /// The entries that can be read.
    pub entries: Vec<Queued>,
    /// How many others there are: a human must look.
    pub unreadable: usize,
    /// Whether nothing comes after it.
    pub is_last: bool,
}

/// What an entry of the queue is for; by the id that `PayPal` knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Booked {
    /// Money that came, by its capture.
    Settlement(String),
    /// Money that left, by its refund or reversal.
    TakenBack(String),
    /// What a clerk has entered; `PayPal` knows nothing of it.
    ByClerk,
}

/// A refund or reversal that `PayPal` has not carried out yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenRefund {
    /// Its id.
    pub id: String,
    /// A refund, or a reversal.
    pub kind: TakenBackKind,
    /// Since when it is followed.
    pub since: Timestamp,
    /// When it was asked about last.
    pub asked_at: Timestamp,
}

#[derive(Serialize)]
struct Foreign {
    seen_at: Timestamp,
}

impl Store {
    /// What the export's queue holds of what was booked then under this id.
    ///
    /// # Errors
    /// When the table does not answer or the entry is unreadable.
    pub async fn queued(&self, booked_at: Timestamp, id: &str) -> Result<Option<Queued>, Error> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(keys::export(booked_at, id).into_item()))
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable("look into the export's queue"))?;
        found.item.map(|item| queued(&item)).transpose()
    }

    /// One page of a shard of the queue: what was booked from one moment until
    /// before another, oldest first, after the entry that was read last.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn queue(
        &self,
        shard: u8,
        (from, to): (Timestamp, Timestamp),
        after: Option<&Queued>,
    ) -> Result<QueuePage, Error> {
        // Sort keys go on with `#` and an id after the second they name.
        let from = after.map_or_else(|| sortable(from), |last| format!("{}!", last.sort_key));
        let (from, to) = (s(from), s(sortable(to)));
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", s(keys::export_shard_name(shard)))
            .expression_attribute_values(":from", from)
            .expression_attribute_values(":to", to)
            .consistent_read(true)
            .limit(QUEUE_PAGE)
            .send()
            .await
            .map_err(unavailable("read the export's queue"))?;
        let entries: Vec<Queued> = page
            .items()
            .iter()
            .filter_map(|item| queued(item).ok())
            .collect();
        Ok(QueuePage {
            unreadable: page.items().len() - entries.len(),
            entries,
            is_last: page.last_evaluated_key().is_none(),
        })
    }

    /// Notes that `PayPal`'s books have shown what was booked, and under which id.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn note_shown(&self, queued: &Queued, id: &str, now: Timestamp) -> Result<(), Error> {
        if queued.shown_as.is_some() {
            return Ok(());
        }
        self.client
            .update_item()
            .table_name(&self.table)
            .key("pk", s(keys::export_shard_name(queued.shard)))
            .key("sk", s(queued.sort_key.as_str()))
            .update_expression(
                "SET shown_at = if_not_exists(shown_at, :now), \
                 shown_as = if_not_exists(shown_as, :id)",
            )
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":now", s(now.to_string()))
            .expression_attribute_values(":id", s(id))
            .send()
            .await
            .map_err(unavailable("note what the books have shown"))?;
        Ok(())
    }

    /// Remembers that what `PayPal` shows under this id is no ticket's.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn remember_foreign(&self, id: &str, now: Timestamp) -> Result<(), Error> {
        let expires_at = now
            .as_second()
            .saturating_add_unsigned(FOREIGN_KEPT.as_secs());
        let foreign = Foreign { seen_at: now };
        let mut item = item("foreign money", keys::foreign(id), &foreign)?;
        item.insert("expires_at".to_owned(), n(expires_at));
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .send()
            .await
            .map_err(unavailable("remember foreign money"))?;
        Ok(())
    }

    /// Whether it was found before that what `PayPal` shows under this id is no
    /// ticket's.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn is_foreign(&self, id: &str) -> Result<bool, Error> {
        let key = keys::foreign(id).into_item();
        self.is_there("look for foreign money", key).await
    }

    /// Follows a refund until it has come to its end; again where it is
    /// followed already.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn follow_refund(
        &self,
        id: &str,
        kind: TakenBackKind,
        now: Timestamp,
    ) -> Result<(), Error> {
        let kind = crate::write::value("open refund", &kind)?;
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(keys::open_refund(id).into_item()))
            .update_expression(
                "SET id = :id, kind = :kind, since = if_not_exists(since, :now), asked_at = :now",
            )
            .expression_attribute_values(":id", s(id))
            .expression_attribute_values(":kind", kind)
            .expression_attribute_values(":now", s(now.to_string()))
            .send()
            .await
            .map_err(unavailable("follow a refund"))?;
        Ok(())
    }

    /// A refund has come to its end.
    ///
    /// # Errors
    /// When the table does not answer: it is followed on.
    pub async fn stop_following(&self, id: &str) -> Result<(), Error> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(keys::open_refund(id).into_item()))
            .send()
            .await
            .map_err(unavailable("stop following a refund"))?;
        Ok(())
    }

    /// Every refund that is followed.
    ///
    /// # Errors
    /// When the table does not answer or one is unreadable.
    pub async fn open_refunds(&self) -> Result<Vec<OpenRefund>, Error> {
        let pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", s(keys::OPEN_REFUNDS))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let items: Vec<Item> = pages
            .collect::<Result<_, _>>()
            .await
            .map_err(unavailable("look for open refunds"))?;
        let items = items.into_iter();
        items.map(|item| read("open refund", item)).collect()
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

fn queued(item: &Item) -> Result<Queued, Error> {
    let text = |name: &str| match item.get(name) {
        Some(AttributeValue::S(text)) => Some(text.clone()),
        _ => None,
    };
    let read = || {
        let booked = match (text("settlement"), text("taken_back"), text("payment")) {
            (Some(id), _, _) => Booked::Settlement(id),
            (_, Some(id), _) => Booked::TakenBack(id),
            (_, _, Some(_)) => Booked::ByClerk,
            (None, None, None) => return None,
        };
        Some(Queued {
            case_number: text("case_number")?.parse().ok()?,
            booked,
            shown_as: text("shown_as"),
            sort_key: text("sk")?,
            shard: text("pk")?.strip_prefix("EXPORT#")?.parse().ok()?,
        })
    };
    read().ok_or_else(|| Error::Unreadable {
        item: "entry of the export's queue",
        source: "its parts are not those of one".into(),
    })
}
