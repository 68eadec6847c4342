//! What the city sends for a ticket, read strictly.

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ticket::{CaseNumber, Cents, DueDate, Offence, Plate, TicketText};

use office::Problem;

/// The longest body of one ticket, in bytes: its fields at their longest, each
/// character written as two escapes, take less than 13 KB.
pub(crate) const TICKET_BYTES_MAX: usize = 16 * 1024;

/// A transfer's unstructured line has 140 characters (EPC069-12).
const BOOKING_REFERENCE_CHARS_MAX: usize = 140;

/// A ticket as sent. The fields are in the order of their names, and none has
/// two spellings: this, as JSON, is what "the same again" compares.
#[derive(Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SentTicket {
    #[serde(deserialize_with = "warning_fine", serialize_with = "as_text")]
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
#[serde(deny_unknown_fields)]
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
        if body.len() > TICKET_BYTES_MAX {
            return Err(Problem::new(
                http::StatusCode::PAYLOAD_TOO_LARGE,
                format!("a ticket has at most {TICKET_BYTES_MAX} bytes"),
            ));
        }
        let text = std::str::from_utf8(body).map_err(|error| {
            Problem::new(
                http::StatusCode::BAD_REQUEST,
                format!(
                    "not UTF-8 after {} bytes: write JSON in UTF-8",
                    error.valid_up_to()
                ),
            )
        })?;
        // serde reads a struct from an array too, field by field.
        if !text.trim_start().starts_with('{') {
            return Err(Problem::new(
                http::StatusCode::BAD_REQUEST,
                "not a ticket: write one JSON object",
            ));
        }
        let mut json = serde_json::Deserializer::from_str(text);
        let sent: Self = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = error.path().to_string();
            unread(&path, error.inner())
        })?;
        json.end().map_err(|error| unread(".", &error))?;
        sent.checked()
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

/// Turns serde's error into a problem. A field that is missing, unknown or
/// twice there is named by serde's sentence, any other by the path.
fn unread(path: &str, error: &serde_json::Error) -> Problem {
    let sentence = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let sentence = sentence.strip_suffix(&place).unwrap_or(&sentence);
    let named = ["missing field `", "unknown field `", "duplicate field `"]
        .into_iter()
        .find_map(|start| sentence.strip_prefix(start)?.split('`').next());
    let path = path.trim_end_matches('.').trim_end_matches('?');
    match (path, named) {
        ("", None) => Problem::new(
            http::StatusCode::BAD_REQUEST,
            format!("not a ticket, at column {}: {sentence}", error.column()),
        ),
        ("", Some(field)) => Problem::with_field(field, sentence),
        (path, Some(field)) if path.rsplit('.').next() != Some(field) => {
            Problem::with_field(format!("{path}.{field}"), sentence)
        }
        (path, _) => Problem::with_field(path, sentence),
    }
}

fn warning_fine<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cents, D::Error> {
    let amount: Cents = String::deserialize(deserializer)?
        .parse()
        .map_err(serde::de::Error::custom)?;
    if amount.is_warning_fine() {
        Ok(amount)
    } else {
        // § 56(1) OWiG, § 2(3) BKatV.
        Err(serde::de::Error::custom(
            "not a warning fine: write 5.00 to 55.00 in steps of 5.00",
        ))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn as_text<S: Serializer>(amount: &Cents, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
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

fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    // jiff reads more forms than this one; an API that takes them all today
    // must take them for ever.
    let day = fits(&text, "0000-00-00")
        .then(|| text.parse().ok())
        .flatten();
    day.map(Some)
        .ok_or_else(|| serde::de::Error::custom("not a day: write it like 2026-11-24"))
}

fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    rfc3339(&text).ok_or_else(|| {
        serde::de::Error::custom(
            "not a moment: write RFC 3339 with the offset, like 2026-11-17T10:00:00+01:00",
        )
    })
}

/// Source: RFC 3339, section 5.6; capital `T` and `Z` only.
fn rfc3339(text: &str) -> Option<Timestamp> {
    let (clock, rest) = text.split_at_checked("0000-00-00T00:00:00".len())?;
    let offset = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|digit: char| digit.is_ascii_digit()),
        None => rest,
    };
    let is_fraction_empty = rest.starts_with('.') && rest.len() - offset.len() < 2;
    let is_offset = offset == "Z" || fits(offset, "+00:00") || fits(offset, "-00:00");
    if fits(clock, "0000-00-00T00:00:00") && is_offset && !is_fraction_empty {
        text.parse().ok()
    } else {
        None
    }
}

/// Whether `text` is like `form`, any digit standing for `0`.
fn fits(text: &str, form: &str) -> bool {
    text.len() == form.len()
        && text
            .bytes()
            .zip(form.bytes())
            .all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                other => byte == other,
            })
}

#[cfg(test)]
mod tests;
