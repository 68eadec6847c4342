//! The names of PayPal's refusals: those of its specification, those that
//! merchants report beyond it, and none at all.
//!
//! Source: PayPal Orders v2 2.13 and Payments v2 2.5 (`captures.refund-400`,
//! `captures.refund-422`); beyond them what merchants' own tables and reports
//! name (section 6 of what we know of PayPal's behaviour).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::calls::On;

/// A refusal's name, `details[].issue`: the one thing a caller may decide on.
///
/// Only names that somebody has seen can be made, so that a typing error in a
/// plan is noticed; [`Issue::UNHEARD_OF`] stands for all the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Issue(&'static str);

impl Issue {
    /// A name that stands in no document: PayPal adds new ones unasked.
    pub const UNHEARD_OF: Self = Self("NEVER_HEARD_OF");
    /// No name: the refusal comes with an empty list of details.
    pub const NO_DETAILS: Self = Self("EMPTY_DETAILS");

    /// The issue of this name; `None` when nobody has reported it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let odd = [Self::UNHEARD_OF, Self::NO_DETAILS].into_iter();
        let known = known().iter().map(|known| Self(known.name));
        odd.chain(known).find(|issue| issue.0 == name)
    }

    /// Every refusal a call may meet, in a fixed order: what the specification
    /// lists for it, what is reported beyond, one that nobody has heard of, and
    /// one without a name. Empty for calls that are no `create`, `capture` or
    /// `refund`.
    #[must_use]
    pub fn of(on: On) -> Vec<Self> {
        let mut issues: Vec<Self> = known()
            .iter()
            .filter(|known| known.on == on)
            .map(|known| Self(known.name))
            .collect();
        if !issues.is_empty() {
            issues.extend([Self::UNHEARD_OF, Self::NO_DETAILS]);
        }
        issues.sort_unstable();
        issues.dedup();
        issues
    }

    /// As PayPal writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Serialize for Issue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Issue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::named(&name).ok_or_else(|| {
            D::Error::custom(format!(
                "nobody has reported the issue {name}; {} stands for one that nobody has heard \
                 of, {} for none",
                Self::UNHEARD_OF,
                Self::NO_DETAILS
            ))
        })
    }
}

/// The HTTP status an issue comes with; 422, as nearly all do, where nothing
/// else is known of this call.
pub(crate) fn status(on: On, name: &str) -> u16 {
    let of = |on: Option<On>| {
        let mut known = known().iter();
        known.find(|known| known.name == name && on.is_none_or(|on| known.on == on))
    };
    // Who may not ask is told so by the same status, whatever is asked.
    of(Some(on))
        .or_else(|| of(None))
        .map_or(UNPROCESSABLE, |known| known.status)
}

/// PayPal's description of an issue, word for word, because its specification
/// fixes them; the issue itself where we know none.
pub(crate) fn description(on: Option<On>, name: &str) -> &str {
    let described = |on: Option<On>| {
        let mut described = known()
            .iter()
            .filter(move |known| known.name == name && !known.description.is_empty())
            .filter(move |known| on.is_none_or(|on| known.on == on));
        described.next().map(|known| known.description.as_str())
    };
    described(on).or_else(|| described(None)).unwrap_or(name)
}

const UNPROCESSABLE: u16 = 422;

/// An issue that a call is known to meet.
struct KnownIssue {
    on: On,
    status: u16,
    name: &'static str,
    description: String,
}

fn known() -> &'static [KnownIssue] {
    static KNOWN: OnceLock<Vec<KnownIssue>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let mut known = of_orders();
        known.extend(
            REFUND
                .iter()
                .map(|&(status, name, description)| KnownIssue {
                    on: On::Refund,
                    status,
                    name,
                    description: description.to_owned(),
                }),
        );
        for (on, names) in [
            (On::Create, REPORTED),
            (On::Capture, REPORTED),
            (On::Refund, REPORTED_OF_REFUNDS),
        ] {
            known.extend(names.iter().map(|&(status, name)| KnownIssue {
                on,
                status,
                name,
                description: String::new(),
            }));
        }
        known
    })
}

/// The issues of the specification for orders, by group and name.
const OF_ORDERS: &str =
    include_str!("../../../tests/contract/paypal/samples/issues_from_spec.json");

#[derive(Deserialize)]
struct Document {
    #[serde(borrow)]
    issues: BTreeMap<&'static str, BTreeMap<&'static str, String>>,
}

fn of_orders() -> Vec<KnownIssue> {
    // A document that cannot be read would show in the first test below.
    let Ok(document) = serde_json::from_str::<Document>(OF_ORDERS) else {
        return Vec::new();
    };
    let mut known = Vec::new();
    for (on, status, group) in [
        (On::Create, 400, "400"),
        (On::Create, 401, "401"),
        (On::Create, 403, "403"),
        (On::Create, 404, "404"),
        (On::Create, 422, "422"),
        (On::Capture, 400, "orders.capture-400"),
        (On::Capture, 401, "401"),
        (On::Capture, 403, "orders.capture-403"),
        (On::Capture, 404, "404"),
        (On::Capture, 422, "orders.capture-422"),
    ] {
        for (&name, description) in document.issues.get(group).into_iter().flatten() {
            known.push(KnownIssue {
                on,
                status,
                name,
                description: description.clone(),
            });
        }
    }
    known
}

/// What shops and merchants meet at create and capture beyond the
/// specification's lists for these calls.
const REPORTED: &[(u16, &str)] = &[
    (422, "PAYMENT_DENIED"),
    (422, "ORDER_EXPIRED"),
    (422, "ORDER_COMPLETED_OR_VOIDED"),
    (422, "ORDER_PREVIOUSLY_VOIDED"),
    (422, "PAYEE_ACCOUNT_RESTRICTED"),
    (422, "PAYEE_ACCOUNT_LOCKED_OR_CLOSED"),
    (422, "PAYEE_ACCOUNT_INVALID"),
    (422, "PAYEE_ACCOUNT_NOT_VERIFIED"),
    (422, "PAYEE_ACCOUNT_NOT_SUPPORTED"),
    (422, "PAYEE_NOT_CONSENTED"),
    (422, "UNSUPPORTED_PAYEE_CURRENCY"),
    (422, "UNSUPPORTED_INTENT_FOR_KYC_INCOMPLETE_PAYEE"),
    (422, "PAYER_CONSENT_REQUIRED"),
    (422, "PAYER_COUNTRY_NOT_SUPPORTED"),
    (422, "CARD_EXPIRED"),
    (422, "CARD_CLOSED"),
    (422, "CURRENCY_NOT_SUPPORTED_FOR_CARD_TYPE"),
    (422, "CURRENCY_NOT_SUPPORTED_FOR_COUNTRY"),
    (422, "PAYMENT_SOURCE_DECLINED_BY_PROCESSOR"),
    (422, "MAX_VALUE_EXCEEDED"),
    (422, "TRANSACTION_AMOUNT_EXCEEDS_MONTHLY_MAX_LIMIT"),
    (422, "DUPLICATE_TRANSACTION"),
    (400, "DUPLICATE_REQUEST_ID"),
    (422, "PAYPAL_REQUEST_ID_PREVIOUSLY_USED"),
    (409, "PREVIOUS_REQUEST_IN_PROGRESS"),
];

/// The same at refunds.
const REPORTED_OF_REFUNDS: &[(u16, &str)] = &[
    (422, "CAPTURE_DISPUTED_PARTIAL_REFUND_NOT_ALLOWED"),
    (422, "CANNOT_PROCESS_REFUNDS"),
    (422, "DUPLICATE_TRANSACTION"),
    (400, "DUPLICATE_REQUEST_ID"),
    (422, "PAYPAL_REQUEST_ID_PREVIOUSLY_USED"),
];

/// The refusals of a refund in the specification: status, issue, description.
/// Where that is empty, the specification leaves it open.
const REFUND: &[(u16, &str, &str)] = &[
    (400, "MISSING_REQUIRED_PARAMETER", ""),
    (400, "INVALID_PARAMETER_SYNTAX", ""),
    (400, "INVALID_STRING_LENGTH", ""),
    (
        401,
        "INVALID_ACCOUNT_STATUS",
        "Account validations failed for the user.",
    ),
    (
        403,
        "PERMISSION_DENIED",
        "You do not have permission to access or perform operations on this resource.",
    ),
    (
        404,
        "INVALID_RESOURCE_ID",
        "Specified resource ID does not exist. Please check the resource ID and try again.",
    ),
    (
        409,
        "PREVIOUS_REQUEST_IN_PROGRESS",
        "A previous request on this resource is currently in progress. Please wait for sometime and try again. It is best to space out the initial and the subsequent request(s) to avoid receiving this error.",
    ),
    (422, "CANNOT_BE_ZERO_OR_NEGATIVE", ""),
    (422, "DECIMAL_PRECISION", ""),
    (422, "DECIMALS_NOT_SUPPORTED", ""),
    (422, "INVALID_CURRENCY_CODE", ""),
    (422, "CURRENCY_MISMATCH", ""),
    (422, "CANNOT_BE_NEGATIVE", ""),
    (
        422,
        "CAPTURE_FULLY_REFUNDED",
        "The capture has already been fully refunded",
    ),
    (
        422,
        "REFUND_CAPTURE_CURRENCY_MISMATCH",
        "Refund must be in the same currency as the capture",
    ),
    (422, "REFUND_NOT_ALLOWED", "Capture cannot be refunded."),
    (
        422,
        "REFUND_TIME_LIMIT_EXCEEDED",
        "You are over the time limit to perform a refund on this capture",
    ),
    (
        422,
        "REFUND_AMOUNT_EXCEEDED",
        "The refund amount must be less than or equal to the capture amount that has not yet been refunded.",
    ),
    (
        422,
        "REFUND_AMOUNT_TOO_LOW",
        "The amount after applying currency conversion is zero and hence the capture cannot be refunded. The currency conversion is required because the currency of the capture is different than the currency in which the amount was settled into the payee account.",
    ),
    (
        422,
        "REFUND_FAILED_INSUFFICIENT_FUNDS",
        "Capture could not be refunded due to insufficient funds. Please check to see if you have sufficient funds in your PayPal account or if the bank account linked to your PayPal account is verified and has sufficient funds.",
    ),
    (
        422,
        "PARTIAL_REFUND_NOT_ALLOWED",
        "You cannot do a refund less than the original capture amount.",
    ),
    (
        422,
        "MAX_NUMBER_OF_REFUNDS_EXCEEDED",
        "You have exceeded the maximum number of refund attempts for this capture.",
    ),
    (
        422,
        "PENDING_CAPTURE",
        "Cannot initiate a refund as the capture is pending. Capture is typically pending when the payer has funded the transaction using e-check/bank funded.",
    ),
    (
        422,
        "DUPLICATE_INVOICE_ID",
        "Invoice ID was previously used to refund a capture.",
    ),
    (
        422,
        "PAYEE_ACCOUNT_LOCKED_OR_CLOSED",
        "Transaction could not complete because payee account is locked or closed.",
    ),
    (
        422,
        "PAYER_ACCOUNT_LOCKED_OR_CLOSED",
        "The payer account cannot be used for this transaction.",
    ),
    (
        422,
        "PAYEE_ACCOUNT_RESTRICTED",
        "Payee account is restricted.",
    ),
    (
        422,
        "REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK",
        "Refunds are not allowed on this capture due to a chargeback on the card or bank. Please contact the payee to resolve the chargeback.",
    ),
    (
        422,
        "TRANSACTION_DISPUTED",
        "Partial refunds cannot be offered at this time because there is an open case on this transaction. Visit the PayPal Resolution Center to review this case.",
    ),
    (
        422,
        "PLATFORM_FEE_EXCEEDED",
        "Platform fee amount specified exceeds the amount that is available for refund. You can only refund up to the available platform fee amount. This error is also returned when no platform_fee was specified or was zero when the payment was captured.",
    ),
    (
        422,
        "REFUND_IS_RESTRICTED",
        "This refund can only be processed by the API caller that had 'captured' the transaction. If you facilitate your transactions via a platform/partner, please initiate a refund through them.",
    ),
    (
        422,
        "PLATFORM_FEE_NOT_ENABLED",
        "The API Caller account is not setup to be able to process refunds with 'platform_fees'. Please contact your Account Manager. This feature is useful when you want to contribute a portion of the 'platform_fees' you had capture as part of the refund being processed.",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    /// Issues by the specification itself.
    fn specified(group: &str) -> BTreeSet<String> {
        const PAYMENTS: &str =
            include_str!("../../../tests/contract/paypal/openapi/payments_payment_v2.json");
        let document: Value = serde_json::from_str(PAYMENTS).unwrap();
        let items = &document["components"]["schemas"][group]["properties"]["details"]["items"];
        items["anyOf"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["properties"]["issue"]["enum"][0].as_str().unwrap())
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn every_issue_of_the_specification_can_be_named() {
        let (create, capture) = (Issue::of(On::Create), Issue::of(On::Capture));
        assert!(create.len() > 110, "{}", create.len());
        assert!(capture.len() > 75, "{}", capture.len());
        assert!(capture.contains(&Issue::named("ORDER_COMPLETION_IN_PROGRESS").unwrap()));
        assert_eq!(Issue::named("PAYER_CANOT_PAY"), None);
        let refund: BTreeSet<String> = Issue::of(On::Refund)
            .into_iter()
            .map(|issue| issue.name().to_owned())
            .collect();
        for group in ["captures.refund-400", "captures.refund-422"] {
            let missing: Vec<_> = specified(group).difference(&refund).cloned().collect();
            assert_eq!(missing, [""; 0], "{group}");
        }
    }

    #[test]
    fn an_issue_comes_with_the_status_of_its_call() {
        assert_eq!(status(On::Capture, "PERMISSION_DENIED"), 403);
        assert_eq!(status(On::Capture, "NOT_ENABLED_FOR_CARD_PROCESSING"), 422);
        assert_eq!(status(On::Refund, "PREVIOUS_REQUEST_IN_PROGRESS"), 409);
        assert_eq!(status(On::Capture, "NEVER_HEARD_OF"), 422);
    }

    #[test]
    fn the_same_issue_is_described_as_its_call_demands() {
        assert_ne!(
            description(Some(On::Refund), "DUPLICATE_INVOICE_ID"),
            description(Some(On::Capture), "DUPLICATE_INVOICE_ID")
        );
        assert_eq!(description(None, "NEVER_HEARD_OF"), "NEVER_HEARD_OF");
    }
}
