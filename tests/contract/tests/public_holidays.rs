//! The due date knows the holidays that an independent source knows.
//!
//! `holidays/public.txt` comes from another library in another language
//! (`holidays/list.py`); `tests/run` makes it anew and compares.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};
use jiff::tz::TimeZone;
use ticket::{DueDate, Land};

const LIST: &str = include_str!("../holidays/public.txt");
const LAENDER: usize = 16;

/// In Bavaria the Assumption is a holiday only where more Catholics than
/// Protestants live: in 1,700 of some 2,060 municipalities (Art. 1(1) no. 2 of
/// its law on holidays), so the list leaves it out. Ours counts it in all of
/// them: a driver gets a day more rather than a day less. What else is a
/// holiday in some places only is none here: Corpus Christi in parts of Saxony
/// and Thuringia, Augsburg's Peace Festival.
const ALSO: [(&str, i8, i8); 1] = [("DE-BY", 8, 15)];

/// The Land's public holidays by the list.
fn listed() -> BTreeMap<String, BTreeSet<Date>> {
    let mut laender: BTreeMap<String, BTreeSet<Date>> = BTreeMap::new();
    for line in LIST.lines() {
        let mut words = line.split(' ');
        let day: Date = words.next().unwrap().parse().unwrap();
        for land in words {
            laender.entry(land.to_owned()).or_default().insert(day);
        }
    }
    for (land, month, day) in ALSO {
        let holidays = laender.get_mut(land).unwrap();
        holidays.extend((2026..=2040).map(|year| date(year, month, day)));
    }
    laender
}

/// The last day to pay for an offence on `day`, by the list.
fn expected(day: Date, holidays: &BTreeSet<Date>) -> Date {
    let is_off = |day: &Date| {
        matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) || holidays.contains(day)
    };
    let mut days = (day + 7.days()).series(1.day());
    days.find(|day| !is_off(day)).unwrap()
}

#[test]
fn a_due_date_in_any_land_until_2040_falls_on_the_next_working_day() {
    let listed = listed();
    assert_eq!(listed.len(), LAENDER);
    for (name, holidays) in listed {
        let land: Land = serde_json::from_value(name.clone().into()).unwrap();
        // The last week's due dates lie in 2041, which the list does not know.
        for day in date(2026, 1, 1)
            .series(1.day())
            .take_while(|day| *day < date(2040, 12, 20))
        {
            let noon = day.at(12, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap();
            let due = DueDate::one_week_after(noon.timestamp(), land).day();
            assert_eq!(due, expected(day, &holidays), "{name}, offence on {day}");
        }
    }
}
