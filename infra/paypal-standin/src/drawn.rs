//! Habits by chance, out of a seed.

use crate::behaviour::{
    Behaviour, BurnOn, DeclineShape, DisputeNames, DupInvoiceAt, ExpiredAs, RecaptureAfterDenied,
    Redelivery, RetryAfter, SameIdOtherBody, SignedBy, StatusAfterDecline, UpdateTime,
};
use crate::ids::Ids;

/// One habit in so many is on.
const ONCE_IN: u32 = 4;

impl Behaviour {
    /// Habits mixed by a seed: the same seed mixes the same. Only such as every
    /// payment can still come to its end with: nothing is refused for good, and
    /// nothing lasts longer than hours. The others are left to who pulls them.
    #[must_use]
    pub fn drawn(seed: u64) -> Self {
        let mut dice = Dice(Ids::new(seed));
        let usual = Self::default();
        Self {
            stale_reads_s: dice.up_to(60),
            stale_reads_flap: dice.on(),
            get_404_order_s: dice.up_to(30),
            get_404_after_capture_s: dice.up_to(30),
            get_404_after_refund_s: dice.up_to(600),
            get_404_dispute_s: dice.up_to(600),
            approval_lag_s: dice.up_to(100),
            approved_event_early: dice.on(),
            approved_event_twice: dice.on(),
            not_approved_but_captured: dice.on(),
            update_time: dice.one_of([
                UpdateTime::Changes,
                UpdateTime::Absent,
                UpdateTime::Frozen,
                UpdateTime::Moves,
            ]),
            status_after_decline: dice.one_of([
                StatusAfterDecline::Approved,
                StatusAfterDecline::PayerActionRequired,
                StatusAfterDecline::Created,
            ]),
            decline_n_times: dice.up_to(2),
            decline_shape: dice.one_of([DeclineShape::Refused, DeclineShape::DeclinedCapture]),
            expired_as: dice.one_of([
                ExpiredAs::NotFound,
                ExpiredAs::Expired,
                ExpiredAs::Gone,
                ExpiredAs::Voided,
            ]),
            replay_422: !dice.on(),
            replay_latest_state: !dice.on(),
            same_id_other_body: dice.one_of([SameIdOtherBody::Replay, SameIdOtherBody::Refused]),
            twin_call_fails_s: dice.up_to(5),
            already_captured_while_approved_s: dice.up_to(600),
            dup_invoice_at: dice.one_of([
                DupInvoiceAt::Both,
                DupInvoiceAt::Create,
                DupInvoiceAt::Capture,
            ]),
            burn_on: dice.one_of([BurnOn::Paid, BurnOn::Declined, BurnOn::Cancelled]),
            no_status_details: dice.on(),
            recapture_after_denied: dice.one_of([
                RecaptureAfterDenied::AlreadyCaptured,
                RecaptureAfterDenied::NotApproved,
            ]),
            refund_event_without_custom_id: dice.on(),
            dispute_names: dice.one_of([
                DisputeNames::SellerId,
                DisputeNames::InvoiceNumber,
                DisputeNames::Custom,
                DisputeNames::Nothing,
            ]),
            webhook_drop_every: dice.up_to(5),
            webhook_delay_s: dice.up_to(3_600),
            webhook_shuffle_s: dice.up_to(60),
            redelivery: dice.one_of([Redelivery::SameHeaders, Redelivery::Resigned]),
            signed_by: dice.one_of([SignedBy::First, SignedBy::NewCertificate]),
            sale_event_v1: dice.on(),
            retry_after: dice.one_of([RetryAfter::Absent, RetryAfter::Seconds, RetryAfter::Date]),
            start_date_400: dice.on(),
            short_end_date: dice.on(),
            duplicate_row: dice.on(),
            row_without_ids: dice.on(),
            hold_rows: dice.on(),
            numeric_like_ids: dice.on(),
            ..usual
        }
    }
}

struct Dice(Ids);

impl Dice {
    fn on(&mut self) -> bool {
        self.0.up_to(ONCE_IN - 1) == 0
    }

    /// Zero, mostly; else one to so many.
    fn up_to(&mut self, most: u32) -> u32 {
        if self.on() {
            self.0.up_to(most - 1) + 1
        } else {
            0
        }
    }

    /// The first, mostly; else any of them.
    fn one_of<T: Copy, const N: usize>(&mut self, from: [T; N]) -> T {
        let most = u32::try_from(N - 1).unwrap_or_default();
        let at = if self.on() { self.0.up_to(most) } else { 0 };
        let at = usize::try_from(at).unwrap_or_default();
        from.get(at).copied().unwrap_or(from[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_mixes_the_same_habits_and_seeds_differ() {
        assert_eq!(Behaviour::drawn(7), Behaviour::drawn(7));
        assert_ne!(Behaviour::drawn(7), Behaviour::drawn(8));
    }

    #[test]
    fn what_is_drawn_keeps_to_the_limits_and_ends_no_payment_for_good() {
        for seed in 0..1_000 {
            let drawn = Behaviour::drawn(seed).checked().unwrap();
            assert!(!drawn.foreign_order_403 && !drawn.invalid_client && !drawn.token_429);
            assert_eq!((drawn.unknown_status, drawn.pending_reason), (None, None));
        }
    }
}
