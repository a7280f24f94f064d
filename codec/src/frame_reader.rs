//! Where one message ends in a stream of bytes: reading.
//!
//! Owns the read buffer of a link. Must never grow it, and never leave the bytes of a frame in it once the frame was
//! given out: they hold tracks and PIN blocks.

use std::fmt;

use bytes::Bytes;
use zeroize::{Zeroize as _, Zeroizing};

use crate::framing::Framing;

/// Smallest read buffer in bytes, so that one read takes many short frames.
const SMALLEST_BUFFER: usize = 16 * 1024;

/// Cuts a stream into frames, without IO: the shell reads into [`spare`](Self::spare), says how much with
/// [`filled`](Self::filled), and takes frames with [`next_frame`](Self::next_frame) until there is none.
///
/// One buffer of fixed size per link. A frame given out is copied once, into memory that is zeroized when its last
/// [`Bytes`] handle drops; its place in the buffer is wiped.
pub struct FrameReader {
    framing: Framing,
    buffer: Zeroizing<Vec<u8>>,
    /// First byte not given out yet.
    start: usize,
    /// Behind the last byte filled.
    end: usize,
}

/// The stream announces a frame longer than the maximum: what follows cannot be cut any more, the link must be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a frame of {declared} bytes is announced, at most {maximum} are accepted")]
pub struct FramingLost {
    /// Length that the header announces, in bytes.
    pub declared: usize,
    /// Longest frame accepted, in bytes.
    pub maximum: usize,
}

impl FrameReader {
    /// A reader with an empty buffer that holds at least one frame of maximum length.
    pub fn new(framing: Framing) -> Self {
        let one_frame = framing
            .maximum_frame_bytes
            .saturating_add(framing.length_bytes());
        let size = one_frame.max(SMALLEST_BUFFER);
        Self {
            framing,
            buffer: Zeroizing::new(vec![0; size]),
            start: 0,
            end: 0,
        }
    }

    /// Where to read the next bytes into. Never empty once [`next_frame`](Self::next_frame) has given `None`.
    pub fn spare(&mut self) -> &mut [u8] {
        self.make_room();
        self.buffer.get_mut(self.end..).unwrap_or_default()
    }

    /// Says that the first `count` bytes of the last [`spare`](Self::spare) were filled.
    pub fn filled(&mut self, count: usize) {
        self.end = self.end.saturating_add(count).min(self.buffer.len());
    }

    /// The next complete frame without its header, or `None` when more bytes are needed. A poll (length zero) is
    /// given as an empty frame.
    ///
    /// # Errors
    /// [`FramingLost`] when the announced length exceeds the maximum; from then on always.
    pub fn next_frame(&mut self) -> Result<Option<Bytes>, FramingLost> {
        let header = self.framing.length_header;
        let maximum = self.framing.maximum_frame_bytes;
        let waiting = self
            .buffer
            .get_mut(self.start..self.end)
            .unwrap_or_default();
        let Some(declared) = header.read(waiting) else {
            return Ok(None);
        };
        if declared > maximum {
            return Err(FramingLost { declared, maximum });
        }
        let length = header.length_bytes().saturating_add(declared);
        let Some(taken) = waiting.get_mut(..length) else {
            return Ok(None);
        };
        let body = taken.get(header.length_bytes()..).unwrap_or_default();
        let frame = match declared {
            0 => Bytes::new(),
            _ => Bytes::from_owner(Zeroizing::new(body.to_vec())),
        };
        taken.zeroize();
        self.start = self.start.saturating_add(length);
        Ok(Some(frame))
    }

    /// Whether bytes of an unfinished frame are waiting.
    pub fn has_partial_frame(&self) -> bool {
        self.start < self.end
    }

    /// Moves what is waiting to the front when little is free behind it, and wipes where it was.
    fn make_room(&mut self) {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            return;
        }
        let free = self.buffer.len().saturating_sub(self.end);
        if self.start == 0 || free >= self.buffer.len() / 2 {
            return;
        }
        let waiting = self.end.saturating_sub(self.start);
        self.buffer.copy_within(self.start..self.end, 0);
        if let Some(old) = self.buffer.get_mut(waiting..self.end) {
            old.zeroize();
        }
        self.start = 0;
        self.end = waiting;
    }
}

impl fmt::Debug for FrameReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameReader")
            .field("framing", &self.framing)
            .field("waiting_bytes", &self.end.saturating_sub(self.start))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framing::LengthHeader;

    const FRAMING: Framing = Framing {
        length_header: LengthHeader::Binary2,
        maximum_frame_bytes: 8192,
    };

    fn feed(reader: &mut FrameReader, bytes: &[u8]) {
        let spare = reader.spare();
        spare[..bytes.len()].copy_from_slice(bytes);
        reader.filled(bytes.len());
    }

    #[test]
    fn a_poll_is_an_empty_frame_and_frames_come_in_order() {
        let mut reader = FrameReader::new(FRAMING);
        feed(&mut reader, b"\0\0\0\x03one\0\x05ha");
        assert_eq!(reader.next_frame(), Ok(Some(Bytes::new())));
        assert_eq!(reader.next_frame(), Ok(Some(Bytes::from_static(b"one"))));
        assert_eq!(reader.next_frame(), Ok(None));
        assert!(reader.has_partial_frame());
        feed(&mut reader, b"lf!");
        assert_eq!(reader.next_frame(), Ok(Some(Bytes::from_static(b"half!"))));
        assert!(!reader.has_partial_frame());
    }

    #[test]
    fn half_a_header_is_a_partial_frame() {
        let mut reader = FrameReader::new(FRAMING);
        feed(&mut reader, b"\0");
        assert_eq!(reader.next_frame(), Ok(None));
        assert!(reader.has_partial_frame());
    }

    #[test]
    fn too_long_a_frame_loses_the_framing_for_good() {
        let mut reader = FrameReader::new(FRAMING);
        feed(&mut reader, &[0x20, 0x01]);
        let lost = Err(FramingLost {
            declared: 8193,
            maximum: 8192,
        });
        assert_eq!(reader.next_frame(), lost);
        assert_eq!(reader.next_frame(), lost);
    }

    #[test]
    fn the_buffer_keeps_nothing_of_a_frame_given_out() {
        let mut reader = FrameReader::new(FRAMING);
        let long = vec![b'7'; 8192];
        for _ in 0..5 {
            feed(&mut reader, &[0x20, 0x00]);
            feed(&mut reader, &long);
            feed(&mut reader, b"\0");
            assert_eq!(reader.next_frame().unwrap().unwrap(), long);
            feed(&mut reader, b"\x017");
            assert_eq!(reader.next_frame().unwrap().unwrap().len(), 1);
            assert!(reader.buffer.iter().all(|byte| *byte == 0), "wiped");
        }
    }

    #[test]
    fn a_maximum_frame_always_finds_room() {
        let mut reader = FrameReader::new(FRAMING);
        feed(
            &mut reader,
            &[&[0, 1, b'x', 0x20, 0][..], &[b'y'; 8000]].concat(),
        );
        assert!(reader.next_frame().unwrap().is_some());
        assert_eq!(reader.next_frame(), Ok(None));
        let mut missing = 192;
        while missing > 0 {
            let spare = reader.spare();
            assert!(!spare.is_empty());
            spare[0] = b'y';
            reader.filled(1);
            missing -= 1;
        }
        assert_eq!(reader.next_frame().unwrap().unwrap(), vec![b'y'; 8192]);
    }
}
