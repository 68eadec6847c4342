//! What the table holds of payments, beside settlements.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ticket::{
    AttemptId, CaptureId, CaseNumber, Cents, GivesBack, Language, Money, OrderId, RefundId,
    SettlementId,
};

/// One PayPal order made for a ticket (Zahlungsversuch).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its id; also the order's `custom_id`.
    pub id: AttemptId,
    /// The ticket.
    pub case_number: CaseNumber,
    /// The ticket's version it was made for; it can be captured for no other.
    pub version: u32,
    /// What the driver was shown and asked for.
    pub amount: Cents,
    /// The language of the pages the driver sees.
    pub language: Language,
    /// The invoice id: the case number, or that with `_2`.
    pub invoice_id: String,
    /// Under which PayPal client id it was made; another one cannot see it.
    pub client_id: String,
    /// When it was begun.
    pub created_at: Timestamp,
    /// The order, once PayPal has answered and the answer is stored. The
    /// driver is sent to PayPal only after that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<PlacedOrder>,
    /// Capture tries that were definitely refused; part of the request id, so
    /// that a new try is a new request and a repeated one is the same.
    pub refusals: u32,
    /// When the payer approved, as PayPal said it first: the legal moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_at: Option<Timestamp>,
    /// When the payer first came back with the word that it is approved, since being
    /// sent to PayPal last, and PayPal had not shown that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned_at: Option<Timestamp>,
    /// Since when PayPal has not said how the order stands, however often it was
    /// asked; nothing where the last look had an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent_since: Option<Timestamp>,
    /// The last refusal, while the order may still be tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decline: Option<Decline>,
    /// What happens next.
    #[serde(flatten)]
    pub state: AttemptState,
}

impl Attempt {
    /// The request id of the next capture: the same until it was refused.
    ///
    /// Source: PayPal Orders v2, header `PayPal-Request-Id`, 1 to 108 characters.
    #[must_use]
    pub fn capture_request_id(&self) -> String {
        format!("{}-capture-{}", self.id, self.refusals)
    }
}

/// An order at PayPal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacedOrder {
    /// PayPal's id.
    pub id: OrderId,
    /// Where the payer approves it.
    pub approve_url: String,
}

/// A capture that was refused, and what has changed since. Another try charges the
/// same card, unless the payer has chosen another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decline {
    /// When we learned of it.
    pub at: Timestamp,
    /// PayPal's issue, `INSTRUMENT_DECLINED`.
    pub issue: String,
    /// A later look found the order not approved: an approval found now is a new
    /// one.
    pub retry_allowed: bool,
    /// When the order had changed last, by PayPal's clock, as it was read after
    /// the refusal; where PayPal said so. At the earliest the refusal itself: reads
    /// lag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_changed_at: Option<Timestamp>,
    /// A later time than that, seen once: only one that stays the same is a change
    /// and not a clock that runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_again_at: Option<Timestamp>,
    /// When that was seen, by our clock: two looks within one second see the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_seen_at: Option<Timestamp>,
    /// When the driver pressed "try again": who comes back from PayPal now comes
    /// with a new approval. The sweep cannot tell, the driver may still be away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pressed_at: Option<Timestamp>,
}

/// Where a payment attempt stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "attempt_state", rename_all = "snake_case")]
pub enum AttemptState {
    /// May still be approved and captured: the sweep looks after it.
    Live,
    /// PayPal holds the capture back: the sweep asks until it has ended.
    Pending {
        /// Which capture.
        capture_id: CaptureId,
    },
    /// Captured and booked. Final.
    Captured {
        /// Which capture.
        capture_id: CaptureId,
    },
    /// Refused for good. Final.
    Declined,
    /// Never approved or captured while it could be. Final.
    Expired,
}

impl AttemptState {
    /// The name that table and API write.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Pending { .. } => "pending",
            Self::Captured { .. } => "captured",
            Self::Declined => "declined",
            Self::Expired => "expired",
        }
    }

    /// Whether nothing more can come of it.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Live | Self::Pending { .. } => false,
            Self::Captured { .. } | Self::Declined | Self::Expired => true,
        }
    }
}

/// How an attempt ends that brought no money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptEnd {
    /// Refused for good.
    Declined,
    /// Never approved or captured while it could be.
    Expired,
}

impl From<AttemptEnd> for AttemptState {
    fn from(end: AttemptEnd) -> Self {
        match end {
            AttemptEnd::Declined => Self::Declined,
            AttemptEnd::Expired => Self::Expired,
        }
    }
}

/// Money that left again, or is claimed back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenBack {
    /// PayPal's id of the refund, reversal or dispute; our number of a refund that the
    /// cash office pays out.
    pub id: String,
    /// What happened.
    pub kind: TakenBackKind,
    /// The ticket.
    pub case_number: CaseNumber,
    /// What it was taken from.
    pub settlement: SettlementId,
    /// How much, as PayPal states it; a dispute has taken nothing yet.
    #[serde(flatten)]
    pub amount: Option<Money>,
    /// The refund that two people have decided, where it is one.
    #[serde(flatten)]
    pub decided: Option<DecidedRefund>,
    /// When it was booked here.
    pub booked_at: Timestamp,
}

/// A refund that was decided here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecidedRefund {
    /// Its number.
    pub refund: RefundId,
    /// What it takes from the books.
    pub gives_back: GivesBack,
}

impl TakenBack {
    /// What the line is in the books, in euro cents: negative, and nothing where no
    /// money has left or it is not in euros.
    #[must_use]
    pub fn cents(&self) -> i64 {
        let cents = self.amount.as_ref().and_then(Money::signed_euro_cents);
        -cents.unwrap_or_default()
    }
}

/// How money was taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TakenBackKind {
    /// The city, or somebody in its PayPal account, gave it back.
    Refund,
    /// PayPal or a bank took it.
    Reversal,
    /// The payer claims it.
    Dispute,
    /// The cash office pays cash or a transfer back.
    PaymentOrder,
}
