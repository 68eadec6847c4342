//! PayPal's access token, shared so that cold starts do not each ask for one:
//! one token per transaction ends in `RATE_LIMIT_REACHED`.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::dynamo::client::{read, unavailable};
use crate::dynamo::keys;
use crate::dynamo::write::item;
use crate::{Error, Store};

/// A token as the table keeps it. A secret: `Debug` does not show it.
#[derive(Clone, Serialize, Deserialize)]
pub struct StoredToken {
    /// The bearer token.
    pub secret: String,
    /// Until when it may be used.
    pub valid_until: Timestamp,
}

impl fmt::Debug for StoredToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredToken")
            .field("valid_until", &self.valid_until)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// The token that some process has fetched for this client id.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn access_token(&self, client_id: &str) -> Result<Option<StoredToken>, Error> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(keys::access_token(client_id).into_item()))
            .send()
            .await
            .map_err(unavailable("read the access token"))?;
        found
            .item
            .map(|item| read("access token", item))
            .transpose()
    }

    /// Shares a token. The last one wins: each of them works until it ends.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn share_access_token(
        &self,
        client_id: &str,
        token: &StoredToken,
    ) -> Result<(), Error> {
        let mut item = item("access token", keys::access_token(client_id), token)?;
        item.insert(
            "expires_at".to_owned(),
            keys::n(token.valid_until.as_second()),
        );
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .send()
            .await
            .map_err(unavailable("share the access token"))?;
        Ok(())
    }
}
