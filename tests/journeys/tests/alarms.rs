//! What waits for somebody says so, by the name that the runbook has; and says
//! nothing while it only waits as everything does.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use journeys::{Alarms, Answers, City, Lines, Subscriber};
use paypal::NewRefund;
use paypal_standin::{
    Afterwards, Fault, FaultKind, Issue, On, Payer, PendingReason, RefundThen, WebhookMode,
};
use serde_json::json;
use settle::NIGHT_MISSING_AFTER;
use settle::sweep::{Pace, SWEEP_TIME, Scope};
use tokio::time::Instant;

const CASE: &str = "KL-1";
const A_MINUTE: Duration = Duration::from_mins(1);
const A_DAY: Duration = Duration::from_hours(24);

/// A city without webhooks, in which the driver has come so far at PayPal.
async fn city_with(payer: Payer) -> City {
    let city = City::new().await;
    city.standin.set_webhooks(WebhookMode::Off);
    let _ = city.goes_to_paypal(CASE, payer).await;
    city
}

/// A city in which a driver has paid.
async fn paid() -> (City, String) {
    let city = City::new().await;
    let back = city.goes_to_paypal(CASE, Payer::Pays).await.unwrap();
    city.come_back(&back).await;
    let capture = city.standin.books().captures.last().unwrap().id.clone();
    (city, capture)
}

fn always(on: On, kind: FaultKind) -> Fault {
    Fault {
        times: 1_000,
        ..Fault::once(on, kind)
    }
}

fn no_faults(city: &City) {
    city.standin.clear_faults();
}

/// Sweeps for so many minutes; what was heard after each.
async fn sweeps(city: &City, alarms: &Alarms, minutes: usize) -> Vec<Vec<String>> {
    let mut heard = Vec::new();
    for _ in 0..minutes {
        city.later(A_MINUTE);
        city.sweep().await;
        heard.push(alarms.heard());
    }
    heard
}

#[tokio::test]
async fn an_attempt_is_told_of_when_paypal_is_silent_for_ten_minutes_and_not_for_one_look() {
    let alarms = Alarms::listen();
    let city = Box::pin(city_with(Payer::ClosesWindow)).await;
    city.standin
        .set_fault(always(On::GetOrder, FaultKind::NoAnswer))
        .unwrap();
    let heard = sweeps(&city, &alarms, 20).await;
    let (early, late) = heard.split_at(10);
    let name = "attempt-waits".to_owned();
    assert!(!early.concat().contains(&name), "{heard:?}");
    assert!(late.concat().contains(&name), "{heard:?}");
    no_faults(&city);
    // Whoever is asked about hours later, once without an answer, is nobody's case.
    city.later(Duration::from_hours(2));
    city.sweep().await;
    city.later(Duration::from_hours(1));
    let _ = alarms.heard();
    city.standin
        .set_fault(Fault::once(On::GetOrder, FaultKind::NoAnswer))
        .unwrap();
    city.sweep().await;
    assert_eq!(alarms.heard(), [""; 0]);
}

#[tokio::test]
async fn an_order_that_paypal_does_not_know_is_told_of_where_its_payer_was_there() {
    for (comes_back, is_told) in [(true, true), (false, false)] {
        let alarms = Alarms::listen();
        let city = City::new().await;
        city.standin.set_webhooks(WebhookMode::Off);
        let back = city.goes_to_paypal(CASE, Payer::Pays).await.unwrap();
        city.standin
            .set_fault(always(On::GetOrder, FaultKind::NotFound))
            .unwrap();
        if comes_back {
            city.come_back(&back).await;
        }
        let heard = sweeps(&city, &alarms, 30).await.concat();
        let told = heard.contains(&"attempt-waits".to_owned());
        assert_eq!(told, is_told, "{comes_back} {heard:?}");
    }
}

#[tokio::test]
async fn nobody_is_told_of_a_driver_whose_card_was_refused_and_who_has_left() {
    let alarms = Alarms::listen();
    let city = City::new().await;
    city.standin.set_webhooks(WebhookMode::Off);
    let back = city.goes_to_paypal(CASE, Payer::Declines).await.unwrap();
    city.come_back(&back).await;
    city.standin
        .set_fault(always(On::GetOrder, FaultKind::NotFound))
        .unwrap();
    for _ in 0..14 {
        city.later(Duration::from_hours(1));
        city.sweep().await;
    }
    assert_eq!(alarms.heard(), [""; 0]);
}

#[tokio::test]
async fn a_capture_that_is_held_back_and_cannot_be_read_is_told_of() {
    let alarms = Alarms::listen();
    let city = City::new().await;
    let token = city.issue(CASE).await;
    city.standin
        .set_fault(Fault::once(On::Capture, FaultKind::Pending))
        .unwrap();
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    city.come_back(&back).await;
    for on in [On::GetOrder, On::GetCapture] {
        city.standin
            .set_fault(always(on, FaultKind::NoAnswer))
            .unwrap();
    }
    city.later(Duration::from_hours(2));
    city.sweep().await;
    assert_eq!(alarms.heard(), [""; 0]);
    let heard = sweeps(&city, &alarms, 130).await.concat();
    assert!(heard.contains(&"pending-waits".to_owned()), "{heard:?}");
}

#[tokio::test]
async fn a_lock_is_told_of_after_ten_minutes_and_when_it_has_gone_unanswered() {
    let alarms = Alarms::listen();
    let city = City::new().await;
    city.standin.set_webhooks(WebhookMode::Off);
    let back = city.goes_to_paypal(CASE, Payer::Pays).await.unwrap();
    city.standin
        .set_fault(always(On::Capture, FaultKind::NoAnswer))
        .unwrap();
    city.come_back(&back).await;
    let heard = sweeps(&city, &alarms, 25).await;
    assert!(heard[..9].iter().all(Vec::is_empty), "{heard:?}");
    assert!(
        heard.concat().contains(&"lock-waits".to_owned()),
        "{heard:?}"
    );
    // Then PayPal does not know the order any more, and its books show nothing.
    for hours in [14, 25, 24] {
        city.later(Duration::from_hours(hours));
        city.night().await;
    }
    city.sweep().await;
    let heard = alarms.heard();
    assert!(
        heard.contains(&"capture-never-answered".to_owned()),
        "{heard:?}"
    );
}

#[tokio::test]
async fn payments_that_our_own_account_holds_back_are_told_of() {
    let reasons = [
        (PendingReason::Unilateral, true),
        (PendingReason::ReceivingPreferenceMandatesManualAction, true),
        (PendingReason::PendingReview, false),
    ];
    for (reason, is_told) in reasons {
        let alarms = Alarms::listen();
        let city = City::new().await;
        city.behave(|it| it.pending_reason = Some(reason));
        let back = city.goes_to_paypal(CASE, Payer::Pays).await.unwrap();
        city.come_back(&back).await;
        let told = alarms.heard().contains(&"account-settings".to_owned());
        assert_eq!(told, is_told, "{reason:?}");
    }
}

#[tokio::test]
async fn an_order_that_we_may_not_read_is_told_of() {
    let alarms = Alarms::listen();
    let city = Box::pin(city_with(Payer::Pays)).await;
    city.behave(|it| it.foreign_order_403 = true);
    city.later(A_MINUTE);
    city.sweep().await;
    assert_eq!(alarms.heard(), ["order-not-readable"]);
}

#[tokio::test]
async fn secrets_that_are_refused_and_tokens_that_are_not_taken_are_told_of() {
    let alarms = Alarms::listen();
    let city = Box::pin(city_with(Payer::Pays)).await;
    city.standin.revoke_tokens();
    city.behave(|it| it.invalid_client = true);
    city.later(A_MINUTE);
    city.sweep().await;
    let heard = alarms.heard();
    assert!(
        heard.contains(&"paypal-credentials-refused".to_owned()),
        "{heard:?}"
    );
    let city = Box::pin(city_with(Payer::Pays)).await;
    city.standin
        .set_fault(always(On::GetOrder, FaultKind::Unauthorized))
        .unwrap();
    city.later(A_MINUTE);
    city.sweep().await;
    let heard = alarms.heard();
    assert!(
        heard.contains(&"paypal-token-not-taken".to_owned()),
        "{heard:?}"
    );
}

#[tokio::test]
async fn sweeps_that_get_nowhere_are_told_of() {
    let alarms = Alarms::listen();
    let city = Box::pin(city_with(Payer::Pays)).await;
    city.standin
        .set_fault(always(On::GetOrder, FaultKind::RateLimit))
        .unwrap();
    let heard = sweeps(&city, &alarms, 30).await.concat();
    assert!(heard.contains(&"sweep-silenced".to_owned()), "{heard:?}");
    assert!(!heard.contains(&"sweep-behind".to_owned()), "{heard:?}");
    // One look in ten minutes is not enough for all who have just been sent to PayPal.
    city.standin.clear_faults();
    for case in ["KL-2", "KL-3", "KL-4"] {
        city.goes_to_paypal(case, Payer::Pays).await;
    }
    city.standin
        .set_fault(Fault {
            seconds: Some(600),
            ..always(On::GetOrder, FaultKind::RateLimit)
        })
        .unwrap();
    let heard = sweeps(&city, &alarms, 40).await.concat();
    assert!(heard.contains(&"sweep-behind".to_owned()), "{heard:?}");
}

#[tokio::test]
async fn a_night_that_finds_a_difference_or_never_ends_is_told_of() {
    let alarms = Alarms::listen();
    let (mut city, _) = Box::pin(paid()).await;
    city.later(2 * A_DAY);
    city.between(|asked, status, mut answer| {
        if asked.contains("/reporting/transactions") {
            answer["transaction_details"] = json!([]);
            answer["total_items"] = json!(0);
        }
        (status, answer)
    })
    .await;
    city.night().await;
    let heard: BTreeSet<String> = alarms.heard().into_iter().collect();
    let expected = ["books-do-not-agree", "money-only-booked"];
    assert_eq!(heard, expected.map(str::to_owned).into());
    city.later(NIGHT_MISSING_AFTER);
    for _ in 0..60 {
        city.later(A_MINUTE);
        city.minute_passes().await;
    }
    assert_eq!(alarms.heard(), ["night-missing"]);
}

#[tokio::test]
async fn books_that_are_too_large_are_told_of() {
    let alarms = Alarms::listen();
    let (mut city, _) = Box::pin(paid()).await;
    city.later(A_DAY);
    city.between(|asked, status, answer| {
        if asked.contains("/reporting/transactions") {
            return (400, json!({ "name": "RESULTSET_TOO_LARGE" }));
        }
        (status, answer)
    })
    .await;
    for _ in 0..30 {
        city.minute_of_the_night().await;
    }
    assert!(alarms.heard().contains(&"books-too-large".to_owned()));
}

#[tokio::test]
async fn a_refund_that_never_comes_to_its_end_is_told_of_after_a_month() {
    let alarms = Alarms::listen();
    let (city, capture) = Box::pin(paid()).await;
    city.behave(|it| {
        it.refund_pending_then = Some(RefundThen::Never);
    });
    city.standin
        .afterwards(&capture, Afterwards::Refunded)
        .unwrap();
    assert_eq!(city.deliver().await.last(), Some(&200));
    for (days, is_told) in [(7, false), (24, true)] {
        city.later(days * A_DAY);
        city.night().await;
        let heard = alarms.heard();
        assert_eq!(
            heard.contains(&"refund-late".to_owned()),
            is_told,
            "{heard:?}"
        );
    }
}

#[tokio::test]
async fn an_event_that_leads_nowhere_is_told_of() {
    let alarms = Alarms::listen();
    let (city, capture) = Box::pin(paid()).await;
    city.standin
        .afterwards(&capture, Afterwards::Refunded)
        .unwrap();
    city.standin
        .set_fault(always(On::GetRefund, FaultKind::NotFound))
        .unwrap();
    city.deliver().await;
    assert_eq!(alarms.heard(), [""; 0]);
    while city.standin.next_delivery_at().is_some() {
        city.later(Duration::from_hours(3));
        city.deliver().await;
    }
    assert!(alarms.heard().contains(&"event-parked".to_owned()));
}

/// A payment whose refund somebody has approved.
async fn refund_approved(issue: &str) -> City {
    let (city, capture) = Box::pin(paid()).await;
    let case_number = city.standin.books().captures[0].invoice_id.clone().unwrap();
    let of = (case_number.as_str(), capture.as_str());
    let proposed = city.proposes("clerk-1", of, "30.00").await;
    let number = proposed.body["id"].as_str().unwrap().to_owned();
    assert_eq!(city.approves("clerk-2", &number).await.status, 200);
    let refused = FaultKind::Refused(Issue::named(issue).unwrap());
    city.standin.set_fault(always(On::Refund, refused)).unwrap();
    city
}

#[tokio::test]
async fn a_refund_that_paypal_does_not_make_is_told_of() {
    for (issue, alarm) in [
        ("TRANSACTION_DISPUTED", "refund-failed"),
        ("PERMISSION_DENIED", "refund-unclear"),
    ] {
        let alarms = Alarms::listen();
        let city = Box::pin(refund_approved(issue)).await;
        assert_eq!(alarms.heard(), [""; 0]);
        city.sweep().await;
        city.later(Duration::from_mins(11));
        city.sweep().await;
        assert!(alarms.heard().contains(&alarm.to_owned()), "{issue}");
    }
}

/// Approved, and PayPal says nothing about it from the first look on, or once it has it
/// on its way.
#[tokio::test]
async fn an_approved_refund_of_which_paypal_says_nothing_is_told_of_after_ten_minutes() {
    let is_told = |heard: &[Vec<String>]| heard.concat().contains(&"refund-unclear".to_owned());
    for (on, kind) in [
        (&[On::GetOrder, On::GetCapture][..], FaultKind::NoAnswer),
        (&[On::GetOrder, On::GetCapture], FaultKind::NotFound),
        (&[On::Refund], FaultKind::NoAnswer),
        (&[On::Refund], FaultKind::NotFound),
        (&[On::Refund], FaultKind::ServerError),
        (&[On::GetRefund], FaultKind::NoAnswer),
    ] {
        let alarms = Alarms::listen();
        let city = Box::pin(refund_approved("PERMISSION_DENIED")).await;
        no_faults(&city);
        city.behave(|it| it.refund_pending_then = Some(RefundThen::Never));
        if on == [On::GetRefund] {
            // One look that failed, after an hour that was quiet.
            sweeps(&city, &alarms, 1).await;
            city.standin.set_fault(Fault::once(on[0], kind)).unwrap();
            city.later(Duration::from_mins(61));
            city.sweep().await;
            city.later(Duration::from_mins(11));
            city.sweep().await;
            city.later(Duration::from_mins(61));
        }
        for on in on {
            city.standin.set_fault(always(*on, kind)).unwrap();
        }
        let heard = sweeps(&city, &alarms, 25).await;
        let (early, late) = heard.split_at(10);
        assert!(!is_told(early), "{on:?} {kind:?} {heard:?}");
        assert!(is_told(late), "{on:?} {kind:?} {heard:?}");
        // It is over once PayPal has said something.
        no_faults(&city);
        for hour in 0..3 {
            city.later(Duration::from_mins(61));
            city.sweep().await;
            let heard = alarms.heard();
            assert!(hour == 0 || !is_told(&[heard]), "{on:?} {kind:?}");
        }
        let made = city.standin.books().refunds.len();
        assert_eq!(made, 1, "{on:?} {kind:?}");
    }
}

#[tokio::test]
async fn a_refund_that_was_made_twice_is_told_of_and_the_case_comes_to_review() {
    let alarms = Alarms::listen();
    let (city, capture) = Box::pin(paid()).await;
    let case_number = city.standin.books().captures[0].invoice_id.clone().unwrap();
    let of = (case_number.as_str(), capture.as_str());
    let proposed = city.proposes("clerk-1", of, "10.00").await;
    let number = proposed.body["id"].as_str().unwrap().to_owned();
    let paypal = city.paypal().await;
    let soon = Instant::now() + Duration::from_secs(9);
    let token = paypal.fetch_token(city.now(), soon).await.unwrap();
    let new = NewRefund {
        amount: &ticket::Cents::new(1_000).into(),
        custom_id: &number,
        note_to_payer: "twice",
    };
    let id = capture.parse().unwrap();
    for request_id in ["one", "two"] {
        let made = paypal.refund_capture(&token, &id, request_id, new, soon);
        made.await.unwrap();
    }
    city.deliver().await;
    assert_eq!(alarms.heard(), ["refunded-twice"]);
    let case = city.reads(&case_number).await;
    assert_eq!(case["taken_back"].as_array().unwrap().len(), 2);
    assert_eq!(case["state"], "review");
}

#[tokio::test]
async fn a_subscriber_that_does_not_hear_for_three_days_is_told_of_and_not_before() {
    let alarms = Alarms::listen();
    let subscriber = Subscriber::opens("city").await;
    let city = City::new().await;
    let app = city.tells(&[subscriber.configured()]).await;
    city.minute_wakes(&app).await;
    subscriber.answers(Answers::Page(500));
    city.issue(CASE).await;
    city.minute_wakes(&app).await;
    // Each hour, for three days but the last one.
    for _ in 1..3 * 24 {
        city.later(Duration::from_hours(1));
        city.minute_wakes(&app).await;
    }
    assert_eq!(alarms.heard(), [""; 0]);
    city.later(Duration::from_hours(1));
    city.minute_wakes(&app).await;
    assert_eq!(alarms.heard(), ["delivery-parked"]);
    city.later(A_DAY);
    city.minute_wakes(&app).await;
    assert_eq!(alarms.heard(), [""; 0]);
}

#[tokio::test]
async fn a_subscriber_that_says_that_it_is_gone_is_told_of_at_once_and_once() {
    let alarms = Alarms::listen();
    let subscriber = Subscriber::opens("city").await;
    let city = City::new().await;
    let app = city.tells(&[subscriber.configured()]).await;
    city.minute_wakes(&app).await;
    subscriber.answers(Answers::Page(410));
    for number in 0..3 {
        city.issue(&format!("KL-{number}")).await;
    }
    city.stream_wakes(&app).await;
    assert_eq!(alarms.heard(), ["subscriber-gone"]);
    city.later(Duration::from_hours(1));
    city.minute_wakes(&app).await;
    assert_eq!(alarms.heard(), [""; 0]);
}

/// The one that `tests/binaries` hears.
const ELSEWHERE: &str = "webhook-certificate-refused";

#[test]
fn every_alarm_is_heard_by_a_test_and_has_a_page() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut named = BTreeSet::new();
    let mut folders = vec![root.join("functions")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = std::fs::read_to_string(path).unwrap();
                let alarms = text.split("alarm = \"").skip(1);
                named.extend(alarms.map(|rest| rest.split('"').next().unwrap().to_owned()));
            }
        }
    }
    assert!(named.len() > 10, "{named:?}");
    let tests = std::fs::read_to_string(root.join("tests/journeys/tests/alarms.rs")).unwrap();
    let runbook = std::fs::read_to_string(root.join("infra/runbook.md")).unwrap();
    for name in &named {
        assert!(
            tests.contains(&format!("\"{name}\"")),
            "{name} is heard by no test"
        );
        assert!(
            runbook.contains(&format!("\n### {name}\n")),
            "{name} has no page in the runbook"
        );
    }
    assert!(named.contains(ELSEWHERE));
}

#[tokio::test]
async fn a_sweep_that_could_not_read_what_is_due_is_missed() {
    let city = City::new().await;
    city.issue(CASE).await;
    let mut vars = city.vars.clone();
    vars.insert("TABLE_NAME", "gone".to_owned());
    let settle = city.webhook_app(&vars).await.settle;
    let pace = Pace::from_vars(&|_| None).unwrap();
    let clock = || city.now();
    let lines = Lines::listen();
    let ended = || {
        let heard = lines.heard();
        let ended = heard.iter().filter(|it| it.contains("metric.sweep_ended"));
        ended.count()
    };
    let until = Instant::now() + SWEEP_TIME;
    let swept = settle.sweep(&pace, Scope::All, &clock, until).await;
    assert!(swept.failed > 0, "{swept:?}");
    assert_eq!(ended(), 0);
    // Where the table answers, it is heard.
    city.sweep_over(Scope::All).await;
    assert_eq!(ended(), 1);
}
