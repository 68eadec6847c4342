//! How a review ends where it is about money: somebody proposes it, somebody else says
//! the same. What either of them has read must still be so when it is written.

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use jiff::Timestamp;
use ticket::{
    Decision, RefundState, ReviewDecision, ReviewEnd, ReviewProposal, Settlement, State, Ticket,
};

use crate::dynamo::keys::{self, n, s};
use crate::dynamo::write::{Step, value};
use crate::ledger::changes::next_moment;
use crate::ledger::journal::{Act, JournalEntry, JournalEvent, journal_line};
use crate::ledger::telling::told;
use crate::payments::conditions::NOBODY_CAPTURES;
use crate::payments::refund_item::{new_refund, state_update};
use crate::{Error, Store, Write};

impl Store {
    /// Writes down how somebody proposes to end a review, in place of what was proposed
    /// before. Refused where anything has happened to the ticket since it was read.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn propose_review(
        &self,
        ticket: &Ticket,
        decision: ReviewDecision,
        act: Act<'_>,
    ) -> Result<Write, Error> {
        let at = next_moment(ticket, act.at);
        let proposal = ReviewProposal {
            decision,
            reason: act.reason.clone(),
            by: act.by.to_owned(),
            at,
        };
        // Of one person and one ticket there may be several.
        let reference = format!("{}.{at}", decision.name());
        let stands = (&ticket.state, ticket.rest());
        let what = JournalEvent::ReviewProposed;
        let entry = JournalEntry {
            reason: Some(act.reason.clone()),
            ..journal_line(ticket, act.by, what, &reference, stands, at)
        };
        let update = in_review(ticket)
            .update_expression("SET review_proposal = :proposal")
            .expression_attribute_values(":proposal", value("proposal", &proposal)?);
        let steps = told(ticket, update, &entry, at)?;
        self.transact("propose the end of a review", steps).await
    }

    /// Ends a review as somebody else has proposed. Refused where anything has happened to
    /// the ticket since it was read, or whoever has proposed it confirms it.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn end_review(
        &self,
        ticket: &Ticket,
        end: &ReviewEnd,
        act: Act<'_>,
    ) -> Result<Write, Error> {
        let at = next_moment(ticket, act.at);
        let rest = Ticket {
            part_payments: end.part_payments.clone(),
            ..ticket.clone()
        };
        let stands = (&end.state, rest.rest());
        let entry = JournalEntry {
            reason: Some(act.reason.clone()),
            ..journal_line(
                ticket,
                act.by,
                JournalEvent::ReviewEnded,
                act.by,
                stands,
                at,
            )
        };
        let update = ended(proposed_by_another(ticket, act.by), end, at)?
            .expression_attribute_values(":next", n(entry.version));
        let mut steps = told(ticket, update, &entry, at)?;
        if let Some(counted) = &end.counted {
            steps.push(Step::Update(counts(counted)));
        }
        for id in &end.rejected {
            let decision = Decision {
                by: act.by.to_owned(),
                at,
                reason: Some(act.reason.clone()),
            };
            let update = state_update(id, &RefundState::Rejected { decision }, at)?
                .condition_expression("refund_state = :was")
                .expression_attribute_values(":was", s(RefundState::Proposed.name()));
            steps.push(Step::Update(update));
        }
        if let Some(proposed) = &end.proposed {
            steps.push(new_refund(proposed)?);
        }
        self.transact("end a review", steps).await
    }
}

const IN_REVIEW: &str = "#state = :review";

/// An update of a ticket that is in review, with nobody inside the capture call and
/// nothing that PayPal holds back.
fn in_review(ticket: &Ticket) -> UpdateBuilder {
    UpdateBuilder::default()
        .set_key(Some(keys::ticket(&ticket.case_number).into_item()))
        .condition_expression(format!("{IN_REVIEW} AND {NOBODY_CAPTURES}"))
        .expression_attribute_names("#state", "state")
        .expression_attribute_names("#lock", "lock")
        .expression_attribute_values(":review", s("review"))
        .expression_attribute_values(":version", n(ticket.version))
}

/// The same where somebody else than the one who decides now has proposed the end.
fn proposed_by_another(ticket: &Ticket, decided_by: &str) -> UpdateBuilder {
    // sabotage: one person ends a review alone: at the table
    let by_another = "review_proposal.#by <> :decided_by";
    in_review(ticket)
        .condition_expression(format!(
            "{IN_REVIEW} AND {NOBODY_CAPTURES} AND {by_another}"
        ))
        .expression_attribute_names("#by", "by")
        .expression_attribute_values(":decided_by", s(decided_by))
}

/// What the ticket becomes.
fn ended(update: UpdateBuilder, end: &ReviewEnd, at: Timestamp) -> Result<UpdateBuilder, Error> {
    let mut set = vec![
        "#state = :state",
        "version = :next",
        "part_payments = :parts",
        "reviewed_at = :at",
    ];
    if end.first_invoice_used {
        set.push("first_invoice_refused = :yes");
    }
    let mut update = update
        .expression_attribute_values(":state", s(end.state.name()))
        .expression_attribute_values(":parts", value("part payments", &end.part_payments)?)
        .expression_attribute_values(":at", s(at.to_string()));
    if end.first_invoice_used {
        update = update.expression_attribute_values(":yes", AttributeValue::Bool(true));
    }
    if let State::Paid {
        settlement,
        paid_at,
        by,
    } = &end.state
    {
        set.extend([
            "settlement = :settlement",
            "paid_at = :paid_at",
            "#by = :by",
        ]);
        update = update
            .expression_attribute_values(":settlement", s(settlement.as_str()))
            .expression_attribute_values(":paid_at", s(paid_at.to_string()))
            .expression_attribute_values(":by", s(by.name()));
    }
    let set = set.join(", ");
    Ok(update.update_expression(format!("SET {set} REMOVE review_proposal, letter_lease")))
}

/// Surplus pays the fine from now on. Its line in the books stays what it is: the sum.
fn counts(counted: &Settlement) -> UpdateBuilder {
    let key = keys::settlement(&counted.case_number, &counted.id());
    let mut set = vec!["#role = :main"];
    let mut update = UpdateBuilder::default()
        .set_key(Some(key.into_item()))
        .condition_expression("#role = :surplus")
        .expression_attribute_names("#role", "role")
        .expression_attribute_values(":main", s("main"))
        .expression_attribute_values(":surplus", s("surplus"));
    if let Some(overpaid) = &counted.overpaid {
        set.push("overpaid = :overpaid");
        update = update.expression_attribute_values(":overpaid", s(overpaid.to_string()));
    }
    update.update_expression(format!("SET {} REMOVE surplus_reason", set.join(", ")))
}
