//! What the subcommands share: how they fail, and their input and output.
//!
//! Must never put input into an error: it may hold a card secret.

pub(crate) mod check;
pub(crate) mod decode;
pub(crate) mod encode;

use std::io::{Read as _, Write as _};

use anyhow::Context as _;
use zeroize::Zeroizing;

/// Why the command failed; decides its exit code.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The message is not good.
    Message(String),
    /// The command line, the dialect or a stream is not good.
    Usage(anyhow::Error),
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

/// All of standard input.
fn read_input() -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let mut input = Zeroizing::new(Vec::new());
    std::io::stdin()
        .lock()
        .read_to_end(&mut input)
        .context("standard input")?;
    Ok(input)
}

/// One line to standard output.
fn print_line(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .context("standard output")
}

/// Bytes of hexadecimal text of either case; white space between them is skipped.
fn from_hex(text: &[u8]) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    let mut half = None;
    for (position, character) in text.iter().enumerate() {
        if character.is_ascii_whitespace() {
            continue;
        }
        let digit = char::from(*character)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok());
        let digit = digit.ok_or_else(|| {
            Failure::Message(format!(
                "input: expected hexadecimal digits, found another at {position}"
            ))
        })?;
        match half.take() {
            None => half = Some(digit),
            Some(high) => bytes.push(high << 4 | digit),
        }
    }
    match half {
        None => Ok(bytes),
        Some(_) => Err(Failure::Message(
            "input: expected an even number of hexadecimal digits".into(),
        )),
    }
}

/// Lower-case hexadecimal text.
fn to_hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0xF])
        .fold(String::new(), |mut text, digit| {
            text.extend(char::from_digit(u32::from(digit), 16));
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_goes_both_ways_and_errors_keep_the_input_to_themselves() {
        assert_eq!(*from_hex(b"0a FF\n10").unwrap(), [0x0A, 0xFF, 0x10]);
        assert_eq!(to_hex(&[0x0A, 0xFF, 0x10]), "0aff10");
        for (bad, expected) in [
            (
                &b"30x1"[..],
                "input: expected hexadecimal digits, found another at 2",
            ),
            (
                &b"301"[..],
                "input: expected an even number of hexadecimal digits",
            ),
        ] {
            match from_hex(bad) {
                Err(Failure::Message(text)) => assert_eq!(text, expected),
                other => panic!("{other:?}"),
            }
        }
    }
}
