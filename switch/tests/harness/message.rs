//! Messages as the tests write them, in the generic dialect.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::BytesMut;
use codec::{Dialect, Element, EncodeError, Message};

use super::clock::now;
use super::world::repository;

/// The dialect of the generic network.
pub(crate) static DIALECT: LazyLock<Dialect> = LazyLock::new(|| {
    let path = repository().join("config/dialects/iso1987-ascii.toml");
    Dialect::load(&path).unwrap_or_else(|error| panic!("{error}"))
});

/// Numbers the messages of this process.
static LAST_STAN: AtomicU32 = AtomicU32::new(0);

/// The elements of a message to send.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    mti: String,
    values: BTreeMap<u8, String>,
}

impl Fields {
    /// A message with nothing but a fresh STAN and DE7.
    pub(crate) fn new(mti: &str) -> Self {
        let stan = LAST_STAN.fetch_add(1, Ordering::Relaxed) % 999_999 + 1;
        let transmission = now().transmission_date_time().unwrap();
        let fields = Self {
            mti: mti.to_owned(),
            values: BTreeMap::new(),
        };
        fields
            .with(7, &format!("{transmission:010}"))
            .with(11, &format!("{stan:06}"))
    }

    /// A credit purchase (0100, DE3 003000).
    pub(crate) fn purchase(pan: &str, amount_minor: i64) -> Self {
        let fields = Self::new("0100");
        let transmission = fields.values[&7].clone();
        let reference = format!("{transmission}{}", &fields.values[&11][4..]);
        fields
            .with(2, pan)
            .with(3, "003000")
            .with(4, &format!("{amount_minor:012}"))
            .with(12, &transmission[4..])
            .with(13, &transmission[..4])
            .with(14, "2912")
            .with(18, "5411")
            .with(22, "012")
            .with(25, "00")
            .with(32, "200003")
            .with(37, &reference)
            .with(41, "TERM0003")
            .with(42, "END TO END SHOP")
            .with(49, "840")
    }

    /// An echo test.
    pub(crate) fn echo_test() -> Self {
        Self::new("0800").with(70, "301")
    }

    /// The same message with another type, such as its repeat.
    pub(crate) fn as_mti(&self, mti: &str) -> Self {
        Self {
            mti: mti.to_owned(),
            ..self.clone()
        }
    }

    pub(crate) fn with(mut self, element: u8, value: &str) -> Self {
        self.values.insert(element, value.to_owned());
        self
    }

    pub(crate) fn without(mut self, element: u8) -> Self {
        self.values.remove(&element);
        self
    }

    pub(crate) fn get(&self, element: u8) -> Option<&str> {
        self.values.get(&element).map(String::as_str)
    }

    /// STAN and DE7.
    pub(crate) fn key(&self) -> (String, String) {
        (self.values[&11].clone(), self.values[&7].clone())
    }

    /// The bytes of the message without its length.
    pub(crate) fn body(&self) -> Vec<u8> {
        let mut encoder = DIALECT.encoder(self.mti.parse().unwrap());
        for (number, value) in &self.values {
            encoder.set(Element::new(*number).unwrap(), value);
        }
        let mut out = BytesMut::new();
        encoder.write(&mut out).unwrap();
        out.to_vec()
    }

    /// The bytes of the message behind its length.
    pub(crate) fn frame(&self) -> Vec<u8> {
        frame(&self.body())
    }
}

/// A frame: two bytes of length, then the body.
pub(crate) fn frame(body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap();
    [&length.to_be_bytes(), body].concat()
}

/// The value of an element of a received message.
pub(crate) fn text(message: &Message, element: u8) -> Option<&str> {
    message.text(Element::new(element).unwrap())
}

/// The PAN of a card of the demo's generator.
pub(crate) fn generated_pan(number: u64) -> String {
    let body = format!("40000013{number:07}");
    let mut sum = 0;
    for (place, digit) in body.bytes().rev().enumerate() {
        let digit = u32::from(digit - b'0') * if place % 2 == 0 { 2 } else { 1 };
        sum += digit / 10 + digit % 10;
    }
    format!("{body}{}", (10 - sum % 10) % 10)
}

/// The account of a card of the demo's generator.
pub(crate) fn generated_account(number: u64) -> u64 {
    1_000_000 + number
}
