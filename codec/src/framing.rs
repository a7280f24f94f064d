//! Where one message ends in a stream of bytes: writing.
//!
//! Owns the length header. Must never look into a message.

use bytes::BytesMut;

/// How the length of a frame is written in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LengthHeader {
    /// Two bytes, big-endian, not counting themselves.
    Binary2,
}

impl LengthHeader {
    /// Bytes of the header.
    pub const fn length_bytes(self) -> usize {
        match self {
            Self::Binary2 => 2,
        }
    }

    /// Longest frame that the header can announce, in bytes.
    pub const fn longest_frame_bytes(self) -> usize {
        match self {
            Self::Binary2 => 0xFFFF,
        }
    }

    /// The length that a header announces; `None` while it is not complete.
    pub(crate) fn read(self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Binary2 => match bytes {
                [high, low, ..] => Some(usize::from(u16::from_be_bytes([*high, *low]))),
                _ => None,
            },
        }
    }

    /// Writes a length into the bytes kept free for it; `false` when it does not fit.
    fn write(self, room: &mut [u8], length: usize) -> bool {
        match self {
            Self::Binary2 => match (room, u16::try_from(length)) {
                ([high, low], Ok(length)) => {
                    [*high, *low] = length.to_be_bytes();
                    true
                }
                _ => false,
            },
        }
    }
}

/// The framing of one network: its length header and its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Framing {
    /// What stands in front of each frame.
    pub length_header: LengthHeader,
    /// Longest frame accepted or sent, in bytes without the header.
    pub maximum_frame_bytes: usize,
}

/// A message longer than a frame may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a frame of at most {maximum} bytes, found {found}")]
pub struct FrameTooLong {
    /// Longest frame, in bytes.
    pub maximum: usize,
    /// Bytes of the message.
    pub found: usize,
}

impl Framing {
    /// Bytes of the length header.
    pub const fn length_bytes(&self) -> usize {
        self.length_header.length_bytes()
    }

    /// Writes one frame: calls `body`, which may only append to `out`, after room for the length; then fills the
    /// length in. Nothing of it is in `out` after an error.
    ///
    /// # Errors
    /// What `body` gave, or [`FrameTooLong`].
    pub fn write<E: From<FrameTooLong>>(
        &self,
        out: &mut BytesMut,
        body: impl FnOnce(&mut BytesMut) -> Result<(), E>,
    ) -> Result<(), E> {
        let before = out.len();
        let body_start = before.saturating_add(self.length_bytes());
        out.resize(body_start, 0);
        let written = body(out).and_then(|()| {
            let found = out.len().saturating_sub(body_start);
            let fits = found <= self.maximum_frame_bytes
                && out
                    .get_mut(before..body_start)
                    .is_some_and(|room| self.length_header.write(room, found));
            if fits {
                Ok(())
            } else {
                Err(FrameTooLong {
                    maximum: self.maximum_frame_bytes,
                    found,
                }
                .into())
            }
        });
        if written.is_err() {
            out.truncate(before);
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAMING: Framing = Framing {
        length_header: LengthHeader::Binary2,
        maximum_frame_bytes: 300,
    };

    #[derive(Debug, PartialEq)]
    enum Failure {
        Body,
        Long(FrameTooLong),
    }

    impl From<FrameTooLong> for Failure {
        fn from(error: FrameTooLong) -> Self {
            Self::Long(error)
        }
    }

    fn append(bytes: usize) -> impl FnOnce(&mut BytesMut) -> Result<(), Failure> {
        move |out| {
            out.resize(out.len() + bytes, b'x');
            Ok(())
        }
    }

    #[test]
    fn length_is_big_endian_and_does_not_count_itself() {
        let mut out = BytesMut::from(&b"before"[..]);
        FRAMING.write(&mut out, append(258)).unwrap();
        assert_eq!(&out[..8], b"before\x01\x02");
        assert_eq!(out.len(), 6 + 2 + 258);
    }

    #[test]
    fn an_error_leaves_the_buffer_as_it_was() {
        let mut out = BytesMut::from(&b"before"[..]);
        let long = FRAMING.write(&mut out, append(301));
        assert_eq!(
            long,
            Err(Failure::Long(FrameTooLong {
                maximum: 300,
                found: 301
            }))
        );
        assert_eq!(&out[..], b"before");
        let failed = FRAMING.write(&mut out, |out| {
            out.extend_from_slice(b"half");
            Err(Failure::Body)
        });
        assert_eq!(failed, Err(Failure::Body));
        assert_eq!(&out[..], b"before");
        let wide = Framing {
            maximum_frame_bytes: 100_000,
            ..FRAMING
        };
        let unwritable = wide.write(&mut out, append(65_536));
        assert!(
            matches!(unwritable, Err(Failure::Long(_))),
            "{unwritable:?}"
        );
        assert_eq!(&out[..], b"before");
    }
}
