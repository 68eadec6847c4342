//! Sending a driver to `PayPal`: the attempt is written down before `PayPal`
//! hears of it, and the order's id before the driver is sent there.

use jiff::Timestamp;
use paypal::{Error as PayPalError, Issue, NewOrder};
use store::{Attempt, AttemptState, Error, PlacedOrder, Write};
use ticket::{AttemptId, Language, Standing, Ticket};
use tokio::time::Instant;

use crate::limits::{LOOK_YOUNG, ORDER_REUSE};
use crate::{Captures, Progress, Settle, Wake};

/// The second invoice id of a ticket; no case number can contain it.
pub(crate) const SECOND_INVOICE_SUFFIX: &str = "_2";

/// What `PayPal`'s page needs to know.
#[derive(Clone, Copy, Debug)]
pub struct Payer<'a> {
    /// The language of the pages the driver sees.
    pub language: Language,
    /// `PUBLIC_BASE_URL`, where `PayPal` sends the driver back to.
    pub base_url: &'a str,
    /// The city's name on `PayPal`'s page.
    pub brand_name: &'a str,
}

/// What became of pressing the button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checkout {
    /// Send the driver there.
    Redirect(String),
    /// The ticket is no longer the one the driver saw: show it as it is now.
    TicketChanged,
    /// No order could be made; nothing was charged.
    PayPalUnreachable,
    /// Captures are closed, so no order was made.
    Closed,
    /// As many of the ticket's orders as may be are still open at `PayPal`, so
    /// none was made.
    TooManyAttempts,
    /// An order that had been approved was found and settled: show the ticket as
    /// it is now.
    Settled,
}

impl Checkout {
    /// The outcome's name for a log line; the address is a secret of payer and
    /// `PayPal`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Redirect(_) => "redirect",
            Self::TicketChanged => "ticket changed",
            Self::PayPalUnreachable => "PayPal unreachable",
            Self::Closed => "captures closed",
            Self::TooManyAttempts => "too many attempts",
            Self::Settled => "settled",
        }
    }
}

impl Settle {
    /// Makes an order for an open ticket.
    ///
    /// Dying anywhere in here costs nobody anything: an order without a driver
    /// sent to it is never approved, and the sweep ends the attempt.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn checkout(
        &self,
        ticket: &Ticket,
        payer: &Payer<'_>,
        random: &(dyn Fn() -> u128 + Sync),
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Checkout, Error> {
        if self.captures == Captures::Closed {
            return Ok(Checkout::Closed);
        }
        let first = ticket.case_number.to_string();
        let second = format!("{first}{SECOND_INVOICE_SUFFIX}");
        let mut invoice_ids = vec![first, second];
        if ticket.first_invoice_refused {
            if !self.no_money_found(ticket, now, deadline).await? {
                return Ok(Checkout::TicketChanged);
            }
            invoice_ids.remove(0);
        }
        for invoice_id in invoice_ids {
            let attempt = new_attempt(
                ticket,
                payer,
                random(),
                invoice_id,
                self.paypal.client_id(),
                now,
            );
            let due_at = now.saturating_add(LOOK_YOUNG).unwrap_or(now);
            if self.store.begin_attempt(&attempt, due_at).await? == Write::Refused {
                return Ok(Checkout::TicketChanged);
            }
            let new_order = &new_order(&attempt, payer);
            let created = self
                .call(now, deadline, |token| async move {
                    self.paypal.create_order(&token, new_order, deadline).await
                })
                .await;
            match created {
                Ok(created) => {
                    let placed = PlacedOrder {
                        id: created.id,
                        approve_url: created.approve_url.clone(),
                    };
                    return Ok(match self.store.place_order(&attempt.id, &placed).await? {
                        Write::Done => Checkout::Redirect(created.approve_url),
                        Write::Refused => Checkout::PayPalUnreachable,
                    });
                }
                Err(PayPalError::Refused {
                    issue: Issue::DuplicateInvoiceId,
                    ..
                }) => {
                    let _ = self
                        .store
                        .end_attempt(&attempt, &AttemptState::Declined)
                        .await?;
                    tracing::warn!(case_number = %ticket.case_number, "PayPal says the invoice was paid: looking for its money");
                    if !self.no_money_found(ticket, now, deadline).await? {
                        return Ok(Checkout::TicketChanged);
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, case_number = %ticket.case_number, attempt = %attempt.id, "no order could be made");
                    if matches!(error, PayPalError::Refused { .. }) {
                        let _ = self
                            .store
                            .end_attempt(&attempt, &AttemptState::Declined)
                            .await?;
                    }
                    return Ok(Checkout::PayPalUnreachable);
                }
            }
        }
        tracing::error!(case_number = %ticket.case_number, "PayPal refuses both invoice ids of a ticket without a payment");
        Ok(Checkout::PayPalUnreachable)
    }

    /// Sends the driver back to an order that is still good, or makes a new one.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn try_again(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        payer: &Payer<'_>,
        random: &(dyn Fn() -> u128 + Sync),
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Checkout, Error> {
        if self.captures == Captures::Closed {
            return Ok(Checkout::Closed);
        }
        let age: std::time::Duration = now
            .duration_since(attempt.created_at)
            .try_into()
            .unwrap_or_default();
        let good = attempt.state == AttemptState::Live
            && attempt.version == ticket.version
            && ticket.standing() == Standing::Open
            && age < ORDER_REUSE;
        match attempt.order.as_ref().filter(|_| good) {
            Some(order) => {
                if attempt.decline.is_some() {
                    let _ = self.store.note_try_again(attempt).await?;
                }
                Ok(Checkout::Redirect(order.approve_url.clone()))
            }
            None => self.checkout(ticket, payer, random, now, deadline).await,
        }
    }

    /// Settles every order of the ticket: `true` when `PayPal` has said of each
    /// of them that it brought no money, and the ticket is still payable.
    async fn no_money_found(
        &self,
        ticket: &Ticket,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<bool, Error> {
        for attempt in self.store.attempts_of(&ticket.case_number).await? {
            if attempt.order.is_none() {
                continue;
            }
            let settled = self.settle(&attempt.id, Wake::Sweep, now, deadline).await?;
            if settled.is_none_or(|settled| settled.progress == Progress::Unclear) {
                return Ok(false);
            }
        }
        let stands = self.store.ticket(&ticket.case_number).await?;
        Ok(stands.is_some_and(|stands| stands.standing() == Standing::Open))
    }
}

fn new_attempt(
    ticket: &Ticket,
    payer: &Payer<'_>,
    random: u128,
    invoice_id: String,
    client_id: &str,
    now: Timestamp,
) -> Attempt {
    Attempt {
        id: AttemptId::from_random(random),
        case_number: ticket.case_number.clone(),
        version: ticket.version,
        amount: ticket.amount,
        language: payer.language,
        invoice_id,
        client_id: client_id.to_owned(),
        created_at: now,
        order: None,
        refusals: 0,
        approved_at: None,
        decline: None,
        state: AttemptState::Live,
    }
}

fn new_order(attempt: &Attempt, payer: &Payer<'_>) -> NewOrder {
    let result_page = format!("{}/r/{}", payer.base_url, attempt.id);
    NewOrder {
        attempt: attempt.id.clone(),
        case_number: attempt.case_number.clone(),
        invoice_id: attempt.invoice_id.clone(),
        amount: attempt.amount,
        brand_name: payer.brand_name.to_owned(),
        locale: match payer.language {
            Language::De => "de-DE",
            // Most readers of the English pages around the first city are US citizens.
            Language::En => "en-US",
        }
        .to_owned(),
        cancel_url: format!("{result_page}/cancel"),
        return_url: result_page,
    }
}
