//! What `receive-webhook` does while the bug is on that believes what an event says:
//! it books without asking PayPal.

use jiff::Timestamp;
use settle::Settle;
use store::Store;
use ticket::AttemptId;

/// Books the capture that this body tells of.
pub(crate) async fn believe(
    settle: &Settle,
    store: &Store,
    body: &[u8],
    now: Timestamp,
) -> Option<()> {
    let said: serde_json::Value = serde_json::from_slice(body).ok()?;
    let resource = &said["resource"];
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let attempt: AttemptId = resource["custom_id"].as_str()?.parse().ok()?;
    let (ticket, attempt) = settle.load(&attempt).await.ok()??;
    let settlement = ticket::Settlement {
        case_number: ticket.case_number.clone(),
        source: ticket::Source::Paypal(ticket::Captured {
            capture_id: resource["id"].as_str()?.parse().ok()?,
            attempt: attempt.id.clone(),
            fee: None,
            net: None,
        }),
        amount: ticket::Money {
            value: text(&resource["amount"]["value"])?,
            currency: text(&resource["amount"]["currency_code"])?,
        },
        paid_at: now,
        booked_at: now,
        role: ticket::Role::Main,
        overpaid: None,
    };
    let booker = store::Booker::Settle {
        attempt: &attempt,
        held: None,
    };
    let written = store.book(&ticket, &settlement, booker);
    written.await.ok().map(drop)
}
