//! The webhooks that are registered, by PayPal's own calls.
//!
//! Source: PayPal Webhooks v1 1.11, `/v1/notifications/webhooks`.

use http::StatusCode;
use serde_json::{Value, json};
use url::Url;

use crate::answers::{Answer, Refusal};
use crate::event_types;
use crate::settings::is_at_home;
use crate::state::{ApiRequest, State, Webhook};

/// The most webhooks at once.
///
/// Source: PayPal webhooks guide: up to ten for an app.
const WEBHOOKS_MAX: usize = 10;
/// The longest address.
///
/// Source: PayPal Webhooks v1, schema `webhook`, field `url`.
const URL_LENGTH_MAX: usize = 2_048;
/// The most event types in a request.
///
/// Source: PayPal Webhooks v1, schema `webhook`, field `event_types`.
const EVENT_TYPES_MAX: usize = 500;
/// Shown for a webhook whose events a driver takes, since PayPal's have all an address.
/// No name can end in it (RFC 2606).
const NOWHERE: &str = "https://nowhere.invalid/";

impl State {
    /// `POST /v1/notifications/webhooks`
    pub(crate) fn create_webhook(&mut self, asked: &ApiRequest<'_>) -> Result<Answer, Refusal> {
        let wanted = asked.json()?;
        let webhook = Webhook {
            url: Some(read_url(wanted.get("url"))?),
            event_types: read_event_types(wanted.get("event_types"))?,
            id: self.ids.resource(),
        };
        self.check_alone(&webhook)?;
        if self.webhooks.iter().count() >= WEBHOOKS_MAX {
            return Err(Refusal::too_many_webhooks());
        }
        let answer = Answer::json(StatusCode::CREATED, self.shown(&webhook));
        self.webhooks.put(webhook);
        Ok(answer)
    }

    /// `GET /v1/notifications/webhooks`
    pub(crate) fn list_webhooks(&self) -> Answer {
        let shown: Vec<Value> = self.webhooks.iter().map(|it| self.shown(it)).collect();
        Answer::json(StatusCode::OK, json!({ "webhooks": shown }))
    }

    /// `GET /v1/notifications/webhooks/{id}`
    pub(crate) fn get_webhook(&self, id: &str) -> Result<Answer, Refusal> {
        let webhook = self.webhook(id)?;
        Ok(Answer::json(StatusCode::OK, self.shown(webhook)))
    }

    /// `PATCH /v1/notifications/webhooks/{id}`: all of it is done, or nothing.
    pub(crate) fn update_webhook(
        &mut self,
        id: &str,
        asked: &ApiRequest<'_>,
    ) -> Result<Answer, Refusal> {
        let before = self.webhook(id)?;
        let mut webhook = before.clone();
        let patches = asked.json()?;
        let not_a_list = || Refusal::invalid_webhook("patch_request", "Not a list of patches");
        for patch in patches.as_array().ok_or_else(not_a_list)? {
            let field = |name: &str| patch.get(name).and_then(Value::as_str);
            match (field("op"), field("path")) {
                (Some("replace"), Some("/url")) => {
                    webhook.url = Some(read_url(patch.get("value"))?);
                }
                (Some("replace"), Some("/event_types")) => {
                    webhook.event_types = read_event_types(patch.get("value"))?;
                }
                (Some("replace"), _) => {
                    let issue = "Only /url and /event_types can be replaced";
                    return Err(Refusal::invalid_webhook("path", issue));
                }
                (_, _) => {
                    let issue = "Only replace is supported";
                    return Err(Refusal::invalid_webhook("op", issue));
                }
            }
        }
        if webhook.is_like(before) {
            return Err(Refusal::unchanged_webhook());
        }
        self.check_alone(&webhook)?;
        let answer = Answer::json(StatusCode::OK, self.shown(&webhook));
        self.webhooks.put(webhook);
        Ok(answer)
    }

    /// `DELETE /v1/notifications/webhooks/{id}`: what waits for it goes nowhere.
    pub(crate) fn delete_webhook(&mut self, id: &str) -> Result<Answer, Refusal> {
        self.webhook(id)?;
        self.webhooks.remove(id);
        self.queue.retain(|queued| queued.webhook_id != id);
        Ok(Answer::nothing())
    }

    fn webhook(&self, id: &str) -> Result<&Webhook, Refusal> {
        let webhook = self.webhooks.with_id(id);
        webhook.ok_or_else(Refusal::unknown_webhook_or_event)
    }

    /// Refuses the address of another one, which would be told of everything twice.
    fn check_alone(&self, webhook: &Webhook) -> Result<(), Refusal> {
        let mut others = self.webhooks.iter().filter(|it| it.id != webhook.id);
        if others.any(|it| it.url.is_some() && it.url == webhook.url) {
            return Err(Refusal::webhook_url_exists());
        }
        Ok(())
    }

    fn shown(&self, webhook: &Webhook) -> Value {
        let own = format!(
            "{}/v1/notifications/webhooks/{}",
            self.settings.public_origin, webhook.id
        );
        let event_types: Vec<Value> = webhook
            .event_types
            .iter()
            .map(|name| {
                let description = event_types::description(name).unwrap_or_default();
                json!({ "name": name, "description": description, "status": "ENABLED" })
            })
            .collect();
        json!({
            "id": webhook.id,
            "url": webhook.url.as_deref().unwrap_or(NOWHERE),
            "event_types": event_types,
            "links": [
                { "href": own, "rel": "self", "method": "GET" },
                { "href": own, "rel": "update", "method": "PATCH" },
                { "href": own, "rel": "delete", "method": "DELETE" },
            ],
        })
    }
}

/// Reads an address: https, as PayPal wants it, or one on this machine.
fn read_url(value: Option<&Value>) -> Result<String, Refusal> {
    let given = value.and_then(Value::as_str).unwrap_or_default();
    let is_https = Url::parse(given).is_ok_and(|url| url.scheme() == "https");
    if given.len() <= URL_LENGTH_MAX && (is_https || is_at_home(given)) {
        Ok(given.to_owned())
    } else {
        Err(Refusal::invalid_webhook("url", "Not a valid webhook URL"))
    }
}

/// Reads the names of event types, each once.
fn read_event_types(value: Option<&Value>) -> Result<Vec<String>, Refusal> {
    let refused = |issue| Refusal::invalid_webhook("event_types", issue);
    let given = value
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    if !(1..=EVENT_TYPES_MAX).contains(&given.len()) {
        return Err(refused("Not a list of 1 to 500 event types"));
    }
    let mut names = Vec::new();
    for event_type in given {
        let name = event_type.get("name").and_then(Value::as_str);
        let name = name.filter(|name| event_types::description(name).is_some());
        let name = name.ok_or_else(|| refused("Not a valid event type"))?;
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}
