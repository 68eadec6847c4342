//! One way out for every page, so that none leaves without its headers.

use http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName,
    HeaderValue, REFERRER_POLICY, RETRY_AFTER, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use http::{Response, StatusCode};
use ticket::Language;

use crate::Policy;

/// How long a driver waits before the next try, when the table or `PayPal`
/// does not answer.
const RETRY_AFTER_S: &str = "30";

pub(crate) fn answer(
    policy: &Policy,
    status: StatusCode,
    language: Language,
    html: String,
) -> Response<String> {
    let mut response = Response::new(html);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    secure(headers);
    headers.insert(
        CONTENT_SECURITY_POLICY,
        policy.content_security_policy(&[], false),
    );
    headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
    }
    response
}

fn secure(headers: &mut HeaderMap) {
    let fixed: [(HeaderName, &'static str); 9] = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        // The address holds the token, the page a case.
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
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
