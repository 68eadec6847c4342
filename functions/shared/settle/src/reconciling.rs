//! Looking the other way round: what `PayPal`'s own books show is held against
//! the table, and what the table does not know is booked. After a restore this
//! is the only way to money that came since; each night it is the proof that
//! none was lost.
//!
//! Nothing is captured here, whether captures are open or closed. All of it may
//! be run again, and may die at any point.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use paypal::{Transaction, TransactionKind, TransactionPage, TransactionStatus};
use serde::Serialize;
use tokio::time::Instant;

use crate::limits::{FUNCTION_TIMEOUT, SEARCH_PAGES_MAX, SEARCH_SLICE};
use crate::shown::Shown;
use crate::{Claim, Comparison, Settle, paypal_deadline};

/// From when to when `PayPal`'s books are looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first moment.
    pub from: Timestamp,
    /// The last one; nothing later than now.
    pub to: Timestamp,
}

/// What a reconciliation has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reconciled {
    /// `PayPal`'s books against the table, up to where it came.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// What `PayPal` shows less what the table has, in euro cents; 0 is right.
    pub difference_cents: i64,
    /// Until when `PayPal` shows everything: what is younger may be missing.
    pub complete_until: Option<Timestamp>,
    /// From where the next call must go on; nothing when all was looked at.
    pub stopped_at: Option<Timestamp>,
}

impl Settle {
    /// Books every payment, refund and reversal that `PayPal` shows in the
    /// window and the table does not have, and compares the sums. Works until
    /// `until` and says from where to go on; what was booked stays booked, and
    /// the sums of two calls that follow each other add up.
    ///
    /// What cannot be done is logged as an error and counted, never passed over.
    pub async fn reconcile(
        &self,
        window: Window,
        clock: &(dyn Fn() -> Timestamp + Sync),
        until: Instant,
    ) -> Reconciled {
        let mut reconciled = Reconciled::default();
        let mut seen = HashSet::new();
        let end = window.to.min(clock());
        let mut from = window.from;
        while from < end {
            let to = from.saturating_add(SEARCH_SLICE).unwrap_or(end).min(end);
            let slice = Window { from, to };
            let Some((comparison, complete_until)) =
                self.slice(slice, &mut seen, clock, until).await
            else {
                reconciled.stopped_at = Some(from);
                break;
            };
            reconciled.comparison = reconciled.comparison.plus(comparison);
            reconciled.complete_until = complete_until;
            from = to;
        }
        reconciled.difference_cents = reconciled.comparison.difference_cents();
        if reconciled.comparison.agrees() && reconciled.stopped_at.is_none() {
            tracing::info!(?reconciled, "PayPal's books and the table agree");
        } else {
            tracing::error!(
                ?reconciled,
                "PayPal's books and the table do not agree, or not all was looked at"
            );
        }
        reconciled
    }

    /// One part of the window; nothing where it could not be finished: it is
    /// begun anew then, and what is booked by now costs no call any more.
    async fn slice(
        &self,
        slice: Window,
        seen: &mut HashSet<TransactionKind>,
        clock: &(dyn Fn() -> Timestamp + Sync),
        until: Instant,
    ) -> Option<(Comparison, Option<Timestamp>)> {
        let (mut rows, unreadable, complete_until) = self.search(slice, clock, until).await?;
        // A refund is booked on a payment that is: payments come first.
        rows.sort_by_key(|row| !matches!(row.kind, TransactionKind::Payment(_)));
        let mut comparison = Comparison {
            unclear: unreadable,
            ..Comparison::default()
        };
        for row in rows {
            let concerns_us =
                row.kind != TransactionKind::Other && row.status != TransactionStatus::Denied;
            if !concerns_us || !seen.insert(row.kind.clone()) {
                continue;
            }
            if !time_is_left(until) {
                return None;
            }
            let shown = self.row(&row, clock()).await;
            comparison.note(&row, &shown);
        }
        Some((comparison, complete_until))
    }

    async fn row(&self, row: &Transaction, now: Timestamp) -> Shown {
        let looked = async {
            let deadline = paypal_deadline();
            match &row.kind {
                TransactionKind::Payment(id) => self.payment(row, id, now, deadline).await,
                TransactionKind::Refund(id) => {
                    let claim = Claim::Refund(id.clone());
                    self.left_again(row, &claim, id.as_str(), now, deadline)
                        .await
                }
                TransactionKind::Reversal(id) => {
                    let claim = Claim::Reversal(id.clone());
                    self.left_again(row, &claim, id.as_str(), now, deadline)
                        .await
                }
                TransactionKind::Other => Ok(Shown::Foreign),
            }
        };
        let shown = match tokio::time::timeout(FUNCTION_TIMEOUT, looked).await {
            Ok(Ok(shown)) => shown,
            Ok(Err(error)) => {
                tracing::error!(%error, "the table did not answer");
                Shown::Unclear
            }
            Err(_) => Shown::Unclear,
        };
        let Transaction { kind, amount, .. } = row;
        let (value, currency) = (&amount.value, &amount.currency);
        match shown {
            Shown::Booked { found: true, .. } => {
                tracing::warn!(
                    ?kind,
                    value,
                    currency,
                    "money the table did not know is booked"
                );
            }
            Shown::Booked { found: false, .. } | Shown::Pending => {}
            Shown::NoTicket => {
                tracing::error!(
                    ?kind,
                    value,
                    currency,
                    invoice_id = row.invoice_id,
                    "money for a ticket that is not in the table: issue it again"
                );
            }
            Shown::Foreign => {
                tracing::error!(
                    ?kind,
                    value,
                    currency,
                    invoice_id = row.invoice_id,
                    "money in the PayPal account that is no ticket's: a human must look"
                );
            }
            Shown::Unclear => {
                tracing::error!(
                    ?kind,
                    value,
                    currency,
                    "money that PayPal shows is not booked: look again, then a human must"
                );
            }
        }
        shown
    }

    /// Every row of a slice, and how many cannot be read.
    async fn search(
        &self,
        slice: Window,
        clock: &(dyn Fn() -> Timestamp + Sync),
        until: Instant,
    ) -> Option<(Vec<Transaction>, u32, Option<Timestamp>)> {
        let (mut rows, mut unreadable) = (Vec::new(), 0);
        for number in 1..=SEARCH_PAGES_MAX {
            if !time_is_left(until) {
                return None;
            }
            let page = self.page(slice, number, clock()).await?;
            rows.extend(page.transactions);
            unreadable += page.unreadable;
            if number >= page.pages {
                return Some((rows, unreadable, page.complete_until));
            }
        }
        tracing::error!(?slice, "PayPal shows more rows of one day than are read");
        None
    }

    async fn page(&self, slice: Window, number: u32, now: Timestamp) -> Option<TransactionPage> {
        let deadline = paypal_deadline();
        let found = self
            .call(now, deadline, |token| async move {
                let Window { from, to } = slice;
                self.paypal
                    .search_transactions(&token, from, to, number, deadline)
                    .await
            })
            .await;
        match found {
            Ok(page) => Some(page),
            Err(error) => {
                tracing::error!(%error, ?slice, "PayPal does not show its books");
                None
            }
        }
    }
}

/// What is begun must have its whole time.
fn time_is_left(until: Instant) -> bool {
    Instant::now() + FUNCTION_TIMEOUT <= until
}

/// A part of the window is one search.
const _: () = assert!(
    SEARCH_SLICE.as_secs() < paypal::SEARCH_WINDOW_MAX.as_secs()
        && SEARCH_SLICE.as_secs() > Duration::from_hours(1).as_secs()
);
