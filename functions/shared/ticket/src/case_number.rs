//! The city's unique number of a ticket.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The city's number of the ticket (Aktenzeichen): 1 to 27 of `A-Z a-z 0-9 -`.
///
/// The alphabet survives PayPal's reports, bank transfers and URLs, and keeps
/// the number safe as a part of a key: it can hold neither `#` nor `/`, nor the
/// `_` of a second invoice id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CaseNumber(String);

/// The longest case number; what bank and PayPal references leave room for.
const CASE_NUMBER_LEN_MAX: usize = 27;

/// The text is not a case number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a case number: use 1 to 27 letters A-Z, a-z, digits and hyphens")]
pub struct InvalidCaseNumber;

impl CaseNumber {
    /// The number as the city writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CaseNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for CaseNumber {
    type Error = InvalidCaseNumber;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if (1..=CASE_NUMBER_LEN_MAX).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text))
        } else {
            Err(InvalidCaseNumber)
        }
    }
}

impl FromStr for CaseNumber {
    type Err = InvalidCaseNumber;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl From<CaseNumber> for String {
    fn from(case_number: CaseNumber) -> Self {
        case_number.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hostile_text_is_no_case_number() {
        let combining = "e\u{301}".repeat(10);
        for text in [
            "",
            "KL#1",
            "KL/1",
            "..",
            "KL 1",
            "KL_2",
            "KL\u{0}1",
            "KL\u{202e}1",
            "ÄÖ-1",
            &combining,
            "1234567890123456789012345678",
        ] {
            assert_eq!(
                text.parse::<CaseNumber>(),
                Err(InvalidCaseNumber),
                "{text:?}"
            );
        }
        assert!("123456789012345678901234567".parse::<CaseNumber>().is_ok());
    }

    proptest! {
        #[test]
        fn every_case_number_stays_inside_the_alphabet(text in "\\PC{0,40}") {
            if let Ok(case_number) = text.parse::<CaseNumber>() {
                prop_assert!(case_number.as_str().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
                prop_assert_eq!(case_number.as_str(), text);
            }
        }
    }
}
