//! Deliveries of events: handed to a driver, or posted to the webhook address.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Request};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;

use crate::Standin;
use crate::delivery_queue::{Queued, Taker};

/// Whether an answer with this status ends a delivery.
pub(crate) fn is_accepted(status: u16) -> bool {
    (200..300).contains(&status)
}

/// How long the other side may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// How long the poster sleeps at most when nothing is due: the clock is handed
/// in and may be moved.
const IDLE: Duration = Duration::from_secs(1);

/// One delivery of an event, signed and ready to be posted.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The webhook it is for; its signature covers this.
    pub webhook_id: String,
    /// The event's id.
    pub event_id: String,
    /// The event's type.
    pub event_type: String,
    /// The headers PayPal sends, signature and all.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// 1 for the first delivery.
    pub attempt: u32,
    pub(crate) transmission_id: String,
    pub(crate) transmission_time: Timestamp,
}

impl Delivery {
    /// The delivery as it waits in the queue, for its repeat.
    pub(crate) fn queued(&self, now: Timestamp) -> Queued {
        Queued {
            webhook_id: self.webhook_id.clone(),
            event_id: self.event_id.clone(),
            transmission_id: self.transmission_id.clone(),
            transmission_time: self.transmission_time,
            due_at: now,
            attempt: self.attempt,
        }
    }
}

/// Posts what is due to the webhooks' addresses for as long as it is polled; also while
/// none has one, which may be registered any time. There is no TLS in this client: it
/// could not reach PayPal if it tried.
pub(crate) async fn deliver(standin: Arc<Standin>) {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    loop {
        for delivery in standin.take(Taker::Poster) {
            let url = standin.address(&delivery.webhook_id);
            let status = match url.and_then(|url| request(&url, &delivery)) {
                Some(request) => {
                    let answer = tokio::time::timeout(ANSWER_WITHIN, client.request(request)).await;
                    answer
                        .ok()
                        .and_then(Result::ok)
                        .map(|answer| answer.status().as_u16())
                }
                None => None,
            };
            report(&delivery, status);
            standin.delivered(&delivery, status);
        }
        let pause = standin
            .until_next_delivery()
            .map_or(IDLE, |due| due.min(IDLE));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = standin.rung() => {}
        }
    }
}

/// Whoever takes an event logs it: here only one that is not taken is news.
fn report(delivery: &Delivery, status: Option<u16>) {
    let (event_type, event_id, attempt) =
        (&delivery.event_type, &delivery.event_id, delivery.attempt);
    if status.is_some_and(is_accepted) {
        tracing::debug!(
            event_type,
            event_id,
            attempt,
            status,
            "a webhook was delivered"
        );
    } else {
        tracing::warn!(
            event_type,
            event_id,
            attempt,
            status,
            "a webhook was not taken and comes again"
        );
    }
}

fn request(url: &str, delivery: &Delivery) -> Option<Request<Full<Bytes>>> {
    let mut request = Request::post(url)
        .body(Full::new(delivery.body.clone()))
        .ok()?;
    let headers: Vec<(HeaderName, _)> = delivery
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    request.headers_mut().extend(headers);
    Some(request)
}
