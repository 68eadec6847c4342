//! Which webhooks there are, and what each of them is told.

use bytes::Bytes;
use data_encoding::BASE64;
use http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::testing::{Reply, Scene, WEBHOOKS, approved, settings, webhook_request};
use crate::{Settings, Standin};

const URL: &str = "https://pay.example.de/paypal/webhook";
const APPROVED: &str = "CHECKOUT.ORDER.APPROVED";
const COMPLETED: &str = "PAYMENT.CAPTURE.COMPLETED";

fn one(id: &str) -> String {
    format!("{WEBHOOKS}/{id}")
}

fn patch(scene: &Scene, id: &str, patches: &Value) -> Reply {
    scene.lever("PATCH", &one(id), &patches.to_string())
}

/// The ids of all webhooks, in the order they are listed in.
fn listed(scene: &Scene) -> Vec<String> {
    let body = scene.get(WEBHOOKS).body;
    let webhooks = body["webhooks"].as_array().unwrap();
    let id = |webhook: &Value| webhook["id"].as_str().unwrap().to_owned();
    webhooks.iter().map(id).collect()
}

/// Approves and captures one order.
fn paid(scene: &Scene) {
    let order = approved(scene, "A1", "2026-1");
    scene.capture(&order, "A1-capture-1");
}

/// Which webhook was told of what.
fn told(standin: &Standin) -> Vec<(String, String)> {
    let deliveries = standin.take_deliveries().into_iter();
    deliveries
        .map(|it| (it.webhook_id, it.event_type))
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |&(id, name): &(&str, &str)| (id.to_owned(), name.to_owned());
    expected.iter().map(owned).collect()
}

#[test]
fn at_the_start_there_is_the_webhook_of_the_settings() {
    let scene = Scene::with(Settings {
        webhook_url: Some("http://127.0.0.1:8080/paypal/webhook".to_owned()),
        webhook_events: vec![COMPLETED.to_owned()],
        ..settings()
    });
    let body = &scene.get(WEBHOOKS).body["webhooks"][0];
    assert_eq!(body["id"], settings().webhook_id);
    assert_eq!(body["url"], "http://127.0.0.1:8080/paypal/webhook");
    assert_eq!(body["event_types"][0]["name"], COMPLETED);
    paid(&scene);
    let own = &*settings().webhook_id;
    assert_eq!(told(&scene.standin), pairs(&[(own, COMPLETED)]));
}

#[test]
fn a_webhook_is_registered_listed_changed_and_deleted() {
    let scene = Scene::new();
    let request = webhook_request(URL, &[COMPLETED, COMPLETED]);
    let made = scene.lever("POST", WEBHOOKS, &request);
    assert_eq!(made.status, StatusCode::CREATED);
    let id = made.id();
    let capital_or_digit = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    assert!(id.len() == 17 && id.bytes().all(capital_or_digit), "{id}");
    let subscribed = json!([{
        "name": COMPLETED,
        "description": "A payment capture completes.",
        "status": "ENABLED",
    }]);
    assert_eq!(made.body["event_types"], subscribed);
    let own = format!("http://127.0.0.1:8082{}", one(&id));
    for relation in ["self", "update", "delete"] {
        assert_eq!(made.link(relation), Some(&*own));
    }
    assert_eq!(scene.get(&one(&id)).body, made.body);
    assert_eq!(listed(&scene), [settings().webhook_id, id.clone()]);

    let elsewhere = "https://pay.example.de/elsewhere";
    let changed = patch(
        &scene,
        &id,
        &json!([
            { "op": "replace", "path": "/url", "value": elsewhere },
            { "op": "replace", "path": "/event_types", "value": [{ "name": "*" }] },
        ]),
    );
    assert_eq!(changed.status, StatusCode::OK);
    assert_eq!(changed.body["url"], elsewhere);
    assert_eq!(changed.body["event_types"][0]["name"], "*");
    assert_eq!(scene.get(&one(&id)).body, changed.body);

    let deleted = scene.lever("DELETE", &one(&id), "");
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    assert!(deleted.response.body().is_empty());
    assert_eq!(listed(&scene), [settings().webhook_id]);
}

#[test]
fn an_unknown_webhook_is_refused_in_the_older_shape() {
    let scene = Scene::new();
    let changes = json!([{ "op": "replace", "path": "/url", "value": URL }]);
    for reply in [
        scene.get(&one("1UNKNOWN")),
        patch(&scene, "1UNKNOWN", &changes),
        scene.lever("DELETE", &one("1UNKNOWN"), ""),
    ] {
        assert_eq!(reply.status, StatusCode::NOT_FOUND);
        assert_eq!(reply.body["name"], "INVALID_RESOURCE_ID");
        assert_eq!(reply.body["message"], "Resource id is invalid");
        assert_eq!(reply.body["details"], json!([]));
    }
}

#[test]
fn no_call_about_webhooks_is_answered_without_a_token() {
    let scene = Scene::new();
    for (method, path) in [
        ("POST", WEBHOOKS.to_owned()),
        ("GET", WEBHOOKS.to_owned()),
        ("GET", one(&settings().webhook_id)),
        ("PATCH", one(&settings().webhook_id)),
        ("DELETE", one(&settings().webhook_id)),
    ] {
        let request = Request::builder().method(method).uri(&path);
        let reply = scene.send(&request.body(Bytes::new()).unwrap());
        let status = reply.unwrap().status;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path}");
    }
    assert_eq!(listed(&scene), [settings().webhook_id]);
}

#[test]
fn a_token_says_that_it_is_good_for_webhooks() {
    let scene = Scene::new();
    let credentials = BASE64.encode(b"client-made-for-tests:secret-made-for-tests");
    let request = Request::post("/v1/oauth2/token")
        .header("authorization", format!("Basic {credentials}"))
        .body(Bytes::from("grant_type=client_credentials"))
        .unwrap();
    let body = scene.send(&request).unwrap().body;
    let mut scopes = body["scope"].as_str().unwrap().split(' ');
    assert!(scopes.any(|it| it == "https://uri.paypal.com/services/applications/webhooks"));
}

#[test]
fn a_webhook_that_paypal_would_not_take_is_refused_by_name() {
    let scene = Scene::new();
    scene.webhook(URL, &["*"]);
    let too_long = format!("https://pay.example.de/{}", "x".repeat(2_048));
    for (url, event_types, name) in [
        (URL, &["*"][..], "WEBHOOK_URL_ALREADY_EXISTS"),
        ("https://pay.example.de/2", &[], "VALIDATION_ERROR"),
        (
            "https://pay.example.de/2",
            &["PAYMENT.CAPTURE.COMPLETE"],
            "VALIDATION_ERROR",
        ),
        ("http://pay.example.de/2", &["*"], "VALIDATION_ERROR"),
        ("http://0.0.0.0/2", &["*"], "VALIDATION_ERROR"),
        ("pay.example.de/2", &["*"], "VALIDATION_ERROR"),
        (&*too_long, &["*"], "VALIDATION_ERROR"),
    ] {
        let reply = scene.lever("POST", WEBHOOKS, &webhook_request(url, event_types));
        assert_eq!(
            reply.status,
            StatusCode::BAD_REQUEST,
            "{url} {event_types:?}"
        );
        assert_eq!(reply.body["name"], name, "{url} {event_types:?}");
    }
    assert_eq!(listed(&scene).len(), 2);
    for number in 3..=10 {
        scene.webhook(&format!("https://pay.example.de/{number}"), &["*"]);
    }
    let request = webhook_request("https://pay.example.de/11", &["*"]);
    let eleventh = scene.lever("POST", WEBHOOKS, &request);
    assert_eq!(eleventh.status, StatusCode::BAD_REQUEST);
    assert_eq!(eleventh.body["name"], "WEBHOOK_NUMBER_LIMIT_EXCEEDED");
    assert_eq!(listed(&scene).len(), 10);
}

#[test]
fn a_change_is_made_as_a_whole_or_refused() {
    let scene = Scene::new();
    let id = scene.webhook(URL, &[APPROVED, COMPLETED]);
    let other = "https://pay.example.de/other";
    scene.webhook(other, &["*"]);
    let before = scene.get(&one(&id)).body;
    let moved = json!({ "op": "replace", "path": "/url", "value": "https://pay.example.de/new" });
    let types = json!([{ "name": COMPLETED }, { "name": APPROVED }]);
    for (patches, name) in [
        (
            json!([moved, { "op": "remove", "path": "/url" }]),
            "VALIDATION_ERROR",
        ),
        (
            json!([moved, { "op": "replace", "path": "/id", "value": "X" }]),
            "VALIDATION_ERROR",
        ),
        (
            json!([moved, { "op": "replace", "path": "/event_types", "value": [] }]),
            "VALIDATION_ERROR",
        ),
        (moved, "VALIDATION_ERROR"),
        (
            json!([{ "op": "replace", "path": "/url", "value": other }]),
            "WEBHOOK_URL_ALREADY_EXISTS",
        ),
        // As it is already, in another order.
        (
            json!([{ "op": "replace", "path": "/event_types", "value": types }]),
            "WEBHOOK_PATCH_REQUEST_NO_CHANGE",
        ),
    ] {
        let reply = patch(&scene, &id, &patches);
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{patches}");
        assert_eq!(reply.body["name"], name, "{patches}");
        assert_eq!(scene.get(&one(&id)).body, before, "{patches}");
    }
}

#[test]
fn a_second_webhook_is_told_too_under_its_own_id() {
    let scene = Scene::new();
    let (first, second) = (settings().webhook_id, scene.webhook(URL, &["*"]));
    approved(&scene, "A1", "2026-1");
    let deliveries = scene.standin.take_deliveries();
    let ids: Vec<&str> = deliveries.iter().map(|it| &*it.webhook_id).collect();
    assert_eq!(ids, [&*first, &*second]);
    assert_eq!(deliveries[0].event_id, deliveries[1].event_id);
    assert_eq!(deliveries[0].body, deliveries[1].body);
    for (delivery, own, other) in [
        (&deliveries[0], &first, &second),
        (&deliveries[1], &second, &first),
    ] {
        let event = std::str::from_utf8(&delivery.body).unwrap();
        assert_eq!(scene.postback(delivery, own, event), "SUCCESS");
        assert_eq!(scene.postback(delivery, other, event), "FAILURE");
    }
    // Each is answered by itself.
    scene.standin.delivered(&deliveries[0], Some(200));
    scene.standin.delivered(&deliveries[1], Some(503));
    scene.wait(jiff::SignedDuration::from_mins(1));
    assert_eq!(told(&scene.standin), pairs(&[(&second, APPROVED)]));
}

#[test]
fn a_webhook_is_told_of_what_it_subscribes_and_no_more() {
    let scene = Scene::new();
    let own = settings().webhook_id;
    let subscribe = |name: &str| {
        let types =
            json!([{ "op": "replace", "path": "/event_types", "value": [{ "name": name }] }]);
        assert_eq!(patch(&scene, &own, &types).status, StatusCode::OK);
    };
    subscribe(COMPLETED);
    paid(&scene);
    assert_eq!(told(&scene.standin), pairs(&[(&own, COMPLETED)]));
    // What nobody subscribes is in the books all the same.
    subscribe("PAYMENT.CAPTURE.DENIED");
    approved(&scene, "A2", "2026-2");
    assert_eq!(scene.standin.next_delivery_at(), None);
    let events = scene.standin.books().events;
    assert_eq!(
        (&*events[2].event_type, events[2].deliveries),
        (APPROVED, 0)
    );
}

#[test]
fn a_deleted_webhook_is_told_no_more() {
    let scene = Scene::new();
    let own = settings().webhook_id;
    approved(&scene, "A1", "2026-1");
    let on_its_way = scene.standin.take_deliveries().remove(0);
    approved(&scene, "A2", "2026-2");
    scene.lever("DELETE", &one(&own), "");
    scene.standin.delivered(&on_its_way, Some(503));
    approved(&scene, "A3", "2026-3");
    assert_eq!(scene.standin.next_delivery_at(), None);
    let event = std::str::from_utf8(&on_its_way.body).unwrap();
    assert_eq!(scene.postback(&on_its_way, &own, event), "FAILURE");
}

#[test]
fn webhooks_outlive_the_process_and_the_settings_one_leads_where_this_start_listens() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("books.json");
    let listening = |port: u16| Settings {
        webhook_url: Some(format!("http://127.0.0.1:{port}/paypal/webhook")),
        ..settings()
    };
    let own = settings().webhook_id;
    let before = Scene::kept_with(listening(8080), &path);
    let second = before.webhook(URL, &[COMPLETED]);
    let types =
        json!([{ "op": "replace", "path": "/event_types", "value": [{ "name": APPROVED }] }]);
    patch(&before, &own, &types);
    paid(&before);
    drop(before);

    let after = Scene::kept_with(listening(9090), &path);
    let webhooks = after.get(WEBHOOKS).body["webhooks"].clone();
    assert_eq!(webhooks[0]["url"], "http://127.0.0.1:9090/paypal/webhook");
    assert_eq!(webhooks[0]["event_types"][0]["name"], APPROVED);
    assert_eq!(webhooks[1]["url"], URL);
    let waited = pairs(&[(&own, APPROVED), (&second, COMPLETED)]);
    assert_eq!(told(&after.standin), waited);
    after.lever("DELETE", &one(&own), "");
    after.lever("DELETE", &one(&second), "");
    drop(after);

    // All are gone for good: an empty list is not an old file.
    let at_last = Scene::kept_with(listening(9090), &path);
    assert_eq!(listed(&at_last), [""; 0]);
}
