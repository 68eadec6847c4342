//! What the binaries print on their way: enough, and never too much.

use std::collections::BTreeMap;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::Value;

use crate::walk::{CASE_NUMBER, OFFENCE, OFFENCE_NUMBER, PLACE, PLATE, Walked, walk};

/// Everything that must not be printed, in the forms it could be printed in.
fn canaries(walked: &Walked) -> BTreeMap<String, String> {
    let mut canaries = BTreeMap::new();
    for (what, text) in &walked.secrets {
        assert!(text.len() > 8, "{what} is too short to be looked for");
        canaries.insert(format!("{what}, in Base64"), BASE64.encode(text.as_bytes()));
        canaries.insert(
            format!("{what}, in Base64url"),
            BASE64URL_NOPAD.encode(text.as_bytes()),
        );
        // Half a token is enough to recognise it, and a signature to use it.
        let last = text.rsplit('.').next().unwrap_or_default();
        canaries.insert(format!("the end of {what}"), last.to_owned());
        canaries.insert((*what).to_owned(), text.clone());
    }
    let of_the_ticket = [
        ("the plate", PLATE.to_owned()),
        ("the plate without spaces", PLATE.replace(['-', ' '], "")),
        ("the plate with one space", PLATE.replace('-', " ")),
        ("the place", PLACE.to_owned()),
        ("the offence", OFFENCE.to_owned()),
        ("the offence's number", OFFENCE_NUMBER.to_owned()),
        ("the payer", "payer@example.com".to_owned()),
    ];
    canaries.extend(of_the_ticket.map(|(what, text)| (what.to_owned(), text)));
    canaries
}

#[tokio::test]
async fn no_line_holds_a_secret_or_what_the_ticket_is_about() {
    let walked = walk().await;
    for (what, canary) in canaries(&walked) {
        for (function, (_, lines)) in &walked.printed {
            for line in lines {
                assert!(!line.contains(&canary), "{function} prints {what}: {line}");
            }
        }
    }
    // That something was listened to at all: the case number may be printed.
    let (_, lines) = &walked.printed["finish-checkout"];
    assert!(
        lines.iter().any(|line| line.contains(CASE_NUMBER)),
        "{lines:#?}"
    );
}

#[tokio::test]
async fn every_request_leaves_a_structured_line_and_no_line_is_anything_else() {
    let walked = walk().await;
    for (function, (invocations, lines)) in &walked.printed {
        assert!(*invocations > 0, "{function}");
        let read = |line: &String| serde_json::from_str::<Value>(line);
        let structured: Vec<Value> = lines
            .iter()
            .map(|line| read(line).unwrap_or_else(|_| panic!("{function}: {line}")))
            .collect();
        // A minute in which nothing was due is nobody's request.
        let requests = if *function == "reconcile-payments" {
            0
        } else {
            *invocations
        };
        for number in 0..requests {
            let id = format!("{function}-{number}");
            let of_this = structured
                .iter()
                .filter(|line| line.to_string().contains(&format!("\"{id}\"")));
            let says = |line: &Value| line["level"].is_string() && line["fields"].is_object();
            assert!(
                of_this.filter(|line| says(line)).count() > 0,
                "{id}: {lines:#?}"
            );
        }
    }
}
