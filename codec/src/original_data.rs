//! Original data elements, DE90.
//!
//! Owns the 42 digits that name the message being reversed. Must never look for that message.

use crate::mti::Mti;

/// Digits of DE90.
const DIGITS: usize = 42;

/// DE90 of the 1987 edition: MTI 4, STAN 6, DE7 10, acquiring institution 11, forwarding institution 11.
///
/// Parts that the sender did not know are zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OriginalDataElements {
    /// MTI of the original message.
    pub mti: Mti,
    /// Its STAN (DE11), six ASCII digits.
    pub stan: [u8; 6],
    /// Its transmission date and time (DE7), ten ASCII digits `MMDDhhmmss`.
    pub transmission: [u8; 10],
    /// Its acquiring institution (DE32) as a number, at most 11 digits: DE90 fills with zeros on the left, so that
    /// leading zeros of DE32 cannot be told apart.
    pub acquiring_institution: u64,
    /// Its forwarding institution (DE33) as a number, at most 11 digits.
    pub forwarding_institution: u64,
}

/// Not 42 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("original data elements are 42 digits")]
pub struct InvalidOriginalDataElements;

impl OriginalDataElements {
    /// Reads the 42 digits.
    ///
    /// # Errors
    /// [`InvalidOriginalDataElements`] for another length or character.
    pub fn parse(text: &str) -> Result<Self, InvalidOriginalDataElements> {
        if text.len() != DIGITS || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidOriginalDataElements);
        }
        Self::split(text.as_bytes()).ok_or(InvalidOriginalDataElements)
    }

    /// The 42 digits. An institution of more than 11 digits makes them more than 42, which the encoder refuses.
    pub fn format(&self) -> String {
        let characters = |digits: &[u8]| digits.iter().copied().map(char::from).collect::<String>();
        format!(
            "{}{}{}{:011}{:011}",
            self.mti,
            characters(&self.stan),
            characters(&self.transmission),
            self.acquiring_institution,
            self.forwarding_institution
        )
    }

    fn split(digits: &[u8]) -> Option<Self> {
        let (mti, rest) = digits.split_first_chunk::<4>()?;
        let (stan, rest) = rest.split_first_chunk::<6>()?;
        let (transmission, rest) = rest.split_first_chunk::<10>()?;
        let (acquirer, forwarder) = rest.split_first_chunk::<11>()?;
        Some(Self {
            mti: Mti::parse(mti).ok()?,
            stan: *stan,
            transmission: *transmission,
            acquiring_institution: number(acquirer)?,
            forwarding_institution: number(forwarder)?,
        })
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "010012345611201215590000012345600000000099";

    #[test]
    fn reads_and_writes_the_five_parts() {
        let original = OriginalDataElements::parse(TEXT).unwrap();
        assert_eq!(original.mti.to_string(), "0100");
        assert_eq!(&original.stan, b"123456");
        assert_eq!(&original.transmission, b"1120121559");
        assert_eq!(original.acquiring_institution, 123_456);
        assert_eq!(original.forwarding_institution, 99);
        assert_eq!(original.format(), TEXT);
        let unknown = "0".repeat(42);
        assert_eq!(
            OriginalDataElements::parse(&unknown).unwrap().format(),
            unknown
        );
    }

    #[test]
    fn anything_but_42_digits_is_refused() {
        let long = format!("{TEXT}0");
        let short = "0".repeat(41);
        let letter = format!("{short}A");
        for text in ["", short.as_str(), long.as_str(), letter.as_str(), "é"] {
            assert_eq!(
                OriginalDataElements::parse(text),
                Err(InvalidOriginalDataElements)
            );
        }
        let wide = OriginalDataElements {
            acquiring_institution: 100_000_000_000,
            ..OriginalDataElements::parse(TEXT).unwrap()
        };
        assert_eq!(wide.format().len(), 43, "refused by the encoder, not cut");
    }
}
