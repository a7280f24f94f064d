//! The segment files: opening, recovering and appending.
//!
//! Owns: segment names and headers, the end of the journal, rotation, and the rule that one append is
//! one write and one sync per segment touched. Keeps: batches stand in sequence without holes and each
//! is chained to the one before. Must never: sync twice for the same write, or go past damage.
//!
//! A torn tail (bytes that no sync had made durable) is cut; whole batches found after the last durable
//! mark are kept, written again and synced. Damage before the highest sequence that a
//! later batch, a later segment or the books call durable stops the start with a report.

use std::collections::VecDeque;
use std::io;

use super::batch::{self, ALIGNMENT, Batch, BatchError, Chain, Header, MAGIC};
use super::disk::{Disk, DiskFile, read_fully};
use crate::identifiers::ShardId;

/// Bytes of a segment header: magic `ISOJRNL1`, format version u32, shard u16, zero u16, first sequence
/// u64, chain hash before it 32 bytes, zero u32, CRC32C u32. Little endian.
pub const SEGMENT_HEADER_BYTES: usize = 64;
const SEGMENT_MAGIC: [u8; 8] = *b"ISOJRNL1";
const FORMAT_VERSION: u32 = 1;

/// How the journal keeps its files.
#[derive(Clone, Copy, Debug)]
pub struct LogOptions {
    /// The shard whose journal this is; another shard's segments are refused.
    pub shard: ShardId,
    /// Size of a preallocated segment in bytes.
    pub segment_bytes: u64,
}

/// Why the journal cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file system refused.
    #[error("{file}: {source}")]
    Io {
        /// The file.
        file: String,
        /// What it answered.
        source: io::Error,
    },
    /// A segment header is not one of this journal.
    #[error("{file}: {reason}")]
    Segment {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// What was durable cannot be read: nothing is skipped.
    #[error(
        "{file}: byte {offset}: batch {sequence} was durable but cannot be read: {reason}; \
         restore this file from a copy"
    )]
    Damaged {
        /// The file.
        file: String,
        /// Where in it.
        offset: u64,
        /// The batch that should stand there.
        sequence: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The books know of more than the journal holds.
    #[error("the books reflect batch {applied}, but the journal ends with batch {last}")]
    ShorterThanBooks {
        /// Sequence the books reflect.
        applied: u64,
        /// Last sequence of the journal.
        last: u64,
    },
}

/// What opening found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Last batch of the journal; 0 when it is empty.
    pub last_sequence: u64,
    /// Bytes of a torn tail that were cut.
    pub cut_bytes: u64,
}

/// The journal's files, open at their end.
#[derive(Debug)]
pub struct Log<D: Disk> {
    disk: D,
    options: LogOptions,
    segment: Option<Segment<D::File>>,
    next_sequence: u64,
    durable: u64,
    chain: Chain,
    buffer: Vec<u8>,
    failed: bool,
}

#[derive(Debug)]
struct Segment<F> {
    file: F,
    end: u64,
    capacity: u64,
}

impl<D: Disk> Log<D> {
    /// Opens the journal and finds its end. `applied` is the sequence the books reflect: segments that
    /// end before it are not read, and a journal that ends before it is refused.
    ///
    /// # Errors
    /// [`OpenError`]; nothing has been changed then, but for a torn tail that was cut or a segment that
    /// was never finished and is removed.
    pub fn open(
        disk: D,
        options: LogOptions,
        applied: u64,
    ) -> Result<(Self, Recovered), OpenError> {
        let mut names = segment_names(&disk)?;
        // A crash while a segment was made left it without a batch. It goes before anything else is
        // looked at: the books may already reflect all that stands before it.
        if let Some((_, name)) = names.last()
            && is_unfinished(&disk, name)?
        {
            disk.remove(name).map_err(|source| OpenError::Io {
                file: name.clone(),
                source,
            })?;
            names.pop();
        }
        let mut log = Self {
            disk,
            options,
            segment: None,
            next_sequence: 1,
            durable: 0,
            chain: [0; 32],
            buffer: Vec::new(),
            failed: false,
        };
        let mut recovered = Recovered::default();
        let first = names
            .iter()
            .rposition(|(first, _)| *first <= applied.saturating_add(1));
        let relevant = names.get(first.unwrap_or(0)..).unwrap_or_default();
        for (position, (first_sequence, name)) in relevant.iter().enumerate() {
            let next = relevant
                .get(position.saturating_add(1))
                .map(|(first, _)| *first);
            let expected = if position == 0 {
                *first_sequence
            } else {
                log.next_sequence
            };
            recovered.cut_bytes = log.recover(name, *first_sequence, expected, next)?;
        }
        recovered.last_sequence = log.next_sequence.saturating_sub(1);
        log.durable = recovered.last_sequence;
        if recovered.last_sequence < applied {
            let last = recovered.last_sequence;
            return Err(OpenError::ShorterThanBooks { applied, last });
        }
        Ok((log, recovered))
    }

    /// Reads one segment to its end and leaves the log standing there. Returns the bytes cut.
    fn recover(
        &mut self,
        name: &str,
        first_sequence: u64,
        expected: u64,
        next_segment: Option<u64>,
    ) -> Result<u64, OpenError> {
        let io = |source| OpenError::Io {
            file: name.to_owned(),
            source,
        };
        let mut file = self.disk.open(name).map_err(io)?;
        let capacity = file.length().map_err(io)?;
        let bytes = read_whole(&file).map_err(io)?;
        let header = SegmentHeader::read(&bytes).map_err(|reason| OpenError::Segment {
            file: name.to_owned(),
            reason: reason.to_owned(),
        })?;
        if header.shard != self.options.shard
            || header.first_sequence != first_sequence
            || expected != first_sequence
        {
            let reason = format!(
                "holds shard {} from batch {}, expected shard {} from batch {expected}",
                header.shard.0, header.first_sequence, self.options.shard.0
            );
            return Err(OpenError::Segment {
                file: name.to_owned(),
                reason,
            });
        }
        if first_sequence > 1 && self.segment.is_some() && header.chain != self.chain {
            let reason = "is not chained to the segment before it".to_owned();
            return Err(OpenError::Segment {
                file: name.to_owned(),
                reason,
            });
        }
        (self.next_sequence, self.chain) = (first_sequence, header.chain);
        let Walked {
            end,
            unsettled,
            stop,
        } = self.walk(&bytes);
        self.check_end(name, &bytes, end, &stop, next_segment)?;
        let cut = if next_segment.is_none() {
            settle(&mut file, &bytes, unsettled, end).map_err(io)?
        } else {
            0
        };
        self.segment = Some(Segment {
            file,
            end: end as u64,
            capacity,
        });
        Ok(cut)
    }

    /// Follows the batches of a segment to their end.
    fn walk(&mut self, bytes: &[u8]) -> Walked {
        let mut end = SEGMENT_HEADER_BYTES;
        // Batches that none after them calls durable.
        let mut unmarked = VecDeque::new();
        loop {
            let rest = bytes.get(end..).unwrap_or_default();
            let stop = match batch::decode(rest) {
                Ok((header, _)) if header.sequence != self.next_sequence => {
                    format!("found batch {}", header.sequence)
                }
                Ok((header, batch)) if batch.chain_after(&self.chain) != header.chain => {
                    "it is not chained to the batch before it".to_owned()
                }
                Ok((header, _)) => {
                    unmarked.push_back((header.sequence, end));
                    while unmarked
                        .front()
                        .is_some_and(|(first, _)| *first <= header.durable)
                    {
                        unmarked.pop_front();
                    }
                    self.chain = header.chain;
                    self.next_sequence = self.next_sequence.saturating_add(1);
                    end = end.saturating_add(header.stored_bytes());
                    continue;
                }
                Err(error) => error.to_string(),
            };
            let unsettled = unmarked.front().map_or(end, |(_, start)| *start);
            return Walked {
                end,
                unsettled,
                stop,
            };
        }
    }

    /// Whether the batches may end here: nothing later says that the next one was durable.
    fn check_end(
        &self,
        name: &str,
        bytes: &[u8],
        end: usize,
        stop: &str,
        next_segment: Option<u64>,
    ) -> Result<(), OpenError> {
        let later = find_batch(bytes, end, self.next_sequence);
        let lost_before_segment = next_segment.is_some_and(|first| first != self.next_sequence);
        if later.is_none() && !lost_before_segment {
            return Ok(());
        }
        Err(OpenError::Damaged {
            file: name.to_owned(),
            offset: end as u64,
            sequence: self.next_sequence,
            reason: stop.to_owned(),
        })
    }

    /// Sequence that the next batch must have.
    pub fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    /// Highest sequence that is durable.
    pub fn durable(&self) -> u64 {
        self.durable
    }

    /// Appends batches that follow each other and makes them durable: one write, one sync, unless a
    /// segment is full in between. Returns the highest durable sequence.
    ///
    /// # Errors
    /// The first failed write or sync. The log then takes nothing more: what reached the disk is
    /// unknown until it is opened again.
    pub fn append(&mut self, batches: &[Batch]) -> io::Result<u64> {
        if self.failed {
            return Err(io::Error::other("an earlier write or sync failed"));
        }
        let result = self.append_all(batches);
        self.failed = result.is_err();
        result.map(|()| self.durable)
    }

    fn append_all(&mut self, batches: &[Batch]) -> io::Result<()> {
        for batch in batches {
            if batch.sequence != self.next_sequence {
                return Err(io::Error::other("a batch is out of sequence"));
            }
            if !self.fits(batch) {
                self.flush()?;
                self.rotate(batch.stored_bytes())?;
            }
            self.chain = batch.write(&self.chain, self.durable, &mut self.buffer);
            self.next_sequence = self.next_sequence.saturating_add(1);
        }
        self.flush()
    }

    fn fits(&self, batch: &Batch) -> bool {
        self.segment.as_ref().is_some_and(|segment| {
            let waiting = self.buffer.len().saturating_add(batch.stored_bytes());
            segment.end.saturating_add(waiting as u64) <= segment.capacity
        })
    }

    /// Writes what is gathered and syncs it.
    fn flush(&mut self) -> io::Result<()> {
        let Some(segment) = self.segment.as_mut().filter(|_| !self.buffer.is_empty()) else {
            return Ok(());
        };
        segment.file.write_at(segment.end, &self.buffer)?;
        segment.file.sync_data()?;
        segment.end = segment.end.saturating_add(self.buffer.len() as u64);
        self.buffer.clear();
        self.durable = self.next_sequence.saturating_sub(1);
        Ok(())
    }

    /// Starts the segment whose first batch is the next one.
    fn rotate(&mut self, batch_bytes: usize) -> io::Result<()> {
        let needed = SEGMENT_HEADER_BYTES.saturating_add(batch_bytes) as u64;
        let capacity = self.options.segment_bytes.max(needed);
        let mut file = self
            .disk
            .create(&segment_name(self.next_sequence), capacity)?;
        let header = SegmentHeader {
            shard: self.options.shard,
            first_sequence: self.next_sequence,
            chain: self.chain,
        };
        file.write_at(0, &header.to_bytes())?;
        file.sync_data()?;
        self.segment = Some(Segment {
            file,
            end: SEGMENT_HEADER_BYTES as u64,
            capacity,
        });
        Ok(())
    }
}

/// Where the batches of a segment end.
struct Walked {
    end: usize,
    /// Where the first batch begins that nothing calls durable; `end` when there is none.
    unsettled: usize,
    /// Why they end there.
    stop: String,
}

/// Makes durable what was read from `unsettled` to `end`, and zeroes everything after, so that nothing
/// stale can follow the next append. Returns how many bytes were cut.
///
/// What was read may stand in the system's cache only, because the process before this one died between
/// its write and its sync, or because its sync failed. So it is written again, which makes it a new
/// write with a sync of its own.
fn settle(file: &mut impl DiskFile, bytes: &[u8], unsettled: usize, end: usize) -> io::Result<u64> {
    let tail = bytes.get(end..).unwrap_or_default();
    let last = tail.iter().rposition(|byte| *byte != 0);
    let cut = last.map_or(0, |last| last.saturating_add(1));
    let mut settled = bytes.get(unsettled..end).unwrap_or_default().to_vec();
    settled.resize(settled.len().saturating_add(cut), 0);
    if !settled.is_empty() {
        file.write_at(unsettled as u64, &settled)?;
        file.sync_data()?;
    }
    Ok(cut as u64)
}

/// All bytes of a file.
fn read_whole(file: &impl DiskFile) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(file.length()?).unwrap_or(usize::MAX)];
    let read = read_fully(file, 0, &mut bytes)?;
    bytes.truncate(read);
    Ok(bytes)
}

/// Whether a segment was never finished: its header is not there, and nothing follows it.
fn is_unfinished<D: Disk>(disk: &D, name: &str) -> Result<bool, OpenError> {
    let io = |source| OpenError::Io {
        file: name.to_owned(),
        source,
    };
    let file = disk.open(name).map_err(io)?;
    let mut header = [0; SEGMENT_HEADER_BYTES];
    read_fully(&file, 0, &mut header).map_err(io)?;
    if SegmentHeader::read(&header).is_ok() {
        return Ok(false);
    }
    let bytes = read_whole(&file).map_err(io)?;
    let after = bytes.get(SEGMENT_HEADER_BYTES..).unwrap_or_default();
    Ok(after.iter().all(|byte| *byte == 0))
}

/// Offset of a readable batch after `from` that says `sequence` was durable when it was written.
fn find_batch(bytes: &[u8], from: usize, sequence: u64) -> Option<usize> {
    let from = from.checked_next_multiple_of(ALIGNMENT)?;
    (from..bytes.len()).step_by(ALIGNMENT).find(|at| {
        let rest = bytes.get(*at..).unwrap_or_default();
        rest.starts_with(&MAGIC)
            && Header::read(rest).is_ok_and(|header| header.durable >= sequence)
            && !matches!(
                batch::decode(rest),
                Err(BatchError::Checksum | BatchError::Length)
            )
    })
}

/// Name of the segment that begins with a sequence.
pub(crate) fn segment_name(first_sequence: u64) -> String {
    format!("segment-{first_sequence:020}.journal")
}

/// First sequences and names of the segments, in order.
pub(crate) fn segment_names(disk: &impl Disk) -> Result<Vec<(u64, String)>, OpenError> {
    let names = disk.list().map_err(|source| OpenError::Io {
        file: ".".to_owned(),
        source,
    })?;
    Ok(names
        .into_iter()
        .filter_map(|name| {
            let digits = name.strip_prefix("segment-")?.strip_suffix(".journal")?;
            Some((digits.parse().ok()?, name))
        })
        .collect())
}

/// What the first bytes of a segment say.
struct SegmentHeader {
    shard: ShardId,
    first_sequence: u64,
    chain: Chain,
}

impl SegmentHeader {
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SEGMENT_HEADER_BYTES);
        bytes.extend_from_slice(&SEGMENT_MAGIC);
        bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.shard.0.to_le_bytes());
        bytes.extend_from_slice(&[0; 2]);
        bytes.extend_from_slice(&self.first_sequence.to_le_bytes());
        bytes.extend_from_slice(&self.chain);
        bytes.extend_from_slice(&[0; 4]);
        let crc = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        const SHORT: &str = "is shorter than a segment header";
        let (magic, rest) = bytes.split_first_chunk::<8>().ok_or(SHORT)?;
        if *magic != SEGMENT_MAGIC {
            return Err("is not a segment of a journal");
        }
        let (version, rest) = rest.split_first_chunk::<4>().ok_or(SHORT)?;
        if u32::from_le_bytes(*version) != FORMAT_VERSION {
            return Err("has a format version that this build does not know");
        }
        let (shard, rest) = rest.split_first_chunk::<2>().ok_or(SHORT)?;
        let (_, rest) = rest.split_first_chunk::<2>().ok_or(SHORT)?;
        let (first_sequence, rest) = rest.split_first_chunk::<8>().ok_or(SHORT)?;
        let (chain, rest) = rest.split_first_chunk::<32>().ok_or(SHORT)?;
        let (_, rest) = rest.split_first_chunk::<4>().ok_or(SHORT)?;
        let (crc, _) = rest.split_first_chunk::<4>().ok_or(SHORT)?;
        let covered = bytes
            .get(..SEGMENT_HEADER_BYTES.saturating_sub(4))
            .ok_or(SHORT)?;
        if crc32c::crc32c(covered) != u32::from_le_bytes(*crc) {
            return Err("has a header that does not match its checksum");
        }
        Ok(Self {
            shard: ShardId(u16::from_le_bytes(*shard)),
            first_sequence: u64::from_le_bytes(*first_sequence),
            chain: *chain,
        })
    }
}
