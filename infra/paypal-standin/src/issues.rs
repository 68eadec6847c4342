//! `PayPal`'s descriptions of the issues the stand-in can raise.
//!
//! Source: `PayPal` Orders v2 2.13 (`400`, `orders.capture-422`, …) and
//! Payments v2 2.5 (`captures.refund-422`).

/// Issue and description.
pub(crate) const DESCRIPTIONS: &[(&str, &str)] = &[
    (
        "INVALID_PARAMETER_SYNTAX",
        "The value of a field does not conform to the expected format.",
    ),
    ("INVALID_PARAMETER_VALUE", "A parameter value is not valid."),
    (
        "INVALID_STRING_LENGTH",
        "The value of a field is either too short or too long",
    ),
    (
        "MISSING_REQUIRED_PARAMETER",
        "A required parameter is missing.",
    ),
    (
        "MALFORMED_REQUEST_JSON",
        "The request JSON is not well formed.",
    ),
    (
        "INVALID_ARRAY_MAX_ITEMS",
        "The number of items in an array parameter is too large.",
    ),
    (
        "INVALID_ARRAY_MIN_ITEMS",
        "The number of items in an array parameter is too small.",
    ),
    ("NOT_SUPPORTED", "This field is not currently supported."),
    (
        "PAYPAL_REQUEST_ID_REQUIRED",
        "A PayPal-Request-Id is required if you are trying to process payment for an Order. Please specify a PayPal-Request-Id or Create the Order without a 'payment_source' specified.",
    ),
    (
        "PERMISSION_DENIED",
        "You do not have permission to access or perform operations on this resource.",
    ),
    (
        "INVALID_RESOURCE_ID",
        "Specified resource ID does not exist. Please check the resource ID and try again.",
    ),
    (
        "DECIMAL_PRECISION",
        "If the currency supports decimals, only two decimal place precision is supported.",
    ),
    (
        "CANNOT_BE_ZERO_OR_NEGATIVE",
        "Must be greater than zero. If the currency supports decimals, only two decimal place precision is supported.",
    ),
    (
        "INVALID_CURRENCY_CODE",
        "Currency code is invalid or is not currently supported. Please refer https://developer.paypal.com/api/rest/reference/currency-codes/ for list of supported currency codes.",
    ),
    (
        "ORDER_NOT_APPROVED",
        "Payer has not yet approved the Order for payment. Please redirect the payer to the 'rel':'approve' url returned as part of the HATEOAS links within the Create Order call or provide a valid `payment_source` in the request.",
    ),
    (
        "ORDER_ALREADY_CAPTURED",
        "Order already captured.If 'intent=CAPTURE' only one capture per order is allowed.",
    ),
    (
        "ORDER_COMPLETION_IN_PROGRESS",
        "The order was created with processing_instruction of ORDER_COMPLETE_ON_PAYMENT_APPROVAL. The customer has approved the payment and PayPal is still in the process of capturing the order on your behalf as instructed. Please try your request again.",
    ),
    (
        "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED",
        "You have exceeded the maximum number of payment attempts.",
    ),
    (
        "DUPLICATE_INVOICE_ID",
        "Duplicate Invoice ID detected. To avoid a potential duplicate transaction your account setting requires that Invoice Id be unique for each transaction.",
    ),
    (
        "INSTRUMENT_DECLINED",
        "The instrument presented  was either declined by the processor or bank, or it can't be used for this payment.",
    ),
    (
        "PAYER_ACTION_REQUIRED",
        "Transaction cannot complete successfully, instruct the buyer to return to PayPal.",
    ),
    (
        "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING",
        "Transaction failed. Redirect the payer to select another funding source.",
    ),
    ("TRANSACTION_REFUSED", "The request was refused."),
    (
        "COMPLIANCE_VIOLATION",
        "Transaction is declined due to compliance violation.",
    ),
    (
        "PAYER_CANNOT_PAY",
        "Payer cannot pay for this transaction. Please contact the payer to find other ways to pay for this transaction.",
    ),
    (
        "PAYER_ACCOUNT_LOCKED_OR_CLOSED",
        "The payer account cannot be used for this transaction.",
    ),
    (
        "TRANSACTION_LIMIT_EXCEEDED",
        "Total payment amount exceeded transaction limit.",
    ),
    (
        "DOMESTIC_TRANSACTION_REQUIRED",
        "This transaction requires the payee and payer to be resident in the same country, a domestic transaction is required to create this payment.",
    ),
    (
        "PAYEE_BLOCKED_TRANSACTION",
        "The Fraud settings for this seller are such that this payment cannot be executed.",
    ),
    (
        "TRANSACTION_RECEIVING_LIMIT_EXCEEDED",
        "The transaction exceeds the receiver's receiving limit.",
    ),
    (
        "AUTH_CAPTURE_NOT_ENABLED",
        "Authorization and Capture feature is not enabled for the merchant. Make sure that the recipient of the funds is a verified business account.",
    ),
    (
        "TRANSACTION_BLOCKED_BY_PAYEE",
        "Transaction blocked by Payee’s Fraud Protection settings.",
    ),
    (
        "CAPTURE_FULLY_REFUNDED",
        "The capture has already been fully refunded",
    ),
    (
        "REFUND_AMOUNT_EXCEEDED",
        "The refund amount must be less than or equal to the capture amount that has not yet been refunded.",
    ),
    (
        "REFUND_TIME_LIMIT_EXCEEDED",
        "You are over the time limit to perform a refund on this capture",
    ),
    ("REFUND_NOT_ALLOWED", "Capture cannot be refunded."),
    (
        "PENDING_CAPTURE",
        "Cannot initiate a refund as the capture is pending. Capture is typically pending when the payer has funded the transaction using e-check/bank funded.",
    ),
    (
        "REFUND_CAPTURE_CURRENCY_MISMATCH",
        "Refund must be in the same currency as the capture",
    ),
];
