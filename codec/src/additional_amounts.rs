//! Additional amounts, DE54.
//!
//! Owns the block of 20 characters. Must never judge what an amount type means to an account.

use std::fmt::Write as _;

/// Characters of one block.
const BLOCK: usize = 20;
/// Most blocks accepted. The standard has 6; dialects in use carry up to 12 (240 characters).
const MOST_BLOCKS: usize = 12;
/// Greatest amount that 12 digits hold.
const GREATEST_AMOUNT: u64 = 999_999_999_999;

/// One block of DE54: account type n2, amount type n2, currency n3, sign C or D, amount n12.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdditionalAmount {
    /// Account type, two ASCII digits: 00 unspecified, 10 savings, 20 checking, 30 credit.
    pub account_type: [u8; 2],
    /// Amount type, two ASCII digits: 01 ledger balance, 02 available balance, 40 cashback.
    pub amount_type: [u8; 2],
    /// ISO 4217 numeric currency, three ASCII digits.
    pub currency: [u8; 3],
    /// Sign `C` (credit, positive); `D` is `false`.
    pub credit: bool,
    /// Amount in minor units of the currency, at most 12 digits.
    pub amount_minor: u64,
}

/// DE54 that cannot be read or written. Positions count characters from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdditionalAmountsError {
    /// Not a whole number of blocks, none, or more than 12.
    #[error("additional amounts are 1 to 12 blocks of 20 characters, found {found} characters")]
    Length {
        /// Characters found.
        found: usize,
    },
    /// A type, currency or amount that is not digits, or a sign that is not C or D.
    #[error("the block of additional amounts at {at} is not n2 + n2 + n3 + sign C or D + n12")]
    Block {
        /// Where the block begins.
        at: usize,
    },
    /// More than 12 digits.
    #[error("an additional amount has at most 12 digits")]
    AmountTooLarge,
}

impl AdditionalAmount {
    /// Reads all blocks of DE54.
    ///
    /// # Errors
    /// [`AdditionalAmountsError`] when one of them is malformed: amounts are taken whole or not at all.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, AdditionalAmountsError> {
        let found = text.len();
        if found == 0 || !found.is_multiple_of(BLOCK) || found > BLOCK * MOST_BLOCKS {
            return Err(AdditionalAmountsError::Length { found });
        }
        let blocks = text.as_bytes().chunks_exact(BLOCK);
        let at = (0..found).step_by(BLOCK);
        blocks
            .zip(at)
            .map(|(block, at)| Self::parse(block).ok_or(AdditionalAmountsError::Block { at }))
            .collect()
    }

    /// Appends the block of 20 characters; appends nothing on an error.
    ///
    /// # Errors
    /// [`AdditionalAmountsError::AmountTooLarge`] above 12 digits; [`AdditionalAmountsError::Block`] when a type or the
    /// currency is not digits.
    pub fn write(&self, out: &mut String) -> Result<(), AdditionalAmountsError> {
        if self.amount_minor > GREATEST_AMOUNT {
            return Err(AdditionalAmountsError::AmountTooLarge);
        }
        let codes = || {
            self.account_type
                .iter()
                .chain(&self.amount_type)
                .chain(&self.currency)
        };
        if !codes().all(u8::is_ascii_digit) {
            return Err(AdditionalAmountsError::Block { at: out.len() });
        }
        out.extend(codes().copied().map(char::from));
        out.push(if self.credit { 'C' } else { 'D' });
        // Writing to a String cannot fail.
        write!(out, "{:012}", self.amount_minor)
            .map_err(|_never| AdditionalAmountsError::AmountTooLarge)
    }

    fn parse(block: &[u8]) -> Option<Self> {
        let (account_type, rest) = block.split_first_chunk::<2>()?;
        let (amount_type, rest) = rest.split_first_chunk::<2>()?;
        let (currency, rest) = rest.split_first_chunk::<3>()?;
        let (sign, amount) = rest.split_first()?;
        let credit = match sign {
            b'C' => true,
            b'D' => false,
            _ => return None,
        };
        let codes = account_type.iter().chain(amount_type).chain(currency);
        if !codes.chain(amount).all(u8::is_ascii_digit) {
            return None;
        }
        let amount_minor = std::str::from_utf8(amount).ok()?.parse().ok()?;
        Some(Self {
            account_type: *account_type,
            amount_type: *amount_type,
            currency: *currency,
            credit,
            amount_minor,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "3001840C0000001000003002840D000000005000";

    #[test]
    fn blocks_are_read_and_written() {
        let amounts = AdditionalAmount::parse_all(TWO).unwrap();
        assert_eq!(
            amounts[0],
            AdditionalAmount {
                account_type: *b"30",
                amount_type: *b"01",
                currency: *b"840",
                credit: true,
                amount_minor: 100_000,
            }
        );
        assert!(!amounts[1].credit);
        assert_eq!(amounts[1].amount_minor, 5_000);
        let mut text = String::new();
        for amount in &amounts {
            amount.write(&mut text).unwrap();
        }
        assert_eq!(text, TWO);
        assert_eq!(
            AdditionalAmount::parse_all(&TWO.repeat(6)).unwrap().len(),
            12
        );
    }

    #[test]
    fn malformed_blocks_are_refused_whole() {
        for (text, expected) in [
            ("", AdditionalAmountsError::Length { found: 0 }),
            (
                "3001840C00000010000",
                AdditionalAmountsError::Length { found: 19 },
            ),
            (
                "100236C0102240000000",
                AdditionalAmountsError::Block { at: 0 },
            ),
            (
                "3001840c000000100000",
                AdditionalAmountsError::Block { at: 0 },
            ),
            (
                "3001840C000000-10000",
                AdditionalAmountsError::Block { at: 0 },
            ),
            (
                "3001840C+00000010000",
                AdditionalAmountsError::Block { at: 0 },
            ),
            (
                "3001840C0000001000003002840X000000005000",
                AdditionalAmountsError::Block { at: 20 },
            ),
        ] {
            assert_eq!(AdditionalAmount::parse_all(text), Err(expected), "{text}");
        }
        let long = TWO.repeat(7);
        assert_eq!(
            AdditionalAmount::parse_all(&long),
            Err(AdditionalAmountsError::Length { found: 280 })
        );
    }

    #[test]
    fn what_does_not_fit_is_not_written() {
        let good = AdditionalAmount::parse_all(TWO).unwrap()[0];
        let mut text = String::new();
        let large = AdditionalAmount {
            amount_minor: 1_000_000_000_000,
            ..good
        };
        assert_eq!(
            large.write(&mut text),
            Err(AdditionalAmountsError::AmountTooLarge)
        );
        let letters = AdditionalAmount {
            currency: *b"USD",
            ..good
        };
        assert_eq!(
            letters.write(&mut text),
            Err(AdditionalAmountsError::Block { at: 0 })
        );
        assert_eq!(text, "");
        let greatest = AdditionalAmount {
            amount_minor: 999_999_999_999,
            ..good
        };
        assert_eq!(greatest.write(&mut text), Ok(()));
        assert_eq!(text, "3001840C999999999999");
    }
}
