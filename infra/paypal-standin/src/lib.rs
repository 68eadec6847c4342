//! A stand-in for PayPal that keeps books: orders, captures, refunds, unique
//! paid invoices, request ids, tokens. It answers in PayPal's shapes, signs
//! webhooks the way PayPal does, and misbehaves on demand.
//!
//! ```text
//! a socket ─▶ router() ─┐
//! a test ─▶ call() ─────┴─▶ exchange() ─▶ one Mutex, no await ─▶ Exchange
//! ```
//!
//! It never calls PayPal: it reaches nothing but the addresses of webhooks that
//! are on this machine, and it has no TLS to reach more with.

mod answers;
mod behaviour;
mod books;
mod calls;
mod credentials;
mod deliveries;
mod delivery_queue;
mod drawn;
mod event_types;
mod events;
mod exchange;
mod faults;
mod foreign;
mod ids;
mod issues;
mod kept;
mod levers;
mod limits;
mod money;
mod notifications;
mod orders;
mod payer;
mod payments;
mod postback;
mod reads;
mod reporting;
mod request_ids;
mod requests;
mod routes;
mod rows;
mod settings;
mod shapes;
mod signing;
mod sockets;
mod state;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod text_bytes;
mod webhooks;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

pub use behaviour::{
    Behaviour, BurnOn, DeclineShape, DisputeNames, DupInvoiceAt, ExpiredAs, OddStatus, Omitted,
    PendingReason, PendingThen, RecaptureAfterDenied, Redelivery, RefundThen, RetryAfter,
    SameIdOtherBody, SignedBy, StatusAfterDecline, UpdateTime,
};
pub use books::{
    Books, Capture, CaptureStatus, Dispute, Event, Foreign, ForeignPayment, Instrument, Order,
    OrderState, Refund, RefundKind, RefundStatus, RequestId,
};
pub use calls::On;
pub use credentials::OldSecret;
pub use deliveries::Delivery;
pub use delivery_queue::{HELD_S, LATE_S, REPEATS_MAX};
pub use exchange::Exchange;
pub use faults::{Fault, FaultKind, InvalidFault, WebhookMode};
pub use issues::Issue;
pub use money::{Currency, Money};
pub use payer::{Leads, Payer, PayerError};
pub use payments::NotPossible;
pub use settings::{Clock, Settings, StartError};
pub use state::{Afterwards, RefundEnds};

use delivery_queue::Taker;
use kept::{Held, Keeper};
use signing::{Authority, Transmission};
use state::State;

/// The stand-in.
pub struct Standin {
    origin: String,
    clock: Clock,
    authority: &'static Authority,
    state: Mutex<State>,
    keeper: Option<Keeper>,
    bell: Notify,
}

/// The connection ended without an answer; the call may have had its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection was closed without an answer")]
pub struct NoAnswer;

/// No event has this id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such event; the books list them")]
pub struct NoSuchEvent;

impl Standin {
    /// A stand-in with empty books. `seed` decides every id it will give: the
    /// same seed, clock and calls make the same books. The keys that sign
    /// webhooks are made once in a process, by the first stand-in.
    ///
    /// # Errors
    /// When an address is not on this machine, a setting is empty, or no key
    /// can be made.
    pub fn new(settings: Settings, clock: Clock, seed: u64) -> Result<Self, StartError> {
        let settings = settings.checked()?;
        let state = State::new(settings.clone(), seed);
        Self::with(settings, clock, state, None)
    }

    /// A stand-in whose books are in this file, with what they were: orders, money,
    /// events, tokens, webhooks and what is still to happen. Faults and habits are not
    /// kept. `seed` counts where there are none yet, and so do the settings' webhook and
    /// its events; where its own events go is said by this start.
    ///
    /// # Errors
    /// As [`Standin::new`], and when the file is none of these books.
    pub fn kept_in(
        path: PathBuf,
        settings: Settings,
        clock: Clock,
        seed: u64,
    ) -> Result<Self, StartError> {
        let settings = settings.checked()?;
        let keeper = Keeper::of(path);
        let state = keeper.read(&settings)?;
        let state = state.unwrap_or_else(|| State::new(settings.clone(), seed));
        Self::with(settings, clock, state, Some(keeper))
    }

    fn with(
        settings: Settings,
        clock: Clock,
        state: State,
        keeper: Option<Keeper>,
    ) -> Result<Self, StartError> {
        Ok(Self {
            origin: settings.public_origin,
            clock,
            authority: Authority::of_this_process()?,
            state: Mutex::new(state),
            keeper,
            bell: Notify::new(),
        })
    }

    /// The stand-in as a web application, for a socket the caller binds.
    pub fn router(self: Arc<Self>) -> axum::Router {
        sockets::router(self)
    }

    /// Takes a call and answers it in process; waits where a fault says so.
    ///
    /// # Errors
    /// When a fault says that no answer comes.
    pub async fn call(&self, request: Request<Bytes>) -> Result<Response<Bytes>, NoAnswer> {
        let exchange = self.exchange(&request);
        if !exchange.after.is_zero() {
            tokio::time::sleep(exchange.after).await;
        }
        exchange.answer.ok_or(NoAnswer)
    }

    /// Takes a call without waiting: for a simulation that owns the time.
    #[must_use]
    pub fn exchange(&self, request: &Request<Bytes>) -> Exchange {
        let now = (self.clock)();
        let exchange = self.state().exchange(request, self.authority, now);
        self.bell.notify_one();
        exchange
    }

    /// A copy of the books.
    #[must_use]
    pub fn books(&self) -> Books {
        self.state().books.clone()
    }

    /// Looks into the books without copying them.
    pub fn in_books<T>(&self, look: impl FnOnce(&Books) -> T) -> T {
        look(&self.state().books)
    }

    /// Sets a fault for calls to come, behind those already set.
    ///
    /// # Errors
    /// When the kind does not fit the call or a figure is out of its limits;
    /// the text says what would do.
    pub fn set_fault(&self, fault: Fault) -> Result<(), InvalidFault> {
        let fault = fault.checked()?;
        self.state().faults.push_back(fault);
        Ok(())
    }

    /// Takes back every fault that has not struck yet.
    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// How it behaves now.
    #[must_use]
    pub fn behaviour(&self) -> Behaviour {
        self.state().behaviour
    }

    /// How it behaves from now on:
    /// `Behaviour { stale_reads_s: 30, ..Behaviour::default() }`.
    ///
    /// # Errors
    /// When a figure is out of its limits; the text says which.
    pub fn set_behaviour(&self, behaviour: Behaviour) -> Result<(), InvalidFault> {
        self.state().behaviour = behaviour.checked()?;
        Ok(())
    }

    /// Another client secret from now on.
    pub fn rotate_secret(&self, secret: &str, old: OldSecret) {
        self.state().rotate_secret(secret, old);
    }

    /// Takes back every access token there is.
    pub fn revoke_tokens(&self) {
        self.state().revoke_all();
    }

    /// How events travel from now on.
    pub fn set_webhooks(&self, mode: WebhookMode) {
        self.state().behaviour.webhooks = mode;
    }

    /// Whether an invoice that is paid blocks further payments with its
    /// number, as a merchant can choose at PayPal; on at start. Off shows
    /// whether our own guard against paying twice holds without PayPal's.
    pub fn set_unique_invoices(&self, unique: bool) {
        self.state().behaviour.unique_invoices = unique;
    }

    /// How long a transaction takes to be visible in Transaction Search: three
    /// hours at start, as at PayPal.
    pub fn set_report_lag(&self, lag: SignedDuration) {
        let seconds = u32::try_from(lag.as_secs()).unwrap_or_default();
        self.state().behaviour.report_lag_s = seconds;
    }

    /// Acts as the payer, without the page.
    ///
    /// # Errors
    /// When there is no such order, or it has expired.
    pub fn approve(&self, order_id: &str, payer: Payer) -> Result<Leads, PayerError> {
        let now = (self.clock)();
        let leads = self.state().decide(order_id, payer, now);
        self.bell.notify_one();
        leads
    }

    /// Lets something become of a capture without the merchant's doing.
    ///
    /// # Errors
    /// When there is no such capture, or it stands so that this cannot be.
    pub fn afterwards(&self, capture_id: &str, what: Afterwards) -> Result<(), NotPossible> {
        let now = (self.clock)();
        let done = self.state().afterwards(capture_id, what, now);
        self.bell.notify_one();
        done
    }

    /// Ends a refund that is pending.
    ///
    /// # Errors
    /// When there is no such refund, or it is not pending.
    pub fn end_refund(&self, refund_id: &str, ends: RefundEnds) -> Result<(), NotPossible> {
        let now = (self.clock)();
        let done = self.state().end_refund(refund_id, ends, now);
        self.bell.notify_one();
        done
    }

    /// A payer complains about a payment that is not in these books; gives the
    /// dispute's id.
    pub fn dispute_about_nothing(&self, amount: Money) -> String {
        let now = (self.clock)();
        let id = self.state().dispute_about_nothing(amount, now);
        self.bell.notify_one();
        id
    }

    /// So many payments into the account that are none of these orders', all of
    /// this moment.
    pub fn foreign_payments(&self, count: u32, amount: Money, kind: Foreign) {
        let now = (self.clock)();
        self.state().foreign_payments(count, amount, kind, now);
    }

    /// Queues an event once more, whatever the webhook mode.
    ///
    /// # Errors
    /// When no event has this id.
    pub fn redeliver(&self, event_id: &str) -> Result<(), NoSuchEvent> {
        let now = (self.clock)();
        let mut state = self.state();
        if !state.books.events.iter().any(|event| event.id == event_id) {
            return Err(NoSuchEvent);
        }
        state.enqueue(event_id, now, now);
        self.bell.notify_one();
        Ok(())
    }

    /// Root and intermediate of the certificate that signs the webhooks, as
    /// PEM: what goes into `PAYPAL_WEBHOOK_ANCHORS`.
    #[must_use]
    pub fn anchors_pem(&self) -> String {
        let signed_by = self.state().behaviour.signed_by;
        self.authority.anchors_pem(signed_by).to_owned()
    }

    /// The deliveries that are due, signed. Each is handed out once; tell
    /// [`Standin::delivered`] what came of it, or it is not repeated.
    #[must_use]
    pub fn take_deliveries(&self) -> Vec<Delivery> {
        self.take(Taker::Driver)
    }

    fn take(&self, taker: Taker) -> Vec<Delivery> {
        let now = (self.clock)();
        let (due, signed_by) = {
            let mut state = self.state();
            if state.next_due(taker).is_none_or(|due_at| now < due_at) {
                // Asked every second: what changes nothing need not be kept.
                return Vec::new();
            }
            (state.take_due(taker, now), state.behaviour.signed_by)
        };
        // Signed outside the lock: a signature takes a millisecond.
        due.into_iter()
            .filter_map(|(queued, event)| {
                let transmission = Transmission {
                    id: &queued.transmission_id,
                    time: queued.transmission_time,
                    webhook_id: &queued.webhook_id,
                    origin: &self.origin,
                    signed_by,
                };
                let headers = self.authority.headers(&transmission, &event.body).ok()?;
                Some(Delivery {
                    webhook_id: queued.webhook_id,
                    event_id: event.id,
                    event_type: event.event_type,
                    headers,
                    body: event.body,
                    attempt: queued.attempt,
                    transmission_id: queued.transmission_id,
                    transmission_time: queued.transmission_time,
                })
            })
            .collect()
    }

    /// Notes the HTTP status a delivery was answered with, `None` for no
    /// answer; anything but 2xx is repeated, [`REPEATS_MAX`] times at most.
    pub fn delivered(&self, delivery: &Delivery, status: Option<u16>) {
        let now = (self.clock)();
        let accepted = status.is_some_and(deliveries::is_accepted);
        self.state().note(delivery.queued(now), accepted, now);
    }

    /// Posts deliveries to the webhooks' addresses for as long as the future is
    /// polled; what is for a webhook without one is left to a driver. An address
    /// beyond this machine is never contacted: a delivery to it has no answer.
    pub async fn deliver(self: Arc<Self>) {
        deliveries::deliver(self).await;
    }

    /// When the next delivery is due, by the stand-in's own clock; `None` when
    /// none waits. A simulation moves its clock there.
    #[must_use]
    pub fn next_delivery_at(&self) -> Option<Timestamp> {
        self.state().next_due(Taker::Driver)
    }

    fn until_next_delivery(&self) -> Option<Duration> {
        let now = (self.clock)();
        let due_at = self.state().next_due(Taker::Poster)?;
        Some(Duration::try_from(due_at.duration_since(now)).unwrap_or_default())
    }

    /// Where a webhook's deliveries may be posted to: nowhere beyond this machine.
    fn address(&self, webhook_id: &str) -> Option<String> {
        let state = self.state();
        let url = state.webhooks.with_id(webhook_id)?.url.clone();
        url.filter(|url| settings::is_at_home(url))
    }

    /// Waits until something may be to deliver.
    async fn rung(&self) {
        self.bell.notified().await;
    }

    fn state(&self) -> Held<'_> {
        // A test that panics while it holds the books shall not hide its
        // message behind everybody else's.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.pass_time((self.clock)());
        Held::new(state, self.keeper.as_ref())
    }
}
