//! Every change of every ticket, for the city's systems: whoever goes on from `next` each
//! time misses none. What is younger than two minutes comes again; `id` tells.

use http::StatusCode;
use jiff::Timestamp;
use lambda_http::{Body, Request, Response};
use office::query::{Query, opaque};
use office::{Change, Problem, json_answer};
use serde::Serialize;
use store::{ChangeCursor, Store};

/// How many changes a page has where nobody says, and at most.
const PAGE: usize = 100;
const PAGE_MAX: usize = 500;

/// A page of the feed.
#[derive(Debug, Serialize)]
struct Page {
    changes: Vec<Change>,
    /// What to send as `after` the next time, even where there is no more now.
    next: String,
    /// Whether there is more at once.
    more: bool,
}

/// One page of the changes of all tickets.
///
/// # Errors
/// 400 where the query asks for something else; what the store says.
pub(crate) async fn list(
    store: &Store,
    request: &Request,
    now: Timestamp,
) -> Result<Response<Body>, Problem> {
    let query = Query::of(request, &["after", "limit"])?;
    let after = query.after(ChangeCursor::read)?.unwrap_or_default();
    let limit = query.limit(PAGE, PAGE_MAX)?;
    let page = store.changes(&after, limit, now).await?;
    let page = Page {
        changes: page.changes.into_iter().map(Change::from).collect(),
        next: opaque(&page.next.text()),
        more: page.more,
    };
    json_answer(StatusCode::OK, &page)
}
