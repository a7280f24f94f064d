//! Finding out whether the books on disk can be used, before anything rests on them.
//!
//! Owns: opening a directory of books, reading every row, and what came of it. sled may panic in any of its
//! threads, loop, or end the process over a damaged file, so a start lets another process do this
//! ([`Inspector::Program`]), takes what belongs in memory from it (`told`), and judges how that ended. Must never: repair
//! anything, or mistake a device or permission that is missing for damage.

mod told;

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::RecvTimeoutError;
use serde::{Deserialize, Serialize};

use self::told::Told;
use super::Contents;
use super::contents::ContentsError;
use super::load::{self, Entities};
use super::rows::{self, Table};
use super::store::{KeyValue, SledStore, StoreError};

/// What the books of a directory are.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inspection {
    /// Every row can be read, and they are what was written, as far as that can be told without the
    /// journal.
    Readable(Box<Readable>),
    /// They are not what was written, or cannot be read.
    Damaged(String),
    /// It cannot be told: the system does not let them be read.
    Unusable(String),
}

/// Books of which every row can be read.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Readable {
    /// Every batch up to this one is in them.
    pub sequence: u64,
    /// Rows may reflect batches up to this one.
    pub reflects: u64,
    /// What the tables contain.
    pub contents: Contents,
    /// What of them belongs in memory.
    #[serde(skip)]
    pub entities: Entities,
}

/// How books are inspected.
#[derive(Clone, Debug)]
pub enum Inspector {
    /// In this process: for tests, and where a crash does no harm.
    InProcess,
    /// In another process: this program with these arguments, the directory and the bytes of its page
    /// cache behind them. It calls [`report`].
    Program(PathBuf, Vec<String>),
}

/// How long a program may read books without saying that it got further.
const STALL_LIMIT: Duration = Duration::from_secs(300);
/// Rows after which a program says that it got further.
const ROWS_PER_LINE: u64 = 20_000;
/// How much of what a program says about its end is kept.
const LAST_WORDS_BYTES: usize = 1_000;

/// Opens the books of a directory and reads every row, in this process.
#[must_use]
pub fn inspect(directory: &Path, cache_bytes: u64) -> Inspection {
    let entities = Mutex::new(Entities::default());
    let found = inspected(
        directory,
        cache_bytes,
        |_| Ok(()),
        |table, rows| {
            let mut entities = locked(&entities);
            for (key, value) in rows {
                entities.take(table, key, value)?;
            }
            Ok(())
        },
    );
    found.with(
        entities
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner),
    )
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What came of reading every row: `expected` hears what the tables should contain, and `heard` the rows piece by piece.
fn inspected(
    directory: &Path,
    cache_bytes: u64,
    expected: impl FnOnce(&Contents) -> io::Result<()>,
    heard: impl Fn(Table, &[KeyValue]) -> Result<(), StoreError> + Sync,
) -> Inspection {
    match read(directory, cache_bytes, expected, heard) {
        Ok(readable) => Inspection::Readable(Box::new(readable)),
        Err(Unfit::Store(error)) if is_of_the_system(&error) => {
            Inspection::Unusable(error.to_string())
        }
        Err(error) => Inspection::Damaged(error.to_string()),
    }
}

impl Inspection {
    /// The same with what belongs in memory.
    fn with(mut self, entities: Entities) -> Self {
        if let Self::Readable(readable) = &mut self {
            readable.entities = entities;
        }
        self
    }
}

/// Why books are not readable.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the books: {0}")]
    Contents(#[from] ContentsError),
}

fn read(
    directory: &Path,
    cache_bytes: u64,
    expected: impl FnOnce(&Contents) -> io::Result<()>,
    heard: impl Fn(Table, &[KeyValue]) -> Result<(), StoreError> + Sync,
) -> Result<Readable, Unfit> {
    let store = SledStore::open(directory, cache_bytes)?;
    let (progress, intended) = (load::progress(&store)?, load::intended(&store)?);
    expected(&progress.contents).map_err(unheard)?;
    let contents = load::contents(&store, heard)?;
    if intended.is_none() {
        contents.expect(&progress.contents)?;
    }
    Ok(Readable {
        sequence: progress.sequence,
        reflects: intended.map_or(progress.sequence, |intended| intended.sequence),
        contents,
        entities: Entities::default(),
    })
}

/// Whether an error says nothing about the files: they are locked, or not ours to read or write.
pub(crate) fn is_of_the_system(error: &StoreError) -> bool {
    let source = match error {
        StoreError::Store(sled::Error::Io(source)) | StoreError::Io { source, .. } => source,
        StoreError::Store(_) | StoreError::Row(_) => return false,
    };
    // sled gives the lock of another process no kind of its own.
    source.to_string().contains("could not acquire lock")
        || matches!(
            source.kind(),
            io::ErrorKind::PermissionDenied
                | io::ErrorKind::ReadOnlyFilesystem
                | io::ErrorKind::StorageFull
                | io::ErrorKind::QuotaExceeded
        )
}

/// Nobody listens.
fn unheard(source: io::Error) -> StoreError {
    StoreError::Io {
        path: "standard output".into(),
        source,
    }
}

/// Inspects and says how it goes and what belongs in memory, as [`Inspector::Program`] expects of a program.
///
/// # Errors
/// When nobody listens.
pub fn report(
    directory: &Path,
    cache_bytes: u64,
    out: &mut (impl io::Write + Send),
) -> io::Result<()> {
    let (out, all) = (Mutex::new(out), AtomicU64::new(0));
    let say_expected = |contents: &_| told::say_expected(&mut *locked(&out), contents);
    let inspection = inspected(directory, cache_bytes, say_expected, |table, rows| {
        if Entities::TABLES.contains(&table) {
            let piece = told::piece(rows).ok_or_else(|| rows::row_error(table, "it is too long"));
            let said = told::say_piece(&mut *locked(&out), table, &piece?);
            said.map_err(unheard)?;
        }
        let count = rows.len() as u64;
        let before = all.fetch_add(count, Ordering::Relaxed);
        let after = before.saturating_add(count);
        if before / ROWS_PER_LINE < after / ROWS_PER_LINE {
            // Who does not listen to the progress does not listen to the result either: its error counts.
            told::say_rows(&mut *locked(&out), after).unwrap_or_default();
        }
        Ok(())
    });
    told::say_result(&mut *locked(&out), inspection)
}

impl Inspector {
    /// What the books of a directory are.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn inspect(&self, directory: &Path, cache_bytes: u64) -> io::Result<Inspection> {
        match self {
            Self::InProcess => Ok(inspect(directory, cache_bytes)),
            Self::Program(program, arguments) => {
                let child = Command::new(program)
                    .args(arguments)
                    .arg(directory)
                    .arg(cache_bytes.to_string())
                    // What a panic says matters more than where: there is room for little.
                    .env("RUST_BACKTRACE", "0")
                    .stdin(Stdio::null())
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped())
                    .spawn()?;
                judge(child)
            }
        }
    }
}

/// Pieces that wait to be taken in.
const PIECES: usize = 8;

/// Listens to a program until it has said the result, ended without one, or stalled.
fn judge(mut child: Child) -> io::Result<Inspection> {
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(io::Error::other("the inspecting program has no output"));
    };
    let (sender, heard) = crossbeam_channel::bounded(PIECES);
    let listener = std::thread::spawn(move || {
        let mut input = io::BufReader::new(stdout);
        while let Ok(Some(told)) = Told::next(&mut input) {
            if sender.send(told).is_err() {
                return;
            }
        }
    });
    let last_words = last_words_of(stderr);
    let mut entities = Entities::default();
    let said = loop {
        match heard.recv_timeout(STALL_LIMIT) {
            Ok(Told::Expected(contents)) => entities = Entities::expecting(&contents),
            Ok(Told::Rows) => {}
            Ok(Told::Piece(table, piece)) => {
                let taken = told::rows_of(&piece, |key, value| entities.take(table, key, value));
                if let Err(error) = taken {
                    break Some(Inspection::Damaged(error.to_string()));
                }
            }
            Ok(Told::Result(inspection)) => break Some(*inspection),
            Ok(Told::Nonsense(reason)) => {
                break Some(Inspection::Damaged(format!(
                    "its inspection said: {reason}"
                )));
            }
            Err(RecvTimeoutError::Timeout) => {
                child.kill()?;
                break Some(Inspection::Damaged("reading them does not end".to_owned()));
            }
            Err(RecvTimeoutError::Disconnected) => break None,
        }
    };
    drop(heard);
    let status = child.wait()?;
    // Their pipes are closed now; a thread that panicked has nothing to add.
    drop(listener.join());
    let words = last_words.join().unwrap_or_default();
    let said = said.unwrap_or_else(|| {
        Inspection::Damaged(format!("reading them ended with {status}: {words}"))
    });
    Ok(said.with(entities))
}

/// Keeps the last of what a program says about its end.
fn last_words_of(mut stderr: ChildStderr) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let (mut words, mut part) = (Vec::new(), [0; 1024]);
        while let Ok(count @ 1..) = stderr.read(&mut part) {
            words.extend_from_slice(part.get(..count).unwrap_or_default());
            let surplus = words.len().saturating_sub(LAST_WORDS_BYTES);
            words.drain(..surplus);
        }
        String::from_utf8_lossy(&words).trim().replace('\n', "; ")
    })
}
