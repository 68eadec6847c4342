//! Every call is counted, and how it was answered.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use http::Response;

use super::{now, sandbox, soon, token};
use crate::{Config, PayPal, RetryAfter, Traffic, Transport, TransportError};

/// A status with a Retry-After; `None` where nothing comes back.
type Answer = Option<(u16, Option<&'static str>)>;

/// A token is fetched, then an order is read again and again, and answered so.
async fn after(answers: &[Answer]) -> Traffic {
    let left = Mutex::new(VecDeque::from(answers.to_vec()));
    let transport = Transport::in_process(move |_request| {
        let answer = left.lock().unwrap().pop_front().unwrap();
        std::future::ready(match answer {
            Some((status, retry_after)) => {
                let mut response = Response::new(Bytes::from_static(b"{}"));
                *response.status_mut() = status.try_into().unwrap();
                if let Some(value) = retry_after {
                    let value = value.parse().unwrap();
                    response.headers_mut().insert("retry-after", value);
                }
                Ok(response)
            }
            None => Err(TransportError::Failed("nobody is there".into())),
        })
    });
    let paypal = PayPal::new(Config::from_vars(&sandbox).await.unwrap(), transport);
    let id = "5O190127TN364715T".parse().unwrap();
    for number in 0..answers.len() {
        if number == 0 {
            assert!(paypal.fetch_token(now(), soon()).await.is_err());
        } else {
            assert!(paypal.get_order(&token(), &id, soon()).await.is_err());
        }
    }
    paypal.traffic()
}

#[tokio::test]
async fn every_call_is_counted_those_for_tokens_too() {
    let traffic = after(&[Some((200, None)), Some((404, None)), Some((422, None))]).await;
    assert_eq!((traffic.calls, traffic.answered), (3, 3));
    assert_eq!((traffic.unanswered, traffic.too_many), (0, 0));
}

#[tokio::test]
async fn no_answer_and_a_server_error_are_silence_until_an_answer_comes() {
    let silence = after(&[Some((200, None)), None, Some((503, Some("7"))), None]).await;
    assert_eq!((silence.unanswered, silence.unanswered_in_a_row), (3, 3));
    assert_eq!(silence.retry_after, None, "nobody has told us to slow down");
    let locked_out = after(&[Some((200, None)), Some((401, None))]).await;
    assert_eq!((locked_out.answered, locked_out.unanswered), (1, 1));
    let back = after(&[None, None, Some((404, None)), None]).await;
    assert_eq!((back.unanswered, back.unanswered_in_a_row), (3, 1));
}

#[tokio::test]
async fn a_429_is_told_apart_with_its_retry_after_and_without() {
    for (header, told) in [
        (None, None),
        (Some("30"), Some(RetryAfter::For(Duration::from_secs(30)))),
        (
            Some("Sun, 22 Nov 2026 10:05:00 GMT"),
            Some(RetryAfter::Until("2026-11-22T10:05:00Z".parse().unwrap())),
        ),
        (Some("soon"), None),
        (Some("-1"), None),
    ] {
        let traffic = after(&[Some((200, None)), Some((429, header))]).await;
        assert_eq!(
            (traffic.calls, traffic.answered, traffic.unanswered),
            (2, 1, 0)
        );
        assert_eq!(
            (traffic.too_many, traffic.retry_after),
            (1, told),
            "{header:?}"
        );
    }
    let later = after(&[Some((429, Some("30"))), Some((429, None))]).await;
    assert_eq!(later.retry_after, None, "only the last 429 counts");
}
