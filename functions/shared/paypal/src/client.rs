//! The calls. Each has a deadline, and each answer a size it may not exceed.

#[cfg(feature = "administration")]
pub(crate) mod administration;
mod call;
mod notifications;
mod orders;
mod payments;
#[cfg(feature = "refunds")]
pub(crate) mod refunds;
mod reporting;
mod token;

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use ticket::OrderId;
use tokio::time::Instant;

pub use reporting::{SEARCH_LAG, SEARCH_LAG_MAX, SEARCH_PAGE_ROWS, SEARCH_WINDOW_MAX, Searched};
pub use token::AccessToken;

use crate::approve_url::ApprovePages;
use crate::traffic::Meter;
use crate::{Config, Traffic, Transport};

/// An order a payer can be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedOrder {
    /// Its id; store it before the payer is sent away.
    pub id: OrderId,
    /// PayPal's page to approve it; its host is checked.
    pub approve_url: String,
}

/// PayPal, as far as this project talks to it.
#[derive(Debug)]
pub struct PayPal {
    config: Config,
    transport: Transport,
    meter: Meter,
}

impl PayPal {
    /// Talks to the PayPal of `config` through `transport`.
    #[must_use]
    pub const fn new(config: Config, transport: Transport) -> Self {
        Self {
            config,
            transport,
            meter: Meter::new(),
        }
    }

    /// All calls since this was made.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.meter.so_far()
    }

    /// A call could not be made, since PayPal takes none of our tokens: who paces
    /// calls must not take that for a call that was answered.
    pub fn note_call_without_token(&self) {
        self.meter.came_to_nothing();
    }

    /// The app we are at PayPal; attempts remember it, since another app
    /// does not see our orders.
    #[must_use]
    pub fn client_id(&self) -> &str {
        self.config.credentials.client_id()
    }

    /// The account the money must go to.
    #[must_use]
    pub fn merchant_id(&self) -> &str {
        &self.config.merchant_id
    }

    /// For how long after it was made an order may still be approved and
    /// captured (`PAYPAL_ORDER_HOURS`). Afterwards PayPal may forget it.
    #[must_use]
    pub const fn order_life(&self) -> Duration {
        self.config.order_life
    }

    /// Opens the connection while the function starts, when nobody waits for
    /// it yet. Whatever comes back means nothing.
    pub async fn prime(&self, deadline: Instant) {
        let mut request = Request::new(Bytes::new());
        *request.method_mut() = Method::HEAD;
        if let Ok(uri) = self.config.base_url.as_str().parse() {
            *request.uri_mut() = uri;
            let outcome = self
                .transport
                .send(request, call::ANSWER_BYTES_MAX, deadline)
                .await;
            if let Err(error) = outcome {
                tracing::debug!(%error, "paypal could not be primed");
            }
        }
    }

    /// Where the payer of an order goes on; for one whose answer to "create"
    /// was lost.
    #[must_use]
    pub fn approve_url(&self, id: &OrderId) -> String {
        self.approve_pages().of_order(id)
    }

    const fn approve_pages(&self) -> ApprovePages<'_> {
        ApprovePages {
            environment: self.config.environment,
            base_url: &self.config.base_url,
        }
    }
}
