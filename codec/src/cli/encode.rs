//! `iso8583 encode`: JSON in, messages out.
//!
//! Must never repeat the input in an error: the JSON reader's own texts quote values, so only its position is used.

use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use bytes::BytesMut;
use clap::{Args, ValueEnum};
use codec::describe;
use codec::structure::Text;
use codec::{Blocker, Dialect, Element, EncodeError, Framing, Mti};
use serde::Deserialize;

use super::dialects::DialectOption;
use super::source::{Frames, go_on, open, told};
use super::text::{to_base64, to_hex};
use super::{Failure, Output, with_name};

mod document;

use document::Fields;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    dialect: DialectOption,
    /// File with JSON objects as `decode` prints them; `-`, or nothing, is standard input.
    #[arg(value_name = "INPUT")]
    input: Option<PathBuf>,
    #[command(flatten)]
    frames: Frames,
    /// How messages are written: text in lines, or bytes (of a stream, say a framing).
    #[arg(long, value_name = "FORM", default_value = "hex")]
    to: OutputForm,
    /// Write a file of frames in blocks of 1,014 bytes, as clearing files are; with `--to raw`.
    #[arg(long)]
    blocked: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OutputForm {
    /// Hexadecimal.
    Hex,
    /// Base64.
    Base64,
    /// Bytes.
    Raw,
}

/// What `decode` prints.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    mti: String,
    fields: Fields,
}

/// Encodes messages and prints them.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let dialect = arguments.dialect.load()?;
    let framing = arguments.frames.of(&dialect);
    let framing = framing.or_else(|| arguments.blocked.then(|| dialect.framing()));
    let mut printer = Printer::new(arguments)?;
    let input = arguments.input.as_deref().unwrap_or_else(|| Path::new("-"));
    let reader = BufReader::new(open(input)?);
    let documents = serde_json::Deserializer::from_reader(reader).into_iter::<Document>();
    let (mut failed, mut count) = (false, 0_u64);
    let mut only = Ok(());
    for document in documents {
        let document = document.map_err(|error| {
            Failure::Message(format!(
                "input: expected {{\"mti\": \"0100\", \"fields\": {{\"2\": \"...\"}}}}, found otherwise at line {} column {}",
                error.line(),
                error.column()
            ))
        });
        let broken = document.is_err();
        let done = document
            .and_then(|document| encode(&dialect, &document, framing))
            .and_then(|bytes| printer.message(&bytes));
        count += 1;
        // The first one is told with its place once it is not the only one.
        let before = std::mem::replace(&mut only, Ok(()));
        if count == 2 {
            go_on("message 1", before, &mut failed)?;
        }
        if count == 1 {
            only = done;
        } else {
            go_on(format!("message {count}"), done, &mut failed)?;
        }
        // What stands behind broken JSON cannot be told apart.
        if broken {
            break;
        }
    }
    printer.end()?;
    only?;
    if count == 0 {
        return Err(Failure::Message(
            "input: expected {\"mti\": \"0100\", \"fields\": {\"2\": \"...\"}}, found nothing"
                .to_owned(),
        ));
    }
    told(failed)
}

/// Where the messages go.
struct Printer {
    output: Output,
    form: OutputForm,
    blocker: Option<Blocker>,
}

impl Printer {
    fn new(arguments: &Arguments) -> Result<Self, Failure> {
        if arguments.blocked && arguments.to != OutputForm::Raw {
            return Err(anyhow!("--blocked writes bytes: say --to raw").into());
        }
        Ok(Self {
            output: Output::new(),
            form: arguments.to,
            blocker: arguments.blocked.then(Blocker::new),
        })
    }

    fn message(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if let Some(blocker) = &mut self.blocker {
            let mut blocks = BytesMut::new();
            blocker.push(bytes, &mut blocks);
            return self.output.bytes(&blocks);
        }
        match self.form {
            OutputForm::Hex => self.output.line(&to_hex(bytes)),
            OutputForm::Base64 => self.output.line(&to_base64(bytes)),
            OutputForm::Raw => self.output.bytes(bytes),
        }
    }

    fn end(mut self) -> Result<(), Failure> {
        if let Some(blocker) = self.blocker {
            let mut blocks = BytesMut::new();
            blocker.finish(&mut blocks);
            self.output.bytes(&blocks)?;
        }
        self.output.flush()
    }
}

fn encode(
    dialect: &Dialect,
    document: &Document,
    framing: Option<Framing>,
) -> Result<BytesMut, Failure> {
    let mti: Mti = document
        .mti
        .parse()
        .map_err(|error| Failure::Message(format!("MTI: {error}")))?;
    let mut encoder = dialect.encoder(mti);
    for (key, value) in &document.fields.0 {
        let element = key.parse().ok().and_then(Element::new).ok_or_else(|| {
            Failure::Message("fields: a key is not a data element: expected 2 to 192".into())
        })?;
        match value {
            Text::Value(value) => {
                encoder.set(element, value);
            }
            Text::Parts(_) => {
                let structure = describe::structure(dialect, element).ok_or_else(|| {
                    let text = format!(
                        "{element}: expected a string: the dialect has no structure for it"
                    );
                    Failure::Message(with_name(dialect, Some(element), text))
                })?;
                let bytes = structure.build_text(value).map_err(|error| {
                    let text = format!("{element}: its parts: {error}");
                    Failure::Message(with_name(dialect, Some(element), text))
                })?;
                encoder.set_inner_bytes(element, &bytes);
            }
        }
    }
    let mut out = BytesMut::new();
    let written = match framing {
        Some(framing) => framing.write(&mut out, |out| encoder.write(out)),
        // What is too long for a frame is refused without one too.
        None => dialect
            .framing()
            .write(&mut BytesMut::new(), |out| encoder.write(out))
            .and_then(|()| encoder.write(&mut out)),
    };
    written.map_err(|error: EncodeError| {
        Failure::Message(with_name(dialect, error.element, error.to_string()))
    })?;
    Ok(out)
}
