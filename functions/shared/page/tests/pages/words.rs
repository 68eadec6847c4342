//! What is said, and what never is.

use scraper::{Html, Selector};
use ticket::Language;

use crate::samples::{self, CHECK_WORD, Sample, TOKEN};

fn visible(html: &str) -> String {
    let document = Html::parse_document(html);
    let selector = Selector::parse("title, body").unwrap();
    let text: Vec<&str> = document
        .select(&selector)
        .flat_map(|element| element.text())
        .collect();
    text.join(" ")
}

/// A warning fine is an offer, not a debt.
const NEVER: [&str; 16] = [
    "mahnung",
    "mahn",
    "überfällig",
    "säumnis",
    "verzug",
    "schulden",
    "schuldig",
    "forderung",
    "overdue",
    "late fee",
    "reminder",
    "penalty",
    "debt",
    "owe",
    "dunning",
    "fällig",
];

#[test]
fn nothing_sounds_like_a_demand() {
    for sample in samples::all() {
        let text = visible(sample.response.body()).to_lowercase();
        for word in NEVER {
            assert!(!text.contains(word), "{}: {word}", sample.name);
        }
    }
}

#[test]
fn whoever_can_pay_has_been_told_that_it_is_voluntary_and_final() {
    let mut payable_count = 0;
    for sample in samples::all() {
        let html = sample.response.body();
        let Some((before, _)) = html.split_once("<button>") else {
            continue;
        };
        payable_count += 1;
        let words = match sample.language {
            Language::De => [
                "freiwillig",
                "ablehnen",
                "einverstanden",
                "ganzen Betrag rechtzeitig",
                "nehmen Sie die Verwarnung an",
                "kein Einspruch mehr",
            ],
            Language::En => [
                "voluntary",
                "refuse",
                "agree",
                "full amount in time",
                "accept the warning",
                "cannot appeal",
            ],
        };
        for words in words {
            assert!(before.contains(words), "{}: {words}", sample.name);
        }
    }
    assert!(payable_count > 0);
}

#[test]
fn a_payable_page_names_every_way_to_pay_and_the_way_not_to() {
    for (name, words) in [
        (
            "t-Open-de",
            [
                "30,00\u{a0}€ mit PayPal bezahlen",
                "mit Karte ohne PayPal-Konto",
                "Per Überweisung",
                "Willy-Brandt-Platz 1",
                "Mo–Fr 8–12 Uhr",
                "Dann zahlen Sie bitte nicht. Schreiben Sie der Stadt",
            ],
        ),
        (
            "t-Open-en",
            [
                "Pay €30.00 with PayPal",
                "by card without a PayPal account",
                "By bank transfer",
                "Willy-Brandt-Platz 1",
                "Mon–Fri 8:00",
                "Then please do not pay. Write to the city",
            ],
        ),
    ] {
        let text = visible(samples::named(name).body());
        for words in words {
            assert!(text.contains(words), "{name}: {words}");
        }
    }
}

#[test]
fn a_paid_page_is_the_certificate_and_never_says_please_pay() {
    for (name, facts) in [
        (
            "t-Paid-de",
            [
                "Bescheinigung",
                "30,00\u{a0}€",
                "2.\u{a0}März 2026, 10:00\u{a0}Uhr",
                "PayPal",
                "KL-2026-000123",
                "abgeschlossen (§\u{a0}56 Abs.\u{a0}4 OWiG)",
                "Das ist Ihre Quittung",
                "Musterstraße 12",
            ],
        ),
        (
            "t-Paid-en",
            [
                "Certificate",
                "€30.00",
                "2\u{a0}March 2026, 10:00",
                "PayPal",
                "KL-2026-000123",
                "closed (§\u{a0}56(4) OWiG)",
                "This is your receipt",
                "Musterstraße 12",
            ],
        ),
    ] {
        let text = visible(samples::named(name).body());
        for fact in facts {
            assert!(text.contains(fact), "{name}: {fact}");
        }
    }
    let mut paid_count = 0;
    for sample in samples::all() {
        if !sample.response.body().contains("data-state=\"paid\"") {
            continue;
        }
        paid_count += 1;
        let text = visible(sample.response.body()).to_lowercase();
        let words: Vec<&str> = text.split(|char: char| !char.is_alphabetic()).collect();
        for asking in ["pay", "zahlen", "bezahlen", "überweisen", "iban"] {
            assert!(!words.contains(&asking), "{}: {asking}", sample.name);
        }
    }
    assert!(paid_count > 0);
}

#[test]
fn only_a_paid_ticket_is_called_paid() {
    for sample in samples::all() {
        let html = sample.response.body();
        let document = Html::parse_document(html);
        let selector = Selector::parse("h1").unwrap();
        let heading: String = document
            .select(&selector)
            .flat_map(|h1| h1.text())
            .collect();
        let says_paid = matches!(heading.as_str(), "Bezahlt" | "Paid");
        assert_eq!(
            says_paid,
            html.contains("data-state=\"paid\""),
            "{}",
            sample.name
        );
    }
}

#[test]
fn a_result_page_shows_case_number_and_amount_and_nothing_else_of_the_case() {
    for sample in samples::all() {
        if !sample.name.starts_with("r-") {
            continue;
        }
        let html = sample.response.body();
        for shown in ["KL-2026-000123", "30"] {
            assert!(html.contains(shown), "{}: {shown}", sample.name);
        }
        for hidden in [
            "KL-XX 123",
            "•",
            "112454",
            "Sie parkten",
            "Musterstraße",
            "09:41",
            "24.",
            CHECK_WORD,
            TOKEN,
        ] {
            assert!(!html.contains(hidden), "{}: {hidden}", sample.name);
        }
    }
}

#[test]
fn the_bare_code_shows_the_deed_only_where_the_city_discloses_it() {
    let deed = [
        "KL-XX 123",
        "112454",
        "Sie parkten",
        "Musterstraße",
        "09:41",
    ];
    for sample in samples::all() {
        let html = sample.response.body();
        let is_full = ["t-Open-", "t-late-", "t-closed-", "t-Paid-"]
            .iter()
            .any(|name| sample.name.starts_with(name));
        for shown in deed {
            assert_eq!(html.contains(shown), is_full, "{}: {shown}", sample.name);
        }
        let is_masked = sample.name.starts_with("t-masked");
        assert_eq!(html.contains("KL-•• •23"), is_masked, "{}", sample.name);
    }
}

#[test]
fn the_offence_stays_german_and_an_english_page_says_which_text_counts() {
    let offence = Selector::parse("dd[lang=de]").unwrap();
    for Sample {
        name,
        language,
        response,
    } in samples::all()
    {
        if !name.starts_with("t-Open-") {
            continue;
        }
        let document = Html::parse_document(response.body());
        assert!(
            document
                .select(&offence)
                .any(|dd| dd.inner_html().starts_with("Sie parkten")),
            "{name}"
        );
        let says = response
            .body()
            .contains("The German text is the legal one.");
        assert_eq!(says, *language == Language::En, "{name}");
    }
}

#[test]
fn every_page_of_a_code_repeats_the_check_word() {
    for sample in samples::all() {
        let repeats = sample.response.body().contains(CHECK_WORD);
        assert_eq!(repeats, sample.name.starts_with("t-"), "{}", sample.name);
    }
}

#[test]
fn while_a_payment_is_checked_nobody_is_told_to_pay_or_that_it_failed() {
    for state in ["processing", "pending"] {
        for sample in samples::all() {
            let html = sample.response.body();
            if !html.contains(&format!("data-state=\"{state}\"")) {
                continue;
            }
            let (again, failed) = match sample.language {
                Language::De => ("Bitte zahlen Sie nicht noch einmal.", "nichts abgebucht"),
                Language::En => ("Please do not pay again.", "othing was charged"),
            };
            assert!(html.contains(again), "{}", sample.name);
            assert!(!html.contains(failed), "{}", sample.name);
        }
    }
}

#[test]
fn every_page_with_a_city_links_imprint_privacy_and_accessibility() {
    for (name, words) in [
        (
            "t-Open-de",
            ["Impressum", "Datenschutz", "Barrierefreiheit"],
        ),
        ("x-unknown-en", ["Imprint", "Privacy", "Accessibility"]),
    ] {
        let page = samples::named(name);
        let document = Html::parse_document(page.body());
        let selector = Selector::parse("footer a").unwrap();
        let links: Vec<String> = document
            .select(&selector)
            .map(|link| link.inner_html())
            .collect();
        assert_eq!(links, words);
    }
}

#[test]
fn each_outcome_is_said_in_its_own_words() {
    for (outcome, words) in [
        ("None", "No payment for this case has arrived here yet."),
        (
            "NotApproved",
            "Nothing was charged. The payment at PayPal was not completed.",
        ),
        (
            "Declined",
            "Your bank or card declined the payment. Nothing was charged.",
        ),
        (
            "Cancelled",
            "You cancelled the payment at PayPal. Nothing was charged.",
        ),
        (
            "Expired",
            "The payment at PayPal was not finished. Nothing was charged.",
        ),
    ] {
        let page = samples::named(&format!("r-Open-{outcome}-en"));
        assert!(page.body().contains(words), "{outcome}");
    }
}
