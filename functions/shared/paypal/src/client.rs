//! The calls.

use std::fmt;

use jiff::Timestamp;
use parameters::Secret;
use ticket::{CaptureId, OrderId};
use tokio::time::Instant;

use crate::{
    Capture, Config, Dispute, DisputeId, Error, NewOrder, Order, Refund, RefundId, Transport,
};

/// What lets its holder act as our `PayPal` app, for some hours. `Debug` does
/// not show it.
#[derive(Clone)]
pub struct AccessToken {
    /// Goes into the Authorization header.
    pub secret: Secret,
    /// Fetch a new one from here on; already less a margin.
    pub expires_at: Timestamp,
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// An order a payer can be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedOrder {
    /// Its id; store it before the payer is sent away.
    pub id: OrderId,
    /// `PayPal`'s page to approve it; its host is checked.
    pub approve_url: String,
}

/// `PayPal`, as far as this project talks to it.
#[derive(Debug)]
pub struct PayPal {
    config: Config,
    transport: Transport,
}

impl PayPal {
    /// Talks to the `PayPal` of `config` through `transport`.
    #[must_use]
    pub fn new(config: Config, transport: Transport) -> Self {
        Self { config, transport }
    }

    /// The app we are at `PayPal`; attempts remember it, since another app
    /// does not see our orders.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.config.client_id
    }

    /// The account the money must go to.
    #[must_use]
    pub fn merchant_id(&self) -> &str {
        &self.config.merchant_id
    }

    /// Fetches an access token.
    ///
    /// # Errors
    /// As [`Error`] says; wrong credentials are [`Error::Refused`].
    pub async fn fetch_token(
        &self,
        _now: Timestamp,
        deadline: Instant,
    ) -> Result<AccessToken, Error> {
        self.nothing("token", deadline).await
    }

    /// Makes an order; costs nobody anything until it is captured.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn create_order(
        &self,
        _token: &AccessToken,
        _order: &NewOrder,
        deadline: Instant,
    ) -> Result<CreatedOrder, Error> {
        self.nothing("create", deadline).await
    }

    /// Reads an order.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn get_order(
        &self,
        _token: &AccessToken,
        _id: &OrderId,
        deadline: Instant,
    ) -> Result<Order, Error> {
        self.nothing("get order", deadline).await
    }

    /// Captures an order: the one call that moves money.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn capture_order(
        &self,
        _token: &AccessToken,
        _id: &OrderId,
        _request_id: &str,
        deadline: Instant,
    ) -> Result<Order, Error> {
        self.nothing("capture", deadline).await
    }

    /// Reads a capture.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn get_capture(
        &self,
        _token: &AccessToken,
        _id: &CaptureId,
        deadline: Instant,
    ) -> Result<Capture, Error> {
        self.nothing("get capture", deadline).await
    }

    /// Reads a refund or a reversal.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn get_refund(
        &self,
        _token: &AccessToken,
        _id: &RefundId,
        deadline: Instant,
    ) -> Result<Refund, Error> {
        self.nothing("get refund", deadline).await
    }

    /// Reads a dispute.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn get_dispute(
        &self,
        _token: &AccessToken,
        _id: &DisputeId,
        deadline: Instant,
    ) -> Result<Dispute, Error> {
        self.nothing("get dispute", deadline).await
    }

    async fn nothing<T>(&self, call: &'static str, deadline: Instant) -> Result<T, Error> {
        let mut request = http::Request::new(bytes::Bytes::new());
        if self.config.client_secret.expose().is_empty() {
            *request.method_mut() = http::Method::HEAD;
        }
        self.transport
            .send(request, 0, deadline)
            .await
            .map_err(|source| Error::NoAnswer { call, source })?;
        Err(Error::Unclear {
            call,
            status: 0,
            debug_id: None,
        })
    }
}
