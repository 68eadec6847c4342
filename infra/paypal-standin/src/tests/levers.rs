//! The habits as levers: each can be pulled from outside, and is listed.

use serde_json::json;

use crate::Behaviour;
use crate::testing::Scene;

#[test]
fn every_lever_can_be_pulled_from_outside_and_is_listed() {
    let scene = Scene::new();
    let listed = scene.lever("GET", "/_standin/faults", "").body;
    let levers = listed.as_object().unwrap();
    for (name, value) in levers.iter().filter(|(name, _)| *name != "faults") {
        let body = json!({ name: value }).to_string();
        assert_eq!(
            scene.lever("POST", "/_standin/faults", &body).status,
            200,
            "{name}"
        );
    }
    let pulled = json!({ "stale_reads_s": 7, "expired_as": "voided", "omit_parts": { "payee": true },
        "unknown_status": "PENDING_APPROVAL" });
    let set = scene
        .lever("POST", "/_standin/faults", &pulled.to_string())
        .body;
    assert_eq!(
        (&set["stale_reads_s"], &set["expired_as"]),
        (&json!(7), &json!("voided"))
    );
    let behaviour = scene.standin.behaviour();
    assert_eq!(behaviour.stale_reads_s, 7);
    assert!(behaviour.omit_parts.payee && !behaviour.omit_parts.payments);
    for wrong in [
        r#"{"stale_reads":7}"#,
        r#"{"stale_reads_s":-1}"#,
        r#"{"expired_as":"never"}"#,
        r#"{"expiry_payer_h":0}"#,
        r#"{"omit_parts":{"paye":true}}"#,
    ] {
        let told = scene.lever("POST", "/_standin/faults", wrong);
        assert_eq!(told.status, 400, "{wrong}");
    }
    assert_eq!(scene.standin.behaviour(), behaviour);
    scene.lever("DELETE", "/_standin/faults", "");
    assert_eq!(scene.standin.behaviour(), Behaviour::default());
}

#[test]
fn habits_can_be_mixed_by_a_seed_and_one_of_them_chosen() {
    let scene = Scene::new();
    let body = r#"{"drawn":7,"approval_lag_s":99}"#;
    assert_eq!(scene.lever("POST", "/_standin/faults", body).status, 200);
    let mixed = Behaviour {
        approval_lag_s: 99,
        ..Behaviour::drawn(7)
    };
    assert_eq!(scene.standin.behaviour(), mixed);
    let wrong = r#"{"drawn":"seven"}"#;
    assert_eq!(scene.lever("POST", "/_standin/faults", wrong).status, 400);
    assert_eq!(scene.standin.behaviour(), mixed);
}

#[test]
fn a_lever_that_is_pulled_wrongly_is_named_with_what_would_do() {
    let scene = Scene::new();
    for (wrong, said) in [
        (r#"{"webhooks":"of"}"#, "webhooks: unknown variant `of`"),
        (r#"{"stale_reads_s":"30"}"#, "stale_reads_s: invalid type"),
        (r#"{"pending_h":0}"#, "pending_h must be 1 to 8784, it is 0"),
        (
            r#"{"on":"token","kind":"wrong_amount"}"#,
            "wrong_amount cannot strike on token",
        ),
    ] {
        let told = scene.lever("POST", "/_standin/faults", wrong).body;
        let error = told["error"].as_str().unwrap();
        assert!(error.starts_with(said), "{error}");
        assert!(told["what_to_do"].as_str().unwrap().contains("POST takes"));
    }
}
