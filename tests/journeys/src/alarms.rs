//! The lines that wake somebody up: errors with a field `alarm`.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

/// What this thread has written down since it began to listen.
pub struct Alarms {
    lines: Lines,
    _listens: DefaultGuard,
}

impl Alarms {
    /// Listens from here on.
    #[must_use]
    pub fn listen() -> Self {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_writer(lines.clone())
            .with_max_level(tracing::Level::ERROR)
            .finish();
        Self {
            lines,
            _listens: tracing::subscriber::set_default(subscriber),
        }
    }

    /// Their names, in the order in which they came; each is forgotten with that.
    #[must_use]
    pub fn heard(&self) -> Vec<String> {
        let text =
            std::mem::take(&mut *self.lines.0.lock().unwrap_or_else(PoisonError::into_inner));
        let text = String::from_utf8(text).expect("text");
        let read = |line: &str| serde_json::from_str::<Value>(line).expect("JSON");
        text.lines()
            .map(read)
            .filter_map(|line| line["fields"]["alarm"].as_str().map(str::to_owned))
            .collect()
    }
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
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

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
