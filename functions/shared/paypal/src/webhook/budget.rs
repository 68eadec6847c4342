//! How often PayPal is asked for the sake of deliveries that nobody has verified.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Calls a minute, of one process. Whoever knows the webhook's address could
/// otherwise make us call as often as he calls us, until PayPal shuts us out: its
/// sandbox does so at 50 a minute.
pub(super) const CALLS_PER_MINUTE: usize = 10;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// The calls of the last minute.
#[derive(Debug)]
pub(super) struct Budget(Mutex<Vec<Timestamp>>);

impl Budget {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Whether so many calls may be made now; they count then.
    pub(super) fn take(&self, calls: usize, now: Timestamp) -> bool {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        made.retain(|at| now.duration_since(*at).abs() < MINUTE);
        let fits = made.len() + calls <= CALLS_PER_MINUTE;
        if fits {
            made.extend(std::iter::repeat_n(now, calls));
        }
        fits
    }
}
