//! Whether values are what their elements hold: dates, times, card numbers, codes, structures.
//!
//! Owns the rules for single elements. Must never repeat a value.

use super::Problem;
use crate::describe;
use crate::dialect::Dialect;
use crate::element::Element;
use crate::meaning::{self, Edition, Meaning, moment};
use crate::message::Message;
use crate::mti::MtiVersion;

/// The problems of all elements.
pub(super) fn problems(dialect: &Dialect, message: &Message) -> Vec<Problem> {
    let edition = Edition::of(dialect.version());
    let mut problems = Vec::new();
    let version = message.mti().version();
    let own = match edition {
        Edition::V1987 => MtiVersion::V1987,
        Edition::V1993 => MtiVersion::V1993,
        Edition::V2003 => MtiVersion::V2003,
    };
    let other = matches!(
        version,
        MtiVersion::V1987 | MtiVersion::V1993 | MtiVersion::V2003 | MtiVersion::Reserved(_)
    );
    if version != own && other {
        problems.push(Problem {
            element: None,
            offset: Some(0),
            text: format!(
                "expected an MTI of the edition {}, found another version",
                dialect.version()
            ),
        });
    }
    for element in message.elements() {
        let value = message.value(element);
        let value = value.as_deref().unwrap_or_default();
        let offset = message.place(element).map(|(start, _)| usize::from(start));
        let found = expected(edition, element, value)
            .map(|expected| format!("expected {expected}, found another value"));
        let structure = describe::structure(dialect, element).and_then(|structure| {
            let bytes = message.inner_bytes(dialect, element).unwrap_or_default();
            let error = structure.read(bytes).err()?;
            Some(format!("its structure: {error}"))
        });
        problems.extend(found.into_iter().chain(structure).map(|text| Problem {
            element: Some(element),
            offset,
            text,
        }));
    }
    problems
}

/// What the element should hold, when it does not.
fn expected(edition: Edition, element: Element, value: &str) -> Option<&'static str> {
    if let Some((expected, good)) = dated(edition, element.number(), value) {
        return (!good).then_some(expected);
    }
    match element {
        Element::PAN => (!check_digit(value)).then_some("a card number with a right check digit"),
        _ => match meaning::element(edition, element, value) {
            Meaning::Unknown => Some("a code of the list"),
            Meaning::Known(_) | Meaning::Free => None,
        },
    }
}

/// The form of elements that hold dates and times, and whether the value has it.
fn dated(edition: Edition, number: u8, value: &str) -> Option<(&'static str, bool)> {
    let form = moment::form(edition, number)?;
    let text = match form {
        "MMDDhhmmss" => "a date and time MMDDhhmmss",
        "hhmmss" => "a time hhmmss",
        "YYMMDDhhmmss" => "a date and time YYMMDDhhmmss",
        "CCYYMMDDhhmmss" => "a date and time CCYYMMDDhhmmss",
        "MMDD" => "a date MMDD",
        "YYMM" => "a date YYMM",
        "YYMMDD" => "a date YYMMDD",
        _ => "a date CCYYMMDD",
    };
    Some((text, moment::has_form(form, value)))
}

/// Whether the last digit is that of the formula of ISO/IEC 7812 (Luhn).
fn check_digit(number: &str) -> bool {
    let mut sum = 0_u32;
    for (position, digit) in number.bytes().rev().enumerate() {
        let digit = u32::from(digit.wrapping_sub(b'0'));
        let weighted = if position % 2 == 1 {
            digit.saturating_mul(2)
        } else {
            digit
        };
        sum = sum
            .saturating_add(weighted / 10)
            .saturating_add(weighted % 10);
    }
    number.len() >= 12 && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits() {
        assert!(check_digit("4000001200000016"));
        assert!(!check_digit("4000001200000017"));
        assert!(!check_digit("0"));
    }
}
