//! The client: HTTP/1.1, which is all that DynamoDB and the parameter store speak.
//!
//! The AWS SDK's own brings HTTP/2, proxies and the system's certificates along: a MiB of code
//! that no function runs.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http::{Request, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector as Tcp;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::{RootsError, tls, trusted};

/// Sends requests; all clones share their connections. Has no limit of time of its own: who
/// asks sets one.
#[derive(Clone, Debug)]
pub struct Https(Client<HttpsConnector<Tcp>, SdkBody>);

impl Https {
    /// A client that trusts as the variables say.
    ///
    /// # Errors
    /// When `SSL_CERT_FILE` is set and cannot be read, or when TLS refuses its own defaults.
    pub fn from_vars(vars: &dyn Fn(&str) -> Option<String>) -> Result<Self, RootsError> {
        let mut tcp = Tcp::new();
        tcp.enforce_http(false);
        // A request is one piece; waiting for more to send with it costs 40 ms.
        tcp.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls(trusted(vars)?)?)
            // Plain is what a table on a desk speaks; an address of AWS begins with https.
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .build(connector);
        Ok(Self(client))
    }

    /// Sends one request, and gives its answer as soon as the head is there.
    ///
    /// # Errors
    /// When connecting, sending or reading fails.
    pub async fn send(
        &self,
        request: Request<SdkBody>,
    ) -> Result<Response<SdkBody>, ConnectorError> {
        let answer = self.0.request(request).await;
        // Whoever asks the SDK is asked again after such a failure: nothing tells whether the
        // request has arrived, so what may not be done twice carries a token of its own.
        let answer = answer.map_err(|error| ConnectorError::io(error.into()))?;
        Ok(answer.map(SdkBody::from_body_1_x))
    }
}

impl HttpClient for Https {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Https {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.clone();
        HttpConnectorFuture::new(async move {
            let user =
                |error: aws_smithy_runtime_api::http::HttpError| ConnectorError::user(error.into());
            let request = request.try_into_http1x().map_err(user)?;
            let answer = client.send(request).await?;
            answer.try_into().map_err(user)
        })
    }
}
