//! What goes wrong on the way, and what the office has to do: lines that nobody sees on a
//! good day.

use binaries::{City, events, now, query};
use jiff::ToSpan;
use paypal_standin::{Fault, FaultKind, Leads, On, Payer};
use serde_json::{Value, json};
use url::Url;

use crate::functions::Functions;
use crate::walk::{OFFICE_TOKEN, PLACE, PLATE, issue};

/// What a clerk writes; nobody but the journal may hear of it.
pub(crate) const REASON: &str = "Kanarienvogel-im-Widerspruch";
const CASE_NUMBER: &str = "KL-2026-ASTRAY";

fn office(name: &str, fill: &[(&str, &str)]) -> Value {
    let mut all = vec![
        ("OFFICE_TOKEN", OFFICE_TOKEN),
        ("REASON", REASON),
        ("CLERK", "clerk-2"),
        ("CASE_NUMBER", CASE_NUMBER),
        ("AMOUNT", "30.00"),
    ];
    all.retain(|(name, _)| !fill.iter().any(|(filled, _)| filled == name));
    all.extend(fill);
    events::event(name, &all)
}

/// Somebody scans what is no code of ours, opens what is nobody's, and sends what PayPal has
/// not signed. Gives the forged token.
pub(crate) async fn strangers_come(functions: &Functions, token: &str) -> String {
    let forged = format!("{token}kanarie");
    let page = events::event("driver-opens-ticket", &[("TOKEN", &forged)]);
    assert_ne!(functions.ask("show-ticket", page).await.status(), 200);
    let fill = [("TOKEN", forged.as_str()), ("AMOUNT", "30.00")];
    let pressed = events::event("driver-presses-pay", &fill);
    assert_ne!(functions.ask("start-checkout", pressed).await.status(), 303);
    let fill = [("ATTEMPT", forged.as_str()), ("ORDER_ID", &forged)];
    let back = events::event("driver-returns-from-paypal", &fill);
    assert_ne!(functions.ask("finish-checkout", back).await.status(), 200);
    let fill = [
        ("TRANSMISSION_SIG", forged.as_str()),
        ("EVENT_ID", &forged),
        ("CERT_URL", "https://example.de/kanarienvogel"),
    ];
    let webhook = events::event("paypal-reports-order-approved", &fill);
    let answer = functions.ask("receive-webhook", webhook).await;
    assert_eq!(answer.status(), 400, "{answer:?}");
    let minute = json!({ "strange": forged });
    functions.ask_in_vain("notify-city", minute).await;
    forged
}

/// PayPal fails at each step of a payment, and a card is refused. Gives the ticket's token
/// and its check word.
pub(crate) async fn paypal_fails(city: &City, functions: &Functions) -> (String, String) {
    let (token, check_word) = issue(functions, CASE_NUMBER).await;
    let press = async || {
        let fill = [("TOKEN", token.as_str()), ("AMOUNT", "30.00")];
        let pressed = events::event("driver-presses-pay", &fill);
        functions.ask("start-checkout", pressed).await
    };
    // Twice: a call whose token is not taken any more is made again.
    let fails = |on, kind| {
        let once = Fault::once(on, kind);
        city.standin.set_fault(Fault { times: 2, ..once }).unwrap();
    };
    for kind in [
        FaultKind::ServerError,
        FaultKind::Html,
        FaultKind::ForeignApproveHost,
    ] {
        fails(On::Create, kind);
        assert_ne!(press().await.status(), 303, "{kind:?}");
        city.standin.clear_faults();
    }
    city.standin.revoke_tokens();
    let pressed = press().await;
    assert_eq!(pressed.status(), 303, "{pressed:?}");
    let order_id = query(&pressed.header("location").parse().unwrap(), "token");
    let Ok(Leads::To(back)) = city.standin.approve(&order_id, Payer::Pays) else {
        panic!("the payer is not sent back");
    };
    let back: Url = back.parse().unwrap();
    let attempt = back.path_segments().unwrap().nth(1).unwrap().to_owned();
    let come_back = async |name| {
        let fill = [("ATTEMPT", attempt.as_str()), ("ORDER_ID", &order_id)];
        functions
            .ask("finish-checkout", events::event(name, &fill))
            .await
    };
    for (on, kind) in [
        (On::GetOrder, FaultKind::CutJson),
        (On::GetOrder, FaultKind::NotFound),
        (On::Capture, FaultKind::Decline),
        (On::Capture, FaultKind::ServerErrorAfterEffect),
    ] {
        fails(on, kind);
        let page = come_back("driver-returns-from-paypal").await;
        assert_ne!(page.state(), "paid", "{kind:?}");
        city.standin.clear_faults();
    }
    come_back("driver-cancels").await;
    for delivery in city.standin.take_deliveries() {
        let webhook = events::webhook(&delivery);
        functions.ask("receive-webhook", webhook).await;
    }
    let minute = events::event("minute-passes", &[]);
    functions.ask("reconcile-payments", minute).await;
    (token, check_word)
}

/// Money is given back, and the office does what else it can.
pub(crate) async fn the_office_works(city: &City, functions: &Functions, paid: &str) {
    let capture = city.standin.books().captures[0].id.clone();
    let proposal = [("CASE_NUMBER", paid), ("SETTLEMENT", capture.as_str())];
    let proposal = office("clerk-proposes-refund", &proposal);
    let proposed = functions.ask("record-payments", proposal).await;
    assert_eq!(proposed.status(), 201, "{proposed:?}");
    let refund = proposed.json()["id"].as_str().unwrap().to_owned();
    let approval = [("REFUND", refund.as_str()), ("CLERK", "clerk-3")];
    let approval = office("clerk-approves-refund", &approval);
    let approved = functions.ask("record-payments", approval).await;
    assert_eq!(approved.status(), 200, "{approved:?}");
    let minute = events::event("minute-passes", &[]);
    functions.ask("reconcile-payments", minute).await;
    assert_eq!(city.standin.books().refunds.len(), 1);

    let until = now().saturating_add(1.hour()).unwrap().to_string();
    let paid_at = now().to_string();
    for (function, event) in [
        ("manage-tickets", office("clerk-notes-objection", &[])),
        ("manage-tickets", office("clerk-changes-amount", &[])),
        (
            "manage-tickets",
            office("city-asks-for-lease", &[("UNTIL", &until)]),
        ),
        (
            "manage-tickets",
            office("clerk-ends-review", &[("DECISION", "paid")]),
        ),
        ("manage-tickets", office("clerk-withdraws-ticket", &[])),
        ("manage-tickets", office("clerk-hands-over", &[])),
        ("manage-tickets", office("vendor-reads-description", &[])),
        (
            "manage-tickets",
            office(
                "city-lists-tickets",
                &[("STATE", "open"), ("AFTER", REASON), ("LIMIT", "7")],
            ),
        ),
        (
            "manage-tickets",
            office("city-reads-changes", &[("AFTER", REASON), ("LIMIT", "7")]),
        ),
        ("issue-tickets", office("city-issues-tickets", &[])),
        ("issue-tickets", office("city-fetches-qr", &[])),
        (
            "record-payments",
            office("cash-office-lists-refunds", &[("STATE", "approved")]),
        ),
        (
            "record-payments",
            office("clerk-rejects-refund", &[("REFUND", &refund)]),
        ),
        (
            "record-payments",
            office("cash-office-books-list", &[("LINES", REASON)]),
        ),
        (
            "record-payments",
            office(
                "clerk-overrides-pending",
                &[("NUMBER", "1"), ("PAID_AT", &paid_at)],
            ),
        ),
    ] {
        functions.ask(function, event).await;
    }
    // What is sent is wrong, and the answer says so with what was sent.
    for body in [
        json!({ "plate": PLATE, "place": [PLACE], "amount": REASON }),
        json!({ "plate": REASON, "place": PLACE, "amount": "30.00" }),
        json!(PLACE),
    ] {
        let mut wrong = office("city-issues-ticket", &[]);
        wrong["body"] = body.to_string().into();
        let answer = functions.ask("issue-tickets", wrong).await;
        assert_eq!(answer.status(), 400, "{answer:?}");
    }
}
