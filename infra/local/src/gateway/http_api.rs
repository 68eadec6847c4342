//! The HTTP API: events of payload format 2.0, and its own error texts.

use std::collections::BTreeMap;

use bytes::Bytes;
use data_encoding::BASE64;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::Routed;
use super::authorizer::{Authorizer, Claims, Refusal};
use super::wire::{self, message};
use crate::function::Function;

pub(super) async fn answer(
    routed: &Routed<'_>,
    authorizer: &Authorizer,
    scopes: Option<&[String]>,
    function: &Function,
) -> Response<Bytes> {
    let jwt = match scopes {
        None => None,
        Some(scopes) => match authorizer.check(routed.headers, scopes, routed.now) {
            Ok(claims) => Some((claims, scopes)),
            Err(refusal) => {
                report(routed, &refusal, scopes);
                return refused(&refusal);
            }
        },
    };
    let event = event(
        routed,
        jwt.as_ref().map(|(claims, scopes)| (claims, *scopes)),
    );
    match function.invoke(&event, routed.now).await {
        Ok(answer) => response(&answer).unwrap_or_else(|| {
            tracing::error!(
                function = function.name(),
                "malformed Lambda proxy response"
            );
            broken()
        }),
        Err(error) => {
            tracing::error!(function = function.name(), %error, "no answer");
            broken()
        }
    }
}

/// Unknown path or method.
pub(super) fn no_such_route() -> Response<Bytes> {
    message(StatusCode::NOT_FOUND, "Not Found")
}

/// A body over the limit.
pub(super) fn too_large() -> Response<Bytes> {
    message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")
}

/// A function error or a malformed answer.
fn broken() -> Response<Bytes> {
    message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
}

/// Whoever is refused reads `Unauthorized` and no more; here he can read why.
fn report(routed: &Routed<'_>, refusal: &Refusal, scopes: &[String]) {
    let (method, route) = (routed.method, routed.route.path.as_str());
    match refusal {
        Refusal::NoToken => tracing::warn!(
            %method, route,
            "the office API was asked without a token: send the header \
             Authorization: Bearer and office_token of the ready line"
        ),
        Refusal::InvalidToken(reason) => tracing::warn!(
            %method, route, reason,
            "the office API was asked with a token that is not valid: send office_token of the \
             last ready line"
        ),
        Refusal::MissingScope => tracing::warn!(
            %method, route, needed = scopes.join(" or "),
            "the office API was asked with a token that does not allow this"
        ),
    }
}

/// Source: Amazon API Gateway developer guide, "Troubleshooting issues with
/// HTTP API JWT authorizers": status, body and the header `www-authenticate`.
fn refused(refusal: &Refusal) -> Response<Bytes> {
    let (mut response, challenge) = match refusal {
        Refusal::NoToken => (
            message(StatusCode::UNAUTHORIZED, "Unauthorized"),
            "Bearer".to_owned(),
        ),
        Refusal::InvalidToken(why) => (
            message(StatusCode::UNAUTHORIZED, "Unauthorized"),
            format!(r#"Bearer scope="" error="invalid_token" error_description="{why}""#),
        ),
        Refusal::MissingScope => (
            message(StatusCode::FORBIDDEN, "Forbidden"),
            r#"Bearer scope="" error="insufficient_scope""#.to_owned(),
        ),
    };
    if let Ok(challenge) = HeaderValue::try_from(challenge) {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

fn response(answer: &Value) -> Option<Response<Bytes>> {
    let mut response = wire::response(answer, true)?;
    response
        .headers_mut()
        .entry(header::CONTENT_TYPE)
        .or_insert(HeaderValue::from_static("text/plain;charset=UTF-8"));
    Some(response)
}

/// The event; without a token's claims on a route that asks for none.
pub(super) fn event(routed: &Routed<'_>, jwt: Option<(&Claims, &[String])>) -> Value {
    let route_key = format!("{} {}", routed.method, routed.route.path.as_str());
    let host = routed.headers.get(header::HOST).map(wire::text);
    let user_agent = routed.headers.get(header::USER_AGENT).map(wire::text);
    let mut event = json!({
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": routed.path,
        "rawQueryString": routed.query,
        "headers": headers(routed.headers),
        "requestContext": {
            "accountId": wire::ACCOUNT_ID,
            "apiId": "office",
            "domainName": host,
            "domainPrefix": "local",
            "http": {
                "method": routed.method.as_str(),
                "path": routed.path,
                "protocol": "HTTP/1.1",
                "sourceIp": wire::SOURCE_IP,
                "userAgent": user_agent,
            },
            "requestId": wire::request_id(routed.now),
            "routeKey": route_key,
            "stage": "$default",
            "time": wire::clf_time(routed.now),
            "timeEpoch": routed.now.as_millisecond(),
        },
    });
    if let Some((claims, scopes)) = jwt {
        let jwt = json!({ "claims": claims, "scopes": scopes });
        event["requestContext"]["authorizer"] = json!({ "jwt": jwt });
    }
    // Unlike format 1.0, what is empty is left out.
    let query = query(routed.query);
    if !query.is_empty() {
        event["queryStringParameters"] = json!(query);
    }
    if !routed.parameters.is_empty() {
        event["pathParameters"] = json!(routed.parameters);
    }
    let encoded = !is_text(routed.headers);
    if !routed.body.is_empty() {
        event["body"] = if encoded {
            json!(BASE64.encode(routed.body))
        } else {
            json!(String::from_utf8_lossy(routed.body))
        };
    }
    event["isBase64Encoded"] = json!(encoded && !routed.body.is_empty());
    event
}

/// Names in lower case, several values of one name joined by commas.
fn headers(given: &HeaderMap) -> Map<String, Value> {
    let mut headers = Map::new();
    for name in given.keys() {
        let values: Vec<String> = given.get_all(name).iter().map(wire::text).collect();
        headers.insert(name.to_string(), json!(values.join(",")));
    }
    headers
}

fn query(text: &str) -> BTreeMap<String, String> {
    let mut query: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        query
            .entry(name.into_owned())
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    query
}

/// Whether the body is handed over as text; any other comes as base64.
///
/// Source: Amazon API Gateway developer guide, "Working with binary media types
/// for HTTP APIs": `text/*`, `application/json`, `application/xml` and
/// `application/javascript` are text.
fn is_text(headers: &HeaderMap) -> bool {
    let Some(content_type) = headers.get(header::CONTENT_TYPE).map(wire::text) else {
        return true;
    };
    let media_type = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    media_type.starts_with("text/")
        || matches!(
            media_type.as_str(),
            "application/json" | "application/xml" | "application/javascript"
        )
}
