//! Refunds and reversals that have not come to their end: each night asks about them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::dynamo::client::{read, unavailable};
use crate::dynamo::keys::{self, Item, s};
use crate::payments::records::TakenBackKind;
use crate::{Error, Store};

/// A refund or reversal that PayPal has not carried out yet.
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

impl Store {
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
        let kind = crate::dynamo::write::value("open refund", &kind)?;
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
}
