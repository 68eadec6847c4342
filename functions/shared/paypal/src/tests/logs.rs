//! What is written down of a call, and what never is.

use std::io::Write;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::Response;
use serde_json::Value;
use tracing::Instrument;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

use super::{CLIENT_SECRET, TOKEN, now, sample, sandbox, soon, token};
use crate::{Config, PayPal, Transport, TransportError};

/// Of the answers here.
const DEBUG_ID: &str = "fa9ffe64391d4";

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

impl Lines {
    /// Listens to this thread; while the guard lives, all lines come here.
    fn listen(&self) -> DefaultGuard {
        let subscriber = tracing_subscriber::fmt()
            .with_writer(self.clone())
            .json()
            .with_max_level(tracing::Level::TRACE)
            .finish();
        let guard = tracing::subscriber::set_default(subscriber);
        // Another test may be the first to come to a line at this very moment, with nobody
        // listening, and it would be noted as one that nobody hears.
        tracing::callsite::rebuild_interest_cache();
        guard
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn read(&self) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines().map(serde_json::from_str);
        lines.map(Result::unwrap).collect()
    }
}

/// A PayPal that always answers this, or not at all.
async fn paypal(answer: Option<(u16, Vec<u8>)>) -> PayPal {
    let transport = Transport::in_process(move |_| {
        let answer = answer.clone().map(|(status, body)| {
            let answer = Response::builder().status(status);
            let answer = answer.header("paypal-debug-id", DEBUG_ID);
            answer.body(Bytes::from(body)).unwrap()
        });
        let failed = || TransportError::Failed("made for tests".into());
        std::future::ready(answer.ok_or_else(failed))
    });
    PayPal::new(Config::from_vars(&sandbox).await.unwrap(), transport)
}

/// All lines of each call answered with `status` and `body`, or not at all.
async fn lines(answer: Option<(u16, Vec<u8>)>) -> Lines {
    let lines = Lines::default();
    let _guard = lines.listen();
    let paypal = paypal(answer).await;
    let order = "5O190127TN364715T".parse().unwrap();
    let new_order = super::requests::new_order("25.00");
    let _ = paypal.fetch_token(now(), soon()).await;
    let _ = paypal.create_order(&token(), &new_order, soon()).await;
    let _ = paypal.get_order(&token(), &order, soon()).await;
    let _ = paypal.capture_order(&token(), &order, "id", soon()).await;
    paypal.prime(soon()).await;
    lines
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
        let lines = lines(answer).await.text();
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
    let lines = lines.read();
    let calls = ["token", "create order", "get order", "capture order"];
    assert_eq!(lines.len(), calls.len(), "{lines:#?}");
    for (line, call) in lines.iter().zip(calls) {
        let fields = &line["fields"];
        assert_eq!(line["level"], "WARN", "{line}");
        assert_eq!(fields["call"], call, "{line}");
        assert_eq!(fields["status"], 422, "{line}");
        assert_eq!(fields["debug_id"], DEBUG_ID, "{line}");
        assert!(fields["ms"].is_u64(), "{line}");
        let error = fields["error"].as_str().unwrap();
        assert!(error.contains("TRANSACTION_REFUSED"), "{line}");
    }
}

#[tokio::test]
async fn each_answered_call_leaves_one_line_with_its_debug_id() {
    let lines = Lines::default();
    let _guard = lines.listen();
    let paypal = paypal(Some((200, sample("00_oauth_token_200.json")))).await;
    paypal.fetch_token(now(), soon()).await.unwrap();
    let lines = lines.read();
    let [line] = &lines[..] else {
        panic!("{lines:#?}");
    };
    assert_eq!(line["level"], "INFO", "{line}");
    assert_eq!(line["fields"]["call"], "token", "{line}");
    assert_eq!(line["fields"]["status"], 200, "{line}");
    assert_eq!(line["fields"]["debug_id"], DEBUG_ID, "{line}");
    assert!(line["fields"]["ms"].is_u64(), "{line}");
}

#[tokio::test]
async fn whatever_follows_from_an_answer_is_written_with_its_debug_id_and_no_other_one() {
    let lines = Lines::default();
    let _guard = lines.listen();
    let answers = paypal(Some((200, sample("00_oauth_token_200.json")))).await;
    let silent = paypal(None).await;
    let span = tracing::info_span!("look", debug_id = tracing::field::Empty);
    let look = async {
        answers.fetch_token(now(), soon()).await.unwrap();
        tracing::info!("it follows");
        let _ = silent.fetch_token(now(), soon()).await;
        tracing::info!("nothing follows");
    };
    look.instrument(span).await;
    let lines = lines.read();
    let said = |message: &str| {
        let mut lines = lines.iter();
        lines.find(|line| line["fields"]["message"] == message)
    };
    let span = |message| &said(message).unwrap()["spans"][0];
    assert_eq!(span("it follows")["debug_id"], DEBUG_ID, "{lines:#?}");
    assert_eq!(span("nothing follows")["debug_id"], "", "{lines:#?}");
}
