//! How a case stands at the end, told so that two ends can be compared: without
//! the times and the ids of attempts, which differ from way to way.

use std::collections::BTreeSet;

use super::text;
use crate::world::World;

/// How all cases stand.
pub(crate) fn end_of_the_case(world: &World) -> String {
    let engine = world.engine.borrow();
    let lines = engine.all().filter_map(|item| {
        let (pk, sk) = (text(item, "pk"), text(item, "sk"));
        let told: &[&str] = match (pk.split('#').next()?, sk.split('#').next()?) {
            ("TICKET", "TICKET") => &["state", "settlement"],
            ("TICKET", "SETTLEMENT") => &[
                "channel",
                "capture_id",
                "value",
                "currency",
                "role",
                "surplus_reason",
            ],
            // Not its kind: of a refund that PayPal shows nobody can say whether it
            // is a reversal, but by the type of the event.
            ("TICKET", "TAKEN_BACK") => &["id", "settlement", "value", "currency"],
            ("TICKET", "REFUND") => &["id", "refund_state", "value"],
            ("TICKET", "JOURNAL") => &["what", "reference"],
            ("EXPORT", _) => &["settlement", "taken_back"],
            _ => return None,
        };
        let kind = if pk.starts_with("EXPORT") {
            "EXPORT"
        } else {
            &sk
        };
        let kind = kind.split('#').next()?;
        let told: Vec<String> = told.iter().map(|name| text(item, name)).collect();
        let amount = &item["amount"]["N"];
        Some(format!("{kind} {} {amount}", told.join(" ")))
    });
    // What is there twice shows in the numbers, which a set would swallow.
    let lines: Vec<String> = lines.collect();
    let all = lines.len();
    let lines: BTreeSet<String> = lines.into_iter().collect();
    let lines: Vec<String> = lines.into_iter().collect();
    format!("{all}: {}", lines.join("; "))
}
