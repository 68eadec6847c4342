//! A restore may bring the items of one transaction back as they were at
//! slightly different moments. Whatever of them comes back, the reconciliation
//! makes it whole; nothing is charged, booked or lost by it.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use std::time::Duration;

use jiff::SignedDuration;
use journeys::{Backup, City, Payment, open_ticket};
use paypal_standin::{Afterwards, Fault, FaultKind, Issue, On, Payer};
use settle::Reconciled;
use store::{AttemptEnd, AttemptState, CaseFile, Issued, JournalEvent, Store};
use ticket::{Captures, Role, State};

const CASE: &str = "KL-1";

/// Closed for captures, with everything that happened old enough to be shown.
async fn closed(city: &mut City) {
    city.set_captures(Captures::Closed).await;
    city.later(Duration::from_hours(3));
    city.later(Duration::from_secs(75));
}

async fn reconcile(city: &City) -> Reconciled {
    city.reconcile(city.now() - SignedDuration::from_hours(24))
        .await
}

/// A backup for each choice among the items that changed from one to the other.
fn torn(before: &Backup, after: &Backup) -> Vec<(Vec<(String, String)>, Backup)> {
    let changed = before.changed_until(after);
    (0..1_u32 << changed.len())
        .map(|choice| {
            let chosen = changed.iter().enumerate();
            let chosen = chosen.filter(|(place, _)| choice >> place & 1 == 1);
            let chosen: Vec<_> = chosen.map(|(_, key)| key.clone()).collect();
            (chosen.clone(), before.with(after, &chosen))
        })
        .collect()
}

fn lines(file: &CaseFile, what: JournalEvent) -> usize {
    file.journal
        .iter()
        .filter(|entry| entry.what == what)
        .count()
}

async fn assert_paid_whole(city: &City, came_back: &[(String, String)]) {
    let reconciled = reconcile(city).await;
    assert!(
        reconciled.comparison.agrees(),
        "{came_back:?} {reconciled:?}"
    );
    assert_eq!(reconciled.comparison.booked.cents, 3_000, "{came_back:?}");
    let file = city.case_file(CASE).await;
    let settlement = &file.settlements[0];
    assert_eq!(file.settlements.len(), 1, "{came_back:?}");
    assert_eq!(settlement.role, Role::Main, "{came_back:?}");
    let State::Paid {
        settlement: by,
        paid_at,
        ..
    } = &file.ticket.state
    else {
        panic!("{came_back:?} {:?}", file.ticket.state);
    };
    assert_eq!(*by, settlement.id());
    assert_eq!(*paid_at, settlement.paid_at);
    assert_eq!((file.ticket.lock(), file.ticket.pending()), (None, None));
    assert_eq!(file.ticket.version, 2, "{came_back:?}");
    let captured = AttemptState::Captured {
        capture_id: settlement.source.captured().unwrap().capture_id.clone(),
    };
    assert_eq!(file.attempts[0].state, captured, "{came_back:?}");
    assert_eq!(lines(&file, JournalEvent::Paid), 1, "{came_back:?}");
    assert_eq!(
        city.sweep_over(settle::sweep::Scope::All).await.looked_at,
        0
    );
    let table = city.table().await;
    assert_eq!(reconcile(city).await.comparison.found, 0, "{came_back:?}");
    assert_eq!(city.table().await, table, "{came_back:?}");
    // The export's queue holds it; a second time only where the first entry has
    // come back without the settlement that says when it was booked.
    let came = |part: &str| {
        came_back
            .iter()
            .any(|(pk, sk)| pk.contains(part) || sk.contains(part))
    };
    let queued = city
        .backup()
        .await
        .count("EXPORT", settlement.id().as_str());
    let most = if came("EXPORT") && !came("SETTLEMENT") {
        2
    } else {
        1
    };
    assert!((1..=most).contains(&queued), "{came_back:?} {queued}");
}

#[tokio::test]
async fn a_booking_of_which_any_part_has_come_back_is_made_whole() {
    let mut city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    let before = city.backup().await;
    assert_eq!(city.come_back(&back).await.state, "paid");
    let after = city.backup().await;
    // Ticket, attempt, settlement, journal line, change, queue entry.
    assert_eq!(before.changed_until(&after).len(), 6);
    closed(&mut city).await;
    for (came_back, backup) in torn(&before, &after) {
        city.restore(&backup).await;
        assert_paid_whole(&city, &came_back).await;
    }
    assert_eq!(city.money_moved(), 1);
}

#[tokio::test]
async fn a_ticket_of_which_any_part_has_come_back_can_be_issued_again() {
    let city = City::new().await;
    let before = city.backup().await;
    let ticket = open_ticket(CASE, city.now());
    let issued = city.store.issue(&ticket, "city").await.unwrap();
    assert_eq!(issued, Issued::New);
    let after = city.backup().await;
    for (came_back, backup) in torn(&before, &after) {
        city.restore(&backup).await;
        let issued = city.store.issue(&ticket, "city").await.unwrap();
        assert_ne!(issued, Issued::OtherContent, "{came_back:?}");
        let file = city.case_file(CASE).await;
        assert_eq!(file.ticket.state, State::Open(None), "{came_back:?}");
        assert_eq!(lines(&file, JournalEvent::Issued), 1, "{came_back:?}");
    }
}

#[tokio::test]
async fn what_a_clerk_did_and_of_which_any_part_has_come_back_can_be_entered_again() {
    let city = City::new().await;
    city.issue(CASE).await;
    let before = city.backup().await;
    let paid_at = city.now().to_string();
    let cash = async || {
        city.later(Duration::from_mins(1));
        let receipt = Payment {
            amount: "30.00",
            number: "4711",
            paid_at: Some(&paid_at),
        };
        let booked = city.books("clerk-takes-cash", CASE, receipt).await;
        assert!(booked.status.is_success(), "{}", booked.body);
    };
    cash().await;
    for (came_back, backup) in torn(&before, &city.backup().await) {
        city.restore(&backup).await;
        cash().await;
        let file = city.case_file(CASE).await;
        let paid = matches!(file.ticket.state, State::Paid { .. });
        assert!(paid, "{came_back:?}");
        assert_eq!(lines(&file, JournalEvent::Paid), 1, "{came_back:?}");
        let backup = city.backup().await;
        assert_eq!(backup.count("TICKET", "SETTLEMENT"), 1, "{came_back:?}");
        // A second one only where the first came back without the payment, which
        // says when it was booked.
        let came = |part| {
            came_back
                .iter()
                .any(|(pk, sk)| format!("{pk} {sk}").contains(part))
        };
        let most = 1 + usize::from(came("EXPORT") && !came("SETTLEMENT"));
        let queued = backup.count("EXPORT", "cash-4711");
        assert!((1..=most).contains(&queued), "{came_back:?}");
    }
    city.restore(&before).await;
    let withdraw = async || city.clerk("clerk-withdraws-ticket", CASE).await.status;
    assert_eq!(withdraw().await, 200);
    for (came_back, backup) in torn(&before, &city.backup().await) {
        city.restore(&backup).await;
        assert_eq!(withdraw().await, 200);
        let state = city.case_file(CASE).await.ticket.state;
        assert_eq!(state, State::Withdrawn, "{came_back:?}");
    }
}

#[tokio::test]
async fn what_a_clerk_enters_again_on_a_ticket_that_changed_since_has_a_line_of_its_own() {
    let city = City::new().await;
    city.issue(CASE).await;
    let before = city.backup().await;
    let paid_at = city.now().to_string();
    let cash = async || {
        let receipt = Payment {
            amount: "30.00",
            number: "4711",
            paid_at: Some(&paid_at),
        };
        let booked = city.books("clerk-takes-cash", CASE, receipt).await;
        assert!(booked.status.is_success(), "{}", booked.body);
    };
    cash().await;
    // The ticket alone comes back as it was.
    let after = city.backup().await;
    let mut kept = before.changed_until(&after);
    kept.retain(|(_, sk)| sk != "TICKET");
    city.restore(&before.with(&after, &kept)).await;
    city.changes_amount(CASE, "25.00").await;
    cash().await;
    // Replaying the journal leads to where the ticket is.
    let file = city.case_file(CASE).await;
    let mut lines = file.journal.iter();
    let last = lines.rfind(|line| line.before.as_ref() != Some(&line.after));
    let last = last.unwrap();
    assert_eq!(last.after.state, file.ticket.state.name());
    assert_eq!(last.version, file.ticket.version);
}

#[tokio::test]
async fn a_pending_capture_that_ended_is_over_even_where_its_mark_has_not_come_back() {
    let mut city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    let before = city.backup().await;
    city.standin
        .set_fault(Fault::once(On::Capture, FaultKind::Pending))
        .unwrap();
    assert_eq!(city.come_back(&back).await.state, "pending");
    let after = city.backup().await;
    let capture = city.standin.books().captures[0].id.clone();
    city.standin
        .afterwards(&capture, Afterwards::Denied)
        .unwrap();
    closed(&mut city).await;
    let changed = before.changed_until(&after);
    let attempt: Vec<_> = changed
        .into_iter()
        .filter(|(pk, _)| pk.starts_with("ATTEMPT#"))
        .collect();
    city.restore(&before.with(&after, &attempt)).await;
    city.sweep_over(settle::sweep::Scope::All).await;
    let file = city.case_file(CASE).await;
    assert_eq!(file.attempts[0].state, AttemptState::Declined);
    assert_eq!(lines(&file, JournalEvent::PendingCaptureDeclined), 1);
}

#[tokio::test]
async fn a_lock_whose_attempt_is_forgotten_keeps_out_no_other_attempts_money() {
    let mut city = City::new().await;
    let token = city.issue(CASE).await;
    let before = city.backup().await;
    let first = city.press_pay(&token).await;
    let first = city.at_paypal(&first, Payer::Pays).unwrap();
    let fault = |kind| {
        city.standin
            .set_fault(Fault::once(On::Capture, kind))
            .unwrap();
    };
    fault(FaultKind::NoAnswer);
    assert_eq!(city.come_back(&first).await.state, "processing");
    let locked = city.backup().await;
    city.later(Duration::from_mins(2));
    fault(FaultKind::DeclinedIn201);
    city.sweep().await;
    let second = city.press_pay_in_english(&token).await;
    let second = city.at_paypal(&second, Payer::Pays).unwrap();
    assert_eq!(city.come_back(&second).await.state, "paid");

    closed(&mut city).await;
    let ticket = (format!("TICKET#{CASE}"), "TICKET".to_owned());
    city.restore(&before.with(&locked, &[ticket])).await;
    let reconciled = reconcile(&city).await;
    assert!(reconciled.comparison.agrees(), "{reconciled:?}");
    let file = city.case_file(CASE).await;
    assert_eq!((file.settlements.len(), file.ticket.lock()), (1, None));
    assert!(matches!(file.ticket.state, State::Paid { .. }));
    assert_eq!(city.money_moved(), 1);
}

#[tokio::test]
async fn a_booking_under_a_lock_that_has_come_back_is_made_whole() {
    let mut city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    let lost = Fault::once(On::Capture, FaultKind::NoAnswerAfterEffect);
    city.standin.set_fault(lost).unwrap();
    assert_eq!(city.come_back(&back).await.state, "processing");
    let before = city.backup().await;
    city.later(Duration::from_mins(2));
    city.sweep().await;
    let after = city.backup().await;
    closed(&mut city).await;
    for (came_back, backup) in torn(&before, &after) {
        city.restore(&backup).await;
        assert_paid_whole(&city, &came_back).await;
    }
    assert_eq!(city.money_moved(), 1);
}

#[tokio::test]
async fn a_final_attempt_that_brought_money_is_booked() {
    let mut city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    let before = city.backup().await;
    // What a table of a moment earlier holds: the order is not written down yet.
    let orderless = before.without("ATTEMPT", "order");
    assert_ne!(before, orderless);
    city.come_back(&back).await;
    city.set_captures(Captures::Closed).await;
    city.restore(&orderless).await;
    city.later(Duration::from_mins(3));
    city.sweep().await;
    let file = city.case_file(CASE).await;
    assert_eq!(file.attempts[0].state, AttemptState::Expired);
    assert_eq!(file.attempts[0].order, None);
    closed(&mut city).await;
    assert_paid_whole(&city, &[]).await;

    for end in [AttemptEnd::Expired, AttemptEnd::Declined] {
        city.restore(&before).await;
        let attempt = city.case_file(CASE).await.attempts.remove(0);
        let ended = city.store.end_attempt(&attempt, end).await.unwrap();
        assert_eq!(ended, store::Write::Done);
        assert_paid_whole(&city, &[]).await;
    }
}

async fn assert_pending_whole(city: &City, came_back: &[(String, String)]) {
    let reconciled = reconcile(city).await;
    assert!(
        reconciled.comparison.agrees(),
        "{came_back:?} {reconciled:?}"
    );
    assert_eq!(reconciled.comparison.pending.count, 1, "{came_back:?}");
    let file = city.case_file(CASE).await;
    let mark = file.ticket.pending().unwrap();
    assert_eq!(mark.attempt, file.attempts[0].id, "{came_back:?}");
    let pending = AttemptState::Pending {
        capture_id: mark.capture_id.clone(),
    };
    assert_eq!(file.attempts[0].state, pending, "{came_back:?}");
    assert_eq!(file.settlements.len(), 0, "{came_back:?}");
    assert_eq!(
        lines(&file, JournalEvent::CapturePending),
        1,
        "{came_back:?}"
    );
    let mut indexed = 0;
    for shard in Store::open_shards() {
        let open = city.store.due_work(shard, jiff::Timestamp::MAX, 9).await;
        indexed += open.unwrap().len();
    }
    assert_eq!(
        indexed, 1,
        "{came_back:?}: nobody would ask when it completes"
    );
}

#[tokio::test]
async fn a_pending_mark_of_which_any_part_has_come_back_is_made_whole() {
    let mut city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    let before = city.backup().await;
    let pending = Fault::once(On::Capture, FaultKind::Pending);
    city.standin.set_fault(pending).unwrap();
    assert_eq!(city.come_back(&back).await.state, "pending");
    let after = city.backup().await;
    closed(&mut city).await;
    for (came_back, backup) in torn(&before, &after) {
        city.restore(&backup).await;
        assert_pending_whole(&city, &came_back).await;
    }
    city.restore(&before).await;
    let attempt = city.case_file(CASE).await.attempts.remove(0);
    let ended = city.store.end_attempt(&attempt, AttemptEnd::Expired).await;
    assert_eq!(ended.unwrap(), store::Write::Done);
    assert_pending_whole(&city, &[]).await;
}

#[tokio::test]
async fn money_taken_back_of_which_any_part_has_come_back_is_made_whole() {
    let mut city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    city.come_back(&back).await;
    city.deliver().await;
    let before = city.backup().await;
    let capture = city.standin.books().captures[0].id.clone();
    city.standin
        .afterwards(&capture, Afterwards::Refunded)
        .unwrap();
    city.deliver().await;
    let after = city.backup().await;
    assert_eq!(city.case_file(CASE).await.ticket.state, State::Review(None));
    closed(&mut city).await;
    for (came_back, backup) in torn(&before, &after) {
        city.restore(&backup).await;
        let reconciled = reconcile(&city).await;
        assert!(
            reconciled.comparison.agrees(),
            "{came_back:?} {reconciled:?}"
        );
        assert_eq!(reconciled.comparison.taken_back_booked.cents, -3_000);
        let file = city.case_file(CASE).await;
        assert_eq!(file.ticket.state, State::Review(None), "{came_back:?}");
        assert_eq!(file.settlements.len(), 1, "{came_back:?}");
        assert_eq!(file.taken_back.len(), 1, "{came_back:?}");
        assert_eq!(
            lines(&file, JournalEvent::MoneyTakenBack),
            1,
            "{came_back:?}"
        );
        let line = &file.taken_back[0].id;
        assert!(
            city.backup().await.count("EXPORT", line) >= 1,
            "{came_back:?}"
        );
    }
}

#[tokio::test]
async fn money_taken_back_of_which_the_journal_alone_tells_is_told_of_once() {
    let mut city = City::new().await;
    let token = city.issue(CASE).await;
    let before = city.backup().await;
    // Booked anew, it comes to a ticket of an earlier version.
    for amount in ["25.00", "30.00"] {
        city.changes_amount(CASE, amount).await;
    }
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    city.come_back(&back).await;
    city.deliver().await;
    let paid = city.backup().await;
    let capture = city.standin.books().captures[0].id.clone();
    city.standin
        .afterwards(&capture, Afterwards::Refunded)
        .unwrap();
    city.deliver().await;
    let after = city.backup().await;
    closed(&mut city).await;
    let mut told = paid.changed_until(&after);
    told.retain(|(_, sk)| sk.starts_with("JOURNAL"));
    assert_eq!(told.len(), 1);
    city.restore(&before.with(&after, &told)).await;
    let reconciled = reconcile(&city).await;
    assert!(reconciled.comparison.agrees(), "{reconciled:?}");
    let file = city.case_file(CASE).await;
    assert_eq!(file.taken_back.len(), 1);
    assert_eq!(lines(&file, JournalEvent::MoneyTakenBack), 1);
}

/// The second tab's order was captured; the first one's lock has come back.
async fn foreign_lock() -> City {
    let mut city = City::new().await;
    // Our own guard must hold without PayPal's.
    city.standin.set_unique_invoices(false);
    let token = city.issue(CASE).await;
    let first = city.press_pay(&token).await;
    let second = city.press_pay_in_english(&token).await;
    let first = city.at_paypal(&first, Payer::Pays).unwrap();
    let second = city.at_paypal(&second, Payer::Pays).unwrap();
    let unlocked = city.backup().await;
    let never_sent = Fault::once(On::Capture, FaultKind::NoAnswer);
    city.standin.set_fault(never_sent).unwrap();
    city.come_back(&first).await;
    let locked = city.backup().await;
    city.restore(&unlocked).await;
    assert_eq!(city.come_back(&second).await.state, "paid");
    // While the first order can still be captured.
    city.standin.set_report_lag(SignedDuration::ZERO);
    city.later(Duration::from_secs(75));
    city.restore(&locked).await;
    assert!(city.case_file(CASE).await.ticket.lock().is_some());
    assert_eq!(city.money_moved(), 1);
    city.set_captures(Captures::Closed).await;
    city
}

#[tokio::test]
async fn a_lock_that_has_come_back_does_not_charge_a_second_time() {
    let mut city = Box::pin(foreign_lock()).await;
    // A read that shows no capture may lag: until then the lock stays.
    assert!(!reconcile(&city).await.comparison.agrees());
    city.later(Duration::from_mins(10));
    assert!(reconcile(&city).await.comparison.agrees());
    let file = city.case_file(CASE).await;
    assert!(matches!(file.ticket.state, State::Paid { .. }));
    assert_eq!((file.ticket.lock(), file.settlements.len()), (None, 1));
    city.set_captures(Captures::Open).await;
    city.later(Duration::from_mins(10));
    city.sweep_over(settle::sweep::Scope::All).await;
    assert_eq!(city.money_moved(), 1);
}

#[tokio::test]
async fn looking_into_paypals_books_captures_nothing_even_where_captures_are_open() {
    let mut city = Box::pin(foreign_lock()).await;
    city.set_captures(Captures::Open).await;
    let reconciled = reconcile(&city).await;
    assert_eq!(city.money_moved(), 1);
    assert_eq!(reconciled.comparison.unclear, 1, "{reconciled:?}");
    assert_eq!(
        reconciled.difference_cents, 3_000,
        "it is said that money is missing"
    );
}

/// A paid ticket whose 30 euros somebody has proposed to give back; the refund's number.
async fn refund_proposed(city: &City) -> String {
    let back = city.goes_to_paypal(CASE, Payer::Pays).await.unwrap();
    assert_eq!(city.come_back(&back).await.state, "paid");
    city.deliver().await;
    city.later(Duration::from_mins(1));
    let capture = city.standin.books().captures[0].id.clone();
    let proposed = city.proposes("clerk-1", (CASE, &capture), "30.00").await;
    assert_eq!(proposed.status, 201, "{}", proposed.body);
    proposed.body["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_refund_of_which_any_part_has_come_back_is_completed() {
    let mut city = City::new().await;
    let number = refund_proposed(&city).await;
    let proposed = city.backup().await;
    assert_eq!(city.approves("clerk-2", &number).await.status, 200);
    let approved = city.backup().await;
    city.later(Duration::from_mins(1));
    city.sweep().await;
    city.deliver().await;
    let after = city.backup().await;
    closed(&mut city).await;
    let mut changed = approved.changed_until(&after);
    changed.retain(|(pk, _)| !pk.starts_with("EVENT"));
    // Ticket, refund, line, journal line, change, queue entry.
    assert_eq!(changed.len(), 6);
    for before in [proposed, approved] {
        for choice in 0..1_u32 << changed.len() {
            let chosen = changed.iter().enumerate();
            let chosen = chosen.filter(|(place, _)| choice >> place & 1 == 1);
            let came_back: Vec<_> = chosen.map(|(_, key)| key.clone()).collect();
            city.restore(&before.with(&after, &came_back)).await;
            let reconciled = reconcile(&city).await;
            assert!(
                reconciled.comparison.agrees(),
                "{came_back:?} {reconciled:?}"
            );
            assert_eq!(reconciled.comparison.taken_back_booked.cents, -3_000);
            let file = city.case_file(CASE).await;
            assert_eq!(file.refunds[0].state.name(), "completed", "{came_back:?}");
            assert_eq!(file.taken_back.len(), 1, "{came_back:?}");
            assert!(file.taken_back[0].decided.is_some(), "{came_back:?}");
            assert_eq!(file.ticket.state, State::Review(None), "{came_back:?}");
            let told = lines(&file, JournalEvent::Refunded);
            assert_eq!(told, 1, "{came_back:?}");
        }
    }
}

#[tokio::test]
async fn money_that_went_back_counts_though_its_refund_is_forgotten() {
    let mut city = City::new().await;
    let back = city.goes_to_paypal(CASE, Payer::Pays).await.unwrap();
    assert_eq!(city.come_back(&back).await.state, "paid");
    city.deliver().await;
    city.later(Duration::from_mins(1));
    let before = city.backup().await;
    let capture = city.standin.books().captures[0].id.clone();
    let of = (CASE, capture.as_str());
    let proposed = city.proposes("clerk-1", of, "12.00").await;
    let number = proposed.body["id"].as_str().unwrap().to_owned();
    assert_eq!(city.approves("clerk-2", &number).await.status, 200);
    city.sweep().await;
    let after = city.backup().await;
    let mut line = before.changed_until(&after);
    line.retain(|(_, sk)| sk.starts_with("TAKEN_BACK") || sk.contains("refunded"));
    // With what is told of it.
    assert_eq!(line.len(), 3, "{line:?}");
    city.restore(&before.with(&after, &line)).await;
    let more = city.proposes("clerk-1", of, "18.01").await;
    assert!(more.is_problem(409, "more-than-left"), "{}", more.body);
    closed(&mut city).await;
    let reconciled = reconcile(&city).await;
    assert!(reconciled.comparison.agrees(), "{reconciled:?}");
}

#[tokio::test]
async fn a_proposal_of_which_any_part_has_come_back_can_be_made_again() {
    let city = City::new().await;
    let back = city.goes_to_paypal(CASE, Payer::Pays).await.unwrap();
    assert_eq!(city.come_back(&back).await.state, "paid");
    city.later(Duration::from_mins(1));
    let before = city.backup().await;
    let capture = city.standin.books().captures[0].id.clone();
    let propose = async || city.proposes("clerk-1", (CASE, &capture), "30.00").await;
    assert_eq!(propose().await.status, 201);
    for (came_back, backup) in torn(&before, &city.backup().await) {
        city.restore(&backup).await;
        city.later(Duration::from_mins(1));
        let again = propose().await;
        assert!(again.status.is_success(), "{came_back:?} {}", again.body);
        let file = city.case_file(CASE).await;
        assert_eq!(file.refunds.len(), 1, "{came_back:?}");
        assert!(lines(&file, JournalEvent::RefundProposed) <= 1);
    }
}

#[tokio::test]
async fn a_decision_of_which_any_part_has_come_back_can_be_made_again() {
    for name in ["clerk-approves-refund", "clerk-rejects-refund"] {
        let city = City::new().await;
        let number = refund_proposed(&city).await;
        let before = city.backup().await;
        let decide = async || city.decides(name, "clerk-2", &number).await;
        let state = decide().await.body["refund_state"].clone();
        for (came_back, backup) in torn(&before, &city.backup().await) {
            city.restore(&backup).await;
            city.later(Duration::from_mins(1));
            let again = decide().await;
            assert_eq!(again.status, 200, "{came_back:?} {}", again.body);
            assert_eq!(again.body["refund_state"], state, "{came_back:?}");
        }
    }
}

#[tokio::test]
async fn an_order_of_which_any_part_has_come_back_can_be_given_again_and_is_booked_once() {
    let city = City::new().await;
    city.issue(CASE).await;
    let over = Payment {
        amount: "35.00",
        number: "4711",
        paid_at: None,
    };
    let booked = city.books("clerk-takes-cash", CASE, over).await;
    assert_eq!(booked.status, 201, "{}", booked.body);
    let number = format!("{CASE}.cash-4711.1");
    let before = city.backup().await;
    assert_eq!(city.approves("clerk-2", &number).await.status, 200);
    let after = city.backup().await;
    for (came_back, backup) in torn(&before, &after) {
        city.restore(&backup).await;
        city.later(Duration::from_mins(1));
        let again = city.approves("clerk-2", &number).await;
        assert_eq!(again.status, 200, "{came_back:?} {}", again.body);
        assert_eq!(again.body["refund_state"], "ordered", "{came_back:?}");
        let came = |part| came_back.iter().any(|(_, sk)| sk.contains(part));
        let file = city.case_file(CASE).await;
        assert_eq!(file.taken_back.len(), 1, "{came_back:?}");
        // A second one only where the first came back without the line, which says when
        // it was booked.
        let queued = city.backup().await.count("EXPORT", &number);
        let is_alone = came_back.iter().any(|(pk, _)| pk.starts_with("EXPORT"));
        let most = 1 + usize::from(is_alone && !came("TAKEN_BACK"));
        assert!(queued <= most, "{came_back:?} {queued}");
    }
    // An order for another sum stands: nothing is booked under its number.
    let mut line = before.changed_until(&after);
    line.retain(|(_, sk)| sk.starts_with("TAKEN_BACK"));
    let other = before.with(&after, &line);
    let other = other.saying("TAKEN_BACK", "value", "4.00");
    city.restore(&other).await;
    assert_eq!(city.approves("clerk-2", &number).await.status, 503);
}

#[tokio::test]
async fn a_refund_that_failed_and_of_which_any_part_has_come_back_fails_again() {
    let city = City::new().await;
    let number = refund_proposed(&city).await;
    assert_eq!(city.approves("clerk-2", &number).await.status, 200);
    let refused = FaultKind::Refused(Issue::named("TRANSACTION_DISPUTED").unwrap());
    let always = Fault {
        times: 1_000,
        ..Fault::once(On::Refund, refused)
    };
    city.standin.set_fault(always).unwrap();
    city.sweep().await;
    city.later(Duration::from_mins(11));
    let before = city.backup().await;
    city.sweep().await;
    let after = city.backup().await;
    city.later(Duration::from_mins(11));
    for (came_back, backup) in torn(&before, &after) {
        city.restore(&backup).await;
        city.sweep().await;
        city.later(Duration::from_mins(11));
        city.sweep().await;
        let file = city.case_file(CASE).await;
        assert_eq!(file.refunds[0].state.name(), "failed", "{came_back:?}");
        assert!(lines(&file, JournalEvent::RefundFailed) <= 1);
    }
}
