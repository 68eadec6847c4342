//! Sending a driver to PayPal: the attempt is written down before PayPal
//! hears of it, and the order's id before the driver is sent there.

use jiff::Timestamp;
use paypal::{CreatedOrder, Error as PayPalError, Issue, NewOrder};
use store::{Attempt, AttemptEnd, AttemptState, Error, PlacedOrder, Write};
use ticket::{AttemptId, Captures, Language, Standing, Ticket};
use tracing::Instrument;

use crate::asking::Answer;
use crate::invoice_id::invoice_ids;
use crate::limits::{DECISIONS_MAX, LIVE_ATTEMPTS_MAX, LOOK_YOUNG, ORDER_REUSE, PLACING, age};
use crate::reading::Reading;
use crate::{Moment, Progress, Settle, Wake, trail};

/// What PayPal's page needs to know.
#[derive(Clone, Copy, Debug)]
pub struct Payer<'a> {
    /// The language of the pages the driver sees.
    pub language: Language,
    /// `PUBLIC_BASE_URL`, where PayPal sends the driver back to.
    pub base_url: &'a str,
    /// The city's name on PayPal's page.
    pub brand_name: &'a str,
}

/// What became of pressing the button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checkout {
    /// Send the driver there.
    Redirect(String),
    /// The ticket is no longer the one the driver saw: show it as it is now.
    TicketChanged,
    /// An earlier order had been approved, and was settled: show the ticket as it
    /// is now.
    Settled,
    /// As many orders as one ticket may have are still open at PayPal, or somebody
    /// presses faster than PayPal is asked.
    TooManyAttempts,
    /// Captures are closed, so no order is made.
    Closed,
    /// No order could be made; nothing was charged.
    PayPalUnreachable,
}

impl Checkout {
    /// The outcome's name for a log line; the address is a secret of payer and
    /// PayPal.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Redirect(_) => "redirect",
            Self::TicketChanged => "ticket changed",
            Self::Settled => "an earlier order was settled",
            Self::TooManyAttempts => "too many open orders or presses",
            Self::Closed => "captures are closed",
            Self::PayPalUnreachable => "PayPal unreachable",
        }
    }
}

impl Settle {
    /// Sends the driver to the order that is there already and waits for a payer,
    /// or makes one. An order that was approved meanwhile is settled instead.
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
        moment: Moment,
    ) -> Result<Checkout, Error> {
        self.checkout_after(ticket, None, payer, random, moment)
            .await
    }

    /// The same from the result page of an attempt, whose order is used again if
    /// it is still good.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn try_again(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        payer: &Payer<'_>,
        random: &(dyn Fn() -> u128 + Sync),
        moment: Moment,
    ) -> Result<Checkout, Error> {
        self.checkout_after(ticket, Some(attempt), payer, random, moment)
            .await
    }

    async fn checkout_after(
        &self,
        ticket: &Ticket,
        last: Option<&Attempt>,
        payer: &Payer<'_>,
        random: &(dyn Fn() -> u128 + Sync),
        moment: Moment,
    ) -> Result<Checkout, Error> {
        if self.captures == Captures::Closed {
            return Ok(Checkout::Closed);
        }
        if !self.may_ask(ticket.case_number.as_str(), moment.now) {
            return self.without_asking(ticket, payer, moment.now).await;
        }
        let mut stands = ticket.clone();
        for _ in 0..DECISIONS_MAX {
            let checkout = self.one_order(&stands, last, payer, random, moment).await?;
            if let Some(checkout) = checkout {
                return Ok(checkout);
            }
            let Some(again) = self.store.ticket(&ticket.case_number).await? else {
                break;
            };
            stands = self.store.without_ended_mark(again).await?;
            let is_payable = stands.standing() == Standing::Open
                && stands.version == ticket.version
                && stands.under_way(moment.now).is_none();
            if !is_payable {
                break;
            }
        }
        Ok(Checkout::TicketChanged)
    }

    /// Somebody presses without end. Whoever else has the code may still pay with the
    /// order that is there: what became of it is asked when they come back.
    async fn without_asking(
        &self,
        ticket: &Ticket,
        payer: &Payer<'_>,
        now: Timestamp,
    ) -> Result<Checkout, Error> {
        let attempts = self.store.attempts_of(&ticket.case_number).await?;
        let there = attempts.into_iter().rev().find(|attempt| {
            may_go_on_with(attempt, ticket, now)
                && attempt.language == payer.language
                && attempt.decline.is_none()
        });
        Ok(match there.and_then(|attempt| attempt.order) {
            Some(order) => Checkout::Redirect(order.approve_url),
            None => Checkout::TooManyAttempts,
        })
    }

    /// Nothing where another tab has begun an attempt in the same moment: its order may
    /// do, and is counted.
    async fn one_order(
        &self,
        ticket: &Ticket,
        last: Option<&Attempt>,
        payer: &Payer<'_>,
        random: &(dyn Fn() -> u128 + Sync),
        moment: Moment,
    ) -> Result<Option<Checkout>, Error> {
        let attempts = self.store.attempts_of(&ticket.case_number).await?;
        let last = last.and_then(|last| attempts.iter().find(|it| it.id == last.id));
        let live = attempts
            .iter()
            .filter(|attempt| attempt.state == AttemptState::Live);
        let fits = |attempt: &&Attempt| may_go_on_with(attempt, ticket, moment.now);
        let in_this_language = |attempt: &&Attempt| attempt.language == payer.language;
        let there = last
            .filter(fits)
            .or_else(|| live.clone().rev().filter(fits).find(in_this_language));
        if let Some(there) = there
            && let Some(checkout) = self
                .go_on_with(ticket, there, moment)
                .instrument(trail::of_attempt(there))
                .await?
        {
            return Ok(Some(checkout));
        }
        let open = live.filter(|attempt| is_open_at_paypal(attempt, ticket, moment.now));
        // sabotage: as many open orders as anybody wants
        if open.count() >= LIVE_ATTEMPTS_MAX {
            tracing::warn!(case_number = %ticket.case_number, "a ticket has as many open orders as it may have");
            return Ok(Some(Checkout::TooManyAttempts));
        }
        self.new_order(ticket, payer, random, moment).await
    }

    /// What becomes of the button where an order is there already; nothing where a
    /// new one is needed.
    async fn go_on_with(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        moment: Moment,
    ) -> Result<Option<Checkout>, Error> {
        let Some(order) = &attempt.order else {
            return Ok(None);
        };
        let answer = self.ask(&order.id, ticket, attempt, moment).await;
        let is_refused_card = attempt.decline.is_some();
        match answer {
            Answer::Order(Reading::NotApproved) => {}
            // The payer may choose another card for it at PayPal.
            Answer::Order(Reading::Approved { .. }) if is_refused_card => {}
            Answer::Order(_) => {
                let progress = self
                    .follow(ticket, attempt, answer, Wake::Sweep, moment)
                    .await?;
                // Its money may have moved, or is about to: no second order.
                if progress == Progress::Unclear {
                    return Ok(Some(Checkout::Settled));
                }
                let stands = self.store.ticket(&ticket.case_number).await?;
                let payable = stands.is_some_and(|stands| {
                    stands.standing() == Standing::Open && stands.version == ticket.version
                });
                return Ok((!payable).then_some(Checkout::Settled));
            }
            Answer::Unknown => return Ok(None),
            Answer::Denied | Answer::None => return Ok(Some(Checkout::PayPalUnreachable)),
        }
        if is_refused_card {
            let _ = self.store.note_try_again(attempt, moment.now).await?;
        }
        Ok(Some(Checkout::Redirect(order.approve_url.clone())))
    }

    async fn new_order(
        &self,
        ticket: &Ticket,
        payer: &Payer<'_>,
        random: &(dyn Fn() -> u128 + Sync),
        moment: Moment,
    ) -> Result<Option<Checkout>, Error> {
        let mut invoice_ids = invoice_ids(&ticket.case_number).to_vec();
        if ticket.first_invoice_refused {
            if !self.no_money_found(ticket, moment).await? {
                return Ok(Some(Checkout::TicketChanged));
            }
            invoice_ids.remove(0);
        }
        let (mut ticket, mut has_begun) = (ticket.clone(), false);
        for invoice_id in invoice_ids {
            let attempt = new_attempt(
                &ticket,
                payer,
                random(),
                invoice_id,
                self.paypal.client_id(),
                moment.now,
            );
            let due_at = moment.now.saturating_add(LOOK_YOUNG).unwrap_or(moment.now);
            let begun = self.store.begin_attempt(&ticket, &attempt, due_at).await?;
            if begun == Write::Refused {
                // Begun anew it would be refused the first invoice id again.
                return Ok(has_begun.then_some(Checkout::TicketChanged));
            }
            has_begun = true;
            ticket.attempts_begun += 1;
            let new_order = &new_order(&attempt, payer);
            let span = trail::of_attempt(&attempt);
            let created = self
                .call(moment, |token| async move {
                    self.paypal
                        .create_order(&token, new_order, moment.deadline)
                        .await
                })
                .instrument(span.clone())
                .await;
            match created {
                Ok(created) => {
                    let placed = self.placed_order(&attempt, created);
                    return placed.instrument(span).await.map(Some);
                }
                Err(PayPalError::Refused {
                    issue: Issue::DuplicateInvoiceId,
                    ..
                }) => {
                    self.end(&attempt, AttemptEnd::Declined).await?;
                    tracing::warn!(case_number = %ticket.case_number, "PayPal says the invoice was paid: looking for its money");
                    if !self.no_money_found(&ticket, moment).await? {
                        return Ok(Some(Checkout::TicketChanged));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, case_number = %ticket.case_number, attempt = %attempt.id, "no order could be made");
                    if matches!(error, PayPalError::Refused { .. }) {
                        self.end(&attempt, AttemptEnd::Declined).await?;
                    }
                    return Ok(Some(Checkout::PayPalUnreachable));
                }
            }
        }
        tracing::error!(case_number = %ticket.case_number, "PayPal refuses both invoice ids of a ticket without a payment");
        Ok(Some(Checkout::PayPalUnreachable))
    }

    /// Sends the driver to an order, once its id is stored.
    async fn placed_order(
        &self,
        attempt: &Attempt,
        created: CreatedOrder,
    ) -> Result<Checkout, Error> {
        let placed = PlacedOrder {
            id: created.id,
            approve_url: created.approve_url.clone(),
        };
        // sabotage: sent to PayPal before the order is stored
        Ok(match self.store.place_order(&attempt.id, &placed).await? {
            Write::Done => {
                trail::tell_placed(&placed);
                Checkout::Redirect(created.approve_url)
            }
            Write::Refused => Checkout::PayPalUnreachable,
        })
    }

    /// Settles every order of the ticket: `true` when PayPal has said of each
    /// of them that it brought no money, and the ticket is still payable.
    async fn no_money_found(&self, ticket: &Ticket, moment: Moment) -> Result<bool, Error> {
        for attempt in self.store.attempts_of(&ticket.case_number).await? {
            if attempt.order.is_none() {
                continue;
            }
            let settled = self.settle(&attempt.id, Wake::Sweep, moment).await?;
            if settled.is_none_or(|settled| settled.progress == Progress::Unclear) {
                return Ok(false);
            }
        }
        let stands = self.store.ticket(&ticket.case_number).await?;
        Ok(stands.is_some_and(|stands| stands.standing() == Standing::Open))
    }
}

/// Whether PayPal may have an order of this attempt that could still be captured.
fn is_open_at_paypal(attempt: &Attempt, ticket: &Ticket, now: Timestamp) -> bool {
    let may_be_placed = attempt.order.is_some() || age(attempt, now) < PLACING;
    may_be_placed && attempt.version == ticket.version
}

/// Whether a payer may be sent to this attempt's order.
fn may_go_on_with(attempt: &Attempt, ticket: &Ticket, now: Timestamp) -> bool {
    attempt.state == AttemptState::Live
        && attempt.order.is_some()
        && attempt.version == ticket.version
        && attempt.amount == ticket.rest()
        && ticket.standing() == Standing::Open
        && age(attempt, now) < ORDER_REUSE
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
        amount: ticket.rest(),
        language: payer.language,
        invoice_id,
        client_id: client_id.to_owned(),
        created_at: now,
        order: None,
        refusals: 0,
        approved_at: None,
        returned_at: None,
        silent_since: None,
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
