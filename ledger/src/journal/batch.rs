//! The batch format: what one commit of the writer looks like in a segment.
//!
//! Owns: the header, checksum and chain hash of a batch, and how its records are laid out. Must never:
//! look into a record's payload.
//!
//! Layout, little endian. Header of 96 bytes: magic `BTCH`, payload length u32, sequence u64, highest
//! sequence that was durable when this was written u64, time in microseconds i64, record count u32,
//! zero u32, chain hash 32 bytes, zero 20 bytes, CRC32C u32 over the header before it and the payload.
//! Payload: per record a kind u8, a version u8, a length u32, and that many bytes. Zero fill to 8 bytes.

use sha2::{Digest, Sha256};

use crate::identifiers::Timestamp;

/// Bytes of a batch header.
pub const HEADER_BYTES: usize = 96;
/// Largest payload of one batch.
pub const MAXIMUM_PAYLOAD_BYTES: usize = 32 * 1024 * 1024;
/// First bytes of every batch.
pub(crate) const MAGIC: [u8; 4] = *b"BTCH";
/// Batches start at multiples of this.
pub(crate) const ALIGNMENT: usize = 8;

const CRC_AT: usize = HEADER_BYTES - 4;
const RECORD_HEADER_BYTES: usize = 6;

/// Hash that links every batch to all before it: SHA-256 over the previous chain hash, the sequence,
/// the time and the payload.
pub type Chain = [u8; 32];

/// The records of one commit, encoded, with the sequence and time they were decided under.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Place in the shard's journal, from 1, without holes.
    pub sequence: u64,
    /// The one time every command of the batch was decided at.
    pub time: Timestamp,
    count: u32,
    payload: Vec<u8>,
}

/// One record as stored: what it is and its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawRecord<'a> {
    /// Place in the batch, from 0.
    pub index: u32,
    /// What kind of record.
    pub kind: u8,
    /// Version of the kind's layout.
    pub version: u8,
    /// The record in that layout.
    pub payload: &'a [u8],
}

/// A batch would grow past [`MAXIMUM_PAYLOAD_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a batch holds at most {MAXIMUM_PAYLOAD_BYTES} bytes of records")]
pub struct BatchFull;

impl Batch {
    /// An empty batch.
    #[must_use]
    pub fn new(sequence: u64, time: Timestamp) -> Self {
        Self {
            sequence,
            time,
            count: 0,
            payload: Vec::new(),
        }
    }

    /// Appends one record and returns its index.
    ///
    /// # Errors
    /// [`BatchFull`]; the batch is then unchanged.
    pub fn push(&mut self, kind: u8, version: u8, payload: &[u8]) -> Result<u32, BatchFull> {
        let grown = self
            .payload
            .len()
            .checked_add(RECORD_HEADER_BYTES)
            .and_then(|length| length.checked_add(payload.len()))
            .filter(|length| *length <= MAXIMUM_PAYLOAD_BYTES)
            .ok_or(BatchFull)?;
        let length = u32::try_from(payload.len()).or(Err(BatchFull))?;
        let index = self.count;
        self.count = index.checked_add(1).ok_or(BatchFull)?;
        self.payload
            .reserve(grown.saturating_sub(self.payload.len()));
        self.payload.extend_from_slice(&[kind, version]);
        self.payload.extend_from_slice(&length.to_le_bytes());
        self.payload.extend_from_slice(payload);
        Ok(index)
    }

    /// Whether it holds no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many records it holds.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Bytes it takes in a segment.
    #[must_use]
    pub fn stored_bytes(&self) -> usize {
        padded(HEADER_BYTES.saturating_add(self.payload.len()))
    }

    /// Its records in order. Ends early where the payload is not laid out as [`push`](Self::push) does;
    /// decoding has checked that it is.
    pub fn records(&self) -> impl Iterator<Item = RawRecord<'_>> {
        let mut rest = self.payload.as_slice();
        (0..self.count).map_while(move |index| {
            let (record, after) = split_record(index, rest)?;
            rest = after;
            Some(record)
        })
    }

    /// Appends header and payload to `out`, linked to `previous`; returns the chain hash after it.
    pub(crate) fn write(&self, previous: &Chain, durable: u64, out: &mut Vec<u8>) -> Chain {
        let chain = chain_after(previous, self.sequence, self.time, &self.payload);
        let mut header = Vec::with_capacity(HEADER_BYTES);
        // push() keeps the payload within MAXIMUM_PAYLOAD_BYTES, so its length fits.
        let length = u32::try_from(self.payload.len()).unwrap_or(u32::MAX);
        header.extend_from_slice(&MAGIC);
        header.extend_from_slice(&length.to_le_bytes());
        header.extend_from_slice(&self.sequence.to_le_bytes());
        header.extend_from_slice(&durable.to_le_bytes());
        header.extend_from_slice(&self.time.0.to_le_bytes());
        header.extend_from_slice(&self.count.to_le_bytes());
        header.extend_from_slice(&[0; 4]);
        header.extend_from_slice(&chain);
        header.resize(CRC_AT, 0);
        let crc = crc32c::crc32c_append(crc32c::crc32c(&header), &self.payload);
        header.extend_from_slice(&crc.to_le_bytes());
        out.extend_from_slice(&header);
        out.extend_from_slice(&self.payload);
        out.resize(padded(out.len()), 0);
        chain
    }
}

/// What a batch header says; its checksum is verified together with the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) length: usize,
    pub(crate) sequence: u64,
    pub(crate) durable: u64,
    pub(crate) time: Timestamp,
    count: u32,
    pub(crate) chain: Chain,
    crc: u32,
}

/// Why bytes are not a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// No batch begins here.
    #[error("no batch begins here")]
    NoMagic,
    /// Fewer bytes than the header announces, or more than a batch may have.
    #[error("the batch is cut short or its length is impossible")]
    Length,
    /// The bytes are not those that were written.
    #[error("the checksum does not match")]
    Checksum,
    /// The checksum is right but the records do not fill the payload: written by something else.
    #[error("the records do not fill the payload")]
    Layout,
}

impl Header {
    /// Reads the header at the start of `bytes`.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, BatchError> {
        let header = bytes
            .first_chunk::<HEADER_BYTES>()
            .ok_or(BatchError::Length)?;
        let (magic, rest) = header.split_first_chunk::<4>().ok_or(BatchError::Length)?;
        if *magic != MAGIC {
            return Err(BatchError::NoMagic);
        }
        let mut fields = Fields(rest);
        let length = usize::try_from(fields.u32()?).or(Err(BatchError::Length))?;
        if length > MAXIMUM_PAYLOAD_BYTES {
            return Err(BatchError::Length);
        }
        let (sequence, durable) = (fields.u64()?, fields.u64()?);
        let time = Timestamp(fields.u64()?.cast_signed());
        let count = fields.u32()?;
        fields.u32()?;
        let chain = fields.take::<32>()?;
        fields.take::<20>()?;
        Ok(Self {
            length,
            sequence,
            durable,
            time,
            count,
            chain,
            crc: fields.u32()?,
        })
    }

    /// Bytes the whole batch takes in a segment.
    pub(crate) fn stored_bytes(&self) -> usize {
        padded(HEADER_BYTES.saturating_add(self.length))
    }
}

/// Little-endian fields read one after the other.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], BatchError> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(BatchError::Length)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u32(&mut self) -> Result<u32, BatchError> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, BatchError> {
        self.take().map(u64::from_le_bytes)
    }
}

/// Reads the batch at the start of `bytes` and checks it against its checksum.
pub(crate) fn decode(bytes: &[u8]) -> Result<(Header, Batch), BatchError> {
    let header = Header::read(bytes)?;
    let (head, rest) = bytes
        .split_at_checked(HEADER_BYTES)
        .ok_or(BatchError::Length)?;
    let payload = rest.get(..header.length).ok_or(BatchError::Length)?;
    let head = head.get(..CRC_AT).ok_or(BatchError::Length)?;
    if crc32c::crc32c_append(crc32c::crc32c(head), payload) != header.crc {
        return Err(BatchError::Checksum);
    }
    let batch = Batch {
        sequence: header.sequence,
        time: header.time,
        count: header.count,
        payload: payload.to_vec(),
    };
    let mut used = 0_usize;
    for record in batch.records() {
        used = used
            .saturating_add(RECORD_HEADER_BYTES)
            .saturating_add(record.payload.len());
    }
    if used != payload.len() {
        return Err(BatchError::Layout);
    }
    Ok((header, batch))
}

/// The chain hash after a batch.
pub(crate) fn chain_after(
    previous: &Chain,
    sequence: u64,
    time: Timestamp,
    payload: &[u8],
) -> Chain {
    let mut hash = Sha256::new();
    hash.update(previous);
    hash.update(sequence.to_le_bytes());
    hash.update(time.0.to_le_bytes());
    hash.update(payload);
    hash.finalize().into()
}

impl Batch {
    /// The chain hash after this batch when `previous` stands before it.
    pub(crate) fn chain_after(&self, previous: &Chain) -> Chain {
        chain_after(previous, self.sequence, self.time, &self.payload)
    }
}

fn split_record(index: u32, bytes: &[u8]) -> Option<(RawRecord<'_>, &[u8])> {
    let ([kind, version], rest) = bytes.split_first_chunk::<2>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (payload, rest) = rest.split_at_checked(length)?;
    Some((
        RawRecord {
            index,
            kind: *kind,
            version: *version,
            payload,
        },
        rest,
    ))
}

fn padded(length: usize) -> usize {
    length
        .checked_next_multiple_of(ALIGNMENT)
        .unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Batch {
        let mut batch = Batch::new(7, Timestamp(1_000_000));
        assert_eq!(batch.push(1, 1, b"first"), Ok(0));
        assert_eq!(batch.push(2, 3, b""), Ok(1));
        batch
    }

    #[test]
    fn a_written_batch_reads_back_with_its_links() {
        let mut bytes = Vec::new();
        let chain = sample().write(&[9; 32], 6, &mut bytes);
        assert_eq!(bytes.len(), sample().stored_bytes());
        let (header, batch) = decode(&bytes).unwrap();
        assert_eq!(
            (header.sequence, header.durable, header.chain),
            (7, 6, chain)
        );
        assert_eq!(batch, sample());
        assert_eq!(batch.chain_after(&[9; 32]), chain);
        let kinds: Vec<_> = batch
            .records()
            .map(|r| (r.index, r.kind, r.version))
            .collect();
        assert_eq!(kinds, [(0, 1, 1), (1, 2, 3)]);
    }

    #[test]
    fn any_flipped_bit_or_missing_byte_is_noticed() {
        let mut bytes = Vec::new();
        sample().write(&[0; 32], 0, &mut bytes);
        let end = HEADER_BYTES + sample().payload.len();
        for at in 0..end {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[at] ^= 1 << bit;
                assert!(decode(&damaged).is_err(), "bit {bit} of byte {at}");
            }
            assert!(decode(&bytes[..at]).is_err(), "cut at {at}");
        }
    }
}
