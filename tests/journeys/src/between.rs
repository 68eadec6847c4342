//! Somebody between the functions and the stand-in: PayPal says something that
//! the stand-in, whose books are right, does not.

use std::sync::Arc;

use aws_sdk_dynamodb::config::SharedInterceptor;
use bytes::Bytes;
use http::{Request, Response};
use paypal::{Transport, TransportError};
use serde_json::Value;
use store::Store;

use crate::City;
use crate::functions::Functions;
use crate::role;

/// What was asked: `GET /v2/payments/refunds/…`.
pub type RequestLine = str;

impl City {
    /// From now on each JSON answer of the stand-in goes through `change`, with its
    /// status and what was asked. The functions are new ones.
    pub async fn between(
        &mut self,
        change: impl Fn(&RequestLine, u16, Value) -> (u16, Value) + Send + Sync + 'static,
    ) {
        let standin = Arc::clone(&self.standin);
        let change = Arc::new(change);
        let transport = Transport::in_process(move |request: Request<Bytes>| {
            let (standin, change) = (Arc::clone(&standin), Arc::clone(&change));
            async move {
                let path = request.uri().path_and_query();
                let path = path.map_or("/", http::uri::PathAndQuery::as_str);
                let asked = format!("{} {path}", request.method());
                let answer = standin.call(request).await;
                let answer = answer.map_err(|error| TransportError::Failed(error.into()))?;
                let Ok(body) = serde_json::from_slice(answer.body()) else {
                    return Ok(answer);
                };
                let (status, body) = change(&asked, answer.status().as_u16(), body);
                Ok(Response::builder()
                    .status(status)
                    .body(Bytes::from(body.to_string()))
                    .expect("an answer"))
            }
        });
        self.transport = transport;
        self.deploy().await;
    }

    /// From now on `table` sees what each function asks of the table, and `paypal` is the
    /// way to the stand-in. The functions are new ones.
    pub async fn watched(&mut self, table: SharedInterceptor, paypal: Transport) {
        self.watch = Some(table);
        self.transport = paypal;
        self.deploy().await;
    }

    /// The store of a function, as its role lets it see the table.
    #[must_use]
    pub fn store_of(&self, function: &str) -> Store {
        let read = |name: &str| self.vars.get(name).cloned();
        role::stores(&read, self.watch.clone())(function)
    }

    /// The functions are new ones, by the variables as they are.
    pub(crate) async fn deploy(&mut self) {
        let read = |name: &str| self.vars.get(name).cloned();
        let stores = role::stores(&read, self.watch.clone());
        self.functions = Functions::new(&read, &stores, &self.transport).await;
    }
}
