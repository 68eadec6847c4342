//! The lines that wake somebody up: errors with a field `alarm`.

use tracing::subscriber::DefaultGuard;

use crate::lines::{Written, read};

/// What this thread has written down since it began to listen.
pub struct Alarms {
    written: Written,
    _listens: DefaultGuard,
}

impl Alarms {
    /// Listens from here on.
    #[must_use]
    pub fn listen() -> Self {
        let written = Written::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_writer(written.clone())
            .with_max_level(tracing::Level::ERROR)
            .finish();
        Self {
            written,
            _listens: tracing::subscriber::set_default(subscriber),
        }
    }

    /// Their names, in the order in which they came; each is forgotten with that.
    #[must_use]
    pub fn heard(&self) -> Vec<String> {
        let lines = self.written.take();
        let lines = lines.iter().map(|line| read(line));
        lines
            .filter_map(|line| line["fields"]["alarm"].as_str().map(str::to_owned))
            .collect()
    }
}
