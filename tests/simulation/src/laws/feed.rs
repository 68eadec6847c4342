//! What the city hears of the journals.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use super::{moment, text};
use crate::history::History;
use crate::world::World;

/// A line as the feed tells it: the ticket's version after it, what happened, the state
/// after it, and what is owed then.
type Line = (u32, String, String, i64);

/// H1, H2: nothing is left to do. What a restore has forgotten the feed has, too.
pub(super) fn at_rest(world: &World, history: &mut History) {
    if history.restored_at.is_some() {
        return;
    }
    let engine = world.engine.borrow();
    let mut lines: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    let mut told: BTreeMap<String, Vec<(Timestamp, Line)>> = BTreeMap::new();
    let mut ids = BTreeMap::new();
    for item in engine.all() {
        let (pk, sk) = (text(item, "pk"), text(item, "sk"));
        if sk.starts_with("JOURNAL#") {
            let case_number = pk.trim_start_matches("TICKET#").to_owned();
            lines.entry(case_number).or_default().push(line(item));
        } else if pk.starts_with("CHANGES#") {
            let (id, case_number) = (text(item, "id"), text(item, "case_number"));
            let at = moment(&text(item, "at")).unwrap_or_default();
            let of_it = told.entry(case_number).or_default();
            of_it.push((at, change(item, &id)));
            ids.insert(id, at);
        }
    }
    for (case_number, lines) in &mut lines {
        let told = told.entry(case_number.clone()).or_default();
        told.sort();
        let in_order = told.is_sorted_by(|one, other| one.0 < other.0 && one.1.0 <= other.1.0);
        let mut of_it: Vec<&Line> = told.iter().map(|(_, line)| line).collect();
        of_it.sort();
        lines.sort();
        history.law("H1", in_order && of_it.iter().copied().eq(&*lines), || {
            format!("the journal of {case_number} is {lines:?}, the feed tells {told:?}")
        });
    }
    let Some(heard) = history.heard.take() else {
        return;
    };
    whoever_reads_has_heard_it(&heard, &ids, history);
}

/// H2: each at least once, the same each time, those of a ticket in their order.
fn whoever_reads_has_heard_it(
    heard: &[Value],
    ids: &BTreeMap<String, Timestamp>,
    history: &mut History,
) {
    let mut known: BTreeMap<&str, &Value> = BTreeMap::new();
    let mut last: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for change in heard {
        let said = |name: &str| change[name].as_str().unwrap_or_default();
        let first = known.entry(change["id"].as_str().unwrap_or_default());
        let is_new = matches!(first, std::collections::btree_map::Entry::Vacant(_));
        let first = *first.or_insert(change);
        history.law("H2", first == change, || {
            format!("{first} came again as {change}")
        });
        if !is_new {
            continue;
        }
        let at = moment(said("at")).unwrap_or_default();
        let before = last.insert(change["case_number"].as_str().unwrap_or_default(), at);
        history.law("H2", before.is_none_or(|before| before < at), || {
            format!("{change} was heard after what is later, {before:?}")
        });
    }
    let never: BTreeSet<&String> = ids
        .iter()
        .filter(|(id, _)| !known.contains_key(id.as_str()))
        .map(|(id, _)| id)
        .collect();
    history.law("H2", never.is_empty(), || {
        format!("whoever goes on from `next` has never heard {never:?}")
    });
    history.law("H2", known.len() == ids.len(), || {
        format!("the feed has {ids:?}, and {known:?} was heard")
    });
}

fn line(item: &Value) -> Line {
    let after = &item["after"]["M"];
    let state = text(after, "state");
    let owed = if state == "open" {
        number(&after["amount"])
    } else {
        0
    };
    let version = u32::try_from(number(&item["version"])).unwrap_or_default();
    (version, text(item, "what"), state, owed)
}

fn change(item: &Value, id: &str) -> Line {
    let version = id
        .split('.')
        .nth(1)
        .and_then(|version| version.parse().ok());
    (
        version.unwrap_or_default(),
        text(item, "what"),
        text(item, "state"),
        number(&item["owed"]),
    )
}

fn number(value: &Value) -> i64 {
    let digits = value["N"].as_str().unwrap_or_default();
    digits.parse().unwrap_or_default()
}
