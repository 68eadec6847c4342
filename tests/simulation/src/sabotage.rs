//! A proof that cannot fail proves nothing: every deliberate bug of the list is
//! put into a copy of the sources, switched on one at a time, and must be found.
//!
//! The copy is built once, with a switch for each bug; the sources that are
//! deployed have none, and the copy is no part of the workspace.

#[expect(dead_code, reason = "it is called in the copy")]
mod believe;
mod list;
mod places;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use list::{ALL, Sabotage};
use places::{Change, Problem};

/// The variable that names the bug that is on.
const SWITCH: &str = "SABOTAGE";

/// What the copy's innermost crate gets: the switch.
const SWITCHED: &str = r#"
/// Whether this deliberate bug is on.
pub fn sabotaged(name: &str) -> bool {
    static ON: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    ON.get_or_init(|| std::env::var("SABOTAGE").ok()).as_deref() == Some(name)
}
"#;

/// What the bug that believes webhooks does, as a module of its function: here it
/// is compiled and found by every tool that renames.
const BELIEVE: &str = include_str!("sabotage/believe.rs");

/// How the hunt for one bug ended.
pub(crate) enum Hunt {
    /// A law was seen broken, by this plan.
    Found { law: String, plan: String },
    /// Nothing was seen.
    NotFound,
}

/// The copy cannot be made.
#[derive(Debug)]
pub(crate) struct NoCopy(String);

impl fmt::Display for NoCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Hunts every bug; the name of each, and how its hunt ended.
///
/// # Errors
/// When a place of the list is no longer in the sources, or the copy does not
/// build.
pub(crate) fn hunt_all(
    only: Option<&str>,
    mut each: impl FnMut(&'static str, &Hunt),
) -> Result<(usize, usize), NoCopy> {
    let binary = build()?;
    let mut found = 0;
    let mut hunted = 0;
    for sabotage in ALL {
        if only.is_some_and(|only| only != sabotage.name) {
            continue;
        }
        let hunt = hunt(&binary, sabotage)?;
        hunted += 1;
        found += usize::from(matches!(hunt, Hunt::Found { .. }));
        each(sabotage.name, &hunt);
    }
    Ok((found, hunted))
}

fn hunt(binary: &Path, sabotage: &Sabotage) -> Result<Hunt, NoCopy> {
    let output = Command::new(binary)
        .args(["--hunt", sabotage.found_by])
        .env(SWITCH, sabotage.name)
        .stderr(Stdio::null())
        .output()
        .map_err(|error| NoCopy(format!("{}: {error}", binary.display())))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let found = said.lines().find_map(|line| line.strip_prefix("found "));
    let Some((law, plan)) = found.and_then(|found| found.split_once(" by ")) else {
        return Ok(Hunt::NotFound);
    };
    // A plan that breaks a law with every bug switched off has found another one.
    let healthy = Command::new(binary)
        .args(["--replay", plan])
        .env_remove(SWITCH)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|error| NoCopy(format!("{}: {error}", binary.display())))?;
    if !healthy.success() {
        return Err(NoCopy(format!(
            "{law} is broken without any bug, by '{plan}'"
        )));
    }
    Ok(Hunt::Found {
        law: law.to_owned(),
        plan: plan.to_owned(),
    })
}

/// Copies the workspace, puts every bug in, builds it.
fn build() -> Result<PathBuf, NoCopy> {
    let failed = |what: &str, error: std::io::Error| NoCopy(format!("{what}: {error}"));
    let root = sources();
    let target = std::env::current_exe()
        .ok()
        .and_then(|binary| Some(binary.parent()?.parent()?.to_owned()))
        .ok_or_else(|| NoCopy("where this was built is not known".to_owned()))?;
    let copy = target.join("sabotage/workspace");
    let _ = std::fs::remove_dir_all(&copy);
    for part in [
        "Cargo.toml",
        "Cargo.lock",
        ".cargo",
        "clippy.toml",
        "template.yaml",
        "functions",
        "infra",
        "tests",
        "events",
    ] {
        copy_tree(&root.join(part), &copy.join(part)).map_err(|error| failed(part, error))?;
    }
    let mut files: BTreeMap<PathBuf, String> = BTreeMap::new();
    rust_files(&copy.join("functions"), &mut files).map_err(|error| failed("functions", error))?;
    put_in(&mut files)?;
    let webhook = copy.join("functions/receive-webhook/src/lib.rs");
    if let Some(text) = files.get_mut(&webhook) {
        text.push_str("mod believe;");
        files.insert(webhook.with_file_name("believe.rs"), BELIEVE.to_owned());
    }
    let innermost = copy.join("functions/shared/ticket/src/lib.rs");
    if let Some(text) = files.get_mut(&innermost) {
        text.push_str(SWITCHED);
    }
    for (file, text) in files {
        std::fs::write(&file, text).map_err(|error| failed(&file.to_string_lossy(), error))?;
    }
    add_serde_json(&copy).map_err(|error| failed("receive-webhook", error))?;
    let target = share_what_is_built(&target).map_err(|error| failed("the built crates", error))?;
    let built = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
        .args([
            "build",
            "--release",
            "--package",
            "simulation",
            "--quiet",
            "--offline",
        ])
        .arg("--target-dir")
        .arg(&target)
        .current_dir(&copy)
        .status()
        .map_err(|error| failed("cargo", error))?;
    if !built.success() {
        return Err(NoCopy(
            "the copy with the deliberate bugs does not build".to_owned(),
        ));
    }
    Ok(target.join("release/simulation"))
}

/// What says that a bug is on.
fn on(name: &str, file: &Path) -> String {
    let is_innermost = file.components().any(|part| part.as_os_str() == INNERMOST);
    let its_crate = if is_innermost { "crate" } else { INNERMOST };
    format!("{its_crate}::sabotaged(\"{name}\")")
}

/// The crate that all others know.
const INNERMOST: &str = "ticket";

/// Puts every bug into its places.
fn put_in(files: &mut BTreeMap<PathBuf, String>) -> Result<(), NoCopy> {
    let mut changes: BTreeMap<&str, (&str, Change)> = BTreeMap::new();
    for sabotage in ALL {
        for (marker, change) in sabotage.places {
            changes.insert(marker, (sabotage.name, *change));
        }
    }
    for (file, text) in files {
        let wrong = |problem: Problem| NoCopy(format!("{}: {problem}", file.display()));
        let markers = places::markers(text).map_err(wrong)?;
        let mut markers: Vec<(usize, String)> = markers
            .into_iter()
            .map(|(name, ends)| (ends, name.to_owned()))
            .collect();
        // Of two before one place the nearer one is first: it still finds the
        // place as it is.
        markers.sort_unstable();
        for (_, marker) in markers.into_iter().rev() {
            let (name, change) = changes
                .remove(marker.as_str())
                .ok_or_else(|| wrong(format!("no bug has the marker \"{marker}\"")))?;
            *text = places::changed(text, &marker, change, &on(name, file)).map_err(wrong)?;
        }
    }
    match changes.keys().next() {
        None => Ok(()),
        Some(marker) => Err(NoCopy(format!("the marker \"{marker}\" is in no source"))),
    }
}

/// Every source below a folder.
fn rust_files(folder: &Path, files: &mut BTreeMap<PathBuf, String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            rust_files(&path, files)?;
        } else if path.extension().is_some_and(|it| it == "rs") {
            let text = std::fs::read_to_string(&path)?;
            files.insert(path, text);
        }
    }
    Ok(())
}

/// The bug that believes webhooks reads JSON; the function itself does not.
fn add_serde_json(copy: &Path) -> std::io::Result<()> {
    let manifest = copy.join("functions/receive-webhook/Cargo.toml");
    let text = std::fs::read_to_string(&manifest)?;
    if text.contains("serde_json") {
        return Ok(());
    }
    let text = text.replacen(
        "[dependencies]\n",
        "[dependencies]\nserde_json.workspace = true\n",
        1,
    );
    std::fs::write(manifest, text)
}

/// The copy's own folder of built crates, in which those from elsewhere are the
/// ones that are here already: they take minutes, ours take seconds.
fn share_what_is_built(target: &Path) -> std::io::Result<PathBuf> {
    let own = target.join("sabotage/target");
    if !own.join("release").exists() {
        link_tree(&target.join("release"), &own.join("release"))?;
    }
    Ok(own)
}

fn link_tree(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            link_tree(&from, &to)?;
        } else {
            std::fs::hard_link(&from, &to)?;
        }
    }
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> std::io::Result<()> {
    if from.is_dir() {
        std::fs::create_dir_all(to)?;
        for entry in std::fs::read_dir(from)? {
            let entry = entry?;
            if matches!(
                entry.file_name().to_str(),
                Some("node_modules" | "target" | ".venv")
            ) {
                continue;
            }
            copy_tree(&entry.path(), &to.join(entry.file_name()))?;
        }
    } else if from.exists() {
        if let Some(parent) = to.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::copy(from, to)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bug_has_its_place_in_the_sources_and_every_marker_its_bug() {
        let mut files = BTreeMap::new();
        rust_files(&sources().join("functions"), &mut files).expect("the sources");
        assert_eq!(put_in(&mut files).map_err(|problem| problem.0), Ok(()));
    }

    #[test]
    fn no_two_bugs_have_one_name() {
        let mut names: Vec<&str> = ALL.iter().map(|sabotage| sabotage.name).collect();
        names.sort_unstable();
        assert!(names.is_sorted_by(|one, other| one < other), "{names:?}");
    }
}
