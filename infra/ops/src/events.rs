//! PayPal's events that nobody could finish, and messages that a system of the city's has
//! not taken.

use jiff::Timestamp;
use paypal::EventId;
use serde_json::json;
use store::Redelivery;
use ticket::SubscriberId;

use crate::paypal::{App, deadline};
use crate::place::Place;
use crate::report::Report;
use crate::{Problem, Vars, webhook};

/// Every event that is parked, the oldest first.
pub(crate) async fn parked(place: &Place, vars: &Vars<'_>) -> Result<Report, Problem> {
    let (store, _) = place.table(vars).await?;
    let events = store.parked_events().await?;
    let mut lines: Vec<String> = events
        .iter()
        .map(|(id, event)| {
            let (kind, came) = (&event.event_type, event.received_at);
            format!("{id}  {kind}  came {came:.0}, {} times", event.deliveries)
        })
        .collect();
    if lines.is_empty() {
        lines.push("no event is parked".to_owned());
    }
    let listed: Vec<_> = events
        .iter()
        .map(|(id, event)| {
            json!({
                "id": id,
                "event_type": event.event_type,
                "received_at": event.received_at,
                "deliveries": event.deliveries,
            })
        })
        .collect();
    Ok(Report::new(lines, json!(listed)))
}

/// Has PayPal tell an event once more: it is finished now, or parked again.
pub(crate) async fn retry(
    place: &Place,
    id: &EventId,
    vars: &Vars<'_>,
    now: Timestamp,
) -> Result<Report, Problem> {
    let app = App::of(place, vars, None, now).await?;
    // While it is registered anew, one of the configured ids is gone at PayPal.
    let registered = app.paypal.webhooks(&app.token, deadline()).await?;
    let ids = webhook::configured(place).await?;
    let is_there = |id: &&str| registered.iter().any(|it| it.id == *id);
    let ids: Vec<&str> = ids.iter().map(String::as_str).filter(is_there).collect();
    app.paypal
        .resend_event(&app.token, id, &ids, deadline())
        .await?;
    Ok(format!("{id}  PayPal tells it again; `ops parked list` shows whether it has ended").into())
}

/// Tells a system of the city's again what it has not taken, or all since a moment.
pub(crate) async fn redeliver(
    place: &Place,
    to: &SubscriberId,
    since: Option<Timestamp>,
    vars: &Vars<'_>,
    now: Timestamp,
) -> Result<Report, Problem> {
    let (store, _) = place.table(vars).await?;
    // A name that nobody has would get an item of its own, and be told nothing.
    if store.subscriber(to).await?.is_none() {
        return Err(Problem::new(format!(
            "nobody of the name {to} was ever told anything: the names stand in the secret \
             `subscribers`"
        )));
    }
    let what = since.map_or(Redelivery::Failed, Redelivery::Since);
    store.redeliver(to, what, now).await?;
    Ok(format!("{to}  is told again within a minute").into())
}
