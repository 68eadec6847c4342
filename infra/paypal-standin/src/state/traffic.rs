//! The calls of the last minute.

use std::collections::VecDeque;

use jiff::Timestamp;

/// The calls of the last minute, and until when none is taken.
#[derive(Default)]
pub(crate) struct Traffic {
    pub(crate) calls: VecDeque<Timestamp>,
    pub(crate) blocked_until: Option<Timestamp>,
}
