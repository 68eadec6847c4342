//! Reading a part of PayPal's books whole, or not at all: an answer that was
//! cut, whose totals change from page to page or that shows a row twice is read
//! again, never concluded from.

use jiff::Timestamp;
use paypal::{SEARCH_LAG_MAX, Searched, Transaction, TransactionPage};
use tokio::time::Instant;

use super::window::whole_seconds;
use crate::limits::FUNCTION_TIMEOUT;
use crate::{Moment, Settle, Window};

/// Pages of one slice. A slice with more is halved before it is read: what is not
/// finished in the time of one call is begun anew by the next.
pub(crate) const SLICE_PAGES_MAX: u32 = 5;

/// How often a slice is read whose pages do not fit each other. One that is cut is
/// another slice each time, and shorter.
const READS_MAX: usize = 4;

/// What a run may still do.
pub(crate) struct Budget {
    /// Until when it works.
    pub(crate) until: Instant,
    /// How many calls of PayPal it may begin.
    pub(crate) calls_left: u32,
}

impl Budget {
    /// Whether something may be begun: it must have its whole time.
    pub(crate) fn allows_more(&self) -> bool {
        self.calls_left > 0 && self.has_time()
    }

    pub(crate) fn has_time(&self) -> bool {
        Instant::now() + FUNCTION_TIMEOUT <= self.until
    }

    pub(crate) const fn spend(&mut self, calls: u32) {
        self.calls_left = self.calls_left.saturating_sub(calls);
    }
}

/// What a reading has come to.
pub(crate) enum BooksRead {
    /// All rows of the slice, or of its first part.
    Whole(Rows),
    /// More than one slice may hold.
    TooMuch,
    /// PayPal does not show anything so young yet.
    NotYet,
    /// Nothing is known: no time, no answer, or one that contradicts itself.
    Nothing,
}

/// The rows of a slice.
pub(crate) struct Rows {
    pub(crate) readable: Vec<Transaction>,
    /// Rows that say too little to be told apart.
    pub(crate) unreadable: u32,
    /// Where the slice ends, which may be earlier than asked for.
    pub(crate) to: Timestamp,
    /// Until when PayPal shows everything.
    pub(crate) complete_until: Option<Timestamp>,
}

/// One try at reading all pages.
enum Pages {
    Read(Rows),
    /// Everything after this moment is missing.
    CutAt(Timestamp),
    /// The pages do not fit each other.
    Changed,
    Ended(BooksRead),
}

impl Settle {
    /// Reads a slice.
    pub(crate) async fn read_books(
        &self,
        mut slice: Window,
        clock: &(dyn Fn() -> Timestamp + Sync),
        budget: &mut Budget,
    ) -> BooksRead {
        let mut before: Option<Vec<Transaction>> = None;
        let mut reads = 0;
        while reads < READS_MAX {
            reads += 1;
            match self.read_pages(slice, clock, budget).await {
                Pages::Read(found) => {
                    // Between two pages a row may slip from one to the other, and
                    // another out of both. Twice the same is how it is.
                    if !shows_a_row_twice(&found.readable)
                        || before.as_ref() == Some(&found.readable)
                    {
                        return BooksRead::Whole(found);
                    }
                    before = Some(found.readable);
                }
                Pages::CutAt(end) => {
                    tracing::warn!(?slice, %end, "PayPal's answer was cut: it is read again up to there");
                    slice.to = end;
                    (before, reads) = (None, 0);
                }
                Pages::Changed => before = None,
                Pages::Ended(reading) => return reading,
            }
        }
        tracing::error!(?slice, "PayPal's books do not stand still");
        BooksRead::Nothing
    }

    async fn read_pages(
        &self,
        slice: Window,
        clock: &(dyn Fn() -> Timestamp + Sync),
        budget: &mut Budget,
    ) -> Pages {
        let first = match self.page(slice, 1, clock, budget).await {
            Ok(page) => page,
            Err(reading) => return Pages::Ended(reading),
        };
        let ends_at = first.ends_at.map(whole_seconds);
        // sabotage: books that were cut are taken for whole
        if let Some(end) = ends_at.filter(|end| *end < slice.to) {
            if end > slice.from {
                return Pages::CutAt(end);
            }
            return Pages::Ended(too_young_or_nothing(slice, clock()));
        }
        if first.pages > SLICE_PAGES_MAX {
            return Pages::Ended(BooksRead::TooMuch);
        }
        let (pages, all) = (first.pages, first.rows);
        let complete_until = first.complete_until;
        let mut unreadable = first.unreadable;
        let mut rows = first.transactions;
        for number in 2..=pages {
            let page = match self.page(slice, number, clock, budget).await {
                Ok(page) => page,
                Err(reading) => return Pages::Ended(reading),
            };
            if (page.pages, page.rows) != (pages, all) {
                return Pages::Changed;
            }
            rows.extend(page.transactions);
            unreadable += page.unreadable;
        }
        let read = rows.len() + usize::try_from(unreadable).unwrap_or(usize::MAX);
        if all.is_some_and(|all| usize::try_from(all) != Ok(read)) {
            return Pages::Changed;
        }
        Pages::Read(Rows {
            readable: rows,
            unreadable,
            to: slice.to,
            complete_until,
        })
    }

    async fn page(
        &self,
        slice: Window,
        number: u32,
        clock: &(dyn Fn() -> Timestamp + Sync),
        budget: &mut Budget,
    ) -> Result<TransactionPage, BooksRead> {
        if !budget.allows_more() {
            return Err(BooksRead::Nothing);
        }
        budget.spend(1);
        let moment = Moment::begins(clock());
        let found = self
            .call(moment, |token| async move {
                let Window { from, to } = slice;
                self.paypal
                    .search_transactions(&token, from, to, number, moment.deadline)
                    .await
            })
            .await;
        match found {
            Ok(Searched::Page(page)) => Ok(page),
            Ok(Searched::TooMany) => Err(BooksRead::TooMuch),
            Ok(Searched::NotTaken) => Err(too_young_or_nothing(slice, moment.now)),
            Err(error) => {
                tracing::error!(%error, ?slice, "PayPal does not show its books");
                Err(BooksRead::Nothing)
            }
        }
    }
}

/// What it means that PayPal shows nothing of a window.
fn too_young_or_nothing(slice: Window, now: Timestamp) -> BooksRead {
    let young = now.saturating_sub(SEARCH_LAG_MAX).unwrap_or(now);
    if slice.from > young {
        return BooksRead::NotYet;
    }
    tracing::error!(?slice, "PayPal does not show books that are old enough");
    BooksRead::Nothing
}

fn shows_a_row_twice(rows: &[Transaction]) -> bool {
    let earlier = |at: usize| rows.get(..at).unwrap_or_default();
    let mut numbered = rows.iter().enumerate();
    numbered.any(|(at, row)| earlier(at).contains(row))
}
