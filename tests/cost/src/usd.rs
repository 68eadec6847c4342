//! Money, without fractions that a computer cannot write.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

/// Millionths of a millionth of a US dollar: a GB-second costs 13,333,400 of them.
const OF_A_DOLLAR: u128 = 1_000_000_000_000;
/// Its digits.
const DECIMALS: usize = 12;

/// US dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usd(u128);

/// Not an amount.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no amount: write 0.20, with twelve decimals at most")]
pub struct InvalidUsd(String);

impl Usd {
    /// `self` × `number` / `of`, rounded down.
    #[must_use]
    pub fn share(self, number: u128, of: u128) -> Self {
        Self(self.0 * number / of)
    }

    /// With so many decimals, the last one rounded.
    #[must_use]
    pub fn rounded(self, decimals: u32) -> String {
        let step = OF_A_DOLLAR / 10_u128.pow(decimals);
        let steps = (self.0 + step / 2) / step;
        let in_a_dollar = OF_A_DOLLAR / step;
        let (whole, rest) = (steps / in_a_dollar, steps % in_a_dollar);
        let whole = grouped(whole);
        match decimals {
            0 => whole,
            decimals => format!("{whole}.{rest:0width$}", width = decimals as usize),
        }
    }
}

/// 1234567 is hard to read.
pub(crate) fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl FromStr for Usd {
    type Err = InvalidUsd;

    fn from_str(text: &str) -> Result<Self, InvalidUsd> {
        let invalid = || InvalidUsd(text.to_owned());
        let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
        let is_number = |it: &str| it.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || rest.len() > DECIMALS || !is_number(whole) || !is_number(rest) {
            return Err(invalid());
        }
        let digits = format!("{whole}{rest:0<DECIMALS$}");
        digits.parse().map(Self).map_err(|_| invalid())
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl Add for Usd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Usd {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Mul<u128> for Usd {
    type Output = Self;

    fn mul(self, times: u128) -> Self {
        Self(self.0 * times)
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(each: I) -> Self {
        each.fold(Self::default(), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_and_written_to_the_last_digit() {
        let gb_second: Usd = "0.0000133334".parse().unwrap();
        assert_eq!((gb_second * 1_000_000).rounded(4), "13.3334");
        assert_eq!((gb_second * 1_000_000).rounded(0), "13");
        assert_eq!(gb_second.rounded(6), "0.000013");
        assert_eq!(
            "1234567.5".parse::<Usd>().unwrap().rounded(2),
            "1,234,567.50"
        );
        for text in ["", ".5.", "-1", "0.1234567890123", "1e3"] {
            assert!(text.parse::<Usd>().is_err(), "{text}");
        }
    }
}
