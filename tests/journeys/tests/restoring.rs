//! The table is restored to an earlier moment: all money that came since is
//! found in PayPal's books, booked once, and nothing is captured meanwhile.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use journeys::{Backup, City, Payment};
use paypal_standin::{Afterwards, CaptureStatus, Fault, FaultKind, On, Payer};
use serde_json::json;
use settle::Reconciled;
use store::AttemptState;
use ticket::{Captures, Role, State, SurplusReason};
use tokio::time::Instant;

const LEASE_AND_TIMEOUT: Duration = Duration::from_secs(60 + 15);
const LAG: Duration = Duration::from_hours(3);

/// The driver pays and comes back; the capture's id.
async fn pay(city: &City, token: &str) -> String {
    let checkout = city.press_pay(token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    city.come_back(&back).await;
    city.standin.books().captures.last().unwrap().id.clone()
}

/// As infra/runbook.md says: captures closed, the lease waited out, the table
/// put back.
async fn restore(city: &mut City, backup: &Backup) {
    city.set_captures(Captures::Closed).await;
    city.later(LEASE_AND_TIMEOUT);
    city.restore(backup).await;
}

/// A day before the restore point.
fn from(restore_point: Timestamp) -> Timestamp {
    restore_point - SignedDuration::from_hours(24)
}

/// Every capture with money is one settlement, every refund one line, and the
/// sums are those of PayPal's books.
async fn assert_booked_once(city: &City, cases: &[&str]) {
    let (mut settled, mut lines, mut sum) = (Vec::new(), Vec::new(), 0);
    for case in cases {
        let file = city.case_file(case).await;
        for settlement in &file.settlements {
            settled.push(settlement.id().to_string());
            sum += settlement.amount.signed_euro_cents().unwrap();
        }
        for line in &file.taken_back {
            lines.push(line.id.clone());
            sum += line.cents();
        }
    }
    let books = city.standin.books();
    let mut captured: Vec<String> = Vec::new();
    let mut expected = 0;
    for capture in &books.captures {
        if capture.status.moves_money() && capture.status != CaptureStatus::Pending {
            captured.push(capture.id.clone());
            expected += i64::try_from(capture.amount.minor_units).unwrap()
                - i64::try_from(capture.given_back.minor_units).unwrap();
        }
    }
    let mut refunds: Vec<String> = books
        .refunds
        .iter()
        .map(|refund| refund.id.clone())
        .collect();
    for ids in [&mut settled, &mut lines, &mut captured, &mut refunds] {
        ids.sort();
    }
    assert_eq!((settled, lines), (captured, refunds));
    assert_eq!(sum, expected);
}

fn assert_agrees(reconciled: &Reconciled) {
    assert!(reconciled.comparison.agrees(), "{reconciled:?}");
    assert_eq!(
        (reconciled.difference_cents, reconciled.stopped_at),
        (0, None)
    );
}

const SETTLED_BEFORE: &str = "KL-1";
const APPROVED_BEFORE: &str = "KL-2";
const LOCKED_BEFORE: &str = "KL-3";
const REFUNDED_SINCE: &str = "KL-4";
const BEGUN_SINCE: &str = "KL-5";
const PENDING_SINCE: &str = "KL-6";
const REVERSED_SINCE: &str = "KL-7";
const NEVER_PAID: &str = "KL-8";
const CASES: [&str; 8] = [
    SETTLED_BEFORE,
    APPROVED_BEFORE,
    LOCKED_BEFORE,
    REFUNDED_SINCE,
    BEGUN_SINCE,
    PENDING_SINCE,
    REVERSED_SINCE,
    NEVER_PAID,
];

/// A city in which much has happened in the last five minutes, and its table of
/// five minutes ago.
async fn city_with_a_past() -> (City, Backup, Timestamp) {
    let city = City::new().await;
    let mut tokens = Vec::new();
    for case in CASES {
        tokens.push(city.issue(case).await);
    }
    let fault = |kind| {
        city.standin
            .set_fault(Fault::once(On::Capture, kind))
            .unwrap();
    };
    pay(&city, &tokens[0]).await;
    let to_refund = pay(&city, &tokens[3]).await;
    let approved = city.press_pay(&tokens[1]).await;
    let approved = city.at_paypal(&approved, Payer::Pays).unwrap();
    fault(FaultKind::NoAnswerAfterEffect);
    pay(&city, &tokens[2]).await;
    assert!(city.case_file(LOCKED_BEFORE).await.ticket.lock().is_some());
    let (backup, restore_point) = (city.backup().await, city.now());

    city.later(Duration::from_mins(5));
    assert_eq!(city.come_back(&approved).await.state, "paid");
    city.standin
        .afterwards(&to_refund, Afterwards::Refunded)
        .unwrap();
    pay(&city, &tokens[4]).await;
    fault(FaultKind::Pending);
    pay(&city, &tokens[5]).await;
    let to_reverse = pay(&city, &tokens[6]).await;
    city.standin
        .afterwards(&to_reverse, Afterwards::Reversed)
        .unwrap();
    city.deliver().await;
    city.sweep().await;
    (city, backup, restore_point)
}

#[tokio::test]
async fn after_a_restore_every_capture_is_booked_once_and_the_sums_agree() {
    let (mut city, backup, restore_point) = Box::pin(city_with_a_past()).await;
    assert_booked_once(&city, &CASES).await;
    let moved = city.money_moved();
    restore(&mut city, &backup).await;
    city.sweep().await;
    city.later(LAG);

    let reconciled = city.reconcile(from(restore_point)).await;
    assert_agrees(&reconciled);
    let comparison = reconciled.comparison;
    assert_eq!(
        (comparison.shown.count, comparison.shown.cents),
        (6, 18_000)
    );
    assert_eq!(comparison.taken_back_shown.cents, -6_000);
    assert_eq!((comparison.pending.count, comparison.foreign.count), (1, 0));
    assert!(comparison.found >= 4, "{comparison:?}");
    assert!(reconciled.complete_until.unwrap() > restore_point);
    assert_booked_once(&city, &CASES).await;
    for case in [APPROVED_BEFORE, LOCKED_BEFORE, BEGUN_SINCE] {
        let file = city.case_file(case).await;
        assert!(matches!(file.ticket.state, State::Paid { .. }), "{case}");
        assert_eq!(file.settlements[0].role, Role::Main, "{case}");
        let attempt = &file.attempts[0];
        assert!(
            matches!(attempt.state, AttemptState::Captured { .. }),
            "{case}"
        );
    }
    for case in [REFUNDED_SINCE, REVERSED_SINCE] {
        assert_eq!(
            city.case_file(case).await.ticket.state,
            State::Review(None),
            "{case}"
        );
    }
    assert!(
        city.case_file(PENDING_SINCE)
            .await
            .ticket
            .pending()
            .is_some()
    );
    assert_eq!(
        city.case_file(NEVER_PAID).await.ticket.state,
        State::Open(None)
    );

    let table = city.table().await;
    let again = city.reconcile(from(restore_point)).await;
    assert_agrees(&again);
    assert_eq!(again.comparison.found, 0);
    assert_eq!(city.table().await, table, "a second time changes nothing");

    city.set_captures(Captures::Open).await;
    for _ in 0..3 {
        city.later(Duration::from_mins(10));
        city.sweep().await;
    }
    assert_eq!(city.money_moved(), moved, "nobody is charged a second time");
}

#[tokio::test]
async fn what_was_pending_at_the_restore_is_paid_when_it_completes() {
    let (mut city, backup, restore_point) = Box::pin(city_with_a_past()).await;
    restore(&mut city, &backup).await;
    city.later(LAG);
    city.reconcile(from(restore_point)).await;
    let ticket = city.case_file(PENDING_SINCE).await.ticket;
    let capture = ticket.pending().unwrap().capture_id.clone();
    city.standin
        .afterwards(capture.as_str(), Afterwards::Completes)
        .unwrap();
    city.later(Duration::from_hours(1));
    city.sweep().await;
    let ticket = city.case_file(PENDING_SINCE).await.ticket;
    assert!(
        matches!(ticket.state, State::Paid { .. }),
        "{:?}",
        ticket.state
    );
}

#[tokio::test]
async fn what_paypal_does_not_show_yet_is_neither_invented_nor_said_to_be_complete() {
    let (mut city, backup, restore_point) = Box::pin(city_with_a_past()).await;
    restore(&mut city, &backup).await;
    let table = city.table().await;
    let reconciled = city.reconcile(from(restore_point)).await;
    assert_agrees(&reconciled);
    assert_eq!(reconciled.comparison.shown.count, 0);
    assert!(reconciled.complete_until.unwrap() < restore_point);
    assert_eq!(city.table().await, table);
}

#[tokio::test]
async fn a_restore_may_be_reconciled_in_several_calls_and_die_at_any_point() {
    let (mut city, backup, restore_point) = Box::pin(city_with_a_past()).await;
    restore(&mut city, &backup).await;
    city.later(LAG);
    let from = from(restore_point);
    let too_short = Instant::now() + Duration::from_secs(14);
    let stopped = city.reconcile_until(from, too_short).await;
    assert_eq!(stopped.stopped_at, Some(from));

    let mut polls = 1;
    loop {
        let died = {
            let mut work = Box::pin(city.reconcile(from));
            let mut left = polls;
            std::future::poll_fn(|context| {
                if left == 0 {
                    return std::task::Poll::Ready(true);
                }
                left -= 1;
                work.as_mut().poll(context).map(|_| false)
            })
            .await
        };
        if !died {
            break;
        }
        polls += 1;
    }
    assert!(polls > 20, "{polls}");
    assert_agrees(&city.reconcile(from).await);
    assert_booked_once(&city, &CASES).await;
}

#[tokio::test]
async fn a_ticket_issued_since_is_asked_for_and_its_money_booked_once_it_is_there() {
    let mut city = City::new().await;
    let (backup, restore_point) = (city.backup().await, city.now());
    let token = city.issue("KL-1").await;
    pay(&city, &token).await;
    restore(&mut city, &backup).await;
    city.later(LAG);
    let without = city.reconcile(from(restore_point)).await;
    assert!(!without.comparison.agrees());
    assert_eq!(without.comparison.without_ticket.cents, 3_000);
    assert_eq!(without.difference_cents, 3_000);
    city.issue("KL-1").await;
    assert_agrees(&city.reconcile(from(restore_point)).await);
    assert_booked_once(&city, &["KL-1"]).await;
}

#[tokio::test]
async fn a_forgotten_payment_with_other_facts_keeps_its_ticket_from_being_paid_again() {
    for kind in [
        FaultKind::WrongAmount,
        FaultKind::WrongCurrency,
        FaultKind::WrongPayee,
    ] {
        let mut city = City::new().await;
        let token = city.issue("KL-1").await;
        let (backup, restore_point) = (city.backup().await, city.now());
        let fault = Fault::once(On::Capture, kind);
        city.standin.set_fault(fault).unwrap();
        pay(&city, &token).await;
        restore(&mut city, &backup).await;
        city.later(LAG);
        let reconciled = city.reconcile(from(restore_point)).await;
        assert_eq!(reconciled.comparison.foreign.count, 0, "{kind:?}");
        let file = city.case_file("KL-1").await;
        assert_eq!(file.ticket.state, State::Review(None), "{kind:?}");
        assert_eq!(
            file.settlements[0].role,
            Role::Surplus(SurplusReason::FactsDiffer)
        );
        assert!(!city.open(&token).await.has_pay_button());
    }
}

#[tokio::test]
async fn a_dispute_that_names_the_case_alone_is_about_paypals_money_and_not_about_cash() {
    let mut city = City::new().await;
    let token = city.issue("KL-1").await;
    let (backup, restore_point) = (city.backup().await, city.now());
    let capture = pay(&city, &token).await;
    restore(&mut city, &backup).await;
    // A clerk takes cash for what the table does not know to be paid.
    let receipt = Payment {
        amount: "30.00",
        number: "4711",
        paid_at: None,
    };
    let booked = city.books("clerk-takes-cash", "KL-1", receipt).await;
    assert_eq!(booked.status, 201, "{}", booked.body);
    city.later(LAG);
    city.reconcile(from(restore_point)).await;
    let roles = city.case_file("KL-1").await.settlements.into_iter();
    assert_eq!(roles.filter(|it| it.role == Role::Main).count(), 1);

    let disputed = Afterwards::Disputed;
    city.standin.afterwards(&capture, disputed).unwrap();
    city.between(|asked, status, mut answer| {
        if asked.contains("/customer/disputes/") {
            answer["disputed_transactions"] = json!([{ "invoice_number": "KL-1" }]);
        }
        (status, answer)
    })
    .await;
    city.deliver().await;
    let file = city.case_file("KL-1").await;
    assert_eq!(file.ticket.state, State::Review(None));
    assert_eq!(file.taken_back[0].settlement.as_str(), capture);
}

#[tokio::test]
async fn a_forgotten_payment_that_hides_its_mark_is_booked_when_it_shows_it() {
    let mut city = City::new().await;
    let token = city.issue("KL-1").await;
    let (backup, restore_point) = (city.backup().await, city.now());
    pay(&city, &token).await;
    restore(&mut city, &backup).await;
    city.later(LAG);
    city.behave(|it| it.omit_parts.custom_id = true);
    let comparison = city.reconcile(from(restore_point)).await.comparison;
    assert_eq!((comparison.foreign.count, comparison.unclear), (0, 1));
    city.behave(|it| it.omit_parts.custom_id = false);
    assert_agrees(&city.reconcile(from(restore_point)).await);
    assert_booked_once(&city, &["KL-1"]).await;
}

#[tokio::test]
async fn while_captures_are_closed_nobody_is_sent_to_paypal() {
    let mut city = City::new().await;
    let token = city.issue("KL-1").await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Cancels).unwrap();
    city.set_captures(Captures::Closed).await;
    for page in [
        city.press_pay(&token).await,
        city.try_again(&back.attempt).await,
    ] {
        assert_eq!((page.status, page.location), (503, None));
    }
}

#[tokio::test]
async fn a_dispute_about_a_forgotten_payment_waits_until_it_is_found() {
    let mut city = City::new().await;
    let token = city.issue("KL-1").await;
    let (backup, restore_point) = (city.backup().await, city.now());
    let capture = pay(&city, &token).await;
    city.deliver().await;
    restore(&mut city, &backup).await;
    city.standin
        .afterwards(&capture, Afterwards::Disputed)
        .unwrap();
    assert_eq!(city.deliver().await, [503]);
    city.later(LAG);
    assert_agrees(&city.reconcile(from(restore_point)).await);
    assert_eq!(city.deliver().await, [200]);
    assert_eq!(
        city.case_file("KL-1").await.ticket.state,
        State::Review(None)
    );
}

#[tokio::test]
async fn a_second_invoice_id_leads_to_its_ticket_and_foreign_money_to_none() {
    let mut city = City::new().await;
    let token = city.issue("KL-1").await;
    let (backup, restore_point) = (city.backup().await, city.now());
    // Somebody else's sale in the same account; more rows than one page holds.
    for number in 0..101 {
        city.use_up_invoice(&format!("SWIMMING-POOL-{number}"))
            .await;
    }
    city.use_up_invoice("KL-1").await;
    pay(&city, &token).await;
    let books = city.standin.books();
    let ours = books.captures.last().unwrap();
    assert_eq!(ours.invoice_id.as_deref(), Some("KL-1_2"));
    restore(&mut city, &backup).await;
    city.later(LAG);
    // While the table may have forgotten something, a sale for a ticket's number is
    // perhaps ours.
    let reconciled = city.reconcile(from(restore_point)).await;
    let comparison = &reconciled.comparison;
    assert_eq!((comparison.foreign.count, comparison.unclear), (101, 1));
    assert_eq!((comparison.found, comparison.booked.cents), (1, 3_000));
    city.set_captures(Captures::Open).await;
    let reconciled = city.reconcile(from(restore_point)).await;
    assert_agrees(&reconciled);
    let comparison = reconciled.comparison;
    assert_eq!(
        (comparison.foreign.count, comparison.foreign.cents),
        (102, 10_200)
    );
    let file = city.case_file("KL-1").await;
    assert_eq!(file.settlements.len(), 1);
    assert_eq!(file.settlements[0].id().as_str(), ours.id);
}
