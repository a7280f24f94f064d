//! Point-of-service codes of the 1987 edition (DE22, DE25).
//!
//! Owns their words. Must never say that a card was present: the codes are what the acquirer says.

use super::{Meaning, lookup};

/// Entry modes: positions 1 and 2 of DE22.
const ENTRY_MODES: [(&str, &str); 19] = [
    ("00", "unknown entry"),
    ("01", "keyed"),
    ("02", "magnetic stripe, CVV check not possible"),
    ("03", "bar code"),
    ("04", "optical character recognition"),
    ("05", "chip"),
    ("06", "key-entered"),
    ("07", "contactless chip"),
    ("09", "e-commerce with cryptogram"),
    ("10", "stored credential"),
    ("51", "chip with PIN"),
    ("71", "contactless chip with PIN"),
    ("79", "chip failed, keyed"),
    ("80", "chip failed, magnetic stripe"),
    ("81", "e-commerce"),
    ("82", "server"),
    ("90", "full magnetic stripe, CVV check possible"),
    ("91", "contactless magnetic stripe"),
    ("95", "chip, CVV unreliable"),
];

/// PIN capability: position 3 of DE22.
const PIN: [(&str, &str); 4] = [
    ("0", "PIN capability unknown"),
    ("1", "PIN possible"),
    ("2", "PIN not possible"),
    ("8", "PIN pad broken"),
];

/// Condition codes: DE25.
pub(super) const CONDITIONS: [(&str, &str); 29] = [
    ("00", "normal"),
    ("01", "customer not present"),
    ("02", "unattended terminal, can keep card"),
    ("03", "merchant suspicious"),
    ("04", "electronic cash register"),
    ("05", "customer present, card not present"),
    ("06", "pre-authorization"),
    ("07", "telephone"),
    ("08", "mail or telephone order"),
    ("09", "security alert"),
    ("10", "identity verified"),
    ("11", "suspected fraud"),
    ("12", "security"),
    ("13", "representment"),
    ("15", "home terminal"),
    ("16", "administrative terminal"),
    ("17", "chargeback"),
    ("18", "reversal"),
    ("21", "reversal"),
    ("27", "unattended terminal, cannot keep card"),
    ("40", "recurring"),
    ("51", "verification only"),
    ("52", "verification only"),
    ("53", "verification only"),
    ("54", "dispute reversal or e-commerce"),
    ("55", "e-commerce"),
    ("58", "e-commerce"),
    ("59", "e-commerce"),
    ("71", "chip fallback"),
];

/// What an entry mode of three digits, or of four with a filler, means.
pub(super) fn entry_mode(value: &str) -> Meaning {
    let Some(mode) = value.get(..2).and_then(|mode| lookup(&ENTRY_MODES, mode)) else {
        return Meaning::Unknown;
    };
    let pin = value.get(2..3).and_then(|pin| lookup(&PIN, pin));
    Meaning::Known(match pin {
        Some(pin) => format!("{mode}, {pin}"),
        None => mode.to_owned(),
    })
}
