//! Opening the journal: finding its end.
//!
//! Owns: what is a torn tail and what is damage, and what is done about either. A torn tail (bytes that
//! no sync had made durable) is cut; whole batches found after the last durable mark are kept, written
//! again and synced. Damage before the highest sequence that a later batch, a later segment, a clean end
//! or the books call durable stops the start with a report, and nothing is changed. Must never: go past
//! damage, or begin where the books do not reach.
//!
//! What cannot be told apart: a batch says what was durable when it was written, so nothing on the disk
//! says it of the batches of the last commit but one written after it. If the process ends without a clean
//! end, and the medium then damages exactly those batches before the next start, they look like the torn
//! tail of a commit under way and are cut, although they may have been answered. Telling them apart takes
//! a second sync per commit, or a second device. What bounds it: the sequence that the books or a
//! snapshot reflect, which the journal may not end before; and a clean end leaves no such batch.

use std::collections::VecDeque;
use std::io;

use super::batch::{self, ALIGNMENT, BatchError, Header, MAGIC};
use super::disk::{Disk, DiskFile, read_fully};
use super::label::{Label, Labelled};
use super::log::{Log, LogOptions, SEGMENT_HEADER_BYTES, Segment};
use super::open_error::OpenError;
use super::segments::segment_names;
use super::{clean_end, prepare};

/// What opening found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Last batch of the journal; 0 when it is empty.
    pub last_sequence: u64,
    /// Bytes of a torn tail that were cut.
    pub cut_bytes: u64,
}

/// What is known to have been durable, whatever the segments say.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// What the books reflect.
    applied: u64,
    /// The clean end, if there was one.
    closed: Option<Label>,
}

impl Known {
    fn closed_after(&self) -> u64 {
        self.closed.map_or(0, |closed| closed.sequence)
    }

    /// Whether a batch is not the one that the journal was closed after.
    fn contradicts(&self, sequence: u64, chain: &batch::Chain) -> bool {
        self.closed
            .is_some_and(|closed| closed.sequence == sequence && closed.chain != *chain)
    }
}

impl<D: Disk> Log<D> {
    /// Opens the journal and finds its end. `applied` is the sequence the books reflect: segments that
    /// end before it are not read, and a journal that ends before it, or begins after what follows it, is
    /// refused.
    ///
    /// # Errors
    /// [`OpenError`]; nothing has been changed then, but for a segment that was never finished and is
    /// removed.
    pub fn open(
        disk: D,
        options: LogOptions,
        applied: u64,
    ) -> Result<(Self, Recovered), OpenError> {
        let closed = clean_end::read(&disk, options.shard)?;
        let known = Known { applied, closed };
        let mut names = segment_names(&disk)?;
        let wanted = applied.saturating_add(1);
        if let Some((first, _)) = names.first()
            && *first > wanted
        {
            let first = *first;
            return Err(OpenError::Gone { wanted, first });
        }
        // A crash while a segment was made left it without a batch. It goes before anything else is
        // looked at: the books may already reflect all that stands before it.
        if let Some((first, name)) = names.last()
            && is_unfinished(&disk, name)?
        {
            remove_unfinished(&disk, *first, name, known)?;
            names.pop();
        }
        let mut log = Self::at_the_beginning(disk, options, closed.is_some());
        let mut recovered = Recovered::default();
        let first = names.iter().rposition(|(first, _)| *first <= wanted);
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
            recovered.cut_bytes = log.recover(name, *first_sequence, expected, next, known)?;
        }
        recovered.last_sequence = log.next_sequence.saturating_sub(1);
        log.durable = recovered.last_sequence;
        if let Some(shorter) = shorter(recovered.last_sequence, known) {
            return Err(shorter);
        }
        remove_partial(&log.disk, prepare::PARTIAL_NAME)?;
        remove_partial(&log.disk, clean_end::PARTIAL_NAME)?;
        if relevant.is_empty() {
            log.next.want(false);
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
        known: Known,
    ) -> Result<u64, OpenError> {
        let io = |source| OpenError::Io {
            file: name.to_owned(),
            source,
        };
        let mut file = self.disk.open(name).map_err(io)?;
        let capacity = file.length().map_err(io)?;
        let bytes = read_whole(&file).map_err(io)?;
        let header = self.header(&bytes, first_sequence, expected, known);
        let header = header.map_err(|reason| OpenError::Segment {
            file: name.to_owned(),
            reason,
        })?;
        (self.next_sequence, self.chain) = (first_sequence, header.chain);
        let Walked {
            end,
            unsettled,
            stop,
        } = self.walk(&bytes, known);
        self.check_end(name, &bytes, end, &stop, next_segment, known)?;
        let cut = if next_segment.is_none() {
            settle(&mut file, &bytes, unsettled, end).map_err(io)?
        } else {
            0
        };
        self.segment = Some(Segment {
            name: name.to_owned(),
            file,
            end: end as u64,
            capacity,
        });
        Ok(cut)
    }

    /// The header of a segment, if it is the expected one.
    fn header(
        &self,
        bytes: &[u8],
        first_sequence: u64,
        expected: u64,
        known: Known,
    ) -> Result<Label, String> {
        let header = Label::read(bytes, Labelled::Segment)?;
        let shard = self.options.shard;
        if header.shard != shard || header.sequence != first_sequence || expected != first_sequence
        {
            return Err(format!(
                "holds shard {} from batch {}, expected shard {} from batch {expected}",
                header.shard.0, header.sequence, shard.0
            ));
        }
        if first_sequence > 1 && self.segment.is_some() && header.chain != self.chain {
            return Err("is not chained to the segment before it".to_owned());
        }
        if known.contradicts(first_sequence.saturating_sub(1), &header.chain) {
            return Err("is not chained to the batch that the journal was closed after".to_owned());
        }
        Ok(header)
    }

    /// Follows the batches of a segment to their end.
    fn walk(&mut self, bytes: &[u8], known: Known) -> Walked {
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
                Ok((header, _)) if known.contradicts(header.sequence, &header.chain) => {
                    "it is not the batch that the journal was closed after".to_owned()
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
        known: Known,
    ) -> Result<(), OpenError> {
        let later = find_batch(bytes, end, self.next_sequence);
        let lost_before_segment = next_segment.is_some_and(|first| first != self.next_sequence);
        let lost_before_close =
            next_segment.is_none() && known.closed_after() >= self.next_sequence;
        if later.is_none() && !lost_before_segment && !lost_before_close {
            let last = self.next_sequence.saturating_sub(1);
            let shorter = shorter(last, known).filter(|_| next_segment.is_none());
            return shorter.map_or(Ok(()), Err);
        }
        Err(OpenError::Damaged {
            file: name.to_owned(),
            offset: end as u64,
            sequence: self.next_sequence,
            reason: stop.to_owned(),
        })
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

/// Why a journal that ends with `last` is too short.
fn shorter(last: u64, known: Known) -> Option<OpenError> {
    let (applied, closed) = (known.applied, known.closed_after());
    if last < applied {
        Some(OpenError::ShorterThanBooks { applied, last })
    } else if last < closed {
        Some(OpenError::NothingLeft { closed })
    } else {
        None
    }
}

/// Removes a segment without a header and without batches, unless there must have been some.
fn remove_unfinished(
    disk: &impl Disk,
    first_sequence: u64,
    name: &str,
    known: Known,
) -> Result<(), OpenError> {
    if known.applied.max(known.closed_after()) >= first_sequence {
        return Err(OpenError::Damaged {
            file: name.to_owned(),
            offset: 0,
            sequence: first_sequence,
            reason: "the segment is empty".to_owned(),
        });
    }
    disk.remove(name).map_err(|source| OpenError::Io {
        file: name.to_owned(),
        source,
    })
}

/// Removes what a crash left of a file under way.
fn remove_partial(disk: &impl Disk, name: &str) -> Result<(), OpenError> {
    match disk.remove(name) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(OpenError::Io {
            file: name.to_owned(),
            source,
        }),
        Ok(()) | Err(_) => Ok(()),
    }
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
    if Label::read(&header, Labelled::Segment).is_ok() {
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
