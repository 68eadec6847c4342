//! The levers under `/_standin/`: for people and tests that have no Rust in
//! hand. Each answers what to do when it is pulled wrongly.

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::answers::Answer;
use crate::behaviour::Behaviour;
use crate::books::Foreign;
use crate::calls::On;
use crate::credentials::OldSecret;
use crate::faults::{Fault, FaultKind, InvalidFault};
use crate::issues::Issue;
use crate::money::{Currency, Money};
use crate::payer::{Leads, Payer};
use crate::state::{Afterwards, RefundEnds};
use crate::state::{ApiRequest, State};

/// The fault in what `POST /_standin/faults` takes, beside the fields of a
/// [`Behaviour`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    on: Option<On>,
    kind: Option<String>,
    issue: Option<Issue>,
    times: Option<u32>,
    seconds: Option<u32>,
}

/// What a dispute about a payment that nobody knows is about, in minor units.
const STRANGERS_DISPUTE: u64 = 2_500;

const FAULTS_TAKE: &str = "POST takes JSON like {\"on\":\"capture\",\"kind\":\"decline\",\
                           \"times\":1,\"seconds\":5}, {\"on\":\"capture\",\
                           \"kind\":\"refused\",\"issue\":\"PAYER_CANNOT_PAY\"} (or \
                           refused_after_effect), any of the habits that GET lists, like \
                           {\"webhooks\":\"off\",\"stale_reads_s\":30}, or {\"drawn\":7} for \
                           habits mixed by a seed; DELETE takes all of them back";

const LEVERS: &str = "GET /_standin/books, GET /_standin/anchors, GET|POST|DELETE /_standin/faults, \
                      POST /_standin/orders/{id}/{pay|decline|cancel|close}, \
                      POST /_standin/captures/{id}/{complete|deny|say_denied|refund|reverse|\
                      undo_reversal|charge_back|dispute|release_hold}, \
                      POST /_standin/refunds/{id}/{complete|fail}, \
                      POST /_standin/disputes/unknown, POST /_standin/foreign, \
                      POST /_standin/webhooks/redeliver/{event_id}, \
                      POST /_standin/tokens/revoke, POST /_standin/credentials";

/// How much of it a refund or reversal takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    minor_units: u32,
}

const PART_TAKES: &str = "POST takes nothing, or for a part JSON like {\"minor_units\":500}";

fn minor_units(body: &[u8]) -> Result<Option<u32>, serde_json::Error> {
    if body.is_empty() {
        return Ok(None);
    }
    serde_json::from_slice(body).map(|part: Part| Some(part.minor_units))
}

/// What `POST /_standin/foreign` takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ForeignPayments {
    count: u32,
    minor_units: u32,
    kind: Foreign,
}

const FOREIGN_TAKES: &str = "POST takes JSON like {\"count\":2000,\"minor_units\":1,\
                             \"kind\":\"other_shop\"} or sent_by_hand";
/// The most foreign payments at once.
const FOREIGN_MAX: u32 = 100_000;

/// What `POST /_standin/credentials` takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotation {
    client_secret: String,
    old_secret: OldSecret,
}

const ROTATION_TAKES: &str = "POST takes JSON like {\"client_secret\":\"another one\",\
                              \"old_secret\":\"stays_valid\"} or is_gone";

impl State {
    /// Pulls a lever.
    pub(crate) fn lever(&mut self, method: &Method, lever: &str, asked: &ApiRequest<'_>) -> Answer {
        let parts: Vec<&str> = lever.split('/').collect();
        let method = method.as_str();
        match (method, parts.as_slice()) {
            ("GET", ["books"]) => match serde_json::to_value(&self.books) {
                Ok(books) => Answer::json(StatusCode::OK, without_bodies(books)),
                Err(error) => Answer::json(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    json!({ "error": error.to_string() }),
                ),
            },
            ("GET", ["faults"]) => self.faults_set(),
            ("DELETE", ["faults"]) => {
                self.behave();
                self.faults_set()
            }
            ("POST", ["faults"]) => match self.misbehave(asked.body) {
                Ok(()) => self.faults_set(),
                Err(InvalidFault(error)) => wrong(&error, FAULTS_TAKE),
            },
            ("POST", ["orders", id, choice]) => self.payer_lever(id, choice, asked),
            ("POST", ["captures", id, what]) => self.capture_lever(id, what, asked),
            ("POST", ["refunds", id, how]) => {
                let ends = match *how {
                    "complete" => RefundEnds::Completed,
                    "fail" => RefundEnds::Failed,
                    _ => return wrong("a refund cannot end so", LEVERS),
                };
                match self.end_refund(id, ends, asked.now) {
                    Ok(()) => Answer::json(StatusCode::OK, json!({})),
                    Err(error) => wrong(&error.to_string(), LEVERS),
                }
            }
            ("POST", ["disputes", "unknown"]) => {
                let amount = Money {
                    currency: Currency::Eur,
                    minor_units: STRANGERS_DISPUTE,
                };
                let dispute = self.dispute_about_nothing(amount, asked.now);
                Answer::json(StatusCode::OK, json!({ "dispute": dispute }))
            }
            ("POST", ["foreign"]) => match self.foreign_lever(asked) {
                Ok(()) => Answer::json(StatusCode::OK, json!({})),
                Err(error) => wrong(&error, FOREIGN_TAKES),
            },
            ("POST", ["webhooks", "redeliver", id]) => {
                if self.books.events.iter().any(|event| event.id == *id) {
                    self.enqueue(id, asked.now, asked.now);
                    Answer::json(StatusCode::ACCEPTED, json!({ "queued": id }))
                } else {
                    wrong("there is no such event", "the books list them under events")
                }
            }
            ("POST", ["tokens", "revoke"]) => {
                self.revoke_all();
                Answer::json(StatusCode::OK, json!({}))
            }
            ("POST", ["credentials"]) => match serde_json::from_slice::<Rotation>(asked.body) {
                Ok(rotation) => {
                    self.rotate_secret(&rotation.client_secret, rotation.old_secret);
                    Answer::json(StatusCode::OK, json!({}))
                }
                Err(error) => wrong(&error.to_string(), ROTATION_TAKES),
            },
            _ => wrong("there is no such lever", LEVERS),
        }
    }

    fn payer_lever(&mut self, id: &str, choice: &str, asked: &ApiRequest<'_>) -> Answer {
        let payer = match choice {
            "pay" => Payer::Pays,
            "decline" => Payer::Declines,
            "cancel" => Payer::Cancels,
            "close" => Payer::ClosesWindow,
            _ => return wrong("the payer cannot do that", LEVERS),
        };
        match self.decide(id, payer, asked.now) {
            Ok(Leads::To(address)) => Answer::json(StatusCode::OK, json!({ "leads_to": address })),
            Ok(Leads::Nowhere) => Answer::json(StatusCode::OK, json!({ "leads_to": null })),
            Err(error) => wrong(&error.to_string(), "the books list orders and their times"),
        }
    }

    fn capture_lever(&mut self, id: &str, what: &str, asked: &ApiRequest<'_>) -> Answer {
        let part = match minor_units(asked.body) {
            Ok(part) => part,
            Err(error) => return wrong(&error.to_string(), PART_TAKES),
        };
        let what = match (what, part) {
            ("refund", Some(part)) => Afterwards::RefundedInPart(part),
            ("reverse", Some(part)) => Afterwards::ReversedInPart(part),
            (_, Some(_)) => return wrong("only a refund or a reversal has parts", PART_TAKES),
            ("complete", None) => Afterwards::Completes,
            ("deny", None) => Afterwards::Denied,
            ("say_denied", None) => Afterwards::FalselyDenied,
            ("refund", None) => Afterwards::Refunded,
            ("reverse", None) => Afterwards::Reversed,
            ("undo_reversal", None) => Afterwards::ReversalUndone,
            ("charge_back", None) => Afterwards::ChargedBack,
            ("dispute", None) => Afterwards::Disputed,
            ("release_hold", None) => Afterwards::HoldReleased,
            (_, None) => return wrong("that cannot become of a capture", LEVERS),
        };
        match self.afterwards(id, what, asked.now) {
            Ok(()) => Answer::json(StatusCode::OK, json!({ "capture": self.books.capture(id) })),
            Err(error) => wrong(&error.to_string(), LEVERS),
        }
    }

    fn foreign_lever(&mut self, asked: &ApiRequest<'_>) -> Result<(), String> {
        let wanted: ForeignPayments =
            serde_json::from_slice(asked.body).map_err(|error| error.to_string())?;
        if wanted.count > FOREIGN_MAX {
            return Err(format!(
                "count must be 0 to {FOREIGN_MAX}, it is {}",
                wanted.count
            ));
        }
        let amount = Money {
            currency: Currency::Eur,
            minor_units: wanted.minor_units.into(),
        };
        self.foreign_payments(wanted.count, amount, wanted.kind, asked.now);
        Ok(())
    }

    fn misbehave(&mut self, body: &[u8]) -> Result<(), InvalidFault> {
        let invalid = |error: serde_json::Error| InvalidFault(error.to_string());
        let mut asked: Map<String, Value> = serde_json::from_slice(body).map_err(invalid)?;
        let before = match asked.remove("drawn") {
            Some(seed) => Behaviour::drawn(serde_json::from_value(seed).map_err(invalid)?),
            None => self.behaviour,
        };
        let mut behaviour = serde_json::to_value(before).map_err(invalid)?;
        let mut rest = Map::new();
        for (name, value) in asked {
            match behaviour.get_mut(&name) {
                Some(lever) => *lever = value,
                None => {
                    rest.insert(name, value);
                }
            }
        }
        // The path is the habit's name, which serde's sentence does not say.
        let behaviour: Behaviour = serde_path_to_error::deserialize(behaviour)
            .map_err(|error| InvalidFault(error.to_string()))?;
        let behaviour = behaviour.checked()?;
        let wanted: Wanted = serde_json::from_value(Value::Object(rest)).map_err(invalid)?;
        let fault = match (wanted.on, wanted.kind) {
            (Some(on), Some(kind)) => {
                let kind = match wanted.issue {
                    Some(issue) => json!({ "kind": kind, "issue": issue }),
                    None => json!({ "kind": kind }),
                };
                let kind = FaultKind::deserialize(kind)
                    .map_err(|error| InvalidFault(format!("kind: {error}")))?;
                let fault = Fault {
                    times: wanted.times.unwrap_or(1),
                    seconds: wanted.seconds,
                    ..Fault::once(on, kind)
                };
                Some(fault.checked()?)
            }
            (None, None)
                if wanted.times.is_none() && wanted.seconds.is_none() && wanted.issue.is_none() =>
            {
                None
            }
            (_, _) => {
                return Err(InvalidFault(
                    "a fault needs both \"on\" and \"kind\"".to_owned(),
                ));
            }
        };
        // Nothing is set unless all of it is right.
        self.faults.extend(fault);
        self.behaviour = behaviour;
        Ok(())
    }

    fn behave(&mut self) {
        self.faults.clear();
        self.behaviour = Behaviour::default();
    }

    fn faults_set(&self) -> Answer {
        match serde_json::to_value(self.behaviour) {
            Ok(mut set) => {
                set["faults"] = json!(self.faults);
                Answer::json(StatusCode::OK, set)
            }
            Err(error) => Answer::json(
                StatusCode::INTERNAL_SERVER_ERROR,
                json!({ "error": error.to_string() }),
            ),
        }
    }
}

/// Of each event its name is enough: with its body nobody could read the books.
fn without_bodies(mut books: Value) -> Value {
    let events = books["events"].as_array_mut().into_iter().flatten();
    for event in events.filter_map(Value::as_object_mut) {
        event.remove("body");
    }
    books
}

fn wrong(error: &str, what_to_do: &str) -> Answer {
    let body: Value = json!({ "error": error, "what_to_do": what_to_do });
    Answer::json(StatusCode::BAD_REQUEST, body)
}
