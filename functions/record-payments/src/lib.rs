//! Books what the till and the bank have taken, for clerks and the cash office; and
//! refunds, which one proposes and another decides.
//!
//! ```text
//! POST /tickets/{case_number}/payments  one payment    → 201, 200, 409
//! POST /payments                        a day's list   → 200, a line each
//! GET  /refunds, POST /refunds, POST /refunds/{id}/approval, …/rejection: see `refunds`
//! ```
//!
//! A payment is known by its receipt number or bank reference: the same again is booked
//! once. It goes through the same booking as what PayPal captures.

mod many;
mod one;
mod refunds;
mod sent;

use http::{Method, Response, StatusCode};
use jiff::Timestamp;
use lambda_http::{Body, Request, RequestExt};
use logs::Answering;
use office::{Kind, Problem, answer, body, case_number, in_full, json_answer};
use store::Store;
use ticket::{CaseNumber, RefundId};

use sent::SentPayment;

/// What this function needs.
pub struct App {
    /// Where tickets are kept.
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
    booked: usize,
    unchanged: usize,
    refused: usize,
    refund: Option<RefundId>,
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
        booked = line.booked,
        unchanged = line.unchanged,
        refused = line.refused,
        refund = line.refund.as_ref().map(RefundId::as_str),
        error = line.cause.as_ref().map(in_full),
        "answered the cash office"
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
    if let Some(id) = request.path_parameters().first("id") {
        let id: RefundId = id.parse().map_err(|_| refunds::no_such_refund())?;
        line.refund = Some(id.clone());
        let refund = refunds::decide(&app.store, &id, request, &by, now).await?;
        line.case_number = Some(refund.case_number.clone());
        return json_answer(StatusCode::OK, &refund);
    }
    if request.uri().path().ends_with("/refunds") {
        if request.method() == Method::GET {
            return refunds::list(&app.store, request, now).await;
        }
        let (status, refund) = refunds::propose(&app.store, request, &by, now).await?;
        line.case_number = Some(refund.case_number.clone());
        line.refund = Some(refund.id.clone());
        return json_answer(status, &refund);
    }
    if request.method() != Method::POST {
        return Err(Problem::new(
            Kind::MethodNotAllowed,
            "use POST /tickets/{case_number}/payments, POST /payments, or /refunds",
        ));
    }
    if let Some(case_number) = case_number::in_path(request)? {
        line.case_number = Some(case_number.clone());
        let sent = SentPayment::read(body(request))?;
        case_number::is_that_of_path(sent.case_number.as_ref(), &case_number)?;
        let (status, booked) = one::record(&app.store, &case_number, &sent, &by, now).await?;
        match status {
            StatusCode::CREATED => line.booked = 1,
            _ => line.unchanged = 1,
        }
        return json_answer(status, &booked);
    }
    let batch = many::record(&app.store, body(request), &by, now).await?;
    line.booked = batch.count(StatusCode::CREATED);
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
