//! Identifiers of things that live elsewhere, checked before they become keys.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{CaseNumber, Channel};

/// The text is not an identifier of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of this kind")]
pub struct InvalidIdentifier;

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidIdentifier;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                let allowed: fn(&str) -> bool = $allowed;
                if allowed(&text) { Ok(Self(text)) } else { Err(InvalidIdentifier) }
            }
        }

        impl FromStr for $name {
            type Err = InvalidIdentifier;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(identifier: $name) -> Self {
                identifier.0
            }
        }
    };
}

/// Digits of the base-32 alphabet of RFC 4648, in lower case: safe in a URL,
/// short enough to read over the phone.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// 128 bits at five bits a digit.
const ATTEMPT_ID_LEN: usize = 26;

identifier!(
    /// One payment attempt: 128 random bits in base 32. Beside the case number
    /// the only thing of ours that PayPal gets to see, and the key to the
    /// result page, so it must not be guessable.
    AttemptId,
    |text| text.len() == ATTEMPT_ID_LEN && text.bytes().all(|byte| BASE32.contains(&byte))
);

impl AttemptId {
    /// The identifier made of these random bits.
    #[must_use]
    pub fn from_random(bits: u128) -> Self {
        let digit = |place: usize| {
            // Five bits of `bits` are always an index into the alphabet.
            let index = (bits >> (place * 5)) & 31;
            char::from(BASE32[usize::try_from(index).unwrap_or_default()])
        };
        Self((0..ATTEMPT_ID_LEN).map(digit).collect())
    }
}

/// PayPal documents 36 characters as the longest id and uses 17.
const PAYPAL_ID_LEN_MAX: usize = 36;

fn is_paypal_id(text: &str) -> bool {
    (1..=PAYPAL_ID_LEN_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

identifier!(
    /// A PayPal order. Source: Orders v2, path parameter `id`, `^[A-Z0-9]+$`.
    OrderId,
    is_paypal_id
);

identifier!(
    /// A PayPal capture: the money that moved. Also the id of its settlement.
    CaptureId,
    is_paypal_id
);

/// Longer than any number of a till or reference of a bank in use.
const RECEIPT_NUMBER_LEN_MAX: usize = 70;
/// With the longest name of a channel before it.
const SETTLEMENT_ID_LEN_MAX: usize = RECEIPT_NUMBER_LEN_MAX + 10;

/// A case number, each character of a settlement's id in three, and a count.
const REFUND_ID_LEN_MAX: usize = 27 + 3 * SETTLEMENT_ID_LEN_MAX + 12;

identifier!(
    /// What a clerk's receipt bears: the till's number, or the bank's reference.
    ReceiptNumber,
    |text| is_graphic(text, RECEIPT_NUMBER_LEN_MAX)
);

identifier!(
    /// A settlement: PayPal's capture id, or the way money came with the
    /// number it came under, `cash-2026-4711`.
    SettlementId,
    |text| is_graphic(text, SETTLEMENT_ID_LEN_MAX)
);

fn is_graphic(text: &str, len_max: usize) -> bool {
    (1..=len_max).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'#')
}

impl SettlementId {
    /// The way its money came.
    #[must_use]
    pub fn channel(&self) -> Channel {
        let is_of = |channel: &Channel| {
            let rest = self.0.strip_prefix(channel.name());
            rest.is_some_and(|rest| rest.starts_with('-'))
        };
        // No id of PayPal's has a hyphen.
        let by_clerk = [Channel::Cash, Channel::Transfer].into_iter().find(is_of);
        by_clerk.unwrap_or(Channel::Paypal)
    }

    pub(crate) fn of_receipt(channel: Channel, number: &ReceiptNumber) -> Self {
        Self(format!("{}-{number}", channel.name()))
    }
}

/// Longer than any name that a city gives to one of five.
const SUBSCRIBER_ID_LEN_MAX: usize = 32;

identifier!(
    /// A system of the city's that is told of changes, by the name that the configuration
    /// gives it. It goes into URLs.
    SubscriberId,
    |text| (1..=SUBSCRIBER_ID_LEN_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
);

identifier!(
    /// The number of a refund: that of the case, the settlement, and a count,
    /// `KL-2026-000123.3C679366HH908993F.1`. It goes into URLs, and to PayPal.
    RefundId,
    |text| parts_of_refund_id(text).is_some()
);

impl RefundId {
    /// The number of this settlement's refund of that count.
    #[must_use]
    pub fn of(case_number: &CaseNumber, settlement: &SettlementId, count: u32) -> Self {
        // A bank's reference may hold any character: in a URL two of them must not become
        // the same.
        let written = |char: char| {
            if char.is_ascii_alphanumeric() || char == '-' {
                char.to_string()
            } else {
                format!("_{:02x}", u32::from(char))
            }
        };
        let settlement: String = settlement.0.chars().map(written).collect();
        Self(format!("{case_number}.{settlement}.{count}"))
    }

    /// The case.
    #[must_use]
    pub fn case_number(&self) -> Option<CaseNumber> {
        parts_of_refund_id(&self.0)
    }

    /// Which refund of its settlement's it is.
    pub(crate) fn count(&self) -> Option<u32> {
        let (_, count) = self.0.rsplit_once('.')?;
        count.parse().ok()
    }
}

fn parts_of_refund_id(text: &str) -> Option<CaseNumber> {
    let (rest, count) = text.rsplit_once('.')?;
    let (case_number, settlement) = rest.split_once('.')?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_count = count.parse::<u32>().is_ok_and(|count| count > 0);
    let is_settlement = !settlement.is_empty() && settlement.bytes().all(allowed);
    (is_count && is_settlement && text.len() <= REFUND_ID_LEN_MAX)
        .then(|| case_number.parse().ok())
        .flatten()
}

impl From<&CaptureId> for SettlementId {
    fn from(capture_id: &CaptureId) -> Self {
        Self(capture_id.0.clone())
    }
}

impl PartialEq<CaptureId> for SettlementId {
    fn eq(&self, capture_id: &CaptureId) -> bool {
        self.0 == capture_id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_bits_make_different_attempt_ids() {
        let ids = [0, 1, 31, 32, u128::MAX, u128::MAX - 1, 1 << 127].map(AttemptId::from_random);
        for (index, id) in ids.iter().enumerate() {
            assert_eq!(id.as_str().parse(), Ok(id.clone()));
            assert!(!ids[..index].contains(id), "{id}");
        }
    }

    #[test]
    fn hostile_text_is_no_identifier() {
        for text in [
            "",
            "../x",
            "5O190127TN364715t",
            "A#B",
            "A B",
            "ORDER\n",
            &"A".repeat(37),
        ] {
            assert!(text.parse::<OrderId>().is_err(), "{text:?}");
        }
        for text in [
            "",
            "short",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            "abcdefghijklmnopqrstuvwxy1",
        ] {
            assert!(text.parse::<AttemptId>().is_err(), "{text:?}");
        }
    }
}
