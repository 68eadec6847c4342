//! What the binaries print on their way: enough, and never too much.

use std::collections::BTreeMap;

use data_encoding::{BASE64, BASE64URL_NOPAD};

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
        ("the payer's name", "Mustermann".to_owned()),
        ("PayPal's page for the payer", "checkoutnow".to_owned()),
        ("an Authorization header", "Bearer".to_owned()),
        ("credentials in one", "Basic".to_owned()),
        ("a form", "amount=30.00".to_owned()),
        ("a body", "purchase_units".to_owned()),
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
        for error in &walked.errors {
            assert!(!error.contains(&canary), "Lambda is told {what}: {error}");
        }
    }
    // Not within a word: five letters are sooner or later a part of somebody's number.
    for (function, (_, lines)) in &walked.printed {
        for line in lines {
            let mut words = line.split(|it: char| !it.is_alphanumeric());
            let check_word = words.find(|word| walked.check_words.iter().any(|it| it == word));
            assert_eq!(check_word, None, "{function} prints the check word: {line}");
        }
    }
    // That something was listened to at all: the case number may be printed.
    let (_, lines) = &walked.printed["finish-checkout"];
    assert!(
        lines.iter().any(|line| line.contains(CASE_NUMBER)),
        "{lines:#?}"
    );
}
