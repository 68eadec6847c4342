//! Orders: made, shown, captured.

use http::StatusCode;
use jiff::Timestamp;

use crate::answers::{Answer, Refusal};
use crate::behaviour::{
    BurnOn, DeclineShape, DupInvoiceAt, ExpiredAs, Omitted, PendingReason, PendingThen,
    RecaptureAfterDenied, StatusAfterDecline, hours, seconds,
};
use crate::books::{Capture, CaptureStatus, Instrument, Order, OrderState};
use crate::calls::On;
use crate::events::EventType;
use crate::faults::FaultKind;
use crate::money::{Currency, Money};
use crate::requests::Requested;
use crate::state::{Afterwards, Outcome};
use crate::state::{ApiRequest, State, later};

/// Refused captures after which PayPal gives an order up. PayPal names no
/// figure; ours is above the three rounds that we allow ourselves.
const DECLINED_CAPTURES_MAX: u32 = 10;

const CREATE: (&str, &str) = ("create_order", "");

impl State {
    /// `POST /v2/checkout/orders`
    pub(crate) fn create(&mut self, asked: &ApiRequest<'_>) -> Result<Answer, Refusal> {
        let request = asked.json()?;
        let request_id = asked.request_id()?;
        match self.recall(CREATE, request_id.as_deref(), asked)? {
            Some(Outcome::Made(id)) => return self.show(&id, asked, StatusCode::OK),
            Some(Outcome::Said(body)) => return Ok(Answer::json(StatusCode::OK, body)),
            Some(Outcome::Refused(_)) | None => {}
        }
        let requested = Requested::read(&request)?;
        if requested.has_payment_source && request_id.is_none() {
            return Err(Refusal::issue("PAYPAL_REQUEST_ID_REQUIRED"));
        }
        self.refuse_used_invoice(requested.invoice_id.as_deref(), DupInvoiceAt::Create, "")?;
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
        let kept = hours(self.behaviour.request_id_ttl_h);
        self.remember(CREATE, request_id.as_deref(), asked, kept, made);
        let answer = self.show(&id, asked, StatusCode::CREATED)?;
        self.remember_answer(CREATE, request_id.as_deref(), &answer);
        Ok(answer)
    }

    /// `GET /v2/checkout/orders/{id}`
    pub(crate) fn get_order(
        &mut self,
        id: &str,
        asked: &ApiRequest<'_>,
    ) -> Result<Answer, Refusal> {
        if let Some(voided) = self.voided(id, asked.now) {
            return Ok(Answer::json(StatusCode::OK, voided));
        }
        let (order, capture) = self.read_order(id, asked.now)?;
        let body = self.shapes().order(
            &order,
            capture.as_ref(),
            &self.refunds_shown(&order, asked.now),
        );
        let mut body = self.as_told(body, &order, asked.now);
        if asked
            .parameter("fields")
            .is_some_and(|fields| fields != "payment_source")
        {
            // The only filter that is documented; others were seen to lose these.
            let lost = Omitted {
                amount: true,
                invoice_id: true,
                ..Omitted::default()
            };
            lost.leave_out(&mut body);
        }
        if let Some(status) = self.behaviour.unknown_status {
            body["status"] = status.word().into();
        }
        Ok(Answer::json(StatusCode::OK, body))
    }

    /// `POST /v2/checkout/orders/{id}/capture`
    pub(crate) fn capture(&mut self, id: &str, asked: &ApiRequest<'_>) -> Result<Answer, Refusal> {
        asked.json()?;
        let request_id = asked.request_id()?;
        let order = self.asked_order(id, asked.now)?.clone();
        let of = ("capture_order", id);
        match self.recall(of, request_id.as_deref(), asked)? {
            Some(Outcome::Made(_)) => return self.show(id, asked, StatusCode::OK),
            Some(Outcome::Said(body)) => return Ok(Answer::json(StatusCode::OK, body)),
            // The same id never tries the card a second time.
            Some(Outcome::Refused(issue)) => return Err(self.back_to_payer(&issue, id)),
            None => {}
        }
        let instrument = self.capturable(&order, asked.now)?;
        if order.declined_captures >= DECLINED_CAPTURES_MAX {
            return Err(Refusal::issue("MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED"));
        }
        self.refuse_used_invoice(order.invoice_id.as_deref(), DupInvoiceAt::Capture, id)?;
        let refused = self
            .strike(On::Capture, FaultKind::refuses_capture)
            .map(|fault| fault.kind);
        let is_declined = instrument == Instrument::Refused
            || order.declined_captures < self.behaviour.decline_n_times
            || refused.is_some();
        let kept = hours(self.behaviour.request_id_ttl_h);
        let mut status = CaptureStatus::Completed;
        if refused == Some(FaultKind::PayerActionRequired) {
            return Err(self.refuse_capture(
                "PAYER_ACTION_REQUIRED",
                id,
                asked,
                request_id.as_deref(),
            ));
        } else if is_declined {
            self.burn(BurnOn::Declined, &order);
            match self.behaviour.decline_shape {
                DeclineShape::Refused => {
                    let issue = "INSTRUMENT_DECLINED";
                    return Err(self.refuse_capture(issue, id, asked, request_id.as_deref()));
                }
                DeclineShape::DeclinedCapture => status = CaptureStatus::Declined,
            }
        }
        let made = self.make_capture(&order, status, request_id.clone(), asked.now);
        self.remember(of, request_id.as_deref(), asked, kept, Outcome::Made(made));
        if self.behaviour.not_approved_but_captured {
            return Err(Refusal::issue("ORDER_NOT_APPROVED"));
        }
        let answer = self.show(id, asked, StatusCode::CREATED)?;
        self.remember_answer(of, request_id.as_deref(), &answer);
        Ok(answer)
    }

    /// What the payer chose, if the order can be captured now.
    fn capturable(&self, order: &Order, now: Timestamp) -> Result<Instrument, Refusal> {
        match &order.state {
            OrderState::AwaitingPayer => Err(Refusal::issue("ORDER_NOT_APPROVED")),
            OrderState::Completed { capture_id } => {
                let declined = self
                    .books
                    .capture(capture_id)
                    .is_some_and(|capture| capture.status == CaptureStatus::Declined);
                match self.behaviour.recapture_after_denied {
                    RecaptureAfterDenied::NotApproved if declined => {
                        Err(Refusal::issue("ORDER_NOT_APPROVED"))
                    }
                    RecaptureAfterDenied::NotApproved | RecaptureAfterDenied::AlreadyCaptured => {
                        Err(Refusal::issue("ORDER_ALREADY_CAPTURED"))
                    }
                }
            }
            OrderState::Approved { at, .. }
                if now < later(*at, seconds(self.behaviour.approval_lag_s)) =>
            {
                Err(Refusal::issue("ORDER_NOT_APPROVED"))
            }
            OrderState::Approved { instrument, .. } => Ok(*instrument),
        }
    }

    /// Moves the money, or what a fault makes of it; tells by an event.
    fn make_capture(
        &mut self,
        order: &Order,
        status: CaptureStatus,
        request_id: Option<String>,
        now: Timestamp,
    ) -> String {
        let mut capture = Capture {
            id: self.transaction_id(),
            order_id: order.id.clone(),
            status,
            pending_reason: None,
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
        if self.behaviour.pending_reason.is_some() && capture.status == CaptureStatus::Completed {
            capture.status = CaptureStatus::Pending;
        }
        if capture.status == CaptureStatus::Pending {
            let reason = self.behaviour.pending_reason;
            capture.pending_reason = Some(reason.unwrap_or(PendingReason::PendingReview));
            let ends_at = later(now, hours(self.behaviour.pending_h));
            match self.behaviour.pending_then {
                PendingThen::Never => {}
                PendingThen::Completed => {
                    self.schedule
                        .capture(ends_at, &capture.id, Afterwards::Completes);
                }
                PendingThen::Denied => {
                    self.schedule
                        .capture(ends_at, &capture.id, Afterwards::Denied);
                }
            }
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
        let completed = OrderState::Completed {
            capture_id: id.clone(),
        };
        self.change_order(&order.id, completed, now);
        self.tell_of_capture(event, &id, now);
        id
    }

    /// Refuses a capture for the payer's sake, and keeps that for repeats.
    fn refuse_capture(
        &mut self,
        issue: &'static str,
        id: &str,
        asked: &ApiRequest<'_>,
        request_id: Option<&str>,
    ) -> Refusal {
        let goes_back = issue == "PAYER_ACTION_REQUIRED"
            || self.behaviour.status_after_decline != StatusAfterDecline::Approved;
        if let Some(order) = self.order_mut(id) {
            order.declined_captures += 1;
            if let OrderState::Approved { instrument, .. } = &mut order.state {
                // The order stays approved: a caller who asks again without the
                // payer is refused again.
                *instrument = Instrument::Refused;
            }
        }
        if goes_back {
            self.change_order(id, OrderState::AwaitingPayer, asked.now);
        }
        if self.behaviour.replay_422 {
            let kept = hours(self.behaviour.request_id_ttl_h);
            let of = ("capture_order", id);
            let refused = Outcome::Refused(issue.into());
            self.remember(of, request_id, asked, kept, refused);
        }
        self.back_to_payer(issue, id)
    }

    /// The refusal that sends the payer back to his page.
    fn back_to_payer(&self, issue: &str, order_id: &str) -> Refusal {
        let relation = sends_payer_back(issue).unwrap_or("redirect");
        Refusal::issue(issue).link(relation, self.shapes().payers_page(order_id))
    }

    /// PayPal's own guard against paying twice.
    fn refuse_used_invoice(
        &self,
        invoice_id: Option<&str>,
        at: DupInvoiceAt,
        order_id: &str,
    ) -> Result<(), Refusal> {
        let asks_here = match self.behaviour.dup_invoice_at {
            DupInvoiceAt::Both => true,
            only @ (DupInvoiceAt::Create | DupInvoiceAt::Capture) => only == at,
        };
        let Some(invoice) = invoice_id.filter(|_| self.behaviour.unique_invoices && asks_here)
        else {
            return Ok(());
        };
        let paid = self.books.captures.iter().any(|capture| {
            capture.invoice_id.as_deref() == invoice_id && capture.status.moves_money()
        });
        let burned = self.burned.get(invoice).is_some_and(|by| by != order_id);
        if paid || burned {
            Err(Refusal::issue("DUPLICATE_INVOICE_ID"))
        } else {
            Ok(())
        }
    }

    /// Uses the order's invoice number up, if that is how it is.
    pub(crate) fn burn(&mut self, on: BurnOn, order: &Order) {
        if on <= self.behaviour.burn_on
            && let Some(invoice_id) = &order.invoice_id
        {
            let by = self.burned.entry(invoice_id.clone());
            by.or_insert_with(|| order.id.clone());
        }
    }

    /// The order, if it is the caller's and has not expired.
    pub(crate) fn asked_order(&self, id: &str, now: Timestamp) -> Result<&Order, Refusal> {
        if self.behaviour.foreign_order_403 {
            return Err(Refusal::issue("PERMISSION_DENIED"));
        }
        self.live_order(id, now)
    }

    /// The order, unless it has expired.
    pub(crate) fn live_order(&self, id: &str, now: Timestamp) -> Result<&Order, Refusal> {
        let order = self
            .books
            .order(id)
            .ok_or_else(|| Refusal::issue("INVALID_RESOURCE_ID"))?;
        if !self.has_expired(order, now) {
            return Ok(order);
        }
        Err(match self.behaviour.expired_as {
            ExpiredAs::NotFound => Refusal::issue("INVALID_RESOURCE_ID"),
            ExpiredAs::Expired => Refusal::issue("ORDER_EXPIRED"),
            ExpiredAs::Gone => Refusal::gone(),
            ExpiredAs::Voided => Refusal::issue("ORDER_PREVIOUSLY_VOIDED"),
        })
    }

    /// Whether an order is past its life: so long it waits for its payer, so
    /// long an approval waits for its capture, and never longer than both.
    ///
    /// Source: PayPal server SDK, `order.links`: six hours each by default, up
    /// to 72 on request; the specification of 2024 says three.
    pub(crate) fn has_expired(&self, order: &Order, now: Timestamp) -> bool {
        let payer_wait = hours(self.behaviour.expiry_payer_h);
        let capture_wait = hours(self.behaviour.expiry_capture_h);
        let life_ends_at = later(later(order.created_at, payer_wait), capture_wait);
        let ends_at = match order.state {
            OrderState::AwaitingPayer if order.declined_captures == 0 => {
                later(order.created_at, payer_wait)
            }
            OrderState::AwaitingPayer => life_ends_at,
            OrderState::Approved { at, .. } => later(at, capture_wait).min(life_ends_at),
            OrderState::Completed { .. } => Timestamp::MAX,
        };
        now >= ends_at
    }

    pub(crate) fn order_mut(&mut self, id: &str) -> Option<&mut Order> {
        self.books.orders.iter_mut().find(|order| order.id == id)
    }

    pub(crate) fn capture_of(&self, order: &Order) -> Option<&Capture> {
        self.books
            .captures
            .iter()
            .find(|capture| capture.order_id == order.id)
    }

    fn show(
        &self,
        id: &str,
        asked: &ApiRequest<'_>,
        status: StatusCode,
    ) -> Result<Answer, Refusal> {
        let order = self.live_order(id, asked.now)?;
        let body = if asked.wants_representation() {
            let refunds = self.refunds_shown(order, asked.now);
            self.shapes().order(order, self.capture_of(order), &refunds)
        } else {
            self.shapes().order_minimal(order)
        };
        let body = self.as_told(body, order, asked.now);
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
