//! The whole stack starts, says where it is, and keeps what it is told to keep.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use jiff::Timestamp;
use local::template::{self, Template};
use local::{Options, Stack, StartError, Vars, table};
use paypal_standin::CaptureStatus;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn options() -> Options {
    Options::for_tests(Arc::new(|| {
        "2026-02-20T09:30:00Z".parse::<Timestamp>().unwrap()
    }))
}

fn kept_in(directory: &Path) -> Options {
    Options {
        data: Some(directory.to_owned()),
        ..options()
    }
}

fn told(name: &'static str, value: String) -> Options {
    let vars: Vars = Arc::new(move |asked| (asked == name).then(|| value.clone()));
    Options { vars, ..options() }
}

/// How each sample stands, in their order.
const SAMPLES: [&str; 12] = [
    "open",
    "open",
    "open",
    "paid",
    "open, part paid",
    "open, PayPal holds money back",
    "open, lapsed",
    "open, lapsed, a letter is on its way",
    "objected",
    "withdrawn",
    "handed over",
    "review",
];

fn standings(stack: &Stack) -> Vec<&str> {
    let samples = stack.samples.iter();
    samples.map(|sample| sample.standing.as_str()).collect()
}

fn get(url: &str) -> Request<Bytes> {
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = url.parse().unwrap();
    request
}

/// One request over a real socket.
async fn over_a_socket(url: &str, method: Method, credentials: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    let address = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    let mut socket = TcpStream::connect(&address).await.unwrap();
    let request = format!(
        "{method} {} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {credentials}\r\n\
         Content-Length: 0\r\nConnection: close\r\n\r\n",
        &url[url::Position::BeforePath..],
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn the_ready_line_says_where_everything_is_in_one_line() {
    let stack = Stack::start(options()).await.unwrap();
    let line = stack.ready_line();
    let words: Vec<&str> = line.split(' ').collect();
    let names: Vec<&str> = words[1..]
        .iter()
        .map(|word| word.split_once('=').unwrap().0)
        .collect();
    assert_eq!(words[0], "ready");
    assert_eq!(
        names,
        [
            "public",
            "office",
            "paypal",
            "dynamodb",
            "ticket",
            "office_token"
        ]
    );
    for url in [
        &stack.public_url,
        &stack.office_url,
        &stack.paypal_url,
        &stack.dynamodb_url,
    ] {
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    }
    assert!(!line.contains('\n'), "{line}");
}

#[tokio::test]
async fn there_is_a_sample_ticket_in_every_state_that_lasts_and_the_start_names_each() {
    let stack = Stack::start(options()).await.unwrap();
    assert_eq!(standings(&stack), SAMPLES);
    let introduction = stack.introduction();
    let page = format!("{}/t/", stack.public_url);
    for sample in &stack.samples {
        assert!(sample.url.starts_with(&page), "{}", sample.url);
        assert!(introduction.contains(&sample.url), "{introduction}");
    }
    let to_eval: Vec<&str> = introduction.lines().rev().take(3).collect();
    let expected = [
        format!("COLLEAGUE_TOKEN={}", stack.colleague_token),
        format!("OFFICE_TOKEN={}", stack.office_token),
        format!("TICKET={}", stack.ticket_url()),
    ];
    assert_eq!(to_eval, expected);
    // Nothing in them means anything to a shell.
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "=_-./:".contains(it);
    assert!(expected.iter().all(|line| line.chars().all(is_plain)));
}

#[tokio::test]
async fn what_paypal_holds_of_the_samples_is_what_their_pages_say() {
    let stack = Stack::start(options()).await.unwrap();
    let books = stack.standin.as_ref().unwrap().books();
    let captured: Vec<_> = books
        .captures
        .iter()
        .map(|capture| (capture.invoice_id.as_deref().unwrap(), capture.status))
        .collect();
    let expected = [
        ("KL-MUSTER-0004", CaptureStatus::Completed),
        ("KL-MUSTER-0006", CaptureStatus::Pending),
        ("KL-MUSTER-0012", CaptureStatus::Completed),
    ];
    assert_eq!(captured, expected);
    // The stand-in behaves from here on.
    let standin = stack.standin.as_ref().unwrap();
    assert_eq!(standin.behaviour(), paypal_standin::Behaviour::default());
}

#[tokio::test]
async fn a_sample_tickets_page_is_open_over_a_socket_and_without_one() {
    let stack = Stack::start(options()).await.unwrap();
    let answer = over_a_socket(stack.ticket_url(), Method::GET, "").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains(r#"data-state="open""#), "{answer}");
    let answer = stack.public.answer(get(stack.ticket_url())).await;
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_office_door_is_shut_without_a_token_and_open_with_the_printed_one() {
    let stack = Stack::start(options()).await.unwrap();
    let url = format!("{}/tickets/KL-MUSTER-0001/qr", stack.office_url);
    let answer = over_a_socket(&url, Method::GET, "").await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    let credentials = format!("Bearer {}", stack.office_token);
    let answer = over_a_socket(&url, Method::GET, &credentials).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("<svg"), "{answer}");
}

#[tokio::test]
async fn the_sweep_can_be_run_by_hand() {
    let stack = Stack::start(options()).await.unwrap();
    let url = format!("{}/_local/reconcile", stack.office_url);
    let answer = over_a_socket(&url, Method::POST, "").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let sweep: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(sweep["failed"], 0, "{sweep}");
}

#[tokio::test]
async fn paypals_books_can_be_held_against_the_table_by_hand() {
    let stack = Stack::start(options()).await.unwrap();
    let url = format!(
        "{}/_local/reconcile?from=2026-02-19T00:00:00Z",
        stack.office_url
    );
    let answer = over_a_socket(&url, Method::POST, "").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let told: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(told["shown"]["count"], 0, "{told}");
    // The stand-in shows what is three hours old.
    assert_eq!(told["complete_until"], "2026-02-20T06:30:00Z", "{told}");
    let url = format!("{}/_local/reconcile?since=yesterday", stack.office_url);
    let answer = over_a_socket(&url, Method::POST, "").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains("RFC 3339"), "{answer}");
}

#[tokio::test]
async fn whoever_is_configured_is_told_of_changes_while_the_stack_runs() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let configured = json!([{ "id": "city", "url": url, "secrets": [secret] }]);
    let options = Options {
        schedule: Some(local::SCHEDULE),
        ..told("SUBSCRIBERS", configured.to_string())
    };
    let stack = Stack::start(options).await.unwrap();
    // All that there is about it, whoever else it is told about before.
    let wanted = ["issued", "withdrawn"].map(|what| format!("\"type\":\"ticket.{what}\""));
    let mut left = wanted.to_vec();
    while !left.is_empty() {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut message = vec![0; 4_096];
        let mut length = 0;
        while !message[..length].ends_with(b"}}") {
            let read = socket.read(&mut message[length..]).await.unwrap();
            assert!(read > 0, "half a message");
            length += read;
        }
        let taken = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
        socket.write_all(taken).await.unwrap();
        let message = String::from_utf8_lossy(&message[..length]).into_owned();
        assert!(message.contains("webhook-signature: v1,"), "{message}");
        left.retain(|wanted| !message.contains(wanted));
    }
    let mut request = get("/subscribers/city");
    let token = format!("Bearer {}", stack.office_token);
    let headers = request.headers_mut();
    headers.insert(header::AUTHORIZATION, token.parse().unwrap());
    let answer = stack.office.answer(request).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let stands: Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(stands["host"], "127.0.0.1");
}

#[tokio::test]
async fn where_captures_are_closed_it_starts_and_nothing_was_paid_at_paypal() {
    let stack = Stack::start(told("CAPTURES", "closed".to_owned())).await;
    let stack = stack.unwrap();
    assert_eq!(standings(&stack).len(), SAMPLES.len());
    assert!(!standings(&stack).contains(&"paid"));
    assert_eq!(stack.standin.as_ref().unwrap().books().orders.len(), 0);
}

#[tokio::test]
async fn two_stacks_in_one_process_know_nothing_of_each_other() {
    let (one, other) = (options(), options());
    let one = Stack::start(one).await.unwrap();
    let other = Stack::start(other).await.unwrap();
    let token = one.ticket_url().rsplit('/').next().unwrap();
    let answer = other.public.answer(get(&format!("/t/{token}"))).await;
    // Signed with a key the other one has never seen.
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    let mut request = get("/tickets/KL-MUSTER-0001/qr");
    let credentials = format!("Bearer {}", one.office_token);
    request
        .headers_mut()
        .insert(header::AUTHORIZATION, credentials.parse().unwrap());
    let answer = other.office.answer(request).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

/// The office API's answer about a case, with this token.
async fn case(stack: &Stack, token: &str, case_number: &str) -> (StatusCode, Value) {
    let mut request = get(&format!("/tickets/{case_number}"));
    let credentials = format!("Bearer {token}");
    request
        .headers_mut()
        .insert(header::AUTHORIZATION, credentials.parse().unwrap());
    let answer = stack.office.answer(request).await;
    let body = serde_json::from_slice(answer.body()).unwrap_or(Value::Null);
    (answer.status(), body)
}

#[tokio::test]
async fn a_directory_keeps_tickets_keys_and_paypals_books_across_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let first = Stack::start(kept_in(directory.path())).await.unwrap();
    let url = first.ticket_url().to_owned();
    let office_token = first.office_token.clone();
    let books = first.standin.as_ref().unwrap().books();
    assert_eq!(books.captures.len(), 3);
    first.stop().await;
    let path = url::Url::parse(&url).unwrap().path().to_owned();
    let later = Options {
        clock: Arc::new(|| "2026-02-20T19:30:00Z".parse().unwrap()),
        ..kept_in(directory.path())
    };
    let again = Stack::start(later).await.unwrap();
    assert!(again.ticket_url().ends_with(&path));
    assert_eq!(
        again.public.answer(get(&path)).await.status(),
        StatusCode::OK
    );
    assert_eq!(standings(&again), SAMPLES);
    let standin = again.standin.as_ref().unwrap();
    let now = standin.books();
    assert_eq!(
        (&now.orders, &now.captures),
        (&books.orders, &books.captures)
    );
    // What PayPal holds back comes at last, and the case of before hears of it.
    let held_back = &books.captures[1];
    let completes = paypal_standin::Afterwards::Completes;
    standin.afterwards(&held_back.id, completes).unwrap();
    (again.sweep)().await;
    let (status, case) = case(&again, &office_token, "KL-MUSTER-0006").await;
    assert_eq!((status, &case["state"]), (StatusCode::OK, &"paid".into()));
}

#[tokio::test]
async fn a_directory_belongs_to_one_stack_at_a_time_and_a_second_one_is_told_so() {
    let directory = tempfile::tempdir().unwrap();
    let first = Stack::start(kept_in(directory.path())).await.unwrap();
    let refused = Stack::start(kept_in(directory.path())).await;
    let text = refused.map(|_| ()).unwrap_err().to_string();
    assert!(
        text.contains(&directory.path().display().to_string()),
        "{text}"
    );
    assert!(text.contains("another cargo run"), "{text}");
    first.stop().await;
    Stack::start(kept_in(directory.path())).await.unwrap();
}

#[tokio::test]
async fn a_table_elsewhere_is_used_in_place_of_the_embedded_one() {
    let one = Stack::start(options()).await.unwrap();
    let url = one.dynamodb_url.clone();
    let other = told("AWS_ENDPOINT_URL_DYNAMODB", url.clone());
    let other = Stack::start(other).await.unwrap();
    assert_eq!(other.dynamodb_url, url);
    assert_eq!(standings(&other), SAMPLES);
}

/// Drivers of a real city would be told to pay into the sample's account.
#[tokio::test]
async fn nothing_is_written_into_a_table_that_somebody_else_has_configured() {
    let one = Stack::start(options()).await.unwrap();
    let vars = |asked: &str| {
        let found = match asked {
            "AWS_ENDPOINT_URL_DYNAMODB" => one.dynamodb_url.as_str(),
            "AWS_REGION" => "eu-central-1",
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => "local",
            "TABLE_NAME" => "of-a-city",
            "MUNICIPALITY" => "07312000",
            _ => return None,
        };
        Some(found.to_owned())
    };
    let of_a_city = |name: &str| vars(name);
    // A table that is there and empty may be anybody's.
    let template = Template::parse(template::TEXT).unwrap();
    let nothing: Vars = Arc::new(|_: &str| None);
    let client = table::client(&nothing, &one.dynamodb_url).unwrap();
    let made = table::create_where_missing(&client, "of-a-city", &template.table, "");
    assert!(made.await.unwrap());
    let start = || {
        let url = one.dynamodb_url.clone();
        let vars: Vars = Arc::new(move |name| match name {
            "AWS_ENDPOINT_URL_DYNAMODB" => Some(url.clone()),
            "TABLE_NAME" => Some("of-a-city".to_owned()),
            _ => None,
        });
        Stack::start(Options { vars, ..options() })
    };
    let Err(error) = start().await else {
        panic!("a city was made up");
    };
    assert!(error.to_string().contains("ops -- city put"), "{error}");
    let store = store::Store::from_vars(&of_a_city).unwrap();
    let city = include_str!("../kaiserslautern.json");
    let city: ticket::Municipality = serde_json::from_str(city).unwrap();
    let at = "2026-02-20T09:30:00Z".parse().unwrap();
    store.put_municipality(&city, "ops", at).await.unwrap();
    let stack = start().await.unwrap();
    assert!(stack.samples.is_empty(), "{:?}", stack.samples);
    let sample = "KL-MUSTER-0001".parse().unwrap();
    assert_eq!(store.ticket(&sample).await.unwrap(), None);
}

#[tokio::test]
async fn a_table_of_another_machine_is_not_used() {
    let elsewhere = "https://dynamodb.eu-central-1.amazonaws.com".to_owned();
    let refused = Stack::start(told("AWS_ENDPOINT_URL_DYNAMODB", elsewhere)).await;
    assert!(matches!(refused, Err(StartError::TableElsewhere { .. })));
}

#[tokio::test]
async fn a_stack_starts_against_a_table_that_has_yesterdays_samples() {
    let one = Stack::start(options()).await.unwrap();
    let other = Options {
        clock: Arc::new(|| "2026-02-21T09:30:00Z".parse().unwrap()),
        ..told("AWS_ENDPOINT_URL_DYNAMODB", one.dynamodb_url.clone())
    };
    let other = Stack::start(other).await.unwrap();
    assert_eq!(standings(&other), SAMPLES);
    let answer = other.public.answer(get(other.ticket_url())).await;
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_stack_starts_where_a_clerk_has_changed_a_sample_and_leaves_it_so() {
    let one = Stack::start(options()).await.unwrap();
    let vars = [
        ("AWS_ENDPOINT_URL_DYNAMODB", one.dynamodb_url.as_str()),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("TABLE_NAME", one.table_name.as_str()),
        ("MUNICIPALITY", "07312000"),
    ];
    let find = |asked: &str| vars.iter().find(|(name, _)| *name == asked);
    let store = store::Store::from_vars(&|asked| find(asked).map(|(_, value)| (*value).to_owned()));
    let store = store.unwrap();
    let case_number = "KL-MUSTER-0001".parse().unwrap();
    let ticket = store.ticket(&case_number).await.unwrap().unwrap();
    let amount = ticket::Change::Amount("5.00".parse().unwrap());
    let permit = ticket.permit(amount).unwrap().unwrap();
    let act = store::Act {
        by: "clerk",
        reason: &"Ermäßigt".parse().unwrap(),
        at: ticket.issued_at,
    };
    let changed = store.change_by_clerk(permit, act).await;
    assert_eq!(changed.unwrap(), store::Write::Done);
    let other = told("AWS_ENDPOINT_URL_DYNAMODB", one.dynamodb_url.clone());
    let other = Stack::start(other).await.unwrap();
    assert_eq!(standings(&other), SAMPLES);
    let ticket = store.ticket(&case_number).await.unwrap().unwrap();
    assert_eq!(ticket.amount.to_string(), "5.00");
}

#[tokio::test]
async fn a_paypal_elsewhere_needs_its_own_configuration_and_says_which() {
    let refused = Stack::start(told("PAYPAL_BASE_URL", "http://127.0.0.1:9".to_owned())).await;
    let Err(StartError::Function(error)) = refused else {
        panic!("started without knowing who PayPal takes us for");
    };
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    assert!(text.contains("PAYPAL_"), "{text}");
}

#[tokio::test]
async fn a_variable_set_outside_goes_in_as_it_is() {
    let refused = Stack::start(told("CAPTURES", "perhaps".to_owned())).await;
    assert!(matches!(refused, Err(StartError::Function(_))));
}

#[tokio::test]
async fn a_taken_port_is_named_with_the_way_out() {
    let stack = Stack::start(options()).await.unwrap();
    let port = url::Url::parse(&stack.office_url).unwrap().port().unwrap();
    let refused = Stack::start(Options {
        office_port: port,
        ..options()
    })
    .await;
    let text = refused.map(|_| ()).unwrap_err().to_string();
    assert!(text.contains(&format!("127.0.0.1:{port}")), "{text}");
    assert!(text.contains("--office-port"), "{text}");
}
