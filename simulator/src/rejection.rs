//! What the network does not take of the switch: a message that comes back behind a reject header, or an 0620 that names
//! it. Owns both forms; must never decide what is rejected.

use bytes::BytesMut;
use codec::{Dialect, Element, Frame, FrameTooLong, HeaderForm, Message, Mti};
use serde::Deserialize;

use crate::generate::Fresh;
use crate::transcript::{Fields, Sent};

/// The message type of a rejection that is a message.
const ADMINISTRATIVE_ADVICE: &[u8] = b"0620";

/// How a network rejects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// The message comes back behind a header with the code.
    Header,
    /// An 0620 has the code in DE39 and names the message in DE90.
    #[default]
    Message,
}

/// A rejection with its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// [`Form::Header`], the code as it stands there.
    Header(u16),
    /// [`Form::Message`], DE39.
    Message(String),
}

impl Rejection {
    /// A rejection as a file has it.
    ///
    /// # Errors
    /// Why the code, or the form in this dialect, cannot be.
    pub fn new(form: Form, code: &str, dialect: &Dialect) -> Result<Self, String> {
        match form {
            Form::Header if dialect.framing().header.form != HeaderForm::Visa => {
                Err("this dialect has no reject header".to_owned())
            }
            Form::Header => match u16::from_str_radix(code, 16) {
                Ok(number) if code.len() == 4 => Ok(Self::Header(number)),
                Ok(_) | Err(_) => Err("a reject header has a code of four hex digits".to_owned()),
            },
            Form::Message
                if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
            {
                Ok(Self::Message(code.to_owned()))
            }
            Form::Message => Err("an 0620 has a code of two letters or digits (DE39)".to_owned()),
        }
    }
}

/// The bytes that give a frame of the switch back.
///
/// # Errors
/// [`FrameTooLong`].
pub fn given_back(dialect: &Dialect, code: u16, frame: &Frame) -> Result<BytesMut, FrameTooLong> {
    let mut bytes = BytesMut::new();
    let framing = dialect.framing();
    // A form without such a header is refused with the scenario.
    framing.write_rejection(&mut bytes, code, &frame.header, &frame.body)?;
    Ok(bytes)
}

/// The 0620 that rejects a message of the switch.
#[must_use]
pub fn advice(rejected: &Message, code: &str, fresh: &Fresh) -> Sent {
    let mut fields = Fields::default();
    for element in [Element::TRANSMISSION_DATE_TIME, Element::STAN] {
        if let Some(value) = fresh.get(&element) {
            fields.0.insert(element, value.clone());
        }
    }
    let part = |element| rejected.text(element).unwrap_or("");
    let original = format!(
        "{}{:0>6}{:0>10}{:0>11}{:0>11}",
        rejected.mti(),
        part(Element::STAN),
        part(Element::TRANSMISSION_DATE_TIME),
        part(Element::ACQUIRING_INSTITUTION),
        part(Element::FORWARDING_INSTITUTION),
    );
    fields.0.insert(Element::RESPONSE_CODE, code.to_owned());
    fields.0.insert(Element::ORIGINAL_DATA_ELEMENTS, original);
    Sent {
        mti: Mti::parse(ADMINISTRATIVE_ADVICE).ok(),
        fields,
    }
}
