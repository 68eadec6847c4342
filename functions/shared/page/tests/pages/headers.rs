//! What every answer carries, whatever it says.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64;
use page::{Pages, Policy};
use scraper::{Html, Selector};
use ticket::Language;

use crate::samples::{self, Sample};

/// One TCP window, before compression: no page ever costs a second round trip.
const PAGE_BYTES_MAX: usize = 14_000;

fn style_hash(sample: &Sample) -> String {
    let document = Html::parse_document(sample.response.body());
    let selector = Selector::parse("style").unwrap();
    let styles: Vec<String> = document
        .select(&selector)
        .map(|style| style.inner_html())
        .collect();
    let [style] = styles.as_slice() else {
        panic!("{}: {} styles", sample.name, styles.len());
    };
    BASE64.encode(digest(&SHA256, style.as_bytes()).as_ref())
}

#[test]
fn every_page_has_exactly_these_headers() {
    for sample in samples::all() {
        let language = sample.language.tag();
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; img-src data:; \
             form-action 'self' https://www.sandbox.paypal.com; frame-ancestors 'none'; base-uri 'none'",
            style_hash(sample)
        );
        let mut expected = BTreeMap::from([
            ("cache-control", "no-store"),
            ("content-language", language),
            ("content-security-policy", &policy),
            ("content-type", "text/html; charset=utf-8"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            (
                "permissions-policy",
                "camera=(), geolocation=(), microphone=(), payment=()",
            ),
            ("referrer-policy", "no-referrer"),
            ("strict-transport-security", "max-age=31536000"),
            ("x-content-type-options", "nosniff"),
            ("x-robots-tag", "noindex, nofollow, noarchive"),
        ]);
        if sample.response.status() == http::StatusCode::SERVICE_UNAVAILABLE {
            expected.insert("retry-after", "30");
        }
        let headers: BTreeMap<&str, &str> = sample
            .response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        assert_eq!(headers, expected, "{}", sample.name);
    }
}

#[test]
fn every_page_is_one_small_whole_document_without_script() {
    for Sample {
        name,
        language,
        response,
    } in samples::all()
    {
        let html = response.body();
        let start = format!("<!doctype html>\n<html lang=\"{}\">", language.tag());
        assert!(html.starts_with(&start), "{name}");
        assert!(html.len() <= PAGE_BYTES_MAX, "{name}: {} bytes", html.len());
        for (part, count) in [("<h1", 1), ("<title>", 1), ("<main ", 1), ("<header>", 1)] {
            assert_eq!(html.matches(part).count(), count, "{name}: {part}");
        }
        let lower = html.to_lowercase();
        for forbidden in [
            "<script",
            "javascript:",
            " on",
            "style=\"",
            "@import",
            "url(",
        ] {
            let found = match forbidden {
                // An event handler, not a word.
                " on" => lower.split(" on").skip(1).any(|rest| {
                    rest.chars().take_while(char::is_ascii_alphabetic).count() > 0
                        && rest
                            .trim_start_matches(|char: char| char.is_ascii_alphabetic())
                            .starts_with('=')
                }),
                other => lower.contains(other),
            };
            assert!(!found, "{name}: {forbidden}");
        }
    }
}

#[test]
fn on_the_way_to_paypal_no_address_is_kept_or_passed_on() {
    let url = "https://www.sandbox.paypal.com/checkoutnow?token=5O190127TN364715T";
    let answer = page::redirect(url).unwrap();
    assert_eq!(answer.status(), http::StatusCode::SEE_OTHER);
    for (name, value) in [
        ("location", url),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("strict-transport-security", "max-age=31536000"),
    ] {
        assert_eq!(answer.headers()[name], value);
    }
    assert!(page::redirect("https://www.paypal.com/\r\nset-cookie: a=b").is_none());
}

#[test]
fn titles_differ_between_states_and_name_the_city() {
    for language in Language::ALL {
        let mut titles: Vec<String> = [
            "t-Open",
            "t-OpenLocked",
            "t-OpenPending",
            "t-Paid",
            "t-Objected",
            "t-Withdrawn",
            "t-HandedOver",
            "t-Review",
            "t-refused",
            "r-Open-None",
            "r-Open-Declined",
            "r-Open-Cancelled",
            "r-Open-Expired",
            "x-unknown",
            "x-unavailable-city",
        ]
        .into_iter()
        .map(|name| {
            let page = samples::named(&format!("{name}-{}", language.tag()));
            let (_, rest) = page.body().split_once("<title>").unwrap();
            let (title, _) = rest.split_once("</title>").unwrap();
            assert!(title.ends_with(" – Stadt Kaiserslautern"), "{title}");
            title.to_owned()
        })
        .collect();
        let count = titles.len();
        titles.sort();
        titles.dedup();
        assert_eq!(titles.len(), count, "{titles:?}");
    }
}

#[test]
fn every_invalid_token_gets_the_same_bytes() {
    for language in Language::ALL {
        let [one, other] = [0, 1].map(|_| samples::pages().invalid(language));
        assert_eq!(one.body(), other.body());
        assert_eq!(one.headers(), other.headers());
        assert_eq!(one.status(), other.status());
    }
}

#[test]
fn the_form_may_lead_to_the_environments_paypal_and_to_no_other() {
    for (environment, base_url, expected) in [
        ("live", None, "https://www.paypal.com"),
        ("sandbox", None, "https://www.sandbox.paypal.com"),
        (
            "local",
            Some("http://127.0.0.1:8082/x?y"),
            "http://127.0.0.1:8082",
        ),
        ("local", Some("http://[::1]:8082"), "http://[::1]:8082"),
    ] {
        let vars = |name: &str| match name {
            "PAYPAL_ENVIRONMENT" => Some(environment.to_owned()),
            "PAYPAL_BASE_URL" => base_url.map(str::to_owned),
            _ => None,
        };
        let pages = Pages::new(Policy::from_vars(&vars).unwrap());
        let page = pages.invalid(Language::De);
        let policy = page.headers()["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains(&format!("form-action 'self' {expected}; ")),
            "{policy}"
        );
    }
}

#[test]
fn a_wrong_variable_is_named() {
    for (environment, base_url, named) in [
        (None, None, "PAYPAL_ENVIRONMENT"),
        (Some("production"), None, "PAYPAL_ENVIRONMENT"),
        (Some("local"), None, "PAYPAL_BASE_URL"),
        (Some("local"), Some("8082"), "PAYPAL_BASE_URL"),
        (Some("local"), Some("ftp://127.0.0.1"), "PAYPAL_BASE_URL"),
        (
            Some("local"),
            Some("http://a;script-src *"),
            "PAYPAL_BASE_URL",
        ),
        (
            Some("local"),
            Some("http://user@127.0.0.1"),
            "PAYPAL_BASE_URL",
        ),
    ] {
        let vars = |name: &str| match name {
            "PAYPAL_ENVIRONMENT" => environment.map(str::to_owned),
            "PAYPAL_BASE_URL" => base_url.map(str::to_owned),
            _ => None,
        };
        let error = Policy::from_vars(&vars).unwrap_err().to_string();
        assert!(
            error.contains(named),
            "{environment:?} {base_url:?}: {error}"
        );
    }
}
