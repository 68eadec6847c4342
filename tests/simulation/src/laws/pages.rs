//! What drivers may be shown.

use jiff::{SignedDuration, Timestamp};
use journeys::{PLACE, PLATE, Page};

use super::text;
use crate::world::{PAYPAL_ORIGIN, World};

/// Between two of our functions.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_secs(4);

/// A mark's time is when its writer was called, who lives no longer.
const WRITTEN_WITHIN: SignedDuration = SignedDuration::from_secs(15);

/// A driver sees a page about a ticket, asked for at `asked_at`.
pub(crate) fn a_page_was_shown(world: &World, case_number: &str, page: &Page, asked_at: Timestamp) {
    let now = world.now();
    let item = |pk: String, sk: &str| world.engine.borrow().item(&(pk, sk.to_owned()));
    let ticket = item(format!("TICKET#{case_number}"), "TICKET");
    // Of an order of another version, or one that has ended, nothing can come.
    let may_bring_money = ticket.as_ref().is_some_and(|ticket| {
        let awaits = ticket.get("awaits").map(|awaits| &awaits["M"]);
        let named = awaits.and_then(|awaits| {
            let id = awaits["attempt"]["S"].as_str()?;
            item(format!("ATTEMPT#{id}"), "ATTEMPT")
        });
        named.is_some_and(|named| {
            matches!(text(&named, "attempt_state").as_str(), "live" | "pending")
                && named["version"] == ticket["version"]
        })
    });
    let mut history = world.history.borrow_mut();
    let history = &mut *history;
    history.tell(|| {
        format!(
            "            the driver sees: {} {} {:?}",
            page.status, page.state, page.attempt
        )
    });
    if page.state == "paid" {
        // Money taken back later brings it to review; never back to open.
        let settled = ticket.as_ref().is_some_and(|ticket| {
            matches!(text(ticket, "state").as_str(), "paid" | "review")
                && ticket.get("settlement").is_some()
        });
        // Answered out of the table of before a restore.
        let elsewhere = history.restored_at.is_some_and(|at| asked_at <= at);
        history.law("L4", settled || elsewhere, || {
            format!("{case_number} is shown as paid: {ticket:?}")
        });
        history
            .shown_paid
            .entry(case_number.to_owned())
            .or_insert(now);
    }
    let shown_paid_before = history
        .shown_paid
        .get(case_number)
        .is_some_and(|shown_at| *shown_at < asked_at);
    // The runbook says so: from step 4 on until step 7 has found it, a ticket paid
    // since the restore point is shown as open. Nothing can be paid meanwhile (M1).
    let not_whole = history.not_whole(asked_at);
    // Two people may decide so once the money is gone.
    let decided = ticket
        .as_ref()
        .is_some_and(|ticket| ticket.get("reviewed_at").is_some());
    let asked_again = shown_paid_before && page.has_pay_button() && !decided;
    history.law("L4", !asked_again || not_whole, || {
        format!("{case_number} was shown as paid, and a driver is asked to pay again")
    });
    // There before the page was asked for, and not taken away since: a lock, or the
    // mark of money that may still come.
    let moment = |name: &str, of: &str| {
        let there = ticket.as_ref()?.get(name)?;
        there["M"][of]["S"].as_str()?.parse::<Timestamp>().ok()
    };
    let was_there = |name: &str, takes: SignedDuration| {
        moment(name, "since").is_some_and(|since| {
            let known = since.saturating_add(CLOCKS_DIFFER + takes);
            known.is_ok_and(|at| at < asked_at)
        })
    };
    let awaits = was_there("awaits", WRITTEN_WITHIN)
        && may_bring_money
        && moment("awaits", "until").is_some_and(|until| {
            let over = until.saturating_sub(CLOCKS_DIFFER);
            over.is_ok_and(|at| at > now)
        });
    let asked_meanwhile =
        (was_there("lock", SignedDuration::ZERO) || awaits) && page.has_pay_button();
    history.law("L10", !asked_meanwhile || not_whole, || {
        format!("PayPal has not said what became of a payment for {case_number}, and a driver is asked to pay")
    });
    let retry_after = page.header("retry-after").is_some();
    history.law("V5", page.status != 503 || retry_after, || {
        format!("{case_number}: 503 without Retry-After")
    });
    // A ticket issued since the restore point is sent again in step 5; an attempt
    // is written anew only where it was paid: "Attempts of drivers who had not paid:
    // their result page says that there is no such payment".
    let forgotten = match page.state.as_str() {
        "unknown" => not_whole,
        "invalid" => history.restored_at.is_some(),
        _ => true,
    };
    history.law("V5", forgotten, || {
        format!(
            "{case_number} is there, and a driver is told that it is {}",
            page.state
        )
    });
}

/// A driver is sent to PayPal, to pay this order.
pub(crate) fn a_redirect_was_shown(world: &World, case_number: &str, to: &str, order: &str) {
    let stored = world.engine.borrow().all().any(|item| {
        item["order"]["M"]["id"]["S"] == *order && item["case_number"]["S"] == *case_number
    });
    world.history.borrow_mut().law("M10", stored, || {
        format!("{case_number}: a driver is sent to order {order}, which the table does not know")
    });
    let mut history = world.history.borrow_mut();
    history.law("F12", !world.is_closed(), || {
        format!("{case_number}: a driver is sent to PayPal while captures are closed")
    });
    history.law("T4", to.starts_with(PAYPAL_ORIGIN), || {
        format!("{case_number}: a driver is sent to {to}")
    });
    let secret = [PLATE, PLACE, "/t/"]
        .iter()
        .any(|secret| to.contains(secret));
    history.law("T4", !secret, || {
        format!("{case_number}: {to} tells a secret")
    });
}
