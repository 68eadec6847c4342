//! What a driver sees: whole HTML pages out of typed facts, in the driver's
//! language, with the headers that keep them private. No script, no cookie, one
//! request.
//!
//! ```text
//! Ticket, View ──▶ what the page may say (`facts`) ──▶ template ──▶ Response
//! ```

mod answer;
mod language;
mod policy;

pub use language::language;
pub use policy::{InvalidPolicy, Policy};

use http::{Response, StatusCode};
use jiff::Timestamp;
use ticket::{AttemptId, Language, LatePayment, Municipality, Settlement, Standing, Ticket};

/// Whose page it is, in which language, when, and where the browser stands.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The city.
    pub municipality: &'a Municipality,
    /// The language to write in: see [`language`].
    pub language: Language,
    /// From where relative links start.
    pub depth: Depth,
    /// The moment of the request, for what depends on the due date.
    pub now: Timestamp,
}

/// Where the browser stands: links are relative, so that a stage before the
/// path makes no difference, and a link that starts one step too deep leads
/// nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// At the page's own address, `/t/{token}` or `/r/{attempt}`.
    Page,
    /// One step below it: `…/checkout` or `…/cancel`.
    Below,
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
    /// How the attempt itself ended, or that nobody knows yet.
    pub outcome: Option<Outcome>,
}

/// How a payment attempt ended, where it did not simply lead to the state of
/// the ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// No answer from `PayPal`: the money may have moved. Shown as
    /// `processing` while the ticket is open, and nobody is asked to pay.
    Unclear,
    /// The bank or card said no; nothing was charged.
    Declined,
    /// The driver turned back at `PayPal`; nothing was charged.
    Cancelled,
    /// `PayPal` no longer knows the order; nothing was charged.
    Expired,
}

/// Why a checkout led back to the page; said only where the ticket is still
/// payable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// No order could be made: 503. The bank details are shown beside it.
    PayPalUnreachable,
    /// The amount is not the one the driver saw: 409.
    AmountChanged,
}

/// The pages, ready to be filled. Built once per process.
#[derive(Clone, Debug)]
pub struct Pages {
    policy: Policy,
}

impl Pages {
    /// The pages under this policy.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self { policy }
    }

    /// The page behind the QR code, in whatever state the ticket is.
    #[must_use]
    pub fn ticket(
        &self,
        view: &View<'_>,
        scan: &Scan<'_>,
        notice: Option<Notice>,
    ) -> Response<String> {
        let up = match view.depth {
            Depth::Page => "./",
            Depth::Below => "../",
        };
        let state = state(view, scan.ticket, None);
        self.simple(
            view.language,
            state,
            notice,
            scan.ticket,
            &format!("{up}{}/checkout", scan.token),
            true,
        )
    }

    /// The page a driver comes back to from `PayPal`: case number, amount and
    /// state, and no more than that.
    #[must_use]
    pub fn result(
        &self,
        view: &View<'_>,
        attempt: &Attempt<'_>,
        notice: Option<Notice>,
    ) -> Response<String> {
        let up = match view.depth {
            Depth::Page => "./",
            Depth::Below => "../",
        };
        let state = state(view, attempt.ticket, attempt.outcome);
        self.simple(
            view.language,
            state,
            notice,
            attempt.ticket,
            &format!("{up}{}/checkout", attempt.id),
            false,
        )
    }

    /// The token is right, but there is no such ticket: not here yet, or
    /// deleted. 404.
    #[must_use]
    pub fn unknown(&self, view: &View<'_>) -> Response<String> {
        self.bare(StatusCode::NOT_FOUND, view.language, "unknown")
    }

    /// The token is not ours: 404, the same bytes for whatever is wrong with
    /// it.
    #[must_use]
    pub fn invalid(&self, language: Language) -> Response<String> {
        self.bare(StatusCode::NOT_FOUND, language, "invalid")
    }

    /// The table cannot be read: 503 with `Retry-After`.
    #[must_use]
    pub fn unavailable(
        &self,
        municipality: Option<&Municipality>,
        language: Language,
        depth: Depth,
    ) -> Response<String> {
        let _ = (municipality, depth);
        self.bare(StatusCode::SERVICE_UNAVAILABLE, language, "unavailable")
    }

    fn bare(&self, status: StatusCode, language: Language, state: &str) -> Response<String> {
        let html = format!(
            "<!doctype html><html lang=\"{}\"><title>{state}</title><main data-state=\"{state}\"></main></html>",
            language.tag()
        );
        answer::answer(&self.policy, status, language, html)
    }

    fn simple(
        &self,
        language: Language,
        state: &str,
        notice: Option<Notice>,
        ticket: &Ticket,
        action: &str,
        in_full: bool,
    ) -> Response<String> {
        let form = if state == "open" {
            format!(
                "<form method=\"post\" action=\"{action}\"><input type=\"hidden\" name=\"amount\" value=\"{}\"><input type=\"hidden\" name=\"lang\" value=\"{}\"><button>PayPal</button></form>",
                ticket.amount,
                language.tag()
            )
        } else {
            String::new()
        };
        let _ = in_full;
        let html = format!(
            "<!doctype html><html lang=\"{}\"><title>{state}</title><main data-state=\"{state}\">{} {form}</main></html>",
            language.tag(),
            ticket.case_number
        );
        let status = match notice {
            None => StatusCode::OK,
            Some(Notice::AmountChanged) => StatusCode::CONFLICT,
            Some(Notice::PayPalUnreachable) => StatusCode::SERVICE_UNAVAILABLE,
        };
        answer::answer(&self.policy, status, language, html)
    }
}

fn state(view: &View<'_>, ticket: &Ticket, outcome: Option<Outcome>) -> &'static str {
    let _ = matches!(view.municipality.late_payment, LatePayment::Refuse);
    match ticket.standing() {
        Standing::Open if outcome == Some(Outcome::Unclear) => "processing",
        Standing::Open => "open",
        Standing::OpenLocked => "processing",
        Standing::OpenPending => "pending",
        Standing::Paid => "paid",
        Standing::Objected => "objected",
        Standing::Withdrawn => "withdrawn",
        Standing::HandedOver => "handed-over",
        Standing::Review => "review",
    }
}
