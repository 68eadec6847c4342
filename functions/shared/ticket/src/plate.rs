//! A number plate, as the notice shows it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A number plate: 2 to 15 letters (German ones with umlauts), digits, spaces
/// and hyphens, at least one of them a letter or digit. Foreign plates differ, so no form is demanded.
///
/// Personal data: `Debug` does not show it, and there is no `Display`; ask for
/// [`Plate::in_full`] where the page may show it.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Plate(String);

const PLATE_CHARS_MAX: usize = 15;

/// The text is not a number plate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a number plate: use 2 to 15 letters, digits, spaces and hyphens")]
pub struct InvalidPlate;

impl Plate {
    /// The whole plate.
    #[must_use]
    pub fn in_full(&self) -> &str {
        &self.0
    }

    /// The plate for eyes that may not be the driver's: the district and the
    /// last two characters stay, the rest becomes dots (`KL-•• •23`).
    #[must_use]
    pub fn masked(&self) -> String {
        let chars: Vec<char> = self.0.chars().collect();
        let district = chars
            .iter()
            .position(|char| matches!(char, '-' | ' '))
            .unwrap_or(0);
        let tail = chars.len().saturating_sub(2).max(district);
        chars
            .iter()
            .enumerate()
            .map(|(place, &char)| {
                let hidden = (district..tail).contains(&place) && char.is_alphanumeric();
                if hidden { '•' } else { char }
            })
            .collect()
    }
}

impl fmt::Debug for Plate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plate(…)")
    }
}

impl TryFrom<String> for Plate {
    type Error = InvalidPlate;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let allowed = |char: char| {
            char.is_ascii_alphanumeric()
                || matches!(char, 'Ä' | 'Ö' | 'Ü' | 'ä' | 'ö' | 'ü' | ' ' | '-')
        };
        if (2..=PLATE_CHARS_MAX).contains(&text.chars().count())
            && text.chars().all(allowed)
            && text.chars().any(char::is_alphanumeric)
            && text.trim() == text
        {
            Ok(Self(text))
        } else {
            Err(InvalidPlate)
        }
    }
}

impl FromStr for Plate {
    type Err = InvalidPlate;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl From<Plate> for String {
    fn from(plate: Plate) -> Self {
        plate.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_keeps_district_and_last_two() {
        for (plate, masked) in [
            ("KL-AB 123", "KL-•• •23"),
            ("KL AB 1", "KL •• 1"),
            ("AF12345", "•••••45"),
            ("X-1", "X-1"),
        ] {
            assert_eq!(plate.parse::<Plate>().unwrap().masked(), masked);
        }
    }

    #[test]
    fn debug_does_not_show_it() {
        let plate: Plate = "KL-AB 123".parse().unwrap();
        assert_eq!(format!("{plate:?}"), "Plate(…)");
    }

    #[test]
    fn hostile_text_is_no_plate() {
        for text in [
            "",
            "K",
            " KL-1",
            "KL<b>",
            "KL\u{202e}1",
            "--",
            "KL-AB 1234567890",
            "KL\n1",
        ] {
            assert!(text.parse::<Plate>().is_err(), "{text:?}");
        }
    }
}
