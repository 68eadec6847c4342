//! `PUT /tickets/{case_number}`.

use serde_json::json;
use ticket::{Cents, State};

use crate::city::{BASE_URL, City, now, put_event, sent, with_body, with_field};

const KL: &str = "KL-2026-000900";

#[tokio::test]
async fn a_ticket_issued_is_in_the_table_as_sent() {
    let city = City::start().await;
    assert_eq!(city.send(&put_event(KL)).await.status, 201);
    let case = city.case(KL).await.unwrap();
    assert_eq!(case.ticket.plate.in_full(), "KL-XX 000");
    assert_eq!(case.ticket.offence.number.as_str(), "112402");
    assert_eq!(
        case.ticket.place.as_str(),
        "Musterstraße, Höhe Hausnummer 1"
    );
    assert_eq!(case.ticket.occurred_at.to_string(), "2026-02-19T13:05:00Z");
    assert_eq!(case.ticket.amount, Cents::new(3_000));
    assert_eq!(case.ticket.booking_reference, None);
    assert_eq!(case.ticket.state, State::Open(None));
    assert_eq!(case.ticket.issued_at, now());
    let [entry] = &case.journal[..] else {
        panic!("{:?}", case.journal);
    };
    assert_eq!((entry.by.as_str(), entry.at), ("clerk-17", now()));
}

#[tokio::test]
async fn the_answer_is_what_to_print() {
    let city = City::start().await;
    let answer = city.send(&put_event(KL)).await;
    assert_eq!(answer.headers["content-type"], "application/json");
    let printed = answer.json();
    assert_eq!(printed["case_number"], KL);
    let url = printed["url"].as_str().unwrap();
    let token = url.strip_prefix(&format!("{BASE_URL}/t/")).unwrap();
    assert_eq!(city.keys.verify(token).unwrap().as_str(), KL);
    assert_eq!(printed["check_word"], token::check_word(token));
    assert!(printed["qr"]["svg"].as_str().unwrap().starts_with("<svg "));
    let names: Vec<&String> = printed.as_object().unwrap().keys().collect();
    assert_eq!(names, ["case_number", "check_word", "qr", "url"]);
}

#[tokio::test]
async fn without_a_due_date_it_is_one_week_in_the_citys_land() {
    let city = City::start().await;
    // Maundy Thursday 2024: a week on is a working day; and All Saints' Day
    // (a holiday in Rheinland-Pfalz) moves the date to the day after it.
    for (occurred_at, due_on) in [
        ("2024-03-28T10:00:00+01:00", "2024-04-04"),
        ("2023-10-25T10:00:00+02:00", "2023-11-02"),
    ] {
        let case_number = format!("KL-{due_on}");
        let event = with_field(put_event(&case_number), "occurred_at", json!(occurred_at));
        assert_eq!(city.send(&event).await.status, 201);
        let case = city.case(&case_number).await.unwrap();
        assert_eq!(case.ticket.due_on.day().to_string(), due_on);
    }
}

#[tokio::test]
async fn a_moment_that_cannot_be_right_is_refused_and_the_problem_says_what_to_write() {
    let city = City::start().await;
    // Now it is 2026-02-20T09:30:00Z; a hand-held device may be five minutes ahead.
    for (occurred_at, status) in [
        ("2026-02-20T09:35:00Z", 201),
        ("2026-02-20T09:35:01Z", 400),
        ("2206-02-19T14:05:00+01:00", 400),
        ("2023-02-20T09:30:00Z", 201),
        ("2023-02-20T09:29:59Z", 400),
        ("0202-02-19T14:05:00+01:00", 400),
    ] {
        let case_number = format!("KL-{}", occurred_at.replace([':', '+'], ""));
        let event = with_field(put_event(&case_number), "occurred_at", json!(occurred_at));
        let answer = city.send(&event).await;
        assert_eq!(answer.status, status, "{occurred_at}");
        let is_there = city.case(&case_number).await.is_some();
        assert_eq!(is_there, status == 201, "{occurred_at}");
        if status == 400 {
            let problem = answer.json();
            assert_eq!(problem["field"], "occurred_at");
            let detail = problem["detail"].as_str().unwrap();
            let expected = if occurred_at < "2026" {
                "lies more than 3 years ago"
            } else {
                "lies in the future"
            };
            assert!(detail.contains(expected), "{occurred_at}: {detail}");
        }
    }
}

#[tokio::test]
async fn what_was_issued_in_time_may_be_sent_again_years_later() {
    let city = City::start().await;
    let event = put_event(KL);
    assert_eq!(city.send(&event).await.status, 201);
    let later = "2031-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(city.send_at(&event, later).await.status, 200);
    let other = with_field(event, "place", json!("Musterplatz"));
    assert_eq!(city.send_at(&other, later).await.status, 400);
}

#[tokio::test]
async fn the_citys_own_due_date_and_booking_reference_are_kept() {
    let city = City::start().await;
    let mut ticket = sent(&put_event(KL));
    ticket["due_on"] = json!("2026-03-29");
    ticket["booking_reference"] = json!("5.0004.123456.7");
    let event = with_body(put_event(KL), ticket.to_string().as_bytes());
    assert_eq!(city.send(&event).await.status, 201);
    let ticket = city.case(KL).await.unwrap().ticket;
    assert_eq!(ticket.due_on.day().to_string(), "2026-03-29");
    assert_eq!(
        ticket.booking_reference.unwrap().as_str(),
        "5.0004.123456.7"
    );
}

#[tokio::test]
async fn the_same_again_changes_nothing_and_is_answered_alike() {
    let city = City::start().await;
    let first = city.send(&put_event(KL)).await;
    let same = with_field(put_event(KL), "occurred_at", json!("2026-02-19T13:05:00Z"));
    let again = city.send(&same).await;
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(first.body, again.body);
    assert_eq!(city.case(KL).await.unwrap().journal.len(), 1);
}

#[tokio::test]
async fn other_content_under_the_same_number_is_refused_and_changes_nothing() {
    let city = City::start().await;
    city.send(&put_event(KL)).await;
    let other = with_field(put_event(KL), "amount", json!("35.00"));
    city.send(&other).await.problem(409);
    let case = city.case(KL).await.unwrap();
    assert_eq!(
        (case.ticket.amount, case.journal.len()),
        (Cents::new(3_000), 1)
    );
}

#[tokio::test]
async fn the_case_number_in_the_body_must_be_that_of_the_path() {
    let city = City::start().await;
    let other = with_field(put_event(KL), "case_number", json!("KL-1"));
    assert_eq!(city.send(&other).await.problem(400)["field"], "case_number");
    let same = with_field(put_event(KL), "case_number", json!(KL));
    assert_eq!(city.send(&same).await.status, 201);
    // It is the same content, wherever the number stands.
    assert_eq!(city.send(&put_event(KL)).await.status, 200);
}

#[tokio::test]
async fn bad_input_is_told_by_field_and_reaches_no_table() {
    let city = City::start().await;
    city.table.answers_only(0);
    let field = with_field(put_event(KL), "amount", json!("32.50"));
    let problem = city.send(&field).await.problem(400);
    assert_eq!(problem["field"], "amount");
    assert_eq!(problem["title"], "Bad Request");
    let mut path = put_event(KL);
    path["pathParameters"]["case_number"] = json!("KL#1");
    assert_eq!(city.send(&path).await.problem(400)["field"], "case_number");
    let large = with_body(put_event(KL), &vec![b' '; 20_000]);
    city.send(&large).await.problem(413);
    city.send(&with_body(put_event(KL), b"\xff"))
        .await
        .problem(400);
}

#[tokio::test]
async fn a_byte_order_mark_is_no_part_of_the_ticket() {
    let city = City::start().await;
    let body = format!("\u{feff}{}", sent(&put_event(KL)));
    let event = with_body(put_event(KL), body.as_bytes());
    assert_eq!(city.send(&event).await.status, 201);
}

#[tokio::test]
async fn the_path_may_begin_with_a_stage() {
    let city = City::start().await;
    let mut event = put_event(KL);
    event["rawPath"] = json!(format!("/prod/tickets/{KL}"));
    event["requestContext"]["stage"] = json!("prod");
    assert_eq!(city.send(&event).await.status, 201);
}

#[tokio::test]
async fn who_is_not_named_may_not_pass() {
    let city = City::start().await;
    city.table.answers_only(0);
    let mut nobody = put_event(KL);
    nobody["requestContext"]
        .as_object_mut()
        .unwrap()
        .remove("authorizer");
    city.send(&nobody).await.problem(401);
    let mut unnamed = put_event(KL);
    unnamed["requestContext"]["authorizer"]["jwt"]["claims"] = json!({ "scope": "tickets:issue" });
    city.send(&unnamed).await.problem(401);
    let mut empty = put_event(KL);
    empty["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] = json!("");
    city.send(&empty).await.problem(401);
}

#[tokio::test]
async fn when_the_table_is_down_the_answer_is_503_and_a_repeat_issues_once() {
    let city = City::start().await;
    city.table.answers_only(0);
    let answer = city.send(&put_event(KL)).await;
    answer.problem(503);
    assert_eq!(answer.headers["retry-after"], "5");
    city.table.answers_only(usize::MAX);
    assert_eq!(city.send(&put_event(KL)).await.status, 201);
}

#[tokio::test]
async fn another_method_is_refused() {
    let city = City::start().await;
    let mut event = put_event(KL);
    event["requestContext"]["http"]["method"] = json!("DELETE");
    city.send(&event).await.problem(405);
}
