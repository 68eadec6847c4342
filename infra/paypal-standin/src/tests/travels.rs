//! How events travel when they do not travel well, and by what they are signed.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::testing::{Scene, approved, behaving};
use crate::{Behaviour, Redelivery, SignedBy};

const BEHAVES: fn() -> Behaviour = Behaviour::default;

fn approve(scene: &Scene, orders: usize) {
    for order in 0..orders {
        approved(scene, &format!("A{order}"), &format!("2026-{order}"));
    }
}

#[test]
fn one_event_in_so_many_is_lost_and_stays_in_the_books() {
    let scene = behaving(Behaviour {
        webhook_drop_every: 3,
        ..BEHAVES()
    });
    approve(&scene, 9);
    assert_eq!(scene.standin.take_deliveries().len(), 6);
    assert_eq!(scene.standin.books().events.len(), 9);
}

#[test]
fn events_may_be_three_days_late() {
    let scene = behaving(Behaviour {
        webhook_delay_s: 3 * 86_400,
        ..BEHAVES()
    });
    approve(&scene, 1);
    scene.wait(SignedDuration::from_hours(72) - SignedDuration::from_secs(1));
    assert!(scene.standin.take_deliveries().is_empty());
    scene.wait(SignedDuration::from_secs(1));
    assert_eq!(scene.standin.take_deliveries().len(), 1);
}

#[test]
fn shuffled_events_overtake_each_other_the_same_way_with_the_same_seed() {
    let arrived = || {
        let scene = behaving(Behaviour {
            webhook_shuffle_s: 60,
            ..BEHAVES()
        });
        approve(&scene, 8);
        scene.wait(SignedDuration::from_secs(60));
        let told: Vec<String> = scene
            .standin
            .books()
            .events
            .into_iter()
            .map(|event| event.id)
            .collect();
        let taken = scene.standin.take_deliveries().into_iter();
        let came: Vec<String> = taken.map(|delivery| delivery.event_id).collect();
        assert_ne!(told, came);
        assert_eq!(told.iter().collect::<BTreeSet<_>>(), came.iter().collect());
        came
    };
    assert_eq!(arrived(), arrived());
}

#[test]
fn a_repeat_is_the_same_to_the_byte_or_signed_anew() {
    for (redelivery, same) in [
        (Redelivery::SameHeaders, true),
        (Redelivery::Resigned, false),
    ] {
        let scene = behaving(Behaviour {
            redelivery,
            redelivery_pause_s: 10_000,
            ..BEHAVES()
        });
        approve(&scene, 1);
        let first = scene.standin.take_deliveries().remove(0);
        scene.standin.delivered(&first, Some(503));
        scene.wait(SignedDuration::from_secs(9_999));
        assert!(scene.standin.take_deliveries().is_empty());
        scene.wait(SignedDuration::from_secs(1));
        let second = scene.standin.take_deliveries().remove(0);
        assert_eq!(second.attempt, 2);
        assert_eq!(first.body, second.body);
        for header in ["paypal-transmission-id", "paypal-transmission-time"] {
            assert_eq!(
                first.headers[header] == second.headers[header],
                same,
                "{header}"
            );
        }
    }
}

#[test]
fn what_signs_decides_where_the_certificate_is_and_it_is_served_there() {
    let scene = Scene::new();
    let mut urls = BTreeSet::new();
    for signed_by in [
        SignedBy::First,
        SignedBy::NewCertificate,
        SignedBy::NewRoot,
        SignedBy::IntermediateWithoutUsage,
    ] {
        scene
            .standin
            .set_behaviour(Behaviour {
                signed_by,
                ..BEHAVES()
            })
            .unwrap();
        approved(
            &scene,
            &format!("{signed_by:?}"),
            &format!("2026-{signed_by:?}"),
        );
        let delivery = scene.standin.take_deliveries().remove(0);
        let url = delivery.headers["paypal-cert-url"]
            .to_str()
            .unwrap()
            .to_owned();
        let path = url.strip_prefix("http://127.0.0.1:8082").unwrap();
        assert_eq!(scene.get(path).status, 200, "{signed_by:?}");
        urls.insert(url);
    }
    assert_eq!(urls.len(), 4);
}

#[test]
fn a_sale_of_the_old_kind_may_be_told_beside_the_capture() {
    let scene = behaving(Behaviour {
        sale_event_v1: true,
        ..BEHAVES()
    });
    let order = approved(&scene, "A1", "2026-1");
    scene.capture(&order, "A1-capture-1");
    let told: Vec<String> = scene
        .standin
        .books()
        .events
        .into_iter()
        .map(|event| event.event_type)
        .collect();
    assert_eq!(
        told,
        [
            "CHECKOUT.ORDER.APPROVED",
            "PAYMENT.CAPTURE.COMPLETED",
            "PAYMENT.SALE.COMPLETED"
        ]
    );
}
