//! What the function is called for: its event says so.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use settle::sweep::{Scope, Sweep};
use settle::{NIGHT_REACH, Reconciled, Window};
use tokio::time::Instant;

use crate::App;

/// In which minute of each hour the sweep looks whether a night is missing.
const LOOKS_AT_THE_NIGHT: i64 = 37;

/// What an event asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// To sweep over the attempts that are due: any event that says nothing else.
    Sweep,
    /// To hold PayPal's books against the table.
    Reconcile(Window),
}

/// The event asks for a reconciliation, but not for which.
#[derive(Debug, thiserror::Error)]
#[error("not a reconciliation: write {{\"reconcile\": {{\"from\": RFC 3339, \"to\": RFC 3339}}}}")]
pub struct InvalidEvent(#[source] serde_json::Error);

/// What is answered, and written to the log of whoever called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "one of them is made in a call")]
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

impl Request {
    /// Reads the event. A reconciliation without `to` ends now, one without
    /// `from` reaches as far back as those of each night.
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
        let nightly = || to.saturating_sub(NIGHT_REACH).unwrap_or(to);
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
    Ok(match Request::of(event, clock())? {
        Request::Sweep => {
            // A sweep may take most of a minute: which one it was begun in counts.
            let begun_at = clock();
            let swept = app.settle.sweep(&app.pace, Scope::Due, clock, until).await;
            look_at_the_night(app, begun_at).await;
            Answer::Swept(swept)
        }
        Request::Reconcile(window) => {
            let reconciled = Box::pin(app.settle.reconcile(window, clock, until));
            Answer::Reconciled(reconciled.await)
        }
    })
}

/// Once an hour: a comparison that does not come to its end cannot say so itself.
async fn look_at_the_night(app: &App, now: Timestamp) {
    if now.as_second().div_euclid(60).rem_euclid(60) != LOOKS_AT_THE_NIGHT {
        return;
    }
    match app.settle.is_night_missing(now).await {
        Ok(false) => {}
        Ok(true) => tracing::error!(
            alarm = "night-missing",
            "the nightly comparison of PayPal's books with the table has not come to its end"
        ),
        Err(error) => tracing::error!(%error, "nobody knows whether a night is missing"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(event: &str) -> Option<Request> {
        let now = "2026-11-23T10:00:00Z".parse().unwrap();
        Request::of(&serde_json::from_str(event).unwrap(), now).ok()
    }

    fn window(from: &str, to: &str) -> Request {
        Request::Reconcile(Window {
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
        })
    }

    #[test]
    fn the_events_of_this_project_ask_for_what_their_names_say() {
        let minute = include_str!("../../../events/minute-passes.json");
        let restored = include_str!("../../../events/table-is-restored.json")
            .replace("__FROM__", "2026-11-22T09:00:00Z")
            .replace("__TO__", "2026-11-23T09:00:00+01:00");
        assert_eq!(asked(minute), Some(Request::Sweep));
        assert_eq!(
            asked(r#"{"reconcile": {}}"#),
            Some(window("2026-11-19T10:00:00Z", "2026-11-23T10:00:00Z"))
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
