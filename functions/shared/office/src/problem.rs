//! What is wrong, as a problem document (RFC 9457): what kind of problem, which field,
//! and what to do.

use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Response, StatusCode, Uri};
use lambda_http::Body;
use problem_details::ProblemDetails;
use serde::Serialize;
use ticket::Refusal;

/// How often a change is decided anew because the ticket changed under it; then
/// [`Problem::changing`].
pub const DECISIONS_MAX: usize = 4;

/// How long a caller should wait when the table does not answer, in seconds.
const RETRY_AFTER_S: u16 = 5;
/// How long a payment takes that is under way, in seconds: the lock's lease and a sweep.
const RETRY_AFTER_PAYMENT_S: u16 = 120;
/// How often PayPal is asked about a capture that it holds back, in seconds.
const RETRY_AFTER_PENDING_S: u16 = 3_600;

/// What kind of problem it is. Programs decide by its name, so that none may ever come
/// to mean something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request is not what it must be.
    InvalidRequest,
    /// Nobody is named.
    NotSignedIn,
    /// Nothing was issued under this case number.
    NoSuchTicket,
    /// There is no such route.
    MethodNotAllowed,
    /// The body is too large.
    TooLarge,
    /// Another content stands under the same number.
    OtherContent,
    /// The receipt has paid another ticket.
    ReceiptUsed,
    /// The city takes nothing after the due date.
    TooLate,
    /// A payment was begun in time and may still be finished.
    CheckoutAlive,
    /// A part of the fine is paid.
    PartPaid,
    /// The ticket has no such payment.
    NoSuchPayment,
    /// There is no such refund.
    NoSuchRefund,
    /// No subscriber has this name.
    NoSuchSubscriber,
    /// Less of the payment is left to be given back.
    MoreThanLeft,
    /// PayPal has the money and has not failed to give it back.
    PaypalGivesBack,
    /// Whoever has proposed a refund may not approve it.
    OwnProposal,
    /// A refund was decided before.
    AlreadyDecided,
    /// Only a review can end.
    NotInReview,
    /// The money of the case stands in the way.
    ReviewCannotEndSo,
    /// The ticket stands so that it cannot be.
    Refused(Refusal),
    /// It is not built yet.
    NotImplemented,
    /// It is not the caller's fault, and repeating does not help.
    Internal,
    /// Nothing is known of what was asked.
    Unavailable,
}

impl Kind {
    /// Every kind, in the order in which the API's description lists them.
    pub const ALL: [Self; 29] = [
        Self::InvalidRequest,
        Self::NotSignedIn,
        Self::NoSuchTicket,
        Self::NoSuchPayment,
        Self::NoSuchRefund,
        Self::NoSuchSubscriber,
        Self::MethodNotAllowed,
        Self::TooLarge,
        Self::OtherContent,
        Self::ReceiptUsed,
        Self::TooLate,
        Self::CheckoutAlive,
        Self::PartPaid,
        Self::MoreThanLeft,
        Self::PaypalGivesBack,
        Self::OwnProposal,
        Self::AlreadyDecided,
        Self::NotInReview,
        Self::ReviewCannotEndSo,
        Self::Refused(Refusal::Processing),
        Self::Refused(Refusal::Pending),
        Self::Refused(Refusal::Paid),
        Self::Refused(Refusal::Objected),
        Self::Refused(Refusal::Withdrawn),
        Self::Refused(Refusal::HandedOver),
        Self::Refused(Refusal::Review),
        Self::NotImplemented,
        Self::Internal,
        Self::Unavailable,
    ];

    /// The answer's status.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest => StatusCode::BAD_REQUEST,
            Self::NotSignedIn => StatusCode::UNAUTHORIZED,
            Self::NoSuchTicket
            | Self::NoSuchPayment
            | Self::NoSuchRefund
            | Self::NoSuchSubscriber => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::OtherContent
            | Self::ReceiptUsed
            | Self::TooLate
            | Self::CheckoutAlive
            | Self::PartPaid
            | Self::MoreThanLeft
            | Self::PaypalGivesBack
            | Self::OwnProposal
            | Self::AlreadyDecided
            | Self::NotInReview
            | Self::ReviewCannotEndSo
            | Self::Refused(_) => StatusCode::CONFLICT,
            Self::NotImplemented => StatusCode::NOT_IMPLEMENTED,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The document's `type`. [`crate::OPENAPI`] says of each what it means and what to do.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::InvalidRequest => "/problems/invalid-request",
            Self::NotSignedIn => "/problems/not-signed-in",
            Self::NoSuchTicket => "/problems/no-such-ticket",
            Self::MethodNotAllowed => "/problems/method-not-allowed",
            Self::TooLarge => "/problems/too-large",
            Self::OtherContent => "/problems/other-content",
            Self::ReceiptUsed => "/problems/receipt-used",
            Self::TooLate => "/problems/too-late",
            Self::CheckoutAlive => "/problems/checkout-alive",
            Self::PartPaid => "/problems/part-paid",
            Self::NoSuchPayment => "/problems/no-such-payment",
            Self::NoSuchRefund => "/problems/no-such-refund",
            Self::NoSuchSubscriber => "/problems/no-such-subscriber",
            Self::MoreThanLeft => "/problems/more-than-left",
            Self::PaypalGivesBack => "/problems/paypal-gives-back",
            Self::OwnProposal => "/problems/own-proposal",
            Self::AlreadyDecided => "/problems/already-decided",
            Self::NotInReview => "/problems/not-in-review",
            Self::ReviewCannotEndSo => "/problems/review-cannot-end-so",
            Self::Refused(Refusal::Processing) => "/problems/payment-running",
            Self::Refused(Refusal::Pending) => "/problems/payment-pending",
            Self::Refused(Refusal::Paid) => "/problems/ticket-paid",
            Self::Refused(Refusal::Objected) => "/problems/ticket-objected",
            Self::Refused(Refusal::Withdrawn) => "/problems/ticket-withdrawn",
            Self::Refused(Refusal::HandedOver) => "/problems/ticket-handed-over",
            Self::Refused(Refusal::Review) => "/problems/ticket-in-review",
            Self::NotImplemented => "/problems/not-implemented",
            Self::Internal => "/problems/internal",
            Self::Unavailable => "/problems/unavailable",
        }
    }

    /// After how many seconds the same request may go.
    const fn retry_after_s(self) -> Option<u16> {
        match self {
            Self::Refused(Refusal::Processing) => Some(RETRY_AFTER_PAYMENT_S),
            Self::Refused(Refusal::Pending) | Self::CheckoutAlive => Some(RETRY_AFTER_PENDING_S),
            Self::Unavailable => Some(RETRY_AFTER_S),
            Self::InvalidRequest
            | Self::NotSignedIn
            | Self::NoSuchTicket
            | Self::MethodNotAllowed
            | Self::TooLarge
            | Self::OtherContent
            | Self::ReceiptUsed
            | Self::TooLate
            | Self::PartPaid
            | Self::NoSuchPayment
            | Self::NoSuchRefund
            | Self::NoSuchSubscriber
            | Self::MoreThanLeft
            | Self::PaypalGivesBack
            | Self::OwnProposal
            | Self::AlreadyDecided
            | Self::NotInReview
            | Self::ReviewCannotEndSo
            | Self::Refused(
                Refusal::Paid
                | Refusal::Objected
                | Refusal::Withdrawn
                | Refusal::HandedOver
                | Refusal::Review,
            )
            | Self::NotImplemented
            | Self::Internal => None,
        }
    }
}

/// Something that stands in the way of a request.
#[derive(Debug)]
pub struct Problem {
    /// What kind of problem.
    pub kind: Kind,
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
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            field: None,
            cause: None,
        }
    }

    /// A problem with one field: 400.
    #[must_use]
    pub fn with_field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Kind::InvalidRequest, detail).at(field)
    }

    /// The same, with the field that is wrong.
    #[must_use]
    pub fn at(self, field: impl Into<String>) -> Self {
        Self {
            field: Some(field.into()),
            ..self
        }
    }

    /// The ticket stands so that it cannot be: 409, with what a clerk must know.
    #[must_use]
    pub fn refused(refusal: Refusal) -> Self {
        Self::new(
            Kind::Refused(refusal),
            match refusal {
                Refusal::Processing => {
                    "the driver is paying at PayPal at this moment, and nothing was changed: \
                     send the same again in two minutes"
                }
                Refusal::Pending => {
                    "PayPal has taken a payment and is still checking it, and nothing was \
                     changed: look at the case in an hour, and take no other money meanwhile"
                }
                Refusal::Paid => {
                    "the ticket is paid, and nothing was changed: money is given back only by \
                     a refund"
                }
                Refusal::Objected => {
                    "the driver has objected, and nothing was changed: decide on the objection \
                     first"
                }
                Refusal::Withdrawn => "the ticket is withdrawn, and nothing was changed",
                Refusal::HandedOver => {
                    "the case was handed over for a fine order, and nothing was changed: it \
                     goes on there"
                }
                Refusal::Review => {
                    "the case is in review, and nothing was changed: decide on the review first"
                }
            },
        )
    }

    /// No ticket was issued under the case number: 404.
    #[must_use]
    pub fn no_such_ticket() -> Self {
        Self::new(
            Kind::NoSuchTicket,
            "no ticket was issued under this case number: look at the number, or issue it first",
        )
    }

    /// Nothing is known of what was asked: 503, ask again.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(
            Kind::Unavailable,
            format!(
                "the table did not answer, and what was asked for may or may not have happened; \
                 send the very same again in {RETRY_AFTER_S} s: nothing happens twice"
            ),
        )
    }

    /// The ticket was changed by somebody else each time that it was to be written: 503.
    #[must_use]
    pub fn changing() -> Self {
        Self::new(
            Kind::Unavailable,
            format!(
                "the ticket is being changed by others at this moment, and nothing was changed \
                 by this request; send the very same again in {RETRY_AFTER_S} s"
            ),
        )
    }

    /// It is not the caller's fault, and repeating does not help.
    #[must_use]
    pub fn ours(detail: &str) -> Self {
        Self::new(
            Kind::Internal,
            format!("{detail}; tell whoever runs this system"),
        )
    }

    /// The document itself.
    #[must_use]
    pub fn document(&self) -> ProblemDetails<Place> {
        ProblemDetails::from_status_code(self.kind.status())
            .with_type(Uri::from_static(self.kind.path()))
            .with_detail(self.detail.as_str())
            .with_extensions(Place {
                field: self.field.clone(),
            })
    }

    /// The document as an answer.
    #[must_use]
    pub fn into_response(self) -> Response<Body> {
        let body = serde_json::to_string(&self.document()).unwrap_or_default();
        let status = self.kind.status();
        let mut response = answer(status, "application/problem+json", body.into());
        if let Some(seconds) = self.kind.retry_after_s() {
            let headers = response.headers_mut();
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
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

/// An answer in JSON.
///
/// # Errors
/// When the value cannot be written as JSON.
pub fn json_answer(status: StatusCode, value: &impl Serialize) -> Result<Response<Body>, Problem> {
    let body = json(value)?;
    Ok(answer(status, "application/json", body.into()))
}

/// A value as JSON.
///
/// # Errors
/// When it cannot be written so.
pub(crate) fn json(value: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(value).map_err(|_| Problem::ours("the answer cannot be written as JSON"))
}

/// An error with its causes, for the log. What an unreadable item holds is left out: it
/// is a plate, a place.
#[must_use]
pub fn in_full(error: &store::Error) -> String {
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
