//! What is taken back is never lost: whatever PayPal says about it late, in part
//! or not at all, it is on its ticket or before a human.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use journeys::City;
use paypal_standin::{Afterwards, Fault, FaultKind, On, Payer};
use serde_json::{Value, json};
use store::TakenBackKind;
use ticket::State;

const CASE: &str = "KL-1";
const A_DAY: Duration = Duration::from_hours(24);

/// A city whose one ticket is paid; the capture's id.
async fn paid() -> (City, String) {
    let paid = async {
        let city = City::new().await;
        let token = city.issue(CASE).await;
        let checkout = city.press_pay(&token).await;
        let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
        city.come_back(&back).await;
        city.deliver().await;
        let capture = city.standin.books().captures[0].id.clone();
        (city, capture)
    };
    Box::pin(paid).await
}

/// How the last event of PayPal's stands in the table.
async fn last_event(city: &City) -> String {
    let event = city.standin.books().events.last().unwrap().id.clone();
    event_in_table(city, &event).await.unwrap()
}

async fn event_in_table(city: &City, id: &str) -> Option<String> {
    let table = city.table().await;
    let mut items = table.into_iter();
    items.find(|item| item.contains(&format!("EVENT#{id}")))
}

#[tokio::test]
async fn what_paypal_does_not_show_yet_comes_again() {
    for (what, on) in [
        (Afterwards::Refunded, On::GetRefund),
        (Afterwards::Reversed, On::GetRefund),
        (Afterwards::Disputed, On::GetDispute),
        (Afterwards::Refunded, On::GetCapture),
        (Afterwards::Reversed, On::GetCapture),
        (Afterwards::Disputed, On::GetCapture),
    ] {
        let (city, capture) = paid().await;
        city.standin.afterwards(&capture, what).unwrap();
        let not_yet = Fault::once(on, FaultKind::NotFound);
        city.standin.set_fault(not_yet).unwrap();
        assert_eq!(city.deliver().await, [503], "{what:?} {on:?}");
        let state = city.case_file(CASE).await.ticket.state;
        assert!(matches!(state, State::Paid { .. }), "{what:?} {on:?}");
        city.later(A_DAY);
        assert_eq!(city.deliver().await, [200], "{what:?} {on:?}");
        let file = city.case_file(CASE).await;
        assert_eq!(file.ticket.state, State::Review(None), "{what:?} {on:?}");
        assert_eq!(file.taken_back.len(), 1, "{what:?} {on:?}");
    }
}

#[tokio::test]
async fn what_paypal_never_shows_is_parked() {
    for (what, on) in [
        (Afterwards::Refunded, On::GetRefund),
        (Afterwards::Disputed, On::GetDispute),
        (Afterwards::Reversed, On::GetCapture),
    ] {
        let (city, capture) = paid().await;
        city.standin.afterwards(&capture, what).unwrap();
        let never = Fault {
            times: 1_000,
            ..Fault::once(on, FaultKind::NotFound)
        };
        city.standin.set_fault(never).unwrap();
        let mut statuses = Vec::new();
        while city.standin.next_delivery_at().is_some() {
            statuses.extend(city.deliver().await);
            city.later(Duration::from_hours(1));
        }
        assert_eq!(statuses.pop(), Some(200), "{what:?}");
        assert!(statuses.iter().all(|status| *status == 503), "{what:?}");
        let event = last_event(&city).await;
        assert!(event.contains("parked"), "{what:?} {event}");
    }
}

#[tokio::test]
async fn an_event_is_parked_after_two_days_though_its_deliveries_are_forgotten() {
    for (what, on) in [
        (Afterwards::Refunded, On::GetRefund),
        (Afterwards::Disputed, On::GetDispute),
    ] {
        let (city, capture) = paid().await;
        city.standin.afterwards(&capture, what).unwrap();
        let never = Fault {
            times: 1_000,
            ..Fault::once(on, FaultKind::NotFound)
        };
        city.standin.set_fault(never).unwrap();
        assert_eq!(city.deliver().await, [503], "{what:?}");
        let remembered = city.backup().await;
        city.later(Duration::from_hours(47));
        assert_eq!(city.deliver().await, [503], "{what:?}");
        city.restore(&remembered).await;
        city.later(Duration::from_hours(1));
        assert_eq!(city.deliver().await, [200], "{what:?}");
        let event = last_event(&city).await;
        assert!(event.contains("parked"), "{what:?} {event}");
    }
}

/// The city gets a dispute with these ids; how its delivery was answered.
async fn disputed(ids: &Value) -> (City, Vec<u16>) {
    let (mut city, capture) = paid().await;
    let disputed = Afterwards::Disputed;
    city.standin.afterwards(&capture, disputed).unwrap();
    let attempt = city.case_file(CASE).await.attempts[0].id.to_string();
    let ids = ids.to_string().replace("ATTEMPT", &attempt);
    let ids: Value = serde_json::from_str(&ids).unwrap();
    city.between(move |asked, status, mut answer| {
        if asked.contains("/customer/disputes/") {
            answer["disputed_transactions"] = ids.clone();
        }
        (status, answer)
    })
    .await;
    let statuses = Box::pin(city.deliver()).await;
    (city, statuses)
}

#[tokio::test]
async fn a_dispute_that_names_no_capture_is_found_by_our_own_marks() {
    for ids in [
        json!([{ "invoice_number": CASE, "buyer_transaction_id": "1BUYER00000000000" }]),
        json!([{ "invoice_number": format!("{CASE}_2") }]),
        json!([{ "custom": "ATTEMPT" }]),
        json!([{ "invoice_number": "NOBODYS", "custom": "ATTEMPT" }]),
        json!([{}, { "invoice_number": CASE }]),
    ] {
        let (city, statuses) = disputed(&ids).await;
        assert_eq!(statuses, [200], "{ids}");
        let file = city.case_file(CASE).await;
        assert_eq!(file.ticket.state, State::Review(None), "{ids}");
        assert_eq!(file.taken_back[0].kind, TakenBackKind::Dispute, "{ids}");
        let settled = file.settlements[0].id();
        assert!(settled == file.taken_back[0].settlement, "{ids}");
    }
}

#[tokio::test]
async fn a_dispute_that_leads_to_no_ticket_is_parked_and_not_dropped() {
    for ids in [
        json!([]),
        json!([{}]),
        json!([{ "buyer_transaction_id": "1BUYER00000000000" }]),
        json!([{ "invoice_number": "NOBODYS" }]),
        json!([{ "custom": "no attempt" }]),
    ] {
        let (city, statuses) = disputed(&ids).await;
        assert_eq!(statuses, [200], "{ids}");
        let event = last_event(&city).await;
        assert!(event.contains("parked"), "{ids} {event}");
        let state = city.case_file(CASE).await.ticket.state;
        assert!(matches!(state, State::Paid { .. }), "{ids}");
    }
}

#[tokio::test]
async fn a_refund_whose_capture_is_not_named_is_found_by_the_attempt() {
    for (has_mark, outcome) in [(true, "done"), (false, "parked")] {
        let (mut city, capture) = paid().await;
        let refunded = Afterwards::Refunded;
        city.standin.afterwards(&capture, refunded).unwrap();
        city.between(move |asked, status, mut answer| {
            if asked.contains("/payments/refunds/") {
                answer["links"] = json!([]);
                if !has_mark {
                    answer["custom_id"] = json!(null);
                }
            }
            (status, answer)
        })
        .await;
        assert_eq!(city.deliver().await, [200]);
        let event = last_event(&city).await;
        assert!(event.contains(outcome), "{event}");
        let lines = city.case_file(CASE).await.taken_back;
        assert_eq!(lines.len(), usize::from(has_mark));
    }
}

#[tokio::test]
async fn a_reversal_in_part_books_its_own_amount() {
    let (mut city, capture) = paid().await;
    let reversed = Afterwards::Reversed;
    city.standin.afterwards(&capture, reversed).unwrap();
    city.between(move |asked, status, mut answer| {
        if asked.contains("/payments/refunds/") {
            answer["amount"]["value"] = json!("12.50");
        }
        (status, answer)
    })
    .await;
    assert_eq!(city.deliver().await, [200]);
    let lines = city.case_file(CASE).await.taken_back;
    assert_eq!(lines[0].cents(), -1_250);
}

#[tokio::test]
async fn a_refund_that_is_under_way_for_a_week_is_followed_to_its_end() {
    for (end, lines_at_last) in [("COMPLETED", 1), ("FAILED", 0)] {
        let (mut city, capture) = paid().await;
        let refunded = Afterwards::Refunded;
        city.standin.afterwards(&capture, refunded).unwrap();
        let under_way = Arc::new(AtomicBool::new(true));
        let is_under_way = Arc::clone(&under_way);
        city.between(move |asked, status, mut answer| {
            let is_refund = asked.contains("/payments/refunds/");
            if is_refund && is_under_way.load(Ordering::Relaxed) {
                answer["status"] = json!("PENDING");
            } else if is_refund {
                answer["status"] = json!(end);
            }
            // A refund that is not made yet is no line of the books.
            if asked.contains("/reporting/transactions") {
                let rows = answer["transaction_details"].as_array_mut().unwrap();
                rows.retain(|row| row["transaction_info"]["transaction_event_code"] != "T1107");
                answer["total_items"] = json!(rows.len());
            }
            (status, answer)
        })
        .await;
        assert_eq!(city.deliver().await, [200]);
        assert!(last_event(&city).await.contains("left_to_night"));
        for day in 0..9 {
            if day == 7 {
                under_way.store(false, Ordering::Relaxed);
            }
            city.later(A_DAY);
            city.night().await;
            let lines = city.case_file(CASE).await.taken_back.len();
            let expected = if day < 7 { 0 } else { lines_at_last };
            assert_eq!(lines, expected, "{end} {day}");
        }
        let table = city.table().await;
        assert!(!table.iter().any(|item| item.contains("OPEN_REFUNDS")));
    }
}

#[tokio::test]
async fn a_verified_event_that_cannot_be_read_is_stored_and_parked() {
    let (city, capture) = paid().await;
    let refunded = Afterwards::Refunded;
    city.standin.afterwards(&capture, refunded).unwrap();
    let delivery = city.standin.take_deliveries().remove(0);
    let transmission = delivery.headers["paypal-transmission-id"].to_str().unwrap();
    let crc = crc32(&delivery.body);
    let nameless =
        r#"{"id":"WH-NAMELESS","event_type":"PAYMENT.CAPTURE.REFUNDED","resource":{},"free":"#;
    for (body, id) in [
        // Behind what is signed may stand anything with the same CRC-32.
        ("no JSON at all ".to_owned(), transmission),
        (nameless.to_owned(), transmission),
        (r#"["WH-1"]"#.to_owned(), transmission),
    ] {
        let body = with_crc32(body.as_bytes(), crc);
        let status = city.post_webhook(&delivery.headers, &body).await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        let event = event_in_table(&city, id).await.unwrap();
        assert!(event.contains("parked"), "{event}");
    }
    // It takes nothing from the event that was meant.
    assert_eq!(city.receive(&delivery).await, 200);
    assert_eq!(city.case_file(CASE).await.ticket.state, State::Review(None));
    let unsigned = with_crc32(b"no JSON at all", crc ^ 1);
    assert_eq!(city.post_webhook(&delivery.headers, &unsigned).await, 400);
}

/// The register of a CRC-32 after one more byte.
fn table(index: usize) -> u32 {
    (0..8).fold(u32::try_from(index).unwrap(), |crc, _| {
        if crc & 1 == 1 {
            crc >> 1 ^ 0xedb8_8320
        } else {
            crc >> 1
        }
    })
}

fn register(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, byte| {
        let index = (crc ^ u32::from(*byte)) & 0xff;
        crc >> 8 ^ table(usize::try_from(index).unwrap())
    })
}

fn crc32(bytes: &[u8]) -> u32 {
    !register(bytes)
}

/// The body with four bytes behind it that give it this CRC-32.
fn with_crc32(body: &[u8], wanted: u32) -> Vec<u8> {
    let mut indices = [0; 4];
    let mut after = !wanted;
    for place in indices.iter_mut().rev() {
        let found = (0..256).find(|index| table(*index) >> 24 == after >> 24);
        *place = found.unwrap();
        after = (after ^ table(*place)) << 8;
    }
    let mut forged = body.to_vec();
    for index in indices {
        let low = register(&forged) & 0xff;
        forged.push(u8::try_from(low).unwrap() ^ u8::try_from(index).unwrap());
    }
    assert_eq!(crc32(&forged), wanted);
    forged
}
