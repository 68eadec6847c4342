//! The events there were: listed, shown and sent again.

use bytes::Bytes;
use http::{Request, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::testing::{Reply, Scene, approved, settings};
use crate::{Afterwards, WebhookMode};

const EVENTS: &str = "/v1/notifications/webhooks-events";
const COMPLETED: &str = "PAYMENT.CAPTURE.COMPLETED";

/// So many orders, approved and captured, each in its own minute.
fn paid(scene: &Scene, count: usize) {
    for number in 0..count {
        let order = approved(scene, &format!("A{number}"), &format!("2026-{number}"));
        scene.capture(&order, &format!("A{number}-capture-1"));
        scene.wait(SignedDuration::from_mins(1));
    }
}

/// The ids of all events in the books, the newest first.
fn told(scene: &Scene) -> Vec<String> {
    let events = scene.standin.books().events.into_iter().rev();
    events.map(|event| event.id).collect()
}

fn ids(reply: &Reply) -> Vec<String> {
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    let events = reply.body["events"].as_array().unwrap();
    assert_eq!(reply.body["count"], events.len());
    let id = |event: &Value| event["id"].as_str().unwrap().to_owned();
    events.iter().map(id).collect()
}

fn listed(scene: &Scene, query: &str) -> Vec<String> {
    ids(&scene.get(&format!("{EVENTS}?{query}")))
}

fn resent(scene: &Scene, id: &str, body: &Value) -> Reply {
    scene.lever("POST", &format!("{EVENTS}/{id}/resend"), &body.to_string())
}

/// The webhooks that were told, in the order they were told in.
fn taken(scene: &Scene) -> Vec<String> {
    let deliveries = scene.standin.take_deliveries().into_iter();
    deliveries.map(|it| it.webhook_id).collect()
}

#[test]
fn events_are_listed_as_they_were_sent_the_newest_first() {
    let scene = Scene::new();
    scene.standin.set_webhooks(WebhookMode::Off);
    paid(&scene, 2);
    let list = scene.get(EVENTS);
    assert_eq!(ids(&list), told(&scene));
    let newest = scene.standin.books().events.pop().unwrap();
    let sent: Value = serde_json::from_slice(&newest.body).unwrap();
    assert_eq!(list.body["events"][0], sent);
    assert_eq!(scene.get(&format!("{EVENTS}/{}", newest.id)).body, sent);
}

#[test]
fn events_are_found_by_time_type_and_transaction() {
    let scene = Scene::new();
    paid(&scene, 3);
    let all = told(&scene);
    // Approved and captured at 10:00, 10:01 and 10:02; both ends count.
    let minute = "start_time=2026-11-22T10:01:00Z&end_time=2026-11-22T10:01:00Z";
    assert_eq!(listed(&scene, minute), all[2..4]);
    assert_eq!(listed(&scene, "start_time=2026-11-22T10:01:01Z"), all[..2]);
    assert_eq!(listed(&scene, "end_time=2026-11-22T10:00:59Z"), all[4..]);
    let captured = listed(&scene, &format!("event_type={COMPLETED}"));
    assert_eq!(captured, [&*all[0], &*all[2], &*all[4]]);
    let capture = scene.standin.books().captures[1].id.clone();
    let of_one = listed(&scene, &format!("transaction_id={capture}"));
    assert_eq!(of_one, [&*all[2]]);
}

#[test]
fn a_page_leads_to_the_next_whatever_happens_in_between() {
    let scene = Scene::new();
    paid(&scene, 6);
    let all = told(&scene);
    assert_eq!(listed(&scene, ""), all[..10]);
    let first = scene.get(&format!(
        "{EVENTS}?page_size=5&end_time=2026-11-23T00:00:00Z"
    ));
    assert_eq!(ids(&first), all[..5]);
    let capture = scene.standin.books().captures[0].id.clone();
    let refunded = Afterwards::Refunded;
    scene.standin.afterwards(&capture, refunded).unwrap();
    let second = scene.get(first.link("next").unwrap());
    assert_eq!(ids(&second), all[5..10]);
    let third = scene.get(second.link("next").unwrap());
    assert_eq!(ids(&third), all[10..]);
    assert_eq!(third.link("next"), None);
}

#[test]
fn what_no_list_can_be_made_of_is_refused_with_its_field() {
    let scene = Scene::new();
    for (query, field) in [
        ("page_size=0", "page_size"),
        ("page_size=101", "page_size"),
        ("page_size=ten", "page_size"),
        ("start_time=yesterday", "start_time"),
        ("end_time=2026-11-22", "end_time"),
    ] {
        let reply = scene.get(&format!("{EVENTS}?{query}"));
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(reply.body["name"], "VALIDATION_ERROR", "{query}");
        assert_eq!(reply.body["details"][0]["field"], field, "{query}");
    }
}

#[test]
fn an_event_is_sent_again_once_to_the_webhook_that_is_named() {
    let scene = Scene::new();
    let second = scene.webhook("https://pay.example.de/2", &["*"]);
    approved(&scene, "A1", "2026-1");
    let first = scene.standin.take_deliveries();
    assert_eq!(first.len(), 2);
    let event = told(&scene).remove(0);
    let named = json!({ "webhook_ids": [second, second] });
    let reply = resent(&scene, &event, &named);
    assert_eq!(reply.status, StatusCode::ACCEPTED);
    assert_eq!(reply.id(), event);
    let again = scene.standin.take_deliveries();
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].webhook_id, second);
    assert_eq!(again[0].body, first[1].body);
    let text = std::str::from_utf8(&again[0].body).unwrap();
    assert_eq!(scene.postback(&again[0], &second, text), "SUCCESS");
    assert_eq!(scene.standin.next_delivery_at(), None);
}

#[test]
fn an_event_is_sent_again_to_all_that_subscribe_it_where_none_is_named() {
    let scene = Scene::new();
    scene.standin.set_webhooks(WebhookMode::Off);
    let second = scene.webhook("https://pay.example.de/2", &["CHECKOUT.ORDER.APPROVED"]);
    scene.webhook("https://pay.example.de/3", &[COMPLETED]);
    approved(&scene, "A1", "2026-1");
    let event = told(&scene).remove(0);
    for none in [json!({}), json!({ "webhook_ids": [] })] {
        assert_eq!(resent(&scene, &event, &none).status, StatusCode::ACCEPTED);
        assert_eq!(taken(&scene), [&*settings().webhook_id, &*second]);
    }
}

#[test]
fn what_waits_for_its_delivery_is_not_sent_again() {
    let scene = Scene::new();
    approved(&scene, "A1", "2026-1");
    let event = told(&scene).remove(0);
    let reply = resent(&scene, &event, &json!({}));
    assert_eq!(reply.status, StatusCode::ACCEPTED);
    assert_eq!(taken(&scene), [settings().webhook_id]);
}

#[test]
fn nothing_is_sent_again_that_is_not_known_or_to_whom_it_is_not() {
    let scene = Scene::new();
    scene.standin.set_webhooks(WebhookMode::Off);
    approved(&scene, "A1", "2026-1");
    let event = told(&scene).remove(0);
    let own = settings().webhook_id;
    let (not_found, bad) = (StatusCode::NOT_FOUND, StatusCode::BAD_REQUEST);
    for (id, body, status, name) in [
        ("WH-UNKNOWN", json!({}), not_found, "INVALID_RESOURCE_ID"),
        (
            &event,
            json!({ "webhook_ids": [own, "1UNKNOWN"] }),
            not_found,
            "INVALID_RESOURCE_ID",
        ),
        (
            &event,
            json!({ "webhook_ids": own }),
            bad,
            "VALIDATION_ERROR",
        ),
        (
            &event,
            json!({ "webhook_ids": [1] }),
            bad,
            "VALIDATION_ERROR",
        ),
    ] {
        let reply = resent(&scene, id, &body);
        assert_eq!(
            (reply.status, &reply.body["name"]),
            (status, &json!(name)),
            "{body}"
        );
    }
    let unknown = scene.get(&format!("{EVENTS}/WH-UNKNOWN"));
    assert_eq!(unknown.body["name"], "INVALID_RESOURCE_ID");
    assert_eq!(scene.standin.next_delivery_at(), None);
}

#[test]
fn no_call_about_events_is_answered_without_a_token() {
    let scene = Scene::new();
    scene.standin.set_webhooks(WebhookMode::Off);
    approved(&scene, "A1", "2026-1");
    let event = told(&scene).remove(0);
    for (method, path) in [
        ("GET", EVENTS.to_owned()),
        ("GET", format!("{EVENTS}/{event}")),
        ("POST", format!("{EVENTS}/{event}/resend")),
    ] {
        let request = Request::builder().method(method).uri(&path);
        let reply = scene.send(&request.body(Bytes::new()).unwrap());
        let status = reply.unwrap().status;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path}");
    }
    assert_eq!(scene.standin.next_delivery_at(), None);
}
