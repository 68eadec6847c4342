//! What several tests need: a PayPal that answers what it is told and
//! remembers what it was asked.

mod config;
mod credentials;
mod issues;
mod logs;
mod outcomes;
mod properties;
mod requests;
mod samples;
mod sockets;
mod statuses;
mod traffic;
mod transactions;
pub(crate) mod trees;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use parameters::Secret;
use tokio::time::Instant;

use crate::{AccessToken, Config, PayPal, Transport};

/// Not a secret of anybody: made for these tests.
pub(crate) const CLIENT_SECRET: &str = "client-secret-made-for-tests";
pub(crate) const TOKEN: &str = "access-token-made-for-tests";
pub(crate) const MERCHANT_ID: &str = "8YTYX8DKLB5ZU";

/// Every request that went out.
pub(crate) type SentRequests = Arc<Mutex<Vec<Request<Bytes>>>>;

pub(crate) fn sandbox(variable: &str) -> Option<String> {
    let value = match variable {
        "PAYPAL_ENVIRONMENT" => "sandbox",
        "PAYPAL_BASE_URL" => "https://api-m.sandbox.paypal.com",
        "PAYPAL_CLIENT_ID" => "client-id",
        "PAYPAL_CLIENT_SECRET" => CLIENT_SECRET,
        "PAYPAL_MERCHANT_ID" => MERCHANT_ID,
        "PAYPAL_WEBHOOK_ID" => "3TR748995U920805P",
        _ => return None,
    };
    Some(value.to_owned())
}

/// A transport that answers each request with `status` and `body`.
pub(crate) fn answering(status: u16, body: &[u8]) -> (Transport, SentRequests) {
    let asked = SentRequests::default();
    let seen = Arc::clone(&asked);
    let body = Bytes::copy_from_slice(body);
    let transport = Transport::in_process(move |request| {
        seen.lock().unwrap().push(request);
        let answer = Response::builder().status(status).body(body.clone());
        std::future::ready(Ok(answer.unwrap()))
    });
    (transport, asked)
}

/// The sandbox, answering each call with `status` and `body`.
pub(crate) async fn paypal(status: u16, body: &[u8]) -> (PayPal, SentRequests) {
    let config = Config::from_vars(&sandbox).await.unwrap();
    let (transport, asked) = answering(status, body);
    (PayPal::new(config, transport), asked)
}

pub(crate) fn token() -> AccessToken {
    AccessToken {
        secret: Secret::new(TOKEN.to_owned()),
        expires_at: now(),
    }
}

pub(crate) fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

/// Far enough away for anything that answers at once.
pub(crate) fn soon() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

/// Waits for `future`, which meets nothing but what answers at once.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(future)
}

pub(crate) fn recorded(folder: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("../../../tests/contract/paypal").join(folder)
}

pub(crate) fn sample(file: &str) -> Vec<u8> {
    let path = recorded("samples").join(file);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
