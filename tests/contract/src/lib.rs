//! What Cargo itself says about the workspace, for the tests that hold it to
//! the architecture.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// What runs in the cloud; links are asked for it, not for this machine.
const DEPLOYED_TARGET: &str = "aarch64-unknown-linux-gnu";

/// Cargo gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// `cargo metadata` failed.
    #[error("cargo metadata gave no answer")]
    Metadata(#[from] cargo_metadata::Error),
    /// `cargo tree` did not start.
    #[error("cargo tree did not start")]
    NotStarted(#[from] std::io::Error),
    /// `cargo tree` failed; its own words.
    #[error("cargo tree -p {package}: {said}")]
    Tree {
        /// The package asked about.
        package: String,
        /// What it printed.
        said: String,
    },
}

/// The workspace as `cargo metadata` describes it.
pub struct Workspace {
    metadata: Metadata,
}

/// A package that ends up in a binary.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Linked {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The features it is built with.
    pub features: BTreeSet<String>,
}

impl Workspace {
    /// Asks Cargo about the workspace this crate is in.
    ///
    /// # Errors
    /// When Cargo does not answer.
    pub fn ask() -> Result<Self, AskError> {
        let metadata = MetadataCommand::new()
            .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
            .no_deps()
            .exec()?;
        Ok(Self { metadata })
    }

    /// The workspace's folder.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.metadata.workspace_root.clone().into()
    }

    /// The members, by name.
    #[must_use]
    pub fn members(&self) -> BTreeMap<&str, &Package> {
        self.metadata
            .workspace_packages()
            .into_iter()
            .map(|package| (package.name.as_str(), package))
            .collect()
    }

    /// The members whose folders lie under this one, `functions` say.
    #[must_use]
    pub fn under(&self, folder: &str) -> BTreeSet<&str> {
        let folder = self.metadata.workspace_root.join(folder);
        self.members()
            .into_iter()
            .filter(|(_, package)| package.manifest_path.starts_with(&folder))
            .map(|(name, _)| name)
            .collect()
    }

    /// The Lambdas: what lies in `functions` beside `functions/shared`.
    #[must_use]
    pub fn lambdas(&self) -> BTreeSet<&str> {
        let shared = self.under("functions/shared");
        &self.under("functions") - &shared
    }
}

/// What this package names as a dependency of its code or its build script;
/// what only its tests need is left out.
#[must_use]
pub fn dependencies(package: &Package) -> BTreeSet<&str> {
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind != DependencyKind::Development)
        .map(|dependency| dependency.name.as_str())
        .collect()
}

/// Everything that this package's binary needs in the cloud, with the features
/// it asks for itself: `cargo tree`, since `cargo metadata` adds up what all
/// members ask for. (Built together, the functions get each other's features
/// too; the linker leaves out what nobody calls.)
///
/// # Errors
/// When Cargo does not answer.
pub fn linked(package: &str) -> Result<BTreeSet<Linked>, AskError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["tree", "--locked", "--package", package])
        .args([
            "--target",
            DEPLOYED_TARGET,
            "--edges",
            "no-proc-macro,normal",
        ])
        .args(["--prefix", "none", "--format", "{p}|{f}"])
        .output()?;
    if !output.status.success() {
        return Err(AskError::Tree {
            package: package.to_owned(),
            said: String::from_utf8_lossy(&output.stderr).into_owned(),
        });
    }
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(lines.lines().filter_map(line).collect())
}

/// `name v1.2.3 (where)|feature,feature`
fn line(text: &str) -> Option<Linked> {
    // Cargo marks what it has printed before.
    let (package, features) = text.trim_end_matches(" (*)").split_once('|')?;
    let mut words = package.split(' ');
    Some(Linked {
        name: words.next()?.to_owned(),
        version: words.next()?.to_owned(),
        features: features
            .split(',')
            .filter(|feature| !feature.is_empty())
            .map(str::to_owned)
            .collect(),
    })
}
