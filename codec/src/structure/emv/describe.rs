//! Values of chip data in words.
//!
//! Owns the description of one object. Must never show a sensitive value, nor fail: a value of unexpected length is shown
//! in hexadecimal.

use zeroize::Zeroizing;

use super::bits;
use super::{EmvFormat, tag};
use crate::structure::ber_tlv::Tag;
use crate::structure::encoding::{Encoding, hexadecimal};

/// One object in words. A sensitive value is masked here already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its name, or `None` for a tag that the dictionary does not have.
    pub name: Option<&'static str>,
    /// Its value: digits, text or hexadecimal digits.
    pub value: String,
    /// What it says, one line each.
    pub details: Vec<String>,
}

/// Describes one object.
pub fn describe(number: Tag, value: &[u8]) -> Description {
    let known = tag(number);
    let text = text(known.map(|known| known.format), value);
    let sensitivity = known.and_then(|known| known.sensitivity);
    Description {
        name: known.map(|known| known.name),
        value: match sensitivity {
            Some(sensitivity) => sensitivity.mask(&text),
            None => text.to_string(),
        },
        details: match sensitivity {
            Some(_) => Vec::new(),
            None => details(number.number(), value),
        },
    }
}

fn text(format: Option<EmvFormat>, value: &[u8]) -> Zeroizing<String> {
    let hex = || Zeroizing::new(hexadecimal(value));
    match format {
        Some(EmvFormat::Numeric) => Encoding::Bcd.to_text(value, false),
        Some(EmvFormat::CompressedNumeric) => {
            let digits = hex();
            Zeroizing::new(digits.trim_end_matches('F').to_owned())
        }
        Some(EmvFormat::Text) if value.iter().all(|byte| matches!(byte, 0x20..=0x7E)) => {
            Encoding::Ascii.to_text(value, false)
        }
        Some(EmvFormat::Text | EmvFormat::Binary | EmvFormat::Template) | None => hex(),
    }
}

fn details(number: u32, value: &[u8]) -> Vec<String> {
    let one = |text: Option<String>| text.into_iter().collect();
    match (number, value) {
        (0x82, [_, _]) => bits::set(&bits::APPLICATION_INTERCHANGE_PROFILE, value),
        (0x95, [_, _, _, _, _]) => bits::set(&bits::TERMINAL_VERIFICATION_RESULTS, value),
        (0x9B, [_, _]) => bits::set(&bits::TRANSACTION_STATUS_INFORMATION, value),
        (0x9F33, [_, _, _]) => bits::set(&bits::TERMINAL_CAPABILITIES, value),
        (0x9F27, [byte]) => cryptogram_information(*byte),
        (0x9F34, [method, condition, result]) => verification(*method, *condition, *result),
        (0x9A | 0x5F25, [year, month, day]) => {
            vec![format!("20{year:02X}-{month:02X}-{day:02X}")]
        }
        (0x9F21, [hour, minute, second]) => {
            vec![format!("{hour:02X}:{minute:02X}:{second:02X}")]
        }
        (0x9C, [code]) => one(transaction_type(*code).map(str::to_owned)),
        (0x9F35, [code]) => one(terminal_type(*code)),
        (0x9F36, [high, low]) => vec![u16::from_be_bytes([*high, *low]).to_string()],
        (0x9F17, [tries]) => vec![format!("{tries} tries left")],
        (0x8A, code) => one(authorisation_response(code).map(str::to_owned)),
        _ => Vec::new(),
    }
}

fn cryptogram_information(byte: u8) -> Vec<String> {
    let kind = match byte >> 6 {
        0 => "AAC: the card declines",
        1 => "TC: the card approves offline",
        2 => "ARQC: the card asks to go online",
        _ => "reserved kind of cryptogram",
    };
    let mut texts = vec![kind.to_owned()];
    if byte & 0x08 != 0 {
        texts.push("advice required".to_owned());
    }
    let reason = match byte & 0x07 {
        0 => return texts,
        1 => "service not allowed",
        2 => "PIN try limit exceeded",
        3 => "issuer authentication failed",
        _ => "reserved reason",
    };
    texts.push(reason.to_owned());
    texts
}

fn verification(method: u8, condition: u8, result: u8) -> Vec<String> {
    let next = if method & 0x40 == 0 {
        "fail cardholder verification if this CVM is unsuccessful"
    } else {
        "apply succeeding CV rule if this CVM is unsuccessful"
    };
    let how = match method & 0x3F {
        0x00 => "fail CVM processing",
        0x01 => "plaintext PIN verification performed by ICC",
        0x02 => "enciphered PIN verified online",
        0x03 => "plaintext PIN verification performed by ICC and signature",
        0x04 => "enciphered PIN verification performed by ICC",
        0x05 => "enciphered PIN verification performed by ICC and signature",
        0x1E => "signature (paper)",
        0x1F => "no CVM required",
        0x3F => "no CVM performed",
        _ => "another CVM",
    };
    let when = match condition {
        0x00 => "always",
        0x01 => "if unattended cash",
        0x02 => "if not unattended cash, not manual cash and not purchase with cashback",
        0x03 => "if terminal supports the CVM",
        0x04 => "if manual cash",
        0x05 => "if purchase with cashback",
        0x06 => "if transaction is in the application currency and is under X",
        0x07 => "if transaction is in the application currency and is over X",
        0x08 => "if transaction is in the application currency and is under Y",
        0x09 => "if transaction is in the application currency and is over Y",
        _ => "another condition",
    };
    let outcome = match result {
        0 => "result unknown",
        1 => "failed",
        2 => "successful",
        _ => "reserved result",
    };
    [how, when, outcome, next].map(str::to_owned).to_vec()
}

/// The first two digits of DE3.
fn transaction_type(code: u8) -> Option<&'static str> {
    Some(match code {
        0x00 => "purchase",
        0x01 => "cash",
        0x09 => "purchase with cashback",
        0x20 => "refund",
        0x21 => "deposit",
        0x30 => "available funds inquiry",
        0x31 => "balance inquiry",
        _ => return None,
    })
}

fn terminal_type(code: u8) -> Option<String> {
    let by = match code >> 4 {
        1 => "financial institution",
        2 => "merchant",
        3 => "cardholder",
        _ => return None,
    };
    let how = match code & 0x0F {
        1 => "attended, online only",
        2 => "attended, offline with online capability",
        3 => "attended, offline only",
        4 => "unattended, online only",
        5 => "unattended, offline with online capability",
        6 => "unattended, offline only",
        _ => return None,
    };
    Some(format!("operated by {by}, {how}"))
}

fn authorisation_response(code: &[u8]) -> Option<&'static str> {
    Some(match code {
        b"00" => "approved by the issuer",
        b"Y1" => "offline approved",
        b"Z1" => "offline declined",
        b"Y3" => "unable to go online, offline approved",
        b"Z3" => "unable to go online, offline declined",
        _ => return None,
    })
}
