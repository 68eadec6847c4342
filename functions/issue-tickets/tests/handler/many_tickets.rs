//! `POST /tickets`.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use crate::city::{Answer, City, post_event, put_event, sent, with_body};

/// The line of a ticket.
fn line(case_number: &str) -> Value {
    let mut ticket = sent(&put_event(case_number));
    ticket["case_number"] = json!(case_number);
    ticket
}

fn lines(count: usize) -> Vec<u8> {
    let line = |index| format!("{}\n", line(&format!("KL-2026-{index:06}")));
    (0..count).map(line).collect::<String>().into_bytes()
}

async fn post(city: &City, body: &[u8]) -> Answer {
    city.send(&with_body(post_event(), body)).await
}

/// The status of each line, in their order.
fn statuses(answer: &Answer) -> Vec<u64> {
    let status = |line: &Value| line["status"].as_u64().unwrap();
    answer.lines().iter().map(status).collect()
}

#[tokio::test]
async fn each_line_is_answered_like_one_ticket_with_its_number() {
    let city = City::start().await;
    let answers = city.send(&post_event()).await.lines();
    assert_eq!(answers.len(), 2);
    for (index, answer) in answers.iter().enumerate() {
        let case_number = answer["case_number"].as_str().unwrap();
        let mut alone = city
            .send(&crate::city::with_body(
                put_event(case_number),
                line(case_number).to_string().as_bytes(),
            ))
            .await;
        // Issued by the line before: the same content.
        assert_eq!(alone.status, 200);
        let mut expected: Value = serde_json::from_slice(&std::mem::take(&mut alone.body)).unwrap();
        expected["line"] = json!(index + 1);
        expected["status"] = json!(201);
        assert_eq!(*answer, expected);
    }
}

#[tokio::test]
async fn a_line_with_a_moment_that_cannot_be_right_is_refused_alone() {
    let city = City::start().await;
    let mut tomorrow = line("KL-2");
    tomorrow["occurred_at"] = json!("2026-02-21T09:30:00Z");
    let body = [line("KL-1"), tomorrow, line("KL-3")].map(|line| format!("{line}\n"));
    let answer = post(&city, body.concat().as_bytes()).await;
    assert_eq!(statuses(&answer), [201, 400, 201]);
    assert_eq!(answer.lines()[1]["field"], "occurred_at");
    assert!(city.case("KL-2").await.is_none());
}

#[tokio::test]
async fn a_bad_line_stops_no_other() {
    let city = City::start().await;
    let mut body = b"\xef\xbb\xbf".to_vec();
    let mut bad_amount = line("KL-2");
    bad_amount["amount"] = json!("32.50");
    let mut unnamed = line("KL-0");
    unnamed.as_object_mut().unwrap().remove("case_number");
    for text in [
        line("KL-1").to_string().into_bytes(),
        b"".to_vec(),
        bad_amount.to_string().into_bytes(),
        b"{".to_vec(),
        b"\xff\xfe".to_vec(),
        b" \t\r".to_vec(),
        unnamed.to_string().into_bytes(),
        b"[1]".to_vec(),
        vec![b'x'; 20_000],
        format!("{}\r", line("KL-3")).into_bytes(),
    ] {
        body.extend(text);
        body.push(b'\n');
    }
    let answers = post(&city, &body).await.lines();
    let told: Vec<_> = answers
        .iter()
        .map(|answer| {
            let field = answer["field"].as_str();
            (
                answer["line"].as_u64().unwrap(),
                answer["status"].as_u64().unwrap(),
                field,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (1, 201, None),
            (3, 400, Some("amount")),
            (4, 400, None),
            (5, 400, None),
            (7, 400, Some("case_number")),
            (8, 400, None),
            (9, 413, None),
            (10, 201, None),
        ]
    );
    assert!(city.case("KL-3").await.is_some());
}

#[tokio::test]
async fn of_two_lines_with_one_number_the_earlier_is_issued() {
    let city = City::start().await;
    let mut other = line("KL-1");
    other["amount"] = json!("35.00");
    let body = format!(
        "{}\n{other}\n{}\n{}",
        line("KL-1"),
        line("KL-1"),
        line("KL-2")
    );
    assert_eq!(
        statuses(&post(&city, body.as_bytes()).await),
        [201, 409, 200, 201]
    );
    assert_eq!(
        city.case("KL-1").await.unwrap().ticket.amount.minor_units(),
        3_000
    );
}

#[tokio::test]
async fn the_answer_to_five_hundred_fits_a_lambda() {
    let city = City::start().await;
    // The longest case numbers make the largest codes.
    let line = |index| format!("{}\n", line(&format!("KL-2026-{index:019}")));
    let body: String = (0..20).map(line).collect();
    let answer = post(&city, body.as_bytes()).await;
    assert_eq!(statuses(&answer), [201; 20]);
    // Lambda's limit for an answer, which carries this body in base64.
    let of_five_hundred = answer.body.len() * (500 / 20);
    let in_base64 = of_five_hundred.div_ceil(3) * 4;
    assert!(in_base64 < 6 * 1024 * 1024 - 64 * 1024, "{in_base64}");
}

#[tokio::test]
async fn more_than_five_hundred_are_refused_as_a_whole() {
    let city = City::start().await;
    city.table.answers_only(0);
    post(&city, &lines(501)).await.problem(413);
    post(&city, &vec![b'\n'; 4 * 1024 * 1024 + 1])
        .await
        .problem(413);
    post(&city, b"\n").await.problem(400);
}

#[tokio::test]
async fn lines_the_table_did_not_answer_say_503_and_a_repeat_issues_them_once() {
    let city = City::start().await;
    // The configuration, then three tickets.
    city.table.answers_only(1 + 3);
    let first = statuses(&post(&city, &lines(60)).await);
    assert_eq!(
        first.iter().filter(|status| **status == 201).count(),
        3,
        "{first:?}"
    );
    assert_eq!(
        first.iter().filter(|status| **status == 503).count(),
        57,
        "{first:?}"
    );
    city.table.answers_only(usize::MAX);
    let again = statuses(&post(&city, &lines(60)).await);
    for (first, again) in first.into_iter().zip(again) {
        assert_eq!(again, if first == 201 { 200 } else { 201 });
    }
}

#[tokio::test]
async fn the_configuration_is_read_once_for_all_lines() {
    let city = City::start().await;
    let calls = 100;
    city.table.answers_only(calls);
    assert_eq!(statuses(&post(&city, &lines(40)).await), [201; 40]);
    assert_eq!(city.table.calls_made_of(calls), 1 + 40);
}

#[tokio::test]
async fn a_table_too_slow_is_not_asked_for_lines_whose_answer_would_come_too_late() {
    let city = City::start().await;
    let calls = 1_000;
    city.table.answers_only(calls);
    city.table.fails_slowly();
    // From here on time is virtual: it jumps to the end of each wait.
    tokio::time::pause();
    assert_eq!(statuses(&post(&city, &lines(500)).await), [503; 500]);
    // The configuration for 0.9 s, then 16 lines at 0.0 s, 0.9 s, … 19.8 s.
    assert_eq!(city.table.calls_made_of(calls), 1 + 16 * 23);
}

/// A line that is right, or that somebody or something has broken.
fn any_line() -> impl Strategy<Value = Vec<u8>> {
    // Few numbers, so that broken lines bear those of right ones.
    let right = select(vec!["KL-1", "KL-2"]);
    let right = (right, select(vec!["30.00", "30.00", "35.00", "32.50"])).prop_map(
        move |(number, amount)| {
            let mut line = line(number);
            line["amount"] = json!(amount);
            line.to_string().into_bytes()
        },
    );
    let broken = (right.clone(), any::<Index>(), 0x20_u8..=0xff);
    let broken = broken.prop_map(|(mut line, at, byte)| {
        let place = at.index(line.len());
        line[place] = byte;
        line
    });
    let nothing = proptest::collection::vec(0x0b_u8..=0xff, 0..30);
    prop_oneof![3 => right, 2 => broken, 1 => nothing]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Each line of many is answered once and in its place, and as `PUT`
    /// answers the same bytes to a city that knows what the earlier lines said.
    #[test]
    fn a_line_is_answered_as_put_would_answer_it_after_the_lines_before(
        body in proptest::collection::vec(any_line(), 1..10),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(async {
            let (many, single) = (City::start().await, City::start().await);
            let blank = |line: &[u8]| line.iter().all(u8::is_ascii_whitespace);
            let joined = body.join(&b'\n');
            let answer = post(&many, &joined).await;
            if body.iter().all(|line| blank(line)) {
                prop_assert_eq!(answer.status, 400);
                return Ok(());
            }
            let answers = answer.lines();
            let filled = (1_u64..).zip(&body).filter(|(_, line)| !blank(line));
            let filled: Vec<(u64, &Vec<u8>)> = filled.collect();
            prop_assert_eq!(answers.len(), filled.len());
            for (answer, (number, text)) in answers.iter().zip(filled) {
                prop_assert_eq!(answer["line"].as_u64(), Some(number));
                let said: Option<Value> = serde_json::from_slice(text).ok();
                let case_number = said.as_ref().and_then(|said| said["case_number"].as_str());
                let case_number = case_number.filter(|text| text.parse::<ticket::CaseNumber>().is_ok());
                let alone = single
                    .send(&with_body(put_event(case_number.unwrap_or("KL-9")), text))
                    .await;
                let status = answer["status"].as_u64();
                if case_number.is_none() && alone.status < 300 {
                    // Without a number in the path there is none at all.
                    prop_assert_eq!(status, Some(400));
                } else {
                    prop_assert_eq!(status, Some(u64::from(alone.status)), "{}", String::from_utf8_lossy(text));
                }
            }
            Ok(())
        })?;
    }
}
