//! Money in minor units; text only at the border, never a float.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The least warning fine, § 56(1) `OWiG`.
pub const WARNING_FINE_MIN: Cents = Cents(500);
/// The highest warning fine, § 56(1) `OWiG`.
pub const WARNING_FINE_MAX: Cents = Cents(5_500);
/// Warning fines go up in steps of five euros, § 2(3) `BKatV`.
pub const WARNING_FINE_STEP: Cents = Cents(500);

/// Euro cents; `3000` is thirty euros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cents(u32);

impl Cents {
    /// An amount of `minor_units` cents.
    #[must_use]
    pub const fn new(minor_units: u32) -> Self {
        Self(minor_units)
    }

    /// The amount in cents.
    #[must_use]
    pub const fn minor_units(self) -> u32 {
        self.0
    }

    /// Whether the law knows a warning fine of this amount: 5 to 55 euros in
    /// steps of five (§ 56(1) `OWiG`, § 2(3) `BKatV`).
    #[must_use]
    pub const fn is_warning_fine(self) -> bool {
        self.0 >= WARNING_FINE_MIN.0
            && self.0 <= WARNING_FINE_MAX.0
            && self.0.is_multiple_of(WARNING_FINE_STEP.0)
    }
}

/// The decimal form that PayPal, banks and our own API use: `30.00`.
impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// An amount as PayPal, a till or a bank states it; it need not be one of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// The decimal form, `30.00`.
    pub value: String,
    /// ISO 4217, `EUR`.
    pub currency: String,
}

impl Money {
    /// The amount in euro cents; nothing when it is another currency, negative
    /// or not written with two decimals.
    #[must_use]
    pub fn euro_cents(&self) -> Option<Cents> {
        self.cents_of("EUR")
    }

    /// The same in hundredths of another currency.
    #[must_use]
    pub fn cents_of(&self, currency: &str) -> Option<Cents> {
        // Another currency under the same digits must never settle a ticket.
        (self.currency == currency)
            .then(|| self.value.parse().ok())
            .flatten()
    }

    /// The amount in euro cents, negative where money left; nothing when it is
    /// another currency or not written with two decimals.
    #[must_use]
    pub fn signed_euro_cents(&self) -> Option<i64> {
        let (sign, digits) = match self.value.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, self.value.as_str()),
        };
        let cents: Cents = digits.parse().ok()?;
        (self.currency == "EUR").then(|| sign * i64::from(cents.minor_units()))
    }
}

impl From<Cents> for Money {
    fn from(amount: Cents) -> Self {
        Self {
            value: amount.to_string(),
            currency: "EUR".to_owned(),
        }
    }
}

/// The text is not an amount of euros and cents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an amount: write euros, a point and two digits, like 30.00")]
pub struct InvalidAmount;

/// Reads the decimal form, `"30.00"`.
///
/// # Errors
/// When the text is not one to seven digits, a point and two digits, or begins
/// with a zero that could be left out: an amount has one spelling.
///
/// Source: PayPal Orders v2, schema `money`, field `value`.
impl FromStr for Cents {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (euros, cents) = text.split_once('.').ok_or(InvalidAmount)?;
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if !(1..=7).contains(&euros.len()) || cents.len() != 2 || !digits(euros) || !digits(cents) {
            return Err(InvalidAmount);
        }
        if euros.len() > 1 && euros.starts_with('0') {
            return Err(InvalidAmount);
        }
        let euros: u32 = euros.parse().map_err(|_| InvalidAmount)?;
        let cents: u32 = cents.parse().map_err(|_| InvalidAmount)?;
        Ok(Self(euros * 100 + cents))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_two_decimals_and_plain_digits_are_an_amount() {
        for text in [
            "",
            "30",
            "30.",
            "30.0",
            "30.000",
            ".00",
            "-5.00",
            "+5.00",
            " 5.00",
            "5,00",
            "1e3.00",
            "NaN",
            "٣٠.٠٠",
            "12345678.00",
            "05.00",
            "00.00",
            "0000030.00",
            "5.0\n",
            "５.00",
        ] {
            assert_eq!(text.parse::<Cents>(), Err(InvalidAmount), "{text:?}");
        }
        assert_eq!("30.00".parse(), Ok(Cents(3_000)));
        assert_eq!("0.05".parse(), Ok(Cents(5)));
    }

    #[test]
    fn a_warning_fine_is_5_to_55_euros_in_steps_of_5() {
        let lawful: Vec<u32> = (0..=10_000)
            .filter(|cents| Cents(*cents).is_warning_fine())
            .collect();
        assert_eq!(
            lawful,
            [
                500, 1_000, 1_500, 2_000, 2_500, 3_000, 3_500, 4_000, 4_500, 5_000, 5_500
            ]
        );
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(minor_units in 0_u32..=999_999_999) {
            let amount = Cents(minor_units);
            prop_assert_eq!(amount.to_string().parse(), Ok(amount));
        }

        #[test]
        fn an_amount_too_large_to_read_is_refused_and_never_another_one(
            minor_units in 1_000_000_000..=u32::MAX,
        ) {
            prop_assert_eq!(Cents(minor_units).to_string().parse::<Cents>(), Err(InvalidAmount));
        }

        /// Most of it close to an amount, or little of it would be read at all.
        #[test]
        fn no_amount_has_a_second_spelling(
            text in "0{0,2}[0-9]{0,8}[.][0-9]{2}|[0-9]{0,2}[.,]?[0-9]{0,3}|[-+ 0-9.,eE_٠３]{0,8}|\\PC{0,12}",
        ) {
            if let Ok(amount) = text.parse::<Cents>() {
                prop_assert_eq!(amount.to_string(), text);
            }
        }
    }
}
