//! Where links and forms lead, from wherever the page was answered.

use page::{Attempt, Notice, Outcome, Route, Scan, View};
use scraper::{Html, Selector};
use ticket::{Captures, Language, Standing};
use url::Url;

use crate::samples::{self, CHECK_WORD, TOKEN, attempt_id, in_time, municipality, pages, ticket};

fn attribute(html: &str, selector: &str, name: &str) -> Option<String> {
    let selector = Selector::parse(selector).unwrap();
    let document = Html::parse_document(html);
    let element = document.select(&selector).next()?;
    element.value().attr(name).map(str::to_owned)
}

/// The addresses a page of `segment` is answered at, with and without a stage.
fn addresses(kind: &str, segment: &str) -> Vec<(Route, Url, Url)> {
    let mut addresses = Vec::new();
    for base in ["https://pay.example.de", "https://api.example.de/stage"] {
        let page = Url::parse(&format!("{base}/{kind}/{segment}")).unwrap();
        for (route, suffix) in [
            (Route::Page, "?token=5O190127TN364715T&lang=de"),
            (Route::Cancel, "/cancel?token=5O190127TN364715T"),
            (Route::Checkout, "/checkout"),
        ] {
            let at = Url::parse(&format!("{page}{suffix}")).unwrap();
            addresses.push((route, at, page.clone()));
        }
    }
    addresses
}

#[test]
fn the_form_leads_to_the_checkout_and_the_language_to_the_page_from_every_address() {
    let city = municipality();
    let ticket = ticket(Standing::Open);
    let id = attempt_id();
    for (kind, segment) in [("t", TOKEN), ("r", id.as_str())] {
        for (route, at, page) in addresses(kind, segment) {
            let view = View {
                municipality: &city,
                language: Language::De,
                route,
                now: in_time(),
                captures: Captures::Open,
            };
            let answer = if kind == "t" {
                let scan = Scan {
                    ticket: &ticket,
                    token: TOKEN,
                    check_word: CHECK_WORD,
                };
                pages().ticket(&view, &scan, Some(Notice::AmountChanged))
            } else {
                let attempt = Attempt {
                    id: &id,
                    ticket: &ticket,
                    settlement: None,
                    outcome: Some(Outcome::Declined),
                    order: None,
                };
                pages().result(&view, &attempt, None)
            };
            let action = attribute(answer.body(), "form[method=post]", "action").unwrap();
            assert_eq!(
                at.join(&action).unwrap().as_str(),
                format!("{page}/checkout"),
                "{at}"
            );
            let language = attribute(answer.body(), "header a[lang=en]", "href").unwrap();
            let language = at.join(&language).unwrap();
            let mut got_from = if route == Route::Checkout { page } else { at };
            got_from.set_query(Some("lang=en"));
            assert_eq!(language, got_from);
        }
    }
}

#[test]
fn a_payment_under_way_is_looked_at_again_at_an_address_that_can_be_got() {
    let city = municipality();
    let ticket = ticket(Standing::OpenLocked);
    let id = attempt_id();
    for (route, at, page) in addresses("r", id.as_str()) {
        let view = View {
            municipality: &city,
            language: Language::En,
            route,
            now: in_time(),
            captures: Captures::Open,
        };
        let attempt = Attempt {
            id: &id,
            ticket: &ticket,
            settlement: None,
            outcome: None,
            order: None,
        };
        let answer = pages().result(&view, &attempt, None);
        let content = attribute(answer.body(), "meta[http-equiv=refresh]", "content").unwrap();
        let (seconds, address) = content.split_once(";url=").unwrap_or((&content, ""));
        assert!((5..=30).contains(&seconds.parse::<u8>().unwrap()));
        // Where it was got, PayPal's order id in the query must stay: without
        // it a reload could settle nothing.
        let expected = match route {
            Route::Page | Route::Cancel => at.clone(),
            Route::Checkout => page.join("?lang=en").unwrap(),
        };
        assert_eq!(at.join(address).unwrap(), expected);
        let look = attribute(answer.body(), "main a", "href").unwrap();
        assert_eq!(at.join(&look).unwrap(), expected);
    }
}

#[test]
fn paypals_token_stays_in_every_address_of_a_page_that_was_opened_with_it() {
    let city = municipality();
    let id = attempt_id();
    let order = "5O190127TN364715T".parse().unwrap();
    for standing in [Standing::Open, Standing::OpenLocked] {
        let ticket = ticket(standing);
        for (route, at, page) in addresses("r", id.as_str()) {
            let view = View {
                municipality: &city,
                language: Language::De,
                route,
                now: in_time(),
                captures: Captures::Open,
            };
            let attempt = Attempt {
                id: &id,
                ticket: &ticket,
                settlement: None,
                outcome: None,
                order: Some(&order),
            };
            let answer = pages().result(&view, &attempt, None);
            let got_from = if route == Route::Checkout {
                page
            } else {
                at.clone()
            };
            let keeps_it = |address: &str, lang: &str| {
                let address = at.join(address).unwrap();
                assert_eq!(address.path(), got_from.path());
                let query: Vec<_> = address.query_pairs().into_owned().collect();
                let has = |name: &str, value: &str| {
                    query
                        .iter()
                        .any(|pair| (pair.0.as_str(), pair.1.as_str()) == (name, value))
                };
                assert!(has("token", "5O190127TN364715T"), "{address}");
                assert!(lang.is_empty() || has("lang", lang), "{address}");
            };
            keeps_it(
                &attribute(answer.body(), "header a[lang=en]", "href").unwrap(),
                "en",
            );
            if standing == Standing::OpenLocked {
                let content = attribute(answer.body(), "meta[http-equiv=refresh]", "content");
                let content = content.unwrap();
                keeps_it(content.split_once(";url=").map_or("", |(_, url)| url), "");
                keeps_it(&attribute(answer.body(), "main a", "href").unwrap(), "");
            } else {
                let token = attribute(answer.body(), "form [name=token]", "value");
                assert_eq!(token.as_deref(), Some("5O190127TN364715T"));
            }
        }
    }
    for sample in samples::all() {
        assert!(
            !sample.response.body().contains("token="),
            "{}",
            sample.name
        );
        assert!(
            !sample.response.body().contains("name=\"token\""),
            "{}",
            sample.name
        );
    }
}

#[test]
fn only_a_payment_under_way_reloads_itself() {
    for sample in samples::all() {
        let html = sample.response.body();
        assert_eq!(
            html.contains("http-equiv=\"refresh\""),
            html.contains("data-state=\"processing\""),
            "{}",
            sample.name
        );
    }
}

#[test]
fn nothing_outside_is_named_but_the_citys_three_links() {
    let city = municipality();
    let mut legal = vec![city.imprint_url, city.privacy_url, city.accessibility_url];
    legal.sort();
    let anchors = Selector::parse("a[href*=':'], a[href^='//']").unwrap();
    let loads = Selector::parse("[src], link, iframe, object, embed, base, script, img").unwrap();
    for sample in samples::all() {
        let document = Html::parse_document(sample.response.body());
        let mut outside: Vec<String> = document
            .select(&anchors)
            .filter_map(|link| link.value().attr("href").map(str::to_owned))
            .collect();
        outside.sort();
        let has_city = !["x-invalid", "x-unavailable-no-city"]
            .iter()
            .any(|name| sample.name.starts_with(name));
        let expected = if has_city { legal.clone() } else { Vec::new() };
        assert_eq!(outside, expected, "{}", sample.name);
        let loaded: Vec<String> = document
            .select(&loads)
            .map(|element| element.html())
            .collect();
        // An icon of its own, or the browser would ask for /favicon.ico.
        assert_eq!(
            loaded,
            ["<link href=\"data:,\" rel=\"icon\">"],
            "{}",
            sample.name
        );
    }
}

#[test]
fn the_amount_and_the_language_travel_with_the_form() {
    let city = municipality();
    let mut ticket = ticket(Standing::Open);
    ticket.amount = "25.00".parse().unwrap();
    for language in Language::ALL {
        let view = View {
            municipality: &city,
            language,
            route: Route::Page,
            now: in_time(),
            captures: Captures::Open,
        };
        let scan = Scan {
            ticket: &ticket,
            token: TOKEN,
            check_word: CHECK_WORD,
        };
        let answer = pages().ticket(&view, &scan, None);
        let value = |name: &str| attribute(answer.body(), &format!("form [name={name}]"), "value");
        assert_eq!(value("amount").as_deref(), Some("25.00"));
        assert_eq!(value("lang").as_deref(), Some(language.tag()));
    }
}

#[test]
fn only_languages_the_city_offers_are_linked() {
    let mut city = municipality();
    city.languages = vec![Language::De];
    for sample in samples::all_of(&city, |_| {}) {
        let has_city = sample.response.body().contains("<footer>");
        let other = attribute(sample.response.body(), "header a", "lang");
        if has_city && sample.language == Language::De {
            assert_eq!(other, None, "{}", sample.name);
        } else {
            assert!(other.is_some(), "{}", sample.name);
        }
    }
}
