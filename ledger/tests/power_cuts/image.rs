//! One state that a power cut leaves, opened by the shipped start.

use std::fmt;
use std::path::{Path, PathBuf};

use ledger::books::inspection::{Inspection, inspect};
use ledger::rebuild::{self, Opened, Places, Source};
use ledger::recovery::Replay;

use crate::reference::Reference;
use crate::work;

/// Files as a power cut leaves them.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) name: String,
    /// The last batch that was acknowledged before the cut.
    pub(crate) acknowledged: u64,
    /// The state of the books' files, when no image before this one had the same.
    pub(crate) new_books: bool,
    /// Names with contents; directories have none.
    pub(crate) files: Vec<(PathBuf, Option<Vec<u8>>)>,
}

/// How an image opened.
#[derive(Debug)]
pub(crate) struct Checked {
    /// Whether sled opened by itself; none when another image had the same files.
    pub(crate) sled_opened: Option<bool>,
    /// What the books were rebuilt from, if they were; or what kept the shard from starting, or what was
    /// missing then.
    pub(crate) started: Result<Option<Source>, String>,
}

/// What was counted over all images.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    images: usize,
    failed: usize,
    from_snapshot: usize,
    from_journal: usize,
    books: usize,
    books_refused: usize,
}

impl Counts {
    pub(crate) fn count(&mut self, checked: &Checked) {
        self.images += 1;
        match &checked.started {
            Ok(None) => {}
            Ok(Some(Source::Snapshot { .. })) => self.from_snapshot += 1,
            Ok(Some(Source::Journal)) => self.from_journal += 1,
            Err(_) => self.failed += 1,
        }
        if let Some(opened) = checked.sled_opened {
            self.books += 1;
            self.books_refused += usize::from(!opened);
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.images += other.images;
        self.failed += other.failed;
        self.from_snapshot += other.from_snapshot;
        self.from_journal += other.from_journal;
        self.books += other.books;
        self.books_refused += other.books_refused;
    }

    /// The trace was meant to give many states. Books that a sync has finished must open by themselves: only
    /// cuts in the middle of a start, where sled mends and makes files, may ask for a rebuild.
    pub(crate) fn expect_enough(&self) {
        let rebuilt = self.from_snapshot + self.from_journal;
        assert!(20 * rebuilt < self.images, "{self}");
        assert!(self.images > 2 * work::COMMITS, "{self}");
        assert!(self.books > 100, "{self}");
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            images,
            failed,
            from_snapshot,
            from_journal,
            books,
            books_refused,
        } = self;
        write!(
            f,
            "{images} images: {} opened, {} rebuilt (from a snapshot {from_snapshot}, from the journal \
             {from_journal}), {failed} refused; {books_refused} of {books} sled images did not open by \
             themselves",
            images - failed - from_snapshot - from_journal,
            from_snapshot + from_journal
        )
    }
}

impl Image {
    /// Writes the files and starts a shard on them.
    pub(crate) fn check(&self, place: &Path, reference: &Reference) -> Checked {
        let sled_opened = self.new_books.then(|| {
            self.write(place);
            quietly(|| open_books(&place.join(work::BOOKS))).is_ok_and(|opened| opened)
        });
        self.write(place);
        Checked {
            sled_opened,
            started: quietly(|| self.start(place, reference)),
        }
    }

    fn write(&self, place: &Path) {
        if place.exists() {
            std::fs::remove_dir_all(place).unwrap();
        }
        std::fs::create_dir(place).unwrap();
        for (path, content) in &self.files {
            let path = place.join(path);
            match content {
                Some(content) => std::fs::write(path, content).unwrap(),
                None => std::fs::create_dir(path).unwrap(),
            }
        }
    }

    /// The shipped start, and what it must have found.
    fn start(&self, place: &Path, reference: &Reference) -> Result<Option<Source>, String> {
        let options = work::options(place);
        // The match window: loading every message from the books would take most of the time.
        let since = reference.time_before(self.acknowledged, 30);
        let opened = rebuild::open(&Places {
            journal: &options.journal_directory,
            books: &options.books_directory,
            snapshots: &options.snapshots_directory,
            log: options.log,
            cache_bytes: options.books_cache_bytes,
            inspector: &options.inspector,
            since,
            replay: Replay::whole(options.checkpoint_rows),
        });
        let Opened {
            recovery: opened,
            rebuilt,
        } = opened.map_err(|error| said(&error))?;
        let (last, acknowledged) = (opened.last_sequence, self.acknowledged);
        if last < acknowledged {
            return Err(format!(
                "ends with batch {last}, {acknowledged} was acknowledged"
            ));
        }
        reference.compare(last, opened.writer.state(), opened.view_writer.views())?;
        Ok(rebuilt.map(|rebuilt| rebuilt.source))
    }
}

/// sled alone, on files that a power cut left.
fn open_books(directory: &Path) -> Result<bool, String> {
    let inspection = inspect(directory, work::CACHE_BYTES);
    Ok(matches!(inspection, Inspection::Readable(_)))
}

/// Runs; a panic is an error as well.
fn quietly<T>(run: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let run = std::panic::AssertUnwindSafe(run);
    std::panic::catch_unwind(run).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
        Err(format!("a panic: {}", text.unwrap_or_default()))
    })
}

/// An error with what lies beneath it.
fn said(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let beneath = error.to_string();
        if !text.ends_with(&beneath) {
            text = format!("{text}: {beneath}");
        }
        source = error.source();
    }
    text
}
