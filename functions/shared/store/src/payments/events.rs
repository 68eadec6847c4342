//! PayPal's webhook events: stored before they are answered, continued when
//! they come again, never skipped as "seen".

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::dynamo::client::{read, unavailable};
use crate::dynamo::keys::{self, n, s};
use crate::{Error, Store};

/// Events are tidied up long after PayPal has stopped repeating them (3 days).
const KEPT: Duration = Duration::from_hours(24 * 90);

/// An event as the table knows it. Its body is not kept: it names the payer,
/// and it is not believed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredEvent {
    /// `PAYMENT.CAPTURE.COMPLETED`.
    pub event_type: String,
    /// When it first came.
    pub received_at: Timestamp,
    /// How often it has come.
    pub deliveries: u32,
    /// How it ended, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<EventOutcome>,
}

/// How an event ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventOutcome {
    /// Its effect is in the table.
    Done,
    /// What is left of it the sweep does: the attempt is in its index.
    LeftToSweep,
    /// What is left of it the nightly comparison does: the refund is in its list.
    LeftToNight,
    /// It is about nothing of ours.
    NothingToDo,
    /// It could not be finished; a human must look.
    Parked,
}

impl Store {
    /// Stores a verified event, or counts one more delivery of it.
    ///
    /// # Errors
    /// When the table does not answer: PayPal must send it again.
    pub async fn receive_event(
        &self,
        id: &str,
        event_type: &str,
        now: Timestamp,
    ) -> Result<StoredEvent, Error> {
        let expires_at = now.as_second().saturating_add_unsigned(KEPT.as_secs());
        let stored = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(keys::event(id).into_item()))
            .update_expression(
                "SET event_type = if_not_exists(event_type, :type), \
                 received_at = if_not_exists(received_at, :now), \
                 expires_at = if_not_exists(expires_at, :expires_at) \
                 ADD deliveries :one",
            )
            .expression_attribute_values(":type", s(event_type))
            .expression_attribute_values(":now", s(now.to_string()))
            .expression_attribute_values(":expires_at", n(expires_at))
            .expression_attribute_values(":one", n(1))
            .return_values(ReturnValue::AllNew)
            .send()
            .await
            .map_err(unavailable("store an event"))?;
        read("event", stored.attributes.unwrap_or_default())
    }

    /// Notes how an event ended.
    ///
    /// # Errors
    /// When the table does not answer; the next delivery does it again, to no
    /// other effect.
    pub async fn finish_event(&self, id: &str, outcome: EventOutcome) -> Result<(), Error> {
        let outcome: AttributeValue = crate::dynamo::write::value("event", &outcome)?;
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(keys::event(id).into_item()))
            .update_expression("SET outcome = :outcome")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":outcome", outcome)
            .send()
            .await
            .map_err(unavailable("finish an event"))?;
        Ok(())
    }
}
