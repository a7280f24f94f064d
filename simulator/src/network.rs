//! One card network as the simulator plays it: a file of `config/simulator`. Owns what all scenarios of the
//! network have in common; must never know what the switch is configured to do.
//!
//! A file has `name`, `dialect` (a file, relative to this one), an optional `sign_on` (DE70 of the 0800 that every link
//! begins with), an optional `rejects` (`header` or `message`: how it gives back what it does not take), an optional
//! `[answer]` with `echo` and `absent` lists that hold for every answer, and optional `[defaults]` (element = "value")
//! under those of the scenarios.

use std::collections::BTreeMap;
use std::path::Path;

use codec::{Dialect, DialectError, Element};
use serde::Deserialize;
use thiserror::Error;

use crate::reference::Template;
use crate::rejection;
use crate::scenario::AnswerRule;

/// Elements that a network sends back unchanged unless its file says otherwise; DE70 in network management
/// and DE90 in reversals are among them.
const ECHOED: [u8; 15] = [2, 3, 4, 7, 11, 12, 13, 32, 33, 37, 41, 42, 49, 70, 90];

/// Elements of a request that must never come back: expiry, tracks, PIN and chip data.
const NEVER_RETURNED: [u8; 5] = [14, 35, 45, 52, 55];

/// A network.
#[derive(Debug)]
pub struct Network {
    /// Its name.
    pub name: String,
    /// How its messages are written.
    pub dialect: Dialect,
    /// DE70 of the message that every link begins with.
    pub sign_on: Option<String>,
    /// How it gives back what it does not take.
    pub rejects: rejection::Form,
    /// What every answer owes its request.
    pub answer: AnswerRule,
    /// Values of every request but network management.
    pub defaults: BTreeMap<Element, Template>,
}

/// Why a network cannot be played.
#[derive(Debug, Error)]
pub enum NetworkError {
    /// The file cannot be read.
    #[error("{file}: {reason}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system says.
        reason: String,
    },
    /// The file is not what it should be.
    #[error("{file}:{line}: {reason}")]
    Invalid {
        /// The file.
        file: String,
        /// Line from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// Its dialect cannot be used.
    #[error(transparent)]
    Dialect(#[from] DialectError),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: String,
    dialect: String,
    sign_on: Option<String>,
    #[serde(default)]
    rejects: rejection::Form,
    answer: Option<AnswerTable>,
    #[serde(default)]
    defaults: BTreeMap<Element8, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerTable {
    echo: Option<Vec<u8>>,
    absent: Option<Vec<u8>>,
}

/// The number of an element as a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Element8(Element);

impl<'de> Deserialize<'de> for Element8 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let element = text.parse().ok().and_then(Element::new);
        element.map(Self).ok_or_else(|| {
            let reason = format!("{text:?} is not an element number from 2 to 192");
            serde::de::Error::custom(reason)
        })
    }
}

impl Network {
    /// Reads the file of a network and its dialect.
    ///
    /// # Errors
    /// [`NetworkError`] naming the file, and the line where there is one.
    pub fn load(path: &Path) -> Result<Self, NetworkError> {
        let file = path.display().to_string();
        let unreadable = |reason: std::io::Error| NetworkError::Unreadable {
            file: file.clone(),
            reason: reason.to_string(),
        };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let document: Document = toml::from_str(&text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            NetworkError::Invalid {
                file: file.clone(),
                line: before.unwrap_or_default().matches('\n').count() + 1,
                reason: error.message().to_owned(),
            }
        })?;
        let directory = path.parent().unwrap_or_else(|| Path::new(""));
        let dialect = Dialect::load(&directory.join(&document.dialect))?;
        let mut network = Self::plain(dialect);
        if let Some(AnswerTable { echo, absent }) = document.answer {
            let answer = &mut network.answer;
            for (list, place) in [(echo, &mut answer.echo), (absent, &mut answer.absent)] {
                if let Some(list) = list {
                    *place = elements(&list);
                }
            }
        }
        let defaults = document.defaults.into_iter();
        network.defaults = defaults
            .map(|(element, value)| (element.0, Template::of_literal(value)))
            .collect();
        network.name = document.name;
        network.sign_on = document.sign_on;
        network.rejects = document.rejects;
        Ok(network)
    }

    /// A network of which nothing is known but its dialect.
    #[must_use]
    pub fn plain(dialect: Dialect) -> Self {
        Self {
            name: dialect.name().to_owned(),
            dialect,
            sign_on: None,
            rejects: rejection::Form::default(),
            answer: AnswerRule {
                echo: elements(&ECHOED),
                absent: elements(&NEVER_RETURNED),
            },
            defaults: BTreeMap::new(),
        }
    }
}

fn elements(numbers: &[u8]) -> Vec<Element> {
    numbers.iter().copied().filter_map(Element::new).collect()
}
