//! PayPal's books against the table, by hand.

use jiff::Timestamp;
use serde_json::Value;

use crate::Problem;
use crate::place::Place;
use crate::report::Report;

/// What has to be nothing for the books of the window to agree; infra/runbook.md, step 6,
/// says what each figure means.
const NONE_OF: [&str; 5] = [
    "/stopped_at",
    "/unclear",
    "/without_ticket/count",
    "/only_booked/count",
    "/difference_cents",
];
/// What has to be the same: two wrong amounts could make one right sum.
const SAME: [(&str, &str); 2] = [
    ("/shown", "/booked"),
    ("/taken_back_shown", "/taken_back_booked"),
];

/// Books what PayPal's books show and the table does not know; `from` as each night unless
/// said, until now.
pub(crate) async fn reconcile(
    place: &Place,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    now: Timestamp,
) -> Result<Report, Problem> {
    let text = |moment: Timestamp| format!("{moment:.0}");
    let to = text(to.unwrap_or(now));
    let came_to = place.reconcile(from.map(text).as_deref(), &to).await?;
    let is_none = |figure: &str| match came_to.pointer(figure) {
        Some(Value::Number(number)) => number.as_i64() == Some(0),
        Some(Value::Null) => true,
        // A figure that is not there says nothing.
        _ => false,
    };
    let none = NONE_OF.into_iter().filter(|figure| !is_none(figure));
    let differs = |(ours, theirs): &(&str, &str)| {
        let (ours, theirs) = (came_to.pointer(ours), came_to.pointer(theirs));
        ours.is_none() || ours != theirs
    };
    let same = SAME.into_iter().filter(differs).map(|(shown, _)| shown);
    let mut open: Vec<&str> = none
        .chain(same)
        .map(|it| it.trim_start_matches('/'))
        .collect();
    // Where PayPal shows nothing of the window for certain, nothing was held against anything.
    let shows_until = came_to["complete_until"].as_str();
    let shown = shows_until.and_then(|until| until.parse::<Timestamp>().ok());
    if shown.is_none_or(|until| from.is_some_and(|from| until <= from)) {
        open.push("complete_until");
    }
    let mut lines: Vec<String> = came_to
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| format!("{name}  {value}"))
        .collect();
    lines.push(match shows_until {
        Some(until) if open.is_empty() => format!(
            "the books agree until {until}; what is younger PayPal does not show for certain yet"
        ),
        Some(_) | None => format!(
            "not yet: look at {} (infra/runbook.md, step 6)",
            open.join(", ")
        ),
    });
    let is_well = open.is_empty();
    let mut report = Report::new(lines, came_to);
    report.is_well = is_well;
    Ok(report)
}
