//! Bytes written as text: hexadecimal and base64, and telling them apart.
//!
//! Must never guess: input that could be two things is refused with what to say. Must never repeat input.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// How bytes are written in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Hexadecimal digits.
    Hex,
    /// Base64 with padding.
    Base64,
    /// As they are.
    Raw,
}

/// What the first bytes of an input are, or why that cannot be told. Of text that goes on behind them only the
/// characters are looked at.
pub(crate) fn form(sample: &[u8], whole: bool) -> Result<Form, String> {
    let blank = |byte: &u8| byte.is_ascii_whitespace();
    let text = |byte: &u8| matches!(byte, 0x20..=0x7E) || blank(byte);
    if !sample.iter().all(text) {
        return Ok(Form::Raw);
    }
    let strange = sample
        .iter()
        .position(|byte| !byte.is_ascii_hexdigit() && !blank(byte));
    let Some(strange) = strange else {
        return Ok(Form::Hex);
    };
    let packed: Vec<u8> = sample.iter().copied().filter(|byte| !blank(byte)).collect();
    let packed = Zeroizing::new(packed);
    let alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let message = packed
        .iter()
        .take(4)
        .filter(|byte| byte.is_ascii_digit())
        .count()
        == 4;
    if packed.iter().all(alphabet) && (!whole || from_base64(sample).is_ok()) {
        if message {
            return Err(
                "input: could be base64, or a message in ASCII: say --base64 - or --raw -"
                    .to_owned(),
            );
        }
        return Ok(Form::Base64);
    }
    let hint = if message {
        "; a message in ASCII is read with --raw"
    } else {
        "; base64 is read with --base64, bytes as they are with --raw"
    };
    Err(format!("{}{hint}", not_hex(strange)))
}

/// Bytes of text.
pub(crate) fn bytes(form: Form, text: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
    match form {
        Form::Hex => from_hex(text),
        Form::Base64 => from_base64(text),
        Form::Raw => Ok(Zeroizing::new(text.to_vec())),
    }
}

/// Bytes of hexadecimal text of either case; white space between them is skipped.
fn from_hex(text: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    let mut half = None;
    for (position, character) in text.iter().enumerate() {
        if character.is_ascii_whitespace() {
            continue;
        }
        let digit = char::from(*character)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok());
        let digit = digit.ok_or_else(|| not_hex(position))?;
        match half.take() {
            None => half = Some(digit),
            Some(high) => bytes.push(high << 4 | digit),
        }
    }
    match half {
        None => Ok(bytes),
        Some(_) => Err("input: expected an even number of hexadecimal digits".into()),
    }
}

fn not_hex(position: usize) -> String {
    format!("input: expected hexadecimal digits, found another at {position}")
}

fn from_base64(text: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
    let packed: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let packed = Zeroizing::new(packed);
    STANDARD
        .decode(&*packed)
        .map(Zeroizing::new)
        // The decoder's own text quotes the input.
        .map_err(|_quoting| {
            "input: expected base64 with its padding (A-Z a-z 0-9 + / =)".to_owned()
        })
}

/// Lower-case hexadecimal text.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0xF])
        .fold(String::new(), |mut text, digit| {
            text.extend(char::from_digit(u32::from(digit), 16));
            text
        })
}

/// Base64 text.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
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
            assert_eq!(from_hex(bad).unwrap_err(), expected);
        }
    }

    #[test]
    fn forms_are_told_apart_where_they_can_be() {
        for (sample, expected) in [
            (&b"0800 8220\n"[..], Ok(Form::Hex)),
            (b"", Ok(Form::Hex)),
            (b"CACCIAAA/w==", Ok(Form::Base64)),
            (b"0800\x82\x20", Ok(Form::Raw)),
            (
                b"0800AAAAZZZZ",
                Err("input: could be base64, or a message in ASCII: say --base64 - or --raw -"),
            ),
            (
                b"0800 8220000000000000 some|text",
                Err(
                    "input: expected hexadecimal digits, found another at 22; a message in ASCII is read with --raw",
                ),
            ),
            (
                b"AAAxx",
                Err(
                    "input: expected hexadecimal digits, found another at 3; base64 is read with --base64, bytes as they are with --raw",
                ),
            ),
        ] {
            assert_eq!(form(sample, true), expected.map_err(str::to_owned));
        }
    }
}
