//! What a ticket must look like for whoever writes to it.

use aws_sdk_dynamodb::types::builders::UpdateBuilder;

use crate::dynamo::keys::n;
use crate::payments::lock::Held;

/// The ticket has the state and amount it was read with, and who waits for
/// PayPal is this attempt or nobody.
pub(crate) const AS_READ: &str = "version = :version \
     AND (attribute_not_exists(pending) OR pending.attempt = :attempt)";
/// Nobody is inside the capture call: whoever is books what comes of it.
pub(crate) const UNLOCKED: &str = "attribute_not_exists(#lock)";
/// For a clerk nobody may be inside the capture call: a payment that ends there later
/// would be a second one, or one for a closed case. A lock whose lease has ended is
/// no exception; only PayPal knows what became of its capture.
pub(crate) const NOBODY_CAPTURES: &str =
    "version = :version AND attribute_not_exists(#lock) AND attribute_not_exists(pending)";

/// For a clerk who takes responsibility for money beside a capture that PayPal holds back.
pub(crate) const BESIDE_PENDING: &str =
    "version = :version AND attribute_not_exists(#lock) AND pending.attempt = :pending";

/// Under a lock only its owner writes, and only under its very fence: a lock taken
/// since is somebody else's, who may be about to capture. Without one, `otherwise`
/// says which locks there may be.
pub(crate) fn under_fence(
    update: UpdateBuilder,
    condition: &str,
    otherwise: &str,
    held: Option<&Held>,
) -> UpdateBuilder {
    match held {
        Some(held) => update
            .condition_expression(format!(
                "{condition} AND fence = :fence AND #lock.attempt = :attempt"
            ))
            .expression_attribute_values(":fence", n(held.fence)),
        None => update.condition_expression(format!("{condition} AND {otherwise}")),
    }
}
