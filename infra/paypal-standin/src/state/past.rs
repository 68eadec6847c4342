//! What orders were before they changed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::books::OrderState;

/// What orders were, and how often they were read while that was shown.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Past {
    pub(crate) before: BTreeMap<String, Vec<Before>>,
    pub(crate) reads: BTreeMap<String, u64>,
}

/// What an order was until it changed.
#[derive(Serialize, Deserialize)]
pub(crate) struct Before {
    pub(crate) until: Timestamp,
    pub(crate) state: OrderState,
    pub(crate) updated_at: Timestamp,
    /// Whether the change was its capture.
    pub(crate) captured: bool,
}
