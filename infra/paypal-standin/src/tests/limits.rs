//! Too many calls, and credentials that change.

use bytes::Bytes;
use data_encoding::BASE64;
use http::Request;
use jiff::SignedDuration;
use serde_json::json;

use crate::testing::{Reply, Scene, approved, behaving};
use crate::{Behaviour, OldSecret, RetryAfter};

const BEHAVES: fn() -> Behaviour = Behaviour::default;
const SECRET: &str = "secret-made-for-tests";

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

fn asks_for_a_token(scene: &Scene, secret: &str) -> Reply {
    let credentials = BASE64.encode(format!("client-made-for-tests:{secret}").as_bytes());
    let request = Request::post("/v1/oauth2/token")
        .header("authorization", format!("Basic {credentials}"))
        .body(Bytes::from("grant_type=client_credentials"))
        .unwrap();
    scene.send(&request).unwrap()
}

#[test]
fn one_call_too_many_in_a_minute_blocks_all_calls_for_a_while() {
    let scene = behaving(Behaviour {
        rate_per_min_ip: 5,
        block_s: 120,
        ..BEHAVES()
    });
    let order = approved(&scene, "A1", "2026-1");
    for _ in 0..4 {
        assert_eq!(scene.get_order(&order).status, 200);
    }
    let told = scene.get_order(&order);
    assert_eq!(
        (told.status.as_u16(), &told.body["name"]),
        (429, &json!("RATE_LIMIT_REACHED"))
    );
    assert!(told.response.headers().get("retry-after").is_none());
    scene.wait(seconds(119));
    assert_eq!(scene.capture(&order, "A1-capture-1").status, 429);
    assert_eq!(asks_for_a_token(&scene, SECRET).status, 429);
    assert!(scene.standin.books().captures.is_empty());
    scene.wait(seconds(1));
    assert_eq!(scene.capture(&order, "A1-capture-1").status, 201);
}

#[test]
fn calls_within_the_limit_go_on_for_ever() {
    let scene = behaving(Behaviour {
        rate_per_min_ip: 5,
        ..BEHAVES()
    });
    let order = scene.order("A1", "2026-1").id();
    for _ in 0..20 {
        scene.wait(seconds(12));
        assert_eq!(scene.get_order(&order).status, 200);
    }
}

#[test]
fn a_block_says_when_it_ends_in_seconds_or_as_a_date_or_not() {
    for (retry_after, told) in [
        (RetryAfter::Absent, None),
        (RetryAfter::Seconds, Some("200")),
        (RetryAfter::Date, Some("Sun, 22 Nov 2026 10:05:00 GMT")),
    ] {
        let scene = behaving(Behaviour {
            rate_per_min_ip: 1,
            retry_after,
            ..BEHAVES()
        });
        scene.order("A1", "2026-1");
        scene.order("A2", "2026-2");
        scene.wait(seconds(100));
        let blocked = scene.order("A3", "2026-3");
        assert_eq!(blocked.status, 429);
        let header = blocked.response.headers().get("retry-after");
        assert_eq!(header.map(|value| value.to_str().unwrap()), told);
    }
}

#[test]
fn the_token_endpoint_can_be_limited_alone() {
    let scene = behaving(Behaviour {
        token_429: true,
        ..BEHAVES()
    });
    assert_eq!(asks_for_a_token(&scene, SECRET).status, 429);
    assert_eq!(scene.order("A1", "2026-1").status, 201);
}

#[test]
fn the_client_can_be_unknown_although_the_secret_is_right() {
    let scene = behaving(Behaviour {
        invalid_client: true,
        ..BEHAVES()
    });
    let told = asks_for_a_token(&scene, SECRET);
    assert_eq!(
        (told.status.as_u16(), &told.body["error"]),
        (401, &json!("invalid_client"))
    );
    assert_eq!(
        scene.order("A1", "2026-1").status,
        201,
        "the old token is good"
    );
}

#[test]
fn a_fresh_token_can_be_unknown_for_a_while() {
    let scene = behaving(Behaviour {
        token_unknown_for_s: 60,
        ..BEHAVES()
    });
    scene.log_in();
    scene.wait(seconds(59));
    let told = scene.order("A1", "2026-1");
    assert_eq!(told.status, 401);
    assert_eq!(
        told.body["error_description"],
        "Access Token not found in cache"
    );
    scene.wait(seconds(1));
    assert_eq!(scene.order("A1", "2026-1").status, 201);
}

#[test]
fn every_token_can_be_taken_back_at_once() {
    let scene = Scene::new();
    assert_eq!(
        scene.lever("POST", "/_standin/tokens/revoke", "").status,
        200
    );
    assert_eq!(scene.order("A1", "2026-1").status, 401);
    scene.log_in();
    assert_eq!(scene.order("A1", "2026-1").status, 201);
}

#[test]
fn a_rotated_secret_is_good_beside_the_old_one_or_instead_of_it() {
    for (old, old_status) in [(OldSecret::StaysValid, 200), (OldSecret::IsGone, 401)] {
        let scene = Scene::new();
        assert_eq!(asks_for_a_token(&scene, "another-secret").status, 401);
        scene.standin.rotate_secret("another-secret", old);
        assert_eq!(asks_for_a_token(&scene, "another-secret").status, 200);
        assert_eq!(asks_for_a_token(&scene, SECRET).status, old_status);
    }
    let scene = Scene::new();
    let rotation = r#"{"client_secret":"another-secret","old_secret":"is_gone"}"#;
    assert_eq!(
        scene
            .lever("POST", "/_standin/credentials", rotation)
            .status,
        200
    );
    assert_eq!(asks_for_a_token(&scene, SECRET).status, 401);
    assert_eq!(
        scene.lever("POST", "/_standin/credentials", "{}").status,
        400
    );
}

#[test]
fn a_feature_that_was_switched_on_needs_a_token_made_since() {
    let scene = behaving(Behaviour {
        scope_missing: true,
        ..BEHAVES()
    });
    scene.log_in();
    let path = "/v1/reporting/transactions?start_date=2026-11-22T00:00:00Z\
                &end_date=2026-11-23T00:00:00Z";
    let told = scene.get(path);
    assert_eq!(
        (told.status.as_u16(), told.issue()),
        (403, "PERMISSION_DENIED")
    );
    assert_eq!(scene.order("A1", "2026-1").status, 201);
    scene.standin.set_behaviour(BEHAVES()).unwrap();
    assert_eq!(scene.get(path).status, 403, "the token is the old one");
    scene.log_in();
    assert_eq!(scene.get(path).status, 200);
}
