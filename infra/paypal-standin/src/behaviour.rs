//! How the stand-in behaves from now on, until told otherwise: the habits that
//! PayPal is documented or reported to have beyond its specification.
//!
//! Each is off by default, and then the stand-in does as the specification
//! says. A number in brackets, "(3.3)", is the claim a lever stands for, in the
//! list of what is known of PayPal's behaviour.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::faults::{InvalidFault, WebhookMode};

/// The habits, all at once. Written and read as one flat JSON object, whose
/// fields are the levers of `POST /_standin/faults`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each habit is there or not, whatever the others are"
)]
pub struct Behaviour {
    // --- reads ---
    /// Seconds for which a read order shows what it was before its last change
    /// (1.1, 1.2).
    pub stale_reads_s: u32,
    /// While reads are stale, every second one is not: old and new in turn (1.1).
    pub stale_reads_flap: bool,
    /// Seconds for which an order that was captured cannot be read: 404 (c).
    pub get_404_order_s: u32,
    /// Seconds for which a capture cannot be read after it was made: 404 (1.3).
    pub get_404_after_capture_s: u32,
    /// Seconds for which a refund or reversal cannot be read: 404 (1.2).
    pub get_404_after_refund_s: u32,
    /// Seconds for which a dispute cannot be read after it was opened: 404 (1.2).
    pub get_404_dispute_s: u32,
    /// Seconds after the approval for which a capture is refused as
    /// `ORDER_NOT_APPROVED`; the order reads approved all the while, and the
    /// event comes when it is over (1.4).
    pub approval_lag_s: u32,
    /// The event of an approval that lags comes at once (1.4).
    pub approved_event_early: bool,
    /// The event of an approval comes a second time: when the lag is over, or at
    /// once where there is none (1.4).
    pub approved_event_twice: bool,
    /// Every capture is made and yet refused as `ORDER_NOT_APPROVED` (1.5).
    pub not_approved_but_captured: bool,
    /// What is left out of orders and captures (1.6, 4.4).
    pub omit_parts: Omitted,
    /// What becomes of an order's `update_time` (2.1).
    pub update_time: UpdateTime,

    // --- declines and statuses ---
    /// Where an order stands after `INSTRUMENT_DECLINED` (2.3).
    pub status_after_decline: StatusAfterDecline,
    /// How many captures of each order are declined, whatever the payer chose
    /// (2.2).
    pub decline_n_times: u32,
    /// How a declined instrument is told (7.2).
    pub decline_shape: DeclineShape,
    /// A status that read orders have, whatever they are (2.5).
    pub unknown_status: Option<OddStatus>,

    // --- an order's life ---
    /// Hours an order waits for its payer (3.3).
    pub expiry_payer_h: u32,
    /// Hours an approved order waits for its capture (3.3).
    pub expiry_capture_h: u32,
    /// How an order that has expired is answered (3.1, 3.2).
    pub expired_as: ExpiredAs,
    /// Every order is another app's: 403 (3.4).
    pub foreign_order_403: bool,

    // --- repeats with the same PayPal-Request-Id ---
    /// A refused capture is refused again under the same id; otherwise the same
    /// id tries anew (4.2).
    pub replay_422: bool,
    /// A repeat shows what is now; otherwise what the first answer said (4.1).
    pub replay_latest_state: bool,
    /// What becomes of a known id with another body (4.3).
    pub same_id_other_body: SameIdOtherBody,
    /// Seconds after a call for which its repeat is refused, as that of a twin
    /// that is still under way: 409 (4.1).
    pub twin_call_fails_s: u32,
    /// Hours for which orders keep a `PayPal-Request-Id`.
    pub request_id_ttl_h: u32,

    // --- invoice numbers ---
    /// Whether an invoice that is paid blocks further payments with its number,
    /// as a merchant can choose at PayPal (5.2).
    pub unique_invoices: bool,
    /// Seconds for which a captured order reads approved, while another capture
    /// is refused as `ORDER_ALREADY_CAPTURED` (5.1).
    pub already_captured_while_approved_s: u32,
    /// Which calls refuse a number that is used up (5.3).
    pub dup_invoice_at: DupInvoiceAt,
    /// What uses a number up (5.2, 5.4).
    pub burn_on: BurnOn,

    // --- captures that are held back ---
    /// Every capture is pending, for this reason (7.1).
    pub pending_reason: Option<PendingReason>,
    /// How a pending capture ends by itself (7.1).
    pub pending_then: PendingThen,
    /// Hours until it does.
    pub pending_h: u32,
    /// A pending capture gives no reason (7.4).
    pub no_status_details: bool,
    /// How another capture of an order whose capture was declined is refused
    /// (7.3).
    pub recapture_after_denied: RecaptureAfterDenied,

    // --- after the payment ---
    /// The events of refunds and reversals lack `custom_id` and `invoice_id`
    /// (8.2).
    pub refund_event_without_custom_id: bool,
    /// Refunds are pending at first and end so; `None`: they are done at once
    /// (8.6).
    pub refund_pending_then: Option<RefundThen>,
    /// Hours until they do.
    pub refund_pending_h: u32,
    /// By what a dispute names its payment (8.7).
    pub dispute_names: DisputeNames,

    // --- webhooks ---
    /// How events travel.
    pub webhooks: WebhookMode,
    /// One event in so many is lost; 0 loses none (9.2).
    pub webhook_drop_every: u32,
    /// Seconds by which events are late, up to three days and more (9.2).
    pub webhook_delay_s: u32,
    /// Each event is late by up to so many seconds, as the seed decides: they
    /// overtake each other.
    pub webhook_shuffle_s: u32,
    /// What a repeated delivery carries (9.3).
    pub redelivery: Redelivery,
    /// Seconds between two deliveries of an event that was not taken: 10,000
    /// spread 25 of them over three days; 0 is soon, for people at a desk (9.2).
    pub redelivery_pause_s: u32,
    /// By what events are signed (9.1).
    pub signed_by: SignedBy,
    /// Completed captures are told by the old `PAYMENT.SALE.COMPLETED` too
    /// (9.4).
    pub sale_event_v1: bool,

    // --- limits ---
    /// Calls a minute after which all are refused for [`Behaviour::block_s`];
    /// 0 for no limit (10.1).
    pub rate_per_min_ip: u32,
    /// Seconds for which too many calls are answered by 429 (10.1).
    pub block_s: u32,
    /// The token endpoint answers 429 (10.3).
    pub token_429: bool,
    /// How an answer 429 says when to come again (10.4).
    pub retry_after: RetryAfter,

    // --- Transaction Search ---
    /// Seconds until a transaction is visible: three hours (11.1).
    pub report_lag_s: u32,
    /// A start that is too young is refused instead of answered by an empty
    /// list (11.1).
    pub start_date_400: bool,
    /// An answer ends in the middle of what was asked for, and says so in its
    /// `end_date` (11.2).
    pub short_end_date: bool,
    /// Rows above which a window is refused as too large (11.3).
    pub resultset_cap: u32,
    /// A row is inserted between two pages (11.2).
    pub page_total_changes: bool,
    /// The first row comes twice (11.4).
    pub duplicate_row: bool,
    /// No row has an `invoice_id` or a `custom_field` (11.5).
    pub row_without_ids: bool,
    /// Disputes show as holds and releases, T1110 and T1111 (11.5).
    pub hold_rows: bool,
    /// Ids of what is made from now on look like numbers, `12E34…` (11.6).
    pub numeric_like_ids: bool,

    // --- credentials ---
    /// Tokens made while it is on cannot search transactions: 403 (12.1).
    pub scope_missing: bool,
    /// The token endpoint knows no client: 401 `invalid_client` (12.2).
    pub invalid_client: bool,
    /// Seconds for which a fresh token is unknown: 401 (12.3).
    pub token_unknown_for_s: u32,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            stale_reads_s: 0,
            stale_reads_flap: false,
            get_404_order_s: 0,
            get_404_after_capture_s: 0,
            get_404_after_refund_s: 0,
            get_404_dispute_s: 0,
            approval_lag_s: 0,
            approved_event_early: false,
            approved_event_twice: false,
            not_approved_but_captured: false,
            omit_parts: Omitted::default(),
            update_time: UpdateTime::default(),
            status_after_decline: StatusAfterDecline::default(),
            decline_n_times: 0,
            decline_shape: DeclineShape::default(),
            unknown_status: None,
            expiry_payer_h: 6,
            expiry_capture_h: 6,
            expired_as: ExpiredAs::default(),
            foreign_order_403: false,
            replay_422: true,
            replay_latest_state: true,
            same_id_other_body: SameIdOtherBody::default(),
            twin_call_fails_s: 0,
            request_id_ttl_h: 6,
            unique_invoices: true,
            already_captured_while_approved_s: 0,
            dup_invoice_at: DupInvoiceAt::default(),
            burn_on: BurnOn::default(),
            pending_reason: None,
            pending_then: PendingThen::default(),
            pending_h: 24,
            no_status_details: false,
            recapture_after_denied: RecaptureAfterDenied::default(),
            refund_event_without_custom_id: false,
            refund_pending_then: None,
            refund_pending_h: 24,
            dispute_names: DisputeNames::default(),
            webhooks: WebhookMode::default(),
            webhook_drop_every: 0,
            webhook_delay_s: 0,
            webhook_shuffle_s: 0,
            redelivery: Redelivery::default(),
            redelivery_pause_s: 0,
            signed_by: SignedBy::default(),
            sale_event_v1: false,
            rate_per_min_ip: 0,
            block_s: 300,
            token_429: false,
            retry_after: RetryAfter::default(),
            report_lag_s: 3 * HOUR_S,
            start_date_400: false,
            short_end_date: false,
            resultset_cap: 10_000,
            page_total_changes: false,
            duplicate_row: false,
            row_without_ids: false,
            hold_rows: false,
            numeric_like_ids: false,
            scope_missing: false,
            invalid_client: false,
            token_unknown_for_s: 0,
        }
    }
}

const HOUR_S: u32 = 3_600;
/// The longest anything may last: beyond a year a figure is a typing error.
const LASTS_MAX_H: u32 = 366 * 24;

impl Behaviour {
    /// The behaviour, if its figures keep to the limits.
    pub(crate) fn checked(self) -> Result<Self, InvalidFault> {
        for (name, hours) in [
            ("expiry_payer_h", self.expiry_payer_h),
            ("expiry_capture_h", self.expiry_capture_h),
            ("request_id_ttl_h", self.request_id_ttl_h),
            ("pending_h", self.pending_h),
            ("refund_pending_h", self.refund_pending_h),
        ] {
            if !(1..=LASTS_MAX_H).contains(&hours) {
                return Err(InvalidFault(format!(
                    "{name} must be 1 to {LASTS_MAX_H}, it is {hours}"
                )));
            }
        }
        for (name, seconds) in [
            ("stale_reads_s", self.stale_reads_s),
            ("get_404_order_s", self.get_404_order_s),
            ("get_404_after_capture_s", self.get_404_after_capture_s),
            ("get_404_after_refund_s", self.get_404_after_refund_s),
            ("get_404_dispute_s", self.get_404_dispute_s),
            ("approval_lag_s", self.approval_lag_s),
            ("twin_call_fails_s", self.twin_call_fails_s),
            ("webhook_delay_s", self.webhook_delay_s),
            ("webhook_shuffle_s", self.webhook_shuffle_s),
            ("redelivery_pause_s", self.redelivery_pause_s),
            ("block_s", self.block_s),
            ("report_lag_s", self.report_lag_s),
            ("token_unknown_for_s", self.token_unknown_for_s),
            (
                "already_captured_while_approved_s",
                self.already_captured_while_approved_s,
            ),
        ] {
            if seconds > LASTS_MAX_H * HOUR_S {
                return Err(InvalidFault(format!(
                    "{name} must be 0 to {}, it is {seconds}",
                    LASTS_MAX_H * HOUR_S
                )));
            }
        }
        if self.resultset_cap == 0 {
            return Err(InvalidFault("resultset_cap must be 1 or more".to_owned()));
        }
        Ok(self)
    }
}

/// A span of a lever's seconds.
pub(crate) fn seconds(seconds: u32) -> SignedDuration {
    SignedDuration::from_secs(i64::from(seconds))
}

/// A span of a lever's hours.
pub(crate) fn hours(hours: u32) -> SignedDuration {
    SignedDuration::from_hours(i64::from(hours))
}

/// Parts that are left out of orders and captures, wherever they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "any of them may be missing beside any other"
)]
pub struct Omitted {
    /// The payments of an order: its captures and refunds.
    pub payments: bool,
    /// Whose money it is.
    pub payee: bool,
    /// The caller's own id.
    pub custom_id: bool,
    /// The number shown to the payer.
    pub invoice_id: bool,
    /// What is to be paid, and what was.
    pub amount: bool,
}

/// What becomes of an order's `update_time`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateTime {
    /// It is when the order last changed; absent until then.
    #[default]
    Changes,
    /// It is never there.
    Absent,
    /// It is the time the order was made, for good.
    Frozen,
    /// It is the time of the read.
    Moves,
}

/// Where an order stands after `INSTRUMENT_DECLINED`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StatusAfterDecline {
    /// Still approved, with the instrument that was refused.
    #[default]
    Approved,
    /// The payer must choose again, and it says so.
    PayerActionRequired,
    /// The payer must choose again, and it reads as on its first day.
    Created,
}

/// How a declined instrument is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeclineShape {
    /// 422 `INSTRUMENT_DECLINED`; the order lives on.
    #[default]
    #[serde(rename = "422")]
    Refused,
    /// 201 with a capture `DECLINED`; the order is completed.
    #[serde(rename = "201_declined")]
    DeclinedCapture,
}

/// A status that the specification does not list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OddStatus {
    /// Known to other products of PayPal's.
    PendingApproval,
    /// Known to other products of PayPal's.
    PartiallyCompleted,
    /// Known to nobody.
    NeverHeardOf,
}

impl OddStatus {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::PendingApproval => "PENDING_APPROVAL",
            Self::PartiallyCompleted => "PARTIALLY_COMPLETED",
            Self::NeverHeardOf => "NEVER_HEARD_OF",
        }
    }
}

/// How an order that has expired is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExpiredAs {
    /// 404 `INVALID_RESOURCE_ID`, as if it never was.
    #[default]
    #[serde(rename = "404")]
    NotFound,
    /// 422 `ORDER_EXPIRED`.
    #[serde(rename = "422_expired")]
    Expired,
    /// 410, without details.
    #[serde(rename = "410")]
    Gone,
    /// It reads `VOIDED`; a capture is refused as `ORDER_PREVIOUSLY_VOIDED`.
    #[serde(rename = "voided")]
    Voided,
}

/// What becomes of a known request id with another body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SameIdOtherBody {
    /// The first answer counts.
    #[default]
    #[serde(rename = "replay")]
    Replay,
    /// 400 `DUPLICATE_REQUEST_ID`.
    #[serde(rename = "400")]
    Refused,
}

/// Which calls refuse an invoice number that is used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DupInvoiceAt {
    /// Create and capture.
    #[default]
    Both,
    /// Create alone.
    Create,
    /// Capture alone.
    Capture,
}

/// What uses an invoice number up; each of them what those before it do, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BurnOn {
    /// Money that came or may come.
    #[default]
    Paid,
    /// A capture that was declined, for every order but its own.
    Declined,
    /// A payer who cancelled, for every order but his own.
    Cancelled,
}

/// Why a capture is held back.
///
/// Source: PayPal Payments v2, schema `capture_status_details`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PendingReason {
    /// The payer complained.
    BuyerComplaint,
    /// The money comes from a bank, in days.
    Echeck,
    /// PayPal looks for fraud.
    PendingReview,
    /// Our account cannot take the money.
    Unilateral,
    /// Our account has no balance in this currency.
    ReceivingPreferenceMandatesManualAction,
    /// The payer's bank has not sent the money yet.
    TransactionApprovedAwaitingFunding,
    /// Our account must be verified first.
    VerificationRequired,
    /// Our account cannot withdraw abroad.
    InternationalWithdrawal,
    /// PayPal does not say.
    Other,
}

/// How a pending capture ends by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PendingThen {
    /// Only when a lever ends it.
    #[default]
    Never,
    /// The money comes.
    Completed,
    /// It does not.
    Denied,
}

/// How another capture of an order whose capture was declined is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecaptureAfterDenied {
    /// `ORDER_ALREADY_CAPTURED`, though nothing was paid.
    #[default]
    AlreadyCaptured,
    /// `ORDER_NOT_APPROVED`.
    NotApproved,
}

/// How a pending refund ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundThen {
    /// Only when a lever ends it.
    Never,
    /// The money goes.
    Completed,
    /// It stays.
    Failed,
}

/// By what a dispute names its payment, beside the buyer's own number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeNames {
    /// The capture's id.
    #[default]
    SellerId,
    /// The invoice number.
    InvoiceNumber,
    /// Our own id.
    Custom,
    /// Nothing.
    Nothing,
}

/// What a repeated delivery carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Redelivery {
    /// The headers of the first one, byte for byte.
    #[default]
    SameHeaders,
    /// An id, a time and a signature of its own.
    Resigned,
}

/// By what events are signed. What [`Standin::anchors_pem`] gives follows, but
/// for a root that nobody was told of.
///
/// [`Standin::anchors_pem`]: crate::Standin::anchors_pem
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignedBy {
    /// The certificate that the stand-in began with.
    #[default]
    First,
    /// Another certificate of the same authority, at another address.
    NewCertificate,
    /// A certificate of an authority that is not among the anchors.
    NewRoot,
    /// A certificate whose intermediate names no extended key usage, as RFC 5280
    /// allows.
    IntermediateWithoutUsage,
}

impl SignedBy {
    /// Each of them.
    pub(crate) const ALL: [Self; 4] = [
        Self::First,
        Self::NewCertificate,
        Self::NewRoot,
        Self::IntermediateWithoutUsage,
    ];
}

/// How an answer 429 says when to come again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    /// Not at all.
    #[default]
    Absent,
    /// In seconds.
    Seconds,
    /// As a date.
    Date,
}
