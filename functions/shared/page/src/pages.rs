//! Which page answers which question.

use http::{Response, StatusCode};
use ticket::{Captures, Cents, Language, Municipality, OrderId, Ticket};

use crate::answer::answer;
use crate::facts::{Case, CaseLine, Cash, PayForm, Transfer};
use crate::frame::{Frame, RELOAD_AFTER_S, RELOAD_AWAITED_AFTER_S, address_in, own_address};
use crate::page_state::{PageState, attempt_name};
use crate::sentences::{notice_words, outcome_words, state_words};
use crate::templates::{Payable, Receipt, Retry, Words};
use crate::text::Texts;
use crate::{Attempt, Notice, Policy, Route, Scan, View};

/// The pages under one policy. Built once per process.
#[derive(Clone, Debug)]
pub struct Pages {
    policy: Policy,
}

impl Pages {
    /// The pages under this policy.
    #[must_use]
    pub const fn new(policy: Policy) -> Self {
        Self { policy }
    }

    /// The page behind the QR code, in whatever state the ticket is. 200, or
    /// the status of a notice that is shown.
    #[must_use]
    pub fn ticket(
        &self,
        view: &View<'_>,
        scan: &Scan<'_>,
        notice: Option<Notice>,
    ) -> Response<String> {
        let text = Texts(view.language);
        let ticket = scan.ticket;
        let shown = PageState::of(ticket, view.municipality, None, view.now);
        let frame = Frame::addressed(view, scan.token, None, shown.name());
        let case = Case::new(view, ticket, scan.check_word);
        match shown {
            PageState::Payable { is_late } => {
                let due = text.day(ticket.due_on.day());
                let page = Payable {
                    frame: frame.titled(text.payable_title(&text.cents(ticket.rest()))),
                    notices: notices(view, notice, ticket),
                    late: is_late.then(|| text.payable_late(&due)),
                    due: (!is_late).then(|| text.payable_due(&due)),
                    amount: text.cents(ticket.rest()),
                    form: PayForm::new(view, scan.token, ticket, None, notice),
                    case,
                    transfer: Transfer::new(view, ticket),
                    cash: Cash::new(view),
                };
                answer(&self.policy, notice_status(notice), &page.frame, &page)
            }
            PageState::Paid(payment) => {
                let frame = frame.titled(text.paid_title());
                let page = Receipt::new(frame, text.cents(ticket.amount), payment, case);
                answer(&self.policy, StatusCode::OK, &page.frame, &page)
            }
            PageState::TooLate
            | PageState::Processing
            | PageState::Awaited { .. }
            | PageState::Pending
            | PageState::Objected
            | PageState::Withdrawn
            | PageState::HandedOver
            | PageState::Review => {
                let page = words(
                    frame,
                    view,
                    scan.token,
                    None,
                    &shown,
                    ticket,
                    Some(scan.check_word),
                );
                answer(&self.policy, StatusCode::OK, &page.frame, &page)
            }
        }
    }

    /// The page a driver comes back to from PayPal: case number, amount and
    /// state, and no more than that. 200, or the status of a notice that is
    /// shown.
    #[must_use]
    pub fn result(
        &self,
        view: &View<'_>,
        attempt: &Attempt<'_>,
        notice: Option<Notice>,
    ) -> Response<String> {
        let text = Texts(view.language);
        let ticket = attempt.ticket;
        let shown = PageState::of(ticket, view.municipality, attempt.outcome, view.now);
        let id = attempt.id.as_str();
        let frame = Frame::addressed(view, id, attempt.order, shown.name())
            .with_attempt(attempt.outcome.and_then(attempt_name));
        match shown {
            PageState::Payable { is_late } => {
                let (title, words) = outcome_words(text, attempt.outcome);
                let due = text.day(ticket.due_on.day());
                let form = PayForm::new(view, id, ticket, attempt.order, notice);
                let is_online = form.is_some() && notice != Some(Notice::PayPalUnreachable);
                let page = Retry {
                    frame: frame.titled(title),
                    notices: notices(view, notice, ticket),
                    words,
                    late: is_late.then(|| text.payable_late(&due)),
                    case_number: ticket.case_number.as_str(),
                    fine: text.cents(ticket.amount),
                    amount: text.cents(ticket.rest()),
                    form,
                    transfer: (!is_online).then(|| Transfer::new(view, ticket)),
                };
                answer(&self.policy, notice_status(notice), &page.frame, &page)
            }
            PageState::Paid(_)
            | PageState::TooLate
            | PageState::Processing
            | PageState::Awaited { .. }
            | PageState::Pending
            | PageState::Objected
            | PageState::Withdrawn
            | PageState::HandedOver
            | PageState::Review => {
                let mut page = words(frame, view, id, attempt.order, &shown, ticket, None);
                let is_anothers = attempt.settlement.is_some_and(|settlement| {
                    let captured = settlement.source.captured();
                    captured.is_none_or(|captured| captured.attempt != *attempt.id)
                });
                if matches!(shown, PageState::Paid(_)) && is_anothers {
                    page.paragraphs.insert(0, text.paid_already().to_owned());
                }
                answer(&self.policy, StatusCode::OK, &page.frame, &page)
            }
        }
    }

    /// The token is right, but there is no such ticket: not here yet, or
    /// deleted. 404.
    #[must_use]
    pub fn unknown(&self, view: &View<'_>) -> Response<String> {
        let frame = Frame::anonymous(
            Some(view.municipality),
            view.language,
            view.route,
            "unknown",
        );
        let text = frame.text;
        let paragraphs = [text.unknown(), text.unknown_then()];
        self.without_case(
            StatusCode::NOT_FOUND,
            frame.titled(text.unknown_title()),
            paragraphs,
        )
    }

    /// The token is not ours: 404, the same bytes for whatever is wrong with
    /// it, so that nobody learns by trying.
    #[must_use]
    pub fn invalid(&self, language: Language) -> Response<String> {
        let frame = Frame::anonymous(None, language, Route::Page, "invalid");
        let text = frame.text;
        let paragraphs = [text.invalid(), text.invalid_then()];
        self.without_case(
            StatusCode::NOT_FOUND,
            frame.titled(text.invalid_title()),
            paragraphs,
        )
    }

    /// The table cannot be read: 503 with `Retry-After`. Without the city where
    /// its configuration is what could not be read.
    #[must_use]
    pub fn unavailable(
        &self,
        municipality: Option<&Municipality>,
        language: Language,
        route: Route,
    ) -> Response<String> {
        let frame = Frame::anonymous(municipality, language, route, "unavailable");
        let text = frame.text;
        let paragraphs = [text.unavailable(), text.unavailable_then()];
        self.without_case(
            StatusCode::SERVICE_UNAVAILABLE,
            frame.titled(text.unavailable_title()),
            paragraphs,
        )
    }

    fn without_case(
        &self,
        status: StatusCode,
        frame: Frame<'_>,
        paragraphs: [&'static str; 2],
    ) -> Response<String> {
        let page = Words {
            frame,
            paragraphs: paragraphs.map(str::to_owned).to_vec(),
            look: None,
            case: None,
        };
        answer(&self.policy, status, &page.frame, &page)
    }
}

const fn notice_status(notice: Option<Notice>) -> StatusCode {
    match notice {
        None | Some(Notice::NotCaptured) => StatusCode::OK,
        Some(Notice::AmountChanged) => StatusCode::CONFLICT,
        Some(Notice::TooManyAttempts) => StatusCode::TOO_MANY_REQUESTS,
        Some(Notice::PayPalUnreachable | Notice::Closed) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// What is to be said first on a page that can be paid.
fn notices(view: &View<'_>, notice: Option<Notice>, ticket: &Ticket) -> Vec<String> {
    let is_closed = view.captures == Captures::Closed;
    let closed = Some(Notice::Closed).filter(|_| is_closed && notice != Some(Notice::Closed));
    let text = Texts(view.language);
    let letter = ticket
        .letter_until(view.now)
        .map(|until| {
            view.municipality
                .late_payment
                .counts_until(ticket.due_on, until)
        })
        .map(|until| text.letter_on_its_way(&text.time(until)));
    let part = (ticket.paid_in_parts() > Cents::new(0)).then(|| {
        let sums = [ticket.amount, ticket.paid_in_parts(), ticket.rest()];
        let [fine, paid, rest] = sums.map(|sum| text.cents(sum));
        text.part_paid(&fine, &paid, &rest)
    });
    [notice, closed]
        .into_iter()
        .flatten()
        .map(|notice| notice_words(text, notice, ticket))
        .chain(part)
        .chain(letter)
        .collect()
}

/// The page of a state in which nothing is offered.
fn words<'a>(
    frame: Frame<'a>,
    view: &View<'_>,
    segment: &str,
    order: Option<&OrderId>,
    shown: &PageState<'_>,
    ticket: &'a Ticket,
    check_word: Option<&'a str>,
) -> Words<'a> {
    let text = frame.text;
    let (title, first, second) = state_words(text, shown, ticket, view.captures);
    let own_address = own_address(view.route, segment);
    let address = if own_address.is_empty() {
        own_address
    } else {
        address_in(view.language, &own_address, order)
    };
    let reload_after_s = match shown {
        PageState::Processing => Some(RELOAD_AFTER_S),
        PageState::Awaited { .. } => Some(RELOAD_AWAITED_AFTER_S),
        PageState::Payable { .. }
        | PageState::TooLate
        | PageState::Pending
        | PageState::Paid(_)
        | PageState::Objected
        | PageState::Withdrawn
        | PageState::HandedOver
        | PageState::Review => None,
    };
    let frame = frame.titled(title);
    Words {
        frame: match reload_after_s {
            Some(after_s) => frame.reloading(after_s, &address),
            None => frame,
        },
        paragraphs: vec![first, second.to_owned()],
        look: reload_after_s.map(|_| address),
        case: Some(CaseLine::new(text, ticket, check_word)),
    }
}
