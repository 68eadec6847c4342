//! Whoever is woken finds a page that says what to do.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use local::template::Node;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap()
}

/// The headings of the runbook, each as a link names it.
fn pages() -> BTreeSet<String> {
    let runbook = read("infra/runbook.md");
    let headings = runbook.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = |char: &char| char.is_alphanumeric() || matches!(char, '-' | ' ' | '_');
        text.chars()
            .filter(kept)
            .collect::<String>()
            .replace(' ', "-")
    };
    headings.map(anchor).collect()
}

/// What follows `before` each time, up to the first character that ends it.
fn named<'a>(text: &'a str, before: &str, ends: &[char]) -> Vec<&'a str> {
    let mut parts = text.split(before);
    parts.next();
    parts.filter_map(|rest| rest.split(ends).next()).collect()
}

/// What the functions' sources name so, each time up to this character.
fn named_in_sources(before: &str, end: char) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![root().join("functions")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = fs::read_to_string(path).unwrap();
                let names = named(&text, before, &[end]);
                found.extend(names.into_iter().map(str::to_owned));
            }
        }
    }
    found
}

/// Every error line that somebody is to be woken by, by its field `alarm`.
fn kinds() -> BTreeSet<String> {
    named_in_sources("alarm = \"", '"')
}

const PARTS: [&str; 3] = [
    "infra/alarms.yaml",
    "infra/rollback.yaml",
    "infra/backup.yaml",
];

#[test]
fn every_alarm_names_a_page_of_the_runbook() {
    let pages = pages();
    let mut alarms = 0;
    for part in PARTS {
        let resources = Node::parse(&read(part)).unwrap().get("Resources").unwrap();
        for (name, resource) in resources.entries() {
            let kind = resource.get("Type").unwrap().text().unwrap();
            if kind != "AWS::CloudWatch::Alarm" {
                continue;
            }
            alarms += 1;
            let description = resource.get("Properties.AlarmDescription").unwrap();
            let description = description.written().unwrap();
            let page = named(&description, "infra/runbook.md#", &[' ', '"']);
            assert!(pages.contains(page[0]), "{part}, {name}: {description}");
        }
    }
    assert!(alarms > 40, "{alarms}");
}

#[test]
fn every_line_that_is_an_alarm_rings_and_every_page_has_its_alarm() {
    let alarms: String = PARTS.map(read).concat();
    let linked: BTreeSet<&str> = named(&alarms, "infra/runbook.md#", &[' ', '"', '\n'])
        .into_iter()
        .collect();
    for kind in kinds() {
        assert!(linked.contains(kind.as_str()), "no alarm for {kind}");
        let metric = format!("MetricName: {kind}\n");
        assert!(alarms.contains(&metric), "no metric for {kind}");
    }
    // Of the pages themselves: one without an alarm is read by nobody.
    let runbook = read("infra/runbook.md");
    let (_, of_alarms) = runbook.split_once("\n## The alarms\n").unwrap();
    let (of_alarms, _) = of_alarms.split_once("\n## ").unwrap();
    for page in named(of_alarms, "\n### ", &['\n']) {
        let is_alarm = !page.contains(' ');
        assert!(
            !is_alarm || linked.contains(page),
            "no alarm for the page {page}"
        );
        if is_alarm {
            let text = of_alarms.split_once(&format!("### {page}\n")).unwrap().1;
            let text = text.split("\n### ").next().unwrap();
            for part in ["**Means**", "**Drivers see**", "**Do**", "**Wake**"] {
                assert!(text.contains(part), "{page} lacks {part}");
            }
        }
    }
}

/// An alarm over a number that nobody writes never rings.
#[test]
fn every_number_of_ours_that_is_watched_is_written() {
    let mut written = kinds();
    written.extend(named_in_sources("metric.", ' '));
    let alarms: String = PARTS.map(read).concat();
    let of_alarms = alarms.split("Namespace: !Sub knoellchen/").skip(1);
    let mut watched: Vec<&str> = of_alarms
        .map(|rest| named(rest, "MetricName: ", &['\n'])[0])
        .collect();
    let dashboard = read("infra/dashboard.yaml");
    watched.extend(named(&dashboard, "[\"knoellchen/${Stack}\", \"", &['"']));
    assert!(watched.len() > 30, "{watched:?}");
    for name in watched {
        assert!(written.contains(name), "nobody writes {name}");
    }
}

/// A link that leads nowhere is found at three in the morning.
#[test]
fn every_link_within_the_runbook_leads_to_a_heading() {
    let pages = pages();
    let runbook = read("infra/runbook.md");
    for link in named(&runbook, "](#", &[')']) {
        assert!(pages.contains(link), "#{link}");
    }
}
