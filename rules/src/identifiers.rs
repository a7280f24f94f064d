//! Identifiers that cross crate edges: programs, accounts, networks, processing codes, account
//! types and the version of a rule set. Parsing is construction: a value that exists is well formed.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::serde_as_text;

macro_rules! numeric_identifier {
    ($(#[doc = $doc:literal])+ $name:ident($inner:ty)) => {
        $(#[doc = $doc])+
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

numeric_identifier! {
    /// A program: a card product with its own rules.
    ProgramId(u32)
}

numeric_identifier! {
    /// An account.
    AccountId(u64)
}

numeric_identifier! {
    /// A card network, or one host of it.
    NetworkId(u8)
}

/// A processing code of the table: 2 to 6 ASCII letters or digits. Two digits are those of DE3
/// positions 1-2; longer codes are the organization's own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessingCode {
    /// Zero bytes after the code, so that the derived order is that of the text.
    characters: [u8; 6],
    length: u8,
}

impl ProcessingCode {
    /// The code as text.
    pub fn as_str(&self) -> &str {
        // Only ASCII gets in and the length is at most 6, so the text is always there.
        let text = self
            .characters
            .get(..usize::from(self.length))
            .unwrap_or_default();
        std::str::from_utf8(text).unwrap_or_default()
    }
}

impl FromStr for ProcessingCode {
    type Err = InvalidProcessingCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let well_formed =
            (2..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !well_formed {
            return Err(InvalidProcessingCode);
        }
        let mut characters = [0; 6];
        for (slot, byte) in characters.iter_mut().zip(text.bytes()) {
            *slot = byte;
        }
        let length = u8::try_from(text.len()).map_err(|_too_long| InvalidProcessingCode)?;
        Ok(Self { characters, length })
    }
}

impl fmt::Display for ProcessingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for ProcessingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProcessingCode({self})")
    }
}

serde_as_text!(
    ProcessingCode,
    "a processing code of 2 to 6 letters or digits",
    "^[0-9A-Za-z]{2,6}$",
    |code| code.as_str()
);

/// The text is not a processing code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a processing code is 2 to 6 letters or digits, such as \"00\"")]
pub struct InvalidProcessingCode;

/// The account type of DE3 positions 3-4 (5-6 for credits).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum AccountType {
    /// 00: unspecified.
    #[serde(rename = "00")]
    Unspecified,
    /// 10: savings.
    #[serde(rename = "10")]
    Savings,
    /// 20: checking.
    #[serde(rename = "20")]
    Checking,
    /// 30: credit card.
    #[serde(rename = "30")]
    CreditCard,
}

impl AccountType {
    /// The account type of two digits; `None` for digits that name none of ours.
    pub fn parse(digits: &str) -> Option<Self> {
        match digits {
            "00" => Some(Self::Unspecified),
            "10" => Some(Self::Savings),
            "20" => Some(Self::Checking),
            "30" => Some(Self::CreditCard),
            _ => None,
        }
    }

    /// The two digits.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unspecified => "00",
            Self::Savings => "10",
            Self::Checking => "20",
            Self::CreditCard => "30",
        }
    }
}

/// The content hash (SHA-256) of the files a rule set was compiled from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RulesVersion(pub [u8; 32]);

impl FromStr for RulesVersion {
    type Err = InvalidRulesVersion;

    /// Reads the full hash in hex.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits: Vec<u8> = text
            .chars()
            .map(|digit| {
                digit
                    .to_digit(16)
                    .and_then(|value| u8::try_from(value).ok())
            })
            .collect::<Option<_>>()
            .ok_or(InvalidRulesVersion)?;
        let bytes: Vec<u8> = digits
            .chunks(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect();
        let whole = digits.len() == 64;
        let bytes = bytes.try_into().ok().filter(|_| whole);
        bytes.map(Self).ok_or(InvalidRulesVersion)
    }
}

/// The text is not the version of a rule set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a version is 64 hexadecimal digits")]
pub struct InvalidRulesVersion;

impl fmt::Display for RulesVersion {
    /// The full hash in hex; `{:#}` gives its first 16 characters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = if f.alternate() { 8 } else { 32 };
        self.0
            .iter()
            .take(bytes)
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for RulesVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RulesVersion({self:#})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processing_codes_are_two_to_six_letters_or_digits() {
        for good in ["00", "88", "00REV", "007100"] {
            let code: ProcessingCode = good.parse().unwrap();
            assert_eq!(code.as_str(), good);
            assert_eq!(serde_json::to_string(&code).unwrap(), format!("\"{good}\""));
            assert_eq!(
                serde_json::from_str::<ProcessingCode>(&format!("\"{good}\"")).unwrap(),
                code
            );
        }
        for bad in ["", "0", "0000000", "0 ", "00-R", "é1"] {
            assert_eq!(
                bad.parse::<ProcessingCode>(),
                Err(InvalidProcessingCode),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn account_types_are_their_two_digits() {
        for digits in ["00", "10", "20", "30"] {
            assert_eq!(AccountType::parse(digits).unwrap().code(), digits);
        }
        assert_eq!(AccountType::parse("40"), None);
    }

    #[test]
    fn a_version_shows_short_and_full() {
        let version = RulesVersion([0xab; 32]);
        assert_eq!(version.to_string(), "ab".repeat(32));
        assert_eq!(format!("{version:#}"), "ab".repeat(8));
        assert_eq!("Ab".repeat(32).parse(), Ok(version));
        for bad in [
            "",
            "ab",
            &"ab".repeat(33),
            &"ag".repeat(32),
            &"é".repeat(32),
        ] {
            assert_eq!(
                bad.parse::<RulesVersion>(),
                Err(InvalidRulesVersion),
                "{bad}"
            );
        }
    }
}
