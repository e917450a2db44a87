//! The folder of the database file.

use crate::error::OpenError;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// The folder's mode when this store makes it: orders name people.
const FOLDER_MODE: u32 = 0o700;

/// Makes the folder of the file where it is missing.
pub(crate) fn make(path: &Path) -> Result<(), OpenError> {
    let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    else {
        return Ok(());
    };
    let made = DirBuilder::new()
        .recursive(true)
        .mode(FOLDER_MODE)
        .create(folder);
    made.map_err(|error| OpenError::Io {
        path: folder.to_owned(),
        error,
    })
}
