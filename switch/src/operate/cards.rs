//! Operations on cards as arguments of `switch operate`.
//!
//! Owns: where the number of a card comes from. Must never: take it as an argument, where others can see it.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, ValueEnum};
use codec::Pan;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{About, usage};

/// A card.
#[derive(Debug, Args)]
pub struct CardArguments {
    /// A file that holds the card number [default: standard input]
    #[arg(long)]
    card_file: Option<PathBuf>,
    #[command(flatten)]
    pub(super) about: About,
}

impl CardArguments {
    /// The card's number as the API takes it.
    pub(super) fn pan(&self) -> anyhow::Result<Value> {
        card_number(self.card_file.as_deref())
    }
}

/// A mode of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// The credit mode, or the only one.
    Credit,
    /// The debit mode of a combo card.
    Debit,
}

pub(super) fn suspended(modes: &[Mode]) -> Value {
    json!({
        "credit": modes.contains(&Mode::Credit),
        "debit": modes.contains(&Mode::Debit),
    })
}

/// The number of a card, of a file or of standard input, as the API takes it.
pub(super) fn card_number(card_file: Option<&Path>) -> anyhow::Result<Value> {
    let mut text = Zeroizing::new(String::new());
    let (place, read) = match card_file {
        Some(path) => {
            let file = std::fs::File::open(path);
            let read = file.and_then(|file| file.take(64).read_to_string(&mut text));
            (path.display().to_string(), read)
        }
        None => {
            let read = std::io::stdin().take(64).read_to_string(&mut text);
            ("standard input".to_owned(), read)
        }
    };
    if let Err(error) = read {
        bail!(usage(anyhow::Error::new(error).context(place)));
    }
    // The error of a PAN never carries its digits.
    match Pan::parse(text.trim()) {
        Ok(pan) => Ok(json!({ "pan": pan.reveal() })),
        Err(error) => Err(usage(anyhow::anyhow!("{place}: {error}"))),
    }
}
