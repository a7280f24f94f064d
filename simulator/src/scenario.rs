//! The scenario language: what a file says, checked and ready to run. Owns the meaning of every
//! key; must never open a socket.
//!
//! A file has `name`, `description`, `[defaults]` (element = "value", merged into every request but
//! network management), an optional `reject_own_requests` (a code: network management of the switch is rejected with it
//! instead of answered), an optional `[answer]` with `echo` and `absent` lists that hold for every
//! answer, and `[[step]]` tables. A step has a `name`, an optional `link`, at most one action
//! (`send`, `send_text`, `send_hex`, `reject`, `close`, `reconnect`), one expectation (`expect`,
//! `expect_no_answer_ms`, `expect_closed`) where something was sent, and `save`.

mod document;
mod error;
mod validate;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use codec::{Element, Mti, Pan};

use crate::amounts::{Balance, Expression};
use crate::network::Network;
use crate::parts;
use crate::reference::Template;
use crate::rejection::Rejection;

pub use error::{ScenarioError, ScenarioErrors};

/// A scenario file, checked.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The file as it was named.
    pub file: String,
    /// Its short name.
    pub name: String,
    /// What it shows, for people.
    pub description: String,
    /// Values merged into every request but network management.
    pub defaults: BTreeMap<Element, Template>,
    /// What holds for every answer to a request.
    pub answer: AnswerRule,
    /// Whether links sign on when they open, where the network does.
    pub sign_on: bool,
    /// How network management of the switch is rejected, where it is not answered.
    pub reject_own_requests: Option<Rejection>,
    /// The steps in order.
    pub steps: Vec<Step>,
}

/// What every answer of a network owes its request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerRule {
    /// Elements that come back unchanged when the request had them.
    pub echo: Vec<Element>,
    /// Elements that never come back.
    pub absent: Vec<Element>,
}

/// One step of a scenario.
#[derive(Clone, Debug)]
pub struct Step {
    /// Unique in its file.
    pub name: String,
    /// Line of its name in the file.
    pub line: usize,
    /// Name of the link it is played on; links open at their first use.
    pub link: String,
    /// What it does.
    pub action: Action,
    /// What it waits for.
    pub expectation: Expectation,
    /// Balances of the answer to keep: variable name to balance.
    pub save: BTreeMap<String, Balance>,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Action {
    /// Sends nothing: only waits.
    Wait,
    /// Sends a message built from elements.
    Send(Request),
    /// Sends hand-written bytes, in a frame or without.
    Body {
        /// The bytes.
        content: Body,
        /// Whether a length header goes before them.
        framed: bool,
    },
    /// Rejects the answer that a step got.
    Reject {
        /// Name of the step.
        answer_of: String,
        /// How, and why.
        rejection: Rejection,
    },
    /// Closes the link.
    Close,
    /// Closes the link when open and opens it again.
    Reconnect,
}

/// Hand-written content of a message. `Debug` never shows the bytes.
#[derive(Clone)]
pub enum Body {
    /// Any bytes, written as hex in the file.
    Bytes(Vec<u8>),
    /// ASCII text in pieces that may have references.
    Text(Vec<Template>),
}

impl fmt::Debug for Body {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(formatter, "{} bytes", bytes.len()),
            Self::Text(pieces) => formatter.debug_list().entries(pieces).finish(),
        }
    }
}

/// A message to build.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its message type.
    pub mti: Mti,
    /// The step's own values; they win over everything else.
    pub fields: BTreeMap<Element, Template>,
    /// Elements taken away last.
    pub without: Vec<Element>,
    /// Step whose message this one reverses: gives DE90 and copied elements.
    pub original: Option<String>,
    /// Step whose message is sent again.
    pub repeat_of: Option<String>,
    /// Made but not sent, as if lost on its way to the switch.
    pub lost: bool,
}

/// What a step waits for.
#[derive(Clone, Debug)]
pub enum Expectation {
    /// Nothing.
    Nothing,
    /// An answer that is judged.
    Answer(Box<AnswerExpectation>),
    /// Silence for this long.
    NoAnswer(Duration),
    /// The switch closes the link.
    Closed,
}

/// What an answer must look like.
#[derive(Clone, Debug, Default)]
pub struct AnswerExpectation {
    /// Message type; the response of the request's type when absent.
    pub mti: Option<Mti>,
    /// Values by element; any of the alternatives will do.
    pub fields: BTreeMap<Element, Vec<Template>>,
    /// Values of parts; any of the alternatives will do.
    pub parts: BTreeMap<parts::Path, Vec<Template>>,
    /// Elements that must be there, whatever their value.
    pub present: Vec<Element>,
    /// Elements that must not be there.
    pub absent: Vec<Element>,
    /// Balances of DE54, in minor units.
    pub balance: BTreeMap<Balance, Expression>,
}

impl Scenario {
    /// Reads and checks a scenario from text; `file` is used in messages only.
    ///
    /// # Errors
    /// [`ScenarioErrors`]: everything that is wrong, each with file and line.
    pub fn from_toml(file: &str, text: &str, network: &Network) -> Result<Self, ScenarioErrors> {
        validate::scenario(file, text, network)
    }

    /// Reads and checks a scenario file. Card numbers of the file are played with others, as `cards` says: so
    /// several runs can go at once, each over cards of its own.
    ///
    /// # Errors
    /// [`ScenarioErrors`] as [`Self::from_toml`], or that the file cannot be read.
    pub fn load(
        path: &Path,
        network: &Network,
        cards: &[(Pan, Pan)],
    ) -> Result<Self, ScenarioErrors> {
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let replaced = cards.iter().fold(text, |text, (card, other)| {
                    text.replace(card.reveal(), other.reveal())
                });
                Self::from_toml(&file, &replaced, network)
            }
            Err(error) => Err(ScenarioErrors(vec![ScenarioError {
                file,
                line: 1,
                reason: format!("cannot be read: {error}"),
            }])),
        }
    }
}
