//! Payments: attempts, the lock, what is booked and what is taken back.

pub(crate) mod access_token;
pub(crate) mod attempts;
pub(crate) mod awaiting;
pub(crate) mod booking;
pub(crate) mod conditions;
pub(crate) mod events;
pub(crate) mod lock;
pub(crate) mod mending;
pub(crate) mod open_work;
pub(crate) mod pending;
pub(crate) mod records;
pub(crate) mod refund_item;
pub(crate) mod refunds;
pub(crate) mod taken_back;
