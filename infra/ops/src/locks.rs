//! Locks: while one stands nobody else can pay its ticket online.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use store::{AttemptState, Held, Write};
use ticket::Ticket;

use crate::place::Place;
use crate::report::Report;
use crate::setting::Setting;
use crate::{Problem, Vars};

/// Every lock, the oldest first.
pub(crate) async fn list(
    place: &Place,
    vars: &Vars<'_>,
    now: Timestamp,
) -> Result<Report, Problem> {
    let (store, _) = place.table(vars).await?;
    let mut tickets = store.locked_tickets().await?;
    tickets.sort_by_key(|ticket| ticket.lock().map(|lock| lock.since));
    let mut lines: Vec<String> = tickets.iter().filter_map(|it| line(it, now)).collect();
    if lines.is_empty() {
        lines.push("no ticket is locked".to_owned());
    }
    let listed: Vec<_> = tickets
        .iter()
        .filter_map(|ticket| {
            let lock = ticket.lock()?;
            Some(json!({
                "case_number": ticket.case_number,
                "attempt": lock.attempt,
                "since": lock.since,
                "until": lock.until,
                "refused_as": lock.refused_as,
            }))
        })
        .collect();
    Ok(Report::new(lines, json!(listed)))
}

fn line(ticket: &Ticket, now: Timestamp) -> Option<String> {
    let lock = ticket.lock()?;
    let minutes = now.duration_since(lock.since).as_mins();
    let stands = if lock.until > now {
        "its capture may be under way".to_owned()
    } else {
        match &lock.refused_as {
            Some(code) => format!("PayPal has not said whether money moved; its last word: {code}"),
            None => "PayPal has not said whether money moved".to_owned(),
        }
    };
    Some(format!(
        "{}  attempt {}  for {minutes} min  {stands}",
        ticket.case_number, lock.attempt
    ))
}

/// What a lock may have let through is in PayPal's books three hours later (Transaction
/// Search v1); clocks differ.
const IN_THE_BOOKS: SignedDuration = SignedDuration::from_mins(190);

/// Takes away what a restore has brought back and nothing else would end: locks of attempts
/// that the table does not know, or that are over. What they waited for has been booked out
/// of PayPal's books by then.
pub(crate) async fn release(
    place: &Place,
    vars: &Vars<'_>,
    now: Timestamp,
) -> Result<Report, Problem> {
    let captures = Setting::of("captures").ok_or_else(|| Problem::new("no such setting"))?;
    let is_closed = place.setting(captures).await?.as_deref() == Some("closed");
    let is_applied = match place {
        Place::Local(_) => true,
        Place::Deployed(stack) => stack.not_applied(&stack.told().await?).await?.is_none(),
    };
    // While somebody can pay, a lock is what keeps a second driver from being charged.
    if !(is_closed && is_applied) {
        return Err(Problem::new(
            "captures are open: a lock may be all that keeps a ticket from being paid twice. \
             `ops set captures closed`, `ops apply`, and all that comes before in infra/runbook.md",
        ));
    }
    let (store, _) = place.table(vars).await?;
    let (mut lines, mut released) = (Vec::new(), Vec::new());
    for ticket in store.locked_tickets().await? {
        let number = &ticket.case_number;
        let Some(ended) = Held::of_ended(&ticket, now) else {
            lines.push(format!("{number}  stays: its lease has not ended"));
            continue;
        };
        let until = ticket.lock().map_or(now, |lock| lock.until);
        if now.duration_since(until) < IN_THE_BOOKS {
            lines.push(format!(
                "{number}  stays: PayPal's books may not show yet what it did"
            ));
            continue;
        }
        let attempt = store.attempt(ended.attempt()).await?;
        let state = attempt.map(|attempt| attempt.state);
        if matches!(
            state,
            Some(AttemptState::Live | AttemptState::Pending { .. })
        ) {
            lines.push(format!("{number}  stays: the sweep asks PayPal about it"));
            continue;
        }
        match store.release_forgotten_lock(&ended).await? {
            Write::Done => {
                lines.push(format!("{number}  is free"));
                released.push(number.clone());
            }
            Write::Refused => lines.push(format!("{number}  stays: somebody has it anew")),
        }
    }
    if lines.is_empty() {
        lines.push("no ticket is locked".to_owned());
    }
    Ok(Report::new(lines, json!({ "released": released })))
}
