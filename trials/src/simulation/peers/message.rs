//! The messages of the host, as it writes and recognises them.
//!
//! Owns: a request with its elements, its repeat, and the key under which its answer is recognised. Must
//! never: know what a message does.

use bytes::{Bytes, BytesMut};
use codec::{Dialect, Element, Message, Mti, MtiClass};

use super::scheme::Scheme;

/// A request of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    scheme: Scheme,
    mti: &'static str,
    elements: Vec<(Element, String)>,
}

/// What makes an answer the answer to a request: the network, the class, and elements that every response echoes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub scheme: Scheme,
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
    /// The key of a message of a network.
    pub fn of(scheme: Scheme, message: &Message) -> Self {
        let class = char::from(message.mti().digits()[1]);
        Self::with(scheme, class, |element| message.text(element))
    }

    fn with<'a>(scheme: Scheme, class: char, text: impl Fn(Element) -> Option<&'a str>) -> Self {
        let owned = |element| text(element).unwrap_or_default().to_owned();
        Self {
            scheme,
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
    pub fn new(scheme: Scheme, mti: &'static str, elements: Vec<(Element, String)>) -> Self {
        Self {
            scheme,
            mti,
            elements,
        }
    }

    /// The network.
    pub fn scheme(&self) -> Scheme {
        self.scheme
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

    /// The same elements in a message of another type.
    pub fn of_type(mut self, mti: &'static str) -> Self {
        self.mti = mti;
        self
    }

    /// Says that the answer to an authorization has arrived; `None` for an answer to anything else.
    pub fn acknowledging(scheme: Scheme, answer: &Message) -> Option<Self> {
        let numbers = [2, 3, 4, 7, 11, 32, 39, 41, 49];
        let elements = numbers
            .into_iter()
            .map(|number| Element::new(number).unwrap());
        let copied =
            elements.filter_map(|element| Some((element, answer.text(element)?.to_owned())));
        // The card of a track is not echoed: the network would have to remember it.
        let is_named = answer.mti().class() == MtiClass::Authorization && answer.has(Element::PAN);
        is_named.then(|| Self::new(scheme, "0180", copied.collect()))
    }

    /// The name that the network gave the transaction.
    pub fn reference(&self) -> Option<&str> {
        let named = |number| self.text(Element::new(number)?);
        named(62).or_else(|| named(63))
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
        Key::with(self.scheme, class, |element| self.text(element))
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
