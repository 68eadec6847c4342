//! Too many calls: PayPal counts them all together, whatever they ask for.

use jiff::{SignedDuration, Timestamp};

use crate::answers::Refusal;
use crate::behaviour::{RetryAfter, seconds};
use crate::routes::Route;
use crate::state::{State, Traffic, later};

/// The time in which calls are counted.
const WINDOW: SignedDuration = SignedDuration::from_mins(1);

impl State {
    /// Counts a call; the refusal, if it is one too many.
    pub(crate) fn too_many(&mut self, route: Route<'_>, now: Timestamp) -> Option<Refusal> {
        if route == Route::Token && self.behaviour.token_429 {
            return Some(self.come_again(self.behaviour.block_s, now));
        }
        // Certificates come from elsewhere; the payer's page and the levers are
        // nobody's calls.
        if route != Route::Token && !route.needs_token() {
            return None;
        }
        let rate = usize::try_from(self.behaviour.rate_per_min_ip).unwrap_or(usize::MAX);
        if rate == 0 {
            self.traffic = Traffic::default();
            return None;
        }
        if let Some(until) = self.traffic.blocked_until {
            if now < until {
                let left = u32::try_from(until.duration_since(now).as_secs()).unwrap_or_default();
                return Some(self.come_again(left, now));
            }
            self.traffic = Traffic::default();
        }
        let calls = &mut self.traffic.calls;
        calls.push_back(now);
        while calls
            .front()
            .is_some_and(|&call| now >= later(call, WINDOW))
        {
            calls.pop_front();
        }
        if calls.len() <= rate {
            return None;
        }
        let block_s = self.behaviour.block_s;
        self.traffic.blocked_until = Some(later(now, seconds(block_s)));
        Some(self.come_again(block_s, now))
    }

    /// 429, with the time to come again as the behaviour tells it.
    fn come_again(&self, after_s: u32, now: Timestamp) -> Refusal {
        let told = match self.behaviour.retry_after {
            RetryAfter::Absent => None,
            RetryAfter::Seconds => Some(after_s.to_string()),
            RetryAfter::Date => {
                let at = later(now, seconds(after_s));
                Some(at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
            }
        };
        Refusal::issue("RATE_LIMIT_REACHED").retry_after(told)
    }
}
