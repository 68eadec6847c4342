//! A stand-in for `PayPal` that keeps books: orders, captures, refunds, unique
//! paid invoices, request ids, tokens. It answers in `PayPal`'s shapes, signs
//! webhooks the way `PayPal` does, and misbehaves on demand.
//!
//! ```text
//! a socket ─▶ router() ─┐
//! a test ─▶ call() ─────┴─▶ exchange() ─▶ one Mutex, no await ─▶ Exchange
//! ```
//!
//! It never calls `PayPal`: it reaches nothing but the webhook address, which
//! must be on this machine.

mod books;
mod faults;
mod money;
mod payer;
mod settings;
#[cfg(test)]
mod testing;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};

pub use books::{
    Books, Capture, CaptureStatus, Dispute, Event, Instrument, Order, OrderState, Refund,
    RefundKind, RequestId,
};
pub use faults::{Fault, FaultKind, InvalidFault, On, WebhookMode};
pub use money::{Currency, Money};
pub use payer::{Leads, Payer, PayerError};
pub use settings::{Clock, Settings, StartError};

/// How late events are in [`WebhookMode::Late`], in seconds.
pub const LATE_S: u32 = 60;

/// The stand-in.
pub struct Standin {
    _settings: Settings,
    _clock: Clock,
    _seed: u64,
}

/// What a call came to.
#[derive(Debug)]
pub struct Exchange {
    /// The answer; `None` when the caller gets none.
    pub answer: Option<Response<Bytes>>,
    /// How long the answer takes. What the call does is done already.
    pub after: Duration,
}

/// The connection ended without an answer; the call may have had its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection was closed without an answer")]
pub struct NoAnswer;

/// One delivery of an event, signed and ready to be posted.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The event's id.
    pub event_id: String,
    /// The event's type.
    pub event_type: String,
    /// The headers `PayPal` sends, signature and all.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// 1 for the first delivery.
    pub attempt: u32,
}

impl Standin {
    /// A stand-in with empty books. `seed` decides every id it will give: the
    /// same seed, clock and calls make the same books.
    ///
    /// # Errors
    /// When an address is not on this machine, a setting is empty, or no key
    /// can be made.
    pub fn new(settings: Settings, clock: Clock, seed: u64) -> Result<Self, StartError> {
        Ok(Self {
            _settings: settings.checked()?,
            _clock: clock,
            _seed: seed,
        })
    }

    /// The stand-in as a web application, for a socket the caller binds.
    pub fn router(self: Arc<Self>) -> axum::Router {
        axum::Router::new()
    }

    /// Takes a call and answers it in process; waits where a fault says so.
    ///
    /// # Errors
    /// When a fault says that no answer comes.
    pub async fn call(&self, request: Request<Bytes>) -> Result<Response<Bytes>, NoAnswer> {
        let exchange = self.exchange(&request);
        tokio::time::sleep(exchange.after).await;
        exchange.answer.ok_or(NoAnswer)
    }

    /// Takes a call without waiting: for a simulation that owns the time.
    #[must_use]
    pub fn exchange(&self, _request: &Request<Bytes>) -> Exchange {
        Exchange {
            answer: None,
            after: Duration::ZERO,
        }
    }

    /// A copy of the books.
    #[must_use]
    pub fn books(&self) -> Books {
        Books::default()
    }

    /// Sets a fault for calls to come.
    ///
    /// # Errors
    /// When the kind does not fit the call; the text says what would.
    pub fn set_fault(&self, _fault: Fault) -> Result<(), InvalidFault> {
        Ok(())
    }

    /// Takes back every fault that has not struck yet.
    pub fn clear_faults(&self) {}

    /// How events travel from now on.
    pub fn set_webhooks(&self, _mode: WebhookMode) {}

    /// Whether an invoice that is paid blocks further payments with its
    /// number, as a merchant can choose at `PayPal`; on at start. Off shows
    /// whether our own guard against paying twice holds without `PayPal`'s.
    pub fn set_unique_invoices(&self, _unique: bool) {}

    /// Acts as the payer, without the page.
    ///
    /// # Errors
    /// When there is no such order, or it has expired.
    pub fn approve(&self, _order_id: &str, _payer: Payer) -> Result<Leads, PayerError> {
        Err(PayerError::NoSuchOrder)
    }

    /// Root and intermediate of the certificate that signs the webhooks, as
    /// PEM: what goes into `PAYPAL_WEBHOOK_ANCHORS`.
    #[must_use]
    pub fn anchors_pem(&self) -> String {
        String::new()
    }

    /// The deliveries that are due, signed. Each is handed out once; tell
    /// [`Standin::delivered`] what came of it, or it stays undelivered.
    #[must_use]
    pub fn take_deliveries(&self) -> Vec<Delivery> {
        Vec::new()
    }

    /// Notes the HTTP status a delivery was answered with, `None` for no
    /// answer; anything but 2xx is repeated, 25 times at most.
    pub fn delivered(&self, _delivery: &Delivery, _status: Option<u16>) {}

    /// Posts deliveries to `webhook_url` for as long as the future is polled.
    pub async fn deliver(self: Arc<Self>) {
        std::future::pending::<()>().await;
    }
}
