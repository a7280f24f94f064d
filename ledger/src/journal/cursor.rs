//! Reading the journal behind the watermark.
//!
//! Owns: a position in the journal and how it moves from batch to batch and segment to segment. Each
//! reader (the view-writer, every emitter) has its own. Must never: return a batch that is not durable.

use std::io;

use super::batch::{self, Batch, HEADER_BYTES, Header};
use super::disk::{Disk, read_fully};
use super::log::{OpenError, SEGMENT_HEADER_BYTES};
use super::segments::{segment_name, segment_names};

/// A reader's place in the journal.
#[derive(Debug)]
pub struct Cursor<D: Disk> {
    disk: D,
    segment: Option<(String, D::File)>,
    offset: u64,
    next_sequence: u64,
}

/// Why the journal could not be read on.
#[derive(Debug, thiserror::Error)]
pub enum CursorError {
    /// The segments cannot be listed or read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A durable batch cannot be read.
    #[error("{file}: byte {offset}: batch {sequence}: {reason}")]
    Batch {
        /// The file.
        file: String,
        /// Where in it.
        offset: u64,
        /// The batch that should stand there.
        sequence: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The journal no longer reaches back to where this reader stands.
    #[error("the journal no longer holds batch {sequence}")]
    Gone {
        /// The batch that was wanted.
        sequence: u64,
    },
}

/// The first sequence that the journal holds; `None` when it has no segment.
///
/// # Errors
/// [`OpenError`] when the directory cannot be read.
pub fn oldest_held(disk: &impl Disk) -> Result<Option<u64>, OpenError> {
    Ok(segment_names(disk)?.first().map(|(first, _)| *first))
}

impl<D: Disk> Cursor<D> {
    /// A reader whose first batch is the one after `seen`.
    pub fn after(disk: D, seen: u64) -> Self {
        Self {
            disk,
            segment: None,
            offset: 0,
            next_sequence: seen.saturating_add(1),
        }
    }

    /// The last sequence that was read.
    pub fn seen(&self) -> u64 {
        self.next_sequence.saturating_sub(1)
    }

    /// The next batch, if its sequence is at most `watermark`.
    ///
    /// # Errors
    /// [`CursorError`]: what is durable could not be read; the reader stands where it was.
    pub fn next(&mut self, watermark: u64) -> Result<Option<Batch>, CursorError> {
        if self.next_sequence > watermark {
            return Ok(None);
        }
        let read = self.read_next();
        if read.is_err() {
            // The place is looked for again, in case the reason goes away.
            self.segment = None;
        }
        read.map(Some)
    }

    /// The next batch; `None` where the journal ends as far as its bytes tell. For readers of a journal that
    /// nobody gives a watermark for: they meet a torn or damaged tail as the end.
    ///
    /// # Errors
    /// [`CursorError`] when a batch cannot be read that others follow in a later segment.
    pub fn next_held(&mut self) -> Result<Option<Batch>, CursorError> {
        match self.next(u64::MAX) {
            Err(CursorError::Batch { sequence, .. }) if self.is_last_segment(sequence)? => Ok(None),
            read => read,
        }
    }

    /// Whether no segment begins after a batch.
    fn is_last_segment(&self, sequence: u64) -> Result<bool, CursorError> {
        let names = segment_names(&self.disk)?;
        Ok(names.iter().all(|(first, _)| *first <= sequence))
    }

    fn read_next(&mut self) -> Result<Batch, CursorError> {
        if self.segment.is_none() {
            self.find_segment()?;
        }
        let header = match self.header()? {
            Some(header) => header,
            None => self.next_segment()?,
        };
        if header.sequence != self.next_sequence {
            return Err(self.unreadable(&format!("found batch {}", header.sequence)));
        }
        let batch = self.batch(&header)?;
        self.offset = self.offset.saturating_add(header.stored_bytes() as u64);
        self.next_sequence = self.next_sequence.saturating_add(1);
        Ok(batch)
    }

    /// Stands at the next batch, in the segment that holds it or at the end of the one before.
    fn find_segment(&mut self) -> Result<(), CursorError> {
        let names = segment_names(&self.disk)?;
        let holding = names
            .into_iter()
            .rev()
            .find(|(first, _)| *first <= self.next_sequence);
        let (_, name) = holding.ok_or_else(|| self.gone())?;
        // Retention may have removed it since.
        if !self.enter(name)? {
            return Err(self.gone());
        }
        while let Some(header) = self.header()?
            && header.sequence < self.next_sequence
        {
            self.offset = self.offset.saturating_add(header.stored_bytes() as u64);
        }
        Ok(())
    }

    /// Goes on to the segment that begins with the next batch, and reads its first header.
    fn next_segment(&mut self) -> Result<Header, CursorError> {
        let nothing = self.unreadable("no batch begins here");
        if !self.enter(segment_name(self.next_sequence))? {
            // Not there, or not there any more.
            let gone = oldest_held(&self.disk)?.is_none_or(|first| first > self.next_sequence);
            return Err(if gone { self.gone() } else { nothing });
        }
        self.header()?
            .ok_or_else(|| self.unreadable("no batch begins here"))
    }

    /// Stands at the beginning of a segment; `false` when there is none of that name.
    fn enter(&mut self, name: String) -> Result<bool, CursorError> {
        match self.disk.open(&name) {
            Ok(file) => {
                self.segment = Some((name, file));
                self.offset = SEGMENT_HEADER_BYTES as u64;
                Ok(true)
            }
            Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(OpenError::Io { file: name, source }.into()),
        }
    }

    fn gone(&self) -> CursorError {
        CursorError::Gone {
            sequence: self.next_sequence,
        }
    }

    /// The header at the current place; `None` where the batches of the segment end.
    fn header(&self) -> Result<Option<Header>, CursorError> {
        let mut bytes = [0; HEADER_BYTES];
        self.read(self.offset, &mut bytes)?;
        Ok(Header::read(&bytes).ok())
    }

    fn batch(&self, header: &Header) -> Result<Batch, CursorError> {
        let mut bytes = vec![0; HEADER_BYTES.saturating_add(header.length)];
        self.read(self.offset, &mut bytes)?;
        let (_, batch) = batch::decode(&bytes).map_err(|e| self.unreadable(&e.to_string()))?;
        Ok(batch)
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, CursorError> {
        let Some((name, file)) = &self.segment else {
            return Ok(0);
        };
        read_fully(file, offset, buffer).map_err(|source: io::Error| {
            CursorError::Open(OpenError::Io {
                file: name.clone(),
                source,
            })
        })
    }

    fn unreadable(&self, reason: &str) -> CursorError {
        let file = self
            .segment
            .as_ref()
            .map(|(name, _)| name.clone())
            .unwrap_or_default();
        CursorError::Batch {
            file,
            offset: self.offset,
            sequence: self.next_sequence,
            reason: reason.to_owned(),
        }
    }
}
