//! What every manifest and every `main.rs` must look like.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

use std::path::Path;

use contract::Workspace;

/// `main.rs` wires and does nothing else.
const MAIN_LINES_MAX: usize = 20;

#[test]
fn versions_stand_only_in_the_root_manifest() {
    let workspace = Workspace::ask().unwrap();
    for (name, package) in workspace.members() {
        let text = std::fs::read_to_string(&package.manifest_path).unwrap();
        for (section, line) in lines_of_dependencies(&text) {
            assert!(
                line.contains("workspace = true"),
                "{name} {section}: {line}"
            );
        }
    }
}

#[test]
fn every_member_takes_the_workspace_lints() {
    let workspace = Workspace::ask().unwrap();
    for (name, package) in workspace.members() {
        let text = std::fs::read_to_string(&package.manifest_path).unwrap();
        assert!(text.contains("[lints]\nworkspace = true"), "{name}");
        assert_eq!(package.publish, Some(Vec::new()), "{name}");
    }
}

#[test]
fn no_dependency_brings_features_that_nobody_asked_for() {
    // Crates that are built for tests and tools only, or that have no default
    // features to turn off.
    let free = [
        "cargo_metadata",
        "holiday_de",
        "lexopt",
        "form_urlencoded",
        "serde_norway",
        "serde_path_to_error",
        "tempfile",
        "thiserror",
        "url",
        "webpki-roots",
        "yaml_serde",
    ];
    let workspace = Workspace::ask().unwrap();
    let text = std::fs::read_to_string(workspace.root().join("Cargo.toml")).unwrap();
    let (_, section) = text.split_once("[workspace.dependencies]").unwrap();
    let lines = section
        .lines()
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    for line in lines {
        let (name, _) = line.split_once(' ').unwrap();
        let is_fine = line.contains("path = ")
            || line.contains("default-features = false")
            || free.contains(&name);
        assert!(is_fine, "{line}");
    }
}

#[test]
fn a_lambdas_main_wires_and_decides_nothing() {
    let workspace = Workspace::ask().unwrap();
    for name in workspace.lambdas() {
        let path = workspace
            .root()
            .join("functions")
            .join(name)
            .join("src/main.rs");
        let code = code(&path);
        assert!(code.len() <= MAIN_LINES_MAX, "{name}: {} lines", code.len());
        for line in code {
            for deciding in ["if ", "match ", "for ", "while ", "loop ", "mod "] {
                assert!(!line.starts_with(deciding), "{name}: {line}");
            }
        }
    }
}

/// Each line of a `[…dependencies]` section, with the section's name.
fn lines_of_dependencies(manifest: &str) -> Vec<(&str, &str)> {
    let mut section = "";
    let mut lines = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if section.ends_with("dependencies]") && line.contains('=') && !line.starts_with('#')
        {
            lines.push((section, line));
        }
    }
    lines
}

/// The lines that do something: no comment, no empty line, no attribute.
fn code(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut is_in_attribute = false;
    let mut code = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[") || line.starts_with("#![") {
            is_in_attribute = true;
        }
        if !is_in_attribute && !line.is_empty() && !line.starts_with("//") {
            code.push(line.to_owned());
        }
        if line.ends_with(']') {
            is_in_attribute = false;
        }
    }
    code
}

#[test]
fn no_source_that_is_deployed_has_a_switch_for_a_deliberate_bug() {
    // The simulation puts them into a copy; a switch in here could be thrown.
    let workspace = Workspace::ask().unwrap();
    let mut folders = vec![workspace.root().join("functions")];
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap().to_lowercase();
                // Where a bug goes in the copy is said by a comment, which does nothing.
                let code = |line: &&str| !line.trim_start().starts_with("// sabotage: ");
                let text: Vec<&str> = text.lines().filter(code).collect();
                let text = text.join("\n");
                assert!(!text.contains("sabotage"), "{}", path.display());
                assert!(!text.contains("cfg(simulation"), "{}", path.display());
                read += 1;
            }
        }
    }
    assert!(read > 50, "only {read} sources were read");
}
