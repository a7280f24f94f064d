//! How a line of a table is read: a verb, what it is about, words with values, and what is expected.
//!
//! ```text
//! # a comment, to the end of the line
//! authorize stan 1 card A code 00 amount 100.00 -> 00
//! ```

use std::collections::BTreeMap;

/// One line that says something.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its number in the file, from 1.
    pub(crate) number: usize,
    /// The first word.
    pub(crate) verb: String,
    /// The word after a verb that is about one thing, e.g. `limits 1`.
    pub(crate) subject: String,
    /// The words before the arrow, each with its value.
    pub(crate) words: Words,
    /// What follows the arrow, words parted by single spaces.
    pub(crate) expected: Option<String>,
}

/// Verbs that are followed by the name of what they are about.
const WITH_SUBJECT: [&str; 9] = [
    "customer",
    "account",
    "card",
    "at",
    "limits",
    "pending",
    "excursions",
    "rules",
    "history",
];

/// Words with values; what is taken is gone, so that a word nobody reads is noticed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Words(BTreeMap<String, String>);

impl Words {
    /// The value of a word.
    pub(crate) fn take(&mut self, word: &str) -> Option<String> {
        self.0.remove(word)
    }

    /// The value of a word, read.
    pub(crate) fn read<T>(
        &mut self,
        word: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, String> {
        let Some(value) = self.take(word) else {
            return Ok(None);
        };
        read(&value)
            .map(Some)
            .ok_or_else(|| format!("cannot read {word} {value:?}"))
    }

    /// The value of a word that must be there, read.
    pub(crate) fn need<T>(
        &mut self,
        word: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T, String> {
        self.read(word, read)?
            .ok_or_else(|| format!("the word {word:?} is missing"))
    }

    /// Every word left, with its value.
    pub(crate) fn rest(&mut self) -> BTreeMap<String, String> {
        std::mem::take(&mut self.0)
    }

    /// Complains of words that mean nothing here.
    pub(crate) fn finish(self) -> Result<(), String> {
        match self.0.into_keys().next() {
            Some(word) => Err(format!("the word {word:?} means nothing here")),
            None => Ok(()),
        }
    }
}

/// Reads one line; `None` for an empty one.
pub(crate) fn read(number: usize, text: &str) -> Result<Option<Line>, String> {
    let said = text.split_once('#').map_or(text, |(said, _)| said).trim();
    if said.is_empty() {
        return Ok(None);
    }
    let (said, expected) = match said.split_once("->") {
        Some((said, expected)) => {
            let words: Vec<_> = expected.split_whitespace().collect();
            (said, Some(words.join(" ")))
        }
        None => (said, None),
    };
    let mut words = said.split_whitespace().map(str::to_owned);
    let verb = words.next().ok_or("nothing stands before the arrow")?;
    let subject = if WITH_SUBJECT.contains(&verb.as_str()) {
        words.next().ok_or_else(|| format!("{verb} needs a name"))?
    } else {
        String::new()
    };
    let mut with_values = Words::default();
    while let Some(word) = words.next() {
        let value = words
            .next()
            .ok_or_else(|| format!("the word {word:?} has no value"))?;
        if with_values.0.insert(word.clone(), value).is_some() {
            return Err(format!("the word {word:?} stands twice"));
        }
    }
    Ok(Some(Line {
        number,
        verb,
        subject,
        words: with_values,
        expected,
    }))
}

/// Minor units of an amount with two decimals, such as `100.00` or `-2.50`.
pub(crate) fn amount(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, decimals) = digits.split_once('.')?;
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if decimals.len() != 2 || !all_digits(whole) || !all_digits(decimals) {
        return None;
    }
    format!("{whole}{decimals}")
        .parse::<i64>()
        .ok()?
        .checked_mul(sign)
}

/// An amount as the tables write it.
pub(crate) fn show(minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!(
        "{sign}{}.{:02}",
        minor.unsigned_abs() / 100,
        minor.unsigned_abs() % 100
    )
}
