//! Which line belongs to what: a request, a payment, an answer of PayPal's.

use serde_json::Value;

use crate::walk::{CASE_NUMBER, walk};

/// A line of an embedded metric: it names no request, and the line before it does.
fn is_metric(line: &Value) -> bool {
    line["_aws"].is_object()
}

/// A function's lines, each of which must be JSON.
fn read(function: &str, lines: &[String]) -> Vec<Value> {
    let read = |line: &String| {
        let read = serde_json::from_str::<Value>(line);
        read.unwrap_or_else(|_| panic!("{function}: {line}"))
    };
    lines.iter().map(read).collect()
}

fn request_id(line: &Value) -> Option<&str> {
    line["spans"][0]["requestId"].as_str()
}

#[tokio::test]
async fn every_line_of_a_request_names_it_and_the_last_one_says_what_was_answered() {
    let walked = walk().await;
    for (function, (invocations, lines)) in &walked.printed {
        assert!(*invocations > 0, "{function}");
        let mut lines = read(function, lines);
        lines.retain(|line| !is_metric(line));
        // Before the first request there is none to name.
        let began = lines.iter().position(|line| request_id(line).is_some());
        for line in &lines[began.unwrap()..] {
            assert!(request_id(line).is_some(), "{function}: {line}");
            let says = line["level"].is_string() && line["fields"]["message"].is_string();
            assert!(says, "{function}: {line}");
        }
        for number in 0..*invocations {
            let id = format!("{function}-{number}");
            let of_this = || lines.iter().filter(|line| request_id(line) == Some(&id));
            let last = of_this().next_back();
            let last = &last.unwrap_or_else(|| panic!("{id}: {lines:#?}"))["fields"];
            let answered = of_this()
                .filter(|line| line["fields"]["ms"].is_u64())
                .filter(|line| line["fields"]["route"].is_string());
            let request = walked.requests.iter().find(|request| request.id == id);
            assert_eq!(answered.count(), usize::from(request.is_some()), "{id}");
            if let Some(request) = request {
                assert_eq!(last["method"], request.method, "{id}");
                assert_eq!(last["route"], request.route, "{id}");
                assert_eq!(last["status"], request.status, "{id}");
            }
        }
    }
}

#[tokio::test]
async fn a_payment_is_followed_from_its_line_to_paypals_answer() {
    let walked = walk().await;
    let (_, lines) = &walked.printed["finish-checkout"];
    let lines = read("finish-checkout", lines);
    let find = |field: &str, value: &str| {
        let mut found = lines.iter().filter(|line| line["fields"][field] == value);
        found
            .next()
            .unwrap_or_else(|| panic!("{value}: {lines:#?}"))
    };
    let capture = find("call", "capture order");
    let debug_id = &capture["fields"]["debug_id"];
    assert!(!debug_id.as_str().unwrap().is_empty(), "{capture}");
    assert_eq!(capture["fields"]["status"], 201, "{capture}");
    for line in [
        capture,
        find("message", "a ticket is paid"),
        find("message", "an attempt was looked at"),
    ] {
        assert_eq!(request_id(line), request_id(capture), "{line}");
        let look = &line["spans"][1];
        assert_eq!(look["case_number"], CASE_NUMBER, "{line}");
        assert_eq!(look["attempt"], capture["spans"][1]["attempt"], "{line}");
        assert_eq!(look["order"], capture["spans"][1]["order"], "{line}");
        assert_eq!(look["debug_id"], *debug_id, "{line}");
    }
    let looked = &find("message", "an attempt was looked at")["fields"];
    assert_eq!(
        (&looked["last"], &looked["progress"]),
        (&"book".into(), &"Known".into())
    );
}
