//! How far somebody has read the feed of changes.

use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::dynamo::keys::sortable_to_the_millisecond;

/// After so long nothing can be written any more that carries an earlier moment: no
/// function lives longer than 59 s, its clock is 2 s wrong at most, and a request that it
/// has left behind is answered within seconds.
pub const SETTLED_AFTER: SignedDuration = SignedDuration::from_mins(2);

/// Until when nothing more can be written.
pub(crate) fn settled(now: Timestamp) -> Timestamp {
    // A moment that cannot be told from the beginning makes nothing settled.
    now.checked_sub(SETTLED_AFTER).unwrap_or(Timestamp::MIN)
}

/// A place in the feed. `settled` is a sort key: all changes up to it have been given,
/// and none can come to be before it. `reached` is one after it, in the middle of pages
/// whose changes are young: what comes to be before it is given when reading begins again
/// from `settled`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ChangeCursor {
    settled: String,
    reached: Option<String>,
}

/// The text is none that [`ChangeCursor::text`] has written.
#[derive(Debug, thiserror::Error)]
#[error("not a place in the feed")]
pub struct NoChangeCursor;

impl TryFrom<String> for ChangeCursor {
    type Error = NoChangeCursor;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::read(&text).ok_or(NoChangeCursor)
    }
}

impl From<ChangeCursor> for String {
    fn from(cursor: ChangeCursor) -> Self {
        cursor.text()
    }
}

/// What was read.
pub(crate) struct Read<'a> {
    /// The sort keys, in order.
    pub(crate) keys: &'a [&'a str],
    /// Whether there are more.
    pub(crate) more: bool,
}

/// A place from which is being read.
pub(crate) struct Reading {
    settled: String,
    reached: Option<String>,
}

/// Which kind of text this is: another one must not be mistaken for it.
const VERSION: &str = "1";

/// The longest sort key, in bytes; the table refuses to look for a longer one.
/// Source: `DynamoDB`, *Quotas*.
const KEY_LEN_MAX: usize = 1_024;

/// Comes before every id.
const BEFORE_ALL_IDS: &str = "!";

impl ChangeCursor {
    /// The place before all changes of a moment; or somewhat earlier, where a change that
    /// carries an earlier one may still come to be.
    #[must_use]
    pub fn before(at: Timestamp, now: Timestamp) -> Self {
        // The feed begins later than that; a year before the first is written longer than
        // all others, and nobody could read the place again.
        let at = at.min(settled(now)).max(Timestamp::UNIX_EPOCH);
        let at = sortable_to_the_millisecond(at);
        Self {
            settled: format!("{at}#{BEFORE_ALL_IDS}"),
            reached: None,
        }
    }

    /// Up to which moment everything has been given; none at the beginning.
    #[must_use]
    pub fn settled_at(&self) -> Option<Timestamp> {
        let (at, _) = self.settled.split_once('#')?;
        at.parse().ok()
    }

    /// The place as text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{VERSION}|{}", self.settled);
        if let Some(reached) = &self.reached {
            // Writing to a string cannot fail.
            let _ = write!(text, "|{reached}");
        }
        text
    }

    /// Reads what [`ChangeCursor::text`] has written.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('|').map(str::to_owned);
        let version = parts.next()?;
        let (settled, reached) = (parts.next()?, parts.next());
        let is_one = version == VERSION && parts.next().is_none();
        let keys = [Some(&settled), reached.as_ref()];
        let are_keys = keys.into_iter().flatten().all(|key| is_key(key));
        (is_one && are_keys).then_some(Self { settled, reached })
    }

    /// Where to go on at a time when everything before `settled` is.
    pub(crate) fn reading(&self, settled: &str) -> Reading {
        // What was young when it was passed is not any more: who went on from there
        // would settle changes that have come to be behind him.
        let reached = self.reached.clone().filter(|reached| &**reached > settled);
        Reading {
            settled: self.settled.clone(),
            reached,
        }
    }
}

impl Reading {
    /// After which sort key.
    pub(crate) fn from(&self) -> &str {
        self.reached.as_ref().unwrap_or(&self.settled)
    }

    /// Where the next page begins.
    pub(crate) fn next(self, read: &Read<'_>, settled: &str) -> ChangeCursor {
        let last = read.keys.last().map(|key| (*key).to_owned());
        let old = match self.reached {
            // Behind what was young something may have come to be since.
            Some(_) => None,
            // sabotage: the feed skips a change that was written late
            None => read.keys.iter().rfind(|key| **key < settled),
        };
        let settled = old.map_or(self.settled, |key| (*key).to_owned());
        let reached = last.filter(|last| read.more && **last > *settled);
        ChangeCursor { settled, reached }
    }
}

/// Whether it looks like a sort key of the feed, or like the beginning.
fn is_key(text: &str) -> bool {
    let Some((at, id)) = text.split_once('#') else {
        return text.is_empty();
    };
    let is_moment =
        at.len() == "0000-00-00T00:00:00.000Z".len() && at.parse::<jiff::Timestamp>().is_ok();
    is_moment && !id.is_empty() && text.len() <= KEY_LEN_MAX
}

#[cfg(test)]
mod tests;
