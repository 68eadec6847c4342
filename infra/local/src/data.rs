//! The directory of `--data DIR`, which belongs to one stack at a time.

use std::fs::{File, TryLockError, create_dir_all};
use std::path::{Path, PathBuf};

/// The file that is locked; there is nothing in it.
const LOCK: &str = "lock";

/// The directory is ours until this is dropped, or the process dies: the lock is the
/// operating system's, so that a killed process leaves none behind.
pub(crate) struct Data {
    path: PathBuf,
    _lock: File,
}

/// The directory cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// Another stack runs on it: with two of them each would overwrite the other's books.
    #[error(
        "another cargo run uses the directory {path}: end it, or choose another one, like \
         --data {path}-2"
    )]
    InUse {
        /// Which.
        path: String,
    },
    /// It cannot be made or written to.
    #[error("cannot use the directory {path}")]
    Directory {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

impl Data {
    /// Takes the directory, and makes it where it is missing.
    pub(crate) fn take(path: &Path) -> Result<Self, DataError> {
        let shown = path.display().to_string();
        let lock = create_dir_all(path).and_then(|()| File::create(path.join(LOCK)));
        let locked = lock.map_err(TryLockError::Error).and_then(|lock| {
            lock.try_lock()?;
            Ok(lock)
        });
        match locked {
            Ok(lock) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(DataError::InUse { path: shown }),
            Err(TryLockError::Error(source)) => Err(DataError::Directory {
                path: shown,
                source,
            }),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}
