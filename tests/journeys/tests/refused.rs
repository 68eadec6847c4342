//! What is refused, held back or given back, and what the driver is told.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use std::time::Duration;

use journeys::City;
use paypal_standin::{Afterwards, Fault, FaultKind, Issue, On, Payer};
use store::{AttemptState, EventOutcome, TakenBackKind};
use ticket::{Role, State, SurplusReason};

const CASE: &str = "KL-2026-000123";

fn fault(city: &City, on: On, kind: FaultKind) {
    city.standin.set_fault(Fault::once(on, kind)).unwrap();
}

#[tokio::test]
async fn a_declined_card_may_be_replaced_and_then_pays() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Declines).unwrap();
    let declined = city.come_back(&back).await;
    assert_eq!(
        (declined.state.as_str(), declined.attempt.as_deref()),
        ("open", Some("declined"))
    );
    assert!(declined.has_pay_button());
    assert_eq!(city.case_file(CASE).await.ticket.lock(), None);

    // Neither a reload nor the sweep tries the same card again.
    let captures = city.standin.books().count("capture_order");
    assert_eq!(
        city.come_back(&back).await.attempt.as_deref(),
        Some("declined")
    );
    city.later(Duration::from_mins(1));
    city.sweep().await;
    assert_eq!(city.standin.books().count("capture_order"), captures);

    let again = city.try_again(&back.attempt).await;
    assert_eq!(again.status, 303);
    let back = city.at_paypal(&again, Payer::Pays).unwrap();
    assert_eq!(city.come_back(&back).await.state, "paid");
    assert_eq!(city.money_moved(), 1);
    let ids = city.standin.books().request_ids;
    assert!(
        ids.iter().any(|asked| asked.id.ends_with("-capture-1")),
        "a new try is a new request"
    );
}

#[tokio::test]
async fn after_three_refusals_the_attempt_is_over_and_the_ticket_payable() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let mut checkout = city.press_pay(&token).await;
    let mut back = None;
    for _ in 0..3 {
        city.later(Duration::from_secs(30));
        let came = city.at_paypal(&checkout, Payer::Declines).unwrap();
        assert_eq!(
            city.come_back(&came).await.attempt.as_deref(),
            Some("declined")
        );
        checkout = city.try_again(&came.attempt).await;
        back = Some(came);
    }
    let file = city.case_file(CASE).await;
    assert_eq!(file.attempts[0].state, AttemptState::Declined);
    assert_ne!(back.unwrap().order_id, "");
    assert_eq!(file.attempts.len(), 2, "the fourth try is a new order");
    let paid = city.at_paypal(&checkout, Payer::Pays).unwrap();
    assert_eq!(city.come_back(&paid).await.state, "paid");
    assert_eq!(city.money_moved(), 1);
}

#[tokio::test]
async fn a_capture_declined_in_a_201_is_not_paid() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    fault(&city, On::Capture, FaultKind::DeclinedIn201);
    let page = city.come_back(&back).await;
    assert_eq!(
        (page.state.as_str(), page.attempt.as_deref()),
        ("open", Some("declined"))
    );
    let file = city.case_file(CASE).await;
    assert_eq!(file.ticket.state, State::Open(None));
    assert_eq!(file.ticket.lock(), None);
    assert!(file.settlements.is_empty());
}

#[tokio::test]
async fn a_capture_held_back_is_not_paid_and_blocks_a_second_payment() {
    for ends in [Afterwards::Completes, Afterwards::Denied] {
        let city = City::new().await;
        let token = city.issue(CASE).await;
        let checkout = city.press_pay(&token).await;
        let other = city.press_pay_in_english(&token).await;
        let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
        fault(&city, On::Capture, FaultKind::Pending);
        assert_eq!(city.come_back(&back).await.state, "pending");
        let page = city.open(&token).await;
        assert_eq!(page.state, "pending");
        assert!(!page.has_pay_button());
        let refused = city.press_pay(&token).await;
        assert_eq!((refused.status, refused.state.as_str()), (200, "pending"));
        // Nor is another order that was approved meanwhile captured.
        let other = city.at_paypal(&other, Payer::Pays).unwrap();
        assert_eq!(city.come_back(&other).await.state, "pending");
        assert_eq!(city.money_moved(), 1);

        let capture = city.standin.books().captures[0].id.clone();
        city.standin.afterwards(&capture, ends).unwrap();
        city.later(Duration::from_hours(1));
        city.sweep().await;
        city.later(Duration::from_mins(10));
        city.sweep().await;
        // Either way one of the two approved orders has paid, and never both:
        // the pending one, or the other after the pending one was denied.
        let file = city.case_file(CASE).await;
        assert_eq!(file.ticket.pending(), None);
        assert_eq!(file.settlements.len(), 1, "{ends:?}");
        let is_first = file.settlements[0].id().as_str() == capture;
        assert_eq!(is_first, ends == Afterwards::Completes);
        assert_eq!(city.open(&token).await.state, "paid");
        assert_eq!(city.money_moved(), 1);
    }
}

#[tokio::test]
async fn a_capture_held_back_outlives_an_order_that_paypal_does_not_show() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    fault(&city, On::Capture, FaultKind::Pending);
    assert_eq!(city.come_back(&back).await.state, "pending");
    city.later(Duration::from_hours(8));
    fault(&city, On::GetOrder, FaultKind::NotFound);
    city.sweep().await;
    assert!(matches!(
        city.case_file(CASE).await.attempts[0].state,
        AttemptState::Pending { .. }
    ));
    let capture = city.standin.books().captures[0].id.clone();
    city.standin
        .afterwards(&capture, Afterwards::Completes)
        .unwrap();
    city.later(Duration::from_hours(2));
    city.sweep().await;
    assert_eq!(city.open(&token).await.state, "paid");
}

#[tokio::test]
async fn a_capture_refused_in_a_new_word_is_looked_for_in_its_order() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    fault(
        &city,
        On::Capture,
        FaultKind::RefusedAfterEffect(Issue::UNHEARD_OF),
    );
    assert_eq!(city.come_back(&back).await.state, "paid");
    assert_eq!(city.case_file(CASE).await.settlements.len(), 1);
    assert_eq!(city.money_moved(), 1);
}

#[tokio::test]
async fn money_with_other_facts_is_kept_as_surplus_and_a_human_looks() {
    for kind in [
        FaultKind::WrongAmount,
        FaultKind::WrongCurrency,
        FaultKind::WrongPayee,
    ] {
        let city = City::new().await;
        let token = city.issue(CASE).await;
        let checkout = city.press_pay(&token).await;
        let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
        fault(&city, On::Capture, kind);
        assert_eq!(city.come_back(&back).await.state, "review", "{kind:?}");
        let file = city.case_file(CASE).await;
        assert_eq!(file.ticket.state, State::Review(None));
        assert_eq!(file.ticket.lock(), None);
        assert_eq!(file.settlements.len(), 1);
        assert_eq!(
            file.settlements[0].role,
            Role::Surplus(SurplusReason::FactsDiffer)
        );
        assert!(!city.open(&token).await.has_pay_button());
    }
}

#[tokio::test]
async fn refunds_reversals_and_disputes_bring_the_ticket_to_review() {
    for (what, kind, has_amount) in [
        (Afterwards::Refunded, TakenBackKind::Refund, true),
        (Afterwards::Reversed, TakenBackKind::Reversal, true),
        (Afterwards::Disputed, TakenBackKind::Dispute, false),
    ] {
        let city = City::new().await;
        let token = city.issue(CASE).await;
        let checkout = city.press_pay(&token).await;
        let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
        city.come_back(&back).await;
        city.deliver().await;
        let capture = city.standin.books().captures[0].id.clone();
        city.standin.afterwards(&capture, what).unwrap();
        assert_eq!(city.deliver().await, [200]);
        let event = city.standin.books().events.last().unwrap().id.clone();
        city.standin.redeliver(&event).unwrap();
        assert_eq!(city.deliver().await, [200]);
        let file = city.case_file(CASE).await;
        assert_eq!(file.ticket.state, State::Review(None), "{what:?}");
        assert_eq!(file.settlements.len(), 1);
        assert_eq!(file.taken_back.len(), 1, "{what:?}");
        assert_eq!(file.taken_back[0].kind, kind);
        assert_eq!(file.taken_back[0].amount.is_some(), has_amount);
        let page = city.open(&token).await;
        assert_eq!(page.state, "review");
        assert!(!page.has_pay_button());
    }
}

#[tokio::test]
async fn a_refund_faster_than_the_booking_of_its_money_loses_neither() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    fault(&city, On::Capture, FaultKind::NoAnswerAfterEffect);
    assert_eq!(city.come_back(&back).await.state, "processing");
    let capture = city.standin.books().captures[0].id.clone();
    city.standin
        .afterwards(&capture, Afterwards::Refunded)
        .unwrap();
    city.deliver().await;
    city.later(Duration::from_mins(2));
    city.sweep().await;
    city.deliver().await;
    let file = city.case_file(CASE).await;
    assert_eq!(file.settlements.len(), 1);
    assert_eq!(file.taken_back.len(), 1);
    assert_eq!(file.ticket.state, State::Review(None));
}

#[tokio::test]
async fn an_event_that_cannot_be_finished_is_parked_before_paypal_gives_it_up() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    city.come_back(&back).await;
    city.deliver().await;
    let capture = city.standin.books().captures[0].id.clone();
    city.standin
        .afterwards(&capture, Afterwards::Refunded)
        .unwrap();
    let mut statuses = Vec::new();
    while city.standin.next_delivery_at().is_some() {
        fault(&city, On::GetRefund, FaultKind::ServerError);
        statuses.extend(city.deliver().await);
        city.later(Duration::from_mins(1));
    }
    // A table that fails at the first try must be met again by the later ones.
    let (last, repeated) = statuses.split_last().unwrap();
    assert_eq!(*last, 200);
    assert!(repeated.iter().all(|status| *status == 503), "{repeated:?}");
    assert_eq!(statuses.len(), 20);
    let event = city.standin.books().events.last().unwrap().id.clone();
    let parked = city.table().await;
    let parked = parked
        .iter()
        .find(|item| item.contains(&format!("EVENT#{event}")))
        .unwrap();
    assert!(parked.contains("parked"), "{parked}");
}

#[tokio::test]
async fn a_parked_event_of_an_order_is_finished_when_paypal_tells_it_again() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    city.at_paypal(&checkout, Payer::Pays).unwrap();
    let event = city.standin.books().events.last().unwrap().clone();
    let store = &city.store;
    store
        .receive_event(&event.id, &event.event_type, city.now())
        .await
        .unwrap();
    store
        .finish_event(&event.id, EventOutcome::Parked)
        .await
        .unwrap();
    city.deliver().await;
    let state = city.case_file(CASE).await.ticket.state;
    assert!(matches!(state, State::Paid { .. }), "{state:?}");
    let table = city.table().await;
    assert!(
        !table.iter().any(|item| item.contains("parked")),
        "{table:?}"
    );
}

#[tokio::test]
async fn a_cancelled_checkout_leaves_the_ticket_payable() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Cancels).unwrap();
    let page = city
        .result(&back.attempt, "driver-cancels", &back.order_id)
        .await;
    assert_eq!((page.status, page.state.as_str()), (200, "open"));
    assert_eq!(page.attempt.as_deref(), Some("cancelled"));
    let again = city.try_again(&back.attempt).await;
    assert_eq!(
        again.location, checkout.location,
        "the same order is still good"
    );
}

#[tokio::test]
async fn an_order_nobody_approved_ends_when_its_life_is_over_and_brings_no_money() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    assert_eq!(checkout.status, 303);
    for _ in 0..=(13 * 6) {
        city.later(Duration::from_mins(10));
        city.sweep().await;
    }
    let file = city.case_file(CASE).await;
    assert_eq!(file.attempts[0].state, AttemptState::Expired);
    assert_eq!(city.standin.books().count("capture_order"), 0);
    let again = city.try_again(file.attempts[0].id.as_str()).await;
    assert_eq!(again.status, 303, "a new order at one click");
    assert_ne!(again.location, checkout.location);
}

#[tokio::test]
async fn an_amount_changed_since_is_shown_and_not_charged() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let page = city.press_pay_over(&token, "25.00").await;
    assert_eq!((page.status, page.state.as_str()), (409, "open"));
    assert!(city.standin.books().orders.is_empty());
    let page = city.press_pay_over(&token, "").await;
    assert_eq!(page.status, 409);
    assert!(city.standin.books().orders.is_empty());
}

#[tokio::test]
async fn a_paid_ticket_makes_no_order() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    city.come_back(&back).await;
    let page = city.press_pay(&token).await;
    assert_eq!((page.status, page.state.as_str()), (200, "paid"));
    assert_eq!(city.standin.books().orders.len(), 1);
}

#[tokio::test]
async fn an_invoice_number_burnt_without_money_gets_a_second_one() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    city.use_up_invoice(CASE).await;
    let checkout = city.press_pay(&token).await;
    assert_eq!(checkout.status, 303);
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    assert_eq!(city.come_back(&back).await.state, "paid");
    let order = city.standin.books().order(&back.order_id).unwrap().clone();
    assert_eq!(order.invoice_id.as_deref(), Some("KL-2026-000123_2"));
}

#[tokio::test]
async fn an_invoice_refused_at_the_capture_gets_a_second_one_once_reads_are_sure() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    city.use_up_invoice(CASE).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    let elsewhere = city.standin.books().count("capture_order");
    // By this very order perhaps, and the read lags.
    for _ in 0..9 {
        assert_eq!(city.come_back(&back).await.state, "processing");
        city.later(Duration::from_mins(1));
    }
    city.later(Duration::from_mins(2));
    let refused = city.come_back(&back).await;
    assert_eq!(
        (refused.state.as_str(), refused.attempt.as_deref()),
        ("open", Some("declined"))
    );
    assert_eq!(city.case_file(CASE).await.ticket.lock(), None);
    let tries = city.standin.books().count("capture_order") - elsewhere;
    assert_eq!(tries, 1, "one try is waited on");
    let back = city
        .at_paypal(&city.press_pay(&token).await, Payer::Pays)
        .unwrap();
    assert_eq!(city.come_back(&back).await.state, "paid");
    let order = city.standin.books().order(&back.order_id).unwrap().clone();
    assert_eq!(order.invoice_id.as_deref(), Some("KL-2026-000123_2"));
}

#[tokio::test]
async fn an_order_approved_for_another_amount_is_never_captured() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    city.changes_amount(CASE, "25.00").await;
    let page = city.come_back(&back).await;
    assert_eq!(
        (page.state.as_str(), page.attempt.as_deref()),
        ("open", Some("expired"))
    );
    city.later(Duration::from_mins(1));
    city.sweep().await;
    assert_eq!(city.standin.books().count("capture_order"), 0);
    let again = city.try_again(&back.attempt).await;
    assert_eq!(
        (again.status, again.state.as_str()),
        (409, "open"),
        "the new amount is shown first"
    );
}

#[tokio::test]
async fn a_sweep_between_try_again_and_the_new_approval_tries_no_refused_card() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Declines).unwrap();
    assert_eq!(
        city.come_back(&back).await.attempt.as_deref(),
        Some("declined")
    );
    let again = city.try_again(&back.attempt).await;
    // The driver is away: the sweep must not try the refused card once more.
    city.later(Duration::from_mins(1));
    city.sweep().await;
    assert_eq!(city.case_file(CASE).await.attempts[0].refusals, 1);
    let back = city.at_paypal(&again, Payer::Pays).unwrap();
    assert_eq!(city.come_back(&back).await.state, "paid");
    assert_eq!(city.money_moved(), 1);
}
