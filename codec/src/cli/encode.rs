//! `iso8583 encode`: JSON in, hexadecimal out.
//!
//! Must never repeat the input in an error: the JSON reader's own texts quote values, so only its position is used.

use std::collections::BTreeMap;

use bytes::BytesMut;
use codec::{Dialect, Element, EncodeError, Mti};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Failure, print_line, read_input, to_hex};
use crate::EncodeArguments;

/// What `decode` prints.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    mti: String,
    fields: BTreeMap<String, String>,
}

/// Encodes one message and prints it.
pub(crate) fn run(arguments: &EncodeArguments) -> Result<(), Failure> {
    let dialect = Dialect::load(&arguments.dialect)?;
    let input = read_input()?;
    let document: Document = serde_json::from_slice(&input).map_err(|error| {
        Failure::Message(format!(
            "input: expected {{\"mti\": \"0100\", \"fields\": {{\"2\": \"...\"}}}}, found otherwise at line {} column {}",
            error.line(),
            error.column()
        ))
    })?;
    let bytes = encode(&dialect, &document, arguments.framed)?;
    let hex = Zeroizing::new(to_hex(&bytes));
    Ok(print_line(&hex)?)
}

/// The message in its frame, whose limit is checked in any case, or alone.
fn encode(dialect: &Dialect, document: &Document, framed: bool) -> Result<BytesMut, Failure> {
    let mti: Mti = document
        .mti
        .parse()
        .map_err(|error| Failure::Message(format!("MTI: {error}")))?;
    let mut encoder = dialect.encoder(mti);
    for (key, value) in &document.fields {
        let element = key.parse().ok().and_then(Element::new).ok_or_else(|| {
            Failure::Message("fields: a key is not a data element: expected 2 to 192".into())
        })?;
        encoder.set(element, value);
    }
    let mut frame = BytesMut::new();
    let mut message = BytesMut::new();
    dialect
        .framing()
        .write(&mut frame, |out| encoder.write(out))
        .and_then(|()| encoder.write(&mut message))
        .map_err(|error: EncodeError| {
            let name = error
                .element
                .and_then(|element| dialect.element_name(element));
            let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
            Failure::Message(format!("{error}{name}"))
        })?;
    Ok(if framed { frame } else { message })
}
