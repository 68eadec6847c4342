//! A second opinion: PayPal itself is asked whether it sent a delivery.

use std::fmt;

use bytes::Bytes;
use serde::Serialize;
use serde::de::IgnoredAny;

use super::headers::{ALGORITHM, SignatureHeaders};
use super::{WebhookEvent, event};
use crate::EventId;

/// A delivery, put as a question. Nothing of it is verified before PayPal has
/// answered; even then only a CRC-32 of the body is, as with a signature checked here.
/// `Debug` does not show it: the body names the payer.
pub struct Postback {
    questions: Vec<Bytes>,
    unverified_transmission: EventId,
    unverified_body: Vec<u8>,
}

/// All of the question but the event.
///
/// Source: Webhooks v1, `verify_webhook_signature`.
#[derive(Serialize)]
struct Question<'a> {
    auth_algo: &'static str,
    cert_url: &'a str,
    transmission_id: &'a str,
    transmission_sig: &'a str,
    transmission_time: &'a str,
    webhook_id: &'a str,
}

impl fmt::Debug for Postback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postback")
            .field("questions", &self.questions.len())
            .finish_non_exhaustive()
    }
}

impl Postback {
    /// Nothing where the body is not one JSON value: it could not stand in a question.
    pub(super) fn of(
        signed: &SignatureHeaders<'_>,
        webhook_ids: &[String],
        raw_body: &[u8],
    ) -> Option<Self> {
        let text = std::str::from_utf8(raw_body).ok()?;
        // Exactly one value, to its end: more would be more of the question.
        let _: IgnoredAny = serde_json::from_str(text).ok()?;
        let question = |webhook_id: &String| {
            let question = serde_json::to_string(&Question {
                auth_algo: ALGORITHM,
                cert_url: signed.unverified_cert_url,
                transmission_id: signed.unverified_id,
                transmission_sig: signed.unverified_signature,
                transmission_time: signed.unverified_time,
                webhook_id,
            });
            let question = question.ok()?;
            let head = question.strip_suffix('}')?;
            // The bytes as they came: written anew they could have another CRC-32
            // (paypal/PayPal-Python-SDK#175).
            Some(Bytes::from(format!("{head},\"webhook_event\":{text}}}")))
        };
        Some(Self {
            questions: webhook_ids.iter().map(question).collect::<Option<_>>()?,
            unverified_transmission: signed.transmission_id().ok()?,
            unverified_body: raw_body.to_vec(),
        })
    }

    /// The question for each webhook of ours; a yes to one of them is enough.
    pub(crate) fn questions(&self) -> &[Bytes] {
        &self.questions
    }

    /// The event, now that PayPal has said that it sent it.
    pub(crate) fn confirmed(&self) -> WebhookEvent {
        let transmission = self.unverified_transmission.clone();
        event::read(&self.unverified_body).unwrap_or_else(|rest| rest.into_event(transmission))
    }
}
