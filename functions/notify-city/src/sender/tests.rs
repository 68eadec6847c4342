use super::*;

use aws_lc_rs::hmac;
use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Long for a machine that answers itself, and short for whoever waits for it.
const SOON: Duration = Duration::from_millis(300);

fn change() -> TicketChange {
    TicketChange {
        id: "KL-1.1.paid.00c0ffee00c0ffee".to_owned(),
        at: "2026-11-23T08:00:00Z".parse().unwrap(),
        case_number: "KL-1".parse().unwrap(),
        what: "paid".to_owned(),
        reference: None,
        state: "paid".to_owned(),
        owed: ticket::Cents::new(0),
    }
}

fn to(url: &str) -> Subscription {
    Subscription {
        id: "city".parse().unwrap(),
        url: url.parse().unwrap(),
        secrets: vec![hmac::Key::new(hmac::HMAC_SHA256, &[7; 24])],
    }
}

async fn listens() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

async fn send(on_loopback: bool, url: &str) -> Result<(), Failure> {
    let sender = Sender::new(on_loopback).unwrap().answered_within(SOON);
    sender.send(&to(url), &change(), change().at).await
}

/// Sends to somebody who answers this and then keeps the connection open.
async fn answered(answer: &str) -> Result<(), Failure> {
    let (listener, port) = listens().await;
    let url = format!("http://127.0.0.1:{port}/changes");
    let answers = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = [0; 4_096];
        let _ = stream.read(&mut asked).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        sent = send(true, &url) => sent,
        () = answers => unreachable!(),
    }
}

#[tokio::test]
async fn taken_is_what_is_answered_by_a_status_that_says_so_whatever_the_body() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 202 Accepted\r\ncontent-length: 9999999999\r\n\r\n<html>",
        // It never ends, and nobody reads it.
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ] {
        assert_eq!(answered(answer).await, Ok(()), "{answer}");
    }
}

#[tokio::test]
async fn everything_else_is_not_taken_and_says_why_in_few_words() {
    for (answer, said) in [
        ("", "no answer in time"),
        ("HTTP/1.1 ", "no answer in time"),
        ("<html>hello</html>\r\n\r\n", "the answer was not HTTP"),
        ("HTTP/1.1 400 Bad Request\r\n\r\n", "answered 400"),
        ("HTTP/1.1 410 Gone\r\n\r\n", "answered 410"),
        (
            "HTTP/1.1 500 No\r\ncontent-length: 6\r\n\r\n<html>",
            "answered 500",
        ),
        ("HTTP/1.1 503 No\r\nretry-after: 1\r\n\r\n", "answered 503"),
    ] {
        let failure = answered(answer).await.unwrap_err();
        assert_eq!(failure.to_string(), said, "{answer}");
    }
}

#[tokio::test]
async fn for_how_long_a_host_is_busy_is_read_where_it_says_so_in_seconds() {
    for (answer, for_s) in [
        ("503 No\r\nretry-after: 7", 7),
        ("429 No\r\nretry-after: 7", 7),
        ("429 No\r\nretry-after: -7", 0),
        ("429 No\r\nretry-after: Mon, 23 Nov 2026 09:00:00 GMT", 0),
        ("429 No", 0),
        ("500 No\r\nretry-after: 7", 0),
    ] {
        let failure = answered(&format!("HTTP/1.1 {answer}\r\n\r\n")).await;
        let retry_after = failure.unwrap_err().retry_after();
        assert_eq!(retry_after, SignedDuration::from_secs(for_s), "{answer}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, port) = listens().await;
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        let answer = format!(
            "HTTP/1.1 {status}\r\nlocation: http://127.0.0.1:{port}/\r\ncontent-length: 0\r\n\r\n"
        );
        let failure = answered(&answer).await.unwrap_err();
        let said = format!(
            "answered {}: a redirect, which is not followed",
            &status[..3]
        );
        assert_eq!(failure.to_string(), said);
    }
    assert!(elsewhere.accept().now_or_never().is_none());
}

#[tokio::test]
async fn a_name_that_leads_to_this_machine_is_not_connected_to() {
    let (listener, port) = listens().await;
    let by_name = send(true, &format!("http://localhost:{port}/")).await;
    assert_eq!(by_name, Err(Failure::NoPublicAddress));
    assert!(listener.accept().now_or_never().is_none());
    // It would have been heard.
    let by_number = send(true, &format!("http://127.0.0.1:{port}/")).await;
    assert_eq!(by_number, Err(Failure::NoAnswer));
    assert!(listener.accept().now_or_never().is_some());
    let deployed = send(false, "https://localhost/").await;
    assert_eq!(deployed, Err(Failure::NoPublicAddress));
}

#[tokio::test]
async fn what_is_deployed_sends_nothing_without_tls() {
    let (listener, port) = listens().await;
    let sent = send(false, &format!("http://127.0.0.1:{port}/")).await;
    assert!(sent.is_err());
    assert!(listener.accept().now_or_never().is_none());
}

#[tokio::test]
async fn who_does_not_listen_is_not_reached() {
    let (listener, port) = listens().await;
    drop(listener);
    let sent = send(true, &format!("http://127.0.0.1:{port}/")).await;
    assert_eq!(sent, Err(Failure::NotReached));
    // Its own answer to our greeting is none of TLS.
    let (listener, port) = listens().await;
    let answers = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        std::future::pending::<()>().await;
    };
    let url = format!("https://127.0.0.1:{port}/");
    let sent = tokio::select! {
        sent = send(true, &url) => sent,
        () = answers => unreachable!(),
    };
    assert_eq!(sent, Err(Failure::NotReached));
}
