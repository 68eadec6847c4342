//! The same code behind a socket.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt, Full, Limited};

use crate::Standin;

/// The longest request body. PayPal names no figure; ours are below 2 KiB.
const BODY_MAX: usize = 1 << 20;

pub(crate) fn router(standin: Arc<Standin>) -> axum::Router {
    axum::Router::new().fallback(take).with_state(standin)
}

async fn take(
    State(standin): State<Arc<Standin>>,
    request: Request,
) -> Result<Response, Infallible> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_MAX).collect().await else {
        let mut too_large = Response::new(Body::empty());
        *too_large.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(too_large);
    };
    let request = Request::from_parts(parts, body.to_bytes());
    Ok(match standin.call(request).await {
        Ok(answer) => answer.map(Body::from),
        Err(_) => hang_up(),
    })
}

/// An answer that never leaves: its body fails before the head is flushed, and
/// the connection is closed on the caller.
fn hang_up() -> Response {
    // Announced as one byte, since an empty body would never be asked for.
    let one_byte_over = Limited::new(Full::new(Bytes::from_static(b"xx")), 1);
    Response::new(Body::new(one_byte_over))
}
