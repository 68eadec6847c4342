//! The README's table of what the stand-in can be told names all of it, and each example
//! in it is taken.

use std::collections::BTreeSet;

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::testing::Scene;
use crate::{Behaviour, FaultKind};

const README: &str = include_str!("../../../../README.md");

/// The first column's code, row by row.
fn rows() -> Vec<Vec<&'static str>> {
    let (_, rest) = README.split_once("### PayPal misbehaves").unwrap();
    let rows: Vec<_> = rest
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|row| {
            let first = row.split(" | ").next().unwrap();
            first.split('`').skip(1).step_by(2).collect()
        })
        .collect();
    assert!(rows.len() > 20, "the table is not there");
    rows
}

/// Every kind of fault, as serde lists them.
fn kinds() -> BTreeSet<String> {
    let error = FaultKind::deserialize(json!({ "kind": "none" })).unwrap_err();
    let sentence = error.to_string();
    let (_, listed) = sentence.split_once("expected one of ").unwrap();
    let names = listed.split(", ").map(|name| name.trim_matches('`'));
    names.map(str::to_owned).collect()
}

#[test]
fn every_fault_and_every_habit_stands_in_the_readme_with_an_example_that_is_taken() {
    let scene = Scene::new();
    let (mut told_kinds, mut told_habits) = (BTreeSet::new(), BTreeSet::new());
    for row in rows() {
        let example: Value = serde_json::from_str(row[0]).unwrap();
        for code in row {
            let post = serde_json::from_str(code).unwrap_or_else(|_| {
                // Another kind, in place of the example's.
                let mut post = example.clone();
                post["kind"] = json!(code);
                post
            });
            let answer = scene.lever("POST", "/_standin/faults", &post.to_string());
            assert_eq!(answer.status, StatusCode::OK, "{post}: {}", answer.body);
            match post["kind"].as_str() {
                Some(kind) => {
                    told_kinds.insert(kind.to_owned());
                }
                None => told_habits.extend(post.as_object().unwrap().keys().cloned()),
            }
        }
    }
    assert_eq!(told_kinds, kinds());
    told_habits.remove("drawn");
    let habits = serde_json::to_value(Behaviour::default()).unwrap();
    let habits: BTreeSet<String> = habits.as_object().unwrap().keys().cloned().collect();
    assert_eq!(told_habits, habits);
    // What the README says ends all of them.
    scene.lever("DELETE", "/_standin/faults", "");
    assert_eq!(scene.standin.behaviour(), Behaviour::default());
    let left = scene.lever("GET", "/_standin/faults", "").body;
    assert_eq!(left["faults"], json!([]));
}
