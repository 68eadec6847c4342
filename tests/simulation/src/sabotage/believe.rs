//! What `receive-webhook` does while the bug is on that believes what an event says:
//! it books without asking PayPal.

use jiff::Timestamp;
use settle::Settle;
use ticket::AttemptId;

/// Books the capture that this body tells of.
pub(crate) async fn believe(settle: &Settle, body: &[u8], now: Timestamp) -> Option<()> {
    let said: serde_json::Value = serde_json::from_slice(body).ok()?;
    let resource = &said["resource"];
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let attempt: AttemptId = resource["custom_id"].as_str()?.parse().ok()?;
    let (ticket, attempt) = settle.load(&attempt).await.ok()??;
    let settlement = ticket::Settlement {
        case_number: ticket.case_number.clone(),
        capture_id: resource["id"].as_str()?.parse().ok()?,
        attempt: attempt.id.clone(),
        channel: ticket::Channel::Paypal,
        value: text(&resource["amount"]["value"])?,
        currency: text(&resource["amount"]["currency_code"])?,
        fee: None,
        net: None,
        paid_at: now,
        booked_at: now,
        role: ticket::Role::Main,
    };
    let booked = settle.store.book(&ticket, &attempt, &settlement, None);
    booked.await.ok().map(drop)
}
