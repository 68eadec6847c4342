//! A change as the city hears it: the same to whoever reads the feed and to whoever is told.

use jiff::Timestamp;
use serde::Serialize;
use store::TicketChange;
use ticket::{CaseNumber, Cents};

use crate::fields::euros;

/// What has happened to a ticket, and how it stands after it.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    id: String,
    at: Timestamp,
    case_number: CaseNumber,
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    state: String,
    #[serde(serialize_with = "euros")]
    owed: Cents,
}

impl From<TicketChange> for Change {
    fn from(change: TicketChange) -> Self {
        Self {
            id: change.id,
            at: change.at,
            case_number: change.case_number,
            what: change.what,
            reference: change.reference,
            state: change.state,
            owed: change.owed,
        }
    }
}
