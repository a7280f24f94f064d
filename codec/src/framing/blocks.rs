//! Files cut into blocks of 1,014 bytes, as clearing files of records are exchanged.
//!
//! Owns the two bytes at the end of each block that are no data, and the fill of the last block. Must never look at the
//! records: a record may begin in one block and end in another. What comes out is a stream of records with their
//! lengths, for a [`FrameReader`](crate::FrameReader); a record of length zero ends it.

use bytes::{BufMut as _, BytesMut};

/// Bytes of data in a block.
const DATA: usize = 1012;
/// Bytes at the end of a block.
const END: usize = 2;
/// What ends and fills blocks: a blank in EBCDIC.
const FILL: u8 = 0x40;
/// The length of the record that ends a file.
const NO_RECORD: [u8; 4] = [0; 4];

/// A block that does not end as blocks do: the file is not cut into blocks of 1,014 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("block {block} does not end with two equal bytes of fill: expected blocks of 1014 bytes")]
pub struct NotBlocked {
    /// The block, from 1.
    pub block: u64,
}

/// Takes the ends of blocks away.
#[derive(Clone, Debug, Default)]
pub struct Deblocker {
    /// Bytes of the block that were read.
    at: usize,
    /// The first byte of its end.
    end: Option<u8>,
    /// Blocks that were read.
    blocks: u64,
}

impl Deblocker {
    /// At the beginning of a file.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends the data in the next bytes of the file to `out`. They may end anywhere in a block.
    ///
    /// # Errors
    /// [`NotBlocked`] for a block with another end than two bytes 40, 20 or 00. The rest of the file is then lost.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut BytesMut) -> Result<(), NotBlocked> {
        while let Some(first) = bytes.first().copied() {
            let left = DATA.saturating_sub(self.at).min(bytes.len());
            if left > 0 {
                let (data, rest) = bytes.split_at_checked(left).unwrap_or_default();
                out.put_slice(data);
                self.at = self.at.saturating_add(left);
                bytes = rest;
                continue;
            }
            bytes = bytes.get(1..).unwrap_or_default();
            match self.end.take() {
                None => self.end = Some(first),
                Some(end) => {
                    self.blocks = self.blocks.saturating_add(1);
                    if end != first || !matches!(end, FILL | b' ' | 0x00) {
                        return Err(NotBlocked { block: self.blocks });
                    }
                    self.at = 0;
                }
            }
        }
        Ok(())
    }

    /// How many blocks have ended.
    pub fn blocks(&self) -> u64 {
        self.blocks
    }

    /// Whether the bytes so far are whole blocks.
    pub fn is_whole(&self) -> bool {
        self.at == 0
    }
}

/// Cuts a stream of records into blocks.
#[derive(Clone, Debug, Default)]
pub struct Blocker {
    /// Bytes of data in the block.
    at: usize,
}

impl Blocker {
    /// At the beginning of a file.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends the next bytes of records, with their lengths, to `out`.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut BytesMut) {
        while !bytes.is_empty() {
            let left = DATA.saturating_sub(self.at).min(bytes.len());
            let (data, rest) = bytes.split_at_checked(left).unwrap_or_default();
            out.put_slice(data);
            self.at = self.at.saturating_add(left);
            self.end_block(out);
            bytes = rest;
        }
    }

    /// Ends the file: a record of length zero, and the fill of the last block.
    pub fn finish(mut self, out: &mut BytesMut) {
        self.push(&NO_RECORD, out);
        if self.at > 0 {
            out.put_bytes(FILL, DATA.saturating_sub(self.at));
            self.at = DATA;
            self.end_block(out);
        }
    }

    fn end_block(&mut self, out: &mut BytesMut) {
        if self.at >= DATA {
            out.put_bytes(FILL, END);
            self.at = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocked(bytes: &[u8]) -> BytesMut {
        let mut out = BytesMut::new();
        let mut blocker = Blocker::new();
        blocker.push(bytes, &mut out);
        blocker.finish(&mut out);
        out
    }

    #[test]
    fn what_was_cut_comes_back_wherever_the_pieces_end() {
        for length in [0, 1, 1007, 1008, 1009, 1011, 1012, 1013, 2024, 5000] {
            let bytes: Vec<u8> = (0..length)
                .map(|at| u8::try_from(at % 251).unwrap())
                .collect();
            let file = blocked(&bytes);
            assert!(
                file.len().is_multiple_of(1014) && file.len() >= length + 4,
                "{length}"
            );
            for piece in [1, 2, 3, 1012, 1013, 1014, 4096] {
                let (mut deblocker, mut out) = (Deblocker::new(), BytesMut::new());
                for piece in file.chunks(piece) {
                    deblocker.push(piece, &mut out).unwrap();
                }
                assert!(deblocker.is_whole());
                assert_eq!(&out[..length], &bytes[..]);
                assert_eq!(&out[length..length + 4], [0; 4]);
                assert!(out[length + 4..].iter().all(|byte| *byte == FILL));
            }
        }
    }

    #[test]
    fn a_file_that_is_not_blocked_is_told_by_its_block() {
        let mut file = blocked(&[7; 3000]);
        file[1014 + 1013] = 0x41;
        let (mut deblocker, mut out) = (Deblocker::new(), BytesMut::new());
        let error = deblocker.push(&file, &mut out).unwrap_err();
        assert_eq!(error, NotBlocked { block: 2 });
        assert_eq!(
            Deblocker::new().push(&[7; 1014], &mut out),
            Err(NotBlocked { block: 1 })
        );
    }
}
