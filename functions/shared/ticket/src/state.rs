//! What may happen to a ticket: one table, for page, API and tests alike. Each row is a
//! function of [`Standing`]: who asks is told what that row can say, and nothing else.
//!
//! | what happens | open | open + lock | open + pending | paid | objected | withdrawn | handed over | review |
//! |---|---|---|---|---|---|---|---|---|
//! | checkout, lease | may be paid | refused: processing | refused: pending | refused: paid | refused: objected | refused: withdrawn | refused: handed over | refused: review |
//! | capture completed | paid | paid | paid | surplus | surplus | surplus | surplus | surplus |
//! | capture differs | review and surplus | review and surplus | review and surplus | surplus | surplus | surplus | surplus | surplus |
//! | capture pending | keep pending | keep pending | keep pending | surplus when completed | surplus when completed | surplus when completed | surplus when completed | surplus when completed |
//! | clerk's receipt | paid | refused: processing | refused: pending | surplus | refused: objected | refused: withdrawn | refused: handed over | refused: review |
//! | short transfer | rest is owed | waits | waits | surplus | surplus | surplus | surplus | surplus |
//! | withdraw | changes | refused: processing | refused: pending | refused: paid | changes | already done | already done | changes |
//! | object | changes | refused: processing | refused: pending | refused: paid | already done | already done | already done | changes |
//! | hand over | changes | refused: processing | refused: pending | refused: paid | changes | already done | already done | changes |
//! | change amount | changes | refused: processing | refused: pending | refused: paid | changes | already done | already done | changes |
//!
//! *Surplus when completed*: nothing is booked yet, the attempt stays in the
//! index of open work. *Already done*: the case is closed, the wish is
//! answered with how it stands and changes nothing. A capture that PayPal declines
//! changes nothing but a pending mark of its own, which goes; money that is taken
//! back leads to review from everywhere, and two people end that: see `review`.

use crate::{Change, Role, SurplusReason};

/// Where a ticket stands: its state, and for an open one the facts beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the table above and `ticket::State` say it")]
pub enum Standing {
    Open,
    OpenLocked,
    OpenPending,
    Paid,
    Objected,
    Withdrawn,
    HandedOver,
    Review,
}

/// Why somebody is refused: what the one who asked must be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table's words are the names")]
pub enum Refusal {
    Processing,
    Pending,
    Paid,
    Objected,
    Withdrawn,
    HandedOver,
    Review,
}

/// What becomes of a transfer of less than is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShortTransfer {
    /// The rest is the new amount owed.
    RestIsOwed,
    /// It is not booked before PayPal has answered.
    Waits,
    /// Nothing is owed.
    Surplus,
}

/// What a clerk's wish comes to, where it is not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The ticket changes.
    Changes,
    /// The ticket stands so, or its case is closed.
    AlreadyDone,
}

impl Standing {
    /// Every standing, in the order of the table's columns.
    pub const ALL: [Self; 8] = [
        Self::Open,
        Self::OpenLocked,
        Self::OpenPending,
        Self::Paid,
        Self::Objected,
        Self::Withdrawn,
        Self::HandedOver,
        Self::Review,
    ];

    /// Whether a driver may begin to pay, and whether a letter may ask for it.
    ///
    /// # Errors
    /// When not: why.
    pub const fn payable(self) -> Result<(), Refusal> {
        Err(match self {
            Self::Open => return Ok(()),
            Self::OpenLocked => Refusal::Processing,
            Self::OpenPending => Refusal::Pending,
            Self::Paid => Refusal::Paid,
            Self::Objected => Refusal::Objected,
            Self::Withdrawn => Refusal::Withdrawn,
            Self::HandedOver => Refusal::HandedOver,
            Self::Review => Refusal::Review,
        })
    }

    /// What a capture is whose amount, currency, payee and attempt are right.
    #[must_use]
    pub const fn completed_capture(self) -> Role {
        match self {
            Self::Open | Self::OpenLocked | Self::OpenPending => Role::Main,
            Self::Paid | Self::Objected | Self::Withdrawn | Self::HandedOver | Self::Review => {
                Role::Surplus(SurplusReason::TicketNotOpen)
            }
        }
    }

    /// What a capture is that is not what we asked for.
    #[must_use]
    pub const fn differing_capture(self) -> Role {
        Role::Surplus(match self {
            Self::Open | Self::OpenLocked | Self::OpenPending => SurplusReason::FactsDiffer,
            Self::Paid | Self::Objected | Self::Withdrawn | Self::HandedOver | Self::Review => {
                SurplusReason::TicketNotOpen
            }
        })
    }

    /// Whether a capture that PayPal holds back is marked; without a mark it becomes
    /// surplus when it completes.
    #[must_use]
    pub const fn keeps_pending(self) -> bool {
        match self {
            Self::Open | Self::OpenLocked | Self::OpenPending => true,
            Self::Paid | Self::Objected | Self::Withdrawn | Self::HandedOver | Self::Review => {
                false
            }
        }
    }

    /// What cash or a transfer of the right amount is, which a clerk has taken.
    ///
    /// # Errors
    /// When it cannot be booked: why.
    pub const fn receipt(self) -> Result<Role, Refusal> {
        match (self, self.payable()) {
            (Self::Paid, _) => Ok(Role::Surplus(SurplusReason::TicketNotOpen)),
            (_, Ok(())) => Ok(Role::Main),
            (_, Err(refusal)) => Err(refusal),
        }
    }

    /// What a transfer of less than is owed comes to.
    #[must_use]
    pub const fn short_transfer(self) -> ShortTransfer {
        match self {
            Self::Open => ShortTransfer::RestIsOwed,
            Self::OpenLocked | Self::OpenPending => ShortTransfer::Waits,
            Self::Paid | Self::Objected | Self::Withdrawn | Self::HandedOver | Self::Review => {
                ShortTransfer::Surplus
            }
        }
    }

    /// What a clerk's wish comes to.
    ///
    /// # Errors
    /// When it cannot be had: why.
    pub const fn wish(self, change: Change) -> Result<Wish, Refusal> {
        match (change, self) {
            (_, Self::OpenLocked) => Err(Refusal::Processing),
            (_, Self::OpenPending) => Err(Refusal::Pending),
            (_, Self::Paid) => Err(Refusal::Paid),
            (_, Self::Withdrawn | Self::HandedOver) | (Change::Object, Self::Objected) => {
                Ok(Wish::AlreadyDone)
            }
            (_, Self::Open | Self::Review)
            | (Change::Withdraw | Change::HandOver | Change::Amount(_), Self::Objected) => {
                Ok(Wish::Changes)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cents;

    /// What a row of the table says for a standing.
    type Row = fn(Standing) -> String;

    const ROWS: [(&str, Row); 10] = [
        ("checkout, lease", |at| {
            word(at.payable(), |()| "may be paid")
        }),
        ("capture completed", |at| {
            role(at.completed_capture()).into()
        }),
        ("capture differs", |at| role(at.differing_capture()).into()),
        ("capture pending", |at| {
            let kept = at.keeps_pending();
            (if kept {
                "keep pending"
            } else {
                "surplus when completed"
            })
            .into()
        }),
        ("clerk's receipt", |at| word(at.receipt(), role)),
        ("short transfer", |at| {
            match at.short_transfer() {
                ShortTransfer::RestIsOwed => "rest is owed",
                ShortTransfer::Waits => "waits",
                ShortTransfer::Surplus => "surplus",
            }
            .into()
        }),
        ("withdraw", |at| word(at.wish(Change::Withdraw), wish)),
        ("object", |at| word(at.wish(Change::Object), wish)),
        ("hand over", |at| word(at.wish(Change::HandOver), wish)),
        ("change amount", |at| {
            word(at.wish(Change::Amount(Cents::new(500))), wish)
        }),
    ];

    fn word<T>(said: Result<T, Refusal>, allowed: fn(T) -> &'static str) -> String {
        match said {
            Ok(said) => allowed(said).to_owned(),
            Err(Refusal::HandedOver) => "refused: handed over".to_owned(),
            Err(refusal) => format!("refused: {refusal:?}").to_lowercase(),
        }
    }

    fn role(role: Role) -> &'static str {
        match role {
            Role::Main => "paid",
            Role::Part => "rest is owed",
            Role::Surplus(SurplusReason::FactsDiffer) => "review and surplus",
            Role::Surplus(SurplusReason::TicketNotOpen) => "surplus",
        }
    }

    fn wish(wish: Wish) -> &'static str {
        match wish {
            Wish::Changes => "changes",
            Wish::AlreadyDone => "already done",
        }
    }

    #[test]
    fn the_code_does_what_the_table_in_the_docs_says() {
        let table: Vec<Vec<&str>> = include_str!("state.rs")
            .lines()
            .filter_map(|line| line.strip_prefix("//! | "))
            .map(|line| line.trim_end_matches(" |").split(" | ").collect())
            .skip(1)
            .collect();
        assert_eq!(table.len(), ROWS.len());
        for ((name, said), row) in ROWS.into_iter().zip(table) {
            let code = Standing::ALL.map(said);
            assert_eq!(row[0], name);
            assert_eq!(row[1..], code, "{name}");
        }
    }
}
