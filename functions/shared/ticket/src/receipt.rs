//! What money is to a ticket that a clerk has taken at the till, or found on the city's
//! bank account.

use jiff::Timestamp;

use crate::state::ShortTransfer;
use crate::{Cents, Refusal, Role, Settlement, Source, Standing, SurplusReason, Ticket};

/// Money that a clerk has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// At the till, or by a transfer; never PayPal, whose captures are not taken by hand.
    pub source: Source,
    /// How much.
    pub amount: Cents,
    /// When: at the till, or the day on which the bank received it.
    pub paid_at: Timestamp,
    /// When it is booked here.
    pub booked_at: Timestamp,
}

impl Ticket {
    /// What the money is to the ticket as it stands. Less than is owed leaves the rest
    /// owed; more than is owed pays it, and the rest is to be given back.
    ///
    /// With `overriding` a clerk takes responsibility for money beside a capture that
    /// PayPal holds back: should that complete, it is surplus.
    ///
    /// # Errors
    /// When it cannot be booked: why.
    pub fn take(&self, taken: Taken, overriding: bool) -> Result<Settlement, Refusal> {
        let standing = self.standing();
        let role = if taken.amount < self.rest() {
            match standing.short_transfer() {
                ShortTransfer::RestIsOwed => Role::Part,
                ShortTransfer::Surplus => Role::Surplus(SurplusReason::TicketNotOpen),
                // It waits where nobody may pay.
                ShortTransfer::Waits => {
                    return Err(standing.payable().err().unwrap_or(Refusal::Processing));
                }
            }
        } else if overriding && standing == Standing::OpenPending {
            Role::Main
        } else {
            // sabotage: cash under a lock
            standing.receipt()?
        };
        let overpaid = match role {
            Role::Main if taken.amount > self.rest() => Some(Cents::new(
                taken.amount.minor_units() - self.rest().minor_units(),
            )),
            Role::Main | Role::Part | Role::Surplus(_) => None,
        };
        Ok(Settlement {
            case_number: self.case_number.clone(),
            source: taken.source,
            amount: taken.amount.into(),
            paid_at: taken.paid_at,
            booked_at: taken.booked_at,
            role,
            overpaid,
        })
    }
}
