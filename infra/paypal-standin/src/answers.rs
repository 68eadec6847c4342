//! Answers and refusals, in PayPal's shapes.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use crate::calls::On;
use crate::issues::{Issue, description};

/// The header that carries the debug id.
const DEBUG_ID: HeaderName = HeaderName::from_static("paypal-debug-id");

/// An answer before it gets its debug id.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content: Content,
}

/// What an answer carries.
pub(crate) enum Content {
    /// JSON, PayPal's usual answer.
    Json(Value),
    /// A page.
    Html(String),
    /// A certificate.
    Certificate(String),
    /// A redirect to this address, for the payer's browser.
    SeeOther(String),
    /// Nothing: what was asked for is done.
    Nothing,
}

impl Answer {
    pub(crate) fn json(status: StatusCode, body: Value) -> Self {
        Self {
            status,
            content: Content::Json(body),
        }
    }

    pub(crate) fn html(status: StatusCode, page: String) -> Self {
        Self {
            status,
            content: Content::Html(page),
        }
    }

    pub(crate) fn nothing() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            content: Content::Nothing,
        }
    }

    /// The answer as it goes out.
    pub(crate) fn response(self, debug_id: &str) -> Response<Bytes> {
        let (kind, body, extra) = match self.content {
            Content::Json(value) => ("application/json", value.to_string(), None),
            Content::Html(page) => ("text/html; charset=utf-8", page, None),
            Content::Certificate(pem) => (
                "application/x-pem-file",
                pem,
                Some((CACHE_CONTROL, "public,max-age=86400".to_owned())),
            ),
            Content::SeeOther(to) => ("text/plain", String::new(), Some((LOCATION, to))),
            Content::Nothing => ("application/json", String::new(), None),
        };
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        for (name, value) in extra.into_iter().chain([(DEBUG_ID, debug_id.to_owned())]) {
            // The values were parsed as addresses or made here; one that is no
            // header all the same is left out rather than sent broken.
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// A refusal: an error body with one detail, or an older shape.
#[derive(Debug)]
pub(crate) struct Refusal {
    kind: Kind,
    /// The call it answers, whose specification fixes the description.
    on: Option<On>,
    /// `details[].issue`, the one thing a caller may decide on.
    issue: Box<str>,
    /// The field at fault, as a JSON pointer, with its value.
    field: Option<(&'static str, String)>,
    /// Where the payer goes to mend it: relation and address.
    link: Option<(&'static str, String)>,
    /// When the caller may try again, in seconds or as a date.
    retry_after: Option<Box<str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    InvalidRequest,
    AuthenticationFailure,
    NotAuthorized,
    NotFound,
    Conflict,
    Gone,
    UnsupportedMediaType,
    Unprocessable,
    RateLimit,
    TooYoung,
    TooManyRows,
    ServerError,
    ServiceUnavailable,
    InvalidWebhook,
    WebhookUrlExists,
    TooManyWebhooks,
    UnchangedWebhook,
    UnknownWebhookOrEvent,
}

impl Kind {
    /// HTTP status, `name` and `message`.
    ///
    /// Source: PayPal Orders v2, schemas `error_400` to `error_503`.
    fn texts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::InvalidRequest => (
                StatusCode::BAD_REQUEST,
                "INVALID_REQUEST",
                "Request is not well-formed, syntactically incorrect, or violates schema.",
            ),
            Self::AuthenticationFailure => (
                StatusCode::UNAUTHORIZED,
                "AUTHENTICATION_FAILURE",
                "Authentication failed due to missing authorization header, or invalid \
                 authentication credentials.",
            ),
            Self::NotAuthorized => (
                StatusCode::FORBIDDEN,
                "NOT_AUTHORIZED",
                "Authorization failed due to insufficient permissions.",
            ),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "RESOURCE_NOT_FOUND",
                "The specified resource does not exist.",
            ),
            Self::Conflict => (
                StatusCode::CONFLICT,
                "RESOURCE_CONFLICT",
                "The server has detected a conflict while processing this request.",
            ),
            Self::Gone => (
                StatusCode::GONE,
                "RESOURCE_GONE",
                "The specified resource is no longer available.",
            ),
            Self::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UNSUPPORTED_MEDIA_TYPE",
                "The server does not support the request payload's media type.",
            ),
            Self::Unprocessable => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "UNPROCESSABLE_ENTITY",
                "The requested action could not be performed, semantically incorrect, or failed \
                 business validation.",
            ),
            Self::RateLimit => (
                StatusCode::TOO_MANY_REQUESTS,
                "RATE_LIMIT_REACHED",
                "Too many requests. Blocked due to rate limiting.",
            ),
            Self::TooYoung => (
                StatusCode::BAD_REQUEST,
                "INVALID_REQUEST",
                "Data for the given start date is not available.",
            ),
            Self::TooManyRows => (
                StatusCode::BAD_REQUEST,
                "RESULTSET_TOO_LARGE",
                "Result set size is greater than the maximum limit. Change the filter criteria \
                 and try again.",
            ),
            Self::ServerError => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "INTERNAL_SERVER_ERROR",
                "An internal server error occurred.",
            ),
            Self::ServiceUnavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "SERVICE_UNAVAILABLE",
                "Service Unavailable.",
            ),
            Self::InvalidWebhook => (
                StatusCode::BAD_REQUEST,
                "VALIDATION_ERROR",
                "Invalid data provided",
            ),
            // Merchants' code knows these three by name; the sentences are ours.
            Self::WebhookUrlExists => (
                StatusCode::BAD_REQUEST,
                "WEBHOOK_URL_ALREADY_EXISTS",
                "Webhook URL already exists",
            ),
            Self::TooManyWebhooks => (
                StatusCode::BAD_REQUEST,
                "WEBHOOK_NUMBER_LIMIT_EXCEEDED",
                "Webhook number limit exceeded",
            ),
            Self::UnchangedWebhook => (
                StatusCode::BAD_REQUEST,
                "WEBHOOK_PATCH_REQUEST_NO_CHANGE",
                "The patch request changes nothing",
            ),
            Self::UnknownWebhookOrEvent => (
                StatusCode::NOT_FOUND,
                "INVALID_RESOURCE_ID",
                "Resource id is invalid",
            ),
        }
    }

    /// The kind an issue belongs to; business issues are the great majority.
    fn of(issue: &str) -> Self {
        match issue {
            "INVALID_PARAMETER_SYNTAX"
            | "INVALID_PARAMETER_VALUE"
            | "INVALID_STRING_LENGTH"
            | "MISSING_REQUIRED_PARAMETER"
            | "MALFORMED_REQUEST_JSON"
            | "INVALID_ARRAY_MAX_ITEMS"
            | "INVALID_ARRAY_MIN_ITEMS"
            | "NOT_SUPPORTED"
            | "DUPLICATE_REQUEST_ID"
            | "PAYPAL_REQUEST_ID_REQUIRED" => Self::InvalidRequest,
            "AUTHENTICATION_FAILURE" => Self::AuthenticationFailure,
            "PERMISSION_DENIED" | "CONSENT_NEEDED" => Self::NotAuthorized,
            "INVALID_RESOURCE_ID" => Self::NotFound,
            "PREVIOUS_REQUEST_IN_PROGRESS" => Self::Conflict,
            "UNSUPPORTED_MEDIA_TYPE" => Self::UnsupportedMediaType,
            "RATE_LIMIT_REACHED" => Self::RateLimit,
            "INTERNAL_SERVER_ERROR" => Self::ServerError,
            "SERVICE_UNAVAILABLE" => Self::ServiceUnavailable,
            _ => Self::Unprocessable,
        }
    }

    /// Whether it is one of the calls about webhooks and their events.
    fn is_of_webhooks(self) -> bool {
        matches!(
            self,
            Self::InvalidWebhook
                | Self::WebhookUrlExists
                | Self::TooManyWebhooks
                | Self::UnchangedWebhook
                | Self::UnknownWebhookOrEvent
        )
    }

    /// The kind a status belongs to.
    fn of_status(status: u16) -> Self {
        match status {
            400 => Self::InvalidRequest,
            401 => Self::AuthenticationFailure,
            403 => Self::NotAuthorized,
            404 => Self::NotFound,
            409 => Self::Conflict,
            _ => Self::Unprocessable,
        }
    }
}

impl Refusal {
    /// A refusal with this issue; its kind follows from it.
    pub(crate) fn issue(issue: &str) -> Self {
        Self {
            kind: Kind::of(issue),
            on: None,
            issue: issue.into(),
            field: None,
            link: None,
            retry_after: None,
        }
    }

    /// What was there is not any more; nobody knows PayPal's words for it.
    pub(crate) fn gone() -> Self {
        Self {
            kind: Kind::Gone,
            ..Self::issue("RESOURCE_GONE")
        }
    }

    /// Transactions are asked for that are too young to be there.
    pub(crate) fn too_young() -> Self {
        Self {
            kind: Kind::TooYoung,
            ..Self::issue(Issue::NO_DETAILS.name())
        }
    }

    /// More transactions are asked for than are ever shown.
    pub(crate) fn too_many_rows() -> Self {
        Self {
            kind: Kind::TooManyRows,
            ..Self::issue("RESULTSET_TOO_LARGE")
        }
    }

    /// A field of a request about webhooks or events holds what it cannot.
    pub(crate) fn invalid_webhook(field: &'static str, issue: &str) -> Self {
        Self::of_webhooks(Kind::InvalidWebhook).field(field, issue)
    }

    /// Another webhook has this address.
    pub(crate) fn webhook_url_exists() -> Self {
        Self::of_webhooks(Kind::WebhookUrlExists)
    }

    /// There are as many webhooks as there may be.
    pub(crate) fn too_many_webhooks() -> Self {
        Self::of_webhooks(Kind::TooManyWebhooks)
    }

    /// The webhook is already as it is asked to be.
    pub(crate) fn unchanged_webhook() -> Self {
        Self::of_webhooks(Kind::UnchangedWebhook)
    }

    /// No webhook, or no event, has this id.
    pub(crate) fn unknown_webhook_or_event() -> Self {
        Self::of_webhooks(Kind::UnknownWebhookOrEvent)
    }

    fn of_webhooks(kind: Kind) -> Self {
        Self {
            kind,
            ..Self::issue(kind.texts().1)
        }
    }

    /// A refusal as this call knows it; its kind follows from both.
    pub(crate) fn of(on: On, issue: Issue) -> Self {
        let kind = Kind::of_status(crate::issues::status(on, issue.name()));
        Self {
            kind,
            ..Self::issue(issue.name()).answering(Some(on))
        }
    }

    /// The call it answers.
    pub(crate) fn answering(mut self, on: Option<On>) -> Self {
        self.on = on;
        self
    }

    /// The field at fault.
    pub(crate) fn field(mut self, pointer: &'static str, value: impl Into<String>) -> Self {
        self.field = Some((pointer, value.into()));
        self
    }

    /// Where the payer goes to mend it.
    pub(crate) fn link(mut self, relation: &'static str, href: String) -> Self {
        self.link = Some((relation, href));
        self
    }

    /// When the caller may try again.
    pub(crate) fn retry_after(mut self, told: Option<String>) -> Self {
        self.retry_after = told.map(String::into_boxed_str);
        self
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.kind.texts().0
    }

    /// The error body.
    pub(crate) fn body(&self, debug_id: &str) -> Value {
        if self.kind.is_of_webhooks() {
            return self.body_of_webhooks(debug_id);
        }
        let (_, name, message) = self.kind.texts();
        let mut body = json!({ "name": name, "message": message, "debug_id": debug_id });
        let mut links = Vec::new();
        if !matches!(self.kind, Kind::RateLimit | Kind::ServiceUnavailable) {
            links.push(json!({
                "href": format!(
                    "https://developer.paypal.com/docs/api/orders/v2/#error-{}",
                    self.issue
                ),
                "rel": "information_link",
                "method": "GET"
            }));
        }
        if let Some((relation, href)) = &self.link {
            links.push(json!({ "href": href, "rel": relation, "method": "GET" }));
        }
        body["links"] = Value::Array(links);
        // The others are told by name alone.
        if &*self.issue == Issue::NO_DETAILS.name() {
            body["details"] = json!([]);
        } else if &*self.issue != name {
            let mut detail =
                json!({ "issue": self.issue, "description": description(self.on, &self.issue) });
            if let Some((pointer, value)) = &self.field {
                detail["field"] = json!(pointer);
                detail["value"] = json!(value);
                detail["location"] = json!("body");
            }
            body["details"] = json!([detail]);
        }
        body
    }

    /// The error body of the calls about webhooks: an older shape, which says by its
    /// name what others say by `details[].issue`.
    ///
    /// Source: answers in paypal/paypal-checkout-components#1391 (an unknown id) and
    /// paypal/PayPal-NET-SDK#293 (an address that will not do).
    fn body_of_webhooks(&self, debug_id: &str) -> Value {
        let (_, name, message) = self.kind.texts();
        let details: Vec<Value> = self
            .field
            .iter()
            .map(|(field, issue)| json!({ "field": field, "issue": issue }))
            .collect();
        json!({
            "name": name,
            "message": message,
            "debug_id": debug_id,
            "information_link": "https://developer.paypal.com/docs/api/webhooks/#errors",
            "details": details,
            "links": [],
        })
    }

    /// The refusal as it goes out.
    pub(crate) fn response(&self, debug_id: &str) -> Response<Bytes> {
        let mut response = Answer::json(self.status(), self.body(debug_id)).response(debug_id);
        let told = self.retry_after.as_deref().map(HeaderValue::from_str);
        if let Some(Ok(told)) = told {
            response.headers_mut().insert(RETRY_AFTER, told);
        }
        response
    }
}
