//! Who we are to PayPal, and whom we take for PayPal, while both change.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use std::time::Duration;

use journeys::City;
use paypal_standin::{Fault, FaultKind, On, Payer};
use settle::Wake;
use store::AttemptState;

const CASE: &str = "KL-2026-000123";

fn fault(city: &City, on: On, kind: FaultKind) {
    city.standin.set_fault(Fault::once(on, kind)).unwrap();
}

/// A driver has approved, and the answer to the capture was lost: the lock stays. Gives
/// the attempt and its order.
async fn locked(city: &City) -> (String, String) {
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    fault(city, On::Capture, FaultKind::NoAnswer);
    assert_eq!(city.come_back(&back).await.state, "processing");
    (back.attempt, back.order_id)
}

async fn is_locked(city: &City) -> bool {
    let file = city.case_file(CASE).await;
    file.ticket.lock().is_some() && file.attempts[0].state == AttemptState::Live
}

#[tokio::test]
async fn a_token_endpoints_refusal_is_not_the_captures() {
    for token_refused in [None, Some(FaultKind::NotFound)] {
        let city = City::new().await;
        let (attempt, order_id) = locked(&city).await;
        city.later(Duration::from_secs(61));
        // Another process takes over: its token is taken back with the capture, and
        // it gets no new one, by a secret that was changed or by a wrong answer.
        let mut vars = city.vars.clone();
        match token_refused {
            None => drop(vars.insert("PAYPAL_CLIENT_SECRET", "taken-back".to_owned())),
            Some(kind) => fault(&city, On::Token, kind),
        }
        let app = city.webhook_app(&vars).await;
        fault(&city, On::Capture, FaultKind::Unauthorized);
        let id = attempt.parse().unwrap();
        let moment = settle::Moment::begins(city.now());
        let settled = app.settle.settle(&id, Wake::Webhook, moment);
        assert_eq!(
            settled.await.unwrap().unwrap().progress,
            settle::Progress::Unclear
        );
        assert!(is_locked(&city).await, "{token_refused:?}");

        // Whoever may ask PayPal goes on after the lease.
        city.later(Duration::from_secs(61));
        let result = city.result(&attempt, "driver-returns-from-paypal", &order_id);
        assert_eq!(result.await.state, "paid");
        assert_eq!(city.money_moved(), 1);
    }
}

#[tokio::test]
async fn a_token_endpoints_404_is_not_the_orders() {
    let city = City::new().await;
    locked(&city).await;
    // No token of that time is good any more.
    city.later(Duration::from_hours(10));
    fault(&city, On::Token, FaultKind::NotFound);
    city.sweep().await;
    assert!(is_locked(&city).await);
}

/// Without anchors of its own a function trusts those compiled in: not the stand-in's.
async fn stranger(city: &City, postback: &str) -> receive_webhook::App {
    let mut vars = city.vars.clone();
    vars.remove("PAYPAL_WEBHOOK_ANCHORS");
    vars.insert("PAYPAL_WEBHOOK_POSTBACK", postback.to_owned());
    city.webhook_app(&vars).await
}

/// A driver has approved and closed the window; what PayPal tells of it.
async fn told(city: &City) -> paypal_standin::Delivery {
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    city.at_paypal(&checkout, Payer::ClosesWindow);
    city.standin.take_deliveries().remove(0)
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_fetched_once_and_writes_nothing() {
    let city = City::new().await;
    let delivery = told(&city).await;
    let app = stranger(&city, "off").await;
    let before = city.table().await;
    for _ in 0..3 {
        let status = city.post_to(&app, &delivery.headers, &delivery.body).await;
        assert_eq!(status, 400);
    }
    assert_eq!(city.standin.books().count("certificate"), 1);
    assert_eq!(city.standin.books().count("verify_webhook"), 0);
    assert_eq!(city.table().await, before);
}

#[tokio::test]
async fn paypals_own_word_settles_an_event_whose_certificate_is_not_trusted() {
    let city = City::new().await;
    let delivery = told(&city).await;
    let app = stranger(&city, "on").await;
    let status = city.post_to(&app, &delivery.headers, &delivery.body).await;
    assert_eq!(status, 200);
    assert_eq!(city.money_moved(), 1);
    assert_eq!(city.standin.books().count("verify_webhook"), 1);
    assert!(matches!(
        city.case_file(CASE).await.ticket.state,
        ticket::State::Paid { .. }
    ));
}

#[tokio::test]
async fn what_paypal_did_not_send_writes_nothing_not_even_a_token() {
    let city = City::new().await;
    let delivery = told(&city).await;
    // No token is good any more: a new one is fetched for the question alone.
    city.later(Duration::from_hours(10));
    let app = stranger(&city, "on").await;
    let before = city.table().await;
    let tokens = city.standin.books().count("token");
    let forged = [&b" "[..], &delivery.body].concat();
    assert_eq!(city.post_to(&app, &delivery.headers, &forged).await, 400);
    let books = city.standin.books();
    assert_eq!(books.count("verify_webhook"), 1);
    assert_eq!(books.count("token"), tokens + 1);
    assert_eq!(city.table().await, before);
    assert_eq!(city.money_moved(), 0);
}

#[tokio::test]
async fn where_paypal_cannot_be_asked_the_event_comes_again() {
    let city = City::new().await;
    let delivery = told(&city).await;
    city.later(Duration::from_hours(10));
    let app = stranger(&city, "on").await;
    let before = city.table().await;
    fault(&city, On::Token, FaultKind::NoAnswer);
    assert_eq!(
        city.post_to(&app, &delivery.headers, &delivery.body).await,
        503
    );
    assert_eq!(city.table().await, before);
    // No stranger makes us ask more often than so.
    let forged = [&b" "[..], &delivery.body].concat();
    let mut statuses = Vec::new();
    for _ in 0..20 {
        statuses.push(city.post_to(&app, &delivery.headers, &forged).await);
    }
    assert_eq!(city.standin.books().count("verify_webhook"), 8);
    assert_eq!(statuses[..8], [400; 8]);
    assert_eq!(statuses[8..], [503; 12]);
    assert_eq!(city.table().await, before);
}

#[tokio::test]
async fn credentials_that_are_refused_are_not_sent_again_at_once() {
    let city = City::new().await;
    let (attempt, _) = locked(&city).await;
    // No token of that time is good any more.
    city.later(Duration::from_hours(10));
    let mut vars = city.vars.clone();
    vars.insert("PAYPAL_CLIENT_SECRET", "taken-back".to_owned());
    let app = city.webhook_app(&vars).await;
    let attempt = attempt.parse().unwrap();
    let tokens = city.standin.books().count("token");
    let settle = async || {
        let moment = settle::Moment::begins(city.now());
        let settle = &app.settle;
        let settled = settle.settle(&attempt, Wake::Webhook, moment);
        settled.await.unwrap();
        city.standin.books().count("token") - tokens
    };
    assert_eq!((settle().await, settle().await), (1, 1));
    city.later(Duration::from_secs(29));
    assert_eq!(settle().await, 1);
    city.later(Duration::from_secs(1));
    assert_eq!(settle().await, 2);
}

#[tokio::test]
async fn a_fresh_token_that_is_not_taken_is_not_fetched_again_at_once() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let never = Fault {
        times: 100,
        ..Fault::once(On::Create, FaultKind::Unauthorized)
    };
    city.standin.set_fault(never).unwrap();
    for _ in 0..3 {
        let page = city.press_pay(&token).await;
        assert_ne!(page.status, 303);
    }
    let tokens = city.standin.books().count("token");
    assert_eq!(tokens, 2, "one, and one after it was refused");
    city.later(Duration::from_secs(30));
    let token = city.issue("KL-2026-000124").await;
    city.press_pay(&token).await;
    assert_eq!(city.standin.books().count("token"), tokens + 1);
}
