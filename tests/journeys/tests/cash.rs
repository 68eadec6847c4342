//! Money that comes at the till or by a bank transfer: booked once, under the same rules
//! as what PayPal captures, and nobody pays twice by it.

use std::time::Duration;

use journeys::{Answered, City, Payment};
use paypal_standin::{Afterwards, Fault, FaultKind, On, Payer};
use serde_json::{Value, json};
use ticket::{Role, State};

const CASE: &str = "KL-2026-000123";
const CASH: &str = "clerk-takes-cash";
const TRANSFER: &str = "cash-office-books-transfer";

const fn of(amount: &'static str, number: &'static str) -> Payment<'static> {
    Payment {
        amount,
        number,
        paid_at: None,
    }
}

async fn books(city: &City, name: &str, amount: &'static str, number: &'static str) -> Answered {
    city.books(name, CASE, of(amount, number)).await
}

#[tokio::test]
async fn cash_pays_the_ticket_and_a_page_loaded_before_leads_to_no_order() {
    for (name, channel) in [(CASH, "cash"), (TRANSFER, "transfer")] {
        let city = City::new().await;
        let token = city.issue(CASE).await;
        assert!(city.open(&token).await.has_pay_button());
        let booked = books(&city, name, "30.00", "2026-4711").await;
        assert_eq!(booked.status, 201, "{}", booked.body);
        assert_eq!(booked.body["state"], "paid");
        assert_eq!(booked.body["owed"], "0.00");
        assert_eq!(booked.body["surplus"], "0.00");
        assert_eq!(booked.body["settlement"]["channel"], channel);
        assert_eq!(city.open(&token).await.state, "paid");
        let pressed = city.press_pay(&token).await;
        assert_eq!((pressed.location, pressed.state.as_str()), (None, "paid"));
        assert!(city.standin.books().orders.is_empty());
        let line = city.reads(CASE).await["journal"][1].clone();
        assert_eq!(
            (&line["what"], &line["by"]),
            (&json!("paid"), &json!("clerk-17"))
        );
        assert_eq!(line["reference"], format!("{channel}-2026-4711"));
    }
}

#[tokio::test]
async fn whoever_has_approved_at_paypal_is_not_charged_once_cash_was_taken() {
    let city = City::new().await;
    let back = city.goes_to_paypal(CASE, Payer::Pays).await.unwrap();
    assert_eq!(books(&city, CASH, "30.00", "1").await.status, 201);
    let page = city.come_back(&back).await;
    city.deliver().await;
    assert_eq!(page.state, "paid");
    assert_eq!(city.money_moved(), 0);
}

#[tokio::test]
async fn the_same_receipt_is_booked_once_and_another_under_its_number_is_refused() {
    let city = City::new().await;
    city.issue(CASE).await;
    city.issue("KL-2").await;
    let first = books(&city, CASH, "30.00", "4711").await;
    let table = city.table().await;
    let again = books(&city, CASH, "30.00", "4711").await;
    assert_eq!(again.status, 200);
    assert_eq!(again.body["settlement"], first.body["settlement"]);
    let other = books(&city, CASH, "25.00", "4711").await;
    assert!(other.is_problem(409, "other-content"), "{}", other.body);
    let elsewhere = city.books(CASH, "KL-2", of("30.00", "4711")).await;
    assert!(
        elsewhere.is_problem(409, "receipt-used"),
        "{}",
        elsewhere.body
    );
    assert_eq!(city.table().await, table);
    // The bank's numbers are its own.
    let transfer = city.books(TRANSFER, "KL-2", of("30.00", "4711")).await;
    assert_eq!(transfer.status, 201);
}

#[tokio::test]
async fn of_one_receipt_for_two_tickets_at_the_same_moment_one_is_booked() {
    let city = City::new().await;
    for number in ["KL-1", "KL-2"] {
        city.issue(number).await;
    }
    let (one, other) = futures_util::join!(
        city.books(CASH, "KL-1", of("30.00", "4711")),
        city.books(CASH, "KL-2", of("30.00", "4711")),
    );
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    let mut paid = 0;
    for number in ["KL-1", "KL-2"] {
        paid += city.case_file(number).await.settlements.len();
    }
    assert_eq!(paid, 1);
}

#[tokio::test]
async fn less_than_is_owed_leaves_the_rest_owed_and_payable_at_paypal() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let short = books(&city, TRANSFER, "12.50", "E2E-1").await;
    assert_eq!(short.status, 201, "{}", short.body);
    assert_eq!(short.body["state"], "open");
    assert_eq!(short.body["owed"], "17.50");
    assert_eq!(books(&city, TRANSFER, "12.50", "E2E-1").await.status, 200);
    assert_eq!(city.reads(CASE).await["owed"], "17.50");
    assert!(city.open(&token).await.html.contains("17,50"));
    let checkout = city.press_pay_over(&token, "17.50").await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    assert_eq!(city.come_back(&back).await.state, "paid");
    let books = city.standin.books();
    assert_eq!(books.captures[0].amount.minor_units, 1_750);
    let file = city.case_file(CASE).await;
    let roles: Vec<Role> = file.settlements.iter().map(|one| one.role).collect();
    assert!(
        roles.contains(&Role::Part) && roles.contains(&Role::Main),
        "{roles:?}"
    );
}

#[tokio::test]
async fn an_order_of_the_whole_amount_is_not_captured_once_a_part_is_paid() {
    let city = City::new().await;
    let back = city.goes_to_paypal(CASE, Payer::Pays).await.unwrap();
    assert_eq!(books(&city, TRANSFER, "10.00", "E2E-1").await.status, 201);
    let page = city.come_back(&back).await;
    assert_eq!(page.state, "open");
    assert_eq!(city.money_moved(), 0);
}

#[tokio::test]
async fn more_than_is_owed_pays_the_ticket_and_the_rest_is_surplus() {
    let city = City::new().await;
    city.issue(CASE).await;
    let over = books(&city, TRANSFER, "35.00", "E2E-1").await;
    assert_eq!(
        (over.status.as_u16(), &over.body["state"]),
        (201, &json!("paid"))
    );
    assert_eq!(over.body["surplus"], "5.00");
    let second = books(&city, CASH, "30.00", "4711").await;
    assert_eq!(second.status, 201);
    assert_eq!(second.body["surplus"], "30.00");
    assert_eq!(second.body["settlement"]["role"], "surplus");
    assert_eq!(city.case_file(CASE).await.settlements.len(), 2);
}

#[tokio::test]
async fn a_clerk_waits_while_a_payment_runs_and_what_then_comes_is_surplus() {
    let city = City::new().await;
    let back = city.goes_to_paypal(CASE, Payer::Pays).await.unwrap();
    let lost = Fault::once(On::Capture, FaultKind::NoAnswerAfterEffect);
    city.standin.set_fault(lost).unwrap();
    city.come_back(&back).await;
    for (amount, number) in [("30.00", "1"), ("10.00", "2"), ("35.00", "3")] {
        let waits = books(&city, CASH, amount, number).await;
        assert!(waits.is_problem(409, "payment-running"), "{}", waits.body);
    }
    city.later(Duration::from_mins(2));
    city.sweep().await;
    let surplus = books(&city, CASH, "30.00", "1").await;
    assert_eq!(
        (surplus.status.as_u16(), &surplus.body["surplus"]),
        (201, &json!("30.00"))
    );
}

#[tokio::test]
async fn cash_beside_a_capture_that_paypal_holds_back_needs_a_reason_and_that_is_surplus_then() {
    let city = City::new().await;
    let back = city.goes_to_paypal(CASE, Payer::Pays).await.unwrap();
    let held_back = Fault::once(On::Capture, FaultKind::Pending);
    city.standin.set_fault(held_back).unwrap();
    city.come_back(&back).await;
    let refused = books(&city, CASH, "30.00", "4711").await;
    assert!(
        refused.is_problem(409, "payment-pending"),
        "{}",
        refused.body
    );
    let overridden = books(&city, "clerk-overrides-pending", "30.00", "4711").await;
    assert_eq!(overridden.status, 201, "{}", overridden.body);
    assert_eq!(overridden.body["state"], "paid");
    let case = city.reads(CASE).await;
    let journal = case["journal"].as_array().unwrap();
    let paid = journal.iter().find(|line| line["what"] == "paid").unwrap();
    assert_eq!(paid["reason"], "Kasse war schon geschlossen");
    let capture = city.standin.books().captures[0].id.clone();
    city.standin
        .afterwards(&capture, Afterwards::Completes)
        .unwrap();
    city.later(Duration::from_hours(2));
    city.sweep().await;
    let file = city.case_file(CASE).await;
    let surplus = file.settlements.iter().filter(|one| one.role != Role::Main);
    assert_eq!(surplus.count(), 1);
    assert!(matches!(file.ticket.state, State::Paid { .. }));
}

#[tokio::test]
async fn what_the_case_does_not_take_is_refused_with_its_reason_and_writes_nothing() {
    for (closing, problem) in [
        ("clerk-withdraws-ticket", "ticket-withdrawn"),
        ("clerk-notes-objection", "ticket-objected"),
        ("clerk-hands-over", "ticket-handed-over"),
    ] {
        let city = City::new().await;
        city.issue(CASE).await;
        city.clerk(closing, CASE).await;
        let table = city.table().await;
        let refused = books(&city, CASH, "30.00", "4711").await;
        assert!(refused.is_problem(409, problem), "{}", refused.body);
        assert_eq!(city.table().await, table);
    }
}

#[tokio::test]
async fn what_is_no_payment_is_refused_with_its_field_and_writes_nothing() {
    let city = City::new().await;
    city.issue(CASE).await;
    let table = city.table().await;
    let (future, before) = ("2026-11-23T08:06:00Z", "2026-01-01T00:00:00Z");
    for (name, amount, number, paid_at, field) in [
        (CASH, "0.00", "1", None, "amount"),
        (CASH, "1000.01", "1", None, "amount"),
        (CASH, "30", "1", None, "amount"),
        (CASH, "30.00", "", None, "receipt_number"),
        (CASH, "30.00", "4711 2", None, "receipt_number"),
        (CASH, "30.00", "4711#2", None, "receipt_number"),
        (TRANSFER, "30.00", "", None, "bank_reference"),
        (CASH, "30.00", "1", Some(future), "paid_at"),
        (CASH, "30.00", "1", Some(before), "paid_at"),
        (CASH, "30.00", "1", Some("2026-11-23"), "paid_at"),
    ] {
        let payment = Payment {
            amount,
            number,
            paid_at,
        };
        let refused = city.books(name, CASE, payment).await;
        assert!(
            refused.is_problem(400, "invalid-request"),
            "{amount} {number}"
        );
        assert_eq!(refused.body["field"], field, "{}", refused.body);
    }
    let unknown = city.books(CASH, "KL-1", of("30.00", "1")).await;
    assert!(unknown.is_problem(404, "no-such-ticket"));
    assert_eq!(city.table().await, table);
}

#[tokio::test]
async fn a_city_that_takes_nothing_late_books_no_late_cash_but_what_is_surplus_anyway() {
    let city = City::new().await;
    city.issue(CASE).await;
    city.takes_no_late_payments().await;
    city.later(Duration::from_hours(24 * 30));
    let late = books(&city, CASH, "30.00", "1").await;
    assert!(late.is_problem(409, "too-late"), "{}", late.body);
    let in_time = Payment {
        paid_at: Some("2026-11-23T09:00:00Z"),
        ..of("30.00", "2")
    };
    let booked = city.books(TRANSFER, CASE, in_time).await;
    assert_eq!(booked.body["state"], "paid", "{}", booked.body);
    assert_eq!(books(&city, CASH, "30.00", "3").await.status, 201);
}

/// A line of a day's list.
fn line(case_number: &str, number: &str, amount: &str) -> Value {
    json!({
        "case_number": case_number,
        "channel": "transfer",
        "amount": amount,
        "paid_at": "2026-11-23T00:00:00+01:00",
        "bank_reference": number,
    })
}

#[tokio::test]
async fn of_a_days_list_a_bad_line_stops_no_other_and_the_same_list_again_books_nothing() {
    let city = City::new().await;
    for number in ["KL-1", "KL-2", "KL-3"] {
        city.issue(number).await;
    }
    city.later(Duration::from_hours(1));
    let mut unknown_field = line("KL-3", "E3", "30.00");
    unknown_field["iban"] = json!("DE");
    let lines = [
        line("KL-1", "E1", "30.00"),
        line("KL-9", "E9", "30.00"),
        unknown_field,
        line("KL-2", "E2", "10.00"),
        line("KL-2", "E2b", "20.00"),
        json!("not a payment"),
    ];
    let body: Vec<String> = lines.iter().map(Value::to_string).collect();
    let body = body.join("\n").replace('\\', r"\\").replace('"', r#"\""#);
    let body = body.replace('\n', r"\n");
    let event = journeys::event("cash-office-books-list", &[("LINES", &body)]);
    let statuses = |answered: &Answered| -> Vec<u64> {
        let text = answered.body.as_str().unwrap();
        let status = |line: &str| {
            let line: Value = serde_json::from_str(line).unwrap();
            line["status"].as_u64().unwrap()
        };
        text.lines().map(status).collect()
    };
    let first = city.records(&event).await;
    assert_eq!(first.status, 200);
    assert_eq!(statuses(&first), [201, 404, 400, 201, 201, 400]);
    let table = city.table().await;
    let again = city.records(&event).await;
    assert_eq!(statuses(&again), [200, 404, 400, 200, 200, 400]);
    assert_eq!(city.table().await, table);
    for (number, state) in [("KL-1", "paid"), ("KL-2", "paid"), ("KL-3", "open")] {
        assert_eq!(city.reads(number).await["state"], state, "{number}");
    }
}

#[tokio::test]
async fn another_amount_keeps_the_part_that_is_paid_and_is_above_it() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    books(&city, TRANSFER, "10.00", "E2E-1").await;
    let table = city.table().await;
    let refused = city.asks_for_amount(CASE, "10.00").await;
    assert!(refused.is_problem(409, "part-paid"), "{}", refused.body);
    assert_eq!(city.table().await, table);
    let changed = city.asks_for_amount(CASE, "25.00").await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let said = (&changed.body["amount"], &changed.body["owed"]);
    assert_eq!(said, (&json!("25.00"), &json!("15.00")));
    assert!(city.open(&token).await.html.contains("value=\"15.00\""));
}

/// § 56(3) `OWiG`: the certificate names the warning fine, whatever paid it.
#[tokio::test]
async fn the_receipt_names_the_whole_fine_though_it_was_paid_in_parts() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    books(&city, TRANSFER, "12.50", "E2E-1").await;
    let page = city.open(&token).await;
    for sum in ["30,00", "12,50", "17,50"] {
        assert!(page.html.contains(sum), "{sum}: {}", page.html);
    }
    books(&city, CASH, "17.50", "4711").await;
    let receipt = city.open(&token).await;
    assert_eq!(receipt.state, "paid");
    assert!(receipt.html.contains("30,00"), "{}", receipt.html);
}

#[tokio::test]
async fn a_reason_overrides_nothing_where_nothing_is_pending() {
    let city = City::new().await;
    city.issue(CASE).await;
    let booked = books(&city, "clerk-overrides-pending", "30.00", "4711").await;
    assert_eq!(booked.status, 201);
    let journal = city.reads(CASE).await["journal"].clone();
    assert_eq!(journal[1]["reason"], Value::Null);
}

#[tokio::test]
async fn of_two_payments_under_one_number_at_the_same_moment_one_is_booked_and_answered() {
    let city = City::new().await;
    city.issue(CASE).await;
    books(&city, CASH, "30.00", "1").await;
    let (one, other) = futures_util::join!(
        books(&city, CASH, "30.00", "4711"),
        books(&city, CASH, "25.00", "4711"),
    );
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
}

#[tokio::test]
async fn what_is_overpaid_is_told_in_euros_and_survives_a_restore_that_lost_it() {
    let city = City::new().await;
    city.issue(CASE).await;
    let before = city.backup().await;
    let paid_at = city.now().to_string();
    let over = Payment {
        paid_at: Some(&paid_at),
        ..of("35.00", "E2E-1")
    };
    let first = city.books(TRANSFER, CASE, over).await;
    assert_eq!(first.body["settlement"]["overpaid"], "5.00");
    // The ticket alone comes back as it was then: paid.
    let after = city.backup().await;
    let mut kept = before.changed_until(&after);
    kept.retain(|(_, sk)| sk == "TICKET");
    city.restore(&before.with(&after, &kept)).await;
    let again = city.books(TRANSFER, CASE, over).await;
    assert_eq!(again.body["settlement"]["role"], "main", "{}", again.body);
    assert_eq!(again.body["surplus"], "5.00");
    assert_eq!(again.body["state"], "paid");
}

#[tokio::test]
async fn cash_beside_a_capture_held_back_is_made_whole_after_a_restore_too() {
    let city = City::new().await;
    let back = city.goes_to_paypal(CASE, Payer::Pays).await.unwrap();
    let held_back = Fault::once(On::Capture, FaultKind::Pending);
    city.standin.set_fault(held_back).unwrap();
    city.come_back(&back).await;
    let before = city.backup().await;
    let paid_at = city.now().to_string();
    let cash = Payment {
        paid_at: Some(&paid_at),
        ..of("30.00", "4711")
    };
    city.books("clerk-overrides-pending", CASE, cash).await;
    // All of it has come back but the ticket.
    let after = city.backup().await;
    let mut kept = before.changed_until(&after);
    kept.retain(|(_, sk)| sk != "TICKET");
    city.restore(&before.with(&after, &kept)).await;
    assert_eq!(city.reads(CASE).await["payment_pending"], true);
    let again = city.books("clerk-overrides-pending", CASE, cash).await;
    assert_eq!(again.status, 200, "{}", again.body);
    assert_eq!(again.body["state"], "paid");
}
