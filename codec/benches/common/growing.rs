//! Elements that grow by units, shared by the benchmark and the test that count what twice the size costs.
//!
//! Owns the elements and what is done with each. Must never reach the bounds of the structures.

use codec::structure::{Shown, Structure, StructureDocument};

/// A structure, and one more unit of an element that it reads.
pub(crate) const GROWING: [(&str, &str, &[u8]); 9] = [
    ("objects", "kind = 'ber-tlv'", &[0x9F, 0x26, 0x01, 0xAA]),
    ("filler", "kind = 'ber-tlv'", &[0x00]),
    ("constructed", "kind = 'ber-tlv'", &[0xE0, 0x02, 0xE0, 0x00]),
    (
        "tags",
        "kind = 'tagged-text'\ntag_size = 2\nlength_size = 2",
        b"8402AB",
    ),
    (
        "blanks",
        "kind = 'tagged-text'\ntag_size = 2\nlength_size = 2",
        b" ",
    ),
    (
        "datasets",
        "kind = 'datasets'\nunlisted = { kind = 'ber-tlv' }",
        &[0x66, 0x00, 0x03, 0x9C, 0x01, 0x00],
    ),
    ("zeros", "kind = 'datasets'", &[0x00]),
    (
        "blocks",
        "kind = 'repeated'\nmaximum = 65535\nblock = { name = 'a', length = 4 }",
        b"ABCD",
    ),
    (
        "pieces",
        "kind = 'separated'\nseparator = ';'\nsubfields = [{ name = 'a' }, { name = 'b' }]",
        b"ab;",
    ),
];

/// Reads, builds and shows an element of so many units. `None` for a name that is not in the list.
pub(crate) fn run(name: &str, units: usize) -> Option<()> {
    let (_, document, unit) = GROWING.iter().find(|(known, ..)| *known == name)?;
    let document: StructureDocument = toml::from_str(document).ok()?;
    let structure: Structure = document.compile().ok()?;
    let bytes = unit.repeat(units);
    if let Ok(parts) = structure.read(&bytes) {
        let built = structure.build(&parts).ok()?;
        let text = structure.to_text(&parts, Shown::Clear);
        // Text says nothing of fill: it may not be enough.
        let from_text = structure.build_text(&text);
        std::hint::black_box((built, structure.retained(&parts), from_text.ok()));
    }
    Some(())
}
