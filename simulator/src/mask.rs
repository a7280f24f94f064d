//! Masking of card data for everything that is printed. Owns the choice of what is secret; must
//! never be bypassed on the way to a terminal, a log or a report.

use codec::{Dialect, Element};

/// Elements whose digit runs are known structures (amount blocks, original data), never a PAN.
const STRUCTURED: [Element; 3] = [
    Element::ADDITIONAL_AMOUNTS,
    Element::ORIGINAL_DATA_ELEMENTS,
    Element::REPLACEMENT_AMOUNTS,
];

/// The value of an element as it may be shown: a PAN as first six and last four, tracks, PIN and chip data
/// and what the dialect calls sensitive as stars, anything else with runs of digits that could be a PAN
/// masked.
#[must_use]
pub fn value(dialect: &Dialect, element: Element, value: &str) -> String {
    match element.number() {
        2 | 34 => pan(value),
        35 | 36 | 45 | 52 | 55 => stars(value),
        _ if STRUCTURED.contains(&element) => value.to_owned(),
        _ if dialect.sensitivity(element).is_some() => stars(value),
        _ => text(value),
    }
}

/// First six and last four digits of a card number; a value shorter than 13 is all stars.
#[must_use]
pub fn pan(digits: &str) -> String {
    let length = digits.chars().count();
    if length < 13 {
        return stars(digits);
    }
    let hidden = 6..length.saturating_sub(4);
    digits
        .chars()
        .enumerate()
        .map(|(at, digit)| if hidden.contains(&at) { '*' } else { digit })
        .collect()
}

/// Free text with every run of 13 to 19 digits masked like a PAN.
#[must_use]
pub fn text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut run = String::new();
    for character in text.chars() {
        if character.is_ascii_digit() {
            run.push(character);
        } else {
            flush(&mut shown, &mut run);
            shown.push(character);
        }
    }
    flush(&mut shown, &mut run);
    shown
}

fn flush(shown: &mut String, run: &mut String) {
    if (13..=19).contains(&run.len()) {
        shown.push_str(&pan(run));
    } else {
        shown.push_str(run);
    }
    run.clear();
}

fn stars(value: &str) -> String {
    value.chars().map(|_| '*').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(element: Element, value: &str) -> String {
        let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/dialects");
        let dialect = Dialect::load(&directory.join("iso1987-ascii.toml")).unwrap();
        super::value(&dialect, element, value)
    }

    #[test]
    fn a_pan_keeps_six_and_four() {
        assert_eq!(value(Element::PAN, "4000001200000016"), "400000******0016");
        assert_eq!(value(Element::PAN, "400000120000"), "************");
    }

    #[test]
    fn secrets_are_stars() {
        assert_eq!(value(Element::TRACK_2, "4000=2912"), "*********");
        assert_eq!(value(Element::PIN_DATA, "0123456789ABCDEF"), "*".repeat(16));
    }

    #[test]
    fn a_pan_inside_other_text_is_masked() {
        assert_eq!(text("card 4000001200000016!"), "card 400000******0016!");
        assert_eq!(text("RRN 123456789012"), "RRN 123456789012");
    }

    #[test]
    fn amount_blocks_and_original_data_stay_readable() {
        let blocks = "3001840C0000005000003002840C000000500000";
        assert_eq!(value(Element::ADDITIONAL_AMOUNTS, blocks), blocks);
        let original = "0".repeat(42);
        assert_eq!(value(Element::ORIGINAL_DATA_ELEMENTS, &original), original);
    }
}
