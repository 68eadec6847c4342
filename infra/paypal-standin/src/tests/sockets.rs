//! The same behind a socket: the router, and the posting of webhooks.

use std::sync::Arc;

use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::testing::{Scene, approved, settings};
use crate::{Fault, FaultKind, On, Payer, Settings};

#[tokio::test]
async fn no_answer_closes_the_connection_without_a_byte() {
    let scene = Scene::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let server = axum::serve(listener, Arc::clone(&scene.standin).router());
    tokio::spawn(async move { server.await });
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let books = || {
        let request = Request::get(format!("{origin}/v2/checkout/orders/X"));
        client.request(request.body(Full::default()).unwrap())
    };
    assert_eq!(books().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    scene
        .standin
        .set_fault(Fault::once(On::GetOrder, FaultKind::NoAnswerAfterEffect))
        .unwrap();
    assert!(books().await.is_err());
    assert_eq!(scene.standin.books().count("get_order"), 2);
    let answer = books().await.unwrap();
    assert!(
        !answer
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes()
            .is_empty()
    );
}

/// An address on this machine, and what is posted to it.
async fn receiver() -> (String, mpsc::Receiver<(HeaderMap, Bytes)>) {
    let (tell, told) = mpsc::channel(4);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhook", listener.local_addr().unwrap());
    let receiver = axum::Router::new().route(
        "/webhook",
        post(async move |headers: HeaderMap, body: Bytes| {
            tell.send((headers, body)).await.unwrap();
            StatusCode::OK
        }),
    );
    tokio::spawn(async move { axum::serve(listener, receiver).await });
    (url, told)
}

#[tokio::test]
async fn webhooks_are_posted_with_their_headers_until_they_are_taken() {
    let (webhook_url, mut told) = receiver().await;
    let scene = Scene::with(Settings {
        webhook_url: Some(webhook_url),
        ..settings()
    });
    let order = scene.order("A1", "2026-1").id();
    scene.standin.approve(&order, Payer::Pays).unwrap();
    tokio::spawn(Arc::clone(&scene.standin).deliver());
    let (headers, body) = told.recv().await.unwrap();
    assert_eq!(body, scene.standin.books().events[0].body);
    assert_eq!(headers["paypal-auth-algo"], "SHA256withRSA");
    assert!(headers.contains_key("paypal-transmission-sig"));
}

#[tokio::test]
async fn a_webhook_that_is_registered_later_is_posted_to_and_one_without_address_waits() {
    let scene = Scene::new();
    tokio::spawn(Arc::clone(&scene.standin).deliver());
    approved(&scene, "A1", "2026-1");
    let (url, mut told) = receiver().await;
    scene.webhook(&url, &["*"]);
    approved(&scene, "A2", "2026-2");
    let (_, body) = told.recv().await.unwrap();
    let events = scene.standin.books().events;
    assert_eq!(body, events[1].body);
    // A driver may still take what is for the settings' webhook, and it was not tried.
    let waiting = scene.standin.take_deliveries();
    let waiting: Vec<_> = waiting
        .iter()
        .map(|it| (&*it.event_id, it.attempt))
        .collect();
    assert_eq!(waiting, [(&*events[0].id, 1), (&*events[1].id, 1)]);
}

#[tokio::test]
async fn an_address_beyond_this_machine_is_never_contacted() {
    // They lead here all the same, so that a connection would be seen.
    let outside = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    outside.set_nonblocking(true).unwrap();
    let port = outside.local_addr().unwrap().port();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("books.json");
    let before = Scene::kept_in(&path);
    let https = format!("https://127.0.0.1:{port}/webhook");
    before.webhook(&https, &["*"]);
    before.webhook("https://pay.example.de/webhook", &["*"]);
    drop(before);
    // Plain http to elsewhere cannot be registered, but a file can be written by hand.
    let books = std::fs::read_to_string(&path).unwrap();
    let http = format!("http://0.0.0.0:{port}/webhook");
    let written = books.replace("https://pay.example.de/webhook", &http);
    assert_ne!(written, books);
    std::fs::write(&path, written).unwrap();

    let scene = Scene::kept_in(&path);
    let (url, mut told) = receiver().await;
    scene.webhook(&url, &["*"]);
    approved(&scene, "A1", "2026-1");
    tokio::spawn(Arc::clone(&scene.standin).deliver());
    // The last in the list: the others have had their turn.
    told.recv().await.unwrap();
    let contacted = outside.accept();
    assert_eq!(
        contacted.unwrap_err().kind(),
        std::io::ErrorKind::WouldBlock
    );
    let handed_out = scene.standin.books().events[0].deliveries;
    assert_eq!(handed_out, 3);
    // Without an answer they come again.
    assert!(scene.standin.next_delivery_at().is_some());
}
