//! What a parking ticket is and what may happen to it. Pure: no I/O, no clock,
//! no async. Everything else in the workspace asks this crate what a fact means.
//!
//! ```text
//! a fact ──▶ Ticket::standing() ──▶ effect(standing, event) ──▶ what to do
//! ```
//!
//! The words are those of the field: *case number* (Aktenzeichen), *due date*
//! (Zahlungsfrist), *payment attempt* (Zahlungsversuch), *settlement*
//! (Zahlungseingang), *surplus* (Überzahlung).

mod case_number;
mod due;
mod identifiers;
mod language;
mod money;
mod municipality;
mod plate;
mod settlement;
mod state;
mod ticket;

pub use case_number::{CaseNumber, InvalidCaseNumber};
pub use due::{DueDate, Land};
pub use identifiers::{AttemptId, CaptureId, InvalidIdentifier, OrderId, SettlementId};
pub use language::Language;
pub use money::{Cents, InvalidAmount, WARNING_FINE_MAX, WARNING_FINE_MIN, WARNING_FINE_STEP};
pub use municipality::{CashOffice, Disclosure, LatePayment, Municipality};
pub use plate::{InvalidPlate, Plate};
pub use settlement::{Channel, Role, Settlement, SurplusReason};
pub use state::{Effect, Event, Refusal, Standing, effect};
pub use ticket::{
    Awaited, InvalidTicketText, Lock, Offence, PendingCapture, State, Ticket, TicketText, UnderWay,
};
