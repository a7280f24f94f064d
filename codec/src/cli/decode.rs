//! `iso8583 decode`: hexadecimal in, JSON out.
//!
//! Must never print a sensitive element in clear to anything but a terminal.

use std::io::IsTerminal as _;

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use codec::{Dialect, FrameReader, Framing, Message, Undecodable};
use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};
use zeroize::Zeroizing;

use super::{Failure, from_hex, print_line, read_input};
use crate::DecodeArguments;

/// Decodes one message and prints it.
pub(crate) fn run(arguments: DecodeArguments) -> Result<(), Failure> {
    if arguments.reveal && !std::io::stdout().is_terminal() {
        return Err(anyhow!(
            "--reveal shows card secrets: only when standard output is a terminal"
        )
        .into());
    }
    let dialect = Dialect::load(&arguments.dialect)?;
    let text = match arguments.hex {
        Some(hex) => Zeroizing::new(hex.into_bytes()),
        None => read_input()?,
    };
    let bytes = from_hex(&text)?;
    let frame = if arguments.framed {
        unframe(dialect.framing(), &bytes)?
    } else {
        Bytes::from_owner(bytes)
    };
    let message = dialect
        .decode(frame)
        .map_err(|undecodable| Failure::Message(describe(&dialect, &undecodable)))?;
    let view = View {
        dialect: &dialect,
        message: &message,
        reveal: arguments.reveal,
    };
    let json = Zeroizing::new(serde_json::to_string(&view).context("JSON")?);
    Ok(print_line(&json)?)
}

/// The error, with the name of the element in words.
fn describe(dialect: &Dialect, undecodable: &Undecodable) -> String {
    match undecodable
        .error
        .element
        .and_then(|element| dialect.element_name(element))
    {
        Some(name) => format!("{undecodable} ({name})"),
        None => undecodable.to_string(),
    }
}

/// Takes exactly one frame off its length header.
fn unframe(framing: Framing, bytes: &[u8]) -> Result<Bytes, Failure> {
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

/// A message as JSON: `{"mti": "0100", "fields": {"2": "..."}}`, elements ascending.
struct View<'a> {
    dialect: &'a Dialect,
    message: &'a Message,
    reveal: bool,
}

impl Serialize for View<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("mti", &self.message.mti().to_string())?;
        map.serialize_entry("fields", &Fields(self))?;
        map.end()
    }
}

struct Fields<'a>(&'a View<'a>);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let View {
            dialect,
            message,
            reveal,
        } = self.0;
        let mut map = serializer.serialize_map(None)?;
        for element in message.elements() {
            let value = message.value(element);
            let value = value.as_deref().unwrap_or_default();
            match dialect.sensitivity(element) {
                Some(sensitivity) if !reveal => {
                    map.serialize_entry(&element.number(), &sensitivity.mask(value))?;
                }
                _ => map.serialize_entry(&element.number(), value)?,
            }
        }
        map.end()
    }
}
