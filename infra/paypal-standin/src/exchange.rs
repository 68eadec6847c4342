//! One call from beginning to end: counted, allowed, struck by a fault before,
//! done, struck after, answered.

use std::time::Duration;

use bytes::Bytes;
use http::header::DATE;
use http::{HeaderValue, Request, Response, StatusCode};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde_json::{Value, json};

use crate::answers::{Answer, Content, Refusal};
use crate::behaviour::Omitted;
use crate::faults::{Fault, FaultKind, Strikes};
use crate::issues::Issue;
use crate::orders::{WRONG_PAYEE, sends_payer_back};
use crate::routes::Route;
use crate::signing::Authority;
use crate::state::{ApiRequest, State};

/// What a call came to.
#[derive(Debug)]
pub struct Exchange {
    /// The answer; `None` when the caller gets none.
    pub answer: Option<Response<Bytes>>,
    /// How long the answer takes. What the call does is done already.
    pub after: Duration,
}

impl Exchange {
    fn at_once(answer: Response<Bytes>) -> Self {
        Self {
            answer: Some(answer),
            after: Duration::ZERO,
        }
    }

    fn without_answer() -> Self {
        Self {
            answer: None,
            after: Duration::ZERO,
        }
    }
}

/// When an answer was made, by the clock of whoever made it.
fn date(now: Timestamp) -> HeaderValue {
    rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&now)
        .ok()
        .and_then(|date| date.parse().ok())
        .unwrap_or(HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT"))
}

/// What a proxy shows when what lies behind it is away.
const HTML: &str = "<!doctype html><html><head><title>PayPal</title></head><body>\
                    <h1>Service unavailable</h1></body></html>";

impl State {
    /// Takes a call.
    pub(crate) fn exchange(
        &mut self,
        request: &Request<Bytes>,
        authority: &Authority,
        now: Timestamp,
    ) -> Exchange {
        let route = Route::of(request.method(), request.uri().path());
        *self.books.calls.entry(route.name().into()).or_default() += 1;
        let debug_id = self.ids.debug();
        let asked = ApiRequest {
            now,
            headers: request.headers(),
            query: request.uri().query().unwrap_or_default(),
            body: request.body(),
        };
        let mut exchange = self.struck(route, request, &asked, authority, &debug_id);
        if let Some(answer) = &mut exchange.answer {
            answer.headers_mut().insert(DATE, date(now));
        }
        tracing::debug!(
            call = route.name(),
            status = exchange
                .answer
                .as_ref()
                .map(|answer| answer.status().as_u16()),
            debug_id,
            "took a call"
        );
        exchange
    }

    /// Faults before, the call itself, faults after.
    fn struck(
        &mut self,
        route: Route<'_>,
        request: &Request<Bytes>,
        asked: &ApiRequest<'_>,
        authority: &Authority,
        debug_id: &str,
    ) -> Exchange {
        if let Some(refused) = self.too_many(route, asked.now) {
            return Exchange::at_once(refused.response(debug_id));
        }
        let Some(on) = route.on() else {
            return Exchange::at_once(self.answer(route, request, asked, authority, debug_id));
        };
        let before = self.strike(on, |kind| kind.strikes(on) == Some(Strikes::Before));
        if let Some(fault) = before {
            return self.instead(fault, route, asked, debug_id);
        }
        let answer = self.answer(route, request, asked, authority, debug_id);
        // An answer is only altered where there is one to alter: a refusal
        // leaves the fault for the call that it was meant for.
        let altered = if answer.status().is_success() || answer.status() == 422 {
            self.strike(on, |kind| kind.strikes(on) == Some(Strikes::Answer))
        } else {
            None
        };
        let answer = match altered {
            Some(fault) => alter(answer, fault.kind),
            None => answer,
        };
        match self.strike(on, |kind| kind.strikes(on) == Some(Strikes::After)) {
            Some(fault) => self.after(fault, route, answer, debug_id),
            None => Exchange::at_once(answer),
        }
    }

    /// What comes in place of the call.
    fn instead(
        &mut self,
        fault: Fault,
        route: Route<'_>,
        asked: &ApiRequest<'_>,
        debug_id: &str,
    ) -> Exchange {
        let refuse = |issue| Exchange::at_once(Refusal::issue(issue).response(debug_id));
        match fault.kind {
            FaultKind::NoAnswer => Exchange::without_answer(),
            FaultKind::Html => {
                let page = Answer::html(StatusCode::OK, HTML.to_owned());
                Exchange::at_once(page.response(debug_id))
            }
            FaultKind::Unauthorized => Exchange::at_once(self.revoke(asked).response(debug_id)),
            FaultKind::RateLimit => {
                let told = fault.seconds.map(|seconds| seconds.to_string());
                let refusal = Refusal::issue("RATE_LIMIT_REACHED").retry_after(told);
                Exchange::at_once(refusal.response(debug_id))
            }
            FaultKind::NotFound => refuse("INVALID_RESOURCE_ID"),
            FaultKind::Refused(issue) => self.refused(issue, route, debug_id),
            FaultKind::ServerError
            | FaultKind::Decline
            | FaultKind::PayerActionRequired
            | FaultKind::Pending
            | FaultKind::DeclinedIn201
            | FaultKind::ServerErrorAfterEffect
            | FaultKind::NoAnswerAfterEffect
            | FaultKind::Slow
            | FaultKind::HtmlAfterEffect
            | FaultKind::CutJson
            | FaultKind::EmptyAfterEffect
            | FaultKind::OmitsPayments
            | FaultKind::OmitsPayee
            | FaultKind::OmitsCustomId
            | FaultKind::WrongAmount
            | FaultKind::WrongCurrency
            | FaultKind::WrongPayee
            | FaultKind::UnknownStatus
            | FaultKind::ForeignApproveHost
            | FaultKind::RefusedAfterEffect(_)
            | FaultKind::MissingLink => refuse("INTERNAL_SERVER_ERROR"),
        }
    }

    /// What becomes of an answer whose call has been done.
    fn after(
        &self,
        fault: Fault,
        route: Route<'_>,
        answer: Response<Bytes>,
        debug_id: &str,
    ) -> Exchange {
        match fault.kind {
            FaultKind::NoAnswerAfterEffect => Exchange::without_answer(),
            FaultKind::Slow => Exchange {
                answer: Some(answer),
                after: Duration::from_secs(u64::from(fault.seconds.unwrap_or_default())),
            },
            FaultKind::HtmlAfterEffect => {
                let page = Answer::html(StatusCode::OK, HTML.to_owned());
                Exchange::at_once(page.response(debug_id))
            }
            FaultKind::RefusedAfterEffect(issue) => self.refused(issue, route, debug_id),
            FaultKind::EmptyAfterEffect => {
                let (parts, _) = answer.into_parts();
                Exchange::at_once(Response::from_parts(parts, Bytes::new()))
            }
            FaultKind::CutJson => {
                let (parts, body) = answer.into_parts();
                let half = body.slice(..body.len() / 2);
                Exchange::at_once(Response::from_parts(parts, half))
            }
            FaultKind::ServerErrorAfterEffect
            | FaultKind::Decline
            | FaultKind::PayerActionRequired
            | FaultKind::Pending
            | FaultKind::DeclinedIn201
            | FaultKind::RateLimit
            | FaultKind::Unauthorized
            | FaultKind::ServerError
            | FaultKind::NoAnswer
            | FaultKind::Html
            | FaultKind::OmitsPayments
            | FaultKind::OmitsPayee
            | FaultKind::OmitsCustomId
            | FaultKind::WrongAmount
            | FaultKind::WrongCurrency
            | FaultKind::WrongPayee
            | FaultKind::UnknownStatus
            | FaultKind::ForeignApproveHost
            | FaultKind::MissingLink
            | FaultKind::Refused(_)
            | FaultKind::NotFound => {
                let refusal = Refusal::issue("INTERNAL_SERVER_ERROR");
                Exchange::at_once(refusal.response(debug_id))
            }
        }
    }

    /// A refusal out of the blue, in the shape of its call.
    fn refused(&self, issue: Issue, route: Route<'_>, debug_id: &str) -> Exchange {
        let Some(on) = route.on() else {
            return Exchange::at_once(Refusal::issue(issue.name()).response(debug_id));
        };
        let mut refusal = Refusal::of(on, issue);
        if let (Route::Capture(id), Some(relation)) = (route, sends_payer_back(issue.name())) {
            refusal = refusal.link(relation, self.shapes().payers_page(id));
        }
        Exchange::at_once(refusal.response(debug_id))
    }

    /// The call itself.
    fn answer(
        &mut self,
        route: Route<'_>,
        request: &Request<Bytes>,
        asked: &ApiRequest<'_>,
        authority: &Authority,
        debug_id: &str,
    ) -> Response<Bytes> {
        if route.needs_token() {
            if let Some(refused) = self.unauthorized(asked, debug_id) {
                return refused.response(debug_id);
            }
            if route == Route::Transactions && !self.may_search(asked) {
                return Refusal::issue("PERMISSION_DENIED").response(debug_id);
            }
            if let Some(issue) = mocked(asked) {
                let refusal = match (route.on(), Issue::named(&issue)) {
                    (Some(on), Some(issue)) => Refusal::of(on, issue),
                    (_, _) => Refusal::issue(&issue),
                };
                return refusal.response(debug_id);
            }
        }
        let answered = match route {
            Route::Token => Ok(self.token(asked)),
            Route::Create => self.create(asked),
            Route::GetOrder(id) => self.get_order(id, asked),
            Route::Capture(id) => self.capture(id, asked),
            Route::GetCapture(id) => self.get_capture(id, asked.now),
            Route::Refund(id) => self.refund(id, asked),
            Route::GetRefund(id) => self.get_refund(id, asked.now),
            Route::GetDispute(id) => self.get_dispute(id, asked.now),
            Route::Transactions => self.transactions(asked),
            Route::VerifyWebhook => self.verify_webhook(asked, authority),
            Route::CreateWebhook => self.create_webhook(asked),
            Route::ListWebhooks => Ok(self.list_webhooks()),
            Route::GetWebhook(id) => self.get_webhook(id),
            Route::UpdateWebhook(id) => self.update_webhook(id, asked),
            Route::DeleteWebhook(id) => self.delete_webhook(id),
            Route::ListEvents => self.list_events(asked),
            Route::GetEvent(id) => self.get_event(id),
            Route::ResendEvent(id) => self.resend_event(id, asked),
            Route::Certificate(name) => authority
                .certificate(name)
                .map(|pem| Answer {
                    status: StatusCode::OK,
                    content: Content::Certificate(pem.to_owned()),
                })
                .ok_or_else(|| Refusal::issue("INVALID_RESOURCE_ID")),
            Route::PayersPage { pressed } => Ok(self.payers_page(pressed, asked)),
            Route::Anchors => Ok(Answer {
                status: StatusCode::OK,
                content: Content::Certificate(
                    authority.anchors_pem(self.behaviour.signed_by).to_owned(),
                ),
            }),
            Route::Lever(lever) => Ok(self.lever(request.method(), lever, asked)),
            Route::Unknown => Err(Refusal::issue("INVALID_RESOURCE_ID")),
        };
        match answered {
            Ok(answer) => answer.response(debug_id),
            Err(refusal) => refusal.answering(route.on()).response(debug_id),
        }
    }
}

/// The issue that the header `PayPal-Mock-Response` asks for. Such a call books
/// nothing.
///
/// Source: PayPal negative testing, request headers.
fn mocked(asked: &ApiRequest<'_>) -> Option<String> {
    let header = asked.header("paypal-mock-response")?;
    let codes: Value = serde_json::from_str(header).ok()?;
    codes
        .get("mock_application_codes")?
        .as_str()
        .map(str::to_owned)
}

/// An answer that says something else than the books.
fn alter(answer: Response<Bytes>, kind: FaultKind) -> Response<Bytes> {
    let (parts, body) = answer.into_parts();
    let Ok(mut value) = serde_json::from_slice::<Value>(&body) else {
        return Response::from_parts(parts, body);
    };
    omitted(kind).leave_out(&mut value);
    alter_value(&mut value, kind);
    Response::from_parts(parts, Bytes::from(value.to_string()))
}

fn omitted(kind: FaultKind) -> Omitted {
    Omitted {
        payments: kind == FaultKind::OmitsPayments,
        payee: kind == FaultKind::OmitsPayee,
        custom_id: kind == FaultKind::OmitsCustomId,
        ..Omitted::default()
    }
}

fn alter_value(value: &mut Value, kind: FaultKind) {
    match value {
        Value::Array(items) => {
            if kind == FaultKind::MissingLink {
                items.retain(|item| !is_payers_link(item));
            }
            for item in items {
                alter_value(item, kind);
            }
        }
        Value::Object(fields) => {
            if kind == FaultKind::WrongAmount && fields.contains_key("currency_code") {
                let less = fields.get("value").and_then(one_cent_less);
                fields.insert("value".to_owned(), json!(less.unwrap_or_default()));
            }
            if kind == FaultKind::WrongCurrency && fields.contains_key("currency_code") {
                fields.insert("currency_code".to_owned(), json!("USD"));
            }
            if kind == FaultKind::WrongPayee && fields.contains_key("merchant_id") {
                fields.insert("merchant_id".to_owned(), json!(WRONG_PAYEE));
            }
            if kind == FaultKind::UnknownStatus && fields.contains_key("id") {
                fields.insert("status".to_owned(), json!("NEVER_HEARD_OF"));
            }
            let is_payers_link = fields.get("rel").is_some_and(leads_payer);
            if kind == FaultKind::ForeignApproveHost && is_payers_link {
                fields.insert(
                    "href".to_owned(),
                    json!("https://www.paypal.com.example.net/checkoutnow?token=X"),
                );
            }
            for field in fields.values_mut() {
                alter_value(field, kind);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `"25.00"` becomes `"24.99"`.
fn one_cent_less(value: &Value) -> Option<String> {
    let digits = value.as_str()?.replace('.', "");
    let minor_units = digits.parse::<u64>().ok()?.checked_sub(1)?;
    Some(format!("{}.{:02}", minor_units / 100, minor_units % 100))
}

fn is_payers_link(link: &Value) -> bool {
    link.get("rel").is_some_and(leads_payer)
}

fn leads_payer(relation: &Value) -> bool {
    matches!(
        relation.as_str(),
        Some("approve" | "payer-action" | "redirect")
    )
}
