//! Balances of DE54 and the sums a scenario compares them with. Owns the small language of
//! `"${before} - 10000"`; must never round: everything is in minor units and checked.

use std::collections::BTreeMap;

use codec::{AdditionalAmount, Message};
use serde::Deserialize;
use thiserror::Error;

use codec::Element;

/// A balance that an inquiry answers in DE54, by amount type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Balance {
    /// Amount type 01.
    Ledger,
    /// Amount type 02.
    Available,
}

impl Balance {
    /// The two digits of the amount type in a DE54 block.
    #[must_use]
    pub const fn amount_type(self) -> [u8; 2] {
        match self {
            Self::Ledger => *b"01",
            Self::Available => *b"02",
        }
    }

    /// The word used in scenario files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ledger => "ledger",
            Self::Available => "available",
        }
    }
}

/// Why a balance cannot be read from an answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BalanceError {
    /// No DE54.
    #[error("the answer has no DE54")]
    Missing,
    /// DE54 is not made of blocks of 20.
    #[error("DE54 cannot be read: {0}")]
    Unreadable(String),
    /// Not exactly one block of the amount type.
    #[error("DE54 has {found} blocks of the {} balance, expected 1", balance.word())]
    Count {
        /// The balance looked for.
        balance: Balance,
        /// Blocks of it found.
        found: usize,
    },
    /// The block is in another currency than the request.
    #[error("the {} balance of DE54 is not in the currency of the request", balance.word())]
    Currency {
        /// The balance looked for.
        balance: Balance,
    },
    /// The amount does not fit a signed 64-bit number.
    #[error("the balance is too large")]
    TooLarge,
}

/// Reads one balance of an answer, in signed minor units (D is below zero).
///
/// `currency` is DE49 of the request; blocks in another currency are refused.
///
/// # Errors
/// [`BalanceError`] when DE54 is missing, unreadable or does not hold exactly one such block.
pub fn read(
    answer: &Message,
    balance: Balance,
    currency: Option<&str>,
) -> Result<i64, BalanceError> {
    let text = answer
        .text(Element::ADDITIONAL_AMOUNTS)
        .ok_or(BalanceError::Missing)?;
    let blocks = AdditionalAmount::parse_all(text)
        .map_err(|error| BalanceError::Unreadable(error.to_string()))?;
    let mut of_type = blocks
        .iter()
        .filter(|block| block.amount_type == balance.amount_type());
    let (Some(block), None) = (of_type.next(), of_type.next()) else {
        let found = blocks
            .iter()
            .filter(|block| block.amount_type == balance.amount_type())
            .count();
        return Err(BalanceError::Count { balance, found });
    };
    if currency.is_some_and(|currency| currency.as_bytes() != block.currency) {
        return Err(BalanceError::Currency { balance });
    }
    let amount = i64::try_from(block.amount_minor).map_err(|_too_large| BalanceError::TooLarge)?;
    Ok(if block.credit { amount } else { -amount })
}

/// A sum of saved balances and whole numbers: `${before} - 10000 + ${fee}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    negative: bool,
    operand: Operand,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Operand {
    Number(i64),
    Saved(String),
}

/// Why an expression cannot be read or has no value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ExpressionError {
    /// Something other than numbers, `${name}`, `+` and `-`.
    #[error("expected whole numbers and ${{name}} joined by + and -, found {0:?}")]
    Syntax(String),
    /// The name was never saved (its step got no balance).
    #[error("{0:?} was not saved")]
    NotSaved(String),
    /// The sum leaves 64 bits.
    #[error("the sum is too large")]
    TooLarge,
}

impl Expression {
    /// Reads an expression of minor units.
    ///
    /// # Errors
    /// [`ExpressionError::Syntax`] naming the part that does not fit.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let mut terms = Vec::new();
        let mut rest = text.trim();
        let mut negative = false;
        if let Some(after) = rest.strip_prefix('-') {
            negative = true;
            rest = after.trim_start();
        }
        loop {
            let end = rest.find(['+', '-']).unwrap_or(rest.len());
            let (operand, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            terms.push(Term {
                negative,
                operand: operand_of(operand.trim())?,
            });
            let Some(sign) = after.chars().next() else {
                break;
            };
            negative = sign == '-';
            rest = after.strip_prefix(sign).unwrap_or("").trim_start();
        }
        Ok(Self { terms })
    }

    /// Names of saved balances that the expression needs.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.terms.iter().filter_map(|term| match &term.operand {
            Operand::Saved(name) => Some(name.as_str()),
            Operand::Number(_) => None,
        })
    }

    /// The sum in minor units.
    ///
    /// # Errors
    /// [`ExpressionError`] when a name was not saved or the sum leaves 64 bits.
    pub fn evaluate(&self, saved: &BTreeMap<String, i64>) -> Result<i64, ExpressionError> {
        self.terms.iter().try_fold(0_i64, |sum, term| {
            let value = match &term.operand {
                Operand::Number(number) => *number,
                Operand::Saved(name) => *saved
                    .get(name)
                    .ok_or_else(|| ExpressionError::NotSaved(name.clone()))?,
            };
            let next = if term.negative {
                sum.checked_sub(value)
            } else {
                sum.checked_add(value)
            };
            next.ok_or(ExpressionError::TooLarge)
        })
    }
}

fn operand_of(text: &str) -> Result<Operand, ExpressionError> {
    if let Some(name) = text
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'))
    {
        return Ok(Operand::Saved(name.to_owned()));
    }
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(number) if digits => Ok(Operand::Number(number)),
        _ => Err(ExpressionError::Syntax(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved() -> BTreeMap<String, i64> {
        BTreeMap::from([("before".to_owned(), 25_000), ("fee".to_owned(), 100)])
    }

    #[test]
    fn sums() {
        for (text, value) in [
            ("${before}", 25_000),
            ("${before} - 10000", 15_000),
            ("${before}-10000 + ${fee}", 15_100),
            ("0", 0),
            ("-500", -500),
            (" - ${fee} + 1", -99),
        ] {
            assert_eq!(
                Expression::parse(text).unwrap().evaluate(&saved()),
                Ok(value),
                "{text}"
            );
        }
    }

    #[test]
    fn refusals() {
        for text in [
            "",
            "1.5",
            "${before} -",
            "before",
            "1 * 2",
            "+1",
            "--1",
            "${before",
        ] {
            assert!(
                matches!(Expression::parse(text), Err(ExpressionError::Syntax(_))),
                "{text:?}"
            );
        }
        let unknown = Expression::parse("${after}").unwrap();
        assert_eq!(
            unknown.evaluate(&saved()),
            Err(ExpressionError::NotSaved("after".to_owned()))
        );
        let large = Expression::parse("9223372036854775807 + 1").unwrap();
        assert_eq!(large.evaluate(&saved()), Err(ExpressionError::TooLarge));
    }
}
