//! Which elements hold card secrets, and how they are shown.
//!
//! Owns masking for display. Must never be the protection of a value at rest.

use serde::Deserialize;

/// Characters of a number kept at its beginning.
const CLEAR_FIRST: usize = 6;
/// Characters of a number kept at its end.
const CLEAR_LAST: usize = 4;
/// A number shorter than this is masked whole: 6 and 4 of it would leave too little hidden.
const SHORTEST_PARTLY_CLEAR: usize = 13;

/// Why the value of an element must not be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sensitivity {
    /// A primary account number.
    Pan,
    /// Track data.
    Track,
    /// A PIN block.
    Pin,
    /// A card verification value.
    Cvv,
    /// Chip data, which holds the PAN and track 2 among its tags.
    Icc,
}

impl Sensitivity {
    /// The value as it may be shown: of a PAN the first 6 and last 4 characters (none of one shorter than 13), of
    /// everything else only the length, in stars.
    pub fn mask(self, value: &str) -> String {
        let length = value.chars().count();
        let partly = match self {
            Self::Pan => length >= SHORTEST_PARTLY_CLEAR,
            Self::Track | Self::Pin | Self::Cvv | Self::Icc => false,
        };
        let last = length.saturating_sub(CLEAR_LAST);
        let clear = |index: usize| partly && (index < CLEAR_FIRST || index >= last);
        value
            .chars()
            .enumerate()
            .map(|(i, c)| if clear(i) { c } else { '*' })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_pan_of_13_or_more_keeps_its_ends() {
        assert_eq!(
            Sensitivity::Pan.mask("4000001200000016"),
            "400000******0016"
        );
        assert_eq!(Sensitivity::Pan.mask("4000001200016"), "400000***0016");
        assert_eq!(Sensitivity::Pan.mask("400000120016"), "************");
        for sensitivity in [
            Sensitivity::Track,
            Sensitivity::Pin,
            Sensitivity::Cvv,
            Sensitivity::Icc,
        ] {
            assert_eq!(sensitivity.mask("4000001200000016"), "****************");
        }
        assert_eq!(Sensitivity::Pan.mask(""), "");
    }
}
