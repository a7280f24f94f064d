//! Streams of frames, and files of them in blocks of 1,014 bytes.
//!
//! Must never hold more of a stream than one frame and a piece of its file.

use std::io::{self, BufRead, Read};

use bytes::{Buf as _, Bytes, BytesMut};
use codec::{Deblocker, FrameReader, Framing};

use super::Failure;
use super::source::{Place, Visit, go_on, told};

/// Takes exactly one frame off its length header.
pub(crate) fn unframe(framing: Framing, bytes: &[u8]) -> Result<Bytes, Failure> {
    let not_good = |text: &str| Failure::Message(format!("length header: {text}"));
    let mut reader = FrameReader::new(framing);
    let room = reader.spare().get_mut(..bytes.len());
    room.ok_or_else(|| not_good("expected one frame, found more bytes"))?
        .copy_from_slice(bytes);
    reader.filled(bytes.len());
    match reader.next_frame() {
        Err(lost) => Err(not_good(&lost.to_string())),
        Ok(None) => Err(not_good("announces more bytes than there are")),
        Ok(Some(_)) if reader.has_partial_frame() => {
            Err(not_good("announces fewer bytes than there are"))
        }
        Ok(Some(frame)) => Ok(frame),
    }
}

/// What ends a stream of frames.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The end of the input; empty frames are polls.
    OfInput,
    /// An empty frame; fill stands behind it.
    EmptyFrame,
}

/// A file that is not in blocks is no failure of the machine.
fn unread(error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::InvalidData {
        return Failure::Message(format!("input: {error}"));
    }
    Failure::Usage(anyhow::Error::new(error).context("input"))
}

/// Gives the message of each frame to `visit`; polls are passed over.
pub(crate) fn each_frame(
    framing: Framing,
    end: End,
    input: &mut dyn BufRead,
    visit: Visit<'_>,
) -> Result<(), Failure> {
    let mut reader = FrameReader::new(framing);
    let (mut number, mut offset, mut failed) = (0_u64, 0_u64, false);
    loop {
        let place = |number: u64, offset| Place::Frame(number.saturating_add(1), offset);
        let frame = reader.next_whole_frame();
        let frame =
            frame.map_err(|lost| Failure::Message(format!("{}: {lost}", place(number, offset))))?;
        let Some(frame) = frame else {
            let count = input.read(reader.spare()).map_err(unread)?;
            reader.filled(count);
            if count > 0 {
                continue;
            }
            if reader.has_partial_frame() {
                let place = place(number, offset);
                return Err(Failure::Message(format!(
                    "{place}: the input ends inside of it"
                )));
            }
            return told(failed);
        };
        if end == End::EmptyFrame && frame.body.is_empty() {
            return told(failed);
        }
        let trailer = usize::from(framing.trailer.is_some());
        let bytes = framing.length_bytes() + frame.header.len() + frame.body.len() + trailer;
        if frame.control == 0 && !frame.body.is_empty() {
            let place = place(number, offset);
            go_on(place, visit(place, frame.body), &mut failed)?;
        }
        number = number.saturating_add(1);
        offset = offset.saturating_add(bytes.try_into().unwrap_or(u64::MAX));
    }
}

/// The data of a file in blocks.
pub(crate) struct Deblocked<R> {
    file: R,
    deblocker: Deblocker,
    /// Data that was read and not given yet.
    data: BytesMut,
}

impl<R: BufRead> Deblocked<R> {
    pub(crate) fn new(file: R) -> Self {
        Self {
            file,
            deblocker: Deblocker::new(),
            data: BytesMut::new(),
        }
    }
}

impl<R: BufRead> Read for Deblocked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // A piece of the file may hold nothing but the end of a block.
        while self.data.is_empty() {
            let piece = self.file.fill_buf()?;
            if piece.is_empty() {
                return Ok(0);
            }
            let count = piece.len();
            let pushed = self.deblocker.push(piece, &mut self.data);
            self.file.consume(count);
            pushed.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        }
        let count = self.data.len().min(buffer.len());
        let (room, _) = buffer.split_at_mut_checked(count).unwrap_or_default();
        self.data.copy_to_slice(room);
        Ok(count)
    }
}
