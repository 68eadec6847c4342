//! Money that counts for a ticket.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AttemptId, CaptureId, CaseNumber};

/// The way money came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A PayPal capture.
    Paypal,
    /// The cash office's till.
    Cash,
    /// A bank transfer.
    Transfer,
}

impl Channel {
    /// The name the table and the API write.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Paypal => "paypal",
            Self::Cash => "cash",
            Self::Transfer => "transfer",
        }
    }
}

/// One receipt of money (Zahlungseingang): the main one closes the ticket, any
/// other is surplus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// What the money was for.
    pub case_number: CaseNumber,
    /// PayPal's capture; the settlement's own id, so that booking it twice is
    /// one booking.
    pub capture_id: CaptureId,
    /// Through which payment attempt it came.
    pub attempt: AttemptId,
    /// The way it came.
    pub channel: Channel,
    /// The gross amount as PayPal states it: `30.00`.
    pub value: String,
    /// The currency as PayPal states it; `EUR` unless the facts differ.
    pub currency: String,
    /// PayPal's fee, in the same form; the city bears it, § 56(3) `OWiG`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee: Option<String>,
    /// Gross less fee, in the same form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net: Option<String>,
    /// The legal moment of payment, as PayPal states it; never our own clock.
    pub paid_at: Timestamp,
    /// When it was booked here.
    pub booked_at: Timestamp,
    /// Whether it closed the ticket.
    #[serde(flatten)]
    pub role: Role,
}

/// What a settlement is to its ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", content = "surplus_reason", rename_all = "snake_case")]
pub enum Role {
    /// It paid the fine.
    Main,
    /// Money beyond the fine: becomes a refund proposal.
    Surplus(SurplusReason),
}

/// Why money is surplus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SurplusReason {
    /// The ticket was no longer open when the money came.
    TicketNotOpen,
    /// Amount, currency, payee or attempt were not what we asked for.
    FactsDiffer,
}
