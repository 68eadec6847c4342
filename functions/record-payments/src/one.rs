//! Books one payment.

use http::StatusCode;
use jiff::Timestamp;
use office::fields::euros;
use office::{DECISIONS_MAX, Kind, Problem};
use serde::Serialize;
use store::{Booker, Store, Write};
use ticket::{CaseNumber, Cents, Refusal, Role, Settlement, Standing, Taken, Ticket};

use crate::sent::SentPayment;

/// What the cash office gets back for a payment.
#[derive(Debug, Serialize)]
pub(crate) struct Booked {
    case_number: CaseNumber,
    /// `open` where a rest is owed.
    state: String,
    /// What is still owed.
    #[serde(serialize_with = "euros")]
    owed: Cents,
    /// What is to be given back.
    #[serde(serialize_with = "euros")]
    surplus: Cents,
    settlement: Settlement,
}

/// Books what was sent; 201 for a new payment, 200 for the same again.
///
/// # Errors
/// 400 where it was paid at a moment that cannot be; 404 without such a ticket; 409 where
/// the number has another payment, or the state table refuses it; what the store says.
pub(crate) async fn record(
    store: &Store,
    case_number: &CaseNumber,
    sent: &SentPayment,
    by: &str,
    now: Timestamp,
) -> Result<(StatusCode, Booked), Problem> {
    let source = sent.source(by)?;
    for _ in 0..DECISIONS_MAX {
        let ticket = store.ticket(case_number).await?;
        let ticket = ticket.ok_or_else(Problem::no_such_ticket)?;
        // A reason overrides nothing but a capture that PayPal is seen to hold back.
        let override_reason = sent.override_reason.as_ref();
        let override_reason =
            override_reason.filter(|_| ticket.standing() == Standing::OpenPending);
        let booker = Booker::Clerk { override_reason };
        let taken = Taken {
            source: source.clone(),
            amount: sent.amount,
            paid_at: sent.paid_at(&ticket, now)?,
            booked_at: ticket.booked_at(now),
        };
        if let Some(stands) = store.settlement(&ticket, &taken.source.id()).await? {
            if !is_the_same(&stands, sent) {
                return Err(other_payment());
            }
            // Of what a restore has lost the rest is written again; the payment itself
            // stands, whatever has become of the ticket since.
            let again = Settlement {
                booked_at: now,
                ..stands.clone()
            };
            let _whole_or_not = store.book(&ticket, &again, booker).await?;
            return Ok((StatusCode::OK, booked(store, case_number, stands).await?));
        }
        let paid = store.case_of_receipt(&taken.source.id()).await?;
        if paid.is_some_and(|paid| paid != *case_number) {
            return Err(Problem::new(
                Kind::ReceiptUsed,
                "this number has paid another ticket, and nothing was booked: look at the \
                 receipt; where one payment is for several tickets, add -1, -2 to its number",
            ));
        }
        // sabotage: an override without a reason
        let overrides = override_reason.is_some();
        let settlement = ticket.take(taken, overrides).map_err(refused)?;
        in_time(store, &ticket, &settlement, now).await?;
        if store.book(&ticket, &settlement, booker).await? == Write::Done {
            // What stands is what counts: another payment under the same number may have
            // been faster, and a ticket may have counted this one before a restore.
            let stands = store.settlement(&ticket, &settlement.id()).await?;
            let stands = stands.unwrap_or(settlement);
            if !is_the_same(&stands, sent) {
                return Err(other_payment());
            }
            return Ok((
                StatusCode::CREATED,
                booked(store, case_number, stands).await?,
            ));
        }
    }
    Err(Problem::changing())
}

/// Whether what stands is what was sent: the clerk may be another one.
fn is_the_same(stands: &Settlement, sent: &SentPayment) -> bool {
    stands.amount.euro_cents() == Some(sent.amount) && stands.paid_at == sent.paid_at
}

/// What a clerk is told who has the money in hand.
fn refused(refusal: Refusal) -> Problem {
    if refusal == Refusal::Pending {
        return Problem::new(
            Kind::Refused(refusal),
            "PayPal has taken a payment and is still checking it, and nothing was booked: take no \
             money and look at the case in an hour; where you must take it all the same, send \
             override_reason with why, and what PayPal takes then is given back",
        );
    }
    Problem::refused(refusal)
}

fn other_payment() -> Problem {
    Problem::new(
        Kind::OtherContent,
        "another payment was booked under this number, with another amount or time, and nothing \
         was changed: send exactly what was sent first, or the number of the other receipt",
    )
}

/// Whether the city takes the fine from money that was paid then; what is surplus anyway
/// is to be given back, whenever it came.
async fn in_time(
    store: &Store,
    ticket: &Ticket,
    settlement: &Settlement,
    now: Timestamp,
) -> Result<(), Problem> {
    let late = store.municipality(now).await?.late_payment;
    let pays = matches!(settlement.role, Role::Main | Role::Part);
    if pays && late.refuses(ticket.due_on, settlement.paid_at) {
        return Err(Problem::new(
            Kind::TooLate,
            "it was paid after the due date, when this city takes nothing any more, and nothing \
             was booked: give the money back",
        ));
    }
    Ok(())
}

/// How the ticket stands with the payment.
async fn booked(
    store: &Store,
    case_number: &CaseNumber,
    settlement: Settlement,
) -> Result<Booked, Problem> {
    let ticket = store.ticket(case_number).await?;
    let ticket = ticket.ok_or_else(Problem::no_such_ticket)?;
    Ok(Booked {
        case_number: ticket.case_number.clone(),
        state: ticket.state.name().to_owned(),
        owed: ticket.owed(),
        surplus: settlement.surplus(),
        settlement,
    })
}
