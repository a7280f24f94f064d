//! ISO 8583 messages without IO.
//!
//! Owns: dialects (the element table of one network, as data), messages, bitmaps, framing headers, masking, and the
//! inner structures of the elements that an issuer reads. Must never: open a socket, read a clock, know an account, or
//! put the value of an element into an error or a `Debug` text.
//!
//! The path of a message: [`FrameReader`] cuts a stream into frames, [`Dialect::decode`] indexes a frame as a
//! [`Message`], [`Dialect::encoder`] collects the values of an answer, [`Framing::write`] puts the length in front.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        reason = "a test that overflows or indexes out of bounds fails, as it should"
    )
)]

mod additional_amounts;
mod bitmap;
mod by_element;
pub mod check;
mod content;
mod currency_amount;
mod decode;
mod decode_error;
pub mod describe;
pub mod detect;
mod dialect;
pub mod diff;
mod element;
mod encode_error;
mod encoder;
mod frame_reader;
mod framing;
mod function_code;
pub mod import;
mod meaning;
mod message;
mod message_reason;
mod mti;
mod original_data;
mod pan;
pub mod pcap;
mod sensitivity;
pub mod structure;
mod value;
mod wire;

pub use additional_amounts::{AdditionalAmount, AdditionalAmountsError};
pub use content::ContentClass;
pub use currency_amount::{CurrencyAmount, InvalidCurrencyAmount};
pub use decode_error::{BitmapPart, DecodeError, DecodeErrorKind, Undecodable};
pub use dialect::{Dialect, DialectError, DialectErrorKind};
pub use element::{Element, InvalidElement};
pub use encode_error::{EncodeError, EncodeErrorKind};
pub use encoder::Encoder;
pub use frame_reader::{Frame, FrameReader, FramingLost};
pub use framing::{
    Blocker, Deblocker, FrameTooLong, Framing, Header, HeaderBytes, HeaderForm, InvalidVisaHeader,
    LengthForm, LengthHeader, NotBlocked, VisaHeader,
};
pub use function_code::{FunctionCode, InvalidFunctionCode};
pub use message::Message;
pub use message_reason::{InvalidMessageReason, MessageReason};
pub use mti::{InvalidMti, Mti, MtiClass, MtiFunction, MtiOrigin, MtiVersion};
pub use original_data::{InvalidOriginalDataElements, OriginalDataElements};
pub use pan::{InvalidMaskedPan, InvalidPan, MaskedPan, Pan};
pub use sensitivity::Sensitivity;
pub use value::Value;
pub use wire::prefix::LengthWidth;
