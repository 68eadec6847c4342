//! What may happen to a ticket: one table, for page, API and tests alike.
//!
//! | event | open | open + lock | open + pending | paid | objected | withdrawn | handed over | review |
//! |---|---|---|---|---|---|---|---|---|
//! | checkout | new attempt | refused: processing | refused: pending | refused: paid | refused: objected | refused: withdrawn | refused: handed over | refused: review |
//! | capture completed | paid | paid | paid | surplus | surplus | surplus | surplus | surplus |
//! | capture pending | keep pending | keep pending | keep pending | surplus when completed | surplus when completed | surplus when completed | surplus when completed | surplus when completed |
//! | capture declined | stays open | stays open | stays open | no effect | no effect | no effect | no effect | no effect |
//! | capture differs | review and surplus | review and surplus | review and surplus | surplus | surplus | surplus | surplus | surplus |
//! | clerk payment | paid | refused: processing | refused: pending | surplus | refused: objected | refused: withdrawn | refused: handed over | refused: review |
//! | short transfer | rest is owed | waits | waits | surplus | surplus | surplus | surplus | surplus |
//! | withdraw | withdrawn | refused: processing | refused: pending | refused: paid | withdrawn | already done | already done | withdrawn |
//! | object | objected | refused: processing | refused: pending | refused: paid | already done | already done | already done | objected |
//! | hand over | handed over | refused: processing | refused: pending | refused: paid | handed over | already done | already done | handed over |
//! | change amount | amount changes | refused: processing | refused: pending | refused: paid | amount changes | already done | already done | amount changes |
//! | lease | lease granted | refused: processing | refused: pending | refused: paid | refused: objected | refused: withdrawn | refused: handed over | refused: review |
//! | money taken back | review | review | review | review | review | review | review | review |
//!
//! *Surplus when completed*: nothing is booked yet, the attempt stays in the
//! index of open attempts. *Already done*: the case is closed, the wish is
//! answered with how it stands and changes nothing.

use std::fmt;

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

/// Something that wants to happen to a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The driver wants to pay with PayPal.
    Checkout,
    /// PayPal says COMPLETED; amount, currency, payee and attempt are right.
    CaptureCompleted,
    /// PayPal says PENDING.
    CapturePending,
    /// PayPal says DECLINED or FAILED.
    CaptureDeclined,
    /// PayPal says COMPLETED, but the facts are not those we asked for.
    CaptureDiffers,
    /// Cash or a transfer of the right amount.
    ClerkPayment,
    /// A transfer of less than is owed.
    ShortTransfer,
    /// The city drops the case.
    Withdraw,
    /// The driver contests.
    Object,
    /// The city goes on with a fine order.
    HandOver,
    /// The city changes what is owed.
    ChangeAmount,
    /// The back-office system wants to print a letter.
    Lease,
    /// A refund, reversal or dispute at PayPal.
    MoneyTakenBack,
}

/// What an event does to a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table's words are the names")]
pub enum Effect {
    NewAttempt,
    BecomesPaid,
    KeepsPending,
    StaysOpen,
    NoEffect,
    Surplus,
    SurplusWhenCompleted,
    ReviewAndSurplus,
    Review,
    RestIsOwed,
    Waits,
    BecomesWithdrawn,
    BecomesObjected,
    BecomesHandedOver,
    AmountChanges,
    LeaseGranted,
    AlreadyDone,
    Refused(Refusal),
}

/// Why an event is refused: what the one who asked must be told.
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

/// What `event` does to a ticket that stands so: the table of this module.
#[must_use]
pub const fn effect(standing: Standing, event: Event) -> Effect {
    use Effect as E;
    use Event as V;
    use Standing as S;

    match (event, standing) {
        (V::Checkout, S::Open) => E::NewAttempt,
        (V::ClerkPayment, S::Open)
        | (V::CaptureCompleted, S::Open | S::OpenLocked | S::OpenPending) => E::BecomesPaid,
        (V::ClerkPayment, S::Paid)
        | (
            V::CaptureCompleted | V::CaptureDiffers | V::ShortTransfer,
            S::Paid | S::Objected | S::Withdrawn | S::HandedOver | S::Review,
        ) => E::Surplus,
        (V::CapturePending, S::Open | S::OpenLocked | S::OpenPending) => E::KeepsPending,
        (V::CapturePending, S::Paid | S::Objected | S::Withdrawn | S::HandedOver | S::Review) => {
            E::SurplusWhenCompleted
        }
        (V::CaptureDeclined, S::Open | S::OpenLocked | S::OpenPending) => E::StaysOpen,
        (V::CaptureDeclined, S::Paid | S::Objected | S::Withdrawn | S::HandedOver | S::Review) => {
            E::NoEffect
        }
        (V::CaptureDiffers, S::Open | S::OpenLocked | S::OpenPending) => E::ReviewAndSurplus,
        (V::ShortTransfer, S::Open) => E::RestIsOwed,
        (V::ShortTransfer, S::OpenLocked | S::OpenPending) => E::Waits,
        (V::Withdraw, S::Open | S::Objected | S::Review) => E::BecomesWithdrawn,
        (V::Object, S::Open | S::Review) => E::BecomesObjected,
        (V::HandOver, S::Open | S::Objected | S::Review) => E::BecomesHandedOver,
        (V::ChangeAmount, S::Open | S::Objected | S::Review) => E::AmountChanges,
        (V::Object, S::Objected)
        | (V::Withdraw | V::Object | V::HandOver | V::ChangeAmount, S::Withdrawn | S::HandedOver) => {
            E::AlreadyDone
        }
        (V::Lease, S::Open) => E::LeaseGranted,
        (
            V::MoneyTakenBack,
            S::Open
            | S::OpenLocked
            | S::OpenPending
            | S::Paid
            | S::Objected
            | S::Withdrawn
            | S::HandedOver
            | S::Review,
        ) => E::Review,
        (
            V::Checkout
            | V::ClerkPayment
            | V::Withdraw
            | V::Object
            | V::HandOver
            | V::ChangeAmount
            | V::Lease,
            S::OpenLocked,
        ) => E::Refused(Refusal::Processing),
        (
            V::Checkout
            | V::ClerkPayment
            | V::Withdraw
            | V::Object
            | V::HandOver
            | V::ChangeAmount
            | V::Lease,
            S::OpenPending,
        ) => E::Refused(Refusal::Pending),
        (
            V::Checkout | V::Withdraw | V::Object | V::HandOver | V::ChangeAmount | V::Lease,
            S::Paid,
        ) => E::Refused(Refusal::Paid),
        (V::Checkout | V::ClerkPayment | V::Lease, S::Objected) => E::Refused(Refusal::Objected),
        (V::Checkout | V::ClerkPayment | V::Lease, S::Withdrawn) => E::Refused(Refusal::Withdrawn),
        (V::Checkout | V::ClerkPayment | V::Lease, S::HandedOver) => {
            E::Refused(Refusal::HandedOver)
        }
        (V::Checkout | V::ClerkPayment | V::Lease, S::Review) => E::Refused(Refusal::Review),
    }
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
}

impl Event {
    /// Every event, in the order of the table's rows.
    pub const ALL: [Self; 13] = [
        Self::Checkout,
        Self::CaptureCompleted,
        Self::CapturePending,
        Self::CaptureDeclined,
        Self::CaptureDiffers,
        Self::ClerkPayment,
        Self::ShortTransfer,
        Self::Withdraw,
        Self::Object,
        Self::HandOver,
        Self::ChangeAmount,
        Self::Lease,
        Self::MoneyTakenBack,
    ];
}

/// The words of the table.
impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NewAttempt => "new attempt",
            Self::BecomesPaid => "paid",
            Self::KeepsPending => "keep pending",
            Self::StaysOpen => "stays open",
            Self::NoEffect => "no effect",
            Self::Surplus => "surplus",
            Self::SurplusWhenCompleted => "surplus when completed",
            Self::ReviewAndSurplus => "review and surplus",
            Self::Review => "review",
            Self::RestIsOwed => "rest is owed",
            Self::Waits => "waits",
            Self::BecomesWithdrawn => "withdrawn",
            Self::BecomesObjected => "objected",
            Self::BecomesHandedOver => "handed over",
            Self::AmountChanges => "amount changes",
            Self::LeaseGranted => "lease granted",
            Self::AlreadyDone => "already done",
            Self::Refused(Refusal::Processing) => "refused: processing",
            Self::Refused(Refusal::Pending) => "refused: pending",
            Self::Refused(Refusal::Paid) => "refused: paid",
            Self::Refused(Refusal::Objected) => "refused: objected",
            Self::Refused(Refusal::Withdrawn) => "refused: withdrawn",
            Self::Refused(Refusal::HandedOver) => "refused: handed over",
            Self::Refused(Refusal::Review) => "refused: review",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_does_what_the_table_in_the_docs_says() {
        let rows: Vec<Vec<&str>> = include_str!("state.rs")
            .lines()
            .filter_map(|line| line.strip_prefix("//! | "))
            .map(|line| line.trim_end_matches(" |").split(" | ").collect())
            .skip(1)
            .collect();
        assert_eq!(rows.len(), Event::ALL.len());
        for (event, row) in Event::ALL.into_iter().zip(rows) {
            assert_eq!(row.len(), 1 + Standing::ALL.len(), "{event:?}");
            for (standing, cell) in Standing::ALL.into_iter().zip(&row[1..]) {
                assert_eq!(
                    effect(standing, event).to_string(),
                    *cell,
                    "{event:?}, {standing:?}"
                );
            }
        }
    }
}
