//! Where messages come from: the command line, files and standard input, as text or bytes, one or a stream of them.
//!
//! Owns the options of input and reading it piece by piece. Must never hold more of a stream than one message.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use bytes::Bytes;
use clap::Args;
use codec::{Dialect, Framing};
use zeroize::Zeroizing;

use super::frames::{Deblocked, End, each_frame, unframe};
use super::framing::FramingChoice;
use super::text::{self, Form};
use super::{Failure, tell};

/// Longest message, in bytes.
const LONGEST_MESSAGE: usize = 0xFFFF;
/// Longest text of one message: hexadecimal with white space.
const LONGEST_TEXT: usize = 1 << 20;
/// Bytes by which the form of an input is told.
const SAMPLE: usize = 1 << 16;

/// The options of input and framing.
#[derive(Debug, Args)]
pub(crate) struct Source {
    #[command(flatten)]
    pub(crate) input: Input,
    #[command(flatten)]
    frames: Frames,
    /// The input is a file of frames in blocks of 1,014 bytes, as clearing files are. A frame of length zero ends it.
    #[arg(long)]
    blocked: bool,
}

/// The options of input.
#[derive(Debug, Args)]
pub(crate) struct Input {
    /// File with a message in hexadecimal, base64 or bytes; `-`, or nothing, is standard input.
    #[arg(value_name = "INPUT")]
    pub(crate) file: Option<PathBuf>,
    /// The message in hexadecimal; `-` reads it from standard input. Other users of the machine may see it in the list
    /// of processes: prefer standard input for real cards.
    #[arg(long, value_name = "HEX", group = "given", conflicts_with = "file")]
    hex: Option<String>,
    /// The message in base64; `-` reads it from standard input.
    #[arg(long, value_name = "BASE64", group = "given", conflicts_with = "file")]
    base64: Option<String>,
    /// File with the bytes of a message, or of frames; `-` is standard input.
    #[arg(long, value_name = "FILE", group = "given", conflicts_with = "file")]
    raw: Option<PathBuf>,
    /// Each line of the input is a message.
    #[arg(long)]
    lines: bool,
}

/// The options of framing.
#[derive(Debug, Args)]
pub(crate) struct Frames {
    /// Messages begin with the dialect's length and header, and end with its trailer. Byte positions in errors do not
    /// count them. Of bytes (--raw) all frames are read.
    #[arg(long, conflicts_with = "framing")]
    framed: bool,
    /// The same with another framing: binary-2, ascii-4, visa, tpdu and others; a wrong name lists them.
    #[arg(long, value_name = "NAME", value_parser = FramingChoice::parse)]
    framing: Option<FramingChoice>,
}

impl Frames {
    /// What was asked for.
    pub(crate) fn of(&self, dialect: &Dialect) -> Option<Framing> {
        let choice = self
            .framing
            .or_else(|| self.framed.then_some(FramingChoice::Dialect));
        choice.map(|choice| choice.of(dialect))
    }
}

/// Which message of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The only one.
    Only,
    /// That of a line, from 1.
    Line(u64),
    /// That of a frame, from 1, beginning at a byte from 0.
    Frame(u64, u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Only => f.write_str("input"),
            Self::Line(line) => write!(f, "line {line}"),
            Self::Frame(number, offset) => write!(f, "frame {number} at byte {offset}"),
        }
    }
}

/// What is done with each message.
pub(crate) type Visit<'a> = &'a mut dyn FnMut(Place, Bytes) -> Result<(), Failure>;

impl Source {
    /// Gives each message to `visit`. In a stream a message that is not good is told and passed over.
    pub(crate) fn each(&self, dialect: &Dialect, visit: Visit<'_>) -> Result<(), Failure> {
        let framing = self.frames.of(dialect);
        if framing.is_some() || self.blocked {
            return self.each_of(dialect, framing, visit);
        }
        self.each_of(
            dialect,
            framing,
            &mut |place, bytes| match visit(place, bytes.clone()) {
                Err(Failure::Message(text)) if is_frame(dialect, &bytes) => Err(Failure::Message(
                    format!("{text}; --framed takes off the length and header in front"),
                )),
                done => done,
            },
        )
    }

    fn each_of(
        &self,
        dialect: &Dialect,
        framing: Option<Framing>,
        visit: Visit<'_>,
    ) -> Result<(), Failure> {
        let (form, mut reader) = self.input.open()?;
        if self.blocked {
            if form != Form::Raw {
                return Err(Failure::Message(
                    "input: expected the bytes of a file in blocks, found text; --raw takes them as they are".to_owned(),
                ));
            }
            let mut reader = BufReader::new(Deblocked::new(reader));
            let framing = framing.unwrap_or_else(|| dialect.framing());
            return each_frame(framing, End::EmptyFrame, &mut reader, visit);
        }
        if form != Form::Raw {
            return self.each_text(form, &mut reader, framing, visit);
        }
        if let Some(framing) = framing {
            return each_frame(framing, End::OfInput, &mut reader, visit);
        }
        if self.input.lines {
            return Err(Failure::Message(
                "input: expected lines of text, found bytes; --framing cuts a stream of bytes"
                    .to_owned(),
            ));
        }
        let bytes = read_at_most(&mut reader, LONGEST_MESSAGE)?;
        let Some(bytes) = bytes else {
            return Err(Failure::Message(format!(
                "input: expected a message of at most {LONGEST_MESSAGE} bytes, found more; --framing cuts a stream"
            )));
        };
        visit(Place::Only, Bytes::from_owner(bytes))
    }

    fn each_text(
        &self,
        form: Form,
        reader: &mut dyn BufRead,
        framing: Option<Framing>,
        visit: Visit<'_>,
    ) -> Result<(), Failure> {
        let message = |text: &[u8]| {
            let bytes = text::bytes(form, text).map_err(Failure::Message)?;
            match framing {
                Some(framing) => unframe(framing, &bytes),
                None => Ok(Bytes::from_owner(bytes)),
            }
        };
        if !self.input.lines {
            let text = read_at_most(reader, LONGEST_TEXT)?;
            let text = text.ok_or_else(|| {
                Failure::Message(format!(
                    "input: expected one message in at most {LONGEST_TEXT} characters, found more; --lines reads one \
                     from each line"
                ))
            })?;
            let filled = text.split(|byte| *byte == b'\n');
            let lines = filled.filter(|line| !line.trim_ascii().is_empty()).count();
            return match visit(Place::Only, message(&text)?) {
                Err(Failure::Message(text)) if lines > 1 => Err(Failure::Message(format!(
                    "{text}; the input has {lines} lines, taken as one message: --lines takes each as one"
                ))),
                done => done,
            };
        }
        let mut failed = false;
        let mut line = Zeroizing::new(Vec::new());
        for number in 1_u64.. {
            line.clear();
            let most = u64::try_from(LONGEST_TEXT).unwrap_or(u64::MAX);
            let count = reader
                .take(most)
                .read_until(b'\n', &mut line)
                .context("input")?;
            if count == 0 {
                break;
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            let place = Place::Line(number);
            if count == LONGEST_TEXT && !line.ends_with(b"\n") {
                return Err(Failure::Message(format!(
                    "{place}: expected at most {LONGEST_TEXT} characters"
                )));
            }
            let done = message(&line).and_then(|bytes| visit(place, bytes));
            go_on(place, done, &mut failed)?;
        }
        told(failed)
    }
}

impl Input {
    /// The bytes that the input begins with, and whether these are all: enough to tell what they are.
    pub(crate) fn beginning(&self) -> Result<(Bytes, bool), Failure> {
        let (form, mut reader) = self.open()?;
        let most = u64::try_from(LONGEST_TEXT).unwrap_or(u64::MAX);
        let mut content = Zeroizing::new(Vec::new());
        if form != Form::Raw && self.lines {
            while content.trim_ascii().is_empty() {
                content.clear();
                let mut line = reader.by_ref().take(most);
                if line.read_until(b'\n', &mut content).context("input")? == 0 {
                    break;
                }
            }
        } else {
            reader
                .by_ref()
                .take(most)
                .read_to_end(&mut content)
                .context("input")?;
        }
        let whole = content.len() < LONGEST_TEXT;
        let bytes = text::bytes(form, &content).map_err(Failure::Message)?;
        Ok((Bytes::from_owner(bytes), whole))
    }

    /// The form, and all bytes of the input, not read yet but for a sample.
    fn open(&self) -> Result<(Form, Box<dyn BufRead>), Failure> {
        let given = match (&self.hex, &self.base64) {
            (Some(hex), _) => Some((Form::Hex, hex)),
            (None, Some(base64)) => Some((Form::Base64, base64)),
            (None, None) => None,
        };
        if let Some((form, text)) = given {
            if text == "-" {
                return Ok((form, Box::new(BufReader::new(io::stdin()))));
            }
            let text = Zeroizing::new(text.clone().into_bytes());
            return Ok((form, Box::new(Cursor::new(Bytes::from_owner(text)))));
        }
        if let Some(file) = &self.raw {
            return Ok((Form::Raw, Box::new(BufReader::new(open(file)?))));
        }
        let mut reader = match &self.file {
            Some(file) => open(file)?,
            None => Box::new(io::stdin()),
        };
        let mut sample = Zeroizing::new(Vec::with_capacity(SAMPLE));
        let mut start = reader.by_ref().take(SAMPLE.try_into().unwrap_or(u64::MAX));
        start.read_to_end(&mut sample).context("input")?;
        let whole = sample.len() < SAMPLE;
        let looked_at = if self.lines {
            sample
                .split(|byte| *byte == b'\n')
                .find(|line| !line.trim_ascii().is_empty())
        } else {
            None
        };
        let complete = whole || looked_at.is_some();
        let form = text::form(looked_at.unwrap_or(&sample), complete).map_err(Failure::Message)?;
        let sample = Cursor::new(Bytes::from_owner(sample));
        Ok((form, Box::new(BufReader::new(sample.chain(reader)))))
    }
}

/// Whether a message of the dialect stands behind the length and header of its framing.
fn is_frame(dialect: &Dialect, bytes: &[u8]) -> bool {
    unframe(dialect.framing(), bytes).is_ok_and(|message| dialect.decode(message).is_ok())
}

/// Tells what is wrong with one message of a stream.
pub(crate) fn go_on(
    place: impl fmt::Display,
    done: Result<(), Failure>,
    failed: &mut bool,
) -> Result<(), Failure> {
    match done {
        Ok(()) => Ok(()),
        Err(Failure::Message(text)) => {
            tell(&format!("{place}: {text}"));
            *failed = true;
            Ok(())
        }
        Err(Failure::Told) => {
            *failed = true;
            Ok(())
        }
        Err(failure @ (Failure::Usage(_) | Failure::OutputClosed)) => Err(failure),
    }
}

/// The end of a stream.
pub(crate) fn told(failed: bool) -> Result<(), Failure> {
    if failed { Err(Failure::Told) } else { Ok(()) }
}

/// A file to read; `-` is standard input.
pub(crate) fn open(file: &Path) -> Result<Box<dyn Read + Send>, Failure> {
    if file == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    let opened = File::open(file);
    Ok(Box::new(
        opened.with_context(|| file.display().to_string())?,
    ))
}

/// Everything, or `None` when there is more.
pub(crate) fn read_at_most(
    reader: &mut dyn BufRead,
    most: usize,
) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    reader
        .take(limit)
        .read_to_end(&mut bytes)
        .context("input")?;
    Ok((bytes.len() <= most).then_some(bytes))
}
