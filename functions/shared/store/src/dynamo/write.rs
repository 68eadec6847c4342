//! Conditional writes: one transaction, all or nothing.

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::{ConditionCheckBuilder, PutBuilder, UpdateBuilder};
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use serde::Serialize;

use crate::dynamo::client::unavailable;
use crate::dynamo::keys::{Item, Key};
use crate::{Error, Store, Write};

/// How often a transaction is tried again that met another one on the same
/// item. Two requests for one ticket are usual, four at the same millisecond
/// are not.
const CONFLICT_TRIES_MAX: u32 = 4;
/// The pause before the first such try; each later one waits twice as long. At
/// once, it would meet the same transaction again, which takes some milliseconds.
const CONFLICT_PAUSE: Duration = Duration::from_millis(20);

/// A record with its key, as an item.
pub(crate) fn item<T: Serialize>(name: &'static str, key: Key, record: &T) -> Result<Item, Error> {
    let mut item = attributes(name, record)?;
    item.extend(key.into_item());
    Ok(item)
}

/// A record as attributes beside each other.
pub(crate) fn attributes<T: Serialize>(name: &'static str, record: &T) -> Result<Item, Error> {
    serde_dynamo::to_item(record).map_err(|source| Error::Unreadable {
        item: name,
        source: Box::new(source),
    })
}

/// A record as one attribute's value.
pub(crate) fn value<T: Serialize>(name: &'static str, record: &T) -> Result<AttributeValue, Error> {
    serde_dynamo::to_attribute_value(record).map_err(|source| Error::Unreadable {
        item: name,
        source: Box::new(source),
    })
}

/// One step of a transaction.
#[derive(Clone)]
pub(crate) enum Step {
    Check(ConditionCheckBuilder),
    Put(PutBuilder),
    Update(UpdateBuilder),
}

impl Step {
    /// A new item; refused where there is one under its key.
    pub(crate) fn put_new(item: Item) -> Self {
        Self::Put(
            PutBuilder::default()
                .set_item(Some(item))
                .condition_expression("attribute_not_exists(pk)"),
        )
    }

    fn build(self, table: &str) -> Result<TransactWriteItem, aws_sdk_dynamodb::error::BuildError> {
        let item = TransactWriteItem::builder();
        Ok(match self {
            Self::Check(check) => item.condition_check(check.table_name(table).build()?),
            Self::Put(put) => item.put(put.table_name(table).build()?),
            Self::Update(update) => item.update(update.table_name(table).build()?),
        }
        .build())
    }
}

impl Store {
    /// All steps, or none. The SDK adds a token, so that its own repeats after
    /// a lost answer are the same transaction and not a second one.
    pub(crate) async fn transact(
        &self,
        call: &'static str,
        steps: Vec<Step>,
    ) -> Result<Write, Error> {
        let steps: Vec<TransactWriteItem> = steps
            .into_iter()
            .map(|step| step.build(&self.table))
            .collect::<Result<_, _>>()
            .map_err(|source| Error::Unavailable {
                call,
                source: Box::new(source),
            })?;
        let mut conflicts = 0;
        loop {
            let sent = self
                .client
                .transact_write_items()
                .set_transact_items(Some(steps.clone()))
                .send()
                .await;
            let Err(error) = sent else {
                return Ok(Write::Done);
            };
            match cancelled_by(&error) {
                Some(Cancelled::ByCondition) => return Ok(Write::Refused),
                Some(Cancelled::ByConflict) if conflicts < CONFLICT_TRIES_MAX => {
                    tokio::time::sleep(CONFLICT_PAUSE * 2_u32.pow(conflicts)).await;
                    conflicts += 1;
                }
                Some(Cancelled::ByConflict) | None => return Err(unavailable(call)(error)),
            }
        }
    }
}

impl Store {
    /// As [`Store::transact`], but what is to be put and is there already stays
    /// as it is: what a restore has torn apart is made whole with the parts
    /// that came back.
    pub(crate) async fn transact_missing(
        &self,
        call: &'static str,
        steps: Vec<Step>,
    ) -> Result<Write, Error> {
        let mut missing = Vec::new();
        for step in steps {
            if !self.is_there_already(call, &step).await? {
                missing.push(step);
            }
        }
        if missing.is_empty() {
            return Ok(Write::Done);
        }
        self.transact(call, missing).await
    }

    /// Whether a step puts an item whose key is taken.
    async fn is_there_already(&self, call: &'static str, step: &Step) -> Result<bool, Error> {
        let Step::Put(put) = step else {
            return Ok(false);
        };
        let item = put.get_item().iter().flatten();
        let key = item.filter(|(name, _)| *name == "pk" || *name == "sk");
        let key = key.map(|(name, value)| (name.clone(), value.clone()));
        self.is_there(call, key.collect()).await
    }

    /// Whether there is an item under this key.
    pub(crate) async fn is_there(&self, call: &'static str, key: Item) -> Result<bool, Error> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable(call))?;
        Ok(found.item.is_some())
    }
}

enum Cancelled {
    ByCondition,
    ByConflict,
}

/// Why a transaction was cancelled, where that is a definite answer.
fn cancelled_by<R>(error: &SdkError<TransactWriteItemsError, R>) -> Option<Cancelled> {
    let TransactWriteItemsError::TransactionCanceledException(cancelled) =
        error.as_service_error()?
    else {
        return None;
    };
    let codes = || {
        cancelled
            .cancellation_reasons()
            .iter()
            .filter_map(|reason| reason.code())
    };
    if codes().any(|code| code == "ConditionalCheckFailed") {
        Some(Cancelled::ByCondition)
    } else if codes().any(|code| code == "TransactionConflict") {
        Some(Cancelled::ByConflict)
    } else {
        None
    }
}
