//! Refunds: proposed, decided by somebody else, carried out. Each is one item beside its
//! ticket; the index of open work lists it under its state, and the sweep finds the
//! approved ones there.

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use jiff::Timestamp;
use ticket::{Asked, CaseMoney, Cents, Refund, RefundId, RefundState, Settlement, Ticket};

use crate::dynamo::client::{read, unavailable};
use crate::dynamo::keys::{self, s, sortable};
use crate::dynamo::write::{Step, value};
use crate::ledger::cursor::settled;
use crate::ledger::journal::{JournalEntry, JournalEvent, PAYPAL, journal_line};
use crate::ledger::telling::told;
use crate::lists::{ListPage, Place};
use crate::payments::records::{DecidedRefund, TakenBack, TakenBackKind};
use crate::payments::refund_item::{new_refund, refund_list, state_update};
use crate::payments::taken_back::{becomes, line};
use crate::{Error, Store, Write};

/// The list that only grows: what the cash office pays from.
pub const ORDERED: &str = "ordered";

impl Store {
    /// A refund, by its number.
    ///
    /// # Errors
    /// When the table does not answer or the item is unreadable.
    pub async fn refund(&self, id: &RefundId) -> Result<Option<Refund>, Error> {
        let Some(key) = keys::refund(id) else {
            return Ok(None);
        };
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key.into_item()))
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable("read a refund"))?;
        found.item.map(|item| read("refund", item)).transpose()
    }

    /// Every refund of a ticket, whatever became of it.
    ///
    /// # Errors
    /// When the table does not answer or one is unreadable.
    pub async fn refunds_of(&self, ticket: &Ticket) -> Result<Vec<Refund>, Error> {
        let items = self.ticket_partition(&ticket.case_number, "REFUND#");
        let items = items.await?.into_iter();
        items.map(|item| read("refund", item)).collect()
    }

    /// What may still be proposed to be given back of a settlement.
    ///
    /// # Errors
    /// When the table does not answer or an item is unreadable.
    pub async fn refundable(
        &self,
        settlement: &Settlement,
        refunds: &[Refund],
    ) -> Result<Cents, Error> {
        let lines = self.lines_taken_back(&settlement.case_number).await?;
        Ok(settlement.refundable(refunds, taken_of(settlement, &lines, refunds)))
    }

    /// All money of a ticket.
    ///
    /// # Errors
    /// When the table does not answer or an item is unreadable.
    pub async fn case_money(&self, ticket: &Ticket) -> Result<CaseMoney, Error> {
        let case_number = &ticket.case_number;
        let refunds = self.refunds_of(ticket).await?;
        let lines = self.lines_taken_back(case_number).await?;
        let mut kept = Vec::new();
        for item in self.ticket_partition(case_number, "SETTLEMENT#").await? {
            let settlement: Settlement = read("settlement", item)?;
            let amount = settlement.kept(&refunds, taken_of(&settlement, &lines, &refunds));
            kept.push((settlement, amount));
        }
        Ok(CaseMoney { kept, refunds })
    }

    /// Refunds of a state, the longest there first, after the place that was read last.
    ///
    /// Orders are given once they are settled: whoever goes on from a place, and pays what
    /// comes, must meet each once, however late it was written.
    ///
    /// # Errors
    /// When the table does not answer or one is unreadable.
    pub async fn refunds_in(
        &self,
        state: &str,
        after: Option<&Place>,
        limit: usize,
        now: Timestamp,
    ) -> Result<ListPage<Refund>, Error> {
        let is_so = |refund: &Refund| refund.state.name() == state;
        let list = [refund_list(state)];
        let until = (state == ORDERED).then(|| sortable(settled(now)));
        self.listed("refund", &list, after, until.as_deref(), limit, is_so)
            .await
    }

    /// Writes a proposal down. Refused where the ticket has changed since it was read,
    /// or another proposal of this settlement was faster.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn propose_refund(&self, ticket: &Ticket, refund: &Refund) -> Result<Write, Error> {
        let by = refund.proposed_by.as_deref().unwrap_or_default();
        let line = changing_nothing(
            ticket,
            by,
            JournalEvent::RefundProposed,
            refund,
            refund.proposed_at,
        );
        let line = JournalEntry {
            reason: refund.reason.clone(),
            ..line
        };
        let update = becomes(ticket, &ticket.state);
        let mut steps = told(ticket, update, &line, refund.proposed_at)?;
        steps.push(new_refund(refund)?);
        self.transact_torn("propose a refund", steps).await
    }

    /// Writes down who has approved or rejected a refund. Refused where it was decided, or
    /// PayPal was asked for it, since it was read, whoever has proposed it approves it, or
    /// the ticket has changed.
    ///
    /// Where the cash office pays it out, that is booked: the order for it is what the
    /// books are kept by. Refused where another order stands under its number.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn decide_refund(
        &self,
        ticket: &Ticket,
        refund: &Refund,
        decided: &RefundState,
    ) -> Result<Write, Error> {
        let (what, decision, order) = match decided {
            RefundState::Rejected { decision } => (JournalEvent::RefundRejected, decision, None),
            RefundState::Approved { decision, .. } => {
                (JournalEvent::RefundApproved, decision, None)
            }
            RefundState::Ordered { decision } => {
                let order = payment_order(refund, decision.at);
                let Some(order) = self.as_it_stands(ticket, order).await? else {
                    return Ok(Write::Refused);
                };
                (JournalEvent::RefundApproved, decision, Some(order))
            }
            RefundState::Proposed | RefundState::Completed { .. } | RefundState::Failed { .. } => {
                return Ok(Write::Refused);
            }
        };
        let after = order
            .as_ref()
            .map_or_else(|| ticket.state.clone(), |order| order.after(&ticket.state));
        let update = state_update(&refund.id, decided, decision.at)?;
        let update = if what == JournalEvent::RefundRejected {
            update
                // What PayPal was asked for may have gone.
                .condition_expression(
                    "refund_state = :was AND attribute_not_exists(asked) \
                     AND attribute_not_exists(paypal_id)",
                )
        } else {
            update
                // sabotage: a proposal is approved by whoever has made it: at the table
                .condition_expression(
                    "refund_state = :was \
                     AND (attribute_not_exists(proposed_by) OR proposed_by <> :decided_by)",
                )
                .expression_attribute_values(":decided_by", s(decision.by.as_str()))
        };
        let update = update.expression_attribute_values(":was", s(refund.state.name()));
        let entry = JournalEntry {
            reason: decision.reason.clone(),
            ..journal_line(
                ticket,
                &decision.by,
                what,
                refund.id.as_str(),
                (&after, ticket.rest()),
                decision.at,
            )
        };
        let mut steps = told(ticket, becomes(ticket, &after), &entry, decision.at)?;
        steps.push(Step::Update(update));
        if let Some(order) = order {
            steps.extend(line(&order)?);
        }
        self.transact_torn("decide a refund", steps).await
    }

    /// The order as a restore has brought it back, which says when it was booked; nothing
    /// where that is another one.
    async fn as_it_stands(
        &self,
        ticket: &Ticket,
        order: TakenBack,
    ) -> Result<Option<TakenBack>, Error> {
        let Some(stands) = self.taken_back(ticket, &order.id).await? else {
            return Ok(Some(order));
        };
        let as_booked = TakenBack {
            booked_at: stands.booked_at,
            ..order
        };
        Ok((stands == as_booked).then_some(stands))
    }

    /// All steps; and where a restore has brought parts back that the ticket does not know
    /// of, it is made whole with them. What somebody else has written meanwhile is no such
    /// part: the ticket says so.
    async fn transact_torn(&self, call: &'static str, steps: Vec<Step>) -> Result<Write, Error> {
        match self.transact(call, steps.clone()).await? {
            Write::Done => Ok(Write::Done),
            Write::Refused => self.transact_missing(call, steps).await,
        }
    }

    /// Notes that PayPal is about to be asked: before it is. Refused while another call
    /// may be under way, or where the refund has come to its end.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn ask_for_refund(&self, refund: &Refund, asked: Asked) -> Result<Write, Error> {
        let asked = value("refund", &asked)?;
        let Some(key) = keys::refund(&refund.id) else {
            return Ok(Write::Refused);
        };
        let update = UpdateBuilder::default()
            .set_key(Some(key.into_item()))
            .update_expression("SET asked = :asked")
            .expression_attribute_values(":asked", asked)
            .expression_attribute_values(":approved", s("approved"));
        let update = match refund.state.asked() {
            None => update
                // sabotage: two give one refund back at once
                .condition_expression("refund_state = :approved AND attribute_not_exists(asked)"),
            Some(seen) => update
                .condition_expression("refund_state = :approved AND asked.#until = :seen")
                .expression_attribute_names("#until", "until")
                .expression_attribute_values(":seen", s(seen.until.to_string())),
        };
        self.transact("ask for a refund", vec![Step::Update(update)])
            .await
    }

    /// Notes under which id PayPal has it on its way.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn refund_is_under_way(
        &self,
        refund: &Refund,
        paypal_id: &str,
    ) -> Result<Write, Error> {
        let Some(key) = keys::refund(&refund.id) else {
            return Ok(Write::Refused);
        };
        let update = UpdateBuilder::default()
            .set_key(Some(key.into_item()))
            .update_expression("SET paypal_id = :paypal_id")
            .condition_expression("refund_state = :approved")
            .expression_attribute_values(":paypal_id", s(paypal_id))
            .expression_attribute_values(":approved", s("approved"));
        self.transact("note a refund under way", vec![Step::Update(update)])
            .await
    }

    /// Notes since when PayPal does not say how an approved refund stands.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn note_refund_silence(
        &self,
        refund: &Refund,
        now: Timestamp,
    ) -> Result<Write, Error> {
        let Some(key) = keys::refund(&refund.id) else {
            return Ok(Write::Refused);
        };
        let update = UpdateBuilder::default()
            .set_key(Some(key.into_item()))
            .update_expression("SET silent_since = :now")
            .condition_expression("refund_state = :approved AND attribute_not_exists(silent_since)")
            .expression_attribute_values(":now", s(now.to_string()))
            .expression_attribute_values(":approved", s("approved"));
        self.transact("note a silence about a refund", vec![Step::Update(update)])
            .await
    }

    /// PayPal has said something about it again.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn end_refund_silence(&self, refund: &Refund) -> Result<Write, Error> {
        let Some(key) = keys::refund(&refund.id) else {
            return Ok(Write::Refused);
        };
        let update = UpdateBuilder::default()
            .set_key(Some(key.into_item()))
            .update_expression("REMOVE silent_since")
            .condition_expression("attribute_exists(silent_since)");
        self.transact("end a silence about a refund", vec![Step::Update(update)])
            .await
    }

    /// Writes down that a refund was not made, for a human to look at.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn fail_refund(
        &self,
        ticket: &Ticket,
        refund: &Refund,
        issue: &str,
        now: Timestamp,
    ) -> Result<Write, Error> {
        let failed = RefundState::Failed {
            issue: issue.to_owned(),
            failed_at: now,
        };
        let update = state_update(&refund.id, &failed, now)?
            .condition_expression("refund_state = :approved")
            .expression_attribute_values(":approved", s("approved"));
        let entry = JournalEntry {
            // PayPal's word for why; the item forgets it where it is made after all.
            reason: issue.parse().ok(),
            ..changing_nothing(ticket, PAYPAL, JournalEvent::RefundFailed, refund, now)
        };
        let mut steps = told(ticket, becomes(ticket, &ticket.state), &entry, now)?;
        steps.push(Step::Update(update));
        self.transact_torn("fail a refund", steps).await
    }
}

/// What of a settlement has left without a refund of ours: what was decided here is one,
/// and is counted by itself; unless a restore has forgotten it.
fn taken_of(settlement: &Settlement, lines: &[TakenBack], refunds: &[Refund]) -> Cents {
    let id = settlement.id();
    let is_counted = |decided: &DecidedRefund| {
        let mut refunds = refunds.iter();
        refunds.any(|refund| refund.id == decided.refund && refund.holds_money())
    };
    let taken = lines
        .iter()
        .filter(|line| line.settlement == id && !line.decided.as_ref().is_some_and(is_counted));
    let amounts = taken.filter_map(|line| line.amount.as_ref());
    let cents = amounts.filter_map(|amount| amount.cents_of(&settlement.amount.currency));
    let sum = cents.fold(0_u32, |sum, it| sum.saturating_add(it.minor_units()));
    Cents::new(sum)
}

/// The line of the books for what the cash office pays out.
fn payment_order(refund: &Refund, at: Timestamp) -> TakenBack {
    TakenBack {
        id: refund.id.to_string(),
        kind: TakenBackKind::PaymentOrder,
        case_number: refund.case_number.clone(),
        settlement: refund.settlement.clone(),
        amount: Some(refund.amount.clone()),
        decided: Some(DecidedRefund {
            refund: refund.id.clone(),
            gives_back: refund.gives_back,
        }),
        booked_at: at,
    }
}

/// A line of the journal that changes nothing of the ticket.
fn changing_nothing(
    ticket: &Ticket,
    by: &str,
    what: JournalEvent,
    refund: &Refund,
    at: Timestamp,
) -> JournalEntry {
    let stands = (&ticket.state, ticket.rest());
    journal_line(ticket, by, what, refund.id.as_str(), stands, at)
}
