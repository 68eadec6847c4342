//! What a clerk enters, read strictly.

use jiff::{SignedDuration, Timestamp};
use office::fields::{amount, moment};
use office::{Problem, object};
use serde::{Deserialize, Deserializer};
use ticket::{CaseNumber, Cents, Receipt, ReceiptNumber, Source, Ticket, TicketText};

/// How far the clock of a till may be ahead of ours.
const TILL_CLOCK_AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// More than any warning fine many times over: a typing error.
const AMOUNT_MAX: Cents = Cents::new(100_000);

/// A payment as sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SentPayment {
    channel: SentChannel,
    #[serde(deserialize_with = "payment")]
    pub(crate) amount: Cents,
    #[serde(deserialize_with = "moment")]
    pub(crate) paid_at: Timestamp,
    #[serde(default, deserialize_with = "number")]
    receipt_number: Option<ReceiptNumber>,
    #[serde(default, deserialize_with = "number")]
    bank_reference: Option<ReceiptNumber>,
    /// Why it is booked although PayPal holds a capture back.
    pub(crate) override_reason: Option<TicketText>,
    /// On a line of many; for one alone it is in the path.
    pub(crate) case_number: Option<CaseNumber>,
}

/// The way the money came.
#[derive(Clone, Copy, Debug)]
enum SentChannel {
    Cash,
    Transfer,
}

impl<'de> Deserialize<'de> for SentChannel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "cash" => Ok(Self::Cash),
            "transfer" => Ok(Self::Transfer),
            _ => Err(serde::de::Error::custom(
                "not a way for money to come: write cash or transfer; what PayPal takes books \
                 itself",
            )),
        }
    }
}

impl SentPayment {
    /// Reads one JSON object.
    ///
    /// # Errors
    /// A problem that names the field and says what belongs there.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Problem> {
        let sent: Self = object(body, "a payment")?;
        sent.number()?;
        Ok(sent)
    }

    /// Where the money came from, booked by this clerk.
    ///
    /// # Errors
    /// When the number that it is known by is missing, or is one of the other channel.
    pub(crate) fn source(&self, by: &str) -> Result<Source, Problem> {
        let receipt = Receipt {
            receipt_number: self.number()?.clone(),
            clerk: by.to_owned(),
        };
        Ok(match self.channel {
            SentChannel::Cash => Source::Cash(receipt),
            SentChannel::Transfer => Source::Transfer(receipt),
        })
    }

    fn number(&self) -> Result<&ReceiptNumber, Problem> {
        let (name, number, other_name, other) = match self.channel {
            SentChannel::Cash => (
                "receipt_number",
                &self.receipt_number,
                "bank_reference",
                &self.bank_reference,
            ),
            SentChannel::Transfer => (
                "bank_reference",
                &self.bank_reference,
                "receipt_number",
                &self.receipt_number,
            ),
        };
        if other.is_some() {
            return Err(Problem::with_field(
                other_name,
                format!("belongs to the other channel: send {name} alone"),
            ));
        }
        number.as_ref().ok_or_else(|| {
            Problem::with_field(
                name,
                "is missing: send it, the payment is known by it, and is booked once",
            )
        })
    }

    /// When it was paid, if that can be.
    ///
    /// # Errors
    /// When it is still to come, or was before there was anything to pay.
    pub(crate) fn paid_at(&self, ticket: &Ticket, now: Timestamp) -> Result<Timestamp, Problem> {
        if self.paid_at.duration_since(now) > TILL_CLOCK_AHEAD {
            return Err(Problem::with_field(
                "paid_at",
                "lies in the future: write when it was paid, and look at the clock of the till",
            ));
        }
        if ticket.is_before_day_of_offence(self.paid_at) {
            return Err(Problem::with_field(
                "paid_at",
                "lies before the day of the offence: write when it was paid, and look at the case number",
            ));
        }
        Ok(self.paid_at)
    }
}

fn payment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cents, D::Error> {
    let amount = amount(deserializer)?;
    if (Cents::new(1)..=AMOUNT_MAX).contains(&amount) {
        Ok(amount)
    } else {
        Err(serde::de::Error::custom(format_args!(
            "not a payment: write 0.01 to {AMOUNT_MAX}"
        )))
    }
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ReceiptNumber>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let number = text.parse().map_err(|_| {
        serde::de::Error::custom(
            "not a number of a receipt: write 1 to 70 letters, digits and signs, without spaces \
             and without #, like 2026-4711",
        )
    });
    number.map(Some)
}
