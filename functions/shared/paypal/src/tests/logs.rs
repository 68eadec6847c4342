//! What is written down of a call, and what never is.

use std::io::Write;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::Response;
use tracing_subscriber::fmt::MakeWriter;

use super::{CLIENT_SECRET, TOKEN, now, sample, sandbox, soon, token};
use crate::{Config, PayPal, Transport, TransportError};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(text)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// All lines of each call answered with `status` and `body`, or not at all.
async fn lines(answer: Option<(u16, Vec<u8>)>) -> String {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(lines.clone())
        .with_ansi(false)
        .with_max_level(tracing::Level::TRACE)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let transport = Transport::in_process(move |_| {
        let answer = answer.clone().map(|(status, body)| {
            let answer = Response::builder().status(status);
            let answer = answer.header("paypal-debug-id", "fa9ffe64391d4");
            answer.body(Bytes::from(body)).unwrap()
        });
        let failed = || TransportError::Failed("made for tests".into());
        std::future::ready(answer.ok_or_else(failed))
    });
    let paypal = PayPal::new(Config::from_vars(&sandbox).await.unwrap(), transport);
    let order = "5O190127TN364715T".parse().unwrap();
    let new_order = super::requests::new_order("25.00");
    let _ = paypal.fetch_token(now(), soon()).await;
    let _ = paypal.create_order(&token(), &new_order, soon()).await;
    let _ = paypal.get_order(&token(), &order, soon()).await;
    let _ = paypal.capture_order(&token(), &order, "id", soon()).await;
    paypal.prime(soon()).await;
    let text = lines.0.lock().unwrap().clone();
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn no_line_holds_a_secret_or_anything_of_a_payer() {
    let completed = sample("06_order_capture_completed_201.json");
    for answer in [
        Some((200, completed.clone())),
        Some((201, completed.clone())),
        Some((422, completed.clone())),
        Some((500, completed)),
        Some((401, sample("42_err_401_invalid_token.json"))),
        Some((404, sample("40_err_404_invalid_resource_id.json"))),
        Some((422, sample("20_err_422_instrument_declined.json"))),
        Some((200, sample("00_oauth_token_200.json"))),
        None,
    ] {
        let lines = lines(answer).await;
        for secret in [
            CLIENT_SECRET,
            TOKEN,
            "Bearer",
            "Basic",
            "payer@example.com",
            "Erika",
            "QYR5Z8XDVJNXQ",
            "A21AAFEpH4PsADK7qSS7pSRsgzfENtu",
            "pay.example.de",
        ] {
            assert!(!lines.contains(secret), "{secret} in {lines}");
        }
    }
}

#[tokio::test]
async fn each_failing_call_leaves_its_name_status_and_debug_id() {
    let lines = lines(Some((422, sample("26_err_422_transaction_refused.json")))).await;
    for call in ["token", "create order", "get order", "capture order"] {
        let line = lines
            .lines()
            .find(|line| line.contains(&format!("{call}: ")));
        let line = line.unwrap_or_else(|| panic!("{call} in {lines}"));
        assert!(line.contains("WARN"), "{line}");
        assert!(line.contains("422"), "{line}");
        assert!(line.contains("TRANSACTION_REFUSED"), "{line}");
        assert!(line.contains("debug_id=\"fa9ffe64391d4\""), "{line}");
    }
    assert_eq!(lines.lines().count(), 4, "{lines}");
}
