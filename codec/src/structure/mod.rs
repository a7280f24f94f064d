//! What is inside of an element: subfields, bitmaps, tags, datasets, tracks, chip data.
//!
//! Owns the structures that a dialect names for its elements, reading them into parts, building them from parts, and the
//! typed forms of the elements whose layout is standard. Everything works on the bytes of one element. Must never drop or
//! change what it does not know: an element that is read and built again has the same bytes. Must never copy or print a
//! secret, nor spend more than linear time or bounded depth on any bytes.

mod ber_tlv;
mod bitmapped;
mod build;
mod card_acceptor;
mod compile;
mod datasets;
mod description;
mod document;
pub mod emv;
mod encoding;
mod error;
mod part;
mod pos_data;
mod positional;
mod read;
mod replacement_amounts;
mod retained;
mod separated;
mod tagged_text;
mod text;
mod tlv_index;
mod tlv_tree;
mod tracks;

pub use ber_tlv::{Ff, InvalidTag, Tag, Tlv, TlvError, TlvErrorKind, TlvReader, write_tlv};
pub use card_acceptor::CardAcceptor;
pub use description::{
    BerTlv, Bitmapped, Datasets, Positional, Repeated, Separated, Structure, Subfield, TaggedText,
};
pub use document::{
    BitmapEncoding, DescriptionError, DescriptionErrorKind, StructureDocument, SubfieldDocument,
};
pub use encoding::{Counts, Encoding, NumberEncoding, TextEncoding};
pub use error::{StructureError, StructureErrorKind};
pub use part::{Content, Form, Key, Part, Parts, TextTag};
pub use pos_data::{InvalidPosData, PosData};
pub use replacement_amounts::{Fee, FeeSign, InvalidReplacementAmounts, ReplacementAmounts};
pub use retained::KeyPath;
pub use text::{Shown, Text};
pub use tlv_index::TlvIndex;
pub use tracks::{InvalidTrack, Track1, Track2, Track3, TrackPart};
