//! A driver pays: by coming back, by webhook alone, by the sweep alone; once.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use journeys::City;
use paypal_standin::{Fault, FaultKind, Issue, On, Payer, WebhookMode};
use serde_json::json;
use ticket::{Cents, Lock, Role, State};

const CASE: &str = "KL-2026-000123";

/// What every paid ticket looks like, whichever way the news came.
async fn assert_paid_once(city: &City) {
    let file = city.case_file(CASE).await;
    assert!(
        matches!(file.ticket.state, State::Paid { .. }),
        "{:?}",
        file.ticket.state
    );
    assert_eq!(file.ticket.lock(), None);
    assert_eq!(file.ticket.pending(), None);
    assert_eq!(file.settlements.len(), 1);
    let settlement = &file.settlements[0];
    assert_eq!(settlement.role, Role::Main);
    assert_eq!(settlement.amount, Cents::new(3_000).into());
    let captured = settlement.source.captured().unwrap();
    assert!(captured.fee.is_some() && captured.net.is_some());
    assert_eq!(city.money_moved(), 1);
    assert_eq!(
        city.standin.books().captures[0].id,
        captured.capture_id.as_str()
    );
}

#[tokio::test]
async fn a_driver_pays_and_is_shown_so() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let page = city.open(&token).await;
    assert_eq!((page.status, page.state.as_str()), (200, "open"));
    assert!(page.has_pay_button());

    let checkout = city.press_pay(&token).await;
    assert_eq!(checkout.status, 303);
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    let result = city.come_back(&back).await;
    assert_eq!((result.status, result.state.as_str()), (200, "paid"));
    assert!(!result.has_pay_button());
    assert_paid_once(&city).await;
    assert_eq!(city.open(&token).await.state, "paid");
}

#[tokio::test]
async fn reloading_repeated_webhooks_and_sweeps_change_nothing_more() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    city.come_back(&back).await;
    let file = city.case_file(CASE).await;
    let asked = city.standin.books().count("get_order");

    assert_eq!(city.come_back(&back).await.state, "paid");
    assert_eq!(
        city.standin.books().count("get_order"),
        asked,
        "a reload asks nobody"
    );
    let events: Vec<String> = city
        .standin
        .books()
        .events
        .iter()
        .map(|event| event.id.clone())
        .collect();
    assert!(!events.is_empty());
    assert!(city.deliver().await.iter().all(|status| *status == 200));
    for event in &events {
        city.standin.redeliver(event).unwrap();
    }
    assert!(city.deliver().await.iter().all(|status| *status == 200));
    city.later(Duration::from_mins(2));
    city.sweep().await;

    let after = city.case_file(CASE).await;
    assert_eq!(after.ticket, file.ticket);
    assert_eq!(after.settlements, file.settlements);
    assert_eq!(after.journal, file.journal);
    assert_paid_once(&city).await;
    assert_eq!(city.standin.books().count("capture_order"), 1);
}

#[tokio::test]
async fn a_closed_window_is_paid_by_webhook_alone() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    assert!(city.at_paypal(&checkout, Payer::ClosesWindow).is_none());
    assert_eq!(city.deliver().await, [200]);
    assert_paid_once(&city).await;
}

#[tokio::test]
async fn a_closed_window_without_webhooks_is_paid_by_the_sweep_alone() {
    let city = City::new().await;
    city.standin.set_webhooks(WebhookMode::Off);
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    assert!(city.at_paypal(&checkout, Payer::ClosesWindow).is_none());
    assert!(city.deliver().await.is_empty());
    let early = city.sweep().await;
    assert_eq!(
        early.looked_at, 0,
        "an attempt is due a minute after it began"
    );
    city.later(Duration::from_mins(1));
    let sweep = city.sweep().await;
    assert_eq!((sweep.looked_at, sweep.known, sweep.failed), (1, 1, 0));
    assert_paid_once(&city).await;
    city.later(Duration::from_mins(1));
    assert_eq!(
        city.sweep().await.looked_at,
        0,
        "a final attempt is swept no more"
    );
}

#[tokio::test]
async fn two_tabs_approve_two_orders_and_one_is_captured() {
    let city = City::new().await;
    // Our own guard must hold without PayPal's.
    city.standin.set_unique_invoices(false);
    let token = city.issue(CASE).await;
    let first = city.press_pay(&token).await;
    let second = city.press_pay_in_english(&token).await;
    assert_ne!(first.location, second.location);
    let first = city.at_paypal(&first, Payer::Pays).unwrap();
    let second = city.at_paypal(&second, Payer::Pays).unwrap();
    assert_eq!(city.come_back(&first).await.state, "paid");
    let late = city.come_back(&second).await;
    assert_eq!(late.state, "paid");
    assert!(late.html.contains("already been paid"), "{}", late.html);
    city.deliver().await;
    for _ in 0..3 {
        city.later(Duration::from_mins(1));
        city.sweep().await;
    }
    assert_paid_once(&city).await;
}

#[tokio::test]
async fn two_tabs_at_the_same_instant_are_one_capture() {
    let city = City::new().await;
    city.standin.set_unique_invoices(false);
    let token = city.issue(CASE).await;
    let first = city.press_pay(&token).await;
    let second = city.press_pay_in_english(&token).await;
    let first = city.at_paypal(&first, Payer::Pays).unwrap();
    let second = city.at_paypal(&second, Payer::Pays).unwrap();
    let (one, two) = tokio::join!(city.come_back(&first), city.come_back(&second));
    for page in [one, two] {
        assert!(
            ["paid", "processing"].contains(&page.state.as_str()),
            "{}",
            page.state
        );
        assert!(!page.has_pay_button());
    }
    for _ in 0..3 {
        city.later(Duration::from_mins(1));
        city.sweep().await;
    }
    assert_paid_once(&city).await;
}

#[tokio::test]
async fn the_moment_of_payment_is_when_the_payer_approved() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    city.later(Duration::from_mins(5));
    let approved_at = city.now();
    city.at_paypal(&checkout, Payer::ClosesWindow);
    city.later(Duration::from_hours(2));
    city.sweep().await;
    let file = city.case_file(CASE).await;
    assert_eq!(file.settlements[0].paid_at, approved_at);
    assert_eq!(file.settlements[0].booked_at, city.now());
}

#[tokio::test]
async fn a_lost_capture_answer_is_booked_after_the_lease_and_charged_once() {
    for kind in [
        FaultKind::NoAnswerAfterEffect,
        FaultKind::ServerErrorAfterEffect,
        FaultKind::HtmlAfterEffect,
        FaultKind::CutJson,
    ] {
        let city = City::new().await;
        city.standin.set_webhooks(WebhookMode::Off);
        let token = city.issue(CASE).await;
        let checkout = city.press_pay(&token).await;
        let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
        city.standin
            .set_fault(Fault::once(On::Capture, kind))
            .unwrap();
        let result = city.come_back(&back).await;
        assert_eq!(
            (result.status, result.state.as_str()),
            (200, "processing"),
            "{kind:?}"
        );
        assert!(!result.has_pay_button());
        let page = city.open(&token).await;
        assert_eq!(
            page.state, "processing",
            "nobody is asked to pay while nothing is known"
        );
        assert!(!page.has_pay_button());
        city.later(Duration::from_mins(2));
        city.sweep().await;
        assert_paid_once(&city).await;
    }
}

#[tokio::test]
async fn a_capture_that_never_happened_is_made_after_the_lease_with_the_same_request_id() {
    for kind in [
        FaultKind::NoAnswer,
        FaultKind::ServerError,
        FaultKind::RateLimit,
        FaultKind::Html,
    ] {
        let city = City::new().await;
        city.standin.set_webhooks(WebhookMode::Off);
        let token = city.issue(CASE).await;
        let checkout = city.press_pay(&token).await;
        let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
        let mut fault = Fault::once(On::Capture, kind);
        fault.seconds = (kind == FaultKind::RateLimit).then_some(1);
        city.standin.set_fault(fault).unwrap();
        assert_eq!(city.come_back(&back).await.state, "processing", "{kind:?}");
        assert_eq!(city.money_moved(), 0);
        city.later(Duration::from_secs(59));
        city.sweep_over(settle::sweep::Scope::All).await;
        assert_eq!(city.money_moved(), 0, "the lease has not ended");
        city.later(Duration::from_mins(1));
        city.sweep_over(settle::sweep::Scope::All).await;
        assert_paid_once(&city).await;
        let asked: Vec<String> = city
            .standin
            .books()
            .request_ids
            .iter()
            .map(|asked| asked.id.clone())
            .filter(|id| id.contains("-capture-"))
            .collect();
        assert!(
            asked.iter().all(|id| id.ends_with("-capture-0")),
            "{asked:?}"
        );
    }
}

#[tokio::test]
async fn a_token_that_paypal_has_taken_back_costs_one_more_call() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    city.standin
        .set_fault(Fault::once(On::Capture, FaultKind::Unauthorized))
        .unwrap();
    assert_eq!(city.come_back(&back).await.state, "paid");
    assert_paid_once(&city).await;
}

#[tokio::test]
async fn functions_share_one_access_token() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    city.come_back(&back).await;
    city.deliver().await;
    city.later(Duration::from_mins(1));
    city.sweep().await;
    assert_eq!(city.standin.books().count("token"), 1);
}

#[tokio::test]
async fn no_capture_starts_with_too_little_time_to_hear_its_answer() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    let attempt = back.attempt.parse().unwrap();
    let soon = settle::Moment {
        now: city.now(),
        deadline: tokio::time::Instant::now() + settle::limits::CAPTURE_NEEDS,
    };
    let settled = city
        .settle()
        .settle(&attempt, settle::Wake::Return, soon)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(settled.progress, settle::Progress::Unclear);
    assert_eq!(settled.ticket.lock(), None);
    assert_eq!(city.standin.books().count("capture_order"), 0);
    assert_eq!(city.come_back(&back).await.state, "paid");
}

#[tokio::test]
async fn while_captures_are_closed_nothing_is_ordered_or_captured() {
    let open = City::new().await;
    let token = open.issue(CASE).await;
    let checkout = open.press_pay(&token).await;
    assert_eq!(checkout.status, 303);

    let closed = City::with(|vars| {
        vars.insert("CAPTURES", "closed".to_owned());
    })
    .await;
    let token = closed.issue(CASE).await;
    let page = closed.press_pay(&token).await;
    assert_eq!((page.status, page.state.as_str()), (503, "open"));
    assert!(closed.standin.books().orders.is_empty());

    // An order from before is read but not captured.
    let begun = open.standin.books().orders[0].clone();
    let back = open.at_paypal(&checkout, Payer::Pays).unwrap();
    assert_eq!(back.order_id, begun.id);
    let settle = settle::Settle::new(
        open.store.clone(),
        open.paypal().await,
        ticket::Captures::Closed,
    );
    let attempt = back.attempt.parse().unwrap();
    let moment = settle::Moment::begins(open.now());
    let settled = settle
        .settle(&attempt, settle::Wake::Return, moment)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(settled.progress, settle::Progress::Unclear);
    assert_eq!(open.standin.books().count("capture_order"), 0);
}

#[tokio::test]
async fn an_ended_lock_is_asked_about_whoever_comes() {
    let city = City::new().await;
    city.standin.set_unique_invoices(false);
    city.standin.set_webhooks(WebhookMode::Off);
    let token = city.issue(CASE).await;
    let first = city.press_pay(&token).await;
    let second = city.press_pay_in_english(&token).await;
    let first = city.at_paypal(&first, Payer::Pays).unwrap();
    let second = city.at_paypal(&second, Payer::Pays).unwrap();
    // The first is captured, and its process dies before it hears so.
    city.standin
        .set_fault(Fault::once(On::Capture, FaultKind::NoAnswerAfterEffect))
        .unwrap();
    assert_eq!(city.come_back(&first).await.state, "processing");
    city.later(Duration::from_mins(2));
    // The second driver comes: their own order says nothing about the lock.
    assert_eq!(city.come_back(&second).await.state, "paid");
    assert_paid_once(&city).await;
    let file = city.case_file(CASE).await;
    let captured = file.settlements[0].source.captured().unwrap();
    assert_eq!(captured.attempt.as_str(), first.attempt);
}

/// An order whose capture was sent and never answered, and which PayPal does not show
/// any more; the money has moved or not. By then the nights have passed whose hours
/// are given.
async fn unanswered_and_never_shown_again(
    answer: FaultKind,
    is_our_client: bool,
    nights: &[u64],
    later: u64,
    rows_say_nothing: bool,
) -> Option<Lock> {
    let city = City::new().await;
    city.standin.set_webhooks(WebhookMode::Off);
    city.behave(|it| it.row_without_ids = rows_say_nothing);
    let back = city.goes_to_paypal(CASE, Payer::Pays).await.unwrap();
    city.standin
        .set_fault(Fault::once(On::Capture, answer))
        .unwrap();
    assert_eq!(city.come_back(&back).await.state, "processing");
    if !is_our_client {
        city.made_under(&back.attempt, "another").await;
    }
    city.standin
        .set_fault(Fault {
            times: 1_000,
            ..Fault::once(On::GetOrder, FaultKind::NotFound)
        })
        .unwrap();
    let mut now = 0;
    for hour in nights {
        city.later(Duration::from_hours(hour - now));
        now = *hour;
        city.night().await;
    }
    city.later(Duration::from_hours(later - now));
    city.sweep().await;
    city.case_file(CASE).await.ticket.lock().cloned()
}

#[tokio::test]
async fn a_capture_that_finds_no_order_for_a_moment_is_made_again() {
    let city = City::new().await;
    city.standin.set_webhooks(WebhookMode::Off);
    let back = city.goes_to_paypal(CASE, Payer::Pays).await.unwrap();
    city.standin
        .set_fault(Fault::once(On::Capture, FaultKind::NotFound))
        .unwrap();
    assert_eq!(city.come_back(&back).await.state, "processing");
    for _ in 0..2 {
        city.later(Duration::from_mins(1));
        city.sweep().await;
    }
    assert_paid_once(&city).await;
}

#[tokio::test]
async fn an_order_that_contradicts_what_it_showed_keeps_its_lock_though_it_is_over() {
    let mut city = City::new().await;
    city.standin.set_webhooks(WebhookMode::Off);
    let completed = Arc::new(AtomicBool::new(false));
    let is_completed = Arc::clone(&completed);
    city.between(move |asked, status, answer| {
        if asked.starts_with("GET") && is_completed.load(Ordering::Relaxed) {
            // And not what was captured.
            return (
                200,
                json!({ "id": "5O190127TN364715T", "status": "COMPLETED" }),
            );
        }
        (status, answer)
    })
    .await;
    let back = city.goes_to_paypal(CASE, Payer::Pays).await.unwrap();
    let unclear = FaultKind::Refused(Issue::named("NEVER_HEARD_OF").unwrap());
    city.standin
        .set_fault(Fault::once(On::Capture, unclear))
        .unwrap();
    city.come_back(&back).await;
    for _ in 0..15 {
        city.later(Duration::from_mins(1));
        city.sweep().await;
    }
    completed.store(true, Ordering::Relaxed);
    city.later(Duration::from_hours(13));
    city.sweep().await;
    assert!(city.case_file(CASE).await.ticket.lock().is_some());
}

#[tokio::test]
async fn a_lock_whose_order_was_shown_uncaptured_goes_when_the_order_is_over() {
    for (minutes, is_locked) in [(5, true), (15, false)] {
        let city = City::new().await;
        city.standin.set_webhooks(WebhookMode::Off);
        let back = city.goes_to_paypal(CASE, Payer::Pays).await.unwrap();
        let unclear = FaultKind::Refused(Issue::named("NEVER_HEARD_OF").unwrap());
        city.standin
            .set_fault(Fault::once(On::Capture, unclear))
            .unwrap();
        city.come_back(&back).await;
        for _ in 0..minutes {
            city.later(Duration::from_mins(1));
            city.sweep().await;
        }
        // It is not shown any more from here on.
        city.later(Duration::from_hours(13));
        city.sweep().await;
        let lock = city.case_file(CASE).await.ticket.lock().cloned();
        assert_eq!(lock.is_some(), is_locked, "{minutes}");
        assert_eq!(city.money_moved(), 0);
    }
}

#[tokio::test]
async fn a_lock_whose_order_is_never_shown_again_waits_for_paypals_own_books() {
    let nothing_moved = FaultKind::NoAnswer;
    let moved = FaultKind::NoAnswerAfterEffect;
    let unclear = FaultKind::Refused(Issue::named("NEVER_HEARD_OF").unwrap());
    for (answer, is_our_client, nights, later, is_locked) in [
        // The order's life is over, and nobody has looked into the books.
        (nothing_moved, true, &[][..], 13, true),
        (nothing_moved, true, &[], 40, true),
        // PayPal's books may still be without it.
        (nothing_moved, true, &[14], 40, true),
        (nothing_moved, true, &[14, 39], 40, false),
        // That night has not looked so far back.
        (nothing_moved, true, &[120], 121, true),
        // The books of another client may be those of another account.
        (nothing_moved, false, &[14, 39], 40, true),
        (moved, true, &[14, 39], 40, true),
        (unclear, true, &[], 13, true),
        // No order has expired so soon.
        (FaultKind::NotFound, true, &[], 13, true),
    ] {
        for rows_say_nothing in [false, true] {
            let lock = Box::pin(unanswered_and_never_shown_again(
                answer,
                is_our_client,
                nights,
                later,
                rows_say_nothing,
            ));
            assert_eq!(
                lock.await.is_some(),
                is_locked,
                "{answer:?} {is_our_client} {nights:?} {later} {rows_say_nothing}"
            );
        }
    }
}
