//! PayPal as it is reported to be: reads that lag, refusals that are none, orders
//! that live long, cards that were refused. What is strange there must neither
//! charge twice nor lose a payment.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use journeys::{City, Page, Return};
use paypal_standin::{
    Afterwards, Fault, FaultKind, Issue, Omitted, On, Payer, PendingReason, StatusAfterDecline,
    UpdateTime, WebhookMode,
};
use serde_json::json;
use settle::sweep::Scope;
use store::AttemptState;
use ticket::Captures;

const CASE: &str = "KL-2026-000123";

fn fault(city: &City, on: On, kind: FaultKind) {
    city.standin.set_fault(Fault::once(on, kind)).unwrap();
}

/// A city in which only what a test says wakes anybody up, and only our own lock
/// keeps a second capture away.
async fn city_alone() -> City {
    let city = City::new().await;
    city.behave(|it| {
        it.webhooks = WebhookMode::Off;
        it.unique_invoices = false;
    });
    city
}

async fn two_approved(city: &City, token: &str) -> [Return; 2] {
    let tabs = [
        city.press_pay(token).await,
        city.press_pay_in_english(token).await,
    ];
    tabs.map(|tab| city.at_paypal(&tab, Payer::Pays).unwrap())
}

async fn is_locked(city: &City) -> bool {
    city.case_file(CASE).await.ticket.lock().is_some()
}

/// What the driver sees who comes back, and who comes back a minute later each time.
async fn over_and_over(city: &City, back: &Return, minutes: u32) -> Page {
    for _ in 0..minutes {
        city.later(Duration::from_mins(1));
        city.come_back(back).await;
    }
    city.come_back(back).await
}

#[tokio::test]
async fn a_refusal_that_may_be_none_keeps_the_lock_until_the_order_shows_the_money() {
    for code in [
        "ORDER_ALREADY_CAPTURED",
        "ORDER_COMPLETION_IN_PROGRESS",
        "ORDER_NOT_APPROVED",
        "DUPLICATE_INVOICE_ID",
        "ORDER_COMPLETED_OR_VOIDED",
        "DUPLICATE_REQUEST_ID",
        "NEVER_HEARD_OF",
    ] {
        let city = city_alone().await;
        let token = city.issue(CASE).await;
        let [back, other] = two_approved(&city, &token).await;
        let issue = Issue::named(code).unwrap();
        fault(&city, On::Capture, FaultKind::RefusedAfterEffect(issue));
        city.later(Duration::from_mins(2));
        // The first read after it still shows what was before.
        city.behave(|it| it.stale_reads_s = 90);
        assert_eq!(city.come_back(&back).await.state, "processing", "{code}");
        assert!(is_locked(&city).await, "{code}");
        // The other tab is approved, and must not be captured beside it.
        city.come_back(&other).await;
        assert_eq!(
            over_and_over(&city, &other, 3).await.state,
            "paid",
            "{code}"
        );
        assert_eq!(city.money_moved(), 1, "{code}");
        let file = city.case_file(CASE).await;
        assert_eq!(file.settlements.len(), 1, "{code}");
    }
}

#[tokio::test]
async fn while_captures_are_closed_a_read_that_lags_gives_no_lock_back() {
    let mut city = city_alone().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    city.behave(|it| it.stale_reads_s = 5 * 60);
    city.later(Duration::from_mins(6));
    fault(&city, On::Capture, FaultKind::NoAnswerAfterEffect);
    city.come_back(&back).await;
    assert!(is_locked(&city).await);
    city.set_captures(Captures::Closed).await;
    over_and_over(&city, &back, 3).await;
    assert!(is_locked(&city).await, "cash could be taken for it");
    city.later(Duration::from_mins(10));
    city.sweep().await;
    assert_eq!(city.open(&token).await.state, "paid");
}

#[tokio::test]
async fn a_refusal_that_nobody_knows_gives_no_lock_back_while_the_order_lives() {
    for answer in [None, Some(FaultKind::NotFound), Some(FaultKind::NoAnswer)] {
        let city = city_alone().await;
        let token = city.issue(CASE).await;
        let [back, other] = two_approved(&city, &token).await;
        let issue = Issue::named("NEVER_HEARD_OF").unwrap();
        fault(&city, On::Capture, FaultKind::Refused(issue));
        if let Some(kind) = answer {
            fault(&city, On::GetOrder, kind);
        }
        city.come_back(&back).await;
        assert_eq!(over_and_over(&city, &other, 20).await.state, "processing");
        assert!(is_locked(&city).await, "{answer:?}");
        assert_eq!(city.money_moved(), 0, "{answer:?}");
    }
}

#[tokio::test]
async fn a_definite_refusal_gives_the_lock_back_unless_the_order_shows_a_capture() {
    for (kind, state) in [
        (FaultKind::Refused as fn(Issue) -> FaultKind, "open"),
        (
            FaultKind::RefusedAfterEffect as fn(Issue) -> FaultKind,
            "paid",
        ),
    ] {
        for code in [
            "INSTRUMENT_DECLINED",
            "PAYER_CANNOT_PAY",
            "PAYMENT_DENIED",
            "CARD_EXPIRED",
        ] {
            let city = city_alone().await;
            let token = city.issue(CASE).await;
            let back = city
                .at_paypal(&city.press_pay(&token).await, Payer::Pays)
                .unwrap();
            fault(&city, On::Capture, kind(Issue::named(code).unwrap()));
            assert_eq!(city.come_back(&back).await.state, state, "{code}");
            assert!(!is_locked(&city).await, "{code}");
        }
    }
}

#[tokio::test]
async fn money_of_an_attempt_that_is_over_is_left_to_no_sweep() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    city.behave(|it| it.stale_reads_s = 60);
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    city.later(Duration::from_secs(61));
    let refused = Issue::named("PAYER_CANNOT_PAY").unwrap();
    fault(&city, On::Capture, FaultKind::RefusedAfterEffect(refused));
    city.come_back(&back).await;
    let attempt = city.case_file(CASE).await.attempts[0].state.clone();
    assert_eq!(attempt, AttemptState::Declined);
    assert_eq!(city.money_moved(), 1);

    // Everything that PayPal tells meets its silence.
    city.later(Duration::from_secs(61));
    let mut silent = Fault::once(On::GetOrder, FaultKind::NoAnswer);
    silent.times = 100;
    city.standin.set_fault(silent).unwrap();
    let answered = city.deliver().await;
    assert!(answered.iter().all(|status| *status == 503), "{answered:?}");
    city.standin.clear_faults();
    city.later(Duration::from_hours(24));
    city.deliver().await;
    let file = city.case_file(CASE).await;
    assert_eq!(file.settlements.len(), 1);
    assert_eq!(city.open(&token).await.state, "paid");
}

#[tokio::test]
async fn an_approval_that_lags_is_waited_for_and_the_driver_pays_once() {
    let city = city_alone().await;
    let token = city.issue(CASE).await;
    city.behave(|it| it.approval_lag_s = 90);
    let back = city
        .at_paypal(&city.press_pay(&token).await, Payer::Pays)
        .unwrap();
    assert_eq!(city.come_back(&back).await.state, "processing");
    assert_eq!(over_and_over(&city, &back, 4).await.state, "paid");
    assert_eq!(city.money_moved(), 1);
}

#[tokio::test]
async fn an_order_not_approved_is_captured_nonetheless_when_paypal_says_the_opposite() {
    let city = city_alone().await;
    let token = city.issue(CASE).await;
    city.behave(|it| it.not_approved_but_captured = true);
    let back = city
        .at_paypal(&city.press_pay(&token).await, Payer::Pays)
        .unwrap();
    assert_eq!(city.come_back(&back).await.state, "paid");
    assert_eq!(city.money_moved(), 1);
}

#[tokio::test]
async fn a_capture_answered_without_a_capture_is_read_again() {
    let city = city_alone().await;
    let token = city.issue(CASE).await;
    city.behave(|it| {
        it.omit_parts = Omitted {
            payments: true,
            ..Omitted::default()
        };
    });
    let back = city
        .at_paypal(&city.press_pay(&token).await, Payer::Pays)
        .unwrap();
    assert_eq!(city.come_back(&back).await.state, "processing");
    city.behave(|it| it.omit_parts = Omitted::default());
    assert_eq!(over_and_over(&city, &back, 2).await.state, "paid");
    assert_eq!(city.money_moved(), 1);
}

#[tokio::test]
async fn a_payee_that_is_left_out_once_is_asked_for_before_money_counts_as_anothers() {
    for kind in [FaultKind::OmitsPayee, FaultKind::OmitsCustomId] {
        let city = city_alone().await;
        let token = city.issue(CASE).await;
        let back = city
            .at_paypal(&city.press_pay(&token).await, Payer::Pays)
            .unwrap();
        city.behave(|it| {
            it.omit_parts = Omitted {
                payee: kind == FaultKind::OmitsPayee,
                custom_id: kind == FaultKind::OmitsCustomId,
                ..Omitted::default()
            };
        });
        let shown = city.come_back(&back).await.state;
        assert_eq!(shown, "review", "for good: {kind:?}");

        let city = city_alone().await;
        let token = city.issue(CASE).await;
        let back = city
            .at_paypal(&city.press_pay(&token).await, Payer::Pays)
            .unwrap();
        fault(&city, On::Capture, kind);
        assert_eq!(city.come_back(&back).await.state, "paid", "once: {kind:?}");
    }
}

#[tokio::test]
async fn what_two_answers_leave_out_is_known_from_the_other_one() {
    let city = city_alone().await;
    let token = city.issue(CASE).await;
    let back = city
        .at_paypal(&city.press_pay(&token).await, Payer::Pays)
        .unwrap();
    fault(&city, On::Capture, FaultKind::OmitsPayee);
    // The first is the look before the capture.
    for kind in [
        FaultKind::OmitsPayee,
        FaultKind::OmitsPayee,
        FaultKind::OmitsCustomId,
    ] {
        fault(&city, On::GetOrder, kind);
    }
    assert_eq!(city.come_back(&back).await.state, "paid");
}

#[tokio::test]
async fn a_404_ends_nothing_before_the_orders_life_is_over() {
    let city = city_alone().await;
    let token = city.issue(CASE).await;
    let back = city
        .at_paypal(&city.press_pay(&token).await, Payer::Pays)
        .unwrap();
    city.later(Duration::from_hours(5));
    for (told, has_button) in [("processing", false), ("open", true)] {
        fault(&city, On::GetOrder, FaultKind::NotFound);
        let page = city.come_back(&back).await;
        assert_eq!(
            (page.state.as_str(), page.has_pay_button()),
            (told, has_button)
        );
        // For so long an approval may not be shown.
        city.later(Duration::from_mins(2));
    }
    let file = city.case_file(CASE).await;
    assert_eq!(file.attempts[0].state, AttemptState::Live);
    assert_eq!(city.come_back(&back).await.state, "paid");
}

#[tokio::test]
async fn an_approval_in_hour_nine_is_captured_where_paypal_grants_the_time() {
    let city = city_alone().await;
    city.behave(|it| {
        it.expiry_payer_h = 12;
        it.expiry_capture_h = 12;
    });
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    for _ in 0..9 {
        city.later(Duration::from_hours(1));
        city.sweep().await;
    }
    city.at_paypal(&checkout, Payer::ClosesWindow);
    // So late the sweep comes after a share of the attempt's age.
    for _ in 0..2 {
        city.later(Duration::from_hours(1));
        city.sweep().await;
    }
    assert_eq!(city.open(&token).await.state, "paid");
}

#[tokio::test]
async fn an_attempt_that_paypal_does_not_let_us_read_ends_when_its_life_is_over() {
    let city = city_alone().await;
    let token = city.issue(CASE).await;
    city.press_pay(&token).await;
    city.behave(|it| it.foreign_order_403 = true);
    city.later(Duration::from_hours(11));
    city.sweep().await;
    assert_eq!(
        city.case_file(CASE).await.attempts[0].state,
        AttemptState::Live
    );
    city.later(Duration::from_hours(2));
    city.sweep().await;
    assert_eq!(
        city.case_file(CASE).await.attempts[0].state,
        AttemptState::Expired
    );
}

#[tokio::test]
async fn a_pending_capture_is_asked_about_itself_where_its_order_says_otherwise() {
    for is_forgotten in [false, true] {
        let city = city_alone().await;
        let token = city.issue(CASE).await;
        let back = city
            .at_paypal(&city.press_pay(&token).await, Payer::Pays)
            .unwrap();
        city.behave(|it| {
            it.pending_reason = Some(PendingReason::Unilateral);
        });
        assert_eq!(city.come_back(&back).await.state, "pending");
        let capture = city.standin.books().captures[0].id.clone();
        city.standin
            .afterwards(&capture, Afterwards::Completes)
            .unwrap();
        city.later(Duration::from_hours(2));
        if is_forgotten {
            fault(&city, On::GetOrder, FaultKind::NotFound);
        } else {
            city.behave(|it| it.already_captured_while_approved_s = 86_400);
        }
        city.sweep().await;
        assert_eq!(city.open(&token).await.state, "paid", "{is_forgotten}");
        assert_eq!(city.money_moved(), 1);
    }
}

#[tokio::test]
async fn a_driver_who_approves_again_within_the_second_is_captured() {
    for update_time in [UpdateTime::Changes, UpdateTime::Absent, UpdateTime::Frozen] {
        let city = city_alone().await;
        city.behave(|it| it.update_time = update_time);
        let token = city.issue(CASE).await;
        let back = city
            .at_paypal(&city.press_pay(&token).await, Payer::Declines)
            .unwrap();
        assert_eq!(
            city.come_back(&back).await.attempt.as_deref(),
            Some("declined")
        );
        let again = city.try_again(&back.attempt).await;
        let back = city.at_paypal(&again, Payer::Pays).unwrap();
        assert_eq!(city.come_back(&back).await.state, "paid", "{update_time:?}");
        assert_eq!(city.money_moved(), 1);
    }
}

#[tokio::test]
async fn a_refused_card_is_not_charged_before_the_driver_comes_back() {
    for update_time in [
        UpdateTime::Changes,
        UpdateTime::Absent,
        UpdateTime::Frozen,
        UpdateTime::Moves,
    ] {
        for status in [
            StatusAfterDecline::Approved,
            StatusAfterDecline::PayerActionRequired,
        ] {
            let city = City::new().await;
            city.behave(|it| {
                it.update_time = update_time;
                it.status_after_decline = status;
                it.approved_event_twice = true;
                // The card would do at the second try.
                it.decline_n_times = 1;
            });
            let token = city.issue(CASE).await;
            let back = city
                .at_paypal(&city.press_pay(&token).await, Payer::Pays)
                .unwrap();
            assert_eq!(
                city.come_back(&back).await.attempt.as_deref(),
                Some("declined")
            );
            for _ in 0..30 {
                city.later(Duration::from_mins(1));
                city.deliver().await;
                city.sweep().await;
            }
            assert_eq!(city.money_moved(), 0, "{update_time:?} {status:?}");
            assert!(city.open(&token).await.has_pay_button());
        }
    }
}

#[tokio::test]
async fn a_read_from_before_the_approval_lets_no_refused_card_be_tried_again() {
    let mut city = city_alone().await;
    city.behave(|it| it.status_after_decline = StatusAfterDecline::Approved);
    let (outdated, tries) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let (is_outdated, counted) = (Arc::clone(&outdated), Arc::clone(&tries));
    city.between(move |asked, status, mut answer| {
        if asked.ends_with("/capture") {
            counted.fetch_add(1, Ordering::Relaxed);
        } else if answer["status"] == "APPROVED" && is_outdated.load(Ordering::Relaxed) {
            answer["status"] = json!("CREATED");
        }
        (status, answer)
    })
    .await;
    let token = city.issue(CASE).await;
    let back = city
        .at_paypal(&city.press_pay(&token).await, Payer::Declines)
        .unwrap();
    assert_eq!(
        city.come_back(&back).await.attempt.as_deref(),
        Some("declined")
    );
    for minute in 0..9 {
        city.later(Duration::from_mins(1));
        outdated.store(minute % 2 == 0, Ordering::Relaxed);
        city.sweep_over(Scope::All).await;
    }
    assert_eq!(tries.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_driver_who_presses_and_reloads_without_end_makes_nobody_slow() {
    let mut city = city_alone().await;
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    city.between(move |_, status, answer| {
        counted.fetch_add(1, Ordering::Relaxed);
        (status, answer)
    })
    .await;
    let token = city.issue(CASE).await;
    let other = city.issue("KL-2").await;
    let back = city.at_paypal(&city.press_pay(&token).await, Payer::Cancels);
    let back = back.unwrap();
    for _ in 0..200 {
        let page = city.press_pay(&token).await;
        assert!([303, 200].contains(&page.status), "{}", page.status);
        assert_eq!(city.come_back(&back).await.status, 200);
    }
    let calls = calls.load(Ordering::Relaxed);
    assert!(calls < 100, "{calls}");
    // Nobody else pays for it, and it is forgotten with the word of the one who came back.
    assert_eq!(city.press_pay(&other).await.status, 303);
    city.later(Duration::from_mins(3));
    city.sweep().await;
    assert_eq!(city.press_pay(&token).await.status, 303);
}

#[tokio::test]
async fn a_new_card_chosen_with_the_window_closed_is_charged_in_the_end() {
    for (update_time, paid) in [(UpdateTime::Changes, true), (UpdateTime::Frozen, false)] {
        let city = city_alone().await;
        city.behave(|it| it.update_time = update_time);
        let token = city.issue(CASE).await;
        let checkout = city.press_pay(&token).await;
        city.later(Duration::from_secs(20));
        let back = city.at_paypal(&checkout, Payer::Declines).unwrap();
        city.come_back(&back).await;
        city.later(Duration::from_secs(30));
        let again = city.try_again(&back.attempt).await;
        assert!(city.at_paypal(&again, Payer::ClosesWindow).is_none());
        for _ in 0..15 {
            city.later(Duration::from_mins(1));
            city.sweep().await;
        }
        // Where PayPal's clock tells nothing, nobody knows which card it is.
        let shown = city.open(&token).await.state;
        assert_eq!(shown == "paid", paid, "{update_time:?}");
        assert_eq!(city.money_moved(), usize::from(paid));
    }
}

#[tokio::test]
async fn a_driver_who_cancels_after_trying_again_is_not_charged() {
    let city = city_alone().await;
    // The card would do at the second try.
    city.behave(|it| it.decline_n_times = 1);
    let token = city.issue(CASE).await;
    let back = city
        .at_paypal(&city.press_pay(&token).await, Payer::Pays)
        .unwrap();
    city.come_back(&back).await;
    let again = city.try_again(&back.attempt).await;
    let back = city.at_paypal(&again, Payer::Cancels).unwrap();
    city.result(&back.attempt, "driver-cancels", &back.order_id)
        .await;
    assert_eq!(city.come_back(&back).await.state, "open");
    for _ in 0..30 {
        city.later(Duration::from_mins(1));
        city.sweep().await;
    }
    assert_eq!(city.money_moved(), 0);
}

#[tokio::test]
async fn a_refusal_of_before_says_nothing_about_a_call_that_was_not_answered() {
    let city = city_alone().await;
    let token = city.issue(CASE).await;
    let [back, other] = two_approved(&city, &token).await;
    let not_approved = Issue::named("ORDER_NOT_APPROVED").unwrap();
    fault(&city, On::Capture, FaultKind::Refused(not_approved));
    city.come_back(&back).await;
    city.later(Duration::from_secs(70));
    // The same try again: it captures, and nobody hears of it.
    fault(&city, On::Capture, FaultKind::NoAnswerAfterEffect);
    city.come_back(&back).await;
    assert_eq!(city.money_moved(), 1);
    city.later(Duration::from_mins(2));
    city.behave(|it| it.stale_reads_s = 200);
    city.come_back(&other).await;
    assert_eq!(over_and_over(&city, &other, 5).await.state, "paid");
    assert_eq!(city.money_moved(), 1);
}

#[tokio::test]
async fn pressing_pay_again_goes_on_with_the_order_that_is_there() {
    let city = city_alone().await;
    let token = city.issue(CASE).await;
    let first = city.press_pay(&token).await;
    let again = city.press_pay(&token).await;
    assert_eq!(first.location, again.location);
    assert_eq!(city.standin.books().orders.len(), 1);
    // Approved meanwhile, with the window closed: the button settles it.
    city.at_paypal(&first, Payer::ClosesWindow);
    let settled = city.press_pay(&token).await;
    assert_eq!((settled.status, settled.state.as_str()), (200, "paid"));
    assert_eq!(city.standin.books().orders.len(), 1);
    assert_eq!(city.money_moved(), 1);
}

#[tokio::test]
async fn an_order_of_an_hour_ago_or_of_another_language_is_not_gone_on_with() {
    let city = city_alone().await;
    let token = city.issue(CASE).await;
    let first = city.press_pay(&token).await;
    let english = city.press_pay_in_english(&token).await;
    assert_ne!(first.location, english.location);
    city.later(Duration::from_hours(1));
    let later = city.press_pay(&token).await;
    assert_ne!(first.location, later.location);
}

#[tokio::test]
async fn one_ticket_has_five_open_orders_at_most() {
    let city = city_alone().await;
    let token = city.issue(CASE).await;
    for _ in 0..5 {
        assert_eq!(city.press_pay(&token).await.status, 303);
        city.later(Duration::from_mins(61));
    }
    let refused = city.press_pay(&token).await;
    assert_ne!(refused.status, 303);
    assert_eq!(city.standin.books().orders.len(), 5);
}

#[tokio::test]
async fn many_presses_in_one_moment_make_no_more_orders_than_that() {
    let city = city_alone().await;
    let token = city.issue(CASE).await;
    let pressed = futures_util::future::join_all((0..20).map(|_| city.press_pay(&token))).await;
    assert!(pressed.iter().any(|page| page.status == 303));
    let orders = city.standin.books().orders.len();
    assert!((1..=5).contains(&orders), "{orders}");
}

#[tokio::test]
async fn who_approved_before_the_due_date_is_in_time_however_late_we_look() {
    for (hours_before_its_end, shown, moved) in [(2, "paid", 1), (-2, "open", 0)] {
        let city = city_alone().await;
        city.takes_no_late_payments().await;
        city.behave(|it| {
            it.expiry_payer_h = 24 * 30;
            it.expiry_capture_h = 24 * 30;
        });
        let token = city.issue(CASE).await;
        let checkout = city.press_pay(&token).await;
        let due_on = city.case_file(CASE).await.ticket.due_on;
        let hour = |number| city.now() + SignedDuration::from_hours(number);
        let ends = (0..24 * 30).find(|number| due_on.has_passed(hour(*number)));
        let approves = ends.unwrap() - hours_before_its_end;
        city.later(Duration::from_hours(approves.try_into().unwrap()));
        let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
        city.later(Duration::from_hours(4));
        assert_eq!(city.come_back(&back).await.state, shown);
        assert_eq!(city.money_moved(), moved);
    }
}
