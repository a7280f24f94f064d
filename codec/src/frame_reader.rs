//! Where one message ends in a stream of bytes: reading.
//!
//! Owns the read buffer of a link. Must never grow it, and never leave the bytes of a frame in it once the frame was
//! given out: they hold tracks and PIN blocks.

use std::fmt;

use bytes::Bytes;
use zeroize::{Zeroize as _, Zeroizing};

use crate::framing::{Framing, LengthFault, LengthForm};

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
    /// Bytes behind `start` that were searched for a trailer without success.
    searched: usize,
}

/// One frame taken off its length and trailer.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// The header; empty in a framing without one.
    pub header: Bytes,
    /// The message; empty in a poll.
    pub body: Bytes,
    /// The control bytes beside the length as one number: zero for a message. Another frame than a message has no
    /// header, and its body is the network's own business.
    pub control: u64,
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("header_bytes", &self.header.len())
            .field("body_bytes", &self.body.len())
            .field("control", &self.control)
            .finish()
    }
}

/// Why the stream cannot be cut any more: the link must be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FramingLost {
    /// A frame longer than the maximum.
    #[error("a frame of {declared} bytes is announced, at most {maximum} are accepted")]
    TooLong {
        /// Length that the header announces, or bytes that came without a trailer.
        declared: usize,
        /// Longest frame accepted, in bytes.
        maximum: usize,
    },
    /// The length is not of its digits.
    #[error("the length of a frame is not a number")]
    NoLength,
    /// A length that counts itself is less than that.
    #[error("a length of {declared} bytes is announced, which counts {expected} bytes of its own")]
    BelowItself {
        /// Length that the header announces.
        declared: usize,
        /// Bytes of the length header.
        expected: usize,
    },
    /// The frame does not begin with the network's header.
    #[error("a frame does not begin with the header of the network")]
    NoHeader,
    /// The frame does not end with the network's trailer.
    #[error("a frame does not end with the trailer of the network")]
    NoTrailer,
}

/// Where the next frame lies among the waiting bytes.
struct Cut {
    /// Bytes of the length header.
    before: usize,
    /// Bytes behind it, the trailer included.
    declared: usize,
    control: u64,
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
            searched: 0,
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

    /// The message of the next complete frame, without length, header and trailer, or `None` when more bytes are
    /// needed. A poll (length zero) and a frame of control are given as an empty one.
    ///
    /// # Errors
    /// [`FramingLost`] when the stream cannot be cut; from then on always.
    pub fn next_frame(&mut self) -> Result<Option<Bytes>, FramingLost> {
        let frame = self.next_whole_frame()?;
        Ok(frame.map(|frame| match frame.control {
            0 => frame.body,
            _ => Bytes::new(),
        }))
    }

    /// The next complete frame with its header, for links whose replies mirror it.
    ///
    /// # Errors
    /// [`FramingLost`] when the stream cannot be cut; from then on always.
    pub fn next_whole_frame(&mut self) -> Result<Option<Frame>, FramingLost> {
        let Some(cut) = self.cut()? else {
            return Ok(None);
        };
        let framing = self.framing;
        let waiting = self
            .buffer
            .get_mut(self.start..self.end)
            .unwrap_or_default();
        let length = cut.before.saturating_add(cut.declared);
        let Some(taken) = waiting.get_mut(..length) else {
            return Ok(None);
        };
        let content = taken.get(cut.before..).unwrap_or_default();
        let frame = match split(&framing, content, cut.control)? {
            None => Frame {
                header: Bytes::new(),
                body: Bytes::new(),
                control: cut.control,
            },
            Some((kept, header_bytes)) => {
                let mut body = Bytes::from_owner(Zeroizing::new(kept.to_vec()));
                let header = body.split_to(header_bytes);
                Frame {
                    header,
                    body,
                    control: cut.control,
                }
            }
        };
        taken.zeroize();
        self.start = self.start.saturating_add(length);
        self.searched = 0;
        Ok(Some(frame))
    }

    /// Finds the next frame; `None` while its length is not known.
    fn cut(&mut self) -> Result<Option<Cut>, FramingLost> {
        let maximum = self.framing.maximum_frame_bytes;
        let waiting = self.buffer.get(self.start..self.end).unwrap_or_default();
        let cut = if self.framing.length_header.form == LengthForm::None {
            let fresh = waiting.get(self.searched..).unwrap_or_default();
            match fresh
                .iter()
                .position(|byte| Some(*byte) == self.framing.trailer)
            {
                Some(at) => Some(Cut {
                    before: 0,
                    declared: self.searched.saturating_add(at).saturating_add(1),
                    control: 0,
                }),
                None => {
                    self.searched = waiting.len();
                    if waiting.len() < maximum {
                        return Ok(None);
                    }
                    let declared = waiting.len().saturating_add(1);
                    return Err(FramingLost::TooLong { declared, maximum });
                }
            }
        } else {
            self.announced(waiting)?
        };
        match cut {
            Some(Cut { declared, .. }) if declared > maximum => {
                Err(FramingLost::TooLong { declared, maximum })
            }
            cut => Ok(cut),
        }
    }

    fn announced(&self, waiting: &[u8]) -> Result<Option<Cut>, FramingLost> {
        let header = self.framing.length_header;
        match header.read(waiting) {
            None => Ok(None),
            Some(Ok(announced)) => Ok(Some(Cut {
                before: header.length_bytes(),
                declared: announced.declared,
                control: announced.control,
            })),
            Some(Err(LengthFault::NotDigits)) => Err(FramingLost::NoLength),
            Some(Err(LengthFault::BelowItself { declared })) => Err(FramingLost::BelowItself {
                declared,
                expected: header.length_bytes(),
            }),
        }
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
            self.searched = 0;
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

/// Takes the trailer off a frame and finds the end of its header. `None` for a poll.
fn split<'a>(
    framing: &Framing,
    content: &'a [u8],
    control: u64,
) -> Result<Option<(&'a [u8], usize)>, FramingLost> {
    if content.is_empty() {
        return Ok(None);
    }
    let kept = match framing.trailer {
        None => content,
        Some(trailer) => match content.split_last() {
            Some((last, kept)) if *last == trailer => kept,
            _ => return Err(FramingLost::NoTrailer),
        },
    };
    if kept.is_empty() {
        return Ok(None);
    }
    if control != 0 {
        return Ok(Some((kept, 0)));
    }
    let header_bytes = framing
        .header
        .length_in(kept)
        .ok_or(FramingLost::NoHeader)?;
    Ok(Some((kept, header_bytes)))
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

    const FRAMING: Framing = Framing::new(LengthHeader::BINARY_2, 8192);

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
        let lost = Err(FramingLost::TooLong {
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
