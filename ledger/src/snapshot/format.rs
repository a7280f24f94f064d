//! The format of a snapshot file.
//!
//! Owns: the bytes of header, blocks and footer. Little endian. Must never: interpret a row.
//!
//! Header of 52 bytes: magic `ISOSNAP1`, format version u32, shard u16, zero u16, `from` sequence u64, time
//! of that batch in microseconds i64, time of writing i64, zero u64, CRC32C u32 over the bytes before it.
//!
//! Then blocks, each with rows of one table: magic `ROWS`, number of the table u8 (its place in
//! [`Table::ROWS`]), 3 zeros, rows u32, bytes of the rows u32; per row the length of its key u16, the length of its
//! value u32, key, value; CRC32C u32 over the block before it. Tables follow each other in the order of
//! their numbers, the rows of a table in the order of their keys.
//!
//! Footer: magic `DONE`, `through` sequence u64, time of that batch i64; per table how many rows the file
//! has u64; per table what it contains at `through`: rows u64, sum u128; SHA-256 over all bytes of the file
//! before it. Nothing follows.

use crate::books::contents::TableContents;
use crate::books::rows::Table;
use crate::books::{Contents, Progress};
use crate::identifiers::{ShardId, Timestamp};

/// Bytes of the header.
pub(crate) const HEADER_BYTES: usize = 52;
/// Bytes of a block before its rows.
pub(crate) const BLOCK_HEADER_BYTES: usize = 16;
/// Bytes of the footer behind its magic and before its hash.
pub(crate) const FOOTER_FIELDS_BYTES: usize = 16 + TABLES * 8 + TABLES * 24;
/// Bytes of a hash.
pub(crate) const HASH_BYTES: usize = 32;
/// Most bytes of rows in one block. A block ends with the row that fills it.
pub(crate) const MAXIMUM_BLOCK_BYTES: usize = 32 * 1024 * 1024;

pub(crate) const BLOCK_MAGIC: [u8; 4] = *b"ROWS";
pub(crate) const FOOTER_MAGIC: [u8; 4] = *b"DONE";
const MAGIC: [u8; 8] = *b"ISOSNAP1";
/// Changes with the layout of the rows, too: they are exported as they stand.
const VERSION: u32 = 8;
const TABLES: usize = Table::ROWS.len();

/// What a snapshot says before its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whose books.
    pub shard: ShardId,
    /// The checkpoint it began at: replay begins behind it.
    pub from: u64,
    /// Time of that batch.
    pub from_time: Timestamp,
    /// When it was begun.
    pub written: Timestamp,
}

/// What a snapshot says after its rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footer {
    /// What the newest row may reflect, and what the tables contain once everything up to there is
    /// replayed.
    pub through: Progress,
    /// How many rows of each table the file has, in the order of [`Table::ROWS`].
    pub rows: [u64; TABLES],
}

impl Header {
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.shard.0.to_le_bytes());
        bytes.extend_from_slice(&[0; 2]);
        bytes.extend_from_slice(&self.from.to_le_bytes());
        bytes.extend_from_slice(&self.from_time.0.to_le_bytes());
        bytes.extend_from_slice(&self.written.0.to_le_bytes());
        bytes.extend_from_slice(&[0; 8]);
        let crc = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes
    }

    pub(crate) fn read(bytes: &[u8; HEADER_BYTES]) -> Result<Self, &'static str> {
        const SHORT: &str = "it is shorter than a snapshot's header";
        let (covered, crc) = bytes.split_last_chunk::<4>().ok_or(SHORT)?;
        let mut fields = Fields(covered);
        if fields.take::<8>().ok_or(SHORT)? != MAGIC {
            return Err("it is not a snapshot of books");
        }
        if crc32c::crc32c(covered) != u32::from_le_bytes(*crc) {
            return Err("its header does not match its checksum");
        }
        if fields.u32().ok_or(SHORT)? != VERSION {
            return Err("it has a format version that this build does not know");
        }
        let shard = ShardId(u16::from_le_bytes(fields.take().ok_or(SHORT)?));
        fields.take::<2>().ok_or(SHORT)?;
        Ok(Self {
            shard,
            from: fields.u64().ok_or(SHORT)?,
            from_time: fields.time().ok_or(SHORT)?,
            written: fields.time().ok_or(SHORT)?,
        })
    }
}

impl Footer {
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = FOOTER_MAGIC.to_vec();
        bytes.extend_from_slice(&self.through.sequence.to_le_bytes());
        bytes.extend_from_slice(&self.through.time.0.to_le_bytes());
        for rows in self.rows {
            bytes.extend_from_slice(&rows.to_le_bytes());
        }
        for table in Table::ROWS {
            let TableContents { rows, sum } = self.through.contents.of(table);
            bytes.extend_from_slice(&rows.to_le_bytes());
            bytes.extend_from_slice(&sum.to_le_bytes());
        }
        bytes
    }

    /// Reads what follows the magic.
    pub(crate) fn read(bytes: &[u8; FOOTER_FIELDS_BYTES]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let (sequence, time) = (fields.u64()?, fields.time()?);
        let mut rows = [0; TABLES];
        for count in &mut rows {
            *count = fields.u64()?;
        }
        let mut contents = Contents::default();
        for table in Table::ROWS {
            let rows = fields.u64()?;
            let sum = u128::from_le_bytes(fields.take()?);
            contents.set(table, TableContents { rows, sum });
        }
        let through = Progress {
            sequence,
            time,
            contents,
        };
        Some(Self { through, rows })
    }
}

/// What a block says before its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockHeader {
    pub(crate) table: u8,
    pub(crate) rows: u32,
    pub(crate) bytes: u32,
}

impl BlockHeader {
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = BLOCK_MAGIC.to_vec();
        bytes.extend_from_slice(&[self.table, 0, 0, 0]);
        bytes.extend_from_slice(&self.rows.to_le_bytes());
        bytes.extend_from_slice(&self.bytes.to_le_bytes());
        bytes
    }

    /// Reads a whole header, magic included.
    pub(crate) fn read(bytes: &[u8; BLOCK_HEADER_BYTES]) -> Option<Self> {
        let mut fields = Fields(bytes);
        fields.take::<4>()?;
        let [table, ..] = fields.take::<4>()?;
        Some(Self {
            table,
            rows: fields.u32()?,
            bytes: fields.u32()?,
        })
    }
}

/// Appends a row; `None` when it is larger than the format allows, and nothing is appended.
pub(crate) fn write_row(key: &[u8], value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (key_length, value_length) = (
        u16::try_from(key.len()).ok()?,
        u32::try_from(value.len()).ok()?,
    );
    if value.len() > MAXIMUM_BLOCK_BYTES / 2 {
        return None;
    }
    out.extend_from_slice(&key_length.to_le_bytes());
    out.extend_from_slice(&value_length.to_le_bytes());
    out.extend_from_slice(key);
    out.extend_from_slice(value);
    Some(())
}

/// The row at the start of `bytes`: key, value and what follows.
pub(crate) fn read_row(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut fields = Fields(bytes);
    let key_length = usize::from(u16::from_le_bytes(fields.take()?));
    let value_length = usize::try_from(fields.u32()?).ok()?;
    let (key, rest) = fields.0.split_at_checked(key_length)?;
    let (value, rest) = rest.split_at_checked(value_length)?;
    Some((key, value, rest))
}

/// Little-endian fields read one after the other.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn time(&mut self) -> Option<Timestamp> {
        self.take().map(i64::from_le_bytes).map(Timestamp)
    }
}
