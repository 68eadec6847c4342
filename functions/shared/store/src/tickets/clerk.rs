//! What the city does to a ticket by hand. Everything here is refused while
//! somebody may be inside the capture call or PayPal holds a capture back.

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use jiff::Timestamp;
use ticket::{Change, LetterLease, Permit, State, Ticket};

use crate::dynamo::keys::{self, n, s};
use crate::dynamo::write::value;
use crate::ledger::journal::{Act, JournalEntry, JournalEvent, journal_line};
use crate::ledger::telling::told;
use crate::payments::conditions::NOBODY_CAPTURES;
use crate::payments::refund_item::new_refund;
use crate::{Error, Store, Write};

impl Store {
    /// Changes a ticket's state or amount: live attempts can no longer be
    /// captured then. Refused when the ticket has changed since it was read, is
    /// locked, or waits for PayPal.
    ///
    /// # Errors
    /// When the table does not answer; the ticket must be read again.
    pub async fn change_by_clerk(&self, permit: Permit<'_>, act: Act<'_>) -> Result<Write, Error> {
        let (ticket, (after, rest)) = (permit.ticket(), permit.after());
        let what = match permit.change() {
            Change::Withdraw => JournalEvent::Withdrawn,
            Change::Object => JournalEvent::Objected,
            Change::HandOver => JournalEvent::HandedOver,
            Change::Amount(_) => JournalEvent::AmountChanged,
        };
        let entry = JournalEntry {
            reason: Some(act.reason.clone()),
            ..journal_line(ticket, act.by, what, act.by, (&after, rest), act.at)
        };
        let update = UpdateBuilder::default()
            .set_key(Some(keys::ticket(&ticket.case_number).into_item()))
            .update_expression("SET #state = :state, amount = :amount, version = :next")
            // sabotage: withdrawal without a condition
            .condition_expression(NOBODY_CAPTURES)
            .expression_attribute_names("#lock", "lock")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":state", s(after.name()))
            .expression_attribute_values(":amount", n(permit.fine().minor_units()))
            .expression_attribute_values(":version", n(ticket.version))
            .expression_attribute_values(":next", n(entry.version));
        let mut steps = told(ticket, update, &entry, act.at)?;
        if matches!(after, State::Withdrawn | State::HandedOver) {
            let money = self.case_money(ticket).await?;
            for proposal in ticket.proposals_of_fine(&money, act.by, act.at) {
                steps.push(new_refund(&proposal)?);
            }
        }
        let call = "change a ticket";
        match self.transact(call, steps.clone()).await? {
            Write::Done => Ok(Write::Done),
            // Where a restore has brought parts back that the ticket does not know of,
            // it is made whole with them.
            Write::Refused => self.transact_missing(call, steps).await,
        }
    }

    /// Lets a letter about a ticket be printed until a moment. Refused when the ticket has
    /// changed since it was read, is not open, is locked, waits for PayPal, or when an
    /// attempt was begun since.
    ///
    /// # Errors
    /// When the table does not answer; the ticket must be read again.
    pub async fn lease_letter(
        &self,
        ticket: &Ticket,
        until: Timestamp,
        by: &str,
        now: Timestamp,
    ) -> Result<Write, Error> {
        let lease = LetterLease {
            until,
            by: by.to_owned(),
        };
        let (what, reference) = (JournalEvent::LetterLeased, until.to_string());
        let stands = (&ticket.state, ticket.rest());
        let entry = journal_line(ticket, by, what, &reference, stands, now);
        let update = UpdateBuilder::default()
            .set_key(Some(keys::ticket(&ticket.case_number).into_item()))
            .update_expression("SET letter_lease = :lease")
            // sabotage: a letter beside a checkout begun since
            .condition_expression(format!(
                "#state = :open AND attempts_begun = :attempts_begun AND {NOBODY_CAPTURES}"
            ))
            .expression_attribute_names("#lock", "lock")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":open", s("open"))
            .expression_attribute_values(":attempts_begun", n(ticket.attempts_begun))
            .expression_attribute_values(":lease", value("lease for a letter", &lease)?)
            .expression_attribute_values(":version", n(ticket.version));
        let steps = told(ticket, update, &entry, now)?;
        let call = "lease a letter";
        match self.transact(call, steps.clone()).await? {
            Write::Done => Ok(Write::Done),
            // The same lease was given before, and ended or was given anew since.
            Write::Refused => self.transact_missing(call, steps).await,
        }
    }
}
