//! From the bytes inside of an element to its value.
//!
//! Owns the way back from a structure to text. Must never check the value: it is checked like any other when written.

use zeroize::Zeroizing;

use crate::content::lookup;
use crate::dialect::plan::{FieldPlan, ValueEncoding};
use crate::wire::nibbles;

/// A character of no class: it stands for a byte that no character is written as, and is refused when written.
const NO_CHARACTER: u8 = 0;

/// The characters of a value with these bytes inside.
pub(super) fn text(field: &FieldPlan, bytes: &[u8]) -> Zeroizing<String> {
    // A buffer that grew would leave a copy of a secret behind.
    let mut text = Zeroizing::new(String::with_capacity(bytes.len().saturating_mul(2)));
    for byte in bytes.iter().copied() {
        if field.holds_bytes() {
            text.extend(nibbles::digits(byte).map(char::from));
            continue;
        }
        let character = match field.encoding {
            ValueEncoding::Ebcdic(page) => lookup(page.to_ascii(), byte),
            ValueEncoding::Ascii if byte.is_ascii() => byte,
            ValueEncoding::Ascii | ValueEncoding::Packed(_) | ValueEncoding::Signed(..) => {
                NO_CHARACTER
            }
        };
        text.push(char::from(character));
    }
    text
}
