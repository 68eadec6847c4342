//! How the table is talked to: its client, its keys, its transactions.

pub(crate) mod client;
pub(crate) mod keys;
pub(crate) mod write;
