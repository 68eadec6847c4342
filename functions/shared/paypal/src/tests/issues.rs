//! Every issue the specification knows for the calls we make, and what it
//! means for us.

use std::collections::BTreeSet;

use serde_json::Value;

use super::sample;
use crate::Issue;

/// Issues of a capture by what follows from them, as written down beforehand.
#[rustfmt::skip]
const CAPTURE: &[(&str, &[&str])] = &[
    ("InstrumentDeclined", &["INSTRUMENT_DECLINED"]),
    ("PayerActionRequired", &["PAYER_ACTION_REQUIRED", "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING"]),
    ("OrderNotApproved", &["ORDER_NOT_APPROVED"]),
    ("OrderAlreadyCaptured", &["ORDER_ALREADY_CAPTURED"]),
    ("OrderCompletionInProgress", &["ORDER_COMPLETION_IN_PROGRESS"]),
    ("AttemptsExceeded", &["MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED"]),
    ("DuplicateInvoiceId", &["DUPLICATE_INVOICE_ID"]),
    ("PayerCannotPay", &[
        "TRANSACTION_REFUSED", "COMPLIANCE_VIOLATION", "PAYER_CANNOT_PAY", "PAYER_ACCOUNT_RESTRICTED",
        "PAYER_ACCOUNT_LOCKED_OR_CLOSED", "TRANSACTION_LIMIT_EXCEEDED", "DOMESTIC_TRANSACTION_REQUIRED",
        "DECLINED_DUE_TO_RELATED_TXN",
    ]),
    ("OurAccount", &[
        "PAYEE_BLOCKED_TRANSACTION", "TRANSACTION_BLOCKED_BY_PAYEE", "TRANSACTION_RECEIVING_LIMIT_EXCEEDED",
        "AUTH_CAPTURE_NOT_ENABLED", "NOT_ENABLED_FOR_BANK_PROCESSING", "NOT_ENABLED_FOR_CARD_PROCESSING",
        "PAYEE_NOT_ENABLED_FOR_BANK_PROCESSING", "PAYEE_NOT_ENABLED_FOR_CARD_PROCESSING",
        "PERMISSION_DENIED", "CONSENT_NEEDED", "NOT_ELIGIBLE_FOR_TOKEN_PROCESSING",
        "PERMISSION_DENIED_FOR_DONATION_ITEMS",
    ]),
    ("OurRequest", &[
        "MISSING_REQUIRED_PARAMETER", "INVALID_PARAMETER_SYNTAX", "INVALID_PARAMETER_VALUE",
        "INVALID_STRING_LENGTH", "MALFORMED_REQUEST_JSON",
    ]),
    // Cards, bank debits, vaults, agreements, addresses, platforms: nothing our
    // orders have.
    ("Other", &[
        "AGREEMENT_ALREADY_CANCELLED", "BILLING_AGREEMENT_NOT_FOUND", "MISSING_PREVIOUS_REFERENCE",
        "MISSING_CRYPTOGRAM", "CARD_BRAND_NOT_SUPPORTED", "PAYEE_FX_RATE_ID_EXPIRED",
        "PAYPAL_TRANSACTION_ID_EXPIRED", "PNREF_EXPIRED", "REFERENCED_CARD_EXPIRED", "TOKEN_ID_NOT_FOUND",
        "INVALID_PICKUP_ADDRESS", "SHIPPING_ADDRESS_INVALID", "PAYMENT_SOURCE_NOT_SUPPORTED",
        "BILLING_AGREEMENT_ID_MISMATCH", "PREFERRED_PAYMENT_SOURCE_MISMATCH", "INCOMPATIBLE_PARAMETER_VALUE",
        "INVALID_PREVIOUS_TRANSACTION_REFERENCE", "PREVIOUS_TRANSACTION_REFERENCE_HAS_CHARGEBACK",
        "PREVIOUS_TRANSACTION_REFERENCE_VOIDED", "PAYMENT_SOURCE_MISMATCH",
        "MERCHANT_INITIATED_WITH_SECURITY_CODE", "MERCHANT_INITIATED_WITH_AUTHENTICATION_RESULTS",
        "MERCHANT_INITIATED_WITH_MULTIPLE_PURCHASE_UNITS", "RETURN_URL_REQUIRED", "CANCEL_URL_REQUIRED",
        "SETUP_ERROR_FOR_BANK", "BANK_NOT_SUPPORTED_FOR_VERIFICATION", "APPLE_PAY_AMOUNT_MISMATCH",
        "CURRENCY_NOT_SUPPORTED_FOR_BANK", "ONLY_ONE_BANK_SOURCE_ALLOWED", "INVALID_IBAN",
        "IBAN_COUNTRY_NOT_SUPPORTED", "CARD_NUMBER_REQUIRED", "CARD_EXPIRY_REQUIRED",
        "VAULT_INSTRUCTION_REQUIRED", "MISMATCHED_VAULT_ID_TO_PAYMENT_SOURCE",
        "NOT_ELIGIBLE_FOR_PNREF_PROCESSING", "NOT_ELIGIBLE_FOR_PAYPAL_TRANSACTION_ID_PROCESSING",
        "PAYPAL_TRANSACTION_ID_NOT_FOUND", "PNREF_NOT_FOUND", "INVALID_SECURITY_CODE_LENGTH",
        "PLATFORM_FEE_PAYEE_CANNOT_BE_SAME_AS_PAYER", "REQUIRED_PARAMETER_FOR_CUSTOMER_INITIATED_PAYMENT",
        "IDENTIFIER_NOT_FOUND",
    ]),
];

fn kind(issue: &Issue) -> String {
    let text = format!("{issue:?}");
    text.split('(').next().unwrap().to_owned()
}

#[test]
fn every_capture_issue_of_the_specification_is_understood_as_listed() {
    let table: Value = serde_json::from_slice(&sample("issues_from_spec.json")).unwrap();
    let mut unlisted = BTreeSet::new();
    let mut listed: BTreeSet<&str> = CAPTURE
        .iter()
        .flat_map(|(_, codes)| *codes)
        .copied()
        .collect();
    for status in [400, 403, 422] {
        let issues = table["issues"][format!("orders.capture-{status}")].as_object();
        for code in issues.unwrap().keys() {
            let line = CAPTURE
                .iter()
                .find(|(_, codes)| codes.contains(&code.as_str()));
            let Some((expected, _)) = line else {
                unlisted.insert(code.clone());
                continue;
            };
            assert_eq!(kind(&Issue::of(code)), *expected, "{status} {code}");
            listed.remove(code.as_str());
        }
    }
    assert_eq!(
        unlisted,
        BTreeSet::new(),
        "in the specification, not in the list"
    );
    assert_eq!(
        listed,
        BTreeSet::new(),
        "in the list, not in the specification"
    );
}

/// Issues that no list of the specification has for a capture, met by shops or named
/// for other calls: by what follows from them.
#[rustfmt::skip]
const BESIDE_THE_SPECIFICATION: &[(&str, &[&str])] = &[
    ("PayerCannotPay", &[
        "PAYMENT_DENIED", "PAYER_CONSENT_REQUIRED", "PAYER_COUNTRY_NOT_SUPPORTED", "CARD_EXPIRED",
        "CARD_CLOSED", "CURRENCY_NOT_SUPPORTED_FOR_CARD_TYPE", "CURRENCY_NOT_SUPPORTED_FOR_COUNTRY",
        "PAYMENT_SOURCE_DECLINED_BY_PROCESSOR", "MAX_VALUE_EXCEEDED",
        "TRANSACTION_AMOUNT_EXCEEDS_MONTHLY_MAX_LIMIT",
    ]),
    ("OurAccount", &[
        "PAYEE_ACCOUNT_RESTRICTED", "PAYEE_ACCOUNT_LOCKED_OR_CLOSED", "PAYEE_ACCOUNT_INVALID",
        "PAYEE_ACCOUNT_NOT_VERIFIED", "PAYEE_ACCOUNT_NOT_SUPPORTED", "PAYEE_NOT_CONSENTED",
        "UNSUPPORTED_PAYEE_CURRENCY", "UNSUPPORTED_INTENT_FOR_KYC_INCOMPLETE_PAYEE",
    ]),
    ("OrderIsOver", &["ORDER_EXPIRED", "ORDER_COMPLETED_OR_VOIDED", "ORDER_PREVIOUSLY_VOIDED"]),
    // Whether the first use of the id moved money, nobody says.
    ("Other", &["DUPLICATE_TRANSACTION", "DUPLICATE_REQUEST_ID", "PAYPAL_REQUEST_ID_PREVIOUSLY_USED"]),
];

#[test]
fn every_issue_met_beside_the_specification_is_understood_as_listed() {
    for (expected, codes) in BESIDE_THE_SPECIFICATION {
        for code in *codes {
            assert_eq!(kind(&Issue::of(code)), *expected, "{code}");
            assert_eq!(Issue::of(code).code(), *code);
        }
    }
}

#[test]
fn an_issue_of_create_is_never_taken_for_a_capture() {
    let table: Value = serde_json::from_slice(&sample("issues_from_spec.json")).unwrap();
    for status in [400, 401, 403, 404, 422] {
        let issues = table["issues"][status.to_string()].as_object().unwrap();
        for code in issues.keys() {
            let issue = Issue::of(code);
            let moved = matches!(
                issue,
                Issue::OrderAlreadyCaptured | Issue::OrderCompletionInProgress
            );
            assert!(
                !moved || code.starts_with("ORDER_"),
                "{status} {code}: {issue:?}"
            );
            if status == 403 {
                assert_eq!(kind(&issue), "OurAccount", "{code}");
            }
        }
    }
}

#[test]
fn an_issue_nobody_knows_is_other_and_cannot_write_into_our_log() {
    assert_eq!(
        Issue::of("NEW_IN_2027"),
        Issue::Other(String::from("NEW_IN_2027"))
    );
    let unreadable = Issue::Other(String::from("UNREADABLE"));
    for code in ["", "A\nB", "a b", "Ü", &"A".repeat(81)] {
        assert_eq!(Issue::of(code), unreadable, "{code:?}");
    }
}

#[test]
fn of_several_issues_the_one_that_may_mean_money_decides() {
    let decide = |codes: &[&str]| Issue::deciding(codes.iter().copied());
    assert_eq!(
        decide(&["NEW", "INSTRUMENT_DECLINED", "ORDER_ALREADY_CAPTURED"]),
        Some(Issue::OrderAlreadyCaptured)
    );
    assert_eq!(
        decide(&["NEW", "INSTRUMENT_DECLINED", "DUPLICATE_INVOICE_ID"]),
        Some(Issue::DuplicateInvoiceId)
    );
    assert_eq!(
        decide(&["NEW", "INSTRUMENT_DECLINED"]),
        Some(Issue::InstrumentDeclined)
    );
    assert_eq!(decide(&["NEW"]), Some(Issue::Other(String::from("NEW"))));
    assert_eq!(decide(&[]), None);
}
