//! The parameter store of AWS Systems Manager: `GetParameter` and nothing else.
//!
//! Source: AWS Systems Manager API reference, `GetParameter`; protocol
//! `awsJson1_1`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What the city has put there, by name.
type Parameters = Arc<BTreeMap<String, String>>;

/// Serves these parameters.
pub(crate) async fn serve(parameters: BTreeMap<String, String>) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new()
        .route("/", post(answer))
        .with_state(Arc::new(parameters));
    let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (address, serving)
}

async fn answer(State(parameters): State<Parameters>, headers: HeaderMap, body: Bytes) -> Response {
    assert_eq!(headers["x-amz-target"], "AmazonSSM.GetParameter");
    let asked: Value = serde_json::from_slice(&body).unwrap();
    // Without it a SecureString comes as ciphertext.
    assert_eq!(asked["WithDecryption"], true);
    let json = [(header::CONTENT_TYPE, "application/x-amz-json-1.1")];
    let found = asked["Name"].as_str().and_then(|name| parameters.get(name));
    let Some(value) = found else {
        let problem = json!({ "__type": "ParameterNotFound" });
        return (StatusCode::BAD_REQUEST, json, problem.to_string()).into_response();
    };
    let parameter = json!({
        "Name": asked["Name"], "Type": "SecureString", "Value": value, "Version": 1
    });
    (json, json!({ "Parameter": parameter }).to_string()).into_response()
}
