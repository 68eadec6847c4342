//! One exchange: how it is asked, what kinds of answers there are, and its line in the log.
//!
//! Each call is one line, with PayPal's debug id: its support finds a call by nothing else.
//! The span it is made in, where it has a field `debug_id`, gets that id too: so whatever is
//! concluded from the answer is written with it.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::wire::{Link, Unreadable, WireError};
use crate::{AccessToken, Error, Issue, PayPal, TransportError};

/// The largest answer we read. An order has 3 KB, a dispute with its messages
/// some tens.
pub(super) const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// The longest debug id we repeat; PayPal's have 13 characters.
const DEBUG_ID_LEN_MAX: usize = 64;

/// A request under way: what is needed to say what became of it.
pub(super) struct Call<'a> {
    paypal: &'a PayPal,
    name: &'static str,
    deadline: Instant,
}

/// An answer with a 2xx, before anybody knows whether it fits.
pub(super) struct Answer<T> {
    pub(super) body: T,
    name: &'static str,
    status: u16,
    debug_id: Option<String>,
}

/// The parts of a refusal that say what to do.
pub(super) struct Refusal {
    pub(super) issue: Issue,
    pub(super) links: Vec<Link>,
}

impl PayPal {
    pub(super) const fn call(&self, name: &'static str, deadline: Instant) -> Call<'_> {
        Call {
            paypal: self,
            name,
            deadline,
        }
    }
}

impl Call<'_> {
    /// Reads the thing at `path`.
    pub(super) async fn get<T: DeserializeOwned>(
        self,
        token: &AccessToken,
        path: &str,
    ) -> Result<Answer<T>, Error> {
        let headers = HeaderMap::new();
        let request = self.request(Method::GET, path, bearer(token), headers, Bytes::new());
        self.send(request).await
    }

    /// Posts `body` as JSON under a request id: PayPal does the same id once
    /// and repeats its answer.
    pub(super) async fn post<T: DeserializeOwned>(
        self,
        token: &AccessToken,
        path: &str,
        request_id: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<Answer<T>, Error> {
        let request = serde_json::to_vec(body)
            .map_err(|error| TransportError::Failed(Box::new(error)))
            .and_then(|body| {
                let mut headers = HeaderMap::new();
                let json = HeaderValue::from_static("application/json");
                headers.insert(CONTENT_TYPE, json);
                headers.insert("paypal-request-id", value(request_id)?);
                // Without it answers hold no amounts, payee or captures, and
                // each call would need a GET to be understood.
                let whole = HeaderValue::from_static("return=representation");
                headers.insert("prefer", whole);
                self.request(Method::POST, path, bearer(token), headers, body.into())
            });
        self.send(request).await
    }

    /// A request to `path` of PayPal's API.
    pub(super) fn request(
        &self,
        method: Method,
        path: &str,
        authorization: Result<HeaderValue, TransportError>,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Result<Request<Bytes>, TransportError> {
        headers.insert(AUTHORIZATION, authorization?);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static("knoellchen"));
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = format!("{}{path}", self.paypal.config.base_url)
            .parse()
            .map_err(|error: http::uri::InvalidUri| TransportError::Failed(Box::new(error)))?;
        *request.headers_mut() = headers;
        Ok(request)
    }

    /// Sends it and sorts the answer.
    pub(super) async fn send<T: DeserializeOwned>(
        self,
        request: Result<Request<Bytes>, TransportError>,
    ) -> Result<Answer<T>, Error> {
        let name = self.name;
        let sent_at = Instant::now();
        let answer = match request {
            Ok(request) => {
                let PayPal {
                    transport, meter, ..
                } = self.paypal;
                meter.sent();
                let answer = transport
                    .send(request, ANSWER_BYTES_MAX, self.deadline)
                    .await;
                meter.came_back(&answer);
                answer
            }
            Err(error) => Err(error),
        };
        let ms = u64::try_from(sent_at.elapsed().as_millis()).unwrap_or(u64::MAX);
        match answer {
            Ok(answer) => self.sort(&answer, ms),
            Err(source) => {
                // The answer before this one has decided nothing of what follows.
                note(None);
                tracing::warn!(call = name, ms, error = %source, "paypal gave no answer");
                Err(Error::NoAnswer { call: name, source })
            }
        }
    }

    fn sort<T: DeserializeOwned>(
        &self,
        answer: &Response<Bytes>,
        ms: u64,
    ) -> Result<Answer<T>, Error> {
        let call = self.name;
        let status = answer.status();
        let error: Option<WireError> = (!status.is_success())
            .then(|| serde_json::from_slice(answer.body()).ok())
            .flatten();
        let debug_id = debug_id(answer.headers(), error.as_ref());
        note(debug_id.as_deref());
        let status_code = status.as_u16();
        if status.is_success() {
            let Ok(body) = serde_json::from_slice(answer.body()) else {
                return Err(unclear(call, status_code, debug_id, Some(ms)));
            };
            tracing::info!(call, status = status_code, debug_id, ms, "paypal answered");
            return Ok(Answer {
                body,
                name: call,
                status: status_code,
                debug_id,
            });
        }
        // A web page under a 4xx comes from something in front of PayPal,
        // which does not know what happened behind it.
        let refusal = error.and_then(Refusal::of);
        let refused = match (status, refusal) {
            (StatusCode::UNAUTHORIZED, _) => Error::Unauthorized { call, debug_id },
            (
                StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS,
                _,
            ) => {
                return Err(unclear(call, status_code, debug_id, Some(ms)));
            }
            (StatusCode::NOT_FOUND, Some(_)) => Error::NotFound { call, debug_id },
            (_, Some(refusal)) if status.is_client_error() => Error::Refused {
                call,
                status: status_code,
                debug_id,
                approve_url: self
                    .paypal
                    .approve_pages()
                    .among(&refusal.links, &["redirect", "payer-action", "approve"]),
                issue: refusal.issue,
                at: date(answer.headers()),
            },
            (_, Some(_) | None) => {
                return Err(unclear(call, status_code, debug_id, Some(ms)));
            }
        };
        log(&refused, status_code, Some(ms));
        Err(refused)
    }
}

impl<T> Answer<T> {
    /// What `read` makes of the body; an answer that cannot be read, or is
    /// about something else than was asked, says nothing about what happened.
    pub(super) fn read<R>(self, read: impl FnOnce(T) -> Result<R, Unreadable>) -> Result<R, Error> {
        read(self.body).map_err(|Unreadable| unclear(self.name, self.status, self.debug_id, None))
    }
}

impl Refusal {
    /// Nothing when the body is not one of PayPal's errors.
    fn of(error: WireError) -> Option<Self> {
        let name = error.name.or(error.error)?;
        let details = error.details.unwrap_or_default();
        let codes = details.iter().filter_map(|detail| detail.issue.as_deref());
        let issue = Issue::deciding(codes).unwrap_or_else(|| Issue::of(&name));
        Some(Self {
            issue,
            links: error.links.unwrap_or_default(),
        })
    }
}

fn unclear(call: &'static str, status: u16, debug_id: Option<String>, ms: Option<u64>) -> Error {
    let error = Error::Unclear {
        call,
        status,
        debug_id,
    };
    log(&error, status, ms);
    error
}

/// PayPal's support asks for the debug id; nothing else of the answer is written.
fn log(error: &Error, status: u16, ms: Option<u64>) {
    match error {
        Error::Unclear { call, debug_id, .. }
        | Error::Unauthorized { call, debug_id, .. }
        | Error::NotFound { call, debug_id, .. }
        | Error::Refused { call, debug_id, .. } => {
            let debug_id = debug_id.as_deref().unwrap_or_default();
            tracing::warn!(call, status, ms, %error, debug_id, "paypal did not do what was asked");
        }
        Error::NoAnswer { .. } => tracing::warn!(%error, "paypal gave no answer"),
    }
}

/// Whose debug id the lines of this span bear from now on.
fn note(debug_id: Option<&str>) {
    tracing::Span::current().record("debug_id", debug_id.unwrap_or_default());
}

/// When the answer was made.
///
/// Source: RFC 9110, section 6.6.1: whoever makes an answer and has a clock says so.
fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(DATE)?.to_str().ok()?;
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

fn debug_id(headers: &HeaderMap, error: Option<&WireError>) -> Option<String> {
    let header = headers
        .get("paypal-debug-id")
        .and_then(|value| value.to_str().ok());
    let id = header.or(error.and_then(|error| error.debug_id.as_deref()))?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let fits = (1..=DEBUG_ID_LEN_MAX).contains(&id.len()) && id.bytes().all(allowed);
    fits.then(|| id.to_owned())
}

pub(super) fn bearer(token: &AccessToken) -> Result<HeaderValue, TransportError> {
    let mut value = value(&format!("Bearer {}", token.secret.expose()))?;
    value.set_sensitive(true);
    Ok(value)
}

pub(super) fn value(text: &str) -> Result<HeaderValue, TransportError> {
    HeaderValue::from_str(text).map_err(|error| TransportError::Failed(Box::new(error)))
}
