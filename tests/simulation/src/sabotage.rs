//! A proof that cannot fail proves nothing: every deliberate bug of the list is
//! put into a copy of the sources, switched on one at a time, and must be found.
//!
//! The copy is built once, with a switch for each bug; the sources that are
//! deployed have none, and the copy is no part of the workspace.

mod list;
mod places;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use list::{ALL, Sabotage};

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

/// What the bug that believes webhooks does.
const BELIEVE: &str = r#"
async fn believe(app: &App, body: &[u8], now: Timestamp) -> Option<()> {
    let said: serde_json::Value = serde_json::from_slice(body).ok()?;
    let resource = &said["resource"];
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let attempt: AttemptId = resource["custom_id"].as_str()?.parse().ok()?;
    let (ticket, attempt) = app.settle.load(&attempt).await.ok()??;
    let settlement = ticket::Settlement {
        case_number: ticket.case_number.clone(),
        capture_id: resource["id"].as_str()?.parse().ok()?,
        attempt: attempt.id.clone(),
        channel: ticket::Channel::Paypal,
        value: text(&resource["amount"]["value"])?,
        currency: text(&resource["amount"]["currency_code"])?,
        fee: None,
        net: None,
        paid_at: now,
        booked_at: now,
        role: ticket::Role::Main,
    };
    app.settle.store.book(&ticket, &attempt, &settlement, None).await.ok().map(drop)
}
"#;

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
    let mut files: BTreeMap<&str, String> = BTreeMap::new();
    for sabotage in ALL {
        assert!(
            sabotage.file.starts_with("functions/"),
            "a bug is put into what is deployed"
        );
        let text = match files.remove(sabotage.file) {
            Some(text) => text,
            None => std::fs::read_to_string(copy.join(sabotage.file))
                .map_err(|error| failed(sabotage.file, error))?,
        };
        if text.matches(sabotage.find).count() != 1 {
            return Err(NoCopy(format!(
                "{}: the place of \"{}\" is no longer there, or there twice: {}",
                sabotage.file, sabotage.name, sabotage.find
            )));
        }
        let on = format!("ticket::sabotaged(\"{}\")", sabotage.name);
        let put = sabotage.put.replace("ON", &on);
        files.insert(sabotage.file, text.replace(sabotage.find, &put));
    }
    let webhook = "functions/receive-webhook/src/lib.rs";
    if let Some(text) = files.get_mut(webhook) {
        text.push_str(BELIEVE);
    }
    let innermost = "functions/shared/ticket/src/lib.rs";
    let text =
        std::fs::read_to_string(copy.join(innermost)).map_err(|error| failed(innermost, error))?;
    files.insert(innermost, text + SWITCHED);
    for (file, text) in files {
        std::fs::write(copy.join(file), text).map_err(|error| failed(file, error))?;
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
