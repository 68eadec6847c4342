//! Identifiers of PayPal that go into a URL's path or a key, checked before they do.

use std::fmt;
use std::str::FromStr;

/// The text is not an identifier of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of PayPal: letters, digits and hyphens")]
pub struct InvalidPayPalId;

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $len_max:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

        impl FromStr for $name {
            type Err = InvalidPayPalId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
                if (1..=$len_max).contains(&text.len()) && text.bytes().all(allowed) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidPayPalId)
                }
            }
        }
    };
}

identifier!(
    /// A refund, or the reversal of a capture, which PayPal keeps as one.
    /// Payments v2 states no alphabet; what it sends are captures' ids.
    RefundId,
    36
);

identifier!(
    /// A dispute. Source: Disputes v1, `^[A-Za-z0-9-]+$`; PayPal allows 255
    /// characters and uses 18.
    DisputeId,
    64
);

identifier!(
    /// A webhook event, `WH-…`; the same for each of its deliveries. PayPal
    /// states no limits and uses 40 characters.
    EventId,
    64
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_leave_its_place_in_a_path_or_a_key_is_no_identifier() {
        let combining = "e\u{301}".repeat(9);
        for text in [
            "",
            "../x",
            "A/B",
            "A#B",
            "A?B",
            "A%2e",
            "A B",
            "A\n",
            "A\0",
            "A\u{202e}",
            &combining,
            &"A".repeat(65),
        ] {
            assert_eq!(text.parse::<RefundId>(), Err(InvalidPayPalId), "{text:?}");
            assert_eq!(text.parse::<DisputeId>(), Err(InvalidPayPalId), "{text:?}");
            assert_eq!(text.parse::<EventId>(), Err(InvalidPayPalId), "{text:?}");
        }
        assert!("PP-000-042-663-135".parse::<DisputeId>().is_ok());
        assert!("1JU08902781691411".parse::<RefundId>().is_ok());
    }
}
