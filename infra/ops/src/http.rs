//! What is asked over HTTP: the local stack, the city's own addresses, its login.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use reqwest::Response;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;

use crate::Problem;

/// The longest: a comparison with PayPal's books works for 50 seconds.
const ANSWER_LIMIT: Duration = Duration::from_secs(70);
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// Asks once, and follows no redirect; an error says why there was no answer.
pub(crate) async fn ask(
    method: Method,
    url: &str,
    token: Option<&str>,
    body: Option<&Value>,
) -> Result<Response, Problem> {
    let mut request = client()?.request(method, url);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    request.send().await.map_err(|error| no_answer(url, &error))
}

/// The JSON at an address.
pub(crate) async fn json(url: &str) -> Result<Value, Problem> {
    let answer = ask(Method::GET, url, None, None).await?;
    let status = answer.status();
    if !status.is_success() {
        return Err(Problem::new(format!("{url} answers {status}")));
    }
    let read = answer.json().await;
    read.map_err(|_| Problem::new(format!("{url} answers no JSON")))
}

fn client() -> Result<reqwest::Client, Problem> {
    let refused = |error: &dyn std::fmt::Display| Problem::new(format!("TLS: {error}"));
    let roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        // Without one the web ACL takes us for a robot.
        .user_agent("knoellchen-ops")
        .no_proxy()
        .connect_timeout(CONNECT_LIMIT)
        .timeout(ANSWER_LIMIT)
        .build()
        .map_err(|error| refused(&error))
}

/// The innermost cause says most: a name that is not known, a certificate that has ended.
fn no_answer(url: &str, error: &reqwest::Error) -> Problem {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    Problem::new(format!("{url} cannot be asked: {cause}"))
}
