//! PayPal's books against the table, in figures.

use paypal::{Transaction, TransactionKind};
use serde::{Deserialize, Serialize};

use super::row::RowOutcome;

/// PayPal's books against the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// Payments of ours that PayPal shows.
    pub shown: Sum,
    /// Of those, what the table has booked.
    pub booked: Sum,
    /// Money of ours that left again, as PayPal shows it; negative.
    pub taken_back_shown: Sum,
    /// Of that, what the table has booked.
    pub taken_back_booked: Sum,
    /// Payments that PayPal holds back; nothing is booked for them yet.
    pub pending: Sum,
    /// Of what is booked: how many lines the table did not have, or in part only.
    pub found: u32,
    /// Money for case numbers that the table holds no ticket for.
    pub without_ticket: Sum,
    /// Money that only the table has: booked, and in PayPal's books it is not.
    pub only_booked: Sum,
    /// Money of ours that PayPal keeps for a dispute; its ticket is in review.
    pub held: Sum,
    /// Money of ours that had been taken back and came again: a human must look.
    pub returned: Sum,
    /// Money of the account that is no ticket's. It says nothing about ours:
    /// anybody may send a cent.
    pub foreign: Sum,
    /// Rows that could not be cleared up; they come again.
    pub unclear: u32,
}

/// How many, and how much in euro cents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// How many.
    pub count: u32,
    /// Euro cents; other currencies count nothing.
    pub cents: i64,
}

impl Sum {
    pub(crate) fn add(&mut self, cents: i64) {
        self.count += 1;
        self.cents += cents;
    }

    fn plus(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            cents: self.cents + other.cents,
        }
    }
}

impl Comparison {
    /// Whether everything of ours that PayPal shows is in the table, and the
    /// other way round, to the cent.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.shown == self.booked
            && self.taken_back_shown == self.taken_back_booked
            && self.without_ticket == Sum::default()
            && self.only_booked == Sum::default()
            && self.unclear == 0
    }

    pub(crate) const fn difference_cents(&self) -> i64 {
        self.shown.cents + self.taken_back_shown.cents + self.without_ticket.cents
            - self.booked.cents
            - self.taken_back_booked.cents
            - self.only_booked.cents
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            shown: self.shown.plus(other.shown),
            booked: self.booked.plus(other.booked),
            taken_back_shown: self.taken_back_shown.plus(other.taken_back_shown),
            taken_back_booked: self.taken_back_booked.plus(other.taken_back_booked),
            pending: self.pending.plus(other.pending),
            found: self.found + other.found,
            without_ticket: self.without_ticket.plus(other.without_ticket),
            only_booked: self.only_booked.plus(other.only_booked),
            held: self.held.plus(other.held),
            returned: self.returned.plus(other.returned),
            foreign: self.foreign.plus(other.foreign),
            unclear: self.unclear + other.unclear,
        }
    }

    pub(crate) fn note(&mut self, row: &Transaction, shown: &RowOutcome) {
        let cents = row.amount.signed_euro_cents().unwrap_or_default();
        let (shown_sum, booked_sum) = match row.kind {
            TransactionKind::Payment(_) => (&mut self.shown, &mut self.booked),
            TransactionKind::Refund(_)
            | TransactionKind::Reversal(_)
            | TransactionKind::Hold(_)
            | TransactionKind::Returned(_)
            | TransactionKind::Other => (&mut self.taken_back_shown, &mut self.taken_back_booked),
        };
        match shown {
            RowOutcome::Booked {
                cents: booked,
                found,
            } => {
                shown_sum.add(cents);
                booked_sum.add(*booked);
                self.found += u32::from(*found);
            }
            RowOutcome::Pending => self.pending.add(cents),
            RowOutcome::NoTicket => self.without_ticket.add(cents),
            RowOutcome::Held => self.held.add(cents),
            RowOutcome::Returned => self.returned.add(cents),
            RowOutcome::Foreign { .. } => self.foreign.add(cents),
            RowOutcome::Unclear => {
                shown_sum.add(cents);
                self.unclear += 1;
            }
        }
    }
}
