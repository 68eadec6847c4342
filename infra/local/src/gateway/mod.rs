//! Amazon API Gateway, as far as this project uses it.
//!
//! ```text
//! request ─▶ route ─▶ (office: authorizer) ─▶ event JSON ─▶ function ─▶ answer JSON ─▶ response
//! ```

mod authorizer;
mod http_api;
mod rest_api;
#[cfg(test)]
mod shape;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use jiff::Timestamp;

pub use authorizer::Authorizer;

use crate::Clock;
use crate::function::Function;
use crate::template::Route;

/// The largest body API Gateway takes, in bytes.
///
/// Source: Amazon API Gateway quotas, "payload size", 10 MB, REST and HTTP APIs.
pub const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;

/// A route with the function behind it.
#[derive(Clone)]
pub struct Endpoint {
    /// What is asked for.
    pub route: Route,
    /// At the office API: a token with one of these scopes is needed; nothing where
    /// none is.
    pub scopes: Option<Vec<String>>,
    /// Who answers.
    pub function: Function,
}

/// Which of the two kinds of API this is; they differ in events and errors.
#[derive(Clone)]
pub enum Kind {
    /// A REST API: events of format 1.0, no authorizer.
    Rest {
        /// The stage's name.
        stage: String,
    },
    /// An HTTP API: events of format 2.0, a JWT authorizer on each route but those for
    /// anyone.
    Http {
        /// Who checks the token.
        authorizer: Arc<Authorizer>,
    },
}

/// One API.
#[derive(Clone)]
pub struct Gateway {
    kind: Kind,
    endpoints: Vec<Endpoint>,
    clock: Clock,
}

/// A request that has found its route.
struct Routed<'a> {
    route: &'a Route,
    parameters: BTreeMap<String, String>,
    method: &'a Method,
    path: &'a str,
    query: &'a str,
    headers: &'a HeaderMap,
    body: &'a Bytes,
    now: Timestamp,
}

impl Gateway {
    /// An API of this kind over these routes.
    #[must_use]
    pub fn new(kind: Kind, endpoints: Vec<Endpoint>, clock: Clock) -> Self {
        Self {
            kind,
            endpoints,
            clock,
        }
    }

    /// Answers a request.
    pub async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path();
        let found = self.endpoints.iter().find_map(|endpoint| {
            let fits = endpoint.route.method == parts.method;
            let parameters = endpoint.route.path.matches(path).filter(|_| fits)?;
            Some((endpoint, parameters))
        });
        let Some((endpoint, parameters)) = found else {
            self.report_no_such_route(&parts.method, path);
            return self.no_such_route();
        };
        let routed = Routed {
            route: &endpoint.route,
            parameters,
            method: &parts.method,
            path,
            query: parts.uri.query().unwrap_or_default(),
            headers: &parts.headers,
            body: &body,
            now: (self.clock)(),
        };
        let answer = match &self.kind {
            Kind::Rest { stage } => rest_api::answer(&routed, stage, &endpoint.function).await,
            Kind::Http { authorizer } => {
                let scopes = endpoint.scopes.as_deref();
                http_api::answer(&routed, authorizer, scopes, &endpoint.function).await
            }
        };
        // The route and not the path: that holds a token.
        tracing::debug!(
            method = %parts.method,
            route = endpoint.route.path.as_str(),
            status = answer.status().as_u16(),
            function = endpoint.function.name(),
            "took a call"
        );
        answer
    }

    /// Says which methods the path has, as the answer does not: API Gateway knows no 405,
    /// and what is answered here must be what is answered when deployed.
    fn report_no_such_route(&self, method: &Method, path: &str) {
        let fits = |endpoint: &&Endpoint| endpoint.route.path.matches(path).is_some();
        let mut methods: Vec<&str> = Vec::new();
        let mut pattern = None;
        for endpoint in self.endpoints.iter().filter(fits) {
            methods.push(endpoint.route.method.as_str());
            pattern = Some(endpoint.route.path.as_str());
        }
        if let Some(route) = pattern {
            tracing::warn!(%method, route, send = methods.join(" or "), "a path was asked for with a method that it does not have");
        } else {
            tracing::debug!(%method, "a path was asked for that no route has");
        }
    }

    fn no_such_route(&self) -> Response<Bytes> {
        match &self.kind {
            Kind::Rest { .. } => rest_api::no_such_route(),
            Kind::Http { .. } => http_api::no_such_route(),
        }
    }

    /// What a body over [`BODY_BYTES_MAX`] is answered with.
    #[must_use]
    pub fn too_large(&self) -> Response<Bytes> {
        match &self.kind {
            Kind::Rest { .. } => rest_api::too_large(),
            Kind::Http { .. } => http_api::too_large(),
        }
    }
}
