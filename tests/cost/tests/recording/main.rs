//! What a payment asks for is what was written down.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

mod recorder;
mod walk;

use cost::Recorded;
use serde_json::Value;

/// A word more on a page, or a digit more in a line, is nobody's concern.
const BYTES_MAY_DIFFER_BY_PERCENT: u64 = 10;

#[tokio::test]
async fn what_a_payment_asks_for_is_what_was_written_down() {
    let recorded = Box::pin(walk::recorded()).await;
    if std::env::var_os("RECORD").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/recorded.json");
        let text = serde_json::to_string_pretty(&recorded).unwrap();
        std::fs::write(path, text + "\n").unwrap();
        return;
    }
    let written: Recorded = serde_json::from_str(include_str!("../../recorded.json")).unwrap();
    let (now, before) = [recorded, written]
        .map(|it| serde_json::to_value(it).unwrap())
        .into();
    let mut differ = Vec::new();
    compare("", &before, &now, &mut differ);
    assert!(
        differ.is_empty(),
        "a payment asks for something else than was written down:\n{}\n\
         If that is meant: `RECORD=1 cargo test -p cost --test recording` writes it down, and \
         `cargo run -p cost > tests/cost/report.md` what it costs then.",
        differ.join("\n")
    );
}

/// Says what is another than before.
fn compare(at: &str, before: &Value, now: &Value, differ: &mut Vec<String>) {
    let names = |value: &Value| {
        value
            .as_object()
            .map(|it| it.keys().cloned().collect::<Vec<_>>())
    };
    match (names(before), names(now)) {
        (Some(mut names), Some(others)) => {
            names.extend(others);
            names.sort();
            names.dedup();
            for name in names {
                compare(&format!("{at}/{name}"), &before[&name], &now[&name], differ);
            }
        }
        _ if is_near(at, before, now) => {}
        _ => differ.push(format!(
            "  {at}: {before} was written down, {now} it is now"
        )),
    }
}

fn is_near(at: &str, before: &Value, now: &Value) -> bool {
    let bytes = (before.as_u64(), now.as_u64());
    match bytes {
        (Some(before), Some(now)) if at.ends_with("_bytes") => {
            before.abs_diff(now) * 100 <= before * BYTES_MAY_DIFFER_BY_PERCENT
        }
        _ => before == now,
    }
}
