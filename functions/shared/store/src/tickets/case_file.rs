//! Everything there is about one ticket, for the city.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use ticket::{AttemptId, CaseNumber, Refund, Settlement, Ticket};

use crate::dynamo::client::{read, unavailable};
use crate::dynamo::keys::{self, Item, s};
use crate::ledger::journal::{JournalEntry, in_order};
use crate::payments::records::{Attempt, TakenBack};
use crate::{Error, Store};

/// How many pages of a ticket's partition are read at most. A page is 1 MB,
/// thousands of lines: more are not a case but an attack.
const PAGES_MAX: usize = 8;

/// How the sort key of a pointer to an attempt begins.
const ATTEMPT: &str = "ATTEMPT#";

/// A ticket with all that happened to it.
#[derive(Clone, Debug, Serialize)]
pub struct CaseFile {
    /// How it stands.
    pub ticket: Ticket,
    /// Money that came.
    pub settlements: Vec<Settlement>,
    /// Money that left again or is claimed back.
    pub taken_back: Vec<TakenBack>,
    /// Money that is to go back.
    pub refunds: Vec<Refund>,
    /// Payment attempts, by id.
    pub attempts: Vec<Attempt>,
    /// Who did what, oldest first.
    pub journal: Vec<JournalEntry>,
}

impl Store {
    /// The whole case, read with strong consistency.
    ///
    /// # Errors
    /// When the table does not answer or an item is unreadable.
    pub async fn case_file(&self, case_number: &CaseNumber) -> Result<Option<CaseFile>, Error> {
        let mut ticket = None;
        let mut settlements = Vec::new();
        let mut taken_back = Vec::new();
        let mut refunds = Vec::new();
        let mut attempt_ids = Vec::new();
        let mut journal = Vec::new();
        for item in self.ticket_partition(case_number, "").await? {
            let Some(AttributeValue::S(sk)) = item.get("sk").cloned() else {
                continue;
            };
            match sk.split_once('#') {
                None if sk == "TICKET" => ticket = Some(read("ticket", item)?),
                Some(("SETTLEMENT", _)) => settlements.push(read("settlement", item)?),
                Some(("TAKEN_BACK", _)) => taken_back.push(read("money taken back", item)?),
                Some(("REFUND", _)) => refunds.push(read("refund", item)?),
                Some(("JOURNAL", _)) => journal.push(read("journal entry", item)?),
                Some(("ATTEMPT", id)) => attempt_ids.push(id.to_owned()),
                Some(_) | None => {}
            }
        }
        let Some(ticket) = ticket else {
            return Ok(None);
        };
        let attempts = self.attempts_by(&attempt_ids).await?;
        in_order(&mut journal);
        Ok(Some(CaseFile {
            ticket,
            settlements,
            taken_back,
            refunds,
            attempts,
            journal,
        }))
    }

    /// The attempts of a ticket, oldest first.
    ///
    /// # Errors
    /// When the table does not answer or an item is unreadable.
    pub async fn attempts_of(&self, case_number: &CaseNumber) -> Result<Vec<Attempt>, Error> {
        let pointers = self.ticket_partition(case_number, ATTEMPT).await?;
        let ids = pointers.iter().filter_map(|pointer| {
            let AttributeValue::S(sk) = pointer.get("sk")? else {
                return None;
            };
            Some(sk.strip_prefix(ATTEMPT)?.to_owned())
        });
        self.attempts_by(&ids.collect::<Vec<_>>()).await
    }

    async fn attempts_by(&self, ids: &[String]) -> Result<Vec<Attempt>, Error> {
        let mut attempts = Vec::new();
        for id in ids {
            if let Ok(id) = id.parse::<AttemptId>()
                && let Some(attempt) = self.attempt(&id).await?
            {
                attempts.push(attempt);
            }
        }
        attempts.sort_by_key(|attempt: &Attempt| attempt.created_at);
        Ok(attempts)
    }

    /// What of a ticket has a sort key that begins so; everything with none.
    pub(crate) async fn ticket_partition(
        &self,
        case_number: &CaseNumber,
        sort_key: &str,
    ) -> Result<Vec<Item>, Error> {
        let mut items = Vec::new();
        let mut start = None;
        for _ in 0..PAGES_MAX {
            let query = self.client.query().table_name(&self.table);
            let query = if sort_key.is_empty() {
                query.key_condition_expression("pk = :pk")
            } else {
                query
                    .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
                    .expression_attribute_values(":sk", s(sort_key))
            };
            let page = query
                .expression_attribute_values(":pk", s(keys::ticket_partition(case_number)))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(unavailable("read the case"))?;
            items.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        Ok(items)
    }
}
