//! The words of one language, and how it writes amounts, days and times.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ticket::{Cents, Channel, Language};

/// The words of this language: one function a message of `texts/*.ftl`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Texts(pub(crate) Language);

/// Written by `build/compile.rs`.
#[expect(
    clippy::match_same_arms,
    reason = "some words are the same in two languages"
)]
mod messages {
    use ticket::Language;

    use super::Texts;

    include!(concat!(env!("OUT_DIR"), "/texts.rs"));
}

impl Texts {
    /// `30,00 €`, `€30.00`.
    pub(crate) fn cents(self, amount: Cents) -> String {
        let amount = amount.to_string();
        let (euros, cents) = amount.split_once('.').unwrap_or((&amount, "00"));
        self.amount(cents, euros)
    }

    /// `3. März 2026`.
    pub(crate) fn day(self, day: Date) -> String {
        self.date(
            &day.day().to_string(),
            self.month(day.month()),
            &day.year().to_string(),
        )
    }

    /// `3. März 2026, 14:05 Uhr`, on the clocks of Europe/Berlin.
    pub(crate) fn time(self, at: Timestamp) -> String {
        let local = at.to_zoned(berlin());
        self.moment(
            &self.day(local.date()),
            &format!("{:02}", local.hour()),
            &format!("{:02}", local.minute()),
        )
    }

    /// The way a payment came.
    pub(crate) fn channel(self, channel: Channel) -> &'static str {
        match channel {
            Channel::Paypal => self.paid_with_paypal(),
            Channel::Cash => self.paid_with_cash(),
            Channel::Transfer => self.paid_with_transfer(),
        }
    }

    fn month(self, month: i8) -> &'static str {
        match month {
            1 => self.january(),
            2 => self.february(),
            3 => self.march(),
            4 => self.april(),
            5 => self.may(),
            6 => self.june(),
            7 => self.july(),
            8 => self.august(),
            9 => self.september(),
            10 => self.october(),
            11 => self.november(),
            _ => self.december(),
        }
    }
}

fn berlin() -> TimeZone {
    jiff::tz::get!("Europe/Berlin")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_writes_amounts_and_times_its_own_way() {
        let at: Timestamp = "2026-07-01T22:05:00Z".parse().unwrap();
        let [german, english] = [Texts(Language::De), Texts(Language::En)];
        assert_eq!(german.cents(Cents::new(3_005)), "30,05\u{a0}€");
        assert_eq!(english.cents(Cents::new(3_005)), "€30.05");
        assert_eq!(german.time(at), "2.\u{a0}Juli 2026, 00:05\u{a0}Uhr");
        assert_eq!(english.time(at), "2\u{a0}July 2026, 00:05");
    }

    #[test]
    fn each_month_has_its_own_name_in_each_language() {
        for language in Language::ALL {
            let mut names: Vec<&str> = (1..=12).map(|month| Texts(language).month(month)).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), 12, "{language:?}");
        }
    }
}
