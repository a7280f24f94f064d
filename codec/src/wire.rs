//! How values, lengths and digits look on the wire.
//!
//! Owns the encodings one by one: code pages, packed digits, length prefixes, and how many bytes a value takes. Must
//! never know which element it handles.

pub(crate) mod ebcdic;
pub(crate) mod extent;
pub(crate) mod nibbles;
pub(crate) mod prefix;
