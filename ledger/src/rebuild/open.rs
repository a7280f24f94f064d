//! Carrying out what a start decides about the books.
//!
//! Owns: inspecting the books, verifying snapshots, building new books in a directory of their own that
//! takes its name when it is whole, and the report of all that. Must never: replace books before others are
//! whole.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::directories::{beside, io, parent, remove_directory, set_aside, sync, sync_files};
use super::{BooksFound, Decision, Found, SnapshotFound, Source, decide};
use crate::books::inspection::{Inspection, Inspector, Readable};
use crate::books::load::Known;
use crate::books::{Contents, SledStore, StoreError};
use crate::identifiers::{ShardId, Timestamp};
use crate::journal::cursor::oldest_held;
use crate::journal::disk::Directory;
use crate::journal::log::{Log, LogOptions};
use crate::recovery::{Recovery, RecoveryError, Replay, recover_inspected};
use crate::runtime::{between, now, whole_ms};
use crate::snapshot::SnapshotError;
use crate::snapshot::files;
use crate::snapshot::read::Snapshot;

/// Where everything is, and how it is opened.
#[derive(Clone, Debug)]
pub struct Places<'a> {
    /// Directory of the journal's segments.
    pub journal: &'a Path,
    /// Directory of the books.
    pub books: &'a Path,
    /// Directory of the snapshots.
    pub snapshots: &'a Path,
    /// The journal's files.
    pub log: LogOptions,
    /// sled's page cache in bytes.
    pub cache_bytes: u64,
    /// How the books are inspected.
    pub inspector: &'a Inspector,
    /// Messages decided at or after this come into memory.
    pub since: Timestamp,
    /// How the journal's rest is taken in.
    pub replay: Replay,
}

/// A recovered shard, and what was done for it.
#[derive(Debug)]
pub struct Opened {
    /// The machines.
    pub recovery: Recovery<Directory, SledStore>,
    /// How the books were built anew, if they were.
    pub rebuilt: Option<Rebuilt>,
}

/// How books were built anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// What from.
    pub source: Source,
    /// Rows taken from the snapshot.
    pub rows: u64,
    /// Where the books went that could not be used.
    pub set_aside: Option<PathBuf>,
    /// How long it took, without the replay.
    pub took: Duration,
}

/// Why a shard cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// Nothing that is there is enough.
    #[error("{0}")]
    Refused(String),
    /// The system does not let the books be read.
    #[error("{0}")]
    Unusable(String),
    /// A directory or file cannot be moved, made or listed.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the file system answered.
        source: std::io::Error,
    },
    /// The snapshot cannot be read or written to the books.
    #[error("snapshot")]
    Snapshot(#[from] SnapshotError),
    /// The shard cannot be recovered.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
}

impl From<StoreError> for RebuildError {
    fn from(error: StoreError) -> Self {
        Self::Recovery(error.into())
    }
}

/// Opens a shard over books that can be used, built anew if need be.
///
/// # Errors
/// [`RebuildError`]; what was there is still there, the books maybe under another name.
pub fn open(places: &Places<'_>) -> Result<Opened, RebuildError> {
    let journal = Directory::open(places.journal).map_err(io(places.journal))?;
    let half_built = beside(places.books, "rebuilding");
    remove_directory(&half_built)?;
    let mut books = examine(places)?;
    let (mut tried, mut rebuilt) = (Tried::default(), None);
    loop {
        let found = find(places, &journal, books.found(), &tried)?;
        match decide(&found) {
            Decision::Refuse(report) => return Err(RebuildError::Refused(report)),
            Decision::Use => {}
            Decision::Begin => begin(places, &journal)?,
            Decision::Rebuild(source) => {
                let (built, contents) = match rebuild(places, &half_built, &found, source.clone()) {
                    Ok(built) => built,
                    Err(Failed::Source(reason)) => {
                        tried.failed(&source, reason);
                        continue;
                    }
                    Err(Failed::Start(error)) => return Err(error),
                };
                books = Books::Built(Box::new(contents));
                rebuilt = Some(built);
            }
        }
        match recover(places, journal.clone(), books.known()) {
            Ok(recovery) => return Ok(Opened { recovery, rebuilt }),
            Err(error) if error.is_of_the_books() => {
                let reason = describe(&error);
                if let Some(Rebuilt { source, .. }) = rebuilt.take() {
                    tried.failed(&source, reason.clone());
                }
                books = Books::Damaged(reason);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// The books as they were inspected.
enum Books {
    Absent,
    Inspected(Box<Readable>),
    /// Those that were built anew, and what they contain.
    Built(Box<Contents>),
    Damaged(String),
}

impl Books {
    fn found(&self) -> BooksFound {
        match self {
            Self::Absent => BooksFound::Absent,
            Self::Inspected(readable) => BooksFound::Readable {
                sequence: readable.sequence,
            },
            Self::Built(_) => BooksFound::Readable { sequence: 0 },
            Self::Damaged(reason) => BooksFound::Damaged(reason.clone()),
        }
    }

    fn known(self) -> Known {
        match self {
            Self::Inspected(readable) => Known {
                contents: readable.contents,
                entities: Some(readable.entities),
            },
            Self::Built(contents) => Known::of(*contents),
            Self::Absent | Self::Damaged(_) => Known::default(),
        }
    }
}

/// What books were built from that turned out to be no good.
#[derive(Default)]
struct Tried {
    snapshots: Vec<(String, String)>,
    journal: Option<String>,
}

impl Tried {
    fn failed(&mut self, source: &Source, reason: String) {
        match source {
            Source::Snapshot { file, .. } => self.snapshots.push((file.clone(), reason)),
            Source::Journal => self.journal = Some(reason),
        }
    }
}

/// Why books could not be built.
enum Failed {
    /// What they were built from is no good; something else may be.
    Source(String),
    /// Nothing else would help.
    Start(RebuildError),
}

impl<E: Into<RebuildError>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::Start(error.into())
    }
}

fn examine(places: &Places<'_>) -> Result<Books, RebuildError> {
    if !places.books.exists() {
        return Ok(Books::Absent);
    }
    let inspected = places.inspector.inspect(places.books, places.cache_bytes);
    match inspected.map_err(io(places.books))? {
        Inspection::Readable(readable) => Ok(Books::Inspected(readable)),
        Inspection::Damaged(reason) => Ok(Books::Damaged(reason)),
        Inspection::Unusable(reason) => Err(RebuildError::Unusable(reason)),
    }
}

/// What there is. Snapshots are verified only when they are needed: that reads all of them.
fn find(
    places: &Places<'_>,
    journal: &Directory,
    books: BooksFound,
    tried: &Tried,
) -> Result<Found, RebuildError> {
    let mut found = Found {
        books,
        journal_first: oldest_held(journal).map_err(RecoveryError::from)?,
        journal_tried: tried.journal.clone(),
        snapshots: Vec::new(),
    };
    if found.books_fit() {
        return Ok(found);
    }
    if let BooksFound::Damaged(reason) = &found.books {
        tracing::error!(%reason, "the books cannot be used");
    }
    let disk = Directory::open(places.snapshots).map_err(io(places.snapshots))?;
    for (from, file) in files::list(&disk)?.into_iter().rev() {
        let failed = tried.snapshots.iter().find(|(tried, _)| *tried == file);
        let unusable = match failed {
            Some((_, reason)) => Some(reason.clone()),
            None => unusable(places.log.shard, &disk, &file),
        };
        if let Some(reason) = &unusable {
            tracing::error!(file, %reason, "a snapshot cannot be used");
        }
        found.snapshots.push(SnapshotFound {
            file,
            from,
            unusable,
        });
    }
    Ok(found)
}

/// Why a snapshot cannot be used, if it cannot.
fn unusable(shard: ShardId, disk: &Directory, file: &str) -> Option<String> {
    match Snapshot::open(disk, file) {
        Ok(Snapshot { header, .. }) if header.shard != shard => {
            Some(format!("it is of shard {}", header.shard.0))
        }
        Ok(Snapshot { header, .. }) if files::name(header.from) != file => {
            Some(format!("it begins at batch {}", header.from))
        }
        Ok(_) => None,
        Err(SnapshotError::Damaged { offset, reason, .. }) => {
            Some(format!("byte {offset}: {reason}"))
        }
        Err(error) => Some(error.to_string()),
    }
}

/// Makes the journal's first segment before there are books: what a power cut leaves of these can then be told
/// from books that have lost their journal.
fn begin(places: &Places<'_>, journal: &Directory) -> Result<(), RebuildError> {
    let opened = Log::open(journal.clone(), places.log, 0).map_err(RecoveryError::from)?;
    let (mut log, _) = opened;
    log.begin().map_err(io(places.journal))
}

/// Sets the books that are there aside and puts new ones in their place.
fn rebuild(
    places: &Places<'_>,
    half_built: &Path,
    found: &Found,
    source: Source,
) -> Result<(Rebuilt, Contents), Failed> {
    let begun = now();
    let (mut rows, mut contents) = (0, Contents::default());
    if let Source::Snapshot { file, .. } = &source {
        remove_directory(half_built)?;
        (rows, contents) = fill(places, half_built, file)?;
    }
    let set_aside = set_aside(places.books, begun)?;
    if rows > 0 || matches!(source, Source::Snapshot { .. }) {
        std::fs::rename(half_built, places.books).map_err(io(places.books))?;
        sync(parent(places.books))?;
    }
    let rebuilt = Rebuilt {
        source,
        rows,
        set_aside,
        took: between(begun, now()),
    };
    tracing::warn!(
        books = ?found.books,
        source = ?rebuilt.source,
        rows = rebuilt.rows,
        set_aside = rebuilt.set_aside.as_ref().map(|path| path.display().to_string()),
        took_ms = whole_ms(rebuilt.took),
        "the books are built anew; nothing is lost"
    );
    Ok((rebuilt, contents))
}

/// Writes the rows of a snapshot into books of their own.
fn fill(places: &Places<'_>, directory: &Path, file: &str) -> Result<(u64, Contents), Failed> {
    let disk = Directory::open(places.snapshots).map_err(io(places.snapshots))?;
    let snapshot = Snapshot::open(&disk, file)?;
    let store = SledStore::open(directory, places.cache_bytes)?;
    let contents = match snapshot.load_into(&store) {
        Ok(contents) => contents,
        Err(SnapshotError::Damaged { reason, .. }) => return Err(Failed::Source(reason)),
        Err(error) => return Err(error.into()),
    };
    drop(store);
    sync_files(directory)?;
    Ok((snapshot.footer.rows.iter().sum(), contents))
}

fn recover(
    places: &Places<'_>,
    journal: Directory,
    known: Known,
) -> Result<Recovery<Directory, SledStore>, RecoveryError> {
    let store = SledStore::open(places.books, places.cache_bytes)?;
    let (log, since, replay) = (places.log, places.since, places.replay);
    recover_inspected(journal, store, known, log, since, replay)
}

/// An error with what lies beneath it.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut beneath = error.source();
    while let Some(error) = beneath {
        text.push_str(&format!(": {error}"));
        beneath = error.source();
    }
    text
}
