//! What both kinds of API write the same way.

use bytes::Bytes;
use data_encoding::BASE64;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Where every local request comes from.
pub(super) const SOURCE_IP: &str = "127.0.0.1";
/// The account that documentation uses.
pub(super) const ACCOUNT_ID: &str = "111122223333";

/// An error of the gateway's own.
pub(super) fn message(status: StatusCode, text: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(json!({ "message": text }).to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

/// `20/Feb/2026:09:30:00 +0000`, the form of access logs.
pub(super) fn clf_time(at: Timestamp) -> String {
    at.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string()
}

/// A request id that is the same for the same moment: nothing depends on it.
pub(super) fn request_id(at: Timestamp) -> String {
    format!("local-{}", at.as_nanosecond())
}

/// One header as text; what is no UTF-8 becomes a replacement character.
pub(super) fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// What the function answered, in the form both kinds of API read.
///
/// `None` when it is not of that form: a malformed proxy response.
pub(super) fn response(answer: &Value, decodes_base64: bool) -> Option<Response<Bytes>> {
    let status = answer.get("statusCode")?.as_u64()?;
    let status = StatusCode::from_u16(u16::try_from(status).ok()?).ok()?;
    let body = match answer.get("body") {
        None | Some(Value::Null) => Vec::new(),
        Some(body) => {
            let body = body.as_str()?.as_bytes();
            if decodes_base64 && answer.get("isBase64Encoded") == Some(&Value::Bool(true)) {
                BASE64.decode(body).ok()?
            } else {
                body.to_vec()
            }
        }
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers(answer)?;
    Some(response)
}

fn headers(answer: &Value) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    let mut add = |name: &str, value: &Value| -> Option<()> {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        headers.append(
            HeaderName::try_from(name).ok()?,
            HeaderValue::try_from(value).ok()?,
        );
        Some(())
    };
    for (name, value) in object(answer, "headers") {
        add(name, value)?;
    }
    for (name, values) in object(answer, "multiValueHeaders") {
        for value in values.as_array()? {
            add(name, value)?;
        }
    }
    for cookie in answer
        .get("cookies")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        add("set-cookie", cookie)?;
    }
    Some(headers)
}

fn object<'a>(answer: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    answer
        .get(key)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}
