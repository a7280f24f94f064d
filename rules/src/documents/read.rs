//! Reads the rule files of a configuration directory. The only IO of the crate.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::{Document, FILES, FOLDERS, Folder, RuleError};

/// All documents that could be read, and an error for each that could not. Of an incomplete directory
/// what is not there is not missed.
pub(super) fn documents(config_dir: &Path, complete: bool) -> (Vec<Document>, Vec<RuleError>) {
    let mut documents = Vec::new();
    let mut errors = Vec::new();
    let mut add = |result: Result<Document, RuleError>| match result {
        Ok(document) => documents.push(document),
        Err(error) => errors.push(error),
    };
    for (path, required) in FILES {
        if (required && complete) || config_dir.join(path).exists() {
            add(read(config_dir, path.to_owned()));
        }
    }
    for Folder { name, required } in &FOLDERS {
        for path in paths(config_dir, name, *required && complete) {
            add(path.and_then(|path| read(config_dir, path)));
        }
    }
    (documents, errors)
}

/// The documents of one folder, which may be missing.
pub(super) fn folder_documents(
    config_dir: &Path,
    folder: &'static str,
) -> (Vec<Document>, Vec<RuleError>) {
    let mut paths = paths(config_dir, folder, false);
    paths.sort_by(|one, other| one.as_ref().ok().cmp(&other.as_ref().ok()));
    let mut documents = Vec::new();
    let mut errors = Vec::new();
    for path in paths {
        match path.and_then(|path| read(config_dir, path)) {
            Ok(document) => documents.push(document),
            Err(error) => errors.push(error),
        }
    }
    (documents, errors)
}

/// The relative paths of the `*.toml` files of a folder. Hidden files (an editor's) and other
/// extensions are not rules; a folder inside would be silently without effect, so it is an error.
fn paths(config_dir: &Path, folder: &str, required: bool) -> Vec<Result<String, RuleError>> {
    let entries = match fs::read_dir(config_dir.join(folder)) {
        Ok(entries) => entries,
        Err(error) if !required && error.kind() == ErrorKind::NotFound => return Vec::new(),
        Err(error) => return vec![Err(unreadable(folder, &error))],
    };
    let mut paths = Vec::new();
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                paths.push(Err(unreadable(folder, &error)));
                continue;
            }
        };
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{folder}/{name}");
        if name.starts_with('.') {
            continue;
        }
        if entry.path().is_dir() {
            let reason = "a folder inside is not read; put the files next to it";
            paths.push(Err(RuleError::of_file(path, reason.to_owned())));
        } else if Path::new(&name)
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            paths.push(Ok(path));
        }
    }
    paths
}

fn read(config_dir: &Path, path: String) -> Result<Document, RuleError> {
    let bytes = fs::read(config_dir.join(&path)).map_err(|error| unreadable(&path, &error))?;
    match String::from_utf8(bytes) {
        Ok(content) => Ok(Document { path, content }),
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let lines = error
                .as_bytes()
                .iter()
                .take(good)
                .filter(|byte| **byte == b'\n')
                .count();
            let line = u32::try_from(lines).unwrap_or(u32::MAX).saturating_add(1);
            let reason = "bytes that are not UTF-8; save the file as UTF-8".to_owned();
            Err(RuleError {
                line,
                ..RuleError::of_file(path, reason)
            })
        }
    }
}

fn unreadable(path: &str, error: &std::io::Error) -> RuleError {
    RuleError::of_file(path.to_owned(), format!("cannot be read: {error}"))
}
