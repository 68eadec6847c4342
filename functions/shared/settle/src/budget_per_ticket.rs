//! How often the button of one ticket, and the result page of one attempt, may make us
//! ask PayPal. Whoever has its code can open them as fast as they like, and PayPal's
//! limits are the whole city's.
//!
//! Counted by each process for itself: a table that was written to for each page
//! would be what such a driver makes slow.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::Settle;
use crate::limits::since;

/// Two tabs that wait for an answer, reloaded every five seconds, and a driver who
/// presses a button now and then.
const PER_MINUTE: u32 = 30;

const WINDOW: Duration = Duration::from_mins(1);

/// Who is remembered at most; nothing is held against anybody else.
const REMEMBERED_MAX: usize = 1_000;

/// Who has made us ask, since when, and how often.
#[derive(Debug, Default)]
pub(crate) struct Asks {
    of: Mutex<HashMap<String, (Timestamp, u32)>>,
}

impl Asks {
    fn allow(&self, who: &str, now: Timestamp) -> bool {
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        let is_young = |began: &Timestamp| since(*began, now) < WINDOW;
        if of.len() >= REMEMBERED_MAX && !of.contains_key(who) {
            of.retain(|_, (began, _)| is_young(began));
            if of.len() >= REMEMBERED_MAX {
                of.clear();
            }
        }
        let (began, count) = of.entry(who.to_owned()).or_insert((now, 0));
        if !is_young(began) {
            (*began, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count <= PER_MINUTE
    }
}

impl Settle {
    /// Whether the page of this ticket or attempt may ask PayPal now.
    pub fn may_ask(&self, who: &str, now: Timestamp) -> bool {
        let allowed = self.asks.allow(who, now);
        if !allowed {
            tracing::warn!(who, "a page is opened too fast: PayPal is not asked");
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + seconds).unwrap()
    }

    fn case_number(number: usize) -> String {
        format!("KL-{number}")
    }

    #[test]
    fn a_ticket_may_ask_so_often_a_minute_and_no_other_one_pays_for_it() {
        let asks = Asks::default();
        for _ in 0..PER_MINUTE {
            assert!(asks.allow(&case_number(1), at(0)));
        }
        assert!(!asks.allow(&case_number(1), at(59)));
        assert!(asks.allow(&case_number(2), at(59)));
        assert!(asks.allow(&case_number(1), at(60)));
    }

    #[test]
    fn many_tickets_fill_no_memory() {
        let asks = Asks::default();
        for number in 0..3 * REMEMBERED_MAX {
            assert!(asks.allow(&case_number(number), at(0)));
        }
        assert!(asks.of.lock().unwrap().len() <= REMEMBERED_MAX);
    }
}
