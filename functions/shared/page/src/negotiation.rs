//! Which language to write in: negotiated between city, query and browser.

use ticket::Language;

/// More entries than any browser sends; the rest of a longer header is not read.
const ACCEPTED_MAX: usize = 32;

/// The language of the page: what `?lang=` asks for, else what the browser
/// prefers (`Accept-Language`, RFC 9110 § 12.5.4), else German. Only offered
/// languages are chosen; German always is one, being the legal text.
#[must_use]
pub fn language(
    query: Option<&str>,
    accept_language: Option<&str>,
    offered: &[Language],
) -> Language {
    let is_offered = |language: &Language| *language == Language::De || offered.contains(language);
    query
        .and_then(Language::from_tag)
        .filter(is_offered)
        .or_else(|| {
            accepted(accept_language?)
                .into_iter()
                .find_map(|tag| Language::from_tag(tag).filter(is_offered))
        })
        .unwrap_or_default()
}

/// The primary subtags of an `Accept-Language` header, the most wanted first.
fn accepted(header: &str) -> Vec<&str> {
    let mut ranges: Vec<(&str, u16)> = header
        .split(',')
        .take(ACCEPTED_MAX)
        .filter_map(|range| {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let primary = tag.trim().split('-').next()?;
            let weight = match parameters.trim().strip_prefix("q=") {
                Some(weight) => thousandths(weight)?,
                None => 1_000,
            };
            (weight > 0).then_some((primary, weight))
        })
        .collect();
    // Stable, so that equal weights keep the order of the header.
    ranges.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    ranges.into_iter().map(|(tag, _)| tag).collect()
}

/// `0.8` as 800. Source: RFC 9110 § 12.4.2, at most three decimals.
fn thousandths(weight: &str) -> Option<u16> {
    let (whole, decimals) = weight.split_once('.').unwrap_or((weight, ""));
    let is_number = decimals.len() <= 3 && decimals.bytes().all(|byte| byte.is_ascii_digit());
    match whole {
        "1" => Some(1_000),
        "0" if is_number => format!("{decimals:0<3}").parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFERED: [Language; 2] = Language::ALL;

    #[test]
    fn the_query_outranks_the_browser_and_the_browser_german() {
        for (query, accept_language, expected) in [
            (None, None, Language::De),
            (Some("en"), Some("de"), Language::En),
            (Some("EN"), None, Language::En),
            (Some("xx"), Some("en-GB,en;q=0.9"), Language::En),
            (None, Some("fr, en;q=0.5, de;q=0.4"), Language::En),
            (None, Some("en;q=0.5,de;q=0.9"), Language::De),
            (None, Some("en;q=0,fr"), Language::De),
            (None, Some("en;q=0"), Language::De),
            (None, Some("*"), Language::De),
            (None, Some("en;q=9,;;;,q=,\u{0}"), Language::De),
            (Some("en\r\nx"), None, Language::De),
        ] {
            assert_eq!(
                language(query, accept_language, &OFFERED),
                expected,
                "{query:?} {accept_language:?}"
            );
        }
    }

    #[test]
    fn a_language_the_city_does_not_offer_is_not_chosen() {
        assert_eq!(
            language(Some("en"), Some("en"), &[Language::De]),
            Language::De
        );
        assert_eq!(language(None, Some("de"), &[Language::En]), Language::De);
    }
}
