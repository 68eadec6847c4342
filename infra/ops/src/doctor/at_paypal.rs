//! What PayPal has of us: the app, what it may do, where events go, and by whom they are
//! signed.

use jiff::{SignedDuration, Timestamp};
use paypal::{DisputeId, Error, PayPal, RefundId};
use ticket::OrderId;

use super::{Finding, Wrong, ends_within};
use crate::paypal::{self as at_paypal, App, deadline};
use crate::place::Place;
use crate::{Vars, webhook};

/// Certificates that end within so many days are renewed now: PayPal gives new ones no
/// longer than 200 days, and somebody is on holiday for some of them.
const SOON_DAYS: i64 = 60;

/// What nobody has: an app that may not ask is told so, any other that there is none.
///
/// Source: Orders v2 and Payments v2, the scopes that `orders.get` and `refunds.get` need.
const NO_ORDER: &str = "0NOBODYHASTHIS000";
const NO_REFUND: &str = "0NOBODYHASTHIS000";
const NO_DISPUTE: &str = "PP-D-0";

pub(super) async fn findings(place: &Place, vars: &Vars<'_>, now: Timestamp) -> Vec<Finding> {
    let mut findings = vec![Finding::new(
        "certificates that webhooks are trusted by",
        anchors(place, now).await,
    )];
    let paypal = match at_paypal::of(place, vars, None).await {
        Ok(paypal) => paypal,
        Err(problem) => {
            findings.push(Finding::new("PayPal's credentials", Err(problem.into())));
            return findings;
        }
    };
    let taken = credentials(&paypal, now).await;
    findings.push(Finding::new("PayPal's credentials", taken));
    // Whoever cannot sign in has been told why.
    if let Ok(app) = App::signed_in(paypal, now).await {
        findings.extend(features(&app, now).await);
        findings.extend(webhook(place, &app).await);
    }
    findings
}

/// Each secret, tried: while one is changed, the other must be as good.
async fn credentials(paypal: &PayPal, now: Timestamp) -> Result<String, Wrong> {
    let client_id = paypal.client_id();
    let refused = paypal.refused_secrets(now, deadline()).await?;
    if refused.is_empty() {
        return Ok(format!("PayPal takes those of {client_id}"));
    }
    Err(Wrong::new(
        format!(
            "PayPal refuses the {} of {client_id}",
            refused.join(" and the ")
        ),
        "id and secret as the app in PayPal's dashboard has them: `ops --yes secrets put \
         paypal/credentials`, `ops apply`",
    ))
}

/// What the app has been given in PayPal's dashboard.
async fn features(app: &App, now: Timestamp) -> Vec<Finding> {
    let (paypal, token) = (&app.paypal, &app.token);
    let (Ok(order), Ok(refund), Ok(dispute)) = (
        NO_ORDER.parse::<OrderId>(),
        NO_REFUND.parse::<RefundId>(),
        NO_DISPUTE.parse::<DisputeId>(),
    ) else {
        let wrong = Wrong::new("they cannot be asked for", "tell whoever maintains this");
        return vec![Finding::new("features", Err(wrong))];
    };
    let order = paypal.get_order(token, &order, deadline()).await.map(drop);
    let refund = paypal
        .get_refund(token, &refund, deadline())
        .await
        .map(drop);
    let dispute = paypal
        .get_dispute(token, &dispute, deadline())
        .await
        .map(drop);
    // A day that PayPal's books have had the time to show: on another it says that it has
    // none yet, which is no lack of ours.
    let ago = |hours| {
        now.saturating_sub(SignedDuration::from_hours(hours))
            .unwrap_or(now)
    };
    let books = paypal
        .search_transactions(token, ago(48), ago(24), 1, deadline())
        .await
        .map(drop);
    [
        ("feature \"Accept payments\"", "Accept payments", order),
        ("feature \"Refunds\"", "Refunds", refund),
        (
            "feature \"Customer disputes\"",
            "Customer disputes",
            dispute,
        ),
        (
            "feature \"Transaction search\"",
            "Transaction search",
            books,
        ),
    ]
    .map(|(what, feature, asked)| Finding::new(what, allowed(asked, feature)))
    .into()
}

/// PayPal answers 403 to an app that lacks a feature.
fn allowed(asked: Result<(), Error>, feature: &str) -> Result<String, Wrong> {
    match asked {
        Err(Error::Refused { status: 403, .. }) => Err(Wrong::new(
            "the app does not have it",
            format!(
                "switch \"{feature}\" on in PayPal's dashboard; the next token, up to nine hours \
                 later, carries it"
            ),
        )),
        // That there is none, in whichever way: it was looked for.
        Ok(()) | Err(Error::NotFound { .. } | Error::Refused { .. }) => {
            Ok("the app has it".to_owned())
        }
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
    for other in registered.iter().filter(|webhook| webhook.url != url) {
        findings.push(wrong(Wrong::new(
            format!("{} is told events, too, which name who has paid", other.url),
            "if it is no other stack of the city's: delete it in PayPal's dashboard",
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
                 --yes secrets put paypal/webhook-anchors < FILE`, `ops apply` (infra/runbook.md, \
                 \"Webhooks are refused\")";
    let Some(ends) = paypal::trust_ends(&place.anchors().await?) else {
        return Err(Wrong::new("they cannot be read", to_do));
    };
    let day = ends.strftime("%Y-%m-%d");
    if ends_within(SOON_DAYS, ends, now) {
        let ends = format!("one ends on {day}: webhooks may be refused from then on");
        Err(Wrong::new(ends, to_do))
    } else {
        Ok(format!("none ends before {day}"))
    }
}
