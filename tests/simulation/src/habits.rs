//! How PayPal is all through a run: its reported habits, one by one. A plan names
//! them, `habits=stale-reads+lives-3-hours`; in runs by chance the seed does.

use std::fmt;
use std::str::FromStr;

use paypal_standin::{
    Behaviour, BurnOn, DeclineShape, DisputeNames, DupInvoiceAt, ExpiredAs, OddStatus,
    PendingReason, PendingThen, RecaptureAfterDenied, Redelivery, RefundThen, RetryAfter,
    SameIdOtherBody, SignedBy, StatusAfterDecline, UpdateTime,
};

/// A habit.
#[derive(Clone, Copy)]
pub(crate) struct Habit {
    /// Its name in plans.
    pub(crate) name: &'static str,
    lasts: Lasts,
    take_on: fn(&mut Behaviour),
}

/// For how long.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lasts {
    /// All through the run.
    ForGood,
    /// Nothing can be settled meanwhile: until half an hour after everybody has
    /// gone.
    AWhile,
}

const fn for_good(name: &'static str, take_on: fn(&mut Behaviour)) -> Habit {
    Habit {
        name,
        lasts: Lasts::ForGood,
        take_on,
    }
}

const fn a_while(name: &'static str, take_on: fn(&mut Behaviour)) -> Habit {
    Habit {
        name,
        lasts: Lasts::AWhile,
        take_on,
    }
}

/// Reads that lag within one invocation, over several, and for minutes.
const LAGS_S: [u32; 3] = [5, 40, 300];
/// As long as an account may be given on request.
pub(crate) const LONG_LIFE_H: u32 = 72;

/// Every habit.
pub(crate) const ALL: &[Habit] = &[
    for_good("stale-reads", |it| it.stale_reads_s = LAGS_S[0]),
    for_good("stale-reads-for-long", |it| it.stale_reads_s = LAGS_S[1]),
    for_good("stale-reads-for-minutes", |it| it.stale_reads_s = LAGS_S[2]),
    for_good("flapping-reads", |it| {
        it.stale_reads_s = LAGS_S[2];
        it.stale_reads_flap = true;
    }),
    for_good("no-order-after-its-capture", |it| {
        it.get_404_order_s = LAGS_S[2];
    }),
    for_good("no-capture-after-its-event", |it| {
        it.get_404_after_capture_s = LAGS_S[2];
    }),
    for_good("no-refund-after-its-event", |it| {
        it.get_404_after_refund_s = LAGS_S[2];
    }),
    for_good("no-dispute-after-its-event", |it| {
        it.get_404_dispute_s = LAGS_S[2];
    }),
    for_good("approvals-lag", |it| it.approval_lag_s = LAGS_S[1]),
    for_good("approvals-lag-for-minutes", |it| {
        it.approval_lag_s = LAGS_S[2];
        it.approved_event_early = true;
    }),
    for_good("approvals-come-twice", |it| {
        it.approval_lag_s = LAGS_S[0];
        it.approved_event_twice = true;
    }),
    for_good("not-approved-but-captured", |it| {
        it.not_approved_but_captured = true;
    }),
    a_while("no-payments-shown", |it| it.omit_parts.payments = true),
    a_while("no-payee-shown", |it| it.omit_parts.payee = true),
    a_while("no-custom-id-shown", |it| it.omit_parts.custom_id = true),
    a_while("no-invoice-shown", |it| it.omit_parts.invoice_id = true),
    a_while("no-amount-shown", |it| it.omit_parts.amount = true),
    for_good("no-update-time", |it| it.update_time = UpdateTime::Absent),
    for_good("frozen-update-time", |it| {
        it.update_time = UpdateTime::Frozen;
    }),
    for_good("moving-update-time", |it| {
        it.update_time = UpdateTime::Moves;
    }),
    for_good("payer-asked-after-decline", |it| {
        it.status_after_decline = StatusAfterDecline::PayerActionRequired;
    }),
    for_good("created-after-decline", |it| {
        it.status_after_decline = StatusAfterDecline::Created;
    }),
    for_good("declines-once", |it| it.decline_n_times = 1),
    for_good("declines-three-times", |it| it.decline_n_times = 3),
    for_good("declines-in-201", |it| {
        it.decline_shape = DeclineShape::DeclinedCapture;
        it.recapture_after_denied = RecaptureAfterDenied::NotApproved;
    }),
    a_while("pending-approval", |it| {
        it.unknown_status = Some(OddStatus::PendingApproval);
    }),
    a_while("partially-completed", |it| {
        it.unknown_status = Some(OddStatus::PartiallyCompleted);
    }),
    a_while("unheard-of-status", |it| {
        it.unknown_status = Some(OddStatus::NeverHeardOf);
    }),
    for_good("lives-3-hours", |it| {
        it.expiry_payer_h = 3;
        it.expiry_capture_h = 3;
    }),
    for_good(LIVES_LONG, |it| {
        it.expiry_payer_h = LONG_LIFE_H / 2;
        it.expiry_capture_h = LONG_LIFE_H / 2;
    }),
    for_good("expires-as-422", |it| it.expired_as = ExpiredAs::Expired),
    for_good("expires-as-410", |it| it.expired_as = ExpiredAs::Gone),
    for_good("expires-as-voided", |it| it.expired_as = ExpiredAs::Voided),
    a_while("orders-are-foreign", |it| it.foreign_order_403 = true),
    for_good("refusals-are-not-replayed", |it| it.replay_422 = false),
    for_good("first-answers-are-replayed", |it| {
        it.replay_latest_state = false;
    }),
    for_good("another-body-is-refused", |it| {
        it.same_id_other_body = SameIdOtherBody::Refused;
    }),
    for_good("twins-fail", |it| it.twin_call_fails_s = LAGS_S[1]),
    for_good("request-ids-last-an-hour", |it| it.request_id_ttl_h = 1),
    for_good("captured-reads-approved", |it| {
        it.already_captured_while_approved_s = LAGS_S[2];
    }),
    for_good("invoices-refused-at-capture", |it| {
        it.dup_invoice_at = DupInvoiceAt::Capture;
    }),
    for_good("declines-burn-invoices", |it| it.burn_on = BurnOn::Declined),
    for_good("cancelling-burns-invoices", |it| {
        it.burn_on = BurnOn::Cancelled;
    }),
    for_good("held-back-then-completed", |it| {
        it.pending_reason = Some(PendingReason::Echeck);
        it.pending_then = PendingThen::Completed;
    }),
    for_good("held-back-then-denied", |it| {
        it.pending_reason = Some(PendingReason::PendingReview);
        it.pending_then = PendingThen::Denied;
        it.pending_h = 1;
        it.no_status_details = true;
    }),
    a_while("fifty-calls-a-minute", |it| {
        it.rate_per_min_ip = 50;
        it.retry_after = RetryAfter::Seconds;
    }),
    a_while("few-calls-a-minute", |it| {
        it.rate_per_min_ip = 5;
        it.block_s = 600;
        it.retry_after = RetryAfter::Date;
    }),
    a_while("no-tokens", |it| it.token_429 = true),
    a_while("no-client", |it| it.invalid_client = true),
    for_good("fresh-tokens-are-unknown", |it| {
        it.token_unknown_for_s = LAGS_S[0];
    }),
    for_good("held-back-for-good", |it| {
        it.pending_reason = Some(PendingReason::Unilateral);
    }),
    for_good("refund-events-without-marks", |it| {
        it.refund_event_without_custom_id = true;
    }),
    for_good("disputes-by-invoice", |it| {
        it.dispute_names = DisputeNames::InvoiceNumber;
    }),
    for_good("disputes-by-custom-id", |it| {
        it.dispute_names = DisputeNames::Custom;
    }),
    for_good("disputes-name-nothing", |it| {
        it.dispute_names = DisputeNames::Nothing;
    }),
    for_good("every-other-event-is-lost", |it| {
        it.webhook_drop_every = 2;
    }),
    for_good("events-overtake-each-other", |it| {
        it.webhook_shuffle_s = LAGS_S[2];
    }),
    for_good("events-are-late", |it| it.webhook_delay_s = LAGS_S[2]),
    for_good("events-are-signed-anew", |it| {
        it.redelivery = Redelivery::Resigned;
    }),
    for_good("reports-end-early", |it| it.short_end_date = true),
    for_good("reports-are-small", |it| it.resultset_cap = 4),
    for_good("reports-grow", |it| it.page_total_changes = true),
    for_good("reports-repeat-a-row", |it| it.duplicate_row = true),
    for_good("reports-without-ids", |it| it.row_without_ids = true),
    for_good("reports-show-holds", |it| it.hold_rows = true),
    for_good("reports-refuse-young-windows", |it| {
        it.start_date_400 = true;
    }),
    for_good("ids-like-numbers", |it| it.numeric_like_ids = true),
    for_good("refunds-are-under-way", |it| {
        it.refund_pending_then = Some(RefundThen::Completed);
        it.refund_pending_h = 1;
    }),
    for_good("refunds-fail", |it| {
        it.refund_pending_then = Some(RefundThen::Failed);
        it.refund_pending_h = 1;
    }),
    for_good("sales-are-told-too", |it| it.sale_event_v1 = true),
    for_good("events-are-repeated-rarely", |it| {
        it.redelivery_pause_s = 10_000;
    }),
    for_good("another-certificate", |it| {
        it.signed_by = SignedBy::NewCertificate;
    }),
    for_good("an-intermediate-without-usage", |it| {
        it.signed_by = SignedBy::IntermediateWithoutUsage;
    }),
    a_while("a-strangers-certificate", |it| {
        it.signed_by = SignedBy::NewRoot;
        it.redelivery_pause_s = 10_000;
    }),
    for_good("invoices-may-repeat", |it| it.unique_invoices = false),
];

/// Orders live as long as they may on request; the functions are told.
pub(crate) const LIVES_LONG: &str = "lives-72-hours";

impl Habit {
    /// Takes it on.
    pub(crate) fn take_on(&self, behaviour: &mut Behaviour) {
        (self.take_on)(behaviour);
    }

    /// Whether it stays when the others are over.
    pub(crate) fn stays(&self) -> bool {
        self.lasts == Lasts::ForGood
    }
}

impl PartialEq for Habit {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Habit {}

impl fmt::Debug for Habit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl FromStr for Habit {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        ALL.iter()
            .find(|habit| habit.name == name)
            .copied()
            .ok_or_else(|| format!("{name} is no habit"))
    }
}
