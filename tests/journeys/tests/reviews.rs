//! How a review ends: by two people where it is about money, and what was decided stands,
//! whatever a night finds.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use std::time::Duration;

use journeys::{Answered, City, Payment};
use paypal_standin::{Afterwards, Fault, FaultKind, On, Payer};
use serde_json::{Value, json};

const CASE: &str = "KL-2026-000123";
const A_DAY: Duration = Duration::from_hours(24);
const DECISIONS: [(&str, &str); 4] = [
    ("payable_again", "open"),
    ("paid", "paid"),
    ("withdrawn", "withdrawn"),
    ("handed_over", "handed_over"),
];

/// A ticket that was paid at PayPal, and its token; the money is taken back then.
async fn in_review(back: Afterwards) -> (City, String) {
    let reviewed = async {
        let city = City::new().await;
        let token = city.issue(CASE).await;
        pay(&city, &token).await;
        let capture = city.standin.books().captures[0].id.clone();
        city.standin.afterwards(&capture, back).unwrap();
        assert_eq!(city.deliver().await, [200]);
        assert_eq!(city.reads(CASE).await["state"], "review");
        (city, token)
    };
    Box::pin(reviewed).await
}

/// A ticket whose capture is a cent short of what was asked for.
async fn a_cent_short() -> (City, String) {
    let reviewed = async {
        let city = City::new().await;
        let token = city.issue(CASE).await;
        let checkout = city.press_pay(&token).await;
        let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
        let short = Fault::once(On::Capture, FaultKind::WrongAmount);
        city.standin.set_fault(short).unwrap();
        assert_eq!(city.come_back(&back).await.state, "review");
        (city, token)
    };
    Box::pin(reviewed).await
}

async fn pay(city: &City, token: &str) {
    let checkout = city.press_pay(token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    assert_eq!(city.come_back(&back).await.state, "paid");
    city.deliver().await;
}

async fn decides(city: &City, clerk: &str, decision: &str) -> Answered {
    let fill = [
        ("CLERK", clerk),
        ("DECISION", decision),
        ("REASON", "Rückbuchung vom 3. Tag"),
    ];
    city.manages("clerk-ends-review", CASE, &fill).await
}

/// Two people decide so.
async fn two_decide(city: &City, decision: &str) -> Answered {
    let first = decides(city, "clerk-1", decision).await;
    assert_eq!(first.status, 202, "{}", first.body);
    let second = decides(city, "clerk-2", decision).await;
    assert_eq!(second.status, 200, "{}", second.body);
    second
}

/// Some nights pass, with what PayPal's books show of the days before.
async fn nights_pass(city: &City) {
    for _ in 0..4 {
        one_night_passes(city).await;
    }
}

async fn one_night_passes(city: &City) {
    city.later(A_DAY);
    city.minute_passes().await;
    city.deliver().await;
    let (reconciled, _) = city.night().await;
    assert_eq!(reconciled.difference_cents, 0);
}

#[tokio::test]
async fn one_person_decides_about_no_money() {
    let (city, token) = in_review(Afterwards::Reversed).await;
    for decision in ["payable_again", "paid", "payable_again"] {
        let first = decides(&city, "clerk-1", decision).await;
        if decision == "paid" {
            // The city has nothing of it.
            assert!(
                first.is_problem(409, "review-cannot-end-so"),
                "{}",
                first.body
            );
            continue;
        }
        assert_eq!(first.status, 202, "{}", first.body);
        assert_eq!(first.body["state"], "review");
        assert_eq!(first.body["review_proposal"]["decision"], decision);
        assert_eq!(first.body["review_proposal"]["by"], "clerk-1");
        let table = city.table().await;
        let again = decides(&city, "clerk-1", decision).await;
        assert_eq!((again.status.as_u16(), &again.body), (202, &first.body));
        assert_eq!(city.table().await, table, "the same again changes nothing");
    }
    assert_eq!(city.open(&token).await.state, "review");
}

#[tokio::test]
async fn a_second_person_must_mean_the_same_and_have_seen_the_same() {
    let (city, _) = in_review(Afterwards::Disputed).await;
    assert_eq!(decides(&city, "clerk-1", "paid").await.status, 202);
    let nothing = decides(&city, "clerk-2", "payable_again").await;
    assert!(
        nothing.is_problem(409, "review-cannot-end-so"),
        "the city has the fine"
    );
    // The money goes after all: what the first has decided was about another case.
    let capture = city.standin.books().captures[0].id.clone();
    city.standin
        .afterwards(&capture, Afterwards::Reversed)
        .unwrap();
    city.deliver().await;
    assert_eq!(city.reads(CASE).await["review_proposal"], Value::Null);
    let late = decides(&city, "clerk-2", "paid").await;
    assert!(
        late.is_problem(409, "review-cannot-end-so"),
        "{}",
        late.body
    );
    assert_eq!(decides(&city, "clerk-2", "payable_again").await.status, 202);
    assert_eq!(decides(&city, "clerk-2", "payable_again").await.status, 202);
    let ended = decides(&city, "clerk-1", "payable_again").await;
    assert_eq!(
        (ended.status.as_u16(), &ended.body["state"]),
        (200, &json!("open"))
    );
}

#[tokio::test]
async fn what_was_taken_back_is_paid_again_and_stays_so() {
    let (city, token) = in_review(Afterwards::Reversed).await;
    let ended = two_decide(&city, "payable_again").await;
    assert_eq!(
        (&ended.body["state"], &ended.body["owed"]),
        (&json!("open"), &json!("30.00"))
    );
    let journal = ended.body["journal"].as_array().unwrap().clone();
    let last = journal.last().unwrap();
    assert_eq!(
        (&last["what"], &last["by"], &last["after"]["state"]),
        (&json!("review_ended"), &json!("clerk-2"), &json!("open"))
    );
    let page = city.open(&token).await;
    assert_eq!((page.state.as_str(), page.has_pay_button()), ("open", true));
    // Within the days that a night looks back to.
    one_night_passes(&city).await;
    assert_eq!(city.open(&token).await.state, "open");
    pay(&city, &token).await;
    nights_pass(&city).await;
    let case = city.reads(CASE).await;
    assert_eq!(case["state"], "paid");
    assert_eq!(case["settlement"], city.standin.books().captures[1].id);
    assert_eq!(case["journal"].as_array().unwrap().len(), journal.len() + 1);
    assert_eq!(decides(&city, "clerk-1", "paid").await.status, 200);
    assert!(
        decides(&city, "clerk-1", "payable_again")
            .await
            .is_problem(409, "not-in-review")
    );
}

#[tokio::test]
async fn what_the_city_still_has_of_the_fine_is_not_asked_for_again() {
    let (city, token) = in_review(Afterwards::RefundedInPart(1_000)).await;
    let ended = two_decide(&city, "payable_again").await;
    assert_eq!(
        (&ended.body["state"], &ended.body["owed"]),
        (&json!("open"), &json!("10.00"))
    );
    nights_pass(&city).await;
    assert_eq!(city.reads(CASE).await["owed"], "10.00");
    let checkout = city.press_pay_over(&token, "10.00").await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    assert_eq!(city.come_back(&back).await.state, "paid");
    city.deliver().await;
    let paid = city.standin.books().captures[1].amount.minor_units;
    assert_eq!(paid, 1_000);
    nights_pass(&city).await;
    assert_eq!(city.reads(CASE).await["state"], "paid");
}

#[tokio::test]
async fn a_part_of_the_fine_may_be_enough() {
    let (city, token) = in_review(Afterwards::RefundedInPart(1_000)).await;
    let ended = two_decide(&city, "paid").await;
    assert_eq!(ended.body["state"], "paid");
    nights_pass(&city).await;
    assert_eq!(city.reads(CASE).await["state"], "paid");
    assert_eq!(city.open(&token).await.state, "paid");
    assert!(city.refunds("proposed").await.is_empty());
}

#[tokio::test]
async fn money_that_was_not_what_was_asked_for_may_pay_all_the_same() {
    let (city, token) = a_cent_short().await;
    let proposed = city.refunds("proposed").await;
    assert_eq!(proposed.len(), 1, "it is to go back until somebody decides");
    let ended = two_decide(&city, "paid").await;
    assert_eq!(ended.body["state"], "paid");
    let settlement = &ended.body["settlements"][0];
    assert_eq!(settlement["role"], "main");
    assert_eq!(settlement.get("surplus_reason"), None);
    assert_eq!(settlement["capture_id"], ended.body["settlement"]);
    assert_eq!(ended.body["refunds"][0]["refund_state"], "rejected");
    assert!(city.refunds("proposed").await.is_empty());
    nights_pass(&city).await;
    assert_eq!(city.reads(CASE).await["state"], "paid");
    assert_eq!(city.open(&token).await.state, "paid");
}

#[tokio::test]
async fn money_that_was_not_what_was_asked_for_goes_back_and_the_fine_is_asked_for_again() {
    let (city, token) = a_cent_short().await;
    let number = city.refunds("proposed").await[0]["id"].clone();
    two_decide(&city, "payable_again").await;
    nights_pass(&city).await;
    assert_eq!(city.reads(CASE).await["owed"], "30.00");
    let approved = city.approves("clerk-3", number.as_str().unwrap()).await;
    assert_eq!(approved.status, 200, "{}", approved.body);
    city.later(Duration::from_mins(2));
    city.sweep().await;
    city.deliver().await;
    assert_eq!(city.reads(CASE).await["state"], "open");
    pay(&city, &token).await;
    assert_eq!(city.reads(CASE).await["state"], "paid");
}

#[tokio::test]
async fn a_case_that_is_dropped_or_goes_on_elsewhere_gives_back_what_the_city_has() {
    for (decision, state) in [("withdrawn", "withdrawn"), ("handed_over", "handed_over")] {
        let (city, _) = in_review(Afterwards::RefundedInPart(1_000)).await;
        let ended = decides(&city, "clerk-1", decision).await;
        assert_eq!(
            (ended.status.as_u16(), &ended.body["state"]),
            (200, &json!(state)),
            "{}",
            ended.body
        );
        let proposed = city.refunds("proposed").await;
        assert_eq!(proposed.len(), 1);
        assert_eq!(proposed[0]["value"], "20.00");
        assert_eq!(proposed[0]["proposed_by"], "clerk-1");
        let table = city.table().await;
        assert_eq!(decides(&city, "clerk-1", decision).await.status, 200);
        assert_eq!(city.table().await, table, "the same again changes nothing");
    }
}

#[tokio::test]
async fn a_fine_that_may_still_go_back_comes_first() {
    let (city, _) = in_review(Afterwards::RefundedInPart(1_000)).await;
    let capture = city.standin.books().captures[0].id.clone();
    let of = (CASE, capture.as_str());
    let proposed = city.proposes("clerk-1", of, "5.00").await;
    assert_eq!(proposed.status, 201, "{}", proposed.body);
    for decision in ["payable_again", "paid"] {
        let first = decides(&city, "clerk-1", decision).await;
        assert!(
            first.is_problem(409, "review-cannot-end-so"),
            "{}",
            first.body
        );
        let number = proposed.body["id"].as_str().unwrap();
        assert!(first.body["detail"].as_str().unwrap().contains(number));
    }
}

#[tokio::test]
async fn a_payment_counts_though_its_request_began_before_the_review_ended() {
    let (city, token) = in_review(Afterwards::Reversed).await;
    let begun = city.now();
    city.later(Duration::from_secs(10));
    two_decide(&city, "payable_again").await;
    let at = begun.to_string();
    let cash = Payment {
        amount: "30.00",
        number: "4711",
        paid_at: Some(&at),
    };
    let booked = city
        .books_begun(begun, "clerk-takes-cash", CASE, cash)
        .await;
    assert_eq!(
        (booked.status.as_u16(), &booked.body["state"]),
        (201, &json!("paid")),
        "{}",
        booked.body
    );
    nights_pass(&city).await;
    assert_eq!(city.open(&token).await.state, "paid");
}

#[tokio::test]
async fn only_a_review_ends() {
    let city = City::new().await;
    city.issue(CASE).await;
    let cash = Payment {
        amount: "30.00",
        number: "4711",
        paid_at: None,
    };
    for decision in ["paid", "withdrawn", "handed_over"] {
        let table = city.table().await;
        let refused = decides(&city, "clerk-1", decision).await;
        assert!(refused.is_problem(409, "not-in-review"), "{}", refused.body);
        assert_eq!(city.table().await, table);
    }
    city.books("clerk-takes-cash", CASE, cash).await;
    for (decision, state) in DECISIONS {
        let answered = decides(&city, "clerk-1", decision).await;
        let is_so = state == "paid";
        assert_eq!(answered.status == 200, is_so, "{}", answered.body);
        assert_eq!(answered.is_problem(409, "not-in-review"), !is_so);
    }
}

/// A transfer of the whole fine, which the office books.
const TRANSFER: Payment<'_> = Payment {
    amount: "30.00",
    number: "NOTPROVIDED-7",
    paid_at: None,
};

async fn happens_to(city: &City, capture: usize, back: Afterwards) {
    let capture = city.standin.books().captures[capture].id.clone();
    city.standin.afterwards(&capture, back).unwrap();
    assert_eq!(city.deliver().await, [200]);
}

/// Whoever paid twice and has one of both taken back owes nothing.
#[tokio::test]
async fn what_came_a_second_time_pays_when_the_first_is_taken_back() {
    let city = Box::pin(City::new()).await;
    let token = city.issue(CASE).await;
    Box::pin(pay(&city, &token)).await;
    let at = city.now().to_string();
    let transfer = Payment {
        paid_at: Some(&at),
        ..TRANSFER
    };
    let books = async || {
        city.books("cash-office-books-transfer", CASE, transfer)
            .await
    };
    assert_eq!(books().await.status, 201);
    happens_to(&city, 0, Afterwards::Reversed).await;
    let ended = two_decide(&city, "paid").await.body;
    assert_eq!(
        (&ended["state"], &ended["settlement"]),
        (&json!("paid"), &json!("transfer-NOTPROVIDED-7"))
    );
    assert!(city.refunds("proposed").await.is_empty());
    // The day's list is sent again.
    let table = city.table().await;
    assert_eq!(books().await.status, 200);
    assert_eq!(city.table().await, table, "nothing is told a second time");
    nights_pass(&city).await;
    assert_eq!(city.reads(CASE).await["state"], "paid");
    assert_eq!(city.open(&token).await.state, "paid");
}

/// Where a part was counted by one review, the next one does not take it for too much.
#[tokio::test]
async fn what_is_enough_is_not_too_much() {
    let (city, _) = in_review(Afterwards::RefundedInPart(1_000)).await;
    two_decide(&city, "payable_again").await;
    happens_to(&city, 0, Afterwards::Disputed).await;
    let ended = two_decide(&city, "paid").await;
    assert_eq!(ended.body["state"], "paid");
    let proposed = city.refunds("proposed").await;
    assert!(proposed.is_empty(), "{proposed:?}");
}

/// A case that was dropped is in review again: what was to go back then would be given
/// back as surplus, of a case that is paid by it.
#[tokio::test]
async fn what_was_to_go_back_when_the_case_was_dropped_comes_first() {
    let (city, _) = in_review(Afterwards::RefundedInPart(500)).await;
    assert_eq!(decides(&city, "clerk-1", "withdrawn").await.status, 200);
    let number = city.refunds("proposed").await[0]["id"].clone();
    happens_to(&city, 0, Afterwards::Disputed).await;
    for decision in ["paid", "payable_again"] {
        let first = decides(&city, "clerk-1", decision).await;
        assert!(
            first.is_problem(409, "review-cannot-end-so"),
            "{}",
            first.body
        );
        let detail = first.body["detail"].as_str().unwrap();
        assert!(detail.contains(number.as_str().unwrap()), "{detail}");
    }
}

#[tokio::test]
async fn a_payment_that_is_held_back_is_seen_in_review_too() {
    let (city, token) = in_review(Afterwards::RefundedInPart(1_000)).await;
    two_decide(&city, "payable_again").await;
    let checkout = city.press_pay_over(&token, "10.00").await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    let held_back = Fault::once(On::Capture, FaultKind::Pending);
    city.standin.set_fault(held_back).unwrap();
    city.come_back(&back).await;
    city.deliver().await;
    happens_to(&city, 0, Afterwards::Disputed).await;
    let case = city.reads(CASE).await;
    assert_eq!(
        (&case["state"], &case["payment_pending"]),
        (&json!("review"), &json!(true))
    );
    let listed = city
        .lists("city-lists-tickets", &[("state", "review")])
        .await
        .body;
    assert_eq!(listed["tickets"][0]["payment_pending"], true, "{listed}");
}

/// What was booked before the review is not told of a second time.
#[tokio::test]
async fn cash_sent_again_after_a_review_changes_nothing() {
    let city = Box::pin(City::new()).await;
    city.issue(CASE).await;
    let cash = Payment {
        amount: "30.00",
        number: "4711",
        paid_at: None,
    };
    assert_eq!(city.books("clerk-takes-cash", CASE, cash).await.status, 201);
    let proposed = city.proposes("clerk-1", (CASE, "cash-4711"), "10.00").await;
    let number = proposed.body["id"].as_str().unwrap().to_owned();
    assert_eq!(city.approves("clerk-2", &number).await.status, 200);
    let ended = two_decide(&city, "paid").await.body;
    let paid_at = ended["settlements"][0]["paid_at"].as_str().unwrap();
    let table = city.table().await;
    let again = Payment {
        paid_at: Some(paid_at),
        ..cash
    };
    let again = city.books("clerk-takes-cash", CASE, again).await;
    assert_eq!(again.status, 200, "{}", again.body);
    assert_eq!(city.table().await, table);
}
