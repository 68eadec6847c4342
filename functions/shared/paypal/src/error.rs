//! What may go wrong in a call: each variant says what the caller may do now.

use jiff::Timestamp;

use crate::TransportError;

/// A call that did not give what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing came back in time, or nothing could be sent: what was asked for
    /// may have happened. Ask again later, with the same request id.
    #[error("{call}: no answer")]
    NoAnswer {
        /// The call, as this crate names it.
        call: &'static str,
        /// What the transport saw.
        source: TransportError,
    },
    /// An answer that does not say whether it happened: 5xx, 408, 409, 429, a
    /// 2xx that cannot be read or is about something else, a web page. Ask
    /// again later, with the same request id.
    #[error("{call}: unclear answer, status {status}")]
    Unclear {
        /// The call, as this crate names it.
        call: &'static str,
        /// The HTTP status.
        status: u16,
        /// PayPal's handle for its support.
        debug_id: Option<String>,
    },
    /// The access token is not taken (any more): fetch a new one once, repeat
    /// with the same request id.
    #[error("{call}: the access token is not taken")]
    Unauthorized {
        /// The call, as this crate names it.
        call: &'static str,
        /// PayPal's handle for its support.
        debug_id: Option<String>,
    },
    /// PayPal knows no such thing: an order that has expired, or one of
    /// another account.
    #[error("{call}: not found")]
    NotFound {
        /// The call, as this crate names it.
        call: &'static str,
        /// PayPal's handle for its support.
        debug_id: Option<String>,
    },
    /// A no. Of most issues it is definite; of the others [`Issue`] says that it
    /// may have happened all the same, and that the order must be read.
    #[error("{call}: refused with {status}, {issue:?}")]
    Refused {
        /// The call, as this crate names it.
        call: &'static str,
        /// The HTTP status.
        status: u16,
        /// The reason that PayPal gives.
        issue: Issue,
        /// When it was refused, by PayPal's clock, where it said so.
        at: Option<Timestamp>,
        /// PayPal's handle for its support.
        debug_id: Option<String>,
        /// Where the payer can mend it, when the payer can; checked to be
        /// PayPal's own.
        approve_url: Option<String>,
    },
}

/// Why PayPal refused. Only `details[].issue` decides; texts may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issue {
    /// Bank or card said no: the payer may choose another at PayPal; the next
    /// capture needs a new request id.
    InstrumentDeclined,
    /// The payer has to go to PayPal once more.
    PayerActionRequired,
    /// Too early, or the approval is gone. Approvals lag: it may be right a minute
    /// later, and the money has been seen to have moved all the same.
    OrderNotApproved,
    /// Somebody else's call, or our own lost one, was faster: read the order.
    OrderAlreadyCaptured,
    /// It is being captured right now: read the order later.
    OrderCompletionInProgress,
    /// It has expired, or was voided or completed: which of them, the order
    /// knows, if anybody.
    OrderIsOver(String),
    /// PayPal knows no such order, or not just now.
    OrderNotFound,
    /// This order takes no more tries: make a new one.
    AttemptsExceeded,
    /// The invoice id was used before: look for its money first.
    DuplicateInvoiceId,
    /// PayPal will not take this payer's money; another way to pay is needed.
    PayerCannotPay(String),
    /// Something about our own account or its settings: alarm.
    OurAccount(String),
    /// Our request is wrong: a bug, alarm.
    OurRequest(String),
    /// An issue newer than this code, one that cannot come of our requests, one
    /// about the request id, or none at all: it may have happened. Read the order,
    /// then alarm.
    Other(String),
}

/// The longest issue code we repeat; the longest of the specification has 54
/// characters.
const CODE_LEN_MAX: usize = 80;

/// Of the payer, or of what the payer pays with.
const PAYER_CANNOT_PAY: [&str; 18] = [
    "TRANSACTION_REFUSED",
    "COMPLIANCE_VIOLATION",
    "PAYER_CANNOT_PAY",
    "PAYER_ACCOUNT_RESTRICTED",
    "PAYER_ACCOUNT_LOCKED_OR_CLOSED",
    "TRANSACTION_LIMIT_EXCEEDED",
    "DOMESTIC_TRANSACTION_REQUIRED",
    "DECLINED_DUE_TO_RELATED_TXN",
    "PAYMENT_DENIED",
    "PAYER_CONSENT_REQUIRED",
    "PAYER_COUNTRY_NOT_SUPPORTED",
    "CARD_EXPIRED",
    "CARD_CLOSED",
    "CURRENCY_NOT_SUPPORTED_FOR_CARD_TYPE",
    "CURRENCY_NOT_SUPPORTED_FOR_COUNTRY",
    "PAYMENT_SOURCE_DECLINED_BY_PROCESSOR",
    "MAX_VALUE_EXCEEDED",
    "TRANSACTION_AMOUNT_EXCEEDS_MONTHLY_MAX_LIMIT",
];

/// Of our account, or its settings.
const OUR_ACCOUNT: [&str; 22] = [
    "PAYEE_BLOCKED_TRANSACTION",
    "TRANSACTION_BLOCKED_BY_PAYEE",
    "TRANSACTION_RECEIVING_LIMIT_EXCEEDED",
    "AUTH_CAPTURE_NOT_ENABLED",
    "PAYEE_ACCOUNT_RESTRICTED",
    "PAYEE_ACCOUNT_LOCKED_OR_CLOSED",
    "PAYEE_ACCOUNT_INVALID",
    "PAYEE_ACCOUNT_NOT_SUPPORTED",
    "PAYEE_ACCOUNT_NOT_VERIFIED",
    "PAYEE_NOT_CONSENTED",
    "UNSUPPORTED_PAYEE_CURRENCY",
    "UNSUPPORTED_INTENT_FOR_KYC_INCOMPLETE_PAYEE",
    "NOT_ELIGIBLE_FOR_TOKEN_PROCESSING",
    "PERMISSION_DENIED_FOR_DONATION_ITEMS",
    "NOT_AUTHORIZED",
    "PAYEE_NOT_ENABLED_FOR_BANK_PROCESSING",
    "PAYEE_NOT_ENABLED_FOR_CARD_PROCESSING",
    "NOT_ENABLED_FOR_BANK_PROCESSING",
    "NOT_ENABLED_FOR_CARD_PROCESSING",
    "INVALID_ACCOUNT_STATUS",
    "PERMISSION_DENIED",
    "CONSENT_NEEDED",
];

/// Of our request.
const OUR_REQUEST: [&str; 6] = [
    "MISSING_REQUIRED_PARAMETER",
    "INVALID_PARAMETER_SYNTAX",
    "INVALID_PARAMETER_VALUE",
    "INVALID_STRING_LENGTH",
    "MALFORMED_REQUEST_JSON",
    "PAYPAL_REQUEST_ID_REQUIRED",
];

impl Issue {
    /// What this code means for us. The HTTP status says nothing: a code that is
    /// not known proves nothing under any of them.
    ///
    /// Source: Orders v2, issues of create and capture
    /// (`tests/contract/paypal/samples/issues_from_spec.json`); and those missing
    /// there that shops have met: `PayPalError.php` of `PrestaShop`'s `ps_checkout`
    /// (2026-06), `ErrorResponse.php` of `WooCommerce`'s PayPal payments.
    #[must_use]
    pub fn of(code: &str) -> Self {
        match code {
            "INSTRUMENT_DECLINED" => Self::InstrumentDeclined,
            "PAYER_ACTION_REQUIRED" | "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING" => {
                Self::PayerActionRequired
            }
            "ORDER_NOT_APPROVED" => Self::OrderNotApproved,
            // The second is what changing a captured order is answered with; on
            // a capture it could only mean the same.
            "ORDER_ALREADY_CAPTURED" | "ORDER_ALREADY_COMPLETED" => Self::OrderAlreadyCaptured,
            "ORDER_COMPLETION_IN_PROGRESS" => Self::OrderCompletionInProgress,
            "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED" => Self::AttemptsExceeded,
            "DUPLICATE_INVOICE_ID" => Self::DuplicateInvoiceId,
            "ORDER_EXPIRED" | "ORDER_COMPLETED_OR_VOIDED" | "ORDER_PREVIOUSLY_VOIDED" => {
                Self::OrderIsOver(code.to_owned())
            }
            "RESOURCE_NOT_FOUND" => Self::OrderNotFound,
            _ if PAYER_CANNOT_PAY.contains(&code) => Self::PayerCannotPay(code.to_owned()),
            _ if OUR_ACCOUNT.contains(&code) => Self::OurAccount(code.to_owned()),
            _ if OUR_REQUEST.contains(&code) => Self::OurRequest(code.to_owned()),
            _ => Self::Other(written(code)),
        }
    }

    /// PayPal's code.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::InstrumentDeclined => "INSTRUMENT_DECLINED",
            Self::PayerActionRequired => "PAYER_ACTION_REQUIRED",
            Self::OrderNotApproved => "ORDER_NOT_APPROVED",
            Self::OrderAlreadyCaptured => "ORDER_ALREADY_CAPTURED",
            Self::OrderCompletionInProgress => "ORDER_COMPLETION_IN_PROGRESS",
            Self::OrderNotFound => "RESOURCE_NOT_FOUND",
            Self::AttemptsExceeded => "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED",
            Self::DuplicateInvoiceId => "DUPLICATE_INVOICE_ID",
            Self::OrderIsOver(code)
            | Self::PayerCannotPay(code)
            | Self::OurAccount(code)
            | Self::OurRequest(code)
            | Self::Other(code) => code,
        }
    }

    /// The issue that decides among several: one that says money has moved goes before
    /// all others, then one that leaves it open, else the first that is known, else the
    /// first.
    pub(crate) fn deciding<'a>(codes: impl Iterator<Item = &'a str>) -> Option<Self> {
        let weight = |issue: &Self| match issue {
            Self::OrderAlreadyCaptured | Self::OrderCompletionInProgress | Self::OrderIsOver(_) => {
                0
            }
            Self::OrderNotApproved | Self::DuplicateInvoiceId | Self::OrderNotFound => 1,
            Self::InstrumentDeclined
            | Self::PayerActionRequired
            | Self::AttemptsExceeded
            | Self::PayerCannotPay(_)
            | Self::OurAccount(_)
            | Self::OurRequest(_) => 2,
            Self::Other(_) => 3,
        };
        // The first of those with the least weight.
        codes.map(Self::of).min_by_key(weight)
    }
}

/// The code as it may stand in a log: never a text of somebody else's choice.
fn written(code: &str) -> String {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if (1..=CODE_LEN_MAX).contains(&code.len()) && code.bytes().all(allowed) {
        code.to_owned()
    } else {
        String::from("UNREADABLE")
    }
}
