//! What drivers were shown, in which order, and what must never follow what.

use std::collections::BTreeSet;
use std::sync::Mutex;

use binaries::{Answer, City, now};
use jiff::Timestamp;
use ticket::{CaseNumber, State};

/// Everything seen so far that must hold for ever.
pub(crate) struct History {
    seed: u64,
    /// Whose page has said "paid".
    paid: Mutex<BTreeSet<CaseNumber>>,
    violations: Mutex<Vec<String>>,
}

/// What was known when a page was asked for.
pub(crate) struct PageRequest {
    at: Timestamp,
    was_paid: bool,
}

impl History {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            paid: Mutex::default(),
            violations: Mutex::default(),
        }
    }

    /// Notes that an invariant does not hold.
    pub(crate) fn violated(&self, invariant: &str, what: &str, how: &str) {
        let line = format!("{invariant} {what}: {how} (KILLS_SEED={})", self.seed);
        self.violations.lock().unwrap().push(line);
    }

    /// All that did not hold.
    pub(crate) fn violations(&self) -> Vec<String> {
        self.violations.lock().unwrap().clone()
    }

    /// Whether a page of the ticket has said "paid".
    pub(crate) fn was_paid(&self, case_number: &CaseNumber) -> bool {
        self.paid.lock().unwrap().contains(case_number)
    }

    /// A page of the ticket is about to be asked for.
    pub(crate) fn asks(&self, case_number: &CaseNumber) -> PageRequest {
        PageRequest {
            at: now(),
            was_paid: self.was_paid(case_number),
        }
    }

    /// A page of the ticket has been shown.
    pub(crate) async fn shown(
        &self,
        city: &City,
        case_number: &CaseNumber,
        asked: &PageRequest,
        page: &Answer,
    ) {
        let violated = |invariant, how: &str| self.violated(invariant, case_number.as_str(), how);
        match page.state() {
            "paid" => {
                self.paid.lock().unwrap().insert(case_number.clone());
                let ticket = city.store.ticket(case_number).await.unwrap().unwrap();
                if !matches!(ticket.state, State::Paid { .. }) {
                    violated("L4", "a page says paid, the table does not");
                }
            }
            // The table was too slow for it: it says nothing about the money.
            "unavailable" if page.status() == 503 => {}
            state @ ("open" | "processing") => {
                if asked.was_paid {
                    violated("L4", &format!("a page said paid and a later one {state}"));
                }
                if state == "open" && is_captured(city, case_number, asked.at) {
                    violated("L4", "a page asks for money that PayPal has captured");
                }
            }
            other => violated(
                "L4",
                &format!("a page of the state {other:?}, {}", page.status()),
            ),
        }
    }
}

/// Whether PayPal had captured money for the ticket by then.
fn is_captured(city: &City, case_number: &CaseNumber, by: Timestamp) -> bool {
    let books = city.standin.books();
    let mut captures = books.captures.iter();
    captures.any(|capture| {
        capture.created_at < by
            && capture.status.moves_money()
            && capture.invoice_id.as_deref().map(of_invoice) == Some(case_number.as_str())
    })
}

/// The case number in an invoice id.
pub(crate) fn of_invoice(invoice_id: &str) -> &str {
    invoice_id.strip_suffix("_2").unwrap_or(invoice_id)
}
