//! What happens by itself when its time has come.

use jiff::Timestamp;

use crate::payments::{Afterwards, RefundEnds};
use crate::state::State;

/// What is still to happen, in the order it was decided.
#[derive(Default)]
pub(crate) struct Schedule(Vec<Due>);

struct Due {
    at: Timestamp,
    id: String,
    what: What,
}

enum What {
    Capture(Afterwards),
    Refund(RefundEnds),
}

impl Schedule {
    /// Lets something become of a capture at a time.
    pub(crate) fn capture(&mut self, at: Timestamp, id: &str, what: Afterwards) {
        let (id, what) = (id.to_owned(), What::Capture(what));
        self.0.push(Due { at, id, what });
    }

    /// Lets a refund end at a time.
    pub(crate) fn refund(&mut self, at: Timestamp, id: &str, ends: RefundEnds) {
        let (id, what) = (id.to_owned(), What::Refund(ends));
        self.0.push(Due { at, id, what });
    }

    /// When the next thing happens.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.0.iter().map(|due| due.at).min()
    }

    /// The earliest that is due, taken out.
    fn take(&mut self, now: Timestamp) -> Option<Due> {
        let next = self.next().filter(|at| *at <= now)?;
        let place = self.0.iter().position(|due| due.at == next)?;
        Some(self.0.remove(place))
    }
}

impl State {
    /// Lets happen what is due by now, each at its own time.
    pub(crate) fn pass_time(&mut self, now: Timestamp) {
        while let Some(due) = self.schedule.take(now) {
            let done = match due.what {
                What::Capture(what) => self.afterwards(&due.id, what, due.at),
                What::Refund(ends) => self.end_refund(&due.id, ends, due.at),
            };
            if let Err(reason) = done {
                // A lever was faster.
                tracing::info!(%reason, "what was due did not happen");
            }
        }
    }
}
