//! What is wrong, as a problem document (RFC 9457).

use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Response, StatusCode};
use lambda_http::Body;
use problem_details::ProblemDetails;
use serde::Serialize;

/// How long a caller should wait when the table does not answer, in seconds.
const RETRY_AFTER_S: u16 = 5;

/// Something that stands in the way of a request.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    detail: String,
    field: Option<&'static str>,
    /// For the log, not for the caller.
    pub(crate) cause: Option<store::Error>,
}

/// Our extension member: where in the path.
#[derive(Serialize)]
struct Place {
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            field: None,
            cause: None,
        }
    }

    pub(crate) fn at(self, field: &'static str) -> Self {
        Self {
            field: Some(field),
            ..self
        }
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        // The type stays `about:blank`: the title is the status's own phrase.
        let document = ProblemDetails::from_status_code(self.status)
            .with_detail(self.detail)
            .with_extensions(Place { field: self.field });
        let body = serde_json::to_string(&document).unwrap_or_default();
        let mut response = answer(self.status, "application/problem+json", body);
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
            store::Error::Unavailable { .. } => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                format!("the table did not answer: ask again in {RETRY_AFTER_S} s"),
            ),
            store::Error::Unreadable { item, .. } => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                format!(
                    "what the table holds as {item} cannot be read; tell whoever runs this system"
                ),
            ),
            store::Error::NotConfigured { .. } => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the table holds no configuration of the city; tell whoever runs this system",
            ),
        };
        Self {
            cause: Some(error),
            ..problem
        }
    }
}

/// An answer; none may be kept by a cache, since each holds a case.
pub(crate) fn answer(
    status: StatusCode,
    content_type: &'static str,
    body: String,
) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
