//! Looking the other way round: what PayPal's own books show is held against
//! the table, and what the table does not know is booked. After a restore this
//! is the only way to money that came since; each night it is the proof that
//! none was lost.
//!
//! Nothing is captured here, whether captures are open or closed. All of it may
//! be run again, and may die at any point.

use std::collections::HashMap;

use jiff::Timestamp;
use paypal::{Transaction, TransactionKind, TransactionStatus};
use serde::Serialize;
use store::TakenBackKind;
use ticket::Money;
use tokio::time::Instant;
use tracing::Instrument;

use super::pages::{BooksRead, Budget};
use super::row::RowOutcome;
use super::window::{SLICE_MIN, Window, longer, next_slice, old_enough, shorter, whole_seconds};
use crate::invoice_id::case_number;
use crate::limits::{FUNCTION_TIMEOUT, SEARCH_SLICE, since};
use crate::{Claim, Comparison, Moment, Settle, trail};

/// The most calls of PayPal that one row takes: capture and order, the
/// attempt's own order before and after, a refund.
const ROW_CALLS: u32 = 4;

/// What a reconciliation has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reconciled {
    /// PayPal's books against the table, up to where it came.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// What PayPal shows less what the table has, in euro cents; 0 is right.
    pub difference_cents: i64,
    /// Until when PayPal shows everything: what is younger may be missing.
    pub complete_until: Option<Timestamp>,
    /// From where the next call must go on; nothing when all was looked at.
    pub stopped_at: Option<Timestamp>,
}

/// What a slice has come to.
pub(crate) enum Slice {
    /// It was looked at, up to where it ends.
    Done {
        comparison: Box<Comparison>,
        to: Timestamp,
        complete_until: Option<Timestamp>,
    },
    /// It must be shorter.
    TooMuch,
    /// PayPal does not show anything so young yet.
    NotYet,
    /// It must be begun anew; what is booked by now costs no call any more.
    Nothing,
}

impl Settle {
    /// Books every payment, refund and reversal that PayPal shows in the
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
        let mut budget = Budget {
            until,
            calls_left: u32::MAX,
        };
        let end = whole_seconds(window.to.min(clock()));
        let mut from = whole_seconds(window.from);
        let mut length = SEARCH_SLICE;
        while from < end {
            let slice = next_slice(from, end, length);
            match self.slice(slice, end, clock, &mut budget).await {
                Slice::Done {
                    comparison,
                    to,
                    complete_until,
                } => {
                    reconciled.comparison = reconciled.comparison.plus(*comparison);
                    reconciled.complete_until = complete_until;
                    length = longer(length, from, to);
                    from = to;
                }
                Slice::TooMuch => {
                    let Some(half) = shorter(length) else {
                        reconciled.stopped_at = Some(from);
                        break;
                    };
                    length = half;
                }
                Slice::NotYet => {
                    // Nothing of it is concluded: the answer says until when.
                    reconciled.complete_until = Some(from);
                    break;
                }
                Slice::Nothing => {
                    reconciled.stopped_at = Some(from);
                    break;
                }
            }
        }
        if reconciled.stopped_at.is_none() {
            let bookings = Window {
                from: window.from,
                to: old_enough(clock()).min(reconciled.complete_until.unwrap_or(window.from)),
            };
            match self
                .all_bookings(bookings, window.from, clock, &mut budget)
                .await
            {
                Some(comparison) => reconciled.comparison = reconciled.comparison.plus(comparison),
                None => reconciled.stopped_at = Some(window.from),
            }
        }
        reconciled.difference_cents = reconciled.comparison.difference_cents();
        report(&reconciled);
        reconciled
    }

    /// One part of the window.
    pub(crate) async fn slice(
        &self,
        slice: Window,
        end: Timestamp,
        clock: &(dyn Fn() -> Timestamp + Sync),
        budget: &mut Budget,
    ) -> Slice {
        // sabotage: a night concludes from books it could not read
        let mut found = match self.read_books(slice, clock, budget).await {
            BooksRead::Whole(found) => found,
            BooksRead::TooMuch => return Slice::TooMuch,
            BooksRead::NotYet => return Slice::NotYet,
            BooksRead::Nothing => return Slice::Nothing,
        };
        // A row at the seam of two slices is in both of them.
        if found.to < end {
            found
                .readable
                .retain(|row| row.initiated_at != Some(found.to));
        }
        // A refund is booked on a payment that is: payments come first. Of two
        // rows about one thing the one that has come further counts.
        found.readable.sort_by_key(|row| {
            let is_pending = row.status == TransactionStatus::Pending;
            (!matches!(row.kind, TransactionKind::Payment(_)), is_pending)
        });
        let mut comparison = Comparison {
            unclear: found.unreadable,
            ..Comparison::default()
        };
        let is_shortest = since(slice.from, found.to) <= SLICE_MIN;
        let mut seen: HashMap<&TransactionKind, &Money> = HashMap::new();
        for row in &found.readable {
            let concerns_us =
                row.kind != TransactionKind::Other && row.status != TransactionStatus::Denied;
            if !concerns_us {
                continue;
            }
            if let Some(amount) = seen.insert(&row.kind, &row.amount) {
                if *amount != row.amount && row.status != TransactionStatus::Pending {
                    tracing::error!(kind = ?row.kind, "PayPal shows one payment with two amounts: a human must look");
                    comparison.unclear += 1;
                }
                continue;
            }
            // A slice that can be no shorter must come to its end in one run.
            let allowed = if is_shortest {
                budget.has_time()
            } else {
                budget.allows_more()
            };
            if !allowed {
                return Slice::Nothing;
            }
            let span = trail::of_row(&row.kind);
            let shown = self.row(row, clock()).instrument(span).await;
            budget.spend(calls_for(&shown));
            comparison.note(row, &shown);
        }
        Slice::Done {
            comparison: Box::new(comparison),
            to: found.to,
            complete_until: found.complete_until,
        }
    }

    async fn row(&self, row: &Transaction, now: Timestamp) -> RowOutcome {
        let looked = async {
            let moment = Moment::begins(now);
            // sabotage: what left is not looked for at night
            match &row.kind {
                TransactionKind::Payment(id) => self.payment(row, id, moment).await,
                TransactionKind::Refund(id) => {
                    let claim = Claim::Refund(id.clone());
                    let line = (id.as_str(), TakenBackKind::Refund);
                    self.left_again(row, &claim, line, moment).await
                }
                TransactionKind::Reversal(id) => {
                    let claim = Claim::Reversal(id.clone());
                    let line = (id.as_str(), TakenBackKind::Reversal);
                    self.left_again(row, &claim, line, moment).await
                }
                TransactionKind::Hold(id) => {
                    let claim = Claim::Reversal(id.clone());
                    self.held(row, &claim, id.as_str(), moment).await
                }
                TransactionKind::Returned(id) => {
                    let claim = Claim::Reversal(id.clone());
                    self.returned(row, &claim, id.as_str(), moment).await
                }
                TransactionKind::Other => Ok(RowOutcome::Foreign { asked: false }),
            }
        };
        // Boxed: each future around it would be as large as what every row may take.
        let shown = match tokio::time::timeout(FUNCTION_TIMEOUT, Box::pin(looked)).await {
            Ok(Ok(shown)) => shown,
            Ok(Err(error)) => {
                tracing::error!(%error, "the table did not answer");
                RowOutcome::Unclear
            }
            Err(_) => RowOutcome::Unclear,
        };
        log(row, &shown);
        shown
    }
}

fn log(row: &Transaction, shown: &RowOutcome) {
    let Transaction { kind, amount, .. } = row;
    let (value, currency) = (&amount.value, &amount.currency);
    // Of what another shop or a payer has written there, nothing: it may be a name.
    let invoice_id = row.invoice_id.as_deref().and_then(case_number);
    match shown {
        RowOutcome::Booked { found: true, .. } => {
            tracing::warn!(
                ?kind,
                value,
                currency,
                "money the table did not know is booked"
            );
        }
        RowOutcome::Booked { found: false, .. }
        | RowOutcome::Pending
        | RowOutcome::Held
        | RowOutcome::Foreign { asked: false } => {}
        RowOutcome::Returned => {
            tracing::error!(
                ?kind,
                value,
                currency,
                "money that was taken back is here again: a human must look"
            );
        }
        RowOutcome::NoTicket => {
            tracing::error!(
                ?kind,
                value,
                currency,
                invoice_id = invoice_id.map(tracing::field::display),
                "money for a ticket that is not in the table: issue it again"
            );
        }
        // Anybody may send money to the account; each is told of once.
        RowOutcome::Foreign { asked: true } => {
            tracing::warn!(
                ?kind,
                value,
                currency,
                invoice_id = invoice_id.map(tracing::field::display),
                "money in the PayPal account that is no ticket's"
            );
        }
        RowOutcome::Unclear => {
            tracing::error!(
                ?kind,
                value,
                currency,
                "money that PayPal shows is not booked: look again, then a human must"
            );
        }
    }
}

/// What is said of a whole comparison.
pub(crate) fn report(reconciled: &Reconciled) {
    if reconciled.comparison.agrees() && reconciled.stopped_at.is_none() {
        tracing::info!(?reconciled, "PayPal's books and the table agree");
    } else {
        tracing::error!(
            ?reconciled,
            alarm = "books-do-not-agree",
            "PayPal's books and the table do not agree, or not all was looked at"
        );
    }
}

/// About how many calls a row has taken.
const fn calls_for(shown: &RowOutcome) -> u32 {
    match shown {
        RowOutcome::Booked { found: false, .. }
        | RowOutcome::Held
        | RowOutcome::Foreign { asked: false } => 0,
        RowOutcome::Foreign { asked: true } => 2,
        RowOutcome::Booked { found: true, .. }
        | RowOutcome::Pending
        | RowOutcome::Returned
        | RowOutcome::NoTicket
        | RowOutcome::Unclear => ROW_CALLS,
    }
}
