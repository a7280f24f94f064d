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
mod content;
mod decode;
mod decode_error;
mod dialect;
mod element;
mod encoder;
mod frame_reader;
mod framing;
mod message;
mod mti;
mod original_data;
mod pan;
mod sensitivity;

pub use additional_amounts::{AdditionalAmount, AdditionalAmountsError};
pub use content::ContentClass;
pub use decode_error::{BitmapPart, DecodeError, DecodeErrorKind, Undecodable};
pub use dialect::{Dialect, DialectError, DialectErrorKind};
pub use element::{Element, InvalidElement};
pub use encoder::{EncodeError, EncodeErrorKind, Encoder};
pub use frame_reader::{FrameReader, FramingLost};
pub use framing::{FrameTooLong, Framing, LengthHeader};
pub use message::Message;
pub use mti::{InvalidMti, Mti, MtiClass, MtiFunction, MtiVersion};
pub use original_data::{InvalidOriginalDataElements, OriginalDataElements};
pub use pan::{InvalidMaskedPan, InvalidPan, MaskedPan, Pan};
pub use sensitivity::Sensitivity;
