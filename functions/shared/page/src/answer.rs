//! One way out for every page, so that none leaves without its headers.

use askama::Template;
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64;
use http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName,
    HeaderValue, LOCATION, REFERRER_POLICY, RETRY_AFTER, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{Response, StatusCode};

use crate::Policy;
use crate::frame::Frame;

/// How long a driver waits before the next try, when the table or PayPal
/// does not answer.
const RETRY_AFTER_S: &str = "30";

const FIXED: [(HeaderName, &str); 9] = [
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    // The address holds the token, the page a case: neither may stay behind.
    (CACHE_CONTROL, "no-store"),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=()",
    ),
    (
        HeaderName::from_static("x-robots-tag"),
        "noindex, nofollow, noarchive",
    ),
];

/// On to another address, 303, with the headers every answer has. `None` when
/// `url` cannot be a header's value.
#[must_use]
pub fn redirect(url: &str) -> Option<Response<String>> {
    let mut response = Response::new(String::new());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    headers.insert(LOCATION, HeaderValue::from_str(url).ok()?);
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    );
    Some(response)
}

/// The page with its headers.
pub(crate) fn answer(
    policy: &Policy,
    status: StatusCode,
    frame: &Frame<'_>,
    page: &impl Template,
) -> Response<String> {
    let rendered = page.render();
    let mut response = Response::new(String::new());
    // Nothing in the templates can fail; if it did, half a page with "200"
    // would be worse than none.
    (*response.status_mut(), *response.body_mut()) = match rendered {
        Ok(html) => (status, html),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, String::new()),
    };
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let style_hash = BASE64.encode(digest(&SHA256, frame.style.as_bytes()).as_ref());
    headers.insert(
        CONTENT_SECURITY_POLICY,
        policy.content_security_policy(&style_hash),
    );
    headers.insert(
        CONTENT_LANGUAGE,
        HeaderValue::from_static(frame.text.0.tag()),
    );
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
    }
    response
}
