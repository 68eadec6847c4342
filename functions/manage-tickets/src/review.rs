//! How a clerk ends a review. Withdrawing and handing over are changes like any other;
//! whether the driver is asked to pay again, or has paid, is about money, and needs a
//! second person who says the same.

use http::StatusCode;
use office::{DECISIONS_MAX, Kind, Problem, object};
use serde::Deserialize;
use store::{Act, Store, Write};
use ticket::{CaseNumber, Change, ReviewDecision, State, Ticket, TicketText, Unendable};

use crate::change::change;

/// The body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    decision: Ending,
    pub(crate) reason: TicketText,
}

/// How a review may end.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Ending {
    PayableAgain,
    Paid,
    Withdrawn,
    HandedOver,
}

impl Ending {
    /// The name of the state that it leads to.
    const fn state(self) -> &'static str {
        match self {
            Self::PayableAgain => "open",
            Self::Paid => "paid",
            Self::Withdrawn => "withdrawn",
            Self::HandedOver => "handed_over",
        }
    }
}

/// Reads how the review is to end.
///
/// # Errors
/// When the body does not say how, or why.
pub(crate) fn asked(body: &[u8]) -> Result<Asked, Problem> {
    object(body, "the end of a review")
}

/// Ends the review, or writes down that somebody wants it to end so: 202. The same again
/// changes nothing.
///
/// # Errors
/// 404 without such a ticket, 409 where it is not in review or cannot end so, 503 where
/// others change the ticket each time; what the store says.
pub(crate) async fn end(
    store: &Store,
    case_number: &CaseNumber,
    asked: &Asked,
    act: Act<'_>,
) -> Result<StatusCode, Problem> {
    for _ in 0..DECISIONS_MAX {
        let ticket = store.ticket(case_number).await?;
        let ticket = ticket.ok_or_else(Problem::no_such_ticket)?;
        if ticket.state.name() == asked.decision.state() {
            return Ok(StatusCode::OK);
        }
        in_review(&ticket)?;
        ticket.nothing_in_flight().map_err(Problem::refused)?;
        let decision = match asked.decision {
            Ending::PayableAgain => ReviewDecision::PayableAgain,
            Ending::Paid => ReviewDecision::Paid,
            Ending::Withdrawn => return changed(store, case_number, Change::Withdraw, act).await,
            Ending::HandedOver => return changed(store, case_number, Change::HandOver, act).await,
        };
        let money = store.case_money(&ticket).await?;
        let end = ticket.review_end(decision, &money, (act.by, act.at));
        let end = end.map_err(|why| cannot_end(&why))?;
        let same = ticket.standing_proposal();
        let same = same.filter(|proposal| proposal.decision == decision);
        // sabotage: one person ends a review alone
        let is_own = same.is_some_and(|proposal| proposal.by == act.by);
        let (written, comes_to) = match same {
            Some(_) if is_own => return Ok(StatusCode::ACCEPTED),
            Some(_) => (store.end_review(&ticket, &end, act).await?, StatusCode::OK),
            None => {
                let proposed = store.propose_review(&ticket, decision, act).await?;
                (proposed, StatusCode::ACCEPTED)
            }
        };
        if written == Write::Done {
            return Ok(comes_to);
        }
    }
    Err(Problem::changing())
}

async fn changed(
    store: &Store,
    case_number: &CaseNumber,
    what: Change,
    act: Act<'_>,
) -> Result<StatusCode, Problem> {
    change(store, case_number, what, act).await?;
    Ok(StatusCode::OK)
}

fn in_review(ticket: &Ticket) -> Result<(), Problem> {
    if matches!(ticket.state, State::Review(_)) {
        return Ok(());
    }
    Err(Problem::new(
        Kind::NotInReview,
        format!(
            "the ticket is {} and not in review, and nothing was changed: look at the case",
            ticket.state.name()
        ),
    ))
}

fn cannot_end(why: &Unendable) -> Problem {
    let detail = match why {
        Unendable::Undecided(refund) => format!(
            "whether the fine is given back is not decided, or PayPal has not done it yet: \
             refund {refund} comes first, and nothing was changed"
        ),
        Unendable::NothingOwed => {
            "the city has the whole fine, so that nothing could be paid again, and nothing was \
             changed: decide that it is paid, or give it back first"
                .to_owned()
        }
        Unendable::NothingKept => {
            "the city has no money that could have paid the fine, and nothing was changed: \
             make it payable again and book what has come since, or withdraw it, or hand it over"
                .to_owned()
        }
    };
    Problem::new(Kind::ReviewCannotEndSo, detail)
}
