//! `POST /t/{token}/checkout` and `POST /r/{attempt}/checkout`: the pay button.
//!
//! ```text
//! find the ticket ─▶ is it the one the driver saw? ─▶ make an order ─▶ 303 to PayPal
//! ```
//!
//! Whatever stands in the way, the driver sees the page of the ticket as it is
//! now; nothing is charged before PayPal has asked the driver.

mod form;

use jiff::Timestamp;
use lambda_http::{Body, Error, Request, RequestExt, Response};
use logs::Answering;
use page::{Attempt as Shown, Notice, Pages, Policy, Route, Scan, View};
use paypal::{Config, PayPal, Transport};
use settle::{Checkout, Moment, Payer, Settle};
use store::{Attempt, Store};
use ticket::{AttemptId, Captures, Language, Municipality, Ticket};
use token::{Keys, PublicBaseUrl};

use crate::form::Form;

/// What this function works with.
pub struct App {
    /// The table.
    pub store: Store,
    /// The one door for money.
    pub settle: Settle,
    /// Whose tokens are ours.
    pub keys: Keys,
    /// What drivers see.
    pub pages: Pages,
    /// Whether a button may be shown.
    pub captures: Captures,
    /// Where PayPal sends drivers back to.
    pub base_url: PublicBaseUrl,
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
            keys: Keys::from_vars(vars)?,
            pages: Pages::new(Policy::from_vars(vars)?),
            captures,
            base_url: PublicBaseUrl::from_vars(vars)?,
        })
    }

    /// At INIT: opens the connections that the first driver would wait for.
    pub async fn prime(&self, now: Timestamp) {
        // One after the other: at once, each would open a connection to the table.
        self.store.prime(now).await;
        self.settle.prime(now).await;
    }
}

/// From where the button was pressed.
enum PressedOn {
    /// The page behind the QR code.
    Notice { token: String, ticket: Box<Ticket> },
    /// The result page of an earlier attempt.
    Result {
        ticket: Box<Ticket>,
        attempt: Box<Attempt>,
        /// Whether the page had been opened with PayPal's `token`.
        brought_order: bool,
    },
    /// A token that is right, of a ticket that is not there.
    Unknown,
}

impl PressedOn {
    fn ticket(&self) -> Option<&Ticket> {
        match self {
            Self::Notice { ticket, .. } | Self::Result { ticket, .. } => Some(ticket),
            Self::Unknown => None,
        }
    }
}

/// Answers one request. `random` gives 128 random bits for each new attempt.
pub async fn handle(
    app: &App,
    request: Request,
    random: &(dyn Fn() -> u128 + Sync),
    now: Timestamp,
) -> Response<Body> {
    let answering = Answering::begins();
    // What the table takes is not to be had twice: PayPal's calls end while this
    // function still lives to write down what they say.
    let moment = Moment::begins(now);
    let form = Form::read(request.body());
    let language = |offered: &[Language]| {
        let accepted = request
            .headers()
            .get("accept-language")
            .and_then(|value| value.to_str().ok());
        page::language(form.lang.as_deref(), accepted, offered)
    };
    let response = match press(app, &request, &form, &language, random, moment).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "a checkout could not be made");
            let known = app.store.last_known_municipality();
            app.pages
                .unavailable(known.as_deref(), language(&Language::ALL), Route::Checkout)
                .map(Body::from)
        }
    };
    let status = response.status().as_u16();
    answering.ends(request.method().as_str(), route(&request), status);
    response
}

/// What is asked for, as the template writes it.
fn route(request: &Request) -> &'static str {
    match request.path_parameters().first("token") {
        Some(_) => "/t/{token}/checkout",
        None => "/r/{attempt}/checkout",
    }
}

async fn press(
    app: &App,
    request: &Request,
    form: &Form,
    language: &(dyn Fn(&[Language]) -> Language + Sync),
    random: &(dyn Fn() -> u128 + Sync),
    moment: Moment,
) -> Result<Response<Body>, store::Error> {
    let Some(from) = find(app, request, form).await? else {
        tracing::info!("a token or attempt that is not ours was refused");
        return Ok(app.pages.invalid(language(&Language::ALL)).map(Body::from));
    };
    let municipality = app.store.municipality(moment.now).await?;
    let view = View {
        municipality: &municipality,
        language: language(&municipality.languages),
        route: Route::Checkout,
        now: moment.now,
        captures: app.captures,
    };
    let Some(ticket) = from.ticket() else {
        return Ok(app.pages.unknown(&view).map(Body::from));
    };
    if !may_be_paid(ticket, &municipality, moment.now) {
        return Ok(show(app, &view, &from, None).map(Body::from));
    }
    // sabotage: the amount shown is not compared
    if form.amount != Some(ticket.rest()) {
        return Ok(show(app, &view, &from, Some(Notice::AmountChanged)).map(Body::from));
    }
    let payer = Payer {
        language: view.language,
        base_url: app.base_url.as_str(),
        brand_name: &municipality.name,
    };
    let checkout = match &from {
        PressedOn::Result { attempt, .. } => {
            app.settle
                .try_again(ticket, attempt, &payer, random, moment)
                .await?
        }
        PressedOn::Notice { .. } | PressedOn::Unknown => {
            app.settle.checkout(ticket, &payer, random, moment).await?
        }
    };
    tracing::info!(case_number = %ticket.case_number, outcome = checkout.name(), "the pay button was pressed");
    Ok(match checkout {
        Checkout::Redirect(url) => see_other(app, &view, &from, &url),
        Checkout::TicketChanged => show_as_it_is(app, &view, from, None).await?,
        Checkout::Settled => show_as_it_is(app, &view, from, Some(Notice::NotCaptured)).await?,
        Checkout::PayPalUnreachable => {
            show(app, &view, &from, Some(Notice::PayPalUnreachable)).map(Body::from)
        }
        Checkout::Closed => show(app, &view, &from, Some(Notice::Closed)).map(Body::from),
        Checkout::TooManyAttempts => {
            show(app, &view, &from, Some(Notice::TooManyAttempts)).map(Body::from)
        }
    })
}

/// The ticket the button was pressed for; `None` when the address is not ours.
async fn find(
    app: &App,
    request: &Request,
    form: &Form,
) -> Result<Option<PressedOn>, store::Error> {
    let store = &app.store;
    let path = request.path_parameters();
    if let Some(unverified_token) = path.first("token") {
        let Ok(case_number) = app.keys.verify(unverified_token) else {
            return Ok(None);
        };
        return Ok(Some(match store.ticket(&case_number).await? {
            Some(ticket) => PressedOn::Notice {
                token: unverified_token.to_owned(),
                ticket: Box::new(store.without_ended_mark(ticket).await?),
            },
            None => PressedOn::Unknown,
        }));
    }
    let Some(Ok(id)) = path.first("attempt").map(str::parse::<AttemptId>) else {
        return Ok(None);
    };
    let Some((ticket, attempt)) = app.settle.load(&id).await? else {
        return Ok(None);
    };
    let order = attempt.order.as_ref().map(|order| order.id.as_str());
    Ok(Some(PressedOn::Result {
        brought_order: order.is_some() && order == form.token.as_deref(),
        ticket: Box::new(store.without_ended_mark(ticket).await?),
        attempt: Box::new(attempt),
    }))
}

/// Whether the city takes money for this ticket online, now.
fn may_be_paid(ticket: &Ticket, municipality: &Municipality, now: Timestamp) -> bool {
    // Money may still come: what a second payment brings would be too much.
    ticket.standing().payable().is_ok()
        && ticket.under_way(now).is_none()
        && !municipality.late_payment.refuses(ticket.due_on, now)
}

impl PressedOn {
    fn with(self, ticket: Ticket) -> Self {
        let ticket = Box::new(ticket);
        match self {
            Self::Notice { token, .. } => Self::Notice { token, ticket },
            Self::Result {
                attempt,
                brought_order,
                ..
            } => Self::Result {
                ticket,
                attempt,
                brought_order,
            },
            Self::Unknown => Self::Unknown,
        }
    }
}

/// The page of the ticket as it is by now; the notice is said if it can be paid.
async fn show_as_it_is(
    app: &App,
    view: &View<'_>,
    from: PressedOn,
    notice: Option<Notice>,
) -> Result<Response<Body>, store::Error> {
    let store = &app.store;
    let stands = match from.ticket() {
        Some(ticket) => store.ticket(&ticket.case_number).await?,
        None => None,
    };
    let page = match stands {
        Some(stands) => {
            let stands = store.without_ended_mark(stands).await?;
            show(app, view, &from.with(stands), notice)
        }
        None => app.pages.unknown(view),
    };
    Ok(page.map(Body::from))
}

fn show(app: &App, view: &View<'_>, from: &PressedOn, notice: Option<Notice>) -> Response<String> {
    match from {
        PressedOn::Notice { token, ticket } => {
            let scan = Scan {
                ticket,
                token,
                check_word: &token::check_word(token),
            };
            app.pages.ticket(view, &scan, notice)
        }
        PressedOn::Result {
            ticket,
            attempt,
            brought_order,
        } => {
            let order = attempt.order.as_ref().filter(|_| *brought_order);
            let shown = Shown {
                id: &attempt.id,
                ticket,
                settlement: None,
                outcome: None,
                order: order.map(|order| &order.id),
            };
            app.pages.result(view, &shown, notice)
        }
        PressedOn::Unknown => app.pages.unknown(view),
    }
}

/// To PayPal's own page; the address was checked when PayPal gave it.
fn see_other(app: &App, view: &View<'_>, from: &PressedOn, url: &str) -> Response<Body> {
    page::redirect(url)
        .unwrap_or_else(|| show(app, view, from, Some(Notice::PayPalUnreachable)))
        .map(Body::from)
}

/// 128 bits from the operating system, for an attempt id that cannot be guessed.
///
/// # Panics
/// When the operating system has none: an id that can be guessed would show
/// one driver's case to another.
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "without randomness nothing may be handed out"
)]
pub fn random() -> u128 {
    let mut bits = [0; 16];
    aws_lc_rs::rand::fill(&mut bits).expect("the operating system gives random bits");
    u128::from_ne_bytes(bits)
}
