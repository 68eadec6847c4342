//! What a parking ticket is and what may happen to it. Pure: no I/O, no clock,
//! no async. Everything else in the workspace asks this crate what a fact means.
//!
//! ```text
//! a fact ──▶ Ticket::standing() ──▶ a row of the state table ──▶ what to do
//! ```
//!
//! The words are those of the field: *case number* (Aktenzeichen), *due date*
//! (Zahlungsfrist), *payment attempt* (Zahlungsversuch), *settlement*
//! (Zahlungseingang), *surplus* (Überzahlung).

mod captures;
mod case;
mod case_number;
mod change;
mod due;
mod identifiers;
mod language;
mod letter;
mod money;
mod municipality;
mod plate;
mod qr_token;
mod receipt;
mod refund;
mod review;
mod settlement;
mod state;
mod ticket;

pub use captures::{Captures, InvalidCaptures};
pub use case::{ImpossibleState, InFlight, Lock, PendingCapture, State};
pub use case_number::{CaseNumber, InvalidCaseNumber};
pub use change::{Change, Permit};
pub use due::{DueDate, Land};
pub use identifiers::{
    AttemptId, CaptureId, InvalidIdentifier, OrderId, ReceiptNumber, RefundId, SettlementId,
    SubscriberId,
};
pub use language::Language;
pub use letter::LetterLease;
pub use money::{
    Cents, InvalidAmount, Money, WARNING_FINE_MAX, WARNING_FINE_MIN, WARNING_FINE_STEP,
};
pub use municipality::{CashOffice, Disclosure, LatePayment, Municipality, Wrong};
pub use plate::{InvalidPlate, Plate};
pub use qr_token::QrToken;
pub use receipt::Taken;
pub use refund::{
    Asked, Decision, GivesBack, PaidOutBy, PaysOpenFine, Refund, RefundState, Undecidable,
};
pub use review::{CaseMoney, ReviewDecision, ReviewEnd, ReviewProposal, Unendable};
pub use settlement::{
    Captured, Channel, ImpossibleSource, Receipt, Role, Settlement, Source, SurplusReason,
};
pub use state::{Refusal, ShortTransfer, Standing, Wish};
pub use ticket::{Awaited, InvalidTicketText, Offence, PartPayment, Ticket, TicketText, UnderWay};
