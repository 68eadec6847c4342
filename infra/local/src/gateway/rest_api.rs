//! The REST API: events of payload format 1.0, and its own error texts.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::Routed;
use super::wire::{self, message};
use crate::function::Function;

pub(super) async fn answer(
    routed: &Routed<'_>,
    stage: &str,
    function: &Function,
) -> Response<Bytes> {
    match function.invoke(&event(routed, stage), routed.now).await {
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
///
/// Source: API Gateway's gateway response `MISSING_AUTHENTICATION_TOKEN`, which
/// it gives "when the client attempts to invoke an unsupported API method or
/// resource".
pub(super) fn no_such_route() -> Response<Bytes> {
    message(StatusCode::FORBIDDEN, "Missing Authentication Token")
}

/// Source: gateway response `REQUEST_TOO_LARGE`.
pub(super) fn too_large() -> Response<Bytes> {
    message(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long")
}

/// A function error or a malformed answer.
fn broken() -> Response<Bytes> {
    message(StatusCode::BAD_GATEWAY, "Internal server error")
}

fn response(answer: &Value) -> Option<Response<Bytes>> {
    // Without binary media types a REST API hands base64 on as the text it
    // is: a public function that answers bytes is broken here as it would be
    // when deployed.
    let mut response = wire::response(answer, false)?;
    response
        .headers_mut()
        .entry(header::CONTENT_TYPE)
        .or_insert(HeaderValue::from_static("application/json"));
    Some(response)
}

pub(super) fn event(routed: &Routed<'_>, stage: &str) -> Value {
    let mut headers = Map::new();
    let mut multi_value_headers = Map::new();
    for name in routed.headers.keys() {
        let values: Vec<String> = routed
            .headers
            .get_all(name)
            .iter()
            .map(wire::text)
            .collect();
        headers.insert(name.to_string(), json!(values.last()));
        multi_value_headers.insert(name.to_string(), json!(values));
    }
    let mut query: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(routed.query.as_bytes()) {
        query
            .entry(name.into_owned())
            .or_default()
            .push(value.into_owned());
    }
    let last_of_each: BTreeMap<&String, Option<&String>> = query
        .iter()
        .map(|(name, values)| (name, values.last()))
        .collect();
    let host = routed.headers.get(header::HOST).map(wire::text);
    let user_agent = routed.headers.get(header::USER_AGENT).map(wire::text);
    json!({
        "resource": routed.route.path.as_str(),
        "path": routed.path,
        "httpMethod": routed.method.as_str(),
        "headers": headers,
        "multiValueHeaders": multi_value_headers,
        "queryStringParameters": unless_empty(json!(last_of_each)),
        "multiValueQueryStringParameters": unless_empty(json!(query)),
        "pathParameters": unless_empty(json!(routed.parameters)),
        "stageVariables": null,
        "requestContext": {
            "resourceId": "local",
            "resourcePath": routed.route.path.as_str(),
            "httpMethod": routed.method.as_str(),
            "extendedRequestId": wire::request_id(routed.now),
            "requestTime": wire::clf_time(routed.now),
            "path": routed.path,
            "accountId": wire::ACCOUNT_ID,
            "protocol": "HTTP/1.1",
            "stage": stage,
            "domainPrefix": "local",
            "requestTimeEpoch": routed.now.as_millisecond(),
            "requestId": wire::request_id(routed.now),
            "identity": {
                "cognitoIdentityPoolId": null,
                "accountId": null,
                "cognitoIdentityId": null,
                "caller": null,
                "sourceIp": wire::SOURCE_IP,
                "principalOrgId": null,
                "accessKey": null,
                "cognitoAuthenticationType": null,
                "cognitoAuthenticationProvider": null,
                "userArn": null,
                "userAgent": user_agent,
                "user": null,
            },
            "domainName": host,
            "deploymentId": "local",
            "apiId": "public",
        },
        // Without binary media types every body is text here.
        "body": (!routed.body.is_empty()).then(|| String::from_utf8_lossy(routed.body)),
        "isBase64Encoded": false,
    })
}

/// API Gateway writes null where there is nothing.
fn unless_empty(value: Value) -> Value {
    if value.as_object().is_some_and(Map::is_empty) {
        Value::Null
    } else {
        value
    }
}
