//! The tables of the module's docs.

use serde_json::{Value, json};

use super::*;
use crate::limits::{LEASE, READ_LAG};

const DECLINED: &str = "INSTRUMENT_DECLINED";
const ORDER_LIFE: Duration = Duration::from_hours(12);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn ticket(changed: &Value) -> Ticket {
    let mut ticket = json!({
        "case_number": "KL-2026-000123",
        "plate": "KL-XX 000",
        "offence": { "number": "112402", "text": "Sie parkten im Haltverbot." },
        "place": "Musterstraße 1",
        "occurred_at": at(-86_400),
        "amount": 3_000,
        "due_on": "2027-12-31",
        "issued_at": at(-86_400),
        "issued_as": "",
        "state": "open",
        "version": 1,
        "fence": 1,
    });
    let changed = changed.as_object().unwrap().clone();
    ticket.as_object_mut().unwrap().extend(changed);
    serde_json::from_value(ticket).unwrap()
}

fn attempt(state: AttemptState) -> Attempt {
    let attempt: Attempt = serde_json::from_value(json!({
        "id": "aaaaaaaaaaaaaaaaaaaaaaaaaa",
        "case_number": "KL-2026-000123",
        "version": 1,
        "amount": 3_000,
        "language": "de",
        "invoice_id": "KL-2026-000123",
        "client_id": "client-id",
        "created_at": at(-600),
        "order": { "id": "5O190127TN364715T", "approve_url": "https://example.com" },
        "refusals": 0,
        "attempt_state": "live",
    }))
    .unwrap();
    Attempt { state, ..attempt }
}

fn capture() -> Box<Capture> {
    Box::new(Capture {
        id: capture_id(),
        status: paypal::CaptureStatus::Completed,
        amount: ticket::Money {
            value: "30.00".to_owned(),
            currency: "EUR".to_owned(),
        },
        custom_id: Some("aaaaaaaaaaaaaaaaaaaaaaaaaa".to_owned()),
        invoice_id: None,
        payee_merchant_id: Some("MERCHANT".to_owned()),
        order_id: None,
        create_time: None,
        update_time: None,
        fee: None,
        net: None,
        reason: None,
    })
}

fn capture_id() -> CaptureId {
    "3C679366HH908993F".parse().unwrap()
}

/// What the order is read as, in the order of the rows.
fn rows() -> Vec<(&'static str, Answer)> {
    let order = Answer::Order;
    vec![
        (
            "captured",
            order(Reading::Captured(capture(), Facts::Right)),
        ),
        ("held back", order(Reading::Pending(capture()))),
        (
            "declined",
            order(Reading::Refused {
                issue: DECLINED.to_owned(),
            }),
        ),
        ("approved", order(Reading::Approved { at: Some(at(-30)) })),
        ("not approved", order(Reading::NotApproved)),
        ("voided", order(Reading::Dead)),
        ("not known", Answer::Unknown),
        ("not readable", Answer::Denied),
        ("something new", order(Reading::Unknown("NEW".to_owned()))),
        ("not answered", Answer::None),
    ]
}

/// A column: how ticket and attempt stand, and what was learned but for the order.
struct Column {
    ticket: Ticket,
    attempt: Attempt,
    tries: bool,
    captures: Captures,
    now: Timestamp,
    answers: Answers,
}

impl Column {
    fn own(state: AttemptState) -> Self {
        Self {
            ticket: ticket(&json!({})),
            attempt: attempt(state),
            tries: false,
            captures: Captures::Open,
            now: at(0),
            answers: Answers::default(),
        }
    }

    /// A lock that was taken a minute after the attempt was begun, for one call.
    fn ended_lock() -> Self {
        let lock = json!({ "lock": {
            "attempt": "aaaaaaaaaaaaaaaaaaaaaaaaaa",
            "since": at(-540),
            "until": at(-540) + LEASE,
        } });
        Self {
            ticket: ticket(&lock),
            ..Self::own(AttemptState::Live)
        }
    }

    fn tried(called: CaptureReply) -> Self {
        Self {
            tries: true,
            answers: Answers {
                called: Some(called),
                ..Answers::default()
            },
            ..Self::own(AttemptState::Live)
        }
    }

    fn refused(code: &str) -> Self {
        Self::tried(CaptureReply::Refused {
            issue: Issue::of(code),
            at: None,
        })
    }

    fn step(&self, order: Answer) -> Step {
        let place = match self.ticket.lock() {
            Some(ended) => Place::EndedLock(ended),
            None if self.tries => Place::Try(TryHistory::default()),
            None => Place::Own,
        };
        let mut answers = self.answers.clone();
        // A held-back capture is asked about itself.
        if answers.capture.is_some() {
            answers.capture = Some(order);
            answers.order = Some(Answer::Order(Reading::Dead));
        } else {
            answers.order = Some(order);
        }
        let scene = Scene {
            ticket: &self.ticket,
            attempt: &self.attempt,
            place,
            wake: Wake::Sweep,
            captures: self.captures,
            has_time: true,
            order_life: ORDER_LIFE,
            client_id: "client-id",
            now: self.now,
        };
        decide(&scene, &answers).step
    }
}

fn own() -> Vec<(&'static str, Column)> {
    let pending = || {
        Column::own(AttemptState::Pending {
            capture_id: capture_id(),
        })
    };
    let after_its_life = at(0) + ORDER_LIFE;
    vec![
        ("live", Column::own(AttemptState::Live)),
        (
            "live, over",
            Column {
                now: after_its_life + Duration::from_hours(1),
                ..Column::own(AttemptState::Live)
            },
        ),
        (
            "another version",
            Column {
                ticket: ticket(&json!({ "version": 2 })),
                ..Column::own(AttemptState::Live)
            },
        ),
        (
            "withdrawn",
            Column {
                ticket: ticket(&json!({ "state": "withdrawn", "version": 2 })),
                ..Column::own(AttemptState::Live)
            },
        ),
        ("pending", pending()),
        (
            "pending, its capture",
            Column {
                answers: Answers {
                    capture: Some(Answer::None),
                    ..Answers::default()
                },
                ..pending()
            },
        ),
        (
            "final",
            Column::own(AttemptState::Captured {
                capture_id: capture_id(),
            }),
        ),
    ]
}

fn under_a_lock() -> Vec<(&'static str, Column)> {
    let later = at(0) + ORDER_LIFE + Duration::from_hours(1);
    vec![
        ("ended lock", Column::ended_lock()),
        (
            "ended lock, over",
            Column {
                now: later,
                ..Column::ended_lock()
            },
        ),
        (
            "ended lock, captures closed",
            Column {
                captures: Captures::Closed,
                now: at(-480) + READ_LAG,
                ..Column::ended_lock()
            },
        ),
        (
            "try answered",
            Column::tried(CaptureReply::Answered(Reading::NotApproved)),
        ),
        ("try declined", Column::refused(DECLINED)),
        (
            "try refused, never heard of",
            Column::refused("NEVER_HEARD_OF"),
        ),
    ]
}

/// The words of the tables.
fn words(step: &Step) -> String {
    let released = |released: &Released| match released {
        Released::Refused(_) => "refused",
        Released::Ended(AttemptEnd::Declined) => "declined",
        Released::Ended(_) => "expired",
        Released::InvoiceRefused => "invoice refused",
        Released::NothingCaptured => "nothing captured",
    };
    match step {
        Step::ResolveLock => "resolve the lock".to_owned(),
        Step::StandBack { .. } => "stand back".to_owned(),
        Step::Ask(Question::Order) => "ask about the order".to_owned(),
        Step::Ask(Question::Capture(_)) => "ask about the capture".to_owned(),
        Step::Ask(Question::LatePayment) => "ask about late payments".to_owned(),
        Step::Ask(Question::Night) => "ask the night".to_owned(),
        Step::TakeLock { .. } => "take the lock".to_owned(),
        Step::TakeOver { .. } => "take over".to_owned(),
        Step::Capture => "capture".to_owned(),
        Step::Book(..) => "book".to_owned(),
        Step::KeepPending(_) => "keep pending".to_owned(),
        Step::Release(why) => format!("release: {}", released(why)),
        Step::End(AttemptEnd::Declined) | Step::EndPending(_) => "end: declined".to_owned(),
        Step::End(_) => "end: expired".to_owned(),
        Step::Stop(progress, notes) => {
            let progress = match progress {
                Progress::Known => "known",
                Progress::NotApproved => "not approved",
                Progress::Unclear => "unclear",
            };
            let and = if notes.is_empty() { "" } else { ", noted" };
            format!("{progress}{and}")
        }
    }
}

fn table(columns: &[(&str, Column)]) -> Vec<String> {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let mut lines = vec![format!("| the order is | {} |", names.join(" | "))];
    for (name, answer) in rows() {
        let cells: Vec<String> = columns
            .iter()
            .map(|(_, column)| words(&column.step(answer.clone())))
            .collect();
        lines.push(format!("| {name} | {} |", cells.join(" | ")));
    }
    lines
}

#[test]
fn the_code_decides_what_the_tables_in_the_docs_say() {
    let mut decided = table(&own());
    decided.extend(table(&under_a_lock()));
    let told: Vec<&str> = include_str!("../decision.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//! "))
        .filter(|line| line.starts_with("| ") && !line.starts_with("|---"))
        .collect();
    assert_eq!(told, decided, "{}", decided.join("\n"));
}
