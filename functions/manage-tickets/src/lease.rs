//! The lease for a letter: asked for before one is printed, or a fine order made, so that
//! nobody gets one who has paid, or is paying.

use jiff::{SignedDuration, Timestamp};
use office::fields::moment;
use office::{DECISIONS_MAX, Kind, Problem, object};
use serde::Deserialize;
use store::{Attempt, AttemptState, Store, Write};
use ticket::{CaseNumber, Refusal, Ticket};

/// The longest lease: a letter is printed and posted in days.
const LEASE_MAX: SignedDuration = SignedDuration::from_hours(31 * 24);

/// The body of a request for a lease.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    #[serde(deserialize_with = "moment")]
    until: Timestamp,
}

/// Reads until when a lease is asked for.
///
/// # Errors
/// When that is not said, has passed, or is too far off.
pub(crate) fn asked(body: &[u8], now: Timestamp) -> Result<Timestamp, Problem> {
    let Sent { until } = object(body, "a lease")?;
    if until <= now {
        return Err(Problem::with_field(
            "until",
            "has passed: write a moment to come",
        ));
    }
    if until.duration_since(now) > LEASE_MAX {
        return Err(Problem::with_field(
            "until",
            "is more than 31 days off: write when the letter will have been posted",
        ));
    }
    Ok(until)
}

/// Grants the lease, or says why a letter would be wrong; the same again changes nothing.
///
/// # Errors
/// 404 without such a ticket; 409 where it cannot be paid here or a payment may be on its
/// way; what the store says.
pub(crate) async fn grant(
    store: &Store,
    case_number: &CaseNumber,
    until: Timestamp,
    by: &str,
    now: Timestamp,
) -> Result<(), Problem> {
    for _ in 0..DECISIONS_MAX {
        let ticket = store.ticket(case_number).await?;
        let ticket = ticket.ok_or_else(Problem::no_such_ticket)?;
        ticket.standing().payable().map_err(Problem::refused)?;
        // Read after the ticket, which counts how many were begun: one that begins now
        // makes the write fail.
        let attempts = store.attempts_of(case_number).await?;
        let awaited = ticket.awaits.as_ref().map(|awaited| &awaited.attempt);
        let awaited = attempts.iter().find(|attempt| Some(&attempt.id) == awaited);
        let without_ended_mark = store::ticket_without_ended_mark(ticket.clone(), awaited);
        if without_ended_mark.under_way(now).is_some() {
            return Err(Problem::refused(Refusal::Processing));
        }
        // sabotage: a letter beside a checkout that is alive
        if attempts
            .iter()
            .any(|attempt| may_pay_in_time(&ticket, attempt))
        {
            return Err(Problem::new(
                Kind::CheckoutAlive,
                "the driver has begun to pay at PayPal before the due date and may still finish, \
                 and no lease was given: ask again in an hour; a payment that nobody finishes is \
                 over after about half a day",
            ));
        }
        // Not before it is known that nobody pays: whoever asks again is about to print.
        if ticket.letter_until(now) == Some(until) {
            return Ok(());
        }
        if store.lease_letter(&ticket, until, by, now).await? == Write::Done {
            return Ok(());
        }
    }
    Err(Problem::changing())
}

/// Whether a payment that was begun in time may still come of it.
fn may_pay_in_time(ticket: &Ticket, attempt: &Attempt) -> bool {
    // Of another version it can never be captured, unless PayPal has taken the money.
    let may_be_captured = match attempt.state {
        AttemptState::Live => attempt.version == ticket.version,
        AttemptState::Pending { .. } => true,
        AttemptState::Captured { .. } | AttemptState::Declined | AttemptState::Expired => false,
    };
    may_be_captured && !ticket.due_on.has_passed(attempt.created_at)
}
