//! Shows the city's systems and clerks how a case stands.
//!
//! ```text
//! GET /tickets/{case_number}  → state, amount, due date, settlements,
//!                               attempts, money taken back, journal
//! ```
//!
//! This is how the city learns of a payment.

mod case;

use http::{Method, Response, StatusCode};
use jiff::Timestamp;
use lambda_http::{Body, Request, RequestExt};
use store::Store;
use ticket::CaseNumber;

use case::Answer;
use office::{Problem, answer};

/// What this function needs.
pub struct App {
    /// Where cases are kept.
    pub store: Store,
}

impl App {
    /// Reads the environment.
    ///
    /// # Errors
    /// When a variable is missing; the error names it.
    #[expect(
        clippy::unused_async,
        reason = "every function of the set starts alike"
    )]
    pub async fn from_vars(
        vars: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, store::ConfigError> {
        Ok(Self {
            store: Store::from_vars(vars)?,
        })
    }
}

/// What an answer needs to be told in the log beside its status: who saw which
/// case (§ 76 BDSG).
#[derive(Default)]
struct LogLine {
    case_number: Option<CaseNumber>,
    by: Option<String>,
    cause: Option<store::Error>,
}

/// Answers one request of the office API.
pub async fn handle(app: &App, request: Request, now: Timestamp) -> Response<Body> {
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
        status = response.status().as_u16(),
        case_number = line.case_number.as_ref().map(CaseNumber::as_str),
        by = line.by,
        error = line.cause.as_ref().map(in_full),
        "showed a case to the city"
    );
    response
}

/// The one route, by method and path parameter: the path itself may begin with
/// the name of a stage.
async fn route(
    app: &App,
    request: &Request,
    now: Timestamp,
    line: &mut LogLine,
) -> Result<Response<Body>, Problem> {
    line.by = Some(office::sub(request)?);
    if request.method() != Method::GET {
        return Err(Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "use GET /tickets/{case_number}",
        ));
    }
    let path = request.path_parameters();
    let case_number: CaseNumber = path
        .first("case_number")
        .unwrap_or_default()
        .parse()
        .map_err(|error: ticket::InvalidCaseNumber| {
            Problem::new(StatusCode::BAD_REQUEST, error.to_string()).at("case_number")
        })?;
    line.case_number = Some(case_number.clone());
    let file = app.store.case_file(&case_number).await?.ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "no ticket was issued under this case number",
        )
    })?;
    let body = serde_json::to_string(&Answer::of(file, now)).map_err(|_| {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the case cannot be written as JSON; tell whoever runs this system",
        )
    })?;
    Ok(answer(StatusCode::OK, "application/json", body.into()))
}

/// An error with its causes. What an unreadable item holds is left out: it is
/// a plate, a place.
fn in_full(error: &store::Error) -> String {
    match error {
        store::Error::Unavailable { .. } => {
            let mut text = error.to_string();
            let mut cause = std::error::Error::source(error);
            while let Some(error) = cause {
                text = format!("{text}: {error}");
                cause = error.source();
            }
            text
        }
        store::Error::Unreadable { .. } | store::Error::NotConfigured { .. } => error.to_string(),
    }
}
