//! `GET /t/{token}`: the page behind the QR code, in every state.
//!
//! ```text
//! verify the token ─▶ read the ticket ─▶ show it
//! ```
//!
//! A token that is not ours costs no read, and every such token gets the same
//! bytes. It reads and never writes.

use jiff::Timestamp;
use lambda_http::{Body, Error, Request, RequestExt, Response};
use logs::Answering;
use page::{Pages, Policy, Route, Scan, View};
use store::Store;
use ticket::{Captures, CaseNumber, Language, Ticket};
use token::Keys;

/// What is asked for, as the template writes it.
const ROUTE: &str = "/t/{token}";

/// What this function works with.
pub struct App {
    /// The table.
    pub store: Store,
    /// Whose tokens are ours.
    pub keys: Keys,
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
    #[expect(
        clippy::unused_async,
        reason = "every function is made in the same way"
    )]
    pub async fn from_vars(vars: &dyn Fn(&str) -> Option<String>) -> Result<Self, Error> {
        Ok(Self {
            store: Store::from_vars(vars)?,
            keys: Keys::from_vars(vars)?,
            pages: Pages::new(Policy::from_vars(vars)?),
            captures: Captures::from_vars(vars)?,
        })
    }

    /// At INIT: opens the connection that the first driver would wait for.
    pub async fn prime(&self, now: Timestamp) {
        self.store.prime(now).await;
    }
}

/// Answers one request.
pub async fn handle(app: &App, request: Request, now: Timestamp) -> Response<Body> {
    let answering = Answering::begins();
    let path = request.path_parameters();
    let unverified_token = path.first("token").unwrap_or_default();
    let response = if let Ok(case_number) = app.keys.verify(unverified_token) {
        show(app, &request, unverified_token, &case_number, now).await
    } else {
        tracing::info!("a token that is not ours was refused");
        app.pages.invalid(language(&request, &Language::ALL))
    };
    let status = response.status().as_u16();
    answering.ends(request.method().as_str(), ROUTE, status);
    response.map(Body::from)
}

async fn show(
    app: &App,
    request: &Request,
    token: &str,
    case_number: &CaseNumber,
    now: Timestamp,
) -> Response<String> {
    let (municipality, ticket) = tokio::join!(app.store.municipality(now), find(app, case_number));
    let (municipality, ticket) = match (municipality, ticket) {
        (Ok(municipality), Ok(ticket)) => (municipality, ticket),
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(%case_number, %error, "the ticket could not be shown");
            let known = app.store.last_known_municipality();
            let language = language(request, &Language::ALL);
            return app
                .pages
                .unavailable(known.as_deref(), language, Route::Page);
        }
    };
    let view = View {
        municipality: &municipality,
        language: language(request, &municipality.languages),
        route: Route::Page,
        now,
        captures: app.captures,
    };
    let Some(ticket) = ticket else {
        tracing::warn!(%case_number, "a valid token has no ticket");
        return app.pages.unknown(&view);
    };
    tracing::info!(%case_number, standing = ?ticket.standing(), "a ticket was shown");
    let scan = Scan {
        ticket: &ticket,
        token,
        check_word: &token::check_word(token),
    };
    app.pages.ticket(&view, &scan, None)
}

async fn find(app: &App, case_number: &CaseNumber) -> Result<Option<Ticket>, store::Error> {
    match app.store.ticket(case_number).await? {
        Some(ticket) => Ok(Some(app.store.without_ended_mark(ticket).await?)),
        None => Ok(None),
    }
}

fn language(request: &Request, offered: &[Language]) -> Language {
    let query = request.query_string_parameters();
    let accepted = request
        .headers()
        .get("accept-language")
        .and_then(|value| value.to_str().ok());
    page::language(query.first("lang"), accepted, offered)
}
