//! Orders: made, shown, captured.

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};

use crate::answers::{Answer, Refusal};
use crate::books::{Capture, CaptureStatus, Instrument, Order, OrderState};
use crate::events::EventType;
use crate::faults::{FaultKind, On};
use crate::money::{Currency, Money};
use crate::requests::Requested;
use crate::state::{Asked, Outcome, State, later};

/// How long an order waits for the payer, and then for its capture.
///
/// Source: `PayPal` Orders v2, `order.links`: three hours each by default.
const PAYER_WAIT: SignedDuration = SignedDuration::from_hours(3);
/// How long an order that is not captured lives at all.
const ORDER_LIFE: SignedDuration = SignedDuration::from_hours(6);
/// How long orders keep a `PayPal-Request-Id`.
///
/// Source: `PayPal` Orders v2, parameter `paypal_request_id`.
const REQUEST_ID_KEPT: SignedDuration = SignedDuration::from_hours(6);
/// Refused captures after which `PayPal` gives an order up. `PayPal` names no
/// figure; ours is above the three rounds that we allow ourselves.
const DECLINED_CAPTURES_MAX: u32 = 10;

const CREATE: (&str, &str) = ("create_order", "");

impl State {
    /// `POST /v2/checkout/orders`
    pub(crate) fn create(&mut self, asked: &Asked<'_>) -> Result<Answer, Refusal> {
        let request = asked.json()?;
        let request_id = asked.request_id()?;
        let known = self.recall(CREATE.0, CREATE.1, request_id.as_deref(), asked.now);
        if let Some(Outcome::Made(id)) = known {
            return self.show(&id, asked, StatusCode::OK);
        }
        let requested = Requested::read(&request)?;
        if requested.has_payment_source && request_id.is_none() {
            return Err(Refusal::issue("PAYPAL_REQUEST_ID_REQUIRED"));
        }
        self.refuse_paid_invoice(requested.invoice_id.as_deref())?;
        let id = self.ids.resource();
        self.books.orders.push(Order {
            id: id.clone(),
            state: OrderState::AwaitingPayer,
            created_at: asked.now,
            updated_at: asked.now,
            amount: requested.amount,
            payee_merchant_id: requested
                .payee_merchant_id
                .unwrap_or_else(|| self.settings.merchant_id.clone()),
            custom_id: requested.custom_id,
            invoice_id: requested.invoice_id,
            brand_name: requested.brand_name,
            locale: requested.locale,
            return_url: requested.return_url,
            cancel_url: requested.cancel_url,
            has_payment_source: requested.has_payment_source,
            declined_captures: 0,
            request,
        });
        let made = Outcome::Made(id.clone());
        self.remember(
            CREATE,
            request_id.as_deref(),
            asked.now,
            REQUEST_ID_KEPT,
            made,
        );
        self.show(&id, asked, StatusCode::CREATED)
    }

    /// `GET /v2/checkout/orders/{id}`
    pub(crate) fn get_order(&self, id: &str, asked: &Asked<'_>) -> Result<Answer, Refusal> {
        let order = self.live_order(id, asked.now)?;
        let capture = self.capture_of(order);
        Ok(Answer::json(
            StatusCode::OK,
            self.shapes().order(order, capture),
        ))
    }

    /// `POST /v2/checkout/orders/{id}/capture`
    pub(crate) fn capture(&mut self, id: &str, asked: &Asked<'_>) -> Result<Answer, Refusal> {
        asked.json()?;
        let request_id = asked.request_id()?;
        let order = self.live_order(id, asked.now)?.clone();
        match self.recall("capture_order", id, request_id.as_deref(), asked.now) {
            Some(Outcome::Made(_)) => return self.show(id, asked, StatusCode::OK),
            // The same id never tries the card a second time.
            Some(Outcome::Refused(issue)) => return Err(self.back_to_payer(issue, id)),
            None => {}
        }
        let instrument = match order.state {
            OrderState::AwaitingPayer => return Err(Refusal::issue("ORDER_NOT_APPROVED")),
            OrderState::Completed { .. } => return Err(Refusal::issue("ORDER_ALREADY_CAPTURED")),
            OrderState::Approved { instrument, .. } => instrument,
        };
        if order.declined_captures >= DECLINED_CAPTURES_MAX {
            return Err(Refusal::issue("MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED"));
        }
        self.refuse_paid_invoice(order.invoice_id.as_deref())?;
        let refused = self
            .strike(On::Capture, FaultKind::refuses_capture)
            .map(|fault| fault.kind);
        let issue = match (refused, instrument) {
            (Some(FaultKind::PayerActionRequired), _) => Some("PAYER_ACTION_REQUIRED"),
            (Some(_), _) | (None, Instrument::Refused) => Some("INSTRUMENT_DECLINED"),
            (None, Instrument::Good) => None,
        };
        if let Some(issue) = issue {
            self.refuse_capture(id, issue, asked.now);
            let outcome = Outcome::Refused(issue);
            let of = ("capture_order", id);
            self.remember(
                of,
                request_id.as_deref(),
                asked.now,
                REQUEST_ID_KEPT,
                outcome,
            );
            return Err(self.back_to_payer(issue, id));
        }
        let made = self.make_capture(&order, request_id.clone(), asked.now);
        let outcome = Outcome::Made(made);
        let of = ("capture_order", id);
        self.remember(
            of,
            request_id.as_deref(),
            asked.now,
            REQUEST_ID_KEPT,
            outcome,
        );
        self.show(id, asked, StatusCode::CREATED)
    }

    /// Moves the money, or what a fault makes of it; tells by an event.
    fn make_capture(
        &mut self,
        order: &Order,
        request_id: Option<String>,
        now: Timestamp,
    ) -> String {
        let mut capture = Capture {
            id: self.ids.resource(),
            order_id: order.id.clone(),
            status: CaptureStatus::Completed,
            amount: order.amount,
            fee: order.amount.fee(),
            given_back: order.amount.same(0),
            payee_merchant_id: order.payee_merchant_id.clone(),
            custom_id: order.custom_id.clone(),
            invoice_id: order.invoice_id.clone(),
            created_at: now,
            updated_at: now,
            request_id,
        };
        let fault = self.strike(On::Capture, FaultKind::alters_capture);
        match fault.map(|fault| fault.kind) {
            Some(FaultKind::Pending) => capture.status = CaptureStatus::Pending,
            Some(FaultKind::DeclinedIn201) => capture.status = CaptureStatus::Declined,
            Some(FaultKind::WrongAmount) => capture.amount = wrong_amount(order.amount),
            Some(FaultKind::WrongCurrency) => capture.amount = wrong_currency(order.amount),
            Some(FaultKind::WrongPayee) => {
                WRONG_PAYEE.clone_into(&mut capture.payee_merchant_id);
            }
            Some(_) | None => {}
        }
        let id = capture.id.clone();
        let event = match capture.status {
            CaptureStatus::Completed
            | CaptureStatus::PartiallyRefunded
            | CaptureStatus::Refunded => EventType::CaptureCompleted,
            CaptureStatus::Pending => EventType::CapturePending,
            CaptureStatus::Declined => EventType::CaptureDeclined,
        };
        self.books.captures.push(capture);
        if let Some(order) = self.order_mut(&order.id) {
            order.state = OrderState::Completed {
                capture_id: id.clone(),
            };
            order.updated_at = now;
        }
        self.tell_of_capture(event, &id, now);
        id
    }

    fn refuse_capture(&mut self, id: &str, issue: &str, now: Timestamp) {
        let Some(order) = self.order_mut(id) else {
            return;
        };
        order.declined_captures += 1;
        if issue == "PAYER_ACTION_REQUIRED" {
            order.state = OrderState::AwaitingPayer;
            order.updated_at = now;
        } else if let OrderState::Approved { instrument, .. } = &mut order.state {
            // The order stays approved: a caller who asks again without the
            // payer is refused again.
            *instrument = Instrument::Refused;
        }
    }

    /// The refusal that sends the payer back to his page.
    fn back_to_payer(&self, issue: &str, order_id: &str) -> Refusal {
        let relation = sends_payer_back(issue).unwrap_or("redirect");
        Refusal::issue(issue).link(relation, self.shapes().payers_page(order_id))
    }

    /// `PayPal`'s own guard against paying twice.
    fn refuse_paid_invoice(&self, invoice_id: Option<&str>) -> Result<(), Refusal> {
        let paid = self.unique_invoices
            && invoice_id.is_some()
            && self.books.captures.iter().any(|capture| {
                capture.invoice_id.as_deref() == invoice_id && capture.status.moves_money()
            });
        if paid {
            Err(Refusal::issue("DUPLICATE_INVOICE_ID"))
        } else {
            Ok(())
        }
    }

    /// The order, unless it has expired: an expired one is as if it never was.
    pub(crate) fn live_order(&self, id: &str, now: Timestamp) -> Result<&Order, Refusal> {
        let order = self
            .books
            .order(id)
            .ok_or_else(|| Refusal::issue("INVALID_RESOURCE_ID"))?;
        let ends_at = match order.state {
            OrderState::AwaitingPayer if order.declined_captures == 0 => {
                later(order.created_at, PAYER_WAIT)
            }
            OrderState::AwaitingPayer => later(order.created_at, ORDER_LIFE),
            OrderState::Approved { at, .. } => {
                later(at, PAYER_WAIT).min(later(order.created_at, ORDER_LIFE))
            }
            OrderState::Completed { .. } => Timestamp::MAX,
        };
        if now >= ends_at {
            return Err(Refusal::issue("INVALID_RESOURCE_ID"));
        }
        Ok(order)
    }

    pub(crate) fn order_mut(&mut self, id: &str) -> Option<&mut Order> {
        self.books.orders.iter_mut().find(|order| order.id == id)
    }

    fn capture_of(&self, order: &Order) -> Option<&Capture> {
        self.books
            .captures
            .iter()
            .find(|capture| capture.order_id == order.id)
    }

    fn show(&self, id: &str, asked: &Asked<'_>, status: StatusCode) -> Result<Answer, Refusal> {
        let order = self.live_order(id, asked.now)?;
        let body = if asked.wants_representation() {
            self.shapes().order(order, self.capture_of(order))
        } else {
            self.shapes().order_minimal(order)
        };
        Ok(Answer::json(status, body))
    }
}

/// The relation of the link that a refusal with this issue sends the payer
/// back to his page by.
pub(crate) fn sends_payer_back(issue: &str) -> Option<&'static str> {
    match issue {
        "PAYER_ACTION_REQUIRED" => Some("payer-action"),
        "INSTRUMENT_DECLINED" | "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING" => Some("redirect"),
        _ => None,
    }
}

/// A merchant who is not ours.
pub(crate) const WRONG_PAYEE: &str = "WRNGPAYEE2345";

/// One cent less.
fn wrong_amount(amount: Money) -> Money {
    amount.same(amount.minor_units.saturating_sub(1))
}

/// The same figure in another currency.
fn wrong_currency(amount: Money) -> Money {
    let currency = match amount.currency {
        Currency::Eur => Currency::Usd,
        Currency::Usd => Currency::Eur,
    };
    Money { currency, ..amount }
}
