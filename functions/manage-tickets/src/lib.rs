//! Shows the city's systems and clerks how a case stands, and lets them change it.
//!
//! ```text
//! GET  /changes?after=…&limit=…           what has happened to tickets since
//! GET  /tickets?state=…&due_before=…&changed_after=…&after=…&limit=…
//!                                         tickets of a state, those due first first
//! GET  /tickets/{case_number}             what was issued, state, amount, due date,
//!                                         settlements, attempts, money taken back, refunds,
//!                                         journal
//! POST /tickets/{case_number}/withdrawal  { "reason" }            the city drops the case
//!      …/objection                        { "reason" }            the driver contests
//!      …/hand-over                        { "reason" }            it goes on with a fine order
//!      …/amount                           { "amount", "reason" }  another amount is owed
//!      …/lease                            { "until" }             a letter may be printed
//!      …/review                           { "decision", "reason" } a review ends
//! GET  /openapi.json                      what the office API is, for anyone
//! ```
//!
//! Those of one case answer how it stands then; the same again changes nothing. A review
//! whose end needs a second person is answered with 202.

mod case;
mod change;
mod changes;
mod description;
mod lease;
mod list;
mod review;

use http::{Method, Response, StatusCode};
use jiff::Timestamp;
use lambda_http::{Body, Request};
use logs::Answering;
use office::{Kind, Problem, body, case_number, in_full, json_answer};
use store::{Act, Store};
use ticket::CaseNumber;
use token::{InvalidBaseUrl, PublicBaseUrl};

use case::Answer;

/// What this function needs.
pub struct App {
    /// Where cases are kept.
    pub store: Store,
    /// Where a QR code leads to.
    pub public_base_url: PublicBaseUrl,
}

/// The environment does not say what this function needs; refuse to start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A variable of the table.
    #[error(transparent)]
    Store(#[from] store::ConfigError),
    /// `PUBLIC_BASE_URL`.
    #[error(transparent)]
    PublicBaseUrl(#[from] InvalidBaseUrl),
}

impl App {
    /// Reads the environment.
    ///
    /// # Errors
    /// When a variable is missing or wrong; the error names it.
    #[expect(
        clippy::unused_async,
        reason = "every function of the set starts alike"
    )]
    pub async fn from_vars(vars: &dyn Fn(&str) -> Option<String>) -> Result<Self, StartError> {
        Ok(Self {
            store: Store::from_vars(vars)?,
            public_base_url: PublicBaseUrl::from_vars(vars)?,
        })
    }

    /// At INIT: opens the connection that the first caller would wait for.
    pub async fn prime(&self) {
        self.store.connect().await;
    }
}

/// What an answer needs to be told in the log beside its status: who saw or changed
/// which case (§ 76 BDSG); the reason is in the journal.
#[derive(Default)]
struct LogLine {
    case_number: Option<CaseNumber>,
    by: Option<String>,
    cause: Option<store::Error>,
}

/// Answers one request of the office API.
pub async fn handle(app: &App, request: Request, now: Timestamp) -> Response<Body> {
    let answering = Answering::begins();
    let mut line = LogLine::default();
    let response = match route(app, &request, now, &mut line).await {
        Ok(response) => response,
        Err(mut problem) => {
            line.cause = problem.cause.take();
            problem.into_response()
        }
    };
    tracing::info!(
        method = %request.method(),
        route = office::route(&request),
        status = response.status().as_u16(),
        ms = answering.ms(),
        case_number = line.case_number.as_ref().map(CaseNumber::as_str),
        by = line.by,
        error = line.cause.as_ref().map(in_full),
        "answered the city about a case"
    );
    response
}

/// The routes, by method, path parameter and last part of the path: the path itself may
/// begin with the name of a stage.
async fn route(
    app: &App,
    request: &Request,
    now: Timestamp,
    line: &mut LogLine,
) -> Result<Response<Body>, Problem> {
    // Before it is asked who acts: nobody need be.
    if description::is_asked_for(request) {
        return Ok(description::answer());
    }
    let by = office::sub(request)?;
    line.by = Some(by.clone());
    let what = request.uri().path().rsplit('/').next().unwrap_or_default();
    let Some(case_number) = case_number::in_path(request)? else {
        return match (request.method(), what) {
            (&Method::GET, "changes") => changes::list(&app.store, request, now).await,
            (&Method::GET, "tickets") => list::list(&app.store, request, now).await,
            _ => Err(no_such_route()),
        };
    };
    line.case_number = Some(case_number.clone());
    let mut status = StatusCode::OK;
    match *request.method() {
        Method::GET => {}
        Method::POST if what == "lease" => {
            let until = lease::asked(body(request), now)?;
            lease::grant(&app.store, &case_number, until, &by, now).await?;
        }
        Method::POST if what == "review" => {
            let asked = review::asked(body(request))?;
            let act = Act {
                by: &by,
                reason: &asked.reason,
                at: now,
            };
            status = review::end(&app.store, &case_number, &asked, act).await?;
        }
        Method::POST => {
            let asked = change::asked(what, body(request)).ok_or_else(no_such_route)??;
            let act = Act {
                by: &by,
                reason: &asked.reason,
                at: now,
            };
            change::change(&app.store, &case_number, asked.change, act).await?;
        }
        _ => return Err(no_such_route()),
    }
    let file = app.store.case_file(&case_number).await?;
    let file = file.ok_or_else(Problem::no_such_ticket)?;
    json_answer(status, &Answer::of(file, &app.public_base_url, now))
}

fn no_such_route() -> Problem {
    Problem::new(
        Kind::MethodNotAllowed,
        "use GET /changes, /tickets or /tickets/{case_number}, or POST to its withdrawal, objection, hand-over, amount, lease or review",
    )
}
