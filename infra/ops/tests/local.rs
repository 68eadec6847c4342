//! What the tool says of, and does to, the stack of this machine.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

use std::ffi::OsString;
use std::io::Write;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use bytes::Bytes;
use data_encoding::BASE64;
use jiff::{SignedDuration, Timestamp};
use local::{Options, Stack, Vars};
use ops::Said;
use paypal_standin::{Fault, FaultKind, Issue, Leads, On, Payer};
use serde_json::{Value, json};
use store::{EventOutcome, Redelivery, Store};
use ticket::{AttemptId, CaseNumber};

fn now() -> Timestamp {
    "2026-02-20T09:30:00Z".parse().unwrap()
}

async fn stack() -> Stack {
    Stack::start(Options::for_tests(Arc::new(now)))
        .await
        .unwrap()
}

/// Types a command, at this moment, with the token of a clerk.
async fn typed_at(stack: &Stack, line: &str, now: Timestamp) -> Said {
    let line = format!("--office {} {line}", stack.office_url);
    let token = stack.office_token.clone();
    let vars = move |name: &str| (name == "OFFICE_TOKEN").then(|| token.clone());
    let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
    ops::run(words.into_iter(), &vars, now).await
}

async fn typed(stack: &Stack, line: &str) -> Said {
    typed_at(stack, line, now()).await
}

async fn listed(stack: &Stack, line: &str) -> Value {
    let said = typed(stack, &format!("--json {line}")).await;
    serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{line}: {said:?}"))
}

/// Asks the stand-in as whoever has its dashboard.
async fn dashboard(stack: &Stack, method: &str, path: &str, body: Value) -> Value {
    let ask = async |authorization: String, method: &str, path: &str, body: String| {
        let kind = if body.starts_with("grant_type") {
            "application/x-www-form-urlencoded"
        } else {
            "application/json"
        };
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", authorization)
            .header("content-type", kind)
            .body(Bytes::from(body))
            .unwrap();
        let answer = stack.standin.as_ref().unwrap().call(request).await.unwrap();
        assert!(answer.status().is_success(), "{path}: {answer:?}");
        serde_json::from_slice::<Value>(answer.body()).unwrap_or_default()
    };
    let basic = BASE64.encode(b"standin-client:standin-secret");
    let form = "grant_type=client_credentials".to_owned();
    let token = ask(format!("Basic {basic}"), "POST", "/v1/oauth2/token", form).await;
    let token = token["access_token"].as_str().unwrap();
    ask(format!("Bearer {token}"), method, path, body.to_string()).await
}

/// Asks as a driver's phone does.
async fn phone(stack: &Stack, method: &str, url: &str, form: String) -> http::Response<Bytes> {
    let request = http::Request::builder()
        .method(method)
        .uri(url.strip_prefix(&stack.public_url).unwrap())
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from(form))
        .unwrap();
    stack.public.answer(request).await
}

async fn page(stack: &Stack, url: &str) -> String {
    let answer = phone(stack, "GET", url, String::new()).await;
    String::from_utf8(answer.body().to_vec()).unwrap()
}

fn wrong_lines(said: &Said) -> Vec<&str> {
    said.out
        .lines()
        .filter(|line| line.starts_with("WRONG"))
        .collect()
}

#[tokio::test]
async fn a_stack_that_is_well_is_all_ok() {
    let stack = stack().await;
    let said = typed(&stack, "doctor").await;
    assert_eq!((said.code, wrong_lines(&said)), (0, vec![]), "{}", said.out);
    assert!(said.out.ends_with("all ok\n"), "{}", said.out);
}

#[tokio::test]
async fn each_thing_that_is_wrong_has_its_line_and_what_to_do() {
    let stack = stack().await;
    let webhooks = "/v1/notifications/webhooks";
    // Registered anew, by somebody who has not told the functions.
    let listed = dashboard(&stack, "GET", webhooks, Value::Null).await;
    let before = &listed["webhooks"][0];
    let path = format!("{webhooks}/{}", before["id"].as_str().unwrap());
    dashboard(&stack, "DELETE", &path, Value::Null).await;
    let mut events = before["event_types"].as_array().unwrap().clone();
    events.retain(|event| event["name"] != "PAYMENT.CAPTURE.DENIED");
    let anew = json!({ "url": before["url"], "event_types": events });
    dashboard(&stack, "POST", webhooks, anew).await;
    // A month before the first of the stand-in's certificates ends.
    let later = "2099-12-01T00:00:00Z".parse().unwrap();
    let said = typed_at(&stack, "doctor", later).await;
    let lines = wrong_lines(&said);
    assert_eq!((said.code, lines.len()), (1, 3), "{}", said.out);
    for (line, told) in lines.iter().zip([
        "one ends on 2099-12-31",
        "each event is refused",
        "it is not told PAYMENT.CAPTURE.DENIED",
    ]) {
        assert!(line.contains(told), "{told}: {}", said.out);
    }
    // What it says to do.
    assert_eq!(typed(&stack, "--yes webhook register").await.code, 0);
    let said = typed(&stack, "doctor").await;
    let lines = wrong_lines(&said);
    assert_eq!(lines.len(), 1, "{}", said.out);
    assert!(lines[0].contains("each event is refused"), "{}", said.out);
}

#[tokio::test]
async fn whoever_else_is_told_our_events_has_a_line() {
    let stack = stack().await;
    let elsewhere = json!({
        "url": "https://old.example.de/paypal/webhook",
        "event_types": [{ "name": "PAYMENT.CAPTURE.COMPLETED" }],
    });
    let webhooks = "/v1/notifications/webhooks";
    dashboard(&stack, "POST", webhooks, elsewhere).await;
    let said = typed(&stack, "doctor").await;
    let lines = wrong_lines(&said);
    assert_eq!((said.code, lines.len()), (1, 1), "{}", said.out);
    assert!(lines[0].contains("https://old.example.de"), "{}", said.out);
}

#[tokio::test]
async fn each_feature_that_the_app_lacks_has_its_line_and_no_other() {
    let stack = stack().await;
    let standin = stack.standin.as_ref().unwrap();
    let denied = FaultKind::Refused(Issue::named("PERMISSION_DENIED").unwrap());
    for (on, feature) in [
        (On::GetOrder, "Accept payments"),
        (On::GetRefund, "Refunds"),
        (On::GetDispute, "Customer disputes"),
        (On::Transactions, "Transaction search"),
    ] {
        standin.set_fault(Fault::once(on, denied)).unwrap();
        let said = typed(&stack, "doctor").await;
        let lines = wrong_lines(&said);
        assert_eq!((said.code, lines.len()), (1, 1), "{feature}: {}", said.out);
        assert!(lines[0].contains(feature), "{feature}: {}", said.out);
        // PayPal's other ways to say that there is none are no lack.
        let unknown = FaultKind::Refused(Issue::named("INVALID_RESOURCE_ID").unwrap());
        standin.set_fault(Fault::once(on, unknown)).unwrap();
        let said = typed(&stack, "doctor").await;
        assert_eq!((said.code, wrong_lines(&said)), (0, vec![]), "{}", said.out);
        standin.clear_faults();
    }
}

#[tokio::test]
async fn a_secret_that_paypal_refuses_is_named_and_a_paypal_that_is_away_is_no_wrong_secret() {
    let stack = stack().await;
    let vars = |name: &str| (name == "PAYPAL_CLIENT_SECRET").then(|| "mistyped".to_owned());
    let line = format!("--office {} doctor", stack.office_url);
    let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
    let said = ops::run(words.into_iter(), &vars, now()).await;
    let lines = wrong_lines(&said);
    assert_eq!((said.code, lines.len()), (1, 1), "{}", said.out);
    assert!(
        lines[0].contains("PayPal refuses the client_secret"),
        "{}",
        said.out
    );
    let standin = stack.standin.as_ref().unwrap();
    standin
        .set_fault(Fault {
            times: 9,
            ..Fault::once(On::Token, FaultKind::ServerError)
        })
        .unwrap();
    let said = typed(&stack, "doctor").await;
    assert_eq!(said.code, 1);
    assert!(!said.out.contains("secrets put"), "{}", said.out);
}

#[tokio::test]
async fn books_that_show_nothing_for_certain_agree_with_nothing() {
    let stack = stack().await;
    // PayPal shows what is three hours old.
    let said = typed(&stack, "--yes reconcile 2026-02-20T09:00:00Z").await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("look at complete_until"), "{}", said.out);
}

/// The table, past the tool.
fn table(stack: &Stack) -> Store {
    let vars = |name: &str| {
        Some(match name {
            "AWS_ENDPOINT_URL_DYNAMODB" => stack.dynamodb_url.clone(),
            "TABLE_NAME" => stack.table_name.clone(),
            "MUNICIPALITY" => "07312000".to_owned(),
            "SSL_CERT_FILE" => return None,
            _ => "local".to_owned(),
        })
    };
    Store::from_vars(&vars).unwrap()
}

#[tokio::test]
async fn a_ticket_is_issued_out_of_a_file_and_its_page_opens() {
    let stack = stack().await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let ticket = json!({
        "case_number": "KL-TEST-0001", "plate": "KL-MU 123", "place": "Musterstraße 1",
        "offence": { "number": "112262", "text": "Parken ohne Parkschein" },
        "occurred_at": "2026-02-20T09:00:00Z", "amount": "30.00",
    });
    write!(file, "{ticket}").unwrap();
    let line = format!("--yes issue {}", file.path().display());
    let said = typed(&stack, &line).await;
    assert_eq!(said.code, 0, "{said:?}");
    let (number, url) = said.out.trim().split_once("  ").unwrap();
    assert_eq!(number, "KL-TEST-0001");
    assert!(page(&stack, url).await.contains("data-state=\"open\""));
    // The office's own words where it refuses.
    let wrong = json!({ "case_number": "KL-TEST-0002", "amount": "30.00" });
    std::fs::write(file.path(), wrong.to_string()).unwrap();
    let said = typed(&stack, &line).await;
    assert_eq!(said.code, 1);
    assert!(
        said.err.contains("400") && said.err.contains("occurred_at is missing"),
        "{said:?}"
    );
}

/// A driver approves at PayPal and comes back, and PayPal does not answer.
async fn pays_and_paypal_is_silent(stack: &Stack) -> CaseNumber {
    let standin = stack.standin.as_ref().unwrap();
    let fault = Fault {
        times: 99,
        ..Fault::once(On::Capture, FaultKind::NoAnswer)
    };
    standin.set_fault(fault).unwrap();
    let sample = stack
        .samples
        .iter()
        .find(|it| it.standing == "open")
        .unwrap();
    let page = page(stack, &sample.url).await;
    let between = |text: &str, begin: &str| {
        let rest = text.split_once(begin).unwrap().1;
        rest.split_once('"').unwrap().0.to_owned()
    };
    let action = between(&page, "<form method=\"post\" action=\"");
    let amount = between(&page, "name=\"amount\" value=\"");
    let action = url::Url::parse(&sample.url).unwrap().join(&action).unwrap();
    let leads = phone(
        stack,
        "POST",
        action.as_str(),
        format!("amount={amount}&lang=de"),
    )
    .await;
    let to_paypal = leads.headers()["location"].to_str().unwrap();
    let order = to_paypal.split_once("token=").unwrap().1;
    let Leads::To(back) = standin.approve(order, Payer::Pays).unwrap() else {
        panic!("{order}");
    };
    phone(stack, "GET", &back, String::new()).await;
    sample.case_number.parse().unwrap()
}

#[tokio::test]
async fn a_lock_is_listed_and_is_only_taken_away_where_captures_are_closed() {
    let stack = stack().await;
    assert_eq!(typed(&stack, "locks").await.out, "no ticket is locked\n");
    let number = pays_and_paypal_is_silent(&stack).await;
    let locks = listed(&stack, "locks").await;
    assert_eq!(locks[0]["case_number"], json!(number));
    assert_eq!(locks[0]["since"], "2026-02-20T09:30:00Z");
    let later = now() + SignedDuration::from_mins(12);
    let said = typed_at(&stack, "locks", later).await.out;
    let (first, rest) = said.split_once("  attempt ").unwrap();
    assert_eq!(first, number.as_str());
    assert!(rest.contains("for 12 min  PayPal has not said"), "{said}");
    let said = typed_at(&stack, "--yes locks release", later).await;
    assert!(said.err.contains("captures are open"), "{said:?}");
    let ticket = table(&stack).ticket(&number).await.unwrap().unwrap();
    assert!(ticket.lock().is_some());
}

/// Puts a lock onto a ticket, past the store: until this moment.
async fn lock(stack: &Stack, number: &CaseNumber, until: &str) {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let lock = [
        ("attempt", text(AttemptId::from_random(1).as_str())),
        ("since", text("2026-02-20T09:30:00Z")),
        ("until", text(until)),
    ];
    let lock = lock.map(|(name, value)| (name.to_owned(), value));
    let nothing: Vars = Arc::new(|_| None);
    local::table::client(&nothing, &stack.dynamodb_url)
        .unwrap()
        .update_item()
        .table_name(&stack.table_name)
        .key("pk", text(&format!("TICKET#{number}")))
        .key("sk", text("TICKET"))
        .update_expression("SET #lock = :lock")
        .expression_attribute_names("#lock", "lock")
        .expression_attribute_values(":lock", AttributeValue::M(lock.into()))
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn where_captures_are_closed_a_lock_that_has_ended_goes_and_one_that_runs_stays() {
    let vars: Vars = Arc::new(|name| (name == "CAPTURES").then(|| "closed".to_owned()));
    let options = Options::for_tests(Arc::new(now));
    let stack = Stack::start(Options { vars, ..options }).await.unwrap();
    // As a restore brings it back: without anything in the index of open work.
    let number = stack.samples[0].case_number.parse().unwrap();
    lock(&stack, &number, "2026-02-20T09:31:00Z").await;
    let said = typed(&stack, "--yes locks release").await;
    let stays = format!("{number}  stays: its lease has not ended\n");
    assert_eq!(said.out, stays, "{said:?}");
    let later = now() + SignedDuration::from_mins(2);
    let said = typed_at(&stack, "--yes locks release", later).await;
    assert!(said.out.contains("stays: PayPal's books"), "{said:?}");
    let later = now() + SignedDuration::from_hours(4);
    let said = typed_at(&stack, "--yes locks release", later).await;
    assert_eq!(said.out, format!("{number}  is free\n"));
    assert_eq!(typed(&stack, "locks").await.out, "no ticket is locked\n");
}

#[tokio::test]
async fn events_that_are_parked_are_listed_the_oldest_first_and_told_again() {
    let stack = stack().await;
    assert_eq!(
        typed(&stack, "parked list").await.out,
        "no event is parked\n"
    );
    let store = table(&stack);
    for (id, minutes, outcome) in [
        ("WH-2", 2, EventOutcome::Parked),
        ("WH-1", 1, EventOutcome::Parked),
        ("WH-3", 3, EventOutcome::Done),
    ] {
        let at = now() + SignedDuration::from_mins(minutes);
        store
            .receive_event(id, "CUSTOMER.DISPUTE.CREATED", at)
            .await
            .unwrap();
        store.finish_event(id, outcome).await.unwrap();
    }
    let events = listed(&stack, "parked list").await;
    let ids: Vec<_> = events
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["id"])
        .collect();
    assert_eq!(ids, ["WH-1", "WH-2"]);
    // The stand-in has never told it.
    let said = typed(&stack, "--yes parked retry WH-1").await;
    assert_eq!(said.code, 1, "{said:?}");
    let standin = stack.standin.as_ref().unwrap();
    let event = standin.books().events[0].clone();
    let said = typed(&stack, &format!("--yes parked retry {}", event.id)).await;
    assert_eq!(said.code, 0, "{said:?}");
}

#[tokio::test]
async fn a_system_of_the_citys_is_told_again_and_one_that_nobody_knows_is_not() {
    let stack = stack().await;
    let said = typed(&stack, "--yes redeliver nobody").await;
    assert!(said.err.contains("nobody of the name"), "{said:?}");
    let id = "cash-office".parse().unwrap();
    let store = table(&stack);
    let before = store
        .redeliver(&id, Redelivery::Failed, now())
        .await
        .unwrap();
    let said = typed(&stack, "--yes redeliver cash-office 2026-02-19T00:00:00Z").await;
    assert_eq!(said.code, 0, "{said:?}");
    let after = store.subscriber(&id).await.unwrap().unwrap();
    assert_ne!(format!("{before:?}"), format!("{after:?}"));
}

#[tokio::test]
async fn the_books_of_a_window_are_held_against_the_table() {
    let stack = stack().await;
    // What is younger than three hours PayPal's books do not show.
    let standin = stack.standin.as_ref().unwrap();
    standin.set_report_lag(SignedDuration::ZERO);
    let said = typed(&stack, "--yes reconcile 2026-02-01T00:00:00Z").await;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.out.contains("the books agree until 2026-02-20T"),
        "{}",
        said.out
    );
    let came_to = listed(&stack, "--yes reconcile 2026-02-01T00:00:00Z").await;
    assert_eq!(came_to["difference_cents"], 0);
}

#[tokio::test]
async fn no_stack_there_is_said_with_how_to_name_one() {
    let vars = |_: &str| None;
    let line = ["--office", "http://127.0.0.1:1", "doctor"].map(OsString::from);
    let said = ops::run(line.into_iter(), &vars, now()).await;
    assert_eq!(said.code, 1);
    for told in ["cannot be asked", "cargo run", "--stack NAME"] {
        assert!(said.err.contains(told), "{}", said.err);
    }
}

/// With a variable of the environment; of no stack that is there.
async fn typed_about_no_stack(line: &str, variable: (&str, &str)) -> Said {
    let vars = |name: &str| (name == variable.0).then(|| variable.1.to_owned());
    let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
    ops::run(words.into_iter(), &vars, now()).await
}

#[tokio::test]
async fn a_secret_is_not_replaced_by_a_command_that_nobody_could_be_asked_about() {
    let stack = ("STACK", "knoellchen");
    let said = typed_about_no_stack("secrets put paypal/credentials", stack).await;
    assert_eq!(said.code, 1);
    assert!(said.err.contains("nothing was changed"), "{}", said.err);
    assert!(
        said.err.contains("/knoellchen/paypal/credentials"),
        "{}",
        said.err
    );
}

#[tokio::test]
async fn no_stand_in_is_asked_about_real_money() {
    let url = ("PAYPAL_BASE_URL", "http://127.0.0.1:1");
    let line = "--yes --stack a webhook register live https://a.example/paypal/webhook";
    let said = typed_about_no_stack(line, url).await;
    assert!(said.err.contains("unset PAYPAL_BASE_URL"), "{}", said.err);
}
