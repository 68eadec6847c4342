//! The four templates and what each of them needs.

use askama::Template;
use ticket::Channel;

use crate::facts::{Case, CaseLine, Cash, PayForm, Transfer};
use crate::frame::Frame;
use crate::page_state::Payment;

/// Behind the QR code, waiting to be paid.
#[derive(Template)]
#[template(path = "payable.html")]
pub(crate) struct Payable<'a> {
    pub(crate) frame: Frame<'a>,
    pub(crate) notices: Vec<String>,
    pub(crate) late: Option<String>,
    pub(crate) due: Option<String>,
    pub(crate) amount: String,
    pub(crate) form: Option<PayForm>,
    pub(crate) case: Case<'a>,
    pub(crate) transfer: Transfer<'a>,
    pub(crate) cash: Cash<'a>,
}

/// Back from PayPal, still to be paid.
#[derive(Template)]
#[template(path = "retry.html")]
pub(crate) struct Retry<'a> {
    pub(crate) frame: Frame<'a>,
    pub(crate) notices: Vec<String>,
    pub(crate) words: &'static str,
    pub(crate) late: Option<String>,
    pub(crate) case_number: &'a str,
    pub(crate) fine: String,
    pub(crate) amount: String,
    pub(crate) form: Option<PayForm>,
    pub(crate) transfer: Option<Transfer<'a>>,
}

/// The certificate of warning, amount and payment, § 56(3) `OWiG`.
#[derive(Template)]
#[template(path = "paid.html")]
pub(crate) struct Receipt<'a> {
    pub(crate) frame: Frame<'a>,
    pub(crate) amount: String,
    pub(crate) paid_at: String,
    pub(crate) paid_with: &'static str,
    pub(crate) transaction: Option<&'a str>,
    pub(crate) case: Case<'a>,
}

impl<'a> Receipt<'a> {
    pub(crate) fn new(
        frame: Frame<'a>,
        amount: String,
        payment: Payment<'a>,
        case: Case<'a>,
    ) -> Self {
        let text = frame.text;
        Self {
            frame,
            amount,
            paid_at: text.time(payment.paid_at),
            paid_with: text.channel(payment.by),
            transaction: match payment.by {
                Channel::Paypal => Some(payment.settlement.as_str()),
                Channel::Cash | Channel::Transfer => None,
            },
            case,
        }
    }
}

/// Everything that asks for nothing and offers nothing.
#[derive(Template)]
#[template(path = "words.html")]
pub(crate) struct Words<'a> {
    pub(crate) frame: Frame<'a>,
    pub(crate) paragraphs: Vec<String>,
    pub(crate) look: Option<String>,
    pub(crate) case: Option<CaseLine<'a>>,
}
