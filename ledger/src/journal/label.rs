//! The 64 bytes that say which part of which journal a file is.
//!
//! Owns: the header of a segment and the whole of the marker of a clean end: both name a shard, a
//! sequence and a chain hash. Must never: be taken for good when a bit differs.
//!
//! Layout, little endian: magic 8 bytes, format version u32, shard u16, zero u16, sequence u64, chain hash
//! 32 bytes, zero u32, CRC32C u32 over what is before it.

use super::batch::Chain;
use crate::identifiers::ShardId;

/// Bytes of a label.
pub(super) const LABEL_BYTES: usize = 64;
const FORMAT_VERSION: u32 = 1;

/// What is labelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Labelled {
    /// A segment: its first sequence and the chain hash before it.
    Segment,
    /// A clean end: the last sequence and the chain hash after it.
    CleanEnd,
}

impl Labelled {
    fn magic(self) -> [u8; 8] {
        match self {
            Self::Segment => *b"ISOJRNL1",
            Self::CleanEnd => *b"ISOCLEAN",
        }
    }
}

/// A label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) shard: ShardId,
    pub(crate) sequence: u64,
    pub(crate) chain: Chain,
}

impl Label {
    pub(crate) fn to_bytes(self, labelled: Labelled) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(LABEL_BYTES);
        bytes.extend_from_slice(&labelled.magic());
        bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.shard.0.to_le_bytes());
        bytes.extend_from_slice(&[0; 2]);
        bytes.extend_from_slice(&self.sequence.to_le_bytes());
        bytes.extend_from_slice(&self.chain);
        bytes.extend_from_slice(&[0; 4]);
        let crc = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes
    }

    pub(crate) fn read(bytes: &[u8], labelled: Labelled) -> Result<Self, &'static str> {
        const SHORT: &str = "is shorter than its header";
        let (magic, rest) = bytes.split_first_chunk::<8>().ok_or(SHORT)?;
        if *magic != labelled.magic() {
            return Err(match labelled {
                Labelled::Segment => "is not a segment of a journal",
                Labelled::CleanEnd => "is not the marker of a clean end",
            });
        }
        let (version, rest) = rest.split_first_chunk::<4>().ok_or(SHORT)?;
        if u32::from_le_bytes(*version) != FORMAT_VERSION {
            return Err("has a format version that this build does not know");
        }
        let (shard, rest) = rest.split_first_chunk::<2>().ok_or(SHORT)?;
        let (_, rest) = rest.split_first_chunk::<2>().ok_or(SHORT)?;
        let (sequence, rest) = rest.split_first_chunk::<8>().ok_or(SHORT)?;
        let (chain, rest) = rest.split_first_chunk::<32>().ok_or(SHORT)?;
        let (_, rest) = rest.split_first_chunk::<4>().ok_or(SHORT)?;
        let (crc, _) = rest.split_first_chunk::<4>().ok_or(SHORT)?;
        let covered = bytes.get(..LABEL_BYTES.saturating_sub(4)).ok_or(SHORT)?;
        if crc32c::crc32c(covered) != u32::from_le_bytes(*crc) {
            return Err("has a header that does not match its checksum");
        }
        Ok(Self {
            shard: ShardId(u16::from_le_bytes(*shard)),
            sequence: u64::from_le_bytes(*sequence),
            chain: *chain,
        })
    }
}
