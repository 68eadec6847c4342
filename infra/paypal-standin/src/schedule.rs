//! What happens by itself when its time has come.

use jiff::Timestamp;

use crate::payments::Afterwards;
use crate::state::State;

/// What is still to happen, in the order it was decided.
#[derive(Default)]
pub(crate) struct Schedule(Vec<Due>);

struct Due {
    at: Timestamp,
    capture_id: String,
    what: Afterwards,
}

impl Schedule {
    /// Lets something become of a capture at a time.
    pub(crate) fn add(&mut self, at: Timestamp, capture_id: &str, what: Afterwards) {
        self.0.push(Due {
            at,
            capture_id: capture_id.to_owned(),
            what,
        });
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
            if let Err(reason) = self.afterwards(&due.capture_id, due.what, due.at) {
                // A lever was faster.
                tracing::info!(%reason, "what was due did not happen");
            }
        }
    }
}
