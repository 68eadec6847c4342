//! What may become of a call: it goes through, or one of the faults F1 to F11
//! strikes it; of F13 the secret that was changed while tokens of the old one are
//! about, which is a 401. What is configured wrongly otherwise does not start. F12,
//! a restore, is a story of its own: `scenario/restoring.rs`; F14, newer code beside this, is in the table: `engine.rs`.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;
use std::time::Duration;

use http::{Method, Request};
use paypal_standin::{FaultKind, Issue, On};

use crate::net::{Call, TableCall};

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Fate {
    /// It has its effect and is answered.
    Goes,
    /// F1: the process dies before it is sent.
    CrashBefore,
    /// F2: it has its effect, and the process dies.
    CrashAfter,
    /// F2: it has its effect, and this answer is lost.
    Lost,
    /// F2: it has its effect, and every answer to the same call is lost.
    LostForGood,
    /// F3: no effect, an error.
    Error,
    /// F3: no effect, an error each time it is tried.
    Down,
    /// F3: too many requests.
    Throttled,
    /// F3: nobody answers, nothing happens.
    NoAnswer,
    /// F4: it has its effect this many seconds later; the caller hears nothing.
    Late(u8),
    /// F5: it arrives twice.
    Twice,
    /// F6: an eventually consistent read shows what was a minute ago.
    Stale,
    /// F7: it has its effect, and is answered that a condition failed.
    FalselyRefused,
    /// F8: it met another transaction, once.
    Conflict,
    /// F8: it meets another transaction whenever it is tried.
    Conflicts,
    /// F9: it is done, and the process stands still for this many seconds.
    Frozen(u8),
    /// F11 and what PayPal may rightly say: the stand-in misbehaves so.
    Standin(StandinFault),
    /// Refused with this name, and nothing happens.
    Refused(Issue),
    /// Refused with this name, and it has happened: money may have moved.
    RefusedAfterEffect(Issue),
}

/// How a fault leaves its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Consequence {
    /// It has died.
    Dead,
    /// It hears of it too late.
    Late,
    /// It has happened, and nobody says so.
    InTheDark,
    /// Nothing has happened.
    WithNothing,
    /// It is told something else than what is so.
    Misled,
    /// It is refused, rightly.
    Refused,
    /// It is refused, and it has happened.
    FalselyRefused,
    /// It has happened twice.
    Twice,
}

/// A misbehaviour of the stand-in's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum StandinFault {
    ErrorAfterEffect,
    Html,
    HtmlAfterEffect,
    CutJson,
    EmptyAfterEffect,
    NotFound,
    OmitsPayments,
    OmitsPayee,
    OmitsCustomId,
    WrongAmount,
    WrongCurrency,
    WrongPayee,
    UnknownStatus,
    ForeignApproveHost,
    MissingLink,
    Unauthorized,
    Decline,
    PayerActionRequired,
    Pending,
    DeclinedIn201,
}

impl StandinFault {
    const ALL: [Self; 20] = [
        Self::ErrorAfterEffect,
        Self::Html,
        Self::HtmlAfterEffect,
        Self::CutJson,
        Self::EmptyAfterEffect,
        Self::NotFound,
        Self::OmitsPayments,
        Self::OmitsPayee,
        Self::OmitsCustomId,
        Self::WrongAmount,
        Self::WrongCurrency,
        Self::WrongPayee,
        Self::UnknownStatus,
        Self::ForeignApproveHost,
        Self::MissingLink,
        Self::Unauthorized,
        Self::Decline,
        Self::PayerActionRequired,
        Self::Pending,
        Self::DeclinedIn201,
    ];

    pub(crate) const fn kind(self) -> FaultKind {
        match self {
            Self::ErrorAfterEffect => FaultKind::ServerErrorAfterEffect,
            Self::Html => FaultKind::Html,
            Self::HtmlAfterEffect => FaultKind::HtmlAfterEffect,
            Self::CutJson => FaultKind::CutJson,
            Self::EmptyAfterEffect => FaultKind::EmptyAfterEffect,
            Self::NotFound => FaultKind::NotFound,
            Self::OmitsPayments => FaultKind::OmitsPayments,
            Self::OmitsPayee => FaultKind::OmitsPayee,
            Self::OmitsCustomId => FaultKind::OmitsCustomId,
            Self::WrongAmount => FaultKind::WrongAmount,
            Self::WrongCurrency => FaultKind::WrongCurrency,
            Self::WrongPayee => FaultKind::WrongPayee,
            Self::UnknownStatus => FaultKind::UnknownStatus,
            Self::ForeignApproveHost => FaultKind::ForeignApproveHost,
            Self::MissingLink => FaultKind::MissingLink,
            Self::Unauthorized => FaultKind::Unauthorized,
            Self::Decline => FaultKind::Decline,
            Self::PayerActionRequired => FaultKind::PayerActionRequired,
            Self::Pending => FaultKind::Pending,
            Self::DeclinedIn201 => FaultKind::DeclinedIn201,
        }
    }

    /// Whether the money or its facts are others than we asked for.
    pub(crate) const fn changes_facts(self) -> bool {
        matches!(
            self,
            Self::WrongAmount | Self::WrongCurrency | Self::WrongPayee
        )
    }

    fn fits(self, on: On) -> bool {
        let is_capture = on == On::Capture;
        let shows_money = matches!(on, On::GetOrder | On::Capture);
        match self {
            Self::ErrorAfterEffect
            | Self::Html
            | Self::HtmlAfterEffect
            | Self::CutJson
            | Self::EmptyAfterEffect => true,
            Self::NotFound => on != On::Token && on != On::Create,
            Self::OmitsPayee | Self::OmitsCustomId => shows_money || on == On::GetCapture,
            Self::OmitsPayments | Self::WrongAmount | Self::WrongCurrency | Self::WrongPayee => {
                shows_money
            }
            Self::UnknownStatus => {
                matches!(on, On::GetOrder | On::Capture | On::GetRefund | On::Create)
            }
            Self::ForeignApproveHost | Self::MissingLink => on == On::Create,
            Self::Unauthorized => !matches!(on, On::Token | On::Certificate),
            Self::Decline | Self::PayerActionRequired | Self::Pending | Self::DeclinedIn201 => {
                is_capture
            }
        }
    }
}

/// Longer than the SDK waits for one try.
const LATE_TABLE_S: u8 = 2;
/// Within and beyond what a function waits for PayPal.
const LATE_PAYPAL_S: [u8; 2] = [4, 40];
/// Within and beyond the time-out of a function.
const FROZEN_S: [u8; 2] = [9, 25];

impl Fate {
    /// Every fault that may strike a call.
    pub(crate) fn faults(call: &Call) -> Vec<Self> {
        match call {
            Call::Turn(_) => Vec::new(),
            Call::Table(call) => Self::of_table(call),
            Call::PayPal(request) => Self::of_paypal(request),
        }
    }

    fn of_table(call: &TableCall) -> Vec<Self> {
        let mut fates = vec![Self::CrashBefore, Self::Error, Self::Down];
        fates.extend(FROZEN_S.map(Self::Frozen));
        let is_read = matches!(call.operation.as_str(), "GetItem" | "Query");
        if is_read {
            if !call.body.contains("\"ConsistentRead\":true") {
                fates.push(Self::Stale);
            }
        } else {
            fates.extend([
                Self::CrashAfter,
                Self::Lost,
                Self::LostForGood,
                Self::Throttled,
                Self::Late(LATE_TABLE_S),
                Self::Twice,
            ]);
        }
        if call.operation == "TransactWriteItems" {
            fates.extend([Self::FalselyRefused, Self::Conflict, Self::Conflicts]);
        }
        fates
    }

    fn of_paypal(request: &Request<bytes::Bytes>) -> Vec<Self> {
        let Some(on) = paypal_call(request) else {
            return Vec::new();
        };
        let mut fates = vec![
            Self::CrashBefore,
            Self::CrashAfter,
            Self::Lost,
            Self::Error,
            Self::Throttled,
            Self::NoAnswer,
            Self::Twice,
        ];
        fates.extend(FROZEN_S.map(Self::Frozen));
        if matches!(on, On::Create | On::Capture | On::Refund) {
            fates.extend(LATE_PAYPAL_S.map(Self::Late));
        }
        fates.extend(
            StandinFault::ALL
                .into_iter()
                .filter(|odd| odd.fits(on))
                .map(Self::Standin),
        );
        fates.extend(refusals(on).iter().copied().map(Self::Refused));
        fates.extend(refusals(on).iter().copied().map(Self::RefusedAfterEffect));
        fates
    }

    /// The fate without a refusal's name: one kind of fault, however many names
    /// there are for it.
    pub(crate) fn kind(self) -> Self {
        match self {
            Self::Refused(_) => Self::Refused(Issue::UNHEARD_OF),
            Self::RefusedAfterEffect(_) => Self::RefusedAfterEffect(Issue::UNHEARD_OF),
            other => other,
        }
    }

    /// Whether it says for certain that no money has moved, and it has. Beside reads
    /// that lag nobody could tell, and a refusal that may be believed never is.
    pub(crate) fn lies(self) -> bool {
        const DOUBTFUL: [&str; 6] = [
            "ORDER_ALREADY_CAPTURED",
            "ORDER_COMPLETION_IN_PROGRESS",
            "ORDER_NOT_APPROVED",
            "DUPLICATE_INVOICE_ID",
            "DUPLICATE_TRANSACTION",
            "DUPLICATE_REQUEST_ID",
        ];
        match self {
            Self::RefusedAfterEffect(issue) => {
                let says_nothing = [Issue::UNHEARD_OF, Issue::NO_DETAILS].contains(&issue);
                !says_nothing && !DOUBTFUL.contains(&issue.name())
            }
            _ => false,
        }
    }

    /// What it leaves the caller with: of a pair of faults each way to be left so
    /// meets each other way.
    pub(crate) fn leaves(self) -> Consequence {
        match self {
            Self::Goes | Self::Twice => Consequence::Twice,
            Self::CrashBefore | Self::CrashAfter => Consequence::Dead,
            Self::Late(_) | Self::Frozen(_) => Consequence::Late,
            Self::Lost | Self::LostForGood | Self::FalselyRefused => Consequence::InTheDark,
            Self::Error
            | Self::Down
            | Self::Throttled
            | Self::NoAnswer
            | Self::Conflict
            | Self::Conflicts => Consequence::WithNothing,
            Self::Stale => Consequence::Misled,
            Self::Refused(_) => Consequence::Refused,
            Self::RefusedAfterEffect(_) => Consequence::FalselyRefused,
            Self::Standin(odd) => match odd {
                StandinFault::ErrorAfterEffect
                | StandinFault::HtmlAfterEffect
                | StandinFault::CutJson
                | StandinFault::EmptyAfterEffect => Consequence::InTheDark,
                StandinFault::Html | StandinFault::NotFound | StandinFault::Unauthorized => {
                    Consequence::WithNothing
                }
                StandinFault::OmitsPayments
                | StandinFault::OmitsPayee
                | StandinFault::OmitsCustomId
                | StandinFault::WrongAmount
                | StandinFault::WrongCurrency
                | StandinFault::WrongPayee
                | StandinFault::UnknownStatus
                | StandinFault::ForeignApproveHost
                | StandinFault::MissingLink => Consequence::Misled,
                StandinFault::Decline
                | StandinFault::PayerActionRequired
                | StandinFault::Pending
                | StandinFault::DeclinedIn201 => Consequence::Refused,
            },
        }
    }

    /// Whether it is one of a refusal's many names.
    pub(crate) fn is_named(self) -> bool {
        matches!(self, Self::Refused(_) | Self::RefusedAfterEffect(_))
    }

    /// How much later it has its effect.
    pub(crate) fn delay(self) -> Option<Duration> {
        match self {
            Self::Late(seconds) => Some(Duration::from_secs(seconds.into())),
            _ => None,
        }
    }
}

/// Every name under which a call of ours may be refused; made once, since each call
/// of each run is asked for them.
fn refusals(on: On) -> &'static [Issue] {
    static CREATE: OnceLock<Vec<Issue>> = OnceLock::new();
    static CAPTURE: OnceLock<Vec<Issue>> = OnceLock::new();
    static REFUND: OnceLock<Vec<Issue>> = OnceLock::new();
    match on {
        On::Create => CREATE.get_or_init(|| Issue::of(On::Create)),
        On::Capture => CAPTURE.get_or_init(|| Issue::of(On::Capture)),
        On::Refund => REFUND.get_or_init(|| Issue::of(On::Refund)),
        _ => &[],
    }
}

/// Which of PayPal's calls a request is.
pub(crate) fn paypal_call(request: &Request<bytes::Bytes>) -> Option<On> {
    let path: Vec<&str> = request.uri().path().split('/').skip(1).collect();
    let post = request.method() == Method::POST;
    Some(match path.as_slice() {
        ["v1", "oauth2", "token"] => On::Token,
        ["v2", "checkout", "orders"] if post => On::Create,
        ["v2", "checkout", "orders", _] => On::GetOrder,
        ["v2", "checkout", "orders", _, "capture"] => On::Capture,
        ["v2", "payments", "captures", _] => On::GetCapture,
        ["v2", "payments", "captures", _, "refund"] => On::Refund,
        ["v2", "payments", "refunds", _] => On::GetRefund,
        ["v1", "customer", "disputes", _] => On::GetDispute,
        ["v1", "notifications", "certs", _] => On::Certificate,
        ["v1", "reporting", "transactions"] => On::Transactions,
        _ => return None,
    })
}

const REFUSED: &str = "Refused-";
const REFUSED_AFTER_EFFECT: &str = "RefusedAfterEffect-";
/// How plans said it when one name was the only one.
const UNKNOWN_ISSUE: &str = "UnknownIssue";

/// The name of a fate as plans write it.
impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Late(seconds) => write!(f, "Late{seconds}"),
            Self::Frozen(seconds) => write!(f, "Frozen{seconds}"),
            Self::Standin(odd) => write!(f, "{odd:?}"),
            Self::Refused(issue) => write!(f, "{REFUSED}{issue}"),
            Self::RefusedAfterEffect(issue) => write!(f, "{REFUSED_AFTER_EFFECT}{issue}"),
            simple => write!(f, "{simple:?}"),
        }
    }
}

impl FromStr for Fate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let simple = [
            Self::Goes,
            Self::CrashBefore,
            Self::CrashAfter,
            Self::Lost,
            Self::LostForGood,
            Self::Error,
            Self::Down,
            Self::Throttled,
            Self::NoAnswer,
            Self::Twice,
            Self::Stale,
            Self::FalselyRefused,
            Self::Conflict,
            Self::Conflicts,
        ];
        let seconds = |name: &str| text.strip_prefix(name).and_then(|rest| rest.parse().ok());
        if let Some(seconds) = seconds("Late") {
            return Ok(Self::Late(seconds));
        }
        if let Some(seconds) = seconds("Frozen") {
            return Ok(Self::Frozen(seconds));
        }
        let issue = |name: &str| text.strip_prefix(name).and_then(Issue::named);
        if let Some(issue) = issue(REFUSED) {
            return Ok(Self::Refused(issue));
        }
        if let Some(issue) = issue(REFUSED_AFTER_EFFECT) {
            return Ok(Self::RefusedAfterEffect(issue));
        }
        if text == UNKNOWN_ISSUE {
            return Ok(Self::RefusedAfterEffect(Issue::UNHEARD_OF));
        }
        simple
            .into_iter()
            .chain(StandinFault::ALL.map(Self::Standin))
            .find(|fate| fate.to_string() == text)
            .ok_or_else(|| format!("{text} is no fault"))
    }
}
