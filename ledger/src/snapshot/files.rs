//! The snapshots of a directory.
//!
//! Owns: their names, taking a new one so that a file of that name is whole or not there, and which are kept.
//! Must never: remove a snapshot before a newer one is durable.

use super::SnapshotError;
use super::export::{Step, export};
use super::format::{Footer, Header};
use crate::books::BookStore;
use crate::identifiers::{ShardId, Timestamp};
use crate::journal::disk::Disk;

/// Ending of a snapshot's name.
const ENDING: &str = ".books";
/// Ending of a snapshot that is being written.
const PARTIAL: &str = ".partial";

/// A snapshot that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its file.
    pub file: String,
    /// What it says before its rows.
    pub header: Header,
    /// What it says after them.
    pub footer: Footer,
    /// Its size.
    pub bytes: u64,
    /// Where the oldest snapshot of the directory begins: the journal is needed from there on.
    pub oldest: u64,
}

/// Name of the snapshot that begins at a sequence.
#[must_use]
pub fn name(from: u64) -> String {
    format!("snapshot-{from:020}{ENDING}")
}

/// Beginnings and names of the snapshots that were finished, the oldest first.
///
/// # Errors
/// [`SnapshotError::Io`] when the directory cannot be listed.
pub fn list(disk: &impl Disk) -> Result<Vec<(u64, String)>, SnapshotError> {
    let mut found: Vec<_> = names(disk)?
        .into_iter()
        .filter_map(|name| {
            let digits = name.strip_prefix("snapshot-")?.strip_suffix(ENDING)?;
            Some((digits.parse().ok()?, name))
        })
        .collect();
    found.sort_unstable();
    Ok(found)
}

/// Takes a snapshot of a store and removes all but the newest `kept`.
///
/// # Errors
/// [`SnapshotError`]; the snapshots that were there before are then still there.
pub fn take<S: BookStore, D: Disk>(
    store: &S,
    shard: ShardId,
    disk: &D,
    kept: usize,
    written: Timestamp,
    pace: &mut dyn FnMut(Step) -> bool,
) -> Result<Taken, SnapshotError> {
    // What a process before this one did not finish.
    for unfinished in names(disk)?.iter().filter(|name| name.ends_with(PARTIAL)) {
        remove(disk, unfinished)?;
    }
    let partial = format!("snapshot{PARTIAL}");
    let mut file = disk.create(&partial, 0).map_err(io(&partial))?;
    let (header, footer, bytes) = export(store, shard, written, (&partial, &mut file), pace)
        .inspect_err(|_| {
            // Left over, it is in nobody's way but the disk's; the next one removes it.
            remove(disk, &partial).unwrap_or_default();
        })?;
    let file = name(header.from);
    disk.rename(&partial, &file).map_err(io(&file))?;
    let mut all = list(disk)?;
    let surplus = all.len().saturating_sub(kept.max(1));
    for (_, old) in all.drain(..surplus) {
        remove(disk, &old)?;
    }
    Ok(Taken {
        file,
        header,
        footer,
        bytes,
        oldest: all.first().map_or(header.from, |(from, _)| *from),
    })
}

fn names(disk: &impl Disk) -> Result<Vec<String>, SnapshotError> {
    disk.list().map_err(io("snapshots"))
}

fn remove(disk: &impl Disk, name: &str) -> Result<(), SnapshotError> {
    disk.remove(name).map_err(io(name))
}

fn io(file: &str) -> impl FnOnce(std::io::Error) -> SnapshotError {
    let file = file.to_owned();
    move |source| SnapshotError::Io { file, source }
}
