//! Orders: make, read, capture.

use serde::Serialize;
use ticket::{Money, OrderId};
use tokio::time::Instant;

use crate::order_request::WireNewOrder;
use crate::wire::{Unreadable, WireOrder};
use crate::{AccessToken, CreatedOrder, Error, Issue, NewOrder, Order, PayPal};

/// The body of a capture: all there is to say stands in the order.
#[derive(Serialize)]
struct Nothing {}

impl PayPal {
    /// Makes an order under the request id `{attempt}-create`; costs nobody
    /// anything until it is captured.
    ///
    /// # Errors
    /// As [`Error`] says. An order that is not what was asked for (another
    /// amount, another payee, a page to approve that is not PayPal's) is one
    /// no payer must see: [`Error::Refused`] with [`Issue::OurAccount`] when
    /// the payee is not our merchant id, else [`Error::Unclear`].
    ///
    /// Source: Orders v2, `orders.create`.
    pub async fn create_order(
        &self,
        token: &AccessToken,
        order: &NewOrder,
        deadline: Instant,
    ) -> Result<CreatedOrder, Error> {
        let request_id = format!("{}-create", order.attempt);
        let call = self.call("create order", deadline);
        let body = WireNewOrder::from(order);
        let path = "v2/checkout/orders";
        let made = call.post(token, path, &request_id, &body).await?;
        let (made, approve_url) = made.read(|made| {
            let made = self.read_order(made)?;
            let approve_url = made.approve_url.clone().ok_or(Unreadable)?;
            let asked = |amount: &Money| amount.euro_cents() == Some(order.amount);
            if !made.amount.as_ref().is_none_or(asked) {
                return Err(Unreadable);
            }
            Ok((made, approve_url))
        })?;
        let foreign = |payee: &String| *payee != self.config.merchant_id;
        if made.payee_merchant_id.as_ref().is_some_and(foreign) {
            // Credentials of another account: every payment would go there.
            return Err(Error::Refused {
                call: "create order",
                status: 201,
                issue: Issue::OurAccount(String::from("PAYEE_IS_NOT_OUR_MERCHANT_ID")),
                at: None,
                debug_id: None,
                approve_url: None,
            });
        }
        Ok(CreatedOrder {
            id: made.id,
            approve_url,
        })
    }

    /// Reads an order.
    ///
    /// # Errors
    /// As [`Error`] says; [`Error::NotFound`] is what an expired order becomes.
    ///
    /// Source: Orders v2, `orders.get`.
    pub async fn get_order(
        &self,
        token: &AccessToken,
        id: &OrderId,
        deadline: Instant,
    ) -> Result<Order, Error> {
        let call = self.call("get order", deadline);
        let path = format!("v2/checkout/orders/{id}");
        let order = call.get(token, &path).await?;
        order.read(|order| self.read_this_order(order, id))
    }

    /// Captures an order: the one call that moves money. A 2xx says that it
    /// was made, not that money came: see the captures in the answer.
    ///
    /// # Errors
    /// As [`Error`] says. A refusal that the payer can mend says where.
    ///
    /// Source: Orders v2, `orders.capture`.
    pub async fn capture_order(
        &self,
        token: &AccessToken,
        id: &OrderId,
        request_id: &str,
        deadline: Instant,
    ) -> Result<Order, Error> {
        let call = self.call("capture order", deadline);
        let path = format!("v2/checkout/orders/{id}/capture");
        match call.post(token, &path, request_id, &Nothing {}).await {
            Ok(order) => order.read(|order| self.read_this_order(order, id)),
            Err(error) => Err(self.with_approve_page(error, id)),
        }
    }

    /// A payer who can mend a refusal is sent on even when the answer forgot
    /// its link, or a declined card would end at our page with no way on.
    fn with_approve_page(&self, error: Error, id: &OrderId) -> Error {
        match error {
            Error::Refused {
                call,
                status,
                issue:
                    issue @ (Issue::InstrumentDeclined
                    | Issue::PayerActionRequired
                    | Issue::OrderNotApproved),
                at,
                debug_id,
                approve_url: None,
            } => Error::Refused {
                call,
                status,
                issue,
                at,
                debug_id,
                approve_url: Some(self.approve_pages().of_order(id)),
            },
            Error::Refused { .. }
            | Error::NoAnswer { .. }
            | Error::Unclear { .. }
            | Error::Unauthorized { .. }
            | Error::NotFound { .. } => error,
        }
    }

    fn read_this_order(&self, order: WireOrder, id: &OrderId) -> Result<Order, Unreadable> {
        let order = self.read_order(order)?;
        // Another order's captures booked under this one would be somebody
        // else's money.
        if order.id == *id {
            Ok(order)
        } else {
            Err(Unreadable)
        }
    }

    fn read_order(&self, order: WireOrder) -> Result<Order, Unreadable> {
        let links = order.links.as_deref().unwrap_or_default();
        let approve_url = self
            .approve_pages()
            .among(links, &["payer-action", "approve"]);
        order.read(approve_url)
    }
}
