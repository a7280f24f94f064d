//! The names of the segments.
//!
//! Owns: how a segment is called, and the list of those that are there. Must never: open one.

use super::disk::Disk;
use super::log::OpenError;

/// Name of the segment that begins with a sequence.
pub(crate) fn segment_name(first_sequence: u64) -> String {
    format!("segment-{first_sequence:020}.journal")
}

/// First sequences and names of the segments, in order. Other files are left alone.
pub(crate) fn segment_names(disk: &impl Disk) -> Result<Vec<(u64, String)>, OpenError> {
    let names = disk.list().map_err(|source| OpenError::Io {
        file: ".".to_owned(),
        source,
    })?;
    let numbered = |name: String| {
        let digits = name.strip_prefix("segment-")?.strip_suffix(".journal")?;
        Some((digits.parse().ok()?, name))
    };
    Ok(names.into_iter().filter_map(numbered).collect())
}
