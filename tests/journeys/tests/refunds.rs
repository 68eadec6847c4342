//! Money that goes back: proposed by itself or by somebody, decided by somebody else,
//! given back once, whatever PayPal answers.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use journeys::{City, Payment};
use office::query::opaque;
use paypal_standin::{
    Afterwards, Fault, FaultKind, Issue, On, Payer, RefundStatus, RefundThen, WebhookMode,
};
use serde_json::{Value, json};

const CASE: &str = "KL-2026-000123";
const CASH: &str = "clerk-takes-cash";

/// A ticket that was paid in cash while the driver paid at PayPal: the capture is surplus,
/// and is proposed to be given back under this number.
async fn paid_twice() -> (City, String) {
    // Both are in every test's future otherwise.
    let city = Box::pin(City::new()).await;
    let number = Box::pin(pay_twice(&city, CASE)).await;
    (city, number)
}

async fn pay_twice(city: &City, case_number: &str) -> String {
    let back = city.goes_to_paypal(case_number, Payer::Pays).await.unwrap();
    let held_back = Fault::once(On::Capture, FaultKind::Pending);
    city.standin.set_fault(held_back).unwrap();
    city.come_back(&back).await;
    let cash = Payment {
        amount: "30.00",
        number: "4711",
        paid_at: None,
    };
    let booked = city.books("clerk-overrides-pending", case_number, cash);
    assert_eq!(booked.await.status, 201);
    let capture = city.standin.books().captures.last().unwrap().id.clone();
    city.standin
        .afterwards(&capture, Afterwards::Completes)
        .unwrap();
    city.deliver().await;
    city.later(Duration::from_mins(2));
    city.sweep().await;
    format!("{case_number}.{capture}.1")
}

async fn approved(city: &City, number: &str) {
    let approved = city.approves("clerk-2", number).await;
    assert_eq!(approved.status, 200, "{}", approved.body);
}

/// What PayPal has given back in all, in cents.
fn given_back(city: &City) -> u64 {
    let books = city.standin.books();
    let gone = books
        .refunds
        .iter()
        .filter(|refund| refund.status != RefundStatus::Failed);
    gone.map(|refund| refund.amount.minor_units).sum()
}

/// Hours pass, and the sweep looks each time that something is due.
async fn hours_pass(city: &City, hours: u32) {
    for _ in 0..hours {
        city.later(Duration::from_mins(61));
        city.sweep().await;
        city.deliver().await;
    }
}

async fn state_of(city: &City, number: &str) -> String {
    let case = city.reads(CASE).await;
    let refunds = case["refunds"].as_array().unwrap().clone();
    let it = refunds
        .iter()
        .find(|refund| refund["id"] == number)
        .unwrap();
    it["refund_state"].as_str().unwrap().to_owned()
}

fn events(case: &Value) -> Vec<String> {
    let lines = case["journal"].as_array().unwrap().iter();
    lines
        .map(|line| line["what"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn money_that_came_twice_is_proposed_by_itself_and_given_back_once_somebody_approves() {
    let (city, number) = paid_twice().await;
    let proposed = city.refunds("proposed").await;
    assert_eq!(proposed.len(), 1);
    assert_eq!(proposed[0]["id"], number);
    assert_eq!(proposed[0]["value"], "30.00");
    assert_eq!(proposed[0]["proposed_by"], Value::Null);
    hours_pass(&city, 3).await;
    assert_eq!(given_back(&city), 0, "nobody has decided");
    approved(&city, &number).await;
    assert_eq!(given_back(&city), 0, "the approval asks nobody");
    city.sweep().await;
    assert_eq!(given_back(&city), 3_000);
    let refund = city.standin.books().refunds[0].clone();
    assert_eq!(refund.custom_id.as_deref(), Some(number.as_str()));
    city.deliver().await;
    hours_pass(&city, 3).await;
    assert_eq!(given_back(&city), 3_000);
    let case = city.reads(CASE).await;
    assert_eq!(
        case["state"], "paid",
        "surplus was given back, not the fine"
    );
    assert_eq!(case["taken_back"][0]["refund"], number);
    assert!(events(&case).contains(&"refunded".to_owned()));
    assert_eq!(case["refunds"][0]["paypal_id"], refund.id);
    assert!(city.refunds("proposed").await.is_empty());
    assert_eq!(city.refunds("completed").await.len(), 1);
    let again = city.approves("clerk-2", &number).await;
    assert_eq!(
        (again.status.as_u16(), &again.body["refund_state"]),
        (200, &json!("completed"))
    );
}

#[tokio::test]
async fn whoever_proposes_a_refund_does_not_approve_it() {
    let (city, first) = paid_twice().await;
    let rejected = city
        .decides("clerk-rejects-refund", "clerk-1", &first)
        .await;
    assert_eq!(rejected.status, 200, "{}", rejected.body);
    let capture = first.split('.').nth(1).unwrap().to_owned();
    let of = (CASE, capture.as_str());
    let proposed = city.proposes("clerk-1", of, "12.00").await;
    assert_eq!(proposed.status, 201, "{}", proposed.body);
    assert_eq!(city.proposes("clerk-1", of, "12.00").await.status, 200);
    let number = proposed.body["id"].as_str().unwrap().to_owned();
    assert_eq!(number, first.replace(".1", ".2"));
    let table = city.table().await;
    let own = city.approves("clerk-1", &number).await;
    assert!(own.is_problem(409, "own-proposal"), "{}", own.body);
    let gone = city.approves("clerk-2", &first).await;
    assert!(gone.is_problem(409, "already-decided"), "{}", gone.body);
    assert_eq!(city.table().await, table);
    approved(&city, &number).await;
    let again = city.proposes("clerk-1", of, "12.00").await;
    assert_eq!(
        (again.status.as_u16(), &again.body["id"]),
        (200, &json!(number))
    );
    city.sweep().await;
    assert_eq!(given_back(&city), 1_200);
    let more = city.proposes("clerk-1", of, "18.01").await;
    assert!(more.is_problem(409, "more-than-left"), "{}", more.body);
    let rest = city.proposes("clerk-1", of, "18.00").await;
    assert_eq!(rest.status, 201, "{}", rest.body);
}

#[tokio::test]
async fn whatever_paypal_answers_it_gives_the_money_back_once() {
    for kind in [
        FaultKind::NoAnswer,
        FaultKind::NoAnswerAfterEffect,
        FaultKind::ServerError,
        FaultKind::ServerErrorAfterEffect,
        FaultKind::RateLimit,
        FaultKind::Html,
        FaultKind::Unauthorized,
    ] {
        for deliver in [true, false] {
            let (city, number) = paid_twice().await;
            approved(&city, &number).await;
            city.standin
                .set_fault(Fault::once(On::Refund, kind))
                .unwrap();
            city.sweep().await;
            if deliver {
                city.deliver().await;
            }
            city.later(Duration::from_mins(11));
            city.sweep().await;
            city.later(Duration::from_mins(30));
            city.sweep().await;
            assert_eq!(given_back(&city), 3_000, "{kind:?}");
            assert_eq!(city.standin.books().refunds.len(), 1, "{kind:?}");
            assert_eq!(state_of(&city, &number).await, "completed", "{kind:?}");
            let case = city.reads(CASE).await;
            assert_eq!(case["state"], "paid", "{kind:?} {deliver}");
            assert_eq!(case["taken_back"].as_array().unwrap().len(), 1);
        }
    }
}

/// PayPal's request id has been forgotten, and the read does not show the refund yet.
#[tokio::test]
async fn a_refund_that_was_made_and_is_not_shown_yet_is_not_made_again() {
    let (city, number) = paid_twice().await;
    city.behave(|paypal| paypal.get_404_after_refund_s = 900);
    approved(&city, &number).await;
    let lost = Fault::once(On::Refund, FaultKind::NoAnswerAfterEffect);
    city.standin.set_fault(lost).unwrap();
    city.sweep().await;
    for _ in 0..4 {
        city.later(Duration::from_mins(11));
        city.sweep().await;
    }
    assert_eq!(city.standin.books().refunds.len(), 1);
    assert_eq!(state_of(&city, &number).await, "completed");
}

#[tokio::test]
async fn a_refund_on_its_way_is_followed_to_its_end() {
    for (then, state) in [
        (RefundThen::Completed, "completed"),
        (RefundThen::Failed, "failed"),
    ] {
        let (city, number) = paid_twice().await;
        city.behave(|paypal| {
            paypal.refund_pending_then = Some(then);
            paypal.refund_pending_h = 24;
        });
        approved(&city, &number).await;
        city.sweep().await;
        hours_pass(&city, 3).await;
        assert_eq!(state_of(&city, &number).await, "approved");
        assert_eq!(city.reads(CASE).await["taken_back"], json!([]));
        hours_pass(&city, 24).await;
        assert_eq!(state_of(&city, &number).await, state);
        assert_eq!(city.reads(CASE).await["state"], "paid");
        assert_eq!(city.standin.books().refunds.len(), 1);
    }
}

#[tokio::test]
async fn what_paypal_refuses_for_good_is_a_humans_case_and_the_rest_is_asked_again() {
    for (issue, state) in [
        ("REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK", "failed"),
        ("CAPTURE_DISPUTED_PARTIAL_REFUND_NOT_ALLOWED", "failed"),
        ("TRANSACTION_DISPUTED", "failed"),
        ("REFUND_IS_RESTRICTED", "failed"),
        ("MAX_NUMBER_OF_REFUNDS_EXCEEDED", "failed"),
        ("REFUND_TIME_LIMIT_EXCEEDED", "failed"),
        ("PENDING_CAPTURE", "completed"),
        ("CANNOT_PROCESS_REFUNDS", "completed"),
        ("PERMISSION_DENIED", "completed"),
    ] {
        let (city, number) = paid_twice().await;
        approved(&city, &number).await;
        let refused = FaultKind::Refused(Issue::named(issue).unwrap());
        let twice = Fault {
            times: 2,
            ..Fault::once(On::Refund, refused)
        };
        city.standin.set_fault(twice).unwrap();
        city.sweep().await;
        assert_eq!(state_of(&city, &number).await, "approved", "{issue}");
        hours_pass(&city, 2).await;
        assert_eq!(state_of(&city, &number).await, state, "{issue}");
        let gone = if state == "completed" { 3_000 } else { 0 };
        assert_eq!(given_back(&city), gone, "{issue}");
        if state == "failed" {
            let failed = city.refunds("failed").await;
            assert_eq!(failed[0]["issue"], issue);
            let case = city.reads(CASE).await;
            let mut lines = case["journal"].as_array().unwrap().iter();
            let line = lines.find(|line| line["what"] == "refund_failed").unwrap();
            assert_eq!(line["reason"], issue);
            let capture = number.split('.').nth(1).unwrap();
            let anew = city.proposes("clerk-1", (CASE, capture), "30.00").await;
            assert_eq!(anew.status, 201, "{}", anew.body);
        }
    }
}

#[tokio::test]
async fn what_somebody_gives_back_in_paypals_own_pages_is_found_and_not_given_back_again() {
    for told in [true, false] {
        let (city, number) = paid_twice().await;
        let capture = number.split('.').nth(1).unwrap().to_owned();
        city.later(Duration::from_mins(5));
        let by_hand = Afterwards::RefundedInPart(500);
        city.standin.afterwards(&capture, by_hand).unwrap();
        if told {
            city.deliver().await;
        }
        if told {
            let late = city.approves("clerk-2", &number).await;
            assert!(late.is_problem(409, "more-than-left"), "{}", late.body);
            let rejected = city.decides("clerk-rejects-refund", "clerk-2", &number);
            assert_eq!(rejected.await.status, 200);
        } else {
            approved(&city, &number).await;
        }
        city.sweep().await;
        hours_pass(&city, 2).await;
        assert_eq!(given_back(&city), 500, "{told}");
        let case = city.reads(CASE).await;
        if !told {
            assert_eq!(state_of(&city, &number).await, "failed");
            assert_eq!(case["refunds"][0]["issue"], "GIVEN_BACK_AT_PAYPAL");
        }
        assert_eq!(case["taken_back"].as_array().unwrap().len(), 1);
        assert_eq!(case["state"], "review", "{told}");
        let of = (CASE, capture.as_str());
        assert!(
            city.proposes("clerk-1", of, "25.01")
                .await
                .is_problem(409, "more-than-left")
        );
        assert_eq!(city.proposes("clerk-1", of, "25.00").await.status, 201);
    }
}

/// § 56(4) `OWiG`, § 25(5) `GemHVO`: the decision names its reason, and the case is looked at.
#[tokio::test]
async fn a_fine_is_given_back_with_a_reason_alone_and_the_case_comes_to_review() {
    let city = City::new().await;
    let back = city.goes_to_paypal(CASE, Payer::Pays).await.unwrap();
    assert_eq!(city.come_back(&back).await.state, "paid");
    let capture = city.standin.books().captures[0].id.clone();
    let proposed = city.proposes("clerk-1", (CASE, &capture), "30.00").await;
    assert_eq!(proposed.body["gives_back"], "fine", "{}", proposed.body);
    let number = proposed.body["id"].as_str().unwrap().to_owned();
    let without = city.approves_without_reason("clerk-2", &number).await;
    assert!(
        without.is_problem(400, "invalid-request"),
        "{}",
        without.body
    );
    assert_eq!(without.body["field"], "reason");
    approved(&city, &number).await;
    city.sweep().await;
    city.deliver().await;
    let case = city.reads(CASE).await;
    assert_eq!(
        (&case["state"], given_back(&city)),
        (&json!("review"), 3_000)
    );
    assert_eq!(state_of(&city, &number).await, "completed");
}

#[tokio::test]
async fn cash_and_transfers_become_an_order_for_the_cash_office() {
    let city = City::new().await;
    city.issue(CASE).await;
    let over = Payment {
        amount: "35.00",
        number: "E2E/1",
        paid_at: None,
    };
    let booked = city.books("cash-office-books-transfer", CASE, over).await;
    assert_eq!(booked.status, 201, "{}", booked.body);
    let proposed = city.refunds("proposed").await;
    assert_eq!(proposed[0]["value"], "5.00");
    let number = proposed[0]["id"].as_str().unwrap().to_owned();
    approved(&city, &number).await;
    // An order that is being written elsewhere may be of an earlier moment.
    city.later(Duration::from_mins(3));
    let ordered = city.refunds("ordered").await;
    assert_eq!(ordered[0]["settlement"], "transfer-E2E/1");
    let case = city.reads(CASE).await;
    assert_eq!(case["state"], "paid");
    assert_eq!(case["taken_back"][0]["kind"], "payment_order");
    hours_pass(&city, 30).await;
    let (night, _) = city.night().await;
    assert_eq!(night.difference_cents, 0);
    assert!(city.standin.books().refunds.is_empty());
}

#[tokio::test]
async fn parts_of_a_fine_that_is_dropped_are_proposed_to_go_back() {
    for name in ["clerk-withdraws-ticket", "clerk-hands-over"] {
        let city = City::new().await;
        city.issue(CASE).await;
        let part = Payment {
            amount: "12.50",
            number: "4711",
            paid_at: None,
        };
        assert_eq!(city.books(CASH, CASE, part).await.status, 201);
        let early = city.proposes("clerk-1", (CASE, "cash-4711"), "12.50").await;
        assert!(early.is_problem(409, "part-paid"), "{}", early.body);
        assert!(city.refunds("proposed").await.is_empty());
        assert_eq!(city.clerk(name, CASE).await.status, 200);
        let proposed = city.refunds("proposed").await;
        assert_eq!(proposed.len(), 1, "{name}");
        assert_eq!(proposed[0]["value"], "12.50");
    }
}

#[tokio::test]
async fn nothing_is_given_back_while_captures_are_closed() {
    let (mut city, number) = paid_twice().await;
    approved(&city, &number).await;
    city.set_captures(ticket::Captures::Closed).await;
    hours_pass(&city, 2).await;
    assert_eq!(given_back(&city), 0);
    city.set_captures(ticket::Captures::Open).await;
    hours_pass(&city, 1).await;
    assert_eq!(given_back(&city), 3_000);
}

#[tokio::test]
async fn a_restore_to_before_the_decision_finds_what_was_given_back() {
    let (mut city, number) = paid_twice().await;
    let from = city.now();
    let backup = city.backup().await;
    approved(&city, &number).await;
    city.sweep().await;
    assert_eq!(given_back(&city), 3_000);
    city.set_captures(ticket::Captures::Closed).await;
    city.restore(&backup).await;
    assert_eq!(city.refunds("proposed").await.len(), 1);
    city.later(Duration::from_hours(40));
    let reconciled = city.reconcile(from - Duration::from_hours(24)).await;
    assert_eq!(reconciled.difference_cents, 0, "{reconciled:?}");
    assert_eq!(state_of(&city, &number).await, "completed");
    assert_eq!(city.reads(CASE).await["state"], "paid");
    city.set_captures(ticket::Captures::Open).await;
    hours_pass(&city, 2).await;
    assert_eq!(given_back(&city), 3_000);
}

#[tokio::test]
async fn bad_input_is_answered_with_what_to_send_and_changes_nothing() {
    let (city, number) = paid_twice().await;
    let capture = number.split('.').nth(1).unwrap().to_owned();
    let table = city.table().await;
    let propose = async |of: (&str, &str), amount| city.proposes("clerk-1", of, amount).await;
    for (answered, status, problem) in [
        (
            propose(("KL-9", &capture), "1.00").await,
            404,
            "no-such-ticket",
        ),
        (
            propose((CASE, "cash-1"), "1.00").await,
            404,
            "no-such-payment",
        ),
        (
            propose((CASE, &capture), "30.01").await,
            409,
            "more-than-left",
        ),
        (
            propose((CASE, &capture), "0.00").await,
            400,
            "invalid-request",
        ),
        (
            propose((CASE, &capture), "30").await,
            400,
            "invalid-request",
        ),
        (
            city.approves("clerk-2", "KL-1.A.1").await,
            404,
            "no-such-refund",
        ),
        (
            city.approves("clerk-2", "..%2f").await,
            404,
            "no-such-refund",
        ),
    ] {
        assert!(answered.is_problem(status, problem), "{}", answered.body);
    }
    assert_eq!(city.table().await, table);
}

#[tokio::test]
async fn a_place_that_no_list_has_is_refused_and_is_not_the_table_being_down() {
    let city = City::new().await;
    let long = "a".repeat(1_100);
    for place in [
        "1",
        "1|2",
        "~|a|b",
        "~~|a|b",
        "é|a|b",
        &format!("{long}|a|b"),
        // A sort key is never empty.
        "||",
    ] {
        let answered = city.refunds_after(&opaque(place)).await;
        assert!(answered.is_problem(400, "invalid-request"), "{place}");
        assert_eq!(answered.body["field"], "after");
    }
    let place = "2026-02-20T09:30:00Z|a|b";
    assert_eq!(city.refunds_after(&opaque(place)).await.status, 200);
    let readable = city.refunds_after(place).await;
    assert!(readable.is_problem(400, "invalid-request"));
}

#[tokio::test]
async fn whoever_has_booked_the_money_does_not_approve_that_it_goes() {
    let city = City::new().await;
    city.issue(CASE).await;
    for (amount, number) in [("30.00", "4711"), ("1000.00", "4712")] {
        let cash = Payment {
            amount,
            number,
            paid_at: None,
        };
        assert_eq!(city.books(CASH, CASE, cash).await.status, 201);
    }
    let proposed = city.refunds("proposed").await;
    let clerk = proposed[0]["proposed_by"].as_str().unwrap().to_owned();
    let number = proposed[0]["id"].as_str().unwrap().to_owned();
    let table = city.table().await;
    let own = city.approves(&clerk, &number).await;
    assert!(own.is_problem(409, "own-proposal"), "{}", own.body);
    assert_eq!(city.table().await, table);
    approved(&city, &number).await;
}

#[tokio::test]
async fn whoever_took_cash_beside_a_capture_does_not_approve_that_paypal_gives_it_back() {
    let (city, number) = paid_twice().await;
    let file = city.case_file(CASE).await;
    let mut booked = file.settlements.iter();
    let clerk = booked.find_map(|it| it.source.clerk()).unwrap();
    let own = city.approves(clerk, &number).await;
    assert!(own.is_problem(409, "own-proposal"), "{}", own.body);
    approved(&city, &number).await;
}

/// A fault that stays.
fn always(on: On, kind: FaultKind) -> Fault {
    Fault {
        times: 1_000,
        ..Fault::once(on, kind)
    }
}

/// A capture whose first proposal was rejected, so that parts of it can be proposed.
async fn to_be_given_back_in_parts() -> (City, String) {
    let (city, first) = Box::pin(paid_twice()).await;
    let rejected = city.decides("clerk-rejects-refund", "clerk-1", &first);
    assert_eq!(rejected.await.status, 200);
    let capture = first.split('.').nth(1).unwrap().to_owned();
    (city, capture)
}

/// One proposes so much, another approves it; its number.
async fn decided(city: &City, capture: &str, amount: &str) -> String {
    let proposed = city.proposes("clerk-1", (CASE, capture), amount).await;
    assert_eq!(proposed.status, 201, "{}", proposed.body);
    let number = proposed.body["id"].as_str().unwrap().to_owned();
    approved(city, &number).await;
    number
}

#[tokio::test]
async fn what_paypal_was_never_asked_for_can_be_called_off_and_what_it_was_cannot() {
    let (city, number) = paid_twice().await;
    approved(&city, &number).await;
    for on in [On::GetOrder, On::GetCapture] {
        city.standin
            .set_fault(always(on, FaultKind::NoAnswer))
            .unwrap();
    }
    hours_pass(&city, 2).await;
    let call_off = async |number: &str| {
        city.decides("clerk-rejects-refund", "clerk-3", number)
            .await
    };
    let called_off = call_off(&number).await;
    assert_eq!(called_off.status, 200, "{}", called_off.body);
    assert_eq!(called_off.body["refund_state"], "rejected");
    city.standin.clear_faults();
    hours_pass(&city, 2).await;
    assert_eq!(given_back(&city), 0);
    let capture = number.split('.').nth(1).unwrap();
    let anew = decided(&city, capture, "30.00").await;
    let lost = Fault::once(On::Refund, FaultKind::NoAnswer);
    city.standin.set_fault(lost).unwrap();
    city.sweep().await;
    let table = city.table().await;
    let too_late = call_off(&anew).await;
    assert!(
        too_late.is_problem(409, "already-decided"),
        "{}",
        too_late.body
    );
    assert_eq!(city.table().await, table);
    hours_pass(&city, 2).await;
    assert_eq!(given_back(&city), 3_000);
    assert_eq!(state_of(&city, &anew).await, "completed");
}

#[tokio::test]
async fn two_parts_that_paypal_has_on_its_way_do_not_end_each_other() {
    let (city, capture) = to_be_given_back_in_parts().await;
    city.behave(|paypal| {
        paypal.refund_pending_then = Some(RefundThen::Completed);
        paypal.refund_pending_h = 24;
    });
    let first = decided(&city, &capture, "12.00").await;
    city.sweep().await;
    city.later(Duration::from_mins(1));
    let second = decided(&city, &capture, "18.00").await;
    hours_pass(&city, 2).await;
    assert_eq!(state_of(&city, &second).await, "approved");
    assert_eq!(given_back(&city), 3_000);
    hours_pass(&city, 26).await;
    for number in [first, second] {
        assert_eq!(state_of(&city, &number).await, "completed", "{number}");
    }
    let case = city.reads(CASE).await;
    assert_eq!(case["taken_back"].as_array().unwrap().len(), 2);
    assert_eq!(case["state"], "paid");
}

/// PayPal refuses twice, shows nothing, and has made it all the same: a human has it
/// proposed anew meanwhile.
#[tokio::test]
async fn a_refund_that_was_made_after_all_is_not_made_again_under_a_new_number() {
    for is_slow in [false, true] {
        let (mut city, capture) = to_be_given_back_in_parts().await;
        city.standin.set_webhooks(WebhookMode::Off);
        if is_slow {
            city.behave(|paypal| {
                paypal.refund_pending_then = Some(RefundThen::Completed);
                paypal.refund_pending_h = 48;
            });
        }
        let first = decided(&city, &capture, "12.00").await;
        let hides = Arc::new(AtomicBool::new(true));
        let hidden = Arc::clone(&hides);
        city.between(move |asked, status, mut answer| {
            if !hidden.load(Ordering::Relaxed) {
                return (status, answer);
            }
            if asked.ends_with("/refund") {
                let no = json!({
                    "name": "UNPROCESSABLE_ENTITY",
                    "debug_id": "0",
                    "details": [{ "issue": "TRANSACTION_DISPUTED" }],
                });
                return (422, no);
            }
            if let Some(payments) = answer.pointer_mut("/purchase_units/0/payments") {
                payments["refunds"] = json!([]);
                payments["captures"][0]["status"] = json!("COMPLETED");
            }
            (status, answer)
        })
        .await;
        hours_pass(&city, 2).await;
        assert_eq!(state_of(&city, &first).await, "failed");
        assert_eq!(given_back(&city), 1_200);
        let second = decided(&city, &capture, "12.00").await;
        hides.store(false, Ordering::Relaxed);
        hours_pass(&city, 2).await;
        assert_eq!(given_back(&city), 1_200, "{is_slow}");
        assert_eq!(state_of(&city, &second).await, "failed", "{is_slow}");
        for _ in 0..3 {
            city.later(Duration::from_hours(24));
            city.night().await;
        }
        assert_eq!(state_of(&city, &first).await, "completed", "{is_slow}");
        let of = (CASE, capture.as_str());
        let more = city.proposes("clerk-1", of, "18.01").await;
        assert!(more.is_problem(409, "more-than-left"), "{}", more.body);
    }
}

/// The number is given out a second time, since the table has forgotten the first.
#[tokio::test]
async fn what_paypal_gave_back_before_a_restore_completes_the_proposal_of_the_same_number() {
    for (anew, state) in [("12.00", "completed"), ("18.00", "failed")] {
        let (mut city, capture) = to_be_given_back_in_parts().await;
        let from = city.now();
        let backup = city.backup().await;
        decided(&city, &capture, "12.00").await;
        city.sweep().await;
        assert_eq!(given_back(&city), 1_200);
        city.set_captures(ticket::Captures::Closed).await;
        city.restore(&backup).await;
        city.later(Duration::from_hours(40));
        let reconciled = city.reconcile(from - Duration::from_hours(24)).await;
        assert_eq!(reconciled.difference_cents, 0, "{reconciled:?}");
        city.set_captures(ticket::Captures::Open).await;
        let number = decided(&city, &capture, anew).await;
        assert!(number.ends_with(".2"), "{number}");
        hours_pass(&city, 2).await;
        assert_eq!(given_back(&city), 1_200, "{anew}");
        assert_eq!(state_of(&city, &number).await, state, "{anew}");
        let case = city.reads(CASE).await;
        let lines = case["taken_back"].as_array().unwrap();
        assert_eq!(lines.len(), 1);
        if state == "completed" {
            assert_eq!(lines[0]["refund"], number);
        }
        let of = (CASE, capture.as_str());
        let more = city.proposes("clerk-1", of, "18.01").await;
        assert!(more.is_problem(409, "more-than-left"), "{}", more.body);
        let rest = city.proposes("clerk-1", of, "18.00").await;
        assert_eq!(rest.status, 201, "{}", rest.body);
    }
}

/// A surplus of cash that two people decide to pay out; the refund's number.
async fn ordered(city: &City, case_number: &str, receipt: &str) -> String {
    city.issue(case_number).await;
    let over = Payment {
        amount: "35.00",
        number: receipt,
        paid_at: None,
    };
    assert_eq!(city.books(CASH, case_number, over).await.status, 201);
    let number = format!("{case_number}.cash-{receipt}.1");
    approved(city, &number).await;
    number
}

#[tokio::test]
async fn whoever_follows_the_list_of_orders_meets_each_once() {
    let city = City::new().await;
    let page = async |after: Option<&str>| {
        let after = after.map(|after| ("after", after));
        let more: Vec<_> = after.into_iter().chain([("limit", "2")]).collect();
        let page = city.refund_page("ordered", &more).await;
        assert_eq!(page.status, 200, "{}", page.body);
        page.body
    };
    let empty = page(None).await;
    assert_eq!(
        (&empty["more"], &empty["next"]),
        (&json!(false), &Value::Null)
    );
    let mut expected = Vec::new();
    let mut met = Vec::new();
    let mut after: Option<String> = None;
    for day in 0..4 {
        for order in 0..day {
            let receipt = format!("{day}{order}");
            expected.push(ordered(&city, &format!("KL-{receipt}"), &receipt).await);
            city.later(Duration::from_secs(50));
        }
        // Whoever reads at once, and again later, misses none that is written late.
        for wait in [Duration::ZERO, Duration::from_mins(3)] {
            city.later(wait);
            loop {
                let page = page(after.as_deref()).await;
                let refunds = page["refunds"].as_array().unwrap();
                met.extend(
                    refunds
                        .iter()
                        .map(|it| it["id"].as_str().unwrap().to_owned()),
                );
                after = page["next"].as_str().map(str::to_owned).or(after);
                if page["more"] == false {
                    break;
                }
            }
        }
        assert_eq!(met, expected, "{day}");
    }
    // Lists that are worked off end where they end.
    let proposed = city.refund_page("proposed", &[]).await.body;
    assert_eq!(
        (&proposed["more"], &proposed["next"]),
        (&json!(false), &Value::Null)
    );
}

#[tokio::test]
async fn what_paypal_will_never_give_back_is_paid_out_by_the_cash_office_and_once() {
    let (city, number) = paid_twice().await;
    let capture = number.split('.').nth(1).unwrap().to_owned();
    let by_cash_office = [("paid_out_by", "cash_office")];
    let of = (CASE, capture.as_str());
    let propose = async |amount| {
        city.proposes_with("clerk-1", of, amount, &by_cash_office)
            .await
    };
    approved(&city, &number).await;
    let table = city.table().await;
    let early = propose("30.00").await;
    assert!(early.is_problem(409, "paypal-gives-back"), "{}", early.body);
    assert_eq!(city.table().await, table);
    let refused = FaultKind::Refused(Issue::named("REFUND_TIME_LIMIT_EXCEEDED").unwrap());
    city.standin.set_fault(always(On::Refund, refused)).unwrap();
    hours_pass(&city, 2).await;
    assert_eq!(state_of(&city, &number).await, "failed");
    city.standin.clear_faults();
    let proposed = propose("30.00").await;
    assert_eq!(proposed.status, 201, "{}", proposed.body);
    assert_eq!(proposed.body["paid_out_by"], "cash_office");
    assert_eq!(propose("30.00").await.status, 200);
    let number = proposed.body["id"].as_str().unwrap().to_owned();
    approved(&city, &number).await;
    assert_eq!(state_of(&city, &number).await, "ordered");
    hours_pass(&city, 30).await;
    assert_eq!(given_back(&city), 0);
    let case = city.reads(CASE).await;
    assert_eq!(case["state"], "paid");
    let line = &case["taken_back"][0];
    assert_eq!(
        (&line["kind"], &line["value"]),
        (&json!("payment_order"), &json!("30.00"))
    );
    let orders = city.refunds("ordered").await;
    assert_eq!(orders[0]["id"], number);
    let again = city.proposes("clerk-1", of, "0.01").await;
    assert!(again.is_problem(409, "more-than-left"), "{}", again.body);
    let (night, _) = city.night().await;
    assert_eq!(night.difference_cents, 0);
    // Cash is paid out by the cash office anyway.
    let of = (CASE, "cash-4711");
    let needless = city.proposes_with("clerk-1", of, "1.00", &by_cash_office);
    let needless = needless.await.body;
    assert_eq!(needless["field"], "paid_out_by", "{needless}");
}

/// Between proposal and approval a dispute is lost.
#[tokio::test]
async fn what_paypal_has_taken_meanwhile_is_not_paid_out_too() {
    let (city, number) = paid_twice().await;
    let capture = number.split('.').nth(1).unwrap().to_owned();
    approved(&city, &number).await;
    let refused = FaultKind::Refused(Issue::named("TRANSACTION_DISPUTED").unwrap());
    city.standin.set_fault(always(On::Refund, refused)).unwrap();
    hours_pass(&city, 2).await;
    city.standin.clear_faults();
    let of = (CASE, capture.as_str());
    let by_cash_office = [("paid_out_by", "cash_office")];
    let proposed = city.proposes_with("clerk-1", of, "30.00", &by_cash_office);
    let number = proposed.await.body["id"].as_str().unwrap().to_owned();
    city.standin
        .afterwards(&capture, Afterwards::Reversed)
        .unwrap();
    city.deliver().await;
    let table = city.table().await;
    let late = city.approves("clerk-2", &number).await;
    assert!(late.is_problem(409, "more-than-left"), "{}", late.body);
    assert_eq!(city.table().await, table);
    let rejected = city
        .decides("clerk-rejects-refund", "clerk-2", &number)
        .await;
    assert_eq!(rejected.status, 200, "{}", rejected.body);
}

/// Where an approval was called off, since PayPal does not even say how the money stands,
/// nothing of it is on its way.
#[tokio::test]
async fn what_was_called_off_may_be_paid_out_by_the_cash_office() {
    let (city, number) = paid_twice().await;
    let capture = number.split('.').nth(1).unwrap().to_owned();
    approved(&city, &number).await;
    let rejected = city
        .decides("clerk-rejects-refund", "clerk-2", &number)
        .await;
    assert_eq!(rejected.status, 200, "{}", rejected.body);
    let by_cash_office = [("paid_out_by", "cash_office")];
    let of = (CASE, capture.as_str());
    let proposed = city.proposes_with("clerk-1", of, "30.00", &by_cash_office);
    assert_eq!(proposed.await.status, 201);
}

/// A city that empties its balance each night has none each morning.
#[tokio::test]
async fn an_empty_balance_is_asked_again_for_days_and_at_other_hours() {
    let empty = FaultKind::Refused(Issue::named("REFUND_FAILED_INSUFFICIENT_FUNDS").unwrap());
    let asked = |city: &City| city.standin.in_books(|books| books.count("refund_capture"));
    for (money_comes_on, days) in [(Some(3), 5), (None, 9)] {
        let (city, number) = paid_twice().await;
        approved(&city, &number).await;
        city.standin.set_fault(always(On::Refund, empty)).unwrap();
        city.sweep().await;
        let (mut calls, mut hours) = (asked(&city), BTreeSet::new());
        for hour in 1..24 * days {
            city.later(Duration::from_hours(1));
            if money_comes_on == Some(hour / 24) {
                city.standin.clear_faults();
            }
            city.sweep().await;
            if asked(&city) > calls {
                calls = asked(&city);
                hours.insert(hour % 24);
            }
            if hour % 24 != 23 {
                continue;
            }
            let state = state_of(&city, &number).await;
            let stands_so = match (money_comes_on, hour / 24) {
                (_, ..=2) => state == "approved",
                (Some(_), 4..) => state == "completed",
                (None, 8..) => state == "failed",
                (_, _) => true,
            };
            assert!(stands_so, "{money_comes_on:?} {hour} {state}");
        }
        assert!((8..40).contains(&calls), "{calls}");
        assert!(hours.len() > 6, "{hours:?}");
    }
}

#[tokio::test]
async fn surplus_in_another_currency_is_proposed_anew_in_its_own() {
    let city = City::new().await;
    let back = city.goes_to_paypal(CASE, Payer::Pays).await.unwrap();
    let in_dollars = Fault::once(On::Capture, FaultKind::WrongCurrency);
    city.standin.set_fault(in_dollars).unwrap();
    city.come_back(&back).await;
    let first = city.refunds("proposed").await.remove(0);
    assert_eq!(first["currency"], "USD");
    let number = first["id"].as_str().unwrap();
    let capture = number.split('.').nth(1).unwrap();
    let rejected = city.decides("clerk-rejects-refund", "clerk-2", number);
    assert_eq!(rejected.await.status, 200);
    let of = (CASE, capture);
    let euros = city.proposes("clerk-1", of, "10.00").await;
    assert_eq!(euros.status, 400, "{}", euros.body);
    assert_eq!(euros.body["field"], "currency");
    let dollars = [("currency", "USD")];
    let proposed = city.proposes_with("clerk-1", of, "10.00", &dollars).await;
    assert_eq!(proposed.status, 201, "{}", proposed.body);
    approved(&city, proposed.body["id"].as_str().unwrap()).await;
    city.sweep().await;
    assert_eq!(given_back(&city), 1_000);
    let made = city.standin.books().refunds[0].clone();
    assert_eq!(made.amount.currency.code(), "USD");
    let more = city.proposes_with("clerk-1", of, "20.01", &dollars).await;
    assert!(more.is_problem(409, "more-than-left"), "{}", more.body);
    let rest = city.proposes_with("clerk-1", of, "20.00", &dollars).await;
    assert_eq!(rest.status, 201, "{}", rest.body);
}
