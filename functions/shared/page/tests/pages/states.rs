//! Which state shows what.

use http::StatusCode;
use http::header::RETRY_AFTER;
use page::{Attempt, Notice, Outcome, Route, Scan, View};
use ticket::{Captures, Language, LatePayment, Municipality, Standing, Ticket};

use crate::samples::{
    self, CHECK_WORD, OUTCOMES, TOKEN, attempt_id, in_time, late, locked_until, municipality,
    pages, ticket,
};

/// architecture.md's words for the standings of the ticket.
const NAMES: [(Standing, &str); 8] = [
    (Standing::Open, "open"),
    (Standing::OpenLocked, "processing"),
    (Standing::OpenPending, "pending"),
    (Standing::Paid, "paid"),
    (Standing::Objected, "objected"),
    (Standing::Withdrawn, "withdrawn"),
    (Standing::HandedOver, "handed-over"),
    (Standing::Review, "review"),
];

fn view(municipality: &Municipality, language: Language) -> View<'_> {
    View {
        municipality,
        language,
        route: Route::Page,
        now: in_time(),
        captures: Captures::Open,
    }
}

#[test]
fn each_standing_has_its_own_data_state_behind_the_code_and_back_from_paypal() {
    let city = municipality();
    for (standing, name) in NAMES {
        for language in Language::ALL {
            let ticket = ticket(standing);
            let scan = Scan {
                ticket: &ticket,
                token: TOKEN,
                check_word: CHECK_WORD,
            };
            let view = view(&city, language);
            let page = pages().ticket(&view, &scan, None);
            assert_eq!(page.status(), StatusCode::OK);
            let main = format!("<main data-state=\"{name}\">");
            assert!(page.body().contains(&main), "{standing:?}");
            let attempt = Attempt {
                id: &attempt_id(),
                ticket: &ticket,
                settlement: None,
                outcome: None,
                order: None,
            };
            let page = pages().result(&view, &attempt, None);
            assert_eq!(page.status(), StatusCode::OK);
            assert!(page.body().contains(&main), "{standing:?}");
        }
    }
}

#[test]
fn the_pages_without_a_case_have_their_state_and_status() {
    for (name, state, status) in [
        ("x-unknown", "unknown", StatusCode::NOT_FOUND),
        ("x-invalid", "invalid", StatusCode::NOT_FOUND),
        (
            "x-unavailable-city",
            "unavailable",
            StatusCode::SERVICE_UNAVAILABLE,
        ),
        (
            "x-unavailable-no-city",
            "unavailable",
            StatusCode::SERVICE_UNAVAILABLE,
        ),
    ] {
        for language in Language::ALL {
            let name = format!("{name}-{}", language.tag());
            let page = samples::named(&name);
            assert_eq!(page.status(), status, "{name}");
            assert!(
                page.body()
                    .contains(&format!("<main data-state=\"{state}\">")),
                "{name}"
            );
            let retry = page.headers().contains_key(RETRY_AFTER);
            assert_eq!(retry, status == StatusCode::SERVICE_UNAVAILABLE, "{name}");
        }
    }
}

#[test]
fn the_outcome_of_the_attempt_stands_beside_the_state_of_the_ticket() {
    for (outcome, name) in [
        ("None", None),
        ("Unclear", None),
        ("NotApproved", None),
        ("Declined", Some("declined")),
        ("Cancelled", Some("cancelled")),
        ("Expired", Some("expired")),
    ] {
        for (case, state) in [("Open", "open"), ("Paid", "paid"), ("Review", "review")] {
            let page = samples::named(&format!("r-{case}-{outcome}-en"));
            let state = if (case, outcome) == ("Open", "Unclear") {
                "processing"
            } else {
                state
            };
            let main = name.map_or_else(
                || format!("<main data-state=\"{state}\">"),
                |name| format!("<main data-state=\"{state}\" data-attempt=\"{name}\">"),
            );
            assert!(page.body().contains(&main), "{case} {outcome}");
        }
    }
}

/// Whether the page of this name is one of a ticket that waits to be paid.
fn is_payable(name: &str) -> bool {
    let is_open = ["-Open-", "-late-", "-masked-", "-closed-"]
        .iter()
        .any(|case| name.contains(case));
    let is_not = ["Unclear", "-masked-paid-", "-awaited-"];
    is_open && !is_not.iter().any(|case| name.contains(case))
}

#[test]
fn a_pay_button_stands_on_payable_pages_and_nowhere_else() {
    let mut payable = Vec::new();
    for sample in samples::all() {
        let html = sample.response.body();
        let offers = ["<form", "<button", "name=\"amount\""];
        let found = offers.map(|offer| html.matches(offer).count());
        assert!(
            found == [0; 3] || found == [1; 3],
            "{}: {found:?}",
            sample.name
        );
        if found == [1; 3] {
            payable.push(sample.name.as_str());
        }
    }
    // Whether online payment is closed, or enough payments are open.
    let expected = |name: &str| {
        let has_none = ["-closed-", "Closed", "TooManyAttempts"];
        is_payable(name) && !has_none.iter().any(|word| name.contains(word))
    };
    let names = samples::all().iter().map(|sample| sample.name.as_str());
    assert_eq!(
        payable,
        names.filter(|name| expected(name)).collect::<Vec<_>>()
    );
}

#[test]
fn bank_details_stand_only_where_a_transfer_would_count() {
    for sample in samples::all() {
        let html = sample.response.body();
        let without_another_way_online =
            ["PayPalUnreachable", "-closed-", "Closed", "TooManyAttempts"]
                .iter()
                .any(|word| sample.name.contains(word));
        let is_expected = is_payable(&sample.name)
            && (sample.name.starts_with("t-") || without_another_way_online);
        for detail in ["DE89 3704 0044 0532 0130 00", "COBADEFFXXX"] {
            assert_eq!(
                html.contains(detail),
                is_expected,
                "{}: {detail}",
                sample.name
            );
        }
    }
}

#[test]
fn a_transfer_quotes_the_booking_reference_where_there_is_one() {
    let city = municipality();
    let mut ticket = ticket(Standing::Open);
    ticket.booking_reference = Some("Kassenzeichen 77".parse().unwrap());
    let scan = Scan {
        ticket: &ticket,
        token: TOKEN,
        check_word: CHECK_WORD,
    };
    let page = pages().ticket(&view(&city, Language::De), &scan, None);
    assert!(
        page.body()
            .contains("Verwendungszweck</dt><dd class=\"copy\" translate=\"no\">Kassenzeichen 77<")
    );
}

#[test]
fn after_an_unclear_outcome_nobody_is_asked_to_pay_in_any_state() {
    for (standing, _) in NAMES {
        for language in Language::ALL {
            let name = format!("r-{standing:?}-Unclear-{}", language.tag());
            let page = samples::named(&name);
            assert_eq!(page.status(), StatusCode::OK, "{name}");
            assert!(!page.body().contains("<form"), "{name}");
        }
    }
    let page = samples::named("r-Open-Unclear-en");
    assert!(page.body().contains("data-state=\"processing\""));
    assert!(page.body().contains("Please do not pay again."));
}

#[test]
fn money_that_may_come_is_told_alike_behind_the_code_and_back_from_paypal() {
    for (case, words) in [
        ("awaited-de", "PayPal hat uns noch nicht gesagt"),
        ("awaited-en", "PayPal has not told us yet"),
        (
            "awaited-closed-de",
            "Online-Zahlung ist gerade für kurze Zeit",
        ),
        (
            "awaited-closed-en",
            "Online payment is closed for a short while",
        ),
    ] {
        let (case, language) = case.rsplit_once('-').unwrap();
        let shown = [
            format!("t-{case}-{language}"),
            format!("t-{case}-AmountChanged-{language}"),
            format!("r-{case}-None-{language}"),
            format!("r-{case}-Unclear-{language}"),
            format!("r-{case}-Cancelled-{language}"),
        ];
        let sentences = shown.map(|name| {
            let page = samples::named(&name);
            assert_eq!(page.status(), StatusCode::OK, "{name}");
            let html = page.body();
            assert!(html.contains("data-state=\"processing\""), "{name}");
            assert!(html.contains(words), "{name}");
            // Since when, and that no other way is taken either.
            assert!(html.contains("09:52"), "{name}");
            assert!(
                html.contains("Überweisung oder bar") || html.contains("transfer or in cash"),
                "{name}"
            );
            for offer in ["<form", "COBADEFFXXX", "Willy-Brandt-Platz"] {
                assert!(!html.contains(offer), "{name}: {offer}");
            }
            let (_, said) = html.split_once("<h1>").unwrap();
            said.split_once("<p><a ").unwrap().0.to_owned()
        });
        assert!(sentences.windows(2).all(|two| two[0] == two[1]), "{case}");
    }
}

#[test]
fn while_online_payment_is_closed_no_page_blames_paypal_and_the_other_ways_remain() {
    for (name, closed, blame) in [
        (
            "t-closed-de",
            "für kurze Zeit geschlossen",
            "nicht erreichbar",
        ),
        (
            "t-closed-en",
            "closed for a short while",
            "cannot be reached",
        ),
        (
            "r-closed-None-de",
            "für kurze Zeit geschlossen",
            "nicht erreichbar",
        ),
        (
            "r-closed-None-en",
            "closed for a short while",
            "cannot be reached",
        ),
    ] {
        let page = samples::named(name);
        assert_eq!(page.status(), StatusCode::OK, "{name}");
        assert!(page.body().contains("data-state=\"open\""), "{name}");
        assert_eq!(page.body().matches(closed).count(), 1, "{name}");
        assert!(!page.body().contains(blame), "{name}");
        assert!(page.body().contains("COBADEFFXXX"), "{name}");
    }
}

#[test]
fn a_lock_is_a_matter_of_seconds_until_its_lease_has_ended() {
    let city = municipality();
    for (seconds, words) in [
        (1, "The check usually takes only a few seconds"),
        (0, "on its way since 2\u{a0}March 2026, 10:00"),
    ] {
        let ticket = Ticket {
            state: locked_until(in_time() + jiff::SignedDuration::from_secs(seconds)),
            ..ticket(Standing::OpenLocked)
        };
        let scan = Scan {
            ticket: &ticket,
            token: TOKEN,
            check_word: CHECK_WORD,
        };
        let page = pages().ticket(&view(&city, Language::En), &scan, None);
        assert!(page.body().contains("data-state=\"processing\""));
        assert!(page.body().contains(words), "{seconds}");
    }
}

#[test]
fn a_mark_that_is_over_or_on_a_ticket_no_longer_open_says_nothing() {
    let city = municipality();
    for (standing, now, state) in [
        (Standing::Open, "2026-03-02T21:39:59Z", "processing"),
        (Standing::Open, "2026-03-02T21:40:00Z", "open"),
        (Standing::OpenPending, "2026-03-02T09:00:00Z", "pending"),
        (Standing::Paid, "2026-03-02T09:00:00Z", "paid"),
        (Standing::Withdrawn, "2026-03-02T09:00:00Z", "withdrawn"),
        (Standing::Review, "2026-03-02T09:00:00Z", "review"),
    ] {
        let ticket = Ticket {
            awaits: Some(samples::awaited()),
            ..ticket(standing)
        };
        let scan = Scan {
            ticket: &ticket,
            token: TOKEN,
            check_word: CHECK_WORD,
        };
        let view = View {
            now: now.parse().unwrap(),
            ..view(&city, Language::De)
        };
        let page = pages().ticket(&view, &scan, None);
        let main = format!("<main data-state=\"{state}\">");
        assert!(page.body().contains(&main), "{standing:?} {now}");
    }
}

#[test]
fn a_notice_is_said_with_its_status_while_the_ticket_is_payable_and_only_then() {
    for sample in samples::all() {
        let is_payable = is_payable(&sample.name);
        let has = |notice: &Notice| sample.name.contains(&format!("{notice:?}"));
        let Some(notice) = samples::NOTICES.into_iter().find(has) else {
            continue;
        };
        let (words, status) = match notice {
            Notice::AmountChanged => ([" hat sich geändert", "has changed"], StatusCode::CONFLICT),
            Notice::PayPalUnreachable => (
                ["PayPal ist im Moment nicht", "PayPal cannot be reached"],
                StatusCode::SERVICE_UNAVAILABLE,
            ),
            Notice::NotCaptured => (
                [
                    "vorige Zahlung bei PayPal hat nicht",
                    "earlier payment at PayPal did not",
                ],
                StatusCode::OK,
            ),
            Notice::Closed => (
                ["Jetzt wird hier nichts", "Nothing is charged here now"],
                StatusCode::SERVICE_UNAVAILABLE,
            ),
            Notice::TooManyAttempts => (
                ["schon fünf Zahlungen", "Five payments"],
                StatusCode::TOO_MANY_REQUESTS,
            ),
        };
        let says = words
            .iter()
            .any(|words| sample.response.body().contains(words));
        assert_eq!(says, is_payable, "{}", sample.name);
        let expected = if is_payable { status } else { StatusCode::OK };
        assert_eq!(sample.response.status(), expected, "{}", sample.name);
        let retry = sample.response.headers().contains_key(RETRY_AFTER);
        assert_eq!(
            retry,
            expected == StatusCode::SERVICE_UNAVAILABLE,
            "{}",
            sample.name
        );
    }
}

#[test]
fn after_the_due_date_the_city_chooses_whether_the_button_stays() {
    for (late_payment, is_payable) in [
        (LatePayment::AcceptUntilHandedOver, true),
        (LatePayment::Refuse, false),
    ] {
        let city = Municipality {
            late_payment,
            ..municipality()
        };
        let ticket = ticket(Standing::Open);
        let scan = Scan {
            ticket: &ticket,
            token: TOKEN,
            check_word: CHECK_WORD,
        };
        for outcome in OUTCOMES {
            let late_view = View {
                now: late(),
                ..view(&city, Language::De)
            };
            let attempt = Attempt {
                id: &attempt_id(),
                ticket: &ticket,
                settlement: None,
                outcome,
                order: None,
            };
            let is_unclear = outcome == Some(Outcome::Unclear);
            let result = pages().result(&late_view, &attempt, None);
            assert_eq!(result.body().contains("<form"), is_payable && !is_unclear);
            let page = pages().ticket(&late_view, &scan, None);
            assert_eq!(page.body().contains("<form"), is_payable);
            assert!(page.body().contains("<main data-state=\"open\">"));
            assert!(page.body().contains("endete am 3.\u{a0}März 2026"));
        }
        let in_time = pages().ticket(&view(&city, Language::De), &scan, None);
        assert!(in_time.body().contains("Zahlbar bis 3.\u{a0}März 2026"));
        assert!(in_time.body().contains("<form"));
    }
}

#[test]
fn the_last_minute_of_the_due_date_in_berlin_is_in_time() {
    let city = Municipality {
        late_payment: LatePayment::Refuse,
        ..municipality()
    };
    let ticket = ticket(Standing::Open);
    let scan = Scan {
        ticket: &ticket,
        token: TOKEN,
        check_word: CHECK_WORD,
    };
    for (now, is_payable) in [
        ("2026-03-03T22:59:59Z", true),
        ("2026-03-03T23:00:00Z", false),
    ] {
        let view = View {
            now: now.parse().unwrap(),
            ..view(&city, Language::De)
        };
        let page = pages().ticket(&view, &scan, None);
        assert_eq!(page.body().contains("<form"), is_payable, "{now}");
    }
}

#[test]
fn two_tabs_one_payment_and_the_other_page_says_already_paid() {
    let city = municipality();
    let ticket = ticket(Standing::Paid);
    let paying = attempt_id();
    let settlement = samples::settlement(&paying);
    let other = ticket::AttemptId::from_random(7);
    for (id, is_others) in [(&paying, false), (&other, true)] {
        let attempt = Attempt {
            id,
            ticket: &ticket,
            settlement: Some(&settlement),
            outcome: None,
            order: None,
        };
        let page = pages().result(&view(&city, Language::En), &attempt, None);
        assert_eq!(page.body().contains("already been paid"), is_others);
        assert!(page.body().contains("<main data-state=\"paid\">"));
    }
}
