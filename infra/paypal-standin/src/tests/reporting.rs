//! Transaction Search when it is late, cut, repeated or full of strangers.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::testing::{Scene, approved, behaving};
use crate::{Afterwards, Behaviour, Currency, Foreign, Money};

const BEHAVES: fn() -> Behaviour = Behaviour::default;
const CENT: Money = Money {
    currency: Currency::Eur,
    minor_units: 1,
};

fn shown_at_once() -> Behaviour {
    Behaviour {
        report_lag_s: 0,
        ..BEHAVES()
    }
}

/// So many captures, each of its own minute, and their ids.
fn captured(scene: &Scene, count: usize) -> Vec<String> {
    for number in 0..count {
        let order = approved(scene, &format!("A{number}"), &format!("2026-{number}"));
        scene.capture(&order, &format!("A{number}-capture-1"));
        scene.wait(SignedDuration::from_mins(1));
    }
    scene
        .standin
        .books()
        .captures
        .into_iter()
        .map(|capture| capture.id)
        .collect()
}

fn search(scene: &Scene, more: &str) -> Value {
    let path = format!(
        "/v1/reporting/transactions?start_date=2026-11-22T00:00:00Z\
         &end_date=2026-11-23T00:00:00Z&fields=all{more}"
    );
    scene.get(&path).body
}

fn rows(body: &Value) -> Vec<&Value> {
    let rows = body["transaction_details"].as_array().unwrap();
    rows.iter().map(|row| &row["transaction_info"]).collect()
}

fn of(body: &Value, field: &str) -> Vec<String> {
    let text = |row: &&Value| row[field].as_str().unwrap_or_default().to_owned();
    rows(body).iter().map(text).collect()
}

#[test]
fn transactions_may_be_a_day_and_a_half_late() {
    let scene = behaving(Behaviour {
        report_lag_s: 36 * 3_600,
        ..BEHAVES()
    });
    captured(&scene, 1);
    scene.wait(SignedDuration::from_hours(35));
    scene.log_in();
    assert!(rows(&search(&scene, "")).is_empty());
    scene.wait(SignedDuration::from_hours(1));
    let body = search(&scene, "");
    assert_eq!(rows(&body).len(), 1);
    assert_eq!(body["last_refreshed_datetime"], "2026-11-22T10:01:00Z");
}

#[test]
fn a_start_that_is_too_young_may_be_refused_without_details() {
    let scene = behaving(Behaviour {
        start_date_400: true,
        ..BEHAVES()
    });
    let path = |start: &str| {
        format!("/v1/reporting/transactions?start_date={start}&end_date=2026-11-23T00:00:00Z")
    };
    assert_eq!(scene.get(&path("2026-11-22T07:00:00Z")).status, 200);
    let told = scene.get(&path("2026-11-22T07:00:01Z"));
    assert_eq!(told.status, 400);
    assert_eq!(told.body["name"], "INVALID_REQUEST");
    assert_eq!(
        told.body["message"],
        "Data for the given start date is not available."
    );
    assert_eq!(told.body["details"], json!([]));
}

#[test]
fn an_answer_may_end_in_the_middle_and_says_where() {
    let scene = behaving(Behaviour {
        short_end_date: true,
        ..shown_at_once()
    });
    let ids = captured(&scene, 1);
    scene.wait(SignedDuration::from_hours(4));
    let order = approved(&scene, "B1", "2026-9");
    scene.capture(&order, "B1-capture-1");
    let body = search(&scene, "");
    assert_eq!(body["end_date"], "2026-11-22T12:00:00Z");
    assert_eq!(of(&body, "transaction_id"), ids);
    assert_eq!(body["total_items"], 1);
    // A short window is shown whole, so that halving ends.
    let path = "/v1/reporting/transactions?start_date=2026-11-22T09:30:00Z\
                &end_date=2026-11-22T10:30:00Z";
    assert_eq!(scene.get(path).body["end_date"], "2026-11-22T10:30:00Z");
}

#[test]
fn more_rows_than_are_ever_shown_are_refused_by_name() {
    let scene = behaving(Behaviour {
        resultset_cap: 2,
        ..shown_at_once()
    });
    captured(&scene, 2);
    assert_eq!(rows(&search(&scene, "")).len(), 2);
    captured(&scene, 1);
    scene.standin.foreign_payments(1, CENT, Foreign::SentByHand);
    assert_eq!(search(&scene, "")["name"], "RESULTSET_TOO_LARGE");
    assert_eq!(BEHAVES().resultset_cap, 10_000);
}

#[test]
fn a_row_may_come_between_two_pages_and_push_another_over() {
    let scene = behaving(Behaviour {
        page_total_changes: true,
        ..shown_at_once()
    });
    let ids = captured(&scene, 3);
    let first = search(&scene, "&page_size=2&page=1");
    let second = search(&scene, "&page_size=2&page=2");
    assert_eq!(
        (&first["total_items"], &second["total_items"]),
        (&json!(3), &json!(4))
    );
    assert_eq!(of(&first, "transaction_id"), ids[..2]);
    assert_eq!(of(&second, "transaction_id"), ids[1..]);
}

#[test]
fn the_first_row_may_come_twice() {
    let scene = behaving(Behaviour {
        duplicate_row: true,
        ..shown_at_once()
    });
    let ids = captured(&scene, 2);
    let body = search(&scene, "");
    assert_eq!(
        of(&body, "transaction_id"),
        [0, 0, 1].map(|at: usize| ids[at].clone())
    );
    assert_eq!(body["total_items"], 3);
}

#[test]
fn rows_may_lack_our_numbers_and_name_the_capture_they_are_about() {
    let scene = behaving(Behaviour {
        row_without_ids: true,
        ..shown_at_once()
    });
    let ids = captured(&scene, 1);
    scene
        .standin
        .afterwards(&ids[0], Afterwards::ReversedInPart(700))
        .unwrap();
    scene
        .standin
        .afterwards(&ids[0], Afterwards::ReversalUndone)
        .unwrap();
    scene
        .standin
        .afterwards(&ids[0], Afterwards::ChargedBack)
        .unwrap();
    let body = search(&scene, "");
    let codes = of(&body, "transaction_event_code");
    assert_eq!(codes, ["T0006", "T1106", "T1205", "T1201"]);
    let values: Vec<&Value> = rows(&body)
        .iter()
        .map(|row| &row["transaction_amount"]["value"])
        .collect();
    assert_eq!(values, ["25.00", "-7.00", "7.00", "-25.00"]);
    assert_eq!(
        of(&body, "paypal_reference_id")[1..],
        [0; 3].map(|at: usize| ids[at].clone())
    );
    for field in ["invoice_id", "custom_field"] {
        assert!(of(&body, field).iter().all(String::is_empty), "{field}");
    }
}

#[test]
fn a_dispute_may_hold_the_money_and_let_it_go() {
    let scene = behaving(Behaviour {
        hold_rows: true,
        ..shown_at_once()
    });
    let ids = captured(&scene, 1);
    scene
        .standin
        .afterwards(&ids[0], Afterwards::Disputed)
        .unwrap();
    assert_eq!(
        of(&search(&scene, ""), "transaction_event_code"),
        ["T0006", "T1110"]
    );
    scene.wait(SignedDuration::from_mins(1));
    scene
        .standin
        .afterwards(&ids[0], Afterwards::HoldReleased)
        .unwrap();
    let body = search(&scene, "");
    assert_eq!(
        of(&body, "transaction_event_code"),
        ["T0006", "T1110", "T1111"]
    );
    assert_eq!(
        of(&body, "paypal_reference_id")[1..],
        [0; 2].map(|at: usize| ids[at].clone())
    );
    assert!(
        scene
            .standin
            .afterwards(&ids[0], Afterwards::HoldReleased)
            .is_err()
    );
}

#[test]
fn ids_may_look_like_numbers_and_are_read_back_all_the_same() {
    let scene = behaving(Behaviour {
        numeric_like_ids: true,
        ..shown_at_once()
    });
    let ids = captured(&scene, 3);
    for id in &ids {
        assert!(id.parse::<f64>().is_ok(), "{id} looks like a number");
        assert_eq!(id.len(), 17);
        assert_eq!(
            scene.get(&format!("/v2/payments/captures/{id}")).status,
            200
        );
    }
    assert_eq!(of(&search(&scene, ""), "transaction_id"), ids);
}

#[test]
fn strangers_payments_fill_the_report_and_only_a_shops_can_be_read() {
    let scene = behaving(shown_at_once());
    scene
        .standin
        .foreign_payments(1_500, CENT, Foreign::OtherShop);
    let lever = r#"{"count":500,"minor_units":1,"kind":"sent_by_hand"}"#;
    assert_eq!(scene.lever("POST", "/_standin/foreign", lever).status, 200);
    assert_eq!(scene.lever("POST", "/_standin/foreign", "{}").status, 400);
    let body = search(&scene, "&page_size=500&page=4");
    assert_eq!(body["total_items"], 2_000);
    assert!(
        of(&body, "transaction_event_code")
            .iter()
            .all(|code| code == "T0000")
    );
    assert!(scene.standin.books().captures.is_empty());
    let foreign = scene.standin.books().foreign;
    for (payment, status) in [(&foreign[0], 200), (&foreign[1_999], 404)] {
        let read = scene.get(&format!("/v2/payments/captures/{}", payment.id));
        assert_eq!(read.status, status);
        if status == 200 {
            assert_ne!(read.body["custom_id"], "A1");
            assert_eq!(read.body["amount"]["value"], "0.01");
        }
    }
}
