//! What is logged, and what never is.

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::city::{City, post_event, put_event, qr_event, with_field};

const ROUTES: [&str; 3] = [
    "/tickets/{case_number}",
    "/tickets",
    "/tickets/{case_number}/qr",
];

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Captured {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn each_request_is_one_line_without_token_plate_place_or_offence() {
    let city = City::start().await;
    let captured = Captured::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::INFO)
        .with_writer(captured.clone())
        .finish();
    // Another test may be the first to come to that line at this very moment, with nobody
    // listening, and it would be noted as one that nobody hears.
    city.send(&qr_event("KL-0", "png")).await;
    let _guard = tracing::subscriber::set_default(subscriber);
    tracing::callsite::rebuild_interest_cache();
    let printed = city.send(&put_event("KL-1")).await.json();
    let bad_plate = with_field(put_event("KL-1"), "plate", json!("KL_XX_000"));
    let wrong_place = with_field(put_event("KL-1"), "place", json!(["Musterstraße"]));
    let requests = [
        put_event("KL-1"),
        bad_plate,
        wrong_place,
        with_field(put_event("KL-1"), "amount", json!("35.00")),
        post_event(),
        qr_event("KL-1", "png"),
        qr_event("KL-2", "png"),
    ];
    for request in &requests {
        city.send(request).await;
    }
    city.table.answers_only(0);
    city.send(&put_event("KL-3")).await.problem(503);
    let text = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    // The engine of the table runs in the same process and logs for itself.
    let is_ours = |line: &&str| !line.contains(r#""target":"dynoxide"#);
    let text: Vec<&str> = text.lines().filter(is_ours).collect();
    let text = text.join("\n");
    assert_eq!(text.lines().count(), requests.len() + 2, "{text}");
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["fields"]["by"], "clerk-17", "{line}");
        assert!(line["fields"]["status"].is_u64(), "{line}");
        assert!(line["fields"]["ms"].is_u64(), "{line}");
        let route = line["fields"]["route"].as_str().unwrap();
        assert!(ROUTES.contains(&route), "{line}");
    }
    assert!(
        text.contains(r#""error":"issue a ticket: the table did not answer"#),
        "{text}"
    );
    let url = printed["url"].as_str().unwrap();
    let token = url.rsplit('/').next().unwrap();
    let signature = token.rsplit('.').next().unwrap();
    let check_word = printed["check_word"].as_str().unwrap();
    for canary in [
        token,
        signature,
        check_word,
        "KL-XX",
        "KL_XX",
        "Musterstra",
        "112402",
        "Haltverbot",
    ] {
        assert!(!text.contains(canary), "{canary}: {text}");
    }
}
