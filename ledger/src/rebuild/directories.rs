//! The directories of books: moved, removed and made durable.
//!
//! Owns: their names, and where books go that cannot be used. Must never: remove the newest books that were
//! set aside.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::RebuildError;
use crate::identifiers::Timestamp;

/// Gives the books another name; older ones that bear such a name are removed.
pub(super) fn set_aside(books: &Path, time: Timestamp) -> Result<Option<PathBuf>, RebuildError> {
    if !books.exists() {
        return Ok(None);
    }
    let digits: String = time
        .to_string()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let aside = beside(books, &format!("damaged-{digits}"));
    std::fs::rename(books, &aside).map_err(io(&aside))?;
    sync(parent(books))?;
    let prefix = beside(books, "damaged-");
    let entries = std::fs::read_dir(parent(books)).map_err(io(books))?;
    for entry in entries {
        let path = entry.map_err(io(books))?.path();
        let older = path
            .to_string_lossy()
            .starts_with(&*prefix.to_string_lossy());
        if older && path != aside {
            remove_directory(&path)?;
        }
    }
    Ok(Some(aside))
}

/// `books.ENDING` beside `books`.
pub(super) fn beside(books: &Path, ending: &str) -> PathBuf {
    let mut name = books.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

pub(super) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

pub(super) fn remove_directory(path: &Path) -> Result<(), RebuildError> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io(path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Makes the files of a directory durable, and their names: sled syncs only some of them.
pub(super) fn sync_files(directory: &Path) -> Result<(), RebuildError> {
    for entry in std::fs::read_dir(directory).map_err(io(directory))? {
        let path = entry.map_err(io(directory))?.path();
        sync(&path)?;
    }
    sync(directory)
}

pub(super) fn sync(path: &Path) -> Result<(), RebuildError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(io(path))
}

pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> RebuildError {
    let path = path.to_owned();
    move |source| RebuildError::Io { path, source }
}
