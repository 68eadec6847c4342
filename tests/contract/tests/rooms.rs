//! No two files of a deployed crate, or of the stand-in, need each other: whoever reads one can begin
//! somewhere. A file and those of its own folder count as one house: what a file takes
//! from below it is not looked at, nor is what the crate's root gathers.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use contract::Workspace;

/// Modules, as paths below `src`, and the modules that each names.
type Graph = BTreeMap<String, BTreeSet<String>>;

#[test]
fn the_files_of_a_crate_need_each_other_in_one_direction_only() {
    let workspace = Workspace::ask().unwrap();
    let members = workspace.members();
    let functions = workspace.under("functions").into_iter();
    for name in functions.chain(workspace.under("infra")) {
        let manifest = members[name].manifest_path.as_std_path();
        let cycle = in_a_cycle(graph(&manifest.parent().unwrap().join("src")));
        assert!(cycle.is_empty(), "{name}: {cycle:?}");
    }
}

#[test]
fn a_cycle_is_found() {
    let sources = [
        ("a", "use crate::b::B;"),
        ("b", "use super::c::{C, D};"),
        ("c", "fn c() { crate::a::c() }"),
        (
            "d",
            "// crate::d2 is a comment\nuse crate::{A, B};\nuse crate::a::A;",
        ),
    ];
    let sources = sources.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let cycle = in_a_cycle(named_by(&sources.into()));
    let expected = ["a", "b", "c"].map(str::to_owned);
    assert_eq!(cycle, expected.into());
}

fn graph(src: &Path) -> Graph {
    let mut sources = BTreeMap::new();
    read(src, src, &mut sources);
    named_by(&sources)
}

/// All sources, but for a crate's root and tests: the root gathers what the others
/// are, and tests may look at anything.
fn read(src: &Path, folder: &Path, sources: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(src, &path, sources);
        } else if path.extension().is_some_and(|it| it == "rs") {
            let name = path.strip_prefix(src).unwrap().with_extension("");
            let name = name.to_str().unwrap().to_owned();
            let is_other = ["lib", "main"].contains(&name.as_str())
                || name.split('/').any(|part| part == "tests");
            if !is_other {
                let text = std::fs::read_to_string(&path).unwrap();
                let text = text.split("#[cfg(test)]").next().unwrap();
                sources.insert(name, text.to_owned());
            }
        }
    }
}

fn named_by(sources: &BTreeMap<String, String>) -> Graph {
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    sources
        .iter()
        .map(|(name, text)| {
            let code: Vec<&str> = text.lines().filter(is_code).collect();
            let code = code.join("\n");
            let above = name.rsplit_once('/').map_or("", |(above, _)| above);
            let from_root = paths(&code, "crate::").map(str::to_owned);
            let from_above = paths(&code, "super::").map(|path| format!("{above}::{path}"));
            let named = from_root.chain(from_above);
            let modules = named.filter_map(|path| module(&path.replace("::", "/"), sources));
            let others = modules.filter(|module| module != name);
            (name.clone(), others.collect())
        })
        .collect()
}

/// The paths in a text that begin so, without the beginning.
fn paths<'a>(code: &'a str, begins: &'a str) -> impl Iterator<Item = &'a str> {
    code.split(begins).skip(1).map(|rest| {
        let is_path = |char: char| char.is_alphanumeric() || char == '_' || char == ':';
        let end = rest.find(|char| !is_path(char)).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    })
}

/// The module that a path leads into.
fn module(path: &str, sources: &BTreeMap<String, String>) -> Option<String> {
    let mut path = path.trim_matches('/');
    loop {
        if sources.contains_key(path) {
            return Some(path.to_owned());
        }
        (path, _) = path.rsplit_once('/')?;
    }
}

/// Modules that come back to themselves: what is left when those that need nobody
/// are taken away, again and again, and so those that nobody needs.
fn in_a_cycle(mut graph: Graph) -> BTreeSet<String> {
    loop {
        let all: BTreeSet<String> = graph.keys().cloned().collect();
        let needed: BTreeSet<String> = graph.values().flatten().cloned().collect();
        graph.retain(|name, needs| {
            needs.retain(|it| all.contains(it));
            !needs.is_empty() && needed.contains(name)
        });
        if graph.len() == all.len() {
            return all;
        }
    }
}
