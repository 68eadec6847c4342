//! Where a case stands, with the evidence for it and the money in flight.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AttemptId, CaptureId, Channel, SettlementId};

/// Where a case stands, with the evidence for it. Only what is open, or was when money
/// was taken back, can have money in flight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StoredState", into = "StoredState")]
pub enum State {
    /// Waiting to be paid.
    Open(Option<InFlight>),
    /// Effective and closed, § 56(4) `OWiG`. Terminal but for a review.
    Paid {
        /// The main settlement.
        settlement: SettlementId,
        /// The legal moment of payment.
        paid_at: Timestamp,
        /// The way the money came.
        by: Channel,
    },
    /// The driver contests; the offer does not become effective (Einwand).
    Objected,
    /// The city has dropped the case (Einstellung).
    Withdrawn,
    /// The city goes on with a fine order (Abgabe ins Bußgeldverfahren).
    HandedOver,
    /// A human must look: money was taken back, or facts differ.
    Review(Option<InFlight>),
}

/// A capture that is not booked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InFlight {
    /// Somebody may be inside the capture call.
    Locked(Lock),
    /// PayPal is checking a capture; not paid, but no second payment either.
    Pending(PendingCapture),
}

impl InFlight {
    /// The lock, where it is one.
    #[must_use]
    pub const fn lock(&self) -> Option<&Lock> {
        match self {
            Self::Locked(lock) => Some(lock),
            Self::Pending(_) => None,
        }
    }

    /// The capture that PayPal holds back, where it is one.
    #[must_use]
    pub const fn pending(&self) -> Option<&PendingCapture> {
        match self {
            Self::Pending(pending) => Some(pending),
            Self::Locked(_) => None,
        }
    }

    /// The attempt whose money it is.
    #[must_use]
    pub const fn attempt(&self) -> &AttemptId {
        match self {
            Self::Locked(lock) => &lock.attempt,
            Self::Pending(pending) => &pending.attempt,
        }
    }
}

impl State {
    /// The capture that is not booked yet, if there is one.
    #[must_use]
    pub const fn in_flight(&self) -> Option<&InFlight> {
        match self {
            Self::Open(in_flight) | Self::Review(in_flight) => in_flight.as_ref(),
            Self::Paid { .. } | Self::Objected | Self::Withdrawn | Self::HandedOver => None,
        }
    }

    /// The same state as the city is told of it: what is in flight is ours to settle.
    #[must_use]
    pub fn at_rest(self) -> Self {
        match self {
            Self::Open(_) => Self::Open(None),
            Self::Review(_) => Self::Review(None),
            at_rest @ (Self::Paid { .. } | Self::Objected | Self::Withdrawn | Self::HandedOver) => {
                at_rest
            }
        }
    }

    /// Where the case stands once money of it was taken back: a human must look, from
    /// everywhere. What is in flight stays so.
    #[must_use]
    pub fn after_taking_back(&self) -> Self {
        Self::Review(self.in_flight().cloned())
    }

    /// Every name that a state has.
    pub const NAMES: [&str; 6] = [
        "open",
        "paid",
        "objected",
        "withdrawn",
        "handed_over",
        "review",
    ];

    /// The name that table, journal and API write.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Open(_) => "open",
            Self::Paid { .. } => "paid",
            Self::Objected => "objected",
            Self::Withdrawn => "withdrawn",
            Self::HandedOver => "handed_over",
            Self::Review(_) => "review",
        }
    }
}

/// A state as the table has it: attributes beside each other.
#[derive(Serialize, Deserialize)]
struct StoredState {
    state: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    settlement: Option<SettlementId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    paid_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<Channel>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lock: Option<Lock>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pending: Option<PendingCapture>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Name {
    Open,
    Paid,
    Objected,
    Withdrawn,
    HandedOver,
    Review,
}

/// What is in the table was not written by this code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a closed case with money in flight, a lock beside a pending capture, or a paid case \
     without its evidence"
)]
pub struct ImpossibleState;

impl TryFrom<StoredState> for State {
    type Error = ImpossibleState;

    fn try_from(stored: StoredState) -> Result<Self, Self::Error> {
        let in_flight = match (stored.lock, stored.pending) {
            (None, None) => None,
            (Some(lock), None) => Some(InFlight::Locked(lock)),
            (None, Some(pending)) => Some(InFlight::Pending(pending)),
            (Some(_), Some(_)) => return Err(ImpossibleState),
        };
        let closed = match stored.state {
            Name::Open => return Ok(Self::Open(in_flight)),
            Name::Review => return Ok(Self::Review(in_flight)),
            Name::Objected => Self::Objected,
            Name::Withdrawn => Self::Withdrawn,
            Name::HandedOver => Self::HandedOver,
            Name::Paid => Self::Paid {
                settlement: stored.settlement.ok_or(ImpossibleState)?,
                paid_at: stored.paid_at.ok_or(ImpossibleState)?,
                by: stored.by.ok_or(ImpossibleState)?,
            },
        };
        in_flight.map_or(Ok(closed), |_| Err(ImpossibleState))
    }
}

impl From<State> for StoredState {
    fn from(state: State) -> Self {
        let of = |state| Self {
            state,
            settlement: None,
            paid_at: None,
            by: None,
            lock: None,
            pending: None,
        };
        let with = |state, in_flight| match in_flight {
            None => of(state),
            Some(InFlight::Locked(lock)) => Self {
                lock: Some(lock),
                ..of(state)
            },
            Some(InFlight::Pending(pending)) => Self {
                pending: Some(pending),
                ..of(state)
            },
        };
        match state {
            State::Open(in_flight) => with(Name::Open, in_flight),
            State::Review(in_flight) => with(Name::Review, in_flight),
            State::Objected => of(Name::Objected),
            State::Withdrawn => of(Name::Withdrawn),
            State::HandedOver => of(Name::HandedOver),
            State::Paid {
                settlement,
                paid_at,
                by,
            } => Self {
                settlement: Some(settlement),
                paid_at: Some(paid_at),
                by: Some(by),
                ..of(Name::Paid)
            },
        }
    }
}

/// The right to call capture, for one attempt, until a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// Whose order may be captured.
    pub attempt: AttemptId,
    /// Until when nobody else may even ask.
    pub until: Timestamp,
    /// Since when the answer to this capture try is waited for; a take-over does
    /// not change it.
    pub since: Timestamp,
    /// PayPal's code, where the last call of this try was refused in a way that
    /// leaves open whether the money moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_as: Option<String>,
    /// When that was, by PayPal's clock, where it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_at: Option<Timestamp>,
    /// Since when every call of this try was refused so, and none went unanswered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_since: Option<Timestamp>,
    /// An earlier call of this try was never answered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unanswered: bool,
    /// Long enough after its last call for no read to lag, PayPal has shown the order
    /// without a capture.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shown_uncaptured: bool,
}

impl Lock {
    /// A lock that was just taken, for a new capture try.
    #[must_use]
    pub const fn new(attempt: AttemptId, since: Timestamp, until: Timestamp) -> Self {
        Self {
            attempt,
            until,
            since,
            refused_as: None,
            refused_at: None,
            refused_since: None,
            unanswered: false,
            shown_uncaptured: false,
        }
    }
}

/// A capture that PayPal holds back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingCapture {
    /// The payment attempt.
    pub attempt: AttemptId,
    /// The capture that PayPal holds back.
    pub capture_id: CaptureId,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn money_that_is_taken_back_leads_to_review_and_leaves_what_is_in_flight() {
        let at: Timestamp = "2026-02-21T10:00:00Z".parse().unwrap();
        let attempt = "a".repeat(26).parse().unwrap();
        let lock = Some(InFlight::Locked(Lock::new(attempt, at, at)));
        let paid = State::Paid {
            settlement: "CAPTURE1".parse().unwrap(),
            paid_at: at,
            by: Channel::Paypal,
        };
        for (before, in_flight) in [
            (State::Open(None), None),
            (State::Open(lock.clone()), lock.clone()),
            (paid, None),
            (State::Objected, None),
            (State::Withdrawn, None),
            (State::HandedOver, None),
            (State::Review(lock.clone()), lock),
        ] {
            assert_eq!(before.after_taking_back(), State::Review(in_flight));
        }
    }

    #[test]
    fn every_name_is_that_of_a_state() {
        for name in State::NAMES {
            let stored = json!({
                "state": name,
                "settlement": "CAPTURE1",
                "paid_at": "2026-02-21T10:00:00Z",
                "by": "paypal",
            });
            let read: State = serde_json::from_value(stored).unwrap();
            assert_eq!(read.name(), name);
        }
    }

    #[test]
    fn a_paid_case_has_all_of_its_evidence() {
        let paid = json!({
            "state": "paid",
            "settlement": "CAPTURE1",
            "paid_at": "2026-02-21T10:00:00Z",
            "by": "paypal",
        });
        for missing in ["settlement", "paid_at", "by"] {
            let mut stored = paid.clone();
            stored.as_object_mut().unwrap().remove(missing);
            let read: Result<State, _> = serde_json::from_value(stored);
            assert!(read.is_err(), "{missing}");
        }
        // What once paid it is left on a case that money was taken back of.
        let mut reviewed = paid;
        reviewed["state"] = json!("review");
        let read: State = serde_json::from_value(reviewed).unwrap();
        assert_eq!(read, State::Review(None));
    }

    #[test]
    fn a_closed_case_carries_no_money_in_flight() {
        let pending = json!({ "attempt": "a".repeat(26), "capture_id": "CAPTURE1" });
        let lock = json!({
            "attempt": "a".repeat(26),
            "until": "2026-02-21T10:01:00Z",
            "since": "2026-02-21T10:00:00Z",
        });
        let paid = json!({
            "state": "paid",
            "settlement": "CAPTURE1",
            "paid_at": "2026-02-21T10:00:00Z",
            "by": "paypal",
        });
        let mut states = vec![paid];
        states.extend(
            ["open", "objected", "withdrawn", "handed_over", "review"]
                .map(|state| json!({ "state": state })),
        );
        for state in states {
            let name = state["state"].as_str().unwrap();
            let with = |parts: &[(&str, &serde_json::Value)]| {
                let mut stored = state.clone();
                for (part, value) in parts {
                    stored[part] = (*value).clone();
                }
                let read: Result<State, _> = serde_json::from_value(stored.clone());
                if let Ok(read) = &read {
                    assert_eq!(read.name(), name);
                    assert_eq!(serde_json::to_value(read).unwrap(), stored);
                }
                read.is_ok()
            };
            let may_have_some = matches!(name, "open" | "review");
            assert!(with(&[]), "{name}");
            assert_eq!(with(&[("lock", &lock)]), may_have_some, "{name}");
            assert_eq!(with(&[("pending", &pending)]), may_have_some, "{name}");
            assert!(!with(&[("lock", &lock), ("pending", &pending)]), "{name}");
        }
    }
}
