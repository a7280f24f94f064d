//! Dates and times.
//!
//! Owns the form of the elements that hold them. Must never know what day it is.

use super::Edition;

/// The form of an element that holds a date or a time, in letters: `MMDDhhmmss`.
pub(crate) fn form(edition: Edition, number: u8) -> Option<&'static str> {
    use Edition::{V1987, V1993, V2003};
    Some(match (edition, number) {
        (_, 7) => "MMDDhhmmss",
        (V1987, 12) => "hhmmss",
        (V1993, 12) => "YYMMDDhhmmss",
        (V2003, 12) => "CCYYMMDDhhmmss",
        (V1987, 13 | 15 | 16 | 17) => "MMDD",
        (V1993, 13) | (_, 14) => "YYMM",
        (V1993, 15) | (V1987 | V1993, 73) | (V2003, 13) => "YYMMDD",
        (V1993 | V2003, 16 | 17) => "MMDD",
        (V2003, 15 | 73) => "CCYYMMDD",
        _ => return None,
    })
}

/// Whether each pair of digits is within its bounds.
pub(crate) fn has_form(form: &str, value: &str) -> bool {
    let (letters, _) = form.as_bytes().as_chunks::<2>();
    let (digits, rest) = value.as_bytes().as_chunks::<2>();
    let pairs = letters.iter().zip(digits);
    let mut month = 0;
    let mut good = pairs.map(|(letters, digits)| {
        let Some(number) = std::str::from_utf8(digits)
            .ok()
            .and_then(|digits| digits.parse::<u8>().ok())
        else {
            return false;
        };
        match letters {
            b"MM" => {
                month = number;
                (1..=12).contains(&number)
            }
            b"DD" => (1..=days(month)).contains(&number),
            b"hh" => number < 24,
            b"mm" => number < 60,
            // A leap second is one.
            b"ss" => number <= 60,
            _ => true,
        }
    });
    good.all(|good| good) && rest.is_empty() && letters.len() == digits.len()
}

/// The same as people write it: `2026-11-21 12:00:00`. `None` for a value that has not the form.
pub(super) fn words(form: &str, value: &str) -> Option<String> {
    if !has_form(form, value) {
        return None;
    }
    let (letters, _) = form.as_bytes().as_chunks::<2>();
    let (digits, _) = value.as_bytes().as_chunks::<2>();
    let mut text = String::new();
    let mut before = b"  ";
    for (letters, digits) in letters.iter().zip(digits) {
        text.push_str(match (before, letters) {
            (b"  ", b"YY") => "20",
            (b"  ", _) | (b"CC", _) => "",
            (b"DD", _) => " ",
            (_, b"mm" | b"ss") => ":",
            _ => "-",
        });
        text.extend(digits.map(char::from));
        before = letters;
    }
    Some(text)
}

/// Days of a month; of February in a leap year, as the year is often not there.
fn days(month: u8) -> u8 {
    match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times() {
        for (form, value, written) in [
            ("MMDDhhmmss", "0229235960", Some("02-29 23:59:60")),
            ("MMDDhhmmss", "0230000000", None),
            ("MMDDhhmmss", "1301000000", None),
            ("MMDDhhmmss", "0101240000", None),
            ("hhmmss", "091500", Some("09:15:00")),
            ("hhmmss", "236000", None),
            ("YYMM", "2912", Some("2029-12")),
            ("YYMM", "2900", None),
            ("YYMMDDhhmmss", "261121091500", Some("2026-11-21 09:15:00")),
            (
                "CCYYMMDDhhmmss",
                "20261121091500",
                Some("2026-11-21 09:15:00"),
            ),
            ("CCYYMMDD", "20261121", Some("2026-11-21")),
            ("CCYYMMDD", "20261131", None),
            ("MMDD", "1121", Some("11-21")),
            ("MMDD", "11", None),
            ("MMDD", "11211", None),
            ("MMDD", "AB01", None),
        ] {
            assert_eq!(words(form, value).as_deref(), written, "{form} {value}");
        }
    }
}
