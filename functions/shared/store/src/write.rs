//! Conditional writes: one transaction, all or nothing.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::{ConditionCheckBuilder, PutBuilder, UpdateBuilder};
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use serde::Serialize;

use crate::client::unavailable;
use crate::keys::{Item, Key};
use crate::{Error, Store, Write};

/// How often a transaction is tried again that met another one on the same
/// item. Two requests for one ticket are usual, four at the same millisecond
/// are not.
const CONFLICT_TRIES_MAX: usize = 4;

/// A record with its key, as an item.
pub(crate) fn item<T: Serialize>(name: &'static str, key: Key, record: &T) -> Result<Item, Error> {
    let mut item: Item = serde_dynamo::to_item(record).map_err(|source| Error::Unreadable {
        item: name,
        source: Box::new(source),
    })?;
    item.extend(key.into_item());
    Ok(item)
}

/// A record as one attribute's value.
pub(crate) fn value<T: Serialize>(name: &'static str, record: &T) -> Result<AttributeValue, Error> {
    serde_dynamo::to_attribute_value(record).map_err(|source| Error::Unreadable {
        item: name,
        source: Box::new(source),
    })
}

/// One step of a transaction.
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
                Some(Cancelled::ByConflict) if conflicts < CONFLICT_TRIES_MAX => conflicts += 1,
                Some(Cancelled::ByConflict) | None => return Err(unavailable(call)(error)),
            }
        }
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
