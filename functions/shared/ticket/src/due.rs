//! Until when a warning can be accepted by paying.

use holiday_de::{DateExt, GermanRegion};
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

/// The days a driver has, § 56(2) `OWiG`.
const DAYS_TO_PAY: i64 = 7;

/// The longest run of days without a working day has a limit: Easter and
/// Christmas with weekends come to four or five.
const DAYS_OFF_IN_A_ROW_MAX: usize = 10;

/// The last day on which paying is in time; it ends at midnight in
/// Europe/Berlin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DueDate(Date);

impl DueDate {
    /// A due date the city has set itself.
    #[must_use]
    pub const fn on(day: Date) -> Self {
        Self(day)
    }

    /// One week after the offence; if that is a Saturday, a Sunday or a public
    /// holiday of the Land, the next working day.
    ///
    /// Source: § 56(2) `OWiG`; §§ 42, 43 `StPO` by analogy.
    #[must_use]
    pub fn one_week_after(occurred_at: Timestamp, land: Land) -> Self {
        let day = occurred_at.to_zoned(berlin()).date();
        let last = day.saturating_add(DAYS_TO_PAY.days());
        let working_day = last
            .series(1.day())
            .take(DAYS_OFF_IN_A_ROW_MAX)
            .find(|day| !is_day_off(*day, land));
        Self(working_day.unwrap_or(last))
    }

    /// The calendar day in Europe/Berlin.
    #[must_use]
    pub const fn day(self) -> Date {
        self.0
    }

    /// The end of that day in Europe/Berlin.
    #[must_use]
    pub fn end(self) -> Timestamp {
        let next = self.0.saturating_add(1.day());
        next.to_zoned(berlin())
            .map_or(Timestamp::MAX, |midnight| midnight.timestamp())
    }

    /// Whether `at` is after the end of that day in Europe/Berlin.
    #[must_use]
    pub fn has_passed(self, at: Timestamp) -> bool {
        at.to_zoned(berlin()).date() > self.0
    }
}

pub(crate) fn berlin() -> TimeZone {
    jiff::tz::get!("Europe/Berlin")
}

fn is_day_off(day: Date, land: Land) -> bool {
    let is_weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    is_weekend || is_public_holiday(day, land)
}

fn is_public_holiday(day: Date, land: Land) -> bool {
    // Days always fit: jiff's and chrono's calendars agree between -9999 and 9999.
    chrono::NaiveDate::from_ymd_opt(
        day.year().into(),
        day.month().unsigned_abs().into(),
        day.day().unsigned_abs().into(),
    )
    .is_some_and(|day| day.is_public_holiday_in(land.region()))
}

/// A German Land, for its public holidays; written as ISO 3166-2 writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Land {
    #[serde(rename = "DE-BW")]
    BadenWuerttemberg,
    #[serde(rename = "DE-BY")]
    Bavaria,
    #[serde(rename = "DE-BE")]
    Berlin,
    #[serde(rename = "DE-BB")]
    Brandenburg,
    #[serde(rename = "DE-HB")]
    Bremen,
    #[serde(rename = "DE-HH")]
    Hamburg,
    #[serde(rename = "DE-HE")]
    Hesse,
    #[serde(rename = "DE-MV")]
    MecklenburgWesternPomerania,
    #[serde(rename = "DE-NI")]
    LowerSaxony,
    #[serde(rename = "DE-NW")]
    NorthRhineWestphalia,
    #[serde(rename = "DE-RP")]
    RhinelandPalatinate,
    #[serde(rename = "DE-SL")]
    Saarland,
    #[serde(rename = "DE-SN")]
    Saxony,
    #[serde(rename = "DE-ST")]
    SaxonyAnhalt,
    #[serde(rename = "DE-SH")]
    SchleswigHolstein,
    #[serde(rename = "DE-TH")]
    Thuringia,
}

impl Land {
    const fn region(self) -> GermanRegion {
        match self {
            Self::BadenWuerttemberg => GermanRegion::BadenWuerttemberg,
            Self::Bavaria => GermanRegion::Bayern,
            Self::Berlin => GermanRegion::Berlin,
            Self::Brandenburg => GermanRegion::Brandenburg,
            Self::Bremen => GermanRegion::Bremen,
            Self::Hamburg => GermanRegion::Hamburg,
            Self::Hesse => GermanRegion::Hessen,
            Self::MecklenburgWesternPomerania => GermanRegion::MechlenburgVorpommern,
            Self::LowerSaxony => GermanRegion::Niedersachsen,
            Self::NorthRhineWestphalia => GermanRegion::NordrheinWestfalen,
            Self::RhinelandPalatinate => GermanRegion::RheinlandPfalz,
            Self::Saarland => GermanRegion::Saarland,
            Self::Saxony => GermanRegion::Sachsen,
            Self::SaxonyAnhalt => GermanRegion::SachsenAnhalt,
            Self::SchleswigHolstein => GermanRegion::SchleswigHolstein,
            Self::Thuringia => GermanRegion::Thueringen,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn due(occurred_at: &str) -> Date {
        DueDate::one_week_after(occurred_at.parse().unwrap(), Land::RhinelandPalatinate).day()
    }

    #[test]
    fn one_week_then_the_next_working_day() {
        // A Tuesday, so the Tuesday after.
        assert_eq!(due("2026-11-17T10:00:00+01:00"), date(2026, 11, 24));
        // A Saturday: the Monday nine days on.
        assert_eq!(due("2026-11-21T10:00:00+01:00"), date(2026, 11, 30));
        // Good Friday 2027 (26 March), the weekend, Easter Monday: Tuesday.
        assert_eq!(due("2027-03-19T10:00:00+01:00"), date(2027, 3, 30));
        // All Saints' Day is a holiday in Rheinland-Pfalz; 2028 a Wednesday.
        assert_eq!(due("2028-10-25T10:00:00+02:00"), date(2028, 11, 2));
    }

    #[test]
    fn the_day_of_the_offence_is_the_day_in_berlin() {
        // 23:30 UTC on Monday is Tuesday in Berlin.
        assert_eq!(due("2026-11-16T23:30:00Z"), date(2026, 11, 24));
    }

    #[test]
    fn a_due_date_ends_at_midnight_in_berlin_summer_and_winter() {
        for (day, last_second, first_late) in [
            (
                date(2026, 11, 24),
                "2026-11-24T22:59:59Z",
                "2026-11-24T23:00:00Z",
            ),
            (
                date(2026, 7, 1),
                "2026-07-01T21:59:59Z",
                "2026-07-01T22:00:00Z",
            ),
            // The clock goes back on this day; midnight is an hour later in UTC.
            (
                date(2026, 10, 25),
                "2026-10-25T22:59:59Z",
                "2026-10-25T23:00:00Z",
            ),
        ] {
            let due = DueDate::on(day);
            assert!(!due.has_passed(last_second.parse().unwrap()), "{day}");
            assert!(due.has_passed(first_late.parse().unwrap()), "{day}");
        }
    }

    proptest! {
        #[test]
        fn it_is_a_working_day_7_to_12_days_on(second in 1_700_000_000_i64..2_500_000_000) {
            let occurred_at = Timestamp::from_second(second).unwrap();
            let day = occurred_at.to_zoned(berlin()).date();
            let due = DueDate::one_week_after(occurred_at, Land::RhinelandPalatinate).day();
            prop_assert!(!is_day_off(due, Land::RhinelandPalatinate));
            let days = (due - day).get_days();
            prop_assert!((7..=12).contains(&days), "{days}");
        }
    }
}
