//! The marker of a clean end.
//!
//! Owns: the file `clean`, which says up to which batch everything was durable when the journal was closed
//! in order. It is written after the last sync and removed before the first append of the next life, so
//! that as long as it is there, a shorter journal is a damaged one. Must never: be there while a batch
//! after it is written.

use super::disk::{Disk, DiskFile as _, read_fully};
use super::label::{LABEL_BYTES, Label, Labelled};
use super::log::OpenError;
use crate::identifiers::ShardId;

use std::io;

/// The file.
pub(super) const NAME: &str = "clean";
/// The file while it is written; its name is changed once it is whole and synced.
pub(super) const PARTIAL_NAME: &str = "clean.partial";

/// Marks the end of a journal.
pub(super) fn write(disk: &impl Disk, end: Label) -> io::Result<()> {
    let mut file = disk.create(PARTIAL_NAME, LABEL_BYTES as u64)?;
    file.write_at(0, &end.to_bytes(Labelled::CleanEnd))?;
    file.sync_data()?;
    disk.rename(PARTIAL_NAME, NAME)
}

/// Takes the mark away.
pub(super) fn remove(disk: &impl Disk) -> io::Result<()> {
    disk.remove(NAME)
}

/// The mark, if the journal was closed in order.
///
/// # Errors
/// [`OpenError`] when there is one that cannot be read, or one of another shard.
pub(super) fn read(disk: &impl Disk, shard: ShardId) -> Result<Option<Label>, OpenError> {
    let io = |source| OpenError::Io {
        file: NAME.to_owned(),
        source,
    };
    let wrong = |reason: &str| OpenError::Segment {
        file: NAME.to_owned(),
        reason: reason.to_owned(),
    };
    let file = match disk.open(NAME) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
    };
    let mut bytes = [0; LABEL_BYTES];
    let length = read_fully(&file, 0, &mut bytes).map_err(io)?;
    let read = bytes.get(..length).unwrap_or_default();
    let end = Label::read(read, Labelled::CleanEnd).map_err(wrong)?;
    if end.shard != shard {
        return Err(wrong("is of another shard"));
    }
    Ok(Some(end))
}
