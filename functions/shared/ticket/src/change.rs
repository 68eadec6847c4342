//! What a clerk does to a ticket, and the permit for it: only the state table gives one.

use crate::state::Wish;
use crate::{Cents, InFlight, Refusal, State, Ticket};

/// What a clerk changes about a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The city drops the case.
    Withdraw,
    /// The driver contests.
    Object,
    /// The city goes on with a fine order.
    HandOver,
    /// The fine is another one.
    Amount(Cents),
}

/// The right to change a ticket that stands as it was read. Whoever writes must still
/// compare: the ticket may have changed since.
#[derive(Clone, Copy, Debug)]
pub struct Permit<'a> {
    ticket: &'a Ticket,
    change: Change,
}

impl Ticket {
    /// Asks for a change; no permit where there is nothing to do: the ticket stands so,
    /// or its case is closed.
    ///
    /// # Errors
    /// When it cannot be had: why.
    pub fn permit(&self, change: Change) -> Result<Option<Permit<'_>>, Refusal> {
        self.nothing_in_flight()?;
        let wish = self.standing().wish(change)?;
        let is_owed_already = matches!(change, Change::Amount(amount) if amount == self.amount);
        Ok(match wish {
            Wish::Changes if !is_owed_already => Some(Permit {
                ticket: self,
                change,
            }),
            Wish::Changes | Wish::AlreadyDone => None,
        })
    }
}

impl Ticket {
    /// Whether nobody is inside the capture call, and PayPal holds nothing back: a case in
    /// review may have money in flight, which its standing does not say.
    ///
    /// # Errors
    /// When money may still move: how.
    pub const fn nothing_in_flight(&self) -> Result<(), Refusal> {
        match self.state.in_flight() {
            Some(InFlight::Locked(_)) => Err(Refusal::Processing),
            Some(InFlight::Pending(_)) => Err(Refusal::Pending),
            None => Ok(()),
        }
    }
}

impl<'a> Permit<'a> {
    /// The ticket, as it was read.
    #[must_use]
    pub const fn ticket(&self) -> &'a Ticket {
        self.ticket
    }

    /// What is done to it.
    #[must_use]
    pub const fn change(&self) -> Change {
        self.change
    }

    /// How the ticket stands afterwards, and what of the fine is still to be paid then.
    #[must_use]
    pub fn after(&self) -> (State, Cents) {
        let after = Ticket {
            amount: self.fine(),
            ..self.ticket.clone()
        };
        let state = match self.change {
            Change::Withdraw => State::Withdrawn,
            Change::Object => State::Objected,
            Change::HandOver => State::HandedOver,
            Change::Amount(_) => self.ticket.state.clone(),
        };
        (state, after.rest())
    }

    /// What the fine is afterwards.
    #[must_use]
    pub const fn fine(&self) -> Cents {
        match self.change {
            Change::Withdraw | Change::Object | Change::HandOver => self.ticket.amount,
            Change::Amount(amount) => amount,
        }
    }
}
