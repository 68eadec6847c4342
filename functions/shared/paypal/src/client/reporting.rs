//! Transaction Search: the account's books, up to three hours late.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::transaction::WireSearch;
use crate::{AccessToken, Error, PayPal, TransactionPage};

/// The longest window of one search.
///
/// Source: Transaction Search v1, parameter `end_date`: 31 days.
pub const SEARCH_WINDOW_MAX: Duration = Duration::from_hours(31 * 24);

/// How long until a transaction is shown.
///
/// Source: Transaction Search v1, `search.get`: at most three hours.
pub const SEARCH_LAG: Duration = Duration::from_hours(3);

/// Rows of one page. A row has up to 1 KB: `PayPal`'s limit of 500 of them
/// would be more than we read of any answer.
///
/// Source: Transaction Search v1, parameter `page_size`: 1 to 500, 100 unless
/// asked for.
pub const SEARCH_PAGE_ROWS: u32 = 100;

impl PayPal {
    /// Reads one page of the account's transactions between two moments, the
    /// first page being 1. Those that `PayPal` holds back are among them.
    ///
    /// # Errors
    /// As [`Error`] says; [`Error::Refused`] with `OurAccount` while the app
    /// lacks the feature "Transaction Search", and with `INVALID_PARAMETER_…`
    /// for a window longer than [`SEARCH_WINDOW_MAX`].
    ///
    /// Source: Transaction Search v1, `search.get`.
    pub async fn search_transactions(
        &self,
        token: &AccessToken,
        from: Timestamp,
        to: Timestamp,
        page: u32,
        deadline: Instant,
    ) -> Result<TransactionPage, Error> {
        let call = self.call("search transactions", deadline);
        // Without `N` a payment that is held back would not be shown, and the
        // driver could be asked to pay a second time.
        let path = format!(
            "v1/reporting/transactions?start_date={from:.0}&end_date={to:.0}\
             &fields=transaction_info&balance_affecting_records_only=N\
             &page_size={SEARCH_PAGE_ROWS}&page={page}"
        );
        let found = call.get(token, &path).await?;
        found.read(|found: WireSearch| Ok(found.read()))
    }
}
