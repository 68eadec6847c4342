//! What the functions of this thread write down.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

/// All lines of the deployed crates since it began to listen, whatever their level.
pub struct Lines {
    written: Written,
    _listens: DefaultGuard,
}

impl Lines {
    /// Listens from here on.
    #[must_use]
    pub fn listen() -> Self {
        let written = Written::default();
        let lines = tracing_subscriber::fmt::layer()
            .json()
            .with_writer(written.clone());
        let each = deployed().into_iter();
        let filter: Targets = each.map(|name| (name, LevelFilter::TRACE)).collect();
        let subscriber = tracing_subscriber::registry().with(filter).with(lines);
        let listens = tracing::subscriber::set_default(subscriber);
        // Another test may be the first to come to a line at this very moment, with nobody
        // listening, and it would be noted as one that nobody hears.
        tracing::callsite::rebuild_interest_cache();
        Self {
            written,
            _listens: listens,
        }
    }

    /// They, and each is forgotten with that.
    #[must_use]
    pub fn heard(&self) -> Vec<String> {
        self.written.take()
    }
}

/// The crates that are deployed, as their lines name them.
fn deployed() -> Vec<String> {
    let functions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions");
    let folders = [functions.join("shared"), functions];
    let each = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).expect("a folder"))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.join("Cargo.toml").exists());
    each.filter_map(|path| Some(path.file_name()?.to_str()?.replace('-', "_")))
        .collect()
}

/// Where lines are written to.
#[derive(Clone, Default)]
pub(crate) struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    /// The lines so far; each is forgotten with that.
    pub(crate) fn take(&self) -> Vec<String> {
        let text = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let text = String::from_utf8(text).expect("text");
        text.lines().map(str::to_owned).collect()
    }
}

/// A line, read.
#[must_use]
pub fn read(line: &str) -> Value {
    serde_json::from_str(line).expect("JSON")
}

impl Write for Written {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write(text)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Written {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
