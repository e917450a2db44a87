//! The lock that keeps a second process from the file.
//!
//! SQLite itself would let two processes share it; but this store's batches, feed and cursor take it
//! that nobody else writes. The lock is the operating system's on a file of its own, so that it goes
//! with the process, however that ends.

use crate::error::OpenError;
use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Held as long as it lives.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

/// Bytes of a process number at most; the rest of a damaged lock file is of no interest.
const MAX_PID_BYTES: u64 = 20;

impl Lock {
    /// Locks the database at `path`, or tells who has it.
    pub(crate) fn take(path: &Path) -> Result<Lock, OpenError> {
        let lock_path = beside(path);
        let failed = |error| OpenError::Io {
            path: lock_path.clone(),
            error,
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = read_pid(&file);
                return Err(OpenError::InUse {
                    path: path.to_owned(),
                    lock_path,
                    holder,
                });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // For the message of whoever comes second; the lock itself does not need it.
        file.set_len(0)
            .and_then(|()| file.rewind())
            .map_err(failed)?;
        write!(file, "{}", std::process::id()).map_err(failed)?;
        Ok(Lock { file })
    }

    /// Lets the next one in, before this is dropped.
    pub(crate) fn release(&self) {
        // Whatever fails here, the lock goes with the file at the latest.
        _ = self.file.unlock();
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".lock");
    PathBuf::from(name)
}

fn read_pid(file: &File) -> Option<u32> {
    let mut text = String::new();
    file.take(MAX_PID_BYTES).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
