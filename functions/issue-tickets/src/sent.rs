//! What the city sends for a ticket, read strictly.

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};
use ticket::{CaseNumber, Cents, DueDate, Offence, Plate, TicketText};

use office::Problem;
use office::fields::{day, euros, moment, warning_fine};

/// A transfer's unstructured line has 140 characters (EPC069-12).
const BOOKING_REFERENCE_CHARS_MAX: usize = 140;

/// Nobody gives a year for a warning fine; a year that was mistyped would never lapse,
/// and no route changes it.
const DUE_DAYS_MAX: i64 = 366;

/// A ticket as sent. The fields are in the order of their names, and none has
/// two spellings: this, as JSON, is what "the same again" compares.
#[derive(Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SentTicket {
    #[serde(deserialize_with = "warning_fine", serialize_with = "euros")]
    pub(crate) amount: Cents,
    #[serde(default, deserialize_with = "booking_reference")]
    pub(crate) booking_reference: Option<TicketText>,
    /// On a line of many; for one alone it is in the path.
    pub(crate) case_number: Option<CaseNumber>,
    #[serde(default, deserialize_with = "day")]
    pub(crate) due_on: Option<Date>,
    #[serde(deserialize_with = "moment")]
    pub(crate) occurred_at: Timestamp,
    pub(crate) offence: SentOffence,
    pub(crate) place: TicketText,
    pub(crate) plate: Plate,
}

/// The offence as sent.
#[derive(Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "an object with number and text")]
pub(crate) struct SentOffence {
    number: TicketText,
    text: TicketText,
}

impl From<SentOffence> for Offence {
    fn from(sent: SentOffence) -> Self {
        Self {
            number: sent.number,
            text: sent.text,
        }
    }
}

impl SentTicket {
    /// Reads one JSON object.
    ///
    /// # Errors
    /// A problem that names the field and says what belongs there.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Problem> {
        office::object::<Self>(body, "a ticket")?.checked()
    }

    /// What no field shows by itself.
    fn checked(self) -> Result<Self, Problem> {
        let due_on = self.due_on.map(DueDate::on);
        if due_on.is_some_and(|due_on| due_on.has_passed(self.occurred_at)) {
            return Err(Problem::with_field(
                "due_on",
                "lies before the day of the offence: write a later day, or leave it out for one week",
            ));
        }
        let latest = self
            .occurred_at
            .checked_add(SignedDuration::from_hours(24 * DUE_DAYS_MAX));
        let latest = latest.unwrap_or(Timestamp::MAX);
        if due_on.is_some_and(|due_on| !due_on.has_passed(latest)) {
            return Err(Problem::with_field(
                "due_on",
                "lies more than a year after the offence: look at the year, or leave it out for one week",
            ));
        }
        Ok(self)
    }

    /// The SHA-256 of what was sent, in hex: spaces, the order of fields and
    /// the offset in which a moment was written make no difference, a due date
    /// that was left out or written does.
    ///
    /// # Errors
    /// Never, as far as known: every field can be written as JSON.
    pub(crate) fn digest(&self) -> Result<String, Problem> {
        let canonical = serde_json::to_vec(self)
            .map_err(|_| Problem::ours("the ticket cannot be written as JSON"))?;
        let digest = digest::digest(&digest::SHA256, &canonical);
        Ok(HEXLOWER.encode(digest.as_ref()))
    }
}

fn booking_reference<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<TicketText>, D::Error> {
    let reference = Option::<TicketText>::deserialize(deserializer)?;
    let is_too_long =
        |text: &TicketText| text.as_str().chars().count() > BOOKING_REFERENCE_CHARS_MAX;
    if reference.as_ref().is_some_and(is_too_long) {
        return Err(serde::de::Error::custom(format_args!(
            "not a booking reference: use at most {BOOKING_REFERENCE_CHARS_MAX} characters"
        )));
    }
    Ok(reference)
}

#[cfg(test)]
mod tests;
