//! What the city does to a ticket by hand: who is refused with what, that nobody is
//! charged afterwards, and what the journal keeps of it.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

use journeys::{City, PLACE, PLATE};
use paypal_standin::{Fault, FaultKind, On, Payer};
use serde_json::json;

const CASE: &str = "KL-2026-000123";

/// Every change that a clerk can ask for, and the state it leads to.
const CHANGES: [(&str, &str); 4] = [
    ("clerk-withdraws-ticket", "withdrawn"),
    ("clerk-notes-objection", "objected"),
    ("clerk-hands-over", "handed_over"),
    ("clerk-changes-amount", "open"),
];

/// The one ticket of a city, approved at PayPal, its driver on the way back.
async fn approved(city: &City) -> journeys::Return {
    let back = city.goes_to_paypal(CASE, Payer::Pays).await;
    back.unwrap()
}

#[tokio::test]
async fn whoever_has_approved_is_not_charged_once_a_clerk_has_changed_the_case() {
    for (change, state) in CHANGES {
        let city = City::new().await;
        let back = approved(&city).await;
        let changed = city.clerk(change, CASE).await;
        assert_eq!(changed.status, 200, "{change}: {}", changed.body);
        assert_eq!(changed.body["state"], state);
        let page = city.come_back(&back).await;
        city.deliver().await;
        assert_eq!(city.money_moved(), 0, "{change}");
        assert_ne!(page.state, "paid", "{change}");
    }
}

#[tokio::test]
async fn a_change_is_told_by_whom_and_why_and_the_same_again_changes_nothing() {
    for (change, state) in CHANGES {
        let city = City::new().await;
        city.issue(CASE).await;
        let first = city.clerk(change, CASE).await;
        let table = city.table().await;
        let again = city.clerk(change, CASE).await;
        assert_eq!(again.status, 200);
        assert_eq!(city.table().await, table, "{change}");
        assert_eq!(again.body, first.body);
        let journal = first.body["journal"].as_array().unwrap();
        let line = journal.last().unwrap();
        assert_eq!(journal.len(), 2, "{change}");
        assert_eq!(line["by"], "clerk-17");
        assert_eq!(line["reason"], "Anhörung vom 3. Tag");
        assert_eq!(line["after"]["state"], state);
    }
}

#[tokio::test]
async fn a_page_that_was_loaded_before_leads_to_no_order() {
    for (change, state) in CHANGES {
        let city = City::new().await;
        let token = city.issue(CASE).await;
        assert!(city.open(&token).await.has_pay_button());
        city.clerk(change, CASE).await;
        let pressed = city.press_pay(&token).await;
        assert_eq!(pressed.location, None, "{change}");
        assert_eq!(pressed.state, state.replace('_', "-"));
        assert!(city.standin.books().orders.is_empty(), "{change}");
    }
}

#[tokio::test]
async fn a_clerk_is_told_to_wait_while_a_payment_runs_and_why_where_it_is_paid() {
    for (change, _) in CHANGES {
        let city = City::new().await;
        let back = approved(&city).await;
        let lost = Fault::once(On::Capture, FaultKind::NoAnswerAfterEffect);
        city.standin.set_fault(lost).unwrap();
        city.come_back(&back).await;
        let locked = city.clerk(change, CASE).await;
        assert!(locked.is_problem(409, "payment-running"), "{change}");
        city.later(settle::limits::LEASE);
        city.sweep().await;
        let paid = city.clerk(change, CASE).await;
        assert!(paid.is_problem(409, "ticket-paid"), "{}", paid.body);
        assert_eq!(city.reads(CASE).await["state"], "paid");
    }
}

#[tokio::test]
async fn a_clerk_is_refused_while_paypal_holds_a_capture_back() {
    let city = City::new().await;
    let back = approved(&city).await;
    let held_back = Fault::once(On::Capture, FaultKind::Pending);
    city.standin.set_fault(held_back).unwrap();
    city.come_back(&back).await;
    for (change, _) in CHANGES {
        let refused = city.clerk(change, CASE).await;
        assert!(refused.is_problem(409, "payment-pending"), "{change}");
    }
}

#[tokio::test]
async fn a_closed_case_answers_how_it_stands() {
    for closing in ["clerk-withdraws-ticket", "clerk-hands-over"] {
        let city = City::new().await;
        city.issue(CASE).await;
        let closed = city.clerk(closing, CASE).await;
        for (change, _) in CHANGES {
            let answered = city.clerk(change, CASE).await;
            assert_eq!(
                (answered.status.as_u16(), &answered.body),
                (200, &closed.body)
            );
        }
    }
}

#[tokio::test]
async fn what_is_no_change_is_refused_with_its_field_and_writes_nothing() {
    let city = City::new().await;
    city.issue(CASE).await;
    let table = city.table().await;
    for (change, reason, amount, field) in [
        ("clerk-withdraws-ticket", "", "", json!("reason")),
        ("clerk-withdraws-ticket", " ", "", json!("reason")),
        ("clerk-notes-objection", "a\\nb", "", json!("reason")),
        (
            "clerk-hands-over",
            r#"x\",\"grund\":\"y"#,
            "",
            json!("grund"),
        ),
        ("clerk-changes-amount", "x", "32.50", json!("amount")),
        ("clerk-changes-amount", "x", "60.00", json!("amount")),
        ("clerk-changes-amount", "x", "0.00", json!("amount")),
        ("clerk-changes-amount", "x", "20", json!("amount")),
        ("clerk-changes-amount", r#"\""#, "20.00", json!("reason")),
    ] {
        let fill = [("REASON", reason), ("AMOUNT", amount)];
        let refused = city.manages(change, CASE, &fill).await;
        assert!(refused.is_problem(400, "invalid-request"), "{reason:?}");
        assert_eq!(refused.body["field"], field, "{}", refused.body);
    }
    let long = "x".repeat(20_000);
    let fill = [("REASON", long.as_str())];
    let refused = city.manages("clerk-withdraws-ticket", CASE, &fill).await;
    assert!(refused.is_problem(413, "too-large"));
    let unknown = city.clerk("clerk-withdraws-ticket", "KL-1").await;
    assert!(unknown.is_problem(404, "no-such-ticket"));
    assert_eq!(city.table().await, table);
}

#[tokio::test]
async fn a_reason_reaches_no_page_and_nothing_of_the_case_reaches_paypal() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let fill = [("REASON", "<script>alert(1)</script>"), ("AMOUNT", "20.00")];
    let changed = city.manages("clerk-changes-amount", CASE, &fill).await;
    let reason = &changed.body["journal"][1]["reason"];
    assert_eq!(reason, "<script>alert(1)</script>");
    assert!(!city.open(&token).await.html.contains("alert"));
    let checkout = city.press_pay_over(&token, "20.00").await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    assert_eq!(city.come_back(&back).await.state, "paid");
    let books = format!("{:?}", city.standin.books());
    for word in ["alert", PLACE, PLATE] {
        assert!(!books.contains(word), "{word}");
    }
}

/// A ticket that was mistyped: its number stays taken, and the driver pays another one.
#[tokio::test]
async fn a_mistyped_ticket_is_withdrawn_and_issued_under_a_new_number() {
    let city = City::new().await;
    let mistyped = city.issue(CASE).await;
    let withdrawn = city.clerk("clerk-withdraws-ticket", CASE).await;
    assert_eq!(withdrawn.body["state"], "withdrawn");
    let right = city.issue("KL-2026-000124").await;
    let page = city.open(&mistyped).await;
    assert_eq!(
        (page.state.as_str(), page.has_pay_button()),
        ("withdrawn", false)
    );
    let checkout = city.press_pay(&right).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    assert_eq!(city.come_back(&back).await.state, "paid");
    assert_eq!(city.reads(CASE).await["state"], "withdrawn");
}
