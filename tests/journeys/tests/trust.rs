//! Who we are to `PayPal`, and whom we take for `PayPal`, while both change.

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
    file.ticket.lock.is_some() && file.attempts[0].state == AttemptState::Live
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
        let deadline = settle::paypal_deadline();
        let settled = app.settle.settle(&id, Wake::Webhook, city.now(), deadline);
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
