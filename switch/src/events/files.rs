//! The files that events go to.
//!
//! Owns: the rotating files in `data/events/` and the cursor beside them. The cursor is saved after the
//! events are synced; at a start, what was written past it is cut and written again, so that a file holds
//! each event once. Must never: save a cursor that is ahead of its events.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::EventError;

/// How far the event files are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    /// The last batch whose events are all written.
    sequence: u64,
    /// Number of the file that takes the next event.
    file: u64,
    /// Bytes of it.
    bytes: u64,
}

const CURSOR_FILE: &str = "cursor.json";

/// The rotating files of events.
#[derive(Debug)]
pub struct EventFiles {
    directory: PathBuf,
    file: File,
    written: Saved,
    saved: Saved,
    file_bytes: u64,
    /// Bytes written since the last sync.
    unsynced_bytes: u64,
}

/// Bytes after which what was written is synced before more is: one sync of a whole file would fill the device's queue,
/// and the journal's next sync would wait behind it.
const SYNC_BYTES: u64 = 4 * 1024 * 1024;

impl EventFiles {
    /// Opens the files of a directory where the saved cursor says; what was written past it is cut.
    ///
    /// # Errors
    /// [`EventError`] when a file cannot be used.
    pub fn open(directory: &Path, file_bytes: u64) -> Result<Self, EventError> {
        std::fs::create_dir_all(directory).map_err(|source| io_error(directory, source))?;
        let saved = read_cursor(directory)?;
        let file = open_file(directory, saved.file)?;
        let path = file_path(directory, saved.file);
        file.set_len(saved.bytes)
            .map_err(|source| io_error(&path, source))?;
        remove_later_file(directory, saved.file)?;
        Ok(Self {
            directory: directory.to_owned(),
            file,
            written: saved,
            saved,
            file_bytes,
            unsynced_bytes: 0,
        })
    }

    /// The last batch whose events are written.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.written.sequence
    }

    /// The last batch whose events are durable.
    #[must_use]
    pub fn saved_sequence(&self) -> u64 {
        self.saved.sequence
    }

    /// Appends the events of the batch of a sequence.
    ///
    /// # Errors
    /// [`EventError`]; the files then hold part of it, which the next open cuts.
    pub fn append(&mut self, sequence: u64, lines: &[u8]) -> Result<(), EventError> {
        if self.written.bytes >= self.file_bytes {
            // The full file and the cursor behind it must be durable before the next file counts.
            self.save()?;
            self.written = Saved {
                file: self.written.file + 1,
                bytes: 0,
                ..self.written
            };
            self.file = open_file(&self.directory, self.written.file)?;
        }
        let path = file_path(&self.directory, self.written.file);
        self.file
            .write_all(lines)
            .map_err(|source| io_error(&path, source))?;
        self.written.bytes += lines.len() as u64;
        self.written.sequence = sequence;
        self.unsynced_bytes += lines.len() as u64;
        if self.unsynced_bytes >= SYNC_BYTES {
            self.sync()?;
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), EventError> {
        let path = file_path(&self.directory, self.written.file);
        self.file
            .sync_data()
            .map_err(|source| io_error(&path, source))?;
        self.unsynced_bytes = 0;
        Ok(())
    }

    /// Makes the events durable and saves the cursor behind them.
    ///
    /// # Errors
    /// [`EventError`]; the cursor is then the last one saved.
    pub fn save(&mut self) -> Result<(), EventError> {
        if self.written == self.saved {
            return Ok(());
        }
        self.sync()?;
        let path = self.directory.join(CURSOR_FILE);
        let partial = self.directory.join("cursor.partial");
        let replace = || {
            let mut file = File::create(&partial)?;
            file.write_all(json!(self.written).to_string().as_bytes())?;
            file.sync_data()?;
            std::fs::rename(&partial, &path)?;
            File::open(&self.directory)?.sync_all()
        };
        replace().map_err(|source| io_error(&path, source))?;
        self.saved = self.written;
        Ok(())
    }
}

fn read_cursor(directory: &Path) -> Result<Saved, EventError> {
    let path = directory.join(CURSOR_FILE);
    match std::fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).map_err(|error| EventError::Cursor {
            path,
            reason: error.to_string(),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Saved::default()),
        Err(source) => Err(io_error(&path, source)),
    }
}

/// The last batch whose events are durable in a directory; 0 for none.
pub(crate) fn saved_sequence(directory: &Path) -> Result<u64, EventError> {
    Ok(read_cursor(directory)?.sequence)
}

/// The event files of a directory with their numbers.
pub(crate) fn files_of(directory: &Path) -> Result<Vec<(u64, PathBuf)>, EventError> {
    let mut files = Vec::new();
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(files),
        Err(source) => return Err(io_error(directory, source)),
    };
    for entry in entries {
        let path = entry.map_err(|source| io_error(directory, source))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let number = name
            .and_then(|name| name.strip_prefix("events-")?.strip_suffix(".jsonl"))
            .and_then(|number| number.parse().ok());
        if let Some(number) = number {
            files.push((number, path));
        }
    }
    files.sort();
    Ok(files)
}

fn file_path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("events-{number:06}.jsonl"))
}

fn open_file(directory: &Path, number: u64) -> Result<File, EventError> {
    let path = file_path(directory, number);
    let opened = OpenOptions::new().append(true).create(true).open(&path);
    opened.map_err(|source| io_error(&path, source))
}

/// A file begun after the saved cursor holds only events that will be written again.
fn remove_later_file(directory: &Path, number: u64) -> Result<(), EventError> {
    let path = file_path(directory, number + 1);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(&path, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

pub(super) fn io_error(path: &Path, source: io::Error) -> EventError {
    EventError::Io {
        path: path.to_owned(),
        source,
    }
}
