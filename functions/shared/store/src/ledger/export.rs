//! The queue of the export: an entry for each booking. An entry is marked when PayPal's
//! books have shown what was booked.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use ticket::{CaseNumber, Channel, RefundId, SettlementId};

use crate::dynamo::client::unavailable;
use crate::dynamo::keys::{self, Item, s, sortable};
use crate::{Error, Store};

/// How many bookings one read of the queue gives.
const QUEUE_PAGE: i32 = 200;

/// An entry of the export's queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// The ticket.
    pub case_number: CaseNumber,
    /// What was booked.
    pub booked: Booked,
    /// Under which id PayPal's books have shown it, once they have.
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

/// What an entry of the queue is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Booked {
    /// Money that came, by its settlement.
    Settlement(SettlementId),
    /// Money that left, by its refund or reversal.
    TakenBack(String),
}

impl Booked {
    /// PayPal's id of it; nothing of cash and transfers, of which it has never heard.
    #[must_use]
    pub fn paypal_id(&self) -> Option<&str> {
        let id = match self {
            Self::Settlement(id) if id.channel() == Channel::Paypal => id.as_str(),
            // The cash office pays it out.
            Self::TakenBack(id) if id.parse::<RefundId>().is_ok() => return None,
            Self::TakenBack(id) => id,
            Self::Settlement(_) => return None,
        };
        Some(id)
    }
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

    /// Notes that PayPal's books have shown what was booked, and under which id.
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
}

/// The entry of what was booked at that moment: the attribute of its kind has its id.
pub(crate) fn export_entry(
    case_number: &CaseNumber,
    booked_at: Timestamp,
    kind: &str,
    id: &str,
) -> Item {
    let mut entry = keys::export(booked_at, id).into_item();
    entry.insert("case_number".to_owned(), s(case_number.as_str()));
    entry.insert(kind.to_owned(), s(id));
    entry
}

fn queued(item: &Item) -> Result<Queued, Error> {
    let text = |name: &str| match item.get(name) {
        Some(AttributeValue::S(text)) => Some(text.clone()),
        _ => None,
    };
    let read = || {
        let booked = match (text("settlement"), text("taken_back")) {
            (Some(id), _) => Booked::Settlement(id.parse().ok()?),
            (None, Some(id)) => Booked::TakenBack(id),
            (None, None) => return None,
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
