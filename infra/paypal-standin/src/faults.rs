//! Misbehaviour on demand.

use serde::{Deserialize, Serialize};

use crate::calls::On;
use crate::issues::Issue;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "issue")]
pub enum FaultKind {
    /// Capture: 422 `INSTRUMENT_DECLINED`; the order stays approved.
    Decline,
    /// Capture: 422 `PAYER_ACTION_REQUIRED`; the payer must approve again.
    PayerActionRequired,
    /// Capture: 201 with a capture `PENDING`, reason `PENDING_REVIEW`.
    Pending,
    /// Capture: 201 with a capture `DECLINED`.
    #[serde(rename = "declined_in_201")]
    DeclinedIn201,
    /// 429 before anything happens; `seconds` becomes Retry-After.
    RateLimit,
    /// 401 as for a token that was taken back.
    Unauthorized,
    /// 500 before anything happens.
    ServerError,
    /// 500 after it has happened.
    ServerErrorAfterEffect,
    /// No answer, and nothing happens.
    NoAnswer,
    /// No answer after it has happened.
    NoAnswerAfterEffect,
    /// It happens; the answer comes `seconds` later.
    Slow,
    /// 200 with a page of HTML, and nothing happens.
    Html,
    /// 200 with a page of HTML after it has happened.
    HtmlAfterEffect,
    /// It happens; the answer's JSON ends in the middle.
    CutJson,
    /// It happens; the answer has the right status and no body.
    EmptyAfterEffect,
    /// One cent less than asked for: captured so, or shown so by a GET.
    WrongAmount,
    /// US dollars: captured so, or shown so by a GET.
    WrongCurrency,
    /// Another merchant: captured so, or shown so by a GET.
    WrongPayee,
    /// A status that nobody has heard of, in the answer only.
    UnknownStatus,
    /// The answer leaves out the payments of an order.
    OmitsPayments,
    /// The answer leaves out whose money it is.
    OmitsPayee,
    /// The answer leaves out the caller's own id.
    OmitsCustomId,
    /// The payer's link leads to another host.
    ForeignApproveHost,
    /// The payer's link is missing.
    MissingLink,
    /// 404 `INVALID_RESOURCE_ID`.
    NotFound,
    /// Refused with this issue, and nothing happens: asked again, it may go.
    Refused(Issue),
    /// Refused with this issue after it has happened: money may have moved.
    RefusedAfterEffect(Issue),
}

/// A fault, set for the next `times` calls of that kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Which call.
    pub on: On,
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// How many calls it hits.
    pub times: u32,
    /// Seconds, for [`FaultKind::Slow`] and [`FaultKind::RateLimit`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
}

impl Fault {
    /// The fault, for one call.
    #[must_use]
    pub fn once(on: On, kind: FaultKind) -> Self {
        Self {
            on,
            kind,
            times: 1,
            seconds: None,
        }
    }
}

/// When a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strikes {
    /// In place of the call: nothing happens.
    Before,
    /// In the call: something else happens.
    Inside,
    /// In the answer: it says something else than the books.
    Answer,
    /// In place of the answer: it has happened.
    After,
}

impl FaultKind {
    /// Its name, as a fault is set with.
    fn name(self) -> String {
        let written = serde_json::to_value(self).unwrap_or_default();
        written["kind"].as_str().unwrap_or_default().to_owned()
    }

    /// When the kind strikes on this call; `None` where it makes no sense.
    pub(crate) fn strikes(self, on: On) -> Option<Strikes> {
        let shows_money = matches!(
            on,
            On::Create | On::GetOrder | On::GetCapture | On::GetRefund
        );
        let has_status = shows_money || matches!(on, On::Capture | On::Refund | On::GetDispute);
        let leads_payer = matches!(on, On::Create | On::GetOrder | On::Capture);
        let shows_order = leads_payer;
        let acts = matches!(on, On::Create | On::Capture | On::Refund);
        let shows = shows_money || matches!(on, On::GetDispute | On::Transactions);
        match self {
            Self::RateLimit | Self::ServerError | Self::NoAnswer | Self::Html | Self::NotFound => {
                Some(Strikes::Before)
            }
            Self::Unauthorized => match on {
                On::Token | On::Certificate => None,
                On::Any
                | On::Create
                | On::GetOrder
                | On::Capture
                | On::GetCapture
                | On::Refund
                | On::GetRefund
                | On::GetDispute
                | On::Transactions => Some(Strikes::Before),
            },
            Self::ServerErrorAfterEffect
            | Self::NoAnswerAfterEffect
            | Self::Slow
            | Self::HtmlAfterEffect
            | Self::EmptyAfterEffect
            | Self::CutJson => Some(Strikes::After),
            Self::OmitsPayments => shows_order.then_some(Strikes::Answer),
            Self::OmitsPayee | Self::OmitsCustomId => {
                (shows_order || on == On::GetCapture).then_some(Strikes::Answer)
            }
            Self::Refused(_) => (acts || shows).then_some(Strikes::Before),
            Self::RefusedAfterEffect(_) => acts.then_some(Strikes::After),
            Self::Decline | Self::PayerActionRequired | Self::Pending | Self::DeclinedIn201 => {
                (on == On::Capture).then_some(Strikes::Inside)
            }
            Self::WrongAmount | Self::WrongCurrency | Self::WrongPayee if on == On::Capture => {
                Some(Strikes::Inside)
            }
            Self::WrongAmount | Self::WrongCurrency | Self::WrongPayee => {
                shows_money.then_some(Strikes::Answer)
            }
            Self::UnknownStatus => has_status.then_some(Strikes::Answer),
            Self::ForeignApproveHost | Self::MissingLink => leads_payer.then_some(Strikes::Answer),
        }
    }

    /// Whether it makes a capture be refused.
    pub(crate) fn refuses_capture(self) -> bool {
        matches!(self, Self::Decline | Self::PayerActionRequired)
    }

    /// Whether it makes another capture than was asked for.
    pub(crate) fn alters_capture(self) -> bool {
        self.strikes(On::Capture) == Some(Strikes::Inside) && !self.refuses_capture()
    }
}

impl Fault {
    /// The fault, if it fits its call and keeps to the limits.
    pub(crate) fn checked(self) -> Result<Self, InvalidFault> {
        if self.kind.strikes(self.on).is_none() {
            return Err(InvalidFault(format!(
                "{} cannot strike on {}: decline, payer_action_required, pending and \
                 declined_in_201 go with \"on\": \"capture\"; wrong_amount, wrong_currency and \
                 wrong_payee with capture, create, get_order, get_capture and get_refund; \
                 unknown_status with those, refund and get_dispute; foreign_approve_host and \
                 missing_link with create, get_order and capture; omits_payments with these, \
                 omits_payee and omits_custom_id with get_capture too; refused_after_effect with \
                 create, capture and refund, refused with these and whatever is read; \
                 unauthorized with calls that carry a token",
                self.kind.name(),
                self.on.name(),
            )));
        }
        if !(1..=TIMES_MAX).contains(&self.times) {
            return Err(InvalidFault(format!(
                "times must be 1 to {TIMES_MAX}, it is {}",
                self.times
            )));
        }
        match (self.kind, self.seconds) {
            (FaultKind::Slow, None) => Err(InvalidFault(
                "slow needs \"seconds\": how long the answer takes".to_owned(),
            )),
            (_, Some(seconds)) if seconds > SECONDS_MAX => Err(InvalidFault(format!(
                "seconds must be 0 to {SECONDS_MAX}, it is {seconds}"
            ))),
            (_, _) => Ok(self),
        }
    }
}

/// The most calls one fault may hit.
const TIMES_MAX: u32 = 1_000_000;
/// The longest an answer may take, or be asked to be waited for.
const SECONDS_MAX: u32 = 600;

/// How events travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookMode {
    /// At once, once, in order.
    #[default]
    Normal,
    /// [`LATE_S`](crate::LATE_S) seconds after they happened.
    Late,
    /// Each one twice.
    Twice,
    /// The newest first.
    OutOfOrder,
    /// Not at all.
    Off,
}

/// The fault does not fit the call, or a figure is out of its limits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidFault(pub(crate) String);
