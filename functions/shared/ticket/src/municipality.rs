//! What differs from city to city: configuration, not code.

mod check;

use std::collections::BTreeMap;

use iban::Iban;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use check::Wrong;

use crate::{DueDate, Land, Language};

/// A city on the system, as ops write it from a JSON file. Points the law
/// leaves to the city have the default of the domain rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Municipality {
    /// The official municipality key, `07312000`.
    pub id: String,
    /// The name on pages and in PayPal: `Stadt Kaiserslautern`.
    pub name: String,
    /// An SVG document, shown as an image.
    pub coat_of_arms: Option<String>,
    /// The colour of buttons and headings, `#rrggbb`, readable on white.
    pub colour: String,
    /// Who a bank transfer goes to, at most 70 characters (EPC069-12).
    pub account_holder: String,
    /// The account for bank transfers; check digits are verified on reading.
    pub iban: Iban,
    /// The bank of that account.
    pub bic: String,
    /// Where cash is taken.
    pub cash_office: CashOffice,
    /// The legal notice.
    pub imprint_url: String,
    /// What is stored, and why.
    pub privacy_url: String,
    /// The accessibility statement with its feedback link.
    pub accessibility_url: String,
    /// The languages offered; German is always there.
    pub languages: Vec<Language>,
    /// What happens to a payment after the due date.
    #[serde(default)]
    pub late_payment: LatePayment,
    /// How much the bare QR code shows.
    #[serde(default)]
    pub disclosure: Disclosure,
    /// For its public holidays.
    pub land: Land,
}

/// Where and when the city takes cash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CashOffice {
    /// Street, number, post code and town in one line.
    pub address: String,
    /// The opening hours, per language.
    pub hours: BTreeMap<Language, String>,
}

/// Whether a payment after the due date is taken online.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LatePayment {
    /// Until the case has been handed over.
    #[default]
    AcceptUntilHandedOver,
    /// Not at all.
    Refuse,
}

impl LatePayment {
    /// Until when a payment counts that would do so until that moment.
    #[must_use]
    pub fn counts_until(self, due_on: DueDate, until: Timestamp) -> Timestamp {
        match self {
            Self::AcceptUntilHandedOver => until,
            Self::Refuse => until.min(due_on.end()),
        }
    }

    /// Whether a payment of that moment comes too late for what was due by then.
    #[must_use]
    pub fn refuses(self, due_on: DueDate, at: Timestamp) -> bool {
        match self {
            Self::AcceptUntilHandedOver => false,
            Self::Refuse => due_on.has_passed(at),
        }
    }
}

/// How much of a case the bare QR code shows. A slip under a wiper can be read
/// by anyone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disclosure {
    /// All that the slip itself shows.
    #[default]
    Full,
    /// Offence, place and time only after the plate was typed.
    AfterPlate,
}
