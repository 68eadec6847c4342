//! Transaction Search: the account's books, up to three hours late.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::transaction::WireSearch;
use crate::{AccessToken, Error, Issue, PayPal, TransactionPage};

/// The longest window of one search.
///
/// Source: Transaction Search v1, parameter `end_date`: 31 days.
pub const SEARCH_WINDOW_MAX: Duration = Duration::from_hours(31 * 24);

/// How long until a transaction is shown.
///
/// Source: Transaction Search v1, `search.get`: at most three hours.
pub const SEARCH_LAG: Duration = Duration::from_hours(3);

/// How long until a transaction has been seen to be shown at the latest.
///
/// Source: airbytehq/airbyte PR 4240 and PR 85806: up to 36 hours.
pub const SEARCH_LAG_MAX: Duration = Duration::from_hours(36);

/// Rows of one page. A row has up to 1 KB: PayPal's limit of 500 of them
/// would be more than we read of any answer.
///
/// Source: Transaction Search v1, parameter `page_size`: 1 to 500, 100 unless
/// asked for.
pub const SEARCH_PAGE_ROWS: u32 = 100;

/// What a search has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Searched {
    /// A page of what there is.
    Page(TransactionPage),
    /// More rows than PayPal shows of any one window: ask for a shorter one.
    ///
    /// Source: Transaction Search v1, `RESULTSET_TOO_LARGE`: 10,000 rows.
    TooMany,
    /// PayPal does not take the window. One that begins in the last
    /// [`SEARCH_LAG_MAX`] may not be there yet ("Data for the given start date
    /// is not available"): ask again later.
    NotTaken,
}

impl PayPal {
    /// Reads one page of the account's transactions between two moments, the
    /// first page being 1. Those that PayPal holds back are among them.
    ///
    /// # Errors
    /// As [`Error`] says; [`Error::Refused`] with `OurAccount` while the app
    /// lacks the feature "Transaction Search".
    ///
    /// Source: Transaction Search v1, `search.get`.
    pub async fn search_transactions(
        &self,
        token: &AccessToken,
        from: Timestamp,
        to: Timestamp,
        page: u32,
        deadline: Instant,
    ) -> Result<Searched, Error> {
        let call = self.call("search transactions", deadline);
        // Without `N` a payment that is held back would not be shown, and the
        // driver could be asked to pay a second time.
        let path = format!(
            "v1/reporting/transactions?start_date={from:.0}&end_date={to:.0}\
             &fields=transaction_info&balance_affecting_records_only=N\
             &page_size={SEARCH_PAGE_ROWS}&page={page}"
        );
        match call.get(token, &path).await {
            Ok(found) => found.read(|found: WireSearch| Ok(Searched::Page(found.read()))),
            Err(Error::Refused {
                status: 400 | 422,
                issue: Issue::OurRequest(code) | Issue::Other(code),
                ..
            }) => Ok(if code == "RESULTSET_TOO_LARGE" {
                Searched::TooMany
            } else {
                Searched::NotTaken
            }),
            Err(error) => Err(error),
        }
    }
}
