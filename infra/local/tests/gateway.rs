//! The local gateway behaves like Amazon API Gateway towards both sides.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use jiff::Timestamp;
use lambda_http::{Body, RequestExt};
use local::function::Function;
use local::gateway::{Endpoint, Gateway, Kind};
use local::identity::{AUDIENCE, ISSUER, Identity};
use local::template::{PathPattern, Route};
use local::{Clock, gateway};
use serde_json::{Value, json};

const NOW: &str = "2026-02-20T09:30:00Z";

fn clock() -> Clock {
    Arc::new(|| NOW.parse().unwrap())
}

fn route(method: Method, path: &str) -> Route {
    Route {
        method,
        path: PathPattern::parse(path).unwrap(),
    }
}

/// What the stub function saw of the request.
type Seen = Arc<Mutex<Option<lambda_http::Request>>>;

fn stub(answer: fn() -> Response<Body>) -> (Function, Seen) {
    let seen: Seen = Arc::default();
    let for_function = Arc::clone(&seen);
    let function = Function::new("stub", Duration::from_secs(1), move |request| {
        *for_function.lock().unwrap() = Some(request);
        async move { answer() }
    });
    (function, seen)
}

fn ok() -> Response<Body> {
    Response::new(Body::from("seen"))
}

fn public(method: Method, path: &str, function: Function) -> Gateway {
    let kind = Kind::Rest {
        stage: "live".to_owned(),
    };
    let endpoint = Endpoint {
        route: route(method, path),
        scopes: None,
        function,
    };
    Gateway::new(kind, vec![endpoint], clock())
}

fn office(identity: &Identity, function: &Function) -> Gateway {
    let kind = Kind::Http {
        authorizer: Arc::new(identity.authorizer()),
    };
    let endpoint = |method, path| Endpoint {
        route: route(method, path),
        scopes: Some(vec!["tickets:issue".to_owned()]),
        function: function.clone(),
    };
    let for_anyone = Endpoint {
        scopes: None,
        ..endpoint(Method::GET, "/openapi.json")
    };
    let endpoints = vec![
        endpoint(Method::PUT, "/tickets/{case_number}"),
        endpoint(Method::POST, "/tickets"),
        for_anyone,
    ];
    Gateway::new(kind, endpoints, clock())
}

fn request(method: Method, path: &str, body: &'static str) -> Request<Bytes> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "127.0.0.1:8080")
        .body(Bytes::from_static(body.as_bytes()))
        .unwrap()
}

fn put_ticket(token: &str) -> Request<Bytes> {
    let mut request = request(Method::PUT, "/tickets/KL-1", "{}");
    request
        .headers_mut()
        .insert(header::AUTHORIZATION, token.parse().unwrap());
    request
}

fn claims() -> Value {
    let now = NOW.parse::<Timestamp>().unwrap().as_second();
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "clerk-17", "scope": "tickets:issue tickets:manage",
        "iat": now, "exp": now + 60,
    })
}

fn with(change: &Value) -> Value {
    let mut claims = claims();
    for (name, value) in change.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

fn text(response: &Response<Bytes>) -> &str {
    std::str::from_utf8(response.body()).unwrap()
}

#[tokio::test]
async fn the_public_function_sees_path_parameter_query_headers_and_body() {
    let (function, seen) = stub(ok);
    let gateway = public(Method::POST, "/t/{token}/checkout", function);
    let mut asked = request(
        Method::POST,
        "/t/abc.def/checkout?lang=en&x=1&x=2",
        "amount=30.00",
    );
    asked
        .headers_mut()
        .insert(header::ACCEPT_LANGUAGE, "de".parse().unwrap());
    let answer = gateway.answer(asked).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let seen = seen.lock().unwrap().take().unwrap();
    assert_eq!(seen.path_parameters().first("token"), Some("abc.def"));
    assert_eq!(
        seen.query_string_parameters().all("x"),
        Some(vec!["1", "2"])
    );
    assert_eq!(seen.query_string_parameters().first("lang"), Some("en"));
    assert_eq!(seen.headers()[header::ACCEPT_LANGUAGE], "de");
    assert_eq!(seen.method(), Method::POST);
    assert_eq!(seen.body().as_ref(), b"amount=30.00");
}

#[tokio::test]
async fn an_unknown_path_or_method_is_answered_as_each_kind_of_api_does() {
    let (function, seen) = stub(ok);
    let gateway = public(Method::GET, "/t/{token}", function.clone());
    for asked in [
        request(Method::GET, "/nothing", ""),
        request(Method::POST, "/t/abc", ""),
        request(Method::HEAD, "/t/abc", ""),
    ] {
        let answer = gateway.answer(asked).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
        assert_eq!(
            text(&answer),
            r#"{"message":"Missing Authentication Token"}"#
        );
    }
    let identity = Identity::generate().unwrap();
    let answer = office(&identity, &function)
        .answer(request(Method::DELETE, "/tickets/KL-1", ""))
        .await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert_eq!(text(&answer), r#"{"message":"Not Found"}"#);
    assert!(seen.lock().unwrap().is_none());
}

#[tokio::test]
async fn an_office_token_lets_in_and_its_claims_reach_the_function() {
    let (function, seen) = stub(ok);
    let identity = Identity::generate().unwrap();
    let gateway = office(&identity, &function);
    let token = identity.sign(&claims()).unwrap();
    for credentials in [format!("Bearer {token}"), token] {
        let answer = gateway.answer(put_ticket(&credentials)).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let seen = seen.lock().unwrap().take().unwrap();
        assert_eq!(seen.path_parameters().first("case_number"), Some("KL-1"));
        let context = serde_json::to_value(seen.request_context()).unwrap();
        let jwt = &context["authorizer"]["jwt"];
        assert_eq!(jwt["claims"]["sub"], "clerk-17");
        assert_eq!(jwt["claims"]["scope"], "tickets:issue tickets:manage");
        assert_eq!(jwt["scopes"], json!(["tickets:issue"]));
    }
}

#[tokio::test]
async fn a_token_that_is_not_valid_here_and_now_is_unauthorized_and_the_header_says_why() {
    let (function, seen) = stub(ok);
    let identity = Identity::generate().unwrap();
    let stranger = Identity::generate().unwrap();
    let now = NOW.parse::<Timestamp>().unwrap().as_second();
    let gateway = office(&identity, &function);
    let mut flipped = identity.sign(&claims()).unwrap();
    let last = flipped.pop().unwrap();
    flipped.push(if last == 'A' { 'B' } else { 'A' });
    let signed = |claims: Value| identity.sign(&with(&claims)).unwrap();
    for (token, why) in [
        (String::new(), "the token is malformed"),
        ("no token".to_owned(), "the token is malformed"),
        (flipped, "signature verification failed"),
        (
            stranger.sign(&claims()).unwrap(),
            "signature verification failed",
        ),
        (
            signed(json!({ "iss": "https://login.example" })),
            "the token has an invalid issuer",
        ),
        (
            signed(json!({ "aud": "another" })),
            "the token does not have a valid audience",
        ),
        (
            signed(json!({ "aud": ["another"], "client_id": AUDIENCE })),
            "the token does not have a valid audience",
        ),
        (signed(json!({ "exp": now })), "the token has expired"),
        (signed(json!({ "exp": null })), "the token has no expiry"),
        (
            signed(json!({ "nbf": now + 1 })),
            "the token is not valid yet",
        ),
        (
            signed(json!({ "iat": now + 1 })),
            "the token is not valid yet",
        ),
    ] {
        let answer = gateway.answer(put_ticket(&token)).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{token}");
        assert_eq!(text(&answer), r#"{"message":"Unauthorized"}"#);
        let challenge =
            format!(r#"Bearer scope="" error="invalid_token" error_description="{why}""#);
        assert_eq!(answer.headers()[header::WWW_AUTHENTICATE], challenge);
    }
    let answer = gateway
        .answer(request(Method::PUT, "/tickets/KL-1", "{}"))
        .await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(answer.headers()[header::WWW_AUTHENTICATE], "Bearer");
    assert!(seen.lock().unwrap().is_none());
}

#[tokio::test]
async fn a_valid_token_without_the_routes_scope_is_forbidden() {
    let (function, seen) = stub(ok);
    let identity = Identity::generate().unwrap();
    let gateway = office(&identity, &function);
    for scope in ["", "tickets:manage", "tickets:issue:all", "TICKETS:ISSUE"] {
        let token = identity.sign(&with(&json!({ "scope": scope }))).unwrap();
        let answer = gateway.answer(put_ticket(&token)).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{scope}");
        assert_eq!(text(&answer), r#"{"message":"Forbidden"}"#);
    }
    assert!(seen.lock().unwrap().is_none());
}

#[tokio::test]
async fn on_a_route_for_anyone_no_token_is_asked_for_and_none_is_believed() {
    let (function, seen) = stub(ok);
    let identity = Identity::generate().unwrap();
    let gateway = office(&identity, &function);
    let token = identity.sign(&claims()).unwrap();
    for credentials in ["", "no token", &format!("Bearer {token}")] {
        let mut asked = request(Method::GET, "/openapi.json", "");
        let headers = asked.headers_mut();
        headers.insert(header::AUTHORIZATION, credentials.parse().unwrap());
        assert_eq!(gateway.answer(asked).await.status(), StatusCode::OK);
        let seen = seen.lock().unwrap().take().unwrap();
        let context = serde_json::to_value(seen.request_context()).unwrap();
        // Whatever asks who acts finds nobody.
        assert_eq!(context["authorizer"], Value::Null, "{credentials}");
    }
}

#[tokio::test]
async fn json_lines_reach_the_office_function_byte_for_byte() {
    let (function, seen) = stub(ok);
    let identity = Identity::generate().unwrap();
    let mut asked = request(Method::POST, "/tickets", "{\"a\":\"ä\"}\n{}\n");
    let token = identity.sign(&claims()).unwrap();
    let headers = asked.headers_mut();
    headers.insert(header::AUTHORIZATION, token.parse().unwrap());
    headers.insert(
        header::CONTENT_TYPE,
        "application/x-ndjson".parse().unwrap(),
    );
    office(&identity, &function).answer(asked).await;
    let seen = seen.lock().unwrap().take().unwrap();
    // Not one of API Gateway's text types: it comes as base64.
    assert!(matches!(seen.body(), Body::Binary(_)));
    assert_eq!(seen.body().as_ref(), "{\"a\":\"ä\"}\n{}\n".as_bytes());
}

#[tokio::test]
async fn a_picture_comes_out_of_the_office_api_as_bytes_and_of_the_public_one_as_base64() {
    fn picture() -> Response<Body> {
        Response::builder()
            .header(header::CONTENT_TYPE, "image/png")
            .body(Body::from(vec![0x89, b'P', b'N', b'G']))
            .unwrap()
    }
    let (function, _) = stub(picture);
    let identity = Identity::generate().unwrap();
    let token = identity.sign(&claims()).unwrap();
    let answer = office(&identity, &function)
        .answer(put_ticket(&token))
        .await;
    assert_eq!(answer.body().as_ref(), b"\x89PNG");
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "image/png");
    let answer = public(Method::GET, "/t/{token}", function)
        .answer(request(Method::GET, "/t/abc", ""))
        .await;
    assert_eq!(text(&answer), "iVBORw==");
}

#[tokio::test]
async fn status_and_every_header_of_the_answer_arrive() {
    fn redirect() -> Response<Body> {
        Response::builder()
            .status(StatusCode::SEE_OTHER)
            .header(
                header::LOCATION,
                "http://127.0.0.1:8082/checkoutnow?token=X",
            )
            .header(header::CACHE_CONTROL, "no-store")
            .header(header::VARY, "accept-language")
            .header(header::VARY, "cookie")
            .body(Body::Empty)
            .unwrap()
    }
    let (function, _) = stub(redirect);
    let answer = public(Method::GET, "/t/{token}", function)
        .answer(request(Method::GET, "/t/abc", ""))
        .await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(
        answer.headers()[header::LOCATION],
        "http://127.0.0.1:8082/checkoutnow?token=X"
    );
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    assert_eq!(answer.headers().get_all(header::VARY).iter().count(), 2);
    assert!(answer.body().is_empty());
}

#[tokio::test]
async fn a_function_that_panics_or_hangs_is_an_error_of_the_gateways_own() {
    let panics = Function::new("panics", Duration::from_secs(1), |_| async {
        panic!("a bug");
    });
    let hangs = Function::new("hangs", Duration::from_millis(1), |_| {
        std::future::pending::<Response<Body>>()
    });
    let identity = Identity::generate().unwrap();
    let token = identity.sign(&claims()).unwrap();
    for function in [panics, hangs] {
        let answer = public(Method::GET, "/t/{token}", function.clone())
            .answer(request(Method::GET, "/t/abc", ""))
            .await;
        assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
        assert_eq!(text(&answer), r#"{"message":"Internal server error"}"#);
        let answer = office(&identity, &function)
            .answer(put_ticket(&token))
            .await;
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(text(&answer), r#"{"message":"Internal Server Error"}"#);
    }
    assert_eq!(gateway::BODY_BYTES_MAX, 10_485_760);
}
