//! What whoever looks after a stack asks of the whole table. A feature, so that no function
//! has it: a scan reads every item there is, and no role allows one.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use ticket::{CaseNumber, Ticket};

use crate::dynamo::client::{read, unavailable};
use crate::dynamo::keys::{Item, s};
use crate::{Error, Store, StoredEvent};

/// What is looked for, in DynamoDB's words.
struct Wanted {
    call: &'static str,
    filter: &'static str,
    names: Vec<(&'static str, &'static str)>,
    values: Vec<(&'static str, AttributeValue)>,
}

impl Store {
    /// Every ticket that is locked, also by a lock that a restore has brought back and the
    /// index of open work knows nothing of.
    ///
    /// # Errors
    /// When the table does not answer, or a ticket is unreadable.
    pub async fn locked_tickets(&self) -> Result<Vec<Ticket>, Error> {
        let wanted = Wanted {
            call: "look for locks",
            filter: "sk = :ticket AND attribute_exists(#lock)",
            names: vec![("#lock", "lock")],
            values: vec![(":ticket", s("TICKET"))],
        };
        let mut tickets = Vec::new();
        for item in self.scan(wanted).await? {
            // The key alone: what stands in a scan may be a second old.
            let case_number: Option<CaseNumber> =
                id(&item, "TICKET#").and_then(|it| it.parse().ok());
            let Some(case_number) = case_number else {
                continue;
            };
            let ticket = self.ticket(&case_number).await?;
            tickets.extend(ticket.filter(|ticket| ticket.lock().is_some()));
        }
        Ok(tickets)
    }

    /// Every event of PayPal's that is parked, by its id, the oldest first.
    ///
    /// # Errors
    /// When the table does not answer, or an event is unreadable.
    pub async fn parked_events(&self) -> Result<Vec<(String, StoredEvent)>, Error> {
        let wanted = Wanted {
            call: "look for parked events",
            filter: "sk = :event AND outcome = :parked",
            names: Vec::new(),
            values: vec![(":event", s("EVENT")), (":parked", s("parked"))],
        };
        let mut events = Vec::new();
        for item in self.scan(wanted).await? {
            if let Some(id) = id(&item, "EVENT#").map(str::to_owned) {
                events.push((id, read::<StoredEvent>("event", item)?));
            }
        }
        events.sort_by_key(|(_, event)| event.received_at);
        Ok(events)
    }

    async fn scan(&self, wanted: Wanted) -> Result<Vec<Item>, Error> {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let names: HashMap<String, String> = wanted.names.into_iter().map(owned).collect();
        let values = wanted.values.into_iter();
        let values: HashMap<String, AttributeValue> = values
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = self
                .client
                .scan()
                .table_name(&self.table)
                .consistent_read(true)
                .filter_expression(wanted.filter)
                .set_expression_attribute_names((!names.is_empty()).then(|| names.clone()))
                .set_expression_attribute_values(Some(values.clone()))
                .set_exclusive_start_key(after)
                .send()
                .await
                .map_err(unavailable(wanted.call))?;
            found.extend(page.items.unwrap_or_default());
            after = page.last_evaluated_key;
            if after.is_none() {
                return Ok(found);
            }
        }
    }
}

/// What the partition key names behind this prefix.
fn id<'a>(item: &'a Item, prefix: &str) -> Option<&'a str> {
    match item.get("pk") {
        Some(AttributeValue::S(pk)) => pk.strip_prefix(prefix),
        _ => None,
    }
}
