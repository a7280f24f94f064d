//! Writing a snapshot from the store.
//!
//! Owns: the order in which rows are read and written, with a few pages of rows in memory however many
//! there are. Must never: hold up those who write the store, or read where the rows lead before the last of
//! them.

use sha2::{Digest as _, Sha256};

use super::SnapshotError;
use super::format::{BlockHeader, Footer, HASH_BYTES, Header, write_row};
use crate::books::rows::Table;
use crate::books::{BookStore, load};
use crate::identifiers::{ShardId, Timestamp};
use crate::journal::disk::DiskFile;

/// Rows read at a time.
const PAGE_ROWS: usize = 512;
/// Bytes of rows after which a block is closed.
const BLOCK_BYTES: usize = 128 * 1024;
/// Bytes after which the file is synced, so that the device never has much to do at once.
const SYNC_BYTES: u64 = 1024 * 1024;

/// What comes between two steps of the writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A page of rows was read.
    Read,
    /// Part of the file was written and is about to be synced.
    Syncing,
    /// It was synced.
    Synced,
}

/// Writes the rows of a store into an empty file and syncs it. `pace` is called between the steps, may
/// wait, and says whether to go on.
///
/// # Errors
/// [`SnapshotError`]; the file then holds no snapshot.
pub fn export<S: BookStore, F: DiskFile>(
    store: &S,
    shard: ShardId,
    written: Timestamp,
    (name, file): (&str, &mut F),
    pace: &mut dyn FnMut(Step) -> bool,
) -> Result<(Header, Footer, u64), SnapshotError> {
    let from = load::progress(store)?;
    let header = Header {
        shard,
        from: from.sequence,
        from_time: from.time,
        written,
    };
    let mut out = Output {
        name,
        file,
        hash: Sha256::new(),
        offset: 0,
        unsynced: 0,
    };
    out.write(&header.to_bytes())?;
    let mut footer = Footer::default();
    for ((number, table), rows) in (0..).zip(Table::ROWS).zip(&mut footer.rows) {
        *rows = write_table(store, table, number, &mut out, pace)?;
    }
    // A checkpoint says where it leads before its first row, so no row above can be beyond this.
    footer.through = load::intended(store)?.map_or_else(|| load::progress(store), Ok)?;
    out.write(&footer.to_bytes())?;
    let hash: [u8; HASH_BYTES] = out.hash.clone().finalize().into();
    out.write(&hash)?;
    out.sync(pace)?;
    Ok((header, footer, out.offset))
}

fn write_table<S: BookStore, F: DiskFile>(
    store: &S,
    table: Table,
    number: u8,
    out: &mut Output<'_, F>,
    pace: &mut dyn FnMut(Step) -> bool,
) -> Result<u64, SnapshotError> {
    let (mut total, mut in_block, mut block) = (0_u64, 0_u32, Vec::new());
    let mut after: Option<Vec<u8>> = None;
    loop {
        let page = store.page(table, after.as_deref(), PAGE_ROWS)?;
        for (key, value) in &page {
            write_row(key, value, &mut block).ok_or_else(|| out.refused(table))?;
            (total, in_block) = (total.saturating_add(1), in_block.saturating_add(1));
            if block.len() >= BLOCK_BYTES {
                out.block(number, in_block, &block)?;
                block.clear();
                in_block = 0;
            }
        }
        let Some((last, _)) = page.into_iter().next_back() else {
            break;
        };
        after = Some(last);
        go_on(pace(Step::Read))?;
        if out.unsynced >= SYNC_BYTES {
            out.sync(pace)?;
        }
    }
    if in_block > 0 {
        out.block(number, in_block, &block)?;
    }
    Ok(total)
}

fn go_on(going_on: bool) -> Result<(), SnapshotError> {
    if going_on {
        Ok(())
    } else {
        Err(SnapshotError::Ending)
    }
}

/// The file, and what was written to it.
struct Output<'a, F> {
    name: &'a str,
    file: &'a mut F,
    hash: Sha256,
    offset: u64,
    unsynced: u64,
}

impl<F: DiskFile> Output<'_, F> {
    fn block(&mut self, table: u8, rows: u32, bytes: &[u8]) -> Result<(), SnapshotError> {
        let header = BlockHeader {
            table,
            rows,
            // A block is closed by the row that fills it, and a row is bounded.
            bytes: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
        };
        let mut block = header.to_bytes();
        block.extend_from_slice(bytes);
        let crc = crc32c::crc32c(&block);
        block.extend_from_slice(&crc.to_le_bytes());
        self.write(&block)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let written = self.file.write_at(self.offset, bytes);
        written.map_err(|source| self.io(source))?;
        self.hash.update(bytes);
        self.offset = self.offset.saturating_add(bytes.len() as u64);
        self.unsynced = self.unsynced.saturating_add(bytes.len() as u64);
        Ok(())
    }

    fn sync(&mut self, pace: &mut dyn FnMut(Step) -> bool) -> Result<(), SnapshotError> {
        go_on(pace(Step::Syncing))?;
        let synced = self.file.sync_data();
        synced.map_err(|source| self.io(source))?;
        self.unsynced = 0;
        go_on(pace(Step::Synced))
    }

    fn io(&self, source: std::io::Error) -> SnapshotError {
        let file = self.name.to_owned();
        SnapshotError::Io { file, source }
    }

    fn refused(&self, table: Table) -> SnapshotError {
        SnapshotError::Damaged {
            file: self.name.to_owned(),
            offset: self.offset,
            reason: format!(
                "a row of table {} is larger than a snapshot holds",
                table.name()
            ),
        }
    }
}
