//! `POST /paypal/webhook`: PayPal says that something has happened.
//!
//! ```text
//! verify the raw bytes ─▶ store the event ─▶ settle ─▶ note how it ended
//! ```
//!
//! The body is a wake-up call and never a fact: its signature covers only a
//! CRC-32. What cannot be verified writes nothing. An event that was stored but
//! not finished is continued when it comes again; one that is verified and
//! cannot be read is stored, too, and parked for a human.

use std::time::Duration;

use jiff::Timestamp;
use lambda_http::http::StatusCode;
use lambda_http::{Body, Error, Request, Response};
use logs::Answering;
use paypal::{
    About, Config, PayPal, RefusedCertificate, Transport, WebhookConfig, WebhookError,
    WebhookEvent, Webhooks,
};
use settle::limits::{READ_LAG, since};
use settle::{Claim, Moment, Progress, Settle, TakingBack, Wake};
use store::{AttemptState, EventOutcome, Store, StoredEvent};
use ticket::{AttemptId, Captures, OrderId};

/// What is asked for, as the template writes it.
const ROUTE: &str = "/paypal/webhook";

/// PayPal delivers an event up to 25 times over 3 days; then nobody but a
/// human can finish it. It is parked from this delivery on: were it the last, a
/// table that fails just then would leave the event without an end.
const PARKED_FROM: u32 = 20;

/// The same by the time since it first came, where a restored table has forgotten
/// deliveries.
const PARKED_AFTER: Duration = Duration::from_hours(48);

/// What this function works with.
pub struct App {
    /// The table.
    pub store: Store,
    /// The one door for money.
    pub settle: Settle,
    /// What checks signatures.
    pub webhooks: Webhooks,
}

impl App {
    /// Out of the environment.
    ///
    /// # Errors
    /// When a variable is missing or wrong; the error names it.
    pub async fn from_vars(vars: &dyn Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let store = Store::from_vars(vars)?;
        let captures = Captures::from_vars(vars)?;
        // Each reads a secret: one after the other, the first event would wait for both.
        let (paypal, webhooks) =
            tokio::try_join!(Config::from_vars(vars), WebhookConfig::from_vars(vars))?;
        let transport = Transport::from_vars(vars)?;
        let paypal = PayPal::new(paypal, transport.clone());
        Ok(Self {
            settle: Settle::new(store.clone(), paypal, captures),
            store,
            webhooks: Webhooks::new(webhooks, transport),
        })
    }

    /// At INIT: opens the connections that the first event would wait for, and says for how
    /// many days more PayPal's certificates can be trusted.
    pub async fn prime(&self, now: Timestamp) {
        let left = self.webhooks.trust_ends().duration_since(now);
        tracing::info!(
            metric.anchors_days = left.as_hours() / 24,
            "until then webhooks can be trusted"
        );
        self.settle.prime(now).await;
    }
}

/// Answers one delivery. 2xx: do not send it again; 5xx: do; 4xx: it is no event
/// of PayPal's.
pub async fn handle(app: &App, request: Request, now: Timestamp) -> Response<Body> {
    let answering = Answering::begins();
    let status = receive(app, &request, now).await;
    answering.ends(request.method().as_str(), ROUTE, status.as_u16());
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = status;
    response
}

async fn receive(app: &App, request: &Request, now: Timestamp) -> StatusCode {
    let unverified_body: &[u8] = request.body();
    let moment = Moment::begins(now);
    let verified = app
        .webhooks
        .verify(request.headers(), unverified_body, now, moment.deadline)
        .await;
    let verified = match verified {
        Err(refused) => second_opinion(app, refused, request, moment).await,
        verified => verified,
    };
    let event = match verified {
        Ok(event) => {
            tracing::info!(event = %event.id, metric.webhook_taken = 1_u64, "a webhook is PayPal's");
            event
        }
        Err(
            error
            @ (WebhookError::CertificateUnavailable(_) | WebhookError::PostbackUnavailable(_)),
        ) => {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(%error, source, "a webhook could not be checked");
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        Err(error) => {
            tracing::warn!(%error, "a webhook was refused");
            let is_too_large = matches!(error, WebhookError::BodyTooLarge);
            return if is_too_large {
                StatusCode::PAYLOAD_TOO_LARGE
            } else {
                StatusCode::BAD_REQUEST
            };
        }
    };
    // sabotage: the webhook's word is believed
    // sabotage: 200 before it is stored
    match continue_event(app, &event, moment).await {
        Ok(status) => status,
        Err(error) => {
            tracing::error!(%error, event = %event.id, "the table did not answer: the event must come again");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

/// Tells somebody that a certificate is not trusted and, where that is switched on,
/// asks PayPal itself. Writes nothing.
async fn second_opinion(
    app: &App,
    refused: WebhookError,
    request: &Request,
    moment: Moment,
) -> Result<WebhookEvent, WebhookError> {
    if let WebhookError::CertificateRefused(refused) = &refused
        && refused.is_new
    {
        let RefusedCertificate {
            url,
            issuer,
            distrust,
            is_new: _,
        } = &**refused;
        tracing::error!(alarm = "webhook-certificate-refused", url, issuer, source = ?distrust, "webhooks are refused: their certificate is not trusted");
    }
    let postback = app
        .webhooks
        .postback(refused, request.headers(), request.body(), moment.now)?;
    let event = app.settle.post_back(&postback, moment).await?;
    tracing::warn!(event = %event.id, "PayPal itself says that it sent a webhook whose certificate is not trusted");
    Ok(event)
}

/// Stores the event and goes on with it from wherever an earlier delivery came
/// to.
async fn continue_event(
    app: &App,
    event: &WebhookEvent,
    moment: Moment,
) -> Result<StatusCode, store::Error> {
    let store = &app.store;
    let stored = store
        .receive_event(event.id.as_str(), &event.event_type, moment.now)
        .await?;
    // Under one id a rightly signed body can say another thing: an id that was
    // seen is no reason to skip what no sweep covers. It is booked once anyway.
    let is_swept = matches!(event.about, About::Order { .. } | About::Nothing);
    // What is parked comes again only where a human has asked for it.
    let has_ended = stored.outcome.is_some_and(|it| it != EventOutcome::Parked);
    // sabotage: seen means done
    if has_ended && is_swept {
        tracing::info!(event = %event.id, deliveries = stored.deliveries, "an event came again");
        return Ok(StatusCode::OK);
    }
    let claim = match &event.about {
        About::Order { attempt, order_id } => {
            let (attempt, order_id) = (attempt.as_ref(), order_id.as_ref());
            let brings_money =
                event.says_money_came() && since(stored.received_at, moment.now) < READ_LAG;
            let settled = settle_order(app, attempt, order_id, brings_money, moment);
            return finish_order_event(app, event, &stored, settled.await?, moment.now).await;
        }
        About::Refund { refund_id, .. } => Claim::Refund(refund_id.clone()),
        About::Reversal { refund_id, .. } => Claim::Reversal(refund_id.clone()),
        About::Dispute { dispute_id } => Claim::Dispute(dispute_id.clone()),
        About::Unreadable => {
            return park(app, event, &stored, "it cannot be read").await;
        }
        About::Nothing => {
            tracing::info!(event = %event.id, event_type = event.event_type, "an event is about nothing of ours");
            store
                .finish_event(event.id.as_str(), EventOutcome::NothingToDo)
                .await?;
            return Ok(StatusCode::OK);
        }
    };
    let came_to = app.settle.taken_back(&claim, moment).await?;
    // sabotage: an event is parked at its last delivery only
    let outcome = match came_to {
        TakingBack::Booked => EventOutcome::Done,
        TakingBack::Nothing => EventOutcome::NothingToDo,
        TakingBack::UnderWay => EventOutcome::LeftToNight,
        TakingBack::WithoutTicket => {
            tracing::error!(?claim, "PayPal names no ticket of ours for it");
            return park(app, event, &stored, "it leads to no ticket").await;
        }
        TakingBack::NotYet if comes_again(&stored, moment.now) => {
            return Ok(StatusCode::SERVICE_UNAVAILABLE);
        }
        TakingBack::NotYet => {
            tracing::error!(?claim, "PayPal has not said enough about it");
            return park(app, event, &stored, "it cannot be finished").await;
        }
    };
    tracing::info!(event = %event.id, event_type = event.event_type, ?outcome, "an event was finished");
    store.finish_event(event.id.as_str(), outcome).await?;
    Ok(StatusCode::OK)
}

/// How an event of an order has ended; nothing where it must come again.
async fn settle_order(
    app: &App,
    attempt: Option<&AttemptId>,
    order_id: Option<&OrderId>,
    brings_money: bool,
    moment: Moment,
) -> Result<Option<EventOutcome>, store::Error> {
    let attempt = match (attempt, order_id) {
        (Some(attempt), _) => attempt.clone(),
        (None, Some(order_id)) => match app.settle.attempt_of(order_id, moment).await {
            Ok(Some(attempt)) => attempt,
            // An order of ours is in the sweep's index, whatever this answer left out.
            Ok(None) => return Ok(Some(EventOutcome::LeftToSweep)),
            // PayPal may not show yet what it has just told us about.
            Err(error) => {
                tracing::warn!(%error, %order_id, "PayPal did not say whose order an event is about");
                return Ok(None);
            }
        },
        (None, None) => return Ok(Some(EventOutcome::NothingToDo)),
    };
    let settled = app.settle.settle(&attempt, Wake::Webhook, moment).await?;
    Ok(match settled {
        None => Some(EventOutcome::NothingToDo),
        Some(settled) => match (settled.progress, &settled.attempt.state) {
            // No sweep looks for money of an attempt that is over.
            (Progress::Unclear, AttemptState::Declined | AttemptState::Expired) => None,
            (_, AttemptState::Declined | AttemptState::Expired) if brings_money => None,
            (Progress::Known | Progress::NotApproved, _) => Some(EventOutcome::Done),
            (
                Progress::Unclear,
                AttemptState::Live | AttemptState::Pending { .. } | AttemptState::Captured { .. },
            ) => Some(EventOutcome::LeftToSweep),
        },
    })
}

/// An event of an order or a capture is answered with 200 once it is stored
/// with how it ended: what this call could not do the sweep does.
async fn finish_order_event(
    app: &App,
    event: &WebhookEvent,
    stored: &StoredEvent,
    outcome: Option<EventOutcome>,
    now: Timestamp,
) -> Result<StatusCode, store::Error> {
    let outcome = match outcome {
        Some(outcome) => outcome,
        None if comes_again(stored, now) => return Ok(StatusCode::SERVICE_UNAVAILABLE),
        None => return park(app, event, stored, "PayPal does not say what it is about").await,
    };
    tracing::info!(event = %event.id, event_type = event.event_type, ?outcome, "an event was finished");
    let store = &app.store;
    store.finish_event(event.id.as_str(), outcome).await?;
    Ok(StatusCode::OK)
}

/// Whether PayPal delivers it a few times more where it is not answered with 2xx.
fn comes_again(stored: &StoredEvent, now: Timestamp) -> bool {
    stored.deliveries < PARKED_FROM && since(stored.received_at, now) < PARKED_AFTER
}

/// Nobody but a human can go on with it. The event stays as it had ended before,
/// where another body under the same id was finished.
async fn park(
    app: &App,
    event: &WebhookEvent,
    stored: &StoredEvent,
    why: &'static str,
) -> Result<StatusCode, store::Error> {
    tracing::error!(
        event = %event.id,
        event_type = event.event_type,
        why,
        alarm = "event-parked",
        "an event is parked: a human must look"
    );
    if stored.outcome.is_none() {
        let store = &app.store;
        store
            .finish_event(event.id.as_str(), EventOutcome::Parked)
            .await?;
    }
    Ok(StatusCode::OK)
}
