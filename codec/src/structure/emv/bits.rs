//! What single bits of chip data say.
//!
//! Owns the tables of EMV book 3, annex C, and of the contactless kernels where they add bits.

/// Texts of the bits of one byte, from the highest to the lowest; empty for bits without meaning.
type Byte = [&'static str; 8];

/// Tag 95.
pub(super) const TERMINAL_VERIFICATION_RESULTS: [Byte; 5] = [
    [
        "offline data authentication was not performed",
        "SDA failed",
        "ICC data missing",
        "card appears on the terminal exception file",
        "DDA failed",
        "CDA failed",
        "SDA selected",
        "",
    ],
    [
        "ICC and terminal have different application versions",
        "expired application",
        "application not yet effective",
        "requested service not allowed for card product",
        "new card",
        "",
        "",
        "",
    ],
    [
        "cardholder verification was not successful",
        "unrecognised CVM",
        "PIN try limit exceeded",
        "PIN entry required and PIN pad not present or not working",
        "PIN entry required, PIN pad present, but PIN was not entered",
        "online PIN entered",
        "",
        "",
    ],
    [
        "transaction exceeds floor limit",
        "lower consecutive offline limit exceeded",
        "upper consecutive offline limit exceeded",
        "transaction selected randomly for online processing",
        "merchant forced transaction online",
        "",
        "",
        "",
    ],
    [
        "default TDOL used",
        "issuer authentication failed",
        "script processing failed before final GENERATE AC",
        "script processing failed after final GENERATE AC",
        "relay resistance threshold exceeded",
        "relay resistance time limits exceeded",
        "",
        "",
    ],
];

/// Tag 9B.
pub(super) const TRANSACTION_STATUS_INFORMATION: [Byte; 2] = [
    [
        "offline data authentication was performed",
        "cardholder verification was performed",
        "card risk management was performed",
        "issuer authentication was performed",
        "terminal risk management was performed",
        "script processing was performed",
        "",
        "",
    ],
    [""; 8],
];

/// Tag 82.
pub(super) const APPLICATION_INTERCHANGE_PROFILE: [Byte; 2] = [
    [
        "",
        "SDA supported",
        "DDA supported",
        "cardholder verification is supported",
        "terminal risk management is to be performed",
        "issuer authentication is supported",
        "on-device cardholder verification is supported",
        "CDA supported",
    ],
    [
        "EMV mode is supported (contactless)",
        "",
        "",
        "",
        "",
        "",
        "",
        "relay resistance protocol is supported",
    ],
];

/// Tag 9F33.
pub(super) const TERMINAL_CAPABILITIES: [Byte; 3] = [
    [
        "manual key entry",
        "magnetic stripe",
        "IC with contacts",
        "",
        "",
        "",
        "",
        "",
    ],
    [
        "plaintext PIN for ICC verification",
        "enciphered PIN for online verification",
        "signature (paper)",
        "enciphered PIN for offline verification",
        "no CVM required",
        "",
        "",
        "",
    ],
    ["SDA", "DDA", "card capture", "", "CDA", "", "", ""],
];

/// The texts of the bits that are set. A set bit without meaning is named by byte and bit, from 1 and from 8 down.
pub(super) fn set<const N: usize>(table: &[Byte; N], value: &[u8]) -> Vec<String> {
    let mut texts = Vec::new();
    for (number, (byte, names)) in (1..).zip(value.iter().zip(table)) {
        for (bit, name) in (1..=8_u8).rev().zip(names) {
            let mask = 1_u8 << bit.saturating_sub(1);
            if byte & mask == 0 {
                continue;
            }
            if name.is_empty() {
                texts.push(format!("byte {number} bit {bit}"));
            } else {
                texts.push((*name).to_owned());
            }
        }
    }
    texts
}
