//! What is wrong, as a problem document (RFC 9457): which field, and what to do.

use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Response, StatusCode};
use lambda_http::Body;
use problem_details::ProblemDetails;
use serde::Serialize;

/// How long a caller should wait when the table does not answer, in seconds.
const RETRY_AFTER_S: u16 = 5;

/// Something that stands in the way of a request.
#[derive(Debug)]
pub struct Problem {
    /// The answer's status.
    pub status: StatusCode,
    detail: String,
    field: Option<String>,
    /// For the log, not for the caller.
    pub cause: Option<store::Error>,
}

/// Our extension member: where in the body, the path or the query.
#[derive(Debug, Serialize)]
pub struct Place {
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
}

impl Problem {
    /// A problem with the request as a whole.
    #[must_use]
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            field: None,
            cause: None,
        }
    }

    /// A problem with one field: 400.
    #[must_use]
    pub fn with_field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail).at(field)
    }

    /// The same, with the field that is wrong.
    #[must_use]
    pub fn at(self, field: impl Into<String>) -> Self {
        Self {
            field: Some(field.into()),
            ..self
        }
    }

    /// Nothing is known of what was asked: 503, ask again.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            format!(
                "the table did not answer, and what was asked for may or may not have happened; \
                 send the very same again in {RETRY_AFTER_S} s: nothing happens twice"
            ),
        )
    }

    /// It is not the caller's fault, and repeating does not help.
    #[must_use]
    pub fn ours(detail: &str) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("{detail}; tell whoever runs this system"),
        )
    }

    /// The document itself.
    #[must_use]
    pub fn document(&self) -> ProblemDetails<Place> {
        // The type stays `about:blank`: the title is the status's own phrase.
        ProblemDetails::from_status_code(self.status)
            .with_detail(self.detail.as_str())
            .with_extensions(Place {
                field: self.field.clone(),
            })
    }

    /// The document as an answer.
    #[must_use]
    pub fn into_response(self) -> Response<Body> {
        let body = serde_json::to_string(&self.document()).unwrap_or_default();
        let mut response = answer(self.status, "application/problem+json", body.into());
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
        }
        response
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        let problem = match &error {
            store::Error::Unavailable { .. } => Self::unavailable(),
            store::Error::Unreadable { item, .. } => {
                Self::ours(&format!("what the table holds as {item} cannot be read"))
            }
            store::Error::NotConfigured { .. } => {
                Self::ours("the table holds no configuration of the city")
            }
        };
        Self {
            cause: Some(error),
            ..problem
        }
    }
}

/// An answer; none may be kept by a cache, since each holds a token or a case.
#[must_use]
pub fn answer(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
