//! Who is told of changes without asking: whose turn it is to tell a subscriber, how far
//! it has heard, and what could not be told.

pub(crate) mod messages;
pub(crate) mod standing;
