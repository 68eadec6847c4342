//! What the city does to a ticket by hand. Everything here is refused while
//! somebody may be inside the capture call or PayPal holds a capture back.

use aws_sdk_dynamodb::types::builders::{ConditionCheckBuilder, UpdateBuilder};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ticket::{CaseNumber, Cents, Channel, Role, SettlementId, State, Ticket};

use crate::dynamo::client::{read, unavailable};
use crate::dynamo::keys::{self, n, s};
use crate::dynamo::write::{Step, item};
use crate::ledger::export::export_entry;
use crate::ledger::journal::{JournalEntry, JournalEvent, journal_line, journal_step};
use crate::{Error, Store, Write};

/// Cash or a bank transfer, as a clerk has booked it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClerkPayment {
    /// What the money was for.
    pub case_number: CaseNumber,
    /// Its own id, made of channel and reference: booking it twice is one
    /// booking.
    pub id: SettlementId,
    /// The way it came.
    pub channel: Channel,
    /// The receipt number of the till, or the bank's reference.
    pub reference: String,
    /// The amount.
    pub amount: Cents,
    /// The legal moment: the till's time, or the day the transfer came.
    pub paid_at: Timestamp,
    /// When it was booked here.
    pub booked_at: Timestamp,
    /// Who booked it.
    pub clerk: String,
    /// Whether it closed the ticket.
    #[serde(flatten)]
    pub role: Role,
}

/// What a clerk changes about a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The city drops the case.
    Withdraw,
    /// The driver contests.
    Object,
    /// The city goes on with a fine order.
    HandOver,
    /// Another amount is owed.
    Amount(Cents),
}

/// Nobody may be inside the capture call: a payment that ends there later would
/// be a second one, or one for a closed case. A lock whose lease has ended is
/// no exception; only PayPal knows what became of its capture.
const NOBODY_CAPTURES: &str =
    "version = :version AND attribute_not_exists(#lock) AND attribute_not_exists(pending)";

impl Store {
    /// Books money that a clerk took: the main settlement of an open ticket, or
    /// surplus of one that is paid. Refused when the ticket has changed since it
    /// was read, by an earlier try perhaps, is locked, or waits for PayPal: read it
    /// and book again, it is one booking.
    ///
    /// # Errors
    /// When the table does not answer: as when it is refused.
    pub async fn book_by_clerk(
        &self,
        ticket: &Ticket,
        payment: &ClerkPayment,
    ) -> Result<Write, Error> {
        // By this very payment: it was booked before, or the ticket came back from
        // a restore without the rest of its booking.
        let is_paid_by_it =
            matches!(&ticket.state, State::Paid { settlement, .. } if *settlement == payment.id);
        let steps = |payment: &ClerkPayment| {
            if is_paid_by_it {
                rest_of_booking(ticket, payment)
            } else {
                booking(ticket, payment)
            }
        };
        let call = "book a clerk's payment";
        if !is_paid_by_it && self.transact(call, steps(payment)?).await? == Write::Done {
            return Ok(Write::Done);
        }
        // What stands there already is completed as it stands there: another time of
        // booking would be another line for the export.
        let stands = self.clerk_payment(ticket, &payment.id).await?;
        let steps = steps(stands.as_ref().unwrap_or(payment))?;
        self.transact_missing(call, steps).await
    }

    async fn clerk_payment(
        &self,
        ticket: &Ticket,
        id: &SettlementId,
    ) -> Result<Option<ClerkPayment>, Error> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(
                keys::clerk_payment(&ticket.case_number, id).into_item(),
            ))
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable("read a clerk's payment"))?;
        found
            .item
            .map(|item| read("clerk's payment", item))
            .transpose()
    }

    /// Changes a ticket's state or amount: live attempts can no longer be
    /// captured then. Refused when the ticket has changed since it was read, is
    /// locked, or waits for PayPal.
    ///
    /// # Errors
    /// When the table does not answer; the ticket must be read again.
    pub async fn change_by_clerk(
        &self,
        ticket: &Ticket,
        change: Change,
        clerk: &str,
        now: Timestamp,
    ) -> Result<Write, Error> {
        let (after, amount, what) = match change {
            Change::Withdraw => (State::Withdrawn, ticket.amount, JournalEvent::Withdrawn),
            Change::Object => (State::Objected, ticket.amount, JournalEvent::Objected),
            Change::HandOver => (State::HandedOver, ticket.amount, JournalEvent::HandedOver),
            Change::Amount(amount) => (ticket.state.clone(), amount, JournalEvent::AmountChanged),
        };
        let update = unoccupied(ticket)
            .update_expression("SET #state = :state, amount = :amount, version = :next")
            // sabotage: withdrawal without a condition
            .condition_expression(NOBODY_CAPTURES)
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":state", s(after.name()))
            .expression_attribute_values(":amount", n(amount.minor_units()))
            .expression_attribute_values(":next", n(ticket.version + 1));
        let entry = journal_line(ticket, clerk, what, clerk, (&after, amount), now);
        // The same amount once more is a change, too: its line must not be the last one's.
        let entry = JournalEntry {
            version: ticket.version + 1,
            ..entry
        };
        let steps = vec![Step::Update(update), journal_step(ticket, &entry)?];
        self.whole("change a ticket", steps).await
    }

    /// As [`Store::transact`]; where a restore has brought parts back that the
    /// ticket does not know of, it is made whole with them.
    async fn whole(&self, call: &'static str, steps: Vec<Step>) -> Result<Write, Error> {
        match self.transact(call, steps.clone()).await? {
            Write::Done => Ok(Write::Done),
            Write::Refused => self.transact_missing(call, steps).await,
        }
    }
}

/// A payment on a ticket that stands so: its main settlement, or surplus.
fn booking(ticket: &Ticket, payment: &ClerkPayment) -> Result<Vec<Step>, Error> {
    let (on_ticket, what, after) = match payment.role {
        Role::Main => {
            let after = paid_by(payment);
            let update = unoccupied(ticket)
                .update_expression(
                    "SET #state = :state, settlement = :settlement, paid_at = :paid_at, \
                     #by = :by, version = :next",
                )
                // sabotage: cash without a condition
                .condition_expression(format!("#state = :open AND {NOBODY_CAPTURES}"))
                .expression_attribute_names("#state", "state")
                .expression_attribute_names("#by", "by")
                .expression_attribute_values(":open", s("open"))
                .expression_attribute_values(":state", s(after.name()))
                .expression_attribute_values(":settlement", s(payment.id.as_str()))
                .expression_attribute_values(":paid_at", s(payment.paid_at.to_string()))
                .expression_attribute_values(":by", s(payment.channel.name()))
                .expression_attribute_values(":next", n(ticket.version + 1));
            (Step::Update(update), JournalEvent::Paid, after)
        }
        Role::Surplus(_) => (
            unchanged(ticket),
            JournalEvent::SurplusBooked,
            ticket.state.clone(),
        ),
    };
    let mut steps = vec![on_ticket];
    steps.extend(payment_steps(ticket, what, &after, payment)?);
    Ok(steps)
}

/// What a booking wrote beside its ticket, which is paid by it.
fn rest_of_booking(ticket: &Ticket, payment: &ClerkPayment) -> Result<Vec<Step>, Error> {
    let was = Ticket {
        state: State::Open,
        version: ticket.version.saturating_sub(1),
        ..ticket.clone()
    };
    let payment = ClerkPayment {
        role: Role::Main,
        ..payment.clone()
    };
    let mut steps = vec![unchanged(ticket)];
    steps.extend(payment_steps(
        &was,
        JournalEvent::Paid,
        &ticket.state,
        &payment,
    )?);
    Ok(steps)
}

fn paid_by(payment: &ClerkPayment) -> State {
    State::Paid {
        settlement: payment.id.clone(),
        paid_at: payment.paid_at,
        by: payment.channel,
    }
}

/// The payment itself, its line in the journal of a ticket that stood so before,
/// and its entry in the export's queue.
fn payment_steps(
    was: &Ticket,
    what: JournalEvent,
    after: &State,
    payment: &ClerkPayment,
) -> Result<[Step; 3], Error> {
    let case_number = &payment.case_number;
    let entry = journal_line(
        was,
        &payment.clerk,
        what,
        payment.id.as_str(),
        (after, was.amount),
        payment.booked_at,
    );
    let queued = export_entry(
        case_number,
        payment.booked_at,
        "payment",
        payment.id.as_str(),
    );
    let key = keys::clerk_payment(case_number, &payment.id);
    Ok([
        Step::put_new(item("clerk's payment", key, payment)?),
        journal_step(was, &entry)?,
        Step::put_new(queued),
    ])
}

fn unchanged(ticket: &Ticket) -> Step {
    Step::Check(
        ConditionCheckBuilder::default()
            .set_key(Some(keys::ticket(&ticket.case_number).into_item()))
            .condition_expression("version = :version")
            .expression_attribute_values(":version", n(ticket.version)),
    )
}

fn unoccupied(ticket: &Ticket) -> UpdateBuilder {
    UpdateBuilder::default()
        .set_key(Some(keys::ticket(&ticket.case_number).into_item()))
        .expression_attribute_names("#lock", "lock")
        .expression_attribute_values(":version", n(ticket.version))
}
