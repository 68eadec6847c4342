//! How fast a sweep may ask PayPal, and when it must be silent: a budget of calls,
//! and one breaker. PayPal blocks whoever calls too often, and every driver with
//! them; and a PayPal that hangs must not cost a sweep all of its time.
//!
//! ```text
//! begin ─▶ how many calls, or: silent until …
//!          the first look goes alone, until PayPal has answered once
//!          a 429, or silence: the sweep stops, and the next ones wait 5 s … 5 min
//! end   ─▶ a sweep that did not have to stop: the breaker is as new
//! ```
//!
//! Remembered by the process; what it has counted and what time it is are handed in.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use paypal::{RetryAfter, Traffic};

use crate::limits::SANDBOX_CALLS_PER_SWEEP;

/// Looks of one sweep that go on at once: while one waits for PayPal, others can
/// go on, but never a crowd.
pub const SIDE_BY_SIDE: usize = 4;

/// Calls a second on average, where `PAYPAL_CALLS_PER_SECOND` does not say otherwise.
const CALLS_PER_SECOND: u32 = 2;
/// What it may say. PayPal publishes no limit of its own; a sweep reads its index no
/// further than for this many.
const CALLS_PER_SECOND_ALLOWED: std::ops::RangeInclusive<u32> = 1..=20;

/// A sweep begins each minute, and its calls are this time's.
const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// So many calls in a row without an answer, and a sweep stops: more would only wait
/// for their time limits.
const UNANSWERED_MAX: u32 = 3;

/// How long the sweeps are silent after one has stopped: the first time,
const PAUSE_MIN: Duration = Duration::from_secs(5);
/// and at most, each time twice as long.
const PAUSE_MAX: Duration = Duration::from_mins(5);
/// PayPal's own word is obeyed for so long; a slip of its pen must not end the
/// sweeps for a day.
const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);

/// `PAYPAL_CALLS_PER_SECOND` says something else than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "PAYPAL_CALLS_PER_SECOND is no number from 1 to 20: write how many calls a second the sweep may make on average, or leave it out for 2"
)]
pub struct InvalidCallsPerSecond;

/// What the sweeps of a process may ask.
#[derive(Debug)]
pub struct Pace {
    calls_per_sweep: u32,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Calls that may be made; what a sweep has made too many is missing from it.
    left: i64,
    /// Since when nothing was added.
    since: Option<Timestamp>,
    /// How many sweeps had to stop, one after the other.
    stops: u32,
    silent_until: Option<Timestamp>,
    /// PayPal has answered in the last sweep that asked, which did not have to stop.
    is_proven: bool,
}

/// One sweep's share.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    calls: u64,
    before: Traffic,
    is_proven: bool,
}

/// Why a sweep stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// 429.
    TooMany,
    /// Call after call without an answer.
    Silence,
}

impl Pace {
    /// Reads `PAYPAL_CALLS_PER_SECOND`, and from `PAYPAL_ENVIRONMENT` whether it is
    /// the sandbox.
    ///
    /// # Errors
    /// When it is set to anything but a number from 1 to 20.
    pub fn from_vars(vars: &dyn Fn(&str) -> Option<String>) -> Result<Self, InvalidCallsPerSecond> {
        let set = vars("PAYPAL_CALLS_PER_SECOND").filter(|value| !value.is_empty());
        let per_second = set.map_or(Ok(CALLS_PER_SECOND), |value| {
            let number = value.parse().ok();
            number
                .filter(|number| CALLS_PER_SECOND_ALLOWED.contains(number))
                .ok_or(InvalidCallsPerSecond)
        })?;
        let a_minute = u32::try_from(SWEEP_EVERY.as_secs()).unwrap_or(1);
        let configured = per_second * a_minute;
        let is_sandbox = vars("PAYPAL_ENVIRONMENT").as_deref() == Some("sandbox");
        let calls_per_sweep = if is_sandbox {
            configured.min(SANDBOX_CALLS_PER_SWEEP)
        } else {
            configured
        };
        Ok(Self {
            calls_per_sweep,
            state: Mutex::new(State {
                left: calls_per_sweep.into(),
                since: None,
                stops: 0,
                silent_until: None,
                is_proven: false,
            }),
        })
    }

    /// How many calls a sweep may make: no more attempts need be read.
    #[must_use]
    pub const fn calls_per_sweep(&self) -> u32 {
        self.calls_per_sweep
    }

    /// A sweep begins.
    ///
    /// # Errors
    /// Until when nothing may be asked.
    pub fn begin(&self, now: Timestamp, traffic: Traffic) -> Result<Turn, Timestamp> {
        let mut state = self.state();
        if let Some(until) = state.silent_until.filter(|until| now < *until) {
            return Err(until);
        }
        let most = i64::from(self.calls_per_sweep);
        let passed = state.since.map_or(Duration::ZERO, |since| {
            now.duration_since(since).try_into().unwrap_or_default()
        });
        let passed_ms = i64::try_from(passed.min(SWEEP_EVERY).as_millis()).unwrap_or(0);
        let every_ms = i64::try_from(SWEEP_EVERY.as_millis()).unwrap_or(1);
        state.left = (state.left + most * passed_ms / every_ms).min(most);
        state.since = Some(now);
        Ok(Turn {
            calls: state.left.try_into().unwrap_or(0),
            before: traffic,
            is_proven: state.is_proven && traffic.unanswered_in_a_row == 0,
        })
    }

    /// The sweep has ended.
    pub fn end(&self, turn: &Turn, now: Timestamp, traffic: Traffic) {
        let mut state = self.state();
        let calls = traffic.calls - turn.before.calls;
        state.left -= i64::try_from(calls).unwrap_or(i64::MAX);
        let Some(stop) = turn.stop(traffic) else {
            if turn.has_answer(traffic) {
                state.stops = 0;
                state.silent_until = None;
                state.is_proven = true;
            }
            return;
        };
        let widened = PAUSE_MIN * 2_u32.saturating_pow(state.stops.min(10));
        let pause = widened.min(PAUSE_MAX);
        state.stops = state.stops.saturating_add(1);
        state.is_proven = false;
        let told = match (stop, traffic.retry_after) {
            (Stop::TooMany, Some(RetryAfter::For(wait))) => later(now, wait.min(RETRY_AFTER_MAX)),
            (Stop::TooMany, Some(RetryAfter::Until(at))) => at.min(later(now, RETRY_AFTER_MAX)),
            (Stop::TooMany, None) | (Stop::Silence, _) => now,
        };
        let until = later(now, pause).max(told);
        state.silent_until = Some(until);
        let stops = state.stops;
        if pause < PAUSE_MAX {
            tracing::warn!(?stop, %until, stops, "the sweep has stopped: PayPal does not answer, or not that many calls");
        } else {
            tracing::error!(alarm = "sweep-silenced", ?stop, %until, stops, "the sweeps get nowhere: PayPal does not answer, or not that many calls");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Whether another look may begin beside so many others.
    #[must_use]
    pub fn lets_in(&self, traffic: Traffic, beside: usize) -> bool {
        if self.stop(traffic).is_some() {
            return false;
        }
        // One is enough to find a PayPal that is down, or blocks us.
        let most = if self.is_proven || self.has_answer(traffic) {
            SIDE_BY_SIDE
        } else {
            1
        };
        // Each look under way may still have its call to make.
        let calls = traffic.calls - self.before.calls;
        let spoken_for = calls + u64::try_from(beside).unwrap_or(u64::MAX);
        beside < most && spoken_for < self.calls
    }

    fn has_answer(&self, traffic: Traffic) -> bool {
        traffic.answered > self.before.answered
    }

    fn stop(&self, traffic: Traffic) -> Option<Stop> {
        let unanswered_max = if self.is_proven || self.has_answer(traffic) {
            UNANSWERED_MAX
        } else {
            1
        };
        let unanswered = traffic.unanswered - self.before.unanswered;
        let in_a_row = u64::from(traffic.unanswered_in_a_row).min(unanswered);
        if traffic.too_many > self.before.too_many {
            Some(Stop::TooMany)
        } else if in_a_row >= unanswered_max.into() {
            Some(Stop::Silence)
        } else {
            None
        }
    }
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.saturating_add(by).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(variables: &[(&str, &str)]) -> Result<Pace, InvalidCallsPerSecond> {
        Pace::from_vars(&|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    /// What comes back.
    #[derive(Clone, Copy)]
    enum Says {
        Something,
        Nothing,
        TooMany(Option<RetryAfter>),
    }

    /// A process whose every look is one call.
    struct Process {
        pace: Pace,
        traffic: Traffic,
    }

    impl Process {
        fn new(variables: &[(&str, &str)]) -> Self {
            Self {
                pace: pace(variables).unwrap(),
                traffic: Traffic::default(),
            }
        }

        /// A sweep with so much to do: how many looks it began, all answered so, and
        /// how many of them at most were under way at once.
        fn sweep(&mut self, second: i64, due: u64, says: Says) -> (u64, usize) {
            let Ok(turn) = self.pace.begin(at(second), self.traffic) else {
                return (0, 0);
            };
            let (mut begun, mut under_way, mut most) = (0, 0, 0);
            loop {
                while begun < due && turn.lets_in(self.traffic, under_way) {
                    begun += 1;
                    under_way += 1;
                    most = most.max(under_way);
                }
                if under_way == 0 {
                    self.pace.end(&turn, at(second), self.traffic);
                    return (begun, most);
                }
                under_way -= 1;
                self.answer(says);
            }
        }

        fn answer(&mut self, says: Says) {
            let traffic = &mut self.traffic;
            traffic.calls += 1;
            match says {
                Says::Something => {
                    traffic.answered += 1;
                    traffic.unanswered_in_a_row = 0;
                }
                Says::Nothing => {
                    traffic.unanswered += 1;
                    traffic.unanswered_in_a_row += 1;
                }
                Says::TooMany(retry_after) => {
                    traffic.too_many += 1;
                    traffic.retry_after = retry_after;
                }
            }
        }

        /// The first second from here on in which something is asked.
        fn asks_again(&mut self, from: i64) -> i64 {
            let asks = |second: &i64| self.pace.begin(at(*second), self.traffic).is_ok();
            (from..from + 10_000).find(asks).unwrap()
        }
    }

    #[test]
    fn a_sweep_makes_as_many_calls_as_a_minute_has_at_the_rate_and_no_more() {
        for (variables, calls) in [
            (&[][..], 120),
            (&[("PAYPAL_CALLS_PER_SECOND", "")][..], 120),
            (&[("PAYPAL_CALLS_PER_SECOND", "1")][..], 60),
            (&[("PAYPAL_CALLS_PER_SECOND", "20")][..], 1_200),
            (&[("PAYPAL_ENVIRONMENT", "live")][..], 120),
        ] {
            let mut process = Process::new(variables);
            for minute in 0..5 {
                let (looks, side_by_side) = process.sweep(minute * 60, 9_999, Says::Something);
                assert_eq!(looks, calls, "{variables:?}");
                assert_eq!(side_by_side, SIDE_BY_SIDE);
            }
        }
    }

    #[test]
    fn no_minute_in_the_sandbox_has_fifty_calls_whatever_is_configured() {
        for rate in ["1", "2", "20"] {
            let sandbox = [
                ("PAYPAL_ENVIRONMENT", "sandbox"),
                ("PAYPAL_CALLS_PER_SECOND", rate),
            ];
            let mut process = Process::new(&sandbox);
            let (one, _) = process.sweep(0, 9_999, Says::Something);
            let (next, _) = process.sweep(60, 9_999, Says::Something);
            assert!(one > 0 && one + next < 50, "{one} and {next}");
        }
    }

    #[test]
    fn a_rate_that_is_none_is_refused_and_named() {
        for wrong in ["0", "21", "-1", "2.5", "fast"] {
            let error = pace(&[("PAYPAL_CALLS_PER_SECOND", wrong)]).unwrap_err();
            assert!(error.to_string().contains("PAYPAL_CALLS_PER_SECOND"));
        }
    }

    #[test]
    fn sweeps_that_come_sooner_share_the_minute_and_a_late_one_has_no_more() {
        let mut process = Process::new(&[]);
        assert_eq!(process.sweep(0, 9_999, Says::Something).0, 120);
        assert_eq!(process.sweep(15, 9_999, Says::Something).0, 30);
        assert_eq!(process.sweep(15, 9_999, Says::Something).0, 0);
        assert_eq!(process.sweep(600, 9_999, Says::Something).0, 120);
    }

    #[test]
    fn calls_beyond_the_budget_are_paid_back_by_the_next_sweep() {
        let mut process = Process::new(&[]);
        let turn = process.pace.begin(at(0), process.traffic).unwrap();
        for _ in 0..130 {
            process.answer(Says::Something);
        }
        assert!(!turn.lets_in(process.traffic, 0));
        process.pace.end(&turn, at(0), process.traffic);
        assert_eq!(process.sweep(60, 9_999, Says::Something).0, 110);
    }

    #[test]
    fn the_first_look_of_a_process_goes_alone() {
        let mut process = Process::new(&[]);
        let turn = process.pace.begin(at(0), process.traffic).unwrap();
        assert!(turn.lets_in(process.traffic, 0));
        assert!(!turn.lets_in(process.traffic, 1));
        process.answer(Says::Something);
        assert!(turn.lets_in(process.traffic, SIDE_BY_SIDE - 1));
        assert!(!turn.lets_in(process.traffic, SIDE_BY_SIDE));
    }

    #[test]
    fn a_429_stops_a_sweep_and_each_pause_is_twice_the_last_up_to_five_minutes() {
        let mut process = Process::new(&[]);
        process.sweep(0, 10, Says::Something);
        let mut second = 60;
        let mut pauses = Vec::new();
        for stop in 0..9 {
            let (looks, _) = process.sweep(second, 9_999, Says::TooMany(None));
            let most = if stop == 0 { SIDE_BY_SIDE } else { 1 };
            assert!(looks <= u64::try_from(most).unwrap(), "{looks} looks");
            let again = process.asks_again(second);
            pauses.push(again - second);
            second = again;
        }
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
        // A sweep without one, and the pauses begin anew.
        assert_eq!(process.sweep(second + 60, 10, Says::Something).0, 10);
        process.sweep(second + 120, 10, Says::TooMany(None));
        assert_eq!(process.asks_again(second + 120), second + 125);
    }

    #[test]
    fn a_429_that_names_a_time_is_obeyed_for_an_hour_at_most() {
        let seconds = |seconds| Some(RetryAfter::For(Duration::from_secs(seconds)));
        for (told, pause) in [
            (seconds(90), 90),
            (seconds(1), 5),
            (seconds(u64::MAX), 3_600),
            (Some(RetryAfter::Until(at(240))), 240),
            (Some(RetryAfter::Until(at(-240))), 5),
            (Some(RetryAfter::Until(Timestamp::MAX)), 3_600),
        ] {
            let mut process = Process::new(&[]);
            assert_eq!(process.sweep(0, 10, Says::TooMany(told)).0, 1);
            assert_eq!(process.asks_again(0), pause, "{told:?}");
        }
    }

    #[test]
    fn a_few_calls_in_a_row_without_an_answer_stop_a_sweep_and_then_one_is_enough() {
        let mut process = Process::new(&[]);
        process.sweep(0, 10, Says::Something);
        let (looks, _) = process.sweep(60, 9_999, Says::Nothing);
        assert!((3..=6).contains(&looks), "{looks}");
        assert_eq!(process.sweep(120, 9_999, Says::Nothing).0, 1);
        assert_eq!(process.sweep(180, 9_999, Says::Nothing).0, 1);
        assert_eq!(process.sweep(240, 9_999, Says::Something).0, 120);
    }

    #[test]
    fn now_and_then_a_call_without_an_answer_stops_nothing() {
        let mut process = Process::new(&[]);
        let turn = process.pace.begin(at(0), process.traffic).unwrap();
        for _ in 0..20 {
            process.answer(Says::Something);
            process.answer(Says::Nothing);
            process.answer(Says::Nothing);
            assert!(turn.lets_in(process.traffic, 0));
        }
        process.answer(Says::Nothing);
        assert!(!turn.lets_in(process.traffic, 0));
    }
}
