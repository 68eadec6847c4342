//! Money that is to go back: how much of a payment may be proposed, and who decides.
//!
//! ```text
//! proposed ─▶ rejected
//!          ─▶ approved ─▶ completed    PayPal has given it back
//!                      ─▶ failed       it was not, and a human must look
//!                      ─▶ rejected     called off before PayPal was asked
//!          ─▶ ordered                  cash or a transfer: the cash office pays it out;
//!                                      PayPal's, where PayPal has not given it back
//! ```

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    CaseNumber, Cents, Channel, Money, RefundId, Role, Settlement, SettlementId, State, Ticket,
    TicketText,
};

/// Money of a settlement that is to be given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Its number.
    pub id: RefundId,
    /// The ticket.
    pub case_number: CaseNumber,
    /// What it is given back of.
    pub settlement: SettlementId,
    /// How much.
    #[serde(flatten)]
    pub amount: Money,
    /// What it takes from the books.
    pub gives_back: GivesBack,
    /// Who pays it out, where that is not whoever has the money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_out_by: Option<PaidOutBy>,
    /// Why, where somebody has proposed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<TicketText>,
    /// Who has proposed it, or has brought it about by hand; nobody where PayPal's money
    /// was surplus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed_by: Option<String>,
    /// When.
    pub proposed_at: Timestamp,
    /// How far it is.
    #[serde(flatten)]
    pub state: RefundState,
}

/// Who pays out what PayPal does not give back: after 180 days it gives nothing back any
/// more, nor where the payer's account is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaidOutBy {
    /// The cash office, as it does with cash.
    CashOffice,
}

/// What a refund takes from the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GivesBack {
    /// Money that pays nothing: the ticket stays as it is.
    Surplus,
    /// Money that has paid the fine, or a part of it. Of an effective warning that needs
    /// the authority's decision, § 56(4) `OWiG`; the ticket comes to review.
    Fine,
}

/// How far a refund is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "refund_state", rename_all = "snake_case")]
pub enum RefundState {
    /// Somebody else must decide.
    Proposed,
    /// It is not given back.
    Rejected {
        /// Who decided.
        decision: Decision,
    },
    /// PayPal is to give it back.
    Approved {
        /// Who decided.
        decision: Decision,
        /// Since when PayPal is asked to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asked: Option<Asked>,
        /// PayPal's id of it, where it has said that it is on its way.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        paypal_id: Option<String>,
        /// Since when PayPal does not say how it stands, where it does not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        silent_since: Option<Timestamp>,
    },
    /// PayPal has given it back.
    Completed {
        /// PayPal's id of it.
        paypal_id: String,
        /// When that was booked here.
        completed_at: Timestamp,
    },
    /// It was not given back: a human must look, and may propose it anew.
    Failed {
        /// PayPal's word for why, or ours.
        issue: String,
        /// When we learned of it.
        failed_at: Timestamp,
    },
    /// The cash office is to pay it out.
    Ordered {
        /// Who decided.
        decision: Decision,
    },
}

/// Who has decided about a refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The `sub` of the clerk.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why, where a reason was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<TicketText>,
}

/// PayPal was asked to give money back, and has not said what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// When it was asked first.
    pub since: Timestamp,
    /// Until when the last call may still be under way: nobody asks before.
    pub until: Timestamp,
}

impl RefundState {
    /// The name that table and API write.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Rejected { .. } => "rejected",
            Self::Approved { .. } => "approved",
            Self::Completed { .. } => "completed",
            Self::Failed { .. } => "failed",
            Self::Ordered { .. } => "ordered",
        }
    }

    /// Since when PayPal is asked, where it has not said what became of it.
    #[must_use]
    pub const fn asked(&self) -> Option<Asked> {
        match self {
            Self::Approved { asked, .. } => *asked,
            Self::Proposed
            | Self::Rejected { .. }
            | Self::Completed { .. }
            | Self::Failed { .. }
            | Self::Ordered { .. } => None,
        }
    }

    /// Since when PayPal does not say how it stands, where that is so.
    #[must_use]
    pub const fn silent_since(&self) -> Option<Timestamp> {
        match self {
            Self::Approved { silent_since, .. } => *silent_since,
            Self::Proposed
            | Self::Rejected { .. }
            | Self::Completed { .. }
            | Self::Failed { .. }
            | Self::Ordered { .. } => None,
        }
    }

    /// The names of all.
    pub const NAMES: [&'static str; 6] = [
        "proposed",
        "rejected",
        "approved",
        "completed",
        "failed",
        "ordered",
    ];
}

/// Money that pays a part of an open fine is not given back: first there must be no fine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaysOpenFine;

/// Why a refund cannot be decided so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undecidable {
    /// It was decided before.
    Decided,
    /// Whoever has proposed it may not approve it, § 25(5) `GemHVO`; nor who has booked
    /// money of this case by hand, since nobody else has seen that it came.
    OwnProposal,
    /// It gives back a fine that was paid in time: the decision needs its reason.
    NeedsReason,
}

impl Refund {
    /// A refund that nobody has decided about: of a case, a settlement of it, and which
    /// of that one's it is.
    #[must_use]
    pub fn proposed(
        (case_number, settlement, count): (&CaseNumber, &SettlementId, u32),
        amount: Money,
        gives_back: GivesBack,
        at: Timestamp,
    ) -> Self {
        Self {
            id: RefundId::of(case_number, settlement, count),
            case_number: case_number.clone(),
            settlement: settlement.clone(),
            amount,
            gives_back,
            paid_out_by: None,
            reason: None,
            proposed_by: None,
            proposed_at: at,
            state: RefundState::Proposed,
        }
    }

    /// The number of the request under which PayPal gives it back: the same however
    /// often it is asked.
    ///
    /// Source: PayPal Payments v2, header `PayPal-Request-Id`, 1 to 108 characters.
    #[must_use]
    pub fn request_id(&self) -> String {
        format!("{}-refund", self.id)
    }

    /// How it is once it is approved.
    ///
    /// # Errors
    /// When it may not be.
    pub fn approved(&self, decision: Decision) -> Result<RefundState, Undecidable> {
        if self.state != RefundState::Proposed {
            return Err(Undecidable::Decided);
        }
        // sabotage: a proposal is approved by whoever has made it
        if self.proposed_by.as_ref() == Some(&decision.by) {
            return Err(Undecidable::OwnProposal);
        }
        if self.gives_back == GivesBack::Fine && decision.reason.is_none() {
            return Err(Undecidable::NeedsReason);
        }
        Ok(match (self.settlement.channel(), self.paid_out_by) {
            (Channel::Paypal, None) => RefundState::Approved {
                decision,
                asked: None,
                paypal_id: None,
                silent_since: None,
            },
            (Channel::Cash | Channel::Transfer, _) | (_, Some(PaidOutBy::CashOffice)) => {
                RefundState::Ordered { decision }
            }
        })
    }

    /// How it is once it is rejected, or called off: as long as PayPal was not asked,
    /// nothing can have gone.
    ///
    /// # Errors
    /// When it was decided before.
    pub fn rejected(&self, decision: Decision) -> Result<RefundState, Undecidable> {
        match self.state {
            RefundState::Proposed
            | RefundState::Approved {
                asked: None,
                paypal_id: None,
                ..
            } => Ok(RefundState::Rejected { decision }),
            RefundState::Rejected { .. }
            | RefundState::Approved { .. }
            | RefundState::Completed { .. }
            | RefundState::Failed { .. }
            | RefundState::Ordered { .. } => Err(Undecidable::Decided),
        }
    }

    /// Whether its money has gone back, or may.
    #[must_use]
    pub const fn holds_money(&self) -> bool {
        match self.state {
            RefundState::Proposed
            | RefundState::Approved { .. }
            | RefundState::Completed { .. }
            | RefundState::Ordered { .. } => true,
            RefundState::Rejected { .. } | RefundState::Failed { .. } => false,
        }
    }
}

impl Settlement {
    /// The proposal that its surplus makes by itself: once, since its number is the
    /// first of this settlement's.
    #[must_use]
    pub fn proposal(&self) -> Option<Refund> {
        let amount = match (self.role, self.overpaid) {
            // In whatever currency it came.
            (Role::Surplus(_), _) => self.amount.clone(),
            (Role::Main | Role::Part, Some(overpaid)) => overpaid.into(),
            (Role::Main | Role::Part, None) => return None,
        };
        let of = (&self.case_number, &self.id(), 1);
        Some(Refund {
            proposed_by: self.source.clerk().map(str::to_owned),
            ..Refund::proposed(of, amount, GivesBack::Surplus, self.booked_at)
        })
    }

    /// What may still be proposed to be given back of it, where `refunds` are the
    /// ticket's, and `taken` has left without one: somebody has given it back in
    /// PayPal's own pages, or PayPal or a bank has taken it.
    #[must_use]
    pub fn refundable(&self, refunds: &[Refund], taken: Cents) -> Cents {
        self.less_proposed(self.kept(refunds, taken), refunds)
    }

    /// What of it the city has, and nobody has decided to give back; in the same words, and
    /// in its own currency.
    #[must_use]
    pub fn kept(&self, refunds: &[Refund], taken: Cents) -> Cents {
        let came = self.amount.cents_of(&self.amount.currency);
        let came = came.map_or(0, Cents::minor_units);
        let decided = |refund: &&Refund| refund.state != RefundState::Proposed;
        let gone = self.held_by(refunds.iter().filter(decided));
        Cents::new(came.saturating_sub(gone + taken.minor_units()))
    }

    /// The same less what somebody must still decide about.
    pub(crate) fn less_proposed(&self, kept: Cents, refunds: &[Refund]) -> Cents {
        let undecided = |refund: &&Refund| refund.state == RefundState::Proposed;
        let proposed = self.held_by(refunds.iter().filter(undecided));
        Cents::new(kept.minor_units().saturating_sub(proposed))
    }

    /// What of so much of it pays the fine: it all, but for what is beyond that.
    #[must_use]
    pub fn pays_of_fine(&self, kept: Cents) -> Cents {
        let came = self.amount.euro_cents().map_or(0, Cents::minor_units);
        let pays = came.saturating_sub(self.surplus().minor_units());
        kept.min(Cents::new(pays))
    }

    /// What giving so much of it back takes from the books.
    ///
    /// # Errors
    /// When it pays a part of a fine that is still open.
    pub fn gives_back(
        &self,
        ticket: &Ticket,
        refunds: &[Refund],
        sum: Cents,
    ) -> Result<GivesBack, PaysOpenFine> {
        let counts = match (self.role, &ticket.state) {
            (Role::Surplus(_), _) | (_, State::Withdrawn | State::HandedOver) => false,
            (Role::Main | Role::Part, State::Open(_) | State::Objected) => {
                return Err(PaysOpenFine);
            }
            (Role::Main | Role::Part, _) => true,
        };
        let surplus = self.surplus().minor_units();
        let surplus = surplus.saturating_sub(self.held_by(refunds.iter()));
        Ok(if counts && sum.minor_units() > surplus {
            GivesBack::Fine
        } else {
            GivesBack::Surplus
        })
    }

    /// The count of the next refund that somebody proposes of it. What it proposes by
    /// itself has the first, whether that is there already or not.
    #[must_use]
    pub fn next_count(&self, refunds: &[Refund]) -> u32 {
        let id = self.id();
        let there = refunds.iter().filter(|refund| refund.settlement == id);
        // The highest and not how many there are: a restore may have lost one between.
        let highest = there.filter_map(|refund| refund.id.count()).max();
        let itself = u32::from(self.proposal().is_some());
        highest.unwrap_or(0).max(itself).saturating_add(1)
    }

    /// What of it some refunds have given back, or may, in cents of its own currency.
    fn held_by<'a>(&self, refunds: impl Iterator<Item = &'a Refund>) -> u32 {
        let id = self.id();
        let of_it = refunds.filter(|refund| refund.settlement == id);
        let held = of_it.filter(|refund| refund.holds_money());
        let cents = held.filter_map(|refund| refund.amount.cents_of(&self.amount.currency));
        cents.map(Cents::minor_units).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Receipt, ReceiptNumber, Source, SurplusReason};

    fn settlement(role: Role, overpaid: Option<u32>) -> Settlement {
        Settlement {
            case_number: "KL-1".parse().unwrap(),
            source: Source::Transfer(Receipt {
                receipt_number: ReceiptNumber::try_from("E2E/1".to_owned()).unwrap(),
                clerk: "clerk-1".to_owned(),
            }),
            amount: Cents::new(3_500).into(),
            paid_at: Timestamp::UNIX_EPOCH,
            booked_at: Timestamp::UNIX_EPOCH,
            role,
            overpaid: overpaid.map(Cents::new),
        }
    }

    fn decision(by: &str, reason: Option<&str>) -> Decision {
        Decision {
            by: by.to_owned(),
            at: Timestamp::UNIX_EPOCH,
            reason: reason.map(|reason| reason.parse().unwrap()),
        }
    }

    #[test]
    fn surplus_proposes_itself_and_what_pays_the_fine_does_not() {
        let proposed = |role, overpaid| {
            let proposal = settlement(role, overpaid).proposal();
            proposal.map(|refund| refund.amount.value)
        };
        let surplus = Role::Surplus(SurplusReason::TicketNotOpen);
        assert_eq!(proposed(surplus, None).as_deref(), Some("35.00"));
        assert_eq!(proposed(Role::Main, Some(500)).as_deref(), Some("5.00"));
        assert_eq!(proposed(Role::Main, None), None);
        assert_eq!(proposed(Role::Part, None), None);
    }

    /// A restore has brought the second back without the first.
    #[test]
    fn a_number_is_given_out_once_though_one_before_it_is_lost() {
        let payment = settlement(Role::Main, None);
        let of = (&payment.case_number, &payment.id(), 2);
        let there = Refund::proposed(
            of,
            Cents::new(100).into(),
            GivesBack::Fine,
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(payment.next_count(&[]), 1);
        assert_eq!(payment.next_count(&[there]), 3);
    }

    #[test]
    fn nobody_approves_a_proposal_of_their_own_and_a_fine_needs_a_reason() {
        let paid = settlement(Role::Main, None);
        let mut refund = Refund::proposed(
            (&paid.case_number, &paid.id(), 1),
            Cents::new(3_000).into(),
            GivesBack::Fine,
            Timestamp::UNIX_EPOCH,
        );
        refund.proposed_by = Some("clerk-1".to_owned());
        let approved = |by, reason| refund.approved(decision(by, reason));
        assert_eq!(
            approved("clerk-1", Some("Irrtum")),
            Err(Undecidable::OwnProposal)
        );
        assert_eq!(approved("clerk-2", None), Err(Undecidable::NeedsReason));
        assert!(approved("clerk-2", Some("Irrtum")).is_ok());
        assert!(refund.rejected(decision("clerk-1", Some("Irrtum"))).is_ok());
    }

    #[test]
    fn no_more_goes_back_than_came() {
        let of = settlement(Role::Main, Some(500));
        let mut refunds = vec![of.proposal().unwrap()];
        let left = |refunds: &[Refund]| of.refundable(refunds, Cents::new(0)).minor_units();
        assert_eq!(left(&refunds), 3_000);
        assert_eq!(
            of.refundable(&refunds, Cents::new(2_900)).minor_units(),
            100
        );
        assert_eq!(of.refundable(&refunds, Cents::new(9_900)).minor_units(), 0);
        refunds[0].state = RefundState::Rejected {
            decision: decision("clerk-2", None),
        };
        assert_eq!(left(&refunds), 3_500);
    }

    #[test]
    fn a_number_says_of_which_case_it_is_and_no_two_settlements_share_one() {
        let case: CaseNumber = "KL-2026-000123".parse().unwrap();
        let of = |id: &str| RefundId::of(&case, &id.parse().unwrap(), 2);
        assert_eq!(
            of("3C679366HH908993F").as_str(),
            "KL-2026-000123.3C679366HH908993F.2"
        );
        let ids = [
            "transfer-A/B",
            "transfer-A_B",
            "transfer-A.B",
            "transfer-A_2fB",
        ];
        let ids = ids.map(of);
        for (index, id) in ids.iter().enumerate() {
            assert!(!ids[..index].contains(id), "{id}");
            assert_eq!(id.as_str().parse(), Ok(id.clone()), "{id}");
            assert_eq!(id.case_number(), Some(case.clone()));
        }
        for text in [
            "", "KL-1", "KL-1.A", "KL-1.A.0", "KL-1.A.x", "KL#1.A.1", "KL-1..1",
        ] {
            assert!(text.parse::<RefundId>().is_err(), "{text}");
        }
    }

    #[test]
    fn each_state_has_its_name_in_the_table() {
        let decision = || decision("clerk-2", None);
        let states = [
            RefundState::Proposed,
            RefundState::Rejected {
                decision: decision(),
            },
            RefundState::Approved {
                decision: decision(),
                asked: None,
                paypal_id: None,
                silent_since: None,
            },
            RefundState::Completed {
                paypal_id: "R1".to_owned(),
                completed_at: Timestamp::UNIX_EPOCH,
            },
            RefundState::Failed {
                issue: "TRANSACTION_DISPUTED".to_owned(),
                failed_at: Timestamp::UNIX_EPOCH,
            },
            RefundState::Ordered {
                decision: decision(),
            },
        ];
        for (state, name) in states.into_iter().zip(RefundState::NAMES) {
            assert_eq!(state.name(), name);
            assert_eq!(serde_json::to_value(&state).unwrap()["refund_state"], name);
        }
    }
}
