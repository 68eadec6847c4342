//! The types of events that a webhook can subscribe.

/// Stands for all of them, those to come too.
///
/// Source: PayPal Webhooks v1, schema `event_type`, field `name`.
pub(crate) const ALL: &str = "*";

/// Names and descriptions of those that orders, payments and disputes have.
///
/// Source: PayPal, list of webhook event names; descriptions as
/// `GET /v1/notifications/webhooks-event-types` gives them, ours for refunds.
const KNOWN: &[(&str, &str)] = &[
    (ALL, "ALL"),
    (
        "CHECKOUT.ORDER.APPROVED",
        "An order has been approved by buyer.",
    ),
    (
        "CHECKOUT.ORDER.COMPLETED",
        "Webhook event emitted after all the purchase_units have been processed",
    ),
    (
        "CHECKOUT.PAYMENT-APPROVAL.REVERSED",
        "An order has been reversed.",
    ),
    ("CUSTOMER.DISPUTE.CREATED", "A customer dispute is created."),
    (
        "CUSTOMER.DISPUTE.RESOLVED",
        "A customer dispute is resolved.",
    ),
    ("CUSTOMER.DISPUTE.UPDATED", "A customer dispute is updated."),
    (
        "PAYMENT.AUTHORIZATION.CREATED",
        "A payment authorization is created, approved, executed, or a future payment \
         authorization is created.",
    ),
    (
        "PAYMENT.AUTHORIZATION.VOIDED",
        "A payment authorization is voided.",
    ),
    ("PAYMENT.CAPTURE.COMPLETED", "A payment capture completes."),
    ("PAYMENT.CAPTURE.DECLINED", "A payment capture is declined."),
    ("PAYMENT.CAPTURE.DENIED", "A payment capture is denied."),
    (
        "PAYMENT.CAPTURE.PENDING",
        "The state of a payment capture changes to pending.",
    ),
    (
        "PAYMENT.CAPTURE.REFUNDED",
        "A merchant refunds a payment capture.",
    ),
    (
        "PAYMENT.CAPTURE.REVERSED",
        "PayPal reverses a payment capture.",
    ),
    ("PAYMENT.REFUND.FAILED", "A refund fails."),
    (
        "PAYMENT.REFUND.PENDING",
        "The state of a refund changes to pending.",
    ),
    ("PAYMENT.SALE.COMPLETED", "A sale completes."),
    (
        "PAYMENT.SALE.DENIED",
        "The state of a sale changes from pending to denied.",
    ),
    (
        "PAYMENT.SALE.PENDING",
        "The state of a sale changes to pending.",
    ),
    ("PAYMENT.SALE.REFUNDED", "A merchant refunds a sale."),
    ("PAYMENT.SALE.REVERSED", "PayPal reverses a sale."),
    (
        "RISK.DISPUTE.CREATED",
        "A dispute was filed against a transaction.",
    ),
];

/// What PayPal says of the type of this name; `None` where there is none.
pub(crate) fn description(name: &str) -> Option<&'static str> {
    let mut known = KNOWN.iter();
    let (_, description) = known.find(|(known, _)| *known == name)?;
    Some(description)
}
