//! Where PayPal tells its events.

use jiff::Timestamp;
use paypal::{WEBHOOK_EVENTS, Webhook};
use serde_json::json;

use crate::paypal::{App, deadline};
use crate::place::Place;
use crate::report::Report;
use crate::setting::Setting;
use crate::{Problem, Vars};

/// The setting that holds the id of ours.
pub(crate) const ID: &str = "paypal/webhook-id";

/// Which address, and of which PayPal, where no stack is deployed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) environment: String,
    pub(crate) url: String,
}

/// What PayPal calls, behind where drivers go.
pub(crate) async fn url_of(place: &Place) -> Result<String, Problem> {
    Ok(format!("{}/paypal/webhook", place.public_url().await?))
}

/// All that are registered for the app, and which is ours.
pub(crate) async fn list(
    place: &Place,
    vars: &Vars<'_>,
    now: Timestamp,
) -> Result<Report, Problem> {
    let app = App::of(place, vars, None, now).await?;
    let registered = app.paypal.webhooks(&app.token, deadline()).await?;
    let ids = configured(place).await?;
    let mut lines = Vec::new();
    for webhook in &registered {
        let ours = if ids.contains(&webhook.id) {
            "  ours"
        } else {
            ""
        };
        let (id, url) = (&webhook.id, &webhook.url);
        lines.push(format!(
            "{id}  {url}  {} events{ours}",
            webhook.events.len()
        ));
    }
    let listed: Vec<_> = registered
        .iter()
        .map(|it| json!({ "id": it.id, "url": it.url, "events": it.events, "is_ours": ids.contains(&it.id) }))
        .collect();
    if lines.is_empty() {
        lines.push("none is registered: `ops webhook register`".to_owned());
    }
    Ok(Report::new(lines, json!(listed)))
}

/// Has PayPal tell our events to our address, and notes the id it gives for that.
pub(crate) async fn register(
    place: &Place,
    address: Option<&Address>,
    vars: &Vars<'_>,
    now: Timestamp,
) -> Result<Report, Problem> {
    let environment = address.map(|address| address.environment.as_str());
    let app = App::of(place, vars, environment, now).await?;
    let url = match address {
        Some(address) => address.url.clone(),
        None => url_of(place).await?,
    };
    let registered = app.paypal.webhooks(&app.token, deadline()).await?;
    let mut lines = Vec::new();
    let webhook = match registered.into_iter().find(|webhook| webhook.url == url) {
        Some(webhook) if is_complete(&webhook) => {
            lines.push(format!(
                "{}  is there for {url}, with our events",
                webhook.id
            ));
            webhook
        }
        Some(webhook) => {
            let token = &app.token;
            let corrected = app
                .paypal
                .correct_webhook(token, &webhook, deadline())
                .await?;
            lines.push(format!("{}  has our events now", corrected.id));
            corrected
        }
        None => {
            let made = app
                .paypal
                .register_webhook(&app.token, &url, deadline())
                .await?;
            lines.push(format!("{}  is registered for {url}", made.id));
            made
        }
    };
    lines.extend(note(place, &webhook.id).await?);
    let json = json!({ "id": webhook.id, "url": webhook.url, "events": webhook.events });
    Ok(Report::new(lines, json))
}

/// Writes the id where the functions take it from. Deliveries to the former one still come
/// for three days, so that stays beside it.
async fn note(place: &Place, id: &str) -> Result<Option<String>, Problem> {
    let before = configured(place).await?;
    if before.iter().any(|it| it == id) {
        return Ok(None);
    }
    let Place::Deployed(stack) = place else {
        return Ok(Some(format!(
            "start `cargo run` with PAYPAL_WEBHOOK_ID={id}"
        )));
    };
    let value = match before.last() {
        None => id.to_owned(),
        Some(former) => format!("{former} {id}"),
    };
    let setting = setting()?;
    if !setting.is_right(&value) {
        return Err(Problem::new(format!(
            "PayPal gave an id that no function would start with: {id}"
        )));
    }
    stack.put_setting(setting, &value).await?;
    let name = stack.parameter_name(ID);
    let after = match before.last() {
        None => String::new(),
        Some(_) => format!("; three days later `ops set {ID} {id}` and `ops apply` again"),
    };
    Ok(Some(format!(
        "{name}  is {value} now; next: `ops apply`{after}"
    )))
}

/// The ids whose deliveries the functions take.
pub(crate) async fn configured(place: &Place) -> Result<Vec<String>, Problem> {
    let value = place.setting(setting()?).await?.unwrap_or_default();
    let ids = value.split([' ', ',']).filter(|id| !id.is_empty());
    Ok(ids.map(str::to_owned).collect())
}

fn setting() -> Result<Setting, Problem> {
    Setting::of(ID).ok_or_else(|| Problem::new("no such setting"))
}

/// The events of ours that it is not told.
pub(crate) fn missing(webhook: &Webhook) -> Vec<&'static str> {
    if webhook.events.iter().any(|event| event == "*") {
        return Vec::new();
    }
    let is_missing = |event: &&str| !webhook.events.iter().any(|it| it == event);
    WEBHOOK_EVENTS.into_iter().filter(is_missing).collect()
}

/// Whether it is told our events and no others.
pub(crate) fn is_complete(webhook: &Webhook) -> bool {
    webhook.events == WEBHOOK_EVENTS
}
