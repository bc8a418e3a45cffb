//! A lock on a folder, so that two programs do not write to it at the same time.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::Error;

/// It is held until it is dropped, or the process ends in any other way.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Locks this file, which stays: if it were removed, two programs could each lock a file of its name.
    /// `taken` is what to say if another program holds the lock.
    pub(crate) fn take(file: &Path, taken: impl FnOnce() -> String) -> Result<Self, Error> {
        let at = |error: std::io::Error| format!("{}: {error}", file.display());
        let opened = File::options().create(true).append(true).open(file);
        let opened = opened.map_err(at)?;
        match opened.try_lock() {
            Ok(()) => Ok(Self { _file: opened }),
            Err(TryLockError::WouldBlock) => Err(taken().into()),
            Err(TryLockError::Error(error)) => Err(at(error).into()),
        }
    }
}
