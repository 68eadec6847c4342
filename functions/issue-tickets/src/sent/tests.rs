//! What is read, and what the problem says when it is not.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn ticket() -> Value {
    json!({
        "plate": "KL-XX 000",
        "offence": { "number": "112402", "text": "Sie parkten im Haltverbot." },
        "place": "Musterstraße 1",
        "occurred_at": "2026-02-19T14:05:00+01:00",
        "amount": "30.00",
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut ticket = ticket();
    ticket[field] = value;
    ticket
}

fn read(ticket: &Value) -> Result<SentTicket, Problem> {
    SentTicket::read(ticket.to_string().as_bytes())
}

/// The field and the detail of the problem with this body.
fn problem(body: &[u8]) -> (Option<String>, String) {
    let problem = SentTicket::read(body).expect_err("was read");
    let document = serde_json::to_value(problem.document()).unwrap();
    assert_eq!(document["status"], 400);
    let text = |field: &str| document[field].as_str().map(str::to_owned);
    (text("field"), text("detail").unwrap())
}

fn problem_field(ticket: &Value) -> Option<String> {
    problem(ticket.to_string().as_bytes()).0
}

#[test]
fn a_ticket_is_read_as_sent() {
    let mut sent = ticket();
    sent["due_on"] = json!("2026-03-02");
    sent["booking_reference"] = json!("5.0004.123456.7");
    let sent = read(&sent).unwrap();
    assert_eq!(sent.plate.in_full(), "KL-XX 000");
    assert_eq!(sent.offence.number.as_str(), "112402");
    assert_eq!(sent.place.as_str(), "Musterstraße 1");
    assert_eq!(sent.occurred_at.to_string(), "2026-02-19T13:05:00Z");
    assert_eq!(sent.amount, Cents::new(3_000));
    assert_eq!(sent.due_on.unwrap().to_string(), "2026-03-02");
    assert_eq!(sent.booking_reference.unwrap().as_str(), "5.0004.123456.7");
}

#[test]
fn the_problem_names_the_field() {
    for (field, value) in [
        ("amount", json!(30)),
        ("amount", json!(30.0)),
        ("amount", json!(null)),
        ("amount", json!("NaN")),
        ("amount", json!("-0.00")),
        ("amount", json!("1e309")),
        ("amount", json!("5.055")),
        ("amount", json!("30")),
        ("amount", json!("0.00")),
        ("amount", json!("4.99")),
        ("amount", json!("32.50")),
        ("amount", json!("60.00")),
        ("plate", json!("K#1")),
        ("plate", json!(["KL"])),
        ("place", json!("")),
        ("place", json!("a\nb")),
        ("place", json!("a\u{202e}b")),
        ("place", json!("e\u{301}".repeat(1_000))),
        ("case_number", json!("KL/1")),
        ("occurred_at", json!("2026-02-19T14:05:00")),
        ("occurred_at", json!("2026-02-19 14:05:00+01:00")),
        ("occurred_at", json!("2026-02-19T14:05+01:00")),
        ("occurred_at", json!("2026-02-19T14:05:00+01")),
        ("occurred_at", json!("2026-02-19T14:05:00,5+01:00")),
        ("occurred_at", json!("2026-02-19T14:05:00.+01:00")),
        (
            "occurred_at",
            json!("2026-02-19T14:05:00+01:00[Europe/Berlin]"),
        ),
        ("occurred_at", json!("2026-02-30T14:05:00+01:00")),
        ("occurred_at", json!("19.02.2026 14:05")),
        ("occurred_at", json!(1_771_506_300)),
        ("due_on", json!("2026-02-30")),
        ("due_on", json!("20260302")),
        ("due_on", json!("2026-03-02T00:00:00")),
        ("due_on", json!("2026-02-18")),
        ("booking_reference", json!("x".repeat(141))),
        ("booking_reference", json!(5)),
        ("offence", json!("112402")),
        ("state", json!("paid")),
        ("version", json!(7)),
    ] {
        assert_eq!(
            problem_field(&with(field, value.clone())).as_deref(),
            Some(field),
            "{value}"
        );
    }
    for field in ["amount", "occurred_at", "offence", "place", "plate"] {
        let mut ticket = ticket();
        ticket.as_object_mut().unwrap().remove(field);
        assert_eq!(problem_field(&ticket).as_deref(), Some(field));
    }
}

#[test]
fn the_problem_names_a_field_inside_the_offence() {
    for (field, offence) in [
        ("offence.text", json!({ "number": "1" })),
        ("offence.number", json!({ "number": 1, "text": "x" })),
        (
            "offence.more",
            json!({ "number": "1", "text": "x", "more": 1 }),
        ),
    ] {
        assert_eq!(
            problem_field(&with("offence", offence)).as_deref(),
            Some(field)
        );
    }
}

#[test]
fn the_problem_says_what_to_write() {
    let detail = |field: &str, value: Value| problem(with(field, value).to_string().as_bytes()).1;
    assert_eq!(
        detail("amount", json!("32.50")),
        "is \"32.50\", not a warning fine: write 5.00 to 55.00 in steps of 5.00"
    );
    assert_eq!(
        detail("due_on", json!("2.3.2026")),
        "is \"2.3.2026\", not a day: write it like 2026-11-24"
    );
    assert_eq!(
        detail("plate", json!("K#1")),
        "is \"K#1\", not a number plate: use 2 to 15 letters, digits, spaces and hyphens"
    );
}

#[test]
fn a_field_that_is_there_twice_is_refused() {
    let twice = ticket()
        .to_string()
        .replacen('{', r#"{"amount":"5.00","#, 1);
    assert_eq!(problem(twice.as_bytes()).0.as_deref(), Some("amount"));
}

#[test]
fn what_is_no_json_object_in_utf8_is_refused() {
    let of_order = r#"["30.00",null,null,null,"2026-02-19T14:05:00+01:00",["1","x"],"x","KL"]"#;
    for body in [
        b"".as_slice(),
        b"{",
        b"null",
        b"[]",
        of_order.as_bytes(),
        b"\xff\xfe{\0}\0",
        b"{\"plate\":\"\xc3\x28\"}",
        b"plate=KL",
    ] {
        assert_eq!(problem(body).0, None, "{}", String::from_utf8_lossy(body));
    }
    for behind in ["x", "{}", "\0"] {
        let trailing = format!("{} {behind}", ticket());
        assert_eq!(problem(trailing.as_bytes()).0, None, "{behind}");
    }
    let deep = "[".repeat(10_000);
    assert!(SentTicket::read(format!("{{\"plate\":{deep}").as_bytes()).is_err());
}

#[test]
fn a_ticket_too_large_is_refused_and_the_longest_is_not() {
    let escaped = |chars: usize| "\\ud83d\\ude97".repeat(chars);
    let body = format!(
        r#"{{"plate":"KL","offence":{{"number":"{0}","text":"{0}"}},"place":"{0}",
            "occurred_at":"2026-02-19T14:05:00+01:00","amount":"30.00","booking_reference":"{1}"}}"#,
        escaped(300),
        escaped(140)
    );
    assert!(SentTicket::read(body.as_bytes()).is_ok());
    let spaces = " ".repeat(office::OBJECT_BYTES_MAX);
    let problem = SentTicket::read(format!("{body}{spaces}").as_bytes()).unwrap_err();
    assert_eq!(problem.kind, office::Kind::TooLarge);
}

#[test]
fn every_form_of_rfc_3339_with_an_offset_is_a_moment() {
    for (text, moment) in [
        ("2026-02-19T14:05:00Z", "2026-02-19T14:05:00Z"),
        ("2026-02-19T14:05:00.5Z", "2026-02-19T14:05:00.5Z"),
        (
            "2026-02-19T14:05:00.123456789+01:00",
            "2026-02-19T13:05:00.123456789Z",
        ),
        ("2026-02-19T14:05:00-05:30", "2026-02-19T19:35:00Z"),
    ] {
        let sent = read(&with("occurred_at", json!(text))).unwrap();
        assert_eq!(sent.occurred_at.to_string(), moment);
    }
}

#[test]
fn a_due_date_lies_in_the_year_after_the_offence() {
    for (day, is_read) in [
        ("2026-02-18", false),
        ("2026-02-19", true),
        ("2027-02-19", true),
        ("2027-02-22", false),
        ("2206-02-26", false),
        ("9999-12-31", false),
    ] {
        let sent = read(&with("due_on", json!(day)));
        assert_eq!(sent.is_ok(), is_read, "{day}");
    }
}

#[test]
fn the_digest_is_that_of_the_canonical_json() {
    // `sha256sum` of this text, worked out apart. When it changes, every
    // ticket that is sent again is refused as other content.
    let canonical = concat!(
        r#"{"amount":"30.00","booking_reference":null,"case_number":null,"due_on":null,"#,
        r#""occurred_at":"2026-02-19T13:05:00Z","#,
        r#""offence":{"number":"112402","text":"Sie parkten im Haltverbot."},"#,
        r#""place":"Musterstraße 1","plate":"KL-XX 000"}"#
    );
    let sent = read(&ticket()).unwrap();
    assert_eq!(serde_json::to_string(&sent).unwrap(), canonical);
    assert_eq!(
        sent.digest().unwrap(),
        "b9594404ae8d19a85698ab97df300805aa657e1648b7496dcb5050e30e5722ae"
    );
}

#[test]
fn the_same_again_has_the_same_digest_and_other_content_another() {
    let digest = |ticket: &Value| read(ticket).unwrap().digest().unwrap();
    let first = digest(&ticket());
    let spelled_otherwise = r#"{ "amount" : "30.00", "plate":"KL-XX 000", "place":"Musterstra\u00dfe 1",
        "occurred_at":"2026-02-19T13:05:00.000Z", "due_on": null,
        "offence":{"text":"Sie parkten im Haltverbot.","number":"112402"} }"#;
    assert_eq!(
        digest(&serde_json::from_str(spelled_otherwise).unwrap()),
        first
    );
    for (field, value) in [
        ("amount", json!("35.00")),
        ("plate", json!("KL-XX 001")),
        ("place", json!("Musterstraße 2")),
        ("occurred_at", json!("2026-02-19T14:05:01+01:00")),
        (
            "offence",
            json!({ "number": "112403", "text": "Sie parkten im Haltverbot." }),
        ),
        (
            "offence",
            json!({ "number": "112402", "text": "Sie hielten im Haltverbot." }),
        ),
        ("due_on", json!("2026-02-26")),
        ("booking_reference", json!("1")),
    ] {
        assert_ne!(digest(&with(field, value)), first, "{field}");
    }
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(SentTicket::read(&body).is_err());
    }

    #[test]
    fn no_moment_makes_it_panic(text in "\\PC{0,40}") {
        let _ = read(&with("occurred_at", json!(text)));
        let _ = read(&with("due_on", json!(text)));
    }
}
