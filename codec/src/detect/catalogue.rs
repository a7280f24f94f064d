//! Framings that are in use, by name.
//!
//! Owns the list. Must never hold the framing of one network only: that is its dialect's.

use crate::framing::{Framing, Header, HeaderForm, LengthForm, LengthHeader};

/// A framing with its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedFraming {
    /// Its name, as on a command line.
    pub name: &'static str,
    /// What it is, in words.
    pub words: &'static str,
    /// The framing.
    pub framing: Framing,
}

/// Longest frame that a message can be indexed in.
const MOST: usize = 0xFFFF;

const fn binary(bytes: u8, little_endian: bool) -> LengthForm {
    LengthForm::Binary {
        bytes,
        little_endian,
    }
}

const fn plain(name: &'static str, words: &'static str, form: LengthForm) -> NamedFraming {
    let length_header = LengthHeader::plain(form);
    let longest = length_header.longest_frame_bytes();
    let most = if longest < MOST { longest } else { MOST };
    NamedFraming {
        name,
        words,
        framing: Framing::new(length_header, most),
    }
}

const fn inclusive(mut named: NamedFraming) -> NamedFraming {
    named.framing.length_header.counts_itself = true;
    let longest = named.framing.length_header.longest_frame_bytes();
    named.framing.maximum_frame_bytes = if longest < MOST { longest } else { MOST };
    named
}

const fn headed(mut named: NamedFraming, form: HeaderForm) -> NamedFraming {
    named.framing.header.form = form;
    named
}

const fn controlled(mut named: NamedFraming, before: u8, after: u8) -> NamedFraming {
    named.framing.length_header.control_before = before;
    named.framing.length_header.control_after = after;
    named
}

const ETX: Framing = Framing {
    length_header: LengthHeader::plain(LengthForm::None),
    header: Header::NONE,
    trailer: Some(0x03),
    maximum_frame_bytes: MOST,
};

static FRAMINGS: [NamedFraming; 17] = [
    plain("binary-2", "2 bytes, big-endian", binary(2, false)),
    inclusive(plain(
        "binary-2-inclusive",
        "2 bytes, big-endian, counting themselves",
        binary(2, false),
    )),
    plain("binary-2-little", "2 bytes, little-endian", binary(2, true)),
    inclusive(plain(
        "binary-2-little-inclusive",
        "2 bytes, little-endian, counting themselves",
        binary(2, true),
    )),
    plain("binary-3", "3 bytes, big-endian", binary(3, false)),
    plain("binary-4", "4 bytes, big-endian", binary(4, false)),
    plain("binary-4-little", "4 bytes, little-endian", binary(4, true)),
    plain("ascii-4", "4 ASCII digits", LengthForm::Ascii { digits: 4 }),
    inclusive(plain(
        "ascii-4-inclusive",
        "4 ASCII digits, counting themselves",
        LengthForm::Ascii { digits: 4 },
    )),
    plain(
        "bcd-2",
        "2 bytes of packed digits",
        LengthForm::Bcd { bytes: 2 },
    ),
    plain(
        "hex-4",
        "4 hexadecimal characters",
        LengthForm::Hex { digits: 4 },
    ),
    controlled(
        plain(
            "binary-2-behind-zeros",
            "2 zero bytes, then 2 bytes",
            binary(2, false),
        ),
        2,
        0,
    ),
    controlled(
        plain(
            "binary-2-before-zeros",
            "2 bytes, then 2 zero bytes",
            binary(2, false),
        ),
        0,
        2,
    ),
    headed(
        controlled(
            plain(
                "visa",
                "2 bytes, 2 zero bytes, Visa header",
                binary(2, false),
            ),
            0,
            2,
        ),
        HeaderForm::Visa,
    ),
    headed(
        plain("tpdu", "2 bytes, TPDU of 5 bytes", binary(2, false)),
        HeaderForm::Tpdu,
    ),
    headed(
        plain(
            "base24",
            "2 bytes, BASE24 header of 12 characters",
            binary(2, false),
        ),
        HeaderForm::Base24,
    ),
    NamedFraming {
        name: "etx",
        words: "no length, the byte 03 ends a frame",
        framing: ETX,
    },
];

/// The framings that are in use.
pub fn framings() -> &'static [NamedFraming] {
    &FRAMINGS
}
