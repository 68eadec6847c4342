//! What is kept in a file is there after a restart.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::StatusCode;
use serde_json::Value;

use crate::testing::{Scene, approved, settings};
use crate::{Afterwards, Behaviour, Books, Fault, FaultKind, On, PendingThen, StartError};

const FILE: &str = "books.json";

fn kept(directory: &Path) -> Scene {
    Scene::kept_in(&directory.join(FILE))
}

#[test]
fn orders_money_events_and_tokens_outlive_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let before = kept(directory.path());
    let order = approved(&before, "A1", "KL-1");
    let captured = before.capture(&order, "A1-capture-1");
    assert_eq!(captured.status, StatusCode::CREATED);
    let waiting = before.order("A2", "KL-2").id();
    let capture_id = captured.capture()["id"].as_str().unwrap().to_owned();
    let refunded = Afterwards::RefundedInPart(500);
    before.standin.afterwards(&capture_id, refunded).unwrap();
    let (books, token) = (before.standin.books(), before.token());
    drop(before);

    let after = kept(directory.path());
    // Only the call for another token is new.
    let calls = books.calls.clone();
    let found = after.standin.books();
    assert!(Books { calls, ..found } == books);
    after.use_token(token);
    assert_eq!(after.get_order(&waiting).status, StatusCode::OK);
    // The same request is the same payment, and not a second one.
    let again = after.capture(&order, "A1-capture-1");
    assert_eq!(again.capture()["id"], capture_id);
    assert_eq!(after.standin.books().captures.len(), 1);
    let told: Vec<String> = after
        .standin
        .take_deliveries()
        .into_iter()
        .map(|delivery| delivery.event_type)
        .collect();
    let expected = [
        "CHECKOUT.ORDER.APPROVED",
        "PAYMENT.CAPTURE.COMPLETED",
        "PAYMENT.CAPTURE.REFUNDED",
    ];
    assert_eq!(told, expected);
    let new = after.order("A3", "KL-3").id();
    assert!(books.order(&new).is_none(), "an id was given twice");
}

#[test]
fn what_was_to_happen_still_happens_and_misbehaviour_ends() {
    let directory = tempfile::tempdir().unwrap();
    let before = kept(directory.path());
    let behaviour = Behaviour {
        pending_then: PendingThen::Completed,
        pending_h: 1,
        ..Behaviour::default()
    };
    before.standin.set_behaviour(behaviour).unwrap();
    let pending = Fault::once(On::Capture, FaultKind::Pending);
    before.standin.set_fault(pending).unwrap();
    let order = approved(&before, "A1", "KL-1");
    before.capture(&order, "A1-capture-1");
    let fault = Fault::once(On::GetOrder, FaultKind::ServerError);
    before.standin.set_fault(fault).unwrap();
    let token = before.token();
    drop(before);

    let after = kept(directory.path());
    after.use_token(token);
    assert_eq!(after.standin.behaviour(), Behaviour::default());
    assert_eq!(after.get_order(&order).capture()["status"], "PENDING");
    after.wait(jiff::SignedDuration::from_hours(2));
    assert_eq!(after.get_order(&order).capture()["status"], "COMPLETED");
}

#[test]
fn whoever_kills_it_in_the_middle_of_writing_finds_whole_books() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(FILE);
    let scene = kept(directory.path());
    let is_over = Arc::new(AtomicBool::new(false));
    let reader = {
        let (path, is_over) = (path.clone(), Arc::clone(&is_over));
        std::thread::spawn(move || {
            let mut reads = 0;
            while !is_over.load(Ordering::Relaxed) {
                let text = std::fs::read(&path).unwrap();
                serde_json::from_slice::<Value>(&text).unwrap();
                reads += 1;
            }
            reads
        })
    };
    for number in 0..100 {
        scene.order(&format!("A{number}"), &format!("KL-{number}"));
    }
    is_over.store(true, Ordering::Relaxed);
    assert!(reader.join().unwrap() > 0);
    let books = scene.standin.books();
    drop(scene);
    // What a killed process has left half written is nobody's.
    std::fs::write(path.with_extension("new"), "{\"books\":").unwrap();
    assert_eq!(kept(directory.path()).standin.books().orders, books.orders);
}

#[test]
fn a_file_that_holds_something_else_is_refused_with_the_way_out() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(FILE);
    std::fs::write(&path, "{}").unwrap();
    let clock = Arc::new(|| "2026-11-22T10:00:00Z".parse().unwrap());
    let refused = crate::Standin::kept_in(path, settings(), clock, 1);
    let error = refused.map(|_| ()).unwrap_err();
    assert!(matches!(error, StartError::Books { .. }));
    assert!(error.to_string().contains("books.json"), "{error}");
    assert!(error.to_string().contains("delete"), "{error}");
}

/// The books in this file, changed.
fn changed(path: &Path, change: impl FnOnce(&mut Value)) {
    let text = std::fs::read(path).unwrap();
    let mut books = serde_json::from_slice(&text).unwrap();
    change(&mut books);
    std::fs::write(path, books.to_string()).unwrap();
}

#[test]
fn books_of_before_there_were_several_webhooks_have_the_one_of_the_settings() {
    let directory = tempfile::tempdir().unwrap();
    let before = kept(directory.path());
    approved(&before, "A1", "KL-1");
    drop(before);
    changed(&directory.path().join(FILE), |books| {
        books.as_object_mut().unwrap().remove("webhooks").unwrap();
        for queued in books["queue"].as_array_mut().unwrap() {
            let queued = queued.as_object_mut().unwrap();
            queued.remove("webhook_id").unwrap();
        }
    });

    let after = kept(directory.path());
    approved(&after, "A2", "KL-2");
    let deliveries = after.standin.take_deliveries();
    let to: Vec<&str> = deliveries.iter().map(|it| &*it.webhook_id).collect();
    let own = settings().webhook_id;
    assert_eq!(to, [&*own; 2]);
    // Whatever is not taken comes again, and that too knows where it goes.
    after.standin.delivered(&deliveries[0], None);
    assert!(after.standin.next_delivery_at().is_some());
}
