//! `GET /r/{attempt}`, where PayPal sends the driver back to, and
//! `GET /r/{attempt}/cancel`.
//!
//! ```text
//! compare the order ─▶ settle ─▶ show how ticket and attempt stand
//! ```
//!
//! Nothing in the address is believed: it may be forged, opened twice, fetched
//! by a mail scanner, or never come. It only wakes `settle` up; and where it says that
//! the payer has approved, nobody is told the opposite for two minutes.

use std::time::Duration;

use jiff::Timestamp;
use lambda_http::{Body, Error, Request, RequestExt, Response};
use logs::Answering;
use page::{Attempt as Shown, Outcome, Pages, Policy, Route, View};
use paypal::{Config, PayPal, Transport};
use settle::{Moment, Progress, Settle, Settled, Wake};
use store::{Attempt, AttemptState, Store};
use ticket::{AttemptId, Captures, Language, OrderId, Standing, State, Ticket};

/// How often a driver's page looks whether a capture under way has ended.
const LOOKS_MAX: u32 = 8;
/// The time between two looks. A capture at PayPal takes one to two seconds.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(300);

/// What this function works with.
pub struct App {
    /// The table.
    pub store: Store,
    /// The one door for money.
    pub settle: Settle,
    /// What drivers see.
    pub pages: Pages,
    /// Whether a button may be shown.
    pub captures: Captures,
}

impl App {
    /// Out of the environment.
    ///
    /// # Errors
    /// When a variable is missing or wrong; the error names it.
    pub async fn from_vars(vars: &dyn Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let paypal = PayPal::new(Config::from_vars(vars).await?, Transport::from_vars(vars)?);
        let store = Store::from_vars(vars)?;
        let captures = Captures::from_vars(vars)?;
        Ok(Self {
            settle: Settle::new(store.clone(), paypal, captures),
            store,
            pages: Pages::new(Policy::from_vars(vars)?),
            captures,
        })
    }

    /// At INIT: opens the connections that the first driver would wait for.
    pub async fn prime(&self, now: Timestamp) {
        // One after the other: at once, each would open a connection to the table.
        self.store.prime(now).await;
        self.settle.prime(now).await;
    }
}

/// Answers one request.
pub async fn handle(app: &App, request: Request, now: Timestamp) -> Response<Body> {
    let answering = Answering::begins();
    // What the table takes is not to be had twice: PayPal's calls end while this
    // function still lives to book what they say.
    let moment = Moment::begins(now);
    let path = request.path_parameters();
    let is_cancel = request.uri().path().ends_with("/cancel");
    let (route, asked_for) = if is_cancel {
        (Route::Cancel, "/r/{attempt}/cancel")
    } else {
        (Route::Page, "/r/{attempt}")
    };
    let response = match path.first("attempt").map(str::parse::<AttemptId>) {
        Some(Ok(id)) => finish(app, &request, &id, route, moment).await,
        Some(Err(_)) | None => Ok(None),
    };
    let response = match response {
        Ok(Some(page)) => page,
        Ok(None) => {
            tracing::info!("an attempt that is not ours was asked for");
            app.pages.invalid(language(&request, None))
        }
        Err(error) => {
            tracing::error!(%error, "a payment attempt could not be shown");
            let known = app.store.last_known_municipality();
            let language = language(&request, None);
            app.pages.unavailable(known.as_deref(), language, route)
        }
    };
    let status = response.status().as_u16();
    answering.ends(request.method().as_str(), asked_for, status);
    response.map(Body::from)
}

/// The payer is back from PayPal: what became of the order is found out, unless its page
/// was asked for too often.
async fn come_back(
    app: &App,
    request: &Request,
    loaded: Settled,
    moment: Moment,
) -> Result<Settled, store::Error> {
    let id = loaded.attempt.id.clone();
    let settled = if app.settle.may_ask(id.as_str(), moment.now) {
        settle(app, &id, moment).await?
    } else {
        Some(Settled {
            progress: Progress::Unclear,
            ..loaded.clone()
        })
    };
    match settled {
        Some(settled) if names_its_payer(request) => {
            app.settle.said_to_be_approved(settled, moment.now).await
        }
        settled => Ok(settled.unwrap_or(loaded)),
    }
}

async fn finish(
    app: &App,
    request: &Request,
    id: &AttemptId,
    route: Route,
    moment: Moment,
) -> Result<Option<Response<String>>, store::Error> {
    let store = &app.store;
    let Some((ticket, attempt)) = app.settle.load(id).await? else {
        return Ok(None);
    };
    let municipality = store.municipality(moment.now).await?;
    let pressed = attempt.decline.as_ref().and_then(|it| it.pressed_at);
    if route == Route::Cancel && pressed.is_some() {
        // Told that nothing is charged, the driver must not be, by a look that comes
        // later.
        let _ = store.forget_try_again(&attempt).await?;
    }
    let order = order_brought(request, &attempt).cloned();
    let loaded = Settled {
        ticket,
        attempt,
        progress: Progress::Known,
    };
    let Settled {
        ticket,
        attempt,
        progress,
    } = if is_return_from_paypal(request, route, &loaded.attempt, order.as_ref()) {
        // In every other answer's future otherwise.
        Box::pin(come_back(app, request, loaded, moment)).await?
    } else {
        loaded
    };
    let ticket = store.without_ended_mark(ticket).await?;
    let settlement = match &ticket.state {
        State::Paid { settlement, .. } => store.settlement(&ticket, settlement).await?,
        State::Open(_)
        | State::Objected
        | State::Withdrawn
        | State::HandedOver
        | State::Review(_) => None,
    };
    let outcome = outcome(&attempt, progress, route);
    tracing::info!(case_number = %ticket.case_number, attempt = %id, standing = ?ticket.standing(), ?outcome, "a payment attempt was shown");
    let view = View {
        municipality: &municipality,
        language: language(request, Some(attempt.language)),
        route,
        now: moment.now,
        captures: app.captures,
    };
    let shown = Shown {
        id,
        ticket: &ticket,
        settlement: settlement.as_ref(),
        outcome,
        order: order.as_ref(),
    };
    Ok(Some(app.pages.result(&view, &shown, None)))
}

/// Settles; where somebody else is inside the capture call, waits for them for
/// a moment. PayPal's webhook is often faster than the driver's browser, and
/// "being checked" would be all that driver sees.
async fn settle(
    app: &App,
    id: &AttemptId,
    moment: Moment,
) -> Result<Option<Settled>, store::Error> {
    let settle = || app.settle.settle(id, Wake::Return, moment);
    let settled = settle().await?;
    // Nobody is inside the call any more whose lease has ended.
    let is_locked = |ticket: &Ticket| {
        let lock = ticket.lock().filter(|lock| lock.until > moment.now);
        lock.is_some() && ticket.standing() == Standing::OpenLocked
    };
    if !settled.as_ref().is_some_and(|it| is_locked(&it.ticket)) {
        return Ok(settled);
    }
    for _ in 0..LOOKS_MAX {
        tokio::time::sleep(LOOK_AGAIN_AFTER).await;
        match app.settle.load(id).await? {
            Some((ticket, _)) if is_locked(&ticket) => {}
            Some(_) | None => return settle().await,
        }
    }
    Ok(settled)
}

/// The attempt's own order, where the address names it. A foreign or missing
/// one must not lead to a capture.
fn order_brought<'a>(request: &Request, attempt: &'a Attempt) -> Option<&'a OrderId> {
    let query = request.query_string_parameters();
    let id = attempt.order.as_ref().map(|order| &order.id);
    id.filter(|id| query.first("token") == Some(id.as_str()))
}

/// Whether the request is worth asking PayPal: it names the attempt's own
/// order, the attempt may still bring money, and a person is looking.
fn is_return_from_paypal(
    request: &Request,
    route: Route,
    attempt: &Attempt,
    order: Option<&OrderId>,
) -> bool {
    // sabotage: a return with any order id
    let names_own_order = order.is_some();
    let is_prefetch = request
        .headers()
        .get("sec-purpose")
        .and_then(|value| value.to_str().ok())
        .is_some_and(|purpose| purpose.contains("prefetch"));
    route == Route::Page && names_own_order && !is_prefetch && !attempt.state.is_final()
}

/// Whether PayPal says in the address who has approved.
fn names_its_payer(request: &Request) -> bool {
    let query = request.query_string_parameters();
    query.first("PayerID").is_some_and(|id| !id.is_empty())
}

/// How the attempt itself ended, beside how the ticket stands.
fn outcome(attempt: &Attempt, progress: Progress, route: Route) -> Option<Outcome> {
    match (&attempt.state, progress) {
        (_, Progress::Unclear) => Some(Outcome::Unclear),
        (AttemptState::Declined, Progress::Known | Progress::NotApproved) => {
            Some(Outcome::Declined)
        }
        (AttemptState::Expired, Progress::Known | Progress::NotApproved) => Some(Outcome::Expired),
        (AttemptState::Captured { .. } | AttemptState::Pending { .. }, _) => None,
        (AttemptState::Live, Progress::Known | Progress::NotApproved) => {
            if route == Route::Cancel {
                Some(Outcome::Cancelled)
            } else if attempt.decline.is_some() {
                Some(Outcome::Declined)
            } else {
                // Where nobody asked PayPal, nothing is said about it.
                (progress == Progress::NotApproved).then_some(Outcome::NotApproved)
            }
        }
    }
}

/// `?lang=`, else the language the driver paid in, else the browser's.
fn language(request: &Request, of_attempt: Option<Language>) -> Language {
    let query = request.query_string_parameters();
    let accepted = request
        .headers()
        .get("accept-language")
        .and_then(|value| value.to_str().ok());
    let wanted = query.first("lang").or(of_attempt.map(Language::tag));
    page::language(wanted, accepted, &Language::ALL)
}
