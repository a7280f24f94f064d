//! Address verification: the address of a message beside that of the card's holder.
//!
//! Owns: when two addresses are the same. Where a message has one is said by its network's adapter. Must
//! never: keep an address that a message brought.

use codec::Element;
use ledger::authorization::AddressResult;
use ledger::entities::Address;
use zeroize::Zeroizing;

use super::FormatError;

/// Characters of the postal code.
const POSTAL_CODE_CHARACTERS: usize = 9;
/// A postal code may be known with four digits more, or less, than it is given with (ZIP, ZIP+4).
const SHORT_POSTAL_CODE_CHARACTERS: usize = 5;

/// An address as a message gives it. `Debug` does not show it.
pub struct Given {
    postal_code: Zeroizing<String>,
    line: Zeroizing<String>,
}

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Given").finish_non_exhaustive()
    }
}

impl Given {
    /// The address with this postal code and line.
    #[must_use]
    pub fn new(postal_code: &str, line: &str) -> Self {
        Self {
            postal_code: Zeroizing::new(characters(postal_code)),
            line: Zeroizing::new(line.to_owned()),
        }
    }

    /// An address in columns: nine characters of postal code, filled up with spaces, then the line.
    ///
    /// # Errors
    /// [`FormatError`] when the text of the element is too short or is not ASCII.
    pub fn in_columns(element: Element, text: &str) -> Result<Self, FormatError> {
        let parts = text.split_at_checked(POSTAL_CODE_CHARACTERS);
        let (postal_code, line) = parts.ok_or(FormatError {
            element,
            problem: "does not begin with nine characters of postal code",
        })?;
        Ok(Self::new(postal_code, line))
    }
}

/// How an address compares with the one that is known.
#[must_use]
pub fn compare(given: &Given, known: Option<&Address>) -> AddressResult {
    let Some(known) = known else {
        return AddressResult::Unavailable;
    };
    let postal_code = same_postal_code(&given.postal_code, &characters(&known.postal_code));
    match (same_line(&given.line, &known.line), postal_code) {
        (true, true) => AddressResult::Both,
        (true, false) => AddressResult::AddressOnly,
        (false, true) => AddressResult::PostalCodeOnly,
        (false, false) => AddressResult::Neither,
    }
}

fn same_postal_code(given: &str, known: &str) -> bool {
    let (short, long) = if given.len() <= known.len() {
        (given, known)
    } else {
        (known, given)
    };
    let extended = short.len() == SHORT_POSTAL_CODE_CHARACTERS
        && long.len() == POSTAL_CODE_CHARACTERS
        && long.bytes().all(|byte| byte.is_ascii_digit());
    !short.is_empty() && (short == long || (extended && long.starts_with(short)))
}

/// Streets are written in many ways: the first number decides, and only where neither has one, the letters.
fn same_line(given: &str, known: &str) -> bool {
    match (first_number(given), first_number(known)) {
        (Some(given), Some(known)) => given == known,
        (None, None) => {
            let (given, known) = (characters(given), characters(known));
            !given.is_empty() && known.starts_with(&given)
        }
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn first_number(line: &str) -> Option<&str> {
    let digits = |character: char| character.is_ascii_digit();
    let mut words = line.split(|character| !digits(character));
    let number = words.find(|word| !word.is_empty())?;
    Some(number.trim_start_matches('0'))
}

/// Letters and digits alone, in capitals.
fn characters(text: &str) -> String {
    let kept = text.chars().filter(|character| character.is_alphanumeric());
    kept.flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_are_compared_each_by_itself() {
        let address = |line: &str, postal_code: &str| Address {
            line: line.to_owned(),
            postal_code: postal_code.to_owned(),
        };
        let home = address("12 Sample Street", "12345");
        for (line, postal_code, known, expected) in [
            ("12 Sample Street", "12345", Some(&home), "Y"),
            ("12 SAMPLE ST", "12345-6789", Some(&home), "Y"),
            ("0012", "12345", Some(&home), "Y"),
            ("12", "12346", Some(&home), "A"),
            ("13 Sample Street", "12345", Some(&home), "Z"),
            ("Sample Street", "12345", Some(&home), "Z"),
            ("", "", Some(&home), "N"),
            ("13", "12346-6789", Some(&home), "N"),
            ("12 Sample Street", "12345", None, "U"),
            (
                "The Old Mill",
                "AB1 2CD",
                Some(&address("the old mill, Thames", "ab12cd")),
                "Y",
            ),
            (
                "The New Mill",
                "AB1 2C",
                Some(&address("The Old Mill", "AB1 2CD")),
                "N",
            ),
        ] {
            let given = Given::new(postal_code, line);
            let found = compare(&given, known).code();
            assert_eq!(found, expected, "{line:?} {postal_code:?}");
        }
    }

    #[test]
    fn an_address_is_not_shown() {
        let given = Given::new("12345", "12 Sample Street");
        assert_eq!(format!("{given:?}"), "Given { .. }");
    }
}
