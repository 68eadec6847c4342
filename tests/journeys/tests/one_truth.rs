//! While money may still come, the page behind the QR code, the result page and
//! the city's systems say so alike, and nobody is asked to pay; and not a moment
//! longer.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

use std::time::Duration;

use journeys::{City, Page};
use paypal_standin::{Fault, FaultKind, On, Payer, StatusAfterDecline, WebhookMode};
use serde_json::{Value, json};
use store::{AttemptEnd, Write};
use ticket::Captures;
use ticket::{State, Ticket};

const CASE: &str = "KL-2026-000123";
/// The beginning of every city's time, as its German pages write it.
const SINCE: &str = "23.\u{a0}November 2026, 09:00\u{a0}Uhr";

/// PayPal answers no question about an order from now on.
fn silent(city: &City) {
    let fault = Fault {
        times: 1_000_000,
        ..Fault::once(On::GetOrder, FaultKind::NoAnswer)
    };
    city.standin.set_fault(fault).unwrap();
}

/// What the city's systems are told.
async fn told(city: &City) -> Value {
    city.reads(CASE).await
}

async fn ticket(city: &City) -> Ticket {
    city.case_file(CASE).await.ticket
}

/// The sentences of a page on which nothing is offered.
fn said(page: &Page) -> &str {
    let (_, said) = page.html.split_once("<h1>").unwrap();
    said.split_once("<dl>").unwrap().0
}

fn assert_offers_nothing(page: &Page) {
    assert_eq!((page.status, page.state.as_str()), (200, "processing"));
    assert!(!page.has_pay_button());
    for way in ["IBAN", "Stadtkasse"] {
        assert!(!page.html.contains(way), "{way}");
    }
}

#[tokio::test]
async fn while_paypal_is_silent_page_result_page_and_city_say_the_same() {
    let city = City::new().await;
    city.standin.set_webhooks(WebhookMode::Off);
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    silent(&city);
    let result = city.come_back(&back).await;
    city.later(Duration::from_mins(3));
    let orders = city.standin.books().orders.len();
    let pages = [
        city.open(&token).await,
        city.come_back(&back).await,
        city.result(&back.attempt, "driver-cancels", &back.order_id)
            .await,
        city.press_pay(&token).await,
        city.try_again(&back.attempt).await,
    ];
    for page in &pages {
        assert_offers_nothing(page);
        assert!(said(page).contains(SINCE), "{}", page.html);
    }
    assert_offers_nothing(&result);
    // The link to look again differs with the address, the words do not.
    let words = |page: &Page| said(page).split_once("<p><a").unwrap().0.to_owned();
    assert!(pages.iter().all(|page| words(page) == words(&result)));
    assert_eq!(city.standin.books().orders.len(), orders, "no second order");
    let case = told(&city).await;
    assert_eq!(case["payment_running"], true);
    assert_eq!(case["payment_running_since"], "2026-11-23T08:00:00Z");

    city.standin.clear_faults();
    city.sweep().await;
    assert_eq!(city.open(&token).await.state, "paid");
    assert_eq!(city.come_back(&back).await.state, "paid");
    let case = told(&city).await;
    assert_eq!(
        (
            &case["state"],
            &case["payment_running"],
            &case["payment_running_since"]
        ),
        (&json!("paid"), &json!(false), &Value::Null)
    );
    assert_eq!(city.money_moved(), 1);
}

#[tokio::test]
async fn an_approval_that_only_a_webhook_has_told_of_is_waited_for_too() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    city.at_paypal(&checkout, Payer::ClosesWindow);
    silent(&city);
    city.deliver().await;
    assert_offers_nothing(&city.open(&token).await);
    city.standin.clear_faults();
    city.later(Duration::from_mins(1));
    city.sweep().await;
    assert_eq!(city.open(&token).await.state, "paid");
}

#[tokio::test]
async fn nobody_waits_for_money_once_paypal_has_said_that_none_comes() {
    for (payer, event) in [
        (Payer::Declines, "driver-returns-from-paypal"),
        (Payer::Cancels, "driver-returns-without-approving"),
    ] {
        let city = City::new().await;
        let token = city.issue(CASE).await;
        let checkout = city.press_pay(&token).await;
        let back = city.at_paypal(&checkout, payer).unwrap();
        silent(&city);
        let shown = city.result(&back.attempt, event, &back.order_id).await;
        assert_offers_nothing(&shown);
        assert_offers_nothing(&city.open(&token).await);
        city.standin.clear_faults();
        city.later(Duration::from_mins(1));
        city.sweep().await;
        assert_eq!(ticket(&city).await.awaits, None, "{payer:?}");
        let page = city.open(&token).await;
        assert!(page.has_pay_button(), "{payer:?}");
        assert_eq!(told(&city).await["payment_running"], false);
        assert_eq!(city.press_pay(&token).await.status, 303);
        assert_eq!(city.money_moved(), 0);
    }
}

#[tokio::test]
async fn an_abandoned_checkout_keeps_nobody_from_paying_while_paypal_is_silent() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    assert_eq!(city.press_pay(&token).await.status, 303);
    silent(&city);
    city.later(Duration::from_mins(2));
    city.sweep().await;
    assert_eq!(ticket(&city).await.awaits, None);
    assert!(city.open(&token).await.has_pay_button());
    assert_eq!(told(&city).await["payment_running"], false);
}

#[tokio::test]
async fn an_approved_payment_waits_for_captures_to_open_and_paypal_is_not_blamed() {
    // Back at the driver's own page, or with a closed window, found by the sweep.
    for comes_back in [true, false] {
        let mut city = City::new().await;
        city.standin.set_webhooks(WebhookMode::Off);
        let token = city.issue(CASE).await;
        let checkout = city.press_pay(&token).await;
        let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
        city.set_captures(Captures::Closed).await;
        if comes_back {
            assert_offers_nothing(&city.come_back(&back).await);
        }
        city.later(Duration::from_mins(1));
        city.sweep().await;
        let page = city.open(&token).await;
        assert_offers_nothing(&page);
        assert!(said(&page).contains("für kurze Zeit geschlossen"));
        assert!(!page.html.contains("PayPal hat uns noch nicht"));
        assert_eq!(told(&city).await["payment_running"], true);
        assert_eq!(city.money_moved(), 0);

        city.set_captures(Captures::Open).await;
        city.later(Duration::from_mins(1));
        city.sweep().await;
        assert_eq!(city.open(&token).await.state, "paid");
        assert_eq!(city.money_moved(), 1);
    }
}

#[tokio::test]
async fn while_captures_are_closed_no_page_has_a_button_and_the_other_ways_remain() {
    let mut city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Cancels).unwrap();
    city.set_captures(Captures::Closed).await;
    let pages = [
        (200, city.open(&token).await),
        (
            200,
            city.result(&back.attempt, "driver-cancels", &back.order_id)
                .await,
        ),
        (503, city.press_pay(&token).await),
        (503, city.try_again(&back.attempt).await),
    ];
    for (status, page) in pages {
        assert_eq!((page.status, page.state.as_str()), (status, "open"));
        assert!(!page.has_pay_button());
        assert!(page.html.contains("IBAN"));
        assert_eq!(page.html.matches("für kurze Zeit geschlossen").count(), 1);
        assert!(!page.html.contains("nicht erreichbar"));
    }
    city.set_captures(Captures::Open).await;
    assert!(city.open(&token).await.has_pay_button());
}

#[tokio::test]
async fn a_mark_whose_attempt_has_ended_lets_nobody_wait() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    silent(&city);
    assert_offers_nothing(&city.come_back(&back).await);
    // Whoever ended the attempt died before the mark was taken away.
    let attempt = city.case_file(CASE).await.attempts.remove(0);
    let ended = city.store.end_attempt(&attempt, AttemptEnd::Expired).await;
    assert_eq!(ended.unwrap(), Write::Done);
    assert!(ticket(&city).await.awaits.is_some());
    assert!(city.open(&token).await.has_pay_button());
    assert_eq!(told(&city).await["payment_running"], false);
    let result = city.come_back(&back).await;
    assert_eq!(
        (result.state.as_str(), result.attempt.as_deref()),
        ("open", Some("expired"))
    );
    assert_eq!(city.press_pay(&token).await.status, 303);
}

#[tokio::test]
async fn a_mark_stands_in_the_way_of_no_clerk_and_of_no_money() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    silent(&city);
    city.come_back(&back).await;
    let marked = ticket(&city).await;
    assert!(marked.awaits.is_some());
    assert_eq!((marked.version, marked.fence), (1, 0));
    let changed = city.clerk("clerk-changes-amount", CASE).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    // Of another version nothing can be captured: what is owed now can be paid.
    assert!(city.open(&token).await.has_pay_button());
    assert_eq!(told(&city).await["payment_running"], false);
    let checkout = city.press_pay_over(&token, "20.00").await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    city.standin.clear_faults();
    assert_eq!(city.come_back(&back).await.state, "paid");
    assert!(matches!(ticket(&city).await.state, State::Paid { .. }));
    assert_eq!(city.money_moved(), 1);
}

#[tokio::test]
async fn the_latest_of_two_payments_on_their_way_is_told_since_the_first() {
    let city = City::new().await;
    city.standin.set_webhooks(WebhookMode::Off);
    let token = city.issue(CASE).await;
    let [first, second] = [city.press_pay(&token).await, city.press_pay(&token).await];
    let first = city.at_paypal(&first, Payer::Pays).unwrap();
    let second = city.at_paypal(&second, Payer::Pays).unwrap();
    silent(&city);
    city.come_back(&first).await;
    city.later(Duration::from_mins(5));
    city.come_back(&second).await;
    assert_eq!(
        ticket(&city).await.awaits.unwrap().attempt.as_str(),
        second.attempt
    );
    assert!(said(&city.open(&token).await).contains(SINCE));
}

#[tokio::test]
async fn a_return_without_an_approval_says_that_nothing_was_charged_and_offers_the_button() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Cancels).unwrap();
    let event = "driver-returns-without-approving";
    let page = city.result(&back.attempt, event, &back.order_id).await;
    assert_not_paid(&page);
}

fn assert_not_paid(page: &Page) {
    assert_eq!((page.status, page.state.as_str()), (200, "open"));
    assert!(page.html.contains("Es wurde nichts abgebucht."));
    assert!(page.has_pay_button());
}

#[tokio::test]
async fn an_approval_that_paypal_shows_late_is_being_checked_until_it_is_shown() {
    let city = City::new().await;
    city.standin.set_webhooks(WebhookMode::Off);
    city.behave(|it| it.approval_lag_s = 50);
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    assert_offers_nothing(&city.come_back(&back).await);
    assert_offers_nothing(&city.open(&token).await);
    assert_eq!(told(&city).await["payment_running"], true);
    city.later(Duration::from_mins(1));
    city.sweep().await;
    assert_eq!(city.open(&token).await.state, "paid");
    assert_eq!(city.money_moved(), 1);
}

#[tokio::test]
async fn silence_before_an_approval_is_shown_is_no_reason_to_say_that_nothing_was_paid() {
    let city = City::new().await;
    city.standin.set_webhooks(WebhookMode::Off);
    city.behave(|it| it.approval_lag_s = 100);
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    city.later(Duration::from_mins(50));
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    silent(&city);
    assert_offers_nothing(&city.come_back(&back).await);
    city.standin.clear_faults();
    city.later(Duration::from_mins(1));
    city.sweep().await;
    assert_offers_nothing(&city.open(&token).await);
    // Not a fifth of its age later, but when the approval must be shown.
    city.later(Duration::from_mins(1));
    city.sweep().await;
    assert_eq!(city.open(&token).await.state, "paid");
}

#[tokio::test]
async fn silence_after_the_word_that_an_order_is_approved_is_waited_out() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Cancels).unwrap();
    assert_offers_nothing(&city.come_back(&back).await);
    silent(&city);
    for _ in 0..9 {
        city.later(Duration::from_mins(1));
        city.sweep().await;
        assert_offers_nothing(&city.open(&token).await);
    }
}

#[tokio::test]
async fn the_word_that_a_second_card_was_approved_is_believed_too() {
    let city = City::new().await;
    city.standin.set_webhooks(WebhookMode::Off);
    city.behave(|it| {
        it.status_after_decline = StatusAfterDecline::PayerActionRequired;
        it.approval_lag_s = 50;
    });
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    city.later(Duration::from_mins(1));
    let back = city.at_paypal(&checkout, Payer::Declines).unwrap();
    city.later(Duration::from_mins(1));
    assert_eq!(
        city.come_back(&back).await.attempt.as_deref(),
        Some("declined")
    );
    let again = city.try_again(&back.attempt).await;
    let back = city.at_paypal(&again, Payer::Pays).unwrap();
    assert_offers_nothing(&city.come_back(&back).await);
    city.later(Duration::from_mins(1));
    assert_eq!(city.come_back(&back).await.state, "paid");
    assert_eq!(city.money_moved(), 1);
}

#[tokio::test]
async fn a_card_that_was_chosen_at_paypal_alone_is_waited_for_on_every_page() {
    let city = City::new().await;
    city.standin.set_webhooks(WebhookMode::Off);
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    city.later(Duration::from_mins(1));
    let back = city.at_paypal(&checkout, Payer::Declines).unwrap();
    assert_eq!(
        city.come_back(&back).await.attempt.as_deref(),
        Some("declined")
    );
    city.later(Duration::from_mins(1));
    // Back in PayPal's own tab, without our button.
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    assert_offers_nothing(&city.come_back(&back).await);
    assert_offers_nothing(&city.open(&token).await);
    assert_eq!(told(&city).await["payment_running"], true);
    for _ in 0..2 {
        city.later(Duration::from_mins(1));
        city.sweep().await;
    }
    assert_eq!(city.open(&token).await.state, "paid");
    assert_eq!(city.money_moved(), 1);
}

#[tokio::test]
async fn the_word_that_an_order_is_approved_is_believed_for_two_minutes() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Cancels).unwrap();
    assert_offers_nothing(&city.come_back(&back).await);
    for _ in 0..2 {
        assert_offers_nothing(&city.open(&token).await);
        assert_offers_nothing(&city.come_back(&back).await);
        city.later(Duration::from_mins(1));
        city.sweep().await;
    }
    assert!(city.open(&token).await.has_pay_button());
    assert_not_paid(&city.come_back(&back).await);
}

#[tokio::test]
async fn paypals_token_stays_with_whoever_brought_it_and_is_given_to_nobody_else() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    silent(&city);
    let page = city.come_back(&back).await;
    assert!(
        page.html
            .contains(&format!("?lang=en&#38;token={}", back.order_id))
    );
    let result =
        |order_id: &'static str| city.result(&back.attempt, "driver-returns-from-paypal", order_id);
    for order_id in ["", "5O190127TN364715T"] {
        assert!(
            !result(order_id).await.html.contains("token="),
            "{order_id}"
        );
    }
    assert!(!city.try_again(&back.attempt).await.html.contains("token="));
}
