//! Money that counts for a ticket.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    AttemptId, CaptureId, CaseNumber, Cents, Money, ReceiptNumber, SettlementId, State, Ticket,
};

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
    /// Where it came from.
    #[serde(flatten)]
    pub source: Source,
    /// The gross amount, as the source states it.
    #[serde(flatten)]
    pub amount: Money,
    /// The legal moment of payment, as the source states it; never our own clock.
    pub paid_at: Timestamp,
    /// When it was booked here.
    pub booked_at: Timestamp,
    /// Whether it closed the ticket.
    #[serde(flatten)]
    pub role: Role,
    /// What of it is beyond what was owed, where it closed the ticket: to be given back.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "euros")]
    pub overpaid: Option<Cents>,
}

/// Where money came from: its channel, and what is known only of that one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StoredSource", into = "StoredSource")]
pub enum Source {
    /// A PayPal capture.
    Paypal(Captured),
    /// The cash office's till.
    Cash(Receipt),
    /// A bank transfer.
    Transfer(Receipt),
}

/// Money that PayPal captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// The capture.
    pub capture_id: CaptureId,
    /// Through which payment attempt it came.
    pub attempt: AttemptId,
    /// PayPal's fee, in the form of the amount; the city bears it, § 56(3) `OWiG`.
    pub fee: Option<String>,
    /// Gross less fee, in the same form.
    pub net: Option<String>,
}

/// Money that a clerk took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The till's number of it, or the bank's reference.
    pub receipt_number: ReceiptNumber,
    /// Who booked it.
    pub clerk: String,
}

/// An amount that may be missing, in the form of every other amount: `"5.00"`.
mod euros {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::Cents;

    #[expect(
        clippy::ref_option,
        clippy::trivially_copy_pass_by_ref,
        reason = "serde calls it so"
    )]
    pub(super) fn serialize<S: Serializer>(
        amount: &Option<Cents>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        amount.map(|it| it.to_string()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Cents>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        let amount = text.map(|text| text.parse().map_err(serde::de::Error::custom));
        amount.transpose()
    }
}

impl Settlement {
    /// Its own id.
    #[must_use]
    pub fn id(&self) -> SettlementId {
        self.source.id()
    }

    /// What of it is to be given back.
    #[must_use]
    pub fn surplus(&self) -> Cents {
        let surplus = match self.role {
            Role::Main | Role::Part => self.overpaid,
            Role::Surplus(_) => self.amount.euro_cents(),
        };
        surplus.unwrap_or(Cents::new(0))
    }

    /// What its ticket becomes by it, and what is owed then.
    #[must_use]
    pub fn after(&self, ticket: &Ticket) -> (State, Cents) {
        let (before, owed) = (&ticket.state, ticket.rest());
        match self.role {
            Role::Main => {
                let paid = State::Paid {
                    settlement: self.id(),
                    paid_at: self.paid_at,
                    by: self.source.channel(),
                };
                (paid, owed)
            }
            Role::Part => (before.clone(), self.rest(owed)),
            Role::Surplus(SurplusReason::FactsDiffer) if matches!(before, State::Open(_)) => {
                (State::Review(None), owed)
            }
            Role::Surplus(SurplusReason::FactsDiffer | SurplusReason::TicketNotOpen) => {
                (before.clone(), owed)
            }
        }
    }

    /// What is still owed once it is counted.
    fn rest(&self, owed: Cents) -> Cents {
        let paid = self.amount.euro_cents().map_or(0, Cents::minor_units);
        Cents::new(owed.minor_units().saturating_sub(paid))
    }

    /// Whether the ticket has counted it already: it was booked before, or the ticket
    /// came back from a restore without the rest of its booking. A review that ended since
    /// has counted everything, as whatever it took it for.
    #[must_use]
    pub fn is_counted_by(&self, ticket: &Ticket) -> bool {
        let id = self.id();
        let pays_it = matches!(&ticket.state, State::Paid { settlement, .. } if *settlement == id);
        let mut parts = ticket.part_payments.iter();
        let is_reviewed = ticket.was_reviewed_since(self.booked_at);
        pays_it || is_reviewed || parts.any(|part| part.settlement == id)
    }
}

impl Source {
    /// The way the money came.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        match self {
            Self::Paypal(_) => Channel::Paypal,
            Self::Cash(_) => Channel::Cash,
            Self::Transfer(_) => Channel::Transfer,
        }
    }

    /// The id of its settlement, so that booking it twice is one booking.
    #[must_use]
    pub fn id(&self) -> SettlementId {
        match self {
            Self::Paypal(captured) => (&captured.capture_id).into(),
            Self::Cash(receipt) | Self::Transfer(receipt) => {
                SettlementId::of_receipt(self.channel(), &receipt.receipt_number)
            }
        }
    }

    /// Who has booked it by hand, where somebody has.
    #[must_use]
    pub fn clerk(&self) -> Option<&str> {
        match self {
            Self::Paypal(_) => None,
            Self::Cash(receipt) | Self::Transfer(receipt) => Some(&receipt.clerk),
        }
    }

    /// PayPal's capture, where it is one.
    #[must_use]
    pub const fn captured(&self) -> Option<&Captured> {
        match self {
            Self::Paypal(captured) => Some(captured),
            Self::Cash(_) | Self::Transfer(_) => None,
        }
    }
}

/// A source as the table and the API have it: attributes beside each other.
#[derive(Serialize, Deserialize)]
struct StoredSource {
    channel: Channel,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    capture_id: Option<CaptureId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attempt: Option<AttemptId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fee: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    net: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    receipt_number: Option<ReceiptNumber>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    clerk: Option<String>,
}

/// What is in the table was not written by this code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("money without what is known of it: a capture and its attempt, or a receipt and its clerk")]
pub struct ImpossibleSource;

impl TryFrom<StoredSource> for Source {
    type Error = ImpossibleSource;

    fn try_from(stored: StoredSource) -> Result<Self, Self::Error> {
        let receipt = |number: Option<_>, clerk: Option<_>| {
            Ok(Receipt {
                receipt_number: number.ok_or(ImpossibleSource)?,
                clerk: clerk.ok_or(ImpossibleSource)?,
            })
        };
        Ok(match stored.channel {
            Channel::Paypal => Self::Paypal(Captured {
                capture_id: stored.capture_id.ok_or(ImpossibleSource)?,
                attempt: stored.attempt.ok_or(ImpossibleSource)?,
                fee: stored.fee,
                net: stored.net,
            }),
            Channel::Cash => Self::Cash(receipt(stored.receipt_number, stored.clerk)?),
            Channel::Transfer => Self::Transfer(receipt(stored.receipt_number, stored.clerk)?),
        })
    }
}

impl From<Source> for StoredSource {
    fn from(source: Source) -> Self {
        let nothing = Self {
            channel: source.channel(),
            capture_id: None,
            attempt: None,
            fee: None,
            net: None,
            receipt_number: None,
            clerk: None,
        };
        match source {
            Source::Paypal(captured) => Self {
                capture_id: Some(captured.capture_id),
                attempt: Some(captured.attempt),
                fee: captured.fee,
                net: captured.net,
                ..nothing
            },
            Source::Cash(receipt) | Source::Transfer(receipt) => Self {
                receipt_number: Some(receipt.receipt_number),
                clerk: Some(receipt.clerk),
                ..nothing
            },
        }
    }
}

/// What a settlement is to its ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", content = "surplus_reason", rename_all = "snake_case")]
pub enum Role {
    /// It paid the fine.
    Main,
    /// It paid a part of the fine; the rest is owed.
    Part,
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_source_is_written_beside_its_channel_and_read_only_whole() {
        let captured = json!({
            "channel": "paypal",
            "capture_id": "CAPTURE1",
            "attempt": "a".repeat(26),
            "fee": "0.84",
            "net": "29.16",
        });
        let of_clerk = |channel: &str| json!({ "channel": channel, "receipt_number": "4711", "clerk": "clerk-1" });
        for (stored, needed) in [
            (captured, ["capture_id", "attempt"]),
            (of_clerk("cash"), ["receipt_number", "clerk"]),
            (of_clerk("transfer"), ["receipt_number", "clerk"]),
        ] {
            let read: Source = serde_json::from_value(stored.clone()).unwrap();
            assert_eq!(read.channel().name(), stored["channel"]);
            assert_eq!(serde_json::to_value(&read).unwrap(), stored);
            for missing in needed {
                let mut torn = stored.clone();
                torn.as_object_mut().unwrap().remove(missing);
                let read: Result<Source, _> = serde_json::from_value(torn);
                assert!(read.is_err(), "{missing}");
            }
        }
    }
}
