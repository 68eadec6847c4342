//! What a clerk changes about a ticket: the city drops the case, the driver contests,
//! the case goes on with a fine order, another amount is owed.

use office::fields::warning_fine;
use office::{DECISIONS_MAX, Kind, Problem, object};
use serde::Deserialize;
use store::{Act, Store, Write};
use ticket::{CaseNumber, Cents, Change, TicketText};

/// What a clerk asks for, and why.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) change: Change,
    pub(crate) reason: TicketText,
}

/// The body of a withdrawal, an objection, a hand-over.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WithReason {
    reason: TicketText,
}

/// The body of another amount.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WithAmount {
    #[serde(deserialize_with = "warning_fine")]
    amount: Cents,
    reason: TicketText,
}

/// Reads what is asked for: the last part of the path says what.
///
/// # Errors
/// When the body does not say why, or which amount; nothing where the path asks for no
/// change.
pub(crate) fn asked(what: &str, body: &[u8]) -> Option<Result<Asked, Problem>> {
    let with_reason = |change: Change, word: &str| {
        object::<WithReason>(body, word).map(|WithReason { reason }| Asked { change, reason })
    };
    Some(match what {
        "withdrawal" => with_reason(Change::Withdraw, "a withdrawal"),
        "objection" => with_reason(Change::Object, "an objection"),
        "hand-over" => with_reason(Change::HandOver, "a hand-over"),
        "amount" => object::<WithAmount>(body, "a change of the amount").map(|sent| Asked {
            change: Change::Amount(sent.amount),
            reason: sent.reason,
        }),
        _ => return None,
    })
}

/// Changes the ticket, as the state table says; the same again changes nothing.
///
/// # Errors
/// 404 without such a ticket, 409 where the table refuses it, 503 where others change
/// the ticket each time; what the store says.
pub(crate) async fn change(
    store: &Store,
    case_number: &CaseNumber,
    change: Change,
    act: Act<'_>,
) -> Result<(), Problem> {
    for _ in 0..DECISIONS_MAX {
        let ticket = store.ticket(case_number).await?;
        let ticket = ticket.ok_or_else(Problem::no_such_ticket)?;
        let paid = ticket.paid_in_parts();
        if matches!(change, Change::Amount(amount) if amount <= paid && paid > Cents::new(0)) {
            return Err(Problem::new(
                Kind::PartPaid,
                format!(
                    "{paid} of the fine is paid already, and nothing was changed: send an amount \
                     above that; where nothing more is to be paid, withdraw the ticket"
                ),
            ));
        }
        let Some(permit) = ticket.permit(change).map_err(Problem::refused)? else {
            return Ok(());
        };
        if store.change_by_clerk(permit, act).await? == Write::Done {
            return Ok(());
        }
    }
    Err(Problem::changing())
}
