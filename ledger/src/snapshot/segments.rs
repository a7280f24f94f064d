//! The part of the journal that goes with a snapshot.
//!
//! Owns: which segments hold it, and copying them up to a batch: a segment that is being written is cut
//! after its last whole batch of interest. Every batch is read by the journal's own reader, which verifies
//! its checksum, before its bytes are copied. Must never: copy a byte that it did not verify.

use super::SnapshotError;
use crate::journal::cursor::{Cursor, CursorError};
use crate::journal::disk::{Disk, read_fully};
use crate::journal::log::SEGMENT_HEADER_BYTES;
use crate::journal::segments::segment_names;

/// Bytes copied at a time.
const PART_BYTES: usize = 1024 * 1024;

/// Where the bytes of a file go.
pub type PutBytes<'a> = dyn FnMut(&str, &[u8]) -> Result<(), SnapshotError> + 'a;

/// Copies the segments that hold the batches after `seen` up to `last`. `put` is given the bytes of one
/// segment after the other, from its start on, each with the segment's name.
///
/// # Errors
/// [`SnapshotError`] of `put`, or when a batch cannot be read.
pub fn copy<D: Disk + Clone>(
    disk: &D,
    seen: u64,
    last: u64,
    put: &mut PutBytes<'_>,
) -> Result<(), SnapshotError> {
    let names = segment_names(disk).map_err(|error| unreadable("journal", &error.to_string()))?;
    let wanted = seen.saturating_add(1);
    let holding = names.iter().rposition(|(first, _)| *first <= wanted);
    if holding.is_none() && wanted <= last {
        let gone = CursorError::Gone { sequence: wanted };
        return Err(unreadable("journal", &gone.to_string()));
    }
    let from = holding.unwrap_or(0);
    for (place, (first, name)) in names.iter().enumerate().skip(from) {
        if *first > last {
            break;
        }
        let next = names.get(place.saturating_add(1)).map(|(first, _)| *first);
        let end = next.map_or(last, |next| last.min(next.saturating_sub(1)));
        let bytes = verified_bytes(disk, *first, end, name)?;
        copy_bytes(disk, name, bytes, put)?;
    }
    Ok(())
}

/// Bytes of a segment up to the end of a batch, every batch before it verified.
fn verified_bytes<D: Disk + Clone>(
    disk: &D,
    first: u64,
    end: u64,
    name: &str,
) -> Result<u64, SnapshotError> {
    let mut bytes = SEGMENT_HEADER_BYTES as u64;
    let mut cursor = Cursor::after(disk.clone(), first.saturating_sub(1));
    while cursor.seen() < end {
        match cursor.next(end) {
            Ok(Some(batch)) => bytes = bytes.saturating_add(batch.stored_bytes() as u64),
            Ok(None) => break,
            Err(error) => return Err(unreadable(name, &error.to_string())),
        }
    }
    Ok(bytes)
}

fn copy_bytes(
    disk: &impl Disk,
    name: &str,
    bytes: u64,
    put: &mut PutBytes<'_>,
) -> Result<(), SnapshotError> {
    let io = |source| SnapshotError::Io {
        file: name.to_owned(),
        source,
    };
    let file = disk.open(name).map_err(io)?;
    let mut part = vec![0; PART_BYTES];
    let mut offset = 0_u64;
    while offset < bytes {
        let left = usize::try_from(bytes.saturating_sub(offset)).unwrap_or(usize::MAX);
        let wanted = left.min(PART_BYTES);
        let part = part.get_mut(..wanted).unwrap_or_default();
        if read_fully(&file, offset, part).map_err(io)? < wanted {
            return Err(unreadable(name, "it is cut short"));
        }
        put(name, part)?;
        offset = offset.saturating_add(wanted as u64);
    }
    Ok(())
}

fn unreadable(file: &str, reason: &str) -> SnapshotError {
    SnapshotError::Damaged {
        file: file.to_owned(),
        offset: 0,
        reason: reason.to_owned(),
    }
}
