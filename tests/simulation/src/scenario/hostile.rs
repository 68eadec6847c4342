//! Those who mean harm, and an item that nobody can read.

use std::rc::Rc;

use bytes::Bytes;
use data_encoding::BASE64;
use http::Request;
use paypal_standin::Payer;
use serde_json::json;

use super::driver;
use crate::actors::Back;
use crate::history::Kind;
use crate::world::{Function, PAYPAL_ORIGIN, Work, World, settings};

/// Somebody opens result pages with order ids that are not theirs.
pub(super) fn returns_with_a_foreign_order(world: &Rc<World>) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        let Some(first) = driver.presses().await else {
            return;
        };
        let Some(second) = driver.in_english().presses().await else {
            return;
        };
        let Some(back) = driver.decides(&first, Payer::Pays).await else {
            return;
        };
        let moved = || world.standin.in_books(|books| books.captures.len());
        let before = moved();
        for order in [second.order.as_str(), "", "../x"] {
            let foreign = Back {
                attempt: back.attempt.clone(),
                order: order.to_owned(),
            };
            driver.result("driver-returns-from-paypal", &foreign).await;
        }
        let after = moved();
        world.history.borrow_mut().law("R1", before == after, || {
            "a return that names a foreign order has moved money".to_owned()
        });
    })
}

/// Somebody has one signed webhook and makes others of it.
pub(super) fn forges_a_webhook(world: &Rc<World>) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        let Some(approved) = driver.presses().await else {
            return;
        };
        let Some(other) = driver.in_english().presses().await else {
            return;
        };
        driver.decides(&approved, Payer::ClosesWindow).await;
        let Some(genuine) = world.standin.take_deliveries().into_iter().next() else {
            return;
        };
        let written = || world.engine.borrow().writes();
        let before = written();
        let mut broken = genuine.clone();
        broken.body = Bytes::from([genuine.body.as_ref(), b" "].concat());
        let status = world.post(&broken).await;
        // 503 where its certificate cannot be had: it may come again.
        let refused = status.is_none_or(|status| (400..=503).contains(&status));
        let nothing_written = before == written();
        world
            .history
            .borrow_mut()
            .law("W4", refused && nothing_written, || {
                format!(
                    "an unsigned webhook was answered {status:?}, something was written: {}",
                    !nothing_written
                )
            });
        let attempt = world.standin.in_books(|books| {
            let order = books.order(&other.order)?;
            order.custom_id.clone()
        });
        let lie = json!({
            "id": "WH-FORGED00000000000-0000000000000000A",
            "event_type": "PAYMENT.CAPTURE.COMPLETED",
            "resource_type": "capture",
            "resource_version": "2.0",
            "resource": {
                "id": "F0RGEDCAPTURE0001",
                "status": "COMPLETED",
                "amount": { "currency_code": "EUR", "value": "30.00" },
                "custom_id": attempt,
                "supplementary_data": { "related_ids": { "order_id": other.order } },
            },
        });
        let mut forged = genuine.clone();
        "WH-FORGED00000000000-0000000000000000A".clone_into(&mut forged.event_id);
        forged.body = with_the_checksum_of(&genuine.body, &lie.to_string());
        // Its signature fits: whatever it says is a hint, and no more.
        let status = world.post(&forged).await;
        if status.is_some_and(|status| status < 300) {
            let mut history = world.history.borrow_mut();
            history.sometimes("a forged webhook had the right signature");
        }
        // PayPal repeats what was not answered.
        for _ in 0..3 {
            let status = world.post(&genuine).await;
            if status.is_some_and(|status| status < 300) {
                return;
            }
        }
    })
}

/// Somebody sends webhooks of his own, each with another certificate at PayPal's
/// own host, twenty in a minute.
pub(super) fn strangers_send_webhooks(world: &Rc<World>) -> Work {
    const WEBHOOKS: u32 = 20;
    const ASKED_MAX: u64 = 10;
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        let Some(sent) = driver.presses().await else {
            return;
        };
        driver.decides(&sent, Payer::ClosesWindow).await;
        let Some(genuine) = world.standin.take_deliveries().into_iter().next() else {
            return;
        };
        let asked = || {
            let history = world.history.borrow();
            history.calls(Function::ReceiveWebhook, Kind::PayPal)
        };
        let before = asked();
        for number in 0..WEBHOOKS {
            let mut strange = genuine.clone();
            let url = format!("{PAYPAL_ORIGIN}/v1/notifications/certs/CERT-{number:08}");
            let url = url.parse().expect("a header");
            strange.headers.insert("paypal-cert-url", url);
            world.post(&strange).await;
        }
        let asked = asked() - before;
        let mut history = world.history.borrow_mut();
        history.law("W7", asked <= ASKED_MAX, || {
            format!("{WEBHOOKS} strange webhooks have made us ask PayPal {asked} times")
        });
    })
}

/// Somebody pays something else under an invoice id of ours, at PayPal itself.
pub(super) async fn pays_elsewhere(world: &Rc<World>, invoice_id: &str) {
    world.turn("somebody pays elsewhere").await;
    let post = |path: &str, authorization: &str, body: String| {
        let request = Request::post(format!("{PAYPAL_ORIGIN}{path}"))
            .header("content-type", "application/json")
            .header("paypal-request-id", "elsewhere")
            .header("authorization", authorization)
            .body(Bytes::from(body))
            .expect("a request");
        let answer = world.standin.exchange(&request).answer.expect("an answer");
        serde_json::from_slice::<serde_json::Value>(answer.body()).expect("JSON")
    };
    let ours = settings();
    let credentials = format!("{}:{}", ours.client_id, ours.client_secret);
    let token = post(
        "/v1/oauth2/token",
        &format!("Basic {}", BASE64.encode(credentials.as_bytes())),
        "grant_type=client_credentials".to_owned(),
    );
    let bearer = format!(
        "Bearer {}",
        token["access_token"].as_str().expect("a token")
    );
    let order = json!({
        "intent": "CAPTURE",
        "purchase_units": [{
            "invoice_id": invoice_id,
            "amount": { "currency_code": "EUR", "value": "1.00" },
        }],
    });
    let orders = "/v2/checkout/orders";
    let order = post(orders, &bearer, order.to_string());
    let order = order["id"].as_str().expect("an order");
    world
        .standin
        .approve(order, Payer::ClosesWindow)
        .expect("an order");
    let captured = post(
        &format!("{orders}/{order}/capture"),
        &bearer,
        "{}".to_owned(),
    );
    let paid = captured["status"] == "COMPLETED";
    assert!(paid || !world.habits.borrow().is_empty(), "{captured}");
}

/// An object with the same CRC-32 as `genuine`: a field of 64 letters, each one
/// of two, is chosen so that it comes out, which is one system of equations.
pub(super) fn with_the_checksum_of(genuine: &[u8], lie: &str) -> Bytes {
    const LETTERS: usize = 64;
    // The object goes on where it ended.
    let open = lie.strip_suffix('}').unwrap_or(lie);
    let head = format!("{open},\"filler\":\"");
    let body = |flipped: &[bool; LETTERS]| {
        let filler: String = flipped
            .iter()
            .map(|flip| if *flip { 'C' } else { 'A' })
            .collect();
        format!("{head}{filler}\"}}")
    };
    let none = [false; LETTERS];
    let plain = crc32fast::hash(body(&none).as_bytes());
    // Flipping one letter always changes the checksum by the same bits: for each
    // highest bit a set of letters that changes it and only lower ones.
    let mut basis: [Option<(u32, [bool; LETTERS])>; 32] = [None; 32];
    let reduce = |basis: &[Option<(u32, [bool; LETTERS])>; 32], mut bits: u32, mut flips| {
        while bits != 0
            && let Some((known, known_flips)) = &basis[highest(bits)]
        {
            bits ^= known;
            flips = both(&flips, known_flips);
        }
        (bits, flips)
    };
    for letter in 0..LETTERS {
        let mut flips = none;
        flips[letter] = true;
        let changes = plain ^ crc32fast::hash(body(&flips).as_bytes());
        let (bits, flips) = reduce(&basis, changes, flips);
        if bits != 0 {
            basis[highest(bits)] = Some((bits, flips));
        }
    }
    let (_, flips) = reduce(&basis, plain ^ crc32fast::hash(genuine), none);
    let forged = body(&flips);
    assert_eq!(crc32fast::hash(forged.as_bytes()), crc32fast::hash(genuine));
    Bytes::from(forged)
}

fn highest(bits: u32) -> usize {
    usize::try_from(bits.ilog2()).unwrap_or_default()
}

fn both(one: &[bool; 64], other: &[bool; 64]) -> [bool; 64] {
    std::array::from_fn(|place| one[place] != other[place])
}

/// An attempt that nobody can read, due before all others.
pub(super) fn poison(world: &World) {
    let pk = "ATTEMPT#aaaaaaaaaaaaaaaaaaaaaaaaaa";
    let item = json!({
        "pk": { "S": pk }, "sk": { "S": "ATTEMPT" },
        "shard": { "S": "OPEN#00" }, "due_at": { "S": "2020-01-01T00:00:00Z" },
        "attempt_state": { "S": "of another age" },
    });
    let key = (pk.to_owned(), "ATTEMPT".to_owned());
    world.engine.borrow_mut().restore(&key, Some(&item));
}
