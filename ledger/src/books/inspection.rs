//! Finding out whether the books on disk can be used, before anything rests on them.
//!
//! Owns: opening a directory of books, reading every row, and what came of it. sled may panic in any of its
//! threads, loop, or end the process over a damaged file, so a start lets another process do this
//! ([`Inspector::Program`]) and judges how that ended. Must never: repair anything, or mistake a device or
//! permission that is missing for damage.

use std::io::{self, BufRead as _, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::RecvTimeoutError;
use serde::{Deserialize, Serialize};

use super::Contents;
use super::contents::ContentsError;
use super::load;
use super::store::{SledStore, StoreError};

/// What the books of a directory are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readable {
    /// Every batch up to this one is in them.
    pub sequence: u64,
    /// Rows may reflect batches up to this one.
    pub reflects: u64,
    /// What the tables contain.
    pub contents: Contents,
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

/// What a program that inspects says, one line of JSON each.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Rows(u64),
    Result(Box<Inspection>),
}

/// Opens the books of a directory and reads every row.
#[must_use]
pub fn inspect(directory: &Path, cache_bytes: u64, seen: impl Fn(u64) + Sync) -> Inspection {
    match read(directory, cache_bytes, seen) {
        Ok(readable) => Inspection::Readable(Box::new(readable)),
        Err(Unfit::Store(error)) if is_of_the_system(&error) => {
            Inspection::Unusable(error.to_string())
        }
        Err(error) => Inspection::Damaged(error.to_string()),
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

fn read(directory: &Path, cache_bytes: u64, seen: impl Fn(u64) + Sync) -> Result<Readable, Unfit> {
    let store = SledStore::open(directory, cache_bytes)?;
    let (progress, intended) = (load::progress(&store)?, load::intended(&store)?);
    let contents = load::contents(&store, seen)?;
    if intended.is_none() {
        contents.expect(&progress.contents)?;
    }
    Ok(Readable {
        sequence: progress.sequence,
        reflects: intended.map_or(progress.sequence, |intended| intended.sequence),
        contents,
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

/// Inspects and says how it goes, line by line, as [`Inspector::Program`] expects of a program.
///
/// # Errors
/// When nobody listens.
pub fn report(
    directory: &Path,
    cache_bytes: u64,
    out: &mut (impl io::Write + Send),
) -> io::Result<()> {
    // Who does not listen to the progress does not listen to the result either: its error counts.
    let out = Mutex::new(out);
    let say = |line: &Line| {
        let text = serde_json::to_string(line)?;
        let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(out, "{text}")?;
        out.flush()
    };
    let inspection = inspect(directory, cache_bytes, |rows| {
        if rows.is_multiple_of(ROWS_PER_LINE) {
            say(&Line::Rows(rows)).unwrap_or_default();
        }
    });
    say(&Line::Result(Box::new(inspection)))
}

impl Inspector {
    /// What the books of a directory are.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn inspect(&self, directory: &Path, cache_bytes: u64) -> io::Result<Inspection> {
        match self {
            Self::InProcess => Ok(inspect(directory, cache_bytes, |_| {})),
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

/// Listens to a program until it has said the result, ended without one, or stalled.
fn judge(mut child: Child) -> io::Result<Inspection> {
    let (Some(stdout), Some(mut stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(io::Error::other("the inspecting program has no output"));
    };
    let (sender, lines) = crossbeam_channel::bounded(64);
    let listener = std::thread::spawn(move || {
        for line in io::BufReader::new(stdout).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    let last_words = std::thread::spawn(move || {
        let (mut words, mut part) = (Vec::new(), [0; 1024]);
        while let Ok(count @ 1..) = stderr.read(&mut part) {
            words.extend_from_slice(part.get(..count).unwrap_or_default());
            let surplus = words.len().saturating_sub(LAST_WORDS_BYTES);
            words.drain(..surplus);
        }
        String::from_utf8_lossy(&words).trim().replace('\n', "; ")
    });
    let said = loop {
        match lines.recv_timeout(STALL_LIMIT) {
            Ok(line) => match serde_json::from_str(&line) {
                Ok(Line::Rows(_)) => {}
                Ok(Line::Result(inspection)) => break Some(*inspection),
                Err(error) => {
                    break Some(Inspection::Damaged(format!("its inspection said: {error}")));
                }
            },
            Err(RecvTimeoutError::Timeout) => {
                child.kill()?;
                break Some(Inspection::Damaged("reading them does not end".to_owned()));
            }
            Err(RecvTimeoutError::Disconnected) => break None,
        }
    };
    drop(lines);
    let status = child.wait()?;
    // Their pipes are closed now; a thread that panicked has nothing to add.
    drop(listener.join());
    let words = last_words.join().unwrap_or_default();
    Ok(said.unwrap_or_else(|| {
        Inspection::Damaged(format!("reading them ended with {status}: {words}"))
    }))
}
