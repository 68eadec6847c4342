//! Issues tickets and makes their QR codes, for the city's systems.
//!
//! ```text
//! PUT  /tickets/{case_number}      one ticket        → 201, 200, 409
//! POST /tickets                    up to 500, NDJSON → 200, a line each
//! GET  /tickets/{case_number}/qr   the code again    → SVG or PNG
//! ```
//!
//! Whatever is sent may be sent again: the same content is issued once.

mod many;
mod one;
mod qr;
mod sent;

use http::{Method, Response, StatusCode};
use jiff::Timestamp;
use lambda_http::{Body, Request, RequestExt};
use logs::Answering;
use store::Store;
use ticket::CaseNumber;
use token::{Keys, SigningKey};

use token::{InvalidBaseUrl, PublicBaseUrl};

use office::{Kind, Problem, answer, body, case_number, in_full, json_answer};
use sent::SentTicket;

/// What this function needs.
pub struct App {
    /// Where tickets are kept.
    pub store: Store,
    /// What makes a QR code ours.
    pub signing_key: SigningKey,
    /// Where a QR code leads to.
    pub public_base_url: PublicBaseUrl,
}

/// The environment does not say what this function needs; refuse to start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A variable of the table.
    #[error(transparent)]
    Store(#[from] store::ConfigError),
    /// `TOKEN_KEYS`.
    #[error(transparent)]
    Keys(#[from] token::InvalidKeys),
    /// `TOKEN_SIGNING_KEY`.
    #[error(transparent)]
    SigningKey(#[from] token::NoSigningKey),
    /// `PUBLIC_BASE_URL`.
    #[error(transparent)]
    PublicBaseUrl(#[from] InvalidBaseUrl),
}

impl App {
    /// Reads the environment.
    ///
    /// # Errors
    /// When a variable is missing or wrong; the error names it.
    pub async fn from_vars(vars: &dyn Fn(&str) -> Option<String>) -> Result<Self, StartError> {
        let keys = Keys::from_vars(vars)?;
        Ok(Self {
            store: Store::from_vars(vars)?,
            public_base_url: PublicBaseUrl::from_vars(vars)?,
            signing_key: SigningKey::from_vars(vars, &keys).await?,
        })
    }

    /// At INIT: opens the connection that the first caller would wait for.
    pub async fn prime(&self, now: Timestamp) {
        self.store.prime(now).await;
    }
}

/// What an answer needs to be told in the log beside its status.
#[derive(Default)]
struct LogLine {
    case_number: Option<CaseNumber>,
    by: Option<String>,
    issued: usize,
    unchanged: usize,
    refused: usize,
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
        issued = line.issued,
        unchanged = line.unchanged,
        refused = line.refused,
        error = line.cause.as_ref().map(in_full),
        "answered the city"
    );
    response
}

/// The routes, by method and path parameter: the path itself may begin with
/// the name of a stage.
async fn route(
    app: &App,
    request: &Request,
    now: Timestamp,
    line: &mut LogLine,
) -> Result<Response<Body>, Problem> {
    let by = office::sub(request)?;
    line.by = Some(by.clone());
    let case_number = case_number::in_path(request)?;
    line.case_number.clone_from(&case_number);
    match (request.method(), case_number) {
        (&Method::PUT, Some(case_number)) => put(app, case_number, request, &by, now, line).await,
        (&Method::GET, Some(case_number)) => qr(app, case_number, request).await,
        (&Method::POST, None) => post(app, request, &by, now, line).await,
        (_, Some(_) | None) => Err(Problem::new(
            Kind::MethodNotAllowed,
            "use PUT /tickets/{case_number}, POST /tickets or GET /tickets/{case_number}/qr",
        )),
    }
}

async fn put(
    app: &App,
    case_number: CaseNumber,
    request: &Request,
    by: &str,
    now: Timestamp,
    line: &mut LogLine,
) -> Result<Response<Body>, Problem> {
    let sent = SentTicket::read(body(request))?;
    case_number::is_that_of_path(sent.case_number.as_ref(), &case_number)?;
    let status = one::issue(app, case_number.clone(), sent, by, now).await?;
    match status {
        StatusCode::CREATED => line.issued = 1,
        _ => line.unchanged = 1,
    }
    let printed = one::printed(app, case_number)?;
    json_answer(status, &printed)
}

async fn post(
    app: &App,
    request: &Request,
    by: &str,
    now: Timestamp,
    line: &mut LogLine,
) -> Result<Response<Body>, Problem> {
    let batch = many::issue(app, body(request), by, now).await?;
    line.issued = batch.count(StatusCode::CREATED);
    line.unchanged = batch.count(StatusCode::OK);
    line.refused = batch.refused();
    let answers = batch.text()?;
    line.cause = batch.cause;
    Ok(answer(
        StatusCode::OK,
        "application/x-ndjson",
        answers.into(),
    ))
}

async fn qr(
    app: &App,
    case_number: CaseNumber,
    request: &Request,
) -> Result<Response<Body>, Problem> {
    let query = request.query_string_parameters();
    let format = query.first("format").unwrap_or("svg");
    let is_png = match format {
        "svg" => false,
        "png" => true,
        "zpl" => {
            return Err(Problem::new(
                Kind::NotImplemented,
                "zpl is not there yet: ask for svg or png",
            )
            .at("format"));
        }
        _ => return Err(Problem::with_field("format", "ask for svg or png")),
    };
    if app.store.ticket(&case_number).await?.is_none() {
        return Err(Problem::no_such_ticket());
    }
    let token = app.signing_key.sign(&case_number);
    let symbol = one::symbol(&token::url(app.public_base_url.as_str(), &token))?;
    if is_png {
        let png = symbol
            .png()
            .map_err(|error| Problem::ours(&error.to_string()))?;
        Ok(answer(StatusCode::OK, "image/png", png.into()))
    } else {
        Ok(answer(StatusCode::OK, "image/svg+xml", symbol.svg().into()))
    }
}
