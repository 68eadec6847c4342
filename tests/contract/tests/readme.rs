//! What the README says is there, is there: a test that it names as the proof of an
//! invariant, and the file to open first for a change.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const README: &str = include_str!("../../../README.md");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The rows of the table under this heading, by cells.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let (_, rest) = README.split_once(heading).unwrap();
    let rows: Vec<_> = rest
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| line.trim_matches('|').split(" | ").collect())
        .collect();
    assert!(!rows.is_empty(), "{heading}");
    rows
}

/// What stands between backticks.
fn code(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// The names of all functions of this project's own sources.
fn functions() -> BTreeSet<String> {
    let mut folders: Vec<PathBuf> = ["functions", "infra", "tests"]
        .map(|name| root().join(name))
        .into();
    let mut names = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("node_modules") {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = std::fs::read_to_string(path).unwrap();
                let declared = text.split("fn ").skip(1).filter_map(|rest| {
                    let end = rest.find(|it: char| !it.is_alphanumeric() && it != '_')?;
                    rest.get(..end).map(str::to_owned)
                });
                names.extend(declared);
            }
        }
    }
    names
}

#[test]
fn every_test_that_proves_an_invariant_is_there() {
    let functions = functions();
    let mut missing = Vec::new();
    for row in table("## Invariants, and where each is held") {
        let [invariant, _, proof] = row[..] else {
            panic!("{row:?}");
        };
        assert!(!proof.trim().is_empty(), "nothing proves: {invariant}");
        // A test's name is a sentence; what else stands there is a file, or a plan.
        let tests = code(proof).filter(|name| name.matches('_').count() > 1 && !name.contains('/'));
        missing.extend(tests.filter(|name| !functions.contains(*name)));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_file_to_open_first_is_there() {
    let mut missing = Vec::new();
    for row in table("### Where to change what") {
        let [change, files] = row[..] else {
            panic!("{row:?}");
        };
        // A bare name is beside the one before it, or below its file.
        let mut last = PathBuf::new();
        let mut found = 0;
        for name in code(files).filter(|name| name.contains('.') || name.ends_with('/')) {
            if name.contains(' ') {
                continue;
            }
            let sibling = last.parent().unwrap_or(&last).join(name);
            let path = if root().join(&sibling).exists() {
                sibling
            } else {
                PathBuf::from(name)
            };
            if !root().join(&path).exists() {
                missing.push((change, name));
            }
            last = path;
            found += 1;
        }
        assert!(found > 0, "{change}: no file is named");
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
