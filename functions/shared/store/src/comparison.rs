//! PayPal's own books against the table: how far the nights are, whose money is nobody's,
//! which refunds are under way.

pub(crate) mod foreign;
pub(crate) mod nights;
pub(crate) mod open_refunds;
