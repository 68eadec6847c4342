//! The city's configuration: an item of the table, read at start.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use jiff::Timestamp;
use ticket::Municipality;

use crate::dynamo::client::{KeptMunicipality, read, unavailable};
use crate::dynamo::keys;
use crate::dynamo::write::{Step, item};
use crate::{Error, Store, Write};

/// How long a read configuration counts: ops see a change after that.
const KEPT: Duration = Duration::from_mins(5);

/// A cold start must not wait for a table that is down.
const PRIME_TIMEOUT: Duration = Duration::from_secs(1);

impl Store {
    /// Reads the configuration once, at INIT, where a Lambda has a whole CPU:
    /// it opens the connection that the first driver would wait for. A failure
    /// says nothing; the first request tries again.
    pub async fn prime(&self, now: Timestamp) {
        let primed = tokio::time::timeout(PRIME_TIMEOUT, self.municipality(now)).await;
        if !matches!(primed, Ok(Ok(_))) {
            tracing::warn!("the table did not answer at start");
        }
    }

    /// The same for a function that shows no city and may not read one: it asks for a ticket
    /// that nobody has issued.
    pub async fn connect(&self) {
        let asked = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(keys::nobodys_ticket().into_item()))
            .send();
        let connected = tokio::time::timeout(PRIME_TIMEOUT, asked).await;
        if !matches!(connected, Ok(Ok(_))) {
            tracing::warn!("the table did not answer at start");
        }
    }

    /// The city's configuration, at most five minutes old.
    ///
    /// # Errors
    /// When the table does not answer, or holds none.
    pub async fn municipality(&self, now: Timestamp) -> Result<Arc<Municipality>, Error> {
        if let Some((read_at, municipality)) = self.kept_municipality()
            && now.duration_since(read_at).unsigned_abs() < KEPT
        {
            return Ok(municipality);
        }
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(keys::municipality(&self.municipality_id).into_item()))
            .send()
            .await
            .map_err(unavailable("read the municipality"))?;
        let item = found.item.ok_or_else(|| Error::NotConfigured {
            id: self.municipality_id.clone(),
        })?;
        let configuration = match item.get("configuration") {
            Some(AttributeValue::M(configuration)) => configuration.clone(),
            _ => {
                return Err(Error::NotConfigured {
                    id: self.municipality_id.clone(),
                });
            }
        };
        let municipality: Arc<Municipality> = Arc::new(read("municipality", configuration)?);
        *self
            .municipality
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(&municipality)));
        Ok(municipality)
    }

    /// The configuration as last read, however old: for pages that may not
    /// cost a read.
    #[must_use]
    pub fn last_known_municipality(&self) -> Option<Arc<Municipality>> {
        self.kept_municipality()
            .map(|(_, municipality)| municipality)
    }

    fn kept_municipality(&self) -> Option<KeptMunicipality> {
        self.municipality
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Who has written what the city is; nobody, where nothing is there.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn configured_by(&self) -> Result<Option<String>, Error> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(keys::municipality(&self.municipality_id).into_item()))
            .send()
            .await
            .map_err(unavailable("read the municipality"))?;
        let by = found.item.and_then(|mut item| item.remove("configured_by"));
        Ok(match by {
            Some(AttributeValue::S(by)) => Some(by),
            _ => None,
        })
    }

    /// Writes what a city is from now on, and beside it for good who has written it and
    /// when: it says into whose account drivers pay. That it may be written is for
    /// [`Municipality::wrong`] to say.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn put_municipality(
        &self,
        municipality: &Municipality,
        by: &str,
        at: Timestamp,
    ) -> Result<(), Error> {
        #[derive(serde::Serialize)]
        struct Item<'a> {
            configuration: &'a Municipality,
            configured_by: &'a str,
            configured_at: Timestamp,
        }
        let configured = Item {
            configuration: municipality,
            configured_by: by,
            configured_at: at,
        };
        let put = |key| item("municipality", key, &configured);
        let now = put(keys::municipality(&municipality.id))?;
        let kept = put(keys::municipality_configured(&municipality.id, at))?;
        let steps = vec![
            Step::Put(PutBuilder::default().set_item(Some(now))),
            Step::Put(PutBuilder::default().set_item(Some(kept))),
        ];
        // There is no condition that could refuse it.
        let (Write::Done | Write::Refused) = self.transact("write the municipality", steps).await?;
        Ok(())
    }
}
