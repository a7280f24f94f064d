//! The messages of the host, as it writes and recognises them.
//!
//! Owns: a request with its elements, its repeat, and the key under which its answer is recognised. Must
//! never: know what a message does.

use bytes::{Bytes, BytesMut};
use codec::{Dialect, Element, Message, Mti};

/// A request of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    mti: &'static str,
    elements: Vec<(Element, String)>,
}

/// What makes an answer the answer to a request: elements that every response echoes, and the class.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub class: char,
    pub stan: String,
    pub transmission: String,
    pub acquirer: String,
    pub terminal: String,
    pub pan: String,
    pub amount: String,
    pub processing_code: String,
}

impl Key {
    /// The key of a decoded message.
    pub fn of(message: &Message) -> Self {
        let class = char::from(message.mti().digits()[1]);
        Self::with(class, |element| message.text(element))
    }

    fn with<'a>(class: char, text: impl Fn(Element) -> Option<&'a str>) -> Self {
        let owned = |element| text(element).unwrap_or_default().to_owned();
        Self {
            class,
            stan: owned(Element::STAN),
            transmission: owned(Element::TRANSMISSION_DATE_TIME),
            acquirer: owned(Element::ACQUIRING_INSTITUTION),
            terminal: owned(Element::TERMINAL_ID),
            pan: owned(Element::PAN),
            amount: owned(Element::AMOUNT_TRANSACTION),
            processing_code: owned(Element::PROCESSING_CODE),
        }
    }
}

impl Request {
    pub fn new(mti: &'static str, elements: Vec<(Element, String)>) -> Self {
        Self { mti, elements }
    }

    /// The message type.
    pub fn mti(&self) -> &'static str {
        self.mti
    }

    /// The value of an element.
    pub fn text(&self, element: Element) -> Option<&str> {
        let found = self.elements.iter().find(|(number, _)| *number == element);
        found.map(|(_, value)| value.as_str())
    }

    /// The same request with another value of an element.
    pub fn with(&self, element: Element, value: String) -> Self {
        let mut changed = self.clone();
        changed.elements.retain(|(number, _)| *number != element);
        changed.elements.push((element, value));
        changed
    }

    /// What its answer is recognised by.
    pub fn key(&self) -> Key {
        let class = char::from(self.mti.as_bytes()[1]);
        Key::with(class, |element| self.text(element))
    }

    /// The frame of the request, or of its repeat.
    pub fn frame(&self, repeat: bool, dialect: &Dialect) -> Bytes {
        let mut digits = self.mti.as_bytes().to_vec();
        digits[3] += u8::from(repeat);
        let mut encoder = dialect.encoder(Mti::parse(&digits).unwrap());
        for (element, value) in &self.elements {
            encoder.set(*element, value);
        }
        let mut frame = BytesMut::new();
        dialect
            .framing()
            .write(&mut frame, |out| encoder.write(out))
            .unwrap();
        frame.freeze()
    }
}
