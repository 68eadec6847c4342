//! Booking money, whatever its source, each in one transaction: ticket, settlement,
//! journal, the export's queue, and the attempt of what PayPal captured; all or nothing.

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use jiff::Timestamp;
use serde::Deserialize;
use ticket::{
    CaseNumber, Cents, PartPayment, Role, Settlement, SettlementId, Source, State, SurplusReason,
    Ticket, TicketText,
};

use crate::dynamo::client::{read, unavailable};
use crate::dynamo::keys::{self, n, s};
use crate::dynamo::write::{Step, item, value};
use crate::ledger::export::export_entry;
use crate::ledger::journal::{JournalEntry, JournalEvent, PAYPAL, journal_line, line_key};
use crate::ledger::telling::{told, told_without_line};
use crate::payments::attempts::{end_update, holds_pending};
use crate::payments::conditions::{
    AS_READ, BESIDE_PENDING, NOBODY_CAPTURES, UNLOCKED, under_fence,
};
use crate::payments::lock::Held;
use crate::payments::records::{Attempt, AttemptState};
use crate::payments::refund_item::new_refund;
use crate::{Error, Store, Write};

/// Who books money, and with it what the ticket must look like.
#[derive(Clone, Copy, Debug)]
pub enum Booker<'a> {
    /// A clerk, what the till or the bank has taken: nobody may be inside the capture
    /// call, and PayPal may hold nothing back; but for a reason that is given.
    Clerk {
        /// Why it is booked although PayPal holds a capture back.
        override_reason: Option<&'a TicketText>,
    },
    /// `settle`, what PayPal has captured for this attempt: the lock and the pending mark
    /// are its own or nobody's, and go away.
    Settle {
        /// The attempt, as it was read.
        attempt: &'a Attempt,
        /// The lock that it is booked under, if it is.
        held: Option<&'a Held>,
    },
}

impl Store {
    /// Books money as what `settlement.role` says: the main settlement of an open
    /// ticket, or surplus; `settlement.booked_at` is now. Refused when the ticket has changed its state or amount
    /// since it was read, or does not look as the booker must find it.
    ///
    /// What a clerk books again is made whole where a restore has brought back a part
    /// of it: PayPal's books, out of which a night makes its own money whole, know
    /// nothing of it.
    ///
    /// # Errors
    /// When the table does not answer: it may have been booked; booking again
    /// is one booking. When a capture is booked for an attempt that is not its own.
    pub async fn book(
        &self,
        ticket: &Ticket,
        settlement: &Settlement,
        booker: Booker<'_>,
    ) -> Result<Write, Error> {
        let id = settlement.id();
        let is_open = matches!(ticket.state, State::Open(_));
        let is_counted = settlement.is_counted_by(ticket);
        // What was captured stays what it was, whatever has happened since; cash pays
        // only what is open.
        if matches!(booker, Booker::Clerk { .. })
            && matches!(settlement.role, Role::Main | Role::Part)
            && !(is_open || is_counted)
        {
            return Ok(Write::Refused);
        }
        if !is_counted {
            let after = settlement.after(ticket);
            let line = booking_line(ticket, settlement, &after, booker);
            let update = booked_ticket(ticket, settlement, &after, booker)?;
            let mut steps = told(ticket, update, &line, settlement.booked_at)?;
            steps.extend(money_steps(ticket, settlement, booker)?);
            if self.transact("book a settlement", steps).await? == Write::Done {
                return Ok(Write::Done);
            }
        }
        // Where it stands already, an earlier call has booked this money and its
        // answer was lost.
        let stands = self.settlement(ticket, &id).await?;
        match (booker, stands) {
            (Booker::Settle { .. }, Some(_)) => Ok(Write::Done),
            (Booker::Settle { .. }, None) => Ok(Write::Refused),
            // It is completed as it stands there: another time of booking would be
            // another line for the export.
            (Booker::Clerk { .. }, stands) => {
                let stood = stands.unwrap_or_else(|| as_paid(ticket, settlement));
                // A line that has come back under another version than the ticket's
                // does not tell how the ticket came to be what it is.
                let mended = self.mend_booking(ticket, &stood, booker, false, settlement.booked_at);
                // In every caller's future otherwise, and hardly ever needed.
                Box::pin(mended).await
            }
        }
    }

    /// A settlement of a ticket.
    ///
    /// # Errors
    /// When the table does not answer or the item is unreadable.
    pub async fn settlement(
        &self,
        ticket: &Ticket,
        id: &SettlementId,
    ) -> Result<Option<Settlement>, Error> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(keys::settlement(&ticket.case_number, id).into_item()))
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable("read the settlement"))?;
        found.item.map(|item| read("settlement", item)).transpose()
    }

    /// The ticket that was paid with the receipt of this id, if one was.
    ///
    /// # Errors
    /// When the table does not answer or the item is unreadable.
    pub async fn case_of_receipt(&self, id: &SettlementId) -> Result<Option<CaseNumber>, Error> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(keys::receipt(id).into_item()))
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable("look for a receipt"))?;
        let item = found.item;
        let paid = item.map(|item| read::<PaidCase>("receipt", item));
        Ok(paid.transpose()?.map(|paid| paid.case_number))
    }

    /// Books a settlement of which parts may be there already; `journaled` says
    /// that its journal line is one of them. Refused where the ticket has been
    /// paid by other money, or as [`Store::book`] is.
    ///
    /// # Errors
    /// As [`Store::book`].
    pub(crate) async fn mend_booking(
        &self,
        ticket: &Ticket,
        settlement: &Settlement,
        booker: Booker<'_>,
        journaled: bool,
        now: Timestamp,
    ) -> Result<Write, Error> {
        let mut after = settlement.after(ticket);
        let mut before = ticket.clone();
        match (settlement.role, &ticket.state) {
            // A review that ended since has written its own line about how it became paid.
            (Role::Main, State::Paid { settlement: by, .. })
                if *by == settlement.id() && !ticket.was_reviewed_since(settlement.booked_at) =>
            {
                before.state = State::Open(None);
                before.version = ticket.version.saturating_sub(1);
            }
            (Role::Main | Role::Part, State::Paid { .. }) if !settlement.is_counted_by(ticket) => {
                return Ok(Write::Refused);
            }
            // It was counted, or was to be, and more has happened to the ticket since.
            _ if settlement.is_counted_by(ticket) => {
                after = (ticket.state.clone(), ticket.rest());
            }
            (
                Role::Main | Role::Part,
                State::Objected | State::Withdrawn | State::HandedOver | State::Review(_),
            ) => after = (ticket.state.clone(), ticket.rest()),
            (Role::Main | Role::Part, State::Open(_) | State::Paid { .. })
            | (Role::Surplus(_), _) => {}
        }
        let call = "mend a booking";
        let line = booking_line(&before, settlement, &after, booker);
        let is_told = journaled
            || self.is_told(&before, settlement, &after).await?
            || self
                .is_there(call, line_key(ticket, &line).into_item())
                .await?;
        let changes = after.0.name() != ticket.state.name() || after.1 != ticket.rest();
        let update = booked_ticket(ticket, settlement, &after, booker)?;
        let mut steps = match (is_told, changes) {
            (false, _) => told(ticket, update, &line, now)?,
            (true, true) => told_without_line(ticket, update, &line, &line.after, now)?,
            // The very same is sent again, or a part of it is missing that nobody is told of.
            (true, false) => vec![Step::Update(update)],
        };
        steps.extend(money_steps(ticket, settlement, booker)?);
        self.transact_missing(call, steps).await
    }

    /// Whether the journal tells of money already that changes nothing of the ticket now:
    /// entered again on a ticket of a later version, it would be told twice.
    async fn is_told(
        &self,
        before: &Ticket,
        settlement: &Settlement,
        (state, amount): &(State, Cents),
    ) -> Result<bool, Error> {
        if state.name() != before.state.name() || *amount != before.rest() {
            return Ok(false);
        }
        let id = settlement.id();
        let told = self.journaled(&before.case_number, id.as_str()).await?;
        Ok(told.into_iter().any(JournalEvent::is_booking))
    }
}

/// The settlement, the export's queue and the attempt; all of a booking but the ticket
/// and what is told of it.
fn money_steps(
    ticket: &Ticket,
    settlement: &Settlement,
    booker: Booker<'_>,
) -> Result<Vec<Step>, Error> {
    let (case_number, id) = (&ticket.case_number, settlement.id());
    let queued = export_entry(case_number, settlement.booked_at, "settlement", id.as_str());
    let mut steps = vec![
        Step::put_new(item(
            "settlement",
            keys::settlement(case_number, &id),
            settlement,
        )?),
        // sabotage: no line for the export
        Step::put_new(queued),
    ];
    // sabotage: nobody is told of surplus
    let proposal = settlement.proposal();
    if let Some(proposal) = proposal {
        steps.push(new_refund(&proposal)?);
    }
    match (&settlement.source, booker) {
        (Source::Cash(_) | Source::Transfer(_), Booker::Clerk { .. }) => {
            steps.push(Step::Update(receipt_of_case(case_number, &id)));
        }
        (Source::Paypal(captured), Booker::Settle { attempt, .. })
            if captured.attempt == attempt.id =>
        {
            let captured = AttemptState::Captured {
                capture_id: captured.capture_id.clone(),
            };
            let update = approved_as_read(end_update(attempt, &captured), attempt);
            steps.push(Step::Update(update));
        }
        (Source::Paypal(_) | Source::Cash(_) | Source::Transfer(_), _) => {
            return Err(Error::Unreadable {
                item: "settlement",
                source: "its source is not who books it".into(),
            });
        }
    }
    Ok(steps)
}

/// The time of payment is when the payer approved: an attempt that was read before
/// that was noted would book another one.
fn approved_as_read(update: UpdateBuilder, attempt: &Attempt) -> UpdateBuilder {
    let condition = update.get_condition_expression().clone();
    let condition = condition.unwrap_or_default();
    match attempt.approved_at {
        Some(at) => update
            .condition_expression(format!("{condition} AND approved_at = :approved_at"))
            .expression_attribute_values(":approved_at", s(at.to_string())),
        None => update
            .condition_expression(format!("{condition} AND attribute_not_exists(approved_at)")),
    }
}

/// The journal line of a booking on a ticket that stands so before it.
fn booking_line(
    before: &Ticket,
    settlement: &Settlement,
    after: &(State, Cents),
    booker: Booker<'_>,
) -> JournalEntry {
    let what = match settlement.role {
        Role::Main => JournalEvent::Paid,
        Role::Part => JournalEvent::PartPaid,
        Role::Surplus(SurplusReason::FactsDiffer) if matches!(before.state, State::Open(_)) => {
            JournalEvent::FactsDiffered
        }
        Role::Surplus(SurplusReason::FactsDiffer | SurplusReason::TicketNotOpen) => {
            JournalEvent::SurplusBooked
        }
    };
    let by = match &settlement.source {
        Source::Paypal(_) => PAYPAL,
        Source::Cash(receipt) | Source::Transfer(receipt) => &receipt.clerk,
    };
    let reason = match booker {
        Booker::Clerk { override_reason } => override_reason.cloned(),
        Booker::Settle { .. } => None,
    };
    let (state, amount) = after;
    let id = settlement.id();
    JournalEntry {
        reason,
        ..journal_line(
            before,
            by,
            what,
            id.as_str(),
            (state, *amount),
            settlement.booked_at,
        )
    }
}

/// What an item of a receipt holds.
#[derive(Deserialize)]
struct PaidCase {
    case_number: CaseNumber,
}

/// A receipt pays one ticket: the same number on a second one would be a typing error
/// that nobody sees.
fn receipt_of_case(case_number: &CaseNumber, id: &SettlementId) -> UpdateBuilder {
    UpdateBuilder::default()
        .set_key(Some(keys::receipt(id).into_item()))
        .update_expression("SET case_number = :case_number")
        // sabotage: one receipt for two tickets
        .condition_expression("attribute_not_exists(pk) OR case_number = :case_number")
        .expression_attribute_values(":case_number", s(case_number.as_str()))
}

/// The settlement that a ticket says it has counted, or this one as it is.
fn as_paid(ticket: &Ticket, settlement: &Settlement) -> Settlement {
    let is_paid_by_it = matches!(
        &ticket.state,
        State::Paid { settlement: by, .. } if *by == settlement.id()
    );
    let (role, overpaid) = if is_paid_by_it {
        let paid = settlement.amount.euro_cents().map_or(0, Cents::minor_units);
        let more = paid.saturating_sub(ticket.rest().minor_units());
        (Role::Main, (more > 0).then(|| Cents::new(more)))
    } else if settlement.is_counted_by(ticket) {
        (Role::Part, None)
    } else {
        (settlement.role, settlement.overpaid)
    };
    Settlement {
        role,
        overpaid,
        ..settlement.clone()
    }
}

fn booked_ticket(
    ticket: &Ticket,
    settlement: &Settlement,
    after: &(State, Cents),
    booker: Booker<'_>,
) -> Result<UpdateBuilder, Error> {
    let update = UpdateBuilder::default()
        .set_key(Some(keys::ticket(&ticket.case_number).into_item()))
        .expression_attribute_values(":version", n(ticket.version));
    let (state, amount) = after;
    let changes = state.name() != ticket.state.name();
    Ok(match booker {
        Booker::Clerk { override_reason } if changes || *amount != ticket.rest() => {
            let update = if changes {
                changed_state(ticket, state, update)
            } else {
                paid_in_part(ticket, settlement, update)?
            };
            // sabotage: an override without a reason: at the table
            let overridden = override_reason.and(ticket.pending());
            // sabotage: cash under a lock: at the table
            let nobody = overridden.map_or(NOBODY_CAPTURES, |_| BESIDE_PENDING);
            let update = match overridden {
                Some(pending) => {
                    update.expression_attribute_values(":pending", s(pending.attempt.as_str()))
                }
                None => update,
            };
            update
                // sabotage: cash without a condition
                .condition_expression(format!("#state = :open AND {nobody}"))
                .expression_attribute_names("#lock", "lock")
                .expression_attribute_names("#state", "state")
                .expression_attribute_values(":open", s("open"))
        }
        // Surplus changes nothing.
        Booker::Clerk { .. } => update
            .update_expression("SET version = :version")
            .condition_expression("version = :version"),
        Booker::Settle { attempt, held } => {
            let update = update.expression_attribute_values(":attempt", s(attempt.id.as_str()));
            if changes {
                let update = changed_state(ticket, state, update);
                under_fence(update, AS_READ, UNLOCKED, held)
            } else {
                unchanged_state(ticket, attempt, update, held)
            }
        }
    })
}

/// The rest is owed, and the money that paid the other part is counted once.
fn paid_in_part(
    ticket: &Ticket,
    settlement: &Settlement,
    update: UpdateBuilder,
) -> Result<UpdateBuilder, Error> {
    let mut parts = ticket.part_payments.clone();
    parts.push(PartPayment {
        settlement: settlement.id(),
        amount: settlement.amount.euro_cents().unwrap_or(Cents::new(0)),
    });
    Ok(update
        .update_expression("SET part_payments = :parts, version = :next")
        .expression_attribute_values(":parts", value("part payments", &parts)?)
        .expression_attribute_values(":next", n(ticket.version + 1)))
}

fn changed_state(ticket: &Ticket, after: &State, update: UpdateBuilder) -> UpdateBuilder {
    let update = update
        .expression_attribute_names("#lock", "lock")
        .expression_attribute_names("#state", "state")
        .expression_attribute_values(":state", s(after.name()))
        .expression_attribute_values(":next", n(ticket.version + 1));
    match after {
        State::Paid {
            settlement,
            paid_at,
            by,
        } => update
            .update_expression(
                "SET #state = :state, settlement = :settlement, paid_at = :paid_at, #by = :by, \
                 version = :next REMOVE #lock, pending",
            )
            .expression_attribute_names("#by", "by")
            .expression_attribute_values(":settlement", s(settlement.as_str()))
            .expression_attribute_values(":paid_at", s(paid_at.to_string()))
            .expression_attribute_values(":by", s(by.name())),
        State::Open(_)
        | State::Objected
        | State::Withdrawn
        | State::HandedOver
        | State::Review(_) => {
            update.update_expression("SET #state = :state, version = :next REMOVE #lock, pending")
        }
    }
}

/// Surplus changes neither state nor amount; it takes the lock it is booked under
/// and this attempt's own pending mark away, and leaves everybody else's.
fn unchanged_state(
    ticket: &Ticket,
    attempt: &Attempt,
    update: UpdateBuilder,
    held: Option<&Held>,
) -> UpdateBuilder {
    let mut condition = "version = :version".to_owned();
    let mut mine = Vec::new();
    if held.is_some() {
        mine.push("#lock");
    }
    if holds_pending(ticket, &attempt.id) {
        condition.push_str(" AND pending.attempt = :attempt");
        mine.push("pending");
    }
    let expression = if mine.is_empty() {
        "SET version = :version".to_owned()
    } else {
        format!("REMOVE {}", mine.join(", "))
    };
    let not_its_own = "(attribute_not_exists(#lock) OR #lock.attempt <> :attempt)";
    under_fence(
        update
            .update_expression(expression)
            .expression_attribute_names("#lock", "lock"),
        &condition,
        not_its_own,
        held,
    )
}
