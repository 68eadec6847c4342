//! The order a payer is asked to approve.

use ticket::{AttemptId, CaseNumber, Cents};

/// What `PayPal` gets to know of us; nothing about car, place or offence.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// Goes back and forth as `custom_id`.
    pub attempt: AttemptId,
    /// What the payer reads in the payment's description.
    pub case_number: CaseNumber,
    /// Unique per paid payment in our account; the case number, or that with a suffix.
    pub invoice_id: String,
    /// What the payer is asked for.
    pub amount: Cents,
    /// The city's name on `PayPal`'s page.
    pub brand_name: String,
    /// `de-DE`, `en-US`: the language of `PayPal`'s page.
    pub locale: String,
    /// Where `PayPal` sends the payer after approving.
    pub return_url: String,
    /// Where `PayPal` sends the payer after cancelling.
    pub cancel_url: String,
}
