//! Cases made for looking at pages and for testing them; no real plate, place
//! or account.

use std::sync::LazyLock;

use jiff::Timestamp;
use page::{Attempt, Notice, Outcome, Pages, Policy, Route, Scan, View};
use ticket::{
    AttemptId, Awaited, Captured, Captures, Cents, Channel, Disclosure, DueDate, InFlight,
    Language, LatePayment, Lock, Municipality, Offence, PendingCapture, Role, Settlement, Source,
    Standing, State, Ticket,
};

pub(crate) const CHECK_WORD: &str = "HKRTZ";
pub(crate) const TOKEN: &str = "eyJ0eXAi.eyJzdWIi.c2lnbmF0dXJl";
const CAPTURE: &str = "3C679366HH908993F";

/// The municipality that `cargo run` shows.
pub(crate) fn municipality() -> Municipality {
    let json = include_str!("../../../../../infra/local/kaiserslautern.json");
    serde_json::from_str(json).unwrap()
}

pub(crate) fn pages() -> Pages {
    let vars = |name: &str| (name == "PAYPAL_ENVIRONMENT").then(|| "sandbox".to_owned());
    Pages::new(Policy::from_vars(&vars).unwrap())
}

pub(crate) fn attempt_id() -> AttemptId {
    AttemptId::from_random(0x1234_5678_9abc_def0)
}

pub(crate) fn in_time() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

pub(crate) fn late() -> Timestamp {
    "2026-03-20T09:00:00Z".parse().unwrap()
}

pub(crate) fn ticket(standing: Standing) -> Ticket {
    let state = match standing {
        Standing::Open => State::Open(None),
        Standing::OpenLocked => locked_until(in_time() + jiff::SignedDuration::from_secs(30)),
        Standing::OpenPending => State::Open(Some(InFlight::Pending(PendingCapture {
            attempt: attempt_id(),
            capture_id: CAPTURE.parse().unwrap(),
        }))),
        Standing::Paid => State::Paid {
            settlement: CAPTURE.parse().unwrap(),
            paid_at: "2026-03-02T09:00:31Z".parse().unwrap(),
            by: Channel::Paypal,
        },
        Standing::Objected => State::Objected,
        Standing::Withdrawn => State::Withdrawn,
        Standing::HandedOver => State::HandedOver,
        Standing::Review => State::Review(None),
    };
    Ticket {
        case_number: "KL-2026-000123".parse().unwrap(),
        plate: "KL-XX 123".parse().unwrap(),
        offence: Offence {
            number: "112454".parse().unwrap(),
            text: "Sie parkten im Bereich eines Parkscheinautomaten, ohne dass der Parkschein gut lesbar war."
                .parse()
                .unwrap(),
        },
        place: "Musterstraße 12, Höhe Hausnummer 14".parse().unwrap(),
        occurred_at: "2026-02-24T08:41:00Z".parse().unwrap(),
        amount: "30.00".parse().unwrap(),
        due_on: DueDate::on("2026-03-03".parse().unwrap()),
        booking_reference: None,
        issued_at: "2026-02-24T08:45:00Z".parse().unwrap(),
        issued_as: String::new(),
        state,
        version: 1,
        fence: 1,
        attempts_begun: 0,
        first_invoice_refused: false,
        part_payments: Vec::new(),
        review_proposal: None,
        reviewed_at: None,
        letter_lease: None,
        qr_token: None,
        changed_at: None,
        awaits: None,
    }
}

/// Open, with somebody inside the capture call.
pub(crate) fn locked_until(until: Timestamp) -> State {
    let lock = Lock::new(attempt_id(), in_time(), until);
    State::Open(Some(InFlight::Locked(lock)))
}

/// The mark of an attempt that came back from PayPal at 9:52 in Berlin.
pub(crate) fn awaited() -> Awaited {
    Awaited {
        attempt: attempt_id(),
        since: "2026-03-02T08:52:00Z".parse().unwrap(),
        until: "2026-03-02T21:40:00Z".parse().unwrap(),
    }
}

/// One page with a name of its own.
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) language: Language,
    pub(crate) response: http::Response<String>,
}

/// Every page there is, in every language, of this city, its ticket changed by
/// `change`.
pub(crate) fn all_of(municipality: &Municipality, change: impl Fn(&mut Ticket)) -> Vec<Sample> {
    let pages = pages();
    let mut samples = Vec::new();
    for language in Language::ALL {
        let mut add = |name: String, response| {
            samples.push(Sample {
                name: format!("{name}-{}", language.tag()),
                language,
                response,
            });
        };
        for case in cases(municipality) {
            let mut ticket = ticket(case.standing);
            ticket.awaits = case.is_awaited.then(awaited);
            change(&mut ticket);
            let view = View {
                municipality: &case.city,
                language,
                route: Route::Page,
                now: case.now,
                captures: case.captures,
            };
            let case = case.name;
            let scan = Scan {
                ticket: &ticket,
                token: TOKEN,
                check_word: CHECK_WORD,
            };
            let posted = View {
                route: Route::Checkout,
                ..view
            };
            add(format!("t-{case}"), pages.ticket(&view, &scan, None));
            for notice in NOTICES {
                let response = pages.ticket(&posted, &scan, Some(notice));
                add(format!("t-{case}-{notice:?}"), response);
            }
            for outcome in OUTCOMES {
                let attempt = Attempt {
                    id: &attempt_id(),
                    ticket: &ticket,
                    settlement: None,
                    outcome,
                    order: None,
                };
                let name =
                    outcome.map_or_else(|| "None".to_owned(), |outcome| format!("{outcome:?}"));
                add(
                    format!("r-{case}-{name}"),
                    pages.result(&view, &attempt, None),
                );
                for notice in NOTICES {
                    let response = pages.result(&posted, &attempt, Some(notice));
                    add(format!("r-{case}-{name}-{notice:?}"), response);
                }
            }
        }
        let view = View {
            municipality,
            language,
            route: Route::Page,
            now: in_time(),
            captures: Captures::Open,
        };
        add("x-unknown".to_owned(), pages.unknown(&view));
        add("x-invalid".to_owned(), pages.invalid(language));
        for (name, city) in [("city", Some(municipality)), ("no-city", None)] {
            add(
                format!("x-unavailable-{name}"),
                pages.unavailable(city, language, Route::Page),
            );
        }
    }
    samples
}

/// Every page of the sample city; made once, most tests read all of them.
pub(crate) fn all() -> &'static [Sample] {
    static ALL: LazyLock<Vec<Sample>> = LazyLock::new(|| all_of(&municipality(), |_| {}));
    &ALL
}

pub(crate) const NOTICES: [Notice; 5] = [
    Notice::PayPalUnreachable,
    Notice::AmountChanged,
    Notice::NotCaptured,
    Notice::Closed,
    Notice::TooManyAttempts,
];

pub(crate) const OUTCOMES: [Option<Outcome>; 6] = [
    None,
    Some(Outcome::Unclear),
    Some(Outcome::NotApproved),
    Some(Outcome::Declined),
    Some(Outcome::Cancelled),
    Some(Outcome::Expired),
];

/// What the pages of one name have in common.
struct Case {
    name: String,
    city: Municipality,
    standing: Standing,
    now: Timestamp,
    is_awaited: bool,
    captures: Captures,
}

/// Every standing in time, and an open ticket late, masked, waiting for money and
/// while online payment is closed.
fn cases(municipality: &Municipality) -> Vec<Case> {
    let refusing = Municipality {
        late_payment: LatePayment::Refuse,
        ..municipality.clone()
    };
    let masking = Municipality {
        disclosure: Disclosure::AfterPlate,
        ..municipality.clone()
    };
    let case = |name: &str, standing| Case {
        name: name.to_owned(),
        city: municipality.clone(),
        standing,
        now: in_time(),
        is_awaited: false,
        captures: Captures::Open,
    };
    let closed = Captures::Closed;
    let mut cases: Vec<_> = Standing::ALL
        .into_iter()
        .map(|standing| case(&format!("{standing:?}"), standing))
        .collect();
    cases.extend([
        Case {
            now: late(),
            ..case("late", Standing::Open)
        },
        Case {
            city: refusing,
            now: late(),
            ..case("refused", Standing::Open)
        },
        Case {
            city: masking.clone(),
            ..case("masked", Standing::Open)
        },
        Case {
            city: masking,
            ..case("masked-paid", Standing::Paid)
        },
        Case {
            is_awaited: true,
            ..case("awaited", Standing::Open)
        },
        Case {
            captures: closed,
            ..case("closed", Standing::Open)
        },
        Case {
            is_awaited: true,
            captures: closed,
            ..case("awaited-closed", Standing::Open)
        },
    ]);
    cases
}

/// The page of this name.
pub(crate) fn named(name: &str) -> http::Response<String> {
    let sample = all().iter().find(|sample| sample.name == name);
    sample.unwrap().response.clone()
}

/// The settlement of a ticket that this attempt paid.
pub(crate) fn settlement(attempt: &AttemptId) -> Settlement {
    Settlement {
        case_number: "KL-2026-000123".parse().unwrap(),
        source: Source::Paypal(Captured {
            capture_id: CAPTURE.parse().unwrap(),
            attempt: attempt.clone(),
            fee: None,
            net: None,
        }),
        amount: Cents::new(3_000).into(),
        paid_at: in_time(),
        booked_at: in_time(),
        role: Role::Main,
        overpaid: None,
    }
}
