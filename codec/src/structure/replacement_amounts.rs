//! Replacement amounts, DE95.
//!
//! Owns the 42 characters. Must never compare them with the original message.

use std::fmt::Write as _;

/// Characters of DE95 of the 1987 edition.
const LENGTH: usize = 42;
/// Greatest amount that 12 digits hold.
const GREATEST_AMOUNT: u64 = 999_999_999_999;
/// Greatest fee that 8 digits hold.
const GREATEST_FEE: u64 = 99_999_999;

/// DE95 of the 1987 edition: amount n12 in the currency of the transaction, amount n12 in that of settlement, and two
/// fees x+n8. In minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplacementAmounts {
    /// What the transaction amounted to after all.
    pub transaction_minor: u64,
    /// The same in the currency of settlement; zero when unknown.
    pub settlement_minor: u64,
    /// Fee in the currency of the transaction.
    pub transaction_fee: Fee,
    /// Fee in the currency of settlement.
    pub settlement_fee: Fee,
}

/// A fee of DE95.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fee {
    /// `C` or `D`; senders without a fee also write `0` and blank.
    pub sign: FeeSign,
    /// In minor units, at most 8 digits.
    pub amount_minor: u64,
}

/// The character in front of a fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeeSign {
    /// `C`.
    Credit,
    /// `D`.
    Debit,
    /// `0`: filled with zeros.
    Zero,
    /// A blank.
    Blank,
}

/// DE95 that cannot be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("replacement amounts are n12 + n12 + two times a sign C, D, 0 or blank and n8")]
pub struct InvalidReplacementAmounts;

impl ReplacementAmounts {
    /// Reads the 42 characters.
    ///
    /// # Errors
    /// [`InvalidReplacementAmounts`] for another length or character.
    pub fn parse(text: &str) -> Result<Self, InvalidReplacementAmounts> {
        if text.len() != LENGTH {
            return Err(InvalidReplacementAmounts);
        }
        Self::split(text.as_bytes()).ok_or(InvalidReplacementAmounts)
    }

    /// The 42 characters.
    ///
    /// # Errors
    /// [`InvalidReplacementAmounts`] for an amount of more digits than its place has.
    pub fn format(&self) -> Result<String, InvalidReplacementAmounts> {
        let amounts = [self.transaction_minor, self.settlement_minor];
        let fees = [self.transaction_fee, self.settlement_fee];
        if amounts.iter().any(|amount| *amount > GREATEST_AMOUNT)
            || fees.iter().any(|fee| fee.amount_minor > GREATEST_FEE)
        {
            return Err(InvalidReplacementAmounts);
        }
        let mut text = String::with_capacity(LENGTH);
        for amount in amounts {
            write!(text, "{amount:012}").map_err(|_never| InvalidReplacementAmounts)?;
        }
        for Fee { sign, amount_minor } in fees {
            let sign = sign.character();
            write!(text, "{sign}{amount_minor:08}").map_err(|_never| InvalidReplacementAmounts)?;
        }
        Ok(text)
    }

    fn split(text: &[u8]) -> Option<Self> {
        let (transaction, rest) = text.split_first_chunk::<12>()?;
        let (settlement, rest) = rest.split_first_chunk::<12>()?;
        let (transaction_fee, settlement_fee) = rest.split_first_chunk::<9>()?;
        Some(Self {
            transaction_minor: number(transaction)?,
            settlement_minor: number(settlement)?,
            transaction_fee: Fee::split(transaction_fee)?,
            settlement_fee: Fee::split(settlement_fee)?,
        })
    }
}

impl Fee {
    fn split(text: &[u8]) -> Option<Self> {
        let (sign, amount) = text.split_first()?;
        let sign = match sign {
            b'C' => FeeSign::Credit,
            b'D' => FeeSign::Debit,
            b'0' => FeeSign::Zero,
            b' ' => FeeSign::Blank,
            _ => return None,
        };
        let amount_minor = number(amount)?;
        Some(Self { sign, amount_minor })
    }
}

impl FeeSign {
    fn character(self) -> char {
        match self {
            Self::Credit => 'C',
            Self::Debit => 'D',
            Self::Zero => '0',
            Self::Blank => ' ',
        }
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    let good = digits.iter().all(u8::is_ascii_digit);
    good.then(|| std::str::from_utf8(digits).ok()?.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_the_four_amounts() {
        let text = "000000004500000000000000C00000012D00000000";
        let amounts = ReplacementAmounts::parse(text).unwrap();
        assert_eq!(amounts.transaction_minor, 4_500);
        assert_eq!(amounts.settlement_minor, 0);
        assert_eq!(amounts.transaction_fee.sign, FeeSign::Credit);
        assert_eq!(amounts.transaction_fee.amount_minor, 12);
        assert_eq!(amounts.settlement_fee.sign, FeeSign::Debit);
        assert_eq!(amounts.format().unwrap(), text);
        // Mastercard CIS 0400 of the starkbank/iso8583-python tests: zeros in the places of the signs.
        let zeros = "0".repeat(42);
        let amounts = ReplacementAmounts::parse(&zeros).unwrap();
        assert_eq!(amounts.settlement_fee.sign, FeeSign::Zero);
        assert_eq!(amounts.format().unwrap(), zeros);
    }

    #[test]
    fn anything_else_is_refused() {
        let zeros = "0".repeat(42);
        let letter = zeros.replacen('0', "A", 1);
        let sign = format!("{}X{}", "0".repeat(24), "0".repeat(17));
        let plus = format!("+{}", "0".repeat(41));
        for text in [
            "",
            "0",
            &"0".repeat(41),
            &"0".repeat(43),
            &letter,
            &sign,
            &plus,
            &"é".repeat(21),
        ] {
            assert_eq!(
                ReplacementAmounts::parse(text),
                Err(InvalidReplacementAmounts),
                "{text}"
            );
        }
        let good = ReplacementAmounts::parse(&zeros).unwrap();
        let large = ReplacementAmounts {
            transaction_minor: 1_000_000_000_000,
            ..good
        };
        assert_eq!(large.format(), Err(InvalidReplacementAmounts));
        let fee = Fee {
            amount_minor: 100_000_000,
            ..good.transaction_fee
        };
        let large = ReplacementAmounts {
            settlement_fee: fee,
            ..good
        };
        assert_eq!(large.format(), Err(InvalidReplacementAmounts));
    }
}
