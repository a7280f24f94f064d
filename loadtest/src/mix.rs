//! What is sent: the kinds of messages, their shares, the cards and the amounts.
//!
//! Owns: the format of a mix file and the draw of one message from it. Must never: depend on answers
//! or on time, so that a seed repeats a run.

mod file;

use std::path::{Path, PathBuf};

use codec::Element;

use crate::digits::{Digits, with_check_digit};
use crate::random::SplitMix64;

/// A kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// 0100, a purchase that is cleared later.
    Purchase,
    /// 0200, a purchase authorized and posted at once.
    SingleMessagePurchase,
    /// 0400 with DE90, of an approved purchase of this run.
    Reversal,
    /// 0101 or 0201, an answered purchase of this run again.
    Repeat,
    /// 0100, a balance inquiry.
    Inquiry,
    /// 0100, a purchase with a card number that belongs to nobody.
    UnknownCard,
    /// 0100, a purchase above the limit.
    OverLimit,
}

impl Kind {
    /// All kinds, in the order of reports.
    pub const ALL: [Self; 7] = [
        Self::Purchase,
        Self::SingleMessagePurchase,
        Self::Reversal,
        Self::Repeat,
        Self::Inquiry,
        Self::UnknownCard,
        Self::OverLimit,
    ];

    /// The name in mix files and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::SingleMessagePurchase => "single_message_purchase",
            Self::Reversal => "reversal",
            Self::Repeat => "repeat",
            Self::Inquiry => "inquiry",
            Self::UnknownCard => "unknown_card",
            Self::OverLimit => "over_limit",
        }
    }

    /// The position in [`ALL`](Self::ALL).
    pub(crate) fn index(self) -> usize {
        Self::ALL.iter().position(|kind| *kind == self).unwrap_or(0)
    }

    /// Whether an approval takes the amount from the account.
    pub(crate) fn takes_amount(self) -> bool {
        matches!(
            self,
            Self::Purchase | Self::SingleMessagePurchase | Self::OverLimit
        )
    }

    /// The DE39 that the kind is meant to get; a repeat is meant to get that of its original.
    pub(crate) fn meant_response_code(self) -> Option<&'static str> {
        match self {
            Self::Purchase | Self::SingleMessagePurchase | Self::Reversal | Self::Inquiry => {
                Some("00")
            }
            Self::UnknownCard => Some("14"),
            Self::OverLimit => Some("51"),
            Self::Repeat => None,
        }
    }
}

/// How messages are spread over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pattern {
    /// One message every 1/rate seconds, over all connections.
    Even,
    /// Exponentially distributed gaps: many independent senders.
    Poisson,
}

/// One message as drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Draw {
    /// What to send.
    pub(crate) kind: Kind,
    /// Number of the card in its BIN.
    pub(crate) card: u64,
    /// DE4, in minor units.
    pub(crate) amount_minor: u64,
    /// Chooses the original of a reversal or repeat.
    pub(crate) pick: u64,
}

/// A mix file, checked.
#[derive(Clone, Debug)]
pub struct Mix {
    /// The mix's own name.
    pub name: String,
    /// How messages are spread over time.
    pub arrivals: Pattern,
    /// File of the dialect that its values are written for, relative to its own; `None` for the generic one.
    dialect: Option<String>,
    /// DE70 of the sign-on that every connection begins with, where the network wants one.
    pub sign_on: Option<String>,
    /// Shares by [`Kind::index`].
    weights: [u32; Kind::ALL.len()],
    /// The BIN, followed by zeros up to 15 digits.
    first_15: u64,
    cards: u64,
    /// Card numbers that the BIN has room for.
    room: u64,
    first_account_id: u64,
    amounts: file::Amounts,
    processing_codes: file::ProcessingCodes,
    defaults: Vec<(Element, String)>,
}

/// Why a mix file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MixError {
    /// It cannot be read.
    #[error("{file}: {source}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the file system answered.
        source: std::io::Error,
    },
    /// It is not what it should be.
    #[error("{file}:{line}: {reason}")]
    Invalid {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A value in it cannot be used.
    #[error("{file}: {field}: {reason}")]
    Value {
        /// The file.
        file: String,
        /// The key, such as `accounts.bin`.
        field: String,
        /// What is wrong.
        reason: String,
    },
}

impl Mix {
    /// Reads and checks a mix file.
    ///
    /// # Errors
    /// [`MixError`] for the first fault.
    pub fn load(path: &Path) -> Result<Self, MixError> {
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::from_toml(&file, &text),
            Err(source) => Err(MixError::Unreadable { file, source }),
        }
    }

    /// Checks the text of a mix file; `file` is used in errors only.
    ///
    /// # Errors
    /// [`MixError`] for the first fault.
    pub fn from_toml(file: &str, text: &str) -> Result<Self, MixError> {
        file::read(file, text)
    }

    /// The file of its dialect, where the mix itself is read from this file; that of the generic network if it names
    /// none.
    #[must_use]
    pub fn dialect_file(&self, mix_file: &Path) -> PathBuf {
        let directory = mix_file.parent().unwrap_or_else(|| Path::new(""));
        match &self.dialect {
            Some(file) => directory.join(file),
            None => PathBuf::from("config/dialects/iso1987-ascii.toml"),
        }
    }

    /// The message drawn for an arrival: a function of seed and arrival alone.
    pub(crate) fn draw(&self, seed: u64, arrival: u64) -> Draw {
        let mut random = SplitMix64::stream(seed, arrival);
        let kind = self.kind(&mut random);
        let amounts = &self.amounts;
        let spread = amounts.maximum_minor - amounts.minimum_minor + 1;
        let ordinary_minor = amounts.minimum_minor + random.below(spread);
        let card = match kind {
            Kind::UnknownCard => self.cards + random.below(self.room - self.cards),
            _ => random.below(self.cards),
        };
        let amount_minor = match kind {
            Kind::OverLimit => amounts.over_limit_minor,
            _ => ordinary_minor,
        };
        Draw {
            kind,
            card,
            amount_minor,
            pick: random.next(),
        }
    }

    fn kind(&self, random: &mut SplitMix64) -> Kind {
        let total = self.weights.iter().map(|weight| u64::from(*weight)).sum();
        let mut left = random.below(total);
        for (kind, weight) in Kind::ALL.into_iter().zip(self.weights) {
            match left.checked_sub(u64::from(weight)) {
                Some(rest) => left = rest,
                None => return kind,
            }
        }
        Kind::Purchase
    }

    /// The PAN of a card.
    pub(crate) fn pan(&self, card: u64) -> Digits<16> {
        with_check_digit(self.first_15 + card)
    }

    /// The account behind a card.
    pub(crate) fn account_id(&self, card: u64) -> u64 {
        self.first_account_id + card
    }

    /// DE3 of a kind. Repeats and reversals have that of a purchase.
    pub(crate) fn processing_code(&self, kind: Kind) -> &str {
        match kind {
            Kind::Inquiry => &self.processing_codes.inquiry,
            _ => &self.processing_codes.purchase,
        }
    }

    /// Further elements of every message.
    pub(crate) fn defaults(&self) -> &[(Element, String)] {
        &self.defaults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: &str = include_str!("../../config/load/default.toml");

    #[test]
    fn kinds_come_in_the_shares_of_their_weights() {
        let mix = Mix::from_toml("default.toml", DEFAULT).unwrap();
        let mut counts = [0_u32; Kind::ALL.len()];
        for arrival in 0..100_000 {
            counts[mix.draw(1, arrival).kind.index()] += 1;
        }
        for (kind, share) in Kind::ALL.into_iter().zip([60, 20, 8, 2, 5, 2, 3]) {
            let count = counts[kind.index()];
            let expected = share * 1000;
            assert!(count.abs_diff(expected) < 450, "{}: {count}", kind.name());
        }
    }

    #[test]
    fn a_seed_repeats_its_draws_and_another_seed_does_not() {
        let mix = Mix::from_toml("default.toml", DEFAULT).unwrap();
        let draws = |seed| {
            (0..100)
                .map(|arrival| mix.draw(seed, arrival))
                .collect::<Vec<_>>()
        };
        assert_eq!(draws(1), draws(1));
        assert_ne!(draws(1), draws(2));
    }

    #[test]
    fn cards_and_amounts_stay_in_their_ranges() {
        let mix = Mix::from_toml("default.toml", DEFAULT).unwrap();
        for draw in (0..20_000).map(|arrival| mix.draw(3, arrival)) {
            let known = draw.card < 100_000;
            assert_eq!(known, draw.kind != Kind::UnknownCard);
            assert!(draw.card < 10_000_000);
            let ordinary = (100..=10_000).contains(&draw.amount_minor);
            assert_eq!(ordinary, draw.kind != Kind::OverLimit);
        }
        assert_eq!(mix.pan(0).as_str(), "4000001300000007");
        assert_eq!(mix.account_id(99_999), 1_099_999);
    }
}
