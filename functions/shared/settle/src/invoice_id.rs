//! The invoice ids of a ticket's orders: the case number, and a second one for when
//! PayPal takes the first for paid.

use ticket::CaseNumber;

/// No case number can contain it.
const SECOND: &str = "_2";

/// Both invoice ids of a ticket, the first one first.
pub(crate) fn invoice_ids(case_number: &CaseNumber) -> [String; 2] {
    let first = case_number.to_string();
    let second = format!("{first}{SECOND}");
    [first, second]
}

/// The case number that an invoice id was made of.
pub(crate) fn case_number(invoice_id: &str) -> Option<CaseNumber> {
    let first = invoice_id.strip_suffix(SECOND).unwrap_or(invoice_id);
    first.parse().ok()
}
