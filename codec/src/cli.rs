//! What the subcommands share: how they fail, and their output.
//!
//! Must never put input into an error: it may hold a card secret.

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod decode;
pub(crate) mod describe;
pub(crate) mod detect;
pub(crate) mod dialects;
pub(crate) mod diff;
pub(crate) mod encode;
pub(crate) mod frames;
pub(crate) mod framing;
pub(crate) mod import;
pub(crate) mod pcap;
pub(crate) mod source;
pub(crate) mod table;
pub(crate) mod text;

use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write};

use anyhow::{Context as _, anyhow};
use codec::describe::Shown;
use codec::{Dialect, Element, Undecodable};

/// Why the command failed; decides its exit code.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was looked at is not good.
    Message(String),
    /// The same, and it was said already.
    Told,
    /// The command line, the dialect or a stream is not good.
    Usage(anyhow::Error),
    /// Nobody reads the output any more.
    OutputClosed,
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Usage(error)
    }
}

impl From<codec::DialectError> for Failure {
    fn from(error: codec::DialectError) -> Self {
        Self::Usage(error.into())
    }
}

/// Standard output.
pub(crate) struct Output(BufWriter<StdoutLock<'static>>);

impl Output {
    pub(crate) fn new() -> Self {
        Self(BufWriter::new(io::stdout().lock()))
    }

    /// One line.
    pub(crate) fn line(&mut self, line: &str) -> Result<(), Failure> {
        self.bytes(line.as_bytes())?;
        self.bytes(b"\n")
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.0.write_all(bytes).map_err(output_failed)
    }

    /// Lets everything through that was printed.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.0.flush().map_err(output_failed)
    }
}

fn output_failed(error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Failure::OutputClosed
    } else {
        Failure::Usage(anyhow::Error::new(error).context("standard output"))
    }
}

/// Says something beside the output.
pub(crate) fn tell(text: &str) {
    // Nothing is left to tell it to when standard error is closed.
    drop(writeln!(io::stderr().lock(), "iso8583: {text}"));
}

/// Whether sensitive values are shown: to a person at a terminal only.
pub(crate) fn shown(reveal: bool) -> Result<Shown, Failure> {
    if !reveal {
        return Ok(Shown::Masked);
    }
    if !io::stdout().is_terminal() {
        return Err(anyhow!(
            "--reveal shows card secrets: only when standard output is a terminal"
        )
        .into());
    }
    tell("warning: card secrets are shown in clear; clear the screen and its history afterwards");
    Ok(Shown::Clear)
}

/// The error, with the name of the element in words.
pub(crate) fn undecodable(dialect: &Dialect, undecodable: &Undecodable) -> String {
    let element = undecodable.error.element;
    with_name(dialect, element, undecodable.to_string())
}

/// An error with the name of its element.
pub(crate) fn with_name(dialect: &Dialect, element: Option<Element>, text: String) -> String {
    match element.and_then(|element| dialect.element_name(element)) {
        Some(name) => format!("{text} ({name})"),
        None => text,
    }
}

/// One line of JSON.
pub(crate) fn json<T: serde::Serialize>(value: &T) -> Result<zeroize::Zeroizing<String>, Failure> {
    let json = serde_json::to_string(value).context("JSON")?;
    Ok(zeroize::Zeroizing::new(json))
}
