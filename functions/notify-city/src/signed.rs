//! What is sent, and what proves that we have sent it.
//!
//! Source: Standard Webhooks, version 1.0.0, "Payload structure", "Signature scheme",
//! "Webhook headers".

use aws_lc_rs::hmac;
use data_encoding::BASE64;
use jiff::Timestamp;
use office::Change;
use serde::Serialize;
use store::TicketChange;

/// The body: the same at each try.
#[derive(Serialize)]
struct Payload {
    #[serde(rename = "type")]
    kind: String,
    /// When it has happened, not when it is sent.
    timestamp: Timestamp,
    data: Change,
}

/// The body that tells of a change.
///
/// # Errors
/// When the change cannot be written as JSON.
pub(crate) fn body(change: &TicketChange) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Payload {
        kind: format!("ticket.{}", change.what),
        timestamp: change.at,
        data: change.clone().into(),
    })
}

/// The header `webhook-signature`: one for each secret. While secrets are changed, the
/// receiver may know either.
pub(crate) fn signature(secrets: &[hmac::Key], id: &str, sent_at_s: i64, body: &[u8]) -> String {
    let sign = |secret: &hmac::Key| {
        let mut context = hmac::Context::with_key(secret);
        // Nobody outside writes an id or a moment: their full stops move no boundary.
        context.update(format!("{id}.{sent_at_s}.").as_bytes());
        context.update(body);
        format!("v1,{}", BASE64.encode(context.sign().as_ref()))
    };
    secrets.iter().map(sign).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use standardwebhooks::Webhook;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn key(secret: &str) -> hmac::Key {
        let bytes = BASE64.decode(secret.trim_start_matches("whsec_").as_bytes());
        hmac::Key::new(hmac::HMAC_SHA256, &bytes.unwrap())
    }

    fn change() -> TicketChange {
        TicketChange {
            id: "KL-1.1.part_paid.00c0ffee00c0ffee".to_owned(),
            at: "2026-11-23T08:00:00.123Z".parse().unwrap(),
            case_number: "KL-1".parse().unwrap(),
            what: "part_paid".to_owned(),
            reference: Some("cash-1".to_owned()),
            state: "open".to_owned(),
            owed: ticket::Cents::new(2_000),
        }
    }

    /// Source: Standard Webhooks' own example, of its libraries' tests.
    #[test]
    fn the_specifications_own_example_is_signed_as_it_says() {
        let body = br#"{"test": 2432232314}"#;
        let signed = signature(
            &[key(SECRET)],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            body,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn their_own_library_signs_the_same_for_each_secret() {
        let other = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
        let (change, at) = (change(), 1_795_420_800);
        let body = body(&change).unwrap();
        let theirs = [SECRET, other].map(|secret| {
            let webhook = Webhook::new(secret).unwrap();
            webhook.sign(&change.id, at, &body).unwrap()
        });
        let ours = signature(&[key(SECRET), key(other)], &change.id, at, &body);
        assert_eq!(ours, theirs.join(" "));
    }

    #[test]
    fn the_body_is_what_the_feed_says_with_its_kind_and_its_moment() {
        let text = String::from_utf8(body(&change()).unwrap()).unwrap();
        assert_eq!(
            text,
            r#"{"type":"ticket.part_paid","timestamp":"2026-11-23T08:00:00.123Z","data":{"id":"KL-1.1.part_paid.00c0ffee00c0ffee","at":"2026-11-23T08:00:00.123Z","case_number":"KL-1","what":"part_paid","reference":"cash-1","state":"open","owed":"20.00"}}"#
        );
    }
}
