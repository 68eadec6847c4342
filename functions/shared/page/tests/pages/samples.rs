//! Cases made for looking at pages and for testing them; no real plate, place
//! or account.

use std::sync::LazyLock;

use jiff::Timestamp;
use page::{Attempt, Notice, Outcome, Pages, Policy, Route, Scan, View};
use ticket::{
    AttemptId, Channel, Disclosure, DueDate, Language, LatePayment, Lock, Municipality, Offence,
    PendingCapture, Role, Settlement, Standing, State, Ticket,
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
        Standing::Open | Standing::OpenLocked | Standing::OpenPending => State::Open,
        Standing::Paid => State::Paid {
            settlement: CAPTURE.parse().unwrap(),
            paid_at: "2026-03-02T09:00:31Z".parse().unwrap(),
            by: Channel::Paypal,
        },
        Standing::Objected => State::Objected,
        Standing::Withdrawn => State::Withdrawn,
        Standing::HandedOver => State::HandedOver,
        Standing::Review => State::Review,
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
        lock: (standing == Standing::OpenLocked).then(|| Lock {
            attempt: attempt_id(),
            until: in_time(),
            since: in_time(),
            refused_as: None,
        }),
        first_invoice_refused: false,
        pending: (standing == Standing::OpenPending).then(|| PendingCapture {
            attempt: attempt_id(),
            capture_id: CAPTURE.parse().unwrap(),
        }),
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
        for (case, city, standing, now) in cases(municipality) {
            let mut ticket = ticket(standing);
            change(&mut ticket);
            let view = View {
                municipality: &city,
                language,
                route: Route::Page,
                now,
            };
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
            for notice in [Notice::PayPalUnreachable, Notice::AmountChanged] {
                let response = pages.ticket(&posted, &scan, Some(notice));
                add(format!("t-{case}-{notice:?}"), response);
            }
            for outcome in OUTCOMES {
                let attempt = Attempt {
                    id: &attempt_id(),
                    ticket: &ticket,
                    settlement: None,
                    outcome,
                };
                let name =
                    outcome.map_or_else(|| "None".to_owned(), |outcome| format!("{outcome:?}"));
                add(
                    format!("r-{case}-{name}"),
                    pages.result(&view, &attempt, None),
                );
                for notice in [Notice::PayPalUnreachable, Notice::AmountChanged] {
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

pub(crate) const OUTCOMES: [Option<Outcome>; 5] = [
    None,
    Some(Outcome::Unclear),
    Some(Outcome::Declined),
    Some(Outcome::Cancelled),
    Some(Outcome::Expired),
];

/// Every standing in time, and an open ticket late and masked.
fn cases(municipality: &Municipality) -> Vec<(String, Municipality, Standing, Timestamp)> {
    let refusing = Municipality {
        late_payment: LatePayment::Refuse,
        ..municipality.clone()
    };
    let masking = Municipality {
        disclosure: Disclosure::AfterPlate,
        ..municipality.clone()
    };
    let mut cases: Vec<_> = Standing::ALL
        .into_iter()
        .map(|standing| {
            (
                format!("{standing:?}"),
                municipality.clone(),
                standing,
                in_time(),
            )
        })
        .collect();
    cases.extend([
        (
            "late".to_owned(),
            municipality.clone(),
            Standing::Open,
            late(),
        ),
        ("refused".to_owned(), refusing, Standing::Open, late()),
        (
            "masked".to_owned(),
            masking.clone(),
            Standing::Open,
            in_time(),
        ),
        ("masked-paid".to_owned(), masking, Standing::Paid, in_time()),
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
        capture_id: CAPTURE.parse().unwrap(),
        attempt: attempt.clone(),
        channel: Channel::Paypal,
        value: "30.00".to_owned(),
        currency: "EUR".to_owned(),
        fee: None,
        net: None,
        paid_at: in_time(),
        booked_at: in_time(),
        role: Role::Main,
    }
}
