//! What a driver sees: whole HTML pages out of typed facts, in the driver's
//! language, with the headers that keep them private. No script, no cookie, one
//! request.
//!
//! ```text
//! Ticket, View ──▶ PageState: what may be said ──▶ a template ──▶ answer: headers
//! ```
//!
//! | what is shown | template | pay button | bank details | plate, place, offence |
//! |---|---|---|---|---|
//! | payable, behind the QR code | `payable.html` | while online payment is open | yes | yes |
//! | payable, back from PayPal | `retry.html` | while online payment is open | only without another way online | no |
//! | paid, behind the QR code | `paid.html` | no | no | yes: it is the certificate |
//! | all else | `words.html` | no | no | no |
//!
//! The words are in `texts/`, one Fluent file a language; `build/` makes
//! functions of them.

mod answer;
mod content_security_policy;
mod facts;
mod frame;
mod negotiation;
mod page_state;
mod pages;
mod sentences;
mod templates;
mod text;

pub use answer::redirect;
pub use content_security_policy::{InvalidPolicy, Policy};
pub use negotiation::language;
pub use pages::Pages;

use jiff::Timestamp;
use ticket::{AttemptId, Captures, Language, Municipality, OrderId, Settlement, Ticket};

/// Whose page it is, in which language, for which request, and when.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The city.
    pub municipality: &'a Municipality,
    /// The language to write in: see [`language`].
    pub language: Language,
    /// What the browser asked for.
    pub route: Route,
    /// The moment of the request, for what depends on the due date.
    pub now: Timestamp,
    /// Whether a button may be shown.
    pub captures: Captures,
}

/// What the browser asked for, and so where its relative links start. Links are
/// relative because the path may begin with a stage; one that starts a step too
/// deep leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// `GET /t/{token}` or `GET /r/{attempt}`.
    Page,
    /// `GET /r/{attempt}/cancel`.
    Cancel,
    /// `POST /t/{token}/checkout` or `POST /r/{attempt}/checkout`; nothing can
    /// be got from that address, so no link may lead back to it.
    Checkout,
}

/// What the QR code opened.
#[derive(Clone, Copy, Debug)]
pub struct Scan<'a> {
    /// The case.
    pub ticket: &'a Ticket,
    /// The token of the address, verified.
    pub token: &'a str,
    /// The word printed beside the QR code.
    pub check_word: &'a str,
}

/// What a payment attempt came to.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The attempt of the address.
    pub id: &'a AttemptId,
    /// The case it was made for.
    pub ticket: &'a Ticket,
    /// The main settlement, where the case has one.
    pub settlement: Option<&'a Settlement>,
    /// How the attempt itself ended, or that nobody knows.
    pub outcome: Option<Outcome>,
    /// PayPal's `token`, where the browser came with it: it stays in every
    /// address that leads back to the page, or a reload could settle nothing.
    /// It is given to nobody who did not bring it.
    pub order: Option<&'a OrderId>,
}

/// How a payment attempt ended, where it did not simply lead to the state of
/// its ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// No answer from PayPal: the money may have moved. An open ticket is
    /// shown as being processed, and nobody is asked to pay.
    Unclear,
    /// The payer has agreed to nothing at PayPal, or it knows no such order;
    /// nothing was charged.
    NotApproved,
    /// The bank or card said no; nothing was charged.
    Declined,
    /// The driver turned back at PayPal; nothing was charged.
    Cancelled,
    /// PayPal no longer knows the order; nothing was charged.
    Expired,
}

/// Why a checkout led back to the page. Said only while the ticket is still
/// payable; the state of any other answers the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// No order could be made: 503, with the bank details.
    PayPalUnreachable,
    /// The amount is not the one the driver saw: 409.
    AmountChanged,
    /// An order that had been approved was found, and brought no money.
    NotCaptured,
    /// Online payment is closed: 503, with the bank details.
    Closed,
    /// As many payments as may be are still open at PayPal: 429, with the bank
    /// details and without a button.
    TooManyAttempts,
}
