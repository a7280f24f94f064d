//! The start of the simulated switch, up to recovered machines.
//!
//! Owns: the loop of `ledger::rebuild::open` on simulated disks: look at the books, decide with the shipped
//! decision, build them anew if need be, recover. Must never: decide on its own.

use ledger::books;
use ledger::identifiers::Timestamp;
use ledger::journal::cursor::oldest_held;
use ledger::journal::log::LogOptions;
use ledger::journal::simulated::SimulatedDisk;
use ledger::rebuild::{BooksFound, Decision, Found, SnapshotFound, Source, decide};
use ledger::recovery::{Recovery, RecoveryError, Replay, recover};
use ledger::snapshot::files;
use ledger::snapshot::read::Snapshot;

use super::{Disks, Store};

/// A started shard.
pub struct Started {
    pub recovery: Recovery<SimulatedDisk, Store>,
    /// What the books were built from, if they were not used as they were.
    pub rebuilt: Option<Source>,
    /// Why the books that were there could not be used.
    pub damage: Option<String>,
}

/// How the log is opened, and what a start looks back to.
#[derive(Clone, Copy)]
pub struct Manner {
    pub options: LogOptions,
    pub since: Timestamp,
    pub replay: Replay,
}

/// Opens a shard over books that can be used, built anew if need be.
pub fn open(disks: &Disks, manner: Manner) -> Result<Started, String> {
    let mut store = disks.books.clone();
    let mut found_books = examine(&store);
    let (mut damage, mut rebuilt) = (None, None);
    let mut tried: Vec<(Source, String)> = Vec::new();
    loop {
        if let BooksFound::Damaged(reason) = &found_books {
            damage = Some(reason.clone());
        }
        match decide(&find(disks, found_books.clone(), &tried)?) {
            Decision::Refuse(report) => return Err(report),
            Decision::Use | Decision::Begin => {}
            Decision::Rebuild(source) => match build(disks, &source) {
                Ok(built) => {
                    store = built;
                    rebuilt = Some(source);
                }
                Err(reason) => {
                    tried.push((source, reason));
                    continue;
                }
            },
        }
        let Manner {
            options,
            since,
            replay,
        } = manner;
        let journal = disks.journal.clone();
        match recover(journal, store.clone(), options, since, replay) {
            Ok(recovery) => {
                return Ok(Started {
                    recovery,
                    rebuilt,
                    damage,
                });
            }
            Err(error) if error.is_of_the_books() => {
                if let Some(source) = rebuilt.take() {
                    tried.push((source, format!("{error:?}")));
                }
                found_books = BooksFound::Damaged(format!("{error:?}"));
            }
            Err(error) => return Err(describe(&error)),
        }
    }
}

fn describe(error: &RecoveryError) -> String {
    format!("{error:?}")
}

fn examine(store: &Store) -> BooksFound {
    let read =
        books::load::contents(store, |_, _| Ok(())).and_then(|_| books::load::progress(store));
    match read {
        Ok(progress) => BooksFound::Readable {
            sequence: progress.sequence,
        },
        Err(error) => BooksFound::Damaged(error.to_string()),
    }
}

fn find(disks: &Disks, books: BooksFound, tried: &[(Source, String)]) -> Result<Found, String> {
    let failed = |source: &Source| {
        let found = tried.iter().find(|(tried, _)| tried == source);
        found.map(|(_, reason)| reason.clone())
    };
    let taken = files::list(&disks.snapshots).map_err(|error| error.to_string())?;
    let snapshot = |(from, file): (u64, String)| {
        let source = Source::Snapshot {
            file: file.clone(),
            from,
        };
        let opened = Snapshot::open(&disks.snapshots, &file);
        let unusable = failed(&source).or_else(|| opened.err().map(|error| error.to_string()));
        SnapshotFound {
            file,
            from,
            unusable,
        }
    };
    Ok(Found {
        books,
        journal_first: oldest_held(&disks.journal).map_err(|error| error.to_string())?,
        journal_tried: failed(&Source::Journal),
        snapshots: taken.into_iter().rev().map(snapshot).collect(),
    })
}

fn build(disks: &Disks, source: &Source) -> Result<Store, String> {
    let store = Store::empty();
    if let Source::Snapshot { file, .. } = source {
        let snapshot = Snapshot::open(&disks.snapshots, file).map_err(|e| e.to_string())?;
        snapshot.load_into(&store).map_err(|e| e.to_string())?;
    }
    Ok(store)
}
