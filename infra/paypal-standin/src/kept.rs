//! The books in a file: read at the start, written with each change.

use std::fs;
use std::io;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::MutexGuard;

use crate::settings::{Settings, StartError};
use crate::state::State;

/// Where the books are kept.
pub(crate) struct Keeper {
    path: PathBuf,
}

impl Keeper {
    pub(crate) fn of(path: PathBuf) -> Self {
        Self { path }
    }

    /// The books as they were kept; nothing where there are none yet.
    pub(crate) fn read(&self, settings: &Settings) -> Result<Option<State>, StartError> {
        let failed = |error: &dyn std::fmt::Display| StartError::Books {
            path: self.path.display().to_string(),
            error: error.to_string(),
        };
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&error)),
        };
        let state = State::kept(&text, settings.clone());
        state.map(Some).map_err(|error| failed(&error))
    }

    fn write(&self, state: &State) -> io::Result<()> {
        // Written aside and renamed: whoever kills us in the middle finds the former books.
        let aside = self.path.with_extension("new");
        fs::write(&aside, serde_json::to_vec(state)?)?;
        fs::rename(&aside, &self.path)
    }
}

/// The state while somebody has it; what he changes is in the file before anybody else
/// sees it, and before it is answered.
pub(crate) struct Held<'a> {
    state: MutexGuard<'a, State>,
    keeper: Option<&'a Keeper>,
    is_changed: bool,
}

impl<'a> Held<'a> {
    pub(crate) fn new(state: MutexGuard<'a, State>, keeper: Option<&'a Keeper>) -> Self {
        Self {
            state,
            keeper,
            is_changed: false,
        }
    }
}

impl Deref for Held<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut State {
        self.is_changed = true;
        &mut self.state
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let Some(keeper) = self.keeper.filter(|_| self.is_changed) else {
            return;
        };
        if let Err(error) = keeper.write(&self.state) {
            let path: &Path = &keeper.path;
            tracing::error!(path = %path.display(), %error, "the stand-in's books cannot be kept");
        }
    }
}
