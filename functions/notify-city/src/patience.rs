//! What follows from a try that failed, for the message and for its subscriber. Pure.

use jiff::{SignedDuration, Timestamp};
use store::{Message, MessageState, Tries, Trouble};

use crate::sender::Failure;
use crate::wake::Wake;

/// How long a message is tried for; the last try is made then.
pub const TRIED_FOR: SignedDuration = SignedDuration::from_hours(72);

/// How long a message waits after each try that failed; after more of them as long as
/// after the last one here.
pub const WAITS: [SignedDuration; 9] = [
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(2),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(15),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(4),
    SignedDuration::from_hours(6),
];

/// So many failures in a row are the subscriber's, and not those of its messages.
pub(crate) const IN_A_ROW_MAX: u32 = 3;

/// How long a subscriber is left alone after so many; again, until it takes something.
pub const PAUSES: [SignedDuration; 5] = [
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(2),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(10),
    SignedDuration::from_mins(15),
];

/// So much earlier than said a wait or a pause is over. The schedule looks once a minute,
/// and a try fails some seconds after the look that has brought it: three that hang take
/// fifteen. Whatever is not due by so little would wait for a minute more.
const EARLY: SignedDuration = SignedDuration::from_secs(20);

/// How many are sent at the same time to a subscriber that was well when it was last told
/// something: so many fail before it is left alone.
const AT_ONCE_FIRST: usize = 8;

/// How many are once it has answered to one. The night's new tickets are hundreds, and a
/// payment is behind them.
const AT_ONCE: usize = 32;

/// By these a host says something about itself, or about whoever sends; by every other 4xx
/// that it will not have this message.
const ABOUT_THE_HOST: [u16; 7] = [401, 403, 404, 408, 410, 425, 429];

/// How many failed messages go before the feed while a subscriber is in trouble. One try
/// is left for what is new: what cannot be taken must not keep a subscriber that is well
/// from hearing anything else.
pub(crate) const FAILED_FIRST: usize = 2;

/// Whether the message alone was not taken; its subscriber is well, and takes others.
pub(crate) fn is_of_the_message(failure: Failure) -> bool {
    match failure {
        Failure::Status { status, .. } => {
            status.is_client_error() && !ABOUT_THE_HOST.contains(&status.as_u16())
        }
        Failure::Unwritable => true,
        Failure::NoAnswer
        | Failure::NoPublicAddress
        | Failure::NotReached
        | Failure::NotHttp
        | Failure::Redirect(_) => false,
    }
}

/// How a message stands that was not taken, after so many redeliveries.
pub(crate) fn not_taken(
    before: Option<&Tries>,
    failure: Failure,
    asked: u32,
    now: Timestamp,
) -> MessageState {
    let tries = Tries {
        first_failed_at: before.map_or(now, |tries| tries.first_failed_at),
        count: before.map_or(0, |tries| tries.count).saturating_add(1),
        outcome: failure.to_string(),
        refused_after: is_of_the_message(failure).then_some(asked),
    };
    let last_try_at = later(tries.first_failed_at, TRIED_FOR);
    if now >= last_try_at {
        return MessageState::Parked {
            tries,
            parked_at: now,
        };
    }
    let next_try_at = later(now, nth(&WAITS, tries.count) - EARLY).min(last_try_at);
    MessageState::Failed { tries, next_try_at }
}

/// Whether a message waits for its time even when its subscriber is well again, or is
/// sent again what it did not take: it was refused for what it says, and nobody has asked
/// for it since. Hundreds of those would be sent each time.
pub(crate) fn keeps_its_time(message: &Message, asked: u32, now: Timestamp) -> bool {
    match &message.state {
        MessageState::Failed { tries, next_try_at } => {
            tries.refused_after == Some(asked) && *next_try_at > now
        }
        MessageState::Told { .. } | MessageState::Parked { .. } => false,
    }
}

/// How a subscriber stands that has not taken something.
pub(crate) fn trouble(before: Option<Trouble>, failure: Failure, now: Timestamp) -> Trouble {
    let outcome = failure.to_string();
    // Whoever asks for an hour by mistake is not to wait for it.
    let asked_for = failure.retry_after().min(nth(&PAUSES, u32::MAX));
    let until_asked = (!asked_for.is_zero()).then(|| later(now, asked_for));
    let before = before.unwrap_or_else(|| Trouble {
        since: now,
        in_a_row: 0,
        pauses: 0,
        paused_until: None,
        outcome: String::new(),
    });
    // Sent before the pause began, beside those that have brought it.
    if is_paused(&before, now) {
        return Trouble {
            paused_until: before.paused_until.max(until_asked),
            outcome,
            ..before
        };
    }
    let in_a_row = before.in_a_row.saturating_add(1);
    if in_a_row < IN_A_ROW_MAX {
        return Trouble {
            in_a_row,
            paused_until: until_asked,
            outcome,
            ..before
        };
    }
    let pauses = before.pauses.saturating_add(1);
    Trouble {
        in_a_row: 0,
        pauses,
        paused_until: Some(later(now, nth(&PAUSES, pauses) - EARLY)).max(until_asked),
        outcome,
        ..before
    }
}

/// Whether anything may be sent now.
pub(crate) fn may_send(trouble: Option<&Trouble>, wake: Wake, now: Timestamp) -> bool {
    match (trouble, wake) {
        (Some(trouble), Wake::Change) => !is_known_to_fail(trouble) && !is_paused(trouble, now),
        (Some(trouble), Wake::Minute) => !is_paused(trouble, now),
        (None, Wake::Change | Wake::Minute) => true,
    }
}

/// How many may be sent at the same time.
pub(crate) const fn at_once(trouble: Option<&Trouble>, is_well: bool) -> usize {
    match trouble {
        // Of eight that hang seven would tell nothing new.
        Some(_) => 1,
        None if is_well => AT_ONCE,
        None => AT_ONCE_FIRST,
    }
}

/// Whether it has been left alone before, and has taken nothing since. A change wakes
/// nobody for it: a try may take its five seconds, in which the stream hands on no other
/// change, and the other subscribers would hear it late.
pub(crate) const fn is_known_to_fail(trouble: &Trouble) -> bool {
    trouble.pauses > 0
}

pub(crate) fn is_paused(trouble: &Trouble, now: Timestamp) -> bool {
    trouble.paused_until.is_some_and(|until| until > now)
}

/// The wait after the `count`th.
fn nth(waits: &[SignedDuration], count: u32) -> SignedDuration {
    let index = usize::try_from(count.saturating_sub(1)).unwrap_or(usize::MAX);
    let last = waits.last().copied().unwrap_or_default();
    waits.get(index).copied().unwrap_or(last)
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
