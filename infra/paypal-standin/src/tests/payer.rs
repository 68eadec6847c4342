//! The payer's page and his decisions.

use bytes::Bytes;
use http::Request;

use crate::testing::Scene;
use crate::{Leads, Payer};

fn page(scene: &Scene, order: &str) -> (u16, String) {
    let request = Request::get(format!("/checkoutnow?token={order}"))
        .body(Bytes::new())
        .unwrap();
    let told = scene.send(&request).unwrap();
    let html = String::from_utf8(told.response.body().to_vec()).unwrap();
    (told.status.as_u16(), html)
}

fn press(scene: &Scene, order: &str, choice: &str) -> (u16, Option<String>) {
    let request = Request::post(format!("/checkoutnow?token={order}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from(format!("choice={choice}")))
        .unwrap();
    let told = scene.send(&request).unwrap();
    let location = told.response.headers().get("location");
    let location = location.map(|value| value.to_str().unwrap().to_owned());
    (told.status.as_u16(), location)
}

#[test]
fn the_page_shows_merchant_amount_and_invoice_and_four_buttons() {
    let scene = Scene::new();
    let order = scene.order("A1", "2026-1");
    let link = order.link("payer-action").unwrap();
    assert!(link.starts_with("http://127.0.0.1:8082/checkoutnow?token="));
    let (status, html) = page(&scene, &order.id());
    assert_eq!(status, 200);
    for text in [
        "25.00 EUR",
        "2026-1",
        "lang=\"de\"",
        "Stadt &#60;Musterstadt&#62;",
    ] {
        assert!(html.contains(text), "{text} in {html}");
    }
    for id in ["pay", "decline", "cancel", "close"] {
        assert!(html.contains(&format!("id=\"{id}\"")), "{id}");
    }
}

#[test]
fn paying_leads_back_with_the_order_and_the_payer() {
    let scene = Scene::new();
    let order = scene.order("A1", "2026-1").id();
    let (status, location) = press(&scene, &order, "pay");
    let back = format!("https://pay.example.de/r/A1?lang=de&token={order}&PayerID=QYR5Z8XDVJNXQ");
    assert_eq!((status, location), (303, Some(back)));
    assert_eq!(scene.get_order(&order).body["status"], "APPROVED");
}

#[test]
fn cancelling_leads_back_and_voids_nothing() {
    let scene = Scene::new();
    let order = scene.order("A1", "2026-1").id();
    let (status, location) = press(&scene, &order, "cancel");
    let back = format!("https://pay.example.de/r/A1/cancel?token={order}");
    assert_eq!((status, location), (303, Some(back)));
    assert_eq!(
        scene.get_order(&order).body["status"],
        "PAYER_ACTION_REQUIRED"
    );
    assert_eq!(press(&scene, &order, "pay").0, 303);
    assert_eq!(scene.get_order(&order).body["status"], "APPROVED");
}

#[test]
fn closing_the_window_approves_and_leads_nowhere() {
    let scene = Scene::new();
    let order = scene.order("A1", "2026-1").id();
    assert_eq!(press(&scene, &order, "close"), (200, None));
    assert_eq!(scene.get_order(&order).body["status"], "APPROVED");
}

#[test]
fn approving_twice_tells_once() {
    let scene = Scene::new();
    let order = scene.order("A1", "2026-1").id();
    for _ in 0..2 {
        let leads = scene.standin.approve(&order, Payer::Pays).unwrap();
        assert!(matches!(leads, Leads::To(_)));
    }
    assert_eq!(scene.standin.books().events.len(), 1);
}

#[test]
fn an_unknown_or_expired_order_has_a_page_without_buttons() {
    let scene = Scene::new();
    let (status, html) = page(&scene, "NOSUCHORDER");
    assert_eq!(status, 404);
    assert!(html.contains("data-page=\"expired\"") && !html.contains("<button"));
}

#[test]
fn a_captured_order_offers_no_buttons() {
    let scene = Scene::new();
    let order = scene.order("A1", "2026-1").id();
    press(&scene, &order, "pay");
    scene.capture(&order, "A1-capture-1");
    assert!(!page(&scene, &order).1.contains("<button"));
}
