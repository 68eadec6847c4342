//! Money in minor units. The stand-in keeps its own type: it is what the
//! functions' arithmetic is held against, so it must not share it.

use std::fmt;

use serde::de::Error as _;
use serde::ser::{Serialize, SerializeStruct, Serializer};
use serde::{Deserialize, Deserializer};

/// The currencies the books are kept in, both with two decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Currency {
    /// Euro.
    Eur,
    /// US dollar: for orders and captures that should not have been.
    Usd,
}

impl Currency {
    /// The ISO 4217 code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Eur => "EUR",
            Self::Usd => "USD",
        }
    }

    /// The currency of an ISO 4217 code, where the books know it.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        match code {
            "EUR" => Some(Self::Eur),
            "USD" => Some(Self::Usd),
            _ => None,
        }
    }
}

/// An amount of a currency; shown and serialised the way PayPal does,
/// `{"currency_code": "EUR", "value": "30.00"}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    /// The currency.
    pub currency: Currency,
    /// Cents.
    pub minor_units: u64,
}

impl Money {
    /// So many cents of the same currency.
    pub(crate) fn same(self, minor_units: u64) -> Self {
        Self {
            minor_units,
            ..self
        }
    }

    /// What PayPal keeps of a German merchant's payment: 2.49 % and 35 cents,
    /// never more than the payment. Any figure would do; this one gives the
    /// samples' 0.97 for 25.00.
    pub(crate) fn fee(self) -> Self {
        let share = (self.minor_units.saturating_mul(249) + 5_000) / 10_000;
        self.same((share + 35).min(self.minor_units))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{:02}",
            self.minor_units / 100,
            self.minor_units % 100
        )
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Money", 2)?;
        fields.serialize_field("currency_code", self.currency.code())?;
        fields.serialize_field("value", &self.to_string())?;
        fields.end()
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Written {
            currency_code: String,
            value: String,
        }
        let written = Written::deserialize(deserializer)?;
        let currency = Currency::from_code(&written.currency_code);
        let minor_units = written.value.replace('.', "").parse();
        match (currency, minor_units) {
            (Some(currency), Ok(minor_units)) => Ok(Self {
                currency,
                minor_units,
            }),
            (_, _) => Err(D::Error::custom("not an amount of these books")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fee_is_that_of_the_samples() {
        let amount = Money {
            currency: Currency::Eur,
            minor_units: 2_500,
        };
        assert_eq!(amount.fee().to_string(), "0.97");
        assert_eq!(amount.same(20).fee().to_string(), "0.20");
    }
}
