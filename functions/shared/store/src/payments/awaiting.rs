//! The mark on a ticket that money may still come for it. It is told, and
//! decides nothing: no booking, no lock and no change by a clerk asks for it.

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use ticket::{Awaited, CaseNumber, Ticket};

use crate::dynamo::keys::{self, n, s};
use crate::dynamo::write::{Step, value};
use crate::payments::records::Attempt;
use crate::{Error, Store, Write};

impl Store {
    /// Marks an open ticket, as it was read. Of several attempts that may bring
    /// money the last one is named.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn mark_awaited(&self, ticket: &Ticket, awaited: &Awaited) -> Result<Write, Error> {
        let update = UpdateBuilder::default()
            .set_key(Some(keys::ticket(&ticket.case_number).into_item()))
            .update_expression("SET awaits = :awaits")
            // Where somebody is capturing, or PayPal holds the money back, that is
            // what is told.
            .condition_expression(
                "#state = :open AND version = :version AND attribute_not_exists(#lock) \
                 AND attribute_not_exists(pending)",
            )
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#lock", "lock")
            .expression_attribute_values(":open", s("open"))
            .expression_attribute_values(":version", n(ticket.version))
            .expression_attribute_values(":awaits", value("awaited money", awaited)?);
        self.transact("mark awaited money", vec![Step::Update(update)])
            .await
    }

    /// Takes a mark away, if it is still the one that was read.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn unmark_awaited(
        &self,
        case_number: &CaseNumber,
        awaited: &Awaited,
    ) -> Result<Write, Error> {
        let update = UpdateBuilder::default()
            .set_key(Some(keys::ticket(case_number).into_item()))
            .update_expression("REMOVE awaits")
            .condition_expression("awaits.attempt = :attempt AND awaits.#until = :until")
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":attempt", s(awaited.attempt.as_str()))
            .expression_attribute_values(":until", s(awaited.until.to_string()));
        self.transact(
            "take away the mark of awaited money",
            vec![Step::Update(update)],
        )
        .await
    }

    /// The ticket without a mark that says nothing any more: whoever ended the
    /// attempt may have died before taking it away, and a driver must not wait
    /// for money that cannot come.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn without_ended_mark(&self, ticket: Ticket) -> Result<Ticket, Error> {
        let Some(awaited) = &ticket.awaits else {
            return Ok(ticket);
        };
        let attempt = self.attempt(&awaited.attempt).await?;
        Ok(ticket_without_ended_mark(ticket, attempt.as_ref()))
    }
}

/// As [`Store::without_ended_mark`], where the attempt that the mark names has
/// been read, or is not there.
#[must_use]
pub fn ticket_without_ended_mark(ticket: Ticket, named: Option<&Attempt>) -> Ticket {
    let may_bring_money =
        named.is_some_and(|named| !named.state.is_final() && named.version == ticket.version);
    let awaits = ticket.awaits.clone().filter(|_| may_bring_money);
    Ticket { awaits, ..ticket }
}
