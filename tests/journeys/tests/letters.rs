//! The lease for a letter: nobody gets a letter who has paid, or is paying.

use std::time::Duration;

use journeys::{Answered, City, Payment};
use paypal_standin::{Fault, FaultKind, On, Payer};
use serde_json::{Value, json};
use store::Write;

const CASE: &str = "KL-2026-000123";
const UNTIL: &str = "2026-12-10T12:00:00Z";
/// One moment in both languages, as the pages write it.
const WRITTEN: [(&str, &str); 2] = [
    (
        "driver-opens-ticket",
        "Zahlung vor 10.\u{a0}Dezember 2026, 13:00\u{a0}Uhr zählt noch",
    ),
    (
        "driver-opens-ticket-in-english",
        "before 10\u{a0}December 2026, 13:00 still counts",
    ),
];

async fn asks(city: &City, until: &str) -> Answered {
    let fill = [("UNTIL", until)];
    city.manages("city-asks-for-lease", CASE, &fill).await
}

#[tokio::test]
async fn a_lease_is_told_to_the_driver_who_can_still_pay_and_ends_by_itself() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let granted = asks(&city, UNTIL).await;
    assert_eq!(granted.status, 200, "{}", granted.body);
    assert_eq!(granted.body["letter_until"], UNTIL);
    let line = &granted.body["journal"][1];
    assert_eq!(
        (&line["what"], &line["by"]),
        (&json!("letter_leased"), &json!("clerk-17"))
    );
    for (event, written) in WRITTEN {
        let page = city.open_in(&token, event).await;
        assert!(page.has_pay_button());
        assert!(page.html.contains(written), "{}", page.html);
    }
    // The same again changes nothing.
    let table = city.table().await;
    assert_eq!(asks(&city, UNTIL).await.body, granted.body);
    assert_eq!(city.table().await, table);
    let until_then = city.now().duration_until(UNTIL.parse().unwrap());
    city.later(until_then.try_into().unwrap());
    assert_eq!(city.reads(CASE).await["letter_until"], Value::Null);
    assert!(!city.open(&token).await.html.contains("unterwegs"));
}

#[tokio::test]
async fn who_pays_while_a_letter_is_on_its_way_has_paid() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    asks(&city, UNTIL).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    assert_eq!(city.come_back(&back).await.state, "paid");
    let refused = asks(&city, "2026-12-11T12:00:00Z").await;
    assert!(refused.is_problem(409, "ticket-paid"), "{}", refused.body);
}

#[tokio::test]
async fn no_letter_while_somebody_may_be_paying_who_began_in_time() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let refused = asks(&city, UNTIL).await;
    assert!(
        refused.is_problem(409, "checkout-alive"),
        "{}",
        refused.body
    );
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    assert!(asks(&city, UNTIL).await.is_problem(409, "checkout-alive"));
    let lost = Fault::once(On::Capture, FaultKind::NoAnswerAfterEffect);
    city.standin.set_fault(lost).unwrap();
    city.come_back(&back).await;
    assert!(asks(&city, UNTIL).await.is_problem(409, "payment-running"));
    city.later(Duration::from_mins(2));
    city.sweep().await;
    assert!(asks(&city, UNTIL).await.is_problem(409, "ticket-paid"));
}

#[tokio::test]
async fn a_lease_that_is_asked_for_again_looks_again_whether_somebody_pays() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    assert_eq!(asks(&city, UNTIL).await.status, 200);
    city.press_pay(&token).await;
    let again = asks(&city, UNTIL).await;
    assert!(again.is_problem(409, "checkout-alive"), "{}", again.body);
}

#[tokio::test]
async fn a_letter_may_go_once_the_checkout_is_over_or_where_it_began_too_late() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    city.press_pay(&token).await;
    for _ in 0..14 {
        city.later(Duration::from_hours(1));
        city.sweep().await;
    }
    assert_eq!(asks(&city, UNTIL).await.status, 200);

    let city = City::new().await;
    let token = city.issue(CASE).await;
    city.later(Duration::from_hours(24 * 8));
    assert_eq!(city.press_pay(&token).await.status, 303);
    assert_eq!(asks(&city, UNTIL).await.status, 200);
}

#[tokio::test]
async fn no_letter_about_what_cannot_be_paid_here() {
    let pending = City::new().await;
    let back = pending.goes_to_paypal(CASE, Payer::Pays).await.unwrap();
    let held_back = Fault::once(On::Capture, FaultKind::Pending);
    pending.standin.set_fault(held_back).unwrap();
    pending.come_back(&back).await;
    assert!(
        asks(&pending, UNTIL)
            .await
            .is_problem(409, "payment-pending")
    );

    for (closing, problem) in [
        ("clerk-withdraws-ticket", "ticket-withdrawn"),
        ("clerk-notes-objection", "ticket-objected"),
        ("clerk-hands-over", "ticket-handed-over"),
    ] {
        let city = City::new().await;
        city.issue(CASE).await;
        city.clerk(closing, CASE).await;
        assert!(asks(&city, UNTIL).await.is_problem(409, problem));
    }
    let city = City::new().await;
    city.issue(CASE).await;
    let cash = Payment {
        amount: "30.00",
        number: "4711",
        paid_at: None,
    };
    city.books("clerk-takes-cash", CASE, cash).await;
    assert!(asks(&city, UNTIL).await.is_problem(409, "ticket-paid"));
    let unknown = city.manages("city-asks-for-lease", "KL-1", &[("UNTIL", UNTIL)]);
    assert!(unknown.await.is_problem(404, "no-such-ticket"));
}

#[tokio::test]
async fn a_checkout_that_begins_while_a_lease_is_decided_comes_first() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let read = city.case_file(CASE).await.ticket;
    city.press_pay(&token).await;
    let table = city.table().await;
    let until = UNTIL.parse().unwrap();
    let leased = city.store.lease_letter(&read, until, "clerk", city.now());
    assert_eq!(leased.await.unwrap(), Write::Refused);
    assert_eq!(city.table().await, table);
}

#[tokio::test]
async fn a_moment_that_cannot_be_is_refused() {
    let city = City::new().await;
    city.issue(CASE).await;
    let table = city.table().await;
    for until in [
        "2026-11-23T08:00:00Z",
        "2026-01-01T00:00:00Z",
        "2027-01-01T00:00:00Z",
        "2026-12-10",
        "",
    ] {
        let refused = asks(&city, until).await;
        assert!(refused.is_problem(400, "invalid-request"), "{until}");
        assert_eq!(refused.body["field"], "until");
    }
    assert_eq!(city.table().await, table);
}

#[tokio::test]
async fn no_letter_while_an_approved_payment_waits_even_where_it_began_late() {
    let mut city = City::new().await;
    let token = city.issue(CASE).await;
    city.later(Duration::from_hours(24 * 8));
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    city.set_captures(ticket::Captures::Closed).await;
    city.come_back(&back).await;
    let refused = asks(&city, "2026-12-15T12:00:00Z").await;
    assert!(
        refused.is_problem(409, "payment-running"),
        "{}",
        refused.body
    );
}

#[tokio::test]
async fn a_city_that_takes_nothing_late_promises_no_more_than_the_due_date() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    city.takes_no_late_payments().await;
    assert_eq!(asks(&city, UNTIL).await.status, 200);
    let page = city.open(&token).await;
    assert!(
        page.html
            .contains("Zahlung vor 1.\u{a0}Dezember 2026, 00:00"),
        "{}",
        page.html
    );
}

#[tokio::test]
async fn a_checkout_of_another_amount_keeps_no_letter_back() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    city.press_pay(&token).await;
    city.changes_amount(CASE, "20.00").await;
    assert_eq!(asks(&city, UNTIL).await.status, 200);
}
