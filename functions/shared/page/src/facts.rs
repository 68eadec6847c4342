//! The parts of a page that show facts, already written in its language.

use ticket::{Captures, Disclosure, Language, OrderId, Ticket};

use crate::frame::checkout_address;
use crate::text::Texts;
use crate::{Notice, View};

/// The button: a plain form, carrying the amount the driver saw.
pub(crate) struct PayForm {
    pub(crate) action: String,
    pub(crate) amount: String,
    pub(crate) lang: &'static str,
    /// What PayPal has added to the address, where the browser came with it.
    pub(crate) order: Option<String>,
}

impl PayForm {
    /// `None` where pressing a button could lead to no payment.
    pub(crate) fn new(
        view: &View<'_>,
        segment: &str,
        ticket: &Ticket,
        order: Option<&OrderId>,
        notice: Option<Notice>,
    ) -> Option<Self> {
        let is_closed = view.captures == Captures::Closed;
        if is_closed || matches!(notice, Some(Notice::Closed | Notice::TooManyAttempts)) {
            return None;
        }
        Some(Self {
            action: checkout_address(view.route, segment),
            amount: ticket.rest().to_string(),
            lang: view.language.tag(),
            order: order.map(OrderId::to_string),
        })
    }
}

/// What a bank transfer needs.
pub(crate) struct Transfer<'a> {
    pub(crate) account_holder: &'a str,
    pub(crate) iban: String,
    pub(crate) bic: &'a str,
    pub(crate) amount: String,
    pub(crate) reference: &'a str,
}

impl<'a> Transfer<'a> {
    pub(crate) fn new(view: &View<'a>, ticket: &'a Ticket) -> Self {
        let city = view.municipality;
        Self {
            account_holder: &city.account_holder,
            // In groups of four.
            iban: city.iban.to_string(),
            bic: &city.bic,
            amount: Texts(view.language).cents(ticket.rest()),
            reference: ticket
                .booking_reference
                .as_ref()
                .map_or(ticket.case_number.as_str(), |reference| reference.as_str()),
        }
    }
}

/// Where cash is taken.
pub(crate) struct Cash<'a> {
    pub(crate) address: &'a str,
    pub(crate) hours: Option<Hours<'a>>,
}

/// Opening hours, in the page's language or in German.
pub(crate) struct Hours<'a> {
    pub(crate) lang: &'static str,
    pub(crate) text: &'a str,
}

impl<'a> Cash<'a> {
    pub(crate) fn new(view: &View<'a>) -> Self {
        let office = &view.municipality.cash_office;
        let hours = [view.language, Language::De]
            .into_iter()
            .find_map(|language| {
                let text = office.hours.get(&language)?;
                Some(Hours {
                    lang: language.tag(),
                    text,
                })
            });
        Self {
            address: &office.address,
            hours,
        }
    }
}

/// The case, as much of it as the bare QR code may show.
pub(crate) struct Case<'a> {
    pub(crate) number: &'a str,
    pub(crate) plate: String,
    pub(crate) deed: Option<Deed<'a>>,
    pub(crate) check_word: &'a str,
    pub(crate) says_german_is_legal: bool,
}

/// What is said to have happened.
pub(crate) struct Deed<'a> {
    pub(crate) number: &'a str,
    pub(crate) text: &'a str,
    pub(crate) place: &'a str,
    pub(crate) occurred_at: String,
}

impl<'a> Case<'a> {
    pub(crate) fn new(view: &View<'a>, ticket: &'a Ticket, check_word: &'a str) -> Self {
        let (plate, deed) = match view.municipality.disclosure {
            Disclosure::Full => {
                let deed = Deed {
                    number: ticket.offence.number.as_str(),
                    text: ticket.offence.text.as_str(),
                    place: ticket.place.as_str(),
                    occurred_at: Texts(view.language).time(ticket.occurred_at),
                };
                (ticket.plate.in_full().to_owned(), Some(deed))
            }
            // A slip under a wiper can be read by anyone.
            Disclosure::AfterPlate => (ticket.plate.masked(), None),
        };
        Self {
            number: ticket.case_number.as_str(),
            plate,
            says_german_is_legal: deed.is_some() && view.language != Language::De,
            deed,
            check_word,
        }
    }
}

/// No more of a case than its number and amount, and behind the QR code the
/// word that is printed beside it.
pub(crate) struct CaseLine<'a> {
    pub(crate) case_number: &'a str,
    pub(crate) amount: String,
    pub(crate) check_word: Option<&'a str>,
}

impl<'a> CaseLine<'a> {
    pub(crate) fn new(text: Texts, ticket: &'a Ticket, check_word: Option<&'a str>) -> Self {
        Self {
            case_number: ticket.case_number.as_str(),
            amount: text.cents(ticket.amount),
            check_word,
        }
    }
}
