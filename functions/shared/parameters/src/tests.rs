//! Against something that answers in the parameter store's place.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;

use crate::{Error, Parameter, Secret, parameter, value};

/// What was asked: the headers and the body.
type SentRequests = Arc<Mutex<Vec<(HeaderMap, String)>>>;

/// A parameter store that answers `body`, and its address.
async fn store(status: StatusCode, body: &'static str) -> (String, SentRequests) {
    store_that_answers(vec![(status, body)]).await
}

/// The same with one answer after the other, the last one again and again.
async fn store_that_answers(answers: Vec<(StatusCode, &'static str)>) -> (String, SentRequests) {
    let asked = SentRequests::default();
    let seen = Arc::clone(&asked);
    let answer = post(async move |headers: HeaderMap, text: String| {
        let mut seen = seen.lock().unwrap();
        seen.push((headers, text));
        answers[(seen.len() - 1).min(answers.len() - 1)]
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", answer)).await });
    (format!("http://{address}"), asked)
}

/// The variables of a function, with these set besides.
fn vars<'a>(set: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
    move |variable| {
        let own = [
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "key-made-for-tests"),
            ("AWS_SECRET_ACCESS_KEY", "secret-made-for-tests"),
            ("AWS_SESSION_TOKEN", "session-made-for-tests"),
        ];
        let found = set.iter().chain(&own).find(|(name, _)| *name == variable);
        found.map(|(_, value)| (*value).to_owned())
    }
}

async fn read(set: &[(&str, &str)]) -> Result<String, Error> {
    let value = value(&vars(set), "TOKEN_SIGNING_KEY").await;
    value.map(|secret| secret.expose().to_owned())
}

#[tokio::test]
async fn a_variable_goes_before_the_parameter_and_asks_nobody() {
    let (endpoint, asked) = store(StatusCode::OK, "{}").await;
    let set = [
        ("TOKEN_SIGNING_KEY", "written here"),
        ("TOKEN_SIGNING_KEY_PARAMETER", "/key"),
        ("AWS_ENDPOINT_URL_SSM", &endpoint),
    ];
    assert_eq!(read(&set).await.unwrap(), "written here");
    assert_eq!(asked.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn a_parameter_is_asked_for_by_name_and_decrypted() {
    let body = r#"{"Parameter":{"Name":"/key","Type":"SecureString","Value":"from the store"}}"#;
    let (endpoint, asked) = store(StatusCode::OK, body).await;
    let set = [
        ("TOKEN_SIGNING_KEY", ""),
        ("TOKEN_SIGNING_KEY_PARAMETER", "/key"),
        ("AWS_ENDPOINT_URL_SSM", &endpoint),
    ];
    assert_eq!(read(&set).await.unwrap(), "from the store");
    let asked = asked.lock().unwrap();
    let (headers, text) = &asked[0];
    assert_eq!(text, r#"{"Name":"/key","WithDecryption":true}"#);
    assert_eq!(headers["x-amz-target"], "AmazonSSM.GetParameter");
    assert_eq!(headers["x-amz-security-token"], "session-made-for-tests");
    let signature = headers["authorization"].to_str().unwrap();
    assert!(signature.contains("key-made-for-tests"), "{signature}");
    assert!(signature.contains("/eu-central-1/ssm/"), "{signature}");
}

#[tokio::test]
async fn a_parameter_can_be_read_where_the_variable_means_something_else() {
    let body = r#"{"Parameter":{"Value":"certificates"}}"#;
    let (endpoint, _) = store(StatusCode::OK, body).await;
    let set = [
        ("PAYPAL_WEBHOOK_ANCHORS", "/a/path"),
        ("PAYPAL_WEBHOOK_ANCHORS_PARAMETER", "/anchors"),
        ("AWS_ENDPOINT_URL_SSM", &endpoint),
    ];
    let found = parameter(&vars(&set), "PAYPAL_WEBHOOK_ANCHORS").await;
    assert_eq!(
        found.map(|secret| secret.expose().to_owned()).unwrap(),
        "certificates"
    );
}

#[tokio::test]
async fn a_parameter_that_is_kept_is_asked_for_each_time_it_is_read() {
    let body = r#"{"Parameter":{"Value":"from the store"}}"#;
    let (endpoint, asked) = store(StatusCode::OK, body).await;
    let set = [
        ("TOKEN_SIGNING_KEY_PARAMETER", "/key"),
        ("AWS_ENDPOINT_URL_SSM", &*endpoint),
    ];
    let kept = Parameter::from_vars(&vars(&set), "TOKEN_SIGNING_KEY").unwrap();
    assert_eq!(asked.lock().unwrap().len(), 0);
    for reads in 1..=2 {
        let value = kept.read().await;
        assert_eq!(value.unwrap().expose(), "from the store");
        assert_eq!(asked.lock().unwrap().len(), reads);
    }
    let shown = format!("{kept:?}");
    assert!(!shown.contains("made-for-tests"), "{shown}");
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let text = read(&[]).await.unwrap_err().to_string();
    assert!(text.contains("TOKEN_SIGNING_KEY "), "{text}");
    assert!(text.contains("TOKEN_SIGNING_KEY_PARAMETER"), "{text}");
    for needed in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        let set = [("TOKEN_SIGNING_KEY_PARAMETER", "/key"), (needed, "")];
        let text = read(&set).await.unwrap_err().to_string();
        assert!(text.contains(needed), "{text}");
        assert!(text.contains("TOKEN_SIGNING_KEY_PARAMETER"), "{text}");
    }
}

#[tokio::test]
async fn a_refusal_is_said_with_its_code_and_without_anybodys_text() {
    let body = r#"{"__type":"ParameterNotFound","message":"canary"}"#;
    let (endpoint, asked) = store(StatusCode::BAD_REQUEST, body).await;
    let set = [
        ("TOKEN_SIGNING_KEY_PARAMETER", "/key"),
        ("AWS_ENDPOINT_URL_SSM", &endpoint),
    ];
    let error = read(&set).await.unwrap_err();
    let text = format!("{error} {error:?}");
    for part in ["TOKEN_SIGNING_KEY_PARAMETER", "/key", "ParameterNotFound"] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains("canary"), "{text}");
    assert!(!text.contains("made-for-tests"), "{text}");
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_store_that_is_busy_or_broken_is_asked_again_and_no_more_than_three_times() {
    let value = (StatusCode::OK, r#"{"Parameter":{"Value":"at last"}}"#);
    let broken = (StatusCode::INTERNAL_SERVER_ERROR, "");
    let code = r#"{"__type":"com.amazonaws.ssm#ThrottlingException"}"#;
    let busy = (StatusCode::BAD_REQUEST, code);
    for (answers, asked_in_all, told) in [
        (vec![broken, value], 2, Ok("at last")),
        (vec![busy, busy, value], 3, Ok("at last")),
        (vec![broken, broken, broken, value], 3, Err("500")),
        (vec![busy], 3, Err("ThrottlingException")),
    ] {
        let (endpoint, asked) = store_that_answers(answers).await;
        let set = [
            ("TOKEN_SIGNING_KEY_PARAMETER", "/key"),
            ("AWS_ENDPOINT_URL_SSM", &*endpoint),
        ];
        match (read(&set).await, told) {
            (Ok(value), Ok(told)) => assert_eq!(value, told),
            (Err(error), Err(told)) => {
                let text = error.to_string();
                assert!(text.contains(told) && !text.contains('#'), "{text}");
            }
            (got, told) => panic!("{got:?} and not {told:?}"),
        }
        assert_eq!(asked.lock().unwrap().len(), asked_in_all, "{told:?}");
    }
}

#[tokio::test]
async fn an_empty_or_strange_answer_is_no_value() {
    for body in [
        "{}",
        r#"{"Parameter":{}}"#,
        r#"{"Parameter":{"Value":""}}"#,
        "<html>",
    ] {
        let (endpoint, _) = store(StatusCode::OK, body).await;
        let set = [
            ("TOKEN_SIGNING_KEY_PARAMETER", "/key"),
            ("AWS_ENDPOINT_URL_SSM", &endpoint),
        ];
        let error = read(&set).await.unwrap_err();
        assert!(matches!(error, Error::Unreadable { .. }), "{body}: {error}");
    }
}

#[test]
fn secrets_compare_by_what_they_hold() {
    let secret = |text: &str| Secret::new(text.to_owned());
    assert!(secret("a") == secret("a"));
    assert!(secret("a") != secret("b"));
}
