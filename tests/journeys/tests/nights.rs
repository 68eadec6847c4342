//! The nightly comparison of PayPal's books with the table: it ends, however
//! much there is; it concludes nothing from an answer that is not whole; it
//! compares both ways; and nobody outside can keep the books from agreeing.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use journeys::{City, RequestLine};
use paypal_standin::{Afterwards, Fault, FaultKind, On, Payer};
use serde_json::{Value, json};
use settle::NIGHT_MISSING_AFTER;
use store::TakenBackKind;
use ticket::State;

const LAG: Duration = Duration::from_hours(3);
const A_DAY: Duration = Duration::from_hours(24);
/// After this a booking must stand in PayPal's books.
const TWO_DAYS: Duration = Duration::from_hours(48);
const CASE: &str = "KL-1";

async fn pay(city: &City, token: &str) -> String {
    let checkout = city.press_pay(token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    city.come_back(&back).await;
    city.standin.books().captures.last().unwrap().id.clone()
}

fn is_search(asked: &RequestLine) -> bool {
    asked.contains("/v1/reporting/transactions")
}

/// One parameter of what was asked.
fn parameter<T: std::str::FromStr>(asked: &RequestLine, name: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    let (_, query) = asked.split_once('?').unwrap();
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(key, _)| *key == name).unwrap();
    value.parse().unwrap()
}

/// A row of PayPal's books.
fn row(id: &str, code: &str, at: Timestamp, value: &str) -> Value {
    json!({ "transaction_info": {
        "transaction_id": id,
        "transaction_event_code": code,
        "transaction_initiation_date": at.to_string(),
        "transaction_updated_date": at.to_string(),
        "transaction_amount": { "currency_code": "EUR", "value": value },
        "transaction_status": "S",
    }})
}

/// The answer to a search, with more rows behind the stand-in's own, which are
/// one page at most.
fn with_rows(asked: &RequestLine, mut answer: Value, more: &[Value]) -> Value {
    let from: Timestamp = parameter(asked, "start_date");
    let to: Timestamp = parameter(asked, "end_date");
    let page: usize = parameter(asked, "page");
    let size: usize = parameter(asked, "page_size");
    let own = answer["transaction_details"].as_array().unwrap().clone();
    let own_count = usize::try_from(answer["total_items"].as_u64().unwrap()).unwrap();
    assert!(own_count <= size, "the stand-in's own rows are one page");
    let more = more.iter().filter(|row| {
        let at = &row["transaction_info"]["transaction_initiation_date"];
        (from..=to).contains(&at.as_str().unwrap().parse().unwrap())
    });
    let more: Vec<&Value> = more.collect();
    let all = own_count + more.len();
    let first = ((page - 1) * size).saturating_sub(own_count);
    let here = own.iter().chain(more.into_iter().skip(first)).take(size);
    answer["transaction_details"] = here.cloned().collect();
    answer["total_items"] = json!(all);
    answer["total_pages"] = json!(all.div_ceil(size));
    answer
}

/// The answer to a search that ends in the middle of what was asked for, down to
/// ten minutes.
fn cut_in_half(asked: &RequestLine, mut answer: Value) -> Value {
    let from: Timestamp = parameter(asked, "start_date");
    let to: Timestamp = parameter(asked, "end_date");
    let minutes = to.duration_since(from).as_mins();
    if minutes <= 10 {
        return answer;
    }
    let end = from + SignedDuration::from_mins(minutes / 2);
    answer["end_date"] = json!(end.to_string());
    let rows = answer["transaction_details"].as_array_mut().unwrap();
    rows.retain(|row| {
        let at = &row["transaction_info"]["transaction_initiation_date"];
        at.as_str().unwrap().parse::<Timestamp>().unwrap() <= end
    });
    answer["total_items"] = json!(rows.len());
    answer
}

#[tokio::test]
async fn a_night_may_die_at_any_point_and_counts_everything_once() {
    let city = City::new().await;
    for case in [CASE, "KL-2", "KL-3"] {
        let token = city.issue(case).await;
        pay(&city, &token).await;
        city.later(Duration::from_hours(5));
    }
    city.later(TWO_DAYS);
    let (mut died, mut polls) = (0, 1);
    loop {
        let ended = {
            let mut work = Box::pin(city.minute_of_the_night());
            let mut left = polls;
            std::future::poll_fn(|context| {
                if left == 0 {
                    return std::task::Poll::Ready(None);
                }
                left -= 1;
                work.as_mut().poll(context).map(Some)
            })
            .await
        };
        match ended {
            Some(compare_books::NightRun::Ended(reconciled)) => {
                assert!(reconciled.comparison.agrees(), "{reconciled:?}");
                assert_eq!(reconciled.comparison.shown.count, 3);
                assert_eq!(reconciled.comparison.booked.cents, 9_000);
                break;
            }
            Some(_) => {}
            None => died += 1,
        }
        polls += 2;
    }
    assert!(died > 5, "{died}");
    let resting = city.minute_of_the_night().await;
    assert_eq!(resting, compare_books::NightRun::Resting);
}

#[tokio::test]
async fn ten_thousand_rows_a_day_come_to_their_end() {
    let mut city = City::new().await;
    let token = city.issue(CASE).await;
    pay(&city, &token).await;
    let begun = city.now();
    let transfers: Vec<Value> = (0..10_000)
        .map(|number| {
            let at = begun + SignedDuration::from_secs(number * 8);
            row(&format!("TRANSFER{number}"), "T0400", at, "-1.00")
        })
        .collect();
    city.later(A_DAY + LAG);
    let searches = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&searches);
    city.between(move |asked, status, answer| {
        if !is_search(asked) {
            return (status, answer);
        }
        counted.fetch_add(1, Ordering::Relaxed);
        let answer = with_rows(asked, answer, &transfers);
        let page: u64 = parameter(asked, "page");
        if answer["total_items"].as_u64().unwrap() > 9_000 {
            return (400, json!({ "name": "RESULTSET_TOO_LARGE" }));
        }
        assert!(page <= 5, "a slice has more than is read: {asked}");
        (status, answer)
    })
    .await;
    let (reconciled, minutes) = city.night().await;
    assert!(reconciled.comparison.agrees(), "{reconciled:?}");
    assert_eq!(reconciled.comparison.shown.count, 1);
    assert!(minutes < 20, "{minutes}");
    // Each row once, and what it took to find out how much there is.
    let searches = searches.load(Ordering::Relaxed);
    assert!((100..250).contains(&searches), "{searches}");
}

#[tokio::test]
async fn a_thousand_rows_in_a_minute_are_read_second_by_second() {
    let mut city = City::new().await;
    let token = city.issue(CASE).await;
    pay(&city, &token).await;
    let at = city.now() + SignedDuration::from_secs(120);
    let transfers: Vec<Value> = (0..1_000)
        .map(|number| {
            let at = at + SignedDuration::from_secs(number % 50);
            row(&format!("TRANSFER{number}"), "T0400", at, "-0.01")
        })
        .collect();
    city.later(A_DAY + LAG);
    city.between(move |asked, status, answer| {
        if is_search(asked) {
            return (status, with_rows(asked, answer, &transfers));
        }
        (status, answer)
    })
    .await;
    let (reconciled, _) = city.night().await;
    assert!(reconciled.comparison.agrees(), "{reconciled:?}");
    assert_eq!(reconciled.comparison.shown.count, 1);
}

#[tokio::test]
async fn books_that_are_cut_again_and_again_are_read_to_their_end_in_one_call() {
    let mut city = City::new().await;
    let token = city.issue(CASE).await;
    let begun = city.now();
    pay(&city, &token).await;
    city.later(A_DAY);
    city.between(|asked, status, answer| {
        if is_search(asked) {
            return (status, cut_in_half(asked, answer));
        }
        (status, answer)
    })
    .await;
    let reconciled = city.reconcile(begun - SignedDuration::from_hours(24)).await;
    assert_eq!(reconciled.stopped_at, None, "{reconciled:?}");
    assert_eq!(reconciled.comparison.shown.count, 1);
}

#[tokio::test]
async fn foreign_payments_are_asked_about_once_in_their_life() {
    let mut city = City::new().await;
    let token = city.issue(CASE).await;
    pay(&city, &token).await;
    let begun = city.now();
    let foreign: Vec<Value> = (0..150)
        .map(|number| {
            let at = begun + SignedDuration::from_mins(number * 9);
            let code = ["T0006", "T0000"][usize::try_from(number % 2).unwrap()];
            row(&format!("FOREIGN{number}"), code, at, "1.00")
        })
        .collect();
    // Somebody else sells in the same account, through an app of its own.
    let sale = |asked: &RequestLine| {
        let id = asked.rsplit('/').next().unwrap();
        json!({ "id": id, "status": "COMPLETED", "custom_id": "SWIMMING-POOL",
            "amount": { "currency_code": "EUR", "value": "1.00" } })
    };
    city.later(A_DAY + LAG);
    let asked_about = Arc::new(Mutex::new(BTreeMap::<String, u32>::new()));
    let counted = Arc::clone(&asked_about);
    city.between(move |asked, status, answer| {
        if is_search(asked) {
            return (status, with_rows(asked, answer, &foreign));
        }
        if asked.contains("/captures/FOREIGN") {
            *counted.lock().unwrap().entry(asked.to_owned()).or_default() += 1;
            return (200, sale(asked));
        }
        (status, answer)
    })
    .await;
    let (first, minutes) = city.night().await;
    assert!(first.comparison.agrees(), "{first:?}");
    assert_eq!(first.comparison.foreign.count, 150);
    assert!(minutes > 3, "a run has its budget: {minutes}");
    city.later(A_DAY);
    let (second, minutes) = city.night().await;
    assert!(second.comparison.agrees(), "{second:?}");
    assert_eq!(second.comparison.foreign.count, 150);
    assert_eq!(minutes, 1);
    let asked_about = asked_about.lock().unwrap();
    assert_eq!(asked_about.len(), 150);
    assert!(asked_about.values().all(|times| *times == 1));
}

#[tokio::test]
async fn nobody_can_keep_the_books_from_agreeing_by_sending_a_cent() {
    let mut city = City::new().await;
    let token = city.issue(CASE).await;
    city.issue("KL-2").await;
    pay(&city, &token).await;
    let attempt = city.case_file(CASE).await.attempts[0].id.to_string();
    let now = city.now();
    let marked = |id: &str, code: &str, custom: &str, invoice: &str| {
        let mut row = row(id, code, now, "0.01");
        row["transaction_info"]["custom_field"] = json!(custom);
        row["transaction_info"]["invoice_id"] = json!(invoice);
        row
    };
    let cents = vec![
        row("SENT1", "T0000", now, "0.01"),
        row("SENT2", "T0006", now, "0.01"),
        // Who has paid knows the attempt's id.
        marked("SENT3", "T0006", &attempt, CASE),
        marked("SENT4", "T0000", "abcdefghijklmnopqrstuvwxyz", "KL-2"),
        marked("SENT5", "T0006", "abcdefghijklmnopqrstuvwxyz", "NOBODYS"),
    ];
    city.later(TWO_DAYS);
    city.between(move |asked, status, answer| {
        if is_search(asked) {
            return (status, with_rows(asked, answer, &cents));
        }
        (status, answer)
    })
    .await;
    for _ in 0..2 {
        let (reconciled, _) = city.night().await;
        let comparison = reconciled.comparison;
        assert!(comparison.agrees(), "{reconciled:?}");
        assert_eq!((comparison.shown.count, comparison.foreign.count), (1, 5));
        city.later(Duration::from_hours(13));
    }
    assert_eq!(city.case_file("KL-2").await.ticket.state, State::Open(None));
    assert_eq!(city.case_file(CASE).await.settlements.len(), 1);
}

#[tokio::test]
async fn a_cent_by_the_name_of_an_order_that_is_over_is_foreign() {
    let mut city = City::new().await;
    let token = city.issue(CASE).await;
    let abandoned = city.press_pay(&token).await;
    city.at_paypal(&abandoned, Payer::Cancels);
    let attempt = city.case_file(CASE).await.attempts[0].id.to_string();
    let mut cent = row("SENT1", "T0006", city.now(), "0.01");
    cent["transaction_info"]["custom_field"] = json!(attempt);
    let cents = vec![cent];
    city.later(TWO_DAYS);
    city.between(move |asked, status, answer| {
        if is_search(asked) {
            return (status, with_rows(asked, answer, &cents));
        }
        (status, answer)
    })
    .await;
    let (night, _) = city.night().await;
    assert!(night.comparison.agrees(), "{night:?}");
    assert_eq!(night.comparison.foreign.count, 1);
}

#[tokio::test]
async fn payments_of_one_second_that_are_asked_about_each_night_keep_no_night_from_its_end() {
    let mut city = City::new().await;
    let at = city.now();
    let cents: Vec<Value> = (0..40)
        .map(|number| {
            let mut cent = row(&format!("SENT{number}"), "T0006", at, "0.01");
            cent["transaction_info"]["custom_field"] = json!("abcdefghijklmnopqrstuvwxyz");
            cent
        })
        .collect();
    city.later(TWO_DAYS);
    city.between(move |asked, status, answer| {
        if is_search(asked) {
            return (status, with_rows(asked, answer, &cents));
        }
        (status, answer)
    })
    .await;
    let (night, minutes) = city.night().await;
    assert_eq!(night.comparison.foreign.count, 40, "{night:?}");
    assert!(minutes < 60, "{minutes}");
}

#[tokio::test]
async fn money_that_only_the_table_has_is_a_difference() {
    for is_shown in [true, false] {
        let mut city = City::new().await;
        let token = city.issue(CASE).await;
        pay(&city, &token).await;
        let paid_at = city.now();
        city.later(TWO_DAYS);
        city.between(move |asked, status, mut answer| {
            if is_search(asked) && !is_shown {
                answer["transaction_details"] = json!([]);
                answer["total_items"] = json!(0);
                answer["total_pages"] = json!(0);
            }
            (status, answer)
        })
        .await;
        let by_hand = city
            .reconcile(paid_at - SignedDuration::from_hours(1))
            .await;
        let (by_night, _) = city.night().await;
        for reconciled in [by_hand, by_night] {
            let expected = if is_shown { 0 } else { -3_000 };
            assert_eq!(reconciled.difference_cents, expected, "{reconciled:?}");
            assert_eq!(reconciled.comparison.agrees(), is_shown);
        }
    }
}

#[tokio::test]
async fn a_booking_that_paypal_says_nothing_about_is_looked_at_the_next_night() {
    let mut city = City::new().await;
    let token = city.issue(CASE).await;
    let fault = Fault::once(On::Capture, FaultKind::Pending);
    city.standin.set_fault(fault).unwrap();
    let capture = pay(&city, &token).await;
    city.later(7 * A_DAY);
    let completes = Afterwards::Completes;
    city.standin.afterwards(&capture, completes).unwrap();
    city.sweep().await;
    city.between(|asked, status, mut answer| {
        if is_search(asked) {
            answer["transaction_details"] = json!([]);
            answer["total_items"] = json!(0);
        } else if asked.contains("/payments/captures/") {
            // Not what is booked: only the table has that money.
            answer["amount"]["value"] = json!("29.00");
        }
        (status, answer)
    })
    .await;
    city.later(TWO_DAYS);
    let silent = Fault {
        times: 1_000,
        ..Fault::once(On::GetCapture, FaultKind::NoAnswer)
    };
    city.standin.set_fault(silent).unwrap();
    let (night, _) = city.night().await;
    assert_eq!(night.comparison.unclear, 1, "{night:?}");
    city.standin.clear_faults();
    city.later(A_DAY);
    let (night, _) = city.night().await;
    assert_eq!(night.difference_cents, -3_000, "{night:?}");
}

#[tokio::test]
async fn a_payment_that_was_held_back_for_a_week_is_no_difference() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let fault = Fault::once(On::Capture, FaultKind::Pending);
    city.standin.set_fault(fault).unwrap();
    let capture = pay(&city, &token).await;
    for day in 0..10 {
        if day == 7 {
            let completes = Afterwards::Completes;
            city.standin.afterwards(&capture, completes).unwrap();
            city.sweep().await;
            let state = city.case_file(CASE).await.ticket.state;
            assert!(matches!(state, State::Paid { .. }), "{state:?}");
        }
        city.later(A_DAY);
        let (reconciled, _) = city.night().await;
        assert!(reconciled.comparison.agrees(), "{day} {reconciled:?}");
    }
}

#[tokio::test]
async fn a_missing_night_is_seen_and_one_that_ended_is_not_missing() {
    let city = City::new().await;
    let is_missing = async || city.settle().is_night_missing(city.now()).await.unwrap();
    assert!(!is_missing().await);
    city.later(NIGHT_MISSING_AFTER);
    assert!(!is_missing().await);
    city.later(Duration::from_secs(1));
    assert!(is_missing().await);
    city.night().await;
    assert!(!is_missing().await);
    city.later(A_DAY);
    let clock = || city.now();
    // A run that ends before it has begun anything.
    let run = city.settle().compare(&clock, tokio::time::Instant::now());
    run.await.unwrap();
    city.later(Duration::from_hours(7));
    assert!(is_missing().await);
}

#[tokio::test]
async fn nothing_is_concluded_from_an_answer_that_is_not_whole() {
    type Spoil = fn(&RequestLine, usize, Value) -> (u16, Value);
    let spoils: [(&str, Spoil); 4] = [
        ("an answer that was cut", |asked, _, answer| {
            (200, cut_in_half(asked, answer))
        }),
        ("a total that does not fit", |_, number, mut answer| {
            if number % 3 == 0 {
                answer["total_items"] = json!(7);
                answer["transaction_details"] = json!([]);
            }
            (200, answer)
        }),
        ("a row that is shown twice", |_, number, mut answer| {
            let rows = answer["transaction_details"].as_array_mut().unwrap();
            if number % 3 == 0 && rows.len() > 1 {
                rows[0] = rows[1].clone();
            }
            (200, answer)
        }),
        ("no answer", |_, number, answer| {
            if number % 3 == 0 {
                return (500, json!({ "name": "INTERNAL_SERVER_ERROR" }));
            }
            (200, answer)
        }),
    ];
    for (what, spoil) in spoils {
        let mut city = City::new().await;
        for case in [CASE, "KL-2"] {
            let token = city.issue(case).await;
            pay(&city, &token).await;
            city.later(Duration::from_mins(100));
        }
        city.later(TWO_DAYS);
        let searches = AtomicUsize::new(0);
        city.between(move |asked, status, answer| {
            if is_search(asked) {
                return spoil(asked, searches.fetch_add(1, Ordering::Relaxed), answer);
            }
            (status, answer)
        })
        .await;
        let (reconciled, _) = city.night().await;
        assert!(reconciled.comparison.agrees(), "{what}: {reconciled:?}");
        assert_eq!(reconciled.comparison.shown.count, 2, "{what}");
    }
}

#[tokio::test]
async fn books_that_are_36_hours_late_are_looked_at_the_next_night() {
    let mut city = City::new().await;
    let token = city.issue(CASE).await;
    city.later(TWO_DAYS);
    pay(&city, &token).await;
    let paid_at = city.now();
    city.later(LAG * 2);
    let is_late = Arc::new(AtomicBool::new(true));
    let late = Arc::clone(&is_late);
    let start_of_today = city.now() - SignedDuration::from_hours(30);
    city.between(move |asked, status, answer| {
        let is_young = is_search(asked)
            && parameter::<Timestamp>(asked, "end_date") > start_of_today
            && late.load(Ordering::Relaxed);
        if !is_young {
            return (status, answer);
        }
        let from: Timestamp = parameter(asked, "start_date");
        if from >= start_of_today {
            let message = "Data for the given start date is not available";
            return (
                400,
                json!({ "name": "INVALID_REQUEST", "message": message }),
            );
        }
        let mut answer = answer;
        answer["transaction_details"] = json!([]);
        answer["total_items"] = json!(0);
        answer["end_date"] = json!(start_of_today.to_string());
        (status, answer)
    })
    .await;
    let (first, _) = city.night().await;
    assert!(first.complete_until.unwrap() < paid_at, "{first:?}");
    assert_eq!(first.comparison.shown.count, 0);
    is_late.store(false, Ordering::Relaxed);
    city.later(A_DAY);
    let (second, _) = city.night().await;
    assert!(second.comparison.agrees(), "{second:?}");
    assert_eq!(second.comparison.shown.count, 1);
}

/// A night with a row about the one payment there is.
async fn night_with(city: &mut City, capture: &str, code: &str, value: &str) -> settle::Reconciled {
    let mut row = row("5LEFT0000000000AA", code, city.now(), value);
    row["transaction_info"]["paypal_reference_id"] = json!(capture);
    row["transaction_info"]["paypal_reference_id_type"] = json!("TXN");
    city.later(LAG * 2);
    city.between(move |asked, status, answer| {
        if is_search(asked) {
            return (status, with_rows(asked, answer, std::slice::from_ref(&row)));
        }
        (status, answer)
    })
    .await;
    city.night().await.0
}

#[tokio::test]
async fn a_chargeback_that_no_event_has_told_of_is_booked_out_of_the_books() {
    let mut city = City::new().await;
    let token = city.issue(CASE).await;
    let capture = pay(&city, &token).await;
    let first = night_with(&mut city, &capture, "T1201", "-12.00").await;
    assert!(first.comparison.agrees(), "{first:?}");
    assert_eq!(first.comparison.found, 1);
    city.later(A_DAY);
    let (second, _) = city.night().await;
    assert!(second.comparison.agrees(), "{second:?}");
    assert_eq!(second.comparison.found, 0);
    city.later(A_DAY);
    assert!(city.night().await.0.comparison.agrees());
    let file = city.case_file(CASE).await;
    assert_eq!(file.ticket.state, State::Review(None));
    assert_eq!(file.taken_back.len(), 1);
    assert_eq!(file.taken_back[0].kind, TakenBackKind::Reversal);
    assert_eq!(file.taken_back[0].cents(), -1_200);
}

#[tokio::test]
async fn a_chargeback_that_an_event_has_told_of_by_another_name_is_booked_once() {
    let mut city = City::new().await;
    let token = city.issue(CASE).await;
    let capture = pay(&city, &token).await;
    let reversed = Afterwards::Reversed;
    city.standin.afterwards(&capture, reversed).unwrap();
    city.deliver().await;
    // The books do not call it a reversal.
    let mut row = row("5LEFT0000000000AA", "T1201", city.now(), "-30.00");
    row["transaction_info"]["paypal_reference_id"] = json!(capture);
    city.later(TWO_DAYS);
    city.between(move |asked, status, mut answer| {
        if is_search(asked) {
            let rows = answer["transaction_details"].as_array_mut().unwrap();
            rows.retain(|row| row["transaction_info"]["transaction_event_code"] != "T1106");
            answer["total_items"] = json!(rows.len());
            return (status, with_rows(asked, answer, std::slice::from_ref(&row)));
        }
        (status, answer)
    })
    .await;
    for _ in 0..2 {
        let (reconciled, _) = city.night().await;
        assert!(reconciled.comparison.agrees(), "{reconciled:?}");
        assert_eq!(city.case_file(CASE).await.taken_back.len(), 1);
        city.later(A_DAY);
    }
}

/// What we have given back ourselves is not the money that a bank takes.
#[tokio::test]
async fn a_chargeback_beside_a_refund_of_ours_is_money_that_left_once_more() {
    let mut city = City::new().await;
    let token = city.issue(CASE).await;
    let capture = pay(&city, &token).await;
    let proposed = city.proposes("clerk-1", (CASE, &capture), "30.00").await;
    let number = proposed.body["id"].as_str().unwrap().to_owned();
    assert_eq!(city.approves("clerk-2", &number).await.status, 200);
    city.sweep().await;
    city.deliver().await;
    let mut row = row("5LEFT0000000000AA", "T1201", city.now(), "-30.00");
    row["transaction_info"]["paypal_reference_id"] = json!(capture);
    city.later(LAG * 2);
    city.between(move |asked, status, mut answer| {
        if is_search(asked) {
            // The books have not shown the refund yet.
            let rows = answer["transaction_details"].as_array_mut().unwrap();
            rows.retain(|row| row["transaction_info"]["transaction_event_code"] != "T1107");
            answer["total_items"] = json!(rows.len());
            return (status, with_rows(asked, answer, std::slice::from_ref(&row)));
        }
        (status, answer)
    })
    .await;
    city.night().await;
    let lines = city.case_file(CASE).await.taken_back;
    let left: i64 = lines.iter().map(store::TakenBack::cents).sum();
    assert_eq!((lines.len(), left), (2, -6_000), "{lines:?}");
}

#[tokio::test]
async fn a_hold_in_the_books_brings_its_ticket_to_review() {
    let mut city = City::new().await;
    let token = city.issue(CASE).await;
    let capture = pay(&city, &token).await;
    let reconciled = night_with(&mut city, &capture, "T1110", "-30.00").await;
    assert!(reconciled.comparison.agrees(), "{reconciled:?}");
    assert_eq!(reconciled.comparison.held.cents, -3_000);
    let file = city.case_file(CASE).await;
    assert_eq!(file.ticket.state, State::Review(None));
    assert_eq!(file.taken_back[0].kind, TakenBackKind::Dispute);
    assert_eq!(file.taken_back[0].amount, None);
}

#[tokio::test]
async fn money_that_left_and_is_on_no_ticket_counts_against_agree() {
    let mut city = City::new().await;
    let token = city.issue(CASE).await;
    pay(&city, &token).await;
    // A capture that PayPal does not show any more.
    let reconciled = night_with(&mut city, "0UNKNOWN000000000", "T1107", "-30.00").await;
    assert!(!reconciled.comparison.agrees(), "{reconciled:?}");
    assert_eq!(reconciled.comparison.unclear, 1);
}

#[tokio::test]
async fn money_that_was_taken_back_and_came_again_is_told() {
    let mut city = City::new().await;
    let token = city.issue(CASE).await;
    let capture = pay(&city, &token).await;
    let reconciled = night_with(&mut city, &capture, "T1202", "30.00").await;
    assert_eq!(reconciled.comparison.returned.cents, 3_000);
}
