//! Text from outside never becomes markup.

use scraper::Html;
use ticket::{Language, Municipality, Standing, Ticket};

use crate::samples;

const HOSTILE: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'><svg/onload=alert(1)>",
    "</style></title></main><form action=//evil.example>",
    "&lt;b&gt; &#60;i&#62; {{ 7*7 }} {% raw %}",
    "--><iframe srcdoc=x>",
];

/// Elements with the names of their attributes, in order; no text.
fn skeleton(html: &str) -> Vec<String> {
    Html::parse_document(html)
        .tree
        .values()
        .filter_map(|node| node.as_element())
        .map(|element| {
            let mut names: Vec<&str> = element.attrs().map(|(name, _)| name).collect();
            names.sort_unstable();
            format!("{} {names:?}", element.name())
        })
        .collect()
}

/// Every field of the configuration that is free text.
fn city(text: &str) -> Municipality {
    let mut city = samples::municipality();
    city.name = text.to_owned();
    city.coat_of_arms = Some(text.to_owned());
    city.account_holder = text.to_owned();
    city.bic = text.to_owned();
    city.cash_office.address = text.to_owned();
    city.cash_office.hours = Language::ALL
        .map(|language| (language, text.to_owned()))
        .into();
    city.imprint_url = text.to_owned();
    city.privacy_url = text.to_owned();
    city.accessibility_url = text.to_owned();
    city.colour = text.to_owned();
    city
}

/// Every field of the ticket that is free text.
fn change(ticket: &mut Ticket, text: &str) {
    ticket.offence.number = text.parse().unwrap();
    ticket.offence.text = text.parse().unwrap();
    ticket.place = text.parse().unwrap();
    ticket.booking_reference = Some(text.parse().unwrap());
}

#[test]
fn hostile_text_in_every_field_makes_the_same_document_as_harmless_text() {
    // One language: the templates are the same for all.
    let all = |text: &str| {
        let mut all = samples::all_of(&city(text), |ticket| change(ticket, text));
        all.retain(|sample| sample.language == Language::En);
        all
    };
    let harmless: Vec<Vec<String>> = all("harmless")
        .iter()
        .map(|sample| skeleton(sample.response.body()))
        .collect();
    for text in HOSTILE {
        for (sample, harmless) in all(text).iter().zip(&harmless) {
            assert_eq!(
                &skeleton(sample.response.body()),
                harmless,
                "{}: {text}",
                sample.name
            );
        }
    }
}

#[test]
fn hostile_text_is_shown_as_what_it_is() {
    let text = HOSTILE[0];
    let page = samples::all_of(&city(text), |ticket| change(ticket, text))
        .into_iter()
        .find(|sample| sample.name == "t-Open-de")
        .unwrap();
    let document = Html::parse_document(page.response.body());
    let shown = document
        .root_element()
        .text()
        .filter(|shown| shown.contains(text))
        .count();
    // Title, header, holder, BIC, reference, address, hours, offence, place.
    assert_eq!(shown, 9);
}

#[test]
fn a_hostile_check_word_or_token_stays_text() {
    let city = samples::municipality();
    let ticket = samples::ticket(Standing::Open);
    let page = |token: &str, check_word: &str| {
        let view = page::View {
            municipality: &city,
            language: Language::De,
            route: page::Route::Checkout,
            now: samples::in_time(),
            captures: ticket::Captures::Open,
        };
        let scan = page::Scan {
            ticket: &ticket,
            token,
            check_word,
        };
        samples::pages().ticket(&view, &scan, None).into_body()
    };
    for text in HOSTILE {
        assert_eq!(
            skeleton(&page(text, text)),
            skeleton(&page("a", "b")),
            "{text}"
        );
    }
}
