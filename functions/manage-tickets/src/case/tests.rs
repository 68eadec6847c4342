//! What is told of a case, and what is not.

use serde_json::{Value, json};
use store::{Decline, PlacedOrder, TakenBackKind};
use ticket::{
    Awaited, CaptureId, Captured, Channel, DueDate, InFlight, Language, Lock, PendingCapture, Role,
    Source, Ticket,
};

use super::*;

const CAPTURE: &str = "42311647XV020574X";

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn attempt_id() -> AttemptId {
    AttemptId::from_random(7)
}

/// What stands on the notice; its signature is nobody's.
const TOKEN: &str = "aaaa.bbbb.cccc";

fn capture_id() -> CaptureId {
    CAPTURE.parse().unwrap()
}

fn ticket() -> Ticket {
    Ticket {
        case_number: "KL-2026-000900".parse().unwrap(),
        plate: "KL-XX 000".parse().unwrap(),
        offence: ticket::Offence {
            number: "112402".parse().unwrap(),
            text: "Sie parkten im Haltverbot.".parse().unwrap(),
        },
        place: "Musterstraße 1".parse().unwrap(),
        occurred_at: moment("2026-02-19T13:05:00Z"),
        amount: Cents::new(3_000),
        due_on: DueDate::on("2026-02-26".parse().unwrap()),
        booking_reference: None,
        issued_at: moment("2026-02-20T09:30:00Z"),
        issued_as: String::new(),
        state: State::Open(None),
        version: 1,
        fence: 0,
        attempts_begun: 0,
        first_invoice_refused: false,
        part_payments: Vec::new(),
        review_proposal: None,
        reviewed_at: None,
        letter_lease: None,
        qr_token: Some(TOKEN.to_owned().into()),
        changed_at: None,
        awaits: None,
    }
}

fn open() -> CaseFile {
    CaseFile {
        ticket: ticket(),
        settlements: Vec::new(),
        taken_back: Vec::new(),
        refunds: Vec::new(),
        attempts: Vec::new(),
        journal: Vec::new(),
    }
}

fn answered(file: CaseFile, now: &str) -> Value {
    let base = token::PublicBaseUrl::from_vars(&|_| Some("https://pay.example.de".to_owned()));
    serde_json::to_value(Answer::of(file, &base.unwrap(), moment(now))).unwrap()
}

#[test]
fn an_open_case_says_how_it_stands_and_all_that_was_issued() {
    assert_eq!(
        answered(open(), "2026-02-21T00:00:00Z"),
        json!({
            "case_number": "KL-2026-000900",
            "state": "open",
            "lapsed": false,
            "payment_running": false,
            "payment_running_since": null,
            "payment_pending": false,
            "letter_until": null,
            "review_proposal": null,
            "amount": "30.00",
            "due_on": "2026-02-26",
            "issued_at": "2026-02-20T09:30:00Z",
            "issued": {
                "plate": "KL-XX 000",
                "offence": { "number": "112402", "text": "Sie parkten im Haltverbot." },
                "place": "Musterstraße 1",
                "occurred_at": "2026-02-19T13:05:00Z",
                "booking_reference": null,
                "url": format!("https://pay.example.de/t/{TOKEN}"),
                "check_word": token::check_word(TOKEN),
            },
            "settlements": [],
            "attempts": [],
            "taken_back": [],
            "owed": "30.00",
            "refunds": [],
            "journal": [],
        })
    );
}

#[test]
fn an_open_case_has_lapsed_when_its_due_date_is_over() {
    // Midnight in Berlin.
    assert_eq!(answered(open(), "2026-02-26T22:59:59Z")["lapsed"], false);
    assert_eq!(answered(open(), "2026-02-26T23:00:00Z")["lapsed"], true);
}

#[test]
fn a_payment_under_way_shows() {
    let now = "2026-02-21T00:00:00Z";
    let (since, until) = (
        moment("2026-02-20T23:59:30Z"),
        moment("2026-02-21T00:00:30Z"),
    );
    let lock = InFlight::Locked(Lock::new(attempt_id(), since, until));
    let pending = InFlight::Pending(PendingCapture {
        attempt: attempt_id(),
        capture_id: capture_id(),
    });
    for (in_flight, running, pending) in [
        (None, false, false),
        (Some(lock), true, false),
        (Some(pending), false, true),
    ] {
        let mut file = open();
        file.ticket.state = State::Open(in_flight);
        let answer = answered(file, now);
        assert_eq!(answer["payment_running"], running);
        assert_eq!(answer["payment_pending"], pending);
        // What is in flight is ours to settle; the city is told that it is.
        assert_eq!(answer["lock"], Value::Null);
        assert_eq!(answer["pending"], Value::Null);
    }
}

#[test]
fn money_that_may_still_come_shows_with_since_when() {
    let mark = || Awaited {
        attempt: attempt_id(),
        since: moment("2026-02-21T10:00:00Z"),
        until: moment("2026-02-21T22:59:00Z"),
    };
    let marked = |state: AttemptState| {
        let mut file = paid();
        file.ticket = Ticket {
            awaits: Some(mark()),
            ..ticket()
        };
        file.attempts[0].state = state;
        file
    };
    for (state, now, is_running) in [
        (AttemptState::Live, "2026-02-21T10:05:00Z", true),
        (AttemptState::Live, "2026-02-21T22:59:00Z", false),
        (AttemptState::Expired, "2026-02-21T10:05:00Z", false),
    ] {
        let answer = answered(marked(state.clone()), now);
        let since = if is_running {
            json!("2026-02-21T10:00:00Z")
        } else {
            Value::Null
        };
        assert_eq!(answer["payment_running"], is_running, "{state:?} {now}");
        assert_eq!(answer["payment_running_since"], since, "{state:?} {now}");
    }
    // A lock that nobody has answered for is such a payment, too.
    let mut file = open();
    let at = moment("2026-02-21T10:00:00Z");
    let lock = Lock::new(attempt_id(), at, at);
    file.ticket.state = State::Open(Some(InFlight::Locked(lock)));
    let answer = answered(file, "2026-02-21T10:00:00Z");
    assert_eq!(answer["payment_running_since"], "2026-02-21T10:00:00Z");
}

/// Paid at the second try, and disputed since.
fn paid() -> CaseFile {
    let paid_at = moment("2026-02-21T10:00:00Z");
    let mut file = open();
    file.ticket.state = State::Paid {
        settlement: (&capture_id()).into(),
        paid_at,
        by: Channel::Paypal,
    };
    file.settlements.push(Settlement {
        case_number: file.ticket.case_number.clone(),
        source: Source::Paypal(Captured {
            capture_id: capture_id(),
            attempt: attempt_id(),
            fee: Some("0.84".to_owned()),
            net: Some("29.16".to_owned()),
        }),
        amount: Cents::new(3_000).into(),
        paid_at,
        booked_at: moment("2026-02-21T10:00:02Z"),
        role: Role::Main,
        overpaid: None,
    });
    file.attempts.push(Attempt {
        id: attempt_id(),
        case_number: file.ticket.case_number.clone(),
        version: 1,
        amount: Cents::new(3_000),
        language: Language::De,
        invoice_id: "KL-2026-000900".to_owned(),
        client_id: "client".to_owned(),
        created_at: moment("2026-02-21T09:59:00Z"),
        order: Some(PlacedOrder {
            id: "5O190127TN364715T".parse().unwrap(),
            approve_url: "https://www.paypal.com/checkoutnow?token=5O190127TN364715T".to_owned(),
        }),
        refusals: 1,
        approved_at: Some(paid_at),
        returned_at: None,
        silent_since: None,
        decline: Some(Decline {
            at: moment("2026-02-21T09:59:30Z"),
            issue: "INSTRUMENT_DECLINED".to_owned(),
            retry_allowed: true,
            order_changed_at: None,
            changed_again_at: None,
            change_seen_at: None,
            pressed_at: None,
        }),
        state: AttemptState::Captured {
            capture_id: capture_id(),
        },
    });
    file.taken_back.push(TakenBack {
        id: "1JU08902781691411".to_owned(),
        kind: TakenBackKind::Dispute,
        case_number: file.ticket.case_number.clone(),
        settlement: (&capture_id()).into(),
        amount: None,
        decided: None,
        booked_at: moment("2026-02-22T10:00:00Z"),
    });
    file.journal.push(JournalEntry {
        at: moment("2026-02-21T10:00:02Z"),
        by: "paypal".to_owned(),
        what: JournalEvent::Paid,
        reference: CAPTURE.to_owned(),
        version: 2,
        before: Some(Snapshot {
            state: "open".to_owned(),
            amount: Cents::new(3_000),
        }),
        after: Snapshot {
            state: "paid".to_owned(),
            amount: Cents::new(3_000),
        },
        reason: None,
    });
    file
}

#[test]
fn a_paid_case_shows_its_evidence_and_all_that_happened() {
    let answer = answered(paid(), "2026-03-21T10:00:00Z");
    assert_eq!(answer["state"], "paid");
    assert_eq!(answer["settlement"], CAPTURE);
    assert_eq!(answer["paid_at"], "2026-02-21T10:00:00Z");
    assert_eq!(answer["by"], "paypal");
    assert_eq!(answer["lapsed"], false);
    assert_eq!(answer["settlements"][0]["value"], "30.00");
    assert_eq!(answer["settlements"][0]["fee"], "0.84");
    assert_eq!(answer["settlements"][0]["role"], "main");
    assert_eq!(
        answer["attempts"],
        json!([{
            "id": attempt_id().as_str(),
            "attempt_state": "captured",
            "capture_id": CAPTURE,
            "amount": "30.00",
            "created_at": "2026-02-21T09:59:00Z",
            "order": "5O190127TN364715T",
            "approved_at": "2026-02-21T10:00:00Z",
            "refused_as": "INSTRUMENT_DECLINED",
        }])
    );
    assert_eq!(answer["taken_back"][0]["kind"], "dispute");
    assert_eq!(
        answer["journal"],
        json!([{
            "at": "2026-02-21T10:00:02Z",
            "by": "paypal",
            "what": "paid",
            "reference": CAPTURE,
            "before": { "state": "open", "amount": "30.00" },
            "after": { "state": "paid", "amount": "30.00" },
        }])
    );
}
