//! Reading a snapshot.
//!
//! Owns: verifying a file from its first byte to its last, and handing out its rows after that. A block is in
//! memory at a time. Must never: hand out a row of a file that was not verified whole.

use std::io;

use sha2::{Digest as _, Sha256};

use super::SnapshotError;
use super::format::{
    BLOCK_HEADER_BYTES, BLOCK_MAGIC, BlockHeader, FOOTER_FIELDS_BYTES, FOOTER_MAGIC, Footer,
    HASH_BYTES, HEADER_BYTES, Header, MAXIMUM_BLOCK_BYTES, read_row,
};
use crate::books::rows::Table;
use crate::journal::disk::{Disk, DiskFile, read_fully};

/// What takes a row: its table, key and bytes.
pub type TakeRow<'a> = dyn FnMut(Table, &[u8], &[u8]) -> Result<(), SnapshotError> + 'a;

/// A snapshot of which every byte is what was written.
#[derive(Debug)]
pub struct Snapshot<F> {
    file: String,
    handle: F,
    /// What it says before its rows.
    pub header: Header,
    /// What it says after them.
    pub footer: Footer,
    /// Its size.
    pub bytes: u64,
}

impl<F: DiskFile> Snapshot<F> {
    /// Opens a file and verifies all of it.
    ///
    /// # Errors
    /// [`SnapshotError`] with file, offset and reason when it is not a whole snapshot.
    pub fn open<D: Disk<File = F>>(disk: &D, file: &str) -> Result<Self, SnapshotError> {
        let handle = disk.open(file).map_err(|source| SnapshotError::Io {
            file: file.to_owned(),
            source,
        })?;
        let (header, footer, bytes) = Input::of(file, &handle).walk(&mut |_, _, _| Ok(()))?;
        Ok(Self {
            file: file.to_owned(),
            handle,
            header,
            footer,
            bytes,
        })
    }

    /// Its name.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Hands out every row, table by table in the order of the keys.
    ///
    /// # Errors
    /// [`SnapshotError`] of `row`, or when the file has changed since it was verified.
    pub fn rows(&self, row: &mut TakeRow<'_>) -> Result<(), SnapshotError> {
        Input::of(&self.file, &self.handle).walk(row).map(drop)
    }
}

/// A file being read from its start to its end.
struct Input<'a, F> {
    file: &'a str,
    handle: &'a F,
    hash: Sha256,
    offset: u64,
    /// The last row: number of its table, and its key.
    last: Option<(u8, Vec<u8>)>,
    rows: [u64; Table::ROWS.len()],
}

impl<'a, F: DiskFile> Input<'a, F> {
    fn of(file: &'a str, handle: &'a F) -> Self {
        Self {
            file,
            handle,
            hash: Sha256::new(),
            offset: 0,
            last: None,
            rows: [0; Table::ROWS.len()],
        }
    }

    fn walk(mut self, row: &mut TakeRow<'_>) -> Result<(Header, Footer, u64), SnapshotError> {
        let header: [u8; HEADER_BYTES] = self.take()?;
        let header = Header::read(&header).map_err(|reason| self.damaged(0, reason))?;
        loop {
            let at = self.offset;
            let magic: [u8; 4] = self.take()?;
            match magic {
                BLOCK_MAGIC => self.block(at, row)?,
                FOOTER_MAGIC => break,
                _ => return Err(self.damaged(at, "neither rows nor an end begin here")),
            }
        }
        let at = self.offset;
        let fields: [u8; FOOTER_FIELDS_BYTES] = self.take()?;
        let footer = Footer::read(&fields).ok_or_else(|| self.damaged(at, "it is cut short"))?;
        let hash: [u8; HASH_BYTES] = self.hash.clone().finalize().into();
        let at = self.offset;
        if self.take::<HASH_BYTES>()? != hash {
            return Err(self.damaged(at, "the file does not match its SHA-256"));
        }
        let mut more = [0];
        if self.fill(&mut more)? > 0 {
            return Err(self.damaged(self.offset, "bytes follow its end"));
        }
        if footer.rows != self.rows || footer.through.sequence < header.from {
            return Err(self.damaged(at, "its end does not fit its rows"));
        }
        Ok((header, footer, self.offset))
    }

    /// Reads the block whose magic was read.
    fn block(&mut self, at: u64, row: &mut TakeRow<'_>) -> Result<(), SnapshotError> {
        let mut bytes = BLOCK_MAGIC.to_vec();
        bytes.extend_from_slice(&self.take::<{ BLOCK_HEADER_BYTES - 4 }>()?);
        let header = bytes
            .first_chunk()
            .and_then(BlockHeader::read)
            .ok_or_else(|| self.damaged(at, "it is cut short"))?;
        let length = usize::try_from(header.bytes).unwrap_or(usize::MAX);
        if length > MAXIMUM_BLOCK_BYTES {
            return Err(self.damaged(at, "a block has an impossible length"));
        }
        bytes.resize(BLOCK_HEADER_BYTES.saturating_add(length), 0);
        let rows = bytes.get_mut(BLOCK_HEADER_BYTES..).unwrap_or_default();
        self.read(rows)?;
        let crc = u32::from_le_bytes(self.take()?);
        if crc32c::crc32c(&bytes) != crc {
            return Err(self.damaged(at, "a block does not match its checksum"));
        }
        let rows = bytes.get(BLOCK_HEADER_BYTES..).unwrap_or_default();
        self.rows_of(at, header, rows, row)
    }

    fn rows_of(
        &mut self,
        at: u64,
        header: BlockHeader,
        mut bytes: &[u8],
        row: &mut TakeRow<'_>,
    ) -> Result<(), SnapshotError> {
        let number = usize::from(header.table);
        let table = Table::ROWS.get(number).copied();
        let table = table.ok_or_else(|| self.damaged(at, "a block of an unknown table"))?;
        for _ in 0..header.rows {
            let (key, value, rest) =
                read_row(bytes).ok_or_else(|| self.damaged(at, "a row is cut short"))?;
            let place = (header.table, key);
            if let Some((table, last)) = &self.last
                && (*table, last.as_slice()) >= place
            {
                return Err(self.damaged(at, "rows are out of order"));
            }
            match &mut self.last {
                Some((table, last)) => {
                    *table = header.table;
                    last.clear();
                    last.extend_from_slice(key);
                }
                None => self.last = Some((header.table, key.to_vec())),
            }
            row(table, key, value)?;
            bytes = rest;
        }
        if !bytes.is_empty() {
            return Err(self.damaged(at, "a block has bytes behind its rows"));
        }
        if let Some(rows) = self.rows.get_mut(number) {
            *rows = rows.saturating_add(u64::from(header.rows));
        }
        Ok(())
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], SnapshotError> {
        let mut bytes = [0; N];
        self.read(&mut bytes)?;
        Ok(bytes)
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<(), SnapshotError> {
        let count = self.fill(bytes)?;
        if count < bytes.len() {
            let end = self.offset.saturating_add(count as u64);
            return Err(self.damaged(end, "it is cut short"));
        }
        self.hash.update(&*bytes);
        self.offset = self.offset.saturating_add(count as u64);
        Ok(())
    }

    fn fill(&self, bytes: &mut [u8]) -> Result<usize, SnapshotError> {
        let read = read_fully(self.handle, self.offset, bytes);
        read.map_err(|source: io::Error| SnapshotError::Io {
            file: self.file.to_owned(),
            source,
        })
    }

    fn damaged(&self, offset: u64, reason: &str) -> SnapshotError {
        SnapshotError::Damaged {
            file: self.file.to_owned(),
            offset,
            reason: reason.to_owned(),
        }
    }
}
