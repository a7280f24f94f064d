//! Where one message ends in a stream of bytes: writing.
//!
//! Owns the framing of one network: length in front, header, trailer. Must never look into a message.

mod blocks;
mod header;
mod length;

use bytes::{BufMut as _, BytesMut};

pub use blocks::{Blocker, Deblocker, NotBlocked};
pub use header::{Header, HeaderBytes, HeaderForm, InvalidVisaHeader, VisaHeader};
pub(crate) use length::LengthFault;
pub use length::{LengthForm, LengthHeader};

/// The framing of one network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Framing {
    /// What stands in front of each frame to say how long it is.
    pub length_header: LengthHeader,
    /// What stands between the length and the message.
    pub header: Header,
    /// The byte that ends each frame; the length counts it.
    pub trailer: Option<u8>,
    /// Longest frame accepted or sent, in bytes behind the length: header, message and trailer.
    pub maximum_frame_bytes: usize,
}

/// A message longer than a frame may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a frame of at most {maximum} bytes, found {found}")]
pub struct FrameTooLong {
    /// Longest frame, in bytes.
    pub maximum: usize,
    /// Bytes of the frame.
    pub found: usize,
}

impl Framing {
    /// A framing of nothing but a length.
    pub const fn new(length_header: LengthHeader, maximum_frame_bytes: usize) -> Self {
        Self {
            length_header,
            header: Header::NONE,
            trailer: None,
            maximum_frame_bytes,
        }
    }

    /// Bytes of the length header.
    pub const fn length_bytes(&self) -> usize {
        self.length_header.length_bytes()
    }

    /// Writes one frame: calls `body`, which may only append to `out`, after room for the length and the dialect's own
    /// header; then the trailer; then fills the length in. Nothing of it is in `out` after an error.
    ///
    /// # Errors
    /// What `body` gave, or [`FrameTooLong`].
    pub fn write<E: From<FrameTooLong>>(
        &self,
        out: &mut BytesMut,
        body: impl FnOnce(&mut BytesMut) -> Result<(), E>,
    ) -> Result<(), E> {
        self.write_behind(out, self.header.template, body)
    }

    /// Writes one frame like [`write`](Self::write), with the header that answers the header of a request: addresses
    /// swapped, everything else kept.
    ///
    /// # Errors
    /// What `body` gave, or [`FrameTooLong`].
    pub fn write_reply<E: From<FrameTooLong>>(
        &self,
        out: &mut BytesMut,
        request_header: &[u8],
        body: impl FnOnce(&mut BytesMut) -> Result<(), E>,
    ) -> Result<(), E> {
        self.write_behind(out, self.header.reply(request_header), body)
    }

    /// Writes one frame that gives a message back as rejected, with the header it came with; `false`, and nothing
    /// written, where the network has no header for that.
    ///
    /// # Errors
    /// [`FrameTooLong`].
    pub fn write_rejection(
        &self,
        out: &mut BytesMut,
        code: u16,
        header: &[u8],
        body: &[u8],
    ) -> Result<bool, FrameTooLong> {
        let Some(rejection) = self.header.rejection(code) else {
            return Ok(false);
        };
        self.write_behind(out, rejection, |out| {
            out.put_slice(header);
            out.put_slice(body);
            Ok(())
        })
        .map(|()| true)
    }

    fn write_behind<E: From<FrameTooLong>>(
        &self,
        out: &mut BytesMut,
        header: HeaderBytes,
        body: impl FnOnce(&mut BytesMut) -> Result<(), E>,
    ) -> Result<(), E> {
        let before = out.len();
        let frame_start = before.saturating_add(self.length_bytes());
        out.put_bytes(0, self.length_bytes());
        out.put_slice(header.as_slice());
        let written = body(out).and_then(|()| {
            out.put_slice(self.trailer.as_slice());
            let found = out.len().saturating_sub(frame_start);
            let (room, frame) = out
                .get_mut(before..)
                .and_then(|whole| whole.split_at_mut_checked(self.length_bytes()))
                .unwrap_or_default();
            let fits = found <= self.maximum_frame_bytes
                && self.header.announce(frame)
                && self.length_header.write(room, found);
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

    const FRAMING: Framing = Framing::new(LengthHeader::BINARY_2, 300);

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
