//! The tickets of a state, as a back office looks for them: what is due, what has changed.

use http::StatusCode;
use jiff::Timestamp;
use jiff::civil::Date;
use lambda_http::{Body, Request, Response};
use office::fields::{day_of, euros, moment_of};
use office::query::{Query, found, opaque};
use office::{Problem, json_answer};
use serde::Serialize;
use store::{Place, Store};
use ticket::{CaseNumber, Cents, State, Ticket};

/// How many tickets a page has at most, and where nobody says: each is read anew.
const PAGE_MAX: usize = 100;

/// A page of tickets.
#[derive(Debug, Serialize)]
struct Page {
    tickets: Vec<Entry>,
    /// What to send as `after` for the next one; nothing after the last.
    next: Option<String>,
}

/// A ticket on a list; the words are those of `GET /tickets/{case_number}`.
#[derive(Debug, Serialize)]
struct Entry {
    case_number: CaseNumber,
    state: &'static str,
    #[serde(serialize_with = "euros")]
    amount: Cents,
    #[serde(serialize_with = "euros")]
    owed: Cents,
    due_on: Date,
    lapsed: bool,
    issued_at: Timestamp,
    changed_at: Timestamp,
    payment_running: bool,
    payment_pending: bool,
    letter_until: Option<Timestamp>,
}

impl Entry {
    fn of(ticket: Ticket, now: Timestamp) -> Self {
        Self {
            state: ticket.state.name(),
            owed: ticket.owed(),
            lapsed: ticket.has_lapsed(now),
            changed_at: ticket.last_change(),
            payment_running: ticket.payment_runs(now),
            payment_pending: ticket.pending().is_some(),
            letter_until: ticket.letter_until(now),
            amount: ticket.amount,
            due_on: ticket.due_on.day(),
            issued_at: ticket.issued_at,
            case_number: ticket.case_number,
        }
    }
}

/// One page of the tickets of a state, the one due first before all others.
///
/// # Errors
/// 400 where the query asks for something else; what the store says.
pub(crate) async fn list(
    store: &Store,
    request: &Request,
    now: Timestamp,
) -> Result<Response<Body>, Problem> {
    let known = ["state", "due_before", "changed_after", "after", "limit"];
    let query = Query::of(request, &known)?;
    let state = state(&query)?;
    let due_before = query.value("due_before", day_of)?;
    let changed_after = query.value("changed_after", moment_of)?;
    let after = query.after(Place::read)?;
    let limit = query.limit(PAGE_MAX, PAGE_MAX)?;
    let page = store.tickets_in(state, due_before, changed_after, after.as_ref(), limit);
    let page = page.await?;
    let next = page.next().map(|place| opaque(&place.text()));
    let mut tickets = Vec::new();
    for ticket in page.entries {
        tickets.push(Entry::of(store.without_ended_mark(ticket).await?, now));
    }
    json_answer(StatusCode::OK, &Page { tickets, next })
}

fn state(query: &Query) -> Result<&str, Problem> {
    let names = State::NAMES.join(", ");
    match query.text("state") {
        None => Err(Problem::with_field(
            "state",
            format!("is missing: send one of {names}"),
        )),
        Some(state) if State::NAMES.contains(&state) => Ok(state),
        Some(other) => Err(found(
            "state",
            other,
            &format!("not a state of a ticket: send one of {names}"),
        )),
    }
}
