//! What the function is called for: its event says so.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use settle::{Reconciled, Window};
use tokio::time::Instant;

use crate::{App, Sweep, Which, handle};

/// How far back the nightly reconciliation looks: what `PayPal` shows three hours
/// late, and two nights on which it did not run.
pub const NIGHTLY: Duration = Duration::from_hours(3 * 24);

/// What an event asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To sweep over the attempts that are due: any event that says nothing else.
    Sweep,
    /// To hold `PayPal`'s books against the table.
    Reconcile(Window),
}

/// The event asks for a reconciliation, but not for which.
#[derive(Debug, thiserror::Error)]
#[error("not a reconciliation: write {{\"reconcile\": {{\"from\": RFC 3339, \"to\": RFC 3339}}}}")]
pub struct InvalidEvent(#[source] serde_json::Error);

/// What is answered, and written to the log of whoever called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// What the sweep has seen.
    Swept(Sweep),
    /// What the reconciliation has come to.
    Reconciled(Reconciled),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reconcile {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl Asked {
    /// Reads the event. A reconciliation without `to` ends now, one without
    /// `from` begins [`NIGHTLY`] before its end.
    ///
    /// # Errors
    /// When the event asks for a reconciliation and says it wrongly: a sweep in
    /// its place would look as if all were well.
    pub fn of(event: &Value, now: Timestamp) -> Result<Self, InvalidEvent> {
        let Some(reconcile) = event.get("reconcile") else {
            return Ok(Self::Sweep);
        };
        let Reconcile { from, to } = Reconcile::deserialize(reconcile).map_err(InvalidEvent)?;
        let to = to.unwrap_or(now);
        let nightly = || to.saturating_sub(NIGHTLY).unwrap_or(to);
        Ok(Self::Reconcile(Window {
            from: from.unwrap_or_else(nightly),
            to,
        }))
    }
}

/// Does what the event asks for, until `until` at most.
///
/// # Errors
/// When the event asks for a reconciliation and says it wrongly.
pub async fn answer(
    app: &App,
    event: &Value,
    clock: &(dyn Fn() -> Timestamp + Sync),
    until: Instant,
) -> Result<Answer, InvalidEvent> {
    Ok(match Asked::of(event, clock())? {
        Asked::Sweep => Answer::Swept(handle(app, Which::Due, clock, until).await),
        Asked::Reconcile(window) => {
            Answer::Reconciled(app.settle.reconcile(window, clock, until).await)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(event: &str) -> Option<Asked> {
        let now = "2026-11-23T10:00:00Z".parse().unwrap();
        Asked::of(&serde_json::from_str(event).unwrap(), now).ok()
    }

    fn window(from: &str, to: &str) -> Asked {
        Asked::Reconcile(Window {
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
        })
    }

    #[test]
    fn the_events_of_this_project_ask_for_what_their_names_say() {
        let minute = include_str!("../../../events/minute-passes.json");
        let night = include_str!("../../../events/night-passes.json");
        let restored = include_str!("../../../events/table-is-restored.json")
            .replace("__FROM__", "2026-11-22T09:00:00Z")
            .replace("__TO__", "2026-11-23T09:00:00+01:00");
        assert_eq!(asked(minute), Some(Asked::Sweep));
        assert_eq!(
            asked(night),
            Some(window("2026-11-20T10:00:00Z", "2026-11-23T10:00:00Z"))
        );
        assert_eq!(
            asked(&restored),
            Some(window("2026-11-22T09:00:00Z", "2026-11-23T08:00:00Z"))
        );
    }

    #[test]
    fn a_reconciliation_that_is_asked_for_wrongly_is_no_sweep() {
        for event in [
            r#"{"reconcile": {"from": "yesterday"}}"#,
            r#"{"reconcile": {"since": "2026-11-22T09:00:00Z"}}"#,
            r#"{"reconcile": true}"#,
        ] {
            assert_eq!(asked(event), None, "{event}");
        }
    }
}
