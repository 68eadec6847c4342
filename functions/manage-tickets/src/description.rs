//! What the office API is, for whoever writes a program against it.

use http::{Method, Response, StatusCode};
use lambda_http::{Body, Request, RequestExt};
use office::OPENAPI;

/// Whether the description is asked for: the one route that asks for no token. None with
/// a parameter is it, whatever its path ends with.
pub(crate) fn is_asked_for(request: &Request) -> bool {
    request.method() == Method::GET
        && request.path_parameters().is_empty()
        && request.uri().path().ends_with("/openapi.json")
}

/// The description.
pub(crate) fn answer() -> Response<Body> {
    office::answer(StatusCode::OK, "application/json", OPENAPI.into())
}
