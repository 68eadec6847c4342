//! From when to when PayPal's books are looked into, and in which parts.

use std::time::Duration;

use jiff::Timestamp;
use paypal::SEARCH_LAG;

use crate::limits::{SEARCH_SLICE, since};

/// From when to when PayPal's books are looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first moment.
    pub from: Timestamp,
    /// The last one; nothing later than now.
    pub to: Timestamp,
}

/// The shortest slice: PayPal takes whole seconds.
pub(crate) const SLICE_MIN: Duration = Duration::from_secs(1);

/// The next part of a window. A last one shorter than PayPal's lag is joined to
/// the one before: PayPal takes no window that begins where it shows nothing.
pub(crate) fn next_slice(from: Timestamp, end: Timestamp, length: Duration) -> Window {
    let to = from.saturating_add(length).unwrap_or(end).min(end);
    let rest: Duration = end.duration_since(to).try_into().unwrap_or_default();
    let is_short = rest < SEARCH_LAG.min(length);
    Window {
        from,
        to: if is_short { end } else { to },
    }
}

/// Half of a slice; nothing where it cannot be any shorter.
pub(crate) fn shorter(length: Duration) -> Option<Duration> {
    if length > SLICE_MIN {
        return Some(Duration::from_secs(length.as_secs() / 2).max(SLICE_MIN));
    }
    tracing::error!(
        alarm = "books-too-large",
        "a second of PayPal's books is more than can be looked at"
    );
    None
}

/// How long the slice may be after one of a length that was read between two
/// moments: PayPal may have cut it.
pub(crate) fn longer(length: Duration, from: Timestamp, to: Timestamp) -> Duration {
    (length.min(since(from, to)) * 2).clamp(SLICE_MIN, SEARCH_SLICE)
}

/// What was booked until then must be in PayPal's books by now.
pub(crate) fn old_enough(now: Timestamp) -> Timestamp {
    now.saturating_sub(BOOKING_SHOWN_AFTER).unwrap_or(now)
}

/// How long after its booking money must stand in PayPal's books: their longest
/// lag, and room for both clocks.
pub(crate) const BOOKING_SHOWN_AFTER: Duration = Duration::from_hours(38);

/// PayPal takes whole seconds, and slices must meet without a gap.
pub(crate) fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// A part of the window is one search, and what is compared was shown by then.
const _: () = assert!(
    SEARCH_SLICE.as_secs() + SEARCH_LAG.as_secs() < paypal::SEARCH_WINDOW_MAX.as_secs()
        && SEARCH_SLICE.as_secs() > Duration::from_hours(1).as_secs()
        && BOOKING_SHOWN_AFTER.as_secs() > paypal::SEARCH_LAG_MAX.as_secs()
);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn slices_meet_without_a_gap_and_a_short_last_one_is_joined() {
        let (from, end) = (at("2026-11-20T08:00:00Z"), at("2026-11-23T10:30:00Z"));
        let (mut slices, mut next) = (Vec::new(), from);
        while next < end {
            let slice = next_slice(next, end, SEARCH_SLICE);
            assert_eq!(slice.from, next);
            next = slice.to;
            slices.push(slice);
        }
        // The last two and a half hours are no slice of their own.
        assert_eq!(slices.len(), 3);
        assert_eq!(slices.last().unwrap().to, end);
    }

    #[test]
    fn a_slice_is_halved_until_it_is_a_second_and_always_gets_shorter() {
        let (from, end) = (at("2026-11-20T08:00:00Z"), at("2026-11-21T08:00:01Z"));
        let (mut length, mut before) = (SEARCH_SLICE, end);
        let mut halvings = 0;
        while let Some(half) = shorter(length) {
            length = half;
            halvings += 1;
            let slice = next_slice(from, end, length);
            assert!(slice.to < before, "{length:?}");
            before = slice.to;
        }
        assert_eq!(length, SLICE_MIN);
        assert!(halvings <= 17, "{halvings}");
    }
}
