//! What must be right about a city before its first driver sees it.

use std::collections::BTreeSet;
use std::fmt;

use super::Municipality;
use crate::Language;

/// Source: EPC069-12, "Name of the Beneficiary".
const ACCOUNT_HOLDER_LEN_MAX: usize = 70;
/// Longer breaks the head of every page, and `PayPal` takes 127.
const NAME_LEN_MAX: usize = 60;
/// It lies in each page, which a phone with one bar must load.
const COAT_OF_ARMS_LEN_MAX: usize = 20_000;
/// Source: WCAG 2.2, success criterion 1.4.3, times a thousand.
const CONTRAST_MIN: u64 = 4_500;

/// A field that must be written otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Which.
    pub field: &'static str,
    /// What to write there.
    pub write: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.write)
    }
}

impl Municipality {
    /// Everything that is wrong beyond what reading has refused already; nothing, where it
    /// may be written into the table.
    #[must_use]
    pub fn wrong(&self) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        let mut unless = |is_right: bool, field: &'static str, write: &str| {
            if !is_right {
                let write = write.to_owned();
                wrong.push(Wrong { field, write });
            }
        };
        let is_key = self.id.len() == 8 && self.id.bytes().all(|byte| byte.is_ascii_digit());
        unless(
            is_key,
            "id",
            "write the official municipality key, 8 digits",
        );
        unless(
            is_line(&self.name, NAME_LEN_MAX),
            "name",
            "write the city's name, one line of at most 60 characters",
        );
        let arms = self.coat_of_arms.as_deref();
        unless(
            arms.is_none_or(is_harmless_svg),
            "coat_of_arms",
            "write an SVG document of at most 20,000 bytes without scripts and without \
             addresses of other files, or null",
        );
        unless(
            contrast_on_white(&self.colour).is_some_and(|contrast| contrast >= CONTRAST_MIN),
            "colour",
            "write #rrggbb, so dark that white on it can be read: a contrast of 4.5 (WCAG 1.4.3)",
        );
        unless(
            is_line(&self.account_holder, ACCOUNT_HOLDER_LEN_MAX),
            "account_holder",
            "write who the account belongs to, one line of at most 70 characters",
        );
        unless(
            self.iban.to_string().starts_with("DE"),
            "iban",
            "write the city's German account",
        );
        unless(
            is_german_bic(&self.bic),
            "bic",
            "write the bank's BIC, 8 or 11 letters and digits with DE at place five",
        );
        unless(
            is_line(&self.cash_office.address, 200),
            "cash_office.address",
            "write street, number, post code and town, one line",
        );
        let offered: BTreeSet<Language> = self.languages.iter().copied().collect();
        unless(
            offered.contains(&Language::De) && offered.len() == self.languages.len(),
            "languages",
            "write de and the others, each once",
        );
        let hours = &self.cash_office.hours;
        let has_hours =
            |language: &Language| hours.get(language).is_some_and(|it| is_line(it, 200));
        unless(
            offered.iter().all(has_hours),
            "cash_office.hours",
            "write the opening hours in each of the languages, one line each",
        );
        for (field, url) in [
            ("imprint_url", &self.imprint_url),
            ("privacy_url", &self.privacy_url),
            ("accessibility_url", &self.accessibility_url),
        ] {
            unless(
                is_https(url),
                field,
                "write the page's whole address, https://…",
            );
        }
        wrong
    }
}

/// One line with something on it, of so many characters at most.
fn is_line(text: &str, len_max: usize) -> bool {
    let is_trimmed = !text.is_empty() && text.trim() == text;
    is_trimmed && text.chars().count() <= len_max && !text.chars().any(char::is_control)
}

/// It is shown as an image, in which no browser runs scripts; a page that is printed or a
/// mail it is put into might.
fn is_harmless_svg(svg: &str) -> bool {
    let lower = svg.to_ascii_lowercase();
    let has = |text: &str| lower.contains(text);
    let is_svg = has("<svg") && has("http://www.w3.org/2000/svg");
    let refers = [
        "<script",
        "<foreignobject",
        "javascript:",
        "href=\"http",
        "href='http",
        "@import",
    ];
    is_svg && svg.len() <= COAT_OF_ARMS_LEN_MAX && !refers.into_iter().any(has)
}

/// Source: ISO 9362: four letters, the country, two, and three more or none.
fn is_german_bic(bic: &str) -> bool {
    let is_alphabet = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    matches!(bic.len(), 8 | 11) && bic.bytes().all(is_alphabet) && bic.get(4..6) == Some("DE")
}

/// No user, no port, no blank: what a person can read and a browser opens safely.
fn is_https(url: &str) -> bool {
    let host = url.strip_prefix("https://").map(|rest| {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        &rest[..end]
    });
    let is_host = |host: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        host.contains('.') && host.bytes().all(allowed)
    };
    host.is_some_and(is_host) && url.chars().all(|char| char.is_ascii_graphic())
}

/// The contrast of a colour to white, times a thousand.
///
/// Source: WCAG 2.2, "contrast ratio" and "relative luminance". In whole numbers, with the
/// curve of sRGB as a table of what 16 steps of it mean: the rest lies between them.
fn contrast_on_white(colour: &str) -> Option<u64> {
    let digits = colour
        .strip_prefix('#')
        .filter(|digits| digits.len() == 6)?;
    let part = |range: std::ops::Range<usize>| u8::from_str_radix(digits.get(range)?, 16).ok();
    let luminance =
        2126 * linear(part(0..2)?) + 7152 * linear(part(2..4)?) + 722 * linear(part(4..6)?);
    // Both sums are of ten thousands of millionths.
    let white = 1_050_000 * 1_000;
    Some(white / (luminance / 10_000 + 50_000))
}

/// How much light one part of a colour gives, in millionths of all of it; between the steps
/// a little more than it is, so that no colour is taken for darker.
fn linear(part: u8) -> u64 {
    /// Of 0, 17, 34, … 255.
    const STEPS: [u64; 16] = [
        0, 5_605, 15_996, 33_105, 57_805, 90_842, 132_868, 184_475, 246_201, 318_547, 401_978,
        496_933, 603_827, 723_055, 854_993, 1_000_000,
    ];
    let (step, rest) = (usize::from(part / 17), u64::from(part % 17));
    let below = STEPS[step];
    let above = STEPS.get(step + 1).copied().unwrap_or(below);
    below + (above - below) * rest / 17
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kaiserslautern() -> Municipality {
        let json = include_str!("../../../../../infra/local/kaiserslautern.json");
        serde_json::from_str(json).unwrap()
    }

    /// A change of the city, and the one field that is wrong then.
    type Case = (&'static str, fn(&mut Municipality));

    #[test]
    fn the_sample_city_is_right() {
        assert_eq!(kaiserslautern().wrong(), []);
    }

    #[test]
    fn each_field_that_is_wrong_is_named_with_what_to_write() {
        let cases: [Case; 16] = [
            ("id", |city| city.id = "7312000".to_owned()),
            ("name", |city| city.name = " Stadt".to_owned()),
            ("coat_of_arms", |city| {
                city.coat_of_arms = Some("wappen.png".to_owned());
            }),
            ("coat_of_arms", |city| {
                let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"><Script>1</Script></svg>";
                city.coat_of_arms = Some(svg.to_owned());
            }),
            ("colour", |city| city.colour = "#ffcc00".to_owned()),
            ("colour", |city| city.colour = "blue".to_owned()),
            ("account_holder", |city| {
                city.account_holder = "x".repeat(71);
            }),
            ("iban", |city| {
                city.iban = "FR7630006000011234567890189".parse().unwrap();
            }),
            ("bic", |city| city.bic = "MALADE5".to_owned()),
            ("bic", |city| city.bic = "BNPAFRPP".to_owned()),
            ("cash_office.address", |city| {
                city.cash_office.address = "a\nb".to_owned();
            }),
            ("cash_office.hours", |city| {
                city.cash_office.hours.remove(&Language::En);
            }),
            ("languages", |city| city.languages = vec![Language::En]),
            ("languages", |city| city.languages.push(Language::De)),
            ("imprint_url", |city| {
                city.imprint_url = "http://example.de/".to_owned();
            }),
            ("privacy_url", |city| {
                city.privacy_url = "https://a@example.de/ x".to_owned();
            }),
        ];
        for (field, change) in cases {
            let mut city = kaiserslautern();
            change(&mut city);
            let wrong = city.wrong();
            let fields: Vec<&str> = wrong.iter().map(|wrong| wrong.field).collect();
            assert_eq!(fields, [field]);
            assert!(wrong[0].write.contains("write "), "{field}");
        }
    }

    #[test]
    fn contrast_is_what_wcag_says_and_never_more() {
        // Source: the formula of WCAG 2.2, worked out with floating point.
        for (colour, exactly) in [
            ("#ffffff", 1_000),
            ("#000000", 21_000),
            ("#767676", 4_542),
            ("#777777", 4_478),
            ("#00508c", 8_313),
        ] {
            let contrast = contrast_on_white(colour).unwrap();
            assert!(
                contrast <= exactly + 1 && contrast + 150 >= exactly,
                "{colour}: {contrast}"
            );
        }
        assert_eq!(contrast_on_white("#12345"), None);
        assert_eq!(contrast_on_white("00508c"), None);
    }
}
