//! Issue, open, press pay, approve, come back, webhooks, sweep, look it up.

use std::collections::BTreeMap;

use binaries::{City, SUBSCRIBER, clock, events, now, query};
use jiff::ToSpan;
use paypal_standin::{CaptureStatus, Leads, Payer};
use serde_json::json;
use url::Url;

use crate::astray;
use crate::functions::{Functions, Printed, Request};

pub(crate) const CASE_NUMBER: &str = "KL-2026-BINARIES";
/// What the ticket says; no such plate, place or offence exists.
pub(crate) const PLATE: &str = "KL-XX 000";
pub(crate) const PLACE: &str = "Kanarienweg 1";
pub(crate) const OFFENCE: &str = "Sie parkten auf einem Kanarienvogel.";
/// With a letter: six digits are sooner or later a part of a moment.
pub(crate) const OFFENCE_NUMBER: &str = "112999-K";

/// What the functions were given and what they printed.
pub(crate) struct Walked {
    /// By function: how often it was invoked, and all its lines.
    pub(crate) printed: Printed,
    /// What the APIs asked of them.
    pub(crate) requests: Vec<Request>,
    /// What errors Lambda was told.
    pub(crate) errors: Vec<String>,
    /// What must not be in any line, by what it is.
    pub(crate) secrets: BTreeMap<&'static str, String>,
    /// Nor these, which are no secrets and too short for one: what stands beside a QR code.
    pub(crate) check_words: [String; 2],
}

/// The whole way, each step asserted.
pub(crate) async fn walk() -> Walked {
    let city = City::new(clock()).await;
    let functions = Functions::start(&city).await;
    let mut secrets = city.secrets.clone();

    let (token, check_word) = issue(&functions, CASE_NUMBER).await;
    let page = events::event("driver-opens-ticket", &[("TOKEN", &token)]);
    let page = functions.ask("show-ticket", page).await;
    assert_eq!((page.status(), page.state()), (200, "open"), "{page:?}");
    assert!(page.body().contains(PLACE) && page.body().contains(CASE_NUMBER));

    let fill = [("TOKEN", token.as_str()), ("AMOUNT", "30.00")];
    let pressed = events::event("driver-presses-pay", &fill);
    let pressed = functions.ask("start-checkout", pressed).await;
    assert_eq!(pressed.status(), 303, "{pressed:?}");
    let approve_url = pressed.header("location");
    let order_id = query(&approve_url.parse().unwrap(), "token");

    let Ok(Leads::To(back)) = city.standin.approve(&order_id, Payer::Pays) else {
        panic!("the payer is not sent back");
    };
    let back: Url = back.parse().unwrap();
    let attempt = back.path_segments().unwrap().nth(1).unwrap().to_owned();
    let fill = [("ATTEMPT", attempt.as_str()), ("ORDER_ID", &order_id)];
    let paid = events::event("driver-returns-from-paypal", &fill);
    let paid = functions.ask("finish-checkout", paid).await;
    assert_eq!((paid.status(), paid.state()), (200, "paid"), "{paid:?}");

    let deliveries = city.standin.take_deliveries();
    assert!(!deliveries.is_empty());
    for delivery in &deliveries {
        let answer = functions
            .ask("receive-webhook", events::webhook(delivery))
            .await;
        assert_eq!(answer.status(), 200, "{}", delivery.event_type);
        secrets.insert(
            "a webhook's signature",
            events::text(&delivery.headers, "paypal-transmission-sig"),
        );
    }
    let sweep = functions
        .ask("reconcile-payments", events::event("minute-passes", &[]))
        .await;
    assert_eq!(sweep.value()["failed"], 0, "{sweep:?}");
    let night = functions
        .ask("compare-books", events::event("night-passes", &[]))
        .await;
    assert_eq!(night.value()["ended"]["difference_cents"], 0, "{night:?}");

    let page = events::event("driver-opens-ticket-in-english", &[("TOKEN", &token)]);
    let page = functions.ask("show-ticket", page).await;
    assert_eq!(page.state(), "paid");
    shows_one_settlement(&functions, &token).await;
    takes_cash_for_nothing(&functions).await;
    tells_nobody_on_this_machine(&functions).await;
    let books = city.standin.books();
    assert_eq!(books.captures.len(), 1);
    assert_eq!(books.captures[0].status, CaptureStatus::Completed);

    secrets.insert("PayPal's first access token", city.access_token().await);
    let forged = astray::strangers_come(&functions, &token).await;
    let (another, another_word) = astray::paypal_fails(&city, &functions).await;
    astray::the_office_works(&city, &functions, CASE_NUMBER).await;
    secrets.extend([
        ("the token of the QR code", token),
        ("a forged token", forged),
        ("another token", another),
        ("PayPal's page for the payer", approve_url),
        ("PayPal's access token", city.access_token().await),
        ("the clerk's token", OFFICE_TOKEN.to_owned()),
        ("a clerk's reason", astray::REASON.to_owned()),
    ]);
    let (printed, requests, errors) = functions.stop().await;
    Walked {
        printed,
        requests,
        errors,
        secrets,
        check_words: [check_word, another_word],
    }
}

pub(crate) const OFFICE_TOKEN: &str = "kanarien.office.kanarientoken";

/// Issues a ticket and answers the token that its QR code carries, and the check word
/// beside it.
pub(crate) async fn issue(functions: &Functions, case_number: &str) -> (String, String) {
    let fill = [("CASE_NUMBER", case_number), ("OFFICE_TOKEN", OFFICE_TOKEN)];
    let mut event = events::event("city-issues-ticket", &fill);
    let ticket = json!({
        "plate": PLATE,
        "offence": { "number": OFFENCE_NUMBER, "text": OFFENCE },
        "place": PLACE,
        "occurred_at": now().saturating_sub(1.hour()).unwrap().to_string(),
        "amount": "30.00",
    });
    event["body"] = ticket.to_string().into();
    let issued = functions.ask("issue-tickets", event).await;
    assert_eq!(issued.status(), 201, "{issued:?}");
    let url: Url = issued.json()["url"].as_str().unwrap().parse().unwrap();
    assert_eq!(url.host_str(), Some("pay.example.de"));
    let token = url.path_segments().unwrap().next_back().unwrap();
    let check_word = issued.json()["check_word"].as_str().unwrap().to_owned();
    (token.to_owned(), check_word)
}

/// A clerk takes cash for what is paid.
async fn takes_cash_for_nothing(functions: &Functions) {
    let paid_at = now().to_string();
    let fill = [
        ("CASE_NUMBER", CASE_NUMBER),
        ("OFFICE_TOKEN", OFFICE_TOKEN),
        ("AMOUNT", "30.00"),
        ("NUMBER", "2026-4711"),
        ("PAID_AT", &paid_at),
    ];
    let cash = events::event("clerk-takes-cash", &fill);
    let booked = functions.ask("record-payments", cash).await;
    assert_eq!(booked.status(), 201, "{booked:?}");
    assert_eq!(booked.json()["surplus"], "30.00");
}

/// A change wakes whoever tells the city's system, whose name leads to this machine.
async fn tells_nobody_on_this_machine(functions: &Functions) {
    let changes = events::event("ticket-changes", &[]);
    let told = functions.ask("notify-city", changes).await;
    let counted = |what: &str| told.value()[what].as_u64().unwrap();
    assert_eq!((counted("told"), counted("parked")), (0, 0), "{told:?}");
    assert!(counted("failed") > 2, "{told:?}");
    let fill = [("SUBSCRIBER", SUBSCRIBER), ("OFFICE_TOKEN", OFFICE_TOKEN)];
    let read = events::event("city-reads-subscriber", &fill);
    let read = functions.ask("notify-city", read).await;
    assert_eq!(read.status(), 200, "{read:?}");
    assert_eq!(
        read.json()["trouble"]["outcome"],
        "the host's name leads to no public address"
    );
}

/// What the city sees of it.
async fn shows_one_settlement(functions: &Functions, token: &str) {
    let fill = [("CASE_NUMBER", CASE_NUMBER), ("OFFICE_TOKEN", OFFICE_TOKEN)];
    let read = functions
        .ask("manage-tickets", events::event("city-reads-ticket", &fill))
        .await;
    assert_eq!(read.status(), 200, "{read:?}");
    let case = read.json();
    assert_eq!(
        case["settlements"].as_array().map(Vec::len),
        Some(1),
        "{case}"
    );
    assert_eq!(case["attempts"].as_array().map(Vec::len), Some(1), "{case}");
    // A reprint needs no other source.
    let url = case["issued"]["url"].as_str().unwrap();
    assert_eq!(url, format!("https://pay.example.de/t/{token}"));
    assert_eq!(case["issued"]["place"], PLACE);
}

#[tokio::test]
async fn a_payment_goes_through_the_deployed_binaries_with_the_variables_of_the_template() {
    walk().await;
}
