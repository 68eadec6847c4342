//! How a review ends. Withdrawing and handing over are a clerk's changes like any other;
//! whether a driver is asked to pay again, or counts as having paid, is about money, and
//! two people decide it: one proposes, somebody else says the same.
//!
//! ```text
//! review ─▶ open    what the city still has of the fine has paid a part of it
//!        ─▶ paid    by the money that is there, be it less than was asked for
//! ```

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Cents, GivesBack, PartPayment, Refund, RefundId, RefundState, Role, Settlement, SettlementId,
    State, SurplusReason, Ticket, TicketText,
};

/// How a review is to end, where that needs two people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewDecision {
    /// The driver is asked to pay what the city does not have.
    PayableAgain,
    /// The fine counts as paid.
    Paid,
}

impl ReviewDecision {
    /// The name that table and API write.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PayableAgain => "payable_again",
            Self::Paid => "paid",
        }
    }
}

/// A decision that somebody else must confirm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewProposal {
    /// What is decided.
    pub decision: ReviewDecision,
    /// Why.
    pub reason: TicketText,
    /// The `sub` of whoever proposes it.
    pub by: String,
    /// When: the moment of its line in the journal.
    pub at: Timestamp,
}

/// The money of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseMoney {
    /// Each payment, and what of it nobody has given or taken back.
    pub kept: Vec<(Settlement, Cents)>,
    /// Every refund.
    pub refunds: Vec<Refund>,
}

impl CaseMoney {
    /// What the city has of a payment, and nobody has decided to give back.
    #[must_use]
    pub fn kept_of(&self, settlement: &SettlementId) -> Cents {
        let mut kept = self.kept.iter();
        let kept = kept.find(|(it, _)| it.id() == *settlement);
        kept.map_or(Cents::new(0), |(_, kept)| *kept)
    }

    /// A proposal to give back what pays the fine: approved after the review, it would
    /// leave a paid ticket without its money.
    fn proposal_of_what_pays(&self) -> Option<&Refund> {
        let is_touched = |(it, kept): &&(Settlement, Cents)| {
            it.less_proposed(*kept, &self.refunds) < it.pays_of_fine(*kept)
        };
        let touched = self.kept.iter().filter(is_touched);
        touched.flat_map(|(it, _)| self.proposals_of(it)).next()
    }

    /// The proposals of a payment that nobody has decided about.
    fn proposals_of(&self, settlement: &Settlement) -> impl Iterator<Item = &Refund> {
        let id = settlement.id();
        let refunds = self.refunds.iter();
        refunds.filter(move |it| it.settlement == id && it.state == RefundState::Proposed)
    }

    /// Whether this person has booked money of the case by hand.
    #[must_use]
    pub fn was_booked_by(&self, clerk: &str) -> bool {
        let mut those = self.kept.iter();
        those.any(|(it, _)| it.source.clerk() == Some(clerk))
    }
}

/// What the end of a review writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewEnd {
    /// How the case stands then.
    pub state: State,
    /// What has paid parts of the fine then.
    pub part_payments: Vec<PartPayment>,
    /// Surplus that pays the fine from now on.
    pub counted: Option<Settlement>,
    /// The proposals to give that back: they are rejected.
    pub rejected: Vec<RefundId>,
    /// What of it is more than is owed.
    pub proposed: Option<Refund>,
    /// PayPal has captured money under an invoice id of the ticket: it would refuse that
    /// one at the next capture.
    pub first_invoice_used: bool,
}

/// Why a review cannot end so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unendable {
    /// Whether a fine is given back is not decided, or not carried out.
    Undecided(RefundId),
    /// The city has the whole fine: nothing is left to pay.
    NothingOwed,
    /// The city has no money that could have paid it.
    NothingKept,
}

impl Ticket {
    /// The proposal to end the review, as long as nothing has happened since: who confirms
    /// it must have seen what its maker has seen.
    #[must_use]
    pub fn standing_proposal(&self) -> Option<&ReviewProposal> {
        let proposal = self.review_proposal.as_ref();
        proposal.filter(|proposal| {
            matches!(self.state, State::Review(None)) && self.changed_at == Some(proposal.at)
        })
    }

    /// What ending its review so comes to.
    ///
    /// # Errors
    /// Why it cannot end so.
    pub fn review_end(
        &self,
        decision: ReviewDecision,
        money: &CaseMoney,
        (by, at): (&str, Timestamp),
    ) -> Result<ReviewEnd, Unendable> {
        let undecided = money.refunds.iter().find(|refund| is_undecided(refund));
        if let Some(refund) = undecided.or_else(|| money.proposal_of_what_pays()) {
            return Err(Unendable::Undecided(refund.id.clone()));
        }
        match decision {
            ReviewDecision::PayableAgain => self.payable_again(money),
            ReviewDecision::Paid => self.counts_as_paid(money, (by, at)),
        }
    }

    fn payable_again(&self, money: &CaseMoney) -> Result<ReviewEnd, Unendable> {
        let parts = money.kept.iter().filter_map(|(settlement, kept)| {
            let amount = settlement.pays_of_fine(*kept);
            (amount > Cents::new(0)).then(|| PartPayment {
                settlement: settlement.id(),
                amount,
            })
        });
        let after = Self {
            part_payments: parts.collect(),
            ..self.clone()
        };
        if after.rest() == Cents::new(0) {
            return Err(Unendable::NothingOwed);
        }
        Ok(ReviewEnd {
            state: State::Open(None),
            part_payments: after.part_payments,
            counted: None,
            rejected: Vec::new(),
            proposed: None,
            first_invoice_used: money
                .kept
                .iter()
                .any(|(settlement, _)| settlement.source.captured().is_some()),
        })
    }

    fn counts_as_paid(
        &self,
        money: &CaseMoney,
        (by, at): (&str, Timestamp),
    ) -> Result<ReviewEnd, Unendable> {
        let would_pay = |it: &Settlement, kept: Cents| {
            // Of which nothing has gone: what is given back in part has paid nothing.
            let is_whole = it.amount.euro_cents() == Some(kept);
            match it.role {
                Role::Main => it.pays_of_fine(kept),
                Role::Surplus(SurplusReason::FactsDiffer) if is_whole => kept,
                // It came for a fine that was paid, whose money has left again since.
                Role::Surplus(SurplusReason::TicketNotOpen)
                    if is_whole && kept >= self.rest_beside(it) =>
                {
                    kept
                }
                Role::Surplus(_) | Role::Part => Cents::new(0),
            }
        };
        let candidates = money
            .kept
            .iter()
            .map(|(it, kept)| (it, would_pay(it, *kept)));
        let (settlement, pays) = candidates
            .filter(|(_, pays)| *pays > Cents::new(0))
            .max_by_key(|(it, pays)| {
                let is_enough = *pays >= self.rest_beside(it);
                (is_enough, it.role == Role::Main, it.booked_at)
            })
            .ok_or(Unendable::NothingKept)?;
        let is_surplus = settlement.role != Role::Main;
        // Of surplus the proposals are rejected below.
        let free = if is_surplus {
            pays
        } else {
            settlement.less_proposed(pays, &money.refunds)
        };
        let rest = self.rest_beside(settlement).minor_units();
        let more = free.minor_units().saturating_sub(rest);
        let more = (more > 0).then(|| Cents::new(more));
        let proposed = more.map(|more| {
            let count = settlement.next_count(&money.refunds);
            let of = (&self.case_number, &settlement.id(), count);
            Refund {
                proposed_by: Some(by.to_owned()),
                ..Refund::proposed(of, more.into(), GivesBack::Surplus, at)
            }
        });
        let counted = is_surplus.then(|| Settlement {
            role: Role::Main,
            overpaid: more,
            ..settlement.clone()
        });
        let rejected = money.proposals_of(settlement).filter(|_| is_surplus);
        let is_beside = |part: &&PartPayment| part.settlement != settlement.id();
        let parts = self.part_payments.iter().filter(is_beside);
        Ok(ReviewEnd {
            state: State::Paid {
                settlement: settlement.id(),
                paid_at: settlement.paid_at,
                by: settlement.source.channel(),
            },
            part_payments: parts.cloned().collect(),
            rejected: rejected.map(|refund| refund.id.clone()).collect(),
            proposed,
            counted,
            first_invoice_used: self.first_invoice_refused,
        })
    }

    /// What is left of the fine without a payment, which may have been counted as a part.
    fn rest_beside(&self, settlement: &Settlement) -> Cents {
        let id = settlement.id();
        let parts = self.part_payments.iter();
        let parts = parts.filter(|part| part.settlement != id);
        let paid: u32 = parts.map(|part| part.amount.minor_units()).sum();
        Cents::new(self.amount.minor_units().saturating_sub(paid))
    }

    /// The proposals to give back what has paid of the fine, or parts of it, once there is
    /// no fine to pay any more: no set-off happens by itself.
    #[must_use]
    pub fn proposals_of_fine(&self, money: &CaseMoney, by: &str, at: Timestamp) -> Vec<Refund> {
        let propose = |(settlement, kept): &(Settlement, Cents)| {
            // Somebody may have proposed it before.
            let left = settlement.less_proposed(*kept, &money.refunds);
            let left = settlement.pays_of_fine(*kept).min(left);
            let count = settlement.next_count(&money.refunds);
            let of = (&self.case_number, &settlement.id(), count);
            (left > Cents::new(0)).then(|| Refund {
                proposed_by: Some(by.to_owned()),
                ..Refund::proposed(of, left.into(), GivesBack::Surplus, at)
            })
        };
        money.kept.iter().filter_map(propose).collect()
    }
}

/// Whether what the city has of the fine depends on it still.
fn is_undecided(refund: &Refund) -> bool {
    let is_open = matches!(
        refund.state,
        RefundState::Proposed | RefundState::Approved { .. }
    );
    is_open && refund.gives_back == GivesBack::Fine
}
