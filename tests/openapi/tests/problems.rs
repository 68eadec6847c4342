//! The description lists every kind of problem, what it means and what to do.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

use std::collections::{BTreeMap, BTreeSet};

use office::Kind;
use openapi::description;
use serde_json::Value;

/// Where each kind gets its name.
const SOURCE: &str = include_str!("../../../functions/shared/office/src/problem.rs");

fn described() -> &'static [Value] {
    let schema = &description().document["components"]["schemas"]["Problem"];
    schema["oneOf"].as_array().unwrap()
}

fn of(kind: &Value) -> (&str, u64) {
    let constant = |name: &str| &kind["properties"][name]["const"];
    (
        constant("type").as_str().unwrap(),
        constant("status").as_u64().unwrap(),
    )
}

#[test]
fn every_kind_is_described_with_its_status_in_order_and_no_other() {
    let described: Vec<(&str, u64)> = described().iter().map(of).collect();
    let kinds = Kind::ALL.map(|kind| (kind.path(), u64::from(kind.status().as_u16())));
    assert_eq!(described, kinds);
}

#[test]
fn no_kind_is_missing_from_all() {
    // A new kind must have a name; none may stand for two.
    let named: Vec<&str> = SOURCE
        .split("\"/problems/")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    let all = Kind::ALL.map(|kind| kind.path().trim_start_matches("/problems/"));
    let (named_once, all_once): (BTreeSet<&str>, BTreeSet<&str>) =
        (named.iter().copied().collect(), all.into());
    assert_eq!(named_once, all_once);
    assert_eq!((named.len(), all.len()), (named_once.len(), all_once.len()));
}

#[test]
fn each_says_what_it_means_and_what_to_do() {
    let mut titles = BTreeSet::new();
    for kind in described() {
        let (name, _) = of(kind);
        let title = kind["title"].as_str().unwrap();
        let to_do = kind["description"].as_str().unwrap();
        assert!(titles.insert(title), "{name}: {title}");
        assert!(to_do.ends_with('.') && to_do.len() > 40, "{name}: {to_do}");
    }
}

#[test]
fn a_problem_is_described_where_it_has_its_status() {
    let statuses: BTreeMap<&str, u64> = described().iter().map(of).collect();
    for operation in &description().operations {
        for (status, answer) in operation.described["responses"].as_object().unwrap() {
            let media = &answer["content"]["application/problem+json"];
            let all_of = media["schema"]["allOf"].as_array();
            let named = all_of
                .into_iter()
                .flatten()
                .filter_map(|part| part["properties"]["type"]["enum"].as_array())
                .flatten();
            for name in named {
                let own = statuses.get(name.as_str().unwrap()).map(u64::to_string);
                assert_eq!(
                    own.as_deref(),
                    Some(status.as_str()),
                    "{}: {name}",
                    operation.route_key
                );
            }
        }
    }
}
