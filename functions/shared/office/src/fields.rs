//! Fields that several bodies of the office API have, each in one spelling: an API that
//! takes more of them today must take them for ever.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serializer};
use ticket::Cents;

/// A moment, RFC 3339 with its offset.
///
/// # Errors
/// When it is something else: how to write it.
pub fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    moment_of(&text).map_err(serde::de::Error::custom)
}

/// The same, out of a query.
///
/// # Errors
/// When it is something else: how to write it.
pub fn moment_of(text: &str) -> Result<Timestamp, &'static str> {
    rfc3339(text)
        .ok_or("not a moment: write RFC 3339 with the offset, like 2026-11-17T10:00:00+01:00")
}

/// A day, or none.
///
/// # Errors
/// When it is something else: how to write it.
pub fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    day_of(&text).map(Some).map_err(serde::de::Error::custom)
}

/// A day, out of a query.
///
/// # Errors
/// When it is something else: how to write it.
pub fn day_of(text: &str) -> Result<Date, &'static str> {
    // jiff reads more forms than this one.
    let day = fits(text, "0000-00-00").then(|| text.parse().ok());
    day.flatten().ok_or("not a day: write it like 2026-11-24")
}

/// The amount of a warning fine.
///
/// # Errors
/// When it is something else: how to write it.
pub fn warning_fine<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cents, D::Error> {
    let amount = amount(deserializer)?;
    if amount.is_warning_fine() {
        Ok(amount)
    } else {
        // § 56(1) OWiG, § 2(3) BKatV.
        Err(serde::de::Error::custom(
            "not a warning fine: write 5.00 to 55.00 in steps of 5.00",
        ))
    }
}

/// An amount in euros and cents, as a text.
///
/// # Errors
/// When it is something else: how to write it.
pub fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cents, D::Error> {
    String::deserialize(deserializer)?
        .parse()
        .map_err(serde::de::Error::custom)
}

/// An amount as it is answered and sent: `"30.00"`.
///
/// # Errors
/// When the serializer does not take it.
pub fn euros<S: Serializer>(amount: &Cents, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
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
