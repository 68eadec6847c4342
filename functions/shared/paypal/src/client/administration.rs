//! Where PayPal tells its events. A feature, so that no function can move them elsewhere.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::Instant;

use super::call::{Call, bearer};
use crate::wire::Unreadable;
use crate::{AccessToken, Error, EventId, PayPal, TransportError};

/// The events that are acted on; of all others PayPal need not tell.
///
/// Source: Webhooks v1, `webhooks-event-types`.
pub const WEBHOOK_EVENTS: [&str; 15] = [
    "CHECKOUT.ORDER.APPROVED",
    "CHECKOUT.ORDER.COMPLETED",
    "CHECKOUT.PAYMENT-APPROVAL.REVERSED",
    "CUSTOMER.DISPUTE.CREATED",
    "CUSTOMER.DISPUTE.RESOLVED",
    "CUSTOMER.DISPUTE.UPDATED",
    "PAYMENT.CAPTURE.COMPLETED",
    "PAYMENT.CAPTURE.DECLINED",
    "PAYMENT.CAPTURE.DENIED",
    "PAYMENT.CAPTURE.PENDING",
    "PAYMENT.CAPTURE.REFUNDED",
    "PAYMENT.CAPTURE.REVERSED",
    "PAYMENT.REFUND.FAILED",
    "PAYMENT.REFUND.PENDING",
    "RISK.DISPUTE.CREATED",
];

const WEBHOOKS: &str = "v1/notifications/webhooks";

/// An address that PayPal tells events to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// What every signature to it covers; a setting of the functions.
    pub id: String,
    /// Where the events go.
    pub url: String,
    /// Which; `*` is all.
    pub events: Vec<String>,
}

#[derive(Deserialize)]
struct WireWebhook {
    id: String,
    url: String,
    #[serde(default)]
    event_types: Vec<WireEventType>,
}

#[derive(Serialize, Deserialize)]
struct WireEventType {
    name: String,
}

#[derive(Deserialize)]
struct WireWebhooks {
    #[serde(default)]
    webhooks: Vec<WireWebhook>,
}

/// An answer that nothing is read of.
#[derive(Deserialize)]
struct Whatever {}

impl WireWebhook {
    fn read(self) -> Webhook {
        let mut events: Vec<String> = self.event_types.into_iter().map(|it| it.name).collect();
        events.sort();
        Webhook {
            id: self.id,
            url: self.url,
            events,
        }
    }
}

impl PayPal {
    /// The addresses that are registered for our app.
    ///
    /// # Errors
    /// As [`Error`] says.
    ///
    /// Source: Webhooks v1, `webhooks.list`.
    pub async fn webhooks(
        &self,
        token: &AccessToken,
        deadline: Instant,
    ) -> Result<Vec<Webhook>, Error> {
        let call = self.call("list webhooks", deadline);
        let listed = call.get::<WireWebhooks>(token, WEBHOOKS).await?;
        listed.read(|listed| Ok(listed.webhooks.into_iter().map(WireWebhook::read).collect()))
    }

    /// Registers an address for [`WEBHOOK_EVENTS`]; gives it with its id.
    ///
    /// # Errors
    /// As [`Error`] says: PayPal refuses an address that is registered already, and an
    /// eleventh.
    ///
    /// Source: Webhooks v1, `webhooks.post`.
    pub async fn register_webhook(
        &self,
        token: &AccessToken,
        url: &str,
        deadline: Instant,
    ) -> Result<Webhook, Error> {
        let call = self.call("register webhook", deadline);
        let body = json!({ "url": url, "event_types": event_types() });
        let request = sent(&call, token, Method::POST, WEBHOOKS, &body);
        let made = call.send::<WireWebhook>(request).await?;
        made.read(|made| Ok(made.read()))
    }

    /// Has a registered address told [`WEBHOOK_EVENTS`], and no others.
    ///
    /// # Errors
    /// As [`Error`] says.
    ///
    /// Source: Webhooks v1, `webhooks.update`.
    pub async fn correct_webhook(
        &self,
        token: &AccessToken,
        webhook: &Webhook,
        deadline: Instant,
    ) -> Result<Webhook, Error> {
        let call = self.call("correct webhook", deadline);
        let events = json!({ "op": "replace", "path": "/event_types", "value": event_types() });
        let path = format!("{WEBHOOKS}/{}", webhook.id);
        let request = sent(&call, token, Method::PATCH, &path, &json!([events]));
        let made = call.send::<WireWebhook>(request).await?;
        made.read(|made| {
            if made.id == webhook.id {
                Ok(made.read())
            } else {
                Err(Unreadable)
            }
        })
    }

    /// Has an event told once more, to the webhooks of these ids.
    ///
    /// # Errors
    /// As [`Error`] says: PayPal may have forgotten an old one.
    ///
    /// Source: Webhooks v1, `webhooks-events.resend`.
    pub async fn resend_event(
        &self,
        token: &AccessToken,
        event: &EventId,
        webhook_ids: &[&str],
        deadline: Instant,
    ) -> Result<(), Error> {
        let call = self.call("resend event", deadline);
        let path = format!("v1/notifications/webhooks-events/{event}/resend");
        let body = json!({ "webhook_ids": webhook_ids });
        let request = sent(&call, token, Method::POST, &path, &body);
        call.send::<Whatever>(request).await.map(drop)
    }
}

fn event_types() -> Vec<WireEventType> {
    let named = |name: &str| WireEventType {
        name: name.to_owned(),
    };
    WEBHOOK_EVENTS.map(named).into()
}

/// A request with JSON in it; none of these calls takes a request id.
fn sent(
    call: &Call<'_>,
    token: &AccessToken,
    method: Method,
    path: &str,
    body: &serde_json::Value,
) -> Result<http::Request<Bytes>, TransportError> {
    let json = HeaderValue::from_static("application/json");
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, json)]);
    call.request(
        method,
        path,
        bearer(token),
        headers,
        body.to_string().into(),
    )
}
