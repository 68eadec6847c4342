//! `POST /v1/notifications/verify-webhook-signature`: whether we have sent a webhook.

use http::StatusCode;
use serde::de::IgnoredAny;
use serde_json::{Deserializer, Value, json};

use crate::answers::{Answer, Refusal};
use crate::behaviour::SignedBy;
use crate::signing::{Authority, Transmission};
use crate::state::{ApiRequest, State};

impl State {
    /// Whether the signature fits the event's bytes as they came: written anew, an
    /// event is none of ours, as at PayPal. A signature of this kind is the same each
    /// time it is made, so it is made again.
    pub(crate) fn verify_webhook(
        &self,
        asked: &ApiRequest<'_>,
        authority: &Authority,
    ) -> Result<Answer, Refusal> {
        let question = asked.json()?;
        let field = |name: &'static str| {
            let missing = || Refusal::issue("MISSING_REQUIRED_PARAMETER").field(name, "");
            question
                .get(name)
                .and_then(Value::as_str)
                .ok_or_else(missing)
        };
        let signature = field("transmission_sig")?;
        let certificate_url = field("cert_url")?;
        let id = field("transmission_id")?;
        let time = field("transmission_time")?
            .parse()
            .map_err(|_| Refusal::issue("INVALID_PARAMETER_SYNTAX"))?;
        let is_algorithm = field("auth_algo")? == "SHA256withRSA";
        let webhook_id = field("webhook_id")?;
        let sent = |signed_by| Transmission {
            id,
            time,
            webhook_id,
            origin: &self.settings.public_origin,
            signed_by,
        };
        let is_known = is_algorithm && self.webhooks.with_id(webhook_id).is_some();
        let event = raw_event(asked.body).ok_or_else(|| {
            Refusal::issue("MISSING_REQUIRED_PARAMETER").field("webhook_event", "")
        })?;
        // Whatever certificate signs now, an event of yesterday names yesterday's.
        let is_signed = SignedBy::ALL.into_iter().any(|signed_by| {
            let headers = authority.headers(&sent(signed_by), event);
            headers.is_ok_and(|headers| {
                headers["paypal-transmission-sig"] == signature
                    && headers["paypal-cert-url"] == certificate_url
            })
        });
        let status = if is_known && is_signed {
            "SUCCESS"
        } else {
            "FAILURE"
        };
        Ok(Answer::json(
            StatusCode::OK,
            json!({ "verification_status": status }),
        ))
    }
}

/// The bytes of the field `webhook_event`, which comes last.
fn raw_event(body: &[u8]) -> Option<&[u8]> {
    const FIELD: &[u8] = b"\"webhook_event\":";
    let at = body.windows(FIELD.len()).position(|it| it == FIELD)?;
    let rest = body.get(at + FIELD.len()..)?;
    let mut values = Deserializer::from_slice(rest).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    rest.get(..values.byte_offset())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Scene;
    use crate::{Behaviour, Delivery, Payer};

    fn delivery(scene: &Scene) -> Delivery {
        let order = scene.order("A1", "2026-1").id();
        scene.standin.approve(&order, Payer::Pays).unwrap();
        scene.standin.take_deliveries().remove(0)
    }

    #[test]
    fn an_event_is_ours_as_it_was_sent_and_to_whom_it_was_sent() {
        let scene = Scene::new();
        let delivery = delivery(&scene);
        let event = std::str::from_utf8(&delivery.body).unwrap();
        let ours = "4MU12345AB678901C";
        assert_eq!(scene.postback(&delivery, ours, event), "SUCCESS");
        assert_eq!(scene.postback(&delivery, "1OTHER", event), "FAILURE");
        let spaced = event.replacen(':', ": ", 1);
        assert_eq!(scene.postback(&delivery, ours, &spaced), "FAILURE");
        let mut unsigned = delivery;
        let other = "bm90aGluZw==".parse().unwrap();
        unsigned.headers.insert("paypal-transmission-sig", other);
        let event = std::str::from_utf8(&unsigned.body).unwrap();
        assert_eq!(scene.postback(&unsigned, ours, event), "FAILURE");
    }

    #[test]
    fn an_event_is_ours_by_whatever_it_was_signed() {
        let scene = Scene::new();
        let signed_by = SignedBy::NewRoot;
        let habits = Behaviour {
            signed_by,
            ..Behaviour::default()
        };
        scene.standin.set_behaviour(habits).unwrap();
        let delivery = delivery(&scene);
        scene.standin.set_behaviour(Behaviour::default()).unwrap();
        let event = std::str::from_utf8(&delivery.body).unwrap();
        let said = scene.postback(&delivery, "4MU12345AB678901C", event);
        assert_eq!(said, "SUCCESS");
    }

    #[test]
    fn half_a_question_is_refused() {
        let scene = Scene::new();
        let path = "/v1/notifications/verify-webhook-signature";
        let told = scene.lever("POST", path, r#"{"auth_algo":"SHA256withRSA"}"#);
        assert_eq!(told.issue(), "MISSING_REQUIRED_PARAMETER");
    }
}
