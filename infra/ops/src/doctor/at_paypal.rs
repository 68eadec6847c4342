//! What PayPal has of us: the app, what it may do, where events go, and by whom they are
//! signed.

use jiff::{SignedDuration, Timestamp};
use paypal::{DisputeId, Error};

use super::{Finding, Wrong, ends_soon};
use crate::paypal::{App, deadline};
use crate::place::Place;
use crate::{Vars, webhook};

/// A dispute that nobody has: an app that may not ask is told so, any other that there is none.
const NO_DISPUTE: &str = "PP-D-0";

pub(super) async fn findings(place: &Place, vars: &Vars<'_>, now: Timestamp) -> Vec<Finding> {
    let mut findings = vec![Finding::new(
        "certificates that webhooks are trusted by",
        anchors(place, now).await,
    )];
    match App::of(place, vars, None, now).await {
        Err(problem) => {
            let to_do = "id and secret of the app in PayPal's dashboard: `ops secrets put \
                         paypal/credentials`, `ops apply`";
            let wrong = Wrong::new(problem.to_string(), to_do);
            findings.push(Finding::new("PayPal's credentials", Err(wrong)));
        }
        Ok(app) => {
            let taken = format!("PayPal takes those of {}", app.paypal.client_id());
            findings.push(Finding::new("PayPal's credentials", Ok(taken)));
            let search = transaction_search(&app, now).await;
            findings.push(Finding::new("feature \"Transaction search\"", search));
            let disputes = disputes(&app).await;
            findings.push(Finding::new("feature \"Customer disputes\"", disputes));
            findings.extend(webhook(place, &app).await);
        }
    }
    findings
}

async fn transaction_search(app: &App, now: Timestamp) -> Result<String, Wrong> {
    let from = now
        .saturating_sub(SignedDuration::from_hours(4))
        .unwrap_or(now);
    let to = now
        .saturating_sub(SignedDuration::from_hours(3))
        .unwrap_or(now);
    let search = app
        .paypal
        .search_transactions(&app.token, from, to, 1, deadline());
    allowed(search.await.map(drop), "Transaction search")
}

async fn disputes(app: &App) -> Result<String, Wrong> {
    let Ok(id) = NO_DISPUTE.parse::<DisputeId>() else {
        return Err(Wrong::new(NO_DISPUTE, "tell whoever maintains this"));
    };
    let asked = app.paypal.get_dispute(&app.token, &id, deadline()).await;
    allowed(asked.map(drop), "Customer disputes")
}

/// PayPal answers 403 to an app that lacks a feature.
fn allowed(asked: Result<(), Error>, feature: &str) -> Result<String, Wrong> {
    match asked {
        Ok(()) | Err(Error::NotFound { .. }) => Ok("the app has it".to_owned()),
        Err(Error::Refused { status: 403, .. }) => Err(Wrong::new(
            "the app does not have it",
            format!(
                "switch \"{feature}\" on in PayPal's dashboard; the next token, up to nine hours \
                 later, carries it"
            ),
        )),
        Err(error) => Err(error.into()),
    }
}

/// The address, its id and its events: a line for each of them that is wrong.
async fn webhook(place: &Place, app: &App) -> Vec<Finding> {
    const WHAT: &str = "PayPal's webhook";
    let wrong = |wrong: Wrong| Finding::new(WHAT, Err(wrong));
    let looked = async {
        let url = webhook::url_of(place).await?;
        let ids = webhook::configured(place).await?;
        let registered = app.paypal.webhooks(&app.token, deadline()).await?;
        Ok::<_, crate::Problem>((url, ids, registered))
    };
    let (url, ids, registered) = match looked.await {
        Ok(looked) => looked,
        Err(problem) => return vec![wrong(problem.into())],
    };
    let Some(ours) = registered.iter().find(|webhook| webhook.url == url) else {
        return vec![wrong(Wrong::new(
            format!("none is registered for {url}: PayPal tells nothing"),
            "`ops webhook register`, `ops apply`",
        ))];
    };
    let mut findings = Vec::new();
    if !ids.contains(&ours.id) {
        findings.push(wrong(Wrong::new(
            format!(
                "its id is {}, and the functions are told {}: each event is refused",
                ours.id,
                ids.join(" ")
            ),
            "`ops webhook register`, `ops apply`",
        )));
    }
    let missing = webhook::missing(ours);
    if !missing.is_empty() {
        findings.push(wrong(Wrong::new(
            format!("it is not told {}", missing.join(", ")),
            "`ops webhook register`",
        )));
    } else if !webhook::is_complete(ours) {
        findings.push(wrong(Wrong::new(
            "it is told events that nobody acts on",
            "`ops webhook register`",
        )));
    }
    if findings.is_empty() {
        let told = format!("{url} is told all events of ours, and no others");
        findings.push(Finding::new(WHAT, Ok(told)));
    }
    findings
}

/// The first certificate that ends; after it webhooks are refused.
async fn anchors(place: &Place, now: Timestamp) -> Result<String, Wrong> {
    let to_do = "the roots and intermediates of PayPal's signing certificates as PEM: `ops \
                 secrets put paypal/webhook-anchors < FILE`, `ops apply` (infra/runbook.md, \
                 \"Webhooks are refused\")";
    let Some(ends) = paypal::trust_ends(&place.anchors().await?) else {
        return Err(Wrong::new("they cannot be read", to_do));
    };
    let day = ends.strftime("%Y-%m-%d");
    if ends_soon(ends, now) {
        Err(Wrong::new(format!("one ends on {day}"), to_do))
    } else {
        Ok(format!("the first one ends on {day}"))
    }
}
