//! Gateways and the stand-in on sockets.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use axum::{Extension, Router};
use paypal_standin::Standin;
use tokio::net::TcpListener;

use crate::gateway::{BODY_BYTES_MAX, Gateway};

/// Serves a gateway until the future is dropped; routes of the stack's own come
/// before those of the gateway.
pub(crate) async fn serve(listener: TcpListener, gateway: Gateway, own: Router) {
    let router = own.fallback(answer).layer(Extension(gateway));
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "a server has ended");
    }
}

/// Serves the stand-in for PayPal until the future is dropped.
pub(crate) async fn standin(listener: TcpListener, standin: Arc<Standin>) {
    if let Err(error) = axum::serve(listener, standin.router()).await {
        tracing::error!(%error, "the stand-in for PayPal has ended");
    }
}

async fn answer(Extension(gateway): Extension<Gateway>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        return gateway.too_large().map(Body::from);
    };
    gateway
        .answer(Request::from_parts(parts, body))
        .await
        .map(Body::from)
}
