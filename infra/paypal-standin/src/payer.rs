//! The payer, who decides on a page of PayPal's.

use askama::Template;
use http::StatusCode;
use jiff::Timestamp;
use url::Url;

use crate::answers::{Answer, Content};
use crate::behaviour::BurnOn;
use crate::books::{Instrument, Order, OrderState};
use crate::shapes::PAYER_ID;
use crate::state::{ApiRequest, State};

/// What the payer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payer {
    /// Approves and returns.
    Pays,
    /// Approves with a card that the bank will refuse, and returns.
    Declines,
    /// Cancels and returns. Nothing is voided: he may still approve.
    Cancels,
    /// Approves and never returns.
    ClosesWindow,
}

/// Where the payer's browser goes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leads {
    /// To this address of the merchant's.
    To(String),
    /// Nowhere: the window is closed, or the order names no address.
    Nowhere,
}

/// The payer cannot do this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayerError {
    /// No such order, or it has expired.
    #[error("the order does not exist or has expired")]
    NoSuchOrder,
}

impl State {
    /// The payer's decision about an order.
    pub(crate) fn decide(
        &mut self,
        order_id: &str,
        payer: Payer,
        now: Timestamp,
    ) -> Result<Leads, PayerError> {
        let order = self
            .live_order(order_id, now)
            .map_err(|_| PayerError::NoSuchOrder)?
            .clone();
        let instrument = match payer {
            Payer::Pays | Payer::ClosesWindow => Instrument::Good,
            Payer::Declines => Instrument::Refused,
            Payer::Cancels => {
                self.burn(BurnOn::Cancelled, &order);
                return Ok(leads(order.cancel_url.as_deref(), order_id, false));
            }
        };
        let is_new = match order.state {
            OrderState::AwaitingPayer => true,
            // Pressing the same button twice approves once.
            OrderState::Approved {
                instrument: chosen, ..
            } => chosen != instrument,
            OrderState::Completed { .. } => false,
        };
        if is_new {
            let approved = OrderState::Approved {
                at: now,
                instrument,
            };
            self.change_order(order_id, approved, now);
            self.tell_of_approval(order_id, now);
        }
        match payer {
            Payer::ClosesWindow => Ok(Leads::Nowhere),
            Payer::Pays | Payer::Declines | Payer::Cancels => {
                Ok(leads(order.return_url.as_deref(), order_id, true))
            }
        }
    }

    /// The payer's page, shown or a button of it pressed.
    pub(crate) fn payers_page(&mut self, pressed: bool, asked: &ApiRequest<'_>) -> Answer {
        let order_id = asked.parameter("token").unwrap_or_default();
        let Ok(order) = self.live_order(&order_id, asked.now) else {
            return page(StatusCode::NOT_FOUND, "expired", None, false);
        };
        let order = order.clone();
        if !pressed {
            let open = !matches!(order.state, OrderState::Completed { .. });
            return page(StatusCode::OK, "approve", Some(&order), open);
        }
        let payer = match asked.form_field("choice").as_deref() {
            Some("pay") => Payer::Pays,
            Some("decline") => Payer::Declines,
            Some("cancel") => Payer::Cancels,
            Some("close") => Payer::ClosesWindow,
            Some(_) | None => return page(StatusCode::BAD_REQUEST, "approve", Some(&order), true),
        };
        match self.decide(&order_id, payer, asked.now) {
            Ok(Leads::To(address)) => Answer {
                status: StatusCode::SEE_OTHER,
                content: Content::SeeOther(address),
            },
            Ok(Leads::Nowhere) => page(StatusCode::OK, "closed", Some(&order), false),
            Err(PayerError::NoSuchOrder) => page(StatusCode::NOT_FOUND, "expired", None, false),
        }
    }
}

/// The merchant's address with the order's id in it, and after an approval the
/// payer's; what the merchant put into the query stays.
fn leads(address: Option<&str>, order_id: &str, approved: bool) -> Leads {
    let Some(mut url) = address.and_then(|address| Url::parse(address).ok()) else {
        return Leads::Nowhere;
    };
    url.query_pairs_mut().append_pair("token", order_id);
    if approved {
        url.query_pairs_mut().append_pair("PayerID", PAYER_ID);
    }
    Leads::To(url.into())
}

#[derive(Template)]
#[template(path = "approve.html")]
struct Page<'a> {
    words: &'static Words,
    shows: &'static str,
    order: Option<ShownOrder<'a>>,
    buttons: bool,
}

struct ShownOrder<'a> {
    id: &'a str,
    state: &'static str,
    merchant: &'a str,
    amount: String,
    currency: &'static str,
    invoice: &'a str,
}

struct Words {
    lang: &'static str,
    title: &'static str,
    note: &'static str,
    merchant: &'static str,
    amount: &'static str,
    invoice: &'static str,
    pay: &'static str,
    decline: &'static str,
    cancel: &'static str,
    close: &'static str,
    closed: &'static str,
    unknown: &'static str,
}

const ENGLISH: Words = Words {
    lang: "en",
    title: "Stand-in for PayPal",
    note: "This is not PayPal. No money moves.",
    merchant: "Merchant",
    amount: "Amount",
    invoice: "Invoice",
    pay: "Pay",
    decline: "Pay with a card that will be declined",
    cancel: "Cancel and return",
    close: "Pay and close the window without returning",
    closed: "There is nothing more to do here. You can close this window.",
    unknown: "This order does not exist or has expired. Go back to the merchant and start again.",
};

const GERMAN: Words = Words {
    lang: "de",
    title: "Ersatz für PayPal",
    note: "Das ist nicht PayPal. Es fließt kein Geld.",
    merchant: "Händler",
    amount: "Betrag",
    invoice: "Rechnung",
    pay: "Bezahlen",
    decline: "Mit einer Karte bezahlen, die abgelehnt wird",
    cancel: "Abbrechen und zurück",
    close: "Bezahlen und das Fenster schließen, ohne zurückzukehren",
    closed: "Hier ist nichts mehr zu tun. Sie können dieses Fenster schließen.",
    unknown: "Diesen Auftrag gibt es nicht, oder er ist abgelaufen. Gehen Sie zurück zum Händler \
              und beginnen Sie von vorn.",
};

fn page(status: StatusCode, shows: &'static str, order: Option<&Order>, buttons: bool) -> Answer {
    let german = order
        .and_then(|order| order.locale.as_deref())
        .is_some_and(|locale| locale.starts_with("de"));
    let on_page = order.map(|order| ShownOrder {
        id: &order.id,
        state: match order.state {
            OrderState::AwaitingPayer => "awaiting_payer",
            OrderState::Approved { .. } => "approved",
            OrderState::Completed { .. } => "completed",
        },
        merchant: order
            .brand_name
            .as_deref()
            .unwrap_or(&order.payee_merchant_id),
        amount: order.amount.to_string(),
        currency: order.amount.currency.code(),
        invoice: order.invoice_id.as_deref().unwrap_or("–"),
    });
    let rendered = Page {
        words: if german { &GERMAN } else { &ENGLISH },
        shows,
        order: on_page,
        buttons,
    }
    .render();
    match rendered {
        Ok(html) => Answer::html(status, html),
        Err(error) => Answer::html(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}
