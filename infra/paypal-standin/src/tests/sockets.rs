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

use crate::testing::{Scene, settings};
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

#[tokio::test]
async fn webhooks_are_posted_with_their_headers_until_they_are_taken() {
    let (tell, mut told) = mpsc::channel(4);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let webhook_url = format!("http://{}/webhook", listener.local_addr().unwrap());
    let receiver = axum::Router::new().route(
        "/webhook",
        post(async move |headers: HeaderMap, body: Bytes| {
            tell.send((headers, body)).await.unwrap();
            StatusCode::OK
        }),
    );
    tokio::spawn(async move { axum::serve(listener, receiver).await });
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
