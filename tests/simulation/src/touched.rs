//! What a call touches: whether two calls can change places without anybody
//! noticing.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;

use crate::engine::{key_of, written_keys};
use crate::net::Call;

/// What a call touches.
#[derive(Clone, Debug)]
pub(crate) enum Touched {
    /// Items of the table, by partition: all of an attempt's or a ticket's.
    Table {
        reads: BTreeSet<String>,
        writes: BTreeSet<String>,
    },
    /// Something at PayPal.
    PayPal { changes: bool },
    /// An actor outside, of whom nothing is known.
    Anything,
}

/// The index of open work, which every write to an attempt may change.
const INDEX: &str = "the index";
/// Its lists of refunds, which every write to one may change.
const REFUNDS: &str = "the lists of refunds";

impl Touched {
    /// What `call` touches.
    pub(crate) fn by(call: &Call) -> Self {
        match call {
            Call::Turn(_) => Self::Anything,
            Call::PayPal(request) => Self::PayPal {
                changes: request.method() != Method::GET,
            },
            Call::Table(call) => {
                let request: Value = serde_json::from_str(&call.body).unwrap_or_default();
                let mut reads = BTreeSet::new();
                let mut writes = BTreeSet::new();
                for (pk, sk) in written_keys(&call.operation, &call.body) {
                    if pk.starts_with("ATTEMPT#") {
                        writes.insert(INDEX.to_owned());
                    }
                    if sk.starts_with("REFUND#") {
                        writes.insert(REFUNDS.to_owned());
                    }
                    writes.insert(pk);
                }
                match call.operation.as_str() {
                    "GetItem" => drop(reads.insert(key_of(&request["Key"]).0)),
                    "TransactWriteItems" => {
                        for step in request["TransactItems"].as_array().into_iter().flatten() {
                            if let Some(check) = step.get("ConditionCheck") {
                                reads.insert(key_of(&check["Key"]).0);
                            }
                        }
                    }
                    "Query" if request.get("IndexName").is_some() => {
                        let list = request["ExpressionAttributeValues"][":shard"]["S"].as_str();
                        let of_refunds = list.is_some_and(|list| list.starts_with("REFUND#"));
                        reads.insert((if of_refunds { REFUNDS } else { INDEX }).to_owned());
                    }
                    "Query" => {
                        let pk = request["ExpressionAttributeValues"][":pk"]["S"].as_str();
                        reads.insert(pk.unwrap_or_default().to_owned());
                    }
                    _ => {}
                }
                Self::Table { reads, writes }
            }
        }
    }

    /// Whether the order of the two makes no difference.
    pub(crate) fn can_change_places_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Anything, _) | (_, Self::Anything) => false,
            (Self::PayPal { changes: one }, Self::PayPal { changes: other }) => !one && !other,
            // When a capture arrives, the laws look at the ticket.
            (Self::PayPal { changes }, Self::Table { writes, .. })
            | (Self::Table { writes, .. }, Self::PayPal { changes }) => {
                !changes || writes.is_empty()
            }
            (
                Self::Table { reads, writes },
                Self::Table {
                    reads: other_reads,
                    writes: other_writes,
                },
            ) => {
                writes.is_disjoint(other_writes)
                    && writes.is_disjoint(other_reads)
                    && reads.is_disjoint(other_writes)
            }
        }
    }
}
