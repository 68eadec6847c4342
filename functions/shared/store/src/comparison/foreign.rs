//! Money in the PayPal account that is no ticket's: asked about once, then remembered.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::dynamo::client::unavailable;
use crate::dynamo::keys::{self, n};
use crate::dynamo::write::item;
use crate::{Error, Store};

/// Foreign money is remembered for longer than any comparison looks back, and
/// for as long as it can be given back (180 days): its refund is foreign too.
const FOREIGN_KEPT: Duration = Duration::from_hours(24 * 200);

#[derive(Serialize)]
struct Foreign {
    seen_at: Timestamp,
}

impl Store {
    /// Remembers that what PayPal shows under this id is no ticket's.
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

    /// Whether it was found before that what PayPal shows under this id is no
    /// ticket's.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn is_foreign(&self, id: &str) -> Result<bool, Error> {
        let key = keys::foreign(id).into_item();
        self.is_there("look for foreign money", key).await
    }
}
